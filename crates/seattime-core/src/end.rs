//! How a session ends: whether it is finished, paused or abandoned, and where the next one begins.
//!
//! One table for page, server and sequencing.

use crate::model::Version;
use crate::quirk::Quirk;
use crate::session::Profile;

/// How a session came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Content called LMSFinish or Terminate.
    Terminated,
    /// Another activity was launched while the content had not called Terminate.
    Navigated,
    /// The player's Leave, a reloaded frame, a closed tab, a crash, or silence: the content did not call
    /// Terminate, and no other activity took its place.
    CutOff,
}

/// A session at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended<'a> {
    /// How it came to its end.
    pub ending: Ending,
    /// `cmi.exit` or `cmi.core.exit`.
    pub exit: &'a str,
    /// `adl.nav.request` without its target; empty in 1.2.
    pub request: &'a str,
}

/// The consequence of an end for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndKind {
    /// The learner is done with it: gaps are filled, and it may have failed.
    Finished,
    /// The learner means to go on.
    Paused,
    /// Content asked for its outcome to be discarded; its time stays.
    Abandoned,
}

/// Where the next session on the activity begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// True if it continues the activity's attempt with its values; false if it begins a new one.
    pub continues: bool,
    /// The value of `cmi.entry` or `cmi.core.entry`.
    pub entry: &'static str,
}

/// The consequences of an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The consequence for the session.
    pub kind: EndKind,
    /// Where the next session on the activity begins.
    pub next: Next,
    /// True if it asks for Exit All, whatever `adl.nav.request` says.
    pub exits_course: bool,
}

/// Values of `cmi.exit` that a row covers.
#[derive(Clone, Copy, PartialEq)]
enum Exits {
    /// `suspend`.
    Suspend,
    /// `time-out` and `logout`.
    LeaveCourse,
    /// Every one.
    Any,
}

/// Values of `adl.nav.request` that a row covers.
#[derive(Clone, Copy, PartialEq)]
enum Requests {
    /// `suspendAll`.
    SuspendAll,
    /// `abandon` and `abandonAll`.
    Abandon,
    /// Every one.
    Any,
}

/// Where the next session begins.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// With the values of this one; entry is `resume`.
    Resume,
    /// As `Resume` under the quirk [`Quirk::ResumeWithoutTerminate`], else as `Anew`.
    ResumeByQuirk,
    /// With the values of this one; entry is empty.
    GoOn,
    /// With a new attempt on the activity; entry is `ab-initio`.
    Anew,
}

use EndKind::{Abandoned, Finished, Paused};
use Ending::{CutOff, Navigated, Terminated};
use Then::{Anew, GoOn, Resume, ResumeByQuirk};
use Version::{V12, V2004};

/// The first row that covers an end applies.
///
/// Spec: SCORM 1.2 RTE, *cmi.core.exit* and *cmi.core.entry*; RTE, *Exit*, *Entry* and *Request*; SN, *Terminate
/// Attempt* and *Suspend All Activities*.
#[rustfmt::skip]
const ENDS: &[(Version, Ending, Exits, Requests, EndKind, Then)] = &[
    // version  ending      exit                request               kind       next session
    (V12,       Terminated, Exits::Suspend,     Requests::Any,        Paused,    Resume),
    (V12,       Terminated, Exits::Any,         Requests::Any,        Finished,  GoOn),
    (V12,       Navigated,  Exits::Suspend,     Requests::Any,        Paused,    Resume),
    (V12,       Navigated,  Exits::Any,         Requests::Any,        Paused,    GoOn),
    (V12,       CutOff,     Exits::Suspend,     Requests::Any,        Paused,    Resume),
    (V12,       CutOff,     Exits::Any,         Requests::Any,        Paused,    GoOn),
    (V2004,     Terminated, Exits::LeaveCourse, Requests::Any,        Finished,  Anew),
    (V2004,     Terminated, Exits::Any,         Requests::Abandon,    Abandoned, Anew),
    (V2004,     Terminated, Exits::Suspend,     Requests::Any,        Paused,    Resume),
    (V2004,     Terminated, Exits::Any,         Requests::SuspendAll, Paused,    Resume),
    (V2004,     Terminated, Exits::Any,         Requests::Any,        Finished,  Anew),
    (V2004,     Navigated,  Exits::Suspend,     Requests::Any,        Paused,    Resume),
    (V2004,     Navigated,  Exits::Any,         Requests::Any,        Finished,  ResumeByQuirk),
    (V2004,     CutOff,     Exits::Suspend,     Requests::Any,        Paused,    Resume),
    (V2004,     CutOff,     Exits::Any,         Requests::SuspendAll, Paused,    Resume),
    (V2004,     CutOff,     Exits::Any,         Requests::Any,        Paused,    ResumeByQuirk),
];

impl Exits {
    fn covers(self, exit: &str) -> bool {
        match self {
            Exits::Suspend => exit == "suspend",
            Exits::LeaveCourse => leaves_course(exit),
            Exits::Any => true,
        }
    }
}

impl Requests {
    fn covers(self, request: &str) -> bool {
        match self {
            Requests::SuspendAll => request == "suspendAll",
            Requests::Abandon => matches!(request, "abandon" | "abandonAll"),
            Requests::Any => true,
        }
    }
}

fn leaves_course(exit: &str) -> bool {
    matches!(exit, "time-out" | "logout")
}

/// Returns the consequences of an end.
pub fn end(profile: Profile, ended: Ended<'_>) -> End {
    let row = ENDS.iter().find(|(version, ending, exits, requests, ..)| {
        *version == profile.version
            && *ending == ended.ending
            && exits.covers(ended.exit)
            && requests.covers(ended.request)
    });
    // Each version and ending has a row for any exit and request.
    let (kind, then) = row.map_or((Paused, GoOn), |it| (it.4, it.5));
    let resumes =
        then == Resume || (then == ResumeByQuirk && profile.quirks.has(Quirk::ResumeWithoutTerminate));
    let next = match then {
        _ if resumes => Next { continues: true, entry: "resume" },
        GoOn => Next { continues: true, entry: "" },
        _ => Next { continues: false, entry: "ab-initio" },
    };
    let exits_course = profile.version == V2004 && ended.ending == Terminated && leaves_course(ended.exit);
    End { kind, next, exits_course }
}

/// Returns where the next session on an activity begins; `last` is the last session that called Initialize.
pub fn next(profile: Profile, last: Option<Ended<'_>>) -> Next {
    last.map_or(Next { continues: true, entry: "ab-initio" }, |it| end(profile, it).next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quirk::Quirks;

    /// Spec: SCORM 1.2 RTE, *cmi.core.entry*; RTE, *Entry*, *Exit* and *Request*; SN, *Terminate Attempt*.
    #[test]
    fn each_way_of_ending_has_its_consequences() {
        #[rustfmt::skip]
        let cases = [
            // version  ending      exit        request        kind       continues  entry
            (V12,   Terminated, "suspend",  "",            Paused,    true,      "resume"),
            (V12,   Terminated, "logout",   "",            Finished,  true,      ""),
            (V12,   Terminated, "time-out", "",            Finished,  true,      ""),
            (V12,   Terminated, "",         "",            Finished,  true,      ""),
            (V12,   Navigated,  "suspend",  "",            Paused,    true,      "resume"),
            (V12,   Navigated,  "",         "",            Paused,    true,      ""),
            (V12,   CutOff,     "suspend",  "",            Paused,    true,      "resume"),
            (V12,   CutOff,     "",         "",            Paused,    true,      ""),
            (V2004, Terminated, "suspend",  "",            Paused,    true,      "resume"),
            (V2004, Terminated, "normal",   "suspendAll",  Paused,    true,      "resume"),
            (V2004, Terminated, "",         "suspendAll",  Paused,    true,      "resume"),
            (V2004, Terminated, "normal",   "",            Finished,  false,     "ab-initio"),
            (V2004, Terminated, "",         "",            Finished,  false,     "ab-initio"),
            (V2004, Terminated, "normal",   "exitAll",     Finished,  false,     "ab-initio"),
            (V2004, Terminated, "normal",   "continue",    Finished,  false,     "ab-initio"),
            (V2004, Terminated, "normal",   "abandon",     Abandoned, false,     "ab-initio"),
            (V2004, Terminated, "suspend",  "abandonAll",  Abandoned, false,     "ab-initio"),
            (V2004, Terminated, "logout",   "",            Finished,  false,     "ab-initio"),
            (V2004, Terminated, "time-out", "suspendAll",  Finished,  false,     "ab-initio"), // Exit All replaces it
            (V2004, Terminated, "logout",   "abandonAll",  Finished,  false,     "ab-initio"),
            (V2004, Navigated,  "suspend",  "",            Paused,    true,      "resume"),
            (V2004, Navigated,  "normal",   "",            Finished,  true,      "resume"), // by the quirk
            (V2004, CutOff,     "suspend",  "",            Paused,    true,      "resume"),
            (V2004, CutOff,     "normal",   "",            Paused,    true,      "resume"), // by the quirk
            (V2004, CutOff,     "",         "abandon",     Paused,    true,      "resume"), // never processed
        ];
        for (version, ending, exit, request, kind, continues, entry) in cases {
            let found = end(version.into(), Ended { ending, exit, request });
            assert_eq!(
                (found.kind, found.next),
                (kind, Next { continues, entry }),
                "{version:?} {ending:?} {exit}"
            );
            let exits_course = version == V2004 && matches!(exit, "logout" | "time-out");
            assert_eq!(found.exits_course, exits_course, "{version:?} {ending:?} {exit}");
        }
    }

    #[test]
    fn strict_mode_continues_only_suspended_attempts() {
        let strict = Profile { quirks: Quirks::NONE, ..V2004.into() };
        for ending in [Navigated, CutOff] {
            let ended = |exit| Ended { ending, exit, request: "" };
            assert!(!end(strict, ended("")).next.continues);
            assert!(end(strict, ended("suspend")).next.continues);
        }
        assert_eq!(next(strict, None), Next { continues: true, entry: "ab-initio" });
    }
}
