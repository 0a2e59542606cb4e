//! The one binary, `seattime`.
fn main() {}
