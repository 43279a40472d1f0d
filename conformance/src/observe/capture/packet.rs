//! TCP segments in captured packets.

use core::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_parser::Linktype;

/// Bytes of the headers that Linux puts before packets of any kind.
const SLL_HEADER: usize = 16;
const SLL2_HEADER: usize = 20;
/// Bytes of the address family before packets of a loopback interface.
const LOOPBACK_HEADER: usize = 4;
/// Link types without a name in the library.
const IPV4: i32 = 228;
const IPV6: i32 = 229;
const SLL2: i32 = 276;
/// Raw IP, as some systems number it in files.
const RAW_OPENBSD: i32 = 14;
const RAW_BSD: i32 = 12;

/// One TCP segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'p> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) sequence: u32,
    pub(super) syn: bool,
    pub(super) ack: bool,
    pub(super) fin: bool,
    pub(super) reset: bool,
    /// What was captured of its payload.
    pub(super) payload: &'p [u8],
}

/// Why a packet says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is a part of an IP packet.
    Fragment,
    /// It is not what its headers say, or of a link layer that is not known.
    Malformed,
}

/// The TCP segment in a packet; none where it carries something else.
pub(super) fn segment(link: Linktype, packet: &[u8]) -> Result<Option<Segment<'_>>, Unread> {
    let sliced = match link {
        Linktype::ETHERNET => {
            LaxSlicedPacket::from_ethernet(packet).map_err(|_| Unread::Malformed)?
        }
        Linktype::LINUX_SLL => cooked(packet, SLL_HEADER, SLL_HEADER - 2)?,
        Linktype(SLL2) => cooked(packet, SLL2_HEADER, 0)?,
        Linktype::NULL | Linktype::LOOP => {
            let packet = packet.get(LOOPBACK_HEADER..).ok_or(Unread::Malformed)?;
            LaxSlicedPacket::from_ip(packet).map_err(|_| Unread::Malformed)?
        }
        Linktype::RAW | Linktype(IPV4 | IPV6 | RAW_BSD | RAW_OPENBSD) => {
            LaxSlicedPacket::from_ip(packet).map_err(|_| Unread::Malformed)?
        }
        _ => return Err(Unread::Malformed),
    };
    let (from, to, fragment) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            (
                IpAddr::V4(header.source_addr()),
                IpAddr::V4(header.destination_addr()),
                ip.is_payload_fragmented(),
            )
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            (
                IpAddr::V6(header.source_addr()),
                IpAddr::V6(header.destination_addr()),
                ip.is_payload_fragmented(),
            )
        }
        _ => return Ok(None),
    };
    if fragment {
        return Err(Unread::Fragment);
    }
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else {
        return match sliced.stop_err {
            Some(_) => Err(Unread::Malformed),
            None => Ok(None),
        };
    };
    Ok(Some(Segment {
        from: SocketAddr::new(from, tcp.source_port()),
        to: SocketAddr::new(to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        syn: tcp.syn(),
        ack: tcp.ack(),
        fin: tcp.fin(),
        reset: tcp.rst(),
        payload: tcp.payload(),
    }))
}

/// A packet behind a header of Linux, in which the protocol stands at `protocol`.
fn cooked(packet: &[u8], header: usize, protocol: usize) -> Result<LaxSlicedPacket<'_>, Unread> {
    let number = packet.get(protocol..).and_then(|rest| rest.first_chunk());
    let (Some(number), Some(rest)) = (number, packet.get(header..)) else {
        return Err(Unread::Malformed);
    };
    let number = EtherType(u16::from_be_bytes(*number));
    Ok(LaxSlicedPacket::from_ether_type(number, rest))
}
