//! Launches: an LMS's permission to open an attempt.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use seattime_wire::{Api, Mode};
use serde::{Deserialize, Serialize};

use super::sent::{Sent, Tenant};
use crate::app::{App, MAX_BODY_BYTES};
use crate::error::Problem;
use crate::secret::sha256;
use crate::store::{NewLaunch, NewLearner};

const PURPOSE: &str = "code";

/// What an LMS asks for. `api` gives content another API than its manifest declares; an attempt keeps the one
/// that it was begun with, so that a launch which asks for the other begins a new attempt.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaunchRequest {
    learner: Learner,
    topic: String,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    return_url: Option<String>,
    #[serde(default)]
    api: Option<Api>,
    #[serde(default)]
    strict: bool,
}

/// Who learns, as an LMS says it. Groups that are left out stay as they are; others take their place.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Learner {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) groups: Option<Vec<String>>,
}

/// So many groups a learner may be in.
const MOST_GROUPS: usize = 64;
/// The longest id of a learner, or name of a group, in bytes.
const MOST_ID_BYTES: usize = 255;

impl Learner {
    /// As the store is told; or what was found, and what was expected.
    pub(crate) fn checked(self) -> Result<NewLearner, String> {
        let id = self.id.trim();
        if id.is_empty() || id.len() > MOST_ID_BYTES {
            return Err(format!("learner.id has {} bytes; expected 1 to {MOST_ID_BYTES}", id.len()));
        }
        let groups = self.groups.as_deref().unwrap_or_default();
        if groups.len() > MOST_GROUPS {
            return Err(format!("learner.groups has {} names; expected up to {MOST_GROUPS}", groups.len()));
        }
        if let Some(it) = groups.iter().find(|it| it.is_empty() || it.len() > MOST_ID_BYTES) {
            let found = it.len();
            return Err(format!("a name in learner.groups has {found} bytes; expected 1 to {MOST_ID_BYTES}"));
        }
        Ok(NewLearner { lms_id: id.to_owned(), name: self.name, groups: self.groups })
    }
}

/// What an LMS is told.
#[derive(Debug, Serialize)]
pub(crate) struct LaunchAnswer {
    launch: String,
    /// Where the learner has to be sent, within two minutes and once.
    url: String,
    attempt: u32,
}

/// Makes a launch: `POST /api/v1/launches`, with an API key. The same Idempotency-Key with the same body
/// answers the same launch.
///
/// # Errors
///
/// | status | when |
/// |--------|------|
/// | 400 | the body is not a launch: `bad_json`; a field is empty or too long: `bad_launch` |
/// | 401 | there is no valid API key: `key_invalid` |
/// | 404 | there is no such topic |
/// | 422 | the Idempotency-Key came with another body: `idempotency_key_reused` |
pub(crate) async fn post_launch(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Sent<MAX_BODY_BYTES>,
) -> Result<(StatusCode, Json<LaunchAnswer>), Problem> {
    let body_hash = sha256(&body.0);
    let request: LaunchRequest = body.json()?;
    let key = headers.get("idempotency-key").and_then(|it| it.to_str().ok()).map(str::to_owned);
    let mut answer = make(&app, &tenant, request, key.map(|it| (it, body_hash))).await?;
    answer.url.insert_str(0, app.config.public_url.as_deref().unwrap_or_default());
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn make(
    app: &App,
    tenant: &str,
    request: LaunchRequest,
    idempotency: Option<(String, String)>,
) -> Result<LaunchAnswer, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "bad_launch", detail);
    let learner = request.learner.checked().map_err(bad)?;
    if let Some(url) = request.return_url.as_deref().filter(|it| !is_web(it)) {
        return Err(bad(format!("return_url is {url:?}; expected an http or https address")));
    }
    let launch = uuid::Uuid::new_v4().to_string();
    let code = app.key.mark(PURPOSE, &launch);
    let new = NewLaunch {
        launch,
        learner,
        topic: request.topic,
        mode: request.mode,
        return_url: request.return_url,
        api: request.api,
        is_strict: request.strict,
        code_hash: sha256(code.as_bytes()),
        idempotency,
    };
    let made = app.store.launch(tenant, new, app.now_ms().await).await?;
    app.metrics.launches.inc();
    // From the id, so that a request that is repeated is told the same code, and no code is kept.
    let code = app.key.mark(PURPOSE, &made.launch);
    Ok(LaunchAnswer { url: format!("/player/#code={code}"), launch: made.launch, attempt: made.attempt })
}

/// Makes a launch for a learner of the demo; answers where to go, on the host that was asked.
pub(crate) async fn demo(app: &App, topic: String) -> Result<String, Problem> {
    let learner = Learner { id: "demo-learner".to_owned(), name: "Learner, Demo".to_owned(), groups: None };
    let mode = Mode::Continue;
    let request = LaunchRequest { learner, topic, mode, return_url: None, api: None, strict: false };
    Ok(make(app, crate::config::TENANT, request, None).await?.url)
}

fn is_web(url: &str) -> bool {
    url.len() <= 2_048 && (url.starts_with("https://") || url.starts_with("http://"))
}
