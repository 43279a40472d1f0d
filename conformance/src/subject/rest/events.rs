//! Server-Sent Events, as WHATWG's HTML has them.

use http_body_util::BodyExt;
use serde_json::Value as Json;

use super::{Answer, failed};
use crate::subject::operator::Unheard;

/// Longest event that is read, in bytes.
const MAX_EVENT: usize = 1 << 20;

/// The events of one answer.
pub(super) struct Events {
    answer: Answer,
    reader: Reader,
}

impl Events {
    pub(super) fn new(answer: Answer) -> Self {
        Self {
            answer,
            reader: Reader::default(),
        }
    }

    /// The next value; what a server says beside the values is passed over.
    pub(super) async fn next(&mut self) -> Result<Json, Unheard> {
        loop {
            while let Some(event) = self.reader.next() {
                match event.name.as_str() {
                    "" | "message" => {
                        let value = serde_json::from_str(&event.data).map_err(|error| {
                            failed(format!("an event is not JSON: {error}: {:?}", event.data))
                        })?;
                        return Ok(value);
                    }
                    "end" => return Err(failed(format!("the stream has ended: {}", event.data))),
                    _ => {}
                }
            }
            if self.reader.buffer.len() > MAX_EVENT {
                return Err(failed("an event does not end"));
            }
            let frame = self.answer.response.body_mut().frame().await;
            let frame = frame.ok_or_else(|| failed("the stream has ended"))?;
            let frame = frame.map_err(|error| failed(format!("the stream broke off: {error}")))?;
            if let Some(bytes) = frame.data_ref() {
                self.reader.buffer.extend_from_slice(bytes);
            }
        }
    }
}

/// One event.
#[derive(Debug, Default, PartialEq)]
struct Event {
    name: String,
    data: String,
}

/// Puts events together from pieces.
#[derive(Debug, Default)]
struct Reader {
    buffer: Vec<u8>,
    event: Event,
}

impl Reader {
    /// The next event with data that is whole.
    fn next(&mut self) -> Option<Event> {
        while let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let event = core::mem::take(&mut self.event);
                if !event.data.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.event.name),
                "data" => {
                    if !self.event.data.is_empty() {
                        self.event.data.push('\n');
                    }
                    self.event.data.push_str(value);
                }
                // Comments, and what only matters to who comes again.
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    #[test]
    fn events_are_read_however_they_come_in_pieces() {
        let text =
            ": hello\n\ndata: 1\n\nid: 7\r\nevent: end\r\ndata:{\"a\":\r\ndata: 2}\r\n\r\ndata: 3";
        let mut reader = Reader::default();
        let mut seen = Vec::new();
        for byte in text.bytes() {
            reader.buffer.push(byte);
            seen.extend(reader.next());
        }
        assert_eq!(seen, [event("", "1"), event("end", "{\"a\":\n2}")]);
    }
}
