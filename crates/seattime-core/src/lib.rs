//! The run-time as plain Rust: sessions, the data model, and the rules of time.
