//! Files of packages, under addresses that only the server can make.

use std::io;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower_http::services::ServeFile;

use super::content_policy::{self, Grant, MaySniff};
use super::viewer;
use crate::app::App;
use crate::error::Problem;
use crate::mime;

/// The address of a package's file.
pub(crate) fn address(app: &App, grant: &Grant, package: &str, href: &str) -> String {
    format!("/content/{}/{package}/{href}", grant.seal(app, package))
}

/// A file of a package: `GET /content/{grant}/{package}/{path}`. Byte ranges and conditions are answered; several ranges at
/// once get the whole file. A PDF is shown by a viewer where a window or frame asks for it.
///
/// # Errors
///
/// 404 if the file is not there or the grant is wrong; 416 `range_beyond_end`; 503 `unavailable` if the file cannot be
/// opened or read now, as without a free descriptor.
pub(crate) async fn get_file(
    State(app): State<App>,
    Path((sealed, package, path)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let is_worker = request.headers().get("service-worker").is_some_and(|it| it == "script");
    // A worker of one package would answer for all others.
    let grant = Grant::unseal(&app, &package, &sealed).filter(|_| !is_worker);
    let grant = grant.ok_or_else(|| Problem::not_found("file"))?;
    let (n, size) = app.store.file(&package, &path).await?.ok_or_else(|| Problem::not_found("file"))?;
    let kind = mime::type_of(&path);
    if let Some(page) = viewer::instead_of(&app, kind, request.uri(), request.headers()) {
        return Ok(page);
    }
    let place = app.config.data.join("content").join(&package).join(n.to_string());
    let served = serve(ServeFile::new(place).ignore_multi_range_requests(true), size, request).await;
    let mut response = checked(served, &format!("{package}/{path}"))?;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        return Ok(beyond_end(size));
    }
    response.extensions_mut().insert(MaySniff);
    let headers = response.headers_mut();
    match mime::content_type_of(&path) {
        Some(kind) => headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        None => headers.remove(header::CONTENT_TYPE),
    };
    // The package is named by its bytes, so the file at an address never changes.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable"));
    // What it stops is reported to a route that knows whose it is by the same grant.
    let report = grant.tenant.is_some().then(|| format!("/run/v1/blocked/{sealed}/{package}"));
    let policy = content_policy::policy(&grant.hosts, &app.config.embed_origins, report.as_deref());
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.ok_or_else(Problem::internal)?);
    viewer::note_bytes(&app, kind, headers);
    // Players of videos ask which host they are shown on; the address, with its grant, stays here.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers.insert("permissions-policy", HeaderValue::from_static("unload=(self)"));
    Ok(response)
}

/// Serves a file, or the range of it that a request asks for.
///
/// Spec: RFC 9110, *Range* and *If-Range*, where the service differs from it.
async fn serve(mut file: ServeFile, size: u64, request: Request) -> io::Result<Response> {
    let (mut parts, _) = request.into_parts();
    let range = parts.headers.get(header::RANGE).map(|it| it.to_str().unwrap_or_default().trim());
    let bytes = range.map(|it| it.strip_prefix("bytes="));
    // An unknown unit is ignored; of a file shorter than a suffix, all is sent.
    let is_other_unit = bytes.is_some_and(|it| it.is_none());
    let suffix = bytes.flatten().and_then(|it| it.strip_prefix('-')?.parse::<u64>().ok());
    if is_other_unit {
        parts.headers.remove(header::RANGE);
    } else if suffix.is_some_and(|it| it > size) {
        parts.headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-"));
    }
    // The service knows all conditions but this one.
    if let Some(validator) = parts.headers.remove(header::IF_RANGE) {
        let mut head = Request::new(Body::empty());
        *head.method_mut() = Method::HEAD;
        if !is_current(&validator, file.try_call(head).await?.headers()) {
            parts.headers.remove(header::RANGE);
        }
    }
    Ok(file.try_call(Request::from_parts(parts, Body::empty())).await?.map(Body::new))
}

/// Returns true if a validator names the file that these headers describe. A weak tag names none.
fn is_current(validator: &HeaderValue, described: &HeaderMap) -> bool {
    [header::ETAG, header::LAST_MODIFIED].iter().any(|it| described.get(it) == Some(validator))
}

/// Returns a problem for a file that cannot be served.
fn checked(served: io::Result<Response>, path: &str) -> Result<Response, Problem> {
    let response = served.map_err(|error| {
        tracing::error!(%error, path, "A file of a package cannot be read");
        Problem::overloaded()
    })?;
    if response.status() == StatusCode::NOT_FOUND {
        tracing::error!(path, "A file of a package is lost");
        return Err(Problem::not_found("file"));
    }
    Ok(response)
}

/// The answer to a range beyond the end of a file: a problem that names its size, as the header does.
fn beyond_end(size: u64) -> Response {
    let detail = format!("the range lies beyond the file's {size} bytes; ask for a part of them");
    let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_beyond_end", detail);
    let mut response = problem.into_response();
    if let Ok(range) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 24 is EMFILE of Unix: the process has no free descriptor.
    #[test]
    fn a_file_that_cannot_be_opened_now_is_unavailable() {
        let served = Err(io::Error::from_raw_os_error(24));
        let answer = checked(served, "package/index.html").unwrap_err().into_response();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
    }
}
