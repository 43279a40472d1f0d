//! The suite against small peers, each of which breaks one rule, and the
//! program against small servers.

mod baselines;
mod broken_devices;
mod broken_servers;
mod broken_streams;
mod command_line;
mod exit_codes;
mod floods;
mod frame;
mod greetings;
mod interceptor;
mod meddler;
mod middleman;
mod mini_device;
mod mini_server;
mod reports;
mod rest;
mod saboteurs_2020;
mod saboteurs_2023;
mod saboteurs_beside;
mod saboteurs_calls;
mod saboteurs_nubison;
mod transports;
