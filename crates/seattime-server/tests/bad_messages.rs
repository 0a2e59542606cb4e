//! Bad input in messages: each kind has its status and its code, nothing of it is kept, and nothing of it is the
//! server's failure.

use axum::body::Body;
use axum::http::Request;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use seattime_server::faults::NoFaults;
use seattime_server::limits::Rate;
use seattime_server::secret::ServerKey;
use seattime_server::token::{LaunchClaims, Tokens, VisitClaims};
use seattime_testbed::test_server::{self, KEY, START_MS, TestServer, commit};
use serde_json::{Value, json};

const COMMITS: &str = "/run/v1/commits";

/// The message as text, with one place replaced by what no JSON writer would write.
fn spoiled(good: &Value, place: &str, text: &str) -> Option<Vec<u8>> {
    let mut bad = good.clone();
    *bad.pointer_mut(place)? = json!("@");
    Some(bad.to_string().replace("\"@\"", text).into_bytes())
}

#[tokio::test]
async fn what_is_no_commit_is_refused_whole_with_a_stable_code() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    let good = commit(&visit, 3, 60, "~");
    let text = good.to_string();
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let broken = |bytes: &[u8]| {
        let at = text.find('~').unwrap();
        [&text.as_bytes()[..at], bytes, &text.as_bytes()[at + 1..]].concat()
    };
    let huge =
        spoiled(&good, "/sessions/0/set/cmi.core.lesson_location/0", &format!("{:?}", "a".repeat(10 << 20)));
    #[rustfmt::skip]
    let cases: &[(&str, Vec<u8>, (u16, &str))] = &[
        ("nothing",                 Vec::new(),                                             (400, "bad_json")),
        ("a form",                  b"seq=3&visit=x".to_vec(),                              (400, "bad_json")),
        ("half of it",              text.as_bytes()[..text.len() / 2].to_vec(),             (400, "bad_json")),
        ("something behind it",     format!("{text}{text}").into_bytes(),                   (400, "bad_json")),
        ("a mark of byte order",    [b"\xef\xbb\xbf", text.as_bytes()].concat(),            (400, "bad_json")),
        ("broken UTF-8",            broken(b"\xff"),                              (400, "bad_json")),
        ("half a character",        broken(b"\xc3"),                              (400, "bad_json")),
        ("half a surrogate pair",   broken(b"\\ud800"),                           (400, "bad_json")),
        ("a raw line break",        broken(b"\n"),                                (400, "bad_json")),
        ("UTF-16",                  text.encode_utf16().flat_map(u16::to_le_bytes).collect(), (400, "bad_json")),
        ("NaN",                     spoiled(&good, "/sent_date_ms", "NaN").unwrap(),                 (400, "bad_json")),
        ("beyond all floats",       spoiled(&good, "/sent_date_ms", "1e999").unwrap(),               (400, "bad_json")),
        ("a float",                 spoiled(&good, "/sent_date_ms", "1.5").unwrap(),                 (400, "bad_json")),
        ("beyond 64 bits",          spoiled(&good, "/sent_date_ms", "9223372036854775808").unwrap(), (400, "bad_json")),
        ("a field twice",           text.replacen("\"seq\":3", "\"seq\":3,\"seq\":4", 1).into_bytes(), (400, "bad_json")),
        ("depth 200",               deep(200).into_bytes(),                                 (400, "bad_json")),
        ("depth 100,000",           deep(100_000).into_bytes(),                             (400, "bad_json")),
        ("depth in a field",        spoiled(&good, "/sessions", &deep(200)).unwrap(),                (400, "bad_json")),
        ("a text of 10 MB",         huge.unwrap(),                                                   (413, "too_large")),
        ("seq of 2^63",             spoiled(&good, "/seq", "9223372036854775808").unwrap(),          (400, "bad_seq")),
        ("seq of 2^53",             spoiled(&good, "/seq", "9007199254740992").unwrap(),             (400, "bad_seq")),
        ("seq beyond 64 bits",      spoiled(&good, "/seq", "18446744073709551616").unwrap(),         (400, "bad_json")),
        ("seq below 0",             spoiled(&good, "/seq", "-1").unwrap(),                           (400, "bad_json")),
        ("seq as a float",          spoiled(&good, "/seq", "3.0").unwrap(),                          (400, "bad_json")),
        ("seq as a text",           spoiled(&good, "/seq", "\"3\"").unwrap(),                        (400, "bad_json")),
        ("no seq",                  spoiled(&good, "/seq", "null").unwrap(),                         (400, "bad_json")),
        ("a state that is none",    spoiled(&good, "/sessions/0/state", "\"paused\"").unwrap(),      (400, "bad_json")),
        ("an interval of one",      spoiled(&good, "/sessions/0/span", "[[0,1]]").unwrap(),          (400, "bad_json")),
    ];
    for (what, body, expected) in cases {
        let answer = server.post_bytes(COMMITS, "application/json", body.clone()).await.unwrap();
        assert_eq!(answer.problem(), *expected, "{what}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
        assert_eq!(answer.body["status"], expected.0, "{what}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.len() > 20 && !detail.ends_with('.'), "{what}: {detail}");
        assert_eq!(answer.body["request_id"], answer.headers["x-request-id"].to_str().unwrap(), "{what}");
    }
    assert_eq!(server.told_rows().await.unwrap(), Vec::<Value>::new(), "nothing was kept");
}

#[tokio::test]
async fn a_type_or_an_encoding_that_is_not_taken_is_415_before_anything_is_read() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    let body = commit(&visit, 1, 60, "x").to_string();
    let packed = b"whatever it is";
    #[rustfmt::skip]
    let cases: &[(&[(&str, &str)], &[u8], u16)] = &[
        // headers                                                                 body             status
        (&[],                                                                      body.as_bytes(), 415),
        (&[("content-type", "")],                                                  body.as_bytes(), 415),
        (&[("content-type", "multipart/form-data; boundary=x")],                   body.as_bytes(), 415),
        (&[("content-type", "application/xml")],                                   body.as_bytes(), 415),
        (&[("content-type", "application/json5")],                                 body.as_bytes(), 415),
        (&[("content-type", "application/json"), ("content-encoding", "gzip, gzip")], packed,      415),
        (&[("content-type", "application/json"), ("content-encoding", "br")],      packed,         415),
        (&[("content-type", "text/plain"), ("content-encoding", "deflate, gzip")], packed,         415),
        (&[("content-type", "APPLICATION/JSON ; charset=utf-8")],                  body.as_bytes(), 200),
        (&[("content-type", "text/plain;charset=UTF-8")],                          body.as_bytes(), 200),
        (&[("content-type", "application/json"), ("content-encoding", "identity")], body.as_bytes(), 200),
    ];
    for (headers, body, status) in cases {
        let mut request = Request::post(COMMITS);
        for (name, value) in *headers {
            request = request.header(*name, *value);
        }
        let answer = server.send(request.body(Body::from(body.to_vec())).unwrap()).await.unwrap();
        assert_eq!(answer.status, *status, "{headers:?}");
        let code = if *status == 415 { "unsupported_type" } else { "" };
        assert_eq!(answer.problem().1, code, "{headers:?}");
    }
}

/// The key that the server signs with, as whoever has its disk knows it.
fn key_of(server: &TestServer) -> Option<ServerKey> {
    let database = rusqlite::Connection::open(server.data.path().join("seattime.db")).ok()?;
    let hex: String = database
        .query_row("SELECT value FROM secret WHERE name = 'server_key'", [], |row| row.get(0))
        .ok()?;
    ServerKey::from_hex(&hex)
}

#[tokio::test]
async fn a_token_of_any_wrong_kind_is_401_and_the_same_words() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit_of_an_earlier_page(&topic, "anna").await.unwrap();
    let other = server.visit_of_an_earlier_page(&topic, "berta").await.unwrap();
    let token = visit["token"].as_str().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let key = key_of(&server).unwrap();
    let tokens = Tokens::new(&key);
    let bytes: Vec<u8> = (0..key.to_hex().len())
        .step_by(2)
        .map(|it| u8::from_str_radix(&key.to_hex()[it..it + 2], 16).unwrap())
        .collect();
    let claims = VisitClaims {
        tenant: "default".to_owned(),
        learner: "nobody".to_owned(),
        attempt: "none".to_owned(),
        visit: visit["visit"].as_str().unwrap().to_owned(),
        lease: 1,
        opened_ms: START_MS,
        mode: seattime_wire::Mode::Continue,
        origin: None,
    };
    let signed = |change: &dyn Fn(&mut Header, &mut Value), algorithm: Algorithm, secret: &[u8]| {
        let mut header = Header { typ: Some("seattime-visit+jwt".to_owned()), ..Header::new(algorithm) };
        let mut body = serde_json::to_value(&claims).unwrap();
        body["aud"] = json!("run");
        body["exp"] = json!(START_MS / 1_000 + 1_800);
        change(&mut header, &mut body);
        encode(&header, &body, &EncodingKey::from_secret(secret)).unwrap()
    };
    let right = |change: &dyn Fn(&mut Header, &mut Value)| signed(change, Algorithm::HS256, &bytes);
    // Signed with a text that anybody knows, as where a public key is taken for a secret.
    let with_head = |head: &str| {
        let encoded = encode_url(head.as_bytes());
        format!("{encoded}.{}.{}", parts[1], parts[2])
    };
    let launch = LaunchClaims { tenant: "default".into(), learner: "x".into(), launch: "y".into() };
    #[rustfmt::skip]
    let invalid: &[(&str, String)] = &[
        ("no token at all",        "seattime".to_owned()),
        ("two points",             "..".to_owned()),
        ("one part too few",       format!("{}.{}", parts[0], parts[1])),
        ("one part too many",      format!("{token}.x")),
        ("blanks around it",       format!(" {token} ")),
        ("a cut signature",        token[..token.len() - 4].to_owned()),
        ("another's signature",    format!("{}.{}.{}", parts[0], parts[1], other["token"].as_str().unwrap().split('.').nth(2).unwrap())),
        ("another's claims",       format!("{}.{}.{}", parts[0], other["token"].as_str().unwrap().split('.').nth(1).unwrap(), parts[2])),
        ("alg none",               format!("{}.{}.", encode_url(br#"{"typ":"seattime-visit+jwt","alg":"none"}"#), parts[1])),
        ("alg None, signed",       with_head(r#"{"typ":"seattime-visit+jwt","alg":"None"}"#)),
        ("alg RS256",              with_head(r#"{"typ":"seattime-visit+jwt","alg":"RS256"}"#)),
        ("alg HS512, right key",   signed(&|_, _| {}, Algorithm::HS512, &bytes)),
        ("a public text as key",   signed(&|_, _| {}, Algorithm::HS256, b"-----BEGIN PUBLIC KEY-----")),
        ("an empty key",           signed(&|_, _| {}, Algorithm::HS256, b"")),
        ("another kid and key",    signed(&|head, _| head.kid = Some("old".to_owned()), Algorithm::HS256, b"old")),
        ("another audience",       right(&|_, body| body["aud"] = json!("app"))),
        ("no audience",            right(&|_, body| { body.as_object_mut().unwrap().remove("aud"); })),
        ("no end",                 right(&|_, body| { body.as_object_mut().unwrap().remove("exp"); })),
        ("another type",           right(&|head, _| head.typ = Some("JWT".to_owned()))),
        ("no type",                right(&|head, _| head.typ = None)),
        ("a launch's",             tokens.for_launch(&launch, START_MS).unwrap()),
        ("no lease",               right(&|_, body| { body.as_object_mut().unwrap().remove("lease"); })),
        ("a lease below 0",        right(&|_, body| body["lease"] = json!(-1))),
    ];
    let mut told = Vec::new();
    for (what, bad) in invalid {
        let mut body = commit(&visit, 1, 60, "x");
        body["token"] = json!(bad);
        let answer = server.post(COMMITS, &body).await.unwrap();
        assert_eq!(answer.problem(), (401, "token_invalid"), "{what}");
        told.push(answer.body["detail"].clone());
    }
    assert!(told.iter().all(|it| *it == told[0]), "whoever tries learns nothing: {told:?}");
    let mut none = commit(&visit, 1, 60, "x");
    none["token"] = json!("");
    assert_eq!(server.post(COMMITS, &none).await.unwrap().problem(), (401, "token_missing"));
    none.as_object_mut().unwrap().remove("token");
    assert_eq!(server.post(COMMITS, &none).await.unwrap().problem(), (401, "token_missing"));
    // Signed here, but for an attempt and a learner that are not there: somebody else's things are not found.
    let mut foreign = commit(&visit, 1, 60, "x");
    foreign["token"] = json!(right(&|_, _| {}));
    assert_eq!(server.post(COMMITS, &foreign).await.unwrap().problem(), (404, "not_found"));
    let visit_for_launch = json!({ "launch_token": token });
    assert_eq!(
        server.post("/run/v1/visits", &visit_for_launch).await.unwrap().problem(),
        (401, "token_invalid")
    );
    assert_eq!(server.told_rows().await.unwrap(), Vec::<Value>::new());
}

/// Base64 for addresses, without padding.
fn encode_url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_usize, |bits, it| bits << 8 | usize::from(*it)) << (8 * (3 - group.len()));
        for n in 0..=group.len() {
            text.extend(DIGITS.get(bits >> (18 - 6 * n) & 63).copied().map(char::from));
        }
    }
    text
}

#[tokio::test]
async fn a_bad_value_among_good_ones_is_refused_alone_with_the_code_of_the_standard() {
    // SCORM 1.2: 201 unknown element, 401 of another model, 403 read only, 405 incorrect data type; 402 is a keyword.
    #[rustfmt::skip]
    let bad: &[(&str, &str, u64)] = &[
        ("cmi.core.score.raw",     "101",         405), // beyond 0 to 100
        ("cmi.core.score.max",     "-1",          405),
        ("cmi.core.score.min",     "NaN",         405),
        ("cmi.core.lesson_status", "banana",      405),
        ("cmi.core.session_time",  "PT-5S",       405),
        ("cmi.core.exit",          "sometime",    405),
        ("cmi.core.student_name",  "Eve",         403),
        ("cmi.core.total_time",    "99:00:00",    403),
        ("cmi.core._children",     "x",           402),
        ("cmi.core.nonsense",      "x",           201), // unknown in the model; elsewhere it is 401
        ("constructor",            "x",           401),
        ("",                       "x",           401),
    ];
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    for (n, (element, value, code)) in bad.iter().enumerate() {
        let visit = server.visit(&topic, &format!("learner-{n}")).await.unwrap();
        server.advance(60_000);
        let mut body = commit(&visit, 9, 60, "page 7");
        body["sessions"][0]["set"][*element] = json!([value, 8]);
        body["sessions"][0]["set"]["cmi.suspend_data"] = json!(["kept", 7]);
        let answer = server.post(COMMITS, &body).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body["acked"]), (200, &json!(9)), "{element}");
        let refused = json!([{ "session": 1, "element": element, "code": code }]);
        assert_eq!(answer.body["refused"], refused, "{element} = {value:?}");
        let next = server.visit(&topic, &format!("learner-{n}")).await.unwrap();
        let values = &next["values"]["item"];
        assert_eq!(values["cmi.core.lesson_location"], "page 7", "{element}");
        assert_eq!(values["cmi.suspend_data"], "kept", "{element}");
        assert_ne!(values.get(*element), Some(&json!(value)), "{element}");
    }
    for row in server.rows().await.unwrap() {
        assert_eq!(row["time_spent_ms"], 60_000, "time counts whatever else is wrong");
    }
}

#[tokio::test]
async fn what_a_page_says_of_its_own_totals_is_not_believed() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(300_000);
    // Ten hours after five minutes, then fewer than before, then none at all.
    for (seq, measured_ms) in [(1, 36_000_000), (2, 1_000), (3, -5), (4, i64::MAX)] {
        let mut body = commit(&visit, seq, 300, "x");
        body["totals"] =
            json!({ "measured_ms": measured_ms, "media_ms": measured_ms, "credited_ms": measured_ms });
        assert_eq!(server.post(COMMITS, &body).await.unwrap().status, 200);
        assert_eq!(server.rows().await.unwrap()[0]["time_spent_ms"], 300_000);
    }
}

#[tokio::test]
async fn numbers_at_their_limits_neither_fail_the_server_nor_make_time() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let (least, most) = (i64::MIN, i64::MAX);
    #[rustfmt::skip]
    let cases: &[(&str, Value)] = &[
        ("/sent_date_ms",                  json!(least)),
        ("/sent_date_ms",                  json!(most)),
        ("/seq",                           json!(0)),
        ("/stretches/0/start_date_ms",     json!(most)),
        ("/stretches/0/sent_at_ms",        json!(least)),
        ("/stretches/0/sent_at_ms",        json!(most)),
        ("/stretches/0/n",                 json!(u32::MAX)),
        ("/sessions/0/n",                  json!(0)),
        ("/sessions/0/seq",                json!(u64::MAX)),
        ("/sessions/0/try",                json!(u32::MAX)),
        ("/sessions/0/try",                json!(0)),
        ("/sessions/0/activity",           json!("no such item")),
        ("/sessions/0/activity",           json!("")),
        ("/sessions/0/span",               json!([[0, least, most]])),
        ("/sessions/0/span",               json!([[0, most, least], [u32::MAX, 0, most], [7, -5, -9]])),
        ("/sessions/0/accepted",           json!({ "months": u64::MAX, "cs": u64::MAX })),
        ("/sessions/0/reported",           json!({ "state": "set", "ms": most, "at": [0, most] })),
        ("/sessions/0/reported",           json!({ "state": "set", "ms": least, "at": [9, least] })),
        ("/sessions/0/reported",           json!({ "state": "zero", "at": [u32::MAX, least] })),
        ("/sessions/0/set/cmi.core.lesson_location", json!(["x", u64::MAX])),
        ("/time/evidence",                 json!([[0, least, most, "human"], [0, most, least, "media"], [9, 0, 1, "page"]])),
        ("/time/visible",                  json!([[0, least, most], [0, 5, 5], [0, most, most]])),
        ("/time/med",                      json!([[0, least, most, "film"], [3, 0, most, ""]])),
        ("/time/med_bg",                   json!([[0, most, least, "song"]])),
        ("/media",                         json!([{ "key": "", "seq": u64::MAX, "kind": "smell", "duration_ms": least,
                                                    "covered": [[most, least], [least, most]], "position_ms": most }])),
        ("/shared",                        json!({ "": ["x", u64::MAX], "nobody's": ["y", 0] })),
        ("/shared_parted",                 json!({ "x": u64::MAX })),
        ("/sessions/0/parted",             json!({ "cmi.suspend_data": u64::MAX })),
        ("/sessions/0/records",            json!({ "cmi.interactions": { "4294967295": [u64::MAX, { "id": "x" }] }, "": { "0": [0, {}] } })),
    ];
    for (n, (place, value)) in cases.iter().enumerate() {
        let learner = format!("learner-{n}");
        let visit = server.visit(&topic, &learner).await.unwrap();
        server.advance(60_000);
        let mut body = commit(&visit, 5, 60, "x");
        let (parent, name) = place.rsplit_once('/').unwrap();
        let parent = if parent.is_empty() { &mut body } else { body.pointer_mut(parent).unwrap() };
        match name.parse::<usize>().ok().filter(|_| parent.is_array()) {
            Some(index) => parent[index] = value.clone(),
            None => parent[name] = value.clone(),
        }
        for _ in 0..2 {
            let answer = server.post(COMMITS, &body).await.unwrap();
            assert_eq!(answer.status, 200, "{place} = {value}: {}", answer.body);
        }
        server.app.sweep().await;
        let report = server.get(&format!("/api/v1/report?learner={learner}"), KEY).await.unwrap();
        assert_eq!(report.status, 200, "{place} = {value}");
        for row in report.body["rows"].as_array().unwrap() {
            let spent_ms = row["time_spent_ms"].as_i64().unwrap();
            assert!((0..=60_000).contains(&spent_ms), "{place} = {value}: {spent_ms}");
        }
        assert_eq!(server.visit(&topic, &learner).await.unwrap()["lease"], 61, "{place} = {value}");
    }
    server.advance(700_000);
    server.app.sweep().await; // Closes them all.
    assert_eq!(server.get("/api/v1/report", KEY).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_commit_that_was_garbled_on_the_way_is_never_the_servers_failure() {
    let server = TestServer::start_as(NoFaults, |it| it.limits.commits = Rate::UNBOUNDED).await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(600_000);
    let mut body = commit(&visit, 9, 600, "page");
    body["token"] = json!(""); // Replaced below, so that what is garbled is what lies behind the token's check.
    let good = body.to_string().into_bytes();
    let token = visit["token"].as_str().unwrap();
    let mut rng = 0x2545_f491_4f6c_dd1d_u64; // Always the same.
    let mut below = |n: usize| {
        rng ^= rng << 13;
        rng ^= rng >> 7;
        rng ^= rng << 17;
        usize::try_from(rng % n as u64).unwrap()
    };
    const TOKENS: &[&str] = &[
        "null",
        "-1",
        "1e400",
        "\"",
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        "0",
        "9999999999999999999",
        "\\u0000",
        "true",
    ];
    for n in 0..2_000 {
        let mut bytes = good.clone();
        for _ in 0..=below(3) {
            let at = below(bytes.len());
            match below(4) {
                0 => bytes[at] = u8::try_from(below(256)).unwrap(),
                1 => drop(bytes.drain(at..(at + below(20)).min(bytes.len()))),
                2 => drop(bytes.splice(at..at, TOKENS[below(TOKENS.len())].bytes()).count()),
                _ => {
                    let piece = bytes[at..(at + below(40)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece).for_each(drop);
                }
            }
        }
        let whole =
            String::from_utf8_lossy(&bytes).replacen("\"token\":\"\"", &format!("\"token\":\"{token}\""), 1);
        let answer =
            server.post_bytes(COMMITS, "application/json", whole.clone().into_bytes()).await.unwrap();
        let status = answer.status.as_u16();
        assert!(matches!(status, 200 | 400 | 401 | 404), "{n}: {status} to {whole}");
    }
    let spent_ms = server.get("/api/v1/report", KEY).await.unwrap().body["rows"][0]["time_spent_ms"].as_i64();
    assert!((0..=600_000).contains(&spent_ms.unwrap_or(0)), "{spent_ms:?}");
}

#[tokio::test]
async fn texts_that_look_like_sql_or_markup_are_kept_to_the_letter() {
    let server = TestServer::start().await.unwrap();
    #[rustfmt::skip]
    let texts = ["'; DROP TABLE visit; --", "\" OR \"1\"=\"1", "x' UNION SELECT value FROM secret --", "%_\\%", "?1 :a @b $c",
                 "<script>alert(1)</script>", "null", "ä\u{1f600}\u{202e}", "a\u{0}b", "Robert'); --"];
    for text in texts {
        let query = encode_query(text);
        let path = format!("/api/v1/packages?course={query}");
        let topic =
            server.post_bytes(&path, "application/zip", test_server::scorm_12().unwrap()).await.unwrap();
        assert_eq!(topic.body["course"], text);
        let topic = topic.body["topic"].as_str().unwrap().to_owned();
        let launch = json!({ "learner": { "id": text, "name": text }, "topic": topic });
        let made = server.post("/api/v1/launches", &launch).await.unwrap();
        let code = made.body["url"].as_str().unwrap().split_once("#code=").unwrap().1.to_owned();
        let visit = server.post("/run/v1/visits", &json!({ "code": code })).await.unwrap().body;
        assert_eq!(visit["values"]["item"]["cmi.core.student_id"], text);
        server.advance(60_000);
        let mut body = commit(&visit, 9, 60, text);
        body["sessions"][0]["set"]["cmi.suspend_data"] = json!([text, 8]);
        body["time"]["med"] = json!([[0, 0, 1_000, text]]);
        body["media"] = json!([{ "key": text, "seq": 7, "kind": text, "duration_ms": 1_000, "covered": [[0, 500]], "position_ms": 500 }]);
        body["shared"] = json!({ text: [text, 6] });
        assert_eq!(server.post(COMMITS, &body).await.unwrap().status, 200, "{text:?}");
        let report =
            server.get(&format!("/api/v1/report?learner={query}&course={query}"), KEY).await.unwrap();
        let rows = report.body["rows"].as_array().unwrap().clone();
        assert_eq!(rows.len(), 1, "{text:?}");
        assert_eq!(
            (&rows[0]["learner"], &rows[0]["course"]),
            (&json!({ "id": text, "name": text }), &json!(text))
        );
        let again = server.post("/api/v1/launches", &launch).await.unwrap();
        let code = again.body["url"].as_str().unwrap().split_once("#code=").unwrap().1.to_owned();
        let next = server.post("/run/v1/visits", &json!({ "code": code })).await.unwrap().body;
        assert_eq!(next["values"]["item"]["cmi.suspend_data"], text);
        assert_eq!(next["shared"][text], text, "{text:?}");
        for path in ["/api/v1/report", "/api/v1/packages"] {
            assert_eq!(
                server
                    .get(path, &text.replace(['\u{0}', 'ä', '\u{1f600}', '\u{202e}'], ""))
                    .await
                    .unwrap()
                    .status,
                401
            );
        }
    }
    assert_eq!(server.rows().await.unwrap().len(), texts.len());
}

fn encode_query(text: &str) -> String {
    text.bytes().map(|it| format!("%{it:02x}")).collect()
}

#[tokio::test]
async fn what_the_router_refuses_by_itself_is_a_problem_too() {
    let server = TestServer::start().await.unwrap();
    #[rustfmt::skip]
    let cases = [
        ("GET",    "/run/v1/commits",                    (405, "method_not_allowed")),
        ("DELETE", "/api/v1/report",                     (405, "method_not_allowed")),
        ("GET",    "/no/such/page/at/all",               (404, "not_found")),
        ("GET",    "/api/v1/report?learner=a&learner=b", (400, "bad_query")),
        ("GET",    "/content/a/b/%ff",                   (400, "bad_request")),
    ];
    for (method, path, expected) in cases {
        let request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {KEY}"));
        let answer = server.send(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.problem(), expected, "{method} {path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{method} {path}");
    }
}

#[tokio::test]
async fn what_a_client_says_of_where_it_comes_from_changes_nothing() {
    let server = TestServer::start_as(NoFaults, |it| it.run_url = Some("https://learn.example".to_owned()))
        .await
        .unwrap();
    let topic = server.course().await.unwrap();
    let body = json!({ "learner": { "id": "anna", "name": "" }, "topic": topic }).to_string();
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1, 10.0.0.1"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "javascript"),
        ("forwarded", "for=127.0.0.1;host=evil.example"),
        ("host", "evil.example"),
    ] {
        let request =
            Request::post("/api/v1/launches").header("content-type", "application/json").header(name, value);
        let answer = server.send(request.body(Body::from(body.clone())).unwrap()).await.unwrap();
        assert_eq!(answer.problem(), (401, "key_invalid"), "{name}: being near is no key");
        let request = Request::post("/api/v1/launches")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {KEY}"))
            .header(name, value);
        let answer = server.send(request.body(Body::from(body.clone())).unwrap()).await.unwrap();
        assert!(answer.body["url"].as_str().unwrap().starts_with("https://learn.example/player/#"), "{name}");
    }
}

#[tokio::test]
async fn a_visit_that_commits_without_end_is_slowed_down_and_nobody_else() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let (busy, calm) =
        (server.visit(&topic, "anna").await.unwrap(), server.visit(&topic, "berta").await.unwrap());
    let mut passed = 0;
    for n in 1..=1_000 {
        server.advance(60); // A thousand a minute.
        let mut request = Request::post(COMMITS).header("content-type", "application/json");
        request = request.header("x-forwarded-for", format!("10.0.{}.{}", n / 256, n % 256));
        let body = commit(&busy, n, 60, &n.to_string()).to_string();
        let answer = server.send(request.body(Body::from(body)).unwrap()).await.unwrap();
        if answer.status == 200 {
            passed += 1;
        } else {
            assert_eq!(answer.problem(), (429, "too_often"));
            assert_eq!(answer.headers["retry-after"], "1");
        }
        if n % 100 == 0 {
            assert_eq!(server.post(COMMITS, &commit(&calm, n, 60, "calm")).await.unwrap().status, 200);
        }
    }
    // 240 at once, and 120 in the minute.
    assert!((355..=361).contains(&passed), "{passed}");
    server.advance(1_000);
    assert_eq!(server.post(COMMITS, &commit(&busy, 2_000, 60, "last")).await.unwrap().body["acked"], 2_000);
}

#[tokio::test]
async fn a_page_that_does_what_pages_do_is_never_slowed_down() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    // An hour of one commit a second, which is what a page sends at most.
    let visit = server.visit(&topic, "anna").await.unwrap();
    for n in 1..=600 {
        server.advance(1_000);
        let mut body = commit(&visit, n, 60, &n.to_string());
        body["reason"] = json!(if n % 30 == 0 { "heartbeat" } else { "autosave" });
        assert_eq!(server.post(COMMITS, &body).await.unwrap().status, 200, "{n}");
    }
    // It leaves, and the next page sends all that is left of it at once: steps, and a mebibyte in parts.
    let part = |n: u32, of: u32, seq: u64| json!({ "v": 1, "token": visit["token"], "visit": visit["visit"], "lease": visit["lease"], "seq": seq, "n": n, "of": of, "text": "x".repeat(8_192) });
    for value in 0..4 {
        for n in 0..128 {
            assert_eq!(
                server.post("/run/v1/parts", &part(n, 128, 700 + value)).await.unwrap().status,
                200,
                "{n}"
            );
        }
    }
    for n in 0..100 {
        let mut body = commit(&visit, 800 + n, 60, "left");
        body["reason"] = json!("replay");
        assert_eq!(server.post(COMMITS, &body).await.unwrap().status, 200, "{n}");
    }
}
