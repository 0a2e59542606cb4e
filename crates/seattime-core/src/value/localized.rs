//! Texts that may say which language they are in: `{lang=fr}Bonjour`.

use super::cut::cut;
use super::language;

/// The text behind its prefix; `None` where the prefix names no language.
///
/// Spec: RTE, *localized_string_type*. The prefix does not count towards the limit.
pub fn text(value: &str) -> Option<&str> {
    let Some(rest) = value.strip_prefix("{lang=") else { return Some(value) };
    let (tag, text) = cut(rest, "}")?;
    language::is_tag(tag).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec: RTE, *localized_string_type*.
    #[test]
    fn a_prefix_names_a_language_or_is_refused() {
        #[rustfmt::skip]
        let cases = [
            ("",                   Some("")),
            ("plain",              Some("plain")),
            ("{lang=fr}Bonjour",   Some("Bonjour")),
            ("{lang=en}",          Some("")),
            ("{lang=}x",           None),
            ("{lang=frl}x",        None),
            ("{lang=en",           None),
            ("{language=en}x",     Some("{language=en}x")), // no prefix of the book: text
        ];
        for (value, expected) in cases {
            assert_eq!(text(value), expected, "{value:?}");
        }
    }
}
