//! The integers of PSON: a sign and a 64-bit magnitude.

use core::cmp::Ordering;
use core::fmt;
use core::num::{ParseIntError, TryFromIntError};
use core::str::FromStr;

/// An integer from -(2^64 - 1) to 2^64 - 1, which is wider than `i64` and
/// `u64` together.
///
/// There is one zero: a negative zero on the wire reads as zero.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Integer {
    negative: bool,
    magnitude: u64,
}

impl Integer {
    /// From its two parts; the sign of a zero is dropped.
    pub const fn new(negative: bool, magnitude: u64) -> Self {
        Self {
            negative: negative && magnitude != 0,
            magnitude,
        }
    }

    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        self.negative
    }

    /// The distance from zero.
    pub const fn magnitude(self) -> u64 {
        self.magnitude
    }

    /// The integer that travels in place of `float`: any without a fraction
    /// from -2^63 up to, but not including, 2^64. Negative zero becomes zero.
    pub fn from_f64(float: f64) -> Option<Self> {
        const BELOW: f64 = -9_223_372_036_854_775_808.0;
        const ABOVE: f64 = 18_446_744_073_709_551_616.0;
        if !(BELOW..ABOVE).contains(&float) {
            return None;
        }
        // In that range the cast is exact but for the fraction.
        let integral = float as i128;
        (integral as f64 == float).then(|| Self::new(integral < 0, integral.unsigned_abs() as u64))
    }

    /// The nearest float; exact up to 2^53.
    pub fn to_f64(self) -> f64 {
        let magnitude = self.magnitude as f64;
        if self.negative { -magnitude } else { magnitude }
    }
}

impl From<Integer> for i128 {
    fn from(integer: Integer) -> Self {
        let magnitude = Self::from(integer.magnitude);
        if integer.negative {
            -magnitude
        } else {
            magnitude
        }
    }
}

impl TryFrom<i128> for Integer {
    type Error = TryFromIntError;

    fn try_from(value: i128) -> Result<Self, TryFromIntError> {
        let magnitude = u64::try_from(value.unsigned_abs())?;
        Ok(Self::new(value < 0, magnitude))
    }
}

impl TryFrom<u128> for Integer {
    type Error = TryFromIntError;

    fn try_from(value: u128) -> Result<Self, TryFromIntError> {
        Ok(Self::new(false, u64::try_from(value)?))
    }
}

macro_rules! unsigned {
    ($($type:ty)*) => { $(
        impl From<$type> for Integer {
            fn from(value: $type) -> Self {
                Self::new(false, value as u64)
            }
        }
        try_into!($type);
    )* };
}

macro_rules! signed {
    ($($type:ty)*) => { $(
        impl From<$type> for Integer {
            fn from(value: $type) -> Self {
                Self::new(value < 0, value.unsigned_abs() as u64)
            }
        }
        try_into!($type);
    )* };
}

macro_rules! try_into {
    ($type:ty) => {
        impl TryFrom<Integer> for $type {
            type Error = TryFromIntError;

            fn try_from(integer: Integer) -> Result<Self, TryFromIntError> {
                Self::try_from(i128::from(integer))
            }
        }
    };
}

unsigned!(u8 u16 u32 u64 usize);
signed!(i8 i16 i32 i64 isize);

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        i128::from(*self).cmp(&i128::from(*other))
    }
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&i128::from(*self), f)
    }
}

impl fmt::Debug for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not an [`Integer`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseIntegerError {
    /// Not a decimal number.
    #[error("not an integer: {0}")]
    NotAnInteger(ParseIntError),
    /// Beyond 64 bits.
    #[error("the magnitude does not fit 64 bits")]
    OutOfRange,
}

impl FromStr for Integer {
    type Err = ParseIntegerError;

    /// Reads decimal digits with an optional sign.
    fn from_str(text: &str) -> Result<Self, ParseIntegerError> {
        let value: i128 = text.parse().map_err(ParseIntegerError::NotAnInteger)?;
        Self::try_from(value).map_err(|_| ParseIntegerError::OutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{Integer, ParseIntegerError};

    #[test]
    fn covers_both_64_bit_types_and_more() {
        let least = Integer::new(true, u64::MAX);
        assert_eq!(least.to_string(), "-18446744073709551615");
        assert_eq!(i128::from(least), -i128::from(u64::MAX));
        assert!(i64::try_from(least).is_err());
        assert_eq!(i64::try_from(Integer::from(i64::MIN)), Ok(i64::MIN));
        assert_eq!(u64::try_from(Integer::from(u64::MAX)), Ok(u64::MAX));
        assert!(u8::try_from(Integer::from(-1)).is_err());
        assert!(least < Integer::from(i64::MIN));
        assert!(Integer::try_from(i128::from(u64::MAX) + 1).is_err());
    }

    #[test]
    fn there_is_one_zero() {
        assert_eq!(Integer::new(true, 0), Integer::from(0));
        assert_eq!(Integer::from_f64(-0.0), Some(Integer::from(0)));
    }

    #[test]
    fn integral_floats_within_range() {
        let from = Integer::from_f64;
        assert_eq!(from(-3.0), Some(Integer::from(-3)));
        assert_eq!(from(0.5), None);
        assert_eq!(from(-9_223_372_036_854_775_808.0), Some(i64::MIN.into()));
        assert_eq!(from(-9_223_372_036_854_777_856.0), None);
        assert_eq!(
            from(18_446_744_073_709_549_568.0),
            Some(Integer::from(18_446_744_073_709_549_568_u64))
        );
        assert_eq!(from(18_446_744_073_709_551_616.0), None);
        assert_eq!(from(f64::INFINITY), None);
        assert_eq!(from(f64::NAN), None);
    }

    #[test]
    fn reads_what_it_writes() {
        for text in ["0", "-7", "18446744073709551615", "-18446744073709551615"] {
            assert_eq!(text.parse::<Integer>().unwrap().to_string(), text);
        }
        assert_eq!(
            "18446744073709551616".parse::<Integer>(),
            Err(ParseIntegerError::OutOfRange)
        );
        assert!(matches!(
            "x".parse::<Integer>(),
            Err(ParseIntegerError::NotAnInteger(_))
        ));
    }
}
