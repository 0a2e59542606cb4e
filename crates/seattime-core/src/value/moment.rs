//! Points in time: of a day in SCORM 1.2, of the calendar in SCORM 2004.

use super::digits;

/// Whether a text is a time of day, `HH:MM:SS` with one or two decimals at most.
///
/// Spec: SCORM 1.2 RTE, *CMITime*.
pub fn is_time_12(text: &str) -> bool {
    let Some(rest) = clock(text.as_bytes()) else { return false };
    rest.is_empty() || fraction(rest, 2) == Some(&[])
}

/// How much of the time zone may be written where the book does not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zones {
    /// Only behind a fraction of a second, of one or two digits.
    AfterFraction,
    /// Behind any time of day; fractions may have up to nine digits.
    Anywhere,
}

/// Whether a text is a date and time from 1970 to 2038, `YYYY-MM-DDThh:mm:ss.ss` with a time zone; every
/// part but the year may be left out from the end.
///
/// Spec: RTE, *time (second,10,0)*.
pub fn is_time_2004(text: &str, zones: Zones) -> bool {
    date_and_time(text.as_bytes(), zones).is_some()
}

fn date_and_time(text: &[u8], zones: Zones) -> Option<()> {
    let (year, rest) = number(text, 4, 1970..=2038)?;
    let Some(rest) = after(b"-", rest)? else { return Some(()) };
    let (month, rest) = number(rest, 2, 1..=12)?;
    let Some(rest) = after(b"-", rest)? else { return Some(()) };
    let (_, rest) = number(rest, 2, 1..=days(year, month))?;
    let Some(rest) = after(b"T", rest)? else { return Some(()) };
    let is_anywhere = zones == Zones::Anywhere;
    let (_, mut rest) = number(rest, 2, 0..=23)?;
    for _ in 0..2 {
        if is_anywhere && zone(rest) {
            return Some(());
        }
        let Some(next) = after(b":", rest)? else { return Some(()) };
        rest = number(next, 2, 0..=59)?.1;
    }
    if !rest.starts_with(b".") {
        return (rest.is_empty() || (is_anywhere && zone(rest))).then_some(());
    }
    let rest = fraction(rest, if is_anywhere { 9 } else { 2 })?;
    (rest.is_empty() || zone(rest)).then_some(())
}

/// What follows a mark; nothing where the text ends before it.
fn after<'a>(mark: &[u8], rest: &'a [u8]) -> Option<Option<&'a [u8]>> {
    if rest.is_empty() { Some(None) } else { rest.strip_prefix(mark).map(Some) }
}

/// A number of exactly this many digits, within a range.
fn number(text: &[u8], width: usize, range: std::ops::RangeInclusive<u64>) -> Option<(u64, &[u8])> {
    let (written, rest) = text.split_at_checked(width)?;
    let number = digits::parse(written)?;
    range.contains(&number).then_some((number, rest))
}

/// What follows `HH:MM:SS`.
fn clock(text: &[u8]) -> Option<&[u8]> {
    let (_, rest) = number(text, 2, 0..=23)?;
    let (_, rest) = number(rest.strip_prefix(b":")?, 2, 0..=59)?;
    Some(number(rest.strip_prefix(b":")?, 2, 0..=59)?.1)
}

/// What follows a point and one digit or more, up to `most`.
fn fraction(text: &[u8], most: usize) -> Option<&[u8]> {
    let rest = text.strip_prefix(b".")?;
    let width = digits::leading(rest);
    (1..=most).contains(&width).then(|| rest.get(width..)).flatten()
}

/// Whether this is `Z`, or a difference of hours, or of hours and minutes.
fn zone(text: &[u8]) -> bool {
    let hours = match text {
        b"Z" => return true,
        [b'+' | b'-', hours @ ..] => hours,
        _ => return false,
    };
    let minutes = number(hours, 2, 0..=23).and_then(|(_, rest)| after(b":", rest));
    minutes.is_some_and(|it| it.is_none_or(|it| matches!(number(it, 2, 0..=59), Some((_, [])))))
}

fn days(year: u64, month: u64) -> u64 {
    match month {
        // 2000 is a leap year, and no other century lies between 1970 and 2038.
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec: RTE, *time (second,10,0)*.
    #[test]
    fn a_date_and_time_is_as_the_book_writes_it() {
        #[rustfmt::skip]
        let legal = [
            "1970", "2038", "2004-01", "2004-12", "2004-03-01", "2004-03-31", "2004-02-29",
            "2004-03-31T00", "2004-03-31T23", "2004-03-31T14:00", "2004-03-31T14:59",
            "2004-03-31T14:59:00", "2004-03-31T14:59:59", "2004-03-31T14:59:58.2", "2004-03-31T14:59:58.55",
            "2004-03-31T14:59:58.55Z", "2004-03-31T14:59:58.55+02", "2004-03-31T14:59:58.55-03:00",
            "2004-03-31T14:59:58.55+23", "2004-03-31T14:59:58.5+05:59",
        ];
        #[rustfmt::skip]
        let illegal = [
            "", "4", "04", "004", "22004", "1400", "1969", "2039", "2004-", "2004-4", "2004-004", "2004-00",
            "2004-13", "2004-04-", "2004-04-1", "2004-04-001", "2004-03-00", "2004-03-32", "2005-02-29", "2004-04-31",
            "2004-03-31T", "2004-03-31T9", "2004-03-31T015", "2004-03-31T24", "2004-03-31T09:", "2004-03-31T09:4",
            "2004-03-31T14:60", "2004-03-31T14:59:", "2004-03-31T14:59:8", "2004-03-31T14:59:60",
            "2004-03-31T14:59:58.", "2004-03-31T14:59:58.025", "2004-03-31T14:59:58.55+2", "2004-03-31T14:59:58.55+020",
            "2004-03-31T14:59:58.55+", "2004-03-31T14:59:58.55+02:3", "2004-03-31T14:59:58.55+02:030",
            "2004-03-31T14:59:58.55+02:", "2004-03-31T14:59:58.55+02:30.20", "2004-03-31T14:59:58.55Z+02:30",
            "2004-03-31T14:59:58.55+24", "2004-03-31T14:59:58.55+05:60",
        ];
        // The book has no zone without a fraction, and no third digit; content writes both.
        #[rustfmt::skip]
        let tolerated = [
            "2004-03-31T15Z", "2004-03-31T15+03", "2004-03-31T09:45Z", "2004-03-31T09:45+03:30",
            "2004-03-31T09:45:58Z", "2004-03-31T09:45:58+02", "2026-01-02T03:04:05.123Z",
        ];
        for text in legal {
            assert!(
                is_time_2004(text, Zones::AfterFraction) && is_time_2004(text, Zones::Anywhere),
                "{text:?}"
            );
        }
        for text in tolerated {
            assert!(
                !is_time_2004(text, Zones::AfterFraction) && is_time_2004(text, Zones::Anywhere),
                "{text:?}"
            );
        }
        for text in illegal.iter().filter(|it| !it.ends_with(".025")) {
            assert!(
                !is_time_2004(text, Zones::AfterFraction) && !is_time_2004(text, Zones::Anywhere),
                "{text:?}"
            );
        }
        assert!(!is_time_2004("2004-03-31T14:59:58.025", Zones::AfterFraction));
    }

    /// Spec: SCORM 1.2 RTE, *CMITime*.
    #[test]
    fn a_time_of_day_is_as_the_book_writes_it() {
        for legal in ["23:03:33.4", "00:00:00", "00:00:00.5", "00:10:35.55"] {
            assert!(is_time_12(legal), "{legal:?}");
        }
        for illegal in [
            "",
            "99:03:33.4",
            "24:00:00",
            "12:99:33.4",
            "12:99:3 seconds",
            "9812:99:33.4",
            "1:00:00",
            "00:00:00.",
            "00:00:00.123",
        ] {
            assert!(!is_time_12(illegal), "{illegal:?}");
        }
    }
}
