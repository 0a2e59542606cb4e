//! Warnings: faults of a package that can be read in one way only, and are therefore tolerated.

/// How much a warning matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The package works; other systems may refuse it.
    Info,
    /// The package works as it was most likely meant.
    Warning,
    /// A part of the package does not work.
    Error,
}

/// A fault of a package that does not keep it from being imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The stable code.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Path of the file in the package, if it concerns one file.
    pub file: Option<String>,
    /// Line and column in that file in characters, from 1, if it has a place there.
    pub place: Option<(u32, u32)>,
    /// What was found, and how it was read.
    pub text: String,
}

impl Warning {
    /// A warning without a place.
    pub(crate) fn new(code: &'static str, severity: Severity, text: String) -> Warning {
        Warning { code, severity, file: None, place: None, text: shortened(text) }
    }

    /// The same warning, about a file.
    pub(crate) fn in_file(self, file: &str) -> Warning {
        Warning { file: Some(shortened(file.to_owned())), ..self }
    }

    /// The same warning, with a line and column in its file.
    pub(crate) fn at(self, place: (u32, u32)) -> Warning {
        Warning { place: Some(place), ..self }
    }
}

/// Warnings kept of one package. A package of thousands of faults needs no thousands of sentences.
pub(crate) const MOST_WARNINGS: usize = 100;

/// The order of severities, the worst first.
pub(crate) const fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    }
}

/// Cuts a list to [`MOST_WARNINGS`], the errors first; the last one then says how many more there are.
pub(crate) fn limited(mut warnings: Vec<Warning>) -> Vec<Warning> {
    warnings.sort_by_key(|it| rank(it.severity));
    if warnings.len() > MOST_WARNINGS {
        let left_out = warnings.len() - (MOST_WARNINGS - 1);
        warnings.truncate(MOST_WARNINGS - 1);
        let text = format!("{left_out} more warnings are not listed");
        warnings.push(Warning::new("more_warnings", Severity::Info, text));
    }
    warnings
}

/// Cuts a text that a message quotes: names and texts in a package may be megabytes long.
pub(crate) fn shortened(mut text: String) -> String {
    const MOST_BYTES: usize = 600;
    if text.len() > MOST_BYTES {
        text.truncate(text.floor_char_boundary(MOST_BYTES));
        text.push('…');
    }
    text
}

/// Several names for a sentence: the first three, quoted, and how many more there are.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let quoted: Vec<_> = names.by_ref().take(3).map(quoted).collect();
    match names.count() {
        0 => quoted.join(", "),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

/// A name in quotes, cut to 120 bytes. Characters that are not seen are escaped, a backslash is not.
pub(crate) fn quoted(name: &str) -> String {
    let mut quoted = "\"".to_owned();
    for it in name.get(..name.floor_char_boundary(120)).unwrap_or(name).chars() {
        match it {
            '\\' | '"' | '\'' => quoted.push(it),
            it => quoted.extend(it.escape_debug()),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{listed, quoted};

    #[test]
    fn names_are_shown_as_they_are_written() {
        assert_eq!(quoted("a\\b's.html"), "\"a\\b's.html\"");
        assert_eq!(quoted("Icon\r"), "\"Icon\\r\"");
        assert_eq!(quoted("\u{202e}lmth.\u{fc}"), "\"\\u{202e}lmth.\u{fc}\"");
        assert_eq!(listed(["a", "b", "c", "d", "e"]), "\"a\", \"b\", \"c\" and 2 more");
        assert_eq!(listed(["a"]), "\"a\"");
    }
}
