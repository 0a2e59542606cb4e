//! Backups: taken under load, whole or not there, and restored so that nothing of what was there is lost.

use std::fs;
use std::path::{Path, PathBuf};

use seattime_server::backup::{BackupError, Existing, Made, Restored, back_up, restore};
use seattime_server::clock::SystemClock;
use seattime_server::doctor::{Verdict, examine};
use seattime_testbed::test_server::{self, START_MS, TestServer, commit, zip};
use serde_json::Value;
use tempfile::TempDir;

fn made(data: &Path, to: &Path) -> Result<Made, BackupError> {
    back_up(data, to, START_MS, &mut |_| {})
}

fn restored(from: &Path, data: &Path, existing: Existing) -> Result<Restored, BackupError> {
    restore(from, data, existing, START_MS + 1, &mut |_| {})
}

/// What lies in a folder, itself and below it.
fn names(folder: &Path) -> Option<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).ok()? {
        let path = entry.ok()?.path();
        names.extend(path.is_dir().then(|| names_below(&path)).into_iter().flatten());
        names.push(path);
    }
    names.sort();
    Some(names)
}

fn names_below(folder: &Path) -> Vec<PathBuf> {
    names(folder).unwrap_or_default()
}

/// A server with one learner who did something, stopped; and the topic.
async fn lived() -> Option<(TempDir, String)> {
    let server = TestServer::start().await?;
    let topic = server.course().await?;
    let visit = server.visit(&topic, "anna").await?;
    server.advance(60_000);
    server.post("/run/v1/commits", &commit(&visit, 5, 60, "page 1")).await?;
    Some((at_rest(server).await?, topic))
}

/// A server's folder once the threads of the server, which end on their own, have let go of the database; that is one
/// file then.
async fn at_rest(server: TestServer) -> Option<TempDir> {
    let data = server.stop();
    for _ in 0..1_000_000 {
        let db = rusqlite::Connection::open(data.path().join("seattime.db")).ok()?;
        db.busy_timeout(std::time::Duration::ZERO).ok()?;
        if db.pragma_update(None, "journal_mode", "DELETE").is_ok() {
            return Some(data);
        }
        tokio::task::yield_now().await;
    }
    None
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// Writes over the second half of a file.
fn damage(path: &Path) -> std::io::Result<()> {
    let mut bytes = fs::read(path)?;
    let half = bytes.len() / 2;
    bytes.iter_mut().skip(half).for_each(|it| *it = 0xa5);
    fs::write(path, bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_holds_everything_that_was_acknowledged_before_it() {
    const LEARNERS: u64 = 20;
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let mut visits = Vec::new();
    for n in 0..LEARNERS {
        visits.push(server.visit(&topic, &format!("learner {n}")).await.unwrap());
    }
    server.advance(600_000);
    let send = async |seq: u64| {
        for visit in &visits {
            let sent = commit(visit, seq, seq as i64, &format!("page {seq}"));
            assert_eq!(server.post("/run/v1/commits", &sent).await.unwrap().body["acked"], seq);
        }
    };
    for seq in 1..=10 {
        send(seq).await;
    }
    let place = tempfile::tempdir().unwrap();
    let (data, to) = (server.data.path().to_owned(), place.path().join("full.zip"));
    let backup = tokio::task::spawn_blocking({
        let to = to.clone();
        move || made(&data, &to)
    });
    let mut seq = 10;
    while !backup.is_finished() {
        seq += 1;
        send(seq).await;
    }
    let told = backup.await.unwrap().unwrap();
    assert_eq!((told.packages, told.left_out), (1, Vec::new()));
    assert_eq!(names(place.path()), Some(vec![to.clone()]), "nothing else is left");

    let new = tempfile::tempdir().unwrap();
    let told = restored(&to, new.path(), Existing::Refused).unwrap();
    assert_eq!(told, Restored { made_ms: START_MS, packages: 1, kept_aside: None });
    let again = TestServer::start_on(new, None).await.unwrap();
    let rows = again.rows().await.unwrap();
    assert_eq!(rows.len(), LEARNERS as usize);
    for row in &rows {
        let kept_ms = row["time_spent_ms"].as_i64().unwrap();
        assert!((10_000..=seq as i64 * 1_000).contains(&kept_ms), "{kept_ms} ms of 10 to {seq} s");
    }
    assert_eq!(again.course().await.unwrap(), topic, "the package is there, and the same");
    // Its page is known, and asked for what came after.
    let mut later = commit(&visits[0], seq + 5, 600, "last page");
    later["after"] = Value::from(seq + 3);
    again.advance(600_000);
    let answer = again.post("/run/v1/commits", &later).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body["need_full"]), (200, &Value::Bool(true)));
}

#[tokio::test]
async fn a_visit_that_was_launched_after_the_backup_is_made_again_from_its_token() {
    let (data, topic) = lived().await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let backup = place.path().join("b.zip");
    made(data.path(), &backup).unwrap();
    let server = TestServer::start_on(data, None).await.unwrap();
    server.advance(100_000);
    let visit = server.visit_of_an_earlier_page(&topic, "clara").await.unwrap();
    let mut sent = commit(&visit, 5, 60, "page 1");
    server.advance(60_000);
    assert_eq!(server.post("/run/v1/commits", &sent).await.unwrap().body["acked"], 5);
    drop(server);

    let new = tempfile::tempdir().unwrap();
    restored(&backup, new.path(), Existing::Refused).unwrap();
    let server = TestServer::start_on(new, None).await.unwrap();
    server.advance(200_000);
    // A part of a long text travels ahead of its commit.
    let part = serde_json::json!({ "v": 1, "token": visit["token"], "visit": visit["visit"], "lease": visit["lease"],
                                   "seq": 8, "n": 0, "of": 1, "text": "long" });
    assert_eq!(server.post("/run/v1/parts", &part).await.unwrap().status, 200);
    (sent["after"], sent["seq"]) = (5.into(), 6.into());
    let answer = server.post("/run/v1/commits", &sent).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body["need_full"]), (200, &Value::Bool(true)));
    sent["after"] = 0.into();
    assert_eq!(server.post("/run/v1/commits", &sent).await.unwrap().body["acked"], 6);
    let rows = server.rows().await.unwrap();
    let row = rows.iter().find(|it| it["learner"]["id"] == "clara").unwrap();
    assert_eq!((&row["time_spent_ms"], &row["attempts"]), (&60_000.into(), &1.into()));
    assert_eq!(row["learner"]["name"], "Muster");
    let next = server.visit(&topic, "clara").await.unwrap();
    assert_eq!(next["values"]["item"]["cmi.core.lesson_location"], "page 1");
}

#[tokio::test]
async fn a_backup_is_whole_or_not_there() {
    let (data, topic) = lived().await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("b.zip");

    let none = tempfile::tempdir().unwrap();
    let error = made(none.path(), &to).unwrap_err();
    assert!(matches!(error, BackupError::NoDatabase(_)), "{error}");
    let error = made(data.path(), &place.path().join("nowhere/b.zip")).unwrap_err();
    assert!(matches!(error, BackupError::File { .. }), "{error}");

    // One that was killed left its parts, and they are written over.
    fs::write(place.path().join("b.zip.part"), "half").unwrap();
    fs::write(place.path().join("b.zip.snapshot"), "half").unwrap();
    made(data.path(), &to).unwrap();
    assert_eq!(names(place.path()), Some(vec![to.clone()]));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&to).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "learners' names and the server's key are in it");
    }
    let before = fs::read(&to).unwrap();
    let error = made(data.path(), &to).unwrap_err();
    assert!(matches!(error, BackupError::Exists(_)) && fs::read(&to).unwrap() == before, "{error}");

    // A package that lost a file is named, and does not keep the rest from being kept.
    fs::remove_file(data.path().join("content").join(&topic).join("0")).unwrap();
    let told = made(data.path(), &place.path().join("c.zip")).unwrap();
    assert_eq!((told.packages, told.left_out), (0, vec![topic]));

    // A database that is damaged is no backup.
    damage(&data.path().join("seattime.db")).unwrap();
    let error = made(data.path(), &place.path().join("d.zip")).unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
    assert_eq!(names(place.path()).unwrap().len(), 2, "b.zip and c.zip");
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_changes_nothing() {
    let (data, _) = lived().await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let good = place.path().join("good.zip");
    made(data.path(), &good).unwrap();
    let bytes = fs::read(&good).unwrap();
    let half = bytes[..bytes.len() / 2].to_vec();
    let mut flipped = bytes.clone();
    let page = bytes.windows(10).position(|it| it == b"0123456789").unwrap();
    flipped[page] ^= 0x10;
    let described = |format: u32, schema: i64, extra: (&str, &str)| {
        let description = format!(r#"{{"format":{format},"schema":{schema},"made_ms":1}}"#);
        zip(&[("backup.json", &description), extra])
    };
    #[rustfmt::skip]
    let cases = [
        // what               bytes                                                              what is said
        ("a photo",           b"GIF89a".to_vec(),                                                "is no whole backup"),
        ("half of one",       half,                                                              "is no whole backup"),
        ("one bit",           flipped,                                                           "is no whole backup"),
        ("a package",         test_server::scorm_12().unwrap(),                                        "backup.json"),
        ("a later form",      described(2, 1, ("x", "")).unwrap(),                               "it has form 2"),
        ("a later schema",    described(1, 999, ("x", "")).unwrap(),                             "has schema 999"),
        ("no database",       described(1, 5, ("x", "")).unwrap(),                               "seattime.db"),
        ("another database",  described(1, 5, ("seattime.db", &"no database at all".repeat(500))).unwrap(),   "is damaged"),
    ];
    for (what, bytes, said) in cases {
        let (bad, new) = (place.path().join("bad.zip"), tempfile::tempdir().unwrap());
        fs::write(&bad, bytes).unwrap();
        let error = restored(&bad, new.path(), Existing::Refused).unwrap_err().to_string();
        assert!(error.contains(said), "{what}: {error}");
        assert!(!names_below(new.path()).iter().any(|it| it.is_file()), "{what}: something is left");
    }
}

/// Names of a backup become paths: it may be anybody's.
#[tokio::test]
async fn a_backup_cannot_write_anywhere_else() {
    let (data, _) = lived().await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let good = place.path().join("good.zip");
    made(data.path(), &good).unwrap();
    for name in ["../evil", "content/../evil", "content/short/0", "/etc/evil", "content//0"] {
        let bad = place.path().join("bad.zip");
        fs::copy(&good, &bad).unwrap();
        let file = fs::OpenOptions::new().read(true).write(true).open(&bad).unwrap();
        let mut zip = zip::ZipWriter::new_append(file).unwrap();
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.finish().unwrap();
        let new = tempfile::tempdir().unwrap();
        let error = restored(&bad, new.path(), Existing::Refused).unwrap_err().to_string();
        assert!(error.contains("evil") || error.contains("content/"), "{name}: {error}");
        assert!(!names_below(new.path()).iter().any(|it| it.is_file()), "{name}");
    }
}

#[tokio::test]
async fn a_restore_replaces_only_when_it_is_told_to_and_keeps_what_was_there() {
    let (old, topic) = lived().await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let backup = place.path().join("old.zip");
    made(old.path(), &backup).unwrap();
    // The server lives on after its backup.
    let server = TestServer::start_on(old, None).await.unwrap();
    server.advance(100_000);
    let visit = server.visit(&topic, "berta").await.unwrap();
    server.post("/run/v1/commits", &commit(&visit, 1, 10, "x")).await.unwrap();
    assert_eq!(server.rows().await.unwrap().len(), 2);
    let error = restored(&backup, server.data.path(), Existing::KeptAside).unwrap_err();
    assert!(matches!(error, BackupError::InUse(_)), "{error}");
    let data = at_rest(server).await.unwrap();

    let before = fs::read(data.path().join("seattime.db")).unwrap();
    let error = restored(&backup, data.path(), Existing::Refused).unwrap_err();
    assert!(matches!(error, BackupError::Occupied(_)), "{error}");
    assert_eq!(fs::read(data.path().join("seattime.db")).unwrap(), before);

    // Content that is lost comes back; what is there stays.
    fs::remove_dir_all(data.path().join("content").join(&topic)).unwrap();
    let told = restored(&backup, data.path(), Existing::KeptAside).unwrap();
    let aside = tempfile::tempdir().unwrap();
    fs::copy(told.kept_aside.unwrap(), aside.path().join("seattime.db")).unwrap();
    let server = TestServer::start_on(data, None).await.unwrap();
    assert_eq!(server.rows().await.unwrap().len(), 1, "as it was at the backup");
    let folder = server.data.path().join("content").join(&topic);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 3, "every file");
    drop(server);

    let server = TestServer::start_on(aside, None).await.unwrap();
    assert_eq!(server.rows().await.unwrap().len(), 2, "the later one is not lost");
}

#[tokio::test]
async fn a_damaged_database_is_replaced_with_all_that_belongs_to_it() {
    let (data, _) = lived().await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let backup = place.path().join("b.zip");
    made(data.path(), &backup).unwrap();
    let path = data.path().join("seattime.db");
    fs::write(&path, "damaged".repeat(2_000)).unwrap();
    fs::write(data.path().join("seattime.db-wal"), "of another life").unwrap();
    let kept = restored(&backup, data.path(), Existing::KeptAside).unwrap().kept_aside.unwrap();
    assert_eq!(fs::read_to_string(&kept).unwrap(), "damaged".repeat(2_000));
    assert!(!beside(&path, "-wal").exists(), "it would be taken for the restored database's own");
    let server = TestServer::start_on(data, None).await.unwrap();
    assert_eq!(server.rows().await.unwrap().len(), 1);

    // The file is lost, and its log is not.
    let data = at_rest(server).await.unwrap();
    fs::rename(beside(&path, ""), beside(&path, "-wal")).unwrap();
    assert!(matches!(restored(&backup, data.path(), Existing::Refused), Err(BackupError::Occupied(_))));
    let kept = restored(&backup, data.path(), Existing::KeptAside).unwrap().kept_aside.unwrap();
    assert!(beside(&kept, "-wal").exists() && !beside(&path, "-wal").exists());
    assert_eq!(TestServer::start_on(data, None).await.unwrap().rows().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong_and_writes_nothing() {
    let (data, topic) = lived().await.unwrap();
    let verdict = async |path: &Path, check: &str| {
        let findings = examine(path, None, &SystemClock).await;
        findings.into_iter().find(|it| it.check == check).map(|it| it.verdict)
    };
    let findings = examine(data.path(), None, &SystemClock).await;
    let wrong: Vec<String> =
        findings.iter().filter(|it| it.verdict == Verdict::Wrong).map(ToString::to_string).collect();
    assert_eq!(wrong, Vec::<String>::new());
    let checks: Vec<_> = findings.iter().map(|it| it.check).collect();
    let expected = ["sqlite", "integrity", "schema", "clock", "content", "test_commit", "free_space"];
    assert_eq!(checks, expected);

    // While a server runs, too.
    let server = TestServer::start_on(data, None).await.unwrap();
    assert_eq!(verdict(server.data.path(), "test_commit").await, Some(Verdict::Fine));
    let data = at_rest(server).await.unwrap();
    let secrets = || {
        let db = rusqlite::Connection::open(data.path().join("seattime.db")).unwrap();
        db.query_row("SELECT group_concat(name) FROM secret", [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert!(!secrets().contains("doctor"), "{}", secrets());

    fs::write(data.path().join("content").join(&topic).join("0"), "cut").unwrap();
    assert_eq!(verdict(data.path(), "content").await, Some(Verdict::Wrong));
    rusqlite::Connection::open(data.path().join("seattime.db"))
        .unwrap()
        .execute("UPDATE visit SET contact_ms = 99999999999999", [])
        .unwrap();
    assert_eq!(verdict(data.path(), "clock").await, Some(Verdict::Wrong), "the clock was set back");
    let path = data.path().join("seattime.db");
    damage(&path).unwrap();
    assert_eq!(verdict(data.path(), "integrity").await, Some(Verdict::Wrong));
    fs::remove_file(&path).unwrap();
    assert_eq!(verdict(data.path(), "database").await, Some(Verdict::Wrong));
    assert!(!path.exists(), "it makes none");
}
