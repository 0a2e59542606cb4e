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
    let (is_negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let mut steps = 0_i64;
    let mut places: Option<u8> = None;
    let mut is_number = false;
    for &byte in digits {
        if byte == b'.' && places.is_none() {
            places = Some(0);
            continue;
        }
        let digit = digit_of(byte)?;
        is_number = true;
        match &mut places {
            Some(7) => (steps, places) = (steps.saturating_add(i64::from(digit >= 5)), Some(8)),
            Some(8..) => {}
            before_or_after => {
                steps = steps.saturating_mul(10).saturating_add(digit);
                if let Some(places) = before_or_after {
                    *places += 1;
                }
            }
        }
    }
    for _ in places.unwrap_or(0)..7 {
        steps = steps.saturating_mul(10);
    }
    is_number.then_some(if is_negative { -steps } else { steps })
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
