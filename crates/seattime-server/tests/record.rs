//! The record: what a learner achieved never disappears, whatever later sessions do. Page and server together.
#![cfg(test)]

mod course;

use course::run_time::{at, get, message, opened_page, set};
use course::{Course, End, Page, VISIT_MS};
use seattime_core::Version::{V12, V2004};
use seattime_core::end::Ending;
use seattime_core::visit::Document;
use seattime_server::recompute::recompute;
use seattime_server::store::{JudgedOf, Judging};
use seattime_testbed::test_server::{self, TestServer};
use seattime_testing::cluster;
use serde_json::{Value, json};

fn standing(
    status: &str,
    completion: &str,
    success: &str,
    score: Option<&str>,
    attempts: u64,
) -> (String, String, String, Value, Value, u64) {
    let score = score.map_or(Value::Null, |it| json!(it));
    (status.to_owned(), completion.to_owned(), success.to_owned(), score.clone(), score, attempts)
}

const PASS_2004: &[(&str, &str)] = &[
    ("cmi.score.scaled", "0.9"),
    ("cmi.completion_status", "completed"),
    ("cmi.success_status", "passed"),
    ("cmi.exit", "normal"),
];
const PASS_12: &[(&str, &str)] = &[("cmi.core.score.raw", "90"), ("cmi.core.lesson_status", "passed")];

#[tokio::test]
async fn a_pass_stays_whatever_later_sessions_set() {
    #[rustfmt::skip]
    let later_2004: &[&[(&str, &str)]] = &[
        &[("cmi.session_time", "PT10S")],
        &[("cmi.location", "3")],
        &[("cmi.suspend_data", "x")],
        &[("cmi.score.min", "0")],
        &[("cmi.score.scaled", "0"), ("cmi.completion_status", "completed"), ("cmi.success_status", "failed")],
        &[("cmi.interactions.0.id", "one")],
        &[("cmi.success_status", "unknown")],
        &[("cmi.progress_measure", "0")],
        &[("cmi.exit", "suspend")],
        &[("cmi.learner_preference.audio_level", "1")],
        &[("cmi.completion_status", "incomplete")],
        &[("cmi.completion_status", "incomplete"), ("cmi.exit", "suspend")],
        &[("adl.nav.request", "abandonAll")],
    ];
    #[rustfmt::skip]
    let later_12: &[&[(&str, &str)]] = &[
        &[("cmi.core.lesson_status", "incomplete")],
        &[("cmi.core.lesson_status", "incomplete"), ("cmi.core.exit", "suspend")],
        &[("cmi.core.score.raw", "0")],
        &[("cmi.core.score.raw", "10"), ("cmi.core.lesson_status", "failed")],
        &[("cmi.core.lesson_status", "browsed")],
        &[("cmi.core.lesson_location", "3")],
    ];
    for (version, pass, later) in [(V2004, PASS_2004, later_2004), (V12, PASS_12, later_12)] {
        let course = Course::sco(version).await;
        course.visit(&json!({}), 0, pass, End::Terminate).await;
        let passed = standing("passed", "completed", "passed", Some("90"), 1);
        assert_eq!(course.standing().await, passed);
        for sets in later {
            for end in [End::Terminate, End::Leave, End::Navigate, End::Crash] {
                let opened = course.visit(&json!({}), 0, sets, end).await;
                assert_eq!(course.standing().await, passed, "{sets:?} {end:?}");
                assert_eq!(opened["activities"][0]["status"], "passed", "{sets:?} {end:?}");
            }
        }
        // The latest session is shown beside it, since it left less.
        course.visit(&json!({}), 0, later[0], End::Leave).await;
        let latest = course.row().await["latest"].clone();
        assert_eq!(latest["status"], "incomplete", "{version:?}: {latest}");
    }
}

/// A course of three parts goes on with the second once the first is done, whatever exit that had.
#[tokio::test]
async fn a_relaunch_opens_the_first_part_that_is_not_completed() {
    for exit in ["", "normal", "logout", "suspend"] {
        let course = Course::of(V2004, &[("sco", ""), ("sco", ""), ("sco", "")]).await;
        let mut sets = PASS_2004[..3].to_vec();
        sets.push(("cmi.exit", exit));
        course.visit(&json!({}), 0, &sets, End::Terminate).await;
        let opened = course.open(&json!({})).await;
        let status = |n: usize| opened["activities"][n]["status"].clone();
        assert_eq!(
            (&opened["start"], status(0), status(1)),
            (&json!(1), json!("passed"), json!("not attempted"))
        );
        // What was left and is not completed comes first.
        course.visit(&json!({}), 2, &[("cmi.location", "4")], End::Leave).await;
        assert_eq!(course.open(&json!({})).await["start"], 2, "exit {exit}");
        for part in [2, 1] {
            course.visit(&json!({}), part, PASS_2004, End::Terminate).await;
        }
        assert_eq!(course.open(&json!({})).await["start"], 1, "all are done: the one that was left");
        assert_eq!(course.standing().await, standing("passed", "completed", "passed", Some("90"), 1));
    }
}

/// Whoever pauses has not failed, and has not passed by a threshold alone.
#[tokio::test]
async fn a_paused_quiz_is_neither_failed_nor_passed() {
    let mastery = "<adlcp:masteryscore>80</adlcp:masteryscore>";
    #[rustfmt::skip]
    let cases_12: &[(&[(&str, &str)], &str, Option<&str>)] = &[
        (&[("cmi.core.lesson_status", "incomplete"), ("cmi.core.score.raw", "20")], "incomplete", Some("20")),
        (&[("cmi.core.lesson_status", "incomplete"), ("cmi.core.score.raw", "90")], "incomplete", Some("90")),
        (&[("cmi.core.lesson_status", "incomplete"), ("cmi.core.score.raw", "0")],  "incomplete", Some("0")),
        (&[("cmi.core.lesson_status", "browsed"), ("cmi.core.score.raw", "20")],    "incomplete", Some("20")),
        (&[("cmi.core.score.raw", "20")],                                           "incomplete", Some("20")),
    ];
    for (sets, status, score) in cases_12 {
        for end in [End::Terminate, End::Leave, End::Crash] {
            let course = Course::of(V12, &[("sco", mastery)]).await;
            let mut sets = sets.to_vec();
            sets.push(("cmi.core.exit", "suspend"));
            course.visit(&json!({}), 0, &sets, end).await;
            let row = course.row().await;
            assert_eq!((&row["status"], &row["score"]), (&json!(status), &json!(score)), "{sets:?} {end:?}");
            let mut again = opened_page(V12, &course.open(&json!({})).await).unwrap();
            again.launch(at(0), 0).unwrap();
            again.initialize(at(0), Document::New).unwrap();
            let said =
                sets.iter().find(|it| it.0 == "cmi.core.lesson_status").map_or("not attempted", |it| it.1);
            assert_eq!(get(&again, "cmi.core.lesson_status").as_deref(), Some(said), "{sets:?} {end:?}");
        }
    }
    // 12 of 15 points are 80 %, and a raw score is no percentage there.
    let course = Course::of(V12, &[("sco", mastery)]).await;
    let sets =
        [("cmi.core.lesson_status", "passed"), ("cmi.core.score.max", "15"), ("cmi.core.score.raw", "12")];
    course.visit(&json!({}), 0, &sets, End::Terminate).await;
    assert_eq!(course.standing().await, standing("passed", "completed", "passed", Some("12"), 1));

    let passing = "<imsss:sequencing><imsss:objectives><imsss:primaryObjective objectiveID='p' satisfiedByMeasure='true'>\
                   <imsss:minNormalizedMeasure>0.6</imsss:minNormalizedMeasure></imsss:primaryObjective></imsss:objectives>\
                   </imsss:sequencing>";
    for (score, end, exit, status) in [
        ("0.2", End::Terminate, "suspend", "incomplete"),
        ("0.2", End::Leave, "", "incomplete"),
        ("0.2", End::Crash, "normal", "incomplete"),
        ("0.2", End::Navigate, "suspend", "incomplete"),
        ("0.8", End::Terminate, "suspend", "incomplete"),
        ("0.2", End::Terminate, "normal", "failed"),
        ("0.2", End::Navigate, "normal", "failed"), // navigation ends the attempt on the activity
        ("0.8", End::Terminate, "normal", "passed"),
    ] {
        let course = Course::of(V2004, &[("sco", passing)]).await;
        course.visit(&json!({}), 0, &[("cmi.score.scaled", score), ("cmi.exit", exit)], end).await;
        assert_eq!(course.row().await["status"], status, "{score} {end:?} {exit}");
    }
}

/// Spec: SN, End Attempt Process (UP.4).
#[tokio::test]
async fn a_2004_session_without_a_status_is_completed_at_its_end() {
    let by_content =
        "<imsss:sequencing><imsss:deliveryControls completionSetByContent='true'/></imsss:sequencing>";
    #[rustfmt::skip]
    let cases: &[(&str, &[(&str, &str)], End, &str, bool)] = &[
        ("",         &[],                              End::Terminate, "completed",  true),
        ("",         &[("cmi.session_time", "PT9S")],  End::Terminate, "completed",  true),
        ("",         &[("cmi.location", "1")],         End::Terminate, "completed",  true),
        ("",         &[("cmi.score.scaled", "0.5")],   End::Terminate, "completed",  true),
        ("",         &[("cmi.exit", "suspend")],       End::Terminate, "incomplete", false),
        ("",         &[],                              End::Leave,     "incomplete", false),
        ("",         &[],                              End::Crash,     "incomplete", false),
        ("",         &[("cmi.completion_status", "incomplete")], End::Terminate, "incomplete", false),
        (by_content, &[],                              End::Terminate, "incomplete", false),
    ];
    for (inside, sets, end, status, is_assumed) in cases {
        for page in [Page::Current, Page::Earlier] {
            let course = Course { page, ..Course::of(V2004, &[("sco", inside)]).await };
            course.visit(&json!({}), 0, sets, *end).await;
            let row = course.row().await;
            assert_eq!(row["status"], *status, "{inside} {sets:?} {end:?} {page:?}");
            let flags = row["flags"].as_array().unwrap();
            assert_eq!(
                flags.contains(&json!("completion_assumed")),
                *is_assumed,
                "{sets:?} {end:?} {page:?}"
            );
        }
    }
    // A course may ask for the content's own word.
    let course = Course::sco(V2004).await;
    let settings = json!({ "auto_complete": false });
    let name =
        course.open(&json!({})).await["course"].as_str().unwrap().replace(' ', "%20").replace('"', "%22");
    let put = course.server.put_if("*", &format!("/api/v1/courses/{name}"), &settings).await.unwrap();
    assert_eq!(put.status, 200, "{}", put.body);
    course.visit(&json!({}), 0, &[], End::Terminate).await;
    assert_eq!(course.row().await["status"], "incomplete");
}

#[tokio::test]
async fn what_an_earlier_page_achieved_is_kept_before_a_later_one_writes_over_it() {
    for page in [Page::Current, Page::Earlier] {
        for (version, pass, later) in [
            (V12, PASS_12, ("cmi.core.lesson_status", "incomplete")),
            (V2004, PASS_2004, ("cmi.completion_status", "incomplete")),
        ] {
            let mut course = Course { page: Page::Earlier, ..Course::sco(version).await };
            course.visit(&json!({}), 0, pass, End::Terminate).await;
            let passed = standing("passed", "completed", "passed", Some("90"), 1);
            assert_eq!(course.standing().await, passed, "{version:?}");
            course.page = page;
            course.visit(&json!({}), 0, &[later], End::Leave).await;
            assert_eq!(course.standing().await, passed, "{version:?} {page:?}");
        }
    }
}

/// LMSFinish of earlier pages wrote `failed` over the status of a lesson that paused below its mastery score.
#[tokio::test]
async fn a_lesson_that_an_earlier_page_failed_in_a_pause_is_flagged() {
    let mastery = "<adlcp:masteryscore>80</adlcp:masteryscore>";
    for (page, exit, raw, is_flagged) in [
        (Page::Earlier, "suspend", "20", true),
        (Page::Earlier, "", "20", false),        // it was finished
        (Page::Earlier, "suspend", "90", false), // content failed it
        (Page::Current, "suspend", "20", false), // this page writes nothing over what content set
    ] {
        let course = Course { page, ..Course::of(V12, &[("sco", mastery)]).await };
        let sets =
            [("cmi.core.score.raw", raw), ("cmi.core.exit", exit), ("cmi.core.lesson_status", "failed")];
        course.visit(&json!({}), 0, &sets, End::Terminate).await;
        let row = course.row().await;
        let flagged = row["flags"].as_array().unwrap().contains(&json!("failed_while_paused"));
        assert_eq!((&row["status"], flagged), (&json!("failed"), is_flagged), "{exit:?} {raw}: {row}");

        course.visit(&json!({}), 0, PASS_12, End::Terminate).await;
        let row = course.row().await;
        assert_eq!(row["status"], "passed");
        assert!(!row["flags"].as_array().unwrap().contains(&json!("failed_while_paused")), "{row}");
    }
}

/// After `launch: new`, an earlier pass stays in the row, or what the course's policy says.
#[tokio::test]
async fn a_course_chooses_among_attempts() {
    for (policy, status, score) in [
        (None, "passed", "90"),
        (Some("best"), "passed", "90"),
        (Some("latest"), "failed", "20"),
        (Some("highest_then_latest_status"), "failed", "90"),
    ] {
        let course = Course::sco(V12).await;
        let opened = course.visit(&json!({}), 0, PASS_12, End::Terminate).await;
        if let Some(policy) = policy {
            let path = format!("/api/v1/courses/{}", opened["course"].as_str().unwrap().replace(' ', "%20"));
            let put = course.server.put_if("*", &path, &json!({ "attempts": policy })).await.unwrap();
            assert_eq!(put.status, 200, "{}", put.body);
        }
        let sets = [("cmi.core.score.raw", "20"), ("cmi.core.lesson_status", "failed")];
        course.visit(&json!({ "mode": "new" }), 0, &sets, End::Terminate).await;
        let row = course.row().await;
        let found = (&row["status"], &row["score"], &row["best_score"], &row["attempts"]);
        assert_eq!(found, (&json!(status), &json!(score), &json!("90"), &json!(2)), "{policy:?}");
    }
}

/// Rule: the score of an attempt is achieved with its status; until then the latest is shown, as provisional.
#[tokio::test]
async fn a_countdown_leaves_no_trace() {
    let course = Course::sco(V12).await;
    let opened = course.open(&json!({})).await;
    let sets = [
        ("cmi.core.score.raw", "100"),
        ("cmi.core.score.raw", "80"),
        ("cmi.core.score.raw", "60"),
        ("cmi.core.lesson_status", "completed"),
    ];
    course.play(&opened, 0, &sets, End::Terminate).await;
    assert_eq!(course.standing().await, standing("completed", "completed", "unknown", Some("60"), 1));
    course
        .visit(
            &json!({}),
            0,
            &[("cmi.core.score.raw", "100"), ("cmi.core.lesson_status", "incomplete")],
            End::Leave,
        )
        .await;
    assert_eq!(course.standing().await, standing("completed", "completed", "unknown", Some("60"), 1));
}

#[tokio::test]
async fn review_shows_what_was_left_and_stores_nothing() {
    for exit in ["suspend", "normal", ""] {
        for end in [End::Terminate, End::Leave] {
            let course = Course::sco(V2004).await;
            let sets = [
                ("cmi.location", "p5"),
                ("cmi.suspend_data", "answers"),
                ("cmi.completion_status", "completed"),
                ("cmi.score.raw", "70"),
                ("cmi.exit", exit),
            ];
            course.visit(&json!({}), 0, &sets, end).await;
            let before = course.standing().await;
            for _ in 0..2 {
                let opened = course.open(&json!({ "mode": "review" })).await;
                let mut visit = opened_page(V2004, &opened).unwrap();
                visit.launch(at(0), 0).unwrap();
                visit.initialize(at(0), Document::New).unwrap();
                let read = |name: &str| get(&visit, name).unwrap_or_default();
                let found =
                    [read("cmi.mode"), read("cmi.credit"), read("cmi.entry"), read("cmi.suspend_data")];
                assert_eq!(found, ["review", "no-credit", "resume", "answers"], "{exit} {end:?}");
                assert_eq!([read("cmi.completion_status"), read("cmi.score.raw")], ["completed", "70"]);
                set(&mut visit, "cmi.suspend_data", "changed").unwrap();
                set(&mut visit, "cmi.completion_status", "incomplete").unwrap();
                assert_eq!(get(&visit, "cmi.suspend_data").as_deref(), Some("changed"), "within the session");
                visit.terminate(at(VISIT_MS)).unwrap();
                course.server.advance(i64::from(VISIT_MS));
                course.send(&mut visit).await;
            }
            assert_eq!(course.standing().await, before);
        }
    }
    // Nothing was left: the session that made the record is shown, without a resume.
    let course = Course::sco(V12).await;
    course.visit(&json!({}), 0, PASS_12, End::Terminate).await;
    let opened = course.open(&json!({ "mode": "review" })).await;
    let values = &opened["values"]["i0"];
    assert_eq!(
        (&values["cmi.core.entry"], &values["cmi.core.lesson_status"]),
        (&json!(""), &json!("passed"))
    );
}

#[tokio::test]
async fn browse_goes_on_in_a_store_of_its_own() {
    let course = Course::sco(V12).await;
    course.visit(&json!({}), 0, PASS_12, End::Terminate).await;
    let before = course.standing().await;
    let sets = [
        ("cmi.suspend_data", "page 3"),
        ("cmi.core.lesson_status", "completed"),
        ("cmi.core.score.raw", "50"),
        ("cmi.student_preference.audio", "7"),
        ("cmi.core.exit", "suspend"),
    ];
    let browse = json!({ "mode": "browse" });
    let first = course.visit(&browse, 0, &sets, End::Terminate).await;
    assert_eq!(first["values"]["i0"].get("cmi.suspend_data"), None, "not the learner's own");
    let values = &course.open(&browse).await["values"]["i0"];
    assert_eq!(
        (&values["cmi.suspend_data"], &values["cmi.core.entry"]),
        (&json!("page 3"), &json!("resume"))
    );
    assert_eq!(values["cmi.student_preference.audio"], "7");
    for element in ["cmi.core.lesson_status", "cmi.core.score.raw"] {
        assert_eq!(values.get(element), None, "{element} as at the beginning");
    }
    let row = course.row().await;
    assert_eq!(course.standing().await, before);
    // Opening the page earns the tail of 30 s, once: browsing is not credited.
    assert_eq!(row["time_spent_ms"], 30_000);
}

/// A page of an asset that calls Initialize is a SCO, and one that nobody touches has an attempt and its time.
#[tokio::test]
async fn the_page_decides_what_it_is() {
    let course = Course::of(V12, &[("asset", "")]).await;
    let sets =
        [("cmi.suspend_data", "x"), ("cmi.core.lesson_status", "incomplete"), ("cmi.core.exit", "suspend")];
    course.visit(&json!({}), 0, &sets, End::Terminate).await;
    assert_eq!(course.standing().await, standing("incomplete", "incomplete", "unknown", None, 1));
    let opened = course.open(&json!({})).await;
    assert_eq!(opened["values"]["i0"]["cmi.suspend_data"], "x", "it is resumed");

    for (ms, status, attempts, spent) in
        [(9_000, "not attempted", 0, "0h 0m 0s"), (12_000, "completed", 1, "0h 0m 12s")]
    {
        let course = Course::of(V2004, &[("asset", "")]).await;
        let opened = course.open(&json!({})).await;
        let mut visit = opened_page(V2004, &opened).unwrap();
        visit.launch(at(0), 0).unwrap();
        for second in 1..=ms / 1_000 {
            visit.tick(at(second * 1_000));
        }
        course.server.advance(i64::from(ms));
        visit.take_away(at(ms), Ending::CutOff);
        assert_eq!(visit.status(0), status);
        let bytes = message(&mut visit, ms);
        course.server.post_bytes("/run/v1/commits", "application/json", bytes).await.unwrap();
        let row = course.row().await;
        assert_eq!(
            (&row["status"], &row["attempts"], &row["time_spent"]),
            (&json!(status), &json!(attempts), &json!(spent)),
            "{ms} ms untouched"
        );
    }
}

/// A SCO whose page has loaded and never looked for the API is taken in as an asset is; one that looked changes nothing.
#[tokio::test]
async fn a_sco_that_never_looks_for_the_api_is_completed_as_assumed() {
    for (is_loaded, has_looked, status) in
        [(true, false, "completed"), (true, true, "incomplete"), (false, false, "incomplete")]
    {
        let course = Course::sco(V2004).await;
        let opened = course.open(&json!({})).await;
        let mut visit = opened_page(V2004, &opened).unwrap();
        visit.launch(at(0), 0).unwrap();
        if is_loaded {
            visit.note_loaded();
        }
        if has_looked {
            visit.note_api_lookup();
        }
        for second in 1..=20 {
            visit.tick(at(second * 1_000));
        }
        course.server.advance(20_000);
        visit.take_away(at(20_000), Ending::CutOff);
        let bytes = message(&mut visit, 20_000);
        course.server.post_bytes("/run/v1/commits", "application/json", bytes).await.unwrap();
        assert_eq!(course.row().await["status"], status, "loaded {is_loaded}, looked {has_looked}");
    }
}

/// A pass that an older version lost: the row is as that version derived it, and the values of the first attempt on the
/// activity still hold it. `execute` runs the statements that each database knows.
async fn a_lost_pass_comes_back(server: TestServer, older_row: &str, ask: &dyn Fn(&str) -> String) {
    let course = Course { page: Page::Earlier, ..Course::on(server, V2004, &[("sco", "")]).await };
    course.visit(&json!({}), 0, PASS_2004, End::Terminate).await;
    course.visit(&json!({}), 0, &[("cmi.completion_status", "incomplete")], End::Leave).await;
    course.row().await;
    ask("UPDATE attempt SET earlier = NULL");
    ask(older_row);
    assert_eq!(course.row().await["status"], "incomplete", "as the older version left it");

    let recompute = async |is_dry| {
        let judging = Judging {
            policy: course.server.app.config.policy,
            who: "an auditor".to_owned(),
            now_ms: test_server::START_MS,
            is_dry,
        };
        let mut changed = Vec::new();
        let (store, of) = (&*course.server.app.store, JudgedOf::default());
        recompute(store, "default", &of, &judging, &mut |it| changed.push(it), &mut |_| {}).await.unwrap();
        changed
    };
    for is_dry in [true, false] {
        let changed = recompute(is_dry).await;
        let statuses: Vec<_> =
            changed.iter().map(|it| (it.before.status.as_str(), it.after.status.as_str())).collect();
        assert_eq!(statuses, [("incomplete", "passed")], "dry run: {is_dry}");
        assert_eq!(course.row().await["status"], if is_dry { "incomplete" } else { "passed" });
    }
    assert_eq!(course.standing().await, standing("passed", "completed", "passed", Some("90"), 1));
    assert!(recompute(false).await.is_empty(), "it is done");
    let audit = ask("SELECT who || ' ' || what || ' ' || became FROM audit");
    assert!(audit.starts_with("an auditor recompute") && audit.contains("\"passed\""), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn recompute_restores_a_lost_pass_in_a_file() {
    let server = TestServer::start().await.unwrap();
    let db = rusqlite::Connection::open(server.data.path().join("seattime.db")).unwrap();
    let ask = |statement: &str| match statement.starts_with("SELECT") {
        true => db.query_row(statement, [], |row| row.get::<_, String>(0)).unwrap(),
        false => db.execute(statement, []).map(|it| it.to_string()).unwrap(),
    };
    let older_row = "UPDATE standing SET status = 'incomplete', row = json_set(json_remove(row, '$.completion', '$.success', \
                     '$.best_score'), '$.status', 'incomplete', '$.score', NULL)";
    a_lost_pass_comes_back(server, older_row, &ask).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recompute_restores_a_lost_pass_in_postgres() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &["fsync=off"]).unwrap();
    let server = TestServer::start_on(tempfile::TempDir::new().unwrap(), Some(cluster.url())).await.unwrap();
    let ask = |statement: &str| cluster.ask(statement).unwrap();
    let older_row = "UPDATE standing SET status = 'incomplete', row = ((row::jsonb - 'completion' - 'success' - 'best_score') \
                     || '{\"status\":\"incomplete\",\"score\":null}')::text";
    a_lost_pass_comes_back(server, older_row, &ask).await;
}
