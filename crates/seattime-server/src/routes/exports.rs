//! The report as a file: every row of what it is narrowed to, page by page, as of one moment.

use std::borrow::Cow;
use std::collections::HashSet;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

use super::cells::{cell, number};
use super::reports::{Asking, Days, Format, Narrowed};
use super::sent::Asked;
use crate::access::Caller;
use crate::app::App;
use crate::error::Problem;
use crate::secret::digest;
use crate::store::listing::MOST_ROWS;
use crate::store::{Order, ReportOf, ReportRow, Sort};
use crate::zone::Zone;

/// What changed so long before the export, in ms, may have been derived while it was made.
const OVERLAP_MS: i64 = 600_000;

/// The report as a file: `GET /api/v1/report/export?format=csv|json`, narrowed and in order as the report, all rows of
/// it. Rows that change while it is made come once: those that moved, at its end.
///
/// # Errors
///
/// 400 `bad_query`; 401 `key_invalid`, `token_expired`. If something fails on the way, the answer breaks off.
pub(crate) async fn get_export(
    State(app): State<App>,
    caller: Caller,
    Asked(narrowed): Asked<Narrowed>,
) -> Result<Response, Problem> {
    let format = narrowed.format.ok_or_else(|| {
        let detail = "format is missing; expected csv or json";
        Problem::new(StatusCode::BAD_REQUEST, "bad_query", detail)
    })?;
    let mut asking = Asking::of(&app, narrowed, caller).await?;
    (asking.of.limit, asking.of.after) = (MOST_ROWS, None);
    let (kind, ending) = match format {
        Format::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        Format::Json => ("application/json", "json"),
    };
    let as_of = Zone::default().moment(asking.now_ms);
    let name = as_of.replace(':', "-").replace("+00-00", "Z");
    let mut export =
        Export { app, asking, format, listed: HashSet::new(), state: Stage::Listing, is_first: true };
    // What cannot be asked is said before anything is sent.
    let first = export.next().await?;
    let pages = stream::try_unfold((Some(first), export), async |(first, mut export)| {
        let bytes = match first {
            Some(first) => first,
            None => export.next().await?,
        };
        Ok::<_, Broken>(bytes.map(|it| (it, (None, export))))
    });
    let mut response = Body::from_stream(pages).into_response();
    let disposition = format!("attachment; filename=\"learning-report-{name}.{ending}\"");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// Why an export broke off: whoever reads it finds it cut, and never takes it for whole.
#[derive(Debug, thiserror::Error)]
#[error("the export broke off: {0}")]
struct Broken(String);

impl From<Problem> for Broken {
    fn from(problem: Problem) -> Broken {
        tracing::error!(code = problem.code(), "An export broke off");
        Broken(problem.code().to_owned())
    }
}

/// How far an export has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It lists what the report is narrowed to.
    Listing,
    /// It lists what changed meanwhile, as far as it was not listed.
    Moved,
    /// It is whole.
    Done,
}

struct Export {
    app: App,
    asking: Asking,
    format: Format,
    /// Which rows were listed, by their hashes: none comes twice, and none that moved is left out.
    listed: HashSet<[u8; 32]>,
    state: Stage,
    is_first: bool,
}

/// A row of an export as JSON.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    row: &'a ReportRow,
    /// When something of it changed after the period's end, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_later_ms: Option<i64>,
}

impl Export {
    /// The next bytes; nothing once it is whole.
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.state == Stage::Done {
            return Ok(None);
        }
        let mut page = self.asking.page(&self.app).await?;
        page.rows.retain(|it| self.listed.insert(key(it)));
        page.rows.iter_mut().for_each(ReportRow::show);
        match (page.next, self.state) {
            (Some(next), _) => self.asking.of.after = Some(next),
            (None, Stage::Listing) => {
                self.state = Stage::Moved;
                let since_ms = self.asking.now_ms.saturating_sub(OVERLAP_MS);
                let of = &self.asking.of;
                self.asking.of = ReportOf {
                    changed_since_ms: Some(of.changed_since_ms.unwrap_or(since_ms).max(since_ms)),
                    sort: Sort::Learner,
                    order: Order::Ascending,
                    after: None,
                    ..of.clone()
                };
            }
            (None, _) => self.state = Stage::Done,
        }
        let bytes = match self.format {
            Format::Csv => self.csv(&page.rows)?,
            Format::Json => self.json(&page.rows)?,
        };
        self.is_first = false;
        Ok(Some(bytes.into()))
    }

    /// When something of a row changed after the period's end, in ms since 1970.
    fn changed_later_ms(&self, row: &ReportRow) -> Option<i64> {
        let end_ms = self.asking.days.as_ref()?.period.end_ms;
        (row.changed_ms >= end_ms).then_some(row.changed_ms)
    }

    fn csv(&self, rows: &[ReportRow]) -> Result<Vec<u8>, Problem> {
        let failed = |_| Problem::internal();
        let mut bytes = Vec::new();
        if self.is_first {
            bytes.extend_from_slice("\u{feff}".as_bytes());
        }
        let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(bytes);
        let columns = columns(self.asking.days.is_some());
        if self.is_first {
            out.write_record(columns.iter().map(|it| it.0)).map_err(failed)?;
        }
        let zone = &self.asking.zone;
        let as_of = zone.moment(self.asking.now_ms);
        for row in rows {
            let changed_later_ms = self.changed_later_ms(row);
            let days = self.asking.days.as_ref();
            let of = OfRow { row, zone, as_of: &as_of, days, changed_later_ms };
            let cells: Vec<Cow<'_, str>> = columns.iter().map(|it| it.1(&of)).collect();
            out.write_record(cells.iter().map(|it| it.as_bytes())).map_err(failed)?;
        }
        out.into_inner().map_err(|_| Problem::internal())
    }

    fn json(&self, rows: &[ReportRow]) -> Result<Vec<u8>, Problem> {
        let failed = |_| Problem::internal();
        let mut bytes = Vec::new();
        if self.is_first {
            let head = serde_json::json!({
                "as_of_ms": self.asking.now_ms,
                "as_of": self.asking.zone.moment(self.asking.now_ms),
                "zone": self.asking.zone.name(),
                "period": self.asking.days,
            });
            let head = head.to_string();
            bytes.extend_from_slice(head.strip_suffix('}').unwrap_or(&head).as_bytes());
            bytes.extend_from_slice(b",\"rows\":[");
        }
        let before = self.listed.len().saturating_sub(rows.len());
        for (n, row) in rows.iter().enumerate() {
            bytes.extend_from_slice(if before + n > 0 { b",\n" } else { b"\n" });
            let changed_later_ms = self.changed_later_ms(row);
            serde_json::to_writer(&mut bytes, &Told { row, changed_later_ms }).map_err(failed)?;
        }
        if self.state == Stage::Done {
            bytes.extend_from_slice(b"\n]}\n");
        }
        Ok(bytes)
    }
}

/// Which row it is; no learner's id, course or topic holds what stands between them here.
fn key(row: &ReportRow) -> [u8; 32] {
    let mut bytes = Vec::new();
    for part in [&row.learner.id, &row.course, &row.topic_id] {
        bytes.extend_from_slice(&part.len().to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    digest(&bytes)
}

/// A row with everything that a cell of it is told from.
struct OfRow<'a> {
    row: &'a ReportRow,
    zone: &'a Zone,
    as_of: &'a str,
    days: Option<&'a Days>,
    changed_later_ms: Option<i64>,
}

impl OfRow<'_> {
    /// A moment; nothing where there is none.
    fn moment(&self, at_ms: i64) -> Cow<'_, str> {
        if at_ms > 0 { self.zone.moment(at_ms).into() } else { Cow::Borrowed("") }
    }
}

type Column = (&'static str, for<'a> fn(&'a OfRow<'a>) -> Cow<'a, str>);

/// Whole seconds, rounded down as in `0h 15m 30s`: a point would be a separator of thousands elsewhere.
fn seconds(ms: i64) -> Cow<'static, str> {
    ms.div_euclid(1_000).to_string().into()
}

fn some<T>(value: Option<T>, told: impl FnOnce(T) -> Cow<'static, str>) -> Cow<'static, str> {
    value.map_or(Cow::Borrowed(""), told)
}

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    ("as_of",            |it| it.as_of.into()),
    ("learner_id",       |it| cell(&it.row.learner.id)),
    ("learner",          |it| cell(&it.row.learner.name)),
    ("groups",           |it| cell(&it.row.groups.join(", ")).into_owned().into()),
    ("course",           |it| cell(&it.row.course)),
    ("topic",            |it| cell(&it.row.topic)),
    ("topic_id",         |it| cell(&it.row.topic_id)),
    ("kind",             |it| cell(&it.row.kind)),
    ("status",           |it| cell(&it.row.status)),
    ("score",            |it| it.row.score.as_deref().map_or(Cow::Borrowed(""), number)),
    ("best_score",       |it| it.row.best_score.as_deref().map_or(Cow::Borrowed(""), number)),
    ("progress_percent", |it| some(it.row.progress_percent, |it| it.to_string().into())),
    ("time_spent",       |it| it.row.time_spent.as_str().into()),
    ("time_spent_s",     |it| seconds(it.row.time_spent_ms)),
    ("backfilled_s",     |it| seconds(it.row.backfilled_ms)),
    ("provenance",       |it| cell(&it.row.provenance)),
    ("measured_s",       |it| seconds(it.row.measured_ms)),
    ("media_s",          |it| seconds(it.row.media_ms)),
    ("corroborated_s",   |it| seconds(it.row.corroborated_ms)),
    ("reported_s",       |it| some(it.row.reported_ms, seconds)),
    ("attempts",         |it| it.row.attempts.to_string().into()),
    ("backfilled_attempts", |it| it.row.backfilled_attempts.to_string().into()),
    ("first_visit",      |it| it.moment(it.row.first_visit_ms)),
    ("last_visit",       |it| it.moment(it.row.last_visit_ms)),
    ("flags",            |it| cell(&it.row.flags.join(", ")).into_owned().into()),
    ("conflicts",        |it| it.row.conflicts.to_string().into()),
    ("missing",          |it| some(it.row.missing, |it| it.word().into())),
    ("changed",          |it| it.moment(it.row.changed_ms)),
];

#[rustfmt::skip]
const OF_PERIOD: &[Column] = &[
    ("period_from",          |it| it.days.and_then(|it| it.from.as_deref()).unwrap_or_default().into()),
    ("period_to",            |it| it.days.and_then(|it| it.to.as_deref()).unwrap_or_default().into()),
    ("time_in_period",       |it| it.row.in_period.as_ref().map_or("", |it| it.time_spent.as_str()).into()),
    ("time_in_period_s",     |it| some(it.row.in_period.as_ref(), |it| seconds(it.time_spent_ms))),
    ("measured_in_period_s", |it| some(it.row.in_period.as_ref(), |it| seconds(it.measured_ms))),
    ("media_in_period_s",    |it| some(it.row.in_period.as_ref(), |it| seconds(it.media_ms))),
    ("visits_in_period",     |it| some(it.row.in_period.as_ref(), |it| it.visits.to_string().into())),
    ("attempts_in_period",   |it| some(it.row.in_period.as_ref(), |it| it.attempts.to_string().into())),
    ("changed_later",        |it| it.moment(it.changed_later_ms.unwrap_or(0))),
];

fn columns(has_period: bool) -> Vec<Column> {
    let of_period = if has_period { OF_PERIOD } else { &[] };
    COLUMNS.iter().chain(of_period).copied().collect()
}
