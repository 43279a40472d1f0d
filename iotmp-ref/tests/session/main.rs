//! Both ends of a session under a virtual clock, alone and against each other.

mod connect;
mod describe;
mod device;
mod disconnect;
mod hostile;
mod keep_alive;
mod limits;
mod malformed;
mod network;
mod pair;
mod recorded;
mod requests;
mod script;
mod streams;
