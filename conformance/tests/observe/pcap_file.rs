//! Capture files, packet by packet.

/// Port of the server, and of the first device.
pub(crate) const PORT: u16 = 25204;
const DEVICE_PORT: u16 = 40_001;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// What stands before an IP packet, by its number in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Null = 0,
    Ethernet = 1,
    Raw = 101,
    Sll = 113,
    Sll2 = 276,
}

/// A capture in the making; its packets can be dropped, doubled and moved.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    link: Link,
    v6: bool,
    pub(crate) packets: Vec<(u64, Vec<u8>)>,
    port: u16,
    sequence: [u32; 2],
}

impl Capture {
    /// An empty capture whose sequence numbers are about to wrap.
    pub(crate) fn new(link: Link, v6: bool) -> Self {
        Self {
            link,
            v6,
            packets: Vec::new(),
            port: DEVICE_PORT,
            sequence: [u32::MAX - 5, u32::MAX - 20],
        }
    }

    /// The three segments that open a connection.
    pub(crate) fn open(mut self) -> Self {
        self.add(0, true, SYN, &[]);
        self.sequence[0] = self.sequence[0].wrapping_add(1);
        self.add(0, false, SYN | ACK, &[]);
        self.sequence[1] = self.sequence[1].wrapping_add(1);
        self.add(0, true, ACK, &[]);
        self
    }

    /// Goes on with another connection.
    pub(crate) fn another(mut self) -> Self {
        self.port += 1;
        self.sequence = [7, 9];
        self
    }

    /// Adds one segment.
    pub(crate) fn send(&mut self, at: u64, device: bool, payload: &[u8]) {
        self.add(at, device, ACK, payload);
        let own = &mut self.sequence[usize::from(!device)];
        *own = own.wrapping_add(u32::try_from(payload.len()).unwrap());
    }

    /// Passes over bytes that were sent and not captured.
    pub(crate) fn lose(&mut self, device: bool, count: u32) {
        let own = &mut self.sequence[usize::from(!device)];
        *own = own.wrapping_add(count);
    }

    /// Both ends close.
    pub(crate) fn close(&mut self, at: u64) {
        self.add(at, true, FIN | ACK, &[]);
        self.add(at, false, FIN | ACK, &[]);
    }

    /// One end resets.
    pub(crate) fn reset(&mut self, at: u64, device: bool) {
        self.add(at, device, RST, &[]);
    }

    fn add(&mut self, at: u64, device: bool, flags: u8, payload: &[u8]) {
        let (own, ports) = if device {
            (0, [self.port, PORT])
        } else {
            (1, [PORT, self.port])
        };
        let mut tcp = Vec::new();
        for port in ports {
            tcp.extend(port.to_be_bytes());
        }
        tcp.extend(self.sequence[own].to_be_bytes());
        tcp.extend(self.sequence[1 - own].to_be_bytes());
        tcp.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend(payload);
        let addresses = if device { [1, 2] } else { [2, 1] };
        let size = u16::try_from(tcp.len()).unwrap();
        let mut ip = Vec::new();
        if self.v6 {
            ip.extend([0x60, 0, 0, 0]);
            ip.extend(size.to_be_bytes());
            ip.extend([6, 64]);
            for last in addresses {
                ip.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
            }
        } else {
            ip.extend([0x45, 0]);
            ip.extend((size + 20).to_be_bytes());
            ip.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
            for last in addresses {
                ip.extend([10, 0, 0, last]);
            }
        }
        ip.extend(tcp);
        let protocol: [u8; 2] = if self.v6 { [0x86, 0xdd] } else { [8, 0] };
        let mut packet = match self.link {
            Link::Null => vec![if self.v6 { 30 } else { 2 }, 0, 0, 0],
            Link::Ethernet => [&[0; 12], &protocol[..]].concat(),
            Link::Raw => Vec::new(),
            Link::Sll => [&[0; 14], &protocol[..]].concat(),
            Link::Sll2 => [&protocol[..], &[0; 18]].concat(),
        };
        packet.extend(ip);
        self.packets.push((at, packet));
    }

    /// The capture as a pcap file.
    pub(crate) fn pcap(&self) -> Vec<u8> {
        let mut file = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65535, self.link as u32] {
            file.extend(word.to_le_bytes());
        }
        for (at, packet) in &self.packets {
            let size = u32::try_from(packet.len()).unwrap();
            let seconds = 1_000_000 + u32::try_from(at / 1_000_000).unwrap();
            let micros = u32::try_from(at % 1_000_000).unwrap();
            for word in [seconds, micros, size, size] {
                file.extend(word.to_le_bytes());
            }
            file.extend(packet);
        }
        file
    }

    /// The capture as a pcapng file, with times in nanoseconds.
    pub(crate) fn pcapng(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut block = |kind: u32, body: &[u8]| {
            let padding = body.len().next_multiple_of(4) - body.len();
            let size = u32::try_from(body.len() + padding + 12).unwrap();
            file.extend(kind.to_le_bytes());
            file.extend(size.to_le_bytes());
            file.extend(body);
            file.extend(vec![0; padding]);
            file.extend(size.to_le_bytes());
        };
        let section = [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
        block(0x0a0d_0d0a, &[&section[..], &[0xff; 8]].concat());
        let link = (self.link as u16).to_le_bytes();
        // Option 9: a resolution of 10 to the power of -9.
        let resolution = [9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0];
        block(
            1,
            &[&link[..], &[0, 0, 0xff, 0xff, 0, 0], &resolution].concat(),
        );
        for (at, packet) in &self.packets {
            let time = (1_000_000_000_000 + at) * 1000;
            let size = u32::try_from(packet.len()).unwrap().to_le_bytes();
            let high = u32::try_from(time >> 32).unwrap().to_le_bytes();
            let low = (time as u32).to_le_bytes();
            block(
                6,
                &[&[0; 4], &high[..], &low, &size, &size, packet].concat(),
            );
        }
        file
    }
}
