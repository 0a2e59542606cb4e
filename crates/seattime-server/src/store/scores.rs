//! Scores of activities, attempts and rows, as the report writes them.

use seattime_core::attempt::Outcome;

/// The greatest of scores that are numbers.
pub(super) fn best(scores: &[String]) -> Option<String> {
    let numbers = scores.iter().filter_map(|it| Some((it.trim().parse::<f64>().ok()?, it)));
    numbers.max_by(|one, other| one.0.total_cmp(&other.0)).map(|it| it.1.clone())
}

/// The score of an activity, if it has one.
pub(super) fn score(outcome: &Outcome<'_>) -> Option<String> {
    match (outcome.score_raw, outcome.score_scaled.and_then(|it| it.parse::<f64>().ok())) {
        (Some(raw), _) => Some(raw.to_owned()),
        (None, scaled) => scaled.map(|it| short(it * 100.0)),
    }
}

/// The score of the activity that has one; of several, their mean.
pub(super) fn mean(scores: &[String]) -> Option<String> {
    match scores {
        [] => None,
        [one] => Some(one.clone()),
        several => {
            let numbers: Vec<f64> = several.iter().filter_map(|it| it.parse().ok()).collect();
            Some(short(numbers.iter().sum::<f64>() / numbers.len().max(1) as f64))
        }
    }
}

/// A number with at most two digits after the point.
fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_written_for_people() {
        let of = |score_raw, score_scaled| Outcome { status: "passed", score_raw, score_scaled };
        let all = |outcomes: &[Outcome<'_>]| mean(&outcomes.iter().filter_map(score).collect::<Vec<_>>());
        assert_eq!(all(&[of(None, None)]), None);
        assert_eq!(all(&[of(Some("80"), Some("0.8"))]).as_deref(), Some("80"));
        assert_eq!(all(&[of(None, Some("0.855"))]).as_deref(), Some("85.5"));
        assert_eq!(
            all(&[of(Some("80"), None), of(None, None), of(Some("91"), None)]).as_deref(),
            Some("85.5")
        );
        let scores = ["9", "100", "soon", "20.5"].map(str::to_owned);
        assert_eq!(best(&scores).as_deref(), Some("100"), "as numbers, not as texts");
        assert_eq!(best(&scores[2..3]), None);
    }
}
