//! Outcomes and records against the standard's words and the rules of the record.

use super::*;
use crate::end::EndKind::{Abandoned, Finished, Paused};
use Completion::{Completed, Incomplete};
use Success::{Failed, Passed};
use Version::{V12, V2004};

const NONE_C: Completion = Completion::Unknown;
const NONE_S: Success = Success::Unknown;

fn outcome(version: Version, values: &[(&str, &str)], end: Option<EndKind>) -> Outcome {
    let value = |name: &str| values.iter().find(|it| it.0 == name).map(|it| it.1);
    Outcome::of(version, &value, end, true, false)
}

/// Spec: SCORM 1.2 RTE, *cmi.core.lesson_status*, *cmi.student_data.mastery_score*.
#[test]
fn a_status_of_12_is_completion_and_success() {
    const STATUS: &str = "cmi.core.lesson_status";
    const RAW: &str = "cmi.core.score.raw";
    const MASTERY: &str = "cmi.student_data.mastery_score";
    #[rustfmt::skip]
    let cases: &[(&[(&str, &str)], EndKind, Completion, Success)] = &[
        (&[],                                                     Paused,   NONE_C,     NONE_S),
        (&[(STATUS, "not attempted")],                            Paused,   NONE_C,     NONE_S),
        (&[(STATUS, "browsed")],                                  Finished, NONE_C,     NONE_S),
        (&[(STATUS, "incomplete")],                               Finished, Incomplete, NONE_S),
        (&[(STATUS, "completed")],                                Paused,   Completed,  NONE_S),
        (&[(STATUS, "passed")],                                   Paused,   Completed,  Passed),
        (&[(STATUS, "failed")],                                   Paused,   Completed,  Failed), // its own word
        (&[(STATUS, "incomplete"), (RAW, "20"), (MASTERY, "80")], Paused,   Incomplete, NONE_S),
        (&[(STATUS, "incomplete"), (RAW, "90"), (MASTERY, "80")], Paused,   Incomplete, NONE_S),
        (&[(STATUS, "completed"), (RAW, "20"), (MASTERY, "80")],  Paused,   Completed,  Failed),
        (&[(STATUS, "completed"), (RAW, "80"), (MASTERY, "80")],  Paused,   Completed,  Passed),
        (&[(STATUS, "passed"), (RAW, "20"), (MASTERY, "80")],     Finished, Completed,  Passed),
    ];
    for (values, end, completion, success) in cases {
        let found = outcome(V12, values, Some(*end));
        assert_eq!((found.completion, found.success), (*completion, *success), "{values:?} {end:?}");
    }
}

/// Spec: RTE, *Completion Status*, *Success Status*; SN, UP.4.
#[test]
fn a_2004_session_is_filled_in_and_fails_only_when_it_is_finished() {
    const DONE: &str = "cmi.completion_status";
    const SUCCESS: &str = "cmi.success_status";
    const PASSING: &str = "cmi.scaled_passing_score";
    const SCALED: &str = "cmi.score.scaled";
    #[rustfmt::skip]
    let cases: &[(&[(&str, &str)], Option<EndKind>, Completion, Success, bool)] = &[
        // values                                                end             completion  success  assumed
        (&[],                                                    Some(Finished), Completed,  NONE_S,  true),
        (&[],                                                    Some(Paused),   NONE_C,     NONE_S,  false),
        (&[],                                                    None,           NONE_C,     NONE_S,  false),
        (&[],                                                    Some(Abandoned), NONE_C,    NONE_S,  false),
        (&[(DONE, "completed"), (SUCCESS, "passed")],            Some(Abandoned), NONE_C,    NONE_S,  false),
        (&[(DONE, "incomplete")],                                Some(Finished), Incomplete, NONE_S,  false),
        (&[(DONE, "unknown")],                                   Some(Finished), Completed,  NONE_S,  true),
        (&[(DONE, "not attempted")],                             Some(Finished), Incomplete, NONE_S,  false),
        (&[(SUCCESS, "passed")],                                 Some(Finished), Completed,  Passed,  true), // a success alone
        (&[(SUCCESS, "passed")],                                 Some(Paused),   NONE_C,     Passed,  false),
        (&[(SUCCESS, "failed"), (DONE, "incomplete")],           Some(Paused),   Incomplete, NONE_S,  false), // iSpring's first slide
        (&[(SUCCESS, "failed"), (DONE, "incomplete")],           Some(Finished), Incomplete, Failed,  false),
        (&[(SUCCESS, "failed"), (DONE, "completed")],            Some(Paused),   Completed,  Failed,  false),
        (&[(PASSING, "0.6"), (SCALED, "0.2")],                   Some(Paused),   NONE_C,     NONE_S,  false),
        (&[(PASSING, "0.6"), (SCALED, "0.8")],                   Some(Paused),   NONE_C,     NONE_S,  false),
        (&[(PASSING, "0.6"), (SCALED, "0.8"), (SUCCESS, "passed")], Some(Paused), NONE_C,    Passed,  false), // its own word
        (&[(PASSING, "0.6"), (SCALED, "0.2"), (SUCCESS, "passed")], Some(Paused), NONE_C,    NONE_S,  false),
        (&[(PASSING, "0.6"), (SCALED, "0.2")],                   Some(Finished), Completed,  Failed,  true),
        (&[(PASSING, "0.6"), (SCALED, "0.8"), (DONE, "completed")], Some(Paused), Completed, Passed,  false),
    ];
    for (values, end, completion, success, is_assumed) in cases {
        let found = outcome(V2004, values, *end);
        let expected = (*completion, *success, *is_assumed);
        assert_eq!((found.completion, found.success, found.is_assumed), expected, "{values:?} {end:?}");
    }
    let said_by_content = Outcome::of(V2004, &|_| None, Some(Finished), false, false);
    assert_eq!(said_by_content, Outcome::default(), "completionSetByContent");
}

#[test]
fn scores_are_compared_as_fractions() {
    let steps = |text| real::parse(text);
    #[rustfmt::skip]
    let cases = [
        // scaled      raw            min          max            fraction
        (Some("0.9"),  Some("12"),    None,        None,          "0.9"),
        (None,         Some("12"),    Some("0"),   Some("15"),    "0.8"),
        (None,         Some("12"),    None,        Some("15"),    "0.8"),
        (None,         Some("12"),    Some("10"),  Some("20"),    "0.2"),
        (None,         Some("85.5"),  None,        None,          "0.855"),
        (None,         Some("120"),   Some("0"),   Some("15"),    "1"), // raw beyond max: of 100, at most 1
        (None,         Some("12"),    Some("20"),  Some("10"),    "0.12"),
        (Some("-0.5"), None,          None,        None,          "-0.5"),
    ];
    for (scaled, raw, min, max, fraction) in cases {
        let score = Score {
            scaled: scaled.and_then(steps),
            raw: raw.and_then(steps),
            min: min.and_then(steps),
            max: max.and_then(steps),
        };
        assert_eq!(score.fraction(), steps(fraction), "{scaled:?} {raw:?} {min:?} {max:?}");
    }
}

fn raw(raw: i64) -> Option<Score> {
    Some(Score { raw: Some(raw * real::ONE), ..Score::default() })
}

fn of(completion: Completion, success: Success, score: Option<Score>) -> Outcome {
    Outcome { completion, success, score, is_assumed: false }
}

#[test]
fn the_record_never_falls() {
    let mut record = Record::default();
    record.add(&of(Completed, Passed, raw(90)));
    for later in [
        of(Incomplete, NONE_S, None),
        of(Incomplete, NONE_S, raw(0)),
        of(Completed, Failed, raw(10)),
        Outcome::default(),
        of(Completed, Passed, raw(60)),
    ] {
        record.add(&later);
        let expected = Record { completion: Completed, success: Passed, score: raw(90), ..Record::default() };
        assert_eq!(record, expected, "after {later:?}");
    }
    record.add(&of(Completed, Failed, raw(95)));
    assert_eq!((record.success, record.score), (Passed, raw(95)));
}

#[test]
fn a_provisional_score_is_the_latest_until_one_is_achieved() {
    let mut record = Record::default();
    for (outcome, score, is_provisional) in [
        (of(Incomplete, NONE_S, raw(100)), raw(100), true),
        (of(Incomplete, NONE_S, raw(40)), raw(40), true),
        (of(Incomplete, NONE_S, None), raw(40), true),
        (of(Completed, NONE_S, raw(30)), raw(30), false),
        (of(Incomplete, NONE_S, raw(100)), raw(30), false),
        (of(Completed, NONE_S, raw(35)), raw(35), false),
    ] {
        record.add(&outcome);
        assert_eq!((record.score, record.is_provisional), (score, is_provisional), "after {outcome:?}");
    }
}

#[test]
fn completion_is_assumed_until_content_reports_it() {
    let assumed = Outcome { is_assumed: true, ..Outcome::TAKEN_IN };
    let mut record = Record::default();
    record.add(&assumed);
    assert!(record.is_assumed);
    record.add(&of(Incomplete, NONE_S, None));
    assert!(record.is_assumed);
    record.add(&of(Completed, NONE_S, None));
    assert!(!record.is_assumed);
    record.add(&assumed);
    assert!(!record.is_assumed, "content has reported it once");
}

#[test]
fn one_word_says_the_most_important() {
    #[rustfmt::skip]
    let cases = [
        (NONE_C,     NONE_S, false, "not attempted"),
        (NONE_C,     NONE_S, true,  "incomplete"),
        (Incomplete, NONE_S, true,  "incomplete"),
        (Incomplete, Failed, true,  "incomplete"), // who is still at it has not failed
        (NONE_C,     Failed, true,  "incomplete"),
        (Completed,  NONE_S, true,  "completed"),
        (Completed,  Failed, true,  "failed"),
        (Completed,  Passed, true,  "passed"),
        (Incomplete, Passed, true,  "passed"),
    ];
    for (completion, success, is_begun, word) in cases {
        let record = Record { completion, success, ..Record::default() };
        assert_eq!(record.status(is_begun), word, "{completion:?} {success:?}");
    }
}

#[test]
fn a_topic_is_done_once_all_its_activities_are() {
    let unknown = Record::default();
    let record = |completion, success, score| Record { completion, success, score, ..unknown };
    let (done, passed, failed) = (
        record(Completed, NONE_S, None),
        record(Completed, Passed, raw(80)),
        record(Completed, Failed, raw(20)),
    );
    let begun = record(Incomplete, NONE_S, None);
    let passed_only = record(Incomplete, Passed, None);
    let mean = |text| Some(Score { scaled: real::parse(text), ..Score::default() });
    #[rustfmt::skip]
    let cases: &[(&[Record], Completion, Success, Option<Score>)] = &[
        (&[],                     NONE_C,     NONE_S, None),
        (&[unknown, unknown],     NONE_C,     NONE_S, None),
        (&[done, unknown],        Incomplete, NONE_S, None),
        (&[done, done],           Completed,  NONE_S, None),
        (&[done, passed],         Completed,  Passed, raw(80)),
        (&[passed, failed],       Completed,  Failed, mean("0.5")),
        (&[passed, unknown],      Incomplete, NONE_S, raw(80)), // "all that have one", and all are completed
        (&[failed, begun],        Incomplete, Failed, raw(20)),
        (&[passed_only],          Incomplete, Passed, None),
        (&[passed_only, done],    Incomplete, NONE_S, None),
    ];
    for (records, completion, success, score) in cases {
        let weighed: Vec<_> = records.iter().map(|it| (*it, 7)).collect();
        let found = rolled_up(&weighed);
        assert_eq!(
            (found.completion, found.success, found.score),
            (*completion, *success, *score),
            "{records:?}"
        );
    }
}

/// Spec: SN, *Measure Rollup* (RB.1.1 a): the sum of measure × weight over the sum of weights.
#[test]
fn the_score_of_a_topic_is_a_mean_by_weights() {
    let record = |score: Option<Score>| Record { completion: Completed, score, ..Record::default() };
    let mean = |text| Some(Score { scaled: real::parse(text), ..Score::default() });
    #[rustfmt::skip]
    let cases: &[(&[(u32, Option<Score>)], Option<Score>)] = &[
        (&[(1, raw(80)), (3, raw(40))], mean("0.5")),
        (&[(1, raw(80)), (0, raw(40))], raw(80)), // what weighs nothing does not count
        (&[(0, raw(80)), (0, raw(40))], None),
        (&[(2, raw(80)), (9, None)],    raw(80)),
        (&[(0, raw(80))],               raw(80)), // the only activity is the topic
    ];
    for (scores, expected) in cases {
        let weighed: Vec<_> = scores.iter().map(|(weight, score)| (record(*score), *weight)).collect();
        assert_eq!(rolled_up(&weighed).score, *expected, "{scores:?}");
    }
}
