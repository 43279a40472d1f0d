//! `messages!`: a YAML specification in, typed messages and their codecs out.
//!
//! The pipeline is `input` (which file), the reader of `iotmp-spec` (what it
//! says), `names` (what things are called in Rust) and `emit` (the code).

mod emit;
mod fallback;
mod input;
mod names;

use proc_macro::TokenStream;

/// Expands to a module named for the specification, with a struct for every
/// message, the `Message` enum, open enums, constants and the codec.
///
/// The argument is the path of a YAML file, relative to the file that calls the
/// macro: `messages!("../../spec/iotmp-2025.yaml");`. An edit of that file, or
/// of one that it extends, rebuilds the caller.
///
/// # Errors
/// A specification that cannot be read or breaks a rule is one compile error at
/// the call, which lists every mistake with file, line and column.
#[proc_macro]
pub fn messages(tokens: TokenStream) -> TokenStream {
    expand(tokens.into()).into()
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

    /// The expansion of two messages of a specification whose names clash with everything: one that
    /// borrows and one without a field. `tests/awkward_names.rs` compiles the rest.
    #[test]
    fn expansion_of_awkward_names() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut spec = iotmp_spec::load(&folder.join("tests/specs/awkward.yaml"))
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        spec.messages
            .retain(|m| matches!(m.name.as_str(), "ok" | "none"));
        let file: syn::File = syn::parse2(super::emit::module(&spec)).expect("valid Rust");
        let text = prettyplease::unparse(&file)
            .replace(folder.to_str().expect("a path in UTF-8"), "$FOLDER");
        insta::assert_snapshot!(text);
    }
}
