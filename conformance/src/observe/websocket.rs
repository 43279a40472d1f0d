//! What a WebSocket carries, taken out of its frames, so that what passes in it is judged like
//! what passes without.
//!
//! A connection is a WebSocket if the device begins by asking for one with the subprotocol of this
//! protocol: no message of a device begins so.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::OpCode;

use super::judge::index;
use crate::case::Role;
use iotmp_ref::transport::ws::SUBPROTOCOL;

/// How a device asks for a WebSocket.
const REQUEST: &[u8] = b"GET ";
/// What ends a head.
const END: &[u8] = b"\r\n\r\n";
/// How a server grants it.
const GRANTED: &[u8] = b"HTTP/1.1 101";
/// Bytes of a head that are read at most.
const MOST_HEAD: usize = 16 * 1024;

/// A connection, which may be a WebSocket.
#[derive(Debug)]
pub(super) enum Tunnel {
    /// What the device has sent so far may become its request for one.
    Unknown(Vec<u8>),
    /// It is none.
    Plain,
    /// It is one.
    WebSocket([Side; 2]),
}

/// One side of a WebSocket.
#[derive(Debug)]
pub(super) enum Side {
    /// The answer of the server, as far as it has come.
    Head(Vec<u8>),
    /// The header of a frame, as far as it has come.
    Header(Vec<u8>),
    /// The payload of a frame.
    Payload(Frame),
    /// What comes cannot be read any more.
    Lost,
}

/// A frame whose header has come.
#[derive(Debug)]
pub(super) struct Frame {
    /// Bytes that are still to come.
    left: u64,
    /// Whether it carries data, and is not about the WebSocket itself.
    is_data: bool,
    mask: [u8; 4],
    /// The byte of the mask that is next.
    turn: usize,
}

/// What was in a piece.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// Bytes of messages, and who sent them.
    pub bytes: Vec<(Role, Vec<u8>)>,
    /// Why nothing behind them can be read; said once.
    pub lost: Option<String>,
}

/// Whether `head` asks for a WebSocket with the subprotocol of this protocol.
pub(super) fn asks(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut fields = text.lines().skip(1).filter_map(|line| line.split_once(':'));
    head.starts_with(REQUEST)
        && fields.any(|(name, value)| {
            name.trim() == "sec-websocket-protocol"
                && value.split(',').any(|one| one.trim() == SUBPROTOCOL)
        })
}

impl Tunnel {
    pub(super) const fn new() -> Self {
        Self::Unknown(Vec::new())
    }

    /// Whether everything that passes is messages.
    pub(super) const fn is_plain(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// What `from` sent in `bytes`.
    pub(super) fn open(&mut self, from: Role, bytes: &[u8]) -> Opened {
        let mut opened = Opened::default();
        let bytes = match self {
            Self::Unknown(_) if from == Role::Server => {
                opened.bytes.extend(self.settle());
                bytes
            }
            Self::Unknown(request) => {
                request.extend_from_slice(bytes);
                let first = request.get(..REQUEST.len()).unwrap_or(request);
                let end = request.windows(END.len()).position(|end| end == END);
                match end.map(|end| request.split_at(end + END.len())) {
                    Some((head, rest)) if asks(head) => {
                        let rest = rest.to_vec();
                        *self = Self::WebSocket([Side::Header(Vec::new()), Side::Head(Vec::new())]);
                        return self.open(from, &rest);
                    }
                    None if REQUEST.starts_with(first) && request.len() <= MOST_HEAD => {}
                    _ => opened.bytes.extend(self.settle()),
                }
                return opened;
            }
            Self::Plain | Self::WebSocket(_) => bytes,
        };
        let Self::WebSocket(sides) = self else {
            opened.bytes.push((from, bytes.to_vec()));
            return opened;
        };
        if let Some(side) = sides.get_mut(index(from)) {
            let mut carried = Vec::new();
            if let Err(why) = side.read(bytes, &mut carried) {
                *side = Side::Lost;
                opened.lost = Some(why);
            }
            opened.bytes.push((from, carried));
        }
        opened
    }

    /// It is no WebSocket unless it has become one: what was held back for that.
    pub(super) fn settle(&mut self) -> Option<(Role, Vec<u8>)> {
        let Self::Unknown(request) = self else {
            return None;
        };
        let request = core::mem::take(request);
        *self = Self::Plain;
        Some((Role::Device, request))
    }

    /// Bytes of `from` were not seen: where its next frame begins is not known.
    pub(super) fn missed(&mut self, from: Role) -> Option<(Role, Vec<u8>)> {
        if let Self::WebSocket(sides) = self
            && let Some(side) = sides.get_mut(index(from))
        {
            *side = Side::Lost;
        }
        self.settle()
    }
}

impl Side {
    fn read(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        while let Some((&first, rest)) = bytes.split_first() {
            match self {
                Self::Lost => return Ok(()),
                Self::Head(head) => {
                    head.push(first);
                    bytes = rest;
                    if head.ends_with(END) {
                        granted(head)?;
                        *self = Self::Header(Vec::new());
                    } else if head.len() > MOST_HEAD {
                        return Err(format!("its head is longer than {MOST_HEAD} bytes"));
                    }
                }
                Self::Header(header) => {
                    header.push(first);
                    bytes = rest;
                    if let Some(frame) = Frame::begin(header)? {
                        *self = Self::next(frame);
                    }
                }
                Self::Payload(frame) => {
                    let left = usize::try_from(frame.left).unwrap_or(usize::MAX);
                    let (now, later) = bytes.split_at(left.min(bytes.len()));
                    frame.take(now, out);
                    bytes = later;
                    if frame.left == 0 {
                        *self = Self::Header(Vec::new());
                    }
                }
            }
        }
        Ok(())
    }

    fn next(frame: Frame) -> Self {
        if frame.left == 0 {
            Self::Header(Vec::new())
        } else {
            Self::Payload(frame)
        }
    }
}

/// Sees that frames follow the answer of a server.
fn granted(head: &[u8]) -> Result<(), String> {
    if head.starts_with(GRANTED) {
        return Ok(());
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    Err(format!("the WebSocket was refused: {line}"))
}

impl Frame {
    /// The frame that `header` begins, if it is whole.
    fn begin(header: &[u8]) -> Result<Option<Self>, String> {
        let parsed = FrameHeader::parse(&mut Cursor::new(header));
        let Some((header, left)) = parsed.map_err(|error| format!("no frame: {error}"))? else {
            return Ok(None);
        };
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err("its frames follow an extension, such as compression".to_owned());
        }
        Ok(Some(Self {
            left,
            is_data: matches!(header.opcode, OpCode::Data(_)),
            mask: header.mask.unwrap_or_default(),
            turn: 0,
        }))
    }

    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.left -= bytes.len() as u64;
        if !self.is_data {
            return;
        }
        let mask = self.mask.iter().cycle().skip(self.turn);
        out.extend(bytes.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
        self.turn = (self.turn + bytes.len()) % self.mask.len();
    }
}
