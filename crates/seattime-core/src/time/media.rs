//! Media: which part of what a video or audio plays counts, and how much of it was seen.

use super::{IntervalSet, ledger::Moment, ledger::Note};

/// A run ends when its media clock has fallen behind by more than this, in ms.
const STALL_MS: f64 = 500.0;
/// How much faster than its rate a media clock may seem to run, since both clocks are read one after the other:
/// a quarter,
const SLACK: f64 = 1.25;
/// and so many ms, which is one period between two reports of the position.
const SLACK_MS: f64 = 350.0;
/// Media counts at most this long after the last sign of a hand, in ms.
const MOST_MS: i64 = 4 * 3_600_000;
/// And this long where its length is unknown, in ms.
const MOST_UNKNOWN_MS: i64 = MOST_MS / 2;
/// So many items are told apart in a visit; all others are one.
const MOST_ITEMS: usize = 100;

/// What plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// Pictures: they have to be seen.
    Video,
    /// Sound alone: it is heard in a hidden page, too.
    Audio,
    /// A player that does not say where it stands, so that nothing of it can count.
    Unmeasured,
}

/// One video or audio, whichever element plays it.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaItem {
    /// What identifies it.
    pub key: String,
    /// What plays.
    pub kind: MediaKind,
    /// Its length, in ms; 0 where it is not known.
    pub duration_ms: i64,
    /// What of it was seen, in ms of media time.
    pub covered: IntervalSet,
    /// Where it stands, in ms of media time.
    pub position_ms: i64,
    /// Number of its last change; 0 while a change has none yet.
    pub seq: u64,
    /// What of it was played since the last sign of a hand, in ms of media time.
    fresh: IntervalSet,
}

/// What an element says of itself at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MediaSample {
    /// Number of the element in its page.
    pub player: u32,
    /// Number of what it plays ([`MediaLog::item`]).
    pub item: u32,
    /// Where it stands, in ms of media time.
    pub position_ms: f64,
    /// How fast it plays; 1 is as recorded.
    pub rate: f64,
    /// Whether it is neither paused nor at its end.
    pub is_playing: bool,
    /// Whether it was moved to where it stands.
    pub is_moved: bool,
    /// Whether it can be heard.
    pub is_audible: bool,
    /// Whether it is seen although the page is hidden: picture in picture.
    pub is_floating: bool,
}

/// What a note of played media is about: the number of an item, and whether the page was hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Played(u32);

impl Played {
    fn new(item: u32, is_background: bool) -> Played {
        Played(item << 1 | u32::from(is_background))
    }

    /// Number of the item.
    pub fn item(self) -> u32 {
        self.0 >> 1
    }

    /// Whether the page was hidden.
    pub fn is_background(self) -> bool {
        self.0 & 1 > 0
    }
}

/// The number of no element: its place is free.
const NOBODY: u32 = u32::MAX;

/// An element while it plays, and its run: what it has played without a break.
#[derive(Debug, Clone, Default, PartialEq)]
struct Player {
    number: u32,
    at: Moment,
    position_ms: f64,
    rate: f64,
    about: Played,
    /// When the run began, and where in the item.
    start_ms: i64,
    start_position_ms: f64,
    /// What of the run had not been played since the last sign of a hand, in ms of media time.
    fresh_ms: i64,
    /// What the run has earned, in ms.
    earned_ms: i64,
    /// Which note the run made.
    note: Option<usize>,
}

impl Player {
    /// Begins a run where it stands.
    fn restart(&mut self) {
        (self.start_ms, self.start_position_ms) = (self.at.ms, self.position_ms);
        (self.fresh_ms, self.earned_ms, self.note) = (0, 0, None);
    }

    /// Whether what it played from a moment and a position on can have been played without a break.
    fn is_plausible(&self, wall_ms: i64, media_ms: f64) -> bool {
        media_ms >= 0.0 && media_ms <= SLACK * self.rate * wall_ms as f64 + SLACK_MS
    }
}

/// What the page saw of media.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MediaLog {
    players: Vec<Player>,
    earned: Earned,
}

/// What was played and counts.
#[derive(Debug, Clone, Default, PartialEq)]
struct Earned {
    items: Vec<MediaItem>,
    played: Vec<Note<Played>>,
    /// What was earned since the last sign of a hand, in ms.
    ms: i64,
}

impl Earned {
    /// Judges what was played between two samples; answers whether the run goes on.
    fn judge(&mut self, player: &mut Player, at: Moment, about: Played, sample: &MediaSample) -> bool {
        let Some(item) = self.items.get_mut(about.item() as usize) else { return false };
        let position_ms = sample.position_ms;
        let is_unseen = item.kind == MediaKind::Video || !sample.is_audible;
        if about.is_background() && is_unseen
            || sample.is_moved
            || player.about.item() != about.item()
            || player.at.stretch != at.stretch
            || !player.is_plausible(at.ms - player.at.ms, position_ms - player.position_ms)
        {
            return false;
        }
        if player.about != about
            || !player.is_plausible(at.ms - player.start_ms, position_ms - player.start_position_ms)
        {
            player.restart();
        }

        let most_ms = if item.duration_ms > 0 { MOST_MS } else { MOST_UNKNOWN_MS };
        let (from, to) = (player.position_ms as i64, position_ms as i64);
        let fresh_before = item.fresh.length_ms();
        item.fresh.insert(from, to);
        let fresh_ms = item.fresh.length_ms() - fresh_before;
        if self.ms >= most_ms || from < to && fresh_ms == 0 {
            return false;
        }
        player.fresh_ms += fresh_ms;
        let wall_ms = at.ms - player.start_ms;
        let earned_ms = wall_ms.min((player.fresh_ms as f64 / player.rate) as i64);
        if earned_ms > player.earned_ms {
            self.ms += earned_ms - player.earned_ms;
            player.earned_ms = earned_ms;
            item.covered.insert(player.start_position_ms as i64, to);
            (item.position_ms, item.seq) = (to, 0);
            let first = player.start_ms;
            let note = Note { about, stretch: at.stretch, first, last: first + earned_ms, seq: 0 };
            match player.note.and_then(|it| self.played.get_mut(it)) {
                Some(it) => *it = note,
                None => {
                    player.note = Some(self.played.len());
                    self.played.push(note);
                }
            }
        }
        let behind_ms = wall_ms as f64 - (position_ms - player.start_position_ms) / player.rate;
        behind_ms <= STALL_MS && sample.rate == player.rate
    }
}

impl MediaLog {
    /// The number of an item; `duration_ms` is 0 or not finite where its length is not known.
    pub fn item(&mut self, key: &str, kind: MediaKind, duration_ms: f64) -> u32 {
        let known = self.earned.items.iter().position(|it| it.key == key);
        let number = known.unwrap_or(self.earned.items.len().min(MOST_ITEMS));
        if number == self.earned.items.len() {
            self.earned.items.push(MediaItem {
                key: if number < MOST_ITEMS { key.to_owned() } else { "others".to_owned() },
                kind,
                duration_ms: if duration_ms.is_finite() { duration_ms as i64 } else { 0 },
                covered: IntervalSet::new(),
                position_ms: 0,
                seq: 0,
                fresh: IntervalSet::new(),
            });
        }
        number as u32
    }

    /// A hand was seen: whatever plays may count anew.
    pub(super) fn refresh(&mut self) {
        self.earned.ms = 0;
        for item in &mut self.earned.items {
            item.fresh = IntervalSet::new();
        }
    }

    /// Where an element is kept.
    #[inline(never)]
    fn place(&self, number: u32) -> Option<usize> {
        self.players.iter().position(|it| it.number == number)
    }

    /// Whether an element begins to play, or stands elsewhere than when it was heard of last.
    pub(super) fn is_moving(&self, sample: &MediaSample) -> bool {
        let before = self.place(sample.player).and_then(|it| self.players.get(it));
        sample.is_playing && before.is_none_or(|it| it.position_ms != sample.position_ms)
    }

    /// Takes what an element says; answers whether what it played since it was heard of last counts.
    pub(super) fn sample(&mut self, at: Moment, is_visible: bool, sample: &MediaSample) -> bool {
        let position_ms = sample.position_ms;
        let about = Played::new(sample.item, !is_visible && !sample.is_floating);
        let place = self.place(sample.player).or_else(|| self.place(NOBODY)).unwrap_or(self.players.len());
        if place == self.players.len() {
            self.players.push(Player { number: NOBODY, ..Player::default() });
        }
        let Some(player) = self.players.get_mut(place) else { return false };
        let before = self.earned.ms;
        let goes_on = player.number == sample.player && self.earned.judge(player, at, about, sample);
        (player.at, player.position_ms, player.rate, player.about) = (at, position_ms, sample.rate, about);
        if !goes_on || !sample.is_playing {
            player.restart();
        }
        player.number = if sample.is_playing { sample.player } else { NOBODY };
        self.earned.ms > before
    }

    /// Whether something that counts was playing a moment before `at`.
    pub(super) fn is_counting(&self, at: Moment) -> bool {
        let is_recent = |it: &Player| it.at.stretch == at.stretch && at.ms - it.at.ms <= 2_000;
        self.players.iter().any(|it| is_recent(it) && it.note.is_some())
    }

    /// What was played and counts, in the order of its beginnings.
    pub fn played(&self) -> &[Note<Played>] {
        &self.earned.played
    }

    /// What played, by its numbers.
    pub fn items(&self) -> &[MediaItem] {
        &self.earned.items
    }

    /// Every number of a change that may be missing.
    pub(super) fn numbers(&mut self) -> impl Iterator<Item = &mut u64> {
        let is_told = |it: &&mut MediaItem| it.kind == MediaKind::Unmeasured || !it.covered.is_empty();
        let items = self.earned.items.iter_mut().filter(is_told);
        self.earned.played.iter_mut().map(|it| &mut it.seq).chain(items.map(|it| &mut it.seq))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Clock, SetClock};
    use crate::time::{EvidenceKind, Ledger, PresencePolicy};

    const HOUR: u32 = 3_600;

    /// One element in a page that is visible at first, sampled every second and at its events, as the page does it.
    struct Story {
        clock: SetClock,
        ledger: Ledger,
        item: u32,
        player: u32,
        position_s: f64,
        rate: f64,
        is_audible: bool,
        is_floating: bool,
    }

    impl Story {
        fn open(kind: MediaKind, duration_s: f64) -> Story {
            let clock = SetClock::default();
            let mut ledger = Ledger::open(clock.now(), true);
            let item = ledger.media_mut().item("film", kind, duration_s * 1_000.0);
            let (player, position_s, rate) = (7, 0.0, 1.0);
            Story { clock, ledger, item, player, position_s, rate, is_audible: true, is_floating: false }
        }

        fn tell(&mut self, is_playing: bool, is_moved: bool) -> &mut Story {
            let sample = MediaSample {
                player: self.player,
                item: self.item,
                position_ms: self.position_s * 1_000.0,
                rate: self.rate,
                is_playing,
                is_moved,
                is_audible: self.is_audible,
                is_floating: self.is_floating,
            };
            self.ledger.play(self.clock.now(), &sample);
            self
        }

        fn wait(&mut self, seconds: u32) -> &mut Story {
            for _ in 0..seconds {
                self.clock.advance(1_000.0);
                self.ledger.sample(self.clock.now());
            }
            self
        }

        /// It goes on playing.
        fn run(&mut self, seconds: u32) -> &mut Story {
            for _ in 0..seconds {
                self.position_s += self.rate;
                self.wait(1).tell(true, false);
            }
            self
        }

        /// It wants to play and cannot.
        fn stall(&mut self, seconds: u32) -> &mut Story {
            for _ in 0..seconds {
                self.wait(1).tell(true, false);
            }
            self
        }

        fn play(&mut self, seconds: u32) -> &mut Story {
            self.tell(true, false).run(seconds)
        }

        fn pause(&mut self) -> &mut Story {
            self.tell(false, false)
        }

        fn seek(&mut self, to_s: f64) -> &mut Story {
            self.position_s = to_s;
            self.tell(true, true)
        }

        fn click(&mut self) -> &mut Story {
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

        /// From one source to another in the same element.
        fn replace(&mut self, key: &str, duration_s: f64) -> &mut Story {
            self.item = self.ledger.media_mut().item(key, MediaKind::Video, duration_s * 1_000.0);
            self.position_s = 0.0;
            self.tell(true, false)
        }

        /// Seconds that a kind of note adds up to, as the union of it.
        fn played_s(&self, is_background: bool) -> i64 {
            let notes =
                self.ledger.media().played().iter().filter(|it| it.about.is_background() == is_background);
            let in_stretch = |n| {
                let set: IntervalSet =
                    notes.clone().filter(|it| it.stretch == n).map(|it| (it.first, it.last)).collect();
                set.length_ms()
            };
            self.ledger.stretches().iter().map(|it| in_stretch(it.n)).sum::<i64>() / 1_000
        }

        fn covered_s(&self, item: usize) -> i64 {
            self.ledger.media().items()[item].covered.length_ms() / 1_000
        }

        fn measured_s(&self) -> i64 {
            self.ledger.measured_ms(PresencePolicy::default(), None) / 1_000
        }
    }

    #[test]
    fn media_count_while_their_clock_advances_and_as_long_as_a_wall_clock_says() {
        use MediaKind::{Audio, Video};
        #[rustfmt::skip]
        let stories: &[(&str, MediaKind, f64, fn(&mut Story), i64, i64, i64)] = &[
            // what happened           kind   long    and how                                                     med  bg  seen
            ("straight through",       Video, 60.0,   |it| { it.play(60).pause(); },                              60,  0,  60),
            ("at twice the speed",     Video, 120.0,  |it| { it.rate = 2.0; it.play(60).pause(); },               60,  0,  120),
            ("at half the speed",      Video, 60.0,   |it| { it.rate = 0.5; it.play(60).pause(); },               60,  0,  30),
            ("16 times as fast",       Video, 800.0,  |it| { it.rate = 16.0; it.play(5).pause(); },               5,   0,  80),
            ("faster from the middle", Video, 60.0,   |it| { it.play(20).rate = 2.0; it.tell(true, false).run(20).pause(); }, 40, 0, 60),
            ("straight to its end",    Video, 600.0,  |it| { it.play(10).seek(590.0).run(10).pause(); },          20,  0,  20),
            ("dragged, and paused",    Video, 600.0,  |it| { for n in 0..60 { it.wait(1).position_s = f64::from(n) * 10.0; it.tell(false, true); } }, 0, 0, 0),
            ("dragged while it plays", Video, 600.0,  |it| { it.play(0); for n in 1..60 { it.wait(1).seek(f64::from(n) * 10.0); } }, 0, 0, 0),
            ("moved without a word",   Video, 600.0,  |it| { it.play(10).position_s = 300.0; it.stall(1).run(10); }, 20, 0, 20),
            ("30 s, five times",       Video, 600.0,  |it| { for _ in 0..5 { it.click().seek(0.0).run(30).pause(); } }, 150, 0, 30),
            ("so, by a script",        Video, 600.0,  |it| { for _ in 0..5 { it.seek(0.0).run(30).pause(); } },   30,  0,  30),
            ("on a loop overnight",    Audio, 200.0,  |it| { it.tell(true, false); for _ in 0..162 { it.seek(0.0).run(200); } }, 200, 0, 200),
            ("so, and one touch",      Audio, 200.0,  |it| { it.tell(true, false); for n in 0..40 { it.seek(0.0).run(200); if n == 9 { it.click(); } } }, 400, 0, 200),
            ("hidden, to be heard",    Audio, 600.0,  |it| { it.play(10).hide().run(100).show().run(10).pause(); }, 20, 100, 120),
            ("hidden, after a sleep",  Audio, 600.0,  |it| { it.hide().clock.advance(8.0 * 3.6e6); it.wait(1).play(10).pause(); }, 0, 10, 10),
            ("hidden and muted",       Audio, 600.0,  |it| { it.is_audible = false; it.play(10).hide().run(100).pause(); }, 10, 0, 10),
            ("muted, with captions",   Video, 600.0,  |it| { it.is_audible = false; it.play(60).pause(); },       60,  0,  60),
            ("hidden, to be seen",     Video, 600.0,  |it| { it.play(10).hide().run(100).show().run(10).pause(); }, 20, 0, 20),
            ("picture in picture",     Video, 600.0,  |it| { it.is_floating = true; it.play(10).hide().run(100).show().run(10).pause(); }, 120, 0, 120),
            ("20 s of buffering",      Video, 600.0,  |it| { it.play(10).stall(20).run(10).pause(); },            20,  0,  20),
            ("paused for a minute",    Video, 600.0,  |it| { it.play(10).pause().wait(60).play(10).pause(); },    20,  0,  20),
            ("paused without a word",  Video, 600.0,  |it| { it.play(10).wait(14).run(10); },                     20,  0,  20),
            ("replaced by another",    Video, 600.0,  |it| { it.play(40).wait(1).replace("other", 30.0).run(30).pause(); }, 70, 0, 40),
            ("asleep while it plays",  Video, 600.0,  |it| { it.play(10).clock.advance(8.0 * 3.6e6); it.position_s += 0.1; it.tell(true, false).run(10).pause(); }, 20, 0, 20),
            ("asleep, the clock too",  Video, 600.0,  |it| { it.play(10).clock.set_wall(8.0 * 3.6e6); it.position_s += 0.1; it.tell(true, false).run(10).pause(); }, 20, 0, 20),
            ("six hours, untouched",   Video, 21_600.0, |it| { it.play(6 * HOUR).pause(); },                      4 * 3_600, 0, 4 * 3_600),
            ("six hours of radio",     Audio, f64::INFINITY, |it| { it.play(6 * HOUR).pause(); },                 2 * 3_600, 0, 2 * 3_600),
            ("so, of unknown length",  Audio, f64::NAN, |it| { it.play(6 * HOUR).pause(); },                      2 * 3_600, 0, 2 * 3_600),
            ("backwards",              Video, 600.0,  |it| { it.position_s = 300.0; it.rate = -1.0; it.play(60).pause(); }, 0, 0, 0),
            ("a clock gone mad",       Video, 600.0,  |it| { it.rate = f64::NAN; it.play(60).pause(); },          0,   0,  0),
        ];
        for (name, kind, duration_s, take, med_s, background_s, seen_s) in stories {
            let mut story = Story::open(*kind, *duration_s);
            take(&mut story);
            let found = (story.played_s(false), story.played_s(true), story.covered_s(0));
            // Whole seconds: of the last one in a sleep or a stall, a part may be missing.
            assert_eq!(found, (*med_s, *background_s, *seen_s), "{name}");
        }
    }

    #[test]
    fn what_plays_is_evidence_as_long_as_it_counts() {
        use MediaKind::{Audio, Video};
        #[rustfmt::skip]
        let stories: &[(&str, MediaKind, f64, fn(&mut Story), i64)] = &[
            // what happened                     kind   long      and how                                          measured
            ("an hour of film, untouched",       Video, 3_600.0,  |it| { it.play(HOUR).pause().hide(); },          3_600),
            ("so, and the page left open",       Video, 3_600.0,  |it| { it.play(HOUR).pause().wait(9 * HOUR).hide(); }, 3_630),
            ("music on a loop overnight",        Audio, 200.0,    |it| { it.tell(true, false); for _ in 0..162 { it.seek(0.0).run(200); } it.hide(); }, 230),
            ("hidden, with a film that plays on", Video, 3_600.0, |it| { it.play(60).hide().run(600).show().hide(); }, 60),
            ("hidden, with a talk that plays on", Audio, 3_600.0, |it| { it.play(60).hide().run(600).show().hide(); }, 660),
        ];
        for (name, kind, duration_s, take, measured_s) in stories {
            let mut story = Story::open(*kind, *duration_s);
            take(&mut story);
            assert_eq!(story.measured_s(), *measured_s, "{name}");
        }
    }

    #[test]
    fn two_at_once_count_once_and_each_is_covered() {
        let mut story = Story::open(MediaKind::Video, 60.0);
        let music = story.ledger.media_mut().item("music", MediaKind::Audio, 60_000.0);
        story.play(0);
        for _ in 0..60 {
            story.run(1);
            let (film, player) = (story.item, story.player);
            (story.item, story.player) = (music, 8);
            story.tell(true, false);
            (story.item, story.player) = (film, player);
        }
        assert_eq!((story.played_s(false), story.covered_s(0), story.covered_s(1)), (60, 60, 59));
        assert_eq!(story.measured_s(), 60);
        assert_eq!(story.ledger.media_ms(), 60_000);
    }

    #[test]
    fn time_counts_now_while_something_plays() {
        let mut story = Story::open(MediaKind::Audio, 3_600.0);
        let policy = PresencePolicy::default();
        story.play(10).hide();
        story.run(5);
        assert!(story.ledger.is_active(policy), "hidden, and heard");
        story.pause();
        assert!(!story.ledger.is_active(policy), "hidden, and silent");
    }

    #[test]
    fn so_many_items_are_told_apart_and_all_others_are_one() {
        let mut log = MediaLog::default();
        let numbers: Vec<u32> =
            (0..300).map(|n| log.item(&format!("sound-{n}"), MediaKind::Audio, 300.0)).collect();
        assert_eq!((numbers[0], numbers[99], numbers[100], numbers[299]), (0, 99, 100, 100));
        assert_eq!((log.items().len(), log.items()[100].key.as_str()), (101, "others"));
        assert_eq!(log.item("sound-7", MediaKind::Audio, 300.0), 7);
    }

    /// Whatever happens, what counts is what played; and all of it, as long as somebody touches the page.
    #[test]
    fn a_story_of_any_kind_earns_what_played_in_it() {
        let mut seed = 3_u64;
        let mut random = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for n in 0..5_000 {
            let is_touched = n % 2 == 0;
            let mut story = Story::open(MediaKind::Audio, 100_000.0);
            let (mut shown_s, mut hidden_s) = (0, 0);
            for _ in 0..random(20) {
                let seconds = random(20) as u32;
                match random(7) {
                    0 => _ = story.pause().wait(seconds),
                    1 => _ = story.tell(true, false).stall(seconds),
                    2 => story.pause().clock.advance(3.6e6), // Asleep for an hour.
                    3 if story.ledger.is_visible() => _ = story.hide(),
                    3 => _ = story.show(),
                    4 => story.rate = [0.5, 1.0, 1.5, 2.0, 16.0][random(5) as usize],
                    at => {
                        if at == 5 {
                            story.seek(random(90_000) as f64);
                        }
                        story.tell(true, false);
                        for _ in 0..seconds {
                            if is_touched {
                                story.click();
                            }
                            story.run(1);
                        }
                        let played_s = if story.ledger.is_visible() { &mut shown_s } else { &mut hidden_s };
                        *played_s += i64::from(seconds);
                    }
                }
            }
            let found = (story.played_s(false), story.played_s(true));
            if is_touched {
                assert_eq!(found, (shown_s, hidden_s), "story {n}");
            }
            assert!(found.0 <= shown_s && found.1 <= hidden_s, "story {n}: {found:?}, {shown_s}, {hidden_s}");
            assert!(story.covered_s(0) <= 16 * (shown_s + hidden_s), "story {n}");
            let elapsed_s = (story.clock.now().monotonic_ms / 1_000.0) as i64;
            assert!(story.measured_s() <= elapsed_s, "story {n}: {} of {elapsed_s}", story.measured_s());
        }
    }
}
