//! What old players of videos and audios say: seconds since their last call.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use seattime_core::time::legacy::Claim;
use seattime_wire::{Commit, CommitReason, Mode, WIRE_VERSION};
use serde::{Deserialize, Serialize};

use super::launches::Learner;
use super::sent::Sent;
use crate::access::Tenant;
use crate::app::{App, MAX_BODY_BYTES};
use crate::error::Problem;
use crate::secret::sha256;
use crate::store::{Arrival, Launched, LegacyCall, NewLaunch, NewLearner};
use crate::token::VisitClaims;

/// Nothing that plays is longer, in seconds: a hundred days.
const MOST_S: f64 = 8_640_000.0;
/// Numbers beyond this were counted by nobody.
const MOST_SEQ: u64 = (1 << 53) - 1;

/// What an old player says. Numbers count from anywhere within a launch or, without one, within a `session`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Progress {
    learner: Learner,
    topic: String,
    /// The launch that it plays under; its first call counts from there.
    #[serde(default)]
    launch: Option<String>,
    /// Where it plays under none: what the LMS calls this run of the player.
    #[serde(default)]
    session: String,
    seq: u64,
    position_s: f64,
    /// What was watched since the last call, of a video.
    #[serde(default)]
    watched_s: Option<f64>,
    /// How often it calls.
    #[serde(default)]
    period_s: Option<f64>,
}

/// What an LMS is told.
#[derive(Debug, Serialize)]
pub(crate) struct Kept {
    /// The number of the call, which is on disk.
    seq: u64,
}

/// Keeps what an old player says: `POST /api/v1/progress/video` and `/api/v1/progress/audio`, with an API key. Safe to
/// repeat and to reorder. What is claimed beyond what can be is cut, not refused.
///
/// # Errors
///
/// | status | when |
/// |--------|------|
/// | 400 | the body is no progress: `bad_json`; a number is out of its range, or a video says not what was watched: `bad_progress` |
/// | 401 | there is no valid API key: `key_invalid` |
/// | 404 | there is no such topic, or no such launch of it by this learner; or the kind is neither |
pub(crate) async fn post_progress(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Path(kind): Path<String>,
    body: Sent<MAX_BODY_BYTES>,
) -> Result<Json<Kept>, Problem> {
    if !matches!(kind.as_str(), "video" | "audio") {
        return Err(Problem::not_found("page"));
    }
    let told: Progress = body.json()?;
    let call = call(&kind, &told)?;
    let received_ms = app.now_ms().await;
    let (id, launched) = launched(&app, &tenant, &told, received_ms).await?;
    if launched.topic != told.topic {
        return Err(Problem::not_found("launch"));
    }
    let claims = VisitClaims {
        tenant,
        learner: launched.learner,
        attempt: launched.attempt,
        visit: format!("legacy-{kind}-{id}"),
        lease: 0, // It takes none from a page.
        opened_ms: launched.made_ms,
        mode: launched.mode,
        origin: None,
    };
    let arrival = Arrival {
        commit: nothing_else(&claims),
        claims: std::sync::Arc::new(claims),
        body: body.0.clone().into(),
        received_ms,
        policy: app.config.policy,
        legacy: Some(call),
    };
    app.store.merge(arrival).await?;
    Ok(Json(Kept { seq: call.seq }))
}

/// The call, if its numbers are some.
fn call(kind: &str, told: &Progress) -> Result<LegacyCall, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "bad_progress", detail);
    let id = told.learner.id.trim();
    if id.is_empty() || id.len() > 255 {
        return Err(bad(format!("learner.id has {} bytes; expected 1 to 255", id.len())));
    }
    if told.seq > MOST_SEQ {
        return Err(bad(format!("seq is {}; expected up to {MOST_SEQ}", told.seq)));
    }
    let ms = |name: &str, seconds: f64| {
        let is_some = (-MOST_S..=MOST_S).contains(&seconds);
        let found = format!("{name} is {seconds}; expected seconds, up to {MOST_S}");
        if is_some { Ok((seconds * 1_000.0) as i64) } else { Err(bad(found)) }
    };
    let position_ms = ms("position_s", told.position_s)?;
    let claim = match (kind, told.watched_s) {
        ("video", Some(seconds)) => Claim::Watched(ms("watched_s", seconds)?),
        ("video", None) => return Err(bad("watched_s is missing; a video says what was watched".to_owned())),
        _ => Claim::Position(position_ms),
    };
    let period_ms = told.period_s.map(|it| ms("period_s", it)).transpose()?;
    Ok(LegacyCall { seq: told.seq, claim, period_ms })
}

/// The launch that a call belongs to, and its id: its own, or one that is made with the first call of a session.
async fn launched(
    app: &App,
    tenant: &str,
    told: &Progress,
    now_ms: i64,
) -> Result<(String, Launched), Problem> {
    let id = match &told.launch {
        Some(id) => id.clone(),
        None => {
            let Progress { learner, topic, session, .. } = told;
            let whose = sha256(format!("{}\0{topic}\0{session}", learner.id).as_bytes());
            let new = NewLaunch {
                launch: uuid::Uuid::new_v4().to_string(),
                learner: NewLearner {
                    lms_id: learner.id.clone(),
                    name: learner.name.clone(),
                    groups: learner.groups.clone(),
                },
                topic: topic.clone(),
                mode: Mode::Continue,
                return_url: None,
                api: None,
                is_strict: false,
                // No code has this hash, so that nobody can open it.
                code_hash: format!("legacy-{}", uuid::Uuid::new_v4()),
                idempotency: Some((format!("legacy-{whose}"), whose)),
            };
            app.store.launch(tenant, new, now_ms).await?.launch
        }
    };
    let launched = app.store.launched(tenant, &told.learner.id, &id).await?;
    Ok((id, launched))
}

/// A message of a page that has nothing to say.
fn nothing_else(claims: &VisitClaims) -> Commit {
    Commit {
        v: WIRE_VERSION,
        token: String::new(),
        origin: None,
        visit: claims.visit.clone(),
        lease: claims.lease,
        seq: 0,
        after: 0,
        partial: true,
        reason: CommitReason::Commit,
        sent_date_ms: 0,
        stretches: Vec::new(),
        sessions: Vec::new(),
        time: seattime_wire::Time::default(),
        media: Vec::new(),
        shared: std::collections::BTreeMap::new(),
        documents: Vec::new(),
        shared_parted: std::collections::BTreeMap::new(),
        totals: seattime_wire::Totals::default(),
    }
}
