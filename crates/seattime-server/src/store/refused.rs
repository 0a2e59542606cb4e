//! Why a store does not do what it is asked for.

/// Why a store did not do what it was asked for; nothing was kept then.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
pub enum StoreError {
    /// Too much is waiting to be written.
    #[error("too much is waiting to be written")]
    Busy,
    /// There is none, or it belongs to somebody else.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A launch's code came a second time.
    #[error("the launch's code was used")]
    LaunchUsed,
    /// A launch's code came too late.
    #[error("the launch's code has expired")]
    LaunchExpired,
    /// What was to be changed is not what it was known as any more.
    #[error("it was changed meanwhile")]
    Changed,
    /// A key for idempotency came with another body.
    #[error("the key came with another body")]
    KeyReused,
    /// Another account has the name.
    #[error("the name is taken")]
    NameTaken,
    /// A visit has more parts of texts waiting than are kept.
    #[error("the visit has too many parts of texts waiting")]
    TooManyParts,
    /// There is no room on the disk; nothing was kept.
    #[error("the disk is full")]
    Full,
    /// The database failed.
    #[error("the database failed: {0}")]
    Failed(String),
}
