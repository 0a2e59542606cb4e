//! Tests drive the server through this: a set clock and faults. Never shipped.
fn main() {}
