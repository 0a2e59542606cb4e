//! The types that cross between browser, server and files.
//!
//! JSON in snake_case. Natively the types are read and written with serde; in the page a commit is
//! written by hand into a `String` ([`write_commit`]) and everything else is read by JavaScript, since
//! a JSON reader would cost every learner 18 KiB. A round-trip test binds the two.

#[cfg(not(target_arch = "wasm32"))]
mod commit;
#[cfg(not(target_arch = "wasm32"))]
mod visit;
mod write;

#[cfg(not(target_arch = "wasm32"))]
pub use commit::*;
#[cfg(not(target_arch = "wasm32"))]
pub use visit::*;
pub use write::{CommitHead, LongText, Step, write_commit, write_farewell, write_step, write_values};
