//! Connect where it asks for everything in a map of parameters: the 2025
//! revision and its profile.

macro_rules! connect_by_parameters {
    ($name:ident, $module:ident, encoding: $encoding:expr) => {
        pub(super) mod $name {
            use core::time::Duration;

            use crate::message::$module as spec;
            use crate::pson::{Map, Value};
            use crate::session::dialect::{DataLabels, Introduction};
            use crate::session::dialect::fields::{
                encodings, number, optional, text, unknown_fields, value, wrong,
            };
            use crate::session::error::Incompatible;
            use crate::session::packet::Connect;
            use crate::wire::{Any, DecodeError, EncodeError, Encoding, Reader};
            use spec::connect_parameters as keys;

            pub(crate) const AUTH_CREDENTIALS: u64 = spec::AuthType::CREDENTIALS.0 as u64;

            /// The number of a token is reserved.
            pub(crate) const AUTH_STRING: Option<u64> = None;

            pub(crate) const DATA_LABELS: Option<DataLabels> = None;

            pub(crate) fn negotiated(version: u64, asked: Option<Encoding>) -> Option<Encoding> {
                let encoding: fn(u64) -> Option<Encoding> = $encoding;
                match asked {
                    Some(_) => None,
                    None => encoding(version),
                }
            }

            pub(crate) const fn connect_encoding(negotiated: Encoding) -> Encoding {
                negotiated
            }

            pub(crate) fn message(
                connect: Connect,
                encoding: Encoding,
            ) -> Result<spec::Connect<'static>, EncodeError> {
                let varint = spec::INTEGERS_AS_VARINT;
                let payload = Any::from_value(&connect.payload, encoding, varint)?;
                Ok(spec::Connect {
                    parameters: optional(settings(&connect), encoding, varint)?,
                    ..spec::Connect::new(payload, connect.stream_id)
                })
            }

            fn settings(connect: &Connect) -> Option<Value> {
                let mut map = Map::new();
                if connect.protocol_version != keys::PROTOCOL_VERSION_DEFAULT {
                    map.insert(keys::PROTOCOL_VERSION, connect.protocol_version);
                }
                let keep_alive = connect.keep_alive.as_secs();
                if keep_alive != keys::KEEP_ALIVE_DEFAULT {
                    map.insert(keys::KEEP_ALIVE, keep_alive);
                }
                if connect.auth_type != keys::AUTH_TYPE_DEFAULT {
                    map.insert(keys::AUTH_TYPE, connect.auth_type);
                }
                if let Some(client_type) = &connect.client_type {
                    map.insert(keys::CLIENT_TYPE, client_type.as_str());
                }
                if let Some(firmware) = &connect.firmware {
                    map.insert(keys::FIRMWARE, firmware.as_str());
                }
                (!map.is_empty()).then_some(Value::Map(map))
            }

            pub(crate) fn packet(message: spec::Connect<'_>) -> Result<Connect, DecodeError> {
                let parameters = value(message.parameters)?.unwrap_or_else(|| Map::new().into());
                let Value::Map(parameters) = parameters else {
                    return Err(wrong(&parameters, "a map").in_field("parameters"));
                };
                let number = |key, default| number(&parameters, key, default);
                Ok(Connect {
                    stream_id: message.stream_id,
                    payload: message.payload.to_value()?,
                    protocol_version: number(
                        keys::PROTOCOL_VERSION,
                        keys::PROTOCOL_VERSION_DEFAULT,
                    )?,
                    encoding: None,
                    keep_alive: Duration::from_secs(number(
                        keys::KEEP_ALIVE,
                        keys::KEEP_ALIVE_DEFAULT,
                    )?),
                    auth_type: number(keys::AUTH_TYPE, keys::AUTH_TYPE_DEFAULT)?,
                    client_type: text(&parameters, keys::CLIENT_TYPE),
                    firmware: text(&parameters, keys::FIRMWARE),
                })
            }

            /// Reads it under one encoding after the other until one agrees
            /// with what it says of itself.
            pub(crate) fn introduction(reader: &Reader<'_>) -> Result<Introduction, DecodeError> {
                let encodings = encodings(&spec::LAYOUT, spec::DEFAULT_ENCODING);
                let mut best = read(reader, spec::DEFAULT_ENCODING);
                for &encoding in encodings.iter().skip(1) {
                    if matches!(&best, Ok(found) if found.negotiated.is_ok()) {
                        break;
                    }
                    match read(reader, encoding) {
                        // What is readable tells more than what is not.
                        Ok(found) if found.negotiated.is_ok() || best.is_err() => best = Ok(found),
                        _ => {}
                    }
                }
                best
            }

            fn read(reader: &Reader<'_>, encoding: Encoding) -> Result<Introduction, DecodeError> {
                let message = spec::Connect::decode_body(&mut reader.clone(), encoding)?;
                let mut known = 0;
                message.visit(&mut |_, _| known += 1);
                let connect =
                    packet(message).map_err(|e| e.in_message("Connect").or_at(reader.offset()))?;
                let version = connect.protocol_version;
                let agreed = negotiated(version, None).filter(|&agreed| agreed == encoding);
                Ok(Introduction {
                    connect,
                    encoding,
                    negotiated: agreed.ok_or(Incompatible::ProtocolVersion(version)),
                    unknown_fields: unknown_fields(&spec::LAYOUT, reader, encoding, known),
                })
            }
        }
    };
}

connect_by_parameters! {
    iotmp_2025, iotmp_2025,
    encoding: |version| match u8::try_from(version).map(spec::ProtocolVersion) {
        Ok(spec::ProtocolVersion::PSON_GENERATION_1) => Some(Encoding::Pson1),
        Ok(spec::ProtocolVersion::PSON_GENERATION_2) => Some(Encoding::Pson2),
        _ => None,
    }
}

connect_by_parameters! {
    iotmp_shipping, iotmp_shipping,
    encoding: |_| Some(spec::DEFAULT_ENCODING)
}
