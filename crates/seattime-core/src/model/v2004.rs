//! The SCORM 2004 4th Edition data model: every element of `cmi` that is no collection.

use super::element::{Access::*, Element, ElementId, Space, Space::*, index, row};
use crate::value::real::ONE;

const COMPLETION: &[&str] = &["completed", "incomplete", "not attempted", "unknown"];
const SUCCESS: &[&str] = &["passed", "failed", "unknown"];
const CREDIT: &[&str] = &["credit", "no-credit"];
const ENTRY: &[&str] = &["ab-initio", "resume", ""];
const EXIT: &[&str] = &["time-out", "suspend", "logout", "normal", ""];
const MODE: &[&str] = &["browse", "normal", "review"];
const CAPTIONS: &[&str] = &["-1", "0", "1"];
const LIMIT: &[&str] = &["exit,message", "continue,message", "exit,no message", "continue,no message"];
const SCALED: Space = Real { min: -ONE, max: ONE };
const MEASURE: Space = Real { min: 0, max: ONE };
const AMOUNT: Space = Real { min: 0, max: i64::MAX };
const NUMBER: Space = Real { min: i64::MIN, max: i64::MAX };
const SHORT: Space = Text { spm: 250 };
const PREFERENCES: &str = "audio_level,language,delivery_speed,audio_captioning";
const NONE: Option<&str> = None;

/// Every element that is implemented, in the order of the book.
///
/// Spec: RTE, *SCORM Run-Time Environment Data Model*.
#[rustfmt::skip]
pub const ELEMENTS: &[Element] = &[
    //  name                                      access     space                initial
    row("cmi._version",                           Keyword,   SHORT,               Some("1.0")),
    row("cmi.completion_status",                  ReadWrite, Token(COMPLETION),   Some("unknown")),
    row("cmi.completion_threshold",               ReadOnly,  MEASURE,             NONE),
    row("cmi.credit",                             ReadOnly,  Token(CREDIT),       Some("credit")),
    row("cmi.entry",                              ReadOnly,  Token(ENTRY),        Some("ab-initio")),
    row("cmi.exit",                               WriteOnly, Token(EXIT),         Some("")),
    row("cmi.launch_data",                        ReadOnly,  Text { spm: 4_000 }, NONE),
    row("cmi.learner_id",                         ReadOnly,  Text { spm: 4_000 }, NONE),
    row("cmi.learner_name",                       ReadOnly,  SHORT,               NONE),
    row("cmi.learner_preference._children",       Keyword,   SHORT,               Some(PREFERENCES)),
    row("cmi.learner_preference.audio_level",     ReadWrite, AMOUNT,              Some("1")),
    row("cmi.learner_preference.language",        ReadWrite, Language,            Some("")),
    row("cmi.learner_preference.delivery_speed",  ReadWrite, AMOUNT,              Some("1")),
    row("cmi.learner_preference.audio_captioning", ReadWrite, Token(CAPTIONS),    Some("0")),
    row("cmi.location",                           ReadWrite, Text { spm: 1_000 }, NONE),
    row("cmi.max_time_allowed",                   ReadOnly,  Timespan2004,        NONE),
    row("cmi.mode",                               ReadOnly,  Token(MODE),         Some("normal")),
    row("cmi.progress_measure",                   ReadWrite, MEASURE,             NONE),
    row("cmi.scaled_passing_score",               ReadOnly,  SCALED,              NONE),
    row("cmi.score._children",                    Keyword,   SHORT,               Some("scaled,raw,min,max")),
    row("cmi.score.scaled",                       ReadWrite, SCALED,              NONE),
    row("cmi.score.raw",                          ReadWrite, NUMBER,              NONE),
    row("cmi.score.min",                          ReadWrite, NUMBER,              NONE),
    row("cmi.score.max",                          ReadWrite, NUMBER,              NONE),
    row("cmi.session_time",                       WriteOnly, Timespan2004,        NONE),
    row("cmi.success_status",                     ReadWrite, Token(SUCCESS),      Some("unknown")),
    row("cmi.suspend_data",                       ReadWrite, Text { spm: 64_000 }, NONE),
    row("cmi.time_limit_action",                  ReadOnly,  Token(LIMIT),        Some("continue,no message")),
    row("cmi.total_time",                         ReadOnly,  Timespan2004,        Some("PT0H0M0S")),
];

/// Parts of the book that are not implemented yet; what lies below them answers 402.
pub(super) const NOT_IMPLEMENTED: &[&str] = &[
    "cmi.comments_from_learner",
    "cmi.comments_from_lms",
    "cmi.interactions",
    "cmi.objectives",
    "adl.nav",
    "adl.data",
];

/// `cmi.completion_status`.
pub const COMPLETION_STATUS: ElementId = index(ELEMENTS, "cmi.completion_status");
/// `cmi.completion_threshold`.
pub const COMPLETION_THRESHOLD: ElementId = index(ELEMENTS, "cmi.completion_threshold");
/// `cmi.credit`.
pub const CREDIT_ELEMENT: ElementId = index(ELEMENTS, "cmi.credit");
/// `cmi.entry`.
pub const ENTRY_ELEMENT: ElementId = index(ELEMENTS, "cmi.entry");
/// `cmi.exit`.
pub const EXIT_ELEMENT: ElementId = index(ELEMENTS, "cmi.exit");
/// `cmi.location`.
pub const LOCATION: ElementId = index(ELEMENTS, "cmi.location");
/// `cmi.mode`.
pub const MODE_ELEMENT: ElementId = index(ELEMENTS, "cmi.mode");
/// `cmi.progress_measure`.
pub const PROGRESS_MEASURE: ElementId = index(ELEMENTS, "cmi.progress_measure");
/// `cmi.scaled_passing_score`.
pub const SCALED_PASSING_SCORE: ElementId = index(ELEMENTS, "cmi.scaled_passing_score");
/// `cmi.score.scaled`.
pub const SCORE_SCALED: ElementId = index(ELEMENTS, "cmi.score.scaled");
/// `cmi.score.raw`.
pub const SCORE_RAW: ElementId = index(ELEMENTS, "cmi.score.raw");
/// `cmi.session_time`.
pub const SESSION_TIME: ElementId = index(ELEMENTS, "cmi.session_time");
/// `cmi.success_status`.
pub const SUCCESS_STATUS: ElementId = index(ELEMENTS, "cmi.success_status");
/// `cmi.total_time`.
pub const TOTAL_TIME: ElementId = index(ELEMENTS, "cmi.total_time");
