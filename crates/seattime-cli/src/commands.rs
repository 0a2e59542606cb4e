//! One file a command.

pub(crate) mod import;
pub(crate) mod key;
pub(crate) mod migrate_store;
pub(crate) mod serve;
