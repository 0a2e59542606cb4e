//! Everything that SQLite keeps, moved to PostgreSQL.
#![cfg(test)]

use seattime_server::config::TENANT;
use seattime_server::store::moving::{MoveError, Progress, migrate};
use seattime_server::store::{History, HistoryKept, NewLearner};
use seattime_testbed::test_server::{KEY, START_MS, TestServer, commit};
use seattime_testing::cluster;
use serde_json::{Value, json};

/// What a learner would see of it: the report, and what the next visit begins with.
async fn seen(server: &TestServer, topic: &str, learners: &[&str]) -> (Vec<Value>, Vec<Value>) {
    let rows = server.rows().await.unwrap();
    let mut values = Vec::new();
    for learner in learners {
        values.push(server.visit(topic, learner).await.unwrap()["values"].clone());
    }
    (rows, values)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_moved_also_in_two_goes_and_nothing_from_a_running_server() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &[]).unwrap();
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let learners = ["anna", "b\u{e4}rta", "c\0\u{1}arla", "dora", "emma"];
    for (n, learner) in learners.iter().enumerate() {
        let visit = server.visit(&topic, learner).await.unwrap();
        server.advance(60_000);
        let mut told = commit(&visit, 1, 60, "page\0\u{1}");
        told["sessions"][0]["set"]["cmi.suspend_data"] = json!([format!("{n}\0{}", "x".repeat(60_000)), 1]);
        if *learner == "emma" {
            told["sessions"][0]["state"] = json!("terminated");
        }
        assert_eq!(server.post("/run/v1/commits", &told).await.unwrap().status, 200);
    }
    let own = server
        .put("/api/v1/courses/Course", &json!({ "tail_ms": 20_000, "still_here": true }))
        .await
        .unwrap();
    assert_eq!((own.status.as_u16(), &own.body["version"]), (200, &json!(1)));
    // More values than one batch holds.
    let visit = server.visit(&topic, "anna").await.unwrap();
    let mut many = commit(&visit, 2, 60, "page");
    for n in 0..1_500 {
        many["sessions"][0]["set"][format!("cmi.interactions.{n}.id")] = json!([format!("i{n}"), 2]);
    }
    let many = server.post("/run/v1/commits", &many).await.unwrap();
    assert_eq!((many.status.as_u16(), &many.body["refused"]), (200, &Value::Null));
    let part = json!({ "v": 1, "token": visit["token"], "visit": visit["visit"], "lease": visit["lease"], "seq": 9, "n": 0, "of": 2, "text": "part" });
    assert_eq!(server.post("/run/v1/parts", &part).await.unwrap().status, 200);
    // What an LMS kept of one of them before.
    let history = History {
        learner: NewLearner { lms_id: "dora".to_owned(), name: String::new(), groups: None },
        course: "Before\0".to_owned(),
        topic: topic.clone(),
        kept_as: Vec::new(),
        even_begun: true,
        title: "Before".to_owned(),
        kind: "scorm_1.2".to_owned(),
        time_ms: 5_400_000,
        attempts: 2,
    };
    let store = &server.app.store;
    assert_eq!(
        store.keep_history(TENANT, vec![history.clone()], START_MS).await.unwrap(),
        [HistoryKept::New]
    );
    let before = seen(&server, &topic, &learners).await;
    let of_dora = |rows: &[Value]| {
        rows.iter().find(|it| it["learner"]["id"] == "dora").unwrap()["time_spent_ms"].clone()
    };
    assert_eq!(of_dora(&before.0), 5_460_000);
    assert_eq!(before.0.len(), learners.len());
    let kept = kept_of_courses(&server, &topic).await;

    let path = server.data.path().join("seattime.db");
    let running = migrate(&path, &cluster.url(), &mut |_| {}).await;
    assert!(matches!(running, Err(MoveError::InUse { .. })), "{running:?}");
    let data = server.stop();
    let path = data.path().join("seattime.db");

    let url = cluster.url();
    // The first go ends in the middle of the values, as if it had been killed.
    let (stop, mut stopped) = tokio::sync::mpsc::channel(1);
    let mut tell = |progress: Progress| {
        if let Progress::Moving { table: "value", .. } = progress {
            let _ = stop.try_send(());
        }
    };
    loop {
        tokio::select! {
            biased;
            _ = stopped.recv() => break,
            moved = migrate(&path, &url, &mut tell) => match moved {
                Err(MoveError::InUse { .. }) => std::thread::yield_now(), // The server's last thread still ends.
                other => panic!("{other:?}"),
            },
        }
    }
    let mut told = Vec::new();
    let rows = migrate(&path, &cluster.url(), &mut |it| told.push(it)).await.unwrap();
    assert!(rows > 1_500, "{rows}");
    assert!(
        matches!(told.first(), Some(Progress::TakenUp { table: "value", rows: 1.. })),
        "{:?}",
        told.first()
    );
    let again = migrate(&path, &cluster.url(), &mut |_| {}).await;
    assert!(matches!(again, Err(MoveError::Done(_))), "{again:?}");

    let server = TestServer::start_on(data, Some(cluster.url())).await.unwrap();
    let after = seen(&server, &topic, &learners).await;
    assert_eq!(after.1, before.1, "what the next visits begin with");
    let shown = |rows: &[Value]| {
        let mut shown: Vec<_> =
            rows.iter().map(|it| (it["learner"].to_string(), it["time_spent_ms"].clone())).collect();
        shown.sort_by(|one, other| one.0.cmp(&other.0));
        shown
    };
    assert_eq!(shown(&after.0), shown(&before.0));
    let store = &server.app.store;
    assert_eq!(store.keep_history(TENANT, vec![history], START_MS).await.unwrap(), [HistoryKept::Same]);
    assert_eq!(
        kept_of_courses(&server, &topic).await,
        kept,
        "how packages report, and what courses have of their own"
    );
}

/// How the package reports, and how its course is judged.
async fn kept_of_courses(server: &TestServer, topic: &str) -> (Value, Value) {
    let package = server.get(&format!("/api/v1/packages/{topic}"), KEY).await.unwrap();
    assert_eq!(package.body["reporting"]["never"], 1);
    (package.body, server.get("/api/v1/courses/Course", KEY).await.unwrap().body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_data_of_its_own_is_left_alone() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &[]).unwrap();
    let other = TestServer::start_on(tempfile::tempdir().unwrap(), Some(cluster.url())).await.unwrap();
    other.course().await.unwrap();
    let data = TestServer::start().await.unwrap().stop();
    let path = data.path().join("seattime.db");
    let refused = loop {
        match migrate(&path, &cluster.url(), &mut |_| {}).await {
            Err(MoveError::InUse { .. }) => std::thread::yield_now(),
            other => break other,
        }
    };
    assert!(matches!(refused, Err(MoveError::NotEmpty(_))), "{refused:?}");
}

/// Nothing is lost where what counts differs: the check at the end is no formality.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_arrived_differently_is_found() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &[]).unwrap();
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    server.visit(&topic, "anna").await.unwrap();
    let data = server.stop();
    let path = data.path().join("seattime.db");
    let mut spoil = |progress: Progress| {
        if let Progress::Moving { table: "visit", .. } = progress {
            cluster.ask("UPDATE learner SET name = name || 'x'").unwrap();
        }
    };
    let found = loop {
        match migrate(&path, &cluster.url(), &mut spoil).await {
            Err(MoveError::InUse { .. }) => std::thread::yield_now(),
            other => break other,
        }
    };
    assert!(matches!(found, Err(MoveError::Differs { table: "learner", .. })), "{found:?}");
}
