//! Keys of the API: shown once, listed without themselves, renewed and deleted.

use seattime_server::secret::sha256;
use seattime_testbed::test_server::{KEY, TestServer};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;

/// What a key is answered; 0 where nothing is.
async fn status(server: &TestServer, key: &str) -> u16 {
    server.get("/api/v1/packages", key).await.map_or(0, |it| it.status.as_u16())
}

#[tokio::test]
async fn a_key_is_shown_once_and_only_its_hash_is_kept() {
    let server = TestServer::start().await.unwrap();
    let wanted = json!({ "name": " LMS ", "scopes": ["launch", "report"] });
    let made = server.post("/api/v1/keys", &wanted).await.unwrap();
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.headers["cache-control"], "no-store");
    let key = made.body["key"].as_str().unwrap();
    assert!(key.starts_with("seattime_") && key.len() == 73, "{key}");
    assert_eq!((&made.body["name"], &made.body["scopes"]), (&json!("LMS"), &json!(["launch", "report"])));
    assert_eq!(status(&server, key).await, 200);

    let listed = server.get("/api/v1/keys", KEY).await.unwrap();
    let mut names: Vec<_> =
        listed.body["keys"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    names.sort_unstable(); // Both were made at one moment.
    assert_eq!(names, ["LMS", "key of the server"]);
    let whole = std::fs::read(server.data.path().join("seattime.db")).unwrap();
    let log = std::fs::read(server.data.path().join("seattime.db-wal")).unwrap();
    for (text, is_there) in [(key, false), (&*sha256(key.as_bytes()), true)] {
        let holds = |it: &[u8]| it.windows(text.len()).any(|it| it == text.as_bytes());
        assert_eq!(holds(&whole) || holds(&log), is_there, "{text}");
    }
    for (bad, code) in [
        (json!({ "name": " ", "scopes": ["launch"] }), (422, "bad_key")),
        (json!({ "name": "x".repeat(101), "scopes": ["launch"] }), (422, "bad_key")),
        (json!({ "name": "x", "scopes": [] }), (422, "bad_key")),
        (json!({ "name": "x", "scopes": ["everything"] }), (400, "bad_json")),
        (json!({ "name": "x" }), (400, "bad_json")),
    ] {
        assert_eq!(server.post("/api/v1/keys", &bad).await.unwrap().problem(), code, "{bad}");
    }
}

#[tokio::test]
async fn a_renewed_key_goes_on_for_its_grace_and_a_deleted_one_does_not() {
    let server = TestServer::start().await.unwrap();
    let wanted = json!({ "name": "LMS", "scopes": ["report"] });
    let made = server.post("/api/v1/keys", &wanted).await.unwrap().body;
    let (id, first) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let rotate = async |body: Value| server.post(&format!("/api/v1/keys/{id}/rotate"), &body).await.unwrap();
    let second = rotate(json!({})).await.body;
    assert_eq!((&second["id"], &second["scopes"]), (&json!(id), &json!(["report"])));
    let second = second["key"].as_str().unwrap().to_owned();
    server.advance(24 * HOUR_MS - 1);
    assert_eq!((status(&server, first).await, status(&server, &second).await), (200, 200));
    server.advance(1);
    assert_eq!((status(&server, first).await, status(&server, &second).await), (401, 200));

    // One that got into the wrong hands.
    let third = rotate(json!({ "grace_hours": 0 })).await.body["key"].as_str().unwrap().to_owned();
    assert_eq!((status(&server, &second).await, status(&server, &third).await), (401, 200));
    for hours in [-1, 721] {
        assert_eq!(rotate(json!({ "grace_hours": hours })).await.problem(), (422, "bad_key"));
    }
    assert_eq!(server.delete(&format!("/api/v1/keys/{id}")).await.unwrap().status, 204);
    assert_eq!(status(&server, &third).await, 401);
    assert_eq!(server.delete(&format!("/api/v1/keys/{id}")).await.unwrap().problem(), (404, "not_found"));

    // The server would bring its own key back, so that it says how to change it.
    let own =
        server.get("/api/v1/keys", KEY).await.unwrap().body["keys"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        server.delete(&format!("/api/v1/keys/{own}")).await.unwrap().problem(),
        (409, "key_of_server")
    );
    assert_eq!(status(&server, KEY).await, 200);
}
