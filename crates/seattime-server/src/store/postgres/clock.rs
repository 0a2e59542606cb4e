//! The database's clock, as every server before it tells the time: asked once a second, and told in between by
//! the process's own monotonic clock, so that no request waits for it and no machine's date matters.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;

use super::failure::Failure;
use super::fields::{Columns, row};
use crate::clock::ServerClock;
use crate::store::StoreError;

/// The one statement that asks a clock.
const ASK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
/// How often it is asked.
pub(super) const ASKED_EVERY: Duration = Duration::from_secs(1);
/// So many answers are kept; the one that came back fastest is the most exact.
const KEPT: usize = 16;
/// An answer that differs by more than this, and more than its way took, is believed at once: another machine is
/// the database now, or its clock was set; in ms.
const STEP_MS: f64 = 100.0;

/// The database's clock.
pub(crate) struct PostgresClock {
    pool: Pool,
    started: Instant,
    samples: Mutex<Samples>,
}

/// The last answers.
#[derive(Debug, Default)]
struct Samples(VecDeque<Sample>);

/// One answer.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// What the database's clock is ahead of the process's, in ms.
    ahead_ms: f64,
    /// How long the way there and back took, in ms.
    way_ms: f64,
}

impl Samples {
    fn best(&self) -> Option<Sample> {
        self.0.iter().copied().min_by(|one, other| one.way_ms.total_cmp(&other.way_ms))
    }

    fn add(&mut self, sample: Sample) {
        let is_step = self.best().is_some_and(|it| {
            let doubt_ms = (it.way_ms + sample.way_ms) / 2.0 + STEP_MS;
            (it.ahead_ms - sample.ahead_ms).abs() > doubt_ms
        });
        if is_step {
            self.0.clear();
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }
}

impl PostgresClock {
    /// A clock that was asked once.
    #[allow(clippy::disallowed_methods)] // The one place that reads the monotonic clock.
    pub(crate) async fn ask_first(pool: Pool) -> Result<PostgresClock, StoreError> {
        let clock = PostgresClock { pool, started: Instant::now(), samples: Mutex::default() };
        clock.ask().await?;
        Ok(clock)
    }

    #[allow(clippy::disallowed_methods)]
    fn monotonic_ms(&self) -> f64 {
        Instant::now().duration_since(self.started).as_secs_f64() * 1_000.0
    }

    /// Asks the database.
    pub(super) async fn ask(&self) -> Result<(), StoreError> {
        let connection = self.pool.get().await.map_err(Failure::from)?;
        let before_ms = self.monotonic_ms();
        let told = row(&connection, ASK, &[]).await?;
        let way_ms = self.monotonic_ms() - before_ms;
        let told = told.ok_or_else(|| StoreError::Failed("the database tells no time".to_owned()))?;
        let told_ms = Columns::of(&told).long()? as f64;
        let sample = Sample { ahead_ms: told_ms - before_ms - way_ms / 2.0, way_ms };
        self.samples.lock().unwrap_or_else(PoisonError::into_inner).add(sample);
        Ok(())
    }

    fn told_ms(&self) -> i64 {
        let best = self.samples.lock().unwrap_or_else(PoisonError::into_inner).best();
        (best.map_or(0.0, |it| it.ahead_ms) + self.monotonic_ms()) as i64
    }
}

impl ServerClock for PostgresClock {
    fn now_ms(&self) -> Pin<Box<dyn Future<Output = i64> + Send + '_>> {
        Box::pin(std::future::ready(self.told_ms()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_that_came_fastest_counts_until_the_clock_is_set() {
        let mut samples = Samples::default();
        #[rustfmt::skip]
        let cases = [
            // ahead     way    what is believed
            (1_000.0,    20.0,  1_000.0),
            (1_004.0,    1.0,   1_004.0), // Faster, so more exact.
            (1_300.0,    700.0, 1_004.0), // Slow: its way explains the difference.
            (91_000.0,   1.5,   91_000.0), // Another machine answers now.
            (91_001.0,   1.0,   91_001.0),
        ];
        for (ahead_ms, way_ms, expected) in cases {
            samples.add(Sample { ahead_ms, way_ms });
            assert_eq!(samples.best().map(|it| it.ahead_ms), Some(expected));
        }
        for _ in 0..KEPT {
            samples.add(Sample { ahead_ms: 91_003.0, way_ms: 2.0 });
        }
        assert_eq!(samples.best().map(|it| it.ahead_ms), Some(91_003.0), "old answers are forgotten");
    }
}
