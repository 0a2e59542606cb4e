//! What tests break the server with: a disk that loses power, a package, and a server without a socket.

pub mod disk;
pub mod package;
pub mod test_server;
