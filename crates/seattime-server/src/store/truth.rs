//! Stories whose truth is known second by second, told in messages that are lost, doubled, late and shuffled:
//! derivation, merge and credit against a model that knows nothing of intervals.

mod model;
mod periods;
mod running;
mod seconds;
mod stores;
mod story;

use std::collections::{BTreeMap, BTreeSet};

use seattime_wire::Api;

use self::model::{Totals, Whole, of_parts, of_topic, of_visit};
use self::running::each_seed;
use self::story::{Delivery, Story, told};
use super::history::HistoryRow;
use super::raw::RawVisit;
use super::rows::{PackageRow, VisitRow};
use super::standing::{Gathered, GatheredAttempt, Held};
use super::timeline::timeline;
use super::totals::totals;
use super::{CourseSettings, ReportLearner, ReportRow};
use seattime_testing::rng::Rng;

/// How many cases to try: what was asked for when this was compiled, as `cargo xtask truth` does, or as many as usual.
fn cases(asked: Option<&str>, usual: u64) -> u64 {
    asked.and_then(|it| it.parse().ok()).unwrap_or(usual)
}

/// One visit: number of its attempt, what happened, and what of it arrived, in the order in which it is merged.
type Visit = (u32, Story, Vec<Delivery>);

/// The courses, each with the numbers of its topics.
const COURSES: [(&str, &[usize]); 2] = [("course", &[0, 1]), ("other course", &[2])];

/// One learner's visits, at about the same time, with everything that arrived of each.
struct Case {
    /// Per topic.
    topics: Vec<Vec<Visit>>,
    /// What an LMS had kept of each before, if it had: seconds, and attempts.
    before: Vec<Option<(i64, u32)>>,
}

impl Case {
    /// The case of a seed.
    fn of(seed: u64) -> Case {
        let mut rng = Rng::from_seed(seed);
        let policy = story::policy(&mut rng);
        let mut topics = Vec::new();
        for _ in 0..rng.choose(&[1, 1, 1, 2, 3]).unwrap_or(1) {
            let mut attempt = 1;
            let mut visits = Vec::new();
            for lease in 1..=rng.below(3) as u32 + 1 {
                if rng.below(4) == 0 && lease > 1 {
                    attempt += 1;
                }
                let story = Story::of(&mut rng, lease, policy);
                let deliveries = told(&mut rng, &story);
                visits.push((attempt, story, deliveries));
            }
            topics.push(visits);
        }
        let before = topics.iter().map(|_| match rng.below(3) {
            0 => Some((rng.below(20_000) as i64, rng.below(4) as u32)),
            _ => None,
        });
        Case { before: before.collect(), topics }
    }

    /// What an LMS had kept of a topic before; nothing where it had not.
    fn kept(&self, topic: usize) -> (i64, u32) {
        self.before.get(topic).copied().flatten().unwrap_or_default()
    }

    /// Its visits, each with the number of its topic.
    fn visits(&self) -> impl Iterator<Item = (usize, &Visit)> {
        self.topics.iter().enumerate().flat_map(|(topic, visits)| visits.iter().map(move |it| (topic, it)))
    }

    /// Compares a report's rows, one a topic in any order, with the truth. What was near a contact is compared where
    /// `knows_contacts`: a store keeps no message that had no news.
    fn compare(&self, seed: u64, rows: &[ReportRow], knows_contacts: bool) {
        let mut topics = Vec::new();
        for (topic, visits) in self.topics.iter().enumerate() {
            let visits: Vec<_> =
                visits.iter().map(|(attempt, story, told)| (*attempt, of_visit(story, told))).collect();
            let (truth, whole) = of_topic(&visits);
            // Whatever bounds the rest, what was before is added to it.
            let (before_s, before_attempts) = self.kept(topic);
            let truth = Totals {
                credited_s: truth.credited_s + before_s,
                attempts: truth.attempts + before_attempts,
                ..truth
            };
            let row = rows.iter().find(|it| it.topic == topic.to_string()).unwrap();
            let found = Totals {
                credited_s: row.time_spent_ms / 1_000,
                measured_s: row.measured_ms / 1_000,
                exceeds_presence: row.flags.iter().any(|it| it == "report_exceeds_presence"),
                attempts: row.attempts,
            };
            assert_eq!(found, truth, "seed {seed}, topic {topic}");
            topics.push(whole);
        }
        let told = totals(rows, None);
        assert_eq!(told.len(), 1, "seed {seed}");
        let figures = |found: &super::Totals, truth: &Whole, topics: &[usize]| {
            let before_ms: i64 = topics.iter().map(|it| self.kept(*it).0 * 1_000).sum();
            let near_ms = if knows_contacts { truth.near.count() * 1_000 } else { found.corroborated_ms };
            let credited_ms = truth.credited_ms + before_ms;
            let expected = (credited_ms, before_ms, truth.present.count() * 1_000, near_ms);
            let found = (found.credited_ms, found.backfilled_ms, found.measured_ms, found.corroborated_ms);
            assert_eq!(found, expected, "seed {seed}");
        };
        let mut courses = Vec::new();
        for (name, numbers) in COURSES {
            let of_course: Vec<Whole> = numbers.iter().filter_map(|it| topics.get(*it)).cloned().collect();
            let Some(found) = told[0].courses.iter().find(|it| it.course == name) else {
                assert!(of_course.is_empty(), "seed {seed}: {name}");
                continue;
            };
            courses.push(of_parts(&of_course));
            figures(&found.totals, &courses[courses.len() - 1], numbers);
        }
        figures(&told[0].totals, &of_parts(&courses), &[0, 1, 2]);
    }
}

/// A visit with everything that arrived of it.
fn merged((_, story, deliveries): &Visit) -> VisitRow {
    let mut visit = VisitRow::new(story.policy, story.lease, story.opened_ms());
    for it in deliveries {
        visit.raw.merge(&it.commit, it.received_ms());
        visit.heard((it.received_ms(), if it.is_replay { 0 } else { it.received_ms() }));
    }
    visit
}

/// The rows that the pure rules derive.
fn rows_of(case: &Case) -> Vec<ReportRow> {
    let mut rows = Vec::new();
    for (topic, visits) in case.topics.iter().enumerate() {
        let mut attempts: BTreeMap<u32, Vec<VisitRow>> = BTreeMap::new();
        for visit in visits {
            attempts.entry(visit.0).or_default().push(merged(visit));
        }
        let package = PackageRow {
            title: topic.to_string(),
            course: String::new(),
            api: Api::Scorm2004,
            edition: 4,
            shares_with_all: false,
        };
        let attempts = attempts.into_iter().map(|(number, visits)| GatheredAttempt {
            number,
            visits,
            held: Held::default(),
            conflicts: 0,
        });
        let course = COURSES.iter().find(|it| it.1.contains(&topic)).unwrap().0;
        let history = case.before.get(topic).copied().flatten().map(|(seconds, attempts)| HistoryRow {
            topic: topic.to_string(),
            course: course.to_owned(),
            title: String::new(),
            kind: String::new(),
            time_ms: seconds * 1_000,
            attempts,
        });
        let gathered = Gathered {
            learner: ReportLearner { id: String::new(), name: String::new() },
            course: course.to_owned(),
            package: Some(package),
            activities: Vec::new(),
            history,
            attempts: attempts.collect(),
            groups: Vec::new(),
            is_enrolled: false,
            before: None,
            policy: CourseSettings::default().records(),
        };
        let row = gathered.row(None).unwrap();
        let expected = case.kept(topic);
        assert_eq!((row.backfilled_ms, row.backfilled_attempts), (expected.0 * 1_000, expected.1));
        rows.push(row);
    }
    rows
}

/// A timeline has every moment once, and what counts in it is what was measured.
#[test]
fn what_counts_in_a_timeline_is_what_was_measured() {
    let most = cases(option_env!("SEATTIME_CASES"), 2_500);
    let kinds = each_seed("timelines", most, |seed, kinds: &mut BTreeSet<_>| {
        for (_, visit) in Case::of(seed).visits() {
            let visit = merged(visit);
            let told = timeline(&visit, 1, &[]);
            let counted = told.segments.iter().filter(|it| it.counts).map(|it| it.end_ms - it.start_ms);
            assert_eq!(counted.sum::<i64>(), visit.figures().measured.length_ms(), "seed {seed}");
            let mut at_ms = visit.opened_ms;
            for it in &told.segments {
                assert!(it.start_ms == at_ms && it.start_ms < it.end_ms, "seed {seed}: {:?}", told.segments);
                at_ms = it.end_ms;
                kinds.insert((it.kind as u8, it.is_uncorroborated));
            }
            assert!(at_ms <= visit.contact_ms, "seed {seed}: {:?}", told.segments);
        }
    });
    let kinds: BTreeSet<_> = kinds.into_iter().flatten().collect();
    // Each kind, placed by messages and by the page's own clock; nothing places what is not known.
    assert_eq!(kinds.len(), 11, "{kinds:?}");
}

#[test]
fn whatever_arrives_in_whatever_order_comes_to_the_truth() {
    let most = cases(option_env!("SEATTIME_CASES"), 2_500);
    each_seed("rules", most, |seed, (): &mut ()| {
        let case = Case::of(seed);
        case.compare(seed, &rows_of(&case), true);
        for (_, (_, story, deliveries)) in case.visits() {
            let merged = |order: &mut dyn Iterator<Item = &Delivery>| {
                let mut raw = RawVisit::default();
                for it in order {
                    raw.merge(&it.commit, it.received_ms());
                }
                raw
            };
            let forward = merged(&mut deliveries.iter());
            let mut backward = merged(&mut deliveries.iter().rev());
            assert_eq!(forward, backward, "seed {seed}: the order matters");
            for it in deliveries {
                assert!(!backward.merge(&it.commit, it.received_ms()), "seed {seed}: old news are news");
            }
            let seen = of_visit(story, deliveries);
            for part in &seen.parts {
                let most_s = part.measured_s + part.measured_s / 50 + 5;
                let bound_s = match story.policy.credit {
                    seattime_wire::CreditPolicy::Reported => seen.window_s.max(part.measured_s),
                    seattime_wire::CreditPolicy::Corroborated => most_s,
                    seattime_wire::CreditPolicy::Measured => part.measured_s,
                };
                assert!(part.credited_s <= bound_s, "seed {seed}: {part:?}");
            }
        }
    });
}
