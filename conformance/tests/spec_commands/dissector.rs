//! `spec dissector`, in the real tshark.

mod agreement;
mod display;
mod sent;
