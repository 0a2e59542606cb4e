//! How a package reports its time: what each session that has ended was like, and what that says of the package.

use std::collections::BTreeMap;

use seattime_wire::{Api, SessionKind};
use serde::Serialize;

use super::figures::{Figures, Part};

/// What one session's report was like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// It ended as the standard wants it, or content never spoke, and no time was reported.
    Never,
    /// It was cut off before any time was reported: what is told at the end alone, nobody heard.
    CutOff,
    /// A time of zero.
    Zero,
    /// Nothing readable.
    Malformed,
    /// A time, as it ended.
    AtExit,
    /// A time, and before it was about to end.
    AtCommits,
    /// The time of all sessions of the try so far.
    Cumulative,
    /// More than passed from its beginning to its end.
    LargerThanWall,
}

/// What earlier sessions of the same try come to.
#[derive(Debug, Clone, Copy, Default)]
struct Earlier {
    sessions: i64,
    measured_ms: i64,
    wall_ms: i64,
    /// What content was told of them: its own word, or else what was measured.
    told_ms: i64,
}

impl Earlier {
    fn add(&mut self, it: &Part) {
        let (months, cs) = it.total;
        // Months have no length: whoever reports them is not taken as counting on.
        let told_ms = if months > 0 { 0 } else { i64::try_from(cs.saturating_mul(10)).unwrap_or(i64::MAX) };
        self.sessions += 1;
        self.measured_ms = self.measured_ms.saturating_add(it.measured_ms);
        self.wall_ms = self.wall_ms.saturating_add(it.wall_ms);
        self.told_ms = self.told_ms.saturating_add(told_ms);
    }
}

/// Two times are the same within 2 % and 5 s for each session: what the rule of credit tolerates.
fn is_near(one_ms: i64, other_ms: i64, sessions: i64) -> bool {
    one_ms.saturating_sub(other_ms).saturating_abs() <= other_ms / 50 + 5_000 * sessions
}

/// Whether a session's report could be told from one that counts on from those before.
fn could_count_on(it: &Part, earlier: &Earlier) -> bool {
    let own = [it.measured_ms, it.wall_ms];
    it.reported_state == "set"
        && earlier.sessions > 0
        && sums(it, earlier).iter().any(|sum| !own.iter().any(|own| is_near(*sum, *own, 1)))
}

/// What a package that counts on may come to: by presence, by the clock, or from what it was told of before.
fn sums(it: &Part, earlier: &Earlier) -> [i64; 4] {
    [
        earlier.measured_ms.saturating_add(it.measured_ms),
        earlier.wall_ms.saturating_add(it.wall_ms),
        earlier.told_ms.saturating_add(it.measured_ms),
        earlier.told_ms.saturating_add(it.wall_ms),
    ]
}

/// What a session's report was like.
fn habit(it: &Part, earlier: &Earlier) -> Habit {
    let reported_ms = match (it.reported_state.as_str(), it.reported_ms) {
        ("zero", _) => return Habit::Zero,
        ("malformed", _) => return Habit::Malformed,
        ("set", Some(ms)) => ms,
        // Content that never spoke does not speak at an end either.
        _ if it.state == "terminated" || !it.is_initialized => return Habit::Never,
        _ => return Habit::CutOff,
    };
    let is_own = is_near(reported_ms, it.measured_ms, 1) || is_near(reported_ms, it.wall_ms, 1);
    let is_sum = sums(it, earlier).iter().any(|sum| is_near(reported_ms, *sum, earlier.sessions + 1));
    if earlier.sessions > 0 && is_sum && !is_own {
        return Habit::Cumulative;
    }
    if reported_ms > it.wall_ms && !is_near(reported_ms, it.wall_ms, 1) {
        return Habit::LargerThanWall;
    }
    if it.said_before_end { Habit::AtCommits } else { Habit::AtExit }
}

/// How sessions reported, counted. Sums are over sessions, each as it is: no total of a learner's time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reporting {
    /// Sessions of SCOs that have ended, of attempts that count.
    pub sessions: i64,
    /// Of them, those that reported no time.
    pub never: i64,
    /// Those that were cut off before they reported any.
    pub cut_off: i64,
    /// Those that reported a time of zero.
    pub zero: i64,
    /// Those whose time cannot be read.
    pub malformed: i64,
    /// Those that reported a time as they ended.
    pub at_exit: i64,
    /// Those that reported one before they were about to end.
    pub at_commits: i64,
    /// Those that reported the time of all sessions of the try so far.
    pub cumulative: i64,
    /// Those that reported more than passed from their beginning to their end.
    pub larger_than_wall: i64,
    /// Those that reported a time by which it could be told whether it counts on from earlier sessions.
    pub resumed: i64,
    /// Those that reported more than the learner was seen for, as a window that stays open does.
    pub over_presence: i64,
    /// Those of which the reported time was credited.
    pub by_report: i64,
    /// What they reported, in ms.
    pub reported_ms: i64,
    /// What was measured of them, in ms.
    pub measured_ms: i64,
    /// What was credited of them, in ms.
    pub credited_ms: i64,
}

/// So many figures a [`Reporting`] has.
pub(crate) const FIGURES: usize = 15;

impl Reporting {
    /// Its figures, in the order of their columns.
    pub(crate) fn figures(&self) -> [i64; FIGURES] {
        [
            self.sessions,
            self.never,
            self.cut_off,
            self.zero,
            self.malformed,
            self.at_exit,
            self.at_commits,
            self.cumulative,
            self.larger_than_wall,
            self.resumed,
            self.over_presence,
            self.by_report,
            self.reported_ms,
            self.measured_ms,
            self.credited_ms,
        ]
    }

    /// What columns hold.
    pub(crate) fn of(figures: [i64; FIGURES]) -> Reporting {
        let [sessions, never, cut_off, zero, malformed, at_exit, at_commits, cumulative, rest @ ..] = figures;
        let [larger_than_wall, resumed, over_presence, by_report, reported_ms, measured_ms, credited_ms] =
            rest;
        Reporting {
            sessions,
            never,
            cut_off,
            zero,
            malformed,
            at_exit,
            at_commits,
            cumulative,
            larger_than_wall,
            resumed,
            over_presence,
            by_report,
            reported_ms,
            measured_ms,
            credited_ms,
        }
    }

    /// Of several together.
    pub(crate) fn together<'a>(all: impl Iterator<Item = &'a Reporting>) -> Reporting {
        let mut sums = [0_i64; FIGURES];
        for it in all {
            for (sum, more) in sums.iter_mut().zip(it.figures()) {
                *sum = sum.saturating_add(more);
            }
        }
        Reporting::of(sums)
    }

    fn count(&mut self, it: &Part, earlier: &Earlier) {
        let of_habit = match habit(it, earlier) {
            Habit::Never => &mut self.never,
            Habit::CutOff => &mut self.cut_off,
            Habit::Zero => &mut self.zero,
            Habit::Malformed => &mut self.malformed,
            Habit::AtExit => &mut self.at_exit,
            Habit::AtCommits => &mut self.at_commits,
            Habit::Cumulative => &mut self.cumulative,
            Habit::LargerThanWall => &mut self.larger_than_wall,
        };
        *of_habit += 1;
        self.sessions += 1;
        self.resumed += i64::from(could_count_on(it, earlier));
        self.over_presence += i64::from(it.exceeds_presence);
        self.by_report += i64::from(it.provenance == "reported");
        self.reported_ms = self.reported_ms.saturating_add(it.reported_ms.unwrap_or(0));
        self.measured_ms = self.measured_ms.saturating_add(it.measured_ms);
        self.credited_ms = self.credited_ms.saturating_add(it.credited_ms);
    }
}

/// How an attempt's sessions reported, added to what is known per activity; `visits` are in the order of their leases.
/// A session that goes on says nothing yet, and a visit that counts for nothing is none of a learner's.
pub(crate) fn count<'a>(known: &mut BTreeMap<String, Reporting>, visits: impl Iterator<Item = &'a Figures>) {
    let mut earlier: BTreeMap<(&str, u32), Earlier> = BTreeMap::new();
    let parts = visits.filter(|it| it.counts).flat_map(|it| &it.parts);
    for it in parts.filter(|it| it.n > 0 && it.kind == SessionKind::Sco) {
        let before = earlier.entry((&it.activity, it.try_)).or_default();
        if !matches!(it.state.as_str(), "running" | "left") {
            known.entry(it.activity.clone()).or_default().count(it, before);
        }
        before.add(it);
    }
}

/// What a package does as a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// No session has ended yet.
    Unknown,
    /// It reports no time.
    Never,
    /// It reports a time of zero.
    Zero,
    /// It reports what cannot be read.
    Malformed,
    /// It reports once, as it ends.
    AtExit,
    /// It reports while it runs.
    AtCommits,
    /// It reports the time of all sessions so far.
    Cumulative,
    /// It reports more time than passed.
    LargerThanWall,
    /// It reports what passed, whether the learner was there or not.
    OverPresence,
    /// Now this, now that.
    Mixed,
}

/// What a package does as a rule, in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// As a word.
    pub habit: Rule,
    /// As sentences, with what was credited.
    pub text: String,
}

/// What this share of sessions does is the rule: four of five.
fn is_rule(some: i64, all: i64) -> bool {
    some > 0 && some.saturating_mul(5) >= all.saturating_mul(4)
}

impl Reporting {
    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        let habit = self.rule();
        let text = match habit {
            Rule::Unknown => return Verdict { habit, text: "No session has ended yet.".to_owned() },
            Rule::Never => "It does not report how long it took.".to_owned(),
            Rule::Zero => "It reports a time of zero.".to_owned(),
            Rule::Malformed => "What it reports as a time cannot be read.".to_owned(),
            Rule::AtExit => "It reports its time once, as it ends.".to_owned(),
            Rule::AtCommits => "It reports its time while it runs.".to_owned(),
            Rule::Cumulative => {
                "It reports the time of all sessions so far instead of that of each.".to_owned()
            }
            Rule::LargerThanWall => "It reports more time than passed.".to_owned(),
            Rule::OverPresence => {
                "It reports the time that passed, whether the learner was there or not.".to_owned()
            }
            Rule::Mixed => self.mixture(),
        };
        let too_much = match habit {
            Rule::Cumulative | Rule::LargerThanWall => 0,
            _ => self.over_presence,
        };
        let too_much = if too_much > 0 {
            format!(
                " In {} it reported more than the learner was seen for.",
                of_sessions(too_much, self.sessions)
            )
        } else {
            String::new()
        };
        Verdict { habit, text: format!("{text}{too_much} {}", self.credited()) }
    }

    fn rule(&self) -> Rule {
        let said = self.zero
            + self.malformed
            + self.at_exit
            + self.at_commits
            + self.cumulative
            + self.larger_than_wall;
        // Where nothing was ever reported, what was cut off is as silent as the rest; else it tells nothing.
        let never = if said == 0 { self.never + self.cut_off } else { self.never };
        let all = said + never;
        let in_time = self.at_exit + self.at_commits;
        if all == 0 {
            return Rule::Unknown;
        }
        // The first session of a try looks the same whether it counts on or not.
        if is_rule(self.cumulative, self.resumed) && is_rule(self.cumulative + in_time, all) {
            return Rule::Cumulative;
        }
        if is_rule(in_time, all) {
            // Those that are larger than the wall, or count on, are more than presence as well.
            let over = self.over_presence - self.cumulative - self.larger_than_wall;
            if is_rule(over, in_time) {
                return Rule::OverPresence;
            }
            // Sessions that end soon after their first report are among those that report as they end.
            return if self.at_commits * 5 >= in_time { Rule::AtCommits } else { Rule::AtExit };
        }
        let each = [
            (never, Rule::Never),
            (self.zero, Rule::Zero),
            (self.malformed, Rule::Malformed),
            (self.larger_than_wall, Rule::LargerThanWall),
        ];
        each.into_iter().find(|it| is_rule(it.0, all)).map_or(Rule::Mixed, |it| it.1)
    }

    /// What it does in how many sessions, the most frequent first.
    fn mixture(&self) -> String {
        let mut each = [
            (self.never, "no time"),
            (self.cut_off, "none before it was cut off"),
            (self.zero, "a time of zero"),
            (self.malformed, "what cannot be read"),
            (self.at_exit, "its time as it ended"),
            (self.at_commits, "its time while it ran"),
            (self.cumulative, "the time of all sessions so far"),
            (self.larger_than_wall, "more than passed"),
        ];
        each.sort_by_key(|it| -it.0);
        let told: Vec<String> =
            each.iter().filter(|it| it.0 > 0).map(|(n, what)| format!("{what} ({n})")).collect();
        format!("It reports in different ways, of {} sessions: {}.", self.sessions, told.join(", "))
    }

    fn credited(&self) -> String {
        match self.by_report {
            0 => "What was measured was credited.".to_owned(),
            all if all == self.sessions => "What it reported was credited.".to_owned(),
            some => format!(
                "What it reported was credited in {}, what was measured in the others.",
                of_sessions(some, self.sessions)
            ),
        }
    }
}

fn of_sessions(some: i64, all: i64) -> String {
    format!("{some} of {all} {}", if all == 1 { "session" } else { "sessions" })
}

/// Counts, and what they come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToldReporting {
    /// What it comes to.
    pub verdict: Verdict,
    /// How sessions reported, counted.
    #[serde(flatten)]
    pub counts: Reporting,
}

impl From<Reporting> for ToldReporting {
    fn from(counts: Reporting) -> ToldReporting {
        ToldReporting { verdict: counts.verdict(), counts }
    }
}

/// A package, with how it and each of its activities report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageReporting {
    /// The topic's id.
    pub topic: String,
    /// Its title.
    pub title: String,
    /// Name of the course.
    pub course: String,
    /// Which API it speaks.
    pub api: Api,
    /// How all of its activities report.
    pub reporting: ToldReporting,
    /// Each of them, in the order of the organization.
    pub activities: Vec<ActivityReporting>,
    /// What its import found.
    #[serde(flatten)]
    pub findings: super::ImportFindings,
}

/// An activity, with how it reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActivityReporting {
    /// Identifier of the item in the manifest.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `sco`, `asset` or `media`.
    pub kind: SessionKind,
    /// How deep it lies in the organization, from 0.
    pub depth: u32,
    /// How it reports; an asset, video or audio has no way to.
    pub reporting: Option<ToldReporting>,
    /// False if the manifest hides its title.
    pub is_visible: bool,
    /// Path of the file that it launches, if the package lacks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_file: Option<String>,
}

impl PackageReporting {
    /// From what is known of its activities.
    pub(crate) fn of(
        topic: &str,
        (package, findings): (super::rows::PackageRow, super::ImportFindings),
        activities: Vec<super::StoredActivity>,
        mut known: BTreeMap<String, Reporting>,
    ) -> PackageReporting {
        let whole = Reporting::together(known.values());
        let activities = activities.into_iter().map(|it| ActivityReporting {
            reporting: (it.kind == SessionKind::Sco).then(|| known.remove(&it.id).unwrap_or_default().into()),
            id: it.id,
            title: it.title,
            kind: it.kind,
            depth: it.depth,
            is_visible: it.is_visible,
            missing_file: it.missing_file,
        });
        PackageReporting {
            topic: topic.to_owned(),
            title: package.title,
            course: package.course,
            api: package.api,
            reporting: whole.into(),
            activities: activities.collect(),
            findings,
        }
    }
}

#[cfg(test)]
mod tests {
    use seattime_core::time::IntervalSet;

    use super::*;

    /// A session of 10 min, 8 of them present, that told its time at its end.
    fn session(reported_s: i64) -> Part {
        Part {
            n: 1,
            activity: "item".to_owned(),
            try_: 1,
            kind: SessionKind::Sco,
            is_initialized: true,
            state: "terminated".to_owned(),
            measured_ms: 480_000,
            over: IntervalSet::new(),
            media_ms: 0,
            corroborated_ms: 0,
            reported_ms: Some(reported_s * 1_000),
            reported_state: "set".to_owned(),
            credited_ms: 480_000,
            provenance: "measured".to_owned(),
            exceeds_presence: false,
            refused: Vec::new(),
            wall_ms: 600_000,
            said_before_end: false,
            total: (0, reported_s.unsigned_abs() * 100),
        }
    }

    fn earlier(all: &[Part]) -> Earlier {
        let mut earlier = Earlier::default();
        all.iter().for_each(|it| earlier.add(it));
        earlier
    }

    #[test]
    fn each_session_is_told_by_what_it_said_and_when() {
        let none = Earlier::default();
        let with = |change: &dyn Fn(&mut Part)| {
            let mut it = session(480);
            change(&mut it);
            it
        };
        let silent = |it: &mut Part| (it.reported_ms, it.reported_state) = (None, "unset".to_owned());
        let two = earlier(&[session(480), session(480)]);
        #[rustfmt::skip]
        let cases = [
            // session                                                       before  what it is
            (session(480),                                                   none, Habit::AtExit),
            (session(600),                                                   none, Habit::AtExit),         // by the clock
            (session(617),                                                   none, Habit::AtExit),         // 12 s and 5 s are tolerated
            (session(618),                                                   none, Habit::LargerThanWall),
            (with(&|it| it.said_before_end = true),                          none, Habit::AtCommits),
            (with(&silent),                                                  none, Habit::Never),
            (with(&|it| { silent(it); it.state = "abandoned".to_owned(); }), none, Habit::CutOff),
            (with(&|it| { silent(it); it.state = "implicit".to_owned(); it.is_initialized = false; }), none, Habit::Never),
            (with(&|it| it.reported_state = "zero".to_owned()),              none, Habit::Zero),
            (with(&|it| it.reported_state = "malformed".to_owned()),         none, Habit::Malformed),
            (session(1_440),                                                 none, Habit::LargerThanWall), // no earlier ones to count on from
            (session(1_440),                                                 two,  Habit::Cumulative),     // 3 times 480 of presence
            (session(1_800),                                                 two,  Habit::Cumulative),     // 3 times 600 by the clock
            (session(480),                                                   two,  Habit::AtExit),
            (session(5_000),                                                 two,  Habit::LargerThanWall),
        ];
        for (n, (part, before, expected)) in cases.into_iter().enumerate() {
            assert_eq!(habit(&part, &before), expected, "case {n}: {part:?}");
        }
    }

    #[test]
    fn what_four_of_five_sessions_do_is_the_rule() {
        let of = |change: &dyn Fn(&mut Reporting)| {
            let mut it = Reporting::default();
            change(&mut it);
            it.sessions = it.never
                + it.cut_off
                + it.zero
                + it.malformed
                + it.at_exit
                + it.at_commits
                + it.cumulative
                + it.larger_than_wall;
            it.verdict().habit
        };
        assert_eq!(of(&|_| ()), Rule::Unknown);
        assert_eq!(of(&|it| it.never = 1), Rule::Never);
        assert_eq!(of(&|it| it.cut_off = 1), Rule::Never, "nothing was ever reported");
        assert_eq!(of(&|it| (it.cut_off, it.at_exit) = (9, 1)), Rule::AtExit, "cut off tells nothing then");
        assert_eq!(of(&|it| (it.never, it.at_exit) = (1, 4)), Rule::AtExit);
        assert_eq!(of(&|it| (it.never, it.at_exit) = (2, 7)), Rule::Mixed);
        assert_eq!(of(&|it| (it.at_commits, it.at_exit) = (1, 4)), Rule::AtCommits);
        assert_eq!(of(&|it| (it.at_commits, it.at_exit) = (1, 9)), Rule::AtExit);
        assert_eq!(of(&|it| (it.cumulative, it.resumed, it.at_exit) = (2, 2, 3)), Rule::Cumulative);
        assert_eq!(of(&|it| (it.cumulative, it.resumed, it.at_exit) = (1, 9, 20)), Rule::AtExit);
        assert_eq!(of(&|it| (it.larger_than_wall, it.zero) = (4, 1)), Rule::LargerThanWall);
        assert_eq!(of(&|it| (it.at_exit, it.over_presence) = (5, 4)), Rule::OverPresence);
        assert_eq!(of(&|it| (it.at_exit, it.over_presence) = (5, 3)), Rule::AtExit);
        let larger = of(&|it| (it.at_exit, it.larger_than_wall, it.over_presence) = (4, 1, 1));
        assert_eq!(
            larger,
            Rule::AtExit,
            "the one that was more than presence is the one that was more than passed"
        );
    }

    #[test]
    fn figures_go_into_columns_and_come_back() {
        let mut figures = [0; FIGURES];
        for (n, it) in (1..).zip(&mut figures) {
            *it = n;
        }
        assert_eq!(Reporting::of(figures).figures(), figures);
    }

    #[test]
    fn the_verdict_says_what_was_credited() {
        let it =
            Reporting { sessions: 3, at_exit: 3, by_report: 2, over_presence: 1, ..Reporting::default() };
        assert_eq!(
            it.verdict().text,
            "It reports its time once, as it ends. In 1 of 3 sessions it reported more than the learner was seen for. \
             What it reported was credited in 2 of 3 sessions, what was measured in the others."
        );
        let it = Reporting { sessions: 4, never: 1, malformed: 3, ..Reporting::default() };
        assert_eq!(
            it.verdict().text,
            "It reports in different ways, of 4 sessions: what cannot be read (3), no time (1). What was measured was credited."
        );
    }
}
