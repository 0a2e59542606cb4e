//! The rules that content is sent under: which hosts it may use, who may show it in a frame, what its files are; and
//! what browsers report that they blocked.
#![cfg(test)]

use axum::body::Body;
use axum::http::Request;
use seattime_server::Config;
use seattime_server::access::Face;
use seattime_server::faults::NoFaults;
use seattime_server::hosts::{EmbedOrigins, ExternalHosts};
use seattime_server::secret::sha256;
use seattime_testbed::test_server::{Answer, KEY, MANIFEST, START_MS, TestServer, scorm_12, zip};
use serde_json::{Value, json};

const COURSE: &str = "/api/v1/courses/Course";

async fn started(change: impl FnOnce(&mut Config)) -> Option<(TestServer, String)> {
    let server = TestServer::start_as(NoFaults, change).await?;
    let topic = server.course().await?;
    Some((server, topic))
}

/// The address of the content of a visit that is opened now.
async fn address(server: &TestServer, topic: &str) -> Option<String> {
    let visit = server.visit(topic, "anna").await?;
    Some(visit.get("activities")?.get(0)?.get("url")?.as_str()?.to_owned())
}

async fn policy_at(server: &TestServer, address: &str) -> Option<String> {
    let answer = server.get(address, "").await?;
    assert_eq!(answer.status, 200, "{}", answer.body);
    Some(answer.headers.get("content-security-policy")?.to_str().ok()?.to_owned())
}

/// The sources of one directive.
fn sources<'a>(policy: &'a str, directive: &str) -> Option<Vec<&'a str>> {
    let mut directives = policy.split(';').map(|it| it.split_ascii_whitespace());
    directives.find_map(|mut it| (it.next() == Some(directive)).then(|| it.collect()))
}

#[tokio::test]
async fn content_may_use_every_encrypted_host_unless_server_or_course_says_otherwise() {
    let listed: ExternalHosts = "cdn.example, *.media.example".parse().unwrap();
    #[rustfmt::skip]
    let cases: [(ExternalHosts, Value, &[&str]); 7] = [
        // the server's           the course's                     other hosts
        (ExternalHosts::Https,    json!(null),                     &["https:", "wss:"]),
        (ExternalHosts::Https,    json!("none"),                   &[]),
        (ExternalHosts::Https,    json!(["http://127.0.0.1:9"]),   &["http://127.0.0.1:9", "ws://127.0.0.1:9", "https://127.0.0.1:9", "wss://127.0.0.1:9"]),
        (ExternalHosts::None,     json!(null),                     &[]),
        (ExternalHosts::None,     json!("https"),                  &["https:", "wss:"]),
        (listed.clone(),          json!(null),                     &["https://cdn.example", "wss://cdn.example", "https://*.media.example", "wss://*.media.example"]),
        (listed,                  json!("none"),                   &[]),
    ];
    for (servers, courses, expected) in cases {
        let (server, topic) = started(|it| it.external_hosts = servers.clone()).await.unwrap();
        let settings = if courses.is_null() { json!({}) } else { json!({ "external_hosts": courses }) };
        let put = server.put(COURSE, &settings).await.unwrap();
        assert_eq!(put.status, 200, "{}", put.body);
        assert_eq!(put.body["settings"], settings);
        let holds = if courses.is_null() { json!(servers) } else { courses.clone() };
        assert_eq!(server.get(COURSE, KEY).await.unwrap().body["holds"]["external_hosts"], holds);

        let policy = policy_at(&server, &address(&server, &topic).await.unwrap()).await.unwrap();
        let own = ["'self'", "data:", "blob:"];
        let all = [&own[..], &["'unsafe-inline'", "'unsafe-eval'"], expected].concat();
        assert_eq!(sources(&policy, "default-src"), Some(all), "{policy}");
        let players =
            ["https://www.youtube.com", "https://www.youtube-nocookie.com", "https://player.vimeo.com"];
        assert_eq!(sources(&policy, "frame-src"), Some([&own[..], &players, expected].concat()), "{policy}");
        // Whatever the policy: workers and the base of addresses are the package's own.
        assert_eq!(sources(&policy, "worker-src"), Some(own.to_vec()), "{policy}");
        assert_eq!(sources(&policy, "base-uri"), Some(vec!["'self'"]), "{policy}");
        // Forms go to other hosts only where these are named.
        let named = if expected.contains(&"https:") { &[][..] } else { expected };
        assert_eq!(sources(&policy, "form-action"), Some([&["'self'"], named].concat()), "{policy}");
        for directive in ["script-src", "connect-src", "frame-ancestors"] {
            assert_eq!(sources(&policy, directive), None, "nothing narrows {directive}: {policy}");
        }
    }
}

#[tokio::test]
async fn a_list_of_hosts_is_checked() {
    let (server, _) = started(|_| {}).await.unwrap();
    #[rustfmt::skip]
    let cases = [
        (json!("http"),                              (400, "bad_json")),
        (json!(7),                                   (400, "bad_json")),
        (json!([]),                                  (422, "bad_settings")),
        (json!(["*"]),                               (422, "bad_settings")),
        (json!(["cdn.example; script-src *"]),       (422, "bad_settings")),
        (json!(["cdn.example/path"]),                (422, "bad_settings")),
        (json!(["'unsafe-eval'"]),                   (422, "bad_settings")),
        (json!(vec!["cdn.example"; 51]),             (422, "bad_settings")),
    ];
    for (hosts, expected) in cases {
        let put = server.put(COURSE, &json!({ "external_hosts": hosts })).await.unwrap();
        assert_eq!(put.problem(), expected, "{hosts}");
    }
    assert_eq!(server.get(COURSE, KEY).await.unwrap().body["version"], 0);
}

#[tokio::test]
async fn a_policy_that_changes_holds_from_the_next_launch_on() {
    let (server, topic) = started(|_| {}).await.unwrap();
    let before = address(&server, &topic).await.unwrap();
    server.put(COURSE, &json!({ "external_hosts": "none" })).await.unwrap();
    let after = address(&server, &topic).await.unwrap();
    // Files are kept by browsers for a day, policy included.
    assert_ne!(before, after);
    for (address, is_open) in [(&before, true), (&after, false)] {
        let policy = policy_at(&server, address).await.unwrap();
        assert_eq!(sources(&policy, "default-src").unwrap().contains(&"https:"), is_open, "{policy}");
    }
    // Nobody but the server makes such an address: not for another package, nor with another policy.
    let (grant, rest) = after.strip_prefix("/content/").unwrap().split_once('/').unwrap();
    let (package, file) = rest.split_once('/').unwrap();
    let flipped = format!("{}{}", if grant.starts_with('A') { 'B' } else { 'A' }, &grant[1..]);
    for forged in [
        format!("{flipped}/{package}/{file}"),
        format!("{grant}/{}/{file}", "0".repeat(64)),
        format!("x/{rest}"),
    ] {
        assert_eq!(
            server.get(&format!("/content/{forged}"), "").await.unwrap().problem(),
            (404, "not_found")
        );
    }
}

#[tokio::test]
async fn pages_of_any_origin_show_courses_unless_origins_are_named() {
    let listed: EmbedOrigins = "https://lms.example".parse().unwrap();
    let nobody: EmbedOrigins = "none".parse().unwrap();
    #[rustfmt::skip]
    let cases = [
        (EmbedOrigins::Any, None),
        (listed,            Some(vec!["'self'", "https://lms.example"])),
        (nobody,            Some(vec!["'self'"])),
    ];
    for (origins, expected) in cases {
        let (server, topic) = started(|it| it.embed_origins = origins).await.unwrap();
        let address = address(&server, &topic).await.unwrap();
        let answer = server.get(&address, "").await.unwrap();
        assert_eq!(answer.headers.get("x-frame-options"), None);
        let policy = policy_at(&server, &address).await.unwrap();
        assert_eq!(sources(&policy, "frame-ancestors"), expected, "{policy}");
    }
}

const NAMES: [&str; 11] = [
    "lib.js.download",
    "old.jsx",
    "noext",
    "data.json",
    "style.css.php",
    "page.php",
    "sheet.xslt",
    "hand.cur",
    "plain.js",
    "data.q1z",
    "page.html",
];

#[tokio::test]
async fn a_file_is_what_a_plain_web_server_makes_of_it() {
    let server = TestServer::start().await.unwrap();
    let mut files = vec![("imsmanifest.xml", MANIFEST), ("index.html", "x")];
    files.extend(NAMES.map(|it| (it, "x")));
    let imported =
        server.post_bytes("/api/v1/packages", "application/zip", zip(&files).unwrap()).await.unwrap();
    let address = address(&server, imported.body["topic"].as_str().unwrap()).await.unwrap();
    let folder = address.strip_suffix("index.html").unwrap();
    #[rustfmt::skip]
    let types = [
        Some("text/javascript"), Some("text/javascript"), None, Some("application/json"), Some("text/css; charset=utf-8"), None,
        Some("text/xml"), Some("image/x-icon"), Some("text/javascript"), None, Some("text/html"),
    ];
    for (name, expected) in NAMES.into_iter().zip(types) {
        let answer = server.get(&format!("{folder}{name}"), "").await.unwrap();
        assert_eq!(answer.status, 200, "{name}");
        let header = |name: &str| answer.headers.get(name).map(|it| it.to_str().unwrap_or("?"));
        assert_eq!(header("content-type"), expected, "{name}");
        // Either would keep a script or page from what it is on a plain server.
        assert_eq!((header("x-content-type-options"), header("content-disposition")), (None, None), "{name}");
    }
    let missing = server.get(&format!("{folder}missing.js"), "").await.unwrap();
    assert_eq!(
        missing.headers["x-content-type-options"], "nosniff",
        "only a package's own files may be guessed at"
    );
}

/// Sends a report, as Chromium does.
async fn report(server: &TestServer, place: &str, uri: &str, directive: &str) -> Option<Answer> {
    let body = json!({ "csp-report": {
        "document-uri": "http://127.0.0.1/content/x/y/index.html", "referrer": "", "violated-directive": directive,
        "effective-directive": directive, "original-policy": "default-src 'self'", "disposition": "enforce",
        "blocked-uri": uri, "status-code": 200,
    } });
    let request = Request::post(place).header("content-type", "application/csp-report");
    server.send(request.body(Body::from(body.to_string())).ok()?).await
}

#[tokio::test]
async fn blocked_requests_are_counted_by_host_and_shown_with_the_package() {
    let (server, topic) = started(|it| it.external_hosts = ExternalHosts::None).await.unwrap();
    let address = address(&server, &topic).await.unwrap();
    let policy = policy_at(&server, &address).await.unwrap();
    let place = sources(&policy, "report-uri").unwrap()[0].to_owned();
    let shown =
        async || server.get(&format!("/api/v1/packages/{topic}"), KEY).await.unwrap().body["blocked"].clone();
    assert_eq!(shown().await, json!([]));

    for (uri, directive) in [
        ("https://cdn.example/lib.js", "script-src-elem"),
        ("https://cdn.example/other.js", "script-src-elem"),
        ("https://cdn.example/a.png", "img-src"),
        ("inline", "script-src-elem"),
        ("https://cdn.example/x", "frame-ancestors"),
    ] {
        assert_eq!(report(&server, &place, uri, directive).await.unwrap().status, 204);
    }
    let row = |directive: &str, count: i64, last_ms: i64| json!({ "host": "cdn.example", "directive": directive, "count": count, "first_ms": START_MS, "last_ms": last_ms });
    assert_eq!(shown().await, json!([row("script-src", 2, START_MS), row("img-src", 1, START_MS)]));
    server.advance(5_000);
    report(&server, &place, "https://cdn.example/b.png", "img-src").await.unwrap();
    server.app.sweep().await;
    assert_eq!(shown().await, json!([row("img-src", 2, START_MS + 5_000), row("script-src", 2, START_MS)]));

    // A report may be invented: nothing comes of it but a bounded number of hosts.
    for n in 0..150 {
        report(&server, &place, &format!("https://h{n}.example/"), "img-src").await.unwrap();
    }
    assert_eq!(shown().await.as_array().unwrap().len(), 100);
    report(&server, &place, "https://cdn.example/b.png", "img-src").await.unwrap();
    assert_eq!(shown().await[0]["count"], 3, "what is known is counted on");
    // After three months without a report a host is forgotten.
    server.advance(91 * 86_400_000);
    report(&server, &place, "https://new.example/b.png", "img-src").await.unwrap();
    let left = shown().await;
    assert_eq!((left.as_array().unwrap().len(), &left[0]["host"]), (1, &json!("new.example")));
}

#[tokio::test]
async fn reports_come_with_the_grant_of_a_visit_and_are_of_its_tenant() {
    let (server, topic) = started(|_| {}).await.unwrap();
    let address = address(&server, &topic).await.unwrap();
    let place = sources(&policy_at(&server, &address).await.unwrap(), "report-uri").unwrap()[0].to_owned();
    let bad = place.replace("/run/v1/blocked/", "/run/v1/blocked/A");
    assert_eq!(
        report(&server, &bad, "https://a.example", "img-src").await.unwrap().problem(),
        (404, "not_found")
    );
    let post = async |body: Vec<u8>| {
        let request = Request::post(&place).header("content-type", "application/csp-report");
        server.send(request.body(Body::from(body)).unwrap()).await.unwrap().status.as_u16()
    };
    assert_eq!((post(b"{}".to_vec()).await, post(b"[".to_vec()).await), (400, 400));
    assert_eq!(post(vec![b' '; 17 * 1024]).await, 413);
    // The same package of another tenant is another one: its course has a policy, and reports, of its own.
    let other = "key-of-the-other-tenant";
    server.app.store.put_key("other", &sha256(other.as_bytes()), START_MS).await.unwrap();
    let request =
        Request::post("/api/v1/packages?course=Course").header("authorization", format!("Bearer {other}"));
    let request =
        request.header("content-type", "application/zip").body(Body::from(scorm_12().unwrap())).unwrap();
    assert_eq!(server.send(request).await.unwrap().body["topic"], json!(topic));
    report(&server, &place, "https://a.example", "img-src").await.unwrap();
    for (key, expected) in [(KEY, 1), (other, 0)] {
        let shown = server.get(&format!("/api/v1/packages/{topic}"), key).await.unwrap();
        assert_eq!(shown.body["blocked"].as_array().unwrap().len(), expected, "{key}");
    }
    // The other face has no such route.
    let request = Request::post(&place).body(Body::from("{}")).unwrap();
    assert_eq!(server.send_to(Face::App, request).await.unwrap().status, 404);
}
