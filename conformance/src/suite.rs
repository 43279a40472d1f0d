//! The live cases: one file for every area.

mod call;
mod connect;
mod craft;
mod describe;
mod device_connect;
mod disconnect;
mod encoding;
mod exchange;
mod fields;
mod first_message;
mod framing;
mod hostile;
mod keep_alive;
mod nubison;
mod number;
mod probe;
mod property;
mod redirect;
mod run;
mod sid;
mod stream;
mod text;
mod value;
mod written;

use iotmp_spec::model::Spec;

use crate::case::{Case, Role};

/// The clause that is broken where an answer carries another identifier than its request.
pub const OWN_ID: &str = "IOTMP25-SID-001";

/// Every area, in the order of reports.
const AREAS: &[&[Case]] = &[
    connect::CASES,
    connect::nearly::CASES,
    connect::payload::CASES,
    connect::parameters::CASES,
    connect::malformed::CASES,
    connect::cut::CASES,
    device_connect::CASES,
    encoding::CASES,
    encoding::said::CASES,
    encoding::sized::CASES,
    redirect::CASES,
    first_message::CASES,
    keep_alive::CASES,
    keep_alive::sent::CASES,
    keep_alive::beside::CASES,
    keep_alive::quiet::CASES,
    disconnect::CASES,
    framing::CASES,
    framing::sizes::CASES,
    framing::cuts::CASES,
    framing::behind::CASES,
    fields::CASES,
    fields::each::CASES,
    fields::known::CASES,
    text::CASES,
    sid::CASES,
    run::CASES,
    run::resource::CASES,
    run::alias::CASES,
    run::across::CASES,
    run::input::CASES,
    run::executed::CASES,
    run::action::CASES,
    run::load::CASES,
    run::beside::CASES,
    run::name::CASES,
    run::server::CASES,
    value::CASES,
    value::returned::CASES,
    written::CASES,
    call::CASES,
    call::described::CASES,
    call::apart::CASES,
    describe::CASES,
    stream::CASES,
    stream::interval::CASES,
    stream::timed::CASES,
    stream::pace::CASES,
    stream::each::CASES,
    stream::after::CASES,
    stream::several::CASES,
    stream::events::CASES,
    stream::reconfigure::CASES,
    stream::listened::CASES,
    stream::listened::apart::CASES,
    stream::listened::together::CASES,
    stream::label::CASES,
    stream::subscribed::CASES,
    number::CASES,
    hostile::CASES,
    hostile::nested::CASES,
    hostile::odd::CASES,
    hostile::others::CASES,
    probe::CASES,
    probe::values::CASES,
    probe::waits::CASES,
];

/// Every declaration, in the order of reports.
pub fn all() -> impl Iterator<Item = &'static Case> {
    AREAS
        .iter()
        .chain(nubison::AREAS)
        .flat_map(|cases| cases.iter())
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

/// What every other case builds on: a connection can be established.
fn base(case: &Case, role: Role) -> &'static str {
    match (case.specs == nubison::SPECS, role) {
        (true, Role::Server) => nubison::LOGIN,
        (true, Role::Device) if nubison::LET_IN.contains(&case.slug) => nubison::FIRST_LOGIN,
        (true, Role::Device) => nubison::LET_IN[1],
        (false, Role::Server) => "connect.ok",
        (false, Role::Device) => "connect.first-message",
    }
}

/// The case that has to pass first: the valid twin, or what everything builds on.
#[must_use]
pub fn control(case: &Case, role: Role) -> Option<&'static Case> {
    let slug = case.control.unwrap_or_else(|| base(case, role));
    if slug == case.slug {
        None
    } else {
        find(slug, role)
    }
}

/// The nearest control that a spec has: what it does not say is no condition.
#[must_use]
pub fn control_under(case: &Case, spec: &Spec, role: Role) -> Option<&'static Case> {
    controls(case, role).find(|control| control.fits(spec, role))
}

/// The control of a case, that one's own, and so on; a chain cannot be longer than the suite.
pub fn controls(case: &Case, role: Role) -> impl Iterator<Item = &'static Case> {
    core::iter::successors(control(case, role), move |case| control(case, role)).take(all().count())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique() {
        for role in Role::ALL {
            let mut seen = BTreeSet::new();
            for case in all().filter(|case| case.roles.contains(&role)) {
                assert!(seen.insert(case.slug), "{} is there twice", case.id(role));
                let plain =
                    |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
                assert!(case.slug.chars().all(plain), "{}", case.slug);
            }
        }
    }

    #[test]
    fn every_control_is_there_and_leads_to_the_base() {
        for role in Role::ALL {
            for case in all().filter(|case| case.roles.contains(&role)) {
                if let Some(slug) = case.control {
                    assert!(find(slug, role).is_some(), "{}: no {slug}", case.id(role));
                }
                let last = controls(case, role).last().unwrap_or(case);
                if last.control == Some(last.slug) {
                    continue;
                }
                assert_eq!(last.slug, base(last, role), "{}", case.id(role));
            }
        }
    }
}
