//! A server that dies while it makes or migrates its database, and starts again.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use seattime_testing::rng::Rng;

use crate::course::Course;
use crate::integrity;
use crate::server::{Machine, text};

/// The first schema that there was, which is never changed.
const FIRST_SCHEMA: &str = include_str!("../../../seattime-server/migrations/sqlite/0001_spine.sql");

/// What a server of that time kept: a course, a learner, and where the learner was.
const FIRST_ROWS: &str = "
    INSERT INTO tenant VALUES ('default', 'default', 1);
    INSERT INTO package VALUES ('default', 'old-topic', 'Old', 'Old course', '2004', 1);
    INSERT INTO activity VALUES ('old-topic', 0, 'item', 'Item', 'sco', 0, 'index.html', '[]');
    INSERT INTO learner VALUES ('old-id', 'default', 'old-learner', 'Learner, Old', 1);
    INSERT INTO attempt VALUES ('old-id', 'old-attempt', 'default', 'Old course', 'old-topic', 1, 'continue', 1, 1);
    INSERT INTO value VALUES ('old-id', 'old-attempt', 'item', 1, 'cmi.location', 'page-7', 1, 1);
    INSERT INTO value VALUES ('old-id', 'old-attempt', 'item', 1, 'cmi.exit', 'suspend', 1, 2);
    PRAGMA user_version = 1;";

/// What the server finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// The first schema, as a server left it.
    Served,
    /// The same without a write-ahead log, as a copy by SQLite's own tools is.
    Copied,
}

/// Where it dies, and how often it may pass there before.
#[rustfmt::skip]
const POINTS: &[(&str, u64)] = &[
    // point           at most the Nth time
    ("write-journal",  6),
    ("sync-journal",   2),
    ("delete-journal", 1),
    ("write-db",       2),
    ("sync-db",        2),
    ("write-wal",      60),
    ("sync-wal",       3),
];

/// One death in a folder of its own; says whether it came before the server listened.
pub(crate) async fn die(testbed: &Path, mut rng: Rng, has_power: bool) -> Result<bool> {
    let before = rng.choose(&[Before::Nothing, Before::Served, Before::Copied]).context("no choice")?;
    let (point, most) = rng.choose(POINTS).context("no points")?;
    let point = format!("{point} {}", 1 + rng.below(most));
    let power = (!has_power).then(|| Rng::from_seed(rng.next_u64()));
    dies_and_comes_back(testbed, before, &point, power).await.with_context(|| format!("{before:?}, {point}"))
}

async fn dies_and_comes_back(
    testbed: &Path,
    before: Before,
    point: &str,
    power: Option<Rng>,
) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let mut machine = Machine::new(testbed, folder.path(), power);
    if before != Before::Nothing {
        let database = Connection::open(machine.database())?;
        if before == Before::Served {
            database.execute_batch("PRAGMA journal_mode = WAL")?;
        }
        database.execute_batch(FIRST_SCHEMA)?;
        database.execute_batch(FIRST_ROWS)?;
    }
    let oldest = integrity::version(&machine.database())?;
    let has_died = machine.start_and_die(point).await?;
    let found = integrity::version(&machine.database())?;
    let mut server = machine.start().await?;
    let newest = integrity::version(&machine.database())?;
    ensure!(found == oldest || found == newest, "the schema is left at {found}, of {oldest} to {newest}");
    ensure!(newest > oldest, "the schema stays at {oldest}");
    let topic = if before == Before::Nothing {
        let course = Course::new("Young".to_owned(), 2, Rng::from_seed(0));
        let topic = course.import(&server.api).await?;
        course.play(&server.api, &topic).await?;
        topic
    } else {
        let topic = server.api.topic("Old").await?.context("the old course is lost")?;
        let visit = server.api.open(&topic, "old-learner").await?;
        let location = text(&visit, "/values/item/cmi.location")?;
        ensure!(location == "page-7", "the old learner's next visit reads {location}, expected page-7");
        topic
    };
    server.kill().await?;
    let mut server = machine.start().await?;
    server.api.open(&topic, "old-learner").await.context("after one more death")?;
    server.kill().await?;
    Ok(has_died)
}
