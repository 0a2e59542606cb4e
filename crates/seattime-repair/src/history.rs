//! Takes what an LMS kept before its courses ran here into Seattime, as state: it is shown beside what is credited.

use std::collections::HashMap;

use seattime_server::store::{History, HistoryKept, NewLearner, Store};
use serde::Serialize;

use crate::cell::{Cell, Number};
use crate::error::RepairError;
use crate::joins;
use crate::lms::Lms;
use crate::map::Map;
use crate::pages::{Pages, Stage};
use crate::repair::{Asked, require, require_topics};

/// Where nothing says which course a topic belongs to.
const COURSE: &str = "LMS";

/// What became of a row of the LMS. The words in JSON stay the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TakenAs {
    /// It was not here before; in a dry run, it would be taken over if it is not here already.
    Kept,
    /// It is here already, with the same figures.
    Same,
    /// It took the place of other figures of the LMS.
    Replaced,
    /// The learner has begun here meanwhile: what was taken over before stays, as the LMS's column may by now hold what
    /// is credited here.
    AfterStart,
    /// It says more than anybody believes, and was not taken over.
    Implausible,
    /// It is one of several rows of the same learner and topic, and not the one with the most.
    Twin,
}

/// A row of the LMS that was taken over, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// The LMS's own id of the learner.
    pub learner: String,
    /// The topic's id here.
    pub topic: String,
    /// Its course and its title, as the LMS calls them.
    pub course: String,
    /// Its title.
    pub title: String,
    /// How long it took, in s.
    pub seconds: i64,
    /// How many attempts there were.
    pub attempts: u32,
    /// What became of it.
    pub outcome: TakenAs,
    /// Why, in a sentence.
    pub why: String,
}

impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Taken { learner, topic, seconds, attempts, why, .. } = self;
        write!(f, "learner {learner}, topic {topic}: {seconds} s, {attempts} attempts: {why}")
    }
}

/// Where the LMS's rows are taken to.
pub struct Into<'a> {
    /// What is kept here.
    pub store: &'a dyn Store,
    /// Whose learners they are.
    pub tenant: &'a str,
    /// When they are taken over, in ms since 1970.
    pub now_ms: i64,
    /// Whether nothing is written, and only told.
    pub is_dry: bool,
    /// Whether also those are taken over who have begun here before anything of them was: only while the LMS's columns
    /// were never set from here, or it would count twice.
    pub even_begun: bool,
}

/// Takes over the rows that are asked for, some at a time, and tells of each, and how many of how many were looked at. It
/// may be ended at any time and begun again: what is here already stays as it is.
///
/// # Errors
///
/// [`RepairError`]; what was told of before is kept.
pub async fn import_history(
    lms: &mut Lms,
    map: &Map,
    asked: &Asked,
    into: &Into<'_>,
    row: &mut (dyn FnMut(&Taken) + Send),
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<u64, RepairError> {
    check(lms, map, asked).await?;
    let titles = Titles::read(lms, map).await?;
    let of = topics(map, asked).count(lms).await?;
    let (mut after, mut done) = (None, 0);
    loop {
        let rows = page(lms, map, asked, after.as_ref()).await?;
        let Some(last) = rows.last() else { return Ok(done) };
        after = Some(last.id.clone());
        let kinds = kinds(lms, map, asked, &rows).await?;
        let read = u64::try_from(rows.len()).unwrap_or(0);
        let mut found: Vec<(History, Taken)> = Vec::new();
        for it in rows {
            let kind = kinds.get(&it.id).cloned();
            found.push(history_of(map, &titles, it, kind, into.even_begun));
        }
        keep(into, &mut found).await?;
        found.iter().for_each(|it| row(&it.1));
        done += read;
        progress(done, of.max(done));
    }
}

/// Keeps those rows that are to be kept, and says what became of them.
async fn keep(into: &Into<'_>, found: &mut [(History, Taken)]) -> Result<(), RepairError> {
    if into.is_dry {
        let kept = found.iter_mut().map(|it| &mut it.1).filter(|it| it.outcome == TakenAs::Kept);
        kept.filter(|it| it.why.is_empty()).for_each(|it| {
            "would be taken over, unless it is here already or the learner has begun here"
                .clone_into(&mut it.why);
        });
        return Ok(());
    }
    let kept: Vec<History> =
        found.iter().filter(|it| it.1.outcome == TakenAs::Kept).map(|it| it.0.clone()).collect();
    if kept.is_empty() {
        return Ok(());
    }
    let answers = into.store.keep_history(into.tenant, kept, into.now_ms).await?;
    let taken = found.iter_mut().map(|it| &mut it.1).filter(|it| it.outcome == TakenAs::Kept);
    for (taken, answer) in taken.zip(answers) {
        let (outcome, why) = match answer {
            HistoryKept::New => (TakenAs::Kept, "taken over".to_owned()),
            HistoryKept::Same => (TakenAs::Same, "here already".to_owned()),
            HistoryKept::Replaced { before_ms, before_attempts } => (
                TakenAs::Replaced,
                format!("in the place of {} s and {before_attempts} attempts", before_ms / 1_000),
            ),
            HistoryKept::AfterStart { kept_ms: 0 } => (
                TakenAs::AfterStart,
                "not taken over: the learner has begun here, and the LMS may say by now what is credited here; \
                 --even-begun takes it over all the same"
                    .to_owned(),
            ),
            HistoryKept::AfterStart { kept_ms } => (
                TakenAs::AfterStart,
                format!(
                    "the learner has begun here, and the {} s that were taken over before stay",
                    kept_ms / 1_000
                ),
            ),
        };
        taken.outcome = outcome;
        taken.why = match taken.why.as_str() {
            "" => why,
            note => format!("{why}; {note}"),
        };
    }
    Ok(())
}

/// The rows that are gone through: those that sync-time-spent looks at.
fn topics<'a>(map: &'a Map, asked: &'a Asked) -> Pages<'a> {
    Pages { stage: Stage::Viewing, map, asked }
}

/// A topic's row of the LMS.
struct Row {
    id: Cell,
    user: Cell,
    topic: Cell,
    time_spent: Cell,
    attempts: Cell,
    data: Cell,
    audio_position: Cell,
    /// How many rows of the same learner and topic say more than this one, or as much and come before it.
    better: i64,
    last_name: Cell,
    first_name: Cell,
}

fn history_of(
    map: &Map,
    titles: &Titles,
    row: Row,
    scorm: Option<String>,
    even_begun: bool,
) -> (History, Taken) {
    let lms_topic = row.topic.text();
    let as_lms = format!("lms:{lms_topic}");
    let imported = map.history.imported.get(&lms_topic);
    let (course, title) = titles.of(&lms_topic);
    let attempts = row.attempts.count().and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
    let most_s = map.limits.most_s().saturating_mul(i64::from(attempts.max(1)));
    let (seconds, outcome, why) = match row.time_spent.number() {
        Number::Whole(it) if it > most_s => (
            it,
            TakenAs::Implausible,
            format!("not taken over: expected at most {most_s} s, or a greater [limits] attempt_hours"),
        ),
        _ if row.better > 0 => (
            row.time_spent.count().unwrap_or(0),
            TakenAs::Twin,
            "another row of this learner and topic says as much or more, and stands for both".to_owned(),
        ),
        Number::Whole(it) if it >= 0 => (it, TakenAs::Kept, String::new()),
        Number::None => (0, TakenAs::Kept, String::new()),
        Number::Whole(_) | Number::Unreadable => {
            let note = format!("{} is {}, and counts as 0", map.topics.time_spent, row.time_spent);
            (0, TakenAs::Kept, note)
        }
    };
    let names: Vec<String> = [&row.last_name, &row.first_name].map(Cell::text).into();
    let name = names.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(", ");
    let kind = scorm.unwrap_or_else(|| viewed_as(map, &row).to_owned());
    let topic = imported.unwrap_or(&as_lms).clone();
    let history = History {
        learner: NewLearner { lms_id: row.user.text(), name, groups: None },
        course: course.clone(),
        topic: topic.clone(),
        kept_as: imported.map(|_| as_lms).into_iter().collect(),
        title: title.clone(),
        kind,
        time_ms: seconds.saturating_mul(1_000),
        attempts,
        even_begun,
    };
    let taken = Taken { learner: row.user.text(), topic, course, title, seconds, attempts, outcome, why };
    (history, taken)
}

/// What a topic is that is no SCORM package: what its player left behind tells.
fn viewed_as(map: &Map, row: &Row) -> &'static str {
    let data: Option<serde_json::Value> = serde_json::from_str(&row.data.text()).ok();
    let has =
        |places: &[String]| places.iter().any(|it| data.as_ref().and_then(|data| data.pointer(it)).is_some());
    let is_audio = has(&map.topics.audio_time) || row.audio_position.count().is_some_and(|it| it > 0);
    if is_audio && !has(&map.topics.video_time) { "audio" } else { "video" }
}

/// Courses and titles of topics; there are few beside the learners.
struct Titles {
    /// Course and title, by the LMS's own id of the topic.
    topics: HashMap<String, (String, String)>,
}

impl Titles {
    async fn read(lms: &mut Lms, map: &Map) -> Result<Titles, RepairError> {
        let names = &map.history;
        let mut topics = HashMap::new();
        if names.topics.is_empty() {
            return Ok(Titles { topics });
        }
        let mut courses = HashMap::new();
        if !names.courses.is_empty() {
            let statement = lms.statement().say("SELECT ");
            let statement = statement.read_all("c", &[&names.course_id, &names.course_title]);
            for row in lms.rows(statement.say(" FROM ").table(&names.courses, "c").done()).await? {
                if let [id, title] = row.as_slice() {
                    courses.insert(id.text(), title.text());
                }
            }
        }
        let statement = lms.statement().say("SELECT ");
        let statement = statement.read_all("h", &[&names.topic_id, &names.topic_title, &names.topic_course]);
        for row in lms.rows(statement.say(" FROM ").table(&names.topics, "h").done()).await? {
            if let [id, title, course] = row.as_slice() {
                let course = course.text();
                let course = courses.get(&course).cloned().unwrap_or(course);
                topics.insert(id.text(), (course, title.text()));
            }
        }
        Ok(Titles { topics })
    }

    /// Course and title of a topic, by the LMS's own id; what has none is called by that.
    fn of(&self, topic: &str) -> (String, String) {
        let (course, title) = self.topics.get(topic).cloned().unwrap_or_default();
        let or = |it: String, other: &str| if it.is_empty() { other.to_owned() } else { it };
        (or(course, COURSE), or(title, topic))
    }
}

/// What kind of SCORM package each of these topics is, if it is one.
async fn kinds(
    lms: &Lms,
    map: &Map,
    asked: &Asked,
    rows: &[Row],
) -> Result<HashMap<Cell, String>, RepairError> {
    let mut kinds = HashMap::new();
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(kinds) };
    if lms.is_without(&map.enrolments.table) || lms.is_without(&map.attempts.table) {
        return Ok(kinds);
    }
    let (table, key) = (&map.topics.table, &map.topics.id);
    let statement = lms.statement().say("SELECT ").read("t", key).say(", ");
    let statement = joins::topics_with_attempts(statement.read("a", &map.attempts.version), map);
    let statement = topics(map, asked).narrowed(statement, None).say(" AND ").column("t", key).say(" >= ");
    let statement = statement.value(table, key, first.id.clone());
    let statement = statement.say(" AND ").column("t", key).say(" <= ").value(table, key, last.id.clone());
    for row in lms.rows(statement.done()).await? {
        if let [id, version] = row.as_slice() {
            let kind = if version.text().contains("2004") { "scorm_2004" } else { "scorm_1.2" };
            kinds.insert(id.clone(), kind.to_owned());
        }
    }
    Ok(kinds)
}

/// The rows behind one, as far as they are asked for.
async fn page(lms: &Lms, map: &Map, asked: &Asked, after: Option<&Cell>) -> Result<Vec<Row>, RepairError> {
    let (names, history) = (&map.topics, &map.history);
    let read = [
        names.id.as_str(),
        &names.user,
        &names.topic,
        &names.time_spent,
        &names.attempts,
        &names.data,
        &names.audio_position,
    ];
    let mut statement = lms.statement().say("SELECT ").read_all("t", &read);
    // Of rows of the same learner and topic, the one that says the most, and is believed, stands for all of them.
    statement = statement.say(", (SELECT ").counted().say(" FROM ").table(&names.table, "d").say(" WHERE ");
    statement = statement.column("d", &names.user).say(" = ").column("t", &names.user).say(" AND ");
    statement = statement.column_beside("d", &names.topic).say(" = ").column("t", &names.topic).say(" AND ");
    // Factors of 64 bits, or a database would refuse to multiply what is huge.
    let most = format!("CAST({} AS bigint) * (CASE WHEN ", map.limits.most_s());
    statement = statement.say("coalesce(").column("d", &names.time_spent).say(", 0) <= ").say(&most);
    statement = statement.column("d", &names.attempts).say(" > 1 THEN ").column("d", &names.attempts);
    statement = statement.say(" ELSE 1 END) AND ");
    statement = statement.say("(coalesce(").column("d", &names.time_spent).say(", 0) > coalesce(");
    statement =
        statement.column("t", &names.time_spent).say(", 0) OR coalesce(").column("d", &names.time_spent);
    statement = statement.say(", 0) = coalesce(").column("t", &names.time_spent).say(", 0) AND ");
    statement = statement.column("d", &names.id).say(" < ").column("t", &names.id).say("))");
    let has_names = !history.learners.is_empty();
    let learner = [history.learner_last_name.as_str(), &history.learner_first_name];
    statement = match has_names {
        true => statement.say(", ").read_all("l", &learner),
        false => statement.say(", NULL, NULL"),
    };
    statement = statement.say(" FROM ").table(&names.table, "t");
    if has_names {
        statement = statement.say(" LEFT JOIN ").table(&history.learners, "l").say(" ON ");
        statement = statement.column("l", &history.learner_id).say(" = ").column("t", &names.user);
    }
    let pages = topics(map, asked);
    let statement = pages.ordered(pages.narrowed(statement, after));
    Ok(lms.rows(statement.done()).await?.into_iter().map(taken_apart).collect())
}

fn taken_apart(cells: Vec<Cell>) -> Row {
    let mut cells = cells.into_iter();
    let mut next = || cells.next().unwrap_or(Cell::Null);
    Row {
        id: next(),
        user: next(),
        topic: next(),
        time_spent: next(),
        attempts: next(),
        data: next(),
        audio_position: next(),
        better: next().count().unwrap_or(0),
        last_name: next(),
        first_name: next(),
    }
}

/// Looks for every table and column that is needed; without enrolments and attempts, no topic is a SCORM package.
async fn check(lms: &mut Lms, map: &Map, asked: &Asked) -> Result<(), RepairError> {
    let (topics, history) = (&map.topics, &map.history);
    let changed = if asked.since.is_some() { topics.changed.clone() } else { String::new() };
    require_topics(
        lms,
        map,
        &[
            ("data", topics.data.clone()),
            ("audio_position", topics.audio_position.clone()),
            ("changed", changed),
        ],
    )
    .await?;
    for (key, table, columns) in [
        (
            "topics",
            &history.topics,
            vec![
                ("topic_id", &history.topic_id),
                ("topic_title", &history.topic_title),
                ("topic_course", &history.topic_course),
            ],
        ),
        (
            "courses",
            &history.courses,
            vec![("course_id", &history.course_id), ("course_title", &history.course_title)],
        ),
        (
            "learners",
            &history.learners,
            vec![
                ("learner_id", &history.learner_id),
                ("learner_last_name", &history.learner_last_name),
                ("learner_first_name", &history.learner_first_name),
            ],
        ),
    ] {
        if !table.is_empty() {
            let columns: Vec<_> = columns.into_iter().map(|it| (it.0, it.1.clone())).collect();
            if lms.columns(table).await?.is_empty() {
                return Err(RepairError::MissingTable { table: table.clone(), section: "history", key });
            }
            require(lms, table, "history", &columns).await?;
        }
    }
    lms.columns(&map.enrolments.table).await?;
    lms.columns(&map.attempts.table).await?;
    Ok(())
}
