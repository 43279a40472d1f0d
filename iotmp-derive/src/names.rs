//! What the things of a specification are called in Rust.

use proc_macro2::{Ident, Span};

/// Name of the module: `greeter-2` becomes `greeter_2`.
pub(crate) fn module(spec: &str) -> Ident {
    let mut name: String = spec
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        name.insert(0, '_');
    }
    escaped(&name)
}

/// Name of a type or variant: `read_page` becomes `ReadPage`.
pub(crate) fn ty(name: &str) -> Ident {
    let camel: String = name
        .split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect();
    escaped(&camel)
}

/// Name of a field or function, raw where it is a keyword.
pub(crate) fn field(name: &str) -> Ident {
    escaped(name)
}

/// Name of a constant.
pub(crate) fn constant(name: &str) -> Ident {
    escaped(&name.to_ascii_uppercase())
}

/// The keywords of any edition, and what is reserved for some; those that cannot be raw are not
/// among them. To ask a parser for every name would take longer than the rest of an expansion.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

fn escaped(name: &str) -> Ident {
    let span = Span::call_site();
    match name {
        // The keywords that cannot be raw identifiers.
        "self" | "Self" | "super" | "crate" | "_" => Ident::new(&format!("{name}_"), span),
        _ if KEYWORDS.contains(&name) => Ident::new_raw(name, span),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => {
            Ident::new(&format!("_{name}"), span)
        }
        _ => Ident::new(name, span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(made: Ident, expected: &str) {
        assert_eq!(made.to_string(), expected);
    }

    #[test]
    fn modules() {
        check(module("greeter-2"), "greeter_2");
        check(module("2025"), "_2025");
    }

    #[test]
    fn types() {
        check(ty("read_page"), "ReadPage");
        check(ty("ok"), "Ok");
        check(ty("self"), "Self_");
        check(ty("v2_login"), "V2Login");
    }

    #[test]
    fn fields() {
        check(field("page_number"), "page_number");
        check(field("type"), "r#type");
        check(field("self"), "self_");
        check(field("crate"), "crate_");
        check(field("gen"), "r#gen");
    }

    #[test]
    fn keywords_are_those_of_the_parser() {
        for keyword in KEYWORDS {
            // Of a later edition than the parser knows.
            let is_known = syn::parse_str::<Ident>(keyword).is_err() || keyword == "gen";
            assert!(is_known, "{keyword}");
        }
    }

    #[test]
    fn constants() {
        check(constant("keep_alive_max"), "KEEP_ALIVE_MAX");
    }
}
