//! The server's clock: the one place that every server time comes from.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

/// Tells the time; asynchronous, because a database may be the one that knows it.
pub trait ServerClock: Send + Sync {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> Pin<Box<dyn Future<Output = i64> + Send + '_>>;

    /// True if it counts even where a database has a clock of its own: a test sets one.
    fn overrides_database(&self) -> bool {
        false
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl ServerClock for SystemClock {
    #[allow(clippy::disallowed_methods)] // The one implementation that asks the machine.
    fn now_ms(&self) -> Pin<Box<dyn Future<Output = i64> + Send + '_>> {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now_ms = since_1970.map_or(0, |it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX));
        Box::pin(std::future::ready(now_ms))
    }
}

/// How long something takes this machine: for figures about the server, never for a learner's time.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Begins now.
    #[allow(clippy::disallowed_methods)] // It tells no time, only how much of it passed.
    pub fn start() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }

    /// What has passed since.
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

/// A clock that steps back by more than this is followed from where it was; by less, it stands still.
const STEP_MS: i64 = 2_000;

/// A clock that never runs backwards, not even over a restart.
///
/// Forward jumps are followed: a machine that slept has to know. After a step back it goes on from the
/// last time it told, so that no interval becomes negative and none stands still for hours.
pub(crate) struct SteadyClock<C> {
    clock: C,
    state: Mutex<Steady>,
}

#[derive(Debug, Clone, Copy)]
struct Steady {
    last_ms: i64,
    ahead_ms: i64,
}

impl Steady {
    fn tell(&mut self, asked_ms: i64) -> i64 {
        let now_ms = asked_ms.saturating_add(self.ahead_ms);
        let back_ms = self.last_ms.saturating_sub(now_ms);
        if back_ms > STEP_MS {
            self.ahead_ms = self.ahead_ms.saturating_add(back_ms);
        }
        self.last_ms = self.last_ms.max(now_ms);
        self.last_ms
    }
}

impl<C> SteadyClock<C> {
    /// A clock that tells nothing before `last_ms`, the latest time that is on disk.
    pub(crate) fn new(clock: C, last_ms: i64) -> SteadyClock<C> {
        SteadyClock { clock, state: Mutex::new(Steady { last_ms, ahead_ms: 0 }) }
    }
}

impl ServerClock for SteadyClock<std::sync::Arc<dyn ServerClock>> {
    fn now_ms(&self) -> Pin<Box<dyn Future<Output = i64> + Send + '_>> {
        Box::pin(async {
            let asked_ms = self.clock.now_ms().await;
            self.state.lock().unwrap_or_else(PoisonError::into_inner).tell(asked_ms)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_runs_backwards_and_never_stands_still_for_long() {
        let mut clock = Steady { last_ms: 1_000_000, ahead_ms: 0 };
        #[rustfmt::skip]
        let samples = [
            // asked      told        why it is here
            (1_000_500,   1_000_500),
            (1_000_400,   1_000_500), // a hair back: it waits
            (1_000_600,   1_000_600),
            (9_000_600,   9_000_600), // the machine slept
            (5_000_600,   9_000_600), // set back by an hour: from here on it runs ahead
            (5_001_600,   9_001_600),
            (9_001_600,  13_001_600), // set right again: it stays ahead until the next start
        ];
        for (asked, told) in samples {
            assert_eq!(clock.tell(asked), told, "asked {asked}");
        }
    }
}
