//! Stories whose truth is known second by second, told in messages that are lost, doubled, late and shuffled:
//! derivation, merge and credit against a model that knows nothing of intervals.

mod model;
mod stores;
mod story;

#[path = "../../../seattime-testbed/src/dice.rs"]
#[expect(unreachable_pub, reason = "the testbed offers it")]
mod dice;

use std::collections::BTreeMap;

use seattime_wire::Api;

use self::dice::Dice;
use self::model::{Totals, of_topic, of_visit};
use self::story::{Delivery, Story, told};
use super::raw::RawVisit;
use super::rows::{PackageRow, VisitRow};
use super::standing::{AttemptFacts, Facts, standing};
use super::timeline::timeline;
use super::{ReportLearner, ReportRow};

/// How many cases to try: what was asked for when this was compiled, as `cargo xtask truth` does, or as many as usual.
fn cases(asked: Option<&str>, usual: u64) -> u64 {
    asked.and_then(|it| it.parse().ok()).unwrap_or(usual)
}

/// One learner's visits of one topic, with everything that arrived of each.
struct Case {
    /// Per visit: number of its attempt, what happened, and what of it arrived, in the order in which it is merged.
    visits: Vec<(u32, Story, Vec<Delivery>)>,
}

impl Case {
    /// The case of a seed.
    fn of(seed: u64) -> Case {
        let mut dice = Dice::of(seed);
        let policy = story::policy(&mut dice);
        let mut attempt = 1;
        let mut visits = Vec::new();
        for lease in 1..=dice.below(3) as u32 + 1 {
            if dice.below(4) == 0 && lease > 1 {
                attempt += 1;
            }
            let story = Story::of(&mut dice, lease, policy);
            let deliveries = told(&mut dice, &story);
            visits.push((attempt, story, deliveries));
        }
        Case { visits }
    }

    /// What the model says of it.
    fn truth(&self) -> Totals {
        let visits: Vec<_> =
            self.visits.iter().map(|(attempt, story, told)| (*attempt, of_visit(story, told))).collect();
        of_topic(&visits)
    }

    /// Compares a report's row with the truth.
    fn compare(&self, seed: u64, row: &ReportRow) {
        let truth = self.truth();
        let found = Totals {
            credited_s: row.time_spent_ms / 1_000,
            measured_s: row.measured_ms / 1_000,
            exceeds_presence: row.flags.iter().any(|it| it == "report_exceeds_presence"),
            attempts: row.attempts,
        };
        assert_eq!(found, truth, "seed {seed}");
    }
}

/// The visits with everything that arrived of them, by attempt.
fn attempts_of(case: &Case) -> BTreeMap<u32, Vec<VisitRow>> {
    let mut attempts: BTreeMap<u32, Vec<VisitRow>> = BTreeMap::new();
    for (number, story, deliveries) in &case.visits {
        let mut visit = VisitRow::new(story.policy, story.lease, story.opened_ms());
        for it in deliveries {
            visit.raw.merge(&it.commit, it.received_ms());
            visit.heard((it.received_ms(), if it.is_replay { 0 } else { it.received_ms() }));
        }
        attempts.entry(*number).or_default().push(visit);
    }
    attempts
}

/// The row that the pure rules derive.
fn row_of(case: &Case) -> ReportRow {
    let attempts = attempts_of(case);
    let package = PackageRow {
        title: String::new(),
        course: String::new(),
        api: Api::Scorm2004,
        edition: 4,
        shares_with_all: false,
    };
    let attempts: Vec<_> =
        attempts.iter().map(|(number, visits)| AttemptFacts::new(*number, visits)).collect();
    let learner = ReportLearner { id: String::new(), name: String::new() };
    let (activities, values) = (&[][..], BTreeMap::new());
    let facts =
        Facts { learner, course: "", package: &package, activities, attempts: &attempts, api: None, values };
    standing(facts).unwrap()
}

/// A timeline has every moment once, and what counts in it is what was measured.
#[test]
fn what_counts_in_a_timeline_is_what_was_measured() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..cases(option_env!("SEATTIME_CASES"), 4_000) {
        for visit in attempts_of(&Case::of(seed)).into_values().flatten() {
            let told = timeline(&visit, 1, &[]);
            let counted = told.segments.iter().filter(|it| it.counts).map(|it| it.end_ms - it.start_ms);
            assert_eq!(counted.sum::<i64>(), visit.figures().measured.length_ms(), "seed {seed}");
            let mut at_ms = visit.opened_ms;
            for it in &told.segments {
                assert!(it.start_ms == at_ms && it.start_ms < it.end_ms, "seed {seed}: {:?}", told.segments);
                at_ms = it.end_ms;
                kinds.insert(format!("{:?} {}", it.kind, it.is_uncorroborated));
            }
            assert!(at_ms <= visit.contact_ms, "seed {seed}: {:?}", told.segments);
        }
    }
    // Each kind, placed by messages and by the page's own clock; nothing places what is not known.
    assert_eq!(kinds.len(), 11, "{kinds:?}");
}

#[test]
fn whatever_arrives_in_whatever_order_comes_to_the_truth() {
    for seed in 0..cases(option_env!("SEATTIME_CASES"), 4_000) {
        let case = Case::of(seed);
        case.compare(seed, &row_of(&case));
        for (_, story, deliveries) in &case.visits {
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
    }
}
