//! What the next session begins with, after every exit and every kind of end: page and server together.
#![cfg(test)]

mod course;

use course::run_time::{at, get, page, send, set};
use seattime_core::Version;
use seattime_core::value::surrogates::{from_units, units};
use seattime_testbed::test_server::{MANIFEST, TestServer, zip};
use serde_json::{Value, json};

const MANIFEST_2004: &str = r#"<?xml version="1.0"?><manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
    <metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>
    <organizations default="o"><organization identifier="o"><title>Topic</title><item identifier="item" identifierref="r">
    <title>Item</title><imsss:sequencing><imsss:objectives><imsss:primaryObjective objectiveID="primary"/></imsss:objectives>
    </imsss:sequencing><adlcp:data><adlcp:map targetID="bucket"/></adlcp:data></item></organization></organizations>
    <resources><resource identifier="r" type="webcontent" adlcp:scormType="sco" href="index.html"/></resources></manifest>"#;

const MINUTES: u32 = 30;

/// How a session ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Terminate,
    TakenAway,
    Crash,
}

/// Plays one session of half an hour, ends it, and answers what the next one begins with: entry, total
/// time, location, status, number of the try and of the attempt.
async fn next(
    version: Version,
    exit: Option<&str>,
    end: End,
) -> Option<(String, String, String, String, u64, u64)> {
    let server = TestServer::start().await?;
    let manifest = if version == Version::V12 { MANIFEST } else { MANIFEST_2004 };
    let course = zip(&[("imsmanifest.xml", manifest), ("index.html", "")])?;
    let imported = server.post_bytes("/api/v1/packages", "application/zip", course).await?;
    let topic = imported.body.get("topic")?.as_str()?;
    let opened = server.visit(topic, "anna").await?;
    let mut visit = page(version, &opened)?;
    let (location, status, time, spent, exit_element) = match version {
        Version::V12 => (
            "cmi.core.lesson_location",
            "cmi.core.lesson_status",
            "cmi.core.session_time",
            "00:30:00",
            "cmi.core.exit",
        ),
        Version::V2004 => ("cmi.location", "cmi.completion_status", "cmi.session_time", "PT30M", "cmi.exit"),
    };
    for (name, text) in [(location, "7"), (status, "incomplete"), (time, spent)] {
        set(&mut visit, name, text)?;
    }
    if let Some(exit) = exit {
        let is_taken = set(&mut visit, exit_element, exit).is_some();
        // 1.2 has no `normal`: it is refused, and nothing is set.
        assert_eq!(is_taken, !(version == Version::V12 && exit == "normal"));
    }
    let ms = MINUTES * 60_000;
    server.advance(i64::from(ms));
    match end {
        End::Terminate => visit.terminate(at(ms)).ok()?,
        End::TakenAway => visit.take_away(at(ms), seattime_core::end::Ending::CutOff),
        End::Crash => {}
    }
    send(&server, &mut visit, ms).await?;
    let opened = server.visit(topic, "anna").await?;
    let activity = opened.get("activities")?.get(0)?;
    let (attempt, number) = (opened.get("attempt")?.as_u64()?, activity.get("try")?.as_u64()?);
    let visit = page(version, &opened)?;
    let total = if version == Version::V12 { "cmi.core.total_time" } else { "cmi.total_time" };
    let entry = if version == Version::V12 { "cmi.core.entry" } else { "cmi.entry" };
    Some((
        get(&visit, entry)?,
        get(&visit, total)?,
        get(&visit, location).unwrap_or_default(),
        get(&visit, status)?,
        number,
        attempt,
    ))
}

/// Spec: SCORM 1.2 RTE, *cmi.core.entry* and *cmi.core.exit*; RTE, *Entry*, *Exit* and *Total Time*.
#[tokio::test]
async fn the_next_session_begins_as_exit_and_end_say() {
    const EXITS: [Option<&str>; 6] =
        [Some("time-out"), Some("suspend"), Some("logout"), Some("normal"), Some(""), None];
    let mut count = 0;
    for end in [End::Terminate, End::TakenAway, End::Crash] {
        for exit in EXITS {
            let is_suspended = exit == Some("suspend");
            // 1.2 keeps one record, however it ended; only suspend is told as resume.
            let entry = if is_suspended { "resume" } else { "" };
            let expected = (entry, "00:30:00.00", "7", "incomplete", 1, 1);
            let told = next(Version::V12, exit, end).await.unwrap();
            let told = (told.0.as_str(), told.1.as_str(), told.2.as_str(), told.3.as_str(), told.4, told.5);
            assert_eq!(told, expected, "1.2, exit {exit:?}, {end:?}");

            // 2004 ends the try by every exit but suspend, provided that content said Terminate.
            let goes_on = is_suspended || end != End::Terminate;
            let expected = if goes_on {
                ("resume", "PT30M", "7", "incomplete", 1, 1)
            } else {
                ("ab-initio", "PT0H0M0S", "", "unknown", 2, 1)
            };
            let told = next(Version::V2004, exit, end).await.unwrap();
            let total = if told.1 == "PT0H30M0S" { "PT30M" } else { told.1.as_str() };
            let told = (told.0.as_str(), total, told.2.as_str(), told.3.as_str(), told.4, told.5);
            assert_eq!(told, expected, "2004, exit {exit:?}, {end:?}");
            count += 2;
        }
    }
    assert_eq!(count, 36);
}

#[tokio::test]
async fn records_and_shared_data_are_there_again() {
    let server = TestServer::start().await.unwrap();
    let course = zip(&[("imsmanifest.xml", MANIFEST_2004), ("index.html", "")]).unwrap();
    let imported = server.post_bytes("/api/v1/packages", "application/zip", course).await.unwrap();
    let topic = imported.body["topic"].as_str().unwrap();
    let opened = server.visit(topic, "anna").await.unwrap();
    let mut visit = page(Version::V2004, &opened).unwrap();
    assert_eq!(get(&visit, "cmi.objectives.0.id").as_deref(), Some("primary"));
    assert_eq!(get(&visit, "adl.data.0.id").as_deref(), Some("bucket"));
    assert_eq!(get(&visit, "adl.nav.request_valid.continue").as_deref(), Some("false"), "there is no flow");
    let mut values = vec![
        ("cmi.objectives.0.score.scaled".to_owned(), "0.5"),
        ("cmi.objectives.1.id".to_owned(), "made"),
        ("adl.data.0.store".to_owned(), "shared"),
        ("cmi.exit".to_owned(), "suspend"),
    ];
    // More than ten, so that their order as numbers is not their order as texts.
    for n in 0..12 {
        values.push((format!("cmi.interactions.{n}.id"), "i"));
        values.push((format!("cmi.interactions.{n}.type"), "choice"));
        values.push((format!("cmi.interactions.{n}.correct_responses.0.pattern"), "a[,]b"));
    }
    for (name, text) in &values {
        set(&mut visit, name, text).unwrap_or_else(|| panic!("{name}"));
    }
    visit.terminate(at(60_000)).unwrap();
    let receipt = send(&server, &mut visit, 60_000).await.unwrap();
    assert_eq!((&receipt["refused"], receipt["acked"].as_u64()), (&Value::Null, Some(visit.seq())));

    let opened = server.visit(topic, "anna").await.unwrap();
    let again = page(Version::V2004, &opened).unwrap();
    for (name, text) in values.iter().filter(|it| it.0 != "cmi.exit") {
        assert_eq!(get(&again, name).as_deref(), Some(*text), "{name}");
    }
    assert_eq!(get(&again, "cmi.interactions._count").as_deref(), Some("12"));
    assert_eq!(get(&again, "cmi.objectives._count").as_deref(), Some("2"));

    // Another learner's bucket is another one; a look at the course leaves this one alone.
    let other = page(Version::V2004, &server.visit(topic, "berta").await.unwrap()).unwrap();
    assert_eq!(get(&other, "adl.data.0.store"), None);
    let body = json!({ "learner": { "id": "anna" }, "topic": topic, "mode": "review" });
    let launched = server.post("/api/v1/launches", &body).await.unwrap();
    let code = launched.body["url"].as_str().unwrap().split_once("#code=").unwrap().1;
    let review = server.post("/run/v1/visits", &json!({ "code": code })).await.unwrap().body;
    let mut review = page(Version::V2004, &review).unwrap();
    assert_eq!(get(&review, "adl.data.0.store").as_deref(), Some("shared"));
    set(&mut review, "adl.data.0.store", "only a look").unwrap();
    send(&server, &mut review, 1_000).await.unwrap();
    let again = page(Version::V2004, &server.visit(topic, "anna").await.unwrap()).unwrap();
    assert_eq!(get(&again, "adl.data.0.store").as_deref(), Some("shared"));
}

#[tokio::test]
async fn a_gap_after_a_refused_record_and_every_unit_of_16_bits_are_there_again() {
    let server = TestServer::start().await.unwrap();
    let course = zip(&[("imsmanifest.xml", MANIFEST_2004), ("index.html", "")]).unwrap();
    let imported = server.post_bytes("/api/v1/packages", "application/zip", course).await.unwrap();
    let topic = imported.body["topic"].as_str().unwrap();
    let mut visit = page(Version::V2004, &server.visit(topic, "anna").await.unwrap()).unwrap();
    // Every surrogate, the pair that stands in the middle of them, and both ends of all units.
    let every = from_units((0..0x100).chain(0xd7f0..0xe010).chain(0xfff0..=u16::MAX));
    for (name, text, is_taken) in [
        ("cmi.interactions.0.id", "one", true),
        ("cmi.interactions.1.id", "", false),
        ("cmi.interactions.2.id", "three [b]", true),
        ("cmi.interactions.2.type", "other", true),
        ("cmi.interactions.2.learner_response", every.as_str(), true),
        ("cmi.objectives.1.id", "primary", false),
        ("cmi.objectives.2.id", "\u{10f03d}", true),
        ("cmi.suspend_data", every.as_str(), true),
        ("adl.data.0.store", every.as_str(), true),
        ("cmi.exit", "suspend", true),
    ] {
        let place = visit.settable(name).unwrap();
        assert_eq!(visit.set(place, text, units(text), || at(1_000)).is_ok(), is_taken, "{name}");
    }
    visit.terminate(at(60_000)).unwrap();
    let receipt = send(&server, &mut visit, 60_000).await.unwrap();
    assert_eq!((&receipt["refused"], receipt["acked"].as_u64()), (&Value::Null, Some(visit.seq())));

    let mut again = page(Version::V2004, &server.visit(topic, "anna").await.unwrap()).unwrap();
    for (name, expected) in [
        ("cmi.interactions._count", Some("3")),
        ("cmi.interactions.0.id", Some("one")),
        ("cmi.interactions.1.id", None),
        ("cmi.interactions.2.id", Some("three [b]")),
        ("cmi.interactions.2.learner_response", Some(every.as_str())),
        ("cmi.objectives._count", Some("3")),
        ("cmi.objectives.2.id", Some("\u{10f03d}")),
        ("cmi.suspend_data", Some(every.as_str())),
        ("adl.data.0.store", Some(every.as_str())),
    ] {
        assert_eq!(get(&again, name).as_deref(), expected, "{name}");
    }
    // What counts by `_count` goes on behind the last record, and the empty one can still be set.
    set(&mut again, "cmi.interactions.3.id", "four").unwrap();
    set(&mut again, "cmi.interactions.1.id", "two").unwrap();
    assert_eq!(get(&again, "cmi.interactions._count").as_deref(), Some("4"));
}
