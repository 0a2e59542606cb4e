//! When the visit's state is written down and sent. There is no queue of messages: the outbox knows which
//! change is acknowledged, and a message is encoded from everything above it at the moment it is sent.

/// Why a commit is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A sign of life.
    Heartbeat,
    /// Something changed and a while went by.
    Autosave,
    /// Content asked for it.
    Commit,
    /// Content ended its session.
    Terminate,
    /// The page was hidden or is going away.
    Hidden,
}

impl Reason {
    /// The word for it on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Heartbeat => "heartbeat",
            Reason::Autosave => "autosave",
            Reason::Commit => "commit",
            Reason::Terminate => "terminate",
            Reason::Hidden => "hidden",
        }
    }
}

/// Values that content did not commit are sent after this long, in ms.
const AUTOSAVE_MS: f64 = 10_000.0;
/// The state is written down this often, in ms.
const CHECKPOINT_MS: f64 = 5_000.0;
/// Two commits are at least this far apart, in ms.
const SPACING_MS: f64 = 1_000.0;
/// The longest wait after a failure, in ms.
const LONGEST_WAIT_MS: f64 = 60_000.0;
/// A hidden page gives signs of life at least this rarely, in ms.
const HIDDEN_HEARTBEAT_MS: f64 = 60_000.0;

/// What is acknowledged, and when to write down and to send; times are monotonic, in ms.
#[derive(Debug, Clone, PartialEq)]
pub struct Outbox {
    /// The highest number of a change that the server has on disk.
    pub acked: u64,
    heartbeat_ms: f64,
    wanted: Option<Reason>,
    in_flight: bool,
    not_before: f64,
    last_sent: f64,
    last_checkpoint: f64,
    failures: u32,
}

impl Outbox {
    /// An outbox that has sent nothing.
    pub fn new(now_ms: f64, heartbeat_ms: u32) -> Outbox {
        Outbox {
            acked: 0,
            heartbeat_ms: f64::from(heartbeat_ms),
            wanted: None,
            in_flight: false,
            not_before: now_ms,
            last_sent: now_ms,
            last_checkpoint: now_ms,
            failures: 0,
        }
    }

    /// Asks for a message as soon as one may be sent.
    pub fn send_soon(&mut self, reason: Reason) {
        self.wanted = self.wanted.max(Some(reason));
    }

    /// Why a message has to be sent now, if one has; `has_values`: content set what is not acknowledged;
    /// `is_used`: the page is visible, or something plays in it.
    pub fn due(&self, now_ms: f64, has_values: bool, is_used: bool) -> Option<Reason> {
        if self.in_flight || now_ms < self.not_before {
            return None;
        }
        let waited = now_ms - self.last_sent;
        let heartbeat = if is_used { self.heartbeat_ms } else { self.heartbeat_ms.max(HIDDEN_HEARTBEAT_MS) };
        let by_time = if has_values && waited >= AUTOSAVE_MS {
            Some(Reason::Autosave)
        } else {
            // After a failure nothing is waited for but the time that it set.
            (waited >= heartbeat || self.failures > 0).then_some(Reason::Heartbeat)
        };
        self.wanted.max(by_time)
    }

    /// Whether the state has to be written down now; says so once every five seconds.
    pub fn is_checkpoint_due(&mut self, now_ms: f64) -> bool {
        let is_due = now_ms - self.last_checkpoint >= CHECKPOINT_MS;
        if is_due {
            self.last_checkpoint = now_ms;
        }
        is_due
    }

    /// A message is on its way.
    pub fn sent(&mut self, now_ms: f64) {
        (self.in_flight, self.wanted, self.last_sent) = (true, None, now_ms);
        self.not_before = now_ms + SPACING_MS;
    }

    /// The receipt of a message: everything up to `acked` is on disk.
    pub fn receipt(&mut self, acked: u64, heartbeat_ms: u32) {
        self.acked = self.acked.max(acked);
        self.heartbeat_ms = f64::from(heartbeat_ms.clamp(1_000, 600_000));
        (self.in_flight, self.failures) = (false, 0);
    }

    /// The server knows nothing of this visit: everything is sent again.
    pub fn send_everything(&mut self) {
        (self.acked, self.in_flight) = (0, false);
        self.send_soon(Reason::Autosave);
    }

    /// A message did not get through. Waits for what the server asked for, `retry_after_ms`, or else
    /// longer after each failure, from 1 s to 60 s; `chance`, from 0 to 1, spreads many pages out.
    ///
    /// Answers how long it waits, in ms.
    pub fn failed(&mut self, now_ms: f64, retry_after_ms: f64, chance: f64) -> f64 {
        let doubled = SPACING_MS * f64::from(1_u32 << self.failures.min(6));
        let chosen = SPACING_MS + (doubled.min(LONGEST_WAIT_MS) - SPACING_MS) * chance.clamp(0.0, 1.0);
        let wait = chosen.max(retry_after_ms.min(10.0 * LONGEST_WAIT_MS));
        (self.in_flight, self.failures, self.not_before) = (false, self.failures + 1, now_ms + wait);
        wait
    }

    /// What was on its way when the run-time trapped may never be heard of again.
    pub(crate) fn resume(&mut self) {
        self.in_flight = false;
        self.send_soon(Reason::Autosave);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_sent_when_they_are_due_and_one_at_a_time() {
        let mut outbox = Outbox::new(0.0, 30_000);
        assert_eq!(outbox.due(500.0, false, true), None);
        outbox.send_soon(Reason::Commit);
        outbox.send_soon(Reason::Autosave); // less urgent: does not replace it
        assert_eq!(outbox.due(500.0, false, true), Some(Reason::Commit));
        outbox.sent(500.0);
        outbox.send_soon(Reason::Terminate);
        assert_eq!(outbox.due(2_000.0, false, true), None, "one is on its way");
        outbox.receipt(7, 30_000);
        assert_eq!(outbox.acked, 7);
        assert_eq!(outbox.due(1_400.0, false, true), None, "at most one a second");
        assert_eq!(outbox.due(1_500.0, false, true), Some(Reason::Terminate));
        outbox.sent(1_500.0);
        outbox.receipt(5, 30_000);
        assert_eq!(outbox.acked, 7, "a late receipt takes nothing back");
        assert_eq!(outbox.due(12_000.0, true, true), Some(Reason::Autosave));
        assert_eq!(outbox.due(12_000.0, false, true), None);
        assert_eq!(outbox.due(31_500.0, false, true), Some(Reason::Heartbeat));
        assert_eq!(outbox.due(31_500.0, false, false), None, "hidden: every minute");
        assert_eq!(outbox.due(61_500.0, false, false), Some(Reason::Heartbeat));
    }

    #[test]
    fn a_failure_is_followed_by_longer_and_longer_waits_up_to_a_minute() {
        let mut outbox = Outbox::new(0.0, 30_000);
        let waits: Vec<f64> = (0..8).map(|_| outbox.failed(0.0, 0.0, 1.0)).collect();
        assert_eq!(waits, [1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 60e3, 60e3]);
        assert_eq!(outbox.failed(0.0, 90_000.0, 0.0), 90_000.0, "the server's word counts");
        assert_eq!(outbox.due(89_999.0, false, true), None);
        assert_eq!(outbox.due(90_000.0, false, true), Some(Reason::Heartbeat));
    }
}
