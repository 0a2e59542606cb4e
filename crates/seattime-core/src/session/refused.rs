//! Scores and statuses that content could not set: a report says that there was one.

use crate::error::Refusal;
use crate::model::{ElementId, Version, v12, v2004};

/// A value of the session's own score or status that was refused, until one of the same element is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedValue {
    /// The element.
    pub element: ElementId,
    /// See [`beginning`].
    pub text: String,
    /// Why it was refused.
    pub why: Refusal,
}

/// Greatest number of bytes noted of a refused value.
const MOST_BYTES: usize = 64;

/// The beginning of a value, as much of it as is noted.
pub fn beginning(text: &str) -> &str {
    // A character has up to four bytes.
    (0..4).find_map(|it| text.get(..MOST_BYTES.min(text.len()) - it)).unwrap_or_default()
}

/// Returns true if refused values of the element are reported. Few elements are, so a session notes few values.
pub fn is_reported(version: Version, ElementId(element): ElementId) -> bool {
    let (scores, states) = match version {
        Version::V12 => ((v12::SCORE_RAW, 3), &[v12::LESSON_STATUS][..]),
        Version::V2004 => (
            (v2004::SCORE_SCALED, 4),
            &[v2004::COMPLETION_STATUS, v2004::SUCCESS_STATUS, v2004::PROGRESS_MEASURE][..],
        ),
    };
    element.wrapping_sub(scores.0.element.0) < scores.1 || states.iter().any(|it| it.element.0 == element)
}

/// Notes what became of a value of such an element; returns true if that changed the notes.
pub(super) fn note(
    all: &mut Vec<RefusedValue>,
    element: ElementId,
    text: &str,
    result: Result<(), Refusal>,
) -> bool {
    let text = beginning(text);
    let known = all.iter().position(|it| it.element == element);
    let is_same = known.and_then(|it| all.get(it)).is_some_and(|it| it.text == text && Err(it.why) == result);
    if is_same || (known.is_none() && result.is_ok()) {
        return false;
    }
    if let Some(known) = known {
        all.swap_remove(known);
    }
    if let Err(why) = result {
        all.push(RefusedValue { element, text: text.to_owned(), why });
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_and_statuses_of_the_session_itself_are_reported() {
        for (version, expected) in [
            (
                Version::V12,
                &["lesson_status", "score.raw", "score.max", "score.min"].map(|it| format!("cmi.core.{it}"))
                    [..],
            ),
            (
                Version::V2004,
                &[
                    "completion_status",
                    "progress_measure",
                    "score.scaled",
                    "score.raw",
                    "score.min",
                    "score.max",
                    "success_status",
                ]
                .map(|it| format!("cmi.{it}"))[..],
            ),
        ] {
            let rows = (0..).zip(version.elements()).filter(|it| is_reported(version, ElementId(it.0)));
            assert_eq!(rows.map(|it| it.1.name).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        assert_eq!(beginning("120"), "120");
        assert_eq!(beginning(&"9".repeat(100)), "9".repeat(64));
        assert_eq!(
            beginning(&format!("x{}", "\u{1f600}".repeat(20))),
            format!("x{}", "\u{1f600}".repeat(15))
        );
        assert_eq!(beginning("\u{1f600}"), "\u{1f600}");
        assert_eq!(beginning(""), "");
    }
}
