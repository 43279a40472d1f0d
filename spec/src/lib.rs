//! The message specifications and the only code that reads them.
//!
//! [`load`] reads a YAML file and the files that it extends, checks everything,
//! and returns a [`model::Spec`]: plain data, valid by construction. Everything
//! that knows about messages (the macro, the suite, the documentation) starts
//! from there.

pub mod model;
