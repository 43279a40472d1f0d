//! What a device says of its resources.

use iotmp_ref::pson::Value;

use super::super::message::Passed;
use super::super::rule;
use super::Judge;
use super::exchange::Request;

impl Judge {
    /// A Describe was answered.
    pub(super) fn described(&mut self, passed: &Passed, request: &Request) {
        let side = passed.mark.from;
        let marks = [&request.mark, &passed.mark];
        let ok = passed.name() == "ok";
        let payload = passed.field("payload");
        if !request.resource.is_empty() {
            // Whether there is such a resource is the device's own knowledge.
            match (ok, payload) {
                (false, _) => self.book.kept(&rule::DESCRIBE_UNKNOWN, side),
                (true, Some(Value::Map(_)) | None) => self.book.kept(&rule::DESCRIBE_ONE, side),
                (true, Some(_)) => {
                    let texts = ("a map of samples", passed.mark.phrase());
                    self.book.broken(&rule::DESCRIBE_ONE, side, texts, &marks);
                }
            }
            return;
        }
        if !ok {
            let texts = ("Ok", passed.mark.phrase());
            self.book.broken(&rule::DESCRIBE_ALL, side, texts, &marks);
            return;
        }
        let Some(Value::Map(resources)) = payload else {
            let texts = ("a map of resources", passed.mark.phrase());
            self.book.broken(&rule::DESCRIBE_ALL, side, texts, &marks);
            return;
        };
        let odd = resources.iter().find(|(_, what)| what.as_map().is_none());
        if let Some((name, _)) = odd {
            let got = format!("no map for {name:?}");
            let texts = ("a map for every resource", got);
            self.book.broken(&rule::DESCRIBE_ALL, side, texts, &marks);
            return;
        }
        self.book.kept(&rule::DESCRIBE_ALL, side);
        let spec = self.book.spec;
        let Some(schema) = spec.map("resource_description") else {
            return;
        };
        for entry in &schema.entries {
            let functions = spec.enumeration(&entry.ty);
            for (name, what) in resources.iter() {
                let value = what.get(&entry.key);
                let fits = match (value, functions, entry.ty.as_str()) {
                    (None, ..) => !entry.mandatory,
                    (Some(value), Some(known), _) => {
                        let number = value.as_u64();
                        known.values.iter().any(|known| Some(known.value) == number)
                    }
                    (Some(value), None, "boolean") => value.as_bool().is_some(),
                    (Some(value), None, "integer") => value.as_integer().is_some(),
                    _ => true,
                };
                let rule = if entry.mandatory {
                    &rule::DESCRIBE_FUNCTION
                } else {
                    &rule::DESCRIBE_TYPES
                };
                if !fits {
                    let key = &entry.key;
                    let got = match value {
                        None => format!("no {key} of {name:?}"),
                        Some(value) => format!("{key} of {name:?} is {value:?}"),
                    };
                    let expected = format!("{key}: {} ({})", entry.ty, entry.doc);
                    self.book.broken(rule, side, (expected, got), &marks);
                } else if value.is_some() {
                    self.book.kept(rule, side);
                }
            }
        }
    }
}
