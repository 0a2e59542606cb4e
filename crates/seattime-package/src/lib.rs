//! A package as bytes in, a typed manifest out.
//!
//! A package comes from strangers: every name, size and text in it is checked before anything is kept.

mod archive;
mod entries;
mod error;
mod hosts;
mod href;
mod manifest;
mod names;
mod nodes;
mod paths;
mod reading;
mod repair;
mod sequencing;
mod version;
mod warning;
mod xml;

pub use archive::Package;
pub use entries::{FileEntry, Limits};
pub use error::PackageError;
pub use manifest::{Activity, ActivityKind, Chapter, DataMap, Manifest, Schema};
pub use names::folded;
pub use warning::{Severity, Warning};
