//! `messages!`: a YAML specification in, typed messages and their codecs out;
//! `#[derive(Pson)]`: payloads of their own types.
//!
//! The pipeline of the former is `input` (which file), the reader of `iotmp-spec` (what it
//! says), `names` (what things are called in Rust) and `emit` (the code).

mod emit;
mod fallback;
mod input;
mod names;
mod pson;

use proc_macro::TokenStream;

/// Expands to a module named for the specification, with a struct for every
/// message, the `Message` enum, enums, constants and the codec.
///
/// The argument is the path of a YAML file, relative to the file that calls the
/// macro: `messages!("../specs/greeter.yaml");`. An edit of that file, or
/// of one that it extends, rebuilds the caller.
///
/// # Errors
/// A specification that cannot be read or breaks a rule is one compile error at
/// the call, which lists every mistake with file, line and column.
#[proc_macro]
pub fn messages(tokens: TokenStream) -> TokenStream {
    expand(tokens.into()).into()
}

/// Implements `iotmp_ref::pson::Encode` and `iotmp_ref::pson::Decode` for a
/// struct with named fields, which is a map of PSON.
///
/// The struct may be generic over types, and over one lifetime, for which it borrows
/// from the bytes that it is read from.
///
/// - `#[pson(rename = "…")]` on a field: its key, where it is not its name;
/// - `#[pson(encode)]` or `#[pson(decode)]` on the struct: that trait alone, for
///   fields that cannot be both, such as slices.
///
/// # Errors
/// Anything but a struct with named fields, an unknown attribute, and two fields
/// of one key are compile errors where they stand.
#[proc_macro_derive(Pson, attributes(pson))]
pub fn derive_pson(tokens: TokenStream) -> TokenStream {
    pson::expand(tokens.into()).into()
}

fn expand(tokens: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let call = match input::parse(tokens) {
        Ok(call) => call,
        Err(error) => return error.to_compile_error(),
    };
    match iotmp_spec::load(&call.path) {
        Ok(spec) => emit::module(&spec),
        Err(diagnostics) => fallback::module(&call, &diagnostics),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Instant;

    /// What some messages of a specification expand to, as far as `keep` says.
    fn expansion(name: &str, messages: &[&str], keep: fn(&syn::Item) -> bool) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut spec = iotmp_spec::load(&folder.join("tests/specs").join(name))
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        spec.messages
            .retain(|m| messages.contains(&m.name.as_str()));
        let mut file: syn::File = syn::parse2(super::emit::module(&spec)).expect("valid Rust");
        for item in &mut file.items {
            if let syn::Item::Mod(module) = item
                && let Some((_, items)) = &mut module.content
            {
                items.retain(keep);
            }
        }
        prettyplease::unparse(&file).replace(folder.to_str().expect("a path in UTF-8"), "$FOLDER")
    }

    /// Two messages of a specification whose names clash with everything: one that borrows and one
    /// without a field. `tests/awkward_names.rs` compiles the rest.
    #[test]
    fn expansion_of_awkward_names() {
        insta::assert_snapshot!(expansion("awkward.yaml", &["ok", "none"], |_| true));
    }

    /// How a message with a tail is read and written, and which of three of one code is which.
    /// `tests/fixed_layouts.rs` compiles the rest.
    #[test]
    fn expansion_of_fixed_layouts() {
        let is_codec = |item: &syn::Item| {
            let syn::Item::Impl(item) = item else {
                return false;
            };
            item.items.iter().any(|item| {
                matches!(item, syn::ImplItem::Fn(method) if method.sig.ident == "decode_body")
            })
        };
        let messages = ["tail", "ask", "answer", "ok", "error"];
        insta::assert_snapshot!(expansion("fixed.yaml", &messages, is_codec));
    }

    /// How long a large specification takes: printed, as only a person can say what is too long.
    #[test]
    fn expansion_of_two_hundred_messages() {
        const MESSAGES: usize = 200;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = folder.join("tests/specs/awkward.yaml");
        let small = std::fs::read_to_string(&path).expect("a specification");
        let (head, _) = small
            .split_once("  ok:\n    code: 1")
            .expect("its first message");
        let mut text =
            format!("{head}  start: {{ code: 0, direction: both, source: X, doc: Starts. }}\n");
        for code in 1..MESSAGES {
            text += &format!(
                "  message_{code}:\n    code: {code}\n    direction: both\n    answers: [start]\n    \
                 source: X\n    doc: One of many.\n    fields:\n      number: {{ id: 1, type: \
                 varint16, mandatory: true, source: X, doc: A number. }}\n      kind: {{ id: 2, \
                 type: result, default: 1, source: X, doc: A named number. }}\n      value: {{ id: \
                 3, type: any, source: X, doc: A value. }}\n      other: {{ id: 4, type: any, \
                 mandatory: true, source: X, doc: Another. }}\n"
            );
        }
        let start = Instant::now();
        let spec = iotmp_spec::load_str("many.yaml", &text, &|_| None);
        let spec = spec.unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        let read = start.elapsed();
        let module = super::emit::module(&spec);
        let emitted = start.elapsed() - read;
        let file: syn::File = syn::parse2(module).expect("valid Rust");
        let [syn::Item::Mod(module)] = file.items.as_slice() else {
            panic!("one module")
        };
        let (_, items) = module.content.as_ref().expect("with a body");
        let structs = items.iter().filter(|item| {
            matches!(item, syn::Item::Struct(item) if item.ident.to_string().starts_with("Message"))
        });
        // `MessageType` beside the messages themselves.
        assert_eq!(structs.count(), MESSAGES);
        println!("{MESSAGES} messages: read and checked in {read:?}, expanded in {emitted:?}");
    }
}
