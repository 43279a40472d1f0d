//! Connect of the 2023 revision, which asks for everything in fields of its own
//! and chooses one of six encodings.

use core::time::Duration;

use super::super::error::Incompatible;
use super::super::packet::Connect;
use super::fields::{find_number, narrow, only_key, unknown_fields};
use super::{DataLabels, Introduction};
use crate::message::iotmp_2023 as spec;
use crate::wire::{Any, DecodeError, EncodeError, Encoding, Reader, Writer};

pub(super) const AUTH_CREDENTIALS: u64 = spec::AuthType::CREDENTIALS.0 as u64;

pub(super) const AUTH_STRING: Option<u64> = Some(spec::AuthType::TOKEN.0 as u64);

pub(super) const DATA_LABELS: Option<DataLabels> = Some(DataLabels {
    input: spec::StreamPayload::INPUT.0 as u64,
    output: spec::StreamPayload::OUTPUT.0 as u64,
});

pub(super) fn negotiated(_version: u64, asked: Option<Encoding>) -> Option<Encoding> {
    let encoding = asked.unwrap_or(spec::DEFAULT_ENCODING);
    spec::PayloadEncoding::of_encoding(encoding).map(|_| encoding)
}

/// What has not been negotiated yet is written in what everybody reads.
pub(super) const fn connect_encoding(_negotiated: Encoding) -> Encoding {
    spec::DEFAULT_ENCODING
}

pub(super) fn message(
    connect: Connect,
    encoding: Encoding,
) -> Result<spec::Connect<'static>, EncodeError> {
    let number = |asked: Encoding| {
        let number = spec::PayloadEncoding::of_encoding(asked);
        number.ok_or(EncodeError::Encoding { name: asked.name() })
    };
    let auth_type = narrow(connect.auth_type, "authentication type")?;
    let keep_alive = narrow(connect.keep_alive.as_secs(), "keep alive")?;
    let version = narrow(connect.protocol_version, "protocol version")?;
    let auth_type = spec::AuthType(auth_type);
    let absent = template(None);
    Ok(spec::Connect {
        stream_id: connect.stream_id,
        auth_type: (auth_type != absent.auth_type_or_default()).then_some(auth_type),
        payload: Any::from_value(&connect.payload, encoding, spec::INTEGERS_AS_VARINT)?,
        keep_alive: (keep_alive != absent.keep_alive_or_default()).then_some(keep_alive),
        encoding: connect.encoding.map(number).transpose()?,
        version: (version != 0).then_some(version),
    })
}

pub(super) fn packet(message: spec::Connect<'_>) -> Result<Connect, DecodeError> {
    Ok(Connect {
        stream_id: message.stream_id,
        payload: message.payload.to_value()?,
        protocol_version: message.version.map_or(0, u64::from),
        encoding: message.encoding.and_then(spec::PayloadEncoding::encoding),
        keep_alive: Duration::from_secs(message.keep_alive_or_default().into()),
        auth_type: message.auth_type_or_default().0.into(),
        client_type: None,
        firmware: None,
    })
}

/// Reads it under the encoding that it announces itself. Where this build has
/// none of that number, its values need not be readable to be refused.
pub(super) fn introduction(reader: &Reader<'_>) -> Result<Introduction, DecodeError> {
    let announced = announced(reader);
    let known = announced.encoding();
    let encoding = known.filter(|encoding| encoding.is_available());
    let read = spec::Connect::decode_body(
        &mut reader.clone(),
        encoding.unwrap_or(spec::DEFAULT_ENCODING),
    );
    let message = match read {
        Err(error) if encoding.is_none() => unread(reader, announced).ok_or(error)?,
        read => read?,
    };
    let mut fields = 0;
    message.visit(&mut |_, _| fields += 1);
    let encoding = match &message.payload {
        Any::Encoded(payload) => payload.encoding(),
        _ => spec::DEFAULT_ENCODING,
    };
    let number = u64::from(announced.0);
    Ok(Introduction {
        unknown_fields: unknown_fields(&spec::LAYOUT, reader, encoding, fields),
        connect: packet(message).map_err(|e| e.in_message("Connect").or_at(reader.offset()))?,
        encoding,
        negotiated: known.ok_or(Incompatible::EncodingNumber(number)),
    })
}

/// The number of the encoding that a Connect announces, whatever the rest of it
/// is written in.
fn announced(reader: &Reader<'_>) -> spec::PayloadEncoding {
    let number = encoding_key().and_then(|key| {
        let mut reader = reader.clone();
        find_number(&spec::LAYOUT, key, &mut reader, spec::DEFAULT_ENCODING)
    });
    let number = number.and_then(|number| u8::try_from(number).ok());
    number.map_or(template(None).encoding_or_default(), spec::PayloadEncoding)
}

/// A Connect of which only the identifier and the encoding are known.
fn unread(reader: &Reader<'_>, announced: spec::PayloadEncoding) -> Option<spec::Connect<'static>> {
    let mut reader = reader.clone();
    let only = spec::StopStream::new(0);
    let key = only_key(&spec::LAYOUT, |writer| only.encode_body(writer))?;
    let stream_id = find_number(&spec::LAYOUT, key, &mut reader, spec::DEFAULT_ENCODING)?;
    Some(spec::Connect {
        stream_id,
        ..template(Some(announced))
    })
}

fn template(encoding: Option<spec::PayloadEncoding>) -> spec::Connect<'static> {
    spec::Connect {
        encoding,
        ..spec::Connect::new(Any::Varint(0), 0)
    }
}

/// The key of the encoding, as the codec itself writes it.
fn encoding_key() -> Option<u32> {
    let mut bytes = [0; 16];
    let mut writer = Writer::new(&mut bytes);
    let with = template(Some(spec::PayloadEncoding(0)));
    with.encode_body(&mut writer).ok()?;
    let length = writer.finish();
    let without = template(None).body_len();
    let mut reader = Reader::new(bytes.get(..length)?);
    reader.take(without as u64).ok()?;
    spec::LAYOUT.read_key(&mut reader).ok()
}
