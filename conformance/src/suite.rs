//! The live cases: one file for every area.

mod connect;
mod craft;
mod describe;
mod device_connect;
mod disconnect;
mod exchange;
mod fields;
mod first_message;
mod framing;
mod hostile;
mod keep_alive;
mod probe;
mod run;
mod stream;

use iotmp_spec::model::Spec;

use crate::case::{Case, Role};

/// The clause that is broken where a subject does not live on after a case.
pub const ALIVE: &str = "IOTMP25-ROBUST-001";

/// Every area, in the order of reports.
const AREAS: &[&[Case]] = &[
    connect::CASES,
    device_connect::CASES,
    first_message::CASES,
    keep_alive::CASES,
    disconnect::CASES,
    framing::CASES,
    fields::CASES,
    run::CASES,
    describe::CASES,
    stream::CASES,
    hostile::CASES,
    probe::CASES,
];

/// Every declaration, in the order of reports.
pub fn all() -> impl Iterator<Item = &'static Case> {
    AREAS.iter().flat_map(|cases| cases.iter())
}

/// The cases that fit a subject of that role under that spec.
pub fn fitting(spec: &Spec, role: Role) -> impl Iterator<Item = &'static Case> {
    all().filter(move |case| case.fits(spec, role))
}

/// The case of that slug for that role.
#[must_use]
pub fn find(slug: &str, role: Role) -> Option<&'static Case> {
    all().find(|case| case.slug == slug && case.roles.contains(&role))
}

/// The valid twin of a case.
#[must_use]
pub fn control(case: &Case, role: Role) -> Option<&'static Case> {
    find(case.control?, role)
}

/// The valid twin of a case, its own control, and so on; a chain cannot be longer than the suite.
pub fn controls(case: &Case, role: Role) -> impl Iterator<Item = &'static Case> {
    core::iter::successors(control(case, role), move |case| control(case, role)).take(all().count())
}
