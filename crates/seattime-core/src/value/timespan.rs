//! Lengths of time, as either version of SCORM writes them.

use super::digits;

/// A length of time: whole months, and hundredths of a second.
///
/// The two are kept apart because a month has no fixed length in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timespan {
    months: u64,
    hundredths: u64,
}

/// Why a text is not a [`Timespan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimespanError {
    /// What stands at this byte is not what a time interval has there.
    Malformed {
        /// Offset from the start of the text, in bytes.
        at: usize,
    },
    /// It is longer than 64 bits can count.
    TooLong,
}

use TimespanError::{Malformed, TooLong};

const SECOND: u64 = 100;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Timespan {
    /// A length of time of whole months and hundredths of a second.
    pub const fn new(months: u64, hundredths: u64) -> Timespan {
        Timespan { months, hundredths }
    }

    /// Its whole months.
    pub const fn months(self) -> u64 {
        self.months
    }

    /// What it has beside its months, in hundredths of a second.
    pub const fn hundredths(self) -> u64 {
        self.hundredths
    }

    /// Both lengths together; a sum beyond 64 bits stays at the most that they count.
    #[must_use]
    pub const fn plus(self, other: Timespan) -> Timespan {
        Timespan {
            months: self.months.saturating_add(other.months),
            hundredths: self.hundredths.saturating_add(other.hundredths),
        }
    }

    /// Parses a SCORM 2004 time interval, such as `P1DT2H30M4.25S`.
    ///
    /// Accepts the value space of `timeinterval (second,10,2)` and nothing else: designators in
    /// order and in upper case, whole numbers everywhere but in the seconds, one or two digits after
    /// the point. A year becomes 12 months and a day 24 hours; no month ever becomes days.
    ///
    /// Spec: RTE, *timeinterval (second,10,2)*.
    ///
    /// # Errors
    ///
    /// [`TimespanError`] says what is wrong, and at which byte. The run-time answers all of them
    /// to content with error 406, *Data Model Element Type Mismatch*.
    ///
    /// # Examples
    ///
    /// ```
    /// use seattime_core::Timespan;
    ///
    /// let spent = Timespan::parse_2004("PT1H30M4.25S")?;
    /// assert_eq!(spent.hundredths(), 540_425);
    ///
    /// assert!(Timespan::parse_2004("01:30:04.25").is_err()); // The form of SCORM 1.2.
    /// # Ok::<(), seattime_core::TimespanError>(())
    /// ```
    pub fn parse_2004(text: &str) -> Result<Timespan, TimespanError> {
        let [b'P', rest @ ..] = text.as_bytes() else { return Err(Malformed { at: 0 }) };
        let (mut rest, mut units, mut sum) = (rest, DATE_UNITS.iter(), None);
        let mut in_time = false;
        loop {
            let at = text.len() - rest.len();
            match rest {
                [] => return sum.ok_or(Malformed { at }),
                // A `T` that nothing follows is malformed where the first part should stand.
                [b'T'] => return Err(Malformed { at: at + 1 }),
                [b'T', time @ ..] if !in_time => (rest, units, in_time) = (time, TIME_UNITS.iter(), true),
                _ => {
                    let (part, tail) = Part::parse(rest, &mut units).ok_or(Malformed { at })?;
                    let amount = part.whole.and_then(|it| it.checked_mul(part.size)).ok_or(TooLong)?;
                    let (months, hundredths) = if part.is_months { (amount, 0) } else { (0, amount) };
                    let before = sum.unwrap_or_default();
                    sum = Some(checked_sum(before, months, hundredths, part.fraction).ok_or(TooLong)?);
                    rest = tail;
                }
            }
        }
    }

    /// Parses a SCORM 1.2 time span, such as `0001:30:04.25`.
    ///
    /// Two to four digits of hours, two of minutes (up to 99) and two of seconds (up to 99), then at
    /// most two digits after a point.
    ///
    /// Spec: SCORM 1.2 RTE, *CMITimespan*.
    ///
    /// # Errors
    ///
    /// [`TimespanError::Malformed`]; the run-time answers it with error 405, *Incorrect Data Type*.
    pub fn parse_12(text: &str) -> Result<Timespan, TimespanError> {
        let bytes = text.as_bytes();
        let mut at = 0;
        let mut field = |fewest: usize, most: usize, ends_with: &[u8]| {
            let rest = bytes.get(at..).unwrap_or_default();
            let (number, tail) = rest.split_at_checked(digits::leading(rest)).unwrap_or_default();
            let is_ended = tail.first().map_or(ends_with.is_empty(), |it| ends_with.contains(it));
            let fits =
                (fewest..=most).contains(&number.len()) && (is_ended || tail.is_empty() && ends_with == b".");
            let value = digits::parse(number).filter(|_| fits).ok_or(Malformed { at })?;
            at += number.len() + 1;
            Ok((value, number.len(), tail.is_empty()))
        };
        let (hours, _, _) = field(2, 4, b":")?;
        let (minutes, _, _) = field(2, 2, b":")?;
        let (seconds, _, is_whole) = field(2, 2, b".")?;
        let hundredths = match is_whole {
            true => 0,
            false => {
                let (fraction, digits, _) = field(1, 2, b"")?;
                fraction * if digits == 1 { 10 } else { 1 }
            }
        };
        Ok(Timespan::new(0, hours * HOUR + minutes * MINUTE + seconds * SECOND + hundredths))
    }

    /// Writes it as SCORM 2004 does: hours, minutes and seconds, and months where there are any.
    pub fn print_2004(self) -> String {
        let (hours, minutes, seconds, hundredths) = self.clock();
        let mut text = vec![b'P'];
        if self.months > 0 {
            digits::push(&mut text, self.months, 1);
            text.push(b'M');
        }
        text.push(b'T');
        let mut part = |number, width, unit| {
            digits::push(&mut text, number, width);
            text.push(unit);
        };
        part(hours, 1, b'H');
        part(minutes, 1, b'M');
        if hundredths > 0 {
            part(seconds, 1, b'.');
            part(hundredths, 2, b'S');
        } else {
            part(seconds, 1, b'S');
        }
        ascii(text)
    }

    /// Writes it as SCORM 1.2 does, `HH:MM:SS.SS` with two to four digits of hours; what is longer
    /// stays at `9999:59:59.99`. Months, which 1.2 does not have, are left out.
    pub fn print_12(self) -> String {
        let (hours, minutes, seconds, hundredths) = self.clock();
        if hours > 9_999 {
            return String::from("9999:59:59.99");
        }
        let mut text = Vec::new();
        for (number, unit) in [(hours, b':'), (minutes, b':'), (seconds, b'.'), (hundredths, b' ')] {
            digits::push(&mut text, number, 2);
            text.push(unit);
        }
        text.pop();
        ascii(text)
    }

    /// Hours, minutes, seconds and hundredths.
    const fn clock(self) -> (u64, u64, u64, u64) {
        let it = self.hundredths;
        (it / HOUR, it / MINUTE % 60, it / SECOND % 60, it % SECOND)
    }
}

fn checked_sum(sum: Timespan, months: u64, hundredths: u64, fraction: u64) -> Option<Timespan> {
    Some(Timespan {
        months: sum.months.checked_add(months)?,
        hundredths: sum.hundredths.checked_add(hundredths)?.checked_add(fraction)?,
    })
}

/// A text of bytes that were written here, all of them ASCII.
fn ascii(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

/// Designator, whether it counts months, and its size in months or hundredths of a second.
type Unit = (u8, bool, u64);
const DATE_UNITS: [Unit; 3] = [(b'Y', true, 12), (b'M', true, 1), (b'D', false, DAY)];
const TIME_UNITS: [Unit; 3] = [(b'H', false, HOUR), (b'M', false, MINUTE), (b'S', false, SECOND)];

/// A number with its designator.
struct Part {
    /// `None` where 64 bits cannot count it.
    whole: Option<u64>,
    /// What stands after the point, in hundredths; only seconds have it.
    fraction: u64,
    is_months: bool,
    size: u64,
}

impl Part {
    /// Reads a part at the start of a text, and takes its unit and all before it from those left.
    fn parse<'a>(text: &'a [u8], units: &mut std::slice::Iter<'_, Unit>) -> Option<(Part, &'a [u8])> {
        let (whole, mut rest) = text.split_at_checked(digits::leading(text)).filter(|it| !it.0.is_empty())?;
        let mut fraction = None;
        if let [b'.', after @ ..] = rest {
            let (decimals, tail) = after.split_at_checked(digits::leading(after))?;
            let scale = match decimals.len() {
                1 => 10,
                2 => 1,
                _ => return None,
            };
            (fraction, rest) = (Some(digits::parse(decimals)? * scale), tail);
        }
        let (designator, tail) = rest.split_first()?;
        let &(_, is_months, size) = units.find(|it| it.0 == *designator)?;
        if fraction.is_some() && *designator != b'S' {
            return None;
        }
        Some((Part { whole: digits::parse(whole), fraction: fraction.unwrap_or(0), is_months, size }, tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec: RTE, *timeinterval (second,10,2)*.
    #[test]
    fn parse_2004_accepts_the_value_space_and_nothing_else() {
        #[rustfmt::skip]
        let cases = [
            // text                        (months, hundredths)      why it is here
            ("PT0H0M0S",                   Ok((0, 0))),            // the initial value of cmi.total_time
            ("P1DT2H30M4.25S",             Ok((0, 9_540_425))),
            ("P1Y6M14DT4H15M6.34S",        Ok((18, 122_490_634))), // every part
            ("P0Y029DT0H",                 Ok((0, 250_560_000))),  // leading zeros, parts left out
            ("PT01H059M020S",              Ok((0, 716_000))),
            ("PT1.5S",                     Ok((0, 150))),          // one digit is tenths
            ("PT90M",                      Ok((0, 540_000))),      // no carry is asked for
            ("P1M",                        Ok((1, 0))),            // before T: a month
            ("PT1M",                       Ok((0, 6_000))),        // after T: a minute
            ("",                           Err(Malformed { at: 0 })),
            ("P",                          Err(Malformed { at: 1 })),
            ("PT",                         Err(Malformed { at: 2 })),
            ("P1DT",                       Err(Malformed { at: 4 })),
            ("P1Y6M14DT",                  Err(Malformed { at: 9 })),
            ("1Y6M14DT4H15M6.34S",         Err(Malformed { at: 0 })), // no P
            ("P1Y6M14D4H15M6.34S",         Err(Malformed { at: 8 })), // no T
            ("PT1M2H",                     Err(Malformed { at: 4 })), // out of order
            ("PT1H1H",                     Err(Malformed { at: 4 })), // twice
            ("PT1.255S",                   Err(Malformed { at: 2 })), // three digits
            ("PT1.S",                      Err(Malformed { at: 2 })),
            ("PT1.5H",                     Err(Malformed { at: 2 })), // only seconds have a fraction
            ("P1W",                        Err(Malformed { at: 1 })), // ISO 8601 has weeks, SCORM has not
            ("pt1s",                       Err(Malformed { at: 0 })),
            ("PT-1S",                      Err(Malformed { at: 2 })),
            ("PT1STT",                     Err(Malformed { at: 4 })),
            ("PT1S ",                      Err(Malformed { at: 4 })),
            ("01:30:04.25",                Err(Malformed { at: 0 })), // the form of SCORM 1.2
            ("P99999999999999999999Y",     Err(TooLong)),
            ("PT9999999999999999999H",     Err(TooLong)),
        ];
        for (text, expected) in cases {
            let actual = Timespan::parse_2004(text).map(|it| (it.months(), it.hundredths()));
            assert_eq!(actual, expected, "text: {text:?}");
        }
    }

    /// Spec: SCORM 1.2 RTE, *CMITimespan*; the texts are those of ADL's conformance course.
    #[test]
    fn parse_12_accepts_the_value_space_and_nothing_else() {
        #[rustfmt::skip]
        let cases = [
            // text                     hundredths
            ("0000:03:45.5",            Some(22_550)),
            ("1121:03:40",              Some(403_582_000)),
            ("0000:00:00",              Some(0)),
            ("30:30:40",                Some(10_984_000)),
            ("30:99:40",                Some(11_398_000)), // minutes up to 99
            ("00:00:00.05",             Some(5)),
            ("3 hours",                 None),
            ("33330:30:40",             None),
            ("3330:330:40",             None),
            ("3330:30:40 seconds",      None),
            ("3330:30:1.34",            None),
            ("3330:30:1.344545",        None),
            ("00:00:00.",               None),
            ("1:00:00",                 None),
            ("00:00",                   None),
            ("",                        None),
            ("+1:00:00",                None),
        ];
        for (text, expected) in cases {
            let actual = Timespan::parse_12(text).ok().map(Timespan::hundredths);
            assert_eq!(actual, expected, "text: {text:?}");
        }
    }

    #[test]
    fn what_is_printed_parses_back() {
        for hundredths in [0, 5, 99, 6_000, 359_999, 1_089_952, 3_599_999_999] {
            let span = Timespan::new(0, hundredths);
            assert_eq!(Timespan::parse_2004(&span.print_2004()), Ok(span));
            assert_eq!(Timespan::parse_12(&span.print_12()), Ok(span));
        }
        assert_eq!(Timespan::new(14, 50).print_2004(), "P14MT0H0M0.50S");
        assert_eq!(Timespan::new(0, 1_089_952).print_12(), "03:01:39.52");
        assert_eq!(Timespan::new(0, u64::MAX).print_12(), "9999:59:59.99");
    }
}
