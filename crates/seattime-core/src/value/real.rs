//! Decimal numbers, in ten-millionths: what real(10,7) can tell apart, without the code of floats.

/// How many steps make one.
pub const ONE: i64 = 10_000_000;

/// A decimal number times 10⁷, digits beyond the seventh rounded half away from zero.
///
/// Accepts an optional sign, digits, and an optional fraction; a bare point, an exponent or a blank is
/// nothing. What 64 bits cannot count stays at their end, so that it is out of any range.
///
/// Spec: RTE, *real (10,7)*; SCORM 1.2 RTE, *CMIDecimal*.
pub fn parse(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut steps = 0_i64;
    for digit in whole.bytes() {
        steps = steps.saturating_mul(10).saturating_add(digit_of(digit)?);
    }
    let mut fraction = fraction.bytes();
    for _ in 0..7 {
        let digit = fraction.next().map_or(Some(0), digit_of)?;
        steps = steps.saturating_mul(10).saturating_add(digit);
    }
    if fraction.next().map_or(Some(0), digit_of)? >= 5 {
        steps = steps.saturating_add(1);
    }
    for digit in fraction {
        digit_of(digit)?;
    }
    Some(if is_negative { -steps } else { steps })
}

fn digit_of(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec: RTE, *real (10,7)*.
    #[test]
    fn parse_accepts_decimal_numbers_and_nothing_else() {
        #[rustfmt::skip]
        let cases = [
            // text                    times 10⁷                 why it is here
            ("0",                      Some(0)),
            ("0.85",                   Some(8_500_000)),
            ("-1",                     Some(-ONE)),
            ("+1.0",                   Some(ONE)),
            (".5",                     Some(5_000_000)),
            ("5.",                     Some(50_000_000)),
            ("1.000099999887765544",   Some(10_001_000)),     // rounded to seven places, and above 1
            ("0.00000004",             Some(0)),
            ("0.00000005",             Some(1)),
            ("99999999999999999999",   Some(i64::MAX)),       // out of any range
            ("",                       None),
            ("-",                      None),
            (".",                      None),
            ("34,000.00",              None),
            ("3.1456200.045",          None),
            ("4000.003a",              None),
            ("0.12345678x",            None),
            ("1e3",                    None),
            (" 1",                     None),
            ("NaN",                    None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "text: {text:?}");
        }
    }
}
