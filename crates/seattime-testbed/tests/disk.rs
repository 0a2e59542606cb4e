//! What SQLite finds after the disk lost power: what was synced, and of the rest nothing, or some.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use seattime_testbed::disk::{Disk, PowerLoss, Settings};
use seattime_testing::rng::Rng;
use tempfile::TempDir;

/// A database on a disk of its own.
struct World {
    folder: TempDir,
    disk: &'static Disk,
    name: String,
}

static DISKS: AtomicU64 = AtomicU64::new(0);

impl World {
    fn new(power_loss: PowerLoss) -> Option<World> {
        let name = format!("disk-{}", DISKS.fetch_add(1, Ordering::SeqCst));
        let settings = Settings { power_loss, sync_takes: Duration::ZERO };
        let disk = Disk::register(&name, settings, Box::new(|_| ())).ok()?;
        Some(World { folder: tempfile::tempdir().ok()?, disk, name })
    }

    fn connect(&self, pragmas: &str) -> rusqlite::Result<Connection> {
        let path = self.folder.path().join("test.db");
        let connection = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), self.name.as_str())?;
        connection.execute_batch(pragmas)?;
        Ok(connection)
    }

    /// The numbers that a process finds which starts after the power came back, if the file is in order.
    fn after_power_loss(&self) -> Option<Vec<i64>> {
        let later = tempfile::tempdir().ok()?;
        for end in ["", "-wal", "-journal"] {
            let name = format!("test.db{end}");
            if self.folder.path().join(&name).is_file() {
                std::fs::copy(self.folder.path().join(&name), later.path().join(&name)).ok()?;
            }
        }
        numbers(&later.path().join("test.db"))
    }
}

fn numbers(path: &Path) -> Option<Vec<i64>> {
    let connection = Connection::open(path).ok()?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).ok()?;
    if verdict != "ok" {
        return None;
    }
    let has_table: bool =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).ok()?;
    if !has_table {
        return Some(Vec::new());
    }
    let mut query = connection.prepare("SELECT n FROM kept ORDER BY n").ok()?;
    query.query_map([], |row| row.get(0)).ok()?.collect::<Result<_, _>>().ok()
}

const TABLE: &str = "CREATE TABLE kept (n INTEGER, filling BLOB);";

fn keep(connection: &Connection, n: i64) -> rusqlite::Result<usize> {
    connection.execute("INSERT INTO kept VALUES (?1, randomblob(3000))", [n])
}

#[test]
fn with_a_sync_for_each_transaction_all_survive_and_with_fewer_they_do_not() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, &[i64])] = &[
        // journal     synchronous  what survives of 1 and 2, as SQLite documents it
        ("WAL",        "FULL",      &[1, 2]),
        ("WAL",        "EXTRA",     &[1, 2]),
        ("WAL",        "NORMAL",    &[]),     // Synced only with a checkpoint.
        ("WAL",        "OFF",       &[]),
        ("DELETE",     "EXTRA",     &[1, 2]),
        ("DELETE",     "FULL",      &[1]),    // The journal's deletion is not synced: it comes back, and 2 is undone.
        ("TRUNCATE",   "FULL",      &[1, 2]),
        ("PERSIST",    "FULL",      &[1, 2]),
        ("DELETE",     "OFF",       &[]),
    ];
    for (journal, synchronous, expected) in cases {
        let world = World::new(PowerLoss::LosesAll).unwrap();
        let pragmas = format!("PRAGMA journal_mode = {journal}; PRAGMA synchronous = {synchronous}; {TABLE}");
        let connection = world.connect(&pragmas).unwrap();
        keep(&connection, 1).unwrap();
        keep(&connection, 2).unwrap();
        assert_eq!(world.after_power_loss().as_deref(), Some(*expected), "{journal}, {synchronous}");
        let seen: i64 = connection.query_row("SELECT count(*) FROM kept", [], |row| row.get(0)).unwrap();
        assert_eq!(seen, 2, "{journal}, {synchronous}: the process itself loses nothing");
    }
}

#[test]
fn every_connection_of_the_process_sees_what_is_not_synced() {
    let world = World::new(PowerLoss::LosesAll).unwrap();
    let writer =
        world.connect(&format!("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {TABLE}")).unwrap();
    let reader = world.connect("").unwrap();
    let count = || reader.query_row("SELECT count(*) FROM kept", [], |row| row.get::<_, i64>(0));
    for n in 1..=50 {
        keep(&writer, n).unwrap();
        assert_eq!(count(), Ok(n));
    }
    writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    assert_eq!(count(), Ok(50));
    drop(writer);
    drop(reader);
    let again = world.connect("").unwrap();
    assert_eq!(again.query_row("SELECT count(*) FROM kept", [], |row| row.get::<_, i64>(0)), Ok(50));
    assert_eq!(world.after_power_loss(), Some(Vec::new()));
}

#[test]
fn in_a_log_a_transaction_is_one_sync_and_reading_is_none() {
    for power_loss in [PowerLoss::Never, PowerLoss::LosesAll] {
        let world = World::new(power_loss).unwrap();
        let connection = world.connect(&format!("PRAGMA journal_mode = WAL; {TABLE}")).unwrap();
        keep(&connection, 1).unwrap();
        let before = world.disk.syncs();
        for n in 2..=11 {
            keep(&connection, n).unwrap();
            let read = connection.query_row("SELECT max(n) FROM kept", [], |row| row.get::<_, i64>(0));
            assert_eq!(read, Ok(n));
        }
        assert_eq!(world.disk.syncs() - before, 10, "{power_loss:?}");
    }
}

/// Whatever survives beside what was synced, SQLite recovers everything that it promised, and no half of anything.
#[test]
fn after_each_transaction_of_a_random_life_all_of_it_survives_and_the_file_is_in_order() {
    for seed in 0..24 {
        let mut rng = Rng::from_seed(seed);
        let world = World::new(PowerLoss::KeepsSome(rng.next_u64())).unwrap();
        let mut connection = world.connect(&format!("PRAGMA journal_mode = WAL; {TABLE}")).unwrap();
        let (mut expected, mut next) = (Vec::new(), 0);
        for _ in 0..20 {
            match rng.below(6) {
                0 => {
                    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
                }
                1 => {
                    connection.execute_batch("DELETE FROM kept WHERE n % 3 = 0; VACUUM").unwrap();
                    expected.retain(|n| n % 3 != 0);
                }
                2 => {
                    drop(connection); // The last one: it moves the log into the database and deletes it.
                    connection = world.connect("").unwrap();
                }
                3 => {
                    let transaction = connection.transaction().unwrap();
                    (next..next + 30).for_each(|n| assert_eq!(keep(&transaction, n), Ok(1)));
                    let still = world.after_power_loss();
                    assert_eq!(still.as_ref(), Some(&expected), "seed {seed}: nothing of it was committed");
                    transaction.rollback().unwrap();
                }
                _ => {
                    let transaction = connection.transaction().unwrap();
                    let many = 1 + rng.below(10) as i64;
                    (next..next + many).for_each(|n| assert_eq!(keep(&transaction, n), Ok(1)));
                    transaction.commit().unwrap();
                    expected.extend(next..next + many);
                    next += many;
                }
            }
            assert_eq!(world.after_power_loss().as_ref(), Some(&expected), "seed {seed}");
        }
    }
}
