//! The 2020 revision, whose messages have codes and fields of their own.

use alloc::vec::Vec;
use core::time::Duration;

use super::super::packet::{
    Action, Answer, Connect, DataKind, Describe, Disconnect, Packet, Resource, Run, StartStream,
    StopStream, StreamData,
};
use super::fields::{
    encodings, find_number, inexpressible, narrow, only_key, samples, units, unknown_fields, value,
};
use super::{ConnectError, Constants, Description, Dialect, Introduction, Kind};
use crate::message::iotmp_2020 as spec;
use crate::pson::Value;
use crate::wire::{Any, DecodeError, EncodeError, Encoding, Reader, UnknownMessage};

/// The 2020 revision: samples and events are different messages, an open stream
/// gets another interval without naming its resource again, and a Run may say
/// what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Iotmp2020;

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
    auth_string: Some(spec::AuthType::CERTIFICATE.0 as u64),
    interval_unit: Duration::from_secs(1),
    required_encodings: &[spec::DEFAULT_ENCODING],
    reconfigures: true,
    answers_have_parameters: false,
    disconnect_has_id: true,
    samples_have_input: true,
    data_labels: None,
    echoes: false,
};

impl From<Action> for u64 {
    fn from(action: Action) -> Self {
        match action {
            Action::Run => spec::Action::RUN.0.into(),
            Action::Describe => spec::Action::DESCRIBE.0.into(),
            Action::Other(number) => number,
        }
    }
}

impl From<spec::Action> for Action {
    fn from(action: spec::Action) -> Self {
        match action {
            spec::Action::RUN => Self::Run,
            spec::Action::DESCRIBE => Self::Describe,
            spec::Action(other) => Self::Other(other.into()),
        }
    }
}

fn connect(message: spec::Connect<'_>) -> Result<Connect, DecodeError> {
    Ok(Connect {
        stream_id: message.stream_id,
        protocol_version: 0,
        encoding: None,
        keep_alive: Duration::from_secs(message.keep_alive_or_default().into()),
        auth_type: message.auth_type_or_default().0.into(),
        client_type: None,
        firmware: None,
        payload: message.payload.to_value()?,
    })
}

fn packet(message: spec::Message<'_>) -> Result<Packet, DecodeError> {
    use spec::Message as M;
    let data = |stream_id, kind, input, payload| {
        Ok::<_, DecodeError>(Packet::StreamData(StreamData {
            stream_id,
            kind,
            parameters: None,
            input: value(input)?,
            payload: value(payload)?,
        }))
    };
    let answer = |stream_id, payload| {
        Ok::<_, DecodeError>(Answer {
            stream_id,
            parameters: None,
            payload: value(payload)?,
        })
    };
    Ok(match message {
        M::Ok(m) => Packet::Ok(answer(m.stream_id, m.payload)?),
        M::Error(m) => Packet::Error(answer(m.stream_id, m.payload)?),
        M::Connect(m) => Packet::Connect(connect(m).map_err(|e| e.in_message("Connect"))?),
        M::Disconnect(m) => Packet::Disconnect(Disconnect {
            stream_id: Some(m.stream_id),
            reason: m.reason.map(Value::from),
            payload: None,
        }),
        M::KeepAlive(_) => Packet::KeepAlive,
        M::Run(m) => Packet::Run(Run {
            stream_id: m.stream_id,
            action: m.action_or_default().into(),
            resource: m.resource.to_value()?.into(),
            parameters: None,
            payload: value(m.payload)?,
        }),
        M::Describe(m) => Packet::Describe(Describe {
            stream_id: m.stream_id,
            resource: value(m.resource)?.map(Resource::from),
            parameters: None,
        }),
        M::StartStream(m) => Packet::StartStream(StartStream {
            stream_id: m.stream_id,
            interval: CONSTANTS.interval_unit * m.interval_or_default(),
            resource: value(m.resource)?.map(Resource::from),
            parameters: None,
            payload: None,
        }),
        M::StopStream(m) => Packet::StopStream(StopStream {
            stream_id: m.stream_id,
            ..StopStream::default()
        }),
        M::StreamEvent(m) => data(m.stream_id, DataKind::Event, None, m.payload)?,
        M::StreamSample(m) => data(m.stream_id, DataKind::Sample, m.input, m.output)?,
        M::Unknown(m) => Packet::Unknown {
            code: m.code,
            body: m.body.into_owned(),
        },
    })
}

fn any(value: Value, encoding: Encoding) -> Result<Any<'static>, EncodeError> {
    Any::from_value(&value, encoding, spec::INTEGERS_AS_VARINT)
}

fn optional(value: Option<Value>, encoding: Encoding) -> Result<Option<Any<'static>>, EncodeError> {
    super::fields::optional(value, encoding, spec::INTEGERS_AS_VARINT)
}

/// Refuses what a message has no field for.
fn without(value: Option<&Value>, what: &str) -> Result<(), EncodeError> {
    match value {
        Some(_) => Err(inexpressible(spec::NAME, what)),
        None => Ok(()),
    }
}

fn message(packet: Packet, encoding: Encoding) -> Result<spec::Message<'static>, EncodeError> {
    use spec::Message as M;
    Ok(match packet {
        Packet::Ok(p) => {
            without(p.parameters.as_ref(), "parameters of Ok")?;
            M::Ok(spec::Ok {
                payload: optional(p.payload, encoding)?,
                ..spec::Ok::new(p.stream_id)
            })
        }
        Packet::Error(p) => {
            without(p.parameters.as_ref(), "parameters of Error")?;
            M::Error(spec::Error {
                payload: optional(p.payload, encoding)?,
                ..spec::Error::new(p.stream_id)
            })
        }
        Packet::Connect(p) => M::Connect(message_of_connect(p, encoding)?),
        Packet::Disconnect(p) => {
            without(p.payload.as_ref(), "payload of Disconnect")?;
            let stream_id = p.stream_id;
            let what = "Disconnect without a stream identifier";
            M::Disconnect(spec::Disconnect {
                reason: p.reason.map(reason).transpose()?,
                ..spec::Disconnect::new(stream_id.ok_or_else(|| inexpressible(spec::NAME, what))?)
            })
        }
        Packet::KeepAlive => M::KeepAlive(spec::KeepAlive::new()),
        Packet::Run(p) => {
            without(p.parameters.as_ref(), "parameters of Run")?;
            let action = match p.action {
                Action::Run => None,
                other => Some(spec::Action(narrow(other.into(), "action")?)),
            };
            M::Run(spec::Run {
                stream_id: p.stream_id,
                payload: optional(p.payload, encoding)?,
                action,
                ..spec::Run::new(any(p.resource.into(), encoding)?)
            })
        }
        Packet::Describe(p) => {
            without(p.parameters.as_ref(), "parameters of Describe")?;
            M::Describe(spec::Describe {
                resource: optional(p.resource.map(Value::from), encoding)?,
                ..spec::Describe::new(p.stream_id)
            })
        }
        Packet::StartStream(p) => {
            without(p.parameters.as_ref(), "parameters of Start Stream")?;
            without(p.payload.as_ref(), "payload of Start Stream")?;
            let interval = units(p.interval, CONSTANTS.interval_unit)?;
            let interval = interval.map(|count| narrow(count, "interval"));
            M::StartStream(spec::StartStream {
                resource: optional(p.resource.map(Value::from), encoding)?,
                interval: interval.transpose()?,
                ..spec::StartStream::new(p.stream_id)
            })
        }
        Packet::StopStream(p) => {
            without(p.parameters.as_ref(), "parameters of Stop Stream")?;
            without(p.payload.as_ref(), "payload of Stop Stream")?;
            M::StopStream(spec::StopStream::new(p.stream_id))
        }
        Packet::StreamData(p) => data(p, encoding)?,
        Packet::Unknown { code, body } => M::Unknown(UnknownMessage {
            code,
            body: body.into(),
        }),
    })
}

fn message_of_connect(
    packet: Connect,
    encoding: Encoding,
) -> Result<spec::Connect<'static>, EncodeError> {
    let auth_type = spec::AuthType(narrow(packet.auth_type, "authentication type")?);
    let keep_alive = narrow(packet.keep_alive.as_secs(), "keep alive")?;
    let connect = spec::Connect::new(any(packet.payload, encoding)?, packet.stream_id);
    Ok(spec::Connect {
        auth_type: (auth_type != connect.auth_type_or_default()).then_some(auth_type),
        keep_alive: (keep_alive != connect.keep_alive_or_default()).then_some(keep_alive),
        ..connect
    })
}

fn reason<T: TryFrom<u64>>(reason: Value) -> Result<T, EncodeError> {
    let number = reason.as_u64();
    let number = number.ok_or_else(|| inexpressible(spec::NAME, "reasons but numbers"))?;
    narrow(number, "reason")
}

fn data(packet: StreamData, encoding: Encoding) -> Result<spec::Message<'static>, EncodeError> {
    without(packet.parameters.as_ref(), "parameters of stream values")?;
    let stream_id = packet.stream_id;
    let payload = optional(packet.payload, encoding)?;
    if packet.kind == DataKind::Sample {
        return Ok(spec::Message::StreamSample(spec::StreamSample {
            input: optional(packet.input, encoding)?,
            output: payload,
            ..spec::StreamSample::new(stream_id)
        }));
    }
    without(packet.input.as_ref(), "input in Stream Event")?;
    Ok(spec::Message::StreamEvent(spec::StreamEvent {
        payload,
        ..spec::StreamEvent::new(stream_id)
    }))
}

/// The key of the stream identifier, as the codec itself writes it.
fn stream_id_key() -> Option<u32> {
    let message = spec::StopStream::new(0);
    only_key(&spec::LAYOUT, |writer| message.encode_body(writer))
}

impl Dialect for Iotmp2020 {
    fn name(&self) -> &'static str {
        spec::NAME
    }

    fn constants(&self) -> &'static Constants {
        &CONSTANTS
    }

    fn negotiated(&self, version: u64, asked: Option<Encoding>) -> Option<Encoding> {
        (version == 0 && asked.is_none()).then_some(spec::DEFAULT_ENCODING)
    }

    fn connect_encoding(&self, negotiated: Encoding) -> Encoding {
        negotiated
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
            spec::StreamEvent::CODE | spec::StreamSample::CODE => Kind::StreamData,
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
        let encoding = spec::DEFAULT_ENCODING;
        let message = spec::Connect::decode_body(&mut reader.clone(), encoding)?;
        let mut known = 0;
        message.visit(&mut |_, _| known += 1);
        let connect =
            connect(message).map_err(|e| e.in_message("Connect").or_at(reader.offset()))?;
        Ok(Introduction {
            connect,
            encoding,
            negotiated: Ok(encoding),
            unknown_fields: unknown_fields(&spec::LAYOUT, reader, encoding, known),
        })
    }

    fn stream_id(&self, reader: &mut Reader<'_>, encoding: Encoding) -> Option<u16> {
        find_number(&spec::LAYOUT, stream_id_key()?, reader, encoding)
    }

    fn encode(&self, packet: Packet, encoding: Encoding) -> Result<Vec<u8>, EncodeError> {
        message(packet, encoding)?.to_vec()
    }

    fn refusal_code(&self, _refusal: ConnectError) -> Option<u64> {
        None
    }

    fn refusal(&self, _code: Option<u64>) -> ConnectError {
        ConnectError::Refused
    }

    fn description(&self, description: &Description) -> Value {
        super::fields::description(description)
    }

    fn samples(&self, input: Option<Value>, output: Option<Value>) -> Value {
        samples(input, output)
    }
}
