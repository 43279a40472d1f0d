//! Both ends of a session under a virtual clock, alone and against each other.

mod connect;
mod describe;
#[cfg(feature = "encodings")]
mod detect;
mod device;
mod disconnect;
mod hostile;
mod iotmp_2020;
#[cfg(feature = "encodings")]
mod iotmp_2023;
mod keep_alive;
mod limits;
mod malformed;
mod network;
mod own_streams;
mod pair;
mod recorded;
mod requests;
mod script;
mod streams;
