//! Capture files: TCP segments over IPv4, without a link layer.

use std::fs;
use std::path::Path;

/// Port of the server in every connection.
const SERVER_PORT: u16 = 25204;
/// Port of the device in the first connection.
const FIRST_PORT: u16 = 40001;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Device,
    Server,
}

impl Sender {
    /// Its address, as tshark prints it.
    pub(super) const fn address(self) -> &'static str {
        match self {
            Self::Device => "10.0.0.1",
            Self::Server => "10.0.0.2",
        }
    }

    const fn octets(self) -> [u8; 4] {
        match self {
            Self::Device => [10, 0, 0, 1],
            Self::Server => [10, 0, 0, 2],
        }
    }
}

/// A capture in the making.
#[derive(Debug)]
pub(super) struct Capture {
    file: Vec<u8>,
    port: u16,
    /// Next sequence numbers of device and server.
    sequence: [u32; 2],
    packets: u32,
}

impl Capture {
    /// An empty capture of raw IP packets.
    pub(super) fn new() -> Self {
        let mut file = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65535, 101] {
            file.extend(word.to_le_bytes());
        }
        Self {
            file,
            port: FIRST_PORT,
            sequence: [1, 1],
            packets: 0,
        }
    }

    /// Goes on with another connection.
    pub(super) fn connect(&mut self) {
        self.port += 1;
        self.sequence = [1, 1];
    }

    /// Adds one segment.
    pub(super) fn segment(&mut self, sender: Sender, payload: &[u8]) {
        let (own, other, ports) = match sender {
            Sender::Device => (0, 1, [self.port, SERVER_PORT]),
            Sender::Server => (1, 0, [SERVER_PORT, self.port]),
        };
        let receiver = match sender {
            Sender::Device => Sender::Server,
            Sender::Server => Sender::Device,
        };
        let length = u16::try_from(40 + payload.len()).expect("a segment");
        let mut packet = vec![0x45, 0];
        packet.extend(length.to_be_bytes());
        // Identification, "do not fragment", time to live, TCP, no checksum.
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        packet.extend(sender.octets());
        packet.extend(receiver.octets());
        for port in ports {
            packet.extend(port.to_be_bytes());
        }
        packet.extend(self.sequence[own].to_be_bytes());
        packet.extend(self.sequence[other].to_be_bytes());
        // 20 bytes of header, PSH and ACK, the largest window, no checksum, nothing urgent.
        packet.extend([0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(payload);
        self.sequence[own] += u32::try_from(payload.len()).expect("a segment");
        self.packets += 1;
        let size = u32::from(length);
        for word in [self.packets, 0, size, size] {
            self.file.extend(word.to_le_bytes());
        }
        self.file.extend(packet);
    }

    pub(super) fn write(&self, path: &Path) {
        fs::write(path, &self.file).expect("the capture is written");
    }
}
