//! What lies above one session: which try a session belongs to, and what an activity's values come to.
//!
//! Values are handed in as a function from element name to text, so that the page asks its session and
//! the server its rows.

use crate::model::Version;
use crate::quirk::{Quirk, Quirks};
use crate::session::Profile;
use crate::value::real;

/// How a session ended, as far as the next one is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended<'a> {
    /// What `cmi.exit` or `cmi.core.exit` held.
    pub exit: &'a str,
    /// Whether content called Terminate.
    pub terminated: bool,
    /// What `adl.nav.request` held; nothing in 1.2.
    pub request: &'a str,
}

/// Where the next session on an activity begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// Whether it goes on with the values of the last try; else a new try begins.
    pub continues: bool,
    /// What `cmi.entry` or `cmi.core.entry` says.
    pub entry: &'static str,
}

/// Where the next session on an activity begins, after a session that had called Initialize.
///
/// 1.2 keeps one record: every session goes on, and is told `resume` if the last one left `suspend`
/// behind, however it ended. 2004 goes on after `suspend` and `suspendAll`, and, by the quirk
/// [`ResumeWithoutTerminate`](crate::Quirk::ResumeWithoutTerminate), after an end without Terminate;
/// every other exit ends the try.
///
/// Spec: SCORM 1.2 RTE, *cmi.core.entry*; RTE, *Entry* and *Exit*.
pub fn next(profile: Profile, last: Option<Ended<'_>>) -> Next {
    let Some(last) = last else { return Next { continues: true, entry: "ab-initio" } };
    let is_suspended = last.exit == "suspend" || last.request == "suspendAll";
    let is_cut_off = !last.terminated && profile.quirks.has(Quirk::ResumeWithoutTerminate);
    match profile.version {
        Version::V12 => Next { continues: true, entry: if is_suspended { "resume" } else { "" } },
        Version::V2004 if is_suspended || is_cut_off => Next { continues: true, entry: "resume" },
        Version::V2004 => Next { continues: false, entry: "ab-initio" },
    }
}

/// How a session came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Content called LMSFinish or Terminate.
    Finished,
    /// It was taken away, or nothing was heard of it any more.
    Taken,
}

/// What `cmi.core.lesson_status` becomes at a session's end, where it changes.
///
/// A finished lesson that never said anything is completed (browsed, in browse mode). Where the
/// lesson is taken for credit and has a mastery score and a score, these decide, whatever it said.
///
/// Spec: SCORM 1.2 RTE, *cmi.core.lesson_status* and *cmi.student_data.mastery_score*.
pub fn settled_status<'a>(value: impl Fn(&str) -> Option<&'a str>, ending: Ending) -> Option<&'static str> {
    let text = |name| value(name).unwrap_or_default();
    let mode = text("cmi.core.lesson_mode");
    let is_for_credit = text("cmi.core.credit") != "no-credit" && matches!(mode, "" | "normal");
    if let (true, Some(mastery), Some(raw)) = (
        is_for_credit,
        real::parse(text("cmi.student_data.mastery_score")),
        real::parse(text("cmi.core.score.raw")),
    ) {
        return Some(if raw >= mastery { "passed" } else { "failed" });
    }
    let is_untouched = matches!(text("cmi.core.lesson_status"), "" | "not attempted");
    (is_untouched && ending == Ending::Finished).then_some(if mode == "browse" {
        "browsed"
    } else {
        "completed"
    })
}

/// What `cmi.completion_status` reads: a threshold decides, if there is one, else content does.
///
/// Spec: RTE, *Completion Status*.
pub fn completion_status<'a>(value: impl Fn(&str) -> Option<&'a str>) -> &'a str {
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
pub fn success_status<'a>(value: impl Fn(&str) -> Option<&'a str>) -> &'a str {
    match value("cmi.scaled_passing_score").and_then(real::parse) {
        None => value("cmi.success_status").unwrap_or("unknown"),
        Some(passing) => match value("cmi.score.scaled").and_then(real::parse) {
            None => "unknown",
            Some(score) if score >= passing => "passed",
            Some(_) => "failed",
        },
    }
}

/// What a report says of one activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// `passed`, `failed`, `completed`, `browsed`, `incomplete`, `not attempted` or `unknown`.
    pub status: &'a str,
    /// The raw score, as content wrote it.
    pub score_raw: Option<&'a str>,
    /// The scaled score, from -1 to 1, as content wrote it; 2004 only.
    pub score_scaled: Option<&'a str>,
}

/// What a report says of one activity: of success and completion, the one that says more.
pub fn outcome<'a>(version: Version, value: impl Fn(&str) -> Option<&'a str>) -> Outcome<'a> {
    let said = |name: &str| value(name).filter(|it| !it.is_empty());
    match version {
        Version::V12 => Outcome {
            status: said("cmi.core.lesson_status").unwrap_or("not attempted"),
            score_raw: said("cmi.core.score.raw"),
            score_scaled: None,
        },
        Version::V2004 => {
            let success = success_status(&value);
            Outcome {
                status: if success == "unknown" { completion_status(&value) } else { success },
                score_raw: said("cmi.score.raw"),
                score_scaled: said("cmi.score.scaled"),
            }
        }
    }
}

/// What a topic of several activities comes to: failed if one failed; passed or completed once all are
/// done; incomplete once one has begun.
///
/// `statuses` are those of [`outcome`], one for each activity that reports, `not attempted` included.
pub fn rolled_up<'a>(statuses: impl IntoIterator<Item = &'a str>) -> &'static str {
    let (mut all_done, mut any, mut begun, mut failed, mut passed) = (true, false, false, false, false);
    for status in statuses {
        any = true;
        let is_done = matches!(status, "passed" | "completed" | "browsed" | "failed");
        all_done &= is_done;
        begun |= status != "not attempted";
        failed |= status == "failed";
        passed |= status == "passed";
    }
    match (any && all_done, begun) {
        (true, _) if failed => "failed",
        (true, _) if passed => "passed",
        (true, _) => "completed",
        (false, true) => "incomplete",
        (false, false) => "not attempted",
    }
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
    row.space.check(text, text.encode_utf16().count() as u32, Quirks::ALL).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(values: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<&'a str> {
        |name| values.iter().find(|it| it.0 == name).map(|it| it.1)
    }

    /// Spec: SCORM 1.2 RTE, *cmi.core.entry*; RTE, *Entry* and *Exit*.
    #[test]
    fn the_next_session_begins_where_the_exit_says() {
        use Version::{V12, V2004};
        #[rustfmt::skip]
        let cases = [
            // version  last: exit, terminated, request      continues  entry
            (V12,   None,                                    true,      "ab-initio"),
            (V12,   Some(("suspend", true, "")),             true,      "resume"),
            (V12,   Some(("suspend", false, "")),            true,      "resume"),
            (V12,   Some(("logout", true, "")),              true,      ""),
            (V12,   Some(("time-out", true, "")),            true,      ""),
            (V12,   Some(("", true, "")),                    true,      ""),
            (V12,   Some(("", false, "")),                   true,      ""),
            (V2004, None,                                    true,      "ab-initio"),
            (V2004, Some(("suspend", true, "")),             true,      "resume"),
            (V2004, Some(("suspend", false, "")),            true,      "resume"),
            (V2004, Some(("normal", true, "suspendAll")),    true,      "resume"),
            (V2004, Some(("", false, "")),                   true,      "resume"), // by the quirk
            (V2004, Some(("normal", true, "")),              false,     "ab-initio"),
            (V2004, Some(("normal", true, "exitAll")),       false,     "ab-initio"),
            (V2004, Some(("logout", true, "")),              false,     "ab-initio"),
            (V2004, Some(("time-out", true, "")),            false,     "ab-initio"),
            (V2004, Some(("", true, "")),                    false,     "ab-initio"),
        ];
        for (version, last, continues, entry) in cases {
            let ended = last.map(|(exit, terminated, request)| Ended { exit, terminated, request });
            assert_eq!(next(version.into(), ended), Next { continues, entry }, "{version:?} {last:?}");
        }
        let strict = Profile { quirks: Quirks::NONE, ..V2004.into() };
        let cut_off = Ended { exit: "", terminated: false, request: "" };
        assert!(!next(strict, Some(cut_off)).continues);
    }

    /// Spec: SCORM 1.2 RTE, *cmi.core.lesson_status* and *cmi.student_data.mastery_score*.
    #[test]
    fn a_lesson_status_is_settled_at_the_end() {
        const STATUS: &str = "cmi.core.lesson_status";
        const RAW: &str = "cmi.core.score.raw";
        const MASTERY: &str = "cmi.student_data.mastery_score";
        const MODE: &str = "cmi.core.lesson_mode";
        const CREDIT: &str = "cmi.core.credit";
        #[rustfmt::skip]
        let cases: &[(&[(&str, &str)], Ending, Option<&str>)] = &[
            (&[],                                                      Ending::Finished, Some("completed")),
            (&[(STATUS, "not attempted")],                             Ending::Finished, Some("completed")),
            (&[(STATUS, "not attempted")],                             Ending::Taken,    None), // only at LMSFinish
            (&[(STATUS, "not attempted"), (MODE, "browse")],           Ending::Finished, Some("browsed")),
            (&[(STATUS, "incomplete")],                                Ending::Finished, None),
            (&[(STATUS, "completed"), (RAW, "80"), (MASTERY, "80")],   Ending::Finished, Some("passed")),
            (&[(STATUS, "passed"), (RAW, "79.9"), (MASTERY, "80")],    Ending::Taken,    Some("failed")),
            (&[(STATUS, "passed"), (RAW, ""), (MASTERY, "80")],        Ending::Finished, None),
            (&[(STATUS, "completed"), (RAW, "9"), (MASTERY, "80"), (CREDIT, "no-credit")], Ending::Finished, None),
            (&[(STATUS, "completed"), (RAW, "9"), (MASTERY, "80"), (MODE, "review")],      Ending::Finished, None),
        ];
        for (values, ending, expected) in cases {
            assert_eq!(settled_status(lookup(values), *ending), *expected, "{values:?}");
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
            assert_eq!(completion_status(lookup(values)), *expected, "{values:?}");
        }
        let passing = [
            ("cmi.scaled_passing_score", "0.6"),
            ("cmi.score.scaled", "0.6"),
            ("cmi.success_status", "failed"),
        ];
        assert_eq!(success_status(lookup(&passing)), "passed");
        assert_eq!(success_status(lookup(passing.get(2..).unwrap_or_default())), "failed");
        assert_eq!(outcome(Version::V2004, lookup(&passing)).status, "passed");
    }

    #[test]
    fn a_topic_is_done_once_all_its_activities_are() {
        #[rustfmt::skip]
        let cases: &[(&[&str], &str)] = &[
            (&[],                              "not attempted"),
            (&["not attempted", "not attempted"], "not attempted"),
            (&["completed", "not attempted"],  "incomplete"),
            (&["completed", "completed"],      "completed"),
            (&["completed", "passed"],         "passed"),
            (&["passed", "failed"],            "failed"),
            (&["failed", "incomplete"],        "incomplete"),
            (&["unknown"],                     "incomplete"), // it was launched and said nothing
        ];
        for (statuses, expected) in cases {
            assert_eq!(rolled_up(statuses.iter().copied()), *expected, "{statuses:?}");
        }
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
