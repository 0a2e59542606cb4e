//! Enrolments: who is to take a course, and shows in the report before anything was opened.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::launches::Learner;
use super::sent::{Asked, Sent, Tenant};
use crate::app::{App, MAX_BODY_BYTES};
use crate::error::Problem;

/// The longest name of a course, in bytes.
const MOST_COURSE_BYTES: usize = 1_024;

/// Whom an LMS enrols, and in what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrolment {
    learner: Learner,
    course: String,
}

/// Whom an LMS takes out of a course.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrolled {
    /// The LMS's own id of the learner.
    learner: String,
    course: String,
}

/// What an LMS is told.
#[derive(Debug, Serialize)]
pub(crate) struct EnrolmentAnswer {
    /// The LMS's own id of the learner.
    learner: String,
    course: String,
}

/// Enrols a learner in a course: `POST /api/v1/enrolments`, with an API key. Again, it changes nothing but the name, and
/// the groups if they are said.
///
/// # Errors
///
/// | status | when |
/// |--------|------|
/// | 400 | the body is no enrolment: `bad_json`; a field is empty or too long: `bad_enrolment` |
/// | 401 | there is no valid API key: `key_invalid` |
pub(crate) async fn post_enrolment(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    body: Sent<MAX_BODY_BYTES>,
) -> Result<Json<EnrolmentAnswer>, Problem> {
    let Enrolment { learner, course } = body.json()?;
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "bad_enrolment", detail);
    let learner = learner.checked().map_err(bad)?;
    if course.is_empty() || course.len() > MOST_COURSE_BYTES {
        return Err(bad(format!("course has {} bytes; expected 1 to {MOST_COURSE_BYTES}", course.len())));
    }
    let lms_id = learner.lms_id.clone();
    app.store.enrol(&tenant, learner, &course, app.now_ms().await).await?;
    Ok(Json(EnrolmentAnswer { learner: lms_id, course }))
}

/// Takes a learner out of a course: `DELETE /api/v1/enrolments?learner=&course=`, with an API key. What was launched
/// stays in the report.
///
/// # Errors
///
/// 400 `bad_query`; 401 `key_invalid`; 404 `not_found`, where there is no such enrolment.
pub(crate) async fn delete_enrolment(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Asked(enrolled): Asked<Enrolled>,
) -> Result<StatusCode, Problem> {
    app.store.unenrol(&tenant, &enrolled.learner, &enrolled.course).await?;
    Ok(StatusCode::NO_CONTENT)
}
