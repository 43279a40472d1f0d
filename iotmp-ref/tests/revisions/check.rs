//! What every message has to do, for the types of one generated module.

/// Defines `check` and `refused` for a module of key-value messages.
macro_rules! checks {
    ($module:ident) => {
        fn bytes(text: &str) -> Vec<u8> {
            hex::decode(text.replace(' ', "")).expect("hex")
        }

        /// Checks that a message is written as `text`, in hex, is read from it, survives as names
        /// and values, and is truncated wherever it is cut.
        fn check(message: impl Into<$module::Message<'static>>, text: &str) {
            let message = message.into();
            let bytes = bytes(text);
            assert_eq!(message.to_vec(), Ok(bytes.clone()), "{text}");
            assert_eq!(message.encoded_len(), bytes.len());
            assert_eq!(
                $module::decode(&bytes),
                Ok((message.clone(), bytes.len())),
                "{text}"
            );
            for size in 0..bytes.len() {
                let error = $module::decode(&bytes[..size]).unwrap_err();
                assert_eq!(error.class(), "truncated", "{text} cut to {size}");
            }
            let mut fields = Vec::new();
            message.visit(&mut |name, value| {
                let value = match value {
                    iotmp_ref::wire::FieldValue::Any(any) => {
                        iotmp_ref::wire::FieldValue::Any(any.into_owned())
                    }
                    iotmp_ref::wire::FieldValue::Number(number) => {
                        iotmp_ref::wire::FieldValue::Number(number)
                    }
                    other => panic!("{other:?}"),
                };
                fields.push((name, value));
            });
            let mut get = |name: &'static str| {
                let found = fields.iter().find(|(field, _)| *field == name);
                found.map(|(_, value)| value.clone())
            };
            let name = message.name().expect("it has a name");
            assert_eq!($module::Message::build(name, &mut get), Ok(message));
        }

        /// Class, offset and path of the refusal of a message in hex.
        fn refused(text: &str) -> (&'static str, usize, String) {
            let error = $module::decode(&bytes(text)).unwrap_err();
            (error.class(), error.offset(), error.path().to_string())
        }
    };
}
