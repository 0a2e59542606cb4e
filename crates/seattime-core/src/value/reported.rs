//! Session times as content writes them: any form that can only be read in one way.

use super::digits;

/// How long a session time is, in ms, if the text can only be read in one way.
///
/// Both versions' forms are read whichever API is spoken, with any number of digits: hours, minutes
/// and seconds with colons, or an interval with weeks and less. Years and months have no fixed length,
/// a lone number no unit: neither can be read. What is beyond 64 bits cannot either.
pub fn readable_ms(text: &str) -> Option<i64> {
    let text = text.as_bytes().trim_ascii();
    match text {
        [b'P' | b'p', body @ ..] => interval_ms(body),
        _ => clock_ms(text),
    }
}

/// `H:M:S`, with any number of digits.
fn clock_ms(text: &[u8]) -> Option<i64> {
    let (hours, text) = decimal(text, 3_600_000)?;
    let (minutes, text) = decimal(text.strip_prefix(b":")?, 60_000)?;
    let (seconds, rest) = decimal(text.strip_prefix(b":")?, 1_000)?;
    if hours.is_fraction || minutes.is_fraction || !rest.is_empty() {
        return None;
    }
    hours.ms.checked_add(minutes.ms)?.checked_add(seconds.ms)
}

/// What follows the `P` of an interval: weeks, days, hours, minutes and seconds, in this order.
fn interval_ms(body: &[u8]) -> Option<i64> {
    const UNITS: [(u8, i64); 5] =
        [(b'W', 604_800_000), (b'D', 86_400_000), (b'H', 3_600_000), (b'M', 60_000), (b'S', 1_000)];
    let (mut sum, mut rest, mut units, mut in_time) = (None, body, UNITS.iter(), false);
    while let [first, tail @ ..] = rest {
        if matches!(first, b'T' | b't') && !in_time {
            (rest, in_time) = (tail, true);
            continue;
        }
        let designator = rest.iter().find(|it| it.is_ascii_alphabetic())?.to_ascii_uppercase();
        let is_clock_unit = matches!(designator, b'H' | b'M' | b'S');
        let &(_, size) = units.find(|it| it.0 == designator).filter(|_| is_clock_unit == in_time)?;
        let (number, tail) = decimal(rest, size)?;
        sum = Some(number.ms.checked_add(sum.unwrap_or(0))?);
        rest = tail.split_first().filter(|it| it.0.is_ascii_alphabetic())?.1;
    }
    sum
}

struct Decimal {
    ms: i64,
    is_fraction: bool,
}

/// A number that may have a fraction, at the start of a text, times `size` and rounded down; digits
/// beyond the sixth after the point are dropped.
fn decimal(text: &[u8], size: i64) -> Option<(Decimal, &[u8])> {
    let (whole, rest) = text.split_at_checked(digits::leading(text))?;
    let ms = i64::try_from(digits::parse(whole)?).ok()?.checked_mul(size)?;
    let [b'.' | b',', after @ ..] = rest else { return Some((Decimal { ms, is_fraction: false }, rest)) };
    let (decimals, rest) = after.split_at_checked(digits::leading(after))?;
    let mut place = 1_000_000;
    let mut millionths = 0;
    for digit in decimals.iter().take(6) {
        place /= 10;
        millionths += i64::from(digit - b'0') * place;
    }
    let ms = ms.checked_add(millionths.checked_mul(size)? / 1_000_000)?;
    Some((Decimal { ms, is_fraction: true }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_time_is_read_if_it_can_only_mean_one_thing() {
        #[rustfmt::skip]
        let cases = [
            // text                  ms                     why it is here
            ("PT15M30S",             Some(930_000)),
            ("00:15:30",             Some(930_000)),
            ("0000:15:30.55",        Some(930_550)),
            ("0:15:30",              Some(930_000)),      // refused by 1.2: one digit of hours
            ("12345:00:00",          Some(44_442_000_000)), // refused by 1.2: five
            ("PT930.123456789S",     Some(930_123)),      // refused by 2004: nine digits
            ("pt15m30s",             Some(930_000)),
            ("P1DT1H",               Some(90_000_000)),
            ("P1W",                  Some(604_800_000)),
            ("PT0S",                 Some(0)),
            ("00:00:00",             Some(0)),
            (" 00:15:30 ",           Some(930_000)),
            ("PT1.5H",               Some(5_400_000)),
            ("P1M",                  None),               // a month: how many days?
            ("P1Y",                  None),
            ("930",                  None),               // of what?
            ("15:30",                None),               // minutes and seconds, or hours and minutes?
            ("",                     None),
            ("P",                    None),
            ("PT",                   None),
            ("NaN:NaN:NaN",          None),
            ("-00:15:30",            None),
            ("PT15M30",              None),
            ("PT1M1H",               None),
            ("15 minutes",           None),
            ("99999999999999999999:00:00", None),
        ];
        for (text, expected) in cases {
            assert_eq!(readable_ms(text), expected, "text: {text:?}");
        }
    }
}
