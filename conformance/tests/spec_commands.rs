//! The commands `spec …`, as they are called from a shell.

mod spec_commands {
    mod capture;
    mod check;
    mod command;
    mod diff;
    mod dissector;
    mod docs;
    mod schema;
    mod tshark;
}
