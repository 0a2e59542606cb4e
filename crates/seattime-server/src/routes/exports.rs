//! The report as a file: every row of what it is narrowed to, page by page, as of one moment.

use std::borrow::Cow;
use std::collections::HashSet;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

use super::asking::{Asking, Days, Format, Narrowed};
use super::cells::{Separator, cell, number, write_line};
use super::sent::Asked;
use crate::access::Caller;
use crate::app::App;
use crate::error::Problem;
use crate::faults::pass;
use crate::secret::digest;
use crate::store::listing::MOST_ROWS;
use crate::store::{Order, ReportOf, ReportRow, Sort, whole_seconds, word};
use crate::zone::Zone;

/// What changed so long before the export, in ms, may have been derived while it was made.
const OVERLAP_MS: i64 = 600_000;

/// The report as a file: `GET /api/v1/report/export?format=csv|json`, narrowed and in order as the report, all rows of
/// it; as CSV with `separator=comma|semicolon`. What commits made stale is derived first. Rows that change while it is
/// made come once: those that moved, at its end.
///
/// # Errors
///
/// 400 `bad_query`; 401 `key_invalid`, `token_expired`. If something fails on the way, the answer breaks off.
pub(crate) async fn get_export(
    State(app): State<App>,
    caller: Caller,
    Asked(narrowed): Asked<Narrowed>,
) -> Result<Response, Problem> {
    let bad = |detail| Problem::new(StatusCode::BAD_REQUEST, "bad_query", detail);
    let format = narrowed.format.ok_or_else(|| bad("format is missing; expected csv or json"))?;
    if format == Format::Json && narrowed.separator.is_some() {
        return Err(bad("separator belongs to format=csv; leave it out"));
    }
    let separator = narrowed.separator.unwrap_or_default();
    let mut asking = Asking::of(&app, narrowed, caller).await?;
    (asking.of.limit, asking.of.after) = (MOST_ROWS, None);
    let (kind, ending) = match format {
        Format::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        Format::Json => ("application/json", "json"),
    };
    let as_of = Zone::default().moment(asking.now_ms);
    let name = as_of.replace(':', "-").replace("+00-00", "Z");
    let mut export = Export {
        app,
        asking,
        format,
        separator,
        listed: HashSet::new(),
        state: Stage::Deriving,
        stale: usize::MAX,
        is_first: true,
    };
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
    /// Rows that are stale are derived: where they belong, and whether they do, is known of none before.
    Deriving,
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
    separator: Separator,
    /// Which rows were listed, by their hashes: none comes twice, and none that moved is left out.
    listed: HashSet<[u8; 32]>,
    state: Stage,
    /// How many rows were stale when it looked last.
    stale: usize,
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
    /// The next bytes, which may be none; nothing once it is whole.
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.state == Stage::Done {
            return Ok(None);
        }
        let mut out = String::new();
        if self.is_first {
            self.begin(&mut out);
            self.is_first = false;
        }
        if self.state == Stage::Deriving {
            if self.derive().await? {
                return Ok(Some(out.into()));
            }
            self.state = Stage::Listing;
        }
        pass(&*self.app.faults, "before_export_page")?;
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
        match self.format {
            Format::Csv => self.csv(&mut out, &page.rows),
            Format::Json => self.json(&mut out, &page.rows)?,
        }
        Ok(Some(out.into()))
    }

    /// Derives some of what is stale. Whether there is more: not where rows become stale as fast as they are derived.
    async fn derive(&mut self) -> Result<bool, Problem> {
        let Asking { tenant, sight, of, now_ms, .. } = &self.asking;
        let of = ReportOf { limit: 1, ..of.clone() };
        let left = self.app.store.report(tenant, sight.clone(), of, *now_ms).await?.stale;
        let is_less = left < self.stale;
        self.stale = left;
        Ok(left > 0 && is_less)
    }

    fn begin(&self, out: &mut String) {
        if self.format == Format::Csv {
            out.push('\u{feff}');
            write_line(out, self.separator, self.columns().map(|it| it.0));
            return;
        }
        let head = serde_json::json!({
            "as_of_ms": self.asking.now_ms,
            "as_of": self.asking.zone.moment(self.asking.now_ms),
            "zone": self.asking.zone.name(),
            "period": self.asking.days,
        });
        let head = head.to_string();
        out.push_str(head.strip_suffix('}').unwrap_or(&head));
        out.push_str(",\"rows\":[");
    }

    fn columns(&self) -> impl Iterator<Item = Column> {
        let of_period = if self.asking.days.is_some() { OF_PERIOD } else { &[] };
        COLUMNS.iter().chain(of_period).copied()
    }

    /// When something of a row changed after the period's end, in ms since 1970.
    fn changed_later_ms(&self, row: &ReportRow) -> Option<i64> {
        let end_ms = self.asking.days.as_ref()?.period.end_ms;
        (row.changed_ms >= end_ms).then_some(row.changed_ms)
    }

    fn csv(&self, out: &mut String, rows: &[ReportRow]) {
        let zone = &self.asking.zone;
        let as_of = zone.moment(self.asking.now_ms);
        for row in rows {
            let changed_later_ms = self.changed_later_ms(row);
            let (days, separator) = (self.asking.days.as_ref(), self.separator);
            let of = OfRow { row, zone, as_of: &as_of, days, separator, changed_later_ms };
            let cells: Vec<Cow<'_, str>> = self.columns().map(|it| it.1(&of)).collect();
            write_line(out, separator, cells.iter().map(AsRef::as_ref));
        }
    }

    fn json(&self, out: &mut String, rows: &[ReportRow]) -> Result<(), Problem> {
        let before = self.listed.len().saturating_sub(rows.len());
        for (n, row) in rows.iter().enumerate() {
            out.push_str(if before + n > 0 { ",\n" } else { "\n" });
            let changed_later_ms = self.changed_later_ms(row);
            let told = serde_json::to_string(&Told { row, changed_later_ms });
            out.push_str(&told.map_err(|_| Problem::internal())?);
        }
        if self.state == Stage::Done {
            out.push_str("\n]}\n");
        }
        Ok(())
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
    separator: Separator,
    changed_later_ms: Option<i64>,
}

impl OfRow<'_> {
    /// A number that content wrote; nothing where there is none.
    fn number<'a>(&self, text: Option<&'a String>) -> Cow<'a, str> {
        text.map_or(Cow::Borrowed(""), |it| number(it, self.separator))
    }

    /// A moment; nothing where there is none.
    fn moment(&self, at_ms: i64) -> Cow<'_, str> {
        if at_ms > 0 { self.zone.moment(at_ms).into() } else { Cow::Borrowed("") }
    }
}

type Column = (&'static str, for<'a> fn(&'a OfRow<'a>) -> Cow<'a, str>);

/// Whole seconds, rounded as in `0h 15m 30s`: a point would be a separator of thousands elsewhere.
fn seconds(ms: i64) -> Cow<'static, str> {
    whole_seconds(ms).to_string().into()
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
    ("completion",       |it| word(&it.row.completion).unwrap_or_default().into()),
    ("success",          |it| word(&it.row.success).unwrap_or_default().into()),
    ("score",            |it| it.number(it.row.score.as_ref())),
    ("best_score",       |it| it.number(it.row.best_score.as_ref())),
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
