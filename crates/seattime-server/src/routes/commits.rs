//! Commits of a visit.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use seattime_wire::{Commit, MOST_PARTS, Receipt, ValuePart, WIRE_VERSION};

use super::sent::Sent;
use crate::app::{App, MAX_COMMIT_BYTES};
use crate::error::Problem;
use crate::faults::pass;
use crate::store::{Answer, Arrival, Merged, StoreError};
use crate::token::{Form, VisitClaims, VisitToken};

/// Keeps one commit: `POST /run/v1/commits`.
///
/// Safe to repeat and to reorder, since every value carries the number of its last change and the
/// greater one is kept: the page sends again until it has seen the receipt.
///
/// # Errors
///
/// | status | when |
/// |--------|------|
/// | 400 | the body is not a commit: `bad_json`, `bad_gzip`, `bad_seq`, or of another version: `bad_version` |
/// | 401 | there is no token, or it is not valid: `token_missing`, `token_invalid`, `token_expired`; or the attempt is not known, and what came as its origin is not: `origin_invalid` |
/// | 404 | the token was issued for another visit |
/// | 409 | a newer visit has taken the lease: `superseded`; everything sent is kept |
/// | 408 | the body did not come in time: `too_slow` |
/// | 413 | the body is longer than [`MAX_COMMIT_BYTES`], as sent or unpacked |
/// | 415 | the body is neither JSON nor text, or packed as anything but gzip |
/// | 429 | the visit commits more often than a page does: `too_often` |
pub(crate) async fn post_commit(
    State(app): State<App>,
    body: Sent<MAX_COMMIT_BYTES>,
) -> Result<Json<Receipt>, Problem> {
    let received_ms = app.now_ms().await;
    let (sender, merging) = merge(&app, &body, received_ms)?;
    let (sender, merged) = match merging.await {
        // A database that was restored from a backup may not know the attempt. What that takes is boxed, so that it does
        // not lie in the way of every commit.
        Err(StoreError::NotFound("attempt")) => {
            match Box::pin(merge_again(&app, sender, &body, received_ms)).await? {
                Some(merged) => merged,
                None => return Ok(Json(asked_for_everything(received_ms, app.config.policy.heartbeat_ms))),
            }
        }
        merged => (sender, merged?),
    };
    app.metrics.kept(merged.has_news);
    pass(&*app.faults, "after_commit")?;
    let mut receipt = merged.receipt;
    if merged.is_superseded {
        return Err(Problem::superseded(&receipt));
    }
    if sender.is_stale {
        receipt.token = Some(app.tokens.for_visit(&sender.claims, sender.form, received_ms)?);
    }
    tracing::debug!(visit = sender.claims.visit, acked = receipt.acked, "Kept a commit");
    Ok(Json(receipt))
}

/// Who sends a commit, by its token.
struct Sender {
    claims: Arc<VisitClaims>,
    form: Form,
    /// Whether it is to be given the next token.
    is_stale: bool,
}

/// Reads and checks a commit, and hands it to what keeps it.
fn merge<'a>(
    app: &'a App,
    body: &Sent<MAX_COMMIT_BYTES>,
    received_ms: i64,
) -> Result<(Sender, Answer<'a, Merged>), Problem> {
    let commit: Commit = body.json()?;
    check_version(commit.v)?;
    check_number(commit.seq)?;
    let VisitToken { claims, form, is_stale, .. } = app.tokens.visit_of(&commit.token, received_ms)?;
    if claims.visit != commit.visit || claims.lease != commit.lease {
        return Err(Problem::not_found("visit"));
    }
    app.commits.pass(&commit.visit, received_ms).map_err(Problem::too_often)?;
    pass(&*app.faults, "before_commit")?;
    let claims = Arc::new(claims);
    let merging = app.store.merge(arrival(app, &claims, body, commit, received_ms));
    Ok((Sender { claims, form, is_stale }, merging))
}

/// Makes the attempt of a visit again that the database does not know, and keeps the commit; none where its page has to
/// be asked for the origin.
async fn merge_again(
    app: &App,
    sender: Sender,
    body: &Sent<MAX_COMMIT_BYTES>,
    received_ms: i64,
) -> Result<Option<(Sender, Merged)>, Problem> {
    let commit: Commit = body.json()?;
    let origin = commit.origin.as_deref();
    let Some(made) = made_again(app, &sender.claims, sender.form, origin, received_ms).await? else {
        return Ok(None);
    };
    // Launched again meanwhile, the learner may have another id: the next message has to name that one.
    let is_stale = sender.is_stale || made.learner != sender.claims.learner;
    let claims = Arc::new(made);
    let merged = app.store.merge(arrival(app, &claims, body, commit, received_ms)).await?;
    Ok(Some((Sender { claims, form: sender.form, is_stale }, merged)))
}

fn arrival(
    app: &App,
    claims: &Arc<VisitClaims>,
    body: &Sent<MAX_COMMIT_BYTES>,
    commit: Commit,
    received_ms: i64,
) -> Arrival {
    let (claims, body) = (Arc::clone(claims), body.0.clone().into());
    Arrival { claims, commit, body, received_ms, policy: app.config.policy, legacy: None }
}

/// Keeps a part of a text that is too long for a commit: `POST /run/v1/parts`. Safe to repeat and to reorder.
/// The commit that names the text is acknowledged once all its parts are there; else its receipt says `need_full`. So does
/// the answer to a part where the attempt is not known, and the part does not bring its origin.
///
/// # Errors
///
/// | status | when |
/// |--------|------|
/// | 400 | the body is not a part: `bad_json`, `bad_gzip`, `bad_part`, `bad_seq`, or of another version: `bad_version` |
/// | 401 | there is no token, or it is not valid: `token_missing`, `token_invalid`, `token_expired`; or the attempt is not known, and what came as its origin is not: `origin_invalid` |
/// | 404 | the token was issued for another visit |
/// | 413 | the body is longer than [`MAX_COMMIT_BYTES`], as sent or unpacked, or too many parts wait: `too_many_parts` |
/// | 415 | the body is neither JSON nor text, or packed as anything but gzip |
/// | 429 | the visit sends more parts than a page does: `too_often` |
pub(crate) async fn post_part(
    State(app): State<App>,
    body: Sent<MAX_COMMIT_BYTES>,
) -> Result<Json<serde_json::Value>, Problem> {
    let part: ValuePart = body.json()?;
    check_version(part.v)?;
    check_number(part.seq)?;
    if part.of > MOST_PARTS || part.n >= part.of {
        let detail =
            format!("found part {} of {}; expected a number below at most {MOST_PARTS}", part.n, part.of);
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_part", detail));
    }
    let now_ms = app.now_ms().await;
    let token = app.tokens.visit_of(&part.token, now_ms)?;
    if token.claims.visit != part.visit || token.claims.lease != part.lease {
        return Err(Problem::not_found("visit"));
    }
    app.parts.pass(&part.visit, now_ms).map_err(Problem::too_often)?;
    pass(&*app.faults, "before_part")?;
    match app.store.put_part(token.claims.clone(), part).await {
        Err(StoreError::NotFound("attempt")) => {
            let part: ValuePart = body.json()?;
            let origin = part.origin.as_deref();
            let Some(made) = made_again(&app, &token.claims, token.form, origin, now_ms).await? else {
                return Ok(Json(serde_json::json!({ "acked": 0, "need_full": true })));
            };
            app.store.put_part(made, part).await?;
        }
        kept => kept?,
    }
    pass(&*app.faults, "after_part")?;
    Ok(Json(serde_json::json!({})))
}

/// Makes the attempt of a visit again that the database does not know; none where its page has to be asked for the origin.
async fn made_again(
    app: &App,
    claims: &VisitClaims,
    form: Form,
    origin: Option<&str>,
    now_ms: i64,
) -> Result<Option<VisitClaims>, Problem> {
    let mut claims = claims.clone();
    if form == Form::Short {
        let Some(origin) = origin else { return Ok(None) };
        claims.origin = Some(app.tokens.origin_of(origin, &claims.visit)?);
    }
    Ok(Some(app.store.make_again(claims, now_ms).await?))
}

/// The answer where nothing could be kept: there is no telling whose it is without the origin.
fn asked_for_everything(server_ms: i64, heartbeat_ms: u32) -> Receipt {
    Receipt { acked: 0, server_ms, token: None, refused: Vec::new(), heartbeat_ms, need_full: true }
}

fn check_version(found: u32) -> Result<(), Problem> {
    if found == WIRE_VERSION {
        return Ok(());
    }
    let detail =
        format!("the message has version {found}, this server takes {WIRE_VERSION}; load the page again");
    Err(Problem::new(StatusCode::BAD_REQUEST, "bad_version", detail))
}

/// Pages count in JavaScript: what is beyond its whole numbers was counted by nobody.
fn check_number(seq: u64) -> Result<(), Problem> {
    const MOST: u64 = (1 << 53) - 1;
    if seq <= MOST {
        return Ok(());
    }
    let detail = format!("seq is {seq}; expected the number of a change, up to {MOST}");
    Err(Problem::new(StatusCode::BAD_REQUEST, "bad_seq", detail))
}
