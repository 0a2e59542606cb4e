//! One row of a data model: who may do what with an element, and what it takes.

use super::Place;
use crate::error::Refusal;
use crate::quirk::{Quirk, Quirks};
use crate::value::cut::cut;
use crate::value::identifier::is_identifier;
use crate::value::moment::{Zones, is_time_12, is_time_2004};
use crate::value::response::is_number;
use crate::value::{Timespan, digits, language, localized, readable_ms, real};

/// Number of a row in its version's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementId(pub u16);

/// One element of a data model.
#[derive(Debug)]
pub struct Element {
    /// Its dotted name; `n` stands for a record's number, and `m` for one inside another.
    pub name: &'static str,
    /// Who may do what with it.
    pub access: Access,
    /// The values that it takes.
    pub space: Space,
    /// What GetValue answers before anyone has set it; `None`: it has no value then.
    pub initial: Option<&'static str>,
    /// What else has to hold before it is set.
    pub rule: Rule,
    /// Whether it lies in a record or names a target, so that its name says more than which element it is.
    pub is_in_record: bool,
}

/// Who may do what with an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Content may read it.
    ReadOnly,
    /// Content may read and set it.
    ReadWrite,
    /// Content may set it.
    WriteOnly,
    /// Content may read it; it says what there is, not what happened.
    Keyword,
}

/// What has to hold before an element is set, beside its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing; in a collection, setting it makes a new record.
    Free,
    /// Its record has an id.
    AfterId,
    /// Its record has an id and a type, which decides what it takes.
    AfterType,
    /// It names its record: set once, and to nothing that another record has.
    OnceAndUnique,
    /// Its record has an id, and no other record inside it has this value.
    UniqueAfterId,
    /// What is set is added to what is there.
    Appends,
    /// It lies in a bucket that activities share.
    Shared,
}

/// The values that an element takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Space {
    /// Text; longer than the smallest permitted maximum is kept whole, up to [`MOST_UNITS`].
    Text {
        /// Smallest permitted maximum, in characters.
        spm: u32,
    },
    /// Text of SCORM 1.2 that must not be longer than this, in UTF-16 units.
    Limited(u32),
    /// As [`Space::Limited`], unless [`Quirk::TextBeyondLimit`] is given: then up to [`MOST_UNITS`].
    Overflowing(u32),
    /// As [`Space::Limited`], unless [`Quirk::TextBeyondLimit`] is given: then up to [`MOST_SUSPENDED`].
    Suspended(u32),
    /// Text that may name its language.
    Localized {
        /// Smallest permitted maximum, in characters.
        spm: u32,
    },
    /// An identifier of SCORM 2004.
    Identifier,
    /// An identifier of SCORM 1.2: 1 to 255 characters without blanks.
    Identifier12,
    /// One of these words.
    Token(&'static [&'static str]),
    /// A decimal number from `min` to `max`, both included, in ten-millionths; [`i32::MIN`] and [`i32::MAX`]
    /// are no bounds.
    Real {
        /// The least that is allowed, times 10⁷.
        min: i32,
        /// The most that is allowed, times 10⁷.
        max: i32,
    },
    /// A decimal number as [`Space::Real`], or nothing.
    RealOrBlank {
        /// The least that is allowed, times 10⁷.
        min: i32,
        /// The most that is allowed, times 10⁷.
        max: i32,
    },
    /// One of these words, or any decimal number.
    TokenOrReal(&'static [&'static str]),
    /// A whole number from `min` to `max`, both included.
    Integer {
        /// The least that is allowed.
        min: i32,
        /// The most that is allowed.
        max: i32,
    },
    /// A language tag, or nothing.
    Language,
    /// A length of time of SCORM 1.2; see [`Timespan::parse_12`].
    Timespan12,
    /// A length of time of SCORM 2004; see [`Timespan::parse_2004`].
    Timespan2004,
    /// A time of day of SCORM 1.2.
    Time12,
    /// A date and time of SCORM 2004.
    Time2004,
    /// What a learner answered; its interaction's type decides, see
    /// [`InteractionKind`](crate::value::InteractionKind).
    Response,
    /// What would have been right; its interaction's type decides.
    Pattern,
    /// A request to the navigation.
    Navigation,
    /// How many records a collection has.
    Count,
}

/// The most of one value that is kept, in UTF-16 units; responses and patterns may be four times as long.
pub const MOST_UNITS: u32 = 65_536;
/// The most of `cmi.suspend_data` that is kept, in UTF-16 units.
pub const MOST_SUSPENDED: u32 = 1 << 20;

const REQUESTS: &[&str] =
    &["continue", "previous", "exit", "exitAll", "abandon", "abandonAll", "suspendAll", "_none_"];

impl Space {
    /// Whether a text is one of the values; `units` is its length in UTF-16 units. For responses and
    /// patterns, only their length is looked at.
    ///
    /// # Errors
    ///
    /// [`Refusal::Type`] or [`Refusal::Range`].
    pub fn check(self, text: &str, units: u32, quirks: Quirks) -> Result<(), Refusal> {
        let is_short = units <= MOST_UNITS;
        let in_range = |number: Option<i64>, min: i32, max: i32| {
            let number = number.ok_or(Refusal::Type)?;
            let is_inside = (number >= i64::from(min) || min == i32::MIN)
                && (number <= i64::from(max) || max == i32::MAX);
            if is_inside { Ok(()) } else { Err(Refusal::Range) }
        };
        let any_form = || quirks.has(Quirk::AnyFormOfSessionTime) && readable_ms(text).is_some();
        let matches = match self {
            Space::Text { .. } | Space::Limited(_) | Space::Overflowing(_) | Space::Suspended(_) => {
                units <= self.most_units(quirks)
            }
            Space::Localized { .. } => is_short && localized::text(text).is_some(),
            Space::Identifier => is_short && is_identifier(text, quirks),
            Space::Identifier12 => {
                let has_blank = || text.bytes().any(|it| it.is_ascii_whitespace());
                (1..=255).contains(&units) && (quirks.has(Quirk::BlanksInIdentifiers) || !has_blank())
            }
            Space::Token(words) => words.contains(&text),
            Space::RealOrBlank { .. } if text.is_empty() => true,
            Space::Real { min, max } | Space::RealOrBlank { min, max } => {
                return in_range(real::parse(text).filter(|_| is_number(text, quirks)), min, max);
            }
            Space::TokenOrReal(words) => words.contains(&text) || is_number(text, quirks),
            Space::Integer { min, max } => {
                let magnitude = |digits| Some(digits::parse(digits)?.min(i64::MAX as u64) as i64);
                let number = match text.as_bytes() {
                    [b'-', rest @ ..] => magnitude(rest).map(|it| -it),
                    all => magnitude(all.strip_prefix(b"+").unwrap_or(all)),
                };
                return in_range(number, min, max);
            }
            Space::Language => text.is_empty() || language::is_tag(text),
            Space::Timespan12 => Timespan::parse_12(text).is_ok() || any_form(),
            Space::Timespan2004 => Timespan::parse_2004(text).is_ok() || any_form(),
            Space::Time12 => is_time_12(text),
            Space::Time2004 => {
                let is_tolerant = quirks.has(Quirk::ZoneWithoutFraction);
                is_time_2004(text, if is_tolerant { Zones::Anywhere } else { Zones::AfterFraction })
            }
            Space::Response | Space::Pattern => units <= 4 * MOST_UNITS,
            Space::Navigation => REQUESTS.contains(&text) || target(text).is_some(),
            Space::Count => false,
        };
        if matches { Ok(()) } else { Err(Refusal::Type) }
    }

    /// Up to how many UTF-16 units every text is a value; 0 where more than its length decides.
    pub const fn most_units(self, quirks: Quirks) -> u32 {
        match self {
            Space::Text { .. } => MOST_UNITS,
            Space::Overflowing(_) if quirks.has(Quirk::TextBeyondLimit) => MOST_UNITS,
            Space::Suspended(_) if quirks.has(Quirk::TextBeyondLimit) => MOST_SUSPENDED,
            Space::Limited(most) | Space::Overflowing(most) | Space::Suspended(most) => most,
            _ => 0,
        }
    }
}

/// The activity that a request to the navigation names, and whether it asks for `choice` or `jump`:
/// `{target=item-3}choice`.
///
/// Spec: RTE, *SCORM Run-Time Navigation Data Model*, *Request*.
pub fn target(request: &str) -> Option<(&str, &str)> {
    let (target, kind) = cut(request.strip_prefix("{target=")?, "}")?;
    (!target.is_empty() && matches!(kind, "choice" | "jump")).then_some((target, kind))
}

/// A row of the table.
pub(super) const fn row(
    name: &'static str,
    access: Access,
    space: Space,
    initial: Option<&'static str>,
) -> Element {
    Element { name, access, space, initial, rule: Rule::Free, is_in_record: is_in_record(name) }
}

/// A row of a collection that content may read and set, once its rule holds.
pub(super) const fn part(
    name: &'static str,
    space: Space,
    initial: Option<&'static str>,
    rule: Rule,
) -> Element {
    Element { name, access: Access::ReadWrite, space, initial, rule, is_in_record: is_in_record(name) }
}

const fn is_in_record(name: &str) -> bool {
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        if matches!(rest, [b'.', b'n', b'.', ..]) || (*first == b'}' && tail.is_empty()) {
            return true;
        }
        rest = tail;
    }
    false
}

/// The place of an element that lies in no record.
pub(super) const fn place(table: &[Element], name: &str) -> Place {
    Place { element: index(table, name), n: 0, m: 0 }
}

/// The number of a row, found while compiling; a name that is not there does not compile.
pub(super) const fn index(table: &[Element], name: &str) -> ElementId {
    let mut at = 0;
    while at < table.len() {
        #[allow(clippy::indexing_slicing, reason = "in bounds by the condition, and only while compiling")]
        if is_same(table[at].name, name) {
            return ElementId(at as u16);
        }
        at += 1;
    }
    #[allow(clippy::panic, reason = "only while compiling")]
    {
        panic!("no such element")
    }
}

const fn is_same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        #[allow(clippy::indexing_slicing, reason = "both are as long, and only while compiling")]
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quirk_changes_its_own_space_and_no_other() {
        use Quirk::{
            AnyFormOfSessionTime, BlanksInIdentifiers, BracketsInIdentifiers, ExponentInNumbers,
            TextBeyondLimit, ZoneWithoutFraction,
        };
        let number = Space::Real { min: -10_000_000, max: 10_000_000 };
        let long = "x".repeat(5_000);
        #[rustfmt::skip]
        let cases = [
            // space                  value                     tolerated by
            (Space::Overflowing(4_096), long.as_str(),          TextBeyondLimit),
            (Space::Suspended(4_096), long.as_str(),            TextBeyondLimit),
            (Space::Identifier,       "Question 1",             BlanksInIdentifiers),
            (Space::Identifier12,     "Question 1",             BlanksInIdentifiers),
            (Space::Identifier,       "Q[1]",                   BracketsInIdentifiers),
            (number,                  "1e-7",                   ExponentInNumbers),
            (Space::TokenOrReal(&[]), "1e-7",                   ExponentInNumbers),
            (Space::Time2004,         "2026-01-02T03:04:05Z",   ZoneWithoutFraction),
            (Space::Timespan12,       "0:15:30",                AnyFormOfSessionTime),
            (Space::Timespan2004,     "00:15:30",               AnyFormOfSessionTime),
        ];
        for (space, value, quirk) in cases {
            let units = value.len() as u32;
            let is_taken = |quirks| space.check(value, units, quirks).is_ok();
            assert!(is_taken(Quirks::ALL), "{space:?}");
            assert!(!is_taken(Quirks::NONE) && !is_taken(Quirks::ALL.without(quirk)), "{space:?} {quirk:?}");
        }
    }

    #[test]
    fn a_request_names_its_target_in_braces() {
        #[rustfmt::skip]
        let cases = [
            ("{target=item-3}choice", Some(("item-3", "choice"))),
            ("{target=a.b}jump",      Some(("a.b", "jump"))),
            ("{target=}jump",         None),
            ("{target=a}exit",        None),
            ("choice",                None),
        ];
        for (request, expected) in cases {
            assert_eq!(target(request), expected, "{request:?}");
        }
    }
}
