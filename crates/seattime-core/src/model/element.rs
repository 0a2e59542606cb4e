//! One row of a data model: who may do what with an element, and what it takes.

use crate::error::Refusal;
use crate::value::{Timespan, real};

/// Number of a row in its version's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementId(pub u16);

/// One element of a data model.
#[derive(Debug)]
pub struct Element {
    /// Its dotted name.
    pub name: &'static str,
    /// Who may do what with it.
    pub access: Access,
    /// The values that it takes.
    pub space: Space,
    /// What GetValue answers before anyone has set it; `None`: it has no value then.
    pub initial: Option<&'static str>,
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

/// The values that an element takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Space {
    /// Text; longer than the smallest permitted maximum is kept whole.
    Text {
        /// Smallest permitted maximum, in characters.
        spm: u32,
    },
    /// Text that must not be longer than this.
    Limited {
        /// The most that the book allows, in UTF-16 units.
        most: u32,
        /// The most that is kept, with a quirk where it is above `most`, in UTF-16 units.
        kept: u32,
    },
    /// One of these words.
    Token(&'static [&'static str]),
    /// A decimal number from `min` to `max`, both included, in ten-millionths.
    Real {
        /// The least that is allowed, times 10⁷.
        min: i64,
        /// The most that is allowed, times 10⁷.
        max: i64,
    },
    /// A decimal number as [`Space::Real`], or nothing.
    RealOrBlank {
        /// The least that is allowed, times 10⁷.
        min: i64,
        /// The most that is allowed, times 10⁷.
        max: i64,
    },
    /// A language tag, or nothing.
    Language,
    /// A length of time of SCORM 1.2; see [`Timespan::parse_12`].
    Timespan12,
    /// A length of time of SCORM 2004; see [`Timespan::parse_2004`].
    Timespan2004,
}

impl Space {
    /// Whether a text is one of the values; `units` is its length in UTF-16 units.
    ///
    /// # Errors
    ///
    /// [`Refusal::Type`] or [`Refusal::Range`].
    pub fn check(self, text: &str, units: u32) -> Result<(), Refusal> {
        let matches = match self {
            Space::Text { .. } => true,
            Space::Limited { kept, .. } => units <= kept,
            Space::Token(words) => words.contains(&text),
            Space::RealOrBlank { .. } if text.is_empty() => true,
            Space::Real { min, max } | Space::RealOrBlank { min, max } => {
                let number = real::parse(text).ok_or(Refusal::Type)?;
                return if (min..=max).contains(&number) { Ok(()) } else { Err(Refusal::Range) };
            }
            Space::Language => is_language(text),
            Space::Timespan12 => Timespan::parse_12(text).is_ok(),
            Space::Timespan2004 => Timespan::parse_2004(text).is_ok(),
        };
        if matches { Ok(()) } else { Err(Refusal::Type) }
    }

    /// Whether a value's length alone decides; such a text may come later than its length.
    pub const fn is_text(self) -> bool {
        matches!(self, Space::Text { .. } | Space::Limited { .. })
    }
}

/// Nothing, or a tag of the shape `code-sub-sub`: two or three letters, `i` or `x`, then subtags of up to
/// eight letters and digits.
fn is_language(text: &str) -> bool {
    let mut tags = text.as_bytes().split(|it| *it == b'-');
    let first = tags.next().unwrap_or_default();
    let is_code = match first {
        [] => return text.is_empty(),
        [b'i' | b'I' | b'x' | b'X'] => first.len() < text.len(),
        _ => matches!(first.len(), 2 | 3) && first.iter().all(u8::is_ascii_alphabetic),
    };
    is_code && tags.all(|it| matches!(it.len(), 1..=8) && it.iter().all(u8::is_ascii_alphanumeric))
}

/// A row of the table.
pub(super) const fn row(
    name: &'static str,
    access: Access,
    space: Space,
    initial: Option<&'static str>,
) -> Element {
    Element { name, access, space, initial }
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
    fn a_language_is_nothing_or_a_tag() {
        for legal in ["", "en", "EN", "en-GB", "fra", "i-klingon", "x-custom", "de-CH-1996"] {
            assert!(is_language(legal), "{legal:?}");
        }
        for illegal in ["e", "english", "en_GB", "en-", "i", "x-", "en-toolongtag", "1n", "-en"] {
            assert!(!is_language(illegal), "{illegal:?}");
        }
    }
}
