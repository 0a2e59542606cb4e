//! A package as bytes in, a typed manifest out.
//!
//! A package comes from strangers: every name, size and text in it is checked before anything is kept.

mod archive;
mod entries;
mod error;
mod href;
mod manifest;
mod xml;

pub use archive::Package;
pub use entries::{FileEntry, Limits};
pub use error::PackageError;
pub use manifest::{Activity, ActivityKind, Chapter, DataMap, Manifest, Schema};
