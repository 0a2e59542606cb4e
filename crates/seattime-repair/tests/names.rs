//! Other names, other types, other ways to hang together; and what is said where something is not there.

mod lms;

use lms::{Heard, World};
use seattime_repair::{Asked, Command, Lms, Map, Outcome, Recording, repair, undo};
use seattime_server::clock::SystemClock;

/// Keys as UUIDs, names of its own, JSON as such, a package between enrolment and topic, a schema.
const OTHER: &str = r#"
    CREATE SCHEMA lms;
    CREATE TABLE lms."Progress" ("key" uuid PRIMARY KEY, learner text, lesson bigint, "time ""spent""" numeric(10, 2),
        tries smallint, heard real, state json);
    CREATE TABLE lms.package (id bigint PRIMARY KEY, lesson bigint);
    CREATE TABLE lms.enrolled (id uuid PRIMARY KEY, learner text, package bigint, tries integer);
    CREATE TABLE lms.tried (id uuid PRIMARY KEY, enrolled uuid, no integer, total text, session text,
        total_s bigint, session_s bigint, sessions integer);
    INSERT INTO lms."Progress" VALUES
        ('00000000-0000-0000-0000-000000000002', 'anna', 7, 0.00, 0, 12.5, '{"watched": {"s": 61.5}}'),
        ('00000000-0000-0000-0000-000000000001', 'berta', 8, 0.00, 0, NULL, NULL);
    INSERT INTO lms.package VALUES (70, 7), (80, 8);
    INSERT INTO lms.enrolled VALUES
        ('10000000-0000-0000-0000-000000000001', 'berta', 80, 2);
    INSERT INTO lms.tried VALUES
        ('20000000-0000-0000-0000-000000000001', '10000000-0000-0000-0000-000000000001', 1, '00:10:00', '', 0, 0, 1),
        ('20000000-0000-0000-0000-000000000002', '10000000-0000-0000-0000-000000000001', 2, 'PT0S', 'PT5M', 0, 0, 3);
"#;
const NAMES: &str = r#"
    [topics]
    table = "lms.Progress"
    id = "key"
    user = "learner"
    topic = "lesson"
    time_spent = 'time "spent"'
    attempts = "tries"
    audio_position = "heard"
    data = "state"
    video_time = ["/watched/s"]
    [enrolments]
    table = "lms.enrolled"
    user = "learner"
    topic = "package"
    attempts = "tries"
    [attempts]
    table = "lms.tried"
    number = "no"
    version = ""
    total_time = "total"
    session_time = "session"
    total_seconds = "total_s"
    session_seconds = "session_s"
    sessions = "sessions"
    [joins]
    attempt_to_enrolment = [{ on = [["enrolled", "id"]] }]
    enrolment_to_topic = [{ table = "lms.package", on = [["package", "id"]] }, { on = [["lesson", "lesson"]] }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn names_types_and_joins_are_what_the_file_says() {
    let Some(world) = World::postgres_of(OTHER).await.unwrap() else { return };
    let file = world.folder.path().join("names.toml");
    std::fs::write(&file, NAMES).unwrap();
    let map = Map::read(&file).unwrap();
    let folder = world.records();
    let recording = Some(Recording { folder: &folder, by: "operator" });
    let mut lms = Lms::open(&world.address).await.unwrap();
    let figures = || async {
        let query = r#"SELECT string_agg(concat_ws(' ', learner, "time ""spent""", tries), ', ' ORDER BY learner)
            || '; ' || (SELECT string_agg(concat_ws(' ', total_s, session_s), ', ' ORDER BY id) FROM lms.tried)
            FROM lms."Progress""#;
        world.guest().await.unwrap().rows(query, &[]).await.unwrap()[0].get::<_, String>(0)
    };
    assert_eq!(figures().await, "anna 0.00 0, berta 0.00 0; 0 0, 0 0");
    let mut undo_files = Vec::new();
    for command in [Command::SyncTimeSpent, Command::FixScormTime, Command::SyncScormAttempts] {
        let asked = Asked::default();
        let mut heard = Heard::default();
        let done =
            repair(&mut lms, &map, command, &asked, recording, &SystemClock, &mut heard).await.unwrap();
        undo_files.push(done.undo.unwrap());
    }
    assert_eq!(figures().await, "anna 61.00 0, berta 900.00 2; 600 0, 300 300");
    for file in undo_files.iter().rev() {
        let shown = undo(&mut lms, file, None, &SystemClock, &mut Heard::default()).await.unwrap();
        assert_eq!(shown.count(Outcome::Moved), 0, "what a dry run shows is what is done");
        let back = undo(&mut lms, file, recording, &SystemClock, &mut Heard::default()).await.unwrap();
        assert_eq!(back.count(Outcome::Moved), 0);
    }
    assert_eq!(figures().await, "anna 0.00 0, berta 0.00 0; 0 0, 0 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_named_with_where_to_name_it() {
    #[rustfmt::skip]
    let cases = [
        // what was done to the database                               command                      since        what is said
        ("DROP TABLE scorm_scormattempt",                              Command::FixScormTime,       None,        "missing_table: the database has no table scorm_scormattempt; name the one that it has in the file of --map, as table under [attempts]"),
        ("ALTER TABLE courses_topicprogress DROP COLUMN progress_data", Command::SyncTimeSpent,     None,        "missing_column: courses_topicprogress has no column \"progress_data\", only attempts, audio_progress,"),
        ("ALTER TABLE scorm_scormenrollment DROP COLUMN total_attempts", Command::SyncScormAttempts, None,       "name the one that it has in the file of --map, as attempts under [enrolments]"),
        ("ALTER TABLE scorm_scormattempt DROP COLUMN updated_at",      Command::FixScormTime,       Some("2026-01-31"), "has no column \"updated_at\""),
    ];
    for (done, command, since, said) in cases {
        let sqlite = World::sqlite(lms::legacy_lms_fixture::SQLITE).unwrap();
        let postgres = World::postgres(lms::legacy_lms_fixture::POSTGRES).await.unwrap();
        for world in [Some(sqlite), postgres].into_iter().flatten() {
            world.run(done).await.unwrap();
            let (mut lms, map) = (world.lms().await.unwrap(), Map::django().unwrap());
            let asked = Asked::new(None, since).unwrap();
            let mut heard = Heard::default();
            let error =
                repair(&mut lms, &map, command, &asked, None, &SystemClock, &mut heard).await.unwrap_err();
            assert!(error.to_string().contains(said), "{}: {error}", world.address);
        }
    }
    for address in ["/nowhere/db.sqlite3", "postgres://127.0.0.1:1/nowhere"] {
        let error = Lms::open(address).await.err().unwrap().to_string();
        assert!(error.starts_with("database_unreachable: "), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_and_an_undo_file_of_another_are_refused() {
    let (one, two) = (
        World::sqlite(lms::legacy_lms_fixture::SQLITE).unwrap(),
        World::sqlite(lms::legacy_lms_fixture::SQLITE).unwrap(),
    );
    let text = one.folder.path().join("notes.txt");
    std::fs::write(&text, "minutes of a meeting, and not of a course; longer than a header of a database is")
        .unwrap();
    let error = Lms::open(&text.display().to_string()).await.err().unwrap().to_string();
    assert!(error.contains("file is not a database"), "{error}");

    one.run(&lms::legacy_lms_fixture::inserts(&lms::legacy_lms_fixture::rows_of(0))).await.unwrap();
    let (done, _) = one.repair(Command::SyncTimeSpent, false).await.unwrap();
    let file = done.undo.unwrap();
    let mut lms = two.lms().await.unwrap();
    let error =
        undo(&mut lms, &file, None, &SystemClock, &mut Heard::default()).await.unwrap_err().to_string();
    assert!(error.starts_with("other_database: "), "{error}");
    let error =
        undo(&mut lms, &text, None, &SystemClock, &mut Heard::default()).await.unwrap_err().to_string();
    assert!(error.contains("it is no undo file"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_database_refuses_holds_up_no_other() {
    for world in World::of_every_kind(1).await.unwrap() {
        let refuse = if world.is_postgres() {
            "ALTER TABLE courses_topicprogress ADD CHECK (total_time_spent IS DISTINCT FROM 754 OR id > 1)"
        } else {
            "CREATE TRIGGER refuse BEFORE UPDATE ON courses_topicprogress WHEN NEW.total_time_spent = 754 AND NEW.id = 1
            BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        };
        world.run(refuse).await.unwrap();
        let (done, heard) = world.repair(Command::SyncTimeSpent, false).await.unwrap();
        let told = heard.of("courses_topicprogress", 1).unwrap();
        assert!(
            told.outcome == Outcome::Refused && told.why.starts_with("the database refused it: "),
            "{told}"
        );
        assert_eq!(done.count(Outcome::Refused), 1);
        let mut expected = lms::truth(1, |it| it == Command::SyncTimeSpent);
        expected.topics.insert(1, vec![Some("0".to_owned()), Some("1".to_owned())]);
        assert_eq!(world.figures().await.unwrap(), expected, "{}", world.address);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_broken_off_at_the_worst_moments_can_still_be_undone() {
    let world = World::sqlite(&format!(
        "{}; {}",
        lms::legacy_lms_fixture::SQLITE,
        lms::legacy_lms_fixture::inserts(&lms::legacy_lms_fixture::rows_of(0))
    ))
    .unwrap();
    let before = world.figures().await.unwrap();
    let folder = world.records();
    let file = folder.join("sync-time-spent-1.undo.jsonl");
    // Half a first line, as a full disk leaves it.
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(&file, "{\"undo\":{\"v\":1,").unwrap();
    let (done, _) = world.repair(Command::SyncTimeSpent, false).await.unwrap();
    assert_eq!(done.undo.as_deref(), Some(file.as_path()));
    // Changed, and killed before it could say so: of the lines, only the first two are left.
    let text = std::fs::read_to_string(&file).unwrap();
    let whole: Vec<&str> = text.lines().take(2).collect();
    std::fs::write(&file, format!("{}\n{{\"mo", whole.join("\n"))).unwrap();
    let (again, _) = world.repair(Command::SyncTimeSpent, false).await.unwrap();
    assert_eq!((again.count(Outcome::Changed), again.changed_before), (0, done.count(Outcome::Changed)));
    assert_eq!(again.undo.as_deref(), Some(file.as_path()), "what was changed before can be undone");
    world.undo(&file, false).await.unwrap();
    assert_eq!(world.figures().await.unwrap(), before);
}
