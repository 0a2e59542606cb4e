//! The ledger of a visit: what the page saw, on the page's own clock, in stretches without a break.
//!
//! Times count in ms from the start of their stretch. Everything grows only at its end, since time does;
//! so each kind of note is a list whose last entry may still grow. A note carries the number of its last
//! change ([`Ledger::settle`]), and a message holds the notes above the number that is acknowledged.

use super::media::{MediaLog, MediaSample};
use super::{Bursts, EvidenceKind, IntervalSet, PresencePolicy, active, evidence::JOIN_MS};
use crate::ports::Instant;

/// Samples further apart than this, in ms, mean that the machine slept.
const LONGEST_GAP_MS: f64 = 15_000.0;
/// Clocks that part by more than this between two samples, in ms: one was set, or the machine slept.
const LARGEST_DIVERGENCE_MS: f64 = 2_000.0;

/// A moment of the visit: stretch, and ms since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment {
    /// Number of the stretch, from 0.
    pub stretch: u32,
    /// How long after its start, in ms.
    pub ms: i64,
}

/// Part of a visit in which the clock ran without a break.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Number within the visit, from 0.
    pub n: u32,
    /// Both clocks at its start.
    pub start: Instant,
    /// Both clocks at its last good sample.
    pub last: Instant,
}

impl Stretch {
    /// The wall clock at its start, in ms since 1970.
    pub fn start_date_ms(&self) -> i64 {
        self.start.wall_ms as i64
    }

    /// How long it has run at `now`, in whole ms, rounded down.
    fn ms_at(&self, now: Instant) -> i64 {
        (now.monotonic_ms - self.start.monotonic_ms).max(0.0) as i64
    }
}

/// One entry of the ledger: an interval in a stretch, of a learner's sign, a visible page, or a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note<T> {
    /// What it is about.
    pub about: T,
    /// Number of its stretch.
    pub stretch: u32,
    /// Its start, in ms since the stretch began.
    pub first: i64,
    /// Its end, in ms since the stretch began.
    pub last: i64,
    /// Number of its last change; 0 while a change has none yet.
    pub seq: u64,
}

/// What the page saw of one visit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    stretches: Vec<Stretch>,
    is_running: bool,
    is_visible: bool,
    /// The session whose content is loaded.
    loaded: Option<u32>,
    last: Instant,
    /// How long a gap may be that a dialog of content explains, in ms; 0 without such a dialog since `last`.
    dialog_limit_ms: f64,
    is_dialog_open: bool,
    evidence: Vec<Note<EvidenceKind>>,
    visible: Vec<Note<()>>,
    spans: Vec<Note<u32>>,
    media: MediaLog,
}

impl Ledger {
    /// Opens the ledger with the page: itself a sign of the learner.
    pub fn open(now: Instant, is_visible: bool) -> Ledger {
        let mut ledger = Ledger { is_visible, last: now, ..Ledger::default() };
        ledger.note_evidence(now, EvidenceKind::Page);
        ledger
    }

    /// Takes both clocks: to be called every second, and by every function here that is given a time.
    ///
    /// When the clocks parted, or the last sample is too long ago, the stretch ends at the last good
    /// sample. A new one begins at once if the page is visible; else with the next thing worth noting,
    /// since timers of a hidden page are slowed down until every one of them looks like a sleep.
    ///
    /// A gap that a dialog of content explains ([`Ledger::dialog`]) is no sleep, up to the limit given there.
    pub fn sample(&mut self, now: Instant) {
        let from = self.last;
        let gap = now.monotonic_ms - from.monotonic_ms;
        let divergence = (now.wall_ms - from.wall_ms - gap).abs();
        let is_whole = gap >= 0.0 && divergence <= LARGEST_DIVERGENCE_MS;
        let longest = LONGEST_GAP_MS.max(self.dialog_limit_ms);
        let broke = !is_whole || gap > longest;
        if broke && is_whole && self.dialog_limit_ms > 0.0 && self.is_running {
            let [wall_ms, monotonic_ms] = [from.wall_ms, from.monotonic_ms].map(|it| it + longest);
            self.grow(Instant { wall_ms, monotonic_ms });
        }
        if gap > 0.0 && !self.is_dialog_open {
            self.dialog_limit_ms = 0.0;
        }
        self.last = now;
        if broke {
            self.is_running = false;
        }
        if self.is_running {
            self.grow(now);
        } else if self.is_visible {
            self.begin(now);
        }
    }

    /// Content opened or closed a dialog, in which nothing of the page runs: the gap around it is no sleep where both
    /// clocks agree, up to `limit_ms`.
    pub fn dialog(&mut self, now: Instant, is_open: bool, limit_ms: i64) {
        // The gap ends with the next sample, so that one before the dialog is needed, and none after it.
        if is_open {
            self.sample(now);
            self.dialog_limit_ms = limit_ms as f64;
        }
        self.is_dialog_open = is_open;
    }

    /// The page became visible: a sign of the learner.
    pub fn show(&mut self, now: Instant) {
        self.sample(now);
        if !self.is_visible {
            // Its own note first: whatever samples the clock lets the last note grow.
            self.is_visible = true;
            self.note_visible(now);
            self.note_evidence(now, EvidenceKind::Page);
        }
    }

    /// The page was hidden or left: a sign of the learner.
    pub fn hide(&mut self, now: Instant) {
        self.sample(now);
        if self.is_visible {
            self.note_evidence(now, EvidenceKind::Page);
            self.is_visible = false;
        }
    }

    /// The learner gave a sign.
    pub fn note_evidence(&mut self, now: Instant, kind: EvidenceKind) {
        let at = self.here(now);
        if kind == EvidenceKind::Human {
            self.media.refresh();
        }
        // Kinds alternate, so the burst to go on with is not always the last note.
        let open = self.evidence.iter_mut().rev().take(4).find(|it| it.about == kind);
        match open {
            Some(it) if it.stretch == at.stretch && at.ms - it.last <= JOIN_MS => {
                if at.ms > it.last {
                    (it.last, it.seq) = (at.ms, 0);
                }
            }
            _ => self.evidence.push(Note {
                about: kind,
                stretch: at.stretch,
                first: at.ms,
                last: at.ms,
                seq: 0,
            }),
        }
    }

    /// A media element says where it stands: to be called every second while it plays, when it ends to play or is
    /// moved, and before the page is shown or hidden.
    pub fn play(&mut self, now: Instant, sample: &MediaSample) {
        self.sample(now);
        let at = if self.media.is_moving(sample) { Some(self.here(now)) } else { self.moment(now) };
        if at.is_some_and(|at| self.media.sample(at, self.is_visible, sample)) {
            self.note_evidence(now, EvidenceKind::Media);
        }
    }

    /// Content of a session was loaded; that of any other is no longer.
    pub fn load(&mut self, now: Instant, session: u32) {
        self.here(now);
        self.loaded = Some(session);
        self.note_span(now);
    }

    /// The loaded content was taken away, or its session ended.
    pub fn unload(&mut self, now: Instant) {
        self.sample(now);
        self.loaded = None;
    }

    /// The present moment; begins a stretch if none is running.
    pub fn here(&mut self, now: Instant) -> Moment {
        self.sample(now);
        if !self.is_running {
            self.begin(now);
        }
        self.moment(now).unwrap_or_default()
    }

    /// The present moment, where a stretch is running.
    pub fn moment(&self, now: Instant) -> Option<Moment> {
        let stretch = self.stretches.last().filter(|_| self.is_running)?;
        Some(Moment { stretch: stretch.n, ms: stretch.ms_at(now) })
    }

    fn begin(&mut self, now: Instant) {
        let n = self.stretches.len() as u32;
        self.stretches.push(Stretch { n, start: now, last: now });
        self.is_running = true;
        self.note_visible(now);
        self.note_span(now);
    }

    fn note_visible(&mut self, now: Instant) {
        if let (true, Some(at)) = (self.is_visible, self.moment(now)) {
            self.visible.push(Note { about: (), stretch: at.stretch, first: at.ms, last: at.ms, seq: 0 });
        }
    }

    fn note_span(&mut self, now: Instant) {
        if let (Some(session), Some(at)) = (self.loaded, self.moment(now)) {
            self.spans.push(Note { about: session, stretch: at.stretch, first: at.ms, last: at.ms, seq: 0 });
        }
    }

    fn grow(&mut self, now: Instant) {
        let Some(stretch) = self.stretches.last_mut() else { return };
        stretch.last = now;
        let (n, ms) = (stretch.n, stretch.ms_at(now));
        if let (true, Some(it)) = (self.is_visible, self.visible.last_mut()) {
            extend(it, n, ms);
        }
        if let (Some(session), Some(it)) = (self.loaded, self.spans.last_mut())
            && it.about == session
        {
            extend(it, n, ms);
        }
    }

    /// Gives every note that changed its number; `next` makes them.
    pub fn settle(&mut self, mut next: impl FnMut() -> u64) {
        let times = self
            .evidence
            .iter_mut()
            .map(|it| &mut it.seq)
            .chain(self.visible.iter_mut().map(|it| &mut it.seq))
            .chain(self.spans.iter_mut().map(|it| &mut it.seq));
        for seq in times.chain(self.media.numbers()) {
            if *seq == 0 {
                *seq = next();
            }
        }
    }

    /// The stretches, in order.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// The signs of the learner, in order.
    pub fn evidence(&self) -> &[Note<EvidenceKind>] {
        &self.evidence
    }

    /// When the page was visible, in order.
    pub fn visible(&self) -> &[Note<()>] {
        &self.visible
    }

    /// When which session's content was loaded, in order.
    pub fn spans(&self) -> &[Note<u32>] {
        &self.spans
    }

    /// What was played.
    pub fn media(&self) -> &MediaLog {
        &self.media
    }

    /// What was played, to add to it what plays.
    pub fn media_mut(&mut self) -> &mut MediaLog {
        &mut self.media
    }

    /// Whether the page is visible.
    pub fn is_visible(&self) -> bool {
        self.is_visible
    }

    /// Whether time counts now: something plays, or the page is visible and the last sign of the learner recent.
    pub fn is_active(&self, policy: PresencePolicy) -> bool {
        let is_recent = self.silence_ms().is_some_and(|ms| ms <= policy.idle_limit_ms);
        self.is_visible && is_recent || self.is_playing()
    }

    /// Returns true if the last sign of the learner is longer ago than the idle limit; false if the page saw none since
    /// the stretch began, as after a sleep.
    pub fn is_idle(&self, policy: PresencePolicy) -> bool {
        self.silence_ms().is_some_and(|ms| ms > policy.idle_limit_ms)
    }

    /// How long ago the last sign of the learner in the running stretch was, in ms.
    fn silence_ms(&self) -> Option<i64> {
        let at = self.moment(self.last)?;
        let latest = self.evidence.iter().rev().take(4).filter(|it| it.stretch == at.stretch);
        latest.map(|it| at.ms - it.last).min()
    }

    /// Whether something plays that counts.
    #[inline(never)]
    pub fn is_playing(&self) -> bool {
        self.moment(self.last).is_some_and(|it| self.media.is_counting(it))
    }

    /// What was measured of the visit, in ms: all of it, or what lay in one session's span.
    pub fn measured_ms(&self, policy: PresencePolicy, session: Option<u32>) -> i64 {
        self.measured_after(policy, session, Moment::default())
    }

    /// What was measured from a moment on, in ms: of the whole visit, or of one session.
    pub fn measured_after(&self, policy: PresencePolicy, session: Option<u32>, from: Moment) -> i64 {
        let in_stretch = |n: u32| {
            let evidence: Bursts =
                self.evidence.iter().filter(|it| it.stretch == n).map(|it| (it.first, it.last)).collect();
            let visible: IntervalSet =
                self.visible.iter().filter(|it| it.stretch == n).map(|it| (it.first, it.last)).collect();
            let mut active = active(&evidence, &visible, policy);
            active.union(&self.played(n));
            let start = if n == from.stretch { from.ms } else { 0 };
            let active = active.clipped(start, i64::MAX);
            let Some(session) = session else { return active.length_ms() };
            let spans = self.spans.iter().filter(|it| it.stretch == n && it.about == session);
            active.intersection(&spans.map(|it| (it.first, it.last)).collect()).length_ms()
        };
        (from.stretch..self.stretches.len() as u32).map(in_stretch).sum()
    }

    /// What media played and counts, in ms.
    pub fn media_ms(&self) -> i64 {
        (0..self.stretches.len() as u32).map(|n| self.played(n).length_ms()).sum()
    }

    /// What media played in one stretch and counts.
    #[inline(never)]
    fn played(&self, stretch: u32) -> IntervalSet {
        let played = self.media.played().iter().filter(|it| it.stretch == stretch);
        played.map(|it| (it.first, it.last)).collect()
    }
}

/// Lets a note grow to `ms`, if it belongs to the stretch that is running.
fn extend<T>(note: &mut Note<T>, stretch: u32, ms: i64) {
    if note.stretch == stretch && ms > note.last {
        (note.last, note.seq) = (ms, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Clock, SetClock};

    const POLICY: PresencePolicy = PresencePolicy { idle_limit_ms: 300_000, tail_ms: 30_000 };

    /// A ledger under a clock that a test moves, second by second, as the page does.
    struct Story {
        clock: SetClock,
        ledger: Ledger,
    }

    impl Story {
        fn open() -> Story {
            let clock = SetClock::default();
            let ledger = Ledger::open(clock.now(), true);
            Story { clock, ledger }
        }

        fn pass(&mut self, seconds: u32) -> &mut Story {
            for _ in 0..seconds {
                self.clock.advance(1_000.0);
                self.ledger.sample(self.clock.now());
            }
            self
        }

        fn sign(&mut self) -> &mut Story {
            self.ledger.note_evidence(self.clock.now(), EvidenceKind::Human);
            self
        }

        fn hide(&mut self) -> &mut Story {
            self.ledger.hide(self.clock.now());
            self
        }

        fn show(&mut self) -> &mut Story {
            self.ledger.show(self.clock.now());
            self
        }

        /// The machine sleeps: the wall clock runs on, the monotonic one by `monotonic_s`.
        fn sleep(&mut self, seconds: u32, monotonic_s: u32) -> &mut Story {
            self.clock.advance(f64::from(monotonic_s) * 1_000.0);
            self.clock.set_wall(f64::from(seconds - monotonic_s) * 1_000.0);
            self
        }

        /// Content shows a dialog for so long.
        fn dialog(&mut self, seconds: u32) -> &mut Story {
            self.ledger.dialog(self.clock.now(), true, POLICY.idle_limit_ms);
            self.clock.advance(f64::from(seconds) * 1_000.0);
            self.ledger.dialog(self.clock.now(), false, POLICY.idle_limit_ms);
            self
        }

        fn measured_s(&self) -> i64 {
            self.ledger.measured_ms(POLICY, None) / 1_000
        }
    }

    #[test]
    fn time_is_measured_by_the_rules_whatever_happens_to_page_and_machine() {
        const HOUR: u32 = 3_600;
        #[rustfmt::skip]
        let stories: &[(&str, fn(&mut Story), i64)] = &[
            ("worked on, then left",      |it| { it.pass(240).sign().pass(60).hide(); }, 300),
            ("hidden for half an hour",   |it| { it.pass(240).sign().pass(60).hide().pass(1_800).show().pass(240).sign().pass(60).hide(); }, 600),
            ("left open overnight",       |it| { it.pass(9 * HOUR).sign().pass(30).hide(); }, 60),
            ("asleep, clock runs on",     |it| { it.pass(60).sign().pass(20).sleep(8 * HOUR, 8 * HOUR).pass(1).sign().pass(60).hide(); }, 80 + 60),
            ("asleep, clock stands",      |it| { it.pass(60).sign().pass(20).sleep(8 * HOUR, 0).pass(1).sign().pass(60).hide(); }, 80 + 60),
            ("wall clock set back",       |it| { it.pass(60).sign(); it.clock.set_wall(-3_600_000.0); it.pass(60).sign(); }, 60),
            ("stood still for ten seconds", |it| { it.pass(60).sleep(10, 10).pass(20).sign(); }, 90),
            ("stood still for 20 seconds",  |it| { it.pass(60).sign().sleep(20, 20).pass(20).sign(); }, 60),
            ("a dialog of 30 seconds",    |it| { it.pass(60).sign().dialog(30).pass(1).sign(); }, 91),
            ("a dialog up to the limit",  |it| { it.pass(60).sign().dialog(299).pass(1).sign(); }, 360),
            ("a dialog left overnight",   |it| { it.pass(60).sign().dialog(9 * HOUR).pass(1).sign().pass(60).sign(); }, 60 + 30 + 60),
            ("asleep in a dialog",        |it| { it.pass(60).sign(); it.ledger.dialog(it.clock.now(), true, 300_000); it.sleep(200, 0); it.ledger.dialog(it.clock.now(), false, 300_000); it.pass(1).sign().pass(60).sign(); }, 60 + 60),
            ("asleep after a dialog",     |it| { it.pass(60).sign().dialog(5).pass(10).sign().sleep(200, 200).pass(1).sign().pass(60).sign(); }, 75 + 60),
            ("read on after a dialog",    |it| { it.pass(60).sign().dialog(200).pass(100).sign(); }, 360),
        ];
        for (name, take, expected_s) in stories {
            let mut story = Story::open();
            take(&mut story);
            assert_eq!(story.measured_s(), *expected_s, "{name}");
        }
    }

    #[test]
    fn only_a_silence_longer_than_the_limit_is_idle() {
        let mut story = Story::open();
        assert!(!story.pass(300).ledger.is_idle(POLICY));
        assert!(story.pass(1).ledger.is_idle(POLICY));
        assert!(!story.sign().sleep(3_600, 0).pass(400).ledger.is_idle(POLICY), "the machine slept");
        assert!(!story.ledger.is_active(POLICY));
    }

    #[test]
    fn a_hidden_page_whose_timers_are_slowed_down_makes_no_stretch_a_minute() {
        let mut story = Story::open();
        story.pass(10).hide();
        for _ in 0..480 {
            story.clock.advance(60_000.0);
            story.ledger.sample(story.clock.now());
        }
        assert_eq!(story.ledger.stretches().len(), 1);
        story.show();
        assert_eq!(story.ledger.stretches().len(), 2);
    }

    #[test]
    fn spans_follow_what_is_loaded_across_stretches() {
        let mut story = Story::open();
        story.ledger.load(story.clock.now(), 1);
        story.pass(600).sign().sleep(3_600, 0).pass(1).sign();
        story.ledger.load(story.clock.now(), 2);
        story.pass(100).sign();
        let spans: Vec<_> =
            story.ledger.spans().iter().map(|it| (it.about, it.stretch, it.first, it.last)).collect();
        assert_eq!(spans, [(1, 0, 0, 600_000), (1, 1, 0, 0), (2, 1, 0, 100_000)]);
        assert_eq!(story.ledger.measured_ms(POLICY, Some(2)), 100_000);
    }
}
