//! Values of any type.

use crate::wire::{Any, DecodeError, Encoded, Encoding, Writer};

use super::super::head::Head;
use super::super::{Generation, Value, View, read, write};
use super::{Decode, Encode, Form, Input, Output, Stop};

/// A value that is checked and dropped; written as null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Ignored;

impl Encode for Ignored {
    const LEAST: usize = 1;

    #[inline]
    fn encoded_len<F: Form>(&self) -> usize {
        1
    }

    #[inline]
    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        output.array(&[F::NULL])
    }
}

impl<'a> Decode<'a> for Ignored {
    #[inline]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        input.skip::<F>().map(|_| Self)
    }

    #[inline]
    fn from_varint(_: u64) -> Option<Self> {
        Some(Self)
    }
}

impl Encode for Value {
    const LEAST: usize = 1;

    fn encoded_len<F: Form>(&self) -> usize {
        // A value that is too deep is refused before its length matters.
        write::encoded_len(F::GENERATION, self).unwrap_or(0)
    }

    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        let len = write::encoded_len(F::GENERATION, self).map_err(|_| Stop::TooDeep)?;
        let mut writer = Writer::new(output.take(len)?);
        write::write(F::GENERATION, self, &mut writer).map_err(|_| Stop::Full)
    }

    fn as_varint(&self) -> Option<u64> {
        self.as_u64()
    }
}

impl<'a> Decode<'a> for Value {
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        read::value(F::GENERATION, &mut input.reader, input.depth)
    }

    fn from_varint(number: u64) -> Option<Self> {
        Some(number.into())
    }
}

/// Bytes of the same generation are copied as they are.
impl Encode for View<'_> {
    const LEAST: usize = 1;

    fn encoded_len<F: Form>(&self) -> usize {
        if self.generation() == F::GENERATION {
            return self.encoded().len();
        }
        self.to_value().encoded_len::<F>()
    }

    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        if self.generation() == F::GENERATION {
            return output.bytes(self.encoded());
        }
        self.to_value().encode::<F>(output)
    }

    fn as_varint(&self) -> Option<u64> {
        self.as_u64()
    }
}

impl<'a> Decode<'a> for View<'a> {
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        Ok(Self::checked(F::GENERATION, input.skip::<F>()?))
    }
}

/// The value as it stands on the wire.
impl<'a> Decode<'a> for Any<'a> {
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        let encoding = match F::GENERATION {
            Generation::One => Encoding::Pson1,
            Generation::Two => Encoding::Pson2,
        };
        Ok(Any::Encoded(Encoded::checked(encoding, input.skip::<F>()?)))
    }

    fn from_varint(number: u64) -> Option<Self> {
        Some(Any::Varint(number))
    }
}

impl Encode for () {
    const LEAST: usize = 1;

    #[inline]
    fn encoded_len<F: Form>(&self) -> usize {
        1
    }

    #[inline]
    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        output.array(&[F::NULL])
    }
}

impl<'a> Decode<'a> for () {
    #[inline]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        if input.null::<F>() {
            return Ok(());
        }
        input.slowly::<F, _>("null", |head| matches!(head, Head::Null).then_some(()))
    }
}
