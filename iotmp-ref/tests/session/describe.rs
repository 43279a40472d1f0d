//! What a device says of its resources.

use iotmp_ref::device::{Device, Failure};
use iotmp_ref::pson::{Map, Value};
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::{Reply, Resource};

use crate::pair::{Cut, Pair};
use crate::script::{SHIPPING, Y2025, millis};

fn device() -> Device {
    Device::new("u", "d", "secret123")
        .run("reboot", || ())
        .input("led", |_| ())
        .sample(false)
        .output("temperature", || 22.5)
        .input_output("twice", |value: Value| value.as_u64().map(|n| n * 2))
        .sample(4)
        .input_output("toggle", |value| value)
        .needs_parameters()
        .output("secret", || Err::<(), _>(Failure::new("not now")))
        .no_streams()
        .alias(7)
}

fn describe(dialect: &'static dyn Dialect, resource: Option<Resource>) -> Result<Reply, Reply> {
    let mut pair = Pair::new(device(), dialect, Cut::Whole);
    pair.run_for(millis(40));
    let request = pair.server.describe(pair.now, resource).unwrap();
    pair.run_for(millis(40));
    pair.answer(request)
}

fn both(resource: Option<&str>) -> Result<Reply, Reply> {
    let answer = describe(SHIPPING, resource.map(Resource::from));
    assert_eq!(describe(Y2025, resource.map(Resource::from)), answer);
    answer
}

fn map<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Map::from(pairs).into()
}

/// IOTMP25-DESCRIBE-001, -002, -005
#[test]
fn all_resources_with_their_functions() {
    let expected = map([
        ("reboot", map([("fn", 1.into()), ("st", false.into())])),
        ("led", map([("fn", 2.into())])),
        ("temperature", map([("fn", 3.into())])),
        ("twice", map([("fn", 4.into())])),
        ("toggle", map([("fn", 4.into()), ("pr", true.into())])),
        (
            "secret",
            map([("fn", 3.into()), ("st", false.into()), ("id", 7.into())]),
        ),
    ]);
    assert_eq!(both(None), Ok(Reply::value(expected)));
}

/// IOTMP25-DESCRIBE-003
#[test]
fn samples_of_what_it_has() {
    let samples = |name| both(Some(name)).unwrap().payload;
    assert_eq!(samples("led"), Some(map([("in", false.into())])));
    assert_eq!(samples("temperature"), Some(map([("out", 22.5.into())])));
    let twice = map([("in", 4.into()), ("out", 8.into())]);
    assert_eq!(samples("twice"), Some(twice));
    // nothing is known yet, and it is not run to find out
    let toggle = map([("in", Value::Null), ("out", Value::Null)]);
    assert_eq!(samples("toggle"), Some(toggle));
    assert_eq!(samples("secret"), Some(map([("out", Value::Null)])));
    assert_eq!(samples("reboot"), None);
}

/// IOTMP25-DESCRIBE-004
#[test]
fn what_does_not_exist_is_an_error() {
    assert_eq!(both(Some("nope")), Err(Reply::empty()));
    assert_eq!(both(Some("")), Err(Reply::empty()));
    let nothing = Resource::Other(Value::Null);
    assert_eq!(describe(SHIPPING, Some(nothing)), Err(Reply::empty()));
}

/// IOTMP25-RUN-006
#[test]
fn an_alias_names_it_as_well() {
    let named = both(Some("secret"));
    assert_eq!(describe(SHIPPING, Some(Resource::Number(7))), named);
    let other = describe(SHIPPING, Some(Resource::Number(8)));
    assert_eq!(other, Err(Reply::empty()));
}
