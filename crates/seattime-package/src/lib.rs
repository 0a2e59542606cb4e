//! A package as bytes in, a typed manifest out.
//!
//! A package comes from strangers: every name, size and text in it is checked before anything is kept.

mod archive;
mod error;
mod manifest;
mod xml;

pub use archive::{FileEntry, Limits, Package};
pub use error::PackageError;
pub use manifest::{Activity, ActivityKind, Manifest, Schema};
