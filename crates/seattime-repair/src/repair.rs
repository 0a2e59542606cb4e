//! The commands: what they look at, what they need, and how they write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use seattime_server::clock::ServerClock;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cell::Cell;
use crate::error::RepairError;
use crate::lms::{Lms, Write, Written};
use crate::map::Map;
use crate::pages::{Pages, Planned, Stage};
use crate::records::{Changed, Header, UndoFile, audit};
use crate::told::{Outcome, Told};

/// What is put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Time spent, from what videos and audios left behind.
    SyncTimeSpent,
    /// Times of SCORM attempts, and their sums.
    FixScormTime,
    /// How many attempts there were.
    SyncScormAttempts,
}

impl Command {
    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Command::SyncTimeSpent => "sync-time-spent",
            Command::FixScormTime => "fix-scorm-time",
            Command::SyncScormAttempts => "sync-scorm-attempts",
        }
    }

    /// Which columns it writes, for whoever is asked whether it may.
    pub fn writes(self, map: &Map) -> Vec<String> {
        let (topics, attempts) = (&map.topics, &map.attempts);
        match self {
            Command::SyncTimeSpent => vec![format!("{}.{}", topics.table, topics.time_spent)],
            Command::SyncScormAttempts => vec![format!("{}.{}", topics.table, topics.attempts)],
            Command::FixScormTime => vec![
                format!("{}.{}", attempts.table, attempts.total_seconds),
                format!("{}.{}", attempts.table, attempts.session_seconds),
                format!("{}.{}", topics.table, topics.time_spent),
            ],
        }
    }

    fn stages(self) -> &'static [Stage] {
        match self {
            Command::SyncTimeSpent => &[Stage::Viewing],
            Command::FixScormTime => &[Stage::Scorm, Stage::LoneAttempts],
            Command::SyncScormAttempts => &[Stage::Attempts, Stage::LoneEnrolments],
        }
    }
}

/// Which rows are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The LMS's own id of one learner.
    pub(crate) user: Option<String>,
    /// Those that were changed since, as `2026-01-31 00:00:00` of UTC.
    pub(crate) since: Option<String>,
}

impl Asked {
    /// Rows of a learner, by the LMS's own id, or of all; changed since a moment, or whenever. A moment is a day, which
    /// begins at midnight of UTC, or a day and a time, of UTC unless it says otherwise.
    ///
    /// # Errors
    ///
    /// [`RepairError::Asked`]: it is no moment.
    pub fn new(user: Option<String>, since: Option<&str>) -> Result<Asked, RepairError> {
        let since = since.map(|text| {
            moment(text).ok_or_else(|| {
                RepairError::Asked(format!(
                    "--since is {text:?}; expected a day as 2026-01-31, or a moment as 2026-01-31T18:00:00Z"
                ))
            })
        });
        Ok(Asked { user, since: since.transpose()? })
    }
}

/// A moment of UTC, as databases write it.
fn moment(text: &str) -> Option<String> {
    let moment = text.parse::<Timestamp>().ok().map(|it| TimeZone::UTC.to_datetime(it));
    let civil = || text.parse::<DateTime>().ok();
    let day = || text.parse::<Date>().ok().map(|it| it.at(0, 0, 0, 0));
    let moment = moment.or_else(civil).or_else(day)?;
    Some(moment.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Where and by whom changes are recorded.
#[derive(Debug, Clone, Copy)]
pub struct Recording<'a> {
    /// The folder of undo files and of the record of who did what and when.
    pub folder: &'a Path,
    /// Who asks.
    pub by: &'a str,
}

/// Hears of each row, and how far it is.
pub trait Listener {
    /// A row was looked at.
    fn row(&mut self, told: &Told);
    /// So many of so many rows were looked at.
    fn progress(&mut self, done: u64, of: u64);
}

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many rows were looked at.
    pub looked_at: u64,
    /// How many rows came to what, by its word.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// How many seconds the report shows more, or would.
    pub seconds_more: i64,
    /// How many rows a run had changed that was broken off, and that this one went on with.
    pub changed_before: u64,
    /// Where what was changed can be undone from; none where nothing was, or in a dry run.
    pub undo: Option<PathBuf>,
}

impl Summary {
    /// How many rows came to this.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(outcome.word()).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, told: &Told, (table, time_spent): (&str, &str)) {
        *self.outcomes.entry(told.outcome.word()).or_default() += 1;
        if told.outcome == Outcome::Changed && told.table == table {
            for set in told.changes.iter().filter(|it| it.column == time_spent) {
                let was = set.from.count().unwrap_or(0);
                let more = set.to.count().unwrap_or(0).saturating_sub(was);
                self.seconds_more = self.seconds_more.saturating_add(more);
            }
        }
    }
}

/// Runs a command: says of each row what is to become of it, and with a recording also does it. Nothing is changed that
/// is not in the undo file before. Broken off at any moment and run again, it ends as if it had run once.
///
/// # Errors
///
/// [`RepairError`]; what was written before is whole.
pub async fn repair(
    lms: &mut Lms,
    map: &Map,
    command: Command,
    asked: &Asked,
    recording: Option<Recording<'_>>,
    clock: &dyn ServerClock,
    listener: &mut dyn Listener,
) -> Result<Summary, RepairError> {
    check(lms, map, command, asked).await?;
    let mut session = Session::begin(lms, command.word(), asked, recording, clock).await?;
    for stage in command.stages() {
        session.run(lms, &Pages { stage: *stage, map, asked }, listener).await?;
    }
    session.end(clock).await
}

/// A run from its beginning to its end: its undo file, its line in the record, and what it comes to.
pub(crate) struct Session<'a> {
    command: &'a str,
    place: String,
    asked: &'a Asked,
    recording: Option<Recording<'a>>,
    undo: Option<UndoFile>,
    summary: Summary,
}

impl<'a> Session<'a> {
    pub(crate) async fn begin(
        lms: &Lms,
        command: &'a str,
        asked: &'a Asked,
        recording: Option<Recording<'a>>,
        clock: &dyn ServerClock,
    ) -> Result<Session<'a>, RepairError> {
        let (place, summary) = (lms.place().to_owned(), Summary::default());
        let mut session = Session { command, place, asked, recording, undo: None, summary };
        if let Some(Recording { folder, by }) = recording {
            let began = now(clock).await;
            let undo = UndoFile::begin(
                folder,
                &Header {
                    v: 1,
                    command: command.to_owned(),
                    place: session.place.clone(),
                    asked: asked.clone(),
                    by: by.to_owned(),
                    began: began.clone(),
                },
            )?;
            session.summary.changed_before = undo.changed_before;
            session.audit("began", began, json!({ "undo": undo.path() }))?;
            session.undo = Some(undo);
        }
        Ok(session)
    }

    async fn run(
        &mut self,
        lms: &mut Lms,
        pages: &Pages<'_>,
        listener: &mut dyn Listener,
    ) -> Result<(), RepairError> {
        let of = pages.count(lms).await?;
        let (mut done, mut after) = (0, None::<Cell>);
        loop {
            let mut page = pages.page(lms, after.as_ref()).await?;
            self.page(lms, pages.map, &mut page.planned, page.seen, listener).await?;
            done += u64::try_from(page.seen).unwrap_or(0);
            listener.progress(done, of.max(done));
            match page.last {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// Writes what is planned of some rows, and tells of each.
    pub(crate) async fn page(
        &mut self,
        lms: &mut Lms,
        map: &Map,
        planned: &mut [Planned],
        seen: usize,
        listener: &mut dyn Listener,
    ) -> Result<(), RepairError> {
        if let Some(undo) = &mut self.undo {
            write(lms, planned, undo).await?;
        }
        for Planned { told, .. } in planned.iter() {
            self.summary.add(told, (&map.topics.table, &map.topics.time_spent));
            listener.row(told);
        }
        self.summary.looked_at += u64::try_from(seen).unwrap_or(0);
        Ok(())
    }

    /// Ends it; answers what it came to.
    pub(crate) async fn end(mut self, clock: &dyn ServerClock) -> Result<Summary, RepairError> {
        self.summary.undo = self.undo.take().map(UndoFile::finish).transpose()?.flatten();
        let more = json!({ "summary": self.summary });
        self.audit("finished", now(clock).await, more)?;
        Ok(self.summary)
    }

    /// Adds a line to the record, where there is one.
    fn audit(&self, what: &str, at: String, more: serde_json::Value) -> Result<(), RepairError> {
        let Some(Recording { folder, by }) = &self.recording else { return Ok(()) };
        let mut line = json!({
            "what": what, "at": at, "by": by, "command": self.command, "place": self.place, "asked": self.asked,
        });
        if let (Some(line), serde_json::Value::Object(more)) = (line.as_object_mut(), more) {
            line.extend(more);
        }
        audit(folder, &line)
    }
}

/// Writes what is planned: into the undo file, then into the database.
async fn write(lms: &mut Lms, planned: &mut [Planned], undo: &mut UndoFile) -> Result<(), RepairError> {
    let (writes, changed): (Vec<Write>, Vec<Changed>) =
        planned.iter().filter_map(|it| Some((it.write.clone()?, changed(it)?))).unzip();
    if writes.is_empty() {
        return Ok(());
    }
    undo.batch(changed)?;
    let written = lms.write(&writes).await?;
    undo.came_out(&written)?;
    for (it, written) in planned.iter_mut().filter(|it| it.write.is_some()).zip(written) {
        let (outcome, why) = match written {
            Written::Done => continue,
            Written::Moved => {
                (Outcome::Moved, "the LMS changed or held the row meanwhile; run it again".to_owned())
            }
            Written::Refused(reason) => (Outcome::Refused, format!("the database refused it: {reason}")),
        };
        it.told.outcome = outcome;
        it.told.changes.clear();
        it.told.why = format!("{why}. {}", it.told.why);
    }
    Ok(())
}

fn changed(planned: &Planned) -> Option<Changed> {
    let write = planned.write.as_ref()?;
    Some(Changed {
        table: write.table.clone(),
        key: write.key.clone(),
        id: write.id.clone(),
        learner: planned.told.learner.clone(),
        topic: planned.told.topic.clone(),
        set: write.set.clone(),
    })
}

/// Looks for every table and column that the command needs.
async fn check(lms: &mut Lms, map: &Map, command: Command, asked: &Asked) -> Result<(), RepairError> {
    let (topics, enrolments, attempts) = (&map.topics, &map.enrolments, &map.attempts);
    let since = |column: &str| if asked.since.is_some() { column.to_owned() } else { String::new() };
    let viewing = command == Command::SyncTimeSpent;
    if viewing && topics.data.is_empty() && topics.audio_position.is_empty() {
        let why = "the file of --map leaves out both topics.data and topics.audio_position; name one of them";
        return Err(RepairError::Asked(why.to_owned()));
    }
    let changed_of = match command {
        Command::SyncTimeSpent => &topics.changed,
        Command::FixScormTime => &attempts.changed,
        Command::SyncScormAttempts => &enrolments.changed,
    };
    if asked.since.is_some() && changed_of.is_empty() {
        let why = "--since needs the column that says when a row was changed; name it as changed in the file of --map";
        return Err(RepairError::Asked(why.to_owned()));
    }
    let if_viewing = |it: &str| if viewing { it.to_owned() } else { String::new() };
    let more = [
        ("data", if_viewing(&topics.data)),
        ("audio_position", if_viewing(&topics.audio_position)),
        ("changed", if_viewing(&since(&topics.changed))),
    ];
    require_topics(lms, map, &more).await?;
    let mut needed = Vec::new();
    if !viewing {
        let is_asked = command == Command::SyncScormAttempts;
        needed.push((
            &enrolments.table,
            "enrolments",
            vec![
                ("id", enrolments.id.clone()),
                ("user", enrolments.user.clone()),
                ("topic", enrolments.topic.clone()),
                ("attempts", enrolments.attempts.clone()),
                ("changed", if is_asked { since(&enrolments.changed) } else { String::new() }),
            ],
        ));
    }
    if command == Command::FixScormTime {
        needed.push((
            &attempts.table,
            "attempts",
            vec![
                ("id", attempts.id.clone()),
                ("number", attempts.number.clone()),
                ("version", attempts.version.clone()),
                ("total_time", attempts.total_time.clone()),
                ("session_time", attempts.session_time.clone()),
                ("total_seconds", attempts.total_seconds.clone()),
                ("session_seconds", attempts.session_seconds.clone()),
                ("sessions", attempts.sessions.clone()),
                ("changed", since(&attempts.changed)),
            ],
        ));
    }
    for (table, section, columns) in needed {
        require(lms, table, section, &columns).await?;
    }
    if !viewing {
        check_joins(lms, map, command).await?;
    }
    let Some(user) = &asked.user else { return Ok(()) };
    if lms.can_hold(&topics.table, &topics.user, user) {
        return Ok(());
    }
    let (table, column) = (&topics.table, &topics.user);
    Err(RepairError::Asked(format!(
        "--user-id is {user:?}, which {table}.{column} cannot hold; expected one of its ids"
    )))
}

/// Looks for every table and column that others are joined by.
async fn check_joins(lms: &mut Lms, map: &Map, command: Command) -> Result<(), RepairError> {
    let (topics, enrolments, attempts) = (&map.topics.table, &map.enrolments.table, &map.attempts.table);
    let mut ways = vec![(enrolments, &map.joins.enrolment_to_topic, topics)];
    if command == Command::FixScormTime {
        ways.push((attempts, &map.joins.attempt_to_enrolment, enrolments));
    }
    for (from, steps, to) in ways {
        let mut left = from;
        for step in steps {
            let right = step.table.as_ref().unwrap_or(to);
            for (of_left, of_right) in &step.on {
                require(lms, left, "joins", &[("the first of a pair", of_left.clone())]).await?;
                require(lms, right, "joins", &[("the second of a pair", of_right.clone())]).await?;
            }
            left = right;
        }
    }
    Ok(())
}

/// Looks for the table of topics with the columns that everything needs, and some more.
pub(crate) async fn require_topics(
    lms: &mut Lms,
    map: &Map,
    more: &[(&'static str, String)],
) -> Result<(), RepairError> {
    let names = &map.topics;
    let mut columns = vec![
        ("id", names.id.clone()),
        ("user", names.user.clone()),
        ("topic", names.topic.clone()),
        ("time_spent", names.time_spent.clone()),
        ("attempts", names.attempts.clone()),
    ];
    columns.extend_from_slice(more);
    require(lms, &names.table, "topics", &columns).await
}

/// Looks for a table and columns of it, each with what it is called in a file of names.
pub(crate) async fn require(
    lms: &mut Lms,
    table: &str,
    section: &'static str,
    columns: &[(&'static str, String)],
) -> Result<(), RepairError> {
    let found = lms.columns(table).await?;
    if found.is_empty() {
        return Err(RepairError::MissingTable { table: table.to_owned(), section, key: "table" });
    }
    let missing = columns.iter().find(|it| !it.1.is_empty() && !found.contains(&it.1));
    missing.map_or(Ok(()), |(key, column)| {
        Err(RepairError::MissingColumn {
            table: table.to_owned(),
            column: column.clone(),
            found: found.join(", "),
            section,
            key,
        })
    })
}

/// The moment, as records tell it.
pub(crate) async fn now(clock: &dyn ServerClock) -> String {
    let now = Timestamp::from_millisecond(clock.now_ms().await).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_string()
}
