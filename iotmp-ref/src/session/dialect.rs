//! What differs between the revisions of the protocol.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::error::Incompatible;
use super::packet::{Connect, Packet};
use crate::pson::Value;
use crate::wire::{DecodeError, EncodeError, Encoding, Reader};

mod detect;
mod fields;
#[allow(
    clippy::needless_update,
    reason = "a field that the specification gains must not break the build"
)]
mod iotmp;
mod iotmp_2020;
#[allow(
    clippy::needless_update,
    reason = "a field that the specification gains must not break the build"
)]
mod iotmp_2023;
mod parameters;

pub use self::detect::detect;
pub use self::iotmp::{Iotmp2023, Iotmp2025, IotmpShipping};
pub use self::iotmp_2020::Iotmp2020;

/// Every revision. Where a first message fits several equally well, the one
/// that stands first here is assumed.
pub const ALL: [&dyn Dialect; 4] = [&IotmpShipping, &Iotmp2025, &Iotmp2023, &Iotmp2020];

/// Maps the messages of one revision to [`Packet`]s and back, and knows its
/// constants.
///
/// A session holds one as `&'static dyn Dialect`, such as `&Iotmp2025`.
pub trait Dialect: fmt::Debug + Sync {
    /// Name of the specification, such as `iotmp-2025`.
    fn name(&self) -> &'static str;

    /// Timers, limits and habits.
    fn constants(&self) -> &'static Constants;

    /// Encoding of values after a Connect of this version of the protocol that
    /// asks for this encoding; `None` where the revision does not have them, or
    /// leaves no choice of the encoding.
    fn negotiated(&self, protocol_version: u64, asked: Option<Encoding>) -> Option<Encoding>;

    /// Encoding of the values in a Connect which has the values after it in
    /// `negotiated`.
    fn connect_encoding(&self, negotiated: Encoding) -> Encoding;

    /// Every encoding of values that the revision has, the default first.
    fn encodings(&self) -> Vec<Encoding>;

    /// The kind of message that a code stands for.
    fn kind(&self, code: u32) -> Kind;

    /// Reads the body of a message of the type `code`: all that is left of
    /// `reader`.
    ///
    /// # Errors
    /// What is wrong with the bytes, where, and in which field.
    fn decode(
        &self,
        code: u32,
        reader: &mut Reader<'_>,
        encoding: Encoding,
    ) -> Result<Packet, DecodeError>;

    /// Reads the body of a Connect, whose encoding nobody has agreed on yet.
    ///
    /// # Errors
    /// What is wrong with the bytes under the default encoding, if they are
    /// wrong under every encoding.
    fn decode_connect(&self, reader: &Reader<'_>) -> Result<Introduction, DecodeError>;

    /// The stream identifier in a body that is malformed elsewhere, if it can
    /// be told.
    fn stream_id(&self, reader: &mut Reader<'_>, encoding: Encoding) -> Option<u16>;

    /// Writes a message, header and body.
    ///
    /// # Errors
    /// Where the revision cannot say what the packet holds.
    fn encode(&self, packet: Packet, encoding: Encoding) -> Result<Vec<u8>, EncodeError>;

    /// Code of a refusal in the parameters of the Error; `None` where the
    /// revision has none for it.
    fn refusal_code(&self, refusal: ConnectError) -> Option<u64>;

    /// The refusal that a code stands for.
    fn refusal(&self, code: Option<u64>) -> ConnectError;

    /// What the answer to Describe says of one of all resources.
    fn description(&self, description: &Description) -> Value;

    /// What the answer to Describe of one resource says: a sample of its input
    /// and of its output.
    fn samples(&self, input: Option<Value>, output: Option<Value>) -> Value;
}

/// What a resource is, for the answer to Describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// What it takes and gives.
    pub function: Function,
    /// Whether it needs parameters.
    pub needs_parameters: bool,
    /// Whether it can be streamed.
    pub can_stream: bool,
    /// Number that names it as well.
    pub alias: Option<u64>,
}

/// What a resource takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Neither: it only runs.
    Run,
    /// It takes a value.
    Input,
    /// It gives a value.
    Output,
    /// It takes a value and gives one.
    InputOutput,
}

impl Function {
    /// Whether it takes a value.
    #[must_use]
    pub const fn takes(self) -> bool {
        matches!(self, Self::Input | Self::InputOutput)
    }

    /// Whether it gives a value.
    #[must_use]
    pub const fn gives(self) -> bool {
        matches!(self, Self::Output | Self::InputOutput)
    }
}

/// A Connect as [`Dialect::decode_connect`] reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// The message.
    pub connect: Connect,
    /// Encoding that it is written in, which its answer is to be written in
    /// where that is an Error.
    pub encoding: Encoding,
    /// Encoding of all values after it, or why there can be none. In that case
    /// its payload need not have been read.
    pub negotiated: Result<Encoding, Incompatible>,
    /// How many fields it has that the revision does not know.
    pub unknown_fields: usize,
}

/// The kind of a message, known from its code alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names of the variants of `Packet`")]
pub enum Kind {
    Ok,
    Error,
    Connect,
    Disconnect,
    KeepAlive,
    Run,
    Describe,
    StartStream,
    StopStream,
    StreamData,
    Unknown,
}

impl Kind {
    /// Whether a receiver answers such a message by Ok or Error.
    #[must_use]
    pub const fn is_request(self) -> bool {
        matches!(
            self,
            Self::Connect | Self::Run | Self::Describe | Self::StartStream | Self::StopStream
        )
    }
}

/// Why a server refuses a Connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectError {
    /// No reason given.
    Refused,
    /// Another server is the right one; the payload is its URL.
    Redirect,
    /// The credentials are not valid.
    BadCredentials,
    /// The keep alive interval is not acceptable.
    InvalidKeepAlive,
    /// The encoding is not supported.
    BadEncoding,
    /// A reason that the revision does not name.
    Other(u64),
}

/// What the payload of a stream's value is, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataLabels {
    /// The input of the resource.
    pub input: u64,
    /// Its output.
    pub output: u64,
}

/// Timers and limits of a revision, and what its devices do unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Constants {
    /// Interval of keep alives unless Connect asks for another.
    pub keep_alive_default: Duration,
    /// Longest interval that a device may ask for.
    pub keep_alive_max: Duration,
    /// How much later than the interval a keep alive may come, in percent.
    pub keep_alive_margin: u32,
    /// How long a device waits for the answer to its keep alive.
    pub keep_alive_answer: Duration,
    /// How long the connection may take to be established.
    pub connect_answer: Duration,
    /// Largest body, in bytes.
    pub max_message_size: usize,
    /// Most streams open at once.
    pub max_streams: usize,
    /// Most requests waiting for their answers.
    pub max_pending: usize,
    /// Number of the authentication by username, device and credential.
    pub auth_credentials: u64,
    /// Number of the authentication by a single string, a token or a
    /// certificate; `None` where the revision does not define one.
    pub auth_string: Option<u64>,
    /// Smallest step of a stream's interval.
    pub interval_unit: Duration,
    /// Encodings of values that every server has to support.
    pub required_encodings: &'static [Encoding],
    /// Whether a Start Stream without a resource changes the interval of an
    /// open stream.
    pub reconfigures: bool,
    /// Whether answers have parameters, such as the code of an Error.
    pub answers_have_parameters: bool,
    /// Whether a Disconnect has to have a stream identifier.
    pub disconnect_has_id: bool,
    /// Whether a sample carries the input of its resource in a field of its own.
    pub samples_have_input: bool,
    /// What the parameters of a stream's value say of it, where a device says so.
    pub data_labels: Option<DataLabels>,
    /// Whether a device sends a stream's value unasked: at once when it opens,
    /// and after each input of the resource.
    pub echoes: bool,
}
