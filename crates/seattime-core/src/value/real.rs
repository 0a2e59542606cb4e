//! Decimal numbers, in ten-millionths: what real(10,7) can tell apart, without the code of floats.

use super::digits;

/// How many steps make one.
pub const ONE: i64 = 10_000_000;

/// A decimal number times 10⁷, digits beyond the seventh rounded half away from zero.
///
/// Accepts an optional sign, digits, an optional fraction and an optional exponent; a bare point or a blank is
/// nothing. What 64 bits cannot count stays at their end, so that it is out of any range. The books have no
/// exponent: see [`has_exponent`].
///
/// Spec: RTE, *real (10,7)*; SCORM 1.2 RTE, *CMIDecimal*.
pub fn parse(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let (mantissa, exponent) = match digits.iter().position(is_mark) {
        None => (digits, 0),
        Some(at) => (digits.get(..at)?, exponent(digits.get(at + 1..)?)?),
    };
    let whole = mantissa.iter().position(|it| *it == b'.');
    // Number of digits that count, from the first on; the next one rounds.
    let last = whole.unwrap_or(mantissa.len()) as i64 + exponent + 7;
    let (mut steps, mut at) = (0_i64, 0_i64);
    for (place, &byte) in mantissa.iter().enumerate() {
        if Some(place) == whole {
            continue;
        }
        let digit = digit_of(byte)?;
        if at < last {
            steps = steps.saturating_mul(10).saturating_add(digit);
        } else if at == last {
            steps = steps.saturating_add(i64::from(digit >= 5));
        }
        at += 1;
    }
    let is_number = at > 0;
    for _ in at..last {
        steps = steps.saturating_mul(10);
    }
    is_number.then_some(if is_negative { -steps } else { steps })
}

/// Returns true if a number is written with an exponent, which no book allows.
pub fn has_exponent(text: &str) -> bool {
    text.as_bytes().iter().any(is_mark)
}

fn is_mark(byte: &u8) -> bool {
    matches!(byte, b'e' | b'E')
}

/// An exponent of up to three digits, which is more than any number of JavaScript's has.
fn exponent(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        all => (1, all),
    };
    if digits.len() > 3 {
        return None;
    }
    digits::parse(digits).map(|it| sign * it as i64)
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
            ("1e3",                    Some(10_000_000_000)),
            ("1e-7",                   Some(1)),
            ("5.551115123125783e-17",  Some(0)),              // what JavaScript makes of 0.1 + 0.2 - 0.3
            ("-2.5E+1",                Some(-250_000_000)),
            ("0.04e-6",                Some(0)),
            ("0.05e-6",                Some(1)),
            (".5e1",                   Some(50_000_000)),
            ("1e+21",                  Some(i64::MAX)),
            ("1e999",                  Some(i64::MAX)),
            ("0e999",                  Some(0)),
            ("1e-999",                 Some(0)),
            ("1e9999",                 None),
            ("e5",                     None),
            (".e5",                    None),
            ("1e",                     None),
            ("1e1.5",                  None),
            ("1e 5",                   None),
            (" 1",                     None),
            ("NaN",                    None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "text: {text:?}");
        }
    }
}
