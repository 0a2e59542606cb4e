//! What Prometheus is told: every figure under its name, nobody's data, and no more labels than there are routes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use seattime_server::faults::NoFaults;
use seattime_server::{App, Config, Front, Server, World, serve};
use seattime_testbed::test_server::{KEY, NoAssets, START_MS, SetClock, commit, face_of, scorm_12};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn start(metrics: Option<SocketAddr>) -> Option<(Server, tempfile::TempDir)> {
    let data = tempfile::tempdir().ok()?;
    let config = Config { metrics, ..Config::local(data.path().to_owned(), KEY.to_owned()) };
    let world =
        World { clock: SetClock::new(), faults: Arc::new(NoFaults), vfs: None, assets: Arc::new(NoAssets) };
    Some((serve(config, world).await.ok()?, data))
}

/// Posts to the routes themselves.
async fn post(app: &App, path: &str, body: &Value) -> Option<(StatusCode, Value)> {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {KEY}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    let answer = Front::new(app.clone(), face_of(path)).answer(None, request.ok()?).await;
    let status = answer.status();
    let bytes = answer.into_body().collect().await.ok()?.to_bytes();
    Some((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
}

/// Head and body of what an address answers to a GET.
async fn get(address: SocketAddr, path: &str) -> Option<(String, String)> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.ok()?;
    text.split_once("\r\n\r\n").map(|(head, body)| (head.to_owned(), body.to_owned()))
}

#[tokio::test]
async fn what_happened_is_told_on_a_listener_of_its_own() {
    let (server, _data) = start(Some(ANY)).await.unwrap();
    let app = server.app();
    let topic = app.import("default", scorm_12().unwrap(), None).await.unwrap().id;
    let launch = json!({ "learner": { "id": "anna@example.org", "name": "Muster, Anna" }, "topic": topic });
    let (_, made) = post(app, "/api/v1/launches", &launch).await.unwrap();
    let code = made["url"].as_str().unwrap().split_once("#code=").unwrap().1;
    let (_, visit) = post(app, "/run/v1/visits", &json!({ "code": code })).await.unwrap();
    let body = commit(&visit, 1, 0, "page-7");
    for _ in 0..3 {
        assert_eq!(post(app, "/run/v1/commits", &body).await.unwrap().0, 200);
    }
    let mut sign_of_life = body.clone();
    sign_of_life["reason"] = json!("heartbeat");
    assert_eq!(post(app, "/run/v1/commits", &sign_of_life).await.unwrap().0, 200);
    let mut spoilt = body.clone();
    spoilt["token"] = json!("spoilt");
    assert_eq!(post(app, "/run/v1/commits", &spoilt).await.unwrap().0, 401);
    for path in ["/no/such/page/at/all", "/another/one/that/is/none"] {
        assert_eq!(post(app, path, &json!({})).await.unwrap().0, 404);
    }
    let (head, text) = get(server.metrics_address.unwrap(), "/metrics").await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("application/openmetrics-text"), "{head}");
    let started = format!("process_start_time_seconds {:.1}", START_MS as f64 / 1_000.0);
    #[rustfmt::skip]
    let lines = [
        // what is told                                                         why it is here
        "seattime_commits_total{news=\"yes\"} 1",
        "seattime_commits_total{news=\"no\"} 3",                             // the same again, and a sign of life
        "seattime_refused_total{code=\"token_invalid\"} 1",
        "seattime_refused_total{code=\"not_found\"} 2",
        "seattime_visits_opened_total 1",
        "seattime_launches_total 1",
        "seattime_http_requests_total{route=\"/run/v1/commits\",status=\"200\"} 4",
        "seattime_http_requests_total{route=\"/run/v1/commits\",status=\"401\"} 1",
        "seattime_http_requests_total{route=\"other\",status=\"404\"} 2",    // strangers make no labels
        "seattime_http_request_seconds_count{route=\"/run/v1/commits\"} 5",
        "seattime_queue_changes 0",                                          // all were answered
        "seattime_queue_bytes 0",
        "seattime_queue_oldest_seconds 0.0",
        "seattime_transactions_failed_total 0",
        &started,
        "# EOF",
    ];
    for line in lines {
        assert!(text.lines().any(|it| it == line), "{line} is not told:\n{text}");
    }
    let count = |name: &str| {
        let line = text.lines().find_map(|it| it.strip_prefix(&format!("{name}_count ")))?;
        line.parse::<u64>().ok()
    };
    // Key of the server, of the API, package, launch, visit, commit, sign of life: each was a transaction, as nobody
    // handed in two at once, and the last one had nothing to write. What comes again to the byte is none.
    let (all, on_disk) = (count("seattime_transaction_seconds"), count("seattime_disk_commit_seconds"));
    assert_eq!((all, on_disk), (count("seattime_batch_changes"), all.map(|it| it - 1)), "{text}");
    assert!(
        text.contains("seattime_build_info{version=\"") && text.contains("database=\"sqlite\""),
        "{text}"
    );
    for secret in ["anna", "Muster", "page-7", &topic, code, visit["visit"].as_str().unwrap()] {
        assert!(!text.contains(secret), "{secret} is told:\n{text}");
    }
    server.shut_down().await;
}

#[tokio::test]
async fn nothing_is_told_where_learners_are_served_nor_unless_it_is_asked_for() {
    let (server, _data) = start(Some(ANY)).await.unwrap();
    assert!(get(server.address, "/metrics").await.unwrap().0.starts_with("HTTP/1.1 404"));
    let (head, _) = get(server.metrics_address.unwrap(), "/api/v1/report").await.unwrap();
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    server.shut_down().await;
    let (server, _data) = start(None).await.unwrap();
    assert_eq!(server.metrics_address, None);
    server.shut_down().await;
}
