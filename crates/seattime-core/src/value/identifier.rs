//! Identifiers, as content and manifests make them up.

use super::cut::cut;
use crate::quirk::{Quirk, Quirks};

/// Returns true if a text is an identifier: not empty, without blanks and braces, and where it begins with `urn:`
/// with a name space and a name.
///
/// Blanks, brackets and braces are tolerated by [`Quirk::BlanksInIdentifiers`] and
/// [`Quirk::BracketsInIdentifiers`]; a text of nothing else is never an identifier.
///
/// Spec: RTE, *long_identifier_type* and *short_identifier_type*, both as URIs.
pub fn is_identifier(text: &str, quirks: Quirks) -> bool {
    let (blanks, brackets) =
        (quirks.has(Quirk::BlanksInIdentifiers), quirks.has(Quirk::BracketsInIdentifiers));
    let is_bracket = |it: &u8| matches!(it, b'{' | b'}' | b'[' | b']');
    let is_allowed = |it: &u8| (brackets || !is_bracket(it)) && (blanks || !it.is_ascii_whitespace());
    let is_urn = text.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("urn:"));
    let is_complete = || {
        let names = cut(text, ":").and_then(|it| cut(it.1, ":"));
        names.is_some_and(|(space, name)| !space.is_empty() && !name.is_empty())
    };
    let bytes = text.as_bytes();
    let names_something = bytes.iter().any(|it| !is_bracket(it) && !it.is_ascii_whitespace());
    names_something && bytes.iter().all(is_allowed) && (!is_urn || is_complete())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec: RTE, *long_identifier_type*.
    #[test]
    fn an_identifier_is_a_token_or_a_whole_urn() {
        for legal in ["INT1", "a.b.c", "urn:adl:x", "http://a.example/b?c=d#e", "1", "ü"] {
            assert!(is_identifier(legal, Quirks::NONE), "{legal:?}");
        }
        for illegal in ["", " ", "urn:", "urn:adl", "urn:adl:", "urn::x", "{}{[]}{}", "[ ]"] {
            assert!(!is_identifier(illegal, Quirks::NONE), "{illegal:?}");
            assert!(!is_identifier(illegal, Quirks::ALL), "{illegal:?}");
        }
    }

    #[test]
    fn blanks_and_brackets_are_tolerated_each_by_its_own_quirk() {
        use Quirk::{BlanksInIdentifiers, BracketsInIdentifiers};
        for (text, quirk) in [
            ("a b", BlanksInIdentifiers),
            ("a\nb", BlanksInIdentifiers),
            ("urn:adl:lms Test/X", BlanksInIdentifiers),
            ("Q[1]", BracketsInIdentifiers),
            ("[x]", BracketsInIdentifiers),
            ("a[,]b", BracketsInIdentifiers),
            ("{0f8fad5b-d9cb-469f-a165-70867728950e}", BracketsInIdentifiers),
        ] {
            assert!(is_identifier(text, Quirks::ALL), "{text:?}");
            assert!(!is_identifier(text, Quirks::ALL.without(quirk)), "{text:?}");
        }
        assert!(is_identifier("two [b]", Quirks::ALL));
    }
}
