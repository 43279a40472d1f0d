//! The language as a whole: what loads, what is refused, and in which words.

mod language {
    mod extends;
    mod hostile;
    mod neutral;
    mod published;
    mod refused;
}
