//! Which thing of the newer specification is which of the older one.

use iotmp_spec::model::{Enum, MapSchema, Message, Quantity, Spec, State};

/// A thing of the older specification, of the newer one, or of both.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pair<'s, T> {
    Both(&'s T, &'s T),
    Removed(&'s T),
    Added(&'s T),
}

/// Pairs things by name, and the rest by being the `same` under another name.
/// The order is that of the older ones; what was added comes last.
pub(super) fn pairs<'s, T>(
    old: &'s [T],
    new: &'s [T],
    name: impl Fn(&T) -> &str,
    same: impl Fn(&T, &T) -> bool,
) -> Vec<Pair<'s, T>> {
    let named = |list: &'s [T], wanted: &T| list.iter().find(|thing| name(thing) == name(wanted));
    let mut renamed: Vec<&T> = Vec::new();
    let mut pairs = Vec::new();
    for thing in old {
        let found = named(new, thing).or_else(|| {
            let mut rest = new.iter().filter(|other| named(old, other).is_none());
            rest.find(|other| {
                !renamed.iter().any(|taken| core::ptr::eq(*taken, *other)) && same(thing, other)
            })
            .inspect(|other| renamed.push(other))
        });
        pairs.push(found.map_or(Pair::Removed(thing), |other| Pair::Both(thing, other)));
    }
    let added = new.iter().filter(|thing| {
        named(old, thing).is_none() && !renamed.iter().any(|taken| core::ptr::eq(*taken, *thing))
    });
    pairs.extend(added.map(Pair::Added));
    pairs
}

/// Names that others refer to: older and newer.
#[derive(Debug)]
pub(super) struct Renamed<'s> {
    pub(super) messages: Vec<(&'s str, &'s str)>,
    pub(super) enums: Vec<(&'s str, &'s str)>,
    pub(super) maps: Vec<(&'s str, &'s str)>,
    pub(super) states: Vec<(&'s str, &'s str)>,
}

impl<'s> Renamed<'s> {
    pub(super) fn between(old: &'s Spec, new: &'s Spec) -> Self {
        fn names<'s, T>(
            pairs: Vec<Pair<'s, T>>,
            name: impl Fn(&'s T) -> &'s str,
        ) -> Vec<(&'s str, &'s str)> {
            let both = pairs.into_iter().filter_map(|pair| match pair {
                Pair::Both(old, new) => Some((name(old), name(new))),
                Pair::Removed(_) | Pair::Added(_) => None,
            });
            both.filter(|(old, new)| old != new).collect()
        }
        Self {
            messages: names(messages(old, new), |m| m.name.as_str()),
            enums: names(enums(old, new), |e| e.name.as_str()),
            maps: names(maps(old, new), |m| m.name.as_str()),
            states: names(states(old, new), |s| s.name.as_str()),
        }
    }
}

/// What an older name has become.
pub(super) fn now<'n>(names: &[(&'n str, &'n str)], old: &'n str) -> &'n str {
    let found = names.iter().find(|(name, _)| *name == old);
    found.map_or(old, |(_, new)| new)
}

pub(super) fn messages<'s>(old: &'s Spec, new: &'s Spec) -> Vec<Pair<'s, Message>> {
    pairs(
        &old.messages,
        &new.messages,
        |m| &m.name,
        |old, new| (old.code, &old.answers_to) == (new.code, &new.answers_to),
    )
}

pub(super) fn enums<'s>(old: &'s Spec, new: &'s Spec) -> Vec<Pair<'s, Enum>> {
    let numbers = |e: &Enum| {
        let mut numbers: Vec<_> = e.values.iter().map(|value| value.value).collect();
        numbers.sort_unstable();
        numbers
    };
    pairs(
        &old.enums,
        &new.enums,
        |e| &e.name,
        |old, new| old.bits == new.bits && !old.values.is_empty() && numbers(old) == numbers(new),
    )
}

pub(super) fn maps<'s>(old: &'s Spec, new: &'s Spec) -> Vec<Pair<'s, MapSchema>> {
    let keys = |map: &MapSchema| {
        let mut keys: Vec<_> = map.entries.iter().map(|entry| entry.key.clone()).collect();
        keys.sort_unstable();
        keys
    };
    pairs(
        &old.maps,
        &new.maps,
        |m| &m.name,
        |old, new| !old.entries.is_empty() && keys(old) == keys(new),
    )
}

/// States under another name allow the same messages and have ways out on the same events.
pub(super) fn states<'s>(old: &'s Spec, new: &'s Spec) -> Vec<Pair<'s, State>> {
    let events = |state: &State| {
        let mut events: Vec<_> = state.next.iter().map(|(event, _)| event.clone()).collect();
        events.sort_unstable();
        events
    };
    pairs(
        &old.states,
        &new.states,
        |s| &s.name,
        |old, new| {
            old.initial == new.initial
                && old.device_sends == new.device_sends
                && old.server_sends == new.server_sends
                && events(old) == events(new)
        },
    )
}

/// Quantities under another name are as much of the same, told in the same words.
pub(super) fn quantities<'s>(old: &'s [Quantity], new: &'s [Quantity]) -> Vec<Pair<'s, Quantity>> {
    pairs(
        old,
        new,
        |q| &q.name,
        |old, new| (old.value, &old.unit, &old.doc) == (new.value, &new.unit, &new.doc),
    )
}
