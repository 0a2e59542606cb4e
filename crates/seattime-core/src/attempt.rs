//! Statuses that follow from an activity's other values.
//!
//! Values are handed in as a function from element name to text, so that the page asks its session and
//! the server its rows.

use crate::model::Version;
use crate::outcome::{self, Success};
use crate::quirk::Quirks;
use crate::value::{real, units};

/// Looks up an element's text by its name. Not generic: each copy of what takes it costs every learner.
pub type Lookup<'f, 'a> = &'f dyn Fn(&str) -> Option<&'a str>;

/// Returns `cmi.core.lesson_status` as LMSFinish leaves it, where that changes it.
///
/// A lesson that never set a status is completed (browsed, in browse mode). A lesson taken for credit that has a
/// mastery score and a raw score is passed or failed by these, unless its content said `passed`, `failed`,
/// `incomplete` or `browsed`; in strict mode, whatever it said. Unless strict, nothing changes at an end that is a
/// pause: `is_finished` is false.
///
/// Spec: SCORM 1.2 RTE, *cmi.core.lesson_status* and *cmi.student_data.mastery_score*.
pub fn settled_status<'a>(value: Lookup<'_, 'a>, is_finished: bool, is_strict: bool) -> Option<&'static str> {
    let text = |name| value(name).unwrap_or_default();
    let is_untouched = matches!(text("cmi.core.lesson_status"), "" | "not attempted");
    if !is_finished && !is_strict {
        return None;
    }
    let is_open = is_strict || is_untouched || text("cmi.core.lesson_status") == "completed";
    match mastery(value) {
        Some(Success::Passed) if is_open => Some("passed"),
        Some(_) if is_open => Some("failed"),
        _ if !is_untouched => None,
        _ => Some(if text("cmi.core.lesson_mode") == "browse" { "browsed" } else { "completed" }),
    }
}

/// Returns the success that the mastery score decides, where the lesson is taken for credit and has both a mastery
/// score and a raw score. They are compared as fractions.
///
/// Spec: SCORM 1.2 RTE, *cmi.student_data.mastery_score*.
#[inline(never)]
pub fn mastery(value: Lookup<'_, '_>) -> Option<Success> {
    let text = |name| value(name).unwrap_or_default();
    let number = |name| real::parse(text(name));
    let is_for_credit =
        text("cmi.core.credit") != "no-credit" && matches!(text("cmi.core.lesson_mode"), "" | "normal");
    let mastery = number("cmi.student_data.mastery_score").filter(|_| is_for_credit)?;
    let raw = number("cmi.core.score.raw")?;
    let fraction = outcome::fraction(raw, number("cmi.core.score.min"), number("cmi.core.score.max"));
    Some(if fraction >= mastery / 100 { Success::Passed } else { Success::Failed })
}

/// What `cmi.completion_status` reads: a threshold decides, if there is one, else content does.
///
/// Spec: RTE, *Completion Status*.
pub fn completion_status<'a>(value: Lookup<'_, 'a>) -> &'a str {
    match value("cmi.completion_threshold").and_then(real::parse) {
        None => value("cmi.completion_status").unwrap_or("unknown"),
        Some(threshold) => match value("cmi.progress_measure").and_then(real::parse) {
            None => "unknown",
            Some(progress) if progress >= threshold => "completed",
            Some(_) => "incomplete",
        },
    }
}

/// What `cmi.success_status` reads: a passing score decides, if there is one, else content does.
///
/// Spec: RTE, *Success Status*.
pub fn success_status<'a>(value: Lookup<'_, 'a>) -> &'a str {
    match value("cmi.scaled_passing_score").and_then(real::parse) {
        None => value("cmi.success_status").unwrap_or("unknown"),
        Some(passing) => match value("cmi.score.scaled").and_then(real::parse) {
            None => "unknown",
            Some(score) if score >= passing => "passed",
            Some(_) => "failed",
        },
    }
}

/// Returns true if browse mode keeps an element from session to session: where the learner is, and how they like it.
pub fn is_kept_in_browse(element: &str) -> bool {
    const KEPT: [&str; 6] = [
        "cmi.core.lesson_location",
        "cmi.location",
        "cmi.suspend_data",
        "cmi.core.exit",
        "cmi.exit",
        "adl.nav.request",
    ];
    let preferences = ["cmi.student_preference.", "cmi.learner_preference."];
    KEPT.contains(&element) || preferences.iter().any(|it| element.starts_with(it))
}

/// Whether a value that arrives from a page is one that the standard has, or a tolerance; `units` are
/// counted here. What depends on other values is left to the page, which sees them together.
///
/// # Errors
///
/// The standard's code for what is wrong with it.
pub fn check(version: Version, element: &str, text: &str) -> Result<(), u32> {
    let refused = |it| version.code(it);
    let row = version.look_up(element).map_err(refused)?;
    let row = version.element(row.element).ok_or(101_u32)?;
    match row.access {
        crate::Access::Keyword => return Err(refused(crate::Refusal::Keyword)),
        crate::Access::ReadOnly => return Err(refused(crate::Refusal::ReadOnly)),
        crate::Access::ReadWrite | crate::Access::WriteOnly => {}
    }
    // What the run-time itself sets at a session's end, content may not set.
    if row.initial == Some(text) {
        return Ok(());
    }
    row.space.check(text, units(text), Quirks::ALL).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(values: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<&'a str> {
        |name| values.iter().find(|it| it.0 == name).map(|it| it.1)
    }

    /// Spec: SCORM 1.2 RTE, *cmi.core.lesson_status* and *cmi.student_data.mastery_score*.
    #[test]
    fn a_lesson_status_is_settled_at_the_end() {
        const STATUS: &str = "cmi.core.lesson_status";
        const RAW: &str = "cmi.core.score.raw";
        const MAX: &str = "cmi.core.score.max";
        const MASTERY: &str = "cmi.student_data.mastery_score";
        const MODE: &str = "cmi.core.lesson_mode";
        const CREDIT: &str = "cmi.core.credit";
        #[rustfmt::skip]
        let cases: &[(&[(&str, &str)], bool, Option<&str>, Option<&str>)] = &[
            // values                                                  finished  becomes            strict
            (&[],                                                      true,  Some("completed"), Some("completed")),
            (&[(STATUS, "not attempted")],                             true,  Some("completed"), Some("completed")),
            (&[(STATUS, "not attempted"), (MODE, "browse")],           true,  Some("browsed"),   Some("browsed")),
            (&[(STATUS, "incomplete")],                                true,  None,              None),
            (&[(STATUS, "completed"), (RAW, "80"), (MASTERY, "80")],   true,  Some("passed"),    Some("passed")),
            (&[(STATUS, "not attempted"), (RAW, "79"), (MASTERY, "80")], true, Some("failed"),   Some("failed")),
            (&[(STATUS, "passed"), (RAW, "79.9"), (MASTERY, "80")],    true,  None,              Some("failed")),
            (&[(STATUS, "incomplete"), (RAW, "20"), (MASTERY, "80")],  false, None,              Some("failed")),
            (&[(STATUS, "incomplete"), (RAW, "20"), (MASTERY, "80")],  true,  None,              Some("failed")),
            (&[(STATUS, "browsed"), (RAW, "20"), (MASTERY, "80")],     true,  None,              Some("failed")),
            (&[(STATUS, "completed"), (RAW, "12"), (MAX, "15"), (MASTERY, "80")], true, Some("passed"), Some("passed")),
            (&[(STATUS, "completed"), (RAW, "11"), (MAX, "15"), (MASTERY, "80")], true, Some("failed"), Some("failed")),
            (&[(STATUS, "completed"), (RAW, "80"), (MAX, "15"), (MASTERY, "80")], true, Some("passed"), Some("passed")),
            (&[(STATUS, "passed"), (RAW, ""), (MASTERY, "80")],        true,  None,              None),
            (&[(STATUS, "completed"), (RAW, "9"), (MASTERY, "80"), (CREDIT, "no-credit")], true, None, None),
            (&[(STATUS, "completed"), (RAW, "9"), (MASTERY, "80"), (MODE, "review")],      true, None, None),
        ];
        for (values, is_finished, expected, strict) in cases {
            assert_eq!(settled_status(&lookup(values), *is_finished, false), *expected, "{values:?}");
            assert_eq!(settled_status(&lookup(values), *is_finished, true), *strict, "strict: {values:?}");
        }
    }

    /// Spec: RTE, *Completion Status* and *Success Status*.
    #[test]
    fn thresholds_decide_where_there_are_any() {
        const SAID: &str = "cmi.completion_status";
        const LIMIT: &str = "cmi.completion_threshold";
        const DONE: &str = "cmi.progress_measure";
        #[rustfmt::skip]
        let cases: &[(&[(&str, &str)], &str)] = &[
            (&[],                                                  "unknown"),
            (&[(SAID, "completed")],                               "completed"),
            (&[(SAID, "completed"), (LIMIT, "0.8")],               "unknown"), // even if the SCO set it
            (&[(SAID, "unknown"), (LIMIT, "0.8"), (DONE, "0.8")],  "completed"),
            (&[(SAID, "completed"), (LIMIT, "0.8"), (DONE, "0.79")], "incomplete"),
        ];
        for (values, expected) in cases {
            assert_eq!(completion_status(&lookup(values)), *expected, "{values:?}");
        }
        let passing = [
            ("cmi.scaled_passing_score", "0.6"),
            ("cmi.score.scaled", "0.6"),
            ("cmi.success_status", "failed"),
        ];
        assert_eq!(success_status(&lookup(&passing)), "passed");
        assert_eq!(success_status(&lookup(passing.get(2..).unwrap_or_default())), "failed");
    }

    #[test]
    fn a_value_from_a_page_is_checked_against_the_same_table() {
        use Version::{V12, V2004};
        #[rustfmt::skip]
        let cases = [
            (V12,   "cmi.core.lesson_status", "passed",        Ok(())),
            (V12,   "cmi.core.lesson_status", "not attempted", Ok(())),  // the initial value, sent back
            (V12,   "cmi.core.lesson_status", "done",          Err(405)),
            (V12,   "cmi.core.score.raw",     "101",           Err(405)),
            (V12,   "cmi.core.student_id",    "x",             Err(403)),
            (V12,   "cmi.core._children",     "x",             Err(402)),
            (V12,   "cmi.nothing",            "x",             Err(201)),
            (V2004, "cmi.score.scaled",       "1.5",           Err(407)),
            (V2004, "cmi.exit",               "suspend",       Ok(())),
            (V2004, "cmi.total_time",         "PT1S",          Err(404)),
        ];
        for (version, element, text, expected) in cases {
            assert_eq!(check(version, element, text), expected, "{element} {text:?}");
        }
    }
}
