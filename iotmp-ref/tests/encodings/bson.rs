use iotmp_ref::pson::{Integer, Map, Value};
use iotmp_ref::wire::Encoding;

use super::Checks;

const BSON: Checks = Checks(Encoding::Bson);

/// A document of elements, with its size before and the NUL behind them.
fn document(elements: &[u8]) -> Vec<u8> {
    let size = u32::try_from(elements.len() + 5).unwrap();
    [&size.to_le_bytes(), elements, &[0]].concat()
}

/// A document of the key `a` with what follows it after its type.
fn one(kind: u8, data: &[u8]) -> Vec<u8> {
    document(&[&[kind, b'a', 0], data].concat())
}

fn map(value: impl Into<Value>) -> Map {
    Map::from([("a", value.into())])
}

/// The two examples of bsonspec.org.
#[test]
fn the_examples_of_the_specification() {
    let hello = b"\x16\0\0\0\x02hello\0\x06\0\0\0world\0\0";
    BSON.both(Map::from([("hello", "world")]), hello);
    let awesome = Map::from([(
        "BSON",
        Value::from([Value::from("awesome"), 5.05.into(), 1986.into()]),
    )]);
    BSON.both(
        awesome,
        b"\x31\0\0\0\x04BSON\0\x26\0\0\0\x020\0\x08\0\0\0awesome\0\
          \x011\0\x33\x33\x33\x33\x33\x33\x14\x40\x102\0\xc2\x07\0\0\0\0",
    );
}

#[test]
fn values_in_a_document() {
    BSON.both(Map::new(), [5, 0, 0, 0, 0]);
    BSON.both(map(Value::Null), one(0x0a, b""));
    BSON.both(map(true), one(0x08, b"\x01"));
    BSON.both(map(false), one(0x08, b"\x00"));
    BSON.both(map(-1), one(0x10, b"\xff\xff\xff\xff"));
    BSON.both(map(1_u64 << 31), one(0x12, b"\0\0\0\x80\0\0\0\0"));
    BSON.both(map(i64::MIN), one(0x12, b"\0\0\0\0\0\0\0\x80"));
    BSON.both(map(0.5), one(0x01, &0.5_f64.to_le_bytes()));
    BSON.both(map(0.1), one(0x01, &0.1_f64.to_le_bytes()));
    BSON.both(map(f64::NAN), one(0x01, &f64::NAN.to_le_bytes()));
    BSON.both(map(f64::INFINITY), one(0x01, &f64::INFINITY.to_le_bytes()));
    BSON.both(map(3.0), one(0x10, b"\x03\0\0\0"));
    BSON.both(map("a\0b"), one(0x02, b"\x04\0\0\0a\0b\0"));
    BSON.both(map(&[1, 2][..]), one(0x05, b"\x02\0\0\0\0\x01\x02"));
    BSON.both(map(map(1)), one(0x03, &one(0x10, b"\x01\0\0\0")));
    BSON.both(map([]), one(0x04, &document(b"")));
    let elements = document(b"\x0a0\0\x081\0\x01");
    BSON.both(map([Value::Null, true.into()]), one(0x04, &elements));
    let twice = Map::from([("a", Value::Null), ("a", true.into())]);
    BSON.both(twice, document(b"\x0aa\0\x08a\0\x01"));
}

#[test]
fn a_value_that_is_no_map_is_the_document_of_one_key() {
    let whole = |kind: u8, data: &[u8]| document(&[&[kind], &b"$value\0"[..], data].concat());
    BSON.both(Value::Null, whole(0x0a, b""));
    BSON.both(7, whole(0x10, b"\x07\0\0\0"));
    BSON.both("ok", whole(0x02, b"\x03\0\0\0ok\0"));
    BSON.both([], whole(0x04, &document(b"")));
    // A map of just this key is put inside of another, so that it is not lost.
    let same = Map::from([("$value", 7)]);
    BSON.both(same.clone(), whole(0x03, &whole(0x10, b"\x07\0\0\0")));
    BSON.both(
        Map::from([("$value", same.clone())]),
        whole(0x03, &whole(0x03, &whole(0x10, b"\x07\0\0\0"))),
    );
    // Further down, and beside others, it is a key as any other.
    BSON.both([Value::from(same)], {
        let element = [b"\x030\0", &whole(0x10, b"\x07\0\0\0")[..]].concat();
        whole(0x04, &document(&element))
    });
    let two = Map::from([("$value", Value::Null), ("a", Value::Null)]);
    BSON.both(two, document(b"\x0a$value\0\x0aa\0"));
    let twice = Map::from([("$value", Value::Null), ("$value", Value::Null)]);
    BSON.both(twice, document(b"\x0a$value\0\x0a$value\0"));
}

#[test]
fn other_forms_are_read() {
    BSON.reads(one(0x12, b"\x01\0\0\0\0\0\0\0"), map(1));
    BSON.reads(one(0x01, &1.0_f64.to_le_bytes()), map(1));
    BSON.reads(one(0x06, b""), map(Value::Null));
    BSON.reads(
        one(0x05, b"\x06\0\0\0\x02\x02\0\0\0\x01\x02"),
        map(&[1, 2][..]),
    );
    // Elements of an array count by position.
    BSON.reads(
        one(0x04, &document(b"\x0a7\0\x08x\0\x01")),
        map([Value::Null, true.into()]),
    );
}

#[test]
fn integers_from_2_to_the_63_are_exact_doubles_or_have_no_form() {
    let float = 9_223_372_036_854_775_808.0_f64;
    BSON.both(map(1_u64 << 63), one(0x01, &float.to_le_bytes()));
    BSON.both(map(float), one(0x01, &float.to_le_bytes()));
    let hold = "which neither 64 bits with a sign nor a double hold";
    let shown = format!("bson has no way to write the integer 18446744073709551615, {hold}");
    BSON.cannot_say(u64::MAX, &shown);
    let shown = format!("a[0]: bson has no way to write the integer -9223372036854775809, {hold}");
    BSON.cannot_say(map([Integer::new(true, (1 << 63) + 1).into()]), &shown);
}

#[test]
fn a_key_with_a_nul_has_no_form() {
    BSON.cannot_say(
        map(Map::from([("b\0", 1)])),
        "a[\"b\\0\"]: bson has no way to write a map key with a NUL in it",
    );
}

#[test]
fn types_of_databases_are_refused_by_name() {
    let refused = |kind: u8, data: &[u8], name: &str| {
        let shown = format!("offset 4, a: bson: the type {name} stands for no value");
        BSON.refuses(one(kind, data), "encoding", &shown);
    };
    refused(0x07, &[0; 12], "ObjectId");
    refused(0x09, &[0; 8], "DateTime");
    refused(0x0b, b"a\0i\0", "RegularExpression");
    refused(
        0x0c,
        &[&b"\x02\0\0\0a\0"[..], &[0; 12]].concat(),
        "DbPointer",
    );
    refused(0x0d, b"\x02\0\0\0a\0", "JavaScriptCode");
    refused(0x0e, b"\x02\0\0\0a\0", "Symbol");
    refused(
        0x0f,
        b"\x0f\0\0\0\x02\0\0\0a\0\x05\0\0\0\0",
        "JavaScriptCodeWithScope",
    );
    refused(0x11, &[0; 8], "Timestamp");
    refused(0x13, &[0; 16], "Decimal128");
    refused(0xff, b"", "MinKey");
    refused(0x7f, b"", "MaxKey");
    for subtype in [1, 3, 4, 5, 6, 7, 8, 0x80] {
        let shown = format!("offset 4, a: bson: binary of subtype {subtype} stands for no value");
        BSON.refuses(one(0x05, &[1, 0, 0, 0, subtype, 9]), "encoding", &shown);
    }
}

#[test]
fn malformed_documents() {
    let refuses = |bytes: &[u8], class: &str, shown: &str| BSON.refuses(bytes, class, shown);
    refuses(
        b"\x05\0\0",
        "truncated",
        "offset 0: document size of 4 bytes, but only 3 bytes are left",
    );
    refuses(
        b"\x06\0\0\0\0",
        "truncated",
        "offset 0: document of 6 bytes, but only 5 bytes are left",
    );
    for size in [4, 0, -1, i32::MIN] {
        let shown = format!("offset 0: bson: a document of {size} bytes, but the smallest has 5");
        refuses(
            &[&size.to_le_bytes()[..], &[0; 9]].concat(),
            "encoding",
            &shown,
        );
    }
    refuses(
        b"\x7f\xff\xff\x7f\0",
        "truncated",
        "offset 0: document of 2147483519 bytes, but only 5 bytes are left",
    );
    refuses(
        b"\x05\0\0\0\0\0",
        "trailing-bytes",
        "offset 5: 1 byte left over after the end",
    );
    refuses(
        b"\x05\0\0\0\x01",
        "encoding",
        "offset 0: bson: document not null-terminated",
    );
    refuses(
        &one(0x20, b""),
        "encoding",
        "offset 4: bson: invalid tag: 32",
    );
    refuses(
        &one(0x08, b"\x02"),
        "encoding",
        "offset 4, a: bson: boolean must be stored as 0 or 1, got 2",
    );
    refuses(
        &one(0x02, b"\x03\0\0\0\xc3\x28\0"),
        "utf8",
        "offset 4, a: element is not valid UTF-8",
    );
    // The second element is at fault: after the size and the first.
    let second = document(b"\x0aa\0\x02b\0\xff\xff\xff\x7f");
    let error = Encoding::Bson.decode(&second).unwrap_err();
    assert_eq!((error.class(), error.offset()), ("encoding", 7));
    // And here the inner document, behind the size, a type, and a key.
    let inner = one(0x03, &document(b"\x0aa\0\x03b\0\x00\0\0\x80"));
    let error = Encoding::Bson.decode(&inner).unwrap_err();
    assert_eq!((error.class(), error.offset()), ("encoding", 4 + 3 + 4 + 3));
    assert_eq!(error.path().to_string(), "a");
}
