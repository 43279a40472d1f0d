//! The encodings that values of type `any` can be written in.

/// An encoding that `encodings:` and `default_encoding:` can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodingInfo {
    /// Name in the YAML, in snake case. The runtime's variant is the same name in camel case.
    pub name: &'static str,
    /// What it is, in one line.
    pub doc: &'static str,
    /// Whether a value tells where it ends. One that does not needs a size before it.
    pub self_delimiting: bool,
    /// The runtime's form of it for values whose types are known when code is compiled, if it has one.
    pub form: Option<&'static str>,
}

/// Every encoding that a specification may name. Nothing else in this crate, nor in the macro, names one.
pub const ENCODINGS: &[EncodingInfo] = &[
    EncodingInfo {
        name: "pson1",
        doc: "PSON, generation 1",
        self_delimiting: true,
        form: Some("One"),
    },
    EncodingInfo {
        name: "pson2",
        doc: "PSON, generation 2",
        self_delimiting: true,
        form: Some("Two"),
    },
    EncodingInfo {
        name: "json",
        doc: "JSON",
        // A number goes on as long as digits follow.
        self_delimiting: false,
        form: None,
    },
    EncodingInfo {
        name: "messagepack",
        doc: "MessagePack",
        self_delimiting: true,
        form: None,
    },
    EncodingInfo {
        name: "bson",
        doc: "BSON, one document",
        self_delimiting: true,
        form: None,
    },
    EncodingInfo {
        name: "cbor",
        doc: "CBOR",
        self_delimiting: true,
        form: None,
    },
    EncodingInfo {
        name: "ubjson",
        doc: "UBJSON",
        self_delimiting: true,
        form: None,
    },
];

/// The encoding of that name.
#[must_use]
pub fn encoding(name: &str) -> Option<&'static EncodingInfo> {
    ENCODINGS.iter().find(|encoding| encoding.name == name)
}
