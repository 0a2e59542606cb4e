//! One file a command.

pub(crate) mod account;
pub(crate) mod backup;
pub(crate) mod doctor;
pub(crate) mod import;
pub(crate) mod import_history;
pub(crate) mod kept;
pub(crate) mod key;
pub(crate) mod migrate_store;
pub(crate) mod policy;
pub(crate) mod recompute;
pub(crate) mod repair;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod set_time_spent;
pub(crate) mod tenant;
pub(crate) mod undo;
pub(crate) mod verify;
