//! The commands `spec …`, as they are called from a shell.

mod spec_commands {
    mod check;
    mod command;
    mod diff;
    mod docs;
    mod schema;
}
