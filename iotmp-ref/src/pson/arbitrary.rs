//! Random values for fuzzing.

use alloc::string::String;
use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use super::{Integer, Map, Value};

/// How many containers stand in each other at most: enough to meet every pair
/// of them, few enough that the rest of the input is not spent on nesting.
const DEPTH: usize = 4;

impl<'a> Arbitrary<'a> for Integer {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        // Every width is as likely as any other, and so is every length of a varint.
        let magnitude = u64::arbitrary(u)? >> u.int_in_range(0..=63)?;
        Ok(Self::new(bool::arbitrary(u)?, magnitude))
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, Some(10))
    }
}

impl<'a> Arbitrary<'a> for Value {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        value(u, DEPTH)
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

impl<'a> Arbitrary<'a> for Map {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        map(u, DEPTH)
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

fn value(u: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    const SCALARS: u8 = 7;
    let kinds = if depth == 0 { SCALARS } else { SCALARS + 2 };
    Ok(match u.int_in_range(0..=kinds - 1)? {
        0 => Value::Null,
        1 => Value::Bool(u.arbitrary()?),
        2 => Value::Integer(u.arbitrary()?),
        3 => Value::Float(u.arbitrary()?),
        4 => Value::Float(f32::arbitrary(u)?.into()),
        5 => Value::String(u.arbitrary()?),
        6 => Value::Bytes(u.arbitrary()?),
        SCALARS => Value::Array(array(u, depth - 1)?),
        _ => Value::Map(map(u, depth - 1)?),
    })
}

fn array(u: &mut Unstructured<'_>, depth: usize) -> Result<Vec<Value>> {
    let mut elements = Vec::new();
    while !u.is_empty() && u.arbitrary()? {
        elements.push(value(u, depth)?);
    }
    Ok(elements)
}

fn map(u: &mut Unstructured<'_>, depth: usize) -> Result<Map> {
    let mut map = Map::new();
    while !u.is_empty() && u.arbitrary()? {
        map.push(String::arbitrary(u)?, value(u, depth)?);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use arbitrary::{Arbitrary, Unstructured};

    use super::super::Generation;
    use super::{DEPTH, Value};

    #[test]
    fn what_it_makes_can_be_written_and_read() {
        let seed: Vec<u8> = (0..=255_u8).map(|byte| byte.wrapping_mul(167)).collect();
        let mut kinds = Vec::new();
        for start in 0..seed.len() {
            let value = Value::arbitrary(&mut Unstructured::new(&seed[start..])).unwrap();
            if !kinds.contains(&value.kind()) {
                kinds.push(value.kind());
            }
            for generation in [Generation::One, Generation::Two] {
                let bytes = generation.to_vec(&value).unwrap();
                let mut reader = crate::wire::Reader::new(&bytes);
                assert_eq!(generation.read(&mut reader, DEPTH), Ok(value.clone()));
            }
        }
        assert_eq!(kinds.len(), 8, "{kinds:?}");
    }
}
