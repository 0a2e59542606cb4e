//! Courses: how time is judged in them, where it is not as the server is set up.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use seattime_wire::{CreditPolicy, Policy};
use serde::Serialize;
use serde_json::{Map, Value};

use super::sent::{Changing, Sent};
use super::tenants::versioned;
use crate::access::Tenant;
use crate::app::{App, MAX_BODY_BYTES};
use crate::error::Problem;
use crate::hosts::ExternalHosts;
use crate::store::{CourseSettings, KeptSettings};

/// How time is judged in a course.
#[derive(Debug, Serialize)]
pub(crate) struct JudgedCourse {
    /// Its name.
    course: String,
    /// How many packages are filed under that name; 0 for a name that is not known, or not yet.
    topics: usize,
    /// Number of the latest change, from 1; 0 where the course never had anything of its own.
    version: u32,
    /// When that was, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_ms: Option<i64>,
    /// What the course has of its own.
    settings: CourseSettings,
    /// What holds for visits that are opened now.
    holds: Holds,
}

/// What holds in a course.
#[derive(Debug, Serialize)]
struct Holds {
    credit: CreditPolicy,
    idle_limit_ms: i64,
    tail_ms: i64,
    still_here: bool,
    external_hosts: ExternalHosts,
}

/// How time is judged in a course: `GET /api/v1/courses/{course}`, with an API key. The name is percent-encoded.
///
/// # Errors
///
/// 401 `key_invalid`.
pub(crate) async fn get_course(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Path(course): Path<String>,
) -> Result<Response, Problem> {
    let kept = app.store.course(&tenant, &course).await?;
    told(&app, &tenant, course, kept).await
}

/// Says what a course has of its own: `PUT /api/v1/courses/{course}`, with an API key. What is left out is the server's,
/// also if it was said before. It holds for visits that are opened from then on; `seattime recompute` judges those before.
///
/// # Errors
///
/// 400 `bad_json`; 401 `key_invalid`; 412 `precondition_failed`; 422 `bad_settings`; 428 `precondition_required`. Nothing
/// is kept then.
pub(crate) async fn put_course(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Path(course): Path<String>,
    Changing(known): Changing,
    body: Sent<MAX_BODY_BYTES>,
) -> Result<Response, Problem> {
    // By its fields' names alone: a list would be taken for settings without any.
    let fields: Map<String, Value> = body.json()?;
    let settings: CourseSettings =
        serde_json::from_value(fields.into()).map_err(|error| Problem::bad_json(&error))?;
    settings
        .check()
        .map_err(|found| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_settings", found))?;
    let kept = app.store.put_course(&tenant, &course, settings, known, app.now_ms().await).await?;
    told(&app, &tenant, course, kept).await
}

/// Takes back what a course has of its own: `DELETE /api/v1/courses/{course}`, with an API key. Its earlier versions are
/// kept.
///
/// # Errors
///
/// 401 `key_invalid`; 412 `precondition_failed`; 428 `precondition_required`.
pub(crate) async fn delete_course(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Path(course): Path<String>,
    Changing(known): Changing,
) -> Result<Response, Problem> {
    let mut kept = app.store.course(&tenant, &course).await?;
    known.check(kept.version)?;
    if kept.settings != CourseSettings::default() {
        let now_ms = app.now_ms().await;
        kept = app.store.put_course(&tenant, &course, CourseSettings::default(), known, now_ms).await?;
    }
    told(&app, &tenant, course, kept).await
}

async fn told(app: &App, tenant: &str, course: String, kept: KeptSettings) -> Result<Response, Problem> {
    let KeptSettings { settings, version, set_ms } = kept;
    let Policy { credit, idle_limit_ms, tail_ms, .. } = settings.over(app.config.policy);
    let topics = app.store.packages(tenant).await?.iter().filter(|it| it.course == course).count();
    let still_here = app.config.still_here.is_asked_in(&course, settings.still_here);
    let set_ms = (version > 0).then_some(set_ms);
    let external_hosts = settings.external_hosts.clone();
    let external_hosts = external_hosts.unwrap_or_else(|| app.config.external_hosts.clone());
    let holds = Holds { credit, idle_limit_ms, tail_ms, still_here, external_hosts };
    Ok(versioned(version, JudgedCourse { course, topics, version, set_ms, settings, holds }))
}
