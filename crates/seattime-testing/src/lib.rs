//! Code that tests of several crates share. It lies below the server, which is itself tested with it.

pub mod cluster;
pub mod legacy_lms_fixture;
pub mod need;
pub mod rng;
