//! Values as precisely as a wire can say them.
//!
//! [`iotmp_ref::pson::Value`] calls two values equal that travel as the same
//! bytes. A judge has to see more: in how many bytes a float came, and that it
//! was a float at all. [`WireValue`] keeps that, and turns into a `Value` where
//! only the meaning counts.

use iotmp_ref::pson::{Integer, Map, Value};

/// Anything that an encoding can say, with the width of its floats and the
/// order of its maps.
///
/// `==` compares the form; compare [`to_value`](Self::to_value) for the meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum WireValue {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number of a sign and a 64-bit magnitude.
    Integer(Integer),
    /// Any other number, or a whole one that travels as a float.
    Float(Float),
    /// Text.
    String(String),
    /// Bytes that are not text.
    Bytes(Vec<u8>),
    /// Values in order.
    Array(Vec<Self>),
    /// Pairs in the order of the wire; a key may come twice.
    Map(Vec<(String, Self)>),
}

/// A float and how wide it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Float {
    /// Written in the shortest form that its encoding knows, an integer if it is one.
    Shortest(f64),
    /// These four bytes, as a big-endian number.
    Single(u32),
    /// These eight bytes, as a big-endian number.
    Double(u64),
}

impl Float {
    /// The number.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Shortest(float) => float,
            Self::Single(bits) => f32::from_bits(bits).into(),
            Self::Double(bits) => f64::from_bits(bits),
        }
    }

    /// Whether an encoder would choose this form by itself: the float has a
    /// fraction and takes no more bytes than it needs. Said of no integer, NaN
    /// or infinity, whose form differs from encoding to encoding.
    #[must_use]
    pub fn is_plain(self) -> bool {
        let float = self.to_f64();
        let fits_four = f64::from(float as f32) == float;
        float.is_finite()
            && float.fract() != 0.0
            && match self {
                Self::Shortest(_) => true,
                Self::Single(_) => fits_four,
                Self::Double(_) => !fits_four,
            }
    }
}

impl WireValue {
    /// What it means, without its form.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Integer(value) => Value::Integer(*value),
            Self::Float(value) => Value::Float(value.to_f64()),
            Self::String(value) => Value::String(value.clone()),
            Self::Bytes(value) => Value::Bytes(value.clone()),
            Self::Array(elements) => Value::Array(elements.iter().map(Self::to_value).collect()),
            Self::Map(pairs) => {
                let mut map = Map::new();
                for (key, value) in pairs {
                    map.push(key.as_str(), value.to_value());
                }
                Value::Map(map)
            }
        }
    }

    /// The value in the form that an encoder chooses.
    #[must_use]
    pub fn from_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Integer(value) => Self::Integer(*value),
            Value::Float(value) => Self::Float(Float::Shortest(*value)),
            Value::String(value) => Self::String(value.clone()),
            Value::Bytes(value) => Self::Bytes(value.clone()),
            Value::Array(elements) => Self::Array(elements.iter().map(Self::from_value).collect()),
            Value::Map(map) => {
                let pairs = map.iter();
                Self::Map(
                    pairs
                        .map(|(key, value)| (key.to_owned(), Self::from_value(value)))
                        .collect(),
                )
            }
        }
    }

    /// The pairs of a map by the bytes of their keys, the order in which they
    /// are written; the values of a repeated key keep theirs.
    pub(crate) fn sorted(pairs: &[(String, Self)]) -> Vec<&(String, Self)> {
        let mut sorted: Vec<_> = pairs.iter().collect();
        sorted.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::{Float, Value, WireValue};

    #[test]
    fn only_the_shortest_form_is_plain() {
        let double = |float: f64| Float::Double(float.to_bits());
        let single = |float: f32| Float::Single(float.to_bits());
        assert!(Float::Shortest(0.1).is_plain());
        assert!(double(0.1).is_plain());
        assert!(single(23.5).is_plain());
        assert!(!double(23.5).is_plain());
        for float in [3.0, 1e300, f64::NAN, f64::INFINITY, -0.0] {
            assert!(!double(float).is_plain(), "{float}");
            assert!(!Float::Shortest(float).is_plain(), "{float}");
        }
    }

    #[test]
    fn the_meaning_survives_the_way_there_and_back() {
        let pairs = vec![
            (
                "b".to_owned(),
                WireValue::Float(Float::Single(3.0_f32.to_bits())),
            ),
            ("a".to_owned(), WireValue::Array(vec![WireValue::Null])),
        ];
        let value = WireValue::Map(pairs).to_value();
        assert_eq!(value.get("b"), Some(&Value::from(3)));
        assert_eq!(WireValue::from_value(&value).to_value(), value);
    }
}
