//! Messages of one stream, in the order in which they came.
//!
//! A Stop Stream may overtake the answer to its Start Stream. Until that answer
//! is given nobody can tell what is to be stopped, so it waits.

use alloc::vec::Vec;

use super::packet::{Packet, StartStream, StopStream};
use super::{Session, State};

impl Session {
    /// Puts a message aside whose stream waits to be opened; any other is given back.
    pub(super) fn in_order(&mut self, packet: Packet) -> Option<Packet> {
        let (stream_id, opens) = match &packet {
            Packet::StopStream(StopStream { stream_id, .. }) => (*stream_id, false),
            Packet::StartStream(StartStream { stream_id, .. }) => (*stream_id, true),
            _ => return Some(packet),
        };
        let has_room = self.requests.aside_len() < self.config.max_events;
        let opening = self.requests.opening_mut(stream_id);
        // A second Start Stream is a mistake, unless it comes after the end of the first.
        match opening.filter(|opening| has_room && !(opens && opening.aside.is_empty())) {
            Some(opening) => {
                opening.aside.push(packet);
                None
            }
            None => Some(packet),
        }
    }

    /// Does what was put aside until now.
    pub(super) fn resume(&mut self, aside: Vec<Packet>) {
        for packet in aside {
            if self.state != State::Ready {
                return;
            }
            self.receive_packet(packet);
        }
    }
}
