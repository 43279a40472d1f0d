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

fn escaped(name: &str) -> Ident {
    if let Ok(ident) = syn::parse_str::<Ident>(name) {
        return ident;
    }
    match name {
        // The keywords that cannot be raw identifiers.
        "self" | "Self" | "super" | "crate" | "_" => {
            Ident::new(&format!("{name}_"), Span::call_site())
        }
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => {
            Ident::new(&format!("_{name}"), Span::call_site())
        }
        _ => Ident::new_raw(name, Span::call_site()),
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
    }

    #[test]
    fn constants() {
        check(constant("keep_alive_max"), "KEEP_ALIVE_MAX");
    }
}
