//! What the commands look at: a page of rows at a time, with what is to become of each.

use std::collections::{HashMap, HashSet};

use crate::cell::Cell;
use crate::error::RepairError;
use crate::joins::{self, Changed};
use crate::lms::{Lms, Set, Statement, Write};
use crate::map::Map;
use crate::repair::Asked;
use crate::told::{Basis, Finding, Outcome, Told, length};
use crate::{scorm, viewing};

/// So many rows are read, and changed in one transaction.
const AT_ONCE: usize = 1_000;

/// What is gone through, from its first row to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Topics, for what videos and audios left behind.
    Viewing,
    /// Topics with their enrolments and attempts, for the times of SCORM packages.
    Scorm,
    /// Attempts that no topic belongs to.
    LoneAttempts,
    /// Topics with their enrolments, for how many attempts there were.
    Attempts,
    /// Enrolments that no topic belongs to.
    LoneEnrolments,
}

/// A row that was looked at: what is said of it, and what is written.
pub(crate) struct Planned {
    pub(crate) told: Told,
    pub(crate) write: Option<Write>,
}

/// Some rows.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) planned: Vec<Planned>,
    /// How many rows were read.
    pub(crate) seen: usize,
    /// The last of them; none where there are no more.
    pub(crate) last: Option<Cell>,
}

/// What is gone through, in which names, and what was asked for.
pub(crate) struct Pages<'a> {
    pub(crate) stage: Stage,
    pub(crate) map: &'a Map,
    pub(crate) asked: &'a Asked,
}

/// A topic's row.
struct Topic {
    id: Cell,
    user: Cell,
    topic: Cell,
    time_spent: Cell,
    attempts: Cell,
    data: Cell,
    audio_position: Cell,
    /// How many rows there are of its learner and topic, and how many of them are before it.
    twins: i64,
    earlier: i64,
}

/// An attempt's row, with its enrolment's.
struct Row {
    enrolment: Cell,
    total_attempts: Cell,
    id: Cell,
    number: Cell,
    sessions: Cell,
    attempt: scorm::Attempt,
}

/// Takes a row apart, from its first column.
struct Columns(std::vec::IntoIter<Cell>);

impl Columns {
    fn next(&mut self) -> Cell {
        self.0.next().unwrap_or(Cell::Null)
    }
}

impl Pages<'_> {
    /// How many rows there are, for whoever waits.
    pub(crate) async fn count(&self, lms: &Lms) -> Result<u64, RepairError> {
        let statement = self.narrowed(self.from(lms.statement().say("SELECT ").counted()), None);
        let rows = lms.rows(statement.done()).await?;
        Ok(rows.first().and_then(|it| it.first()).and_then(Cell::count).unwrap_or(0).unsigned_abs())
    }

    /// The rows behind the one that is named.
    pub(crate) async fn page(&self, lms: &Lms, after: Option<&Cell>) -> Result<Page, RepairError> {
        match self.stage {
            Stage::Viewing | Stage::Scorm | Stage::Attempts => self.topics(lms, after).await,
            Stage::LoneAttempts => self.lone_attempts(lms, after).await,
            Stage::LoneEnrolments => self.lone_enrolments(lms, after).await,
        }
    }

    /// The alias, table and key of what is gone through.
    fn rows(&self) -> (&'static str, &str, &str) {
        match self.stage {
            Stage::Viewing | Stage::Scorm | Stage::Attempts => {
                ("t", &self.map.topics.table, &self.map.topics.id)
            }
            Stage::LoneAttempts => ("a", &self.map.attempts.table, &self.map.attempts.id),
            Stage::LoneEnrolments => ("e", &self.map.enrolments.table, &self.map.enrolments.id),
        }
    }

    fn from<'s>(&self, statement: Statement<'s>) -> Statement<'s> {
        match self.stage {
            Stage::Viewing | Stage::Scorm | Stage::Attempts => {
                statement.say(" FROM ").table(&self.map.topics.table, "t")
            }
            Stage::LoneAttempts => joins::attempts_with_topics(statement, self.map),
            Stage::LoneEnrolments => joins::enrolments_with_topics(statement, self.map),
        }
    }

    /// What was asked for, and what comes after a row.
    pub(crate) fn narrowed<'s>(&self, statement: Statement<'s>, after: Option<&Cell>) -> Statement<'s> {
        let (alias, table, key) = self.rows();
        let map = self.map;
        let mut statement = statement.say(" WHERE true");
        if matches!(self.stage, Stage::LoneAttempts | Stage::LoneEnrolments) {
            statement = statement.say(" AND ").column("t", &map.topics.id).say(" IS NULL");
        }
        if let Some(after) = after {
            statement = statement.say(" AND ").column(alias, key).say(" > ").value(table, key, after.clone());
        }
        if let Some(user) = &self.asked.user {
            let (alias, table, column) = match self.stage {
                Stage::LoneAttempts | Stage::LoneEnrolments => {
                    ("e", &map.enrolments.table, &map.enrolments.user)
                }
                _ => ("t", &map.topics.table, &map.topics.user),
            };
            let user = Cell::Text(user.clone());
            statement = statement.say(" AND ").column(alias, column).say(" = ").value(table, column, user);
        }
        if let Some(since) = &self.asked.since {
            let (alias, table, column) = match self.stage {
                Stage::Viewing => ("t", &map.topics.table, &map.topics.changed),
                Stage::LoneAttempts => ("a", &map.attempts.table, &map.attempts.changed),
                Stage::LoneEnrolments => ("e", &map.enrolments.table, &map.enrolments.changed),
                Stage::Scorm => {
                    return joins::has_changed(statement.say(" AND "), map, Changed::Attempt, since);
                }
                Stage::Attempts => {
                    return joins::has_changed(statement.say(" AND "), map, Changed::Enrolment, since);
                }
            };
            statement = statement.say(" AND ").column(alias, column).say(" >= ").moment(table, column, since);
        }
        statement
    }

    pub(crate) fn ordered<'s>(&self, statement: Statement<'s>) -> Statement<'s> {
        let (alias, _, key) = self.rows();
        statement.say(" ORDER BY ").column(alias, key).say(&format!(" LIMIT {AT_ONCE}"))
    }

    async fn topics(&self, lms: &Lms, after: Option<&Cell>) -> Result<Page, RepairError> {
        let names = &self.map.topics;
        let of_viewing = |name| if self.stage == Stage::Viewing { name } else { "" };
        let read = [
            names.id.as_str(),
            &names.user,
            &names.topic,
            &names.time_spent,
            &names.attempts,
            of_viewing(names.data.as_str()),
            of_viewing(names.audio_position.as_str()),
        ];
        let statement = lms.statement().say("SELECT ").read_all("t", &read);
        let statement = if self.stage == Stage::Viewing {
            statement
        } else {
            self.twins(self.twins(statement, false), true)
        };
        let statement = self.ordered(self.narrowed(self.from(statement), after));
        let topics: Vec<Topic> = lms.rows(statement.done()).await?.into_iter().map(topic).collect();
        let (Some(first), Some(last)) = (topics.first(), topics.last()) else { return Ok(Page::default()) };
        let mut below = match self.stage {
            Stage::Viewing => HashMap::new(),
            _ => self.below(lms, &first.id, &last.id).await?,
        };
        let (seen, last) = (topics.len(), last.id.clone());
        let mut planned = Vec::new();
        for topic in topics {
            let rows = below.remove(&topic.id).unwrap_or_default();
            match self.stage {
                Stage::Viewing => planned.push(self.viewing(topic)),
                Stage::Scorm => planned.extend(self.scorm(topic, rows)),
                _ => planned.extend(self.attempts(topic, rows)),
            }
        }
        Ok(Page { planned, seen, last: Some(last) })
    }

    /// How many rows there are of the same learner and topic; or how many of them are before this one.
    fn twins<'s>(&self, statement: Statement<'s>, earlier: bool) -> Statement<'s> {
        let names = &self.map.topics;
        let statement =
            statement.say(", (SELECT ").counted().say(" FROM ").table(&names.table, "d").say(" WHERE ");
        let statement = statement.column("d", &names.user).say(" = ").column("t", &names.user).say(" AND ");
        let statement = statement.column_beside("d", &names.topic).say(" = ").column("t", &names.topic);
        let statement = if earlier {
            statement.say(" AND ").column("d", &names.id).say(" < ").column("t", &names.id)
        } else {
            statement
        };
        statement.say(")")
    }

    /// Enrolments and attempts of the topics from one to another, by topic.
    async fn below(
        &self,
        lms: &Lms,
        first: &Cell,
        last: &Cell,
    ) -> Result<HashMap<Cell, Vec<Row>>, RepairError> {
        let (topics, enrolments, attempts) = (&self.map.topics, &self.map.enrolments, &self.map.attempts);
        let has_attempts = self.stage == Stage::Scorm;
        let statement = lms.statement().say("SELECT ").read("t", &topics.id).say(", ");
        let statement = statement.read_all("e", &[&enrolments.id, &enrolments.attempts]);
        let statement = if has_attempts {
            let names = of_attempt(self.map);
            joins::topics_with_attempts(statement.say(", ").read_all("a", &names), self.map)
        } else {
            joins::topics_with_enrolments(statement, self.map)
        };
        let statement = statement.say(" WHERE ").column("t", &topics.id).say(" >= ");
        let statement = statement.value(&topics.table, &topics.id, first.clone());
        let statement = statement.say(" AND ").column("t", &topics.id).say(" <= ");
        let mut statement = statement.value(&topics.table, &topics.id, last.clone());
        if let Some(user) = &self.asked.user {
            let user = Cell::Text(user.clone());
            statement = statement.say(" AND ").column("t", &topics.user).say(" = ");
            statement = statement.value(&topics.table, &topics.user, user);
        }
        if let Some(since) = &self.asked.since {
            // Whatever else lies between them was not asked for, and may be nearly everything.
            let whose = if has_attempts { Changed::Attempt } else { Changed::Enrolment };
            statement = joins::has_changed(statement.say(" AND "), self.map, whose, since);
        }
        statement = statement.say(" ORDER BY ").column("t", &topics.id).say(", ").column("e", &enrolments.id);
        if has_attempts {
            statement = statement.say(", ").column("a", &attempts.id);
        }
        let mut below: HashMap<Cell, Vec<Row>> = HashMap::new();
        for cells in lms.rows(statement.done()).await? {
            let mut columns = Columns(cells.into_iter());
            let topic = columns.next();
            below.entry(topic).or_default().push(row(&mut columns));
        }
        Ok(below)
    }

    /// What is said of a topic's row, and written into one of its columns.
    fn of_topic(&self, topic: &Topic, column: &str, from: &Cell, finding: Finding) -> Planned {
        let names = &self.map.topics;
        let set = finding.to.map(|to| set(column, from, to));
        let row = (names.table.as_str(), names.id.as_str(), &topic.id);
        planned(row, (&topic.user, &topic.topic), finding, set.into_iter().collect(), Vec::new())
    }

    fn viewing(&self, topic: Topic) -> Planned {
        let names = &self.map.topics;
        let viewing = viewing::Viewing {
            time_spent: topic.time_spent.clone(),
            data: topic.data.clone(),
            audio_position: topic.audio_position.clone(),
        };
        let finding = viewing::judge(&viewing, names, self.map.limits.most_s());
        self.of_topic(&topic, &names.time_spent, &topic.time_spent, finding)
    }

    /// A topic and its attempts; nothing where it has no enrolment, and so is no SCORM package.
    fn scorm(&self, topic: Topic, rows: Vec<Row>) -> Vec<Planned> {
        if rows.is_empty() {
            return Vec::new();
        }
        let mut planned = Vec::new();
        let mut of_number: HashMap<(Cell, Cell), scorm::AttemptFinding> = HashMap::new();
        let mut order = Vec::new();
        let mut seen = HashSet::new();
        let several = with_several_sessions(&rows);
        for row in rows.iter().filter(|it| it.id != Cell::Null && seen.insert(it.id.clone())) {
            let found = judged(row, &several, self.map.limits.most_s());
            if topic.earlier == 0 {
                planned.push(of_attempt_row(self.map, row, (&topic.user, &topic.topic), &found));
            }
            let key = (row.enrolment.clone(), row.number.clone());
            match of_number.get(&key) {
                Some(it) if it.seconds >= found.seconds => {}
                Some(_) => {
                    of_number.insert(key, found);
                }
                None => {
                    order.push(key.clone());
                    of_number.insert(key, found);
                }
            }
        }
        let found: Vec<&scorm::AttemptFinding> = order.iter().filter_map(|it| of_number.get(it)).collect();
        let finding = of_all(&topic, &found, seen.len());
        let finding = only_of_one(&topic, finding);
        let names = &self.map.topics;
        planned.push(self.of_topic(&topic, &names.time_spent, &topic.time_spent, finding));
        planned
    }

    /// How many attempts a topic had; nothing where it has no enrolment.
    fn attempts(&self, topic: Topic, rows: Vec<Row>) -> Option<Planned> {
        if rows.is_empty() {
            return None;
        }
        let names = &self.map.enrolments;
        let most = rows.iter().filter_map(|it| it.total_attempts.count()).max();
        let finding = match most {
            Some(it) if it > 0 && it <= i64::from(i32::MAX) => {
                let several = if rows.len() > 1 {
                    format!(", the most of {} enrolments", rows.len())
                } else {
                    String::new()
                };
                let why = format!("the enrolment says {} {it}{several}", names.attempts);
                Finding::raised(&topic.attempts, it, Basis::Enrolment, why)
            }
            Some(0) => match topic.attempts.count() {
                Some(it) if it > 0 => Finding::left(
                    Outcome::Higher,
                    format!(
                        "{it} is there, which is more and stays; the enrolment says {} 0",
                        names.attempts
                    ),
                ),
                _ => {
                    Finding::left(Outcome::NotRecoverable, format!("the enrolment says {} 0", names.attempts))
                }
            },
            Some(it) => {
                Finding::left(Outcome::Implausible, format!("the enrolment says {} {it}", names.attempts))
            }
            None => {
                let said = rows.first().map_or(&Cell::Null, |it| &it.total_attempts);
                let outcome = if *said == Cell::Null { Outcome::NotRecoverable } else { Outcome::Malformed };
                Finding::left(outcome, format!("the enrolment says {} {said}", names.attempts))
            }
        };
        let finding = only_of_one(&topic, finding);
        Some(self.of_topic(&topic, &self.map.topics.attempts, &topic.attempts, finding))
    }

    async fn lone_attempts(&self, lms: &Lms, after: Option<&Cell>) -> Result<Page, RepairError> {
        let enrolments = &self.map.enrolments;
        let statement = lms.statement().say("SELECT ");
        let statement = statement.read_all("e", &[&enrolments.user, &enrolments.topic, &enrolments.id]);
        let statement = statement.say(", ").read("e", &enrolments.attempts).say(", ");
        let statement = self.from(statement.read_all("a", &of_attempt(self.map)));
        let statement = self.ordered(self.narrowed(statement, after));
        let mut page = Page::default();
        let mut seen = HashSet::new();
        for cells in lms.rows(statement.done()).await? {
            let mut columns = Columns(cells.into_iter());
            let (user, topic) = (columns.next(), columns.next());
            let row = row(&mut columns);
            page.seen += 1;
            page.last = Some(row.id.clone());
            if !seen.insert(row.id.clone()) {
                continue;
            }
            let several = with_several_sessions(std::slice::from_ref(&row));
            let found = judged(&row, &several, self.map.limits.most_s());
            let mut planned = of_attempt_row(self.map, &row, (&user, &topic), &found);
            if planned.write.is_none() && planned.told.outcome == Outcome::Right {
                planned.told.outcome = Outcome::NoTopic;
            }
            planned.told.why += "; no row of the report belongs to it";
            page.planned.push(planned);
        }
        Ok(page)
    }

    async fn lone_enrolments(&self, lms: &Lms, after: Option<&Cell>) -> Result<Page, RepairError> {
        let names = &self.map.enrolments;
        let statement = lms.statement().say("SELECT ");
        let statement = statement.read_all("e", &[&names.id, &names.user, &names.topic, &names.attempts]);
        let statement = self.ordered(self.narrowed(self.from(statement), after));
        let mut page = Page::default();
        for cells in lms.rows(statement.done()).await? {
            let mut columns = Columns(cells.into_iter());
            let (id, user, topic, said) = (columns.next(), columns.next(), columns.next(), columns.next());
            page.seen += 1;
            page.last = Some(id.clone());
            let why = format!("{} is {said}, and no row of the report belongs to it", names.attempts);
            let finding = Finding::left(Outcome::NoTopic, why);
            let row = (names.table.as_str(), names.id.as_str(), &id);
            page.planned.push(planned(row, (&user, &topic), finding, Vec::new(), Vec::new()));
        }
        Ok(page)
    }
}

/// The columns of an attempt that are read, in the order in which [`row`] takes them.
fn of_attempt(map: &Map) -> [&str; 8] {
    let names = &map.attempts;
    [
        &names.id,
        &names.number,
        &names.sessions,
        &names.version,
        &names.total_time,
        &names.session_time,
        &names.total_seconds,
        &names.session_seconds,
    ]
}

fn row(columns: &mut Columns) -> Row {
    Row {
        enrolment: columns.next(),
        total_attempts: columns.next(),
        id: columns.next(),
        number: columns.next(),
        sessions: columns.next(),
        attempt: scorm::Attempt {
            version: columns.next(),
            total_time: columns.next(),
            session_time: columns.next(),
            total_seconds: columns.next(),
            session_seconds: columns.next(),
            had_several_sessions: false,
        },
    }
}

fn topic(cells: Vec<Cell>) -> Topic {
    let mut columns = Columns(cells.into_iter());
    Topic {
        id: columns.next(),
        user: columns.next(),
        topic: columns.next(),
        time_spent: columns.next(),
        attempts: columns.next(),
        data: columns.next(),
        audio_position: columns.next(),
        twins: columns.next().count().unwrap_or(1),
        earlier: columns.next().count().unwrap_or(0),
    }
}

/// The ids of attempts that had several sessions: where a column says so, where one is there more than once, or where more
/// tries were counted than there are attempts.
fn with_several_sessions(rows: &[Row]) -> HashSet<&Cell> {
    let mut numbers: HashMap<&Cell, HashSet<&Cell>> = HashMap::new();
    let mut ids: HashMap<(&Cell, &Cell), HashSet<&Cell>> = HashMap::new();
    for row in rows {
        numbers.entry(&row.enrolment).or_default().insert(&row.number);
        ids.entry((&row.enrolment, &row.number)).or_default().insert(&row.id);
    }
    let is_one = |row: &&Row| {
        let counted = row.total_attempts.count().and_then(|it| usize::try_from(it).ok()).unwrap_or(0);
        row.sessions.count().is_some_and(|it| it > 1)
            || ids.get(&(&row.enrolment, &row.number)).is_some_and(|it| it.len() > 1)
            || numbers.get(&row.enrolment).is_some_and(|it| counted > it.len())
    };
    rows.iter().filter(is_one).map(|it| &it.id).collect()
}

/// An attempt as it is judged.
fn judged(row: &Row, several: &HashSet<&Cell>, most_s: i64) -> scorm::AttemptFinding {
    let had_several_sessions = several.contains(&row.id);
    scorm::judge(&scorm::Attempt { had_several_sessions, ..row.attempt.clone() }, most_s)
}

/// What is said of an attempt's row, and written into its columns as long as its texts are the same.
fn of_attempt_row(map: &Map, row: &Row, of: (&Cell, &Cell), found: &scorm::AttemptFinding) -> Planned {
    let names = &map.attempts;
    let attempt = &row.attempt;
    let mut finding = found.finding.clone();
    let total = finding.to.map(|to| set(&names.total_seconds, &attempt.total_seconds, to));
    let session = found.session_to.map(|to| set(&names.session_seconds, &attempt.session_seconds, to));
    if total.is_none() && session.is_some() && finding.outcome == Outcome::Right {
        finding.outcome = Outcome::Changed;
    }
    let sets: Vec<Set> = total.into_iter().chain(session).collect();
    let guards = vec![
        (names.total_time.clone(), attempt.total_time.clone()),
        (names.session_time.clone(), attempt.session_time.clone()),
    ];
    planned((&names.table, &names.id, &row.id), of, finding, sets, guards)
}

/// What a topic took, from all its attempts.
fn of_all(topic: &Topic, found: &[&scorm::AttemptFinding], rows: usize) -> Finding {
    let sum = found.iter().fold(0_i64, |sum, it| sum.saturating_add(it.seconds));
    let attempts = if found.len() == 1 { "attempt" } else { "attempts" };
    let twice = if rows > found.len() { ", of rows for the same attempt the longest" } else { "" };
    if sum > 0 {
        let is_at_least = found.iter().any(|it| it.is_at_least());
        let (basis, at_least) =
            if is_at_least { (Basis::AttemptsAtLeast, ", a lower bound") } else { (Basis::Attempts, "") };
        let why = format!("{} {attempts} took {}{twice}{at_least}", found.len(), length(sum));
        return Finding::raised(&topic.time_spent, sum, basis, why);
    }
    if let Some(it) = topic.time_spent.count().filter(|it| *it > 0) {
        return Finding::left(
            Outcome::Right,
            format!("{it} is there, {}, and no attempt says more", length(it)),
        );
    }
    let Some(first) = found.first() else {
        return Finding::left(
            Outcome::NotRecoverable,
            "the learner is enrolled, and no attempt was ever kept",
        );
    };
    let worst = found.iter().find(|it| it.finding.outcome != Outcome::NotRecoverable).unwrap_or(first);
    let outcome = match worst.finding.outcome {
        it @ (Outcome::Malformed | Outcome::Implausible) => it,
        _ => Outcome::NotRecoverable,
    };
    let why = match found.len() {
        1 => format!("of its attempt, {}", worst.finding.why),
        n => format!("none of its {n} attempts has a time; of one, {}", worst.finding.why),
    };
    Finding::left(outcome, why)
}

/// Where several rows stand for the same learner and topic, nobody knows which of them the report shows, and the sum in
/// each of them would be shown twice.
fn only_of_one(topic: &Topic, finding: Finding) -> Finding {
    if topic.twins <= 1 || finding.to.is_none() {
        return finding;
    }
    finding.of_several(topic.twins)
}

pub(crate) fn set(column: &str, from: &Cell, to: i64) -> Set {
    Set { column: column.to_owned(), from: from.clone(), to: Cell::Whole(to) }
}

/// A row of a table with its key, of a learner and a topic: what was found, what is changed, what has to be as it was.
pub(crate) fn planned(
    (table, key, id): (&str, &str, &Cell),
    (learner, topic): (&Cell, &Cell),
    finding: Finding,
    set: Vec<Set>,
    guards: Vec<(String, Cell)>,
) -> Planned {
    let write = (!set.is_empty()).then(|| Write {
        table: table.to_owned(),
        key: key.to_owned(),
        id: id.clone(),
        set: set.clone(),
        guards,
    });
    let told = Told {
        table: table.to_owned(),
        id: id.clone(),
        learner: learner.clone(),
        topic: topic.clone(),
        outcome: finding.outcome,
        changes: set,
        basis: finding.basis,
        why: finding.why,
    };
    Planned { told, write }
}
