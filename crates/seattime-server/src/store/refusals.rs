//! Scores and statuses that content could not set, as the report names them.

use std::collections::BTreeMap;

use seattime_core::session::refused::{beginning, is_reported};
use seattime_core::value::surrogates::escaped;
use seattime_core::{Refusal, Version};
use serde::{Deserialize, Serialize};

use super::figures::Part;

/// The flag of rows with a score that was refused.
pub const SCORE_REFUSED: &str = "score_refused";
/// The flag of rows with a status that was refused.
pub const STATUS_REFUSED: &str = "status_refused";

/// A score or status that content could not set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedValue {
    /// The element.
    pub element: String,
    /// The beginning of what content set, up to 64 bytes of UTF-8.
    pub text: String,
    /// The standard's error code.
    pub code: u32,
}

/// What of a message's refused values is kept: those of elements that a report names, in their length.
pub(crate) fn kept(told: &BTreeMap<String, (String, u32)>) -> BTreeMap<String, (String, u32)> {
    let named = told.iter().filter(|(element, (_, code))| {
        [Version::V12, Version::V2004].into_iter().any(|version| {
            let codes = [Refusal::Type, Refusal::Range].map(|it| version.code(it));
            version.look_up(element).is_ok_and(|it| is_reported(version, it.element)) && codes.contains(code)
        })
    });
    named.map(|(element, (text, code))| (element.clone(), (beginning(text).to_owned(), *code))).collect()
}

/// The values as the report shows them.
pub(crate) fn shown(kept: &BTreeMap<String, (String, u32)>) -> Vec<RefusedValue> {
    let value = |(element, (text, code)): (&String, &(String, u32))| RefusedValue {
        element: element.clone(),
        text: escaped(text).into_owned(),
        code: *code,
    };
    kept.iter().map(value).collect()
}

/// The flags of a row or a part of it.
pub(crate) fn flags<'a>(parts: impl Iterator<Item = &'a Part>) -> Vec<String> {
    let (mut score, mut status) = (false, false);
    for it in parts.flat_map(|it| &it.refused) {
        *(if it.element.contains(".score.") { &mut score } else { &mut status }) = true;
    }
    let flags = [(SCORE_REFUSED, score), (STATUS_REFUSED, status)];
    flags.into_iter().filter(|it| it.1).map(|it| it.0.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_report_names_is_not_kept_and_halves_are_shown_as_they_are() {
        let told = [
            ("cmi.core.score.raw", "120", 405),
            ("cmi.score.scaled", "a\u{10f03d}", 406),
            ("cmi.suspend_data", "x", 406),
            ("cmi.score.none", "x", 406),
            ("cmi.score.raw", "x", 7),
        ];
        let told = told.map(|(element, text, code)| (element.to_owned(), (text.to_owned(), code)));
        let kept = kept(&told.into_iter().collect());
        let shown: Vec<_> = shown(&kept).into_iter().map(|it| (it.element, it.text, it.code)).collect();
        let expected = [("cmi.core.score.raw", "120", 405), ("cmi.score.scaled", "a\\ud83d", 406)];
        assert_eq!(shown, expected.map(|(element, text, code)| (element.to_owned(), text.to_owned(), code)));
    }
}
