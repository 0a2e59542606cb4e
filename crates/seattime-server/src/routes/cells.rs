//! Texts in the cells of a spreadsheet: none is ever run as a formula, and each can be read back.

use std::borrow::Cow;

use serde::Deserialize;

/// What a spreadsheet may take for the beginning of a formula.
const BEGINS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// What some cut off, or take for one, at the beginning of a text.
const CUT: [char; 3] = ['\t', '\r', '\n'];
/// Behind these a new cell begins for a spreadsheet that takes another separator than the file has.
const SEPARATES: [char; 5] = [',', ';', '\t', '\r', '\n'];

/// What stands between the cells of a file. A spreadsheet opens one of the separator of its country without being
/// asked: where numbers have a decimal comma, that is a semicolon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Separator {
    #[default]
    Comma,
    Semicolon,
}

/// Writes cells as a line, after RFC 4180. Whatever any separator would part is in quotation marks: some spreadsheets
/// take several at once.
pub(crate) fn write_line<'a>(
    out: &mut String,
    separator: Separator,
    cells: impl IntoIterator<Item = &'a str>,
) {
    for (n, cell) in cells.into_iter().enumerate() {
        if n > 0 {
            out.push(if separator == Separator::Comma { ',' } else { ';' });
        }
        if cell.contains('"') || cell.contains(SEPARATES) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push_str("\r\n");
}

/// A text as a cell holds it: with an apostrophe before whatever might begin a formula. Whoever takes away one
/// apostrophe wherever some stand before such a beginning has the text back.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    let mut guarded = String::new();
    let mut done = 0;
    let mut is_at_beginning = true;
    for (at, it) in text.char_indices() {
        if is_at_beginning {
            let rest = text.get(at..).unwrap_or_default();
            if is_formula(rest) || at == 0 && is_cut(rest) {
                guarded.push_str(text.get(done..at).unwrap_or_default());
                guarded.push('\'');
                done = at;
            }
        }
        is_at_beginning = SEPARATES.contains(&it);
    }
    if done == 0 && guarded.is_empty() {
        return Cow::Borrowed(text);
    }
    guarded.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(guarded)
}

/// Whether a formula begins here, behind nothing but what is not seen, and apostrophes that are the text's own. A
/// quotation mark is not seen either, where a cell begins with it.
fn is_formula(text: &str) -> bool {
    let begins = text.chars().find(|it| !is_skipped(*it));
    begins.is_some_and(|it| BEGINS.contains(&it))
}

/// Whether a text begins with what may be cut off, behind apostrophes of its own.
fn is_cut(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(CUT)
}

fn is_skipped(it: char) -> bool {
    it == '\''
        || it == '"'
        || it.is_whitespace()
        || it.is_control()
        || matches!(it, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// A number that content wrote, with the point or comma of those who use that separator; anything else as a text.
pub(crate) fn number(text: &str, separator: Separator) -> Cow<'_, str> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.starts_with(|it: char| it.is_ascii_digit())
        && digits.chars().all(|it| it.is_ascii_digit() || it == '.')
        && digits.matches('.').count() <= 1;
    match separator {
        _ if !is_number => cell(text),
        Separator::Comma => Cow::Borrowed(text),
        Separator::Semicolon => Cow::Owned(text.replace('.', ",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was said to read a cell back by: one apostrophe goes wherever some stand before a beginning.
    fn read_back(cell: &str) -> String {
        let mut text = String::new();
        let mut is_at_beginning = true;
        for (at, it) in cell.char_indices() {
            let is_guard =
                is_at_beginning && it == '\'' && (is_formula(&cell[at..]) || at == 0 && is_cut(cell));
            if !is_guard {
                text.push(it);
            }
            is_at_beginning = SEPARATES.contains(&it);
        }
        text
    }

    #[test]
    fn no_text_is_a_formula_and_each_can_be_read_back() {
        #[rustfmt::skip]
        let cases = [
            // text                                 cell                                    why it is here
            ("Sales, first steps",                  "Sales, first steps"),
            ("",                                    ""),
            ("=HYPERLINK(\"http://evil\")",         "'=HYPERLINK(\"http://evil\")"),
            ("+1", "'+1"), ("-1+2", "'-1+2"), ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1", "'＝1"), ("＋1", "'＋1"), ("－1", "'－1"), ("＠1", "'＠1"),           // full width
            ("\t=1", "'\t'=1"), ("\r=1", "'\r'=1"), ("\n=1", "'\n'=1"),
            ("  =1",                                "'  =1"),                               // cut off by some
            ("\u{feff}=1",                          "'\u{feff}=1"),                         // not seen
            ("\0=1",                                "'\0=1"),
            ("'=1",                                 "''=1"),                                // its own, and ours
            ("'t Hooft, Gerard",                    "'t Hooft, Gerard"),
            ("Muster; =1",                          "Muster;' =1"),                         // a file of semicolons, elsewhere
            ("Muster, =1",                          "Muster,' =1"),                         // one of commas
            ("a;\"=1;b",                            "a;'\"=1;b"),                           // ""=1 is a formula there
            ("\"Anna\" Muster",                     "\"Anna\" Muster"),
            ("a\n=1+1",                             "a\n'=1+1"),
            ("well-known = good",                   "well-known = good"),
            ("a\r\n-",                              "a\r'\n'-"),
        ];
        for (text, expected) in cases {
            assert_eq!(cell(text), expected, "{text:?}");
            assert_eq!(read_back(&cell(text)), text, "{text:?}");
        }
        for (text, expected) in [
            ("-5", "-5"),
            ("87.5", "87.5"),
            ("-", "'-"),
            ("-2+3", "'-2+3"),
            ("1.2.3", "1.2.3"),
            ("=5", "'=5"),
        ] {
            assert_eq!(number(text, Separator::Comma), expected);
        }
        for (text, expected) in [("-5", "-5"), ("87.5", "87,5"), ("1.2.3", "1.2.3"), ("=5", "'=5")] {
            assert_eq!(number(text, Separator::Semicolon), expected);
        }
    }

    #[test]
    fn what_any_separator_would_part_is_in_quotation_marks() {
        let cells = ["1", "", "a b", "a,b", "a;b", "a\tb", "a\nb", "\"", "'t"];
        let rest = ["a b", "\"a,b\"", "\"a;b\"", "\"a\tb\"", "\"a\nb\"", "\"\"\"\"", "'t\r\n"];
        for (separator, between) in [(Separator::Comma, ","), (Separator::Semicolon, ";")] {
            let mut line = String::new();
            write_line(&mut line, separator, cells);
            assert_eq!(line, format!("1{between}{between}{}", rest.join(between)));
        }
    }

    /// Of every text of five of these, none begins a formula anywhere that a cell may begin, and each comes back.
    #[test]
    fn whatever_stands_beside_each_other_is_guarded() {
        let each = ['=', '\'', '"', ';', '\n', ' ', 'a'];
        for n in 0..each.len().pow(5) {
            let text: String = (0..5).map(|place| each[n / each.len().pow(place) % each.len()]).collect();
            let cell = cell(&text);
            assert_eq!(read_back(&cell), text, "{cell:?}");
            for of_another in cell.split([';', '\n']) {
                assert!(!of_another.trim_start_matches(['"', ' ']).starts_with('='), "{cell:?}");
            }
        }
    }
}
