//! Every type of value: nothing panics, what is parsed and printed parses to the same, and nothing that the
//! strict form takes is refused by the tolerant one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seattime_core::value::identifier::{Blanks, is_identifier};
use seattime_core::value::moment::{Zones, is_time_12, is_time_2004};
use seattime_core::value::{InteractionKind, digits, language, localized, readable_ms, real};
use seattime_core::{Quirks, Timespan, Version};

const KINDS: [&str; 10] = [
    "true-false", "choice", "fill-in", "long-fill-in", "matching", "performance", "sequencing", "likert", "numeric", "other",
];

fuzz_target!(|text: &str| {
    if let Ok(span) = Timespan::parse_2004(text) {
        assert_eq!(Timespan::parse_2004(&span.print_2004()), Ok(span));
        // Years and months have no one length, so what names them is not read.
        assert!(readable_ms(text).is_none_or(|it| span.months() == 0 && it / 10 == span.hundredths() as i64));
    }
    if let Ok(span) = Timespan::parse_12(text) {
        assert_eq!(Timespan::parse_12(&span.print_12()), Ok(span));
        assert_eq!(readable_ms(text).map(|it| it / 10), Some(span.hundredths() as i64));
    }
    assert!(readable_ms(text).is_none_or(|it| it >= 0));
    if let Some(number) = digits::parse(text.as_bytes()) {
        let mut printed = Vec::new();
        digits::push(&mut printed, number, text.len());
        assert_eq!(printed, text.as_bytes());
    }
    // Seven decimals printed are the number again.
    if let Some(number) = real::parse(text).filter(|it| it.unsigned_abs() < 1 << 60) {
        let magnitude = number.unsigned_abs();
        let sign = if number < 0 { "-" } else { "" };
        let printed = format!("{sign}{}.{:07}", magnitude / 10_000_000, magnitude % 10_000_000);
        assert_eq!(real::parse(&printed), Some(number), "{printed}");
    }
    if is_identifier(text, Blanks::Refused) {
        assert!(is_identifier(text, Blanks::Kept));
    }
    if is_time_2004(text, Zones::AfterFraction) {
        assert!(is_time_2004(text, Zones::Anywhere));
    }
    if is_time_12(text) {
        assert!(text.len() >= 8);
    }
    if language::is_tag(text) {
        assert_eq!(localized::text(&format!("{{lang={text}}}x")), Some("x"));
    }
    for kind in KINDS.into_iter().filter_map(InteractionKind::named) {
        if kind.is_response(text, Blanks::Refused) {
            assert!(kind.is_response(text, Blanks::Kept));
        }
        if kind.is_pattern(text, Blanks::Refused) {
            assert!(kind.is_pattern(text, Blanks::Kept));
        }
        assert!(!kind.is_same_pattern(text, text) || matches!(kind, InteractionKind::Choice | InteractionKind::Sequencing));
    }
    let units = text.encode_utf16().count() as u32;
    for version in [Version::V12, Version::V2004] {
        for row in version.elements() {
            let strict = row.space.check(text, units, Quirks::NONE);
            assert!(strict.is_err() || row.space.check(text, units, Quirks::ALL).is_ok(), "{}", row.name);
        }
        let _ = version.look_up(text);
    }
});
