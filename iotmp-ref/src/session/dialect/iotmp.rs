//! The revisions from 2023 on, whose messages have the same fields but for
//! Connect.

use alloc::vec::Vec;
use core::time::Duration;

use super::super::packet::{
    Action, Answer, DataKind, Describe, Disconnect, Packet, Resource, Run, StartStream, StopStream,
    StreamData, with_entry,
};
use super::fields::{
    description, encodings, find_number, inexpressible, interval, only_key, samples, units, value,
};
use super::{ConnectError, Constants, Description, Dialect, Introduction, Kind, parameters};
use crate::pson::Value;
use crate::wire::{Any, DecodeError, EncodeError, Encoding, Reader, UnknownMessage};

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
        required: $required:expr,
        connect: $connect:path,
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        const _: () = {
            use crate::message::$module as spec;
            use $connect as connect;

            const CONSTANTS: Constants = Constants {
                keep_alive_default: Duration::from_secs(spec::timers::KEEP_ALIVE_DEFAULT),
                keep_alive_max: Duration::from_secs(spec::timers::KEEP_ALIVE_MAX),
                keep_alive_margin: spec::timers::KEEP_ALIVE_MARGIN as u32,
                keep_alive_answer: Duration::from_secs(spec::timers::KEEP_ALIVE_ANSWER),
                connect_answer: Duration::from_secs(spec::timers::CONNECT_ANSWER),
                max_message_size: spec::limits::MAX_MESSAGE_SIZE as usize,
                max_streams: spec::limits::MAX_STREAMS as usize,
                max_pending: spec::limits::MAX_PENDING as usize,
                auth_credentials: connect::AUTH_CREDENTIALS,
                auth_string: connect::AUTH_STRING,
                interval_unit: $unit,
                required_encodings: $required,
                reconfigures: false,
                answers_have_parameters: true,
                disconnect_has_id: false,
                samples_have_input: false,
                data_labels: connect::DATA_LABELS,
                echoes: $echoes,
            };

            fn any(value: Value, encoding: Encoding) -> Result<Any<'static>, EncodeError> {
                Any::from_value(&value, encoding, spec::INTEGERS_AS_VARINT)
            }

            fn optional(
                value: Option<Value>,
                encoding: Encoding,
            ) -> Result<Option<Any<'static>>, EncodeError> {
                super::fields::optional(value, encoding, spec::INTEGERS_AS_VARINT)
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
                    M::Connect(m) => {
                        let packet = connect::packet(m);
                        Packet::Connect(packet.map_err(|e| e.in_message("Connect"))?)
                    }
                    M::Disconnect(m) => Packet::Disconnect(Disconnect {
                        stream_id: m.stream_id,
                        reason: value(m.parameters)?,
                        payload: value(m.payload)?,
                    }),
                    M::KeepAlive(_) => Packet::KeepAlive,
                    M::Run(m) => Packet::Run(Run {
                        stream_id: m.stream_id,
                        action: Action::Run,
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
                            resource: Some(m.resource.to_value()?.into()),
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
                        kind: DataKind::Untold,
                        input: None,
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
                        parameters: optional(p.parameters, encoding)?,
                        payload: optional(p.payload, encoding)?,
                        ..spec::Ok::new(p.stream_id)
                    }),
                    Packet::Error(p) => M::Error(spec::Error {
                        parameters: optional(p.parameters, encoding)?,
                        payload: optional(p.payload, encoding)?,
                        ..spec::Error::new(p.stream_id)
                    }),
                    Packet::Connect(p) => M::Connect(connect::message(p, encoding)?),
                    Packet::Disconnect(p) => M::Disconnect(spec::Disconnect {
                        stream_id: p.stream_id,
                        parameters: optional(p.reason, encoding)?,
                        payload: optional(p.payload, encoding)?,
                        ..spec::Disconnect::new()
                    }),
                    Packet::KeepAlive => M::KeepAlive(spec::KeepAlive::new()),
                    Packet::Run(p) if p.action != Action::Run => {
                        return Err(inexpressible(spec::NAME, "actions of Run"));
                    }
                    Packet::Run(p) => M::Run(spec::Run {
                        stream_id: p.stream_id,
                        parameters: optional(p.parameters, encoding)?,
                        payload: optional(p.payload, encoding)?,
                        ..spec::Run::new(any(p.resource.into(), encoding)?)
                    }),
                    Packet::Describe(p) => M::Describe(spec::Describe {
                        resource: optional(p.resource.map(Value::from), encoding)?,
                        parameters: optional(p.parameters, encoding)?,
                        ..spec::Describe::new(p.stream_id)
                    }),
                    Packet::StartStream(p) => {
                        let Some(resource) = p.resource else {
                            let what = "Start Stream without a resource";
                            return Err(inexpressible(spec::NAME, what));
                        };
                        let mut parameters = p.parameters;
                        if let Some(count) = units(p.interval, CONSTANTS.interval_unit)? {
                            let key = spec::stream_parameters::INTERVAL;
                            parameters = Some(with_entry(parameters, key, count.into()));
                        }
                        M::StartStream(spec::StartStream {
                            parameters: optional(parameters, encoding)?,
                            payload: optional(p.payload, encoding)?,
                            ..spec::StartStream::new(any(resource.into(), encoding)?, p.stream_id)
                        })
                    }
                    Packet::StopStream(p) => M::StopStream(spec::StopStream {
                        parameters: optional(p.parameters, encoding)?,
                        payload: optional(p.payload, encoding)?,
                        ..spec::StopStream::new(p.stream_id)
                    }),
                    Packet::StreamData(StreamData { input: Some(_), .. }) => {
                        let what = "Stream Data with an input beside the value";
                        return Err(inexpressible(spec::NAME, what));
                    }
                    Packet::StreamData(p) => M::StreamData(spec::StreamData {
                        parameters: optional(p.parameters, encoding)?,
                        payload: optional(p.payload, encoding)?,
                        ..spec::StreamData::new(p.stream_id)
                    }),
                    Packet::Unknown { code, body } => M::Unknown(UnknownMessage {
                        code,
                        body: body.into(),
                    }),
                })
            }

            /// The key of the stream identifier, as the codec itself writes it.
            fn stream_id_key() -> Option<u32> {
                let message = spec::StopStream::new(0);
                only_key(&spec::LAYOUT, |writer| message.encode_body(writer))
            }

            impl Dialect for $name {
                fn name(&self) -> &'static str {
                    spec::NAME
                }

                fn constants(&self) -> &'static Constants {
                    &CONSTANTS
                }

                fn negotiated(&self, version: u64, asked: Option<Encoding>) -> Option<Encoding> {
                    connect::negotiated(version, asked)
                }

                fn connect_encoding(&self, negotiated: Encoding) -> Encoding {
                    connect::connect_encoding(negotiated)
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
                    connect::introduction(reader)
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
                    self::description(description)
                }

                fn samples(&self, input: Option<Value>, output: Option<Value>) -> Value {
                    samples(input, output)
                }
            }
        };
    };
}

dialect! {
    /// The 2023 revision: intervals in seconds, and one of six encodings of
    /// values that the device chooses in its Connect.
    Iotmp2023, iotmp_2023,
    interval: SECOND,
    echoes: false,
    required: &[Encoding::Pson1, Encoding::Json],
    connect: super::iotmp_2023,
}

dialect! {
    /// The 2025 revision: intervals in seconds, the generation of PSON by the
    /// protocol version.
    Iotmp2025, iotmp_2025,
    interval: SECOND,
    echoes: false,
    required: &[Encoding::Pson1, Encoding::Pson2],
    connect: parameters::iotmp_2025,
}

dialect! {
    /// The shipping profile: intervals in milliseconds, PSON generation 2
    /// whatever the version.
    IotmpShipping, iotmp_shipping,
    interval: MILLISECOND,
    echoes: true,
    required: &[spec::DEFAULT_ENCODING],
    connect: parameters::iotmp_shipping,
}
