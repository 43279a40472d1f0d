//! The 2025 revision and its shipping profile, whose messages have the same
//! fields.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::packet::{
    Answer, Connect, Describe, Disconnect, Packet, Resource, Run, StartStream, StopStream,
    StreamData, with_entry,
};
use super::fields::{encodings, find_number, interval, introduction, number, text, units, value};
use super::{ConnectError, Constants, Description, Dialect, Function, Introduction, Kind};
use crate::pson::{Map, Value};
use crate::wire::{Any, DecodeError, EncodeError, Encoding, Reader, UnknownMessage, Writer};

/// Where the intervals of a revision are counted in seconds.
const SECOND: Duration = Duration::from_secs(1);
/// Where the intervals of a revision are counted in milliseconds.
const MILLISECOND: Duration = Duration::from_millis(1);

macro_rules! dialect {
    (
        $(#[$doc:meta])*
        $name:ident, $module:ident,
        interval: $unit:expr,
        echoes: $echoes:expr,
        encoding: $encoding:expr,
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        const _: () = {
            use crate::message::$module as spec;

            const CONSTANTS: Constants = Constants {
                keep_alive_default: Duration::from_secs(spec::timers::KEEP_ALIVE_DEFAULT),
                keep_alive_max: Duration::from_secs(spec::timers::KEEP_ALIVE_MAX),
                keep_alive_margin: spec::timers::KEEP_ALIVE_MARGIN as u32,
                keep_alive_answer: Duration::from_secs(spec::timers::KEEP_ALIVE_ANSWER),
                connect_answer: Duration::from_secs(spec::timers::CONNECT_ANSWER),
                max_message_size: spec::limits::MAX_MESSAGE_SIZE as usize,
                max_streams: spec::limits::MAX_STREAMS as usize,
                max_pending: spec::limits::MAX_PENDING as usize,
                auth_credentials: spec::AuthType::CREDENTIALS.0 as u64,
                interval_unit: $unit,
                echoes: $echoes,
            };

            fn any(value: Value, encoding: Encoding) -> Result<Any<'static>, EncodeError> {
                Any::from_value(&value, encoding, spec::INTEGERS_AS_VARINT)
            }

            fn optional(
                value: Option<Value>,
                encoding: Encoding,
            ) -> Result<Option<Any<'static>>, EncodeError> {
                value.map(|value| any(value, encoding)).transpose()
            }

            fn settings(connect: &Connect) -> Option<Value> {
                use spec::connect_parameters as keys;
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

            fn connect(message: spec::Connect<'_>) -> Result<Connect, DecodeError> {
                use spec::connect_parameters as keys;
                let parameters = value(message.parameters)?.unwrap_or_else(|| Map::new().into());
                let Value::Map(parameters) = parameters else {
                    let error = DecodeError::custom(format!(
                        "{}, but expected a map",
                        parameters.kind().name()
                    ));
                    return Err(error.in_field("parameters"));
                };
                let number = |key, default| number(&parameters, key, default);
                Ok(Connect {
                    stream_id: message.stream_id,
                    payload: message.payload.to_value()?,
                    protocol_version: number(
                        keys::PROTOCOL_VERSION,
                        keys::PROTOCOL_VERSION_DEFAULT,
                    )?,
                    keep_alive: Duration::from_secs(number(
                        keys::KEEP_ALIVE,
                        keys::KEEP_ALIVE_DEFAULT,
                    )?),
                    auth_type: number(keys::AUTH_TYPE, keys::AUTH_TYPE_DEFAULT)?,
                    client_type: text(&parameters, keys::CLIENT_TYPE),
                    firmware: text(&parameters, keys::FIRMWARE),
                })
            }

            fn packet(message: spec::Message<'_>) -> Result<Packet, DecodeError> {
                use spec::Message as M;
                Ok(match message {
                    M::Ok(m) => Packet::Ok(Answer {
                        stream_id: m.stream_id,
                        parameters: value(m.parameters)?,
                        payload: value(m.payload)?,
                    }),
                    M::Error(m) => Packet::Error(Answer {
                        stream_id: m.stream_id,
                        parameters: value(m.parameters)?,
                        payload: value(m.payload)?,
                    }),
                    M::Connect(m) => Packet::Connect(connect(m).map_err(|e| e.in_message("Connect"))?),
                    M::Disconnect(m) => Packet::Disconnect(Disconnect {
                        stream_id: m.stream_id,
                        reason: value(m.parameters)?,
                        payload: value(m.payload)?,
                    }),
                    M::KeepAlive(_) => Packet::KeepAlive,
                    M::Run(m) => Packet::Run(Run {
                        stream_id: m.stream_id,
                        resource: m.resource.to_value()?.into(),
                        parameters: value(m.parameters)?,
                        payload: value(m.payload)?,
                    }),
                    M::Describe(m) => Packet::Describe(Describe {
                        stream_id: m.stream_id,
                        resource: value(m.resource)?.map(Resource::from),
                        parameters: value(m.parameters)?,
                    }),
                    M::StartStream(m) => {
                        let parameters = value(m.parameters)?;
                        let key = spec::stream_parameters::INTERVAL;
                        Packet::StartStream(StartStream {
                            stream_id: m.stream_id,
                            resource: m.resource.to_value()?.into(),
                            interval: interval(parameters.as_ref(), key, CONSTANTS.interval_unit)
                                .map_err(|e| e.in_message("StartStream"))?,
                            parameters,
                            payload: value(m.payload)?,
                        })
                    }
                    M::StopStream(m) => Packet::StopStream(StopStream {
                        stream_id: m.stream_id,
                        parameters: value(m.parameters)?,
                        payload: value(m.payload)?,
                    }),
                    M::StreamData(m) => Packet::StreamData(StreamData {
                        stream_id: m.stream_id,
                        parameters: value(m.parameters)?,
                        payload: value(m.payload)?,
                    }),
                    M::Unknown(m) => Packet::Unknown {
                        code: m.code,
                        body: m.body.into_owned(),
                    },
                })
            }

            fn message(
                packet: Packet,
                encoding: Encoding,
            ) -> Result<spec::Message<'static>, EncodeError> {
                use spec::Message as M;
                Ok(match packet {
                    Packet::Ok(p) => M::Ok(spec::Ok {
                        stream_id: p.stream_id,
                        parameters: optional(p.parameters, encoding)?,
                        payload: optional(p.payload, encoding)?,
                    }),
                    Packet::Error(p) => M::Error(spec::Error {
                        stream_id: p.stream_id,
                        parameters: optional(p.parameters, encoding)?,
                        payload: optional(p.payload, encoding)?,
                    }),
                    Packet::Connect(p) => M::Connect(spec::Connect {
                        stream_id: p.stream_id,
                        parameters: optional(settings(&p), encoding)?,
                        payload: any(p.payload, encoding)?,
                    }),
                    Packet::Disconnect(p) => M::Disconnect(spec::Disconnect {
                        stream_id: p.stream_id,
                        parameters: optional(p.reason, encoding)?,
                        payload: optional(p.payload, encoding)?,
                    }),
                    Packet::KeepAlive => M::KeepAlive(spec::KeepAlive {}),
                    Packet::Run(p) => M::Run(spec::Run {
                        stream_id: p.stream_id,
                        resource: any(p.resource.into(), encoding)?,
                        parameters: optional(p.parameters, encoding)?,
                        payload: optional(p.payload, encoding)?,
                    }),
                    Packet::Describe(p) => M::Describe(spec::Describe {
                        stream_id: p.stream_id,
                        resource: optional(p.resource.map(Value::from), encoding)?,
                        parameters: optional(p.parameters, encoding)?,
                    }),
                    Packet::StartStream(p) => {
                        let mut parameters = p.parameters;
                        if let Some(count) = units(p.interval, CONSTANTS.interval_unit)? {
                            let key = spec::stream_parameters::INTERVAL;
                            parameters = Some(with_entry(parameters, key, count.into()));
                        }
                        M::StartStream(spec::StartStream {
                            stream_id: p.stream_id,
                            resource: any(p.resource.into(), encoding)?,
                            parameters: optional(parameters, encoding)?,
                            payload: optional(p.payload, encoding)?,
                        })
                    }
                    Packet::StopStream(p) => M::StopStream(spec::StopStream {
                        stream_id: p.stream_id,
                        parameters: optional(p.parameters, encoding)?,
                        payload: optional(p.payload, encoding)?,
                    }),
                    Packet::StreamData(p) => M::StreamData(spec::StreamData {
                        stream_id: p.stream_id,
                        parameters: optional(p.parameters, encoding)?,
                        payload: optional(p.payload, encoding)?,
                    }),
                    Packet::Unknown { code, body } => M::Unknown(UnknownMessage {
                        code,
                        body: body.into(),
                    }),
                })
            }

            /// The key of the stream identifier, as the codec itself writes it.
            fn stream_id_key() -> Option<u32> {
                let message = spec::StopStream {
                    stream_id: 0,
                    parameters: None,
                    payload: None,
                };
                let mut buffer = [0; 8];
                message.encode_body(&mut Writer::new(&mut buffer)).ok()?;
                spec::LAYOUT.read_key(&mut Reader::new(&buffer)).ok()
            }

            impl Dialect for $name {
                fn name(&self) -> &'static str {
                    spec::NAME
                }

                fn constants(&self) -> &'static Constants {
                    &CONSTANTS
                }

                fn encoding(&self, protocol_version: u64) -> Option<Encoding> {
                    let encoding: fn(u64) -> Option<Encoding> = $encoding;
                    encoding(protocol_version)
                }

                fn encodings(&self) -> Vec<Encoding> {
                    encodings(&spec::LAYOUT, spec::DEFAULT_ENCODING)
                }

                fn kind(&self, code: u32) -> Kind {
                    match code {
                        spec::Ok::CODE => Kind::Ok,
                        spec::Error::CODE => Kind::Error,
                        spec::Connect::CODE => Kind::Connect,
                        spec::Disconnect::CODE => Kind::Disconnect,
                        spec::KeepAlive::CODE => Kind::KeepAlive,
                        spec::Run::CODE => Kind::Run,
                        spec::Describe::CODE => Kind::Describe,
                        spec::StartStream::CODE => Kind::StartStream,
                        spec::StopStream::CODE => Kind::StopStream,
                        spec::StreamData::CODE => Kind::StreamData,
                        _ => Kind::Unknown,
                    }
                }

                fn decode(
                    &self,
                    code: u32,
                    reader: &mut Reader<'_>,
                    encoding: Encoding,
                ) -> Result<Packet, DecodeError> {
                    let start = reader.offset();
                    packet(spec::Message::decode_body(code, reader, encoding)?)
                        .map_err(|error| error.or_at(start))
                }

                fn decode_connect(&self, reader: &Reader<'_>) -> Result<Introduction, DecodeError> {
                    introduction(&self.encodings(), |encoding| {
                        let message = spec::Connect::decode_body(&mut reader.clone(), encoding)?;
                        let connect = connect(message)
                            .map_err(|e| e.in_message("Connect").or_at(reader.offset()))?;
                        let consistent = self.encoding(connect.protocol_version) == Some(encoding);
                        Ok(Introduction {
                            connect,
                            encoding,
                            consistent,
                        })
                    })
                }

                fn stream_id(&self, reader: &mut Reader<'_>, encoding: Encoding) -> Option<u16> {
                    find_number(&spec::LAYOUT, stream_id_key()?, reader, encoding)
                }

                fn encode(
                    &self,
                    packet: Packet,
                    encoding: Encoding,
                ) -> Result<Vec<u8>, EncodeError> {
                    message(packet, encoding)?.to_vec()
                }

                fn refusal_code(&self, refusal: ConnectError) -> Option<u64> {
                    let code = match refusal {
                        ConnectError::Refused => return None,
                        ConnectError::Other(code) => return Some(code),
                        ConnectError::Redirect => spec::ConnectError::REDIRECT,
                        ConnectError::BadCredentials => spec::ConnectError::BAD_CREDENTIALS,
                        ConnectError::InvalidKeepAlive => spec::ConnectError::INVALID_KEEP_ALIVE,
                        ConnectError::BadEncoding => spec::ConnectError::BAD_ENCODING,
                    };
                    Some(code.0.into())
                }

                fn refusal(&self, code: Option<u64>) -> ConnectError {
                    let Some(code) = code else {
                        return ConnectError::Refused;
                    };
                    match u16::try_from(code).map(spec::ConnectError) {
                        Ok(spec::ConnectError::REDIRECT) => ConnectError::Redirect,
                        Ok(spec::ConnectError::BAD_CREDENTIALS) => ConnectError::BadCredentials,
                        Ok(spec::ConnectError::INVALID_KEEP_ALIVE) => {
                            ConnectError::InvalidKeepAlive
                        }
                        Ok(spec::ConnectError::BAD_ENCODING) => ConnectError::BadEncoding,
                        _ => ConnectError::Other(code),
                    }
                }

                fn description(&self, description: &Description) -> Value {
                    use spec::resource_description as keys;
                    let function = match description.function {
                        Function::Run => spec::FunctionType::NONE,
                        Function::Input => spec::FunctionType::INPUT,
                        Function::Output => spec::FunctionType::OUTPUT,
                        Function::InputOutput => spec::FunctionType::INPUT_OUTPUT,
                    };
                    let mut map = Map::from([(keys::FUNCTION, function.0)]);
                    if u64::from(description.needs_parameters) != keys::NEEDS_PARAMETERS_DEFAULT {
                        map.insert(keys::NEEDS_PARAMETERS, description.needs_parameters);
                    }
                    if u64::from(description.can_stream) != keys::CAN_STREAM_DEFAULT {
                        map.insert(keys::CAN_STREAM, description.can_stream);
                    }
                    if let Some(alias) = description.alias {
                        map.insert(keys::ALIAS, alias);
                    }
                    map.into()
                }

                fn samples(&self, input: Option<Value>, output: Option<Value>) -> Value {
                    use spec::resource_samples as keys;
                    let samples = [(keys::INPUT, input), (keys::OUTPUT, output)];
                    let given = samples.into_iter();
                    let given = given.filter_map(|(key, sample)| Some((key, sample?)));
                    given.collect::<Map>().into()
                }
            }
        };
    };
}

dialect! {
    /// The 2025 revision: intervals in seconds, the generation of PSON by the
    /// protocol version.
    Iotmp2025, iotmp_2025,
    interval: SECOND,
    echoes: false,
    encoding: |version| match u8::try_from(version).map(spec::ProtocolVersion) {
        Ok(spec::ProtocolVersion::PSON_GENERATION_1) => Some(Encoding::Pson1),
        Ok(spec::ProtocolVersion::PSON_GENERATION_2) => Some(Encoding::Pson2),
        _ => None,
    },
}

dialect! {
    /// The shipping profile: intervals in milliseconds, PSON generation 2
    /// whatever the version.
    IotmpShipping, iotmp_shipping,
    interval: MILLISECOND,
    echoes: true,
    encoding: |_| Some(spec::DEFAULT_ENCODING),
}
