//! Halves of characters: how texts hold them that are no Unicode.
//!
//! A text of JavaScript is any sequence of 16-bit units, also one with a surrogate that has no partner, which
//! content makes by cutting texts and by compressing its state. No text of Rust, JSON, or a database holds one. So
//! the page writes each as a character of the private plane 16, and a character of that range behind [`ESCAPE`]:
//!
//! | content | here |
//! |---|---|
//! | lone surrogate D800 + k | U+10F000 + k |
//! | U+10F000 to U+10F800 | U+10F800, then the character |
//!
//! Texts may be joined: what this makes of two halves is read back as both, one behind the other.

use std::borrow::Cow;

/// Stands for the first lone surrogate, U+D800.
const FIRST: u32 = 0x10_f000;
/// Stands before a character of the range that is meant itself.
pub const ESCAPE: char = '\u{10f800}';

/// The meaning of a character of a text.
enum Meant {
    /// A 16-bit unit without a partner.
    Half(u16),
    Character(char),
}

/// A text's length in UTF-16 units as content passed it.
pub fn units(text: &str) -> u32 {
    // A half is one unit, and what is escaped is two, as its escape and itself are two characters.
    text.chars().map(|it| if is_reserved(it) { 1 } else { it.len_utf16() as u32 }).sum()
}

/// A text for people and files: every half as `\ud83d`.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_reserved) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for it in meant(text) {
        match it {
            Meant::Character(it) => escaped.push(it),
            Meant::Half(unit) => {
                escaped.push_str("\\u");
                let digit = |shift: u32| char::from_digit((u32::from(unit) >> shift) & 15, 16);
                escaped.extend([12, 8, 4, 0].into_iter().filter_map(digit));
            }
        }
    }
    Cow::Owned(escaped)
}

/// A text from the 16-bit units of a text of JavaScript.
pub fn from_units(units: impl IntoIterator<Item = u16>) -> String {
    let mut text = String::new();
    for it in char::decode_utf16(units) {
        match it {
            Ok(it) if is_reserved(it) => text.extend([ESCAPE, it]),
            Ok(it) => text.push(it),
            Err(half) => text.extend(char::from_u32(FIRST + u32::from(half.unpaired_surrogate()) - 0xd800)),
        }
    }
    text
}

fn is_reserved(it: char) -> bool {
    (FIRST..=ESCAPE as u32).contains(&(it as u32))
}

fn meant(text: &str) -> impl Iterator<Item = Meant> {
    let mut rest = text.chars();
    std::iter::from_fn(move || {
        let it = rest.next()?;
        if it == ESCAPE {
            return Some(Meant::Character(rest.next().unwrap_or(it)));
        }
        let half = (it as u32).checked_sub(FIRST).filter(|k| *k < 0x800);
        Some(half.map_or(Meant::Character(it), |k| Meant::Half(0xd800 + k as u16)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_told_from_every_other_and_counts_once() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        let mut seen = std::collections::HashSet::new();
        for unit in &all {
            let text = from_units([*unit]);
            assert_eq!(units(&text), 1, "{unit:x}");
            assert!(seen.insert(text), "{unit:x}");
        }
        // Two of its neighbours are a pair: U+DBFF and U+DC00.
        assert_eq!(units(&from_units(all)), 65_536);
    }

    #[test]
    fn halves_are_escaped_and_whole_characters_are_not() {
        #[rustfmt::skip]
        let cases = [
            ("plain \u{1f600} \u{10efff}", "plain \u{1f600} \u{10efff}".to_owned(), 11),
            ("a\u{10f03d}b",               "a\\ud83db".to_owned(),                    3),
            ("\u{10f7ff}",                 "\\udfff".to_owned(),                      1),
            ("\u{10f800}\u{10f03d}",       "\u{10f03d}".to_owned(),                   2),
            ("\u{10f800}\u{10f800}",       "\u{10f800}".to_owned(),                   2),
            // Two texts that were joined within a character.
            ("\u{10f03d}\u{10f600}",       "\\ud83d\\ude00".to_owned(),               2),
        ];
        for (text, expected, length) in cases {
            assert_eq!(escaped(text), expected, "{text:?}");
            assert_eq!(units(text), length, "{text:?}");
        }
        assert_eq!(from_units("\u{10f000}".encode_utf16()), "\u{10f800}\u{10f000}");
    }
}
