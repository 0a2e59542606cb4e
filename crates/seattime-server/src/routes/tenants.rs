//! Tenants: in whose days their reports are told.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::reports::unkept;
use super::sent::{Changing, Sent};
use crate::access::Tenant;
use crate::app::{App, MAX_BODY_BYTES};
use crate::error::Problem;
use crate::store::TenantSettings;
use crate::zone::Zone;

/// What a tenant is to have of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// In whose days its reports are told, by its name in IANA's list.
    zone: String,
    /// What people call it; left out, it stays as it is.
    name: Option<String>,
}

/// What a tenant has of its own: `GET /api/v1/tenant`, with an API key. The ETag is its version.
///
/// # Errors
///
/// 401 `key_invalid`.
pub(crate) async fn get_tenant(State(app): State<App>, Tenant(tenant): Tenant) -> Result<Response, Problem> {
    Ok(told(app.store.tenant(&tenant).await?))
}

/// Says what a tenant has of its own: `PUT /api/v1/tenant`, with an API key and the ETag as `If-Match`. Reports are told
/// by it from then on, also those of times before.
///
/// # Errors
///
/// 400 `bad_json`; 401 `key_invalid`; 412 `precondition_failed`; 422 `bad_zone`, `bad_name`; 428
/// `precondition_required`. Nothing is kept then.
pub(crate) async fn put_tenant(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Changing(known): Changing,
    body: Sent<MAX_BODY_BYTES>,
) -> Result<Response, Problem> {
    // By its fields' names alone: a list would be taken for them in their order.
    let fields: Map<String, Value> = body.json()?;
    let Wanted { zone, name } =
        serde_json::from_value(fields.into()).map_err(|error| Problem::bad_json(&error))?;
    let bad = |code: &str, detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
    let zone = Zone::named(&zone).ok_or_else(|| {
        bad("bad_zone", format!("zone is {zone:?}; expected a name of IANA's list, such as Europe/Berlin"))
    })?;
    if name.as_ref().is_some_and(|it| it.trim().is_empty()) {
        return Err(bad("bad_name", "name is empty; leave it out to keep the one that there is".to_owned()));
    }
    Ok(told(app.store.put_tenant(&tenant, name, zone.name().to_owned(), known).await?))
}

fn told(settings: TenantSettings) -> Response {
    versioned(settings.version, settings)
}

/// An answer whose ETag is the version of what it tells.
pub(crate) fn versioned(version: u32, answer: impl Serialize) -> Response {
    let mut response = unkept(answer);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The zone in whose days a tenant's reports are told.
pub(crate) async fn zone_of(app: &App, tenant: &str) -> Result<Zone, Problem> {
    let name = app.store.tenant(tenant).await?.zone;
    Zone::named(&name).ok_or_else(|| {
        tracing::error!(zone = name, "The tenant's zone is not known to this version");
        Problem::unavailable()
    })
}
