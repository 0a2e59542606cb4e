//! How long a SCORM attempt took, from the times that its package sent.

use seattime_core::Timespan;
use seattime_core::value::readable_ms;

use crate::cell::{Cell, Number};
use crate::told::{Basis, Finding, Outcome, length};

/// What is kept of one attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempt {
    /// `1.2`, `2004`, or nothing that says so.
    pub(crate) version: Cell,
    pub(crate) total_time: Cell,
    pub(crate) session_time: Cell,
    pub(crate) total_seconds: Cell,
    pub(crate) session_seconds: Cell,
    /// Whether more is known of than one session.
    pub(crate) had_several_sessions: bool,
}

/// What was found about one attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AttemptFinding {
    /// What is said of it, and what `total_seconds` is put to.
    pub(crate) finding: Finding,
    /// What `session_seconds` is put to; none where it is left alone.
    pub(crate) session_to: Option<i64>,
    /// How long the attempt took, as far as is known, in s.
    pub(crate) seconds: i64,
}

impl AttemptFinding {
    /// Whether it took longer, for all that is known.
    pub(crate) fn is_at_least(&self) -> bool {
        self.seconds == 0 || self.finding.basis == Some(Basis::SessionOfSeveral)
    }
}

/// What a text says.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Nothing,
    Zero,
    Seconds(i64),
    Unreadable(&'static str),
    TooMuch(i64),
}

/// What the columns of an attempt should say.
pub(crate) fn judge(attempt: &Attempt, most_s: i64) -> AttemptFinding {
    let (total, odd_total) = said(&attempt.total_time, &attempt.version, most_s);
    let (session, odd_session) = said(&attempt.session_time, &attempt.version, most_s);
    let kept = |cell: &Cell| cell.count().filter(|it| (1..=most_s).contains(it));
    let (kept_total, kept_session) = (kept(&attempt.total_seconds), kept(&attempt.session_seconds));

    let session_to = match session {
        Said::Seconds(it) => Finding::raised(&attempt.session_seconds, it, Basis::SessionTime, "").to,
        _ => None,
    };
    let session_s = match session {
        Said::Seconds(it) => Some(it.max(kept_session.unwrap_or(0))),
        _ => kept_session,
    };
    let mut finding = match (&total, kept_total, session_s) {
        (Said::Seconds(it), ..) => {
            let why = format!("total_time {} is {}", shown(&attempt.total_time), length(*it));
            Finding::raised(&attempt.total_seconds, *it, Basis::TotalTime, why)
        }
        // The session that it was taken from before, or one that says more.
        (_, Some(kept), Some(it)) if it >= kept => from_session(attempt, &total, it),
        (_, Some(it), _) => Finding {
            outcome: Outcome::Right,
            to: None,
            basis: Some(Basis::TotalTime),
            why: format!(
                "{it} is there, {}; total_time is {}",
                length(it),
                stated(&total, &attempt.total_time)
            ),
        },
        (_, None, Some(it)) => from_session(attempt, &total, it),
        (_, None, None) => without_time(attempt, &total, &session, most_s),
    };
    for (name, is_odd, cell) in
        [("total_time", odd_total, &attempt.total_time), ("session_time", odd_session, &attempt.session_time)]
    {
        if is_odd {
            finding.why +=
                &format!("; {name} {} is no form of its version, and was read all the same", shown(cell));
        }
    }
    for (name, said, cell) in
        [("total_time", &total, &attempt.total_time), ("session_time", &session, &attempt.session_time)]
    {
        if finding.to.is_some() && matches!(said, Said::Unreadable(_) | Said::TooMuch(_)) {
            finding.why += &format!("; {name} is {}, and is left out", stated(said, cell));
        }
    }
    // What cannot be believed is not taken up: the text says better, and else nothing does.
    if let Number::Whole(it) = attempt.total_seconds.number()
        && it > most_s
    {
        finding.outcome = Outcome::Implausible;
        finding.why +=
            &format!("; {it} s is there; expected at most {most_s}, or a greater [limits] attempt_hours");
    }
    let seconds = match (finding.to, &total, kept_total) {
        (Some(to), ..) => to,
        (None, Said::Seconds(it), kept) => kept.map_or(*it, |kept| kept.max(*it)),
        (None, _, kept) => kept.or(session_s).unwrap_or(0),
    };
    AttemptFinding { finding, session_to, seconds }
}

/// No total, but a session: so long at least.
fn from_session(attempt: &Attempt, total: &Said, seconds: i64) -> Finding {
    let from = match attempt.session_time.text().trim() {
        "" => "session_time_seconds".to_owned(),
        text => format!("session_time {text:?}"),
    };
    let stated = stated(total, &attempt.total_time);
    let (basis, bound) = if attempt.had_several_sessions {
        (
            Basis::SessionOfSeveral,
            "a lower bound: the attempt had several sessions, and the last is all that is left",
        )
    } else {
        (Basis::SessionTime, "the only session that is known of")
    };
    let why = format!("total_time is {stated}, {from} is {}: {bound}", length(seconds));
    Finding::raised(&attempt.total_seconds, seconds, basis, why)
}

/// Nothing says how long it took.
fn without_time(attempt: &Attempt, total: &Said, session: &Said, most_s: i64) -> Finding {
    let both = format!(
        "total_time is {}, session_time is {}",
        stated(total, &attempt.total_time),
        stated(session, &attempt.session_time)
    );
    match (total, session) {
        (Said::TooMuch(_), _) | (_, Said::TooMuch(_)) => Finding::left(
            Outcome::Implausible,
            format!("{both}; expected at most {most_s} s, or a greater [limits] attempt_hours"),
        ),
        (Said::Unreadable(why), _) | (_, Said::Unreadable(why)) => {
            Finding::left(Outcome::Malformed, format!("{both}: {why}"))
        }
        (Said::Nothing, Said::Nothing) => Finding::left(
            Outcome::NotRecoverable,
            "the package never sent a time, and what was never sent cannot be recovered",
        ),
        _ => Finding::left(
            Outcome::NotRecoverable,
            format!("{both}: the package sent no time but zero, and what was never sent cannot be recovered"),
        ),
    }
}

/// What a text says, and whether it is of no form that the version has.
fn said(text: &Cell, version: &Cell, most_s: i64) -> (Said, bool) {
    let text = text.text();
    let text = text.trim();
    if text.is_empty() {
        return (Said::Nothing, false);
    }
    let Some(ms) = readable_ms(text) else {
        let has_months = Timespan::parse_2004(text).is_ok_and(|it| it.months() > 0);
        let why = if has_months {
            "years and months have no length in seconds"
        } else {
            "expected 0000:00:00.00 or PT0H0M0S"
        };
        return (Said::Unreadable(why), false);
    };
    let is_odd = match version.text().trim() {
        it if it.contains("2004") => Timespan::parse_2004(text).is_err(),
        it if it.contains("1.2") => Timespan::parse_12(text).is_err(),
        _ => Timespan::parse_2004(text).is_err() && Timespan::parse_12(text).is_err(),
    };
    match ms / 1_000 {
        _ if ms == 0 => (Said::Zero, is_odd),
        it if it > most_s => (Said::TooMuch(it), is_odd),
        it => (Said::Seconds(it), is_odd),
    }
}

fn stated(said: &Said, cell: &Cell) -> String {
    match said {
        Said::Nothing => "empty".to_owned(),
        Said::Zero => "zero".to_owned(),
        Said::Seconds(it) => length(*it),
        Said::Unreadable(_) => format!("{}, which cannot be read", shown(cell)),
        Said::TooMuch(it) => format!("{}, {it} s", shown(cell)),
    }
}

/// A text as it is shown: cut where it would fill the screen.
fn shown(cell: &Cell) -> String {
    const MOST: usize = 60;
    let text = cell.text();
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{:?}…", text.get(..at).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(
        version: &str,
        total: &str,
        session: &str,
        total_s: i64,
        session_s: i64,
        several: bool,
    ) -> Attempt {
        let cell = |it: &str| if it == "NULL" { Cell::Null } else { Cell::Text(it.to_owned()) };
        Attempt {
            version: cell(version),
            total_time: cell(total),
            session_time: cell(session),
            total_seconds: Cell::Whole(total_s),
            session_seconds: Cell::Whole(session_s),
            had_several_sessions: several,
        }
    }

    #[test]
    fn each_wreck_has_its_verdict() {
        use Outcome::*;
        const V12: &str = "1.2";
        const V2004: &str = "2004";
        let total = Some(Basis::TotalTime);
        let session = Some(Basis::SessionTime);
        #[rustfmt::skip]
        let cases = [
            // version total_time        session_time     kept        several  outcome         total to    session to  took     basis
            (V12,   "0000:12:30.50",     "",              (0, 0),     false,   Changed,        Some(750),  None,       750,     total),
            (V2004, "PT12M30.9S",        "",              (0, 0),     false,   Changed,        Some(750),  None,       750,     total),
            ("",    "PT12M30S",          "PT5M",          (0, 0),     false,   Changed,        Some(750),  Some(300),  750,     total),
            (V12,   "00:00:00",          "00:12:30",      (750, 750), true,    Right,          None,       None,       750,     Some(Basis::SessionOfSeveral)), // it stays a lower bound
            (V12,   "",                  "00:12:30",      (100, 0),   false,   Changed,        Some(750),  Some(750),  750,     session),
            ("",    "00:12:30",          "NULL",          (0, 0),     false,   Changed,        Some(750),  None,       750,     total),
            (V12,   "00:00:00",          "0000:12:30.5",  (0, 0),     false,   Changed,        Some(750),  Some(750),  750,     session),
            (V12,   "0000:00:00",        "00:12:30",      (0, 0),     true,    Changed,        Some(750),  Some(750),  750,     Some(Basis::SessionOfSeveral)),
            (V2004, "PT0S",              "PT12M30S",      (0, 750),   false,   Changed,        Some(750),  None,       750,     session),
            (V12,   "",                  "",              (0, 750),   false,   Changed,        Some(750),  None,       750,     session), // only the column has it
            (V12,   "00:12:30",          "00:05:00",      (750, 300), false,   Right,          None,       None,       750,     total),
            (V12,   "00:12:30",          "",              (800, 0),   false,   Higher,         None,       None,       800,     total),
            (V12,   "00:00:00",          "00:05:00",      (750, 0),   false,   Right,          None,       Some(300),  750,     total),
            (V12,   "00:12:30",          "00:20:00",      (0, 0),     false,   Changed,        Some(750),  Some(1_200), 750,    total),
            (V12,   "",                  "",              (0, 0),     false,   NotRecoverable, None,       None,       0,       None),
            (V12,   "NULL",              "NULL",          (0, 0),     false,   NotRecoverable, None,       None,       0,       None),
            (V12,   "00:00:00",          "00:00:00",      (0, 0),     false,   NotRecoverable, None,       None,       0,       None),
            (V2004, "PT0H0M0S",          "",              (0, 0),     false,   NotRecoverable, None,       None,       0,       None),
            (V12,   "NaN:NaN:NaN",       "",              (0, 0),     false,   Malformed,      None,       None,       0,       None),
            (V12,   "750",               "",              (0, 0),     false,   Malformed,      None,       None,       0,       None), // of what?
            (V2004, "P1M",               "",              (0, 0),     false,   Malformed,      None,       None,       0,       None), // how long is a month?
            (V12,   "-00:12:30",         "",              (0, 0),     false,   Malformed,      None,       None,       0,       None),
            (V12,   "NaN:NaN:NaN",       "00:12:30",      (0, 0),     false,   Changed,        Some(750),  Some(750),  750,     session),
            (V12,   "PT12M30S",          "",              (0, 0),     false,   Changed,        Some(750),  None,       750,     total),   // 2004's form
            (V12,   "9999:59:59",        "",              (0, 0),     false,   Implausible,    None,       None,       0,       None),
            (V12,   "9999:59:59",        "00:12:30",      (0, 0),     false,   Changed,        Some(750),  Some(750),  750,     session),
            (V12,   "200:00:00",         "",              (0, 0),     false,   Changed,        Some(720_000), None,    720_000, total),
            (V12,   "200:00:01",         "",              (0, 0),     false,   Implausible,    None,       None,       0,       None),
            (V12,   "00:12:30",          "",              (-1, -1),   false,   Changed,        Some(750),  None,       750,     total),
            (V12,   "",                  "",              (2_147_483_647, 0), false, Implausible, None,    None,       0,       None),
            (V12,   "00:12:30",          "",              (2_147_483_647, 0), false, Implausible, None,    None,       750,     total),
            (V12,   "00:00:00.99",       "",              (0, 0),     false,   Right,          None,       None,       0,       total), // under a second
        ];
        for (version, total, session, kept, several, outcome, to, session_to, seconds, basis) in cases {
            let found = judge(&attempt(version, total, session, kept.0, kept.1, several), 720_000);
            let AttemptFinding { finding, .. } = &found;
            let got = (finding.outcome, finding.to, found.session_to, found.seconds, finding.basis);
            assert_eq!(
                got,
                (outcome, to, session_to, seconds, basis),
                "{total:?} {session:?} {kept:?}: {}",
                finding.why
            );
        }
    }

    #[test]
    fn a_form_of_the_other_version_is_read_and_said_to_be_odd() {
        #[rustfmt::skip]
        let cases = [
            // version      text             is odd
            ("1.2",         "PT12M30S",      true),
            ("SCORM 2004",  "00:12:30",      true),
            ("1.2",         "0:12:30",       true),
            ("",            "0:12:30",       true),
            ("",            "00:12:30",      false),
            ("scorm_1.2",   "00:12:30",      false),
            ("2004 4th",    "PT12M30S",      false),
        ];
        for (version, text, expected) in cases {
            let (said, is_odd) = said(&Cell::Text(text.into()), &Cell::Text(version.into()), 720_000);
            assert_eq!((said, is_odd), (Said::Seconds(750), expected), "{version} {text}");
        }
    }
}
