//! The SCORM 1.2 data model.

use super::Place;
use super::element::{Access::*, Element, ElementId, Rule, Space, Space::*, index, part, place, row};

/// What content may set; the initial `not attempted` it may not.
const STATUS: &[&str] = &["passed", "completed", "failed", "incomplete", "browsed"];
const OBJECTIVE: &[&str] = &["passed", "completed", "failed", "incomplete", "browsed", "not attempted"];
const CREDIT: &[&str] = &["credit", "no-credit"];
const ENTRY: &[&str] = &["ab-initio", "resume", ""];
const EXIT: &[&str] = &["time-out", "suspend", "logout", ""];
const MODE: &[&str] = &["browse", "normal", "review"];
const LIMIT: &[&str] = &["exit,message", "exit,no message", "continue,message", "continue,no message", ""];
const KINDS: &[&str] =
    &["true-false", "choice", "fill-in", "matching", "performance", "sequencing", "likert", "numeric"];
const RESULT: &[&str] = &["correct", "wrong", "unanticipated", "neutral"];
const SCORE: Space = RealOrBlank { min: 0, max: 1_000_000_000 };
const NUMBER: Space = Real { min: i32::MIN, max: i32::MAX };
const SHORT: Space = Limited(255);
const LONG: Space = Limited(4_096);
const FEEDBACK: Space = Limited(super::element::MOST_UNITS);

const CHILDREN: &str =
    "core,suspend_data,launch_data,comments,objectives,student_data,student_preference,interactions";
const CORE: &str = "student_id,student_name,lesson_location,credit,lesson_status,entry,score,total_time,\
                    lesson_mode,exit,session_time";
const DATA: &str = "mastery_score,max_time_allowed,time_limit_action";
const INTERACTIONS: &str =
    "id,objectives,time,type,correct_responses,weighting,student_response,result,latency";
const NONE: Option<&str> = None;
const BLANK: Option<&str> = Some("");

/// Every element, in the order of the book.
///
/// Spec: SCORM 1.2 RTE, *Data Model*.
#[rustfmt::skip]
pub static ELEMENTS: &[Element] = &[
    //  name                                          access     space         initial
    row("cmi._children",                              Keyword,   SHORT,        Some(CHILDREN)),
    row("cmi._version",                               Keyword,   SHORT,        Some("3.4")),
    row("cmi.core._children",                         Keyword,   SHORT,        Some(CORE)),
    row("cmi.core.student_id",                        ReadOnly,  SHORT,        BLANK),
    row("cmi.core.student_name",                      ReadOnly,  SHORT,        BLANK),
    row("cmi.core.lesson_location",                   ReadWrite, SHORT,        BLANK),
    row("cmi.core.credit",                            ReadOnly,  Token(CREDIT), Some("credit")),
    row("cmi.core.lesson_status",                     ReadWrite, Token(STATUS), Some("not attempted")),
    row("cmi.core.entry",                             ReadOnly,  Token(ENTRY), Some("ab-initio")),
    row("cmi.core.score._children",                   Keyword,   SHORT,        Some("raw,min,max")),
    row("cmi.core.score.raw",                         ReadWrite, SCORE,        BLANK),
    row("cmi.core.score.max",                         ReadWrite, SCORE,        BLANK),
    row("cmi.core.score.min",                         ReadWrite, SCORE,        BLANK),
    row("cmi.core.total_time",                        ReadOnly,  Timespan12,   Some("00:00:00.00")),
    row("cmi.core.lesson_mode",                       ReadOnly,  Token(MODE),  Some("normal")),
    row("cmi.core.exit",                              WriteOnly, Token(EXIT),  BLANK),
    row("cmi.core.session_time",                      WriteOnly, Timespan12,   NONE),
    row("cmi.suspend_data",                           ReadWrite, Suspended(4_096), BLANK),
    row("cmi.launch_data",                            ReadOnly,  LONG,         BLANK),
    part("cmi.comments",                                         Overflowing(4_096), BLANK, Rule::Appends),
    row("cmi.comments_from_lms",                      ReadOnly,  LONG,         BLANK),
    row("cmi.objectives._children",                   Keyword,   SHORT,        Some("id,score,status")),
    row("cmi.objectives._count",                      Keyword,   Count,        NONE),
    row("cmi.objectives.n.id",                        ReadWrite, Identifier12, BLANK),
    row("cmi.objectives.n.score._children",           Keyword,   SHORT,        Some("raw,min,max")),
    row("cmi.objectives.n.score.raw",                 ReadWrite, SCORE,        BLANK),
    row("cmi.objectives.n.score.max",                 ReadWrite, SCORE,        BLANK),
    row("cmi.objectives.n.score.min",                 ReadWrite, SCORE,        BLANK),
    row("cmi.objectives.n.status",                    ReadWrite, Token(OBJECTIVE), Some("not attempted")),
    row("cmi.student_data._children",                 Keyword,   SHORT,        Some(DATA)),
    row("cmi.student_data.mastery_score",             ReadOnly,  SCORE,        BLANK),
    row("cmi.student_data.max_time_allowed",          ReadOnly,  Timespan12,   BLANK),
    row("cmi.student_data.time_limit_action",         ReadOnly,  Token(LIMIT), BLANK),
    row("cmi.student_preference._children",           Keyword,   SHORT,        Some("audio,language,speed,text")),
    row("cmi.student_preference.audio",               ReadWrite, Integer { min: -1, max: 100 },   Some("0")),
    row("cmi.student_preference.language",            ReadWrite, SHORT,        BLANK),
    row("cmi.student_preference.speed",               ReadWrite, Integer { min: -100, max: 100 }, Some("0")),
    row("cmi.student_preference.text",                ReadWrite, Integer { min: -1, max: 1 },     Some("0")),
    row("cmi.interactions._children",                 Keyword,   SHORT,        Some(INTERACTIONS)),
    row("cmi.interactions._count",                    Keyword,   Count,        NONE),
    row("cmi.interactions.n.id",                      WriteOnly, Identifier12, NONE),
    row("cmi.interactions.n.objectives._count",       Keyword,   Count,        NONE),
    row("cmi.interactions.n.objectives.m.id",         WriteOnly, Identifier12, NONE),
    row("cmi.interactions.n.time",                    WriteOnly, Time12,       NONE),
    row("cmi.interactions.n.type",                    WriteOnly, Token(KINDS), NONE),
    row("cmi.interactions.n.correct_responses._count", Keyword,  Count,        NONE),
    row("cmi.interactions.n.correct_responses.m.pattern", WriteOnly, FEEDBACK, NONE),
    row("cmi.interactions.n.weighting",               WriteOnly, NUMBER,       NONE),
    row("cmi.interactions.n.student_response",        WriteOnly, FEEDBACK,     NONE),
    row("cmi.interactions.n.result",                  WriteOnly, TokenOrReal(RESULT), NONE),
    row("cmi.interactions.n.latency",                 WriteOnly, Timespan12,   NONE),
];

/// `cmi.objectives.n.id`.
pub const OBJECTIVE_ID: ElementId = index(ELEMENTS, "cmi.objectives.n.id");
/// `cmi.core.student_id`.
pub const STUDENT_ID: Place = place(ELEMENTS, "cmi.core.student_id");
/// `cmi.core.lesson_location`.
pub const LESSON_LOCATION: Place = place(ELEMENTS, "cmi.core.lesson_location");
/// `cmi.core.credit`.
pub const CREDIT_ELEMENT: Place = place(ELEMENTS, "cmi.core.credit");
/// `cmi.core.lesson_status`.
pub const LESSON_STATUS: Place = place(ELEMENTS, "cmi.core.lesson_status");
/// `cmi.core.entry`.
pub const ENTRY_ELEMENT: Place = place(ELEMENTS, "cmi.core.entry");
/// `cmi.core.score.raw`.
pub const SCORE_RAW: Place = place(ELEMENTS, "cmi.core.score.raw");
/// `cmi.core.total_time`.
pub const TOTAL_TIME: Place = place(ELEMENTS, "cmi.core.total_time");
/// `cmi.core.lesson_mode`.
pub const LESSON_MODE: Place = place(ELEMENTS, "cmi.core.lesson_mode");
/// `cmi.core.exit`.
pub const EXIT_ELEMENT: Place = place(ELEMENTS, "cmi.core.exit");
/// `cmi.core.session_time`.
pub const SESSION_TIME: Place = place(ELEMENTS, "cmi.core.session_time");
/// `cmi.student_data.mastery_score`.
pub const MASTERY_SCORE: Place = place(ELEMENTS, "cmi.student_data.mastery_score");
