//! Expands `messages!`.
