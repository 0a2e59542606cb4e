//! Videos, audios and PDFs as topics: imported once, launched often.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use seattime_wire::MediaTopic;
use serde::Serialize;

use super::content;
use super::content_policy::Grant;
use super::sent::SentForm;
use crate::access::Tenant;
use crate::app::App;
use crate::error::Problem;
use crate::import::media::{self, MediaError, NewMedia};
use crate::store::StoredPackage;

/// What was imported.
#[derive(Debug, Serialize)]
pub(crate) struct Imported {
    topic: String,
    title: String,
    course: String,
}

/// Imports a video, audio or PDF: `POST /api/v1/media`, a form (`multipart/form-data`) with an API key. Fields: `file` or
/// `url`; `title`; and, if wanted, `course`, `kind` (`video` or `audio`, where an address does not tell), `captions`
/// (a file in WebVTT) or `captions_url`, `threshold` in percent. The same once more is found, not kept twice.
///
/// # Errors
///
/// 400 `bad_form`; 401 `key_invalid`; 413 above [`MAX_PACKAGE_BYTES`](crate::app::MAX_PACKAGE_BYTES); 415
/// `unsupported_type`; 422 with a code that begins with `media_`. Nothing is kept then.
pub(crate) async fn post_media(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    SentForm(mut form): SentForm,
) -> Result<(StatusCode, Json<Imported>), Problem> {
    let threshold = match form.text("threshold") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| refused(&MediaError::Threshold))?),
    };
    let new = NewMedia {
        file: form.file("file"),
        url: form.text("url"),
        kind: form.text("kind"),
        title: form.text("title").unwrap_or_default(),
        course: form.text("course"),
        captions: form.file("captions"),
        captions_url: form.text("captions_url"),
        threshold,
    };
    let StoredPackage { id, title, course, .. } = import(&app, &tenant, new).await?;
    Ok((StatusCode::CREATED, Json(Imported { topic: id, title, course })))
}

async fn import(app: &App, tenant: &str, new: NewMedia) -> Result<StoredPackage, Problem> {
    let data = app.config.data.clone();
    let kept = tokio::task::spawn_blocking(move || media::keep(&data, &new));
    let package = kept.await.map_err(|_| Problem::internal())?.map_err(|error| {
        if let MediaError::Unreadable(error) = &error {
            tracing::error!(%error, "A medium could not be written");
            return Problem::unavailable();
        }
        refused(&error)
    })?;
    app.store.put_package(tenant, package.clone(), app.now_ms().await).await?;
    Ok(package)
}

fn refused(error: &MediaError) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string())
}

impl App {
    /// Imports a video or audio; returns it as it is stored.
    ///
    /// # Errors
    ///
    /// As `POST /api/v1/media`.
    pub async fn import_media(&self, tenant: &str, new: NewMedia) -> Result<StoredPackage, Problem> {
        import(self, tenant, new).await
    }
}

/// Where a video or audio is taken: a page of ours, which is told by its address what it plays. What is kept with us
/// gets addresses that only the server can make.
pub(crate) fn address(
    app: &App,
    grant: &Grant,
    package: &str,
    topic: &mut MediaTopic,
) -> Result<String, Problem> {
    for href in [Some(&mut topic.source), topic.captions.as_mut()].into_iter().flatten() {
        let is_ours = !href.contains("://");
        if is_ours {
            *href = content::address(app, grant, package, href);
        }
    }
    let told = serde_json::to_string(topic).map_err(|_| Problem::internal())?;
    Ok(format!("/player/media.html#{}", escaped(&told)))
}

/// A text as a fragment holds it.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b',' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
