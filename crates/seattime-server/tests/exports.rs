//! The report as a file: every row once, as of one moment, and no cell that a spreadsheet runs.
#![cfg(test)]

use seattime_testbed::test_server::{Answer, KEY, MANIFEST, START_MS, TestServer, commit, zip};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;
/// What spreadsheets take for the beginning of a formula, and what some cut off before one.
const BEGINS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
/// Names of learners, and how each stands in its cell.
#[rustfmt::skip]
const NAMES: [(&str, &str); 11] = [
    ("=HYPERLINK(\"https://evil.example\",\"x\")", "'=HYPERLINK(\"https://evil.example\",\"x\")"),
    ("+cmd|' /C calc'!A0",                         "'+cmd|' /C calc'!A0"),
    ("-2+3",                                       "'-2+3"),
    ("@SUM(1)",                                    "'@SUM(1)"),
    ("\u{ff1d}1+1",                                "'\u{ff1d}1+1"),
    ("Muster, \"Anna\"\r\nzweite Zeile",           "Muster, \"Anna\"\r\nzweite Zeile"),
    ("\t=1+1",                                     "'\t'=1+1"),
    ("Muster; =1+1",                               "Muster;' =1+1"),
    ("Muster\t=1+1",                               "Muster\t'=1+1"),
    ("Muster;\"=1+1;Anna",                         "Muster;'\"=1+1;Anna"),
    ("\u{fffd} \u{10ffff} ä😀\0",                   "\u{fffd} \u{10ffff} ä😀\0"),
];

/// A server on which learners of these names were there for a minute each, in a topic whose title is a formula.
async fn server_with(names: &[&str]) -> Option<TestServer> {
    let server = TestServer::start().await?;
    let manifest = MANIFEST.replace("<title>Topic</title>", "<title>=1+1</title>");
    let package = zip(&[("imsmanifest.xml", &manifest), ("index.html", "")])?;
    let told = server.post_bytes("/api/v1/packages?course=%40Course", "application/zip", package).await?;
    let topic = told.body["topic"].as_str()?.to_owned();
    for (n, name) in names.iter().enumerate() {
        let learner = json!({ "id": format!("l{n}"), "name": name });
        let body = json!({ "learner": learner, "topic": topic });
        let url = server.post("/api/v1/launches", &body).await?.body["url"].as_str()?.to_owned();
        let code = url.split_once("#code=")?.1.to_owned();
        let visit = server.post("/run/v1/visits", &json!({ "code": code })).await?.body;
        server.advance(MINUTE_MS);
        let told = server.post("/run/v1/commits", &commit(&visit, 1, 60, "page")).await?;
        assert_eq!(told.status, 200, "{}", told.body);
    }
    Some(server)
}

async fn export(server: &TestServer, query: &str) -> Option<Answer> {
    let told = server.get(&format!("/api/v1/report/export?{query}"), KEY).await?;
    assert_eq!(told.status, 200, "{query}: {}", told.body);
    Some(told)
}

/// Rows of a file for spreadsheets, each cell by its column's name.
fn rows(answer: &Answer) -> Vec<Vec<(String, String)>> {
    rows_by(b',', &text(answer))
}

fn text(answer: &Answer) -> String {
    let text = std::str::from_utf8(&answer.bytes).unwrap();
    text.strip_prefix('\u{feff}').expect("it says that it is UTF-8").to_owned()
}

fn rows_by(separator: u8, text: &str) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |it: Result<csv::StringRecord, csv::Error>| {
        let cells = it.unwrap().iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cells.len(), names.len());
        names.iter().cloned().zip(cells).collect()
    };
    reader.records().map(row).collect()
}

fn cell<'a>(row: &'a [(String, String)], name: &str) -> &'a str {
    row.iter().find(|it| it.0 == name).map(|it| it.1.as_str()).unwrap_or_else(|| panic!("no column {name}"))
}

#[tokio::test]
async fn no_cell_begins_a_formula_and_every_text_comes_back() {
    let server = server_with(&NAMES.map(|it| it.0)).await.unwrap();
    let told = export(&server, "format=csv&sort=first_visit&order=asc").await.unwrap();
    assert_eq!(told.headers["content-type"], "text/csv; charset=utf-8; header=present");
    assert_eq!(told.headers["cache-control"], "no-store");
    let rows = rows(&told);
    assert_eq!(rows.len(), NAMES.len());
    for (n, (row, (name, guarded))) in rows.iter().zip(NAMES).enumerate() {
        assert_eq!(
            (cell(row, "learner_id"), cell(row, "learner")),
            (format!("l{n}").as_str(), guarded),
            "{name:?}"
        );
        assert_eq!((cell(row, "topic"), cell(row, "course")), ("'=1+1", "'@Course"));
        for (column, text) in row {
            assert!(!text.starts_with(BEGINS), "{column}: {text:?}");
        }
    }
    // Lines end as the standard has it; what is within a text stays as it was.
    let lines = told.bytes.windows(2).filter(|it| it == b"\r\n").count();
    assert_eq!(lines, NAMES.len() + 2, "the header's, each row's, and the one within a name");

    let told = export(&server, "format=json&sort=first_visit&order=asc").await.unwrap();
    assert_eq!(told.headers["content-type"], "application/json");
    let names: Vec<&str> = told.body["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["learner"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, NAMES.map(|it| it.0), "as JSON they are what they are");

    // Half a character is no text: what brings one is refused, and nothing of it is kept.
    let half = br#"{"learner":{"id":"half","name":"\ud800"},"topic":"x"}"#.to_vec();
    let refused = server.post_bytes("/api/v1/launches", "application/json", half).await.unwrap();
    assert_eq!(refused.problem(), (400, "bad_json"));
}

/// What some spreadsheets do without asking: they begin a cell behind any of these that is not in quotation marks.
fn parted_by_any(text: &str) -> String {
    let mut is_quoted = false;
    let of_each = text.chars().map(|it| {
        is_quoted ^= it == '"';
        if !is_quoted && matches!(it, ',' | ';' | '\t') { '\u{1f}' } else { it }
    });
    of_each.collect()
}

#[tokio::test]
async fn columns_stay_apart_whichever_separators_a_spreadsheet_takes() {
    let server = server_with(&NAMES.map(|it| it.0)).await.unwrap();
    let query = "format=csv&sort=first_visit&order=asc";
    let by_commas = text(&export(&server, query).await.unwrap());
    let rows = rows_by(b',', &by_commas);
    assert_eq!(rows_by(0x1f, &parted_by_any(&by_commas)), rows);

    // Where numbers have a decimal comma, a file has semicolons.
    let by_semicolons = text(&export(&server, &format!("{query}&separator=semicolon")).await.unwrap());
    assert_eq!(rows_by(b';', &by_semicolons), rows);
    assert_eq!(rows_by(0x1f, &parted_by_any(&by_semicolons)), rows);

    let visit = server.visit(&topic(&server).await, "l0").await.unwrap();
    let mut told = commit(&visit, 2, 60, "page");
    told["sessions"][0]["set"] = json!({ "cmi.core.score.raw": ["87.5", 2] });
    assert_eq!(server.post("/run/v1/commits", &told).await.unwrap().body["refused"], Value::Null);
    for (name, separator, score) in [("comma", b',', "87.5"), ("semicolon", b';', "87,5")] {
        let told = export(&server, &format!("format=csv&learner=l0&separator={name}")).await.unwrap();
        let row = rows_by(separator, &text(&told)).remove(0);
        assert_eq!((cell(&row, "score"), cell(&row, "best_score")), (score, score), "{name}");
    }
}

async fn topic(server: &TestServer) -> String {
    server.get("/api/v1/packages", KEY).await.unwrap().body[0]["topic"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_row_says_as_of_when_it_is_and_by_which_clocks() {
    let server = server_with(&["Anna", "Berta"]).await.unwrap();
    server.put("/api/v1/tenant", &json!({ "zone": "Europe/Berlin" })).await.unwrap();
    // 2023-11-14T22:13:20Z, and two minutes; in Berlin it is an hour later.
    let told = export(&server, "format=csv&learner=l0").await.unwrap();
    let disposition = "attachment; filename=\"learning-report-2023-11-14T22-15-20Z.csv\"";
    assert_eq!(told.headers["content-disposition"], disposition);
    let row = rows(&told).remove(0);
    #[rustfmt::skip]
    let truth = [
        ("as_of",            "2023-11-14T23:15:20+01:00"),
        ("learner_id",       "l0"),
        ("kind",             "scorm_1.2"),
        ("status",           "incomplete"),
        ("completion",       "incomplete"),
        ("success",          "unknown"),
        ("time_spent",       "0h 1m 0s"),
        ("time_spent_s",     "60"),
        ("provenance",       "measured"),
        ("measured_s",       "60"),
        ("reported_s",       ""),
        ("attempts",         "1"),
        ("first_visit",      "2023-11-14T23:13:20+01:00"),
        ("last_visit",       "2023-11-14T23:14:20+01:00"),
        ("flags",            ""),
        ("conflicts",        "0"),
    ];
    for (name, text) in truth {
        assert_eq!(cell(&row, name), text, "{name}");
    }
    assert!(!row.iter().any(|it| it.0 == "changed_later"), "there is no period");
    let told = export(&server, "format=json&learner=l0").await.unwrap();
    let head = (&told.body["as_of"], &told.body["as_of_ms"], &told.body["zone"], &told.body["period"]);
    let (as_of, zone) = (json!("2023-11-14T23:15:20+01:00"), json!("Europe/Berlin"));
    assert_eq!(head, (&as_of, &json!(START_MS + 2 * MINUTE_MS), &zone, &Value::Null));
    assert_eq!(export(&server, "format=json&learner=nobody").await.unwrap().body["rows"], json!([]));
    assert_eq!(
        rows(&export(&server, "format=csv&learner=nobody").await.unwrap()),
        Vec::<Vec<(String, String)>>::new()
    );
}

#[tokio::test]
async fn an_export_of_a_period_says_what_changed_later() {
    let server = server_with(&["Anna", "Berta"]).await.unwrap();
    let of_day = "from=2023-11-14&to=2023-11-14&sort=first_visit&order=asc";
    let row = rows(&export(&server, &format!("format=csv&{of_day}")).await.unwrap()).remove(0);
    #[rustfmt::skip]
    let truth = [
        ("period_from", "2023-11-14"), ("period_to", "2023-11-14"), ("time_in_period", "0h 1m 0s"), ("time_in_period_s", "60"),
        ("measured_in_period_s", "60"), ("media_in_period_s", "0"), ("visits_in_period", "1"), ("attempts_in_period", "1"),
        ("changed_later", ""),
    ];
    for (name, text) in truth {
        assert_eq!(cell(&row, name), text, "{name}");
    }
    // The next day, Berta is there once more.
    let topic = topic(&server).await;
    let since_ms = server.app.now_ms().await;
    server.advance(24 * 60 * MINUTE_MS);
    let visit = server.visit(&topic, "l1").await.unwrap();
    server.advance(MINUTE_MS);
    server.post("/run/v1/commits", &commit(&visit, 1, 60, "page")).await.unwrap();
    let told = rows(&export(&server, &format!("format=csv&{of_day}")).await.unwrap());
    let later: Vec<_> = told
        .iter()
        .map(|it| (cell(it, "learner_id"), cell(it, "changed_later"), cell(it, "time_in_period_s")))
        .collect();
    assert_eq!(later, [("l0", "", "60"), ("l1", "2023-11-15T22:16:20+00:00", "60")]);
    let told = export(&server, &format!("format=json&{of_day}")).await.unwrap();
    let later: Vec<_> =
        told.body["rows"].as_array().unwrap().iter().map(|it| it.get("changed_later_ms")).collect();
    assert_eq!(later, [None, Some(&json!(START_MS + 2 * MINUTE_MS + 24 * 60 * MINUTE_MS + MINUTE_MS))]);
    // What changed after a moment alone.
    let told = rows(&export(&server, &format!("format=csv&changed_since={since_ms}")).await.unwrap());
    assert_eq!(told.iter().map(|it| cell(it, "learner_id")).collect::<Vec<_>>(), ["l1"]);
    for query in
        ["", "format=xlsx", "format=csv&from=never", "format=csv&colour=red", "format=json&separator=comma"]
    {
        let told = server.get(&format!("/api/v1/report/export?{query}"), KEY).await.unwrap();
        assert_eq!(told.problem(), (400, "bad_query"), "{query}");
    }
}
