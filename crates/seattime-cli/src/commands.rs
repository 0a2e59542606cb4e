//! One file a command.

pub(crate) mod import;
pub(crate) mod key;
pub(crate) mod serve;
