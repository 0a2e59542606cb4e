//! The SCORM 1.2 data model: `cmi.core.*`, `cmi.suspend_data`, `cmi.launch_data`, `cmi.student_data.*`.

use super::element::{Access::*, Element, ElementId, Space, Space::*, index, row};

/// What content may set; the initial `not attempted` it may not.
const STATUS: &[&str] = &["passed", "completed", "failed", "incomplete", "browsed"];
const CREDIT: &[&str] = &["credit", "no-credit"];
const ENTRY: &[&str] = &["ab-initio", "resume", ""];
const EXIT: &[&str] = &["time-out", "suspend", "logout", ""];
const MODE: &[&str] = &["browse", "normal", "review"];
const LIMIT: &[&str] = &["exit,message", "exit,no message", "continue,message", "continue,no message", ""];
const SCORE: Space = RealOrBlank { min: 0, max: 1_000_000_000 };
const SHORT: Space = Limited { most: 255, kept: 255 };
const LONG: Space = Limited { most: 4_096, kept: 4_096 };
/// With the quirk [`SuspendDataBeyondLimit`](crate::Quirk::SuspendDataBeyondLimit).
const SUSPEND: Space = Limited { most: 4_096, kept: 65_536 };

const CHILDREN: &str = "core,suspend_data,launch_data,student_data";
const CORE: &str = "student_id,student_name,lesson_location,credit,lesson_status,entry,score,total_time,\
                    lesson_mode,exit,session_time";
const NONE: Option<&str> = None;
const BLANK: Option<&str> = Some("");

/// Every element that is implemented, in the order of the book.
///
/// Spec: SCORM 1.2 RTE, *Data Model*.
#[rustfmt::skip]
pub const ELEMENTS: &[Element] = &[
    //  name                                  access     space         initial
    row("cmi._children",                      Keyword,   SHORT,        Some(CHILDREN)),
    row("cmi._version",                       Keyword,   SHORT,        Some("3.4")),
    row("cmi.core._children",                 Keyword,   SHORT,        Some(CORE)),
    row("cmi.core.student_id",                ReadOnly,  SHORT,        BLANK),
    row("cmi.core.student_name",              ReadOnly,  SHORT,        BLANK),
    row("cmi.core.lesson_location",           ReadWrite, SHORT,        BLANK),
    row("cmi.core.credit",                    ReadOnly,  Token(CREDIT), Some("credit")),
    row("cmi.core.lesson_status",             ReadWrite, Token(STATUS), Some("not attempted")),
    row("cmi.core.entry",                     ReadOnly,  Token(ENTRY), Some("ab-initio")),
    row("cmi.core.score._children",           Keyword,   SHORT,        Some("raw,min,max")),
    row("cmi.core.score.raw",                 ReadWrite, SCORE,        BLANK),
    row("cmi.core.score.max",                 ReadWrite, SCORE,        BLANK),
    row("cmi.core.score.min",                 ReadWrite, SCORE,        BLANK),
    row("cmi.core.total_time",                ReadOnly,  Timespan12,   Some("00:00:00.00")),
    row("cmi.core.lesson_mode",               ReadOnly,  Token(MODE),  Some("normal")),
    row("cmi.core.exit",                      WriteOnly, Token(EXIT),  BLANK),
    row("cmi.core.session_time",              WriteOnly, Timespan12,   NONE),
    row("cmi.suspend_data",                   ReadWrite, SUSPEND,      BLANK),
    row("cmi.launch_data",                    ReadOnly,  LONG,         BLANK),
    row("cmi.student_data._children",         Keyword,   SHORT,        Some("mastery_score,max_time_allowed,time_limit_action")),
    row("cmi.student_data.mastery_score",     ReadOnly,  SCORE,        BLANK),
    row("cmi.student_data.max_time_allowed",  ReadOnly,  Timespan12,   BLANK),
    row("cmi.student_data.time_limit_action", ReadOnly,  Token(LIMIT), BLANK),
];

/// Optional parts of the book that are not implemented yet; they answer 401.
pub(super) const NOT_IMPLEMENTED: &[&str] = &[
    "cmi.comments",
    "cmi.comments_from_lms",
    "cmi.objectives",
    "cmi.student_preference",
    "cmi.interactions",
];

/// `cmi.core.student_id`.
pub const STUDENT_ID: ElementId = index(ELEMENTS, "cmi.core.student_id");
/// `cmi.core.lesson_location`.
pub const LESSON_LOCATION: ElementId = index(ELEMENTS, "cmi.core.lesson_location");
/// `cmi.core.credit`.
pub const CREDIT_ELEMENT: ElementId = index(ELEMENTS, "cmi.core.credit");
/// `cmi.core.lesson_status`.
pub const LESSON_STATUS: ElementId = index(ELEMENTS, "cmi.core.lesson_status");
/// `cmi.core.entry`.
pub const ENTRY_ELEMENT: ElementId = index(ELEMENTS, "cmi.core.entry");
/// `cmi.core.score.raw`.
pub const SCORE_RAW: ElementId = index(ELEMENTS, "cmi.core.score.raw");
/// `cmi.core.total_time`.
pub const TOTAL_TIME: ElementId = index(ELEMENTS, "cmi.core.total_time");
/// `cmi.core.lesson_mode`.
pub const LESSON_MODE: ElementId = index(ELEMENTS, "cmi.core.lesson_mode");
/// `cmi.core.exit`.
pub const EXIT_ELEMENT: ElementId = index(ELEMENTS, "cmi.core.exit");
/// `cmi.core.session_time`.
pub const SESSION_TIME: ElementId = index(ELEMENTS, "cmi.core.session_time");
/// `cmi.student_data.mastery_score`.
pub const MASTERY_SCORE: ElementId = index(ELEMENTS, "cmi.student_data.mastery_score");
