//! What a transaction failed with, and whether it is worth another try.

use std::sync::LazyLock;
use std::time::Duration;

use deadpool_postgres::PoolError;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// Why a transaction did not get through.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The answer is known, and would be the same again.
    Answer(StoreError),
    /// What was read had changed before it was written.
    Raced,
    /// The database failed, or the way there.
    Database(tokio_postgres::Error),
    /// There was no connection to be had.
    Connection(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Answer(error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Failure {
        Failure::Database(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        Failure::Answer(error.into())
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Failure {
        match error {
            PoolError::Backend(error) => Failure::Database(error),
            other => Failure::Connection(other.to_string()),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> StoreError {
        match failure {
            Failure::Answer(error) => error,
            Failure::Raced => StoreError::Failed("others changed the same rows again and again".to_owned()),
            Failure::Connection(reason) => StoreError::Failed(reason),
            Failure::Database(error) if error.code() == Some(&SqlState::DISK_FULL) => StoreError::Full,
            Failure::Database(error) => StoreError::Failed(told(&error)),
        }
    }
}

/// What the database said; the client's own words are only "db error".
pub(crate) fn told(error: &tokio_postgres::Error) -> String {
    if let Some(explained) = super::tls::explained(error) {
        return explained;
    }
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(said), _) => format!("{} ({})", said.message(), said.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

impl Failure {
    /// Whether the same again may get through: the transaction lost a race, or the connection was lost.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Failure::Answer(_) => false,
            Failure::Raced | Failure::Connection(_) => true,
            // Without a code it was the way there that failed, or a value that could not be sent.
            Failure::Database(error) => match error.code() {
                None => !super::tls::is_refused(error) && (error.is_closed() || is_of_the_network(error)),
                Some(code) => {
                    let (code, class) = (code.code(), code.code().get(..2).unwrap_or_default());
                    // Serialisation, deadlock, read-only after a failover; lost connections; too many of them;
                    // a database that stops or starts.
                    matches!(code, "40001" | "40P01" | "25006" | "53300" | "57P01" | "57P02" | "57P03")
                        || class == "08"
                }
            },
        }
    }

    /// Whether it is certain that nothing was kept.
    fn is_undone(&self) -> bool {
        match self {
            Failure::Answer(_) | Failure::Raced | Failure::Connection(_) => true,
            // Serialisation, deadlock, read-only, no connection to be had; any other may have come after all was kept.
            Failure::Database(error) => {
                error.code().is_some_and(|it| matches!(it.code(), "40001" | "40P01" | "25006" | "53300"))
            }
        }
    }
}

fn is_of_the_network(error: &tokio_postgres::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(it) = source {
        if it.is::<std::io::Error>() {
            return true;
        }
        source = it.source();
    }
    false
}

/// So often a transaction is tried: over eight seconds in all, so that a restart on a busy machine or a short failover
/// is not noticed. A page waits longer for its answer.
const MOST_TRIES: u32 = 11;
/// How long the second try waits, in ms; each later one waits twice as long.
const FIRST_WAIT_MS: u64 = 8;

/// Why something was tried again: others were faster (`raced`), the database refused it for now (`refused`), or the
/// way there failed (`connection`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Reason {
    reason: &'static str,
}

/// How often transactions of this process were tried again.
pub(crate) static TRIED_AGAIN: LazyLock<Family<Reason, Counter>> = LazyLock::new(Family::default);

/// How often something was tried.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    times: u32,
    /// Whether a try may have been kept whose answer was lost.
    may_be_kept: bool,
}

impl Tries {
    /// Whether it was tried before and may have been kept, since only its answer was lost. Where others came before,
    /// nothing was: were it the same as theirs to the letter, it would still be theirs.
    pub(crate) fn is_repeated(&self) -> bool {
        self.may_be_kept
    }

    /// Waits until it may be tried again.
    ///
    /// # Errors
    ///
    /// The failure itself, where another try is not worth it.
    pub(crate) async fn after(&mut self, failure: Failure) -> Result<(), Failure> {
        if !failure.is_passing() || self.times + 1 >= MOST_TRIES {
            return Err(failure);
        }
        self.may_be_kept |= !failure.is_undone();
        let reason = match &failure {
            Failure::Raced => "raced",
            Failure::Database(error) if error.code().is_some() => "refused",
            _ => "connection",
        };
        TRIED_AGAIN.get_or_create(&Reason { reason }).inc();
        tracing::debug!(?failure, tries = self.times, "A transaction is tried again");
        tokio::time::sleep(Duration::from_millis(FIRST_WAIT_MS << self.times)).await;
        self.times += 1;
        Ok(())
    }
}

/// Runs a transaction until it gets through, or would never.
macro_rules! retried {
    ($tries:ident => $once:expr) => {{
        let mut $tries = $crate::store::postgres::failure::Tries::default();
        loop {
            match $once.await {
                Ok(done) => break Ok(done),
                Err(failure) => {
                    if let Err(last) = $tries.after(failure).await {
                        break Err(last.into());
                    }
                }
            }
        }
    }};
}
pub(crate) use retried;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_tried_again_is_counted_and_what_is_not_is_told() {
        let raced = TRIED_AGAIN.get_or_create_owned(&Reason { reason: "raced" });
        let before = raced.get(); // Other tests of this process race too.
        let mut tries = Tries::default();
        assert!(tries.after(Failure::Raced).await.is_ok() && !tries.is_repeated(), "nothing was kept");
        assert!(raced.get() > before);
        let known = tries.after(Failure::Answer(StoreError::NotFound("visit"))).await;
        assert!(matches!(known, Err(Failure::Answer(StoreError::NotFound("visit")))));
    }
}
