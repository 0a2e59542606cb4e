//! Nobody reaches what is somebody else's, at no address that there is: learner A with what is learner B's, tenant X
//! with what is tenant Y's. It is not there, or not in the list.
//!
//! The walk takes every row of the table of routes. A new one fails it until [`asks`] says what strangers try there.

use axum::body::Body;
use axum::http::Request;
use seattime_server::access::{Access, Face};
use seattime_server::routes::{ROUTES, Route};
use seattime_server::secret::sha256;
use seattime_server::store::Scope;
use seattime_testbed::test_server::{self, Answer, KEY, MANIFEST, TestServer, commit, scorm_12, zip};
use serde_json::{Value, json};

const OTHER_KEY: &str = "key-of-the-other-tenant";
/// What an administrator of Y is told of it.
const OWN: [&str; 3] = ["/api/v1/keys", "/api/v1/accounts", "/api/v1/tenant"];
/// In lower case: everything of tenant Y, and everything of learner B, has one of these words in it.
const THEIRS: [&str; 3] = ["ypsilon", "123000", "berta"];

/// Who tries.
#[derive(Debug, Clone, Copy)]
enum By {
    /// Tenant X, with its key.
    X,
    /// Learner A, with what opens A's report.
    A,
    /// Whoever asks without anything but what the body or the address says.
    Nobody,
}

/// What they are told.
#[derive(Debug, Clone, Copy)]
enum Told {
    /// There is none.
    NotFound,
    /// It is answered, and nothing of it is theirs.
    Without,
    /// What they say themselves is kept as theirs, whatever it is called.
    Made,
    /// Who that is is not known.
    Refused,
}

/// Something that is tried.
struct Ask {
    by: By,
    told: Told,
    path: String,
    kind: &'static str,
    body: Vec<u8>,
}

fn ask(by: By, told: Told, path: impl Into<String>) -> Ask {
    Ask { by, told, path: path.into(), kind: "application/json", body: Vec::new() }
}

impl Ask {
    fn with(self, body: &Value) -> Ask {
        Ask { body: body.to_string().into_bytes(), ..self }
    }

    fn bytes(self, kind: &'static str, body: Vec<u8>) -> Ask {
        Ask { kind, body, ..self }
    }
}

/// Two tenants, X with the learners A and B, and what each of them has.
struct Ground {
    server: TestServer,
    /// Opens A's report.
    token: String,
    a: Value,
    b: Value,
    /// What B alone takes, and what Y has.
    topic_of_b: String,
    topic_of_y: String,
    launch_of_b: String,
    launch_of_y: String,
    /// Id of a key of Y's.
    key_of_y: String,
}

/// What an answer says of something.
fn of(answer: &Value, name: &str) -> Value {
    answer.get(name).cloned().unwrap_or_default()
}

/// A package with a title.
fn package(title: &str) -> Option<Vec<u8>> {
    let manifest = MANIFEST.replace("<title>Topic</title>", &format!("<title>{title}</title>"));
    zip(&[("imsmanifest.xml", &manifest), ("index.html", title)])
}

impl Ground {
    async fn new() -> Option<Ground> {
        let server = TestServer::start().await?;
        server.app.store.put_key("other", &sha256(OTHER_KEY.as_bytes()), test_server::START_MS).await.ok()?;
        let topic = server.course().await?;
        let import = async |key: &str, title: &str| {
            let path = format!("/api/v1/packages?course={title}");
            let answer = sent(&server, "POST", &path, key, "application/zip", package(title)?).await?;
            Some(answer.body.get("topic")?.as_str()?.to_owned())
        };
        let topic_of_b = import(KEY, "Berta").await?;
        let topic_of_y = import(OTHER_KEY, "Ypsilon").await?;
        let visit = async |key: &str, topic: &str, learner: &str| {
            let body = json!({ "learner": { "id": learner, "name": learner }, "topic": topic });
            let body = body.to_string().into_bytes();
            let made = sent(&server, "POST", "/api/v1/launches", key, "application/json", body).await?.body;
            let code = made.get("url")?.as_str()?.split_once("#code=")?.1.to_owned();
            let visit = server.post("/run/v1/visits", &json!({ "code": code, "keeps_origin": true })).await?;
            server.advance(60_000);
            let told = server.post("/run/v1/commits", &commit(&visit.body, 1, 60, learner)).await?;
            assert_eq!(told.status, 200, "{}", told.body);
            Some((made.get("launch")?.as_str()?.to_owned(), visit.body))
        };
        let (_, a) = visit(KEY, &topic, "anna").await?;
        let (launch_of_b, b) = visit(KEY, &topic_of_b, "Berta").await?;
        let (launch_of_y, _) = visit(OTHER_KEY, &topic_of_y, "Ypsilon").await?;
        let body = json!({ "idle_limit_ms": 123_000 }).to_string().into_bytes();
        let put =
            sent(&server, "PUT", "/api/v1/courses/Ypsilon", OTHER_KEY, "application/json", body).await?;
        assert_eq!(put.status, 200, "{}", put.body);
        let body = json!({ "name": "Ypsilon", "zone": "UTC" }).to_string().into_bytes();
        let named = sent(&server, "PUT", "/api/v1/tenant", OTHER_KEY, "application/json", body).await?;
        assert_eq!(named.status, 200, "{}", named.body);
        let body = json!({ "name": "Ypsilon", "scopes": ["report"] }).to_string().into_bytes();
        let made = sent(&server, "POST", "/api/v1/keys", OTHER_KEY, "application/json", body).await?.body;
        let key_of_y = made.get("id")?.as_str()?.to_owned();
        let link = server.post("/api/v1/reports/links", &json!({ "learner": "anna" })).await?.body;
        let token = link.get("url")?.as_str()?.split_once("#token=")?.1.to_owned();
        let account = json!({ "name": "Ypsilon@y.example", "role": "trainer" }).to_string().into_bytes();
        let made = sent(&server, "POST", "/api/v1/accounts", OTHER_KEY, "application/json", account).await?;
        assert_eq!(made.status, 201, "{}", made.body);
        Some(Ground { server, token, a, b, topic_of_b, topic_of_y, launch_of_b, launch_of_y, key_of_y })
    }

    /// Everything that Y can be told of itself.
    async fn told_to_y(&self) -> Option<Vec<Value>> {
        let mut all = Vec::new();
        for path in ["/api/v1/packages", "/api/v1/report", "/api/v1/courses/Ypsilon"].iter().chain(&OWN) {
            let mut body = self.server.get(path, OTHER_KEY).await?.body;
            if let Some(fields) = body.as_object_mut() {
                fields.remove("as_of_ms");
            }
            assert!(body.to_string().to_lowercase().contains("ypsilon"), "{path}: {body}");
            all.push(body);
        }
        Some(all)
    }

    fn key_of(&self, by: By) -> &str {
        match by {
            By::X => KEY,
            By::A => &self.token,
            By::Nobody => "",
        }
    }

    /// What strangers try at an address.
    fn asks(&self, route: &Route) -> Vec<Ask> {
        use By::{A, Nobody, X};
        use Told::{Made, NotFound, Refused, Without};
        let learner = |id: &str| json!({ "id": id, "name": id });
        let path = route.path;
        match (route.method.as_str(), path) {
            (
                "GET",
                "/livez" | "/readyz" | "/" | "/player" | "/player/" | "/player/report" | "/packages"
                | "/packages/" | "/login" | "/login/" | "/admin" | "/admin/",
            ) => vec![ask(Nobody, Without, path)],
            ("GET", "/demo/report") => vec![ask(Nobody, NotFound, path)],
            // Nobody is logged in here: who is not, is told the same.
            ("POST", "/logout") => vec![ask(Nobody, Without, path)],
            ("POST", "/login") => {
                let guess = json!({ "name": "ypsilon@y.example", "password": "a guess of it" });
                vec![ask(Nobody, Refused, path).with(&guess)]
            }
            ("GET", "/reports/my-learning") => vec![ask(A, Without, path)],
            (
                "GET",
                "/shared/{file}" | "/player/{file}" | "/pkg/{file}" | "/pkg/pdf/{file}" | "/pdf/{file}"
                | "/report/{file}" | "/packages/{file}" | "/login/{file}" | "/admin/{file}",
            ) => {
                vec![ask(Nobody, NotFound, path.replace("{file}", "..%2f..%2fseattime.db"))]
            }
            ("POST", "/demo/launches") => {
                let form = format!("topic={}", self.topic_of_y).into_bytes();
                let kind = "application/x-www-form-urlencoded";
                vec![ask(Nobody, NotFound, path).bytes(kind, form)]
            }
            ("GET", "/content/{grant}/{package}/{*path}") => {
                let url = self.a.pointer("/activities/0/url");
                let own = url.and_then(Value::as_str).unwrap_or_default();
                let grant = own.split('/').nth(2).unwrap_or_default();
                [&self.topic_of_b, &self.topic_of_y]
                    .map(|it| ask(Nobody, NotFound, format!("/content/{grant}/{it}/index.html")))
                    .into()
            }
            ("POST", "/run/v1/blocked/{grant}/{package}") => {
                let url = self.a.pointer("/activities/0/url");
                let own = url.and_then(Value::as_str).unwrap_or_default();
                let grant = own.split('/').nth(2).unwrap_or_default();
                let report = json!({ "csp-report": { "blocked-uri": "https://x.example/", "effective-directive": "img-src" } });
                [&self.topic_of_b, &self.topic_of_y]
                    .map(|it| ask(Nobody, NotFound, format!("/run/v1/blocked/{grant}/{it}")).with(&report))
                    .into()
            }
            ("POST", "/run/v1/visits") => {
                let guessed = json!({ "code": self.launch_of_b });
                vec![ask(Nobody, NotFound, path).with(&guessed)]
            }
            ("POST", "/run/v1/commits") => {
                let mut told = commit(&self.b, 2, 60, "a's");
                if let Some(fields) = told.as_object_mut() {
                    fields.insert("token".to_owned(), of(&self.a, "token"));
                }
                vec![ask(Nobody, NotFound, path).with(&told)]
            }
            ("POST", "/run/v1/parts") => {
                let part = json!({ "v": 1, "token": of(&self.a, "token"), "visit": of(&self.b, "visit"),
                    "lease": of(&self.b, "lease"), "seq": 2, "n": 0, "of": 1, "text": "a's" });
                vec![ask(Nobody, NotFound, path).with(&part)]
            }
            ("POST", "/api/v1/launches") => {
                let launch = json!({ "learner": learner("anna"), "topic": self.topic_of_y });
                vec![ask(X, NotFound, path).with(&launch)]
            }
            ("GET", "/api/v1/report") => vec![
                ask(X, Without, format!("{path}?learner=Ypsilon")),
                ask(X, Without, format!("{path}?course=Ypsilon")),
                ask(A, Without, path),
                ask(A, Without, format!("{path}?learner=Berta")),
                ask(A, Without, format!("{path}?course=Berta")),
            ],
            ("GET", "/api/v1/report/weeks") => vec![
                ask(X, Without, format!("{path}?learner=Ypsilon")),
                ask(A, Without, format!("{path}?learner=Berta")),
            ],
            ("GET", "/api/v1/report/export") => vec![
                ask(X, Without, format!("{path}?format=csv&course=Ypsilon")),
                ask(X, Without, format!("{path}?format=json&learner=Ypsilon")),
                ask(A, Without, format!("{path}?format=csv")),
                ask(A, Without, format!("{path}?format=json&learner=Berta")),
            ],
            // Each tenant's own: there is no other to name.
            ("GET", "/api/v1/tenant") => vec![ask(X, Without, path)],
            ("PUT", "/api/v1/tenant") => {
                vec![ask(X, Without, path).with(&json!({ "zone": "Asia/Tokyo" }))]
            }
            ("GET", "/api/v1/report/visits") => vec![
                ask(X, NotFound, format!("{path}?learner=Ypsilon&course=Ypsilon&topic={}", self.topic_of_y)),
                ask(A, NotFound, format!("{path}?learner=Berta&course=Berta&topic={}", self.topic_of_b)),
            ],
            ("POST", "/api/v1/progress/{kind}") => {
                let told = |id: &str, topic: &str, launch: &str| {
                    let call = json!({ "learner": learner(id), "topic": topic, "launch": launch, "seq": 1, "position_s": 1 });
                    ask(X, NotFound, "/api/v1/progress/audio").with(&call)
                };
                vec![
                    told("Ypsilon", &self.topic_of_y, &self.launch_of_y),
                    told("anna", &self.topic_of_b, &self.launch_of_b),
                    told("anna", &self.topic_of_y, &self.launch_of_y),
                ]
            }
            ("POST", "/api/v1/media") => {
                let form = "--b\r\nContent-Disposition: form-data; name=\"url\"\r\n\r\nhttps://x.example/f.mp4\r\n\
                            --b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nOf X\r\n--b--\r\n";
                vec![ask(X, Without, path).bytes("multipart/form-data; boundary=b", form.into())]
            }
            ("POST", "/api/v1/packages") => {
                vec![ask(X, Without, path).bytes("application/zip", scorm_12().unwrap_or_default())]
            }
            ("GET", "/api/v1/packages") => {
                // What B alone takes is X's own.
                vec![ask(X, Without, path), ask(X, Without, format!("{path}?reporting=true"))]
            }
            ("GET", "/api/v1/packages/{topic}") => {
                vec![ask(X, NotFound, path.replace("{topic}", &self.topic_of_y))]
            }
            // Names of courses are anybody's: a tenant's own course of that name is another one.
            ("GET" | "DELETE", "/api/v1/courses/{course}") => {
                vec![ask(X, Without, path.replace("{course}", "Ypsilon"))]
            }
            ("PUT", "/api/v1/courses/{course}") => {
                let settings = json!({ "idle_limit_ms": 60_000 });
                vec![ask(X, Without, path.replace("{course}", "Ypsilon")).with(&settings)]
            }
            // Names of courses are anybody's, and so are an LMS's ids.
            ("POST", "/api/v1/enrolments") => {
                let enrolment = json!({ "learner": learner("Ypsilon's double"), "course": "Ypsilon" });
                vec![ask(X, Made, path).with(&enrolment)]
            }
            ("DELETE", "/api/v1/enrolments") => {
                vec![ask(X, NotFound, format!("{path}?learner=Ypsilon&course=Ypsilon"))]
            }
            ("POST", "/api/v1/reports/links") => {
                vec![ask(X, NotFound, path).with(&json!({ "learner": "Ypsilon" }))]
            }
            ("GET", "/api/v1/me") => vec![ask(X, Without, path), ask(A, Without, path)],
            ("GET" | "POST", "/api/v1/accounts") => {
                let account = json!({ "name": "of x", "role": "trainer" });
                vec![ask(X, Without, path).with(&account)]
            }
            ("GET" | "PUT" | "DELETE", "/api/v1/accounts/{name}") => {
                let account = json!({ "role": "admin" });
                let path = path.replace("{name}", "ypsilon@y.example");
                vec![ask(X, NotFound, path).with(&account)]
            }
            ("GET", "/api/v1/keys") => vec![ask(X, Without, path)],
            ("POST", "/api/v1/keys") => {
                vec![ask(X, Without, path).with(&json!({ "name": "of X", "scopes": ["admin"] }))]
            }
            ("DELETE", "/api/v1/keys/{id}") => vec![ask(X, NotFound, path.replace("{id}", &self.key_of_y))],
            ("POST", "/api/v1/keys/{id}/rotate") => {
                vec![ask(X, NotFound, path.replace("{id}", &self.key_of_y)).with(&json!({}))]
            }
            _ => Vec::new(),
        }
    }
}

async fn sent(
    server: &TestServer,
    method: &str,
    path: &str,
    key: &str,
    kind: &str,
    body: Vec<u8>,
) -> Option<Answer> {
    // With whatever version there is: that a thing is somebody else's is found out all the same.
    let mut request = Request::builder().method(method).uri(path).header("if-match", "*");
    request = request.header("content-type", kind);
    if !key.is_empty() {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    server.send(request.body(Body::from(body)).ok()?).await
}

#[tokio::test]
async fn nobody_reaches_what_is_somebody_elses_wherever_they_ask() {
    let ground = Ground::new().await.unwrap();
    let before = ground.told_to_y().await.unwrap();
    for route in ROUTES {
        let asks = ground.asks(route);
        assert!(!asks.is_empty(), "say in `asks` what strangers try at {} {}", route.method, route.path);
        for Ask { by, told, path, kind, body } in asks {
            let method = route.method.as_str();
            let key = ground.key_of(by);
            let answer = sent(&ground.server, method, &path, key, kind, body).await.unwrap();
            let what = format!("{method} {path} by {by:?}: {} {}", answer.status, answer.body);
            match told {
                Told::Made => assert_eq!(answer.status, 200, "{what}"),
                Told::Refused => assert_eq!(answer.status, 401, "{what}"),
                Told::NotFound => assert_eq!(answer.problem(), (404, "not_found"), "{what}"),
                Told::Without => {
                    assert!(answer.status.as_u16() < 400 || answer.status == 404, "{what}");
                    let text = String::from_utf8_lossy(&answer.bytes)
                        .replace("\"course\":\"Ypsilon\"", "")
                        .to_lowercase();
                    let whose = if matches!(by, By::X) { &THEIRS[..2] } else { &THEIRS[..] };
                    for word in whose {
                        assert!(!text.contains(word), "{what}: {text}");
                    }
                }
            }
        }
    }
    assert_eq!(ground.told_to_y().await.unwrap(), before, "what X did changed nothing of Y's");
}

/// Every address, and with each key what its scopes let it do there.
#[tokio::test]
async fn where_a_key_is_asked_for_nothing_else_opens_nor_a_key_for_something_else() {
    let ground = Ground::new().await.unwrap();
    let scopes = [Scope::Launch, Scope::Import, Scope::Report, Scope::Admin];
    let mut keys = Vec::new();
    for scope in scopes {
        let wanted = json!({ "name": "one scope", "scopes": [scope] });
        let made = ground.server.post("/api/v1/keys", &wanted).await.unwrap();
        assert_eq!(made.status, 201, "{}", made.body);
        keys.push((scope, made.body["key"].as_str().unwrap().to_owned()));
    }
    let launch_token = ground.a["launch_token"].as_str().unwrap().to_owned();
    for Route { method, path, access, .. } in ROUTES {
        // Whatever is missing of the address, who asks is found out before.
        let path = path.replace(['{', '}', '*'], "");
        let refused = async |key: &str| {
            let answer = sent(&ground.server, method.as_str(), &path, key, "application/json", Vec::new());
            let answer = answer.await.unwrap();
            let (status, code) = answer.problem();
            matches!(status, 401 | 403).then(|| (status, code.to_owned()))
        };
        let fitting: &[Scope] = match access {
            Access::Open | Access::Token => continue,
            Access::Staff | Access::Known => &scopes,
            Access::Key(scopes) => scopes,
            Access::Reader => &[Scope::Report],
            Access::Admin => &[],
        };
        for key in ["", "no-such-key", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            let found = refused(key).await.unwrap_or_default();
            assert_eq!(found.0, 401, "{method} {path} with {key:?}");
        }
        let (status, code) = refused(&launch_token).await.unwrap_or_default();
        assert_eq!((status, &*code), (401, "token_invalid"), "{method} {path} with what content can read");
        for (scope, key) in &keys {
            let is_fitting = *scope == Scope::Admin || fitting.contains(scope);
            let expected = (!is_fitting).then(|| (403, "scope_missing".to_owned()));
            assert_eq!(refused(key).await, expected, "{method} {path} with a key for {scope:?}");
        }
        let is_learners = matches!(access, Access::Reader | Access::Known);
        let expected = (!is_learners).then(|| (401, "key_invalid".to_owned()));
        assert_eq!(refused(&ground.token).await, expected, "{method} {path} with a learner's token");
    }
}

/// A path of the other face is none, whoever asks: content can do nothing on the app face's behalf.
#[tokio::test]
async fn each_face_answers_its_own_addresses_alone() {
    let server = TestServer::start().await.unwrap();
    for Route { method, path, face, .. } in ROUTES {
        let path = path.replace(['{', '}', '*'], "");
        for asked in [Face::App, Face::Run] {
            let request =
                Request::builder().method(method).uri(&path).header("authorization", format!("Bearer {KEY}"));
            let answer = server.send_to(asked, request.body(Body::empty()).unwrap()).await.unwrap();
            let is_own = *face == Face::Both || *face == asked;
            let is_none = matches!(answer.problem(), (404, "not_found") | (405, _));
            assert!(is_own || is_none, "{method} {path} on {asked:?}: {} {}", answer.status, answer.body);
            let guards = answer.headers.get("content-security-policy").map(|it| it.to_str().unwrap());
            let is_guarded = guards.is_some_and(|it| it.ends_with("frame-ancestors 'none'"));
            assert_eq!(is_guarded, asked == Face::App, "{method} {path} on {asked:?}: {guards:?}");
        }
    }
}
