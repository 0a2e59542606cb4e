//! Time by period against the truth: what every level is credited before any second, and that any row of periods adds
//! up to the whole.

use std::collections::BTreeMap;

use super::model::{Before, of_parts_before, of_topic_before, of_visit};
use super::running::each_seed;
use super::story::EPOCH_MS;
use super::{COURSES, Case, cases, rows_of};
use crate::store::ReportRow;
use crate::store::periods::{InPeriod, Period};
use crate::store::totals::Level;
use seattime_testing::rng::Rng;

fn ms(second: i64) -> i64 {
    EPOCH_MS + second * 1_000
}

/// Seconds that cut all there is into periods.
fn cuts(rng: &mut Rng) -> Vec<i64> {
    let mut cuts: Vec<i64> = (0..1 + rng.below(8)).map(|_| rng.below(9_000) as i64).collect();
    cuts.sort_unstable();
    cuts
}

/// The levels of a learner's rows: each topic's, each course's, and the learner's.
fn levels(rows: &[ReportRow]) -> Vec<Level> {
    let of_rows: Vec<Level> = rows.iter().map(|it| it.whole.clone().unwrap()).collect();
    let mut of_courses: BTreeMap<&str, Vec<&Level>> = BTreeMap::new();
    for (row, level) in rows.iter().zip(&of_rows) {
        of_courses.entry(&row.course).or_default().push(level);
    }
    let of_courses: Vec<Level> = of_courses.values().map(|it| Level::of(it.iter().copied())).collect();
    let learner = Level::of(of_courses.iter());
    of_rows.iter().chain(&of_courses).cloned().chain([learner]).collect()
}

/// The same levels, each with what it is credited before a second.
fn truth(case: &Case, at_s: i64) -> Vec<Before> {
    let mut topics = Vec::new();
    for visits in &case.topics {
        let visits: Vec<_> =
            visits.iter().map(|(attempt, story, told)| (*attempt, of_visit(story, told))).collect();
        topics.push(of_topic_before(&visits, at_s));
    }
    let mut courses = Vec::new();
    for (_, numbers) in COURSES {
        let of_course: Vec<Before> = numbers.iter().filter_map(|it| topics.get(*it)).cloned().collect();
        if !of_course.is_empty() {
            courses.push(of_parts_before(&of_course));
        }
    }
    let learner = of_parts_before(&courses);
    topics.into_iter().chain(courses).chain([learner]).collect()
}

#[test]
fn any_row_of_periods_comes_to_the_truth_and_adds_up_to_the_whole() {
    let most = cases(option_env!("SEATTIME_CASES"), 600);
    let seen = each_seed("periods", most, |seed, (spread, cut): &mut (u32, u32)| {
        let case = Case::of(seed);
        let mut rng = Rng::from_seed(seed ^ 0x5eed);
        let cuts = cuts(&mut rng);
        let rows = rows_of(&case);
        let moments: Vec<i64> =
            [i64::MIN].into_iter().chain(cuts.iter().map(|it| ms(*it))).chain([i64::MAX]).collect();
        let levels = levels(&rows);
        let before: Vec<Vec<i64>> = levels.iter().map(|it| it.credited_before(&moments).unwrap()).collect();
        for (n, at_s) in cuts.iter().enumerate() {
            let truth = truth(&case, *at_s);
            assert_eq!(truth.len(), levels.len(), "seed {seed}");
            for (level, ((found, level_of), truth)) in before.iter().zip(&levels).zip(&truth).enumerate() {
                assert_eq!(found[n + 1], truth.credited_ms, "seed {seed}: level {level} before {at_s} s");
                let period = Period { start_ms: i64::MIN, end_ms: ms(*at_s) };
                assert_eq!(level_of.measured_in(period), truth.present.count() * 1_000, "seed {seed}");
            }
        }
        for (level, found) in levels.iter().zip(&before) {
            // What was before is in no period.
            let whole_ms = level.totals().credited_ms - level.totals().backfilled_ms;
            assert!(found.windows(2).all(|it| it[0] <= it[1]), "seed {seed}: less than nothing in {found:?}");
            assert_eq!((found[0], found[found.len() - 1]), (0, whole_ms), "seed {seed}");
            *spread += u32::from(level.totals().measured_ms != whole_ms);
            *cut += u32::from(found[1..found.len() - 1].iter().any(|it| *it > 0 && *it < whole_ms));
        }
        // What is credited in a period is shown in it: there is a visit to it.
        for (row, level) in rows.iter().zip(&levels) {
            let mut sum_ms = 0;
            for bounds in moments.windows(2) {
                let period = Period { start_ms: bounds[0], end_ms: bounds[1] };
                let it = InPeriod::of(period, level, &row.visited).unwrap();
                assert!(it.time_spent_ms == 0 || it.visits > 0, "seed {seed}: {it:?} {:?}", row.visited);
                assert!(it.attempts <= row.attempts && it.attempts <= it.visits, "seed {seed}: {it:?}");
                sum_ms += it.time_spent_ms;
            }
            assert_eq!(sum_ms, row.time_spent_ms - row.backfilled_ms, "seed {seed}");
            let (first, last) = (row.first_visit_ms, row.last_visit_ms);
            let is_within = |it: &crate::store::VisitSpan| {
                it.opened_ms >= first && it.end_ms <= (last).max(it.opened_ms + 1)
            };
            assert!(row.visited.iter().all(is_within), "seed {seed}: {:?} {first} {last}", row.visited);
        }
    });
    let (spread, cut) = seen.iter().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    assert!(spread > 100 && cut > 100, "{spread} levels by report, {cut} cut in two");
}
