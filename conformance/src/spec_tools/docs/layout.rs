//! How messages are laid out: header, keys, wire types, values.

use iotmp_spec::encoding;
use iotmp_spec::model::{Body, Fixed, IntEncoding, KeyPart, KeyValue, Shape, Spec};

use super::drawing;
use super::markdown::{Document, cell, table};
use super::source;
use crate::spec_tools::{wire, words};

pub(super) fn chapter(spec: &Spec, document: &mut Document) {
    document.heading(2, "Layout");
    header(spec, document);
    match &spec.body {
        Body::KeyValue(layout) => key_value(layout, document),
        Body::Fixed(layout) => fixed(spec, layout, document),
    }
}

fn header(spec: &Spec, document: &mut Document) {
    document.heading(3, "Message");
    let framing = &spec.framing;
    let mut boxes = vec![format!("code: {}", words::integer(framing.code))];
    boxes.extend(
        framing
            .size
            .map(|size| format!("size: {}", words::integer(size))),
    );
    boxes.push("body".to_owned());
    document.block("text", &drawing::boxes(&boxes));
    document.paragraph(match framing.size {
        Some(_) => {
            "The code names the message. The size is that of the body in bytes, without the header; it is 0 where there \
             is no body."
        }
        None => "The code names the message. Nothing says how long the body is but its own layout.",
    });
    if let Some(size) = framing.min_size {
        document.paragraph(format!(
            "A message of fewer than {size} bytes, header included, is not processed."
        ));
    }
    if varints(spec) {
        document.paragraph(
            "A varint holds a number in groups of seven bits, the least significant group first. Bit 7 of a byte, `m`, \
             is set where more bytes follow. `varint16` is a varint whose number has to fit 16 bits; 300 is \
             `0xac02`.",
        );
        document.block(
            "text",
            &drawing::bits(&[(1, "m"), (7, "seven bits of the number")]),
        );
    }
}

/// Whether any number is written as a varint.
fn varints(spec: &Spec) -> bool {
    let mut numbers = vec![spec.framing.code];
    numbers.extend(spec.framing.size);
    numbers.extend(wire::key_value(spec).map(|layout| layout.key));
    let varint = |number: &IntEncoding| matches!(number, IntEncoding::Varint(_));
    numbers.iter().any(varint)
}

fn fixed(spec: &Spec, layout: &Fixed, document: &mut Document) {
    document.heading(3, "Fields");
    document.paragraph(format!(
        "A body is the fields of its message, one behind the other, in the order of the tables below. Numbers of more than \
         one byte are {}. Optional fields stand at the end and are there if bytes are left.",
        words::byte_order(layout.byte_order)
    ));
    if layout.prefix.is_empty() {
        return;
    }
    document.paragraph("Every message begins with:");
    let rows = layout.prefix.iter().map(|field| {
        vec![
            format!("`{}`", field.name),
            format!("`{}`", words::field_type(&field.ty)),
            cell(&field.doc),
            source(spec, &field.source),
        ]
    });
    document.paragraph(table(&["name", "type", "meaning", "source"], rows));
}

fn key_value(layout: &KeyValue, document: &mut Document) {
    document.heading(3, "Fields");
    let key = format!("key: {}", words::integer(layout.key));
    let field = |dots: &str| [key.clone(), format!("value{dots}")];
    let mut boxes = field("").to_vec();
    boxes.extend(field(""));
    boxes.push("…".to_owned());
    document.paragraph(
        "A body is a sequence of fields in any order: a key, and the value that its wire type calls for.",
    );
    document.block("text", &drawing::boxes(&boxes));
    let low = usize::from(layout.low_bits);
    let (high_part, low_part) = match layout.high {
        KeyPart::Field => ("field", "wire type"),
        KeyPart::WireType => ("wire type", "field"),
    };
    let varint = matches!(layout.key, IntEncoding::Varint(_));
    document.paragraph(format!(
        "The lower {low} bits of a key are the {low_part}, the bits above them the {high_part}.{}",
        if varint {
            " The first byte of a key:"
        } else {
            ""
        },
    ));
    let shown = if varint {
        7
    } else {
        usize::from(layout.key.bits())
    };
    let parts = [
        (shown.saturating_sub(low), high_part),
        (low.min(shown), low_part),
    ];
    let mut drawn: Vec<_> = parts.into_iter().filter(|(bits, _)| *bits > 0).collect();
    if varint {
        drawn.insert(0, (1, "m"));
    }
    document.block("text", &drawing::bits(&drawn));
    document.heading(3, "Wire types");
    let rows = layout.wire_types.iter().map(|wire| {
        vec![
            wire.id.to_string(),
            format!("`{}`", wire.name),
            shape(&wire.shape),
            cell(&wire.doc),
        ]
    });
    document.paragraph(table(&["number", "name", "value", "meaning"], rows));
    let bits = match layout.high {
        KeyPart::WireType => layout.key.bits().saturating_sub(layout.low_bits),
        KeyPart::Field => layout.low_bits,
    };
    let taken: Vec<u32> = layout
        .wire_types
        .iter()
        .map(|wire| wire.id.into())
        .collect();
    let reserved =
        ranges((0..1_u32.checked_shl(bits.into()).unwrap_or(0)).filter(|id| !taken.contains(id)));
    if !reserved.is_empty() && bits <= 8 {
        document.paragraph(format!("Reserved: {}.", reserved.join(", ")));
    }
    values(layout, document);
}

fn shape(shape: &Shape) -> String {
    let in_one = |names: &[String]| match names {
        [one] => format!("in `{one}`"),
        names => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("in one of {}", names.join(", "))
        }
    };
    match shape {
        Shape::Varint => "a varint of at most 64 bits".to_owned(),
        Shape::Fixed(bytes) => format!("{bytes} bytes"),
        Shape::Sized(names) if names.is_empty() => "a varint size, then as many bytes".to_owned(),
        Shape::Sized(names) => format!(
            "a varint size, then as many bytes: a value {}",
            in_one(names)
        ),
        Shape::Encoded(names) => format!("a value {}, which ends by itself", in_one(names)),
    }
}

/// Numbers with neighbours joined: `1`, `3-7`.
fn ranges(numbers: impl Iterator<Item = u32>) -> Vec<String> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, end)) if number.checked_sub(1) == Some(*end) => *end = number,
            _ => ranges.push((number, number)),
        }
    }
    let word = |(start, end): &(u32, u32)| match end - start {
        0 => start.to_string(),
        _ => format!("{start}-{end}"),
    };
    ranges.iter().map(word).collect()
}

fn values(layout: &KeyValue, document: &mut Document) {
    document.heading(3, "Values");
    let mut names: Vec<&str> = Vec::new();
    for wire in &layout.wire_types {
        if let Shape::Encoded(listed) | Shape::Sized(listed) = &wire.shape {
            names.extend(listed.iter().map(String::as_str));
        }
    }
    names.sort_unstable();
    names.dedup();
    let carriers = |name: &str| {
        let carries = |shape: &Shape| match shape {
            Shape::Encoded(listed) | Shape::Sized(listed) => {
                listed.iter().any(|other| other == name)
            }
            Shape::Varint | Shape::Fixed(_) => false,
        };
        let wires = layout.wire_types.iter().filter(|wire| carries(&wire.shape));
        let wires: Vec<_> = wires.map(|wire| format!("`{}`", wire.name)).collect();
        wires.join(", ")
    };
    let values = &layout.values;
    let rows = names.into_iter().map(|name| {
        let doc = encoding(name).map_or("", |info| info.doc);
        let default = if name == values.default_encoding {
            "yes"
        } else {
            ""
        };
        vec![
            format!("`{name}`"),
            cell(doc),
            carriers(name),
            default.to_owned(),
        ]
    });
    document.paragraph("Fields of type `any` hold a value of any kind, in one of these encodings:");
    document.paragraph(table(
        &["encoding", "what it is", "wire types", "default"],
        rows,
    ));
    if values.integers_as_varint {
        document.paragraph(
            "A whole number that is not negative, and that is all that a field of type `any` holds, travels as a varint \
             instead.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn neighbours_are_joined() {
        assert_eq!(ranges([1, 3, 4, 5, 7].into_iter()), ["1", "3-5", "7"]);
    }
}
