//! The thread that writes: takes what waits, one transaction, one fsync, then answers.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use crate::store::{Answer, StoreError};

/// So many changes may wait; more are refused, so that memory has a bound.
const QUEUE: usize = 4_096;
/// So many go into one transaction.
const BATCH: usize = 512;

/// A change, and once it ran, its answer, which waits for the transaction.
type Job = Box<dyn FnOnce(&Connection) -> Reply + Send>;
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Where changes are handed in.
pub(super) struct Writer(SyncSender<Job>);

impl Writer {
    /// Starts the thread; it ends with the last handle to it.
    pub(super) fn start(connection: Connection) -> Writer {
        let (queue, waiting) = sync_channel(QUEUE);
        thread::spawn(move || write(connection, &waiting));
        Writer(queue)
    }

    /// Runs a change; it is on disk once this answers. It runs whole or not at all, also when whoever
    /// asked for it has gone away meanwhile.
    pub(super) fn run<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'static, T> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = guarded(connection, change);
            Box::new(move |committed: Result<(), StoreError>| {
                // Nobody may be waiting any more; the change is kept all the same.
                let _ = answer.send(committed.and(result));
            })
        });
        let handed_in = self.0.try_send(job);
        Box::pin(async move {
            match handed_in {
                Ok(()) => {
                    answered.await.map_err(|_| StoreError::Failed("the writer has ended".to_owned()))?
                }
                Err(TrySendError::Full(_)) => Err(StoreError::Busy),
                Err(TrySendError::Disconnected(_)) => {
                    Err(StoreError::Failed("the writer has ended".to_owned()))
                }
            }
        })
    }
}

/// Runs one change so that its failure takes back its own writes and nobody else's.
fn guarded<T>(
    connection: &Connection,
    change: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute_batch("SAVEPOINT change")?;
    let result = change(connection);
    let end = if result.is_ok() { "RELEASE change" } else { "ROLLBACK TO change; RELEASE change" };
    connection.execute_batch(end)?;
    result
}

fn write(mut connection: Connection, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let jobs = std::iter::once(first).chain(waiting.try_iter().take(BATCH - 1));
        let mut replies = Vec::new();
        let committed = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                replies.extend(jobs.map(|job| job(&transaction)));
                transaction.commit()
            })
            .map_err(StoreError::from);
        if let Err(error) = &committed {
            tracing::error!(%error, "A transaction failed; nothing of it was acknowledged");
        }
        for reply in replies {
            reply(committed.clone());
        }
    }
}
