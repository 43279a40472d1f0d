//! From values to bytes.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use crate::pson::{Number, Value};
use crate::wire::{EncodeError, Encoding};

use super::super::build::Scalar;
use super::super::emit::{Container, Emit, emit, unrepresentable};

pub(in super::super) fn to_vec(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut out = Output(Vec::new());
    emit(&mut out, value)?;
    Ok(out.0)
}

struct Output(Vec<u8>);

impl Output {
    fn put(&mut self, marker: u8, payload: &[u8]) {
        self.0.push(marker);
        self.0.extend_from_slice(payload);
    }

    /// Writes an integer of at most 64 bits, which is also what lengths are.
    fn integer(&mut self, integer: i64) {
        if let Ok(small) = i8::try_from(integer) {
            self.put(b'i', &small.to_be_bytes());
        } else if let Ok(small) = u8::try_from(integer) {
            self.put(b'U', &small.to_be_bytes());
        } else if let Ok(small) = i16::try_from(integer) {
            self.put(b'I', &small.to_be_bytes());
        } else if let Ok(small) = i32::try_from(integer) {
            self.put(b'l', &small.to_be_bytes());
        } else {
            self.put(b'L', &integer.to_be_bytes());
        }
    }

    fn sized(&mut self, bytes: &[u8]) {
        // No slice is longer than an i64 can say.
        self.integer(bytes.len() as i64);
        self.0.extend_from_slice(bytes);
    }
}

impl Emit for Output {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), EncodeError> {
        match scalar {
            Scalar::Null => self.put(b'Z', &[]),
            Scalar::Bool(true) => self.put(b'T', &[]),
            Scalar::Bool(false) => self.put(b'F', &[]),
            Scalar::Integer(integer) => match i64::try_from(integer) {
                Ok(integer) => self.integer(integer),
                Err(_) => {
                    self.put(b'H', &[]);
                    self.sized(integer.to_string().as_bytes());
                }
            },
            Scalar::Float(float) if !float.is_finite() => {
                let what = format!("the float {float}: the format has null in its place");
                return Err(unrepresentable(Encoding::Ubjson, what));
            }
            Scalar::Float(float) => match Number::shortest(float) {
                Number::Single(single) => self.put(b'd', &single.to_be_bytes()),
                _ => self.put(b'D', &float.to_be_bytes()),
            },
            Scalar::String(value) => {
                self.put(b'S', &[]);
                self.sized(value.as_bytes());
            }
            Scalar::Bytes(value) => {
                self.put(b'[', b"$U#");
                self.sized(value);
            }
        }
        Ok(())
    }

    fn open(&mut self, container: Container, _: usize) -> Result<(), EncodeError> {
        self.0.push(match container {
            Container::Array => b'[',
            Container::Map => b'{',
        });
        Ok(())
    }

    fn close(&mut self, container: Container) -> Result<(), EncodeError> {
        self.0.push(match container {
            Container::Array => b']',
            Container::Map => b'}',
        });
        Ok(())
    }

    fn key(&mut self, _: usize, key: &str) -> Result<(), EncodeError> {
        self.sized(key.as_bytes());
        Ok(())
    }
}
