//! Commits of a visit.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use seattime_wire::{Commit, MOST_PARTS, Receipt, ValuePart, WIRE_VERSION};

use crate::app::{App, MAX_COMMIT_BYTES};
use crate::error::Problem;
use crate::faults::pass;
use crate::store::Arrival;

/// Keeps one commit: `POST /run/v1/commits`.
///
/// Safe to repeat and to reorder, since every value carries the number of its last change and the
/// greater one is kept: the page sends again until it has seen the receipt.
///
/// # Errors
///
/// | status | when |
/// |--------|------|
/// | 400 | the body is not a commit: `bad_json`, or of another version: `bad_version` |
/// | 401 | there is no token, or it is not valid: `token_missing`, `token_invalid`, `token_expired` |
/// | 404 | the token was issued for another visit |
/// | 409 | a newer visit has taken the lease: `superseded`; everything sent is kept |
/// | 413 | the body is longer than [`MAX_COMMIT_BYTES`] |
/// | 415 | the body is neither JSON nor text |
pub(crate) async fn post_commit(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Receipt>, Problem> {
    let size_bytes = body.as_ref().map_or(0, Bytes::len);
    let commit: Commit = json_of(&headers, body, MAX_COMMIT_BYTES)?;
    check_version(commit.v)?;
    let received_ms = app.now_ms().await;
    let token = app.tokens.visit_of(&commit.token, received_ms)?;
    if token.claims.visit != commit.visit || token.claims.lease != commit.lease {
        return Err(Problem::not_found("visit"));
    }
    pass(&*app.faults, "before_commit")?;
    let claims = token.claims;
    let heartbeat_ms = app.config.policy.heartbeat_ms;
    let arrival = Arrival { claims: claims.clone(), commit, size_bytes, received_ms, heartbeat_ms };
    let merged = app.store.merge(arrival).await?;
    pass(&*app.faults, "after_commit")?;
    let mut receipt = merged.receipt;
    if merged.is_superseded {
        return Err(Problem::superseded(&receipt));
    }
    if token.is_stale {
        receipt.token = Some(app.tokens.for_visit(&claims, received_ms)?);
    }
    tracing::debug!(visit = claims.visit, acked = receipt.acked, "Kept a commit");
    Ok(Json(receipt))
}

/// Keeps a part of a text that is too long for a commit: `POST /run/v1/parts`. Safe to repeat and to reorder.
/// The commit that names the text is acknowledged once all its parts are there; else its receipt says `need_full`.
///
/// # Errors
///
/// | status | when |
/// |--------|------|
/// | 400 | the body is not a part: `bad_json`, `bad_part`, or of another version: `bad_version` |
/// | 401 | there is no token, or it is not valid: `token_missing`, `token_invalid`, `token_expired` |
/// | 404 | the token was issued for another visit |
/// | 413 | the body is longer than [`MAX_COMMIT_BYTES`], or too many parts wait: `too_many_parts` |
/// | 415 | the body is neither JSON nor text |
pub(crate) async fn post_part(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<serde_json::Value>, Problem> {
    let part: ValuePart = json_of(&headers, body, MAX_COMMIT_BYTES)?;
    check_version(part.v)?;
    if part.of > MOST_PARTS || part.n >= part.of {
        let detail =
            format!("found part {} of {}; expected a number below at most {MOST_PARTS}", part.n, part.of);
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_part", detail));
    }
    let token = app.tokens.visit_of(&part.token, app.now_ms().await)?;
    if token.claims.visit != part.visit || token.claims.lease != part.lease {
        return Err(Problem::not_found("visit"));
    }
    pass(&*app.faults, "before_part")?;
    app.store.put_part(token.claims, part).await?;
    pass(&*app.faults, "after_part")?;
    Ok(Json(serde_json::json!({})))
}

fn check_version(found: u32) -> Result<(), Problem> {
    if found == WIRE_VERSION {
        return Ok(());
    }
    let detail =
        format!("the message has version {found}, this server takes {WIRE_VERSION}; load the page again");
    Err(Problem::new(StatusCode::BAD_REQUEST, "bad_version", detail))
}

/// A body as JSON, from a page that may only be able to send text.
pub(crate) fn json_of<T: serde::de::DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    limit_bytes: usize,
) -> Result<T, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(kind.as_str(), "application/json" | "text/plain") {
        let detail =
            format!("the body is of type {kind:?}; send application/json, or text/plain from a beacon");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", detail));
    }
    let body = body.map_err(|_| Problem::too_large(limit_bytes))?;
    serde_json::from_slice(&body).map_err(|error| Problem::bad_json(&error))
}
