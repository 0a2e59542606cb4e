//! Packages: imported once, launched often.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::reports::unkept;
use super::sent::{Asked, SentPackage};
use crate::access::{Caller, Tenant, Who};
use crate::app::App;
use crate::error::Problem;
use crate::import;
use crate::store::{BlockedRequest, ImportFindings, PackageLine, PackageReporting, StoredPackage, Verdict};

/// How a package is filed.
#[derive(Debug, Deserialize)]
pub(crate) struct Filed {
    /// Name of the course; the package's title, if left out.
    course: Option<String>,
}

/// What was imported.
#[derive(Debug, Serialize)]
pub(crate) struct Imported {
    topic: String,
    title: String,
    course: String,
    activities: usize,
    /// Warnings, and other hosts that the package loads from.
    #[serde(flatten)]
    findings: ImportFindings,
}

/// Imports a package: `POST /api/v1/packages?course=NAME`, the zip as the body, with an API key. The same
/// bytes again are found, not kept twice.
///
/// # Errors
///
/// 401 `key_invalid`; 413 above [`MAX_PACKAGE_BYTES`](crate::app::MAX_PACKAGE_BYTES); 422 with a code that says what is wrong with the
/// package. Nothing is kept then.
pub(crate) async fn post_package(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Asked(filed): Asked<Filed>,
    SentPackage(body): SentPackage,
) -> Result<(StatusCode, Json<Imported>), Problem> {
    let package = import(&app, &tenant, body, filed.course).await?;
    let imported = Imported {
        activities: package.activities.len(),
        topic: package.id,
        title: package.title,
        course: package.course,
        findings: package.findings,
    };
    Ok((StatusCode::CREATED, Json(imported)))
}

/// What is told of packages.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    /// Whether it is told how each of them reports its time: all of their sessions are counted for that.
    #[serde(default)]
    reporting: bool,
}

/// A package in the list.
#[derive(Debug, Serialize)]
pub(crate) struct ListedPackage {
    #[serde(flatten)]
    line: PackageLine,
    /// How it reports its time, if that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    reporting: Option<ListedReporting>,
}

/// How a package reports its time, in short.
#[derive(Debug, Serialize)]
pub(crate) struct ListedReporting {
    verdict: Verdict,
    sessions: i64,
}

/// The packages: `GET /api/v1/packages`, with an API key; with `?reporting=true` each with how it reports its time.
///
/// # Errors
///
/// 400 `bad_query`; 401 `key_invalid`; 403 `scope_missing`.
pub(crate) async fn get_packages(
    State(app): State<App>,
    caller: Caller,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    if let (true, Who::Account(account)) = (wanted.reporting, &caller.who) {
        account.check_sees_all()?;
    }
    let tenant = caller.tenant;
    let lines = app.store.packages(&tenant).await?;
    let mut known = if wanted.reporting { app.store.reporting(&tenant).await? } else { BTreeMap::new() };
    let listed = lines.into_iter().map(|line| {
        let of_it = wanted.reporting.then(|| known.remove(&line.topic).unwrap_or_default());
        let reporting = of_it.map(|it| ListedReporting { verdict: it.verdict(), sessions: it.sessions });
        ListedPackage { line, reporting }
    });
    Ok(unkept(listed.collect::<Vec<_>>()))
}

/// One package.
#[derive(Debug, Serialize)]
struct ShownPackage {
    #[serde(flatten)]
    reporting: PackageReporting,
    /// The hosts that browsers kept its content from.
    blocked: Vec<BlockedRequest>,
}

/// A package, with how it reports its time and what was credited instead: `GET /api/v1/packages/{topic}`, with an API
/// key. What was sent up to now is in it.
///
/// # Errors
///
/// 401 `key_invalid`; 404 `not_found`.
pub(crate) async fn get_package(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Path(topic): Path<String>,
) -> Result<Response, Problem> {
    app.keep_blocked().await;
    let reporting = app.store.package_reporting(&tenant, &topic, app.now_ms().await).await?;
    let blocked = app.store.blocked().blocked_of(&tenant, &topic).await?;
    Ok(unkept(ShownPackage { reporting, blocked }))
}

async fn import(
    app: &App,
    tenant: &str,
    zip: impl AsRef<[u8]> + Send + 'static,
    course: Option<String>,
) -> Result<StoredPackage, Problem> {
    let data = app.config.data.clone();
    let unpacked = tokio::task::spawn_blocking(move || {
        let path = data.join("incoming").join(uuid::Uuid::new_v4().to_string());
        let mut file = File::options().read(true).write(true).create_new(true).open(&path)?;
        let unpacked = file
            .write_all(zip.as_ref())
            .map_err(seattime_package::PackageError::from)
            .and_then(|()| import::unpack(&data, &mut file, course.as_deref()));
        std::fs::remove_file(path)?;
        unpacked
    });
    let package = unpacked.await.map_err(|_| Problem::internal())?.map_err(|error| {
        if let seattime_package::PackageError::Unreadable(error) = &error {
            tracing::error!(%error, "A package could not be unpacked");
        }
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string())
    })?;
    app.store.put_package(tenant, package.clone(), app.now_ms().await).await?;
    Ok(package)
}

impl App {
    /// Imports a package that is in memory; returns it as it is stored.
    ///
    /// # Errors
    ///
    /// As `POST /api/v1/packages`.
    pub async fn import(
        &self,
        tenant: &str,
        zip: Vec<u8>,
        course: Option<String>,
    ) -> Result<StoredPackage, Problem> {
        import(self, tenant, zip, course).await
    }
}
