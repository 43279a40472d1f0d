//! The cases of Nubison.

mod abuse;
mod command;
mod data;
mod device_answers;
mod device_login;
mod device_reading;
mod device_transaction;
mod expect;
mod login;
mod packet;
mod random;
mod reading;
mod refusal;
mod request;
mod transaction;

use crate::case::{CASE, Case, Role};

/// The specification that they are for.
pub(super) const SPECS: &[&str] = &["nubison"];

/// What every other case of a server builds on.
pub(super) const LOGIN: &str = "login.ok";
/// What the cases of a device build on that do not log it in.
pub(super) const FIRST_LOGIN: &str = "login.first";
/// What every other case of a device builds on, the nearest last.
pub(super) const LET_IN: [&str; 2] = [FIRST_LOGIN, "login.without-key"];

/// Every area, in the order of reports.
pub(super) const AREAS: &[&[Case]] = &[
    login::CASES,
    device_login::CASES,
    device_answers::CASES,
    data::CASES,
    request::CASES,
    command::CASES,
    refusal::CASES,
    transaction::CASES,
    device_transaction::CASES,
    packet::CASES,
    abuse::CASES,
    reading::CASES,
    device_reading::CASES,
];

/// A valid case for both roles, to be narrowed with `..`.
const BOTH: Case = Case {
    specs: SPECS,
    ..CASE
};

/// [`BOTH`] for servers only.
const SERVER: Case = Case {
    roles: &[Role::Server],
    ..BOTH
};

/// [`BOTH`] for devices only.
const DEVICE: Case = Case {
    roles: &[Role::Device],
    ..BOTH
};
