//! Connections in a capture file: pcap or pcapng, as tcpdump and Wireshark write them.
//!
//! A file is read once, packet by packet, and what its TCP connections carried is
//! put together again (`stream`): whatever the order in which the segments
//! came, each byte once. What the capture does not hold is said, and nothing is
//! made up for it.

mod packet;
mod stream;

use core::net::SocketAddr;
use std::collections::HashMap;
use std::io::Read;

use iotmp_spec::model::Spec;
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use self::packet::Segment;
use self::stream::{Connection, Piece};
use super::flow;
use super::judge::{End, Judge};
use super::score::Findings;
use super::websocket;
use crate::case::Role;

/// Bytes of a file that are held at a time: a packet, or any other block, has to fit.
const BUFFER: usize = 1 << 20;
/// Bytes that connections may have carried, all together; they are held until the end.
const MOST_BYTES: usize = 512 << 20;
/// Connections that are held.
const MOST_CONNECTIONS: usize = 65_536;

/// Why a capture cannot be judged.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CaptureError {
    /// It is something else.
    #[error("this is neither pcap nor pcapng")]
    NotACapture,
    /// It ends inside a packet, or inside its header.
    #[error("the file ends in the middle, after {0} bytes")]
    Truncated(usize),
    /// A block cannot be what it says.
    #[error("the block at byte {0} cannot be read")]
    Malformed(usize),
    /// A block is larger than any packet.
    #[error("the block at byte {0} is larger than {BUFFER} bytes")]
    TooLarge(usize),
    /// The connections carried too much to be held.
    #[error("the connections carried more than {MOST_BYTES} bytes; cut the capture into parts")]
    TooMuch,
    /// There are too many connections to be held.
    #[error("there are more than {MOST_CONNECTIONS} connections; cut the capture into parts")]
    TooMany,
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Unreadable,
}

/// What a capture holds.
#[derive(Debug, Default)]
pub struct Capture {
    connections: Vec<Connection>,
    /// The connection that a pair of addresses means now.
    by_ends: HashMap<(SocketAddr, SocketAddr), usize>,
    /// When the first packet passed, in microseconds since 1970.
    began: Option<u64>,
    /// When the last packet passed, in microseconds since the first.
    end: u64,
    bytes: usize,
    packets: u64,
    fragments: u64,
    unreadable: u64,
    /// Bytes of a file that ends inside a packet, as one does whose writer was killed.
    cut_at: Option<usize>,
}

/// What a packet's place in the file says of it.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link: Linktype,
    /// Units of time in a second.
    resolution: u64,
    /// Seconds to add to each time.
    offset: i64,
}

/// What reading on calls for.
enum Step {
    Taken(usize),
    More,
}

impl Capture {
    /// Reads a capture file.
    ///
    /// # Errors
    /// [`CaptureError`]; what stands before a fault is not judged either, but for the whole packets of a
    /// file that ends inside one.
    pub fn read(file: impl Read + Send) -> Result<Self, CaptureError> {
        let mut reader = create_reader(BUFFER, file).map_err(|error| match error {
            PcapError::Incomplete(_) | PcapError::UnexpectedEof => CaptureError::Truncated(0),
            PcapError::ReadError => CaptureError::Unreadable,
            _ => CaptureError::NotACapture,
        })?;
        let mut capture = Self::default();
        let mut interfaces: Vec<Interface> = Vec::new();
        loop {
            let (at, had) = (reader.consumed(), reader.data().len());
            let step = match reader.next() {
                Ok((size, block)) => {
                    capture.block(&mut interfaces, &block)?;
                    Step::Taken(size)
                }
                Err(PcapError::Eof) => return Ok(capture),
                Err(PcapError::Incomplete(_)) => Step::More,
                Err(PcapError::BufferTooSmall) => return Err(CaptureError::TooLarge(at)),
                Err(PcapError::UnexpectedEof) if capture.packets > 0 => {
                    capture.cut_at = Some(at + had);
                    return Ok(capture);
                }
                Err(PcapError::UnexpectedEof) => return Err(CaptureError::Truncated(at + had)),
                Err(PcapError::ReadError) => return Err(CaptureError::Unreadable),
                Err(_) => return Err(CaptureError::Malformed(at)),
            };
            match step {
                Step::Taken(0) => return Err(CaptureError::Malformed(at)),
                Step::Taken(size) => reader.consume(size),
                Step::More => {
                    let refilled = reader.refill().map_err(|_| CaptureError::Unreadable);
                    refilled?;
                    // Nothing more came although there is more: there is no room for it.
                    if reader.data().len() == had && !reader.reader_exhausted() {
                        return Err(CaptureError::TooLarge(at));
                    }
                }
            }
        }
    }

    fn block(
        &mut self,
        interfaces: &mut Vec<Interface>,
        block: &PcapBlockOwned<'_>,
    ) -> Result<(), CaptureError> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let resolution = if header.is_nanosecond_precision() {
                    1_000_000_000
                } else {
                    1_000_000
                };
                interfaces.push(Interface {
                    link: header.network,
                    resolution,
                    offset: 0,
                });
            }
            PcapBlockOwned::Legacy(packet) => {
                let Some(interface) = interfaces.first().copied() else {
                    return Ok(());
                };
                let fraction = u64::from(packet.ts_usec);
                let time = u64::from(packet.ts_sec) * interface.resolution + fraction;
                let size = usize::try_from(packet.caplen).unwrap_or(usize::MAX);
                let data = packet.data.get(..size).unwrap_or(packet.data);
                return self.packet(interface, Some(time), data);
            }
            // Another section has interfaces of its own.
            PcapBlockOwned::NG(Block::SectionHeader(_)) => interfaces.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                interfaces.push(Interface {
                    link: interface.linktype,
                    resolution: interface.ts_resolution().unwrap_or(1_000_000),
                    offset: interface.ts_offset(),
                });
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let number = usize::try_from(packet.if_id).unwrap_or(usize::MAX);
                if let Some(interface) = interfaces.get(number).copied() {
                    let time = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                    return self.packet(interface, Some(time), packet.packet_data());
                }
                self.unreadable += 1;
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                if let Some(interface) = interfaces.first().copied() {
                    return self.packet(interface, None, packet.packet_data());
                }
                self.unreadable += 1;
            }
            PcapBlockOwned::NG(_) => {}
        }
        Ok(())
    }

    fn packet(
        &mut self,
        interface: Interface,
        time: Option<u64>,
        data: &[u8],
    ) -> Result<(), CaptureError> {
        self.packets += 1;
        if let Some(time) = time {
            let micros = u128::from(time) * 1_000_000 / u128::from(interface.resolution.max(1));
            let micros = u64::try_from(micros).unwrap_or(u64::MAX);
            let micros = micros.saturating_add_signed(interface.offset.saturating_mul(1_000_000));
            let began = *self.began.get_or_insert(micros);
            // Packets of several interfaces may be out of order by a little; time never goes back.
            self.end = self.end.max(micros.saturating_sub(began));
        }
        match packet::segment(interface.link, data) {
            Ok(Some(segment)) => self.segment(&segment),
            Ok(None) => Ok(()),
            Err(packet::Unread::Fragment) => {
                self.fragments += 1;
                Ok(())
            }
            Err(packet::Unread::Malformed) => {
                self.unreadable += 1;
                Ok(())
            }
        }
    }

    fn segment(&mut self, segment: &Segment<'_>) -> Result<(), CaptureError> {
        self.bytes += segment.payload.len();
        if self.bytes > MOST_BYTES {
            return Err(CaptureError::TooMuch);
        }
        let ends = (segment.from.min(segment.to), segment.from.max(segment.to));
        let known = self.by_ends.get(&ends).copied();
        let known = known.filter(|number| {
            let connection = self.connections.get(*number);
            connection.is_some_and(|connection| !connection.is_over_for(segment))
        });
        let number = match known {
            Some(number) => number,
            // What closes a connection, and nothing else of it, is no connection.
            None if segment.payload.is_empty() && !segment.syn => return Ok(()),
            None if self.connections.len() >= MOST_CONNECTIONS => {
                return Err(CaptureError::TooMany);
            }
            None => {
                let number = self.connections.len();
                self.connections.push(Connection::new(segment, self.end));
                self.by_ends.insert(ends, number);
                number
            }
        };
        if let Some(connection) = self.connections.get_mut(number) {
            connection.add(segment, (self.packets, self.end));
        }
        Ok(())
    }

    /// Judges the connections to `port`, or, without one, those that look like the protocol.
    ///
    /// `patience` is how long an answer may take, in microseconds.
    #[must_use]
    pub fn judge(self, spec: &'static Spec, port: Option<u16>, patience: u64) -> Findings {
        let mut findings = Findings::default();
        let alone = self.connections.len() == 1;
        let mut number = 0;
        let (mut passed_over, mut example) = (0_u64, None);
        let mut notes = Vec::new();
        if let Some(bytes) = self.cut_at {
            notes.push(format!(
                "the file ends in the middle of a packet, after {bytes} bytes; the whole ones before it are judged"
            ));
        }
        for (count, what) in [
            (
                self.fragments,
                "fragments of IP packets were not put together",
            ),
            (self.unreadable, "packets could not be read"),
        ] {
            if count > 0 {
                notes.push(format!("{count} {what}"));
            }
        }
        for connection in self.connections {
            let (device, server) = connection.ends(port);
            let asked_for = match port {
                Some(port) => server.port() == port,
                None => alone,
            };
            let is_open = !connection.is_over();
            let begun = connection.begun();
            let opened = connection.opened();
            let pieces = connection.pieces(device);
            let looks = || {
                let first = pieces.iter().find_map(|(_, _, piece)| match piece {
                    Piece::Bytes(bytes) => Some(bytes),
                    _ => None,
                });
                first.is_some_and(|bytes| flow::looks_like(spec, bytes) || websocket::asks(bytes))
            };
            if !asked_for && (port.is_some() || !looks()) {
                passed_over += 1;
                example.get_or_insert((device, server));
                continue;
            }
            number += 1;
            let mut judge = Judge::new(spec, number, patience);
            notes.push(format!(
                "connection {number}: device {device}, server {server}"
            ));
            if !begun {
                judge.joined_late();
            }
            for (at, from, piece) in pieces {
                match piece {
                    Piece::Bytes(bytes) => judge.bytes(from, at, &bytes),
                    Piece::Missing(count) => judge.missed(from, at, count),
                    Piece::End(end) => judge.closed(from, at, end),
                }
            }
            let end = if is_open {
                self.end.max(opened)
            } else {
                opened
            };
            findings.add(judge.finish(end));
        }
        if let Some((one, another)) = example {
            let hint = match port {
                Some(port) => format!("not to port {port}"),
                None => {
                    "do not begin like the protocol; --port judges them all the same".to_owned()
                }
            };
            notes.push(format!(
                "{passed_over} connections were passed over, such as {one} to {another}: {hint}"
            ));
        }
        if number == 0 {
            notes.push(format!(
                "no connection was found in {} packets",
                self.packets
            ));
        }
        notes.append(&mut findings.notes);
        findings.notes = notes;
        findings
    }
}

/// The other role of an end.
const fn role(is_device: bool) -> Role {
    if is_device {
        Role::Device
    } else {
        Role::Server
    }
}

/// How a segment ends its side.
const fn end(reset: bool) -> End {
    if reset { End::Reset } else { End::Closed }
}
