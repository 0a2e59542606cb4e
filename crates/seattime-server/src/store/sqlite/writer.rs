//! The thread that writes: takes what waits, one transaction, one fsync, then answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, oneshot};

use super::desk::{Desk, Memory};
use super::heard::Heard;
use crate::clock::Stopwatch;
use crate::store::throughput::Ticket;
use crate::store::{Answer, StoreError, Throughput};

/// So many changes may wait; more are refused, so that memory has a bound.
const QUEUE: usize = 4_096;
/// And so many bytes of messages.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// So many go into one transaction.
const BATCH: usize = 512;

/// A change, and once it ran, its answer, which waits for the transaction.
type Job = Box<dyn FnOnce(&mut Desk<'_>) -> Reply + Send>;
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// What one transaction answers, and what became of it. No more wait here than in the queue: whoever waits for an
/// answer hands in nothing else.
type Done = (Vec<Reply>, Result<(), StoreError>);

/// Where changes are handed in.
pub(super) struct Writer {
    queue: SyncSender<(Ticket, Job)>,
    /// A permit is a byte.
    room: Arc<Semaphore>,
    /// What can be answered without the queue.
    pub(super) heard: Arc<Heard>,
    pub(super) throughput: Throughput,
}

impl Writer {
    /// Starts the thread; it ends with the last handle to it.
    pub(super) fn start(connection: Connection) -> Writer {
        let (queue, waiting) = sync_channel(QUEUE);
        let (done, mut answering) = unbounded_channel::<Done>();
        let heard = Arc::<Heard>::default();
        let memory = Memory::new(Arc::clone(&heard));
        let throughput = Throughput::new(1);
        let counted = throughput.clone();
        thread::spawn(move || write(connection, memory, &waiting, &done, &counted));
        // Woken one by one from another thread, those who wait would cost more than their commits.
        tokio::spawn(async move {
            while let Some((replies, committed)) = answering.recv().await {
                replies.into_iter().for_each(|reply| reply(committed.clone()));
            }
        });
        Writer { queue, room: Arc::new(Semaphore::new(QUEUE_BYTES)), heard, throughput }
    }

    /// Runs a change; it is on disk once this answers. It runs whole or not at all, also when whoever
    /// asked for it has gone away meanwhile. `size_bytes` is what it holds while it waits.
    pub(super) fn run<T: Send + 'static>(
        &self,
        size_bytes: usize,
        change: impl FnOnce(&mut Desk<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'static, T> {
        let holds = size_bytes;
        let size_bytes = u32::try_from(size_bytes).unwrap_or(u32::MAX);
        let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(size_bytes) else {
            return Box::pin(std::future::ready(Err(StoreError::Busy)));
        };
        let (answer, answered) = oneshot::channel();
        let request = tracing::Span::current(); // So that what is logged names the request.
        let job: Job = Box::new(move |desk| {
            let result = request.in_scope(|| guarded(desk, change));
            drop(room); // What it held is in the database's hands.
            Box::new(move |committed: Result<(), StoreError>| {
                // Nobody may be waiting any more; the change is kept all the same.
                let _ = answer.send(result.and_then(|value| committed.map(|()| value)));
            })
        });
        let ticket = self.throughput.handed_in(holds);
        let handed_in = self.queue.try_send((ticket, job));
        if handed_in.is_err() {
            self.throughput.taken(ticket);
        }
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

/// Runs one change so that its failure, be it a panic, takes back its own writes and nobody else's.
fn guarded<T>(
    desk: &mut Desk<'_>,
    change: impl FnOnce(&mut Desk<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    desk.db.prepare_cached("SAVEPOINT change")?.execute([])?;
    let result = catch_unwind(AssertUnwindSafe(|| change(desk))).unwrap_or_else(|_| {
        tracing::error!("A change panicked; it alone is taken back");
        Err(StoreError::Failed("a change panicked".to_owned()))
    });
    // A full disk takes the whole transaction back, and the savepoint with it.
    if !desk.db.is_autocommit() {
        if result.is_err() {
            desk.db.prepare_cached("ROLLBACK TO change")?.execute([])?;
        }
        desk.db.prepare_cached("RELEASE change")?.execute([])?;
    }
    result
}

fn write(
    mut connection: Connection,
    mut memory: Memory,
    waiting: &Receiver<(Ticket, Job)>,
    done: &UnboundedSender<Done>,
    throughput: &Throughput,
) {
    while let Ok((oldest, first)) = waiting.recv() {
        let batch = throughput.begin(0, oldest);
        throughput.taken(oldest);
        let others = waiting.try_iter().take(BATCH - 1);
        let jobs = std::iter::once(first).chain(others.map(|(ticket, job)| {
            throughput.taken(ticket);
            job
        }));
        let changes_before = connection.total_changes();
        let mut replies = Vec::new();
        let committed = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)
            .and_then(|transaction| {
                let mut desk = Desk { db: &transaction, memory: &mut memory };
                for job in jobs {
                    replies.push(job(&mut desk));
                    if transaction.is_autocommit() {
                        return Err(StoreError::Full);
                    }
                }
                let (begun, changes) = (Stopwatch::start(), transaction.total_changes());
                transaction.commit()?;
                if changes > changes_before {
                    throughput.committed(begun.elapsed()); // One without changes costs no fsync.
                }
                Ok(())
            });
        batch.end(replies.len(), committed.is_ok());
        if let Err(error) = &committed {
            tracing::error!(%error, "A transaction failed; nothing of it was acknowledged");
            memory.forget();
        } else {
            memory.committed(); // Before the answers: whoever has one may send the same again.
        }
        let _ = done.send((replies, committed)); // Without a runtime nobody waits any more.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> rusqlite::Result<Writer> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch("CREATE TABLE kept (n INTEGER)")?;
        Ok(Writer::start(connection))
    }

    fn keep(db: &Connection, n: i64) -> Result<(), StoreError> {
        Ok(db.execute("INSERT INTO kept VALUES (?1)", [n]).map(|_| ())?)
    }

    #[tokio::test]
    async fn a_change_that_fails_or_panics_fails_alone() {
        let writer = writer().unwrap();
        let good = writer.run(0, |desk| keep(desk.db, 1));
        let failing = writer.run(0, |desk| keep(desk.db, 2).and(Err::<(), _>(StoreError::NotFound("visit"))));
        let panicking = writer.run(0, |desk| -> Result<(), StoreError> {
            keep(desk.db, 3)?;
            panic!("poisoned")
        });
        let last = writer.run(0, |desk| keep(desk.db, 4));
        assert_eq!(good.await, Ok(()));
        assert_eq!(failing.await, Err(StoreError::NotFound("visit")));
        assert!(matches!(panicking.await, Err(StoreError::Failed(_))));
        assert_eq!(last.await, Ok(()));
        let kept = writer.run(0, |desk| {
            Ok(desk.db.query_row("SELECT group_concat(n) FROM kept", [], |row| row.get(0))?)
        });
        assert_eq!(kept.await, Ok("1,4".to_owned()));
    }

    #[tokio::test]
    async fn a_full_disk_is_said_and_recovered_from() {
        let writer = writer().unwrap();
        let pages = |most: u32| {
            move |desk: &mut Desk<'_>| {
                Ok(desk
                    .db
                    .query_row(&format!("PRAGMA max_page_count = {most}"), [], |row| row.get::<_, u32>(0))?)
            }
        };
        let large = |desk: &mut Desk<'_>| {
            Ok(desk.db.execute("INSERT INTO kept VALUES (zeroblob(100000))", []).map(|_| ())?)
        };
        writer.run(0, pages(3)).await.unwrap();
        assert_eq!(writer.run(0, large).await, Err(StoreError::Full));
        assert_eq!(writer.run(0, |desk| keep(desk.db, 1)).await, Ok(()), "what fits is still kept");
        writer.run(0, pages(1_000)).await.unwrap();
        assert_eq!(writer.run(0, large).await, Ok(()));
    }

    #[tokio::test]
    async fn more_bytes_than_may_wait_are_refused_at_once() {
        let writer = writer().unwrap();
        let (go, may_go) = sync_channel::<()>(0);
        let held = writer.run(QUEUE_BYTES - 10, move |_| Ok(may_go.recv().is_ok()));
        assert_eq!(writer.run(11, |desk| keep(desk.db, 1)).await, Err(StoreError::Busy));
        let fits = writer.run(10, |desk| keep(desk.db, 2));
        go.send(()).unwrap();
        assert_eq!((held.await, fits.await), (Ok(true), Ok(())));
        assert_eq!(writer.run(11, |desk| keep(desk.db, 3)).await, Ok(()), "there is room again");
    }
}
