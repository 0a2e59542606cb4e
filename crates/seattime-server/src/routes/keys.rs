//! Keys of the API: made, listed, renewed, deleted. A key is shown once; only its hash is kept.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::reports::unkept;
use super::sent::Sent;
use crate::access::Tenant;
use crate::accounts::{add_key, check_name, new_key};
use crate::app::{App, MAX_BODY_BYTES};
use crate::error::Problem;
use crate::secret::sha256;
use crate::store::{ApiKey, Scope};

const HOUR_MS: i64 = 3_600_000;
/// How long a key that was renewed is good beside the new one, in hours, if nobody says otherwise.
const GRACE_H: i64 = 24;
/// How long it may be, in hours: 30 days.
const MOST_GRACE_H: i64 = 720;

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    name: String,
    scopes: BTreeSet<Scope>,
}

/// How a key is renewed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Renewal {
    #[serde(default = "grace")]
    grace_hours: i64,
}

fn grace() -> i64 {
    GRACE_H
}

/// The keys of a tenant.
#[derive(Debug, Serialize)]
struct Keys {
    keys: Vec<ApiKey>,
}

/// A key that was made, with the key itself.
#[derive(Debug, Serialize)]
struct MadeKey {
    #[serde(flatten)]
    of: ApiKey,
    /// Shown this once.
    key: String,
}

/// The keys of a tenant: `GET /api/v1/keys`, for administrators. None of them is told itself.
pub(crate) async fn get_keys(State(app): State<App>, Tenant(tenant): Tenant) -> Result<Response, Problem> {
    let keys = app.store.accounts().api_keys(&tenant, app.now_ms().await).await?;
    Ok(unkept(Keys { keys }))
}

/// Makes a key: `POST /api/v1/keys`, for administrators. It is in the answer and is never told again.
///
/// # Errors
///
/// 400 `bad_json`; 422 `bad_key` where the name is empty or too long, or there is no scope.
pub(crate) async fn post_key(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    body: Sent<MAX_BODY_BYTES>,
) -> Result<(StatusCode, Response), Problem> {
    let NewKey { name, scopes } = body.json()?;
    let name = name.trim().to_owned();
    check_name(&name).map_err(bad)?;
    if scopes.is_empty() {
        return Err(bad("there is no scope; name one or more of launch, import, report, admin".to_owned()));
    }
    let (of, key) = add_key(&*app.store, &tenant, name, scopes, app.now_ms().await).await?;
    Ok((StatusCode::CREATED, unkept(MadeKey { of, key })))
}

/// Renews a key: `POST /api/v1/keys/{id}/rotate`, for administrators. The new one is in the answer and is never told
/// again; the old one is good for `grace_hours` more, 24 if left out, 720 at most.
///
/// # Errors
///
/// 404 `not_found`; 409 `key_of_server`; 422 `bad_key`.
pub(crate) async fn rotate_key(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Path(id): Path<String>,
    body: Sent<MAX_BODY_BYTES>,
) -> Result<Response, Problem> {
    let Renewal { grace_hours } = body.json()?;
    if !(0..=MOST_GRACE_H).contains(&grace_hours) {
        return Err(bad(format!("grace_hours is {grace_hours}; it may be 0 to {MOST_GRACE_H}")));
    }
    check_own(&app, &id)?;
    let now_ms = app.now_ms().await;
    let (key, hash) = new_key()?;
    let until_ms = now_ms.saturating_add(grace_hours.saturating_mul(HOUR_MS));
    let of = app.store.accounts().renew_api_key(&tenant, &id, &hash, until_ms, now_ms).await?;
    Ok(unkept(MadeKey { of, key }))
}

/// Deletes a key: `DELETE /api/v1/keys/{id}`, for administrators. It is good no longer.
///
/// # Errors
///
/// 404 `not_found`; 409 `key_of_server`.
pub(crate) async fn delete_key(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    check_own(&app, &id)?;
    app.store.accounts().delete_api_key(&tenant, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The key that the server is started with would be back at its next start.
fn check_own(app: &App, id: &str) -> Result<(), Problem> {
    if ApiKey::of_server(&sha256(app.config.api_key.as_bytes()), 0).id != id {
        return Ok(());
    }
    let detail = "the server is started with this key; change its file or variable, start it again, then delete the old one";
    Err(Problem::new(StatusCode::CONFLICT, "key_of_server", detail))
}

fn bad(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_key", detail)
}
