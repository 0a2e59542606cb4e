//! What the core asks of the world: one small trait each, with a stand-in for tests.

use std::cell::Cell;

/// One moment, on both clocks of the page.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Instant {
    /// The monotonic clock, in ms since an unknown start; the only one that is ever credited.
    pub monotonic_ms: f64,
    /// The wall clock, in ms since 1970; it only tells that the machine slept or a clock was set.
    pub wall_ms: f64,
}

/// Tells the time.
pub trait Clock {
    /// Both clocks at one moment.
    fn now(&self) -> Instant;
}

/// A clock that stands still until a test moves it.
#[derive(Debug, Default)]
pub struct SetClock(Cell<Instant>);

impl SetClock {
    /// Moves both clocks on, as time does.
    pub fn advance(&self, ms: f64) {
        let now = self.0.get();
        self.0.set(Instant { monotonic_ms: now.monotonic_ms + ms, wall_ms: now.wall_ms + ms });
    }

    /// Moves the wall clock alone, as a user does who sets it, or a machine that slept.
    pub fn set_wall(&self, by_ms: f64) {
        let now = self.0.get();
        self.0.set(Instant { wall_ms: now.wall_ms + by_ms, ..now });
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        self.0.get()
    }
}
