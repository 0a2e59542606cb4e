//! Visits: the launch's code in, everything that content may ask for out.

use axum::Json;
use axum::extract::State;
use seattime_wire::{OpenVisit, OpenedVisit};

use super::content_policy::Grant;
use super::sent::{Client, Sent};
use super::{content, media};
use crate::app::{App, MAX_BODY_BYTES};
use crate::error::Problem;
use crate::faults::pass;
use crate::secret::sha256;
use crate::store::{Opening, StoreError};
use crate::token::{Form, LaunchClaims};

/// Opens a visit: `POST /run/v1/visits`. It takes the attempt's lease.
///
/// # Errors
///
/// | status | when |
/// |--------|------|
/// | 401 | the launch's token is not valid: `token_missing`, `token_invalid`, `token_expired` |
/// | 404 | there is no such launch |
/// | 429 | too many codes that there never were came from this address: `too_many_guesses` |
/// | 410 | the code was used, or is older than two minutes: `launch_used`, `launch_expired` |
pub(crate) async fn post_visit(
    State(app): State<App>,
    Client(client): Client,
    body: Sent<MAX_BODY_BYTES>,
) -> Result<Json<OpenedVisit>, Problem> {
    let now_ms = app.now_ms().await;
    let (opening, keeps_origin) = match body.json()? {
        OpenVisit::Code { code, keeps_origin } => {
            app.guesses.may_pass(&client, now_ms).map_err(Problem::too_many_guesses)?;
            (Opening::Code(sha256(code.as_bytes())), keeps_origin)
        }
        OpenVisit::Reload { launch_token, keeps_origin } => {
            let LaunchClaims { tenant, learner, launch } = app.tokens.launch_of(&launch_token, now_ms)?;
            (Opening::Launch { tenant, learner, launch }, keeps_origin)
        }
    };
    pass(&*app.faults, "before_visit")?;
    let is_code = matches!(opening, Opening::Code(_));
    let opened = app.store.open_visit(opening, app.config.policy, now_ms).await;
    if is_code && matches!(opened, Err(StoreError::NotFound(_))) {
        let _ = app.guesses.pass(&client, now_ms); // It counts for the next one.
    }
    let mut opened = opened?;
    app.metrics.visits.inc();
    pass(&*app.faults, "after_visit")?;
    let hosts = opened.external_hosts.take().unwrap_or_else(|| app.config.external_hosts.clone());
    let grant = Grant { tenant: Some(opened.claims.tenant.clone()), hosts };
    for activity in &mut opened.activities {
        if let Some(missing) = &activity.missing_file {
            activity.url = format!("/player/missing.html#{}", media::escaped(missing));
            continue;
        }
        match &mut activity.media {
            None => activity.url = content::address(&app, &grant, &opened.topic, &activity.url),
            Some(topic) => activity.url = media::address(&app, &grant, &opened.topic, topic)?,
        }
    }
    let claims = opened.claims;
    let launch = LaunchClaims {
        tenant: claims.tenant.clone(),
        learner: claims.learner.clone(),
        launch: opened.launch,
    };
    let kept = claims.origin.as_ref().filter(|_| keeps_origin);
    let form = if kept.is_some() { Form::Short } else { Form::Whole };
    Ok(Json(OpenedVisit {
        token: app.tokens.for_visit(&claims, form, now_ms)?,
        origin: kept.map(|it| app.tokens.for_origin(&claims.visit, it)).transpose()?,
        launch_token: app.tokens.for_launch(&launch, now_ms)?,
        visit: claims.visit,
        lease: claims.lease,
        server_ms: now_ms,
        policy: opened.policy,
        api: opened.api,
        edition: opened.edition,
        strict: opened.is_strict,
        pdfs_unseen: !app.config.pdf_viewer,
        asks_still_here: app.config.still_here.is_asked_in(&opened.course, opened.still_here),
        mode: claims.mode,
        attempt: opened.attempt,
        course: opened.course,
        topic: opened.title,
        return_url: opened.return_url,
        activities: opened.activities,
        start: opened.start,
        values: opened.values,
        shared: opened.shared,
    }))
}
