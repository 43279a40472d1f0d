//! The suite against small peers, each of which breaks one rule, and the
//! program against small servers.

mod broken_devices;
mod broken_servers;
mod exit_codes;
mod frame;
mod mini_device;
mod mini_server;
mod reports;
