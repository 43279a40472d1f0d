//! Which resource of the server is meant, and what of it.
//!
//! Two layouts are in the field: the number of the server's resource stands in
//! the resource and its target in the parameters, or the other way round.

use alloc::format;
use alloc::string::{String, ToString};

use super::super::credentials::DeviceId;
use crate::device::Failure;
use crate::message::iotmp_shipping::ServerResource;
use crate::pson::{Map, Value};
use crate::session::{Call, Resource};

/// Longest name of anything that is kept, in bytes.
const MAX_NAME: usize = 128;

/// Keys under which a map may name a target.
const NAMES: [&str; 4] = ["name", "property", "bucket", "lock"];

/// A resource of the server, and its target.
#[derive(Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) resource: ServerResource,
    pub(super) target: Value,
}

/// Reads either layout. A number as resource is taken for that of the server's:
/// nothing else that the server has is named by a number.
pub(super) fn wanted(resource: &Resource, parameters: Option<Value>) -> Option<Wanted> {
    if let Resource::Number(number) = resource {
        return Some(Wanted {
            resource: server_resource(*number)?,
            target: parameters.unwrap_or_default(),
        });
    }
    Some(Wanted {
        resource: server_resource(parameters?.as_u64()?)?,
        target: resource.clone().into(),
    })
}

fn server_resource(number: u64) -> Option<ServerResource> {
    let resource = ServerResource(u8::try_from(number).ok()?);
    let known = ServerResource::READ_DEVICE_PROPERTY.0..=ServerResource::SUBSCRIBE_EVENT.0;
    known.contains(&resource.0).then_some(resource)
}

/// The name that a target is.
pub(super) fn named(target: &Value) -> Result<String, Failure> {
    let name = match target {
        Value::Map(map) => NAMES.iter().find_map(|key| map.get(key)),
        other => Some(other),
    };
    let name = name.and_then(|name| Resource::from(name.clone()).name());
    match name {
        Some(name) if (1..=MAX_NAME).contains(&name.len()) => Ok(name),
        Some(name) => {
            let length = name.len();
            let why = format!("a name of {length} bytes; use 1 to {MAX_NAME}");
            Err(Failure::new(why).code(400))
        }
        None => {
            let why = "no name; give a text as the parameters, or as the resource";
            Err(Failure::new(why).code(400))
        }
    }
}

/// What to run on which other device: `"device/resource"`, the same in segments,
/// or a map of `device` and `resource`.
pub(super) fn call(
    caller: &DeviceId,
    target: Value,
    payload: Option<Value>,
) -> Result<(String, Call), Failure> {
    let unclear = || {
        let why = "which device and resource? give \"device/resource\", \
                   or a map of device and resource";
        Failure::new(why).code(400)
    };
    let (device, resource, parameters) = match target {
        Value::Map(map) => {
            if map
                .get("user")
                .is_some_and(|user| user.as_str() != Some(&caller.user))
            {
                return Err(Failure::new("devices of other users cannot be called").code(403));
            }
            let device = text(&map, "device").ok_or_else(unclear)?;
            let resource = map.get("resource").cloned().ok_or_else(unclear)?;
            (
                device,
                Resource::from(resource),
                map.get("parameters").cloned(),
            )
        }
        other => {
            let path = Resource::from(other).name().ok_or_else(unclear)?;
            let (device, resource) = path.split_once('/').ok_or_else(unclear)?;
            (device.to_string(), resource.into(), None)
        }
    };
    let is_named = resource.name().is_none_or(|name| !name.is_empty());
    if device.is_empty() || !is_named {
        return Err(unclear());
    }
    let call = Call {
        resource,
        parameters,
        payload,
    };
    Ok((device, call))
}

pub(super) fn text(map: &Map, key: &str) -> Option<String> {
    map.get(key)
        .and_then(Value::as_str)
        .map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{DeviceId, Resource, ServerResource, Value, Wanted, call, named, wanted};
    use crate::pson::Map;
    use crate::session::Call;

    #[test]
    fn both_layouts_mean_the_same() {
        let expected = || {
            Some(Wanted {
                resource: ServerResource::LOCK,
                target: "door".into(),
            })
        };
        assert_eq!(
            wanted(&Resource::Number(6), Some("door".into())),
            expected()
        );
        assert_eq!(wanted(&"door".into(), Some(6.into())), expected());
        for number in [0_u64, 9, 256 + 6] {
            assert_eq!(wanted(&Resource::Number(number), None), None);
            assert_eq!(wanted(&"door".into(), Some(number.into())), None);
        }
        assert_eq!(wanted(&"door".into(), None), None);
        assert_eq!(wanted(&"door".into(), Some("6".into())), None);
    }

    #[test]
    fn a_name_is_a_text_of_some_length() {
        let check = |target: Value, name: Option<&str>| {
            assert_eq!(named(&target).ok().as_deref(), name, "{target:?}");
        };
        check("a".into(), Some("a"));
        check(["a".into(), "b".into()].into(), Some("a/b"));
        check(Map::from([("property", "p")]).into(), Some("p"));
        check("".into(), None);
        check("x".repeat(129).into(), None);
        check(7.into(), None);
        check(Map::new().into(), None);
    }

    #[test]
    fn a_call_names_a_device_of_the_same_user() {
        let id = DeviceId::new("u", "d");
        let check = |target: Value, expected: Option<(&str, &str)>| {
            let found = call(&id, target.clone(), Some(1.into())).ok();
            let expected = expected
                .map(|(device, resource)| (device.to_string(), Call::new(resource).payload(1)));
            assert_eq!(found, expected, "{target:?}");
        };
        check("e/a/b".into(), Some(("e", "a/b")));
        check(
            ["e".into(), "a".into(), "b".into()].into(),
            Some(("e", "a/b")),
        );
        let map = |user: &str| {
            Value::from(Map::from([
                ("device", "e"),
                ("resource", "a"),
                ("user", user),
            ]))
        };
        check(map("u"), Some(("e", "a")));
        check(map("v"), None);
        check("e".into(), None);
        check("e/".into(), None);
        check("/a".into(), None);
        check(Value::Null, None);
    }
}
