//! How long the server waits, how much it takes, and how often.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a server waits, and how often it lets one visit write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Within this time the head of a request has to be there, from its first byte, or from the connection's begin.
    pub head: Duration,
    /// Within this time the body of a message has to be there. A package may take longer, as its length asks for.
    pub body: Duration,
    /// A connection is kept open for this long without a request. Balancers in front should give up earlier.
    pub idle: Duration,
    /// At the end, everything is still answered for so long, so that balancers in front notice and send nobody new.
    pub delay: Duration,
    /// Then requests under way are waited for so long, and as long what they brought to be on disk.
    pub drain: Duration,
    /// How often a visit may commit. A page does so once a second at most, and rarely for long.
    pub commits: Rate,
    /// How often a visit may send a part of a long text.
    pub parts: Rate,
    /// How often an address may bring codes of launches that there never were. A whole company may share an address,
    /// but its learners bring codes that there are.
    pub guesses: Rate,
    /// How often an address may try to log in with a password that is wrong, and how often a name may be tried.
    pub logins: Rate,
}

/// How often something may happen: so many times at once, and then so many a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many at once, at least 1.
    pub at_once: u32,
    /// So many a minute in the long run, at least 1; more than 60,000 are not counted.
    pub a_minute: u32,
}

impl Rate {
    /// As often as anybody likes.
    pub const UNBOUNDED: Rate = Rate { at_once: u32::MAX, a_minute: u32::MAX };
}

/// The limits where nobody says otherwise.
pub const DEFAULT_LIMITS: Limits = Limits {
    head: Duration::from_secs(10),
    body: Duration::from_secs(30),
    idle: Duration::from_secs(75),
    delay: Duration::ZERO,
    drain: Duration::from_secs(25),
    commits: Rate { at_once: 240, a_minute: 120 },
    // Twice what may wait for its commit, so that whoever sends too many is told that.
    parts: Rate { at_once: 2_048, a_minute: 1_200 },
    guesses: Rate { at_once: 100, a_minute: 60 },
    logins: Rate { at_once: 10, a_minute: 5 },
};

/// So many visits are remembered in each of two generations; whoever is forgotten begins anew.
const REMEMBERED: usize = 32_768;
const MINUTE_MS: i64 = 60_000;

/// Counts how often each visit does something; its memory has a bound.
pub(crate) struct Meter {
    rate: Rate,
    due: Mutex<Due>,
}

/// By visit: the moment at which it would have been due, had it kept to its rate, in ms since 1970.
#[derive(Default)]
struct Due {
    young: HashMap<String, i64>,
    old: HashMap<String, i64>,
}

impl Meter {
    pub(crate) fn new(rate: Rate) -> Meter {
        Meter { rate, due: Mutex::default() }
    }

    /// Lets one more pass, or answers after how many seconds it may.
    pub(crate) fn pass(&self, visit: &str, now_ms: i64) -> Result<(), u32> {
        self.count(visit, now_ms, 1)
    }

    /// Whether one more may pass, without counting it; else after how many seconds.
    pub(crate) fn may_pass(&self, visit: &str, now_ms: i64) -> Result<(), u32> {
        self.count(visit, now_ms, 0)
    }

    fn count(&self, visit: &str, now_ms: i64, times: i64) -> Result<(), u32> {
        let each_ms = MINUTE_MS / i64::from(self.rate.a_minute.max(1));
        if each_ms == 0 {
            return Ok(());
        }
        let ahead_ms = each_ms.saturating_mul(i64::from(self.rate.at_once.saturating_sub(1)));
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let at_ms = due.of(visit).max(now_ms);
        let early_ms = at_ms.saturating_sub(now_ms).saturating_sub(ahead_ms);
        if early_ms > 0 {
            return Err(u32::try_from(early_ms.saturating_add(999) / 1_000).unwrap_or(u32::MAX));
        }
        if times > 0 {
            due.put(visit, at_ms.saturating_add(each_ms.saturating_mul(times)));
        }
        Ok(())
    }
}

impl Due {
    fn of(&self, visit: &str) -> i64 {
        self.young.get(visit).or_else(|| self.old.get(visit)).copied().unwrap_or(i64::MIN)
    }

    fn put(&mut self, visit: &str, at_ms: i64) {
        if let Some(known) = self.young.get_mut(visit) {
            *known = at_ms;
            return;
        }
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(visit.to_owned(), at_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_may_do_much_at_once_and_then_as_often_as_its_rate_allows() {
        let meter = Meter::new(Rate { at_once: 3, a_minute: 120 });
        #[rustfmt::skip]
        let cases = [
            // visit, ms,  passes           why it is here
            ("a",      0,  Ok(())),
            ("a",      0,  Ok(())),
            ("a",      0,  Ok(())),      // all that may come at once
            ("a",      0,  Err(1)),
            ("b",      0,  Ok(())),      // another visit is not held up
            ("a",    499,  Err(1)),
            ("a",    500,  Ok(())),      // one in 500 ms
            ("a",    500,  Err(1)),
            ("a", 60_000,  Ok(())),      // after a rest, all at once again
            ("a", 60_000,  Ok(())),
            ("a", 60_000,  Ok(())),
            ("a", 60_000,  Err(1)),
            ("a", 50_000,  Err(11)),     // whatever the clock does
        ];
        for (visit, now_ms, expected) in cases {
            assert_eq!(meter.pass(visit, now_ms), expected, "{visit} at {now_ms}");
        }
    }

    #[test]
    fn what_is_remembered_has_a_bound_and_the_busy_are_not_forgotten() {
        let meter = Meter::new(Rate { at_once: 1, a_minute: 1 });
        for n in 0..3 * REMEMBERED {
            assert_eq!(meter.pass(&n.to_string(), 0), Ok(()));
        }
        assert_eq!(meter.pass(&(3 * REMEMBERED - 1).to_string(), 0), Err(60));
        let due = meter.due.lock().unwrap();
        assert!(due.young.len() + due.old.len() <= 2 * REMEMBERED);
    }
}
