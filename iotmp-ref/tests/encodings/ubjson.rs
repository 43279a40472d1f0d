use iotmp_ref::pson::{Integer, Map, Value};
use iotmp_ref::wire::Encoding;

use super::Checks;

const UBJSON: Checks = Checks(Encoding::Ubjson);

#[test]
fn scalars() {
    UBJSON.both(Value::Null, b"Z");
    UBJSON.both(true, b"T");
    UBJSON.both(false, b"F");
    UBJSON.both(16, b"i\x10");
    UBJSON.both(127, b"i\x7f");
    UBJSON.both(-128, b"i\x80");
    UBJSON.both(255, b"U\xff");
    UBJSON.both(32_767, b"I\x7f\xff");
    UBJSON.both(-129, b"I\xff\x7f");
    UBJSON.both(32_768, b"l\0\0\x80\0");
    UBJSON.both(i32::MIN, b"l\x80\0\0\0");
    UBJSON.both(i64::MAX, b"L\x7f\xff\xff\xff\xff\xff\xff\xff");
    UBJSON.both(i64::MIN, b"L\x80\0\0\0\0\0\0\0");
    UBJSON.both(0.5, b"d\x3f\0\0\0");
    UBJSON.both(113_243.786_312_3, b"D\x40\xfb\xa5\xbc\x94\xbc\x34\xcf");
    UBJSON.both(3.0, b"i\x03");
    UBJSON.both("", b"Si\0");
    UBJSON.both("ham", b"Si\x03ham");
    let long = "x".repeat(200);
    UBJSON.both(long.as_str(), [b"SU\xc8", long.as_bytes()].concat());
    UBJSON.both(&[][..], b"[$U#i\0");
    UBJSON.both(&[0, 255][..], b"[$U#i\x02\0\xff");
}

#[test]
fn containers() {
    UBJSON.both([], b"[]");
    UBJSON.both(Map::new(), b"{}");
    let array = [
        Value::Null,
        true.into(),
        false.into(),
        4_782_345_193_u64.into(),
    ];
    UBJSON.both(array, b"[ZTFL\0\0\0\x01\x1d\x0c\xcb\xe9]");
    UBJSON.both([1.into(), 2.into()], b"[i\x01i\x02]");
    let post = Map::from([
        ("author", Value::from("rkalla")),
        ("id", 1137.into()),
        ("timestamp", 1_364_482_090_592_u64.into()),
    ]);
    UBJSON.both(
        Map::from([("post", post)]),
        b"{i\x04post{i\x06authorSi\x06rkallai\x02idI\x04\x71i\x09timestampL\0\0\x01\x3d\xb1\x78\x66\x60}}",
    );
}

#[test]
fn containers_with_a_count() {
    UBJSON.reads(b"[#i\0", []);
    UBJSON.reads(b"[#i\x02ZT", [Value::Null, true.into()]);
    let place = Map::from([("lat", Value::from(0.5)), ("alt", Value::Null)]);
    UBJSON.reads(b"{#i\x02i\x03latd\x3f\0\0\0i\x03altZ", place);
}

#[test]
fn containers_with_a_type() {
    UBJSON.reads(b"[$i#i\x03\x01\x02\xff", [1.into(), 2.into(), (-1).into()]);
    UBJSON.reads(b"[$d#U\x01\x3f\0\0\0", [0.5.into()]);
    UBJSON.reads(b"[$S#i\x02i\x01ai\x00", ["a".into(), "".into()]);
    UBJSON.reads(b"[$C#i\x02ab", ["a".into(), "b".into()]);
    UBJSON.reads(b"[$[#i\x02]#i\x01Z", [[].into(), [Value::Null].into()]);
    UBJSON.reads(b"[$[#i\x01$U#i\x01\x07", [Value::from(&[7][..])]);
    UBJSON.reads(
        b"[${#i\x01i\x01aZ}",
        [Map::from([("a", Value::Null)]).into()],
    );
    UBJSON.reads(
        b"{$U#i\x02i\x01a\x01i\x01b\x02",
        Map::from([("a", 1), ("b", 2)]),
    );
    let names = ["name", "password", "email"].map(|name| (name, Value::Null));
    UBJSON.reads(
        b"{$Z#i\x03i\x04namei\x08passwordi\x05email",
        Map::from(names),
    );
    UBJSON.reads(b"[$T#I\x02\x00", vec![Value::from(true); 512]);
    UBJSON.reads(b"[$F#i\x00", []);
}

#[test]
fn other_forms_are_read() {
    UBJSON.reads(b"L\0\0\0\0\0\0\0\x05", 5);
    UBJSON.reads(b"d\x40\x40\0\0", 3);
    UBJSON.reads(b"Ca", "a");
    UBJSON.reads(b"SL\0\0\0\0\0\0\0\x01a", "a");
    UBJSON.reads(b"d\x7f\x80\0\0", f64::INFINITY);
    UBJSON.reads(b"Hi\x03-12", -12);
    UBJSON.reads(b"Hi\x010", 0);
    let repeated = Encoding::Ubjson.decode(b"{i\x01aTi\x01aF}").unwrap();
    assert_eq!(repeated.get("a"), Some(&false.into()));
}

#[test]
fn no_ops_are_skipped_in_containers_only() {
    UBJSON.reads(b"[NNZNTN]", [Value::Null, true.into()]);
    UBJSON.reads(b"[#i\x02NZNT", [Value::Null, true.into()]);
    UBJSON.reads(b"{Ni\x01aZN}", Map::from([("a", Value::Null)]));
    let place = "a no-op stands where a value must";
    UBJSON.refuses(
        b"N",
        "tag",
        &format!("offset 0: tag 0x4e is not valid: {place}"),
    );
    UBJSON.refuses(
        b"{i\x01aN}",
        "tag",
        &format!("offset 4, a: tag 0x4e is not valid: {place}"),
    );
    UBJSON.refuses(
        b"[$N#I\x02\x00",
        "tag",
        "offset 2: tag 0x4e is not valid: it is no type of a value",
    );
}

#[test]
fn integers_beyond_64_bits_with_a_sign() {
    UBJSON.both(1_u64 << 63, b"Hi\x139223372036854775808");
    UBJSON.both(u64::MAX, b"Hi\x1418446744073709551615");
    UBJSON.both(Integer::new(true, u64::MAX), b"Hi\x15-18446744073709551615");
    let shown = "offset 0: ubjson: a high-precision number is no integer of a sign and 64 bits";
    for refused in [
        "18446744073709551616",
        "3.14159265358979323846",
        "-1.93e190",
        "",
        "-",
        "+1",
        "01",
        " 1",
        "--1",
    ] {
        let len = u8::try_from(refused.len()).unwrap();
        let bytes = [&b"Hi"[..], &[len], refused.as_bytes()].concat();
        UBJSON.refuses(bytes, "encoding", shown);
    }
}

#[test]
fn what_has_no_form() {
    let null = "the format has null in its place";
    let shown = format!("ubjson has no way to write the float NaN: {null}");
    UBJSON.cannot_say(f64::NAN, &shown);
    let shown = format!("[0].a: ubjson has no way to write the float inf: {null}");
    UBJSON.cannot_say([Map::from([("a", f64::INFINITY)]).into()], &shown);
}

#[test]
fn malformed_bytes() {
    let refuses = |bytes: &[u8], class: &str, shown: &str| UBJSON.refuses(bytes, class, shown);
    refuses(
        b"",
        "truncated",
        "offset 0: value of at least 1 byte, but no bytes are left",
    );
    refuses(
        b"B",
        "tag",
        "offset 0: tag 0x42 is not valid: it is no type of UBJSON",
    );
    refuses(
        b"]",
        "tag",
        "offset 0: tag 0x5d is not valid: it is no type of UBJSON",
    );
    refuses(
        b"l\0\0",
        "truncated",
        "offset 1: i32 of 4 bytes, but only 2 bytes are left",
    );
    refuses(
        b"[Z",
        "truncated",
        "offset 2, [1]: value of at least 1 byte, but no bytes are left",
    );
    refuses(
        b"[$i]",
        "tag",
        "offset 3: tag 0x5d is not valid: a count must follow the type of a container",
    );
    refuses(
        b"[$i",
        "truncated",
        "offset 3: count of a container of at least 1 byte, but no bytes are left",
    );
    let integer = "a length or count must be of an integer type";
    refuses(
        b"Sd",
        "tag",
        &format!("offset 1: tag 0x64 is not valid: {integer}"),
    );
    refuses(
        b"{Si\x01aZ}",
        "tag",
        &format!("offset 1: tag 0x53 is not valid: {integer}"),
    );
    refuses(
        b"[#i\xff",
        "encoding",
        "offset 2: ubjson: the length or count -1 is below zero",
    );
    refuses(
        b"Si\x02\xc3\x28",
        "utf8",
        "offset 3: string is not valid UTF-8",
    );
    refuses(b"C\x80", "utf8", "offset 1: character is not valid UTF-8");
    refuses(
        b"ZZ",
        "trailing-bytes",
        "offset 1: 1 byte left over after the end",
    );
    // A counted container has no end marker.
    refuses(
        b"[#i\x01Z]",
        "trailing-bytes",
        "offset 5: 1 byte left over after the end",
    );
}

#[test]
fn a_count_must_fit_the_bytes_at_hand() {
    let refuses = |bytes: &[u8], shown: &str| {
        let most = [bytes, b"L\x7f\xff\xff\xff\xff\xff\xff\xff"].concat();
        UBJSON.refuses(most, "truncated", shown);
    };
    let most = i64::MAX;
    let none = "but no bytes are left";
    refuses(
        b"[#",
        &format!("offset 11: array of at least {most} bytes, {none}"),
    );
    refuses(
        b"[$i#",
        &format!("offset 13: array of at least {most} bytes, {none}"),
    );
    refuses(
        b"[$[#",
        &format!("offset 13: array of at least {most} bytes, {none}"),
    );
    refuses(
        b"[$U#",
        &format!("offset 13: byte string of {most} bytes, {none}"),
    );
    refuses(
        b"[$l#",
        &format!("offset 13: array of at least {} bytes, {none}", u64::MAX),
    );
    refuses(
        b"{#",
        &format!("offset 11: map of at least {} bytes, {none}", u64::MAX),
    );
    refuses(
        b"{$Z#",
        &format!("offset 13: map of at least {} bytes, {none}", u64::MAX - 1),
    );
    refuses(b"S", &format!("offset 10: string of {most} bytes, {none}"));
    refuses(
        b"H",
        &format!("offset 10: high-precision number of {most} bytes, {none}"),
    );
}

#[test]
fn elements_without_bytes_are_limited_in_a_whole_value() {
    let counted = |count: u16| [b"[$Z#I", &count.to_be_bytes()[..]].concat();
    UBJSON.reads(counted(1024), vec![Value::Null; 1024]);
    let what = "number of elements that take no bytes";
    UBJSON.refuses(
        counted(1025),
        "too-large",
        &format!("offset 7: {what} is 1025, but at most 1024 is allowed"),
    );
    let twice = [b"[", &counted(1000)[..], &counted(25), b"]"].concat();
    UBJSON.refuses(
        twice,
        "too-large",
        &format!("offset 15, [1]: {what} is 25, but at most 24 is allowed"),
    );
}
