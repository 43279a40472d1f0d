use iotmp_ref::pson::{Integer, Map, Value};
use iotmp_ref::wire::Encoding;

use super::Checks;

const MESSAGEPACK: Checks = Checks(Encoding::Messagepack);

#[test]
fn scalars() {
    MESSAGEPACK.both(Value::Null, [0xc0]);
    MESSAGEPACK.both(false, [0xc2]);
    MESSAGEPACK.both(true, [0xc3]);
    MESSAGEPACK.both(0, [0x00]);
    MESSAGEPACK.both(127, [0x7f]);
    MESSAGEPACK.both(128, [0xcc, 0x80]);
    MESSAGEPACK.both(256, [0xcd, 0x01, 0x00]);
    MESSAGEPACK.both(65_536, [0xce, 0, 1, 0, 0]);
    MESSAGEPACK.both(1_u64 << 32, [0xcf, 0, 0, 0, 1, 0, 0, 0, 0]);
    MESSAGEPACK.both(u64::MAX, b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    MESSAGEPACK.both(-1, [0xff]);
    MESSAGEPACK.both(-32, [0xe0]);
    MESSAGEPACK.both(-33, [0xd0, 0xdf]);
    MESSAGEPACK.both(-129, [0xd1, 0xff, 0x7f]);
    MESSAGEPACK.both(-32_769, b"\xd2\xff\xff\x7f\xff");
    MESSAGEPACK.both(i64::MIN, b"\xd3\x80\0\0\0\0\0\0\0");
    MESSAGEPACK.both(0.5, [0xca, 0x3f, 0, 0, 0]);
    MESSAGEPACK.both(0.1, b"\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a");
    MESSAGEPACK.both(f64::INFINITY, [0xca, 0x7f, 0x80, 0, 0]);
    MESSAGEPACK.both(f64::NAN, [0xca, 0x7f, 0xc0, 0, 0]);
    MESSAGEPACK.both(3.0, [0x03]);
}

#[test]
fn text_and_bytes() {
    MESSAGEPACK.both("", [0xa0]);
    MESSAGEPACK.both("ok", b"\xa2ok");
    let long = "x".repeat(32);
    MESSAGEPACK.both(long.as_str(), [b"\xd9\x20", long.as_bytes()].concat());
    let long = "x".repeat(256);
    MESSAGEPACK.both(long.as_str(), [b"\xda\x01\x00", long.as_bytes()].concat());
    let long = "x".repeat(65_536);
    MESSAGEPACK.both(long.as_str(), [b"\xdb\0\x01\0\0", long.as_bytes()].concat());
    MESSAGEPACK.both(&[][..], [0xc4, 0x00]);
    MESSAGEPACK.both(&[0xff][..], [0xc4, 0x01, 0xff]);
    let long = vec![7; 256];
    MESSAGEPACK.both(long.as_slice(), [b"\xc5\x01\x00", &long[..]].concat());
    let long = vec![7; 65_536];
    MESSAGEPACK.both(long.as_slice(), [b"\xc6\0\x01\0\0", &long[..]].concat());
}

#[test]
fn containers() {
    MESSAGEPACK.both([], [0x90]);
    MESSAGEPACK.both(Map::new(), [0x80]);
    // The example on the first page of msgpack.org.
    let compact = Map::from([("compact", Value::from(true)), ("schema", 0.into())]);
    MESSAGEPACK.both(compact, b"\x82\xa7compact\xc3\xa6schema\x00");
    let many = vec![Value::Null; 16];
    MESSAGEPACK.both(many, [&b"\xdc\x00\x10"[..], &[0xc0; 16]].concat());
    let many = vec![Value::Null; 65_536];
    MESSAGEPACK.both(
        many,
        [&b"\xdd\x00\x01\x00\x00"[..], &[0xc0; 65_536]].concat(),
    );
    let keys: Vec<_> = (b'a'..=b'p')
        .map(|key| char::from(key).to_string())
        .collect();
    let many: Map = keys.iter().map(|key| (key.as_str(), 1)).collect();
    let pairs: Vec<u8> = keys
        .iter()
        .flat_map(|key| [0xa1, key.as_bytes()[0], 1])
        .collect();
    MESSAGEPACK.both(many, [b"\xde\x00\x10", &pairs[..]].concat());
}

#[test]
fn longer_forms_are_read() {
    MESSAGEPACK.reads([0xcc, 0x05], 5);
    MESSAGEPACK.reads([0xd0, 0x05], 5);
    MESSAGEPACK.reads(b"\xcb\x40\x08\0\0\0\0\0\0", 3);
    MESSAGEPACK.reads(b"\xd9\x01a", "a");
    MESSAGEPACK.reads(b"\xdb\0\0\0\x01a", "a");
    MESSAGEPACK.reads([0xdd, 0, 0, 0, 1, 1], [1.into()]);
    MESSAGEPACK.reads(b"\xdf\0\0\0\x01\xa1a\x01", Map::from([("a", 1)]));
    let repeated = Encoding::Messagepack
        .decode(b"\x82\xa1a\x01\xa1a\x02")
        .unwrap();
    assert_eq!(repeated.get("a"), Some(&2.into()));
}

#[test]
fn extensions_are_refused_by_number() {
    let refused = |bytes: &[u8], number: &str| {
        let shown = format!("offset 0: messagepack: extension type {number} stands for no value");
        MESSAGEPACK.refuses(bytes, "encoding", &shown);
    };
    refused(b"\xd6\xff\0\0\0\0", "-1 (timestamp)");
    refused(b"\xd4\x05\0", "5");
    refused(b"\xd5\x06\0\0", "6");
    refused(b"\xd7\xff\0\0\0\0\0\0\0\0", "-1 (timestamp)");
    refused(b"\xd8\x7f", "127");
    refused(b"\xc7\x0c\xff", "-1 (timestamp)");
    refused(b"\xc8\0\x01\x80\0", "-128");
    refused(b"\xc9\0\0\0\x01\x02\0", "2");
}

#[test]
fn malformed_bytes() {
    let refuses = |bytes: &[u8], class: &str, shown: &str| MESSAGEPACK.refuses(bytes, class, shown);
    refuses(
        b"",
        "truncated",
        "offset 0: value of at least 1 byte, but no bytes are left",
    );
    refuses(
        b"\xc1",
        "tag",
        "offset 0: tag 0xc1 is not valid: the format never uses it",
    );
    refuses(
        b"\xcd\x01",
        "truncated",
        "offset 1: u16 of 2 bytes, but only 1 byte is left",
    );
    refuses(
        b"\x92\x01\xa2\xc3\x28",
        "utf8",
        "offset 3, [1]: string is not valid UTF-8",
    );
    refuses(
        b"\x81\x01\x02",
        "key",
        "offset 1: integer as a map key, but keys must be strings",
    );
    refuses(
        b"\x81\xc4\x01\x02",
        "key",
        "offset 1: bytes as a map key, but keys must be strings",
    );
    refuses(
        b"\x81\x90\x02",
        "key",
        "offset 1: array as a map key, but keys must be strings",
    );
    refuses(
        b"\x01\x02",
        "trailing-bytes",
        "offset 1: 1 byte left over after the end",
    );
    refuses(
        b"\xdd\xff\xff\xff\xff\x01",
        "truncated",
        "offset 5: array of at least 4294967295 bytes, but only 1 byte is left",
    );
    refuses(
        b"\xdf\xff\xff\xff\xff\x01",
        "truncated",
        "offset 5: map of at least 8589934590 bytes, but only 1 byte is left",
    );
    refuses(
        b"\xdb\xff\xff\xff\xffa",
        "truncated",
        "offset 5: string of 4294967295 bytes, but only 1 byte is left",
    );
    refuses(
        b"\xc6\xff\xff\xff\xffa",
        "truncated",
        "offset 5: byte string of 4294967295 bytes, but only 1 byte is left",
    );
}

#[test]
fn what_has_no_form() {
    let below = Integer::new(true, (1 << 63) + 1);
    MESSAGEPACK.cannot_say(
        Map::from([("a", Value::from([below.into()]))]),
        "a[0]: messagepack has no way to write the integer -9223372036854775809, \
         which is below -2^63",
    );
}
