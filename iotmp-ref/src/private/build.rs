//! Messages from and to the values of their fields.

use alloc::borrow::{Cow, ToOwned};

use crate::wire::{Any, BuildError, FieldValue};

/// What a field holds: all but named numbers, which are their numbers.
pub trait Held<'a>: Sized {
    /// The same as the value of a field, borrowed.
    fn shown(&self) -> FieldValue<'_>;

    /// What the value of a field is to this one.
    ///
    /// # Errors
    /// A value of another type or beyond its range.
    fn of(value: FieldValue<'a>, field: &'static str) -> Result<Self, BuildError>;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Held<'_> for $number {
            fn shown(&self) -> FieldValue<'_> {
                FieldValue::Number(u64::from(*self))
            }

            fn of(value: FieldValue<'_>, field: &'static str) -> Result<Self, BuildError> {
                // What is larger has been refused.
                Ok(value.number(field, u64::from(Self::MAX))? as Self)
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64);

impl<'a> Held<'a> for Any<'a> {
    fn shown(&self) -> FieldValue<'_> {
        FieldValue::Any(self.clone())
    }

    fn of(value: FieldValue<'a>, field: &'static str) -> Result<Self, BuildError> {
        value.any(field)
    }
}

impl<'a> Held<'a> for Cow<'a, str> {
    fn shown(&self) -> FieldValue<'_> {
        FieldValue::Text(Cow::Borrowed(self))
    }

    fn of(value: FieldValue<'a>, field: &'static str) -> Result<Self, BuildError> {
        value.text(field)
    }
}

impl<'a> Held<'a> for Cow<'a, [u8]> {
    fn shown(&self) -> FieldValue<'_> {
        FieldValue::Bytes(Cow::Borrowed(self))
    }

    fn of(value: FieldValue<'a>, field: &'static str) -> Result<Self, BuildError> {
        value.bytes(field)
    }
}

/// The value of a field as it is shown to visitors.
pub fn shown<'v, 'a: 'v>(held: &'v impl Held<'a>) -> FieldValue<'v> {
    held.shown()
}

type Get<'g, 'a> = dyn FnMut(&'static str) -> Option<FieldValue<'a>> + 'g;

/// The value of a field that must be there.
///
/// # Errors
/// Its absence, and those of [`optional`].
pub fn mandatory<'a, T: Held<'a>>(
    get: &mut Get<'_, 'a>,
    field: &'static str,
) -> Result<T, BuildError> {
    optional(get, field)?.ok_or(BuildError::MissingField { field })
}

/// The value of a field, if it is there.
///
/// # Errors
/// A value that the field does not take.
pub fn optional<'a, T: Held<'a>>(
    get: &mut Get<'_, 'a>,
    field: &'static str,
) -> Result<Option<T>, BuildError> {
    match get(field) {
        Some(value) => T::of(value, field).map(Some),
        None => Ok(None),
    }
}

/// The same text or bytes, borrowed from nothing.
#[must_use]
pub fn owned<'a, T: ToOwned + ?Sized>(value: Cow<'_, T>) -> Cow<'a, T> {
    Cow::Owned(value.into_owned())
}
