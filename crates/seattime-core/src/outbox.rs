//! The sending protocol: the next message, the meaning of each answer, and the time of the next try. There is no queue of
//! messages: the outbox knows which change is acknowledged, and a round of messages is encoded from everything above it
//! at the moment it is sent.

#[cfg(test)]
mod schedules;

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

/// One message of a round. Those of a round are sent one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// A part, from 0, of the long text that the change `seq` set. Parts go ahead of the commit that names their text.
    Part {
        /// Number of the change.
        seq: u64,
        /// Number of the part.
        n: u32,
    },
    /// The changes up to `upto`, from where the commit before it ended.
    Commit {
        /// Number of the last change in it.
        upto: u64,
    },
    /// What fits into the page's exit; it acknowledges nothing by itself.
    Farewell,
}

/// What came back for a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    /// The server has it on disk.
    Receipt {
        /// The highest number of a change that is on disk; all that was sent, where the server does not say.
        acked: Option<u64>,
        /// How long to wait between signs of life, in ms, where the server says so.
        heartbeat_ms: Option<u32>,
        /// True if the server asks for everything again.
        needs_all: bool,
    },
    /// A newer visit of the attempt was opened. The changes up to `acked` are on disk.
    Superseded {
        /// The highest number of a change that is on disk.
        acked: u64,
        /// True if the server asks for everything again.
        needs_all: bool,
    },
    /// Any other problem, or no answer at all.
    Failure {
        /// How long the server asks to wait, in ms; 0 where it does not.
        retry_after_ms: f64,
    },
}

/// What follows an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Next {
    /// The next message of the round.
    Send,
    /// Nothing: the round is on disk.
    Saved,
    /// A round of everything: the server lost something that it had acknowledged.
    SendAll,
    /// Nothing, ever: another visit goes on.
    Stop,
    /// Another try, after this many ms.
    Wait(f64),
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
    /// The messages of the round that is on its way, and how many of them are done.
    round: Vec<Message>,
    done: usize,
    /// Parts of long texts that the server has. There are few, and a tree would cost every learner 3 KiB.
    parts: Vec<Message>,
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
            round: Vec::new(),
            done: 0,
            parts: Vec::new(),
        }
    }

    /// Asks for a message as soon as one may be sent.
    pub fn send_soon(&mut self, reason: Reason) {
        self.wanted = self.wanted.max(Some(reason));
    }

    /// Why a message has to be sent now, if one has; `has_values`: content set what is not acknowledged;
    /// `is_used`: the page is visible, or something plays in it.
    pub fn due(&self, now_ms: f64, has_values: bool, is_used: bool) -> Option<Reason> {
        if self.in_flight || !self.round.is_empty() || now_ms < self.not_before {
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

    /// Begins a round; its messages are added in the order in which they are sent.
    pub fn begin(&mut self, now_ms: f64) {
        self.round.clear();
        self.done = 0;
        self.sent(now_ms);
    }

    /// Adds a message to the round.
    pub fn add(&mut self, message: Message) {
        self.round.push(message);
    }

    /// Returns the place in the round of the message to send now, and [`None`] once the round is over. Parts that the
    /// server has are passed over.
    pub fn place(&mut self) -> Option<usize> {
        while self.round.get(self.done).is_some_and(|it| self.parts.contains(it)) {
            self.done += 1;
        }
        (self.done < self.round.len()).then_some(self.done)
    }

    /// Takes the answer to the message that [`Outbox::place`] named last.
    pub fn answered(&mut self, now_ms: f64, answer: Answer, chance: f64) -> Next {
        // Of a round that a trap took away, the server alone says what it has.
        let message = self.round.get(self.done).copied().unwrap_or(Message::Farewell);
        if let (Message::Part { .. }, Answer::Receipt { needs_all: false, .. }) = (message, answer) {
            self.parts.push(message);
            self.done += 1;
            return Next::Send;
        }
        let next = self.take(now_ms, message, answer, chance);
        self.done += 1;
        match next {
            Next::Saved if self.done < self.round.len() => Next::Send,
            next => {
                self.round.clear();
                next
            }
        }
    }

    /// Takes the answer to a message that belongs to no round: it was sent as the page was hidden or went away.
    pub fn take(&mut self, now_ms: f64, message: Message, answer: Answer, chance: f64) -> Next {
        let upto = if let Message::Commit { upto } = message { upto } else { 0 };
        match answer {
            Answer::Receipt { needs_all: true, .. } | Answer::Superseded { needs_all: true, .. } => {
                self.send_everything();
                Next::SendAll
            }
            Answer::Receipt { acked, heartbeat_ms, .. } => {
                self.receipt(acked.unwrap_or(upto), heartbeat_ms);
                Next::Saved
            }
            Answer::Superseded { acked, .. } => {
                self.receipt(acked, None);
                Next::Stop
            }
            Answer::Failure { retry_after_ms } => Next::Wait(self.failed(now_ms, retry_after_ms, chance)),
        }
    }

    /// A message is on its way.
    pub fn sent(&mut self, now_ms: f64) {
        (self.in_flight, self.wanted, self.last_sent) = (true, None, now_ms);
        self.not_before = now_ms + SPACING_MS;
    }

    /// Everything up to `acked` is on disk.
    fn receipt(&mut self, acked: u64, heartbeat_ms: Option<u32>) {
        self.acked = self.acked.max(acked);
        if let Some(ms) = heartbeat_ms {
            self.heartbeat_ms = f64::from(ms.clamp(1_000, 600_000));
        }
        (self.in_flight, self.failures) = (false, 0);
    }

    /// The server lost something: everything is sent again.
    fn send_everything(&mut self) {
        (self.acked, self.in_flight) = (0, false);
        self.parts.clear();
        self.send_soon(Reason::Autosave);
    }

    /// A message did not get through. Waits for what the server asked for, `retry_after_ms`, or else
    /// longer after each failure, from 1 s to 60 s; `chance`, from 0 to 1, spreads many pages out.
    ///
    /// Returns how long it waits, in ms.
    fn failed(&mut self, now_ms: f64, retry_after_ms: f64, chance: f64) -> f64 {
        let doubled = SPACING_MS * f64::from(1_u32 << self.failures.min(6));
        let chosen = SPACING_MS + (doubled.min(LONGEST_WAIT_MS) - SPACING_MS) * chance.clamp(0.0, 1.0);
        let wait = chosen.max(retry_after_ms.min(10.0 * LONGEST_WAIT_MS));
        (self.in_flight, self.failures, self.not_before) = (false, self.failures + 1, now_ms + wait);
        wait
    }

    /// What was on its way when the run-time trapped may never be heard of again.
    pub(crate) fn resume(&mut self) {
        self.in_flight = false;
        self.round.clear();
        self.send_soon(Reason::Autosave);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIPT: Answer = Answer::Receipt { acked: None, heartbeat_ms: Some(30_000), needs_all: false };
    fn begin(outbox: &mut Outbox, now_ms: f64, round: &[Message]) {
        outbox.begin(now_ms);
        round.iter().for_each(|it| outbox.add(*it));
    }

    const LOST: Answer = Answer::Failure { retry_after_ms: 0.0 };

    #[test]
    fn messages_are_sent_when_they_are_due_and_one_at_a_time() {
        let mut outbox = Outbox::new(0.0, 30_000);
        assert_eq!(outbox.due(500.0, false, true), None);
        outbox.send_soon(Reason::Commit);
        outbox.send_soon(Reason::Autosave); // less urgent: does not replace it
        assert_eq!(outbox.due(500.0, false, true), Some(Reason::Commit));
        begin(&mut outbox, 500.0, &[Message::Commit { upto: 7 }]);
        outbox.send_soon(Reason::Terminate);
        assert_eq!(outbox.due(2_000.0, false, true), None, "one is on its way");
        assert_eq!(outbox.answered(600.0, RECEIPT, 0.0), Next::Saved);
        assert_eq!(outbox.acked, 7);
        assert_eq!(outbox.due(1_400.0, false, true), None, "at most one a second");
        assert_eq!(outbox.due(1_500.0, false, true), Some(Reason::Terminate));
        begin(&mut outbox, 1_500.0, &[Message::Commit { upto: 9 }]);
        let late = Answer::Receipt { acked: Some(5), heartbeat_ms: None, needs_all: false };
        assert_eq!(outbox.answered(1_600.0, late, 0.0), Next::Saved);
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

    #[test]
    fn a_round_sends_parts_ahead_of_their_commit_and_each_only_once() {
        let round = || {
            vec![Message::Part { seq: 3, n: 0 }, Message::Part { seq: 3, n: 1 }, Message::Commit { upto: 3 }]
        };
        let mut outbox = Outbox::new(0.0, 30_000);
        begin(&mut outbox, 0.0, &round());
        assert_eq!((outbox.place(), outbox.answered(0.0, RECEIPT, 0.0)), (Some(0), Next::Send));
        assert_eq!((outbox.place(), outbox.answered(0.0, LOST, 0.0)), (Some(1), Next::Wait(1_000.0)));
        assert_eq!((outbox.place(), outbox.acked), (None, 0), "the round is over");
        begin(&mut outbox, 1_000.0, &round());
        assert_eq!((outbox.place(), outbox.answered(1_000.0, RECEIPT, 0.0)), (Some(1), Next::Send));
        assert_eq!((outbox.place(), outbox.answered(1_000.0, RECEIPT, 0.0)), (Some(2), Next::Saved));
        assert_eq!((outbox.place(), outbox.acked), (None, 3));
    }

    #[test]
    fn a_round_is_over_before_the_next_one_is_due() {
        let mut outbox = Outbox::new(0.0, 30_000);
        begin(&mut outbox, 0.0, &[Message::Commit { upto: 3 }, Message::Commit { upto: 5 }]);
        outbox.send_soon(Reason::Commit);
        assert_eq!((outbox.answered(0.0, RECEIPT, 0.0), outbox.acked), (Next::Send, 3));
        assert_eq!(outbox.due(60_000.0, true, true), None, "a message of it is still to be sent");
        assert_eq!((outbox.answered(60_000.0, RECEIPT, 0.0), outbox.acked), (Next::Saved, 5));
        assert_eq!(outbox.due(60_000.0, true, true), Some(Reason::Commit));
    }

    #[test]
    fn each_answer_has_one_consequence() {
        let receipt = |acked, needs_all| Answer::Receipt { acked, heartbeat_ms: None, needs_all };
        #[rustfmt::skip]
        let cases = [
            // answer                                                 what follows           acked
            (receipt(None, false),                                    Next::Saved,           9),
            (receipt(Some(4), false),                                 Next::Saved,           4),
            (receipt(Some(0), true),                                  Next::SendAll,         0),
            (Answer::Superseded { acked: 9, needs_all: false },       Next::Stop,            9),
            (Answer::Superseded { acked: 0, needs_all: true },        Next::SendAll,         0),
            (LOST,                                                    Next::Wait(1_000.0),   2),
            (Answer::Failure { retry_after_ms: 30_000.0 },            Next::Wait(30_000.0),  2),
        ];
        for (answer, next, acked) in cases {
            let mut outbox = Outbox { acked: 2, ..Outbox::new(0.0, 30_000) };
            begin(&mut outbox, 0.0, &[Message::Commit { upto: 9 }]);
            assert_eq!((outbox.answered(0.0, answer, 1.0), outbox.acked), (next, acked), "{answer:?}");
            assert_eq!(outbox.place(), None, "{answer:?}");
            // What a server asks for is sent at once; else there is nothing to send before the next sign of life.
            let is_due = outbox.due(1_000.0, false, true).is_some();
            assert_eq!(is_due, next == Next::SendAll || next == Next::Wait(1_000.0), "{answer:?}");
        }
    }

    #[test]
    fn a_farewell_acknowledges_what_the_server_says_and_no_more() {
        let mut outbox = Outbox::new(0.0, 30_000);
        outbox.sent(0.0);
        assert_eq!(outbox.take(0.0, Message::Farewell, RECEIPT, 0.0), Next::Saved);
        assert_eq!(outbox.acked, 0);
        outbox.take(0.0, Message::Commit { upto: 4 }, RECEIPT, 0.0);
        assert_eq!(outbox.acked, 4);
    }
}
