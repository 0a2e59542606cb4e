//! What tests break the server with: a disk that loses power, and dice that fall the same way twice.

pub mod dice;
pub mod disk;
