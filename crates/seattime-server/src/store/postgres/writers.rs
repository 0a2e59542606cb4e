//! The tasks that write commits: each takes what waits for it, one transaction, then answers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deadpool_postgres::Pool;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use super::connection::Way;
use super::contacts::Contacts;
use super::memory::Memory;
use super::merge::merge_surely;
use crate::error::StartError;
use crate::store::throughput::Ticket;
use crate::store::{Answer, Arrival, Merged, StoreError, Throughput};

/// So many tasks write, each over a connection of its own.
pub const WRITERS: usize = 4;
/// So many commits may wait for each; more are refused, so that memory has a bound.
const QUEUE: usize = 1_024;
/// So many bytes of commits may wait in all.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// So many go into one transaction.
const BATCH: usize = 512;

/// A commit, and where its answer goes.
type Waiting = (Box<Arrival>, oneshot::Sender<Result<Merged, StoreError>>, Ticket);

/// Where commits are handed in.
pub(super) struct Writers {
    queues: Vec<Sender<Waiting>>,
    /// How many bytes wait.
    bytes: Arc<AtomicUsize>,
    pub(super) throughput: Throughput,
}

impl Writers {
    /// Starts the tasks; they end with the last handle to them.
    pub(super) fn start(way: &Way, contacts: &Arc<Contacts>) -> Result<Writers, StartError> {
        let bytes = Arc::new(AtomicUsize::new(0));
        let throughput = Throughput::new(WRITERS);
        let start = |writer| {
            let (queue, waiting) = channel(QUEUE);
            let counted = (writer, throughput.clone());
            let (pool, driver) = way.driven()?;
            let writing = write(pool, Arc::clone(contacts), waiting, Arc::clone(&bytes), counted);
            tokio::spawn(driver.drive(writing));
            Ok(queue)
        };
        let queues = (0..WRITERS).map(start).collect::<Result<_, StartError>>()?;
        Ok(Writers { queues, bytes, throughput })
    }

    /// Merges a commit. A learner's commits all go to the same task, and so stay in their order.
    pub(super) fn merge(&self, arrival: Arrival) -> Answer<'static, Merged> {
        let mut hash = DefaultHasher::new();
        arrival.claims.learner.hash(&mut hash);
        let (answer, answered) = oneshot::channel();
        let which = (hash.finish() % self.queues.len().max(1) as u64) as usize;
        let size = arrival.body.size_bytes();
        if self.bytes.fetch_add(size, Ordering::Relaxed).saturating_add(size) > QUEUE_BYTES {
            self.bytes.fetch_sub(size, Ordering::Relaxed);
            return Box::pin(std::future::ready(Err(StoreError::Busy)));
        }
        let ticket = self.throughput.handed_in(size);
        let handed_in = self.queues.get(which).map(|it| it.try_send((Box::new(arrival), answer, ticket)));
        if !matches!(handed_in, Some(Ok(()))) {
            self.throughput.taken(ticket);
            self.bytes.fetch_sub(size, Ordering::Relaxed);
        }
        Box::pin(async move {
            let ended = || StoreError::Failed("the writer has ended".to_owned());
            match handed_in {
                Some(Ok(())) => answered.await.map_err(|_| ended())?,
                Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
                Some(Err(TrySendError::Closed(_))) | None => Err(ended()),
            }
        })
    }
}

async fn write(
    pool: Pool,
    contacts: Arc<Contacts>,
    mut waiting: Receiver<Waiting>,
    bytes: Arc<AtomicUsize>,
    (writer, throughput): (usize, Throughput),
) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut memory = Memory::default();
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let Some(at_work) = batch.first().map(|it| throughput.begin(writer, it.2)) else { continue };
        batch.iter().for_each(|it| throughput.taken(it.2));
        let arrivals: Vec<&Arrival> = batch.iter().map(|it| &*it.0).collect();
        let merged = merge_surely(&pool, &contacts, (&mut memory, &throughput), &arrivals).await;
        let is_kept = merged.is_ok();
        let outcomes = match merged {
            Ok(outcomes) => outcomes,
            // Another try of each would only wait as long again.
            Err(failure) if arrivals.len() == 1 || failure.is_passing() => {
                let error = StoreError::from(failure);
                arrivals.iter().map(|_| Err(error.clone())).collect()
            }
            Err(failure) => {
                let error = StoreError::from(failure);
                tracing::error!(%error, "A transaction failed; its commits are tried one by one");
                let mut outcomes = Vec::new();
                for arrival in &arrivals {
                    let alone = merge_surely(&pool, &contacts, (&mut memory, &throughput), &[arrival]).await;
                    outcomes.push(alone.map_err(StoreError::from).and_then(|it| {
                        it.into_iter().next().unwrap_or(Err(StoreError::Failed("no answer".to_owned())))
                    }));
                }
                outcomes
            }
        };
        bytes.fetch_sub(batch.iter().map(|it| it.0.body.size_bytes()).sum(), Ordering::Relaxed);
        at_work.end(batch.len(), is_kept);
        for ((_, answer, _), outcome) in batch.drain(..).zip(outcomes) {
            // Nobody may be waiting any more; the commit is kept all the same.
            let _ = answer.send(outcome);
        }
    }
}
