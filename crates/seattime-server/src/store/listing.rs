//! What a report lists: narrowed, in an order, page by page; as one statement of each store's dialect.
//!
//! A page begins where the one before it ended, by what its last row is sorted by and not by a number of rows: rows
//! that come meanwhile move nothing, and each page is found by an index.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{ReportRow, Sight};

/// So many rows has a page, if nobody says otherwise.
pub const USUAL_ROWS: usize = 50;
/// So many rows has a page at most.
pub const MOST_ROWS: usize = 500;

/// By what rows are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// When the last visit was last heard of.
    #[default]
    LastVisit,
    /// When the first visit was opened.
    FirstVisit,
    /// The learner's name.
    Learner,
    /// The course's name.
    Course,
    /// The topic's title.
    Topic,
    /// Where it stands.
    Status,
    /// The last score; what has none comes before everything.
    Score,
    /// What is credited.
    TimeSpent,
    /// How many attempts count.
    Attempts,
}

impl Sort {
    /// All of them.
    pub const ALL: [Sort; 9] = [
        Sort::LastVisit,
        Sort::FirstVisit,
        Sort::Learner,
        Sort::Course,
        Sort::Topic,
        Sort::Status,
        Sort::Score,
        Sort::TimeSpent,
        Sort::Attempts,
    ];

    fn column(self) -> &'static str {
        match self {
            Sort::LastVisit => "last_ms",
            Sort::FirstVisit => "first_ms",
            Sort::Learner => "name",
            Sort::Course => "course",
            Sort::Topic => "title",
            Sort::Status => "status",
            Sort::Score => "score",
            Sort::TimeSpent => "time_ms",
            Sort::Attempts => "attempts",
        }
    }

    /// Whether that column holds a text.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Sort::Learner | Sort::Course | Sort::Topic | Sort::Status)
    }
}

/// In which direction rows are sorted, those that are alike among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// The least first.
    #[serde(rename = "asc")]
    Ascending,
    /// The greatest first.
    #[default]
    #[serde(rename = "desc")]
    Descending,
}

/// What a row is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum SortKey {
    Number(i64),
    Text(String),
}

impl SortKey {
    /// As somebody reads it.
    pub(crate) fn told(&self) -> String {
        match self {
            SortKey::Number(number) => number.to_string(),
            SortKey::Text(text) => format!("{text:?}"),
        }
    }
}

/// Where a page ended: the next one goes on behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    sort: Sort,
    order: Order,
    key: SortKey,
    learner: String,
    course: String,
    topic: String,
}

impl Place {
    /// As it is told: nobody needs to know what it says.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// The place that a text tells, of rows in this order; none where it is no such text.
    pub fn parse(text: &str, sort: Sort, order: Order) -> Option<Place> {
        let place: Place = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let is_text = matches!(place.key, SortKey::Text(_));
        ((place.sort, place.order) == (sort, order) && is_text == sort.is_text()).then_some(place)
    }
}

/// Why a row has no time, or less than it could have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Nobody ever opened it: it was launched only, or the learner is enrolled in its course.
    NeverLaunched,
    /// A SCO was shown, and never called Initialize.
    ApiNeverCalled,
    /// Content called Initialize, and never said a readable time above zero.
    NoTime,
    /// It was opened, and nothing ever reached the server afterwards.
    SavingFailed,
    /// It was taken over from an LMS that kept no time of it, and nobody ever opened it here.
    NotKept,
}

impl Missing {
    /// As a column and an address have it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Missing::NeverLaunched => "never_launched",
            Missing::ApiNeverCalled => "api_never_called",
            Missing::NoTime => "no_time",
            Missing::SavingFailed => "saving_failed",
            Missing::NotKept => "not_kept",
        }
    }
}

/// What rows are narrowed to of which something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingOf {
    /// Whatever it is.
    Any,
    /// See [`Missing::NeverLaunched`].
    NeverLaunched,
    /// See [`Missing::ApiNeverCalled`].
    ApiNeverCalled,
    /// See [`Missing::NoTime`].
    NoTime,
    /// See [`Missing::SavingFailed`].
    SavingFailed,
    /// See [`Missing::NotKept`].
    NotKept,
}

impl MissingOf {
    fn one(self) -> Option<Missing> {
        match self {
            MissingOf::Any => None,
            MissingOf::NeverLaunched => Some(Missing::NeverLaunched),
            MissingOf::ApiNeverCalled => Some(Missing::ApiNeverCalled),
            MissingOf::NoTime => Some(Missing::NoTime),
            MissingOf::SavingFailed => Some(Missing::SavingFailed),
            MissingOf::NotKept => Some(Missing::NotKept),
        }
    }
}

/// The flag of rows of which some value was kept beside, because a page that was fenced sent it.
pub const CONFLICTS: &str = "conflicts";

/// Which rows a report shows, and which page of them.
#[derive(Debug, Clone)]
pub struct ReportOf {
    /// One learner, by the LMS's own id.
    pub lms_id: Option<String>,
    /// One course.
    pub course: Option<String>,
    /// One topic, by its id.
    pub topic: Option<String>,
    /// Learners of one group.
    pub group: Option<String>,
    /// One status.
    pub status: Option<String>,
    /// One kind of topic.
    pub kind: Option<String>,
    /// Rows of which something is missing.
    pub missing: Option<MissingOf>,
    /// Rows with a flag, or [`CONFLICTS`].
    pub flag: Option<String>,
    /// Learners whose name or LMS's own id has this in it, in upper or lower case.
    pub search: Option<String>,
    /// Rows that came to something else after this moment, in ms since 1970.
    pub changed_since_ms: Option<i64>,
    /// Rows that were first visited before the end and last heard of at or after the beginning, in ms since 1970.
    pub within_ms: Option<(i64, i64)>,
    /// By what they are sorted.
    pub sort: Sort,
    /// In which direction.
    pub order: Order,
    /// Where the page before ended.
    pub after: Option<Place>,
    /// How many rows the page has at most.
    pub limit: usize,
}

impl Default for ReportOf {
    /// The first page of everything, in the usual order.
    fn default() -> ReportOf {
        ReportOf {
            lms_id: None,
            course: None,
            topic: None,
            group: None,
            status: None,
            kind: None,
            missing: None,
            flag: None,
            search: None,
            changed_since_ms: None,
            within_ms: None,
            sort: Sort::default(),
            order: Order::default(),
            after: None,
            limit: USUAL_ROWS,
        }
    }
}

/// A page of a report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportPage {
    /// Its rows.
    pub rows: Vec<ReportRow>,
    /// Where it ends; none where there are no more.
    pub next: Option<Place>,
    /// How many rows of what the report is narrowed to are not derived yet from what is kept: they show what they were
    /// before, or are not there.
    pub stale: usize,
}

impl ReportPage {
    /// What [`Statement::page`] found: one row more than the page has, where there is a next one.
    pub(crate) fn of(found: Vec<(ReportRow, Place)>, limit: usize, stale: usize) -> ReportPage {
        let has_more = found.len() > limit;
        let mut page = ReportPage { stale, ..ReportPage::default() };
        for (row, place) in found.into_iter().take(limit) {
            page.rows.push(row);
            page.next = has_more.then_some(place);
        }
        page
    }
}

/// How a store wants its statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

/// What a statement is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A number.
    Number(i64),
}

/// A statement with what it is given, in the order of their numbers.
#[derive(Debug)]
pub struct Statement<'a> {
    /// What is asked.
    pub text: String,
    /// What is put in its places.
    pub given: Vec<Given<'a>>,
    dialect: Dialect,
    has_condition: bool,
}

/// Whose rows are meant: a tenant's, as far as somebody sees them, and of them perhaps one learner's by our id.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// What is seen of it.
    pub sight: &'a Sight,
    /// One learner, by our id.
    pub learner: Option<&'a str>,
}

impl<'a> Statement<'a> {
    fn new(dialect: Dialect, text: String) -> Statement<'a> {
        Statement { text, given: Vec::new(), dialect, has_condition: false }
    }

    /// A page of a report, and one row more: the row, whose it is by course, topic and learner, and what it is sorted by.
    pub fn page(dialect: Dialect, whose: Whose<'a>, of: &'a ReportOf) -> Statement<'a> {
        let column = of.sort.column();
        let select = format!(
            "SELECT standing.row, course, topic, learner, {column} AS sorted_by FROM standing WHERE "
        );
        let mut it = Statement::new(dialect, select);
        it.narrow_to(whose, of, "standing");
        it.narrow_to_what_is_derived(of);
        // What is the same in all rows sorts none of them, and would keep an index from being of use.
        let mut columns = vec![column];
        let fixed = [
            ("learner", whose.learner.is_some()),
            ("course", of.course.is_some()),
            ("topic", of.topic.is_some()),
        ];
        columns.extend(fixed.iter().map(|it| it.0).filter(|it| *it != column));
        columns.retain(|column| !fixed.iter().any(|it| it.0 == *column && it.1));
        if let Some(place) = &of.after {
            it.go_on_behind(place, of.order, &columns);
        }
        let direction = if of.order == Order::Ascending { "" } else { " DESC" };
        let order: Vec<String> = columns.iter().map(|it| format!("{it}{direction}")).collect();
        let limit = i64::try_from(of.limit).unwrap_or(i64::MAX).saturating_add(1);
        if !order.is_empty() {
            let _ = write!(it.text, " ORDER BY {}", order.join(", "));
        }
        it.text.push_str(" LIMIT ");
        it.give(Given::Number(limit));
        it
    }

    /// Up to `most` rows that commits have made stale of what a report is narrowed to, or of everything: learner, course,
    /// topic and tenant.
    pub fn stale(dialect: Dialect, whose: Option<(Whose<'a>, &'a ReportOf)>, most: usize) -> Statement<'a> {
        let select = "SELECT learner, course, topic, tenant FROM stale_standing";
        let mut it = Statement::new(dialect, select.to_owned());
        it.narrow_stale(whose);
        it.text.push_str(" ORDER BY learner, course, topic LIMIT ");
        it.give(Given::Number(i64::try_from(most).unwrap_or(i64::MAX)));
        it
    }

    /// How many there are of them.
    pub fn stale_count(dialect: Dialect, whose: Whose<'a>, of: &'a ReportOf) -> Statement<'a> {
        let mut it = Statement::new(dialect, "SELECT count(*) FROM stale_standing".to_owned());
        it.narrow_stale(Some((whose, of)));
        it
    }

    fn narrow_stale(&mut self, whose: Option<(Whose<'a>, &'a ReportOf)>) {
        if let Some((whose, of)) = whose {
            self.text.push_str(" WHERE ");
            self.narrow_to(whose, of, "stale_standing");
        }
    }

    /// What holds of a row whether it is derived or not.
    fn narrow_to(&mut self, whose: Whose<'a>, of: &'a ReportOf, table: &str) {
        match (whose.learner, self.dialect) {
            // SQLite knows no numbers of rows: so that it takes the learner's, which are few, and not the tenant's.
            (Some(learner), Dialect::Sqlite) => {
                self.is("learner", learner);
                self.is("+tenant", whose.tenant);
            }
            (Some(learner), Dialect::Postgres) => {
                self.is("learner", learner);
                self.is("tenant", whose.tenant);
            }
            (None, _) => self.is("tenant", whose.tenant),
        }
        for (column, value) in [("course", &of.course), ("topic", &of.topic)] {
            if let Some(value) = value {
                self.is(column, value);
            }
        }
        if let Sight::Groups(groups) = whose.sight {
            self.in_groups(groups, table);
        }
        if let Some(group) = &of.group {
            self.in_groups(std::slice::from_ref(group), table);
        }
    }

    fn narrow_to_what_is_derived(&mut self, of: &'a ReportOf) {
        for (column, value) in [("status", &of.status), ("kind", &of.kind)] {
            if let Some(value) = value {
                self.is(column, value);
            }
        }
        match of.missing.map(MissingOf::one) {
            None => {}
            Some(None) => self.and("missing <> ''"),
            Some(Some(missing)) => self.is("missing", missing.word()),
        }
        match of.flag.as_deref() {
            None => {}
            Some(CONFLICTS) => self.and("conflicts > 0"),
            Some(flag) => self.has("flags", Cow::Borrowed(flag)),
        }
        if let Some(search) = &of.search {
            self.has("found_by", Cow::Owned(found_by(search)));
        }
        if let Some(ms) = of.changed_since_ms {
            self.and("changed_ms > ");
            self.give(Given::Number(ms));
        }
        if let Some((from_ms, to_ms)) = of.within_ms {
            self.and("last_ms >= ");
            self.give(Given::Number(from_ms));
            self.and("first_ms < ");
            self.give(Given::Number(to_ms));
            self.and("last_ms > 0");
        }
    }

    fn go_on_behind(&mut self, place: &'a Place, order: Order, columns: &[&str]) {
        let sign = if order == Order::Ascending { '>' } else { '<' };
        if columns.is_empty() {
            return self.and("1 = 0"); // There is one row at most, and it was shown.
        }
        self.and(&format!("({}) {sign} (", columns.join(", ")));
        for (n, column) in columns.iter().enumerate() {
            if n > 0 {
                self.text.push_str(", ");
            }
            self.give(match *column {
                "learner" => Given::Text(Cow::Borrowed(&place.learner)),
                "course" => Given::Text(Cow::Borrowed(&place.course)),
                "topic" => Given::Text(Cow::Borrowed(&place.topic)),
                _ => match &place.key {
                    SortKey::Number(number) => Given::Number(*number),
                    SortKey::Text(text) => Given::Text(Cow::Borrowed(text)),
                },
            });
        }
        self.text.push(')');
    }

    fn in_groups(&mut self, groups: &'a [String], table: &str) {
        if groups.is_empty() {
            return self.and("1 = 0");
        }
        self.and(&format!(
            "EXISTS (SELECT 1 FROM learner_group WHERE learner_group.learner = {table}.learner AND learner_group.name IN ("
        ));
        for (n, group) in groups.iter().enumerate() {
            if n > 0 {
                self.text.push_str(", ");
            }
            self.give(Given::Text(Cow::Borrowed(group)));
        }
        self.text.push_str("))");
    }

    fn and(&mut self, condition: &str) {
        if self.has_condition {
            self.text.push_str(" AND ");
        }
        self.has_condition = true;
        self.text.push_str(condition);
    }

    fn is(&mut self, column: &str, value: &'a str) {
        self.and(&format!("{column} = "));
        self.give(Given::Text(Cow::Borrowed(value)));
    }

    fn has(&mut self, column: &str, part: Cow<'a, str>) {
        match self.dialect {
            Dialect::Sqlite => self.and(&format!("instr({column}, ")),
            Dialect::Postgres => self.and(&format!("strpos({column}, ")),
        }
        self.give(Given::Text(part));
        self.text.push_str(") > 0");
    }

    fn give(&mut self, given: Given<'a>) {
        self.given.push(given);
        let sign = match self.dialect {
            Dialect::Sqlite => '?',
            Dialect::Postgres => '$',
        };
        let _ = write!(self.text, "{sign}{}", self.given.len());
    }
}

/// A row of the report, as [`Statement::page`] finds it.
pub(crate) fn listed(
    kept: &str,
    (course, topic, learner): (String, String, String),
    key: SortKey,
    of: &ReportOf,
) -> Result<(ReportRow, Place), serde_json::Error> {
    let row = ReportRow { topic_id: topic.clone(), ..serde_json::from_str(kept)? };
    Ok((row, Place { sort: of.sort, order: of.order, key, learner, course, topic }))
}

/// So many characters of a name or title sort a row: an index holds no more.
const SORTED_CHARACTERS: usize = 100;

/// The columns that hold what a row is sorted and narrowed by, in their order behind its key and its tenant.
pub(crate) const COLUMNS: [&str; 14] = [
    "last_ms",
    "first_ms",
    "name",
    "found_by",
    "title",
    "kind",
    "status",
    "score",
    "time_ms",
    "attempts",
    "missing",
    "flags",
    "conflicts",
    "changed_ms",
];

/// Whether one of [`COLUMNS`] holds a text.
pub(crate) fn is_text(column: &str) -> bool {
    matches!(column, "name" | "found_by" | "title" | "kind" | "status" | "missing" | "flags")
}

/// What they hold of a row.
pub(crate) fn columns(row: &ReportRow) -> [SortKey; 14] {
    let score = row.score.as_deref().and_then(|it| it.trim().parse::<f64>().ok()).filter(|it| it.is_finite());
    let score = score.map_or(i64::MIN, |it| (it * 10_000_000.0).round() as i64);
    [
        SortKey::Number(row.last_visit_ms),
        SortKey::Number(row.first_visit_ms),
        SortKey::Text(sorted_by(&row.learner.name)),
        SortKey::Text(found_by(&format!("{}\n{}", row.learner.name, row.learner.id))),
        SortKey::Text(sorted_by(&row.topic)),
        SortKey::Text(row.kind.clone()),
        SortKey::Text(row.status.clone()),
        SortKey::Number(score),
        SortKey::Number(row.time_spent_ms),
        SortKey::Number(row.attempts.into()),
        SortKey::Text(row.missing.map_or("", Missing::word).to_owned()),
        SortKey::Text(row.flags.iter().map(|it| format!(" {it} ")).collect()),
        SortKey::Number(row.conflicts.into()),
        SortKey::Number(row.changed_ms),
    ]
}

/// What a search looks for, and in.
fn found_by(text: &str) -> String {
    text.to_lowercase()
}

fn sorted_by(text: &str) -> String {
    text.to_lowercase().chars().take(SORTED_CHARACTERS).collect()
}
