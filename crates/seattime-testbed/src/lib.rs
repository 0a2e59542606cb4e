//! What tests break the server with: a disk that loses power, dice that fall the same way twice, and a package.

pub mod dice;
pub mod disk;
pub mod package;
