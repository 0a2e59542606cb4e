//! What waits to be written, and how long writing takes: both stores count alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tokio::sync::Notify;

use crate::clock::Stopwatch;

/// The borders between lengths of time that are told apart, in s: from memory alone to a disk in trouble.
#[rustfmt::skip]
pub(crate) const SECONDS: [f64; 16] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// What a store tells of its writing; clones share their figures.
#[derive(Debug, Clone)]
pub struct Throughput {
    waiting: Gauge,
    waiting_bytes: Gauge,
    batch: Histogram,
    batch_takes: Histogram,
    commit_takes: Histogram,
    failed: Counter,
    /// By writer: when the oldest change that it is at work on was handed in, in µs since `born`; 0 where it rests.
    at_work: Arc<Vec<AtomicU64>>,
    /// Told whenever a batch ends.
    ended: Arc<Notify>,
    born: Stopwatch,
}

/// A change that waits: when it was handed in, in µs, and how many bytes it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    at_us: u64,
    bytes: i64,
}

/// Changes that are written together.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    of: &'a Throughput,
    writer: usize,
    since: Stopwatch,
}

impl Default for Throughput {
    fn default() -> Throughput {
        Throughput::new(1)
    }
}

impl Throughput {
    /// Nothing was written yet, by so many writers.
    pub(crate) fn new(writers: usize) -> Throughput {
        Throughput {
            waiting: Gauge::default(),
            waiting_bytes: Gauge::default(),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            batch_takes: Histogram::new(SECONDS),
            commit_takes: Histogram::new(SECONDS),
            failed: Counter::default(),
            at_work: Arc::new((0..writers).map(|_| AtomicU64::new(0)).collect()),
            ended: Arc::default(),
            born: Stopwatch::start(),
        }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// A change begins to wait.
    pub(crate) fn handed_in(&self, bytes: usize) -> Ticket {
        let ticket = Ticket { at_us: self.now_us(), bytes: i64::try_from(bytes).unwrap_or(i64::MAX) };
        self.waiting.inc();
        self.waiting_bytes.inc_by(ticket.bytes);
        ticket
    }

    /// A change waits no more: it is in a batch, or there was no room for it.
    pub(crate) fn taken(&self, ticket: Ticket) {
        self.waiting.dec();
        self.waiting_bytes.dec_by(ticket.bytes);
    }

    /// A writer begins with a batch whose first change is `oldest`; before that one is taken.
    pub(crate) fn begin(&self, writer: usize, oldest: Ticket) -> Batch<'_> {
        if let Some(it) = self.at_work.get(writer) {
            it.store(oldest.at_us.max(1), Ordering::SeqCst);
        }
        Batch { of: self, writer, since: Stopwatch::start() }
    }

    /// How old the oldest change is that nobody was answered about, in s. Each writer takes the oldest first.
    pub(crate) fn oldest_s(&self) -> f64 {
        let since = self.at_work.iter().map(|it| it.load(Ordering::SeqCst)).filter(|it| *it > 0).min();
        since.map_or(0.0, |it| Duration::from_micros(self.now_us().saturating_sub(it)).as_secs_f64())
    }

    /// Waits until nothing waits to be written and nothing is being written.
    pub(crate) async fn idle(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable(); // What ends from here on is noticed.
            let is_at_work = self.at_work.iter().any(|it| it.load(Ordering::SeqCst) > 0);
            if self.waiting.get() == 0 && !is_at_work {
                return;
            }
            ended.await;
        }
    }

    /// Has the figures told under their names.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let it = self.clone();
        registry.register("queue_changes", "Changes that wait to be written", it.waiting);
        let help = "Bytes of messages that wait to be written";
        registry.register_with_unit("queue", help, Unit::Bytes, it.waiting_bytes);
        registry.register("batch_changes", "Changes in one transaction", it.batch);
        let help = "What a transaction took, from its first change to its end, retries included";
        registry.register_with_unit("transaction", help, Unit::Seconds, it.batch_takes);
        let help = "What bringing a transaction to disk took: with SQLite its write-ahead log and one fsync";
        registry.register_with_unit("disk_commit", help, Unit::Seconds, it.commit_takes);
        let help = "Transactions that failed; nothing of them was acknowledged";
        registry.register("transactions_failed", help, it.failed);
    }

    /// A transaction is on disk.
    pub(crate) fn committed(&self, took: Duration) {
        self.commit_takes.observe(took.as_secs_f64());
    }
}

impl Batch<'_> {
    /// So many changes were written, or were not.
    pub(crate) fn end(self, changes: usize, is_kept: bool) {
        self.of.batch.observe(changes as f64);
        self.of.batch_takes.observe(self.since.elapsed().as_secs_f64());
        if !is_kept {
            self.of.failed.inc();
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if let Some(it) = self.of.at_work.get(self.writer) {
            it.store(0, Ordering::SeqCst);
        }
        self.of.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_until_it_is_taken_and_the_oldest_until_it_is_answered() {
        let throughput = Throughput::new(2);
        let told = |it: &Throughput| (it.waiting.get(), it.waiting_bytes.get());
        let first = throughput.handed_in(10);
        let second = throughput.handed_in(5);
        assert_eq!(told(&throughput), (2, 15));
        let batch = throughput.begin(1, first);
        throughput.taken(first);
        let since = Stopwatch::start();
        while since.elapsed().as_micros() < 50 {
            std::hint::spin_loop();
        }
        assert_eq!(told(&throughput), (1, 5));
        assert!(throughput.oldest_s() >= 50e-6, "{}", throughput.oldest_s());
        throughput.taken(second);
        batch.end(2, false);
        assert_eq!(told(&throughput), (0, 0));
        assert_eq!((throughput.oldest_s(), throughput.failed.get()), (0.0, 1));
    }
}
