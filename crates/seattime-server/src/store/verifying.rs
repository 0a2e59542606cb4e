//! Whether what is kept of the report is what it is derived from: every row, its columns, its counts and its numbers.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::habits::Reporting;
use super::listing::{COLUMNS, SortKey, columns};
use super::standing::{Derived, Gathered, spent};
use super::{ReportLearner, ReportRow, RowKey, StoreError};

/// What one step came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VerifiedRows {
    /// Rows that are not what they are derived from, or of which something is noted.
    pub differing: Vec<Differing>,
    /// How many were looked at.
    pub seen: usize,
    /// Of them, how many wait to be derived: what they show is said to be no longer true.
    pub stale: usize,
    /// The last one that was looked at; none where there are no more.
    pub last: Option<RowKey>,
}

/// A row that is not what it is derived from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// Name of the tenant.
    pub tenant: String,
    /// Who learns.
    pub learner: ReportLearner,
    /// Name of the course.
    pub course: String,
    /// Name of the topic.
    pub topic: String,
    /// What differs: what is kept, and what it is derived as; empty where something is only noted.
    pub what: Vec<String>,
    /// What is remarkable and may be right: attempts that were made again after a restore keep their numbers, whatever
    /// the backup knew.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What is kept of a row beside its JSON.
#[derive(Debug, Default)]
pub(crate) struct KeptBeside {
    /// The columns, in the order of [`COLUMNS`]; none where there is no row.
    pub(crate) columns: Option<Vec<SortKey>>,
    /// How the sessions of each activity reported their time.
    pub(crate) reporting: BTreeMap<String, Reporting>,
}

/// What differs in a row, and what is noted of it; none where nothing is.
pub(crate) fn differing(
    tenant: &str,
    gathered: &Gathered,
    kept: &KeptBeside,
) -> Result<Option<Differing>, StoreError> {
    let Derived { row: derived, reporting } = gathered.derived(0)?;
    let mut what = Vec::new();
    let shown: Option<ReportRow> = gathered.before.as_deref().map(serde_json::from_str).transpose()?;
    match (&shown, &derived) {
        (None, None) => {}
        (None, Some(_)) => what.push("the row: kept none, derived one".to_owned()),
        (Some(_), None) => what.push("the row: kept one, derived none".to_owned()),
        (Some(shown), Some(derived)) => {
            // When it changed is remembered, and derived from nothing.
            let derived = ReportRow { changed_ms: shown.changed_ms, ..derived.clone() };
            what.extend(fields(shown, &derived)?);
            let kept = kept.columns.as_deref().unwrap_or_default();
            for ((name, kept), derived) in COLUMNS.iter().zip(kept).zip(columns(&derived)) {
                if *kept != derived {
                    what.push(format!("column {name}: kept {}, derived {}", kept.told(), derived.told()));
                }
            }
            what.extend(sums(shown));
        }
    }
    if kept.reporting != reporting {
        what.push(format!("how it reports: kept {:?}, derived {reporting:?}", kept.reporting));
    }
    let notes: Vec<String> = numbers(gathered).into_iter().collect();
    if what.is_empty() && notes.is_empty() {
        return Ok(None);
    }
    Ok(Some(Differing {
        tenant: tenant.to_owned(),
        learner: gathered.learner.clone(),
        course: gathered.course.clone(),
        topic: gathered.title().to_owned(),
        what,
        notes,
    }))
}

/// What a row says, field by field.
fn fields(shown: &ReportRow, derived: &ReportRow) -> Result<Vec<String>, StoreError> {
    let (Value::Object(shown), Value::Object(derived)) =
        (serde_json::to_value(shown)?, serde_json::to_value(derived)?)
    else {
        return Ok(Vec::new());
    };
    let mut names: Vec<&String> = shown.keys().chain(derived.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differs = names.into_iter().filter(|it| shown.get(*it) != derived.get(*it));
    let text = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    Ok(differs
        .map(|it| format!("{it}: kept {}, derived {}", text(shown.get(it)), text(derived.get(it))))
        .collect())
}

/// Whether a row's figures are those of the level that totals are joined from.
fn sums(row: &ReportRow) -> Option<String> {
    let Some(whole) = &row.whole else { return Some("what totals are joined from: kept none".to_owned()) };
    let totals = whole.totals();
    let of_row = (&row.time_spent, row.time_spent_ms, row.backfilled_ms, row.measured_ms, row.media_ms);
    let of_whole =
        (&totals.time_spent, totals.credited_ms, totals.backfilled_ms, totals.measured_ms, totals.media_ms);
    let is_told = row.time_spent == spent(row.time_spent_ms)
        && usize::try_from(row.attempts.saturating_sub(row.backfilled_attempts))
            .is_ok_and(|it| it == row.by_attempt.len());
    let is_same = of_row == of_whole && is_told;
    (!is_same).then(|| format!("the row's own figures: {of_row:?}, and their total: {of_whole:?}"))
}

/// Whether the attempts that count are numbered from 1 on, each once.
fn numbers(gathered: &Gathered) -> Option<String> {
    let numbers: Vec<u32> = gathered.attempts.iter().map(|it| it.number).filter(|it| *it > 0).collect();
    let is_right = numbers.iter().zip(1..).all(|(found, expected)| *found == expected);
    (!is_right).then(|| format!("numbers of attempts: kept {numbers:?}, expected 1 to {}", numbers.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Level;

    #[test]
    fn a_row_whose_figures_are_not_its_totals_is_found() {
        let text = r#"{"learner":{"id":"","name":""},"course":"","topic":"","status":"","score":null,"time_spent":"0h 0m 0s",
            "time_spent_ms":0,"provenance":"","measured_ms":0,"reported_ms":null,"flags":[],"attempts":0,"first_visit_ms":0,
            "last_visit_ms":0,"details":[]}"#;
        let row: ReportRow = serde_json::from_str(text).unwrap();
        assert!(sums(&row).unwrap().contains("joined from"));
        let right = ReportRow { whole: Some(Level::default()), ..row };
        assert_eq!(sums(&right), None);
        assert!(sums(&ReportRow { time_spent_ms: 1_000, ..right.clone() }).is_some());
        assert!(sums(&ReportRow { measured_ms: 1_000, ..right.clone() }).is_some());
        assert!(sums(&ReportRow { time_spent: "0h 0m 1s".to_owned(), ..right.clone() }).is_some());
        assert!(sums(&ReportRow { attempts: 1, ..right }).is_some());
    }
}
