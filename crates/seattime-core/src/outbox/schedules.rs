//! Random schedules of the sending protocol against a model of a server: the network drops, repeats and refuses messages,
//! the server is restored from backups, and the page is hidden or crashes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Answer, Message, Next, Outbox, Reason};

/// A message as it travels: it begins after `after`, and may be only what fitted into the page's exit.
#[derive(Debug, Clone, PartialEq)]
enum Sent {
    Part { seq: u64, n: u32 },
    Commit { after: u64, upto: u64, long: Vec<(u64, u32)>, is_partial: bool },
}

/// What happens next.
#[derive(Debug, Clone)]
enum Event {
    /// Content sets a value: a short text (0), or a long one of this many parts.
    Set(u32),
    /// Content calls Commit.
    Commit,
    /// Time goes by, in ms.
    Wait(u32),
    /// The page sends the messages that are due, each with its fate.
    Tick(Vec<Fate>),
    /// The page is hidden and sends one message, with this fate.
    Hide(Fate),
    /// The tab crashes; the next page sends the stored messages.
    Crash,
    /// The server is restored from the backup made this many messages ago.
    Restore(usize),
    /// A message from long ago arrives once more.
    Repeat(usize),
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    /// The server never sees it.
    Dropped,
    /// The server has it, and its answer is lost.
    Unanswered,
    /// The server refuses it, with this `Retry-After` in s.
    Refused(u8),
}

/// Changes that go into one commit.
const MOST: u64 = 3;

/// The data of one visit on the disk of the server.
#[derive(Debug, Clone, Default, PartialEq)]
struct Server {
    /// Everything up to here is on disk.
    acked: u64,
    changes: BTreeSet<u64>,
    parts: BTreeSet<(u64, u32)>,
}

impl Server {
    fn take(&mut self, sent: &Sent) -> Answer {
        let receipt =
            |acked, needs_all| Answer::Receipt { acked: Some(acked), heartbeat_ms: None, needs_all };
        match sent {
            Sent::Part { seq, n } => {
                self.parts.insert((*seq, *n));
                receipt(self.acked, false)
            }
            Sent::Commit { after, upto, long, is_partial } => {
                let has_texts = long.iter().all(|it| self.parts.contains(it));
                if !has_texts {
                    return receipt(0, true);
                }
                if *is_partial {
                    return receipt(self.acked, false);
                }
                self.changes.extend(after + 1..=*upto);
                if *after > self.acked {
                    return receipt(self.acked, true);
                }
                self.acked = self.acked.max(*upto);
                receipt(self.acked, false)
            }
        }
    }
}

/// The page and what outlives it.
struct World {
    now_ms: f64,
    seq: u64,
    /// How many parts the text of a change has, where it is long.
    long: BTreeMap<u64, u32>,
    outbox: Outbox,
    /// The messages that the browser stored last.
    stored: Vec<Sent>,
    server: Server,
    past: Vec<Server>,
    wire: Vec<Sent>,
}

impl World {
    fn new() -> World {
        World {
            now_ms: 0.0,
            seq: 0,
            long: BTreeMap::new(),
            outbox: Outbox::new(0.0, 30_000),
            stored: Vec::new(),
            server: Server::default(),
            past: Vec::new(),
            wire: Vec::new(),
        }
    }

    /// Everything that is not acknowledged, as messages in their order.
    fn messages(&self) -> Vec<Sent> {
        let mut messages = Vec::new();
        let mut after = self.outbox.acked;
        loop {
            let upto = (after + MOST).min(self.seq);
            let of_step = self.long.iter().filter(|(seq, _)| (after + 1..=upto).contains(seq));
            let long: Vec<(u64, u32)> =
                of_step.flat_map(|(seq, parts)| (0..*parts).map(|n| (*seq, n))).collect();
            messages.extend(long.iter().map(|(seq, n)| Sent::Part { seq: *seq, n: *n }));
            messages.push(Sent::Commit { after, upto, long, is_partial: false });
            if upto >= self.seq {
                return messages;
            }
            after = upto;
        }
    }

    /// Writes everything down that is not acknowledged.
    fn store(&mut self) -> Vec<Sent> {
        self.stored = self.messages();
        self.stored.clone()
    }

    fn meet(&mut self, sent: &Sent, fate: Fate) -> Answer {
        let lost = Answer::Failure { retry_after_ms: 0.0 };
        match fate {
            Fate::Dropped => lost,
            Fate::Refused(seconds) => Answer::Failure { retry_after_ms: f64::from(seconds) * 1_000.0 },
            Fate::Arrives | Fate::Unanswered => {
                self.wire.push(sent.clone());
                self.past.push(self.server.clone());
                let answer = self.server.take(sent);
                if matches!(fate, Fate::Arrives) { answer } else { lost }
            }
        }
    }

    /// Sends what is due; of messages beyond the fates, each arrives.
    fn tick(&mut self, fates: &[Fate]) {
        let has_values = self.seq > self.outbox.acked;
        if self.outbox.due(self.now_ms, has_values, true).is_none() {
            return;
        }
        let messages = self.store();
        self.outbox.begin(self.now_ms);
        for sent in &messages {
            self.outbox.add(match sent {
                Sent::Part { seq, n } => Message::Part { seq: *seq, n: *n },
                Sent::Commit { upto, .. } => Message::Commit { upto: *upto },
            });
        }
        let mut fates = fates.iter().copied().chain(std::iter::repeat(Fate::Arrives));
        let mut sent = 0;
        while let Some(n) = self.outbox.place() {
            sent += 1;
            assert!(sent <= messages.len(), "a round sends each of its messages at most once");
            let answer = self.meet(&messages[n], fates.next().unwrap());
            match self.outbox.answered(self.now_ms, answer, 0.5) {
                Next::Send => {}
                Next::Saved if self.outbox.acked >= self.seq => return self.stored.clear(),
                Next::Saved | Next::SendAll | Next::Wait(_) => return,
                Next::Stop => unreachable!("no newer visit was opened"),
            }
        }
    }

    fn hide(&mut self, fate: Fate) {
        let (after, upto) = (self.outbox.acked, self.seq);
        let is_partial = !matches!(self.store().as_slice(), [Sent::Commit { .. }]);
        let message = if is_partial { Message::Farewell } else { Message::Commit { upto } };
        self.outbox.sent(self.now_ms);
        let answer = self.meet(&Sent::Commit { after, upto, long: Vec::new(), is_partial }, fate);
        self.outbox.take(self.now_ms, message, answer, 0.5);
    }

    /// The page is gone. The next one sends what was written down, again and again until it is through, and goes on.
    fn crash(&mut self) {
        for _ in 0..3 {
            let mut is_asked = false;
            for sent in self.stored.clone() {
                let answer = self.meet(&sent, Fate::Arrives);
                is_asked |= matches!(answer, Answer::Receipt { needs_all: true, .. });
            }
            if !is_asked {
                break;
            }
        }
        // What was neither written down nor sent is gone with the page.
        let stored = self.stored.iter().filter_map(|it| match it {
            Sent::Commit { upto, .. } => Some(*upto),
            Sent::Part { .. } => None,
        });
        self.seq = stored.max().unwrap_or(0).max(self.outbox.acked);
        self.long.retain(|seq, _| *seq <= self.seq);
        let acked = self.outbox.acked;
        self.outbox = Outbox { acked, ..Outbox::new(self.now_ms, 30_000) };
        self.stored.clear();
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Set(parts) => {
                self.seq += 1;
                if *parts > 0 {
                    self.long.insert(self.seq, *parts);
                }
            }
            Event::Commit => self.outbox.send_soon(Reason::Commit),
            Event::Wait(ms) => self.now_ms += f64::from(*ms),
            Event::Tick(fates) => self.tick(fates),
            Event::Hide(fate) => self.hide(*fate),
            Event::Crash => self.crash(),
            Event::Restore(ago) => {
                if let Some(before) = self.past.len().checked_sub(*ago + 1) {
                    self.server = self.past[before].clone();
                }
            }
            Event::Repeat(ago) => {
                if let Some(n) = self.wire.len().checked_sub(*ago + 1) {
                    let sent = self.wire[n].clone();
                    self.server.take(&sent);
                }
            }
        }
    }

    /// Nothing goes wrong any more: returns after how many seconds everything is safe.
    fn settle(&mut self) -> u32 {
        // Whatever a restored server lost, the next sign of life shows.
        for second in 0..2_000 {
            self.now_ms += 1_000.0;
            self.tick(&[]);
            let is_whole = (1..=self.seq).all(|it| self.server.changes.contains(&it));
            if is_whole && self.outbox.acked >= self.seq && self.server.acked >= self.seq {
                return second;
            }
        }
        panic!("it does not end: {:?}, {:?}, of {}", self.outbox, self.server, self.seq);
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        5 => Just(Fate::Arrives),
        2 => Just(Fate::Dropped),
        2 => Just(Fate::Unanswered),
        1 => (0..40_u8).prop_map(Fate::Refused),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => prop_oneof![3 => Just(0), 1 => 1..4_u32].prop_map(Event::Set),
        2 => Just(Event::Commit),
        4 => (1..20_000_u32).prop_map(Event::Wait),
        6 => prop::collection::vec(fate(), 0..6).prop_map(Event::Tick),
        2 => fate().prop_map(Event::Hide),
        1 => Just(Event::Crash),
        1 => (0..12_usize).prop_map(Event::Restore),
        2 => (0..12_usize).prop_map(Event::Repeat),
    ]
}

/// How many schedules; a longer run names their number when this is compiled.
fn cases() -> u32 {
    option_env!("SEATTIME_OUTBOX_CASES").and_then(|it| it.parse().ok()).unwrap_or(10_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happened, once the network holds everything that the page still knows is on disk, and nothing is sent for
    /// longer than the longest wait and a heartbeat allow.
    #[test]
    fn nothing_is_lost_and_every_schedule_ends(events in prop::collection::vec(event(), 0..60)) {
        let mut world = World::new();
        for event in &events {
            world.happen(event);
        }
        let seconds = world.settle();
        // The server may ask to wait for 40 s; a sign of life comes every 30 s.
        prop_assert!(seconds <= 160, "{seconds} s");
    }
}
