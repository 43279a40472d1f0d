use iotmp_ref::pson::{Integer, Map, Value};
use iotmp_ref::wire::Encoding;

use super::Checks;

const JSON: Checks = Checks(Encoding::Json);

#[test]
fn scalars() {
    JSON.both(Value::Null, "null");
    JSON.both(true, "true");
    JSON.both(false, "false");
    JSON.both(0, "0");
    JSON.both(-1, "-1");
    JSON.both(u64::MAX, "18446744073709551615");
    JSON.both(i64::MIN, "-9223372036854775808");
    JSON.both(0.5, "0.5");
    JSON.both(0.1, "0.1");
    JSON.both(3.0, "3");
    JSON.both(-0.0, "0");
    JSON.both("", r#""""#);
    JSON.both("a\"\\\n\u{7}ñ𝄞", r#""a\"\\\n\u0007ñ𝄞""#);
}

#[test]
fn containers() {
    JSON.both([], "[]");
    JSON.both(Map::new(), "{}");
    JSON.both([1.into(), Value::Null, [].into()], "[1,null,[]]");
    JSON.both(Map::from([("b", 1), ("", 2)]), r#"{"":2,"b":1}"#);
    JSON.both(Map::from([("a", 1), ("a", 2)]), r#"{"a":1,"a":2}"#);
}

#[test]
fn the_example_of_the_rfc() {
    let text = br#"{
      "Image": {
          "Width":  800,
          "Title":  "View from 15th Floor",
          "Thumbnail": { "Url": "http://www.example.com/image/481989943", "Height": 125 },
          "Animated" : false,
          "IDs": [116, 943, 234, 38793]
        }
    }"#;
    let value = Encoding::Json.decode(text).unwrap();
    let image = value.get("Image").unwrap();
    assert_eq!(image.get("Width"), Some(&800.into()));
    assert_eq!(image.get("Animated"), Some(&false.into()));
    let height = image.get("Thumbnail").and_then(|value| value.get("Height"));
    assert_eq!(height, Some(&125.into()));
    let ids = [116, 943, 234, 38793].map(Value::from);
    assert_eq!(image.get("IDs"), Some(&ids.into()));
}

#[test]
fn other_spellings_are_read() {
    JSON.reads(" \t\r\n1 ", 1);
    JSON.reads("1.0", 1);
    JSON.reads("1e2", 100);
    JSON.reads("-0", 0);
    JSON.reads("5E-1", 0.5);
    JSON.reads(r#""\u0041\ud834\udd1e\/""#, "A𝄞/");
    JSON.reads(r#"{"\u0061":1}"#, Map::from([("a", 1)]));
}

#[test]
fn integers_beyond_64_bits_are_exact_or_refused() {
    // As JavaScript writes the floats 1e20 and 2^64.
    JSON.reads("100000000000000000000", 1e20);
    JSON.reads("18446744073709552000", 18_446_744_073_709_551_616.0);
    JSON.refuses(
        "18446744073709551616",
        "encoding",
        "offset 0: json: the integer 18446744073709551616 is beyond 64 bits",
    );
    JSON.refuses(
        r#"{"9\"9":"18446744073709551616","b":[ -9223372036854775809]}"#,
        "encoding",
        "offset 37: json: the integer -9223372036854775809 is beyond 64 bits",
    );
    let many = "9".repeat(300);
    let shown = format!(
        "offset 0: json: the integer {} is beyond 64 bits",
        "9".repeat(40)
    );
    JSON.refuses(many, "encoding", &shown);
    JSON.refuses("1e999", "encoding", "offset 4: json: number out of range");
}

#[test]
fn what_has_no_form() {
    JSON.cannot_say(&b"a"[..], "json has no way to write bytes");
    JSON.cannot_say(f64::NAN, "json has no way to write the float NaN");
    JSON.cannot_say(
        [Map::from([("a", f64::NEG_INFINITY)]).into()],
        "[0].a: json has no way to write the float -inf",
    );
    JSON.cannot_say(
        Integer::new(true, u64::MAX),
        "json has no way to write the integer -18446744073709551615, which is below -2^63",
    );
}

#[test]
fn malformed_text() {
    JSON.refuses(
        "",
        "truncated",
        "offset 0: JSON text of at least 1 byte, but no bytes are left",
    );
    JSON.refuses(
        r#"{"a": [1, 2"#,
        "truncated",
        "offset 11, a[2]: JSON text of at least 1 byte, but no bytes are left",
    );
    JSON.refuses(
        "[1,\n x]",
        "encoding",
        "offset 5, [1]: json: expected value",
    );
    JSON.refuses("[1,]", "encoding", "offset 3, [1]: json: trailing comma");
    JSON.refuses("nul!", "encoding", "offset 3: json: expected ident");
    JSON.refuses("01", "encoding", "offset 1: json: invalid number");
    JSON.refuses("NaN", "encoding", "offset 0: json: expected value");
    JSON.refuses(
        r#"{1:2}"#,
        "encoding",
        "offset 1: json: key must be a string",
    );
    JSON.refuses(
        b"[\"\xc3\x28\"]",
        "utf8",
        "offset 2: JSON text is not valid UTF-8",
    );
    JSON.refuses(
        r#"["\ud834"]"#,
        "encoding",
        "offset 8, [0]: json: unexpected end of hex escape",
    );
}

#[test]
fn one_value_and_no_more() {
    JSON.refuses(
        "1 2",
        "trailing-bytes",
        "offset 2: 1 byte left over after the end",
    );
    JSON.refuses(
        "{}\n\n]]",
        "trailing-bytes",
        "offset 4: 2 bytes left over after the end",
    );
}
