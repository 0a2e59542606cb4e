//! What happened in a visit, second by second, and the messages by which its page told of it.

use std::collections::BTreeMap;

use seattime_wire::{
    Commit, CommitReason, CreditPolicy, EvidenceKind, Media, Policy, Reported, Session, SessionKind,
    SessionState, Stretch, Time, Totals,
};

use crate::config::DEFAULT_POLICY;
use seattime_testing::rng::Rng;

/// The moment that a story's seconds count from, in ms since 1970.
pub(crate) const EPOCH_MS: i64 = 1_700_000_000_000;

/// What happened in one visit.
pub(crate) struct Story {
    pub(crate) lease: u32,
    pub(crate) policy: Policy,
    /// When the server opened it, in seconds since [`EPOCH_MS`].
    pub(crate) opened_s: i64,
    /// What the page's wall clock is ahead of the server's, in seconds.
    ahead_s: i64,
    pub(crate) stretches: Vec<Lived>,
    /// What content said of its time: session, when, and what; the last of a session counts.
    pub(crate) reports: Vec<(u32, (usize, i64), Said)>,
}

/// A stretch: the clock ran without a break.
pub(crate) struct Lived {
    /// When it really began, in seconds since [`EPOCH_MS`].
    pub(crate) start_s: i64,
    /// Whether the learner gave a sign at the beginning of each second, and at the end of the last.
    pub(crate) signs: Vec<Option<EvidenceKind>>,
    /// Of each second: whether the page was visible.
    pub(crate) visible: Vec<bool>,
    /// Of each second: which session's content was loaded; 0 for none.
    pub(crate) loaded: Vec<u32>,
    /// Of each second: which of [`MEDIA`] played, and whether in a hidden page.
    pub(crate) played: Vec<Option<(usize, bool)>>,
}

/// What may play: key and kind.
pub(crate) const MEDIA: [(&str, &str); 3] = [("film", "video"), ("tone", "audio"), ("song", "audio")];

/// What content said of its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Nothing,
    Zero,
    Seconds(i64),
    Nonsense,
}

/// A message as it arrived.
pub(crate) struct Delivery {
    pub(crate) commit: Commit,
    /// In seconds since [`EPOCH_MS`].
    pub(crate) received_s: i64,
    pub(crate) is_replay: bool,
    /// When it was sent: stretch, and second in it; none where it does not say so.
    pub(crate) sent_at: Option<(usize, i64)>,
    /// When it was sent by the page's wall clock, and when each stretch that it names began by it.
    pub(crate) sent_date_s: i64,
    pub(crate) started_s: Vec<i64>,
}

impl Delivery {
    /// When it arrived, in ms since 1970.
    pub(crate) fn received_ms(&self) -> i64 {
        ms(self.received_s)
    }
}

fn ms(seconds: i64) -> i64 {
    EPOCH_MS + seconds * 1_000
}

/// A policy; the idle limit is never shorter than the join of bursts.
pub(crate) fn policy(rng: &mut Rng) -> Policy {
    let credits = [CreditPolicy::Corroborated, CreditPolicy::Reported, CreditPolicy::Measured];
    let seconds = |choices: &[i64], rng: &mut Rng| rng.choose(choices).unwrap() * 1_000;
    Policy {
        idle_limit_ms: seconds(&[10, 20, 60, 300], rng),
        tail_ms: seconds(&[0, 1, 10], rng),
        credit: rng.choose(&credits).unwrap(),
        ..DEFAULT_POLICY
    }
}

impl Story {
    pub(crate) fn of(rng: &mut Rng, lease: u32, policy: Policy) -> Story {
        let opened_s = rng.below(600) as i64;
        let ahead_s = rng.choose(&[0, 90, -3_600]).unwrap();
        let mut now_s = opened_s + rng.below(5) as i64;
        let (mut stretches, mut reports) = (Vec::new(), Vec::new());
        let mut session = 0;
        for stretch in 0..=rng.below(3) as usize {
            let lived = Lived::of(rng, now_s, &mut session);
            let length = lived.visible.len() as i64;
            for _ in 0..rng.below(3) {
                let at = rng.below(length as u64) as i64;
                let loaded = lived.loaded[at as usize];
                let said = match rng.below(5) {
                    0 => Said::Zero,
                    1 => Said::Nonsense,
                    2 => Said::Seconds(rng.below(40_000) as i64),
                    _ => Said::Seconds(at + rng.below(5) as i64),
                };
                if loaded > 0 {
                    reports.push((loaded, (stretch, at), said));
                }
            }
            now_s += length + rng.below(2_000) as i64; // The machine slept.
            stretches.push(lived);
        }
        reports.sort_by_key(|it| it.1);
        // What cannot be read never takes back what could.
        let mut readable = Vec::new();
        reports.retain(|it| {
            if it.2 != Said::Nonsense {
                readable.push(it.0);
            }
            it.2 != Said::Nonsense || !readable.contains(&it.0)
        });
        Story { lease, policy, opened_s, ahead_s, stretches, reports }
    }

    pub(crate) fn opened_ms(&self) -> i64 {
        ms(self.opened_s)
    }

    /// What a session had said by then.
    pub(crate) fn said(&self, session: u32, by: (usize, i64)) -> (Said, (usize, i64)) {
        let last = self.reports.iter().rfind(|it| it.0 == session && it.1 <= by);
        last.map_or((Said::Nothing, (0, 0)), |it| (it.2, it.1))
    }
}

impl Lived {
    fn of(rng: &mut Rng, start_s: i64, session: &mut u32) -> Lived {
        let length = 1 + rng.below(240) as usize;
        let (mut visible, mut loaded, mut signs) = (Vec::new(), Vec::new(), Vec::new());
        let (mut played, mut playing) = (Vec::new(), None);
        let (mut is_visible, mut now_loaded) = (rng.below(4) > 0, *session);
        let often = rng.choose(&[3, 15, 60, 400]).unwrap();
        for _ in 0..length {
            if rng.below(50) == 0 {
                is_visible = !is_visible;
            }
            if rng.below(60) == 0 {
                if now_loaded == 0 {
                    *session += 1;
                    now_loaded = *session;
                } else {
                    now_loaded = 0;
                }
            }
            if rng.below(30) == 0 {
                let n = rng.below(MEDIA.len() as u64) as usize;
                playing = (rng.below(2) == 0).then(|| (n, rng.below(2) == 0));
            }
            visible.push(is_visible);
            loaded.push(now_loaded);
            played.push(playing);
            signs.push(None);
        }
        signs.push(None);
        for sign in &mut signs {
            if rng.below(often) == 0 {
                *sign = rng.choose(&EVIDENCE);
            }
        }
        Lived { start_s, signs, visible, loaded, played }
    }

    fn end(&self) -> i64 {
        self.visible.len() as i64
    }
}

const EVIDENCE: [EvidenceKind; 3] = [EvidenceKind::Human, EvidenceKind::Media, EvidenceKind::Page];

/// What arrived of a visit: any of its messages, any number of times, in any order, the whole among them.
pub(crate) fn told(rng: &mut Rng, story: &Story) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for _ in 0..rng.below(8) {
        let stretch = rng.below(story.stretches.len() as u64) as usize;
        let at = rng.below(story.stretches[stretch].end() as u64 + 1) as i64;
        let share = 1 + rng.below(4);
        deliver(rng, story, (stretch, at), share, &mut deliveries);
    }
    let last = story.stretches.len() - 1;
    deliver(rng, story, (last, story.stretches[last].end()), 0, &mut deliveries);
    for at in (1..deliveries.len()).rev() {
        deliveries.swap(at, rng.below(at as u64 + 1) as usize);
    }
    deliveries
}

/// Sends a message one to three times; of `share` facts about one is left out, none where it is 0.
fn deliver(rng: &mut Rng, story: &Story, at: (usize, i64), share: u64, deliveries: &mut Vec<Delivery>) {
    let sent_s = story.stretches[at.0].start_s + at.1;
    let is_replay = rng.below(4) == 0;
    let commit = message(rng, story, at, share);
    for _ in 0..=rng.below(3) {
        let received_s = sent_s + rng.below(if is_replay { 4_000 } else { 20 }) as i64;
        let mut commit = commit.clone();
        let mut sent_at = Some(at);
        let mut sent_date_s = sent_s + story.ahead_s;
        if is_replay {
            commit.reason = CommitReason::Replay;
            // Somebody may have set the clock since: then it places what no live message does too late, or too early.
            let set_by_s = rng.choose(&[0, 0, 0, -4_000, 900]).unwrap();
            sent_date_s = received_s - rng.below(10) as i64 + story.ahead_s + set_by_s;
            if rng.below(2) == 0 {
                for stretch in &mut commit.stretches {
                    stretch.sent_at_ms = None;
                }
            }
            sent_at = None;
        }
        commit.sent_date_ms = ms(sent_date_s);
        let started_s = story.stretches[..=at.0].iter().map(|it| it.start_s + story.ahead_s).collect();
        deliveries.push(Delivery { commit, received_s, is_replay, sent_at, sent_date_s, started_s });
    }
}

/// What a page says at a moment.
fn message(rng: &mut Rng, story: &Story, at: (usize, i64), share: u64) -> Commit {
    let tells = |rng: &mut Rng| share == 0 || rng.below(share + 1) > 0;
    let mut time = Time::default();
    let mut spans: BTreeMap<u32, Vec<(u32, i64, i64)>> = BTreeMap::new();
    let mut stretches = Vec::new();
    for (n, lived) in story.stretches[..=at.0].iter().enumerate() {
        let number = n as u32;
        let until = if n == at.0 { at.1 } else { lived.end() };
        stretches.push(Stretch {
            n: number,
            start_date_ms: ms(lived.start_s + story.ahead_s),
            sent_at_ms: (n == at.0).then_some(at.1 * 1_000),
        });
        // Every sign is told as a burst of its own: joining is the server's business as well.
        let signs = lived.signs.iter().take(until as usize + 1).zip(0..);
        for (kind, second) in signs.filter_map(|(kind, second)| kind.map(|it| (it, second * 1_000))) {
            if tells(rng) {
                time.evidence.push((number, second, second, kind));
            }
        }
        for second in 0..until {
            let (from, to) = (second * 1_000, second * 1_000 + 1_000);
            if lived.visible[second as usize] && tells(rng) {
                time.visible.push((number, from, to));
            }
            if let Some((n, is_hidden)) = lived.played[second as usize]
                && tells(rng)
            {
                let told = if is_hidden { &mut time.med_bg } else { &mut time.med };
                told.push((number, from, to, MEDIA[n].0.to_owned()));
            }
            let loaded = lived.loaded[second as usize];
            if loaded > 0 && tells(rng) {
                spans.entry(loaded).or_default().push((number, from, to));
            }
        }
    }
    let sessions = spans.into_iter().map(|(n, span)| session(story, n, at, joined(&span))).collect();
    time.visible = joined(&time.visible);
    Commit {
        v: 1,
        token: String::new(),
        origin: None,
        visit: String::new(),
        lease: story.lease,
        seq: 1 + at.0 as u64 * 1_000 + at.1 as u64,
        after: 0,
        partial: share > 0,
        reason: CommitReason::Commit,
        sent_date_ms: 0,
        stretches,
        sessions,
        time,
        media: MEDIA.iter().filter(|_| share == 0).map(|it| item(*it, at)).collect(),
        shared: BTreeMap::new(),
        documents: Vec::new(),
        shared_parted: BTreeMap::new(),
        totals: Totals::default(),
    }
}

/// What is said of a media item itself: what of it was seen earns no time.
fn item((key, kind): (&str, &str), at: (usize, i64)) -> Media {
    let seq = 1 + at.0 as u64 * 1_000 + at.1 as u64;
    let (key, kind) = (key.to_owned(), kind.to_owned());
    Media { key, seq, kind, duration_ms: 60_000, covered: vec![(0, 60_000)], position_ms: 0 }
}

fn session(story: &Story, n: u32, at: (usize, i64), span: Vec<(u32, i64, i64)>) -> Session {
    let (said, (stretch, second)) = story.said(n, at);
    let said_at = (stretch as u32, second * 1_000);
    Session {
        n,
        seq: 1 + story.reports.iter().filter(|it| it.0 == n && it.1 <= at).count() as u64,
        kind: SessionKind::Sco,
        activity: "item".to_owned(),
        try_: 1,
        entry: Some("ab-initio".to_owned()),
        state: SessionState::Running,
        span,
        accepted: None,
        reported: match said {
            Said::Nothing => Reported::Unset,
            Said::Zero => Reported::Zero { at: said_at },
            Said::Seconds(0) => Reported::Zero { at: said_at },
            Said::Seconds(seconds) => Reported::Set { ms: seconds * 1_000, at: said_at },
            Said::Nonsense => Reported::Malformed,
        },
        outcome: None,
        refused: BTreeMap::new(),
        set: BTreeMap::new(),
        parted: BTreeMap::new(),
        records: BTreeMap::new(),
    }
}

/// Seconds that follow each other as one interval.
fn joined(seconds: &[(u32, i64, i64)]) -> Vec<(u32, i64, i64)> {
    let mut intervals: Vec<(u32, i64, i64)> = Vec::new();
    for &(stretch, from, to) in seconds {
        match intervals.last_mut() {
            Some(last) if last.0 == stretch && last.2 == from => last.2 = to,
            _ => intervals.push((stretch, from, to)),
        }
    }
    intervals
}
