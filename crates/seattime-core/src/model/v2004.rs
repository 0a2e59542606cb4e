//! The SCORM 2004 4th Edition data model, with those of navigation and of shared data.

use super::Place;
use super::element::{Access::*, Element, ElementId, Rule::*, Space, Space::*, index, part, place, row};
use crate::value::real::ONE;

const COMPLETION: &[&str] = &["completed", "incomplete", "not attempted", "unknown"];
const SUCCESS: &[&str] = &["passed", "failed", "unknown"];
const CREDIT: &[&str] = &["credit", "no-credit"];
const ENTRY: &[&str] = &["ab-initio", "resume", ""];
const EXIT: &[&str] = &["time-out", "suspend", "logout", "normal", ""];
const KINDS: &[&str] = &[
    "true-false",
    "choice",
    "fill-in",
    "long-fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
    "other",
];
const RESULT: &[&str] = &["correct", "incorrect", "unanticipated", "neutral"];
const VALIDITY: &[&str] = &["true", "false", "unknown"];
const MODE: &[&str] = &["browse", "normal", "review"];
const CAPTIONS: &[&str] = &["-1", "0", "1"];
const LIMIT: &[&str] = &["exit,message", "continue,message", "exit,no message", "continue,no message"];
const WHOLE: i32 = ONE as i32;
const SCALED: Space = Real { min: -WHOLE, max: WHOLE };
const MEASURE: Space = Real { min: 0, max: WHOLE };
const AMOUNT: Space = Real { min: 0, max: i32::MAX };
const NUMBER: Space = Real { min: i32::MIN, max: i32::MAX };
const SHORT: Space = Text { spm: 250 };
const NAMED: Space = Localized { spm: 250 };
const COMMENT: Space = Localized { spm: 4_000 };
const PREFERENCES: &str = "audio_level,language,delivery_speed,audio_captioning";
const SCORE: &str = "scaled,raw,min,max";
const COMMENTS: &str = "comment,location,timestamp";
const OBJECTIVES: &str = "id,score,success_status,completion_status,progress_measure,description";
const INTERACTIONS: &str = "id,type,objectives,timestamp,correct_responses,weighting,learner_response,result,\
                            latency,description";
const NONE: Option<&str> = None;
const BLANK: Option<&str> = Some("");
const UNKNOWN: Option<&str> = Some("unknown");

/// Every element, in the order of the book.
///
/// Spec: RTE, *SCORM Run-Time Environment Data Model*, *SCORM Run-Time Navigation Data Model*, and
/// *Shared data* (`adl.data`).
#[rustfmt::skip]
pub static ELEMENTS: &[Element] = &[
    //  name                                          access     space                initial
    row("cmi._version",                               Keyword,   SHORT,               Some("1.0")),
    row("cmi.comments_from_learner._children",        Keyword,   SHORT,               Some(COMMENTS)),
    row("cmi.comments_from_learner._count",           Keyword,   Count,               NONE),
    row("cmi.comments_from_learner.n.comment",        ReadWrite, COMMENT,             BLANK),
    row("cmi.comments_from_learner.n.location",       ReadWrite, SHORT,               BLANK),
    row("cmi.comments_from_learner.n.timestamp",      ReadWrite, Time2004,            NONE),
    row("cmi.comments_from_lms._children",            Keyword,   SHORT,               Some(COMMENTS)),
    row("cmi.comments_from_lms._count",               Keyword,   Count,               NONE),
    row("cmi.comments_from_lms.n.comment",            ReadOnly,  COMMENT,             BLANK),
    row("cmi.comments_from_lms.n.location",           ReadOnly,  SHORT,               BLANK),
    row("cmi.comments_from_lms.n.timestamp",          ReadOnly,  Time2004,            NONE),
    row("cmi.completion_status",                      ReadWrite, Token(COMPLETION),   UNKNOWN),
    row("cmi.completion_threshold",                   ReadOnly,  MEASURE,             NONE),
    row("cmi.credit",                                 ReadOnly,  Token(CREDIT),       Some("credit")),
    row("cmi.entry",                                  ReadOnly,  Token(ENTRY),        Some("ab-initio")),
    row("cmi.exit",                                   WriteOnly, Token(EXIT),         BLANK),
    row("cmi.interactions._children",                 Keyword,   SHORT,               Some(INTERACTIONS)),
    row("cmi.interactions._count",                    Keyword,   Count,               NONE),
    row("cmi.interactions.n.id",                      ReadWrite, Identifier,          NONE),
    part("cmi.interactions.n.type",                              Token(KINDS),        NONE,    AfterId),
    row("cmi.interactions.n.objectives._count",       Keyword,   Count,               NONE),
    part("cmi.interactions.n.objectives.m.id",                   Identifier,          NONE,    UniqueAfterId),
    part("cmi.interactions.n.timestamp",                         Time2004,            NONE,    AfterId),
    row("cmi.interactions.n.correct_responses._count", Keyword,  Count,               NONE),
    part("cmi.interactions.n.correct_responses.m.pattern",       Pattern,             NONE,    AfterType),
    part("cmi.interactions.n.weighting",                         NUMBER,              NONE,    AfterId),
    part("cmi.interactions.n.learner_response",                  Response,            NONE,    AfterType),
    part("cmi.interactions.n.result",                            TokenOrReal(RESULT), NONE,    AfterId),
    part("cmi.interactions.n.latency",                           Timespan2004,        NONE,    AfterId),
    part("cmi.interactions.n.description",                       NAMED,               NONE,    AfterId),
    row("cmi.launch_data",                            ReadOnly,  Text { spm: 4_000 }, NONE),
    row("cmi.learner_id",                             ReadOnly,  Text { spm: 4_000 }, NONE),
    row("cmi.learner_name",                           ReadOnly,  SHORT,               NONE),
    row("cmi.learner_preference._children",           Keyword,   SHORT,               Some(PREFERENCES)),
    row("cmi.learner_preference.audio_level",         ReadWrite, AMOUNT,              Some("1")),
    row("cmi.learner_preference.language",            ReadWrite, Language,            BLANK),
    row("cmi.learner_preference.delivery_speed",      ReadWrite, AMOUNT,              Some("1")),
    row("cmi.learner_preference.audio_captioning",    ReadWrite, Token(CAPTIONS),     Some("0")),
    row("cmi.location",                               ReadWrite, Text { spm: 1_000 }, NONE),
    row("cmi.max_time_allowed",                       ReadOnly,  Timespan2004,        NONE),
    row("cmi.mode",                                   ReadOnly,  Token(MODE),         Some("normal")),
    row("cmi.objectives._children",                   Keyword,   SHORT,               Some(OBJECTIVES)),
    row("cmi.objectives._count",                      Keyword,   Count,               NONE),
    part("cmi.objectives.n.id",                                  Identifier,          NONE,    OnceAndUnique),
    row("cmi.objectives.n.score._children",           Keyword,   SHORT,               Some(SCORE)),
    part("cmi.objectives.n.score.scaled",                        SCALED,              NONE,    AfterId),
    part("cmi.objectives.n.score.raw",                           NUMBER,              NONE,    AfterId),
    part("cmi.objectives.n.score.min",                           NUMBER,              NONE,    AfterId),
    part("cmi.objectives.n.score.max",                           NUMBER,              NONE,    AfterId),
    part("cmi.objectives.n.success_status",                      Token(SUCCESS),      UNKNOWN, AfterId),
    part("cmi.objectives.n.completion_status",                   Token(COMPLETION),   UNKNOWN, AfterId),
    part("cmi.objectives.n.progress_measure",                    MEASURE,             NONE,    AfterId),
    part("cmi.objectives.n.description",                         NAMED,               NONE,    AfterId),
    row("cmi.progress_measure",                       ReadWrite, MEASURE,             NONE),
    row("cmi.scaled_passing_score",                   ReadOnly,  SCALED,              NONE),
    row("cmi.score._children",                        Keyword,   SHORT,               Some(SCORE)),
    row("cmi.score.scaled",                           ReadWrite, SCALED,              NONE),
    row("cmi.score.raw",                              ReadWrite, NUMBER,              NONE),
    row("cmi.score.min",                              ReadWrite, NUMBER,              NONE),
    row("cmi.score.max",                              ReadWrite, NUMBER,              NONE),
    row("cmi.session_time",                           WriteOnly, Timespan2004,        NONE),
    row("cmi.success_status",                         ReadWrite, Token(SUCCESS),      UNKNOWN),
    row("cmi.suspend_data",                           ReadWrite, Suspended(super::element::MOST_UNITS), NONE),
    row("cmi.time_limit_action",                      ReadOnly,  Token(LIMIT),        Some("continue,no message")),
    row("cmi.total_time",                             ReadOnly,  Timespan2004,        Some("PT0H0M0S")),
    row("adl.nav.request",                            ReadWrite, Navigation,          Some("_none_")),
    row("adl.nav.request_valid.continue",             ReadOnly,  Token(VALIDITY),     UNKNOWN),
    row("adl.nav.request_valid.previous",             ReadOnly,  Token(VALIDITY),     UNKNOWN),
    row("adl.nav.request_valid.choice.{target=}",     ReadOnly,  Token(VALIDITY),     UNKNOWN),
    row("adl.nav.request_valid.jump.{target=}",       ReadOnly,  Token(VALIDITY),     UNKNOWN),
    row("adl.data._children",                         Keyword,   SHORT,               Some("id,store")),
    row("adl.data._count",                            Keyword,   Count,               NONE),
    row("adl.data.n.id",                              ReadOnly,  Identifier,          NONE),
    part("adl.data.n.store",                                     Text { spm: 64_000 }, NONE,   Shared),
];

/// `adl.nav.request`.
pub const REQUEST: Place = place(ELEMENTS, "adl.nav.request");
/// `adl.data._children`: the first of those that only the 4th Edition has.
pub const DATA_CHILDREN: ElementId = index(ELEMENTS, "adl.data._children");
/// `adl.data.n.id`.
pub const DATA_ID: ElementId = index(ELEMENTS, "adl.data.n.id");
/// `cmi.objectives.n.id`.
pub const OBJECTIVE_ID: ElementId = index(ELEMENTS, "cmi.objectives.n.id");
/// `cmi.interactions.n.id`.
pub const INTERACTION_ID: ElementId = index(ELEMENTS, "cmi.interactions.n.id");
/// `cmi.interactions.n.type`.
pub const INTERACTION_TYPE: ElementId = index(ELEMENTS, "cmi.interactions.n.type");
/// `cmi.completion_status`.
pub const COMPLETION_STATUS: Place = place(ELEMENTS, "cmi.completion_status");
/// `cmi.completion_threshold`.
pub const COMPLETION_THRESHOLD: Place = place(ELEMENTS, "cmi.completion_threshold");
/// `cmi.credit`.
pub const CREDIT_ELEMENT: Place = place(ELEMENTS, "cmi.credit");
/// `cmi.entry`.
pub const ENTRY_ELEMENT: Place = place(ELEMENTS, "cmi.entry");
/// `cmi.exit`.
pub const EXIT_ELEMENT: Place = place(ELEMENTS, "cmi.exit");
/// `cmi.location`.
pub const LOCATION: Place = place(ELEMENTS, "cmi.location");
/// `cmi.mode`.
pub const MODE_ELEMENT: Place = place(ELEMENTS, "cmi.mode");
/// `cmi.progress_measure`.
pub const PROGRESS_MEASURE: Place = place(ELEMENTS, "cmi.progress_measure");
/// `cmi.scaled_passing_score`.
pub const SCALED_PASSING_SCORE: Place = place(ELEMENTS, "cmi.scaled_passing_score");
/// `cmi.score.scaled`.
pub const SCORE_SCALED: Place = place(ELEMENTS, "cmi.score.scaled");
/// `cmi.score.raw`.
pub const SCORE_RAW: Place = place(ELEMENTS, "cmi.score.raw");
/// `cmi.session_time`.
pub const SESSION_TIME: Place = place(ELEMENTS, "cmi.session_time");
/// `cmi.success_status`.
pub const SUCCESS_STATUS: Place = place(ELEMENTS, "cmi.success_status");
/// `cmi.total_time`.
pub const TOTAL_TIME: Place = place(ELEMENTS, "cmi.total_time");
