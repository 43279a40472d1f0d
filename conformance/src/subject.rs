//! What is under test: a codec, a server that the suite dials, or a device that dials the suite.
//!
//! A [`CodecSubject`] is asked about bytes. A [`Subject`] is where connections
//! come from: a case gets a [`Peer`], opens a [`Link`] on it and talks.
//! Everything that passes is in the case's [`Transcript`].

mod allowance;
mod background;
mod catalogue;
mod child;
mod codec;
mod colleague;
mod device;
mod elsewhere;
mod event;
mod expect;
mod frame;
mod interpreting;
mod introductions;
mod link;
mod live;
pub mod nubison;
mod operator;
mod outgoing;
mod peer;
mod protocol;
mod reference;
mod rest;
mod restart;
mod server;
mod transactions;
mod transcript;
pub mod vocabulary;
mod watch;

pub(crate) use self::catalogue::untagged;
pub use self::catalogue::{Catalogue, Function, Resource};
pub use self::child::{
    Breakdown, Checkup, ChildCodec, CodecCommand, Health, Hello, Incident, PROTO, StartError,
    examine,
};
pub use self::codec::{CodecSubject, Question, Reply, Said};
pub use self::colleague::ColleagueOperator;
pub use self::event::{Event, Received, Want, any_of, phrase};
pub use self::expect::Settled;
pub use self::interpreting::Interpreting;
pub use self::link::Link;
pub use self::live::{Credentials, Manner, Subject};
pub use self::operator::{
    Answering, Ask, Asked, HubOperator, Listener, Operator, Payloads, Told, Unheard,
};
pub use self::peer::Peer;
pub use self::protocol::Protocol;
pub use self::reference::Reference;
pub use self::rest::{BaseUrl, InvalidFace, InvalidUrl, RestOperator};
pub use self::transcript::{Line, Side, Transcript, fields};

/// A resource that no subject has.
pub const NO_SUCH_RESOURCE: &str = "conformance/no-such-resource";
