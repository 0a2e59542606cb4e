//! Session times as content writes them: any form that can only be read in one way.

/// How long a session time is, in ms, if the text can only be read in one way.
///
/// Both versions' forms are read whichever API is spoken, with any number of digits: hours, minutes
/// and seconds with colons, or an interval with days and less. Years and months have no fixed length,
/// a lone number no unit: neither can be read. What is beyond 64 bits cannot either.
pub fn readable_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix(['P', 'p']) {
        Some(body) => interval_ms(body),
        None => clock_ms(text),
    }
}

/// `H:M:S`, with any number of digits.
fn clock_ms(text: &str) -> Option<i64> {
    let mut fields = text.split(':');
    let (hours, minutes, seconds) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() {
        return None;
    }
    whole(hours, 3_600_000)?.checked_add(whole(minutes, 60_000)?)?.checked_add(decimal(seconds, 1_000)?)
}

/// What follows the `P` of an interval: weeks, days, hours, minutes and seconds, in this order.
fn interval_ms(body: &str) -> Option<i64> {
    const UNITS: [(u8, i64); 5] =
        [(b'W', 604_800_000), (b'D', 86_400_000), (b'H', 3_600_000), (b'M', 60_000), (b'S', 1_000)];
    let (mut sum, mut rest, mut units, mut in_time) = (None, body, UNITS.iter(), false);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix(['T', 't']).filter(|_| !in_time) {
            (rest, in_time) = (time, true);
            continue;
        }
        let digits = rest.find(|it: char| !it.is_ascii_digit() && it != '.' && it != ',')?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let designator = tail.as_bytes().first()?.to_ascii_uppercase();
        let is_clock_unit = matches!(designator, b'H' | b'M' | b'S');
        let &(_, size) = units.find(|it| it.0 == designator).filter(|_| is_clock_unit == in_time)?;
        sum = Some(decimal(number, size)?.checked_add(sum.unwrap_or(0))?);
        rest = tail.get(1..)?;
    }
    sum
}

fn whole(text: &str, size: i64) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    text.parse::<i64>().ok()?.checked_mul(size)
}

/// A number that may have a fraction, times `size`, rounded down; digits beyond the sixth are dropped.
fn decimal(text: &str, size: i64) -> Option<i64> {
    let (units, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let mut sum = whole(units, size)?;
    if !fraction.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let mut place = 1_000_000;
    let mut millionths = 0;
    for digit in fraction.bytes().take(6) {
        place /= 10;
        millionths += i64::from(digit - b'0') * place;
    }
    sum = sum.checked_add(millionths.checked_mul(size)? / 1_000_000)?;
    Some(sum)
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
