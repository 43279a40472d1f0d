//! The messages as prost's generator would write them.

use prost_types::value::Kind;

use crate::payloads;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Reading {
    #[prost(double, tag = "1")]
    pub temperature: f64,
    #[prost(uint32, tag = "2")]
    pub humidity: u32,
    #[prost(string, tag = "3")]
    pub status: String,
    #[prost(bool, tag = "4")]
    pub active: bool,
}

impl From<&payloads::Reading<'_>> for Reading {
    fn from(reading: &payloads::Reading<'_>) -> Self {
        Self {
            temperature: reading.temperature,
            humidity: reading.humidity,
            status: reading.status.into(),
            active: reading.active,
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Sample {
    #[prost(uint32, tag = "1")]
    pub stream_id: u32,
    #[prost(message, optional, tag = "2")]
    pub payload: Option<Reading>,
}

impl From<&payloads::Sample<'_>> for Sample {
    fn from(sample: &payloads::Sample<'_>) -> Self {
        Self {
            stream_id: sample.stream_id.into(),
            payload: Some((&sample.payload).into()),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Login {
    #[prost(uint32, tag = "1")]
    pub stream_id: u32,
    #[prost(string, tag = "2")]
    pub username: String,
    #[prost(string, tag = "3")]
    pub device: String,
    #[prost(string, tag = "4")]
    pub credential: String,
}

impl From<&payloads::Login<'_>> for Login {
    fn from(login: &payloads::Login<'_>) -> Self {
        let [username, device, credential] = login.payload.map(str::to_owned);
        Self {
            stream_id: login.stream_id.into(),
            username,
            device,
            credential,
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Unit {
    #[prost(bool, tag = "1")]
    pub celsius: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Call {
    #[prost(uint32, tag = "1")]
    pub stream_id: u32,
    #[prost(message, optional, tag = "2")]
    pub payload: Option<Unit>,
    #[prost(string, tag = "3")]
    pub resource: String,
}

impl From<&payloads::Call<'_>> for Call {
    fn from(call: &payloads::Call<'_>) -> Self {
        Self {
            stream_id: call.stream_id.into(),
            payload: Some(Unit {
                celsius: call.payload.celsius,
            }),
            resource: call.resource.into(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Batch {
    #[prost(uint32, tag = "1")]
    pub stream_id: u32,
    #[prost(message, repeated, tag = "2")]
    pub payload: Vec<Reading>,
}

impl From<&payloads::Batch<'_>> for Batch {
    fn from(batch: &payloads::Batch<'_>) -> Self {
        Self {
            stream_id: batch.stream_id.into(),
            payload: batch.payload.iter().map(Reading::from).collect(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Blob {
    #[prost(uint32, tag = "1")]
    pub stream_id: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub payload: Vec<u8>,
}

impl From<&payloads::Blob<'_>> for Blob {
    fn from(blob: &payloads::Blob<'_>) -> Self {
        Self {
            stream_id: blob.stream_id.into(),
            payload: blob.payload.into(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Interval {
    #[prost(uint32, tag = "1")]
    pub interval: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Subscription {
    #[prost(uint32, tag = "1")]
    pub stream_id: u32,
    #[prost(message, optional, tag = "2")]
    pub parameters: Option<Interval>,
    #[prost(string, tag = "3")]
    pub resource: String,
}

impl From<&payloads::Subscription<'_>> for Subscription {
    fn from(subscription: &payloads::Subscription<'_>) -> Self {
        Self {
            stream_id: subscription.stream_id.into(),
            parameters: Some(Interval {
                interval: subscription.parameters.interval,
            }),
            resource: subscription.resource.into(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Refusal {
    #[prost(uint32, tag = "1")]
    pub stream_id: u32,
    #[prost(uint32, tag = "2")]
    pub parameters: u32,
    #[prost(string, tag = "3")]
    pub payload: String,
}

impl From<&payloads::Refusal<'_>> for Refusal {
    fn from(refusal: &payloads::Refusal<'_>) -> Self {
        Self {
            stream_id: refusal.stream_id.into(),
            parameters: refusal.parameters,
            payload: refusal.payload.into(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Measurement {
    #[prost(bytes = "vec", tag = "1")]
    pub session_id: Vec<u8>,
    #[prost(string, tag = "2")]
    pub access_token: String,
    #[prost(bytes = "vec", tag = "3")]
    pub payload: Vec<u8>,
}

impl From<&payloads::Measurement<'_>> for Measurement {
    fn from(measurement: &payloads::Measurement<'_>) -> Self {
        Self {
            session_id: measurement.session_id.into(),
            access_token: measurement.access_token.into(),
            payload: measurement.payload.into(),
        }
    }
}

/// A value of unknown shape, as protobuf has it.
pub fn dynamic(value: &serde_json::Value) -> Vec<u8> {
    prost::Message::encode_to_vec(&any(value))
}

fn any(value: &serde_json::Value) -> prost_types::Value {
    use serde_json::Value;

    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(*value),
        Value::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or(f64::NAN)),
        Value::String(value) => Kind::StringValue(value.clone()),
        Value::Array(values) => Kind::ListValue(prost_types::ListValue {
            values: values.iter().map(any).collect(),
        }),
        Value::Object(pairs) => Kind::StructValue(prost_types::Struct {
            fields: pairs
                .iter()
                .map(|(key, value)| (key.clone(), any(value)))
                .collect(),
        }),
    };
    prost_types::Value { kind: Some(kind) }
}
