//! The database of an LMS, of both kinds, and what is in it.
#![allow(dead_code, reason = "each test has its own part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seattime_repair::{Asked, Command, Listener, Lms, Map, Recording, Summary, Told, repair};
use seattime_server::clock::SystemClock;
use seattime_server::store::postgres::Guest;

use seattime_testing::cluster::{self, Cluster};
pub(crate) use seattime_testing::legacy_lms_fixture;

/// What a test unwraps.
pub(crate) type Done<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// An LMS's database, and a folder for records beside it.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    /// What `--lms` says.
    pub(crate) address: String,
    cluster: Option<Cluster>,
}

/// What is told of each row.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) Vec<Told>);

impl Listener for Heard {
    fn row(&mut self, told: &Told) {
        self.0.push(told.clone());
    }

    fn progress(&mut self, _done: u64, _of: u64) {}
}

impl Heard {
    /// What was said of one row.
    pub(crate) fn of(&self, table: &str, id: i64) -> Option<&Told> {
        self.0.iter().find(|it| it.table == table && it.id.to_string() == id.to_string())
    }
}

/// A row as it is in the database: its id, and what its columns hold.
pub(crate) type Table = BTreeMap<i64, Vec<Option<String>>>;

/// Everything that commands may write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    /// `total_time_spent`, `attempts`.
    pub(crate) topics: Table,
    /// `total_time_seconds`, `session_time_seconds`.
    pub(crate) attempts: Table,
}

const TOPICS: &str = "SELECT id, total_time_spent, attempts FROM courses_topicprogress";
const ATTEMPTS: &str = "SELECT id, total_time_seconds, session_time_seconds FROM scorm_scormattempt";

impl World {
    /// A file of SQLite with these statements run.
    pub(crate) fn sqlite(statements: &str) -> Done<World> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("db.sqlite3");
        let db = rusqlite::Connection::open(&path)?;
        db.execute_batch("PRAGMA synchronous = OFF")?;
        db.execute_batch(&format!("BEGIN; {statements}; COMMIT; {};", legacy_lms_fixture::INDEXES))?;
        let address = path.display().to_string();
        Ok(World { folder, address, cluster: None })
    }

    /// A PostgreSQL database with these statements run; none where there are no programs for one.
    pub(crate) async fn postgres(statements: &str) -> Done<Option<World>> {
        World::postgres_of(&format!("{statements}; {}", legacy_lms_fixture::INDEXES)).await
    }

    /// A PostgreSQL database with tables of its own.
    pub(crate) async fn postgres_of(statements: &str) -> Done<Option<World>> {
        let Some(programs) = cluster::programs_or_skip() else { return Ok(None) };
        let cluster = Cluster::start(&programs, &[])?;
        let address = cluster.url();
        Guest::connect(&address).await?.run(statements).await?;
        Ok(Some(World { folder: tempfile::tempdir()?, address, cluster: Some(cluster) }))
    }

    /// Both, of so many learners.
    pub(crate) async fn of_every_kind(learners: i64) -> Done<Vec<World>> {
        let rows: String =
            (0..learners).map(|it| legacy_lms_fixture::inserts(&legacy_lms_fixture::rows_of(it))).collect();
        let sqlite = World::sqlite(&format!("{}; {rows}", legacy_lms_fixture::SQLITE))?;
        let postgres = World::postgres(&format!("{}; {rows}", legacy_lms_fixture::POSTGRES)).await?;
        Ok([Some(sqlite), postgres].into_iter().flatten().collect())
    }

    /// Runs statements as the LMS would.
    pub(crate) async fn run(&self, statements: &str) -> Done<()> {
        match self.cluster {
            Some(_) => self.guest().await?.run(statements).await?,
            None => self.file()?.execute_batch(statements)?,
        }
        Ok(())
    }

    pub(crate) fn file(&self) -> Done<rusqlite::Connection> {
        let db = rusqlite::Connection::open(&self.address)?;
        db.busy_timeout(std::time::Duration::from_secs(30))?;
        Ok(db)
    }

    pub(crate) async fn guest(&self) -> Done<Guest> {
        Ok(Guest::connect(&self.address).await?)
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.cluster.is_some()
    }

    pub(crate) fn records(&self) -> PathBuf {
        self.folder.path().join("records")
    }

    async fn table(&self, query: &str) -> Done<Table> {
        let mut table = Table::new();
        if self.is_postgres() {
            let query = format!("SELECT id::bigint, x::text, y::text FROM ({query}) AS it (id, x, y)");
            for row in self.guest().await?.rows(&query, &[]).await? {
                table.insert(row.try_get(0)?, vec![row.try_get(1)?, row.try_get(2)?]);
            }
            return Ok(table);
        }
        let db = self.file()?;
        let mut statement = db.prepare(query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let figure = |n| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(n)?.map(|it| it.to_string()));
            table.insert(row.get(0)?, vec![figure(1)?, figure(2)?]);
        }
        Ok(table)
    }

    /// Everything that commands may write.
    pub(crate) async fn figures(&self) -> Done<Figures> {
        Ok(Figures { topics: self.table(TOPICS).await?, attempts: self.table(ATTEMPTS).await? })
    }

    pub(crate) async fn lms(&self) -> Done<Lms> {
        Ok(Lms::open(&self.address).await?)
    }

    /// Runs a command over everything.
    pub(crate) async fn repair(&self, command: Command, is_dry: bool) -> Done<(Summary, Heard)> {
        self.repair_some(command, &Asked::default(), is_dry).await
    }

    /// Runs a command over what is asked for.
    pub(crate) async fn repair_some(
        &self,
        command: Command,
        asked: &Asked,
        is_dry: bool,
    ) -> Done<(Summary, Heard)> {
        let folder = self.records();
        let recording = Recording { folder: &folder, by: "operator" };
        let recording = (!is_dry).then_some(recording);
        let (mut lms, map, mut heard) = (self.lms().await?, Map::django()?, Heard::default());
        let summary = repair(&mut lms, &map, command, asked, recording, &SystemClock, &mut heard).await?;
        Ok((summary, heard))
    }

    /// Takes back what an undo file says.
    pub(crate) async fn undo(&self, file: &Path, is_dry: bool) -> Done<(Summary, Heard)> {
        let folder = self.records();
        let recording = Recording { folder: &folder, by: "operator" };
        let recording = (!is_dry).then_some(recording);
        let (mut lms, mut heard) = (self.lms().await?, Heard::default());
        let summary = seattime_repair::undo(&mut lms, file, recording, &SystemClock, &mut heard).await?;
        Ok((summary, heard))
    }
}

/// The truth of so many learners after some commands, as it is written down by hand.
pub(crate) fn truth(learners: i64, has_run: impl Fn(Command) -> bool) -> Figures {
    let mut figures = Figures { topics: Table::new(), attempts: Table::new() };
    let text = |it: Option<i64>| it.map(|it| it.to_string());
    for rows in (0..learners).map(legacy_lms_fixture::rows_of) {
        for (id, _, _, kind) in rows.topics {
            let it = &kind.topic;
            // No kind is a video and a package at once, so at most one command has something to say of its time.
            let time = match () {
                () if has_run(Command::SyncTimeSpent) && it.after_viewing != it.time_spent => {
                    it.after_viewing
                }
                () if has_run(Command::FixScormTime) => it.after_scorm,
                () => it.time_spent,
            };
            let attempts = if has_run(Command::SyncScormAttempts) { it.after_attempts } else { it.attempts };
            figures.topics.insert(id, vec![text(time), text(attempts)]);
        }
        for (id, _, (.., before, after)) in rows.attempts {
            let (total, session) = if has_run(Command::FixScormTime) { after } else { before };
            figures.attempts.insert(id, vec![text(total), text(session)]);
        }
    }
    figures
}
