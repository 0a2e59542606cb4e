//! The version of SCORM that a manifest declares, in the many ways in which it is written.

use crate::manifest::Schema;

/// The version that a `schemaversion` means, and whether it is written as the standard has it.
pub(crate) fn parse(text: &str) -> Option<(Schema, bool)> {
    use Schema::{Scorm12, Scorm2004FourthEdition, Scorm2004SecondEdition, Scorm2004ThirdEdition};
    let text = text.to_lowercase();
    let words: Vec<_> = text.split_whitespace().collect();
    match words.join(" ").as_str() {
        "1.2" => return Some((Scorm12, true)),
        "cam 1.3" | "1.3" | "2004 2nd edition" => return Some((Scorm2004SecondEdition, true)),
        "2004 3rd edition" => return Some((Scorm2004ThirdEdition, true)),
        "2004 4th edition" => return Some((Scorm2004FourthEdition, true)),
        _ => {}
    }
    let is_part = |it: char| it.is_alphanumeric() || it == '.';
    let mut words: Vec<&str> = text.split(|it| !is_part(it)).filter(|it| !it.is_empty()).collect();
    // "SCORM1.2", "CAM1.3": the prefix, with or without a blank behind it.
    while let Some(first) = words.first_mut() {
        let prefixes = ["adl", "scorm", "cam", "version", "v."];
        let rest = prefixes.iter().find_map(|it| first.strip_prefix(it));
        match rest.or_else(|| first.strip_prefix('v')) {
            Some("") => drop(words.remove(0)),
            Some(rest) => *first = rest,
            None => break,
        }
    }
    let number = |word: &str, version: &str| {
        let rest = word.strip_prefix(version);
        rest.is_some_and(|it| {
            it.bytes().all(|it| matches!(it, b'.' | b'0'..=b'9'))
                && !it.starts_with(|c: char| c.is_ascii_digit())
        })
    };
    match words.as_slice() {
        [word] if number(word, "1.2") => Some((Scorm12, false)),
        [word] if number(word, "1.3") => Some((Scorm2004SecondEdition, false)),
        [word, rest @ ..] => {
            let rest = rest.concat();
            let edition = word.strip_prefix("2004")?.to_owned() + &rest;
            let edition = edition.trim_matches('.');
            let (ordinal, noun) = edition.split_at_checked(edition.find("ed").unwrap_or(edition.len()))?;
            let is_noun =
                noun.trim_end_matches('.').is_empty() || "edition".starts_with(noun.trim_end_matches('.'));
            let schema = match ordinal.trim_end_matches('.') {
                "1" | "1st" | "first" | "2" | "2nd" | "second" => Scorm2004SecondEdition,
                // Without an edition: what the namespaces of most such packages are.
                "" | "3" | "3rd" | "third" => Scorm2004ThirdEdition,
                "4" | "4th" | "fourth" => Scorm2004FourthEdition,
                _ => return None,
            };
            is_noun.then_some((schema, false))
        }
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::manifest::Schema::{
        Scorm12 as V12, Scorm2004FourthEdition as Fourth, Scorm2004SecondEdition as Second,
        Scorm2004ThirdEdition as Third,
    };

    #[test]
    fn a_version_is_read_in_the_ways_in_which_it_is_written() {
        #[rustfmt::skip]
        let cases = [
            // text                      version        as the standard has it
            ("1.2",                      Some((V12,    true))),
            (" 1.2\n",                   Some((V12,    true))),
            ("CAM 1.3",                  Some((Second, true))),
            ("2004 3rd Edition",         Some((Third,  true))),
            ("2004  4TH edition",        Some((Fourth, true))),
            ("SCORM 1.2",                Some((V12,    false))),
            ("SCORM1.2",                 Some((V12,    false))),
            ("SCORM_1.2",                Some((V12,    false))),
            ("ADL SCORM 1.2",            Some((V12,    false))),
            ("v1.2",                     Some((V12,    false))),
            ("Version 1.2",              Some((V12,    false))),
            ("1.2.0",                    Some((V12,    false))),
            ("1.2.7",                    Some((V12,    false))),
            ("CAM1.3",                   Some((Second, false))),
            ("CAM 1.3.1",                Some((Second, false))),
            ("SCORM CAM 1.3",            Some((Second, false))),
            ("2004 3rd",                 Some((Third,  false))),
            ("2004 3rd Ed.",             Some((Third,  false))),
            ("SCORM 2004 3rd Edition",   Some((Third,  false))),
            ("SCORM 2004 4th Edition",   Some((Fourth, false))),
            ("SCORM2004 4th ed",         Some((Fourth, false))),
            ("2004 Fourth Edition",      Some((Fourth, false))),
            ("2004-4th-Edition",         Some((Fourth, false))),
            ("2004 4th Edition.",        Some((Fourth, false))),
            ("2004 2nd",                 Some((Second, false))),
            ("2004 1st Edition",         Some((Second, false))),
            ("2004",                     Some((Third,  false))),
            ("SCORM 2004",               Some((Third,  false))),
            ("2004 5th Edition",         None),
            ("2004 40 Edition",          None),
            ("1.20",                     None),
            ("1.1",                      None),
            ("1.4",                      None),
            ("SCORM",                    None),
            ("",                         None),
            ("IMS Common Cartridge",     None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "text: {text:?}");
        }
    }
}
