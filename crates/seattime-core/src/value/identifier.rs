//! Identifiers, as content and manifests make them up.

use super::cut::cut;

/// Whether blanks in an identifier are let pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blanks {
    /// They are.
    Kept,
    /// They are not.
    Refused,
}

/// Whether a text is an identifier: not empty, without blanks and braces, and where it begins with `urn:`
/// with a name space and a name.
///
/// Spec: RTE, *long_identifier_type* and *short_identifier_type*, both as URIs.
pub fn is_identifier(text: &str, blanks: Blanks) -> bool {
    let is_plain = |it: &u8| {
        !matches!(it, b'{' | b'}' | b'[' | b']') && (blanks == Blanks::Kept || !it.is_ascii_whitespace())
    };
    let is_urn = text.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("urn:"));
    let is_complete = || {
        let names = cut(text, ":").and_then(|it| cut(it.1, ":"));
        names.is_some_and(|(space, name)| !space.is_empty() && !name.is_empty())
    };
    !text.trim_ascii().is_empty() && text.as_bytes().iter().all(is_plain) && (!is_urn || is_complete())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec: RTE, *long_identifier_type*.
    #[test]
    fn an_identifier_is_a_token_or_a_whole_urn() {
        for legal in ["INT1", "a.b.c", "urn:adl:x", "http://a.example/b?c=d#e", "1", "ü"] {
            assert!(is_identifier(legal, Blanks::Refused), "{legal:?}");
        }
        for illegal in [
            "",
            " ",
            "a b",
            "urn:",
            "urn:adl",
            "urn:adl:",
            "urn::x",
            "urn:adl:lms Test/X",
            "{}{[]}{}",
            "a\nb",
        ] {
            assert!(!is_identifier(illegal, Blanks::Refused), "{illegal:?}");
        }
        assert!(is_identifier("Question 1", Blanks::Kept));
        assert!(!is_identifier(" ", Blanks::Kept));
    }
}
