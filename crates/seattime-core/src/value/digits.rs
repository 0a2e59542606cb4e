//! Whole numbers as text, without the formatting code of the standard library: 7 KiB of the page's wasm.

/// Reads a whole number that consists of digits alone; `None` where it does not, or is beyond 64 bits.
pub fn parse(text: &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    (!text.is_empty()).then_some(number)
}

/// How many digits a text begins with.
pub fn leading(text: &[u8]) -> usize {
    text.iter().take_while(|it| it.is_ascii_digit()).count()
}

/// Appends a whole number, with zeros in front up to `width` digits.
pub fn push(to: &mut Vec<u8>, number: u64, width: usize) {
    let mut size = 1;
    let mut tens = 1_u64;
    while let Some(next) = tens.checked_mul(10).filter(|it| *it <= number) {
        (tens, size) = (next, size + 1);
    }
    to.extend(std::iter::repeat_n(b'0', width.saturating_sub(size)));
    while let Some(leading) = number.checked_div(tens) {
        to.push(b'0' + (leading % 10) as u8);
        tens /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_written() {
        #[rustfmt::skip]
        let cases = [
            ("0",                    Some(0)),
            ("007",                  Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("",                     None),
            ("+1",                   None),
            ("1 ",                   None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text.as_bytes()), expected, "text: {text:?}");
        }
        let mut text = Vec::new();
        for (number, width) in [(0, 1), (7, 2), (123, 2), (u64::MAX, 0)] {
            push(&mut text, number, width);
            text.push(b' ');
        }
        assert_eq!(text, b"0 07 123 18446744073709551615 ");
    }
}
