//! Files of packages, under addresses that only the server can make.

use std::io::SeekFrom;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::content_policy::{self, Grant, MaySniff};
use super::viewer;
use crate::app::App;
use crate::error::Problem;
use crate::mime;

/// Read from the disk at once, in bytes.
const CHUNK: u64 = 64 * 1024;

/// The address of a package's file.
pub(crate) fn address(app: &App, grant: &Grant, package: &str, href: &str) -> String {
    format!("/content/{}/{package}/{href}", grant.seal(app, package))
}

/// A file of a package: `GET /content/{grant}/{package}/{path}`. Byte ranges are answered. A PDF is shown by a viewer where a
/// window or frame asks for it.
///
/// # Errors
///
/// 404 for whatever is not there, or whose grant is wrong; 416 for a range beyond the end.
pub(crate) async fn get_file(
    State(app): State<App>,
    Path((sealed, package, path)): Path<(String, String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let is_worker = headers.get("service-worker").is_some_and(|it| it == "script");
    // A worker of one package would answer for all others.
    let grant = Grant::unseal(&app, &package, &sealed).filter(|_| !is_worker);
    let grant = grant.ok_or_else(|| Problem::not_found("file"))?;
    let (n, size) = app.store.file(&package, &path).await?.ok_or_else(|| Problem::not_found("file"))?;
    let kind = mime::type_of(&path);
    if let Some(page) = viewer::instead_of(&app, kind, &uri, &headers) {
        return Ok(page);
    }
    let place = app.config.data.join("content").join(&package).join(n.to_string());
    let file = tokio::fs::File::open(place).await;
    let mut file = file.map_err(|error| {
        tracing::error!(%error, package, path, "A file of a package is lost");
        Problem::not_found("file")
    })?;
    let range = headers.get(header::RANGE).and_then(|it| it.to_str().ok());
    let (start, end, status) = match range.and_then(|it| span(it, size)) {
        None => (0, size, StatusCode::OK),
        Some(Some((start, end))) => (start, end, StatusCode::PARTIAL_CONTENT),
        Some(None) => {
            let detail = format!("the range lies beyond the file's {size} bytes; ask for a part of them");
            return Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_beyond_end", detail));
        }
    };
    file.seek(SeekFrom::Start(start)).await.map_err(|_| Problem::internal())?;
    let mut response = Response::new(stream(file, end - start));
    *response.status_mut() = status;
    response.extensions_mut().insert(MaySniff);
    let headers = response.headers_mut();
    if let Some(kind) = mime::content_type_of(&path) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - start));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = HeaderValue::from_str(&format!("bytes {start}-{}/{size}", end.saturating_sub(1)))
    {
        headers.insert(header::CONTENT_RANGE, value);
    }
    // The package is named by its bytes, so what is under an address never changes.
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

/// One range of bytes, its end not included; `Some(None)` where it lies beyond the file, `None` where the
/// header asks for something else, which is passed over.
fn span(header: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = match (first.trim(), last.trim()) {
        ("", suffix) => (size.saturating_sub(suffix.parse().ok()?), size),
        (first, "") => (first.parse().ok()?, size),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.saturating_add(1).min(size)),
    };
    Some((start < end).then_some((start, end)))
}

fn stream(file: tokio::fs::File, length: u64) -> Body {
    let chunks = futures_util::stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok::<_, std::io::Error>(None);
        }
        let mut chunk = Vec::new();
        let read = (&mut file).take(left.min(CHUNK)).read_to_end(&mut chunk).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some((Bytes::from(chunk), (file, left - read as u64))))
    });
    Body::from_stream(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9110, *Range*.
    #[test]
    fn a_range_is_read_as_the_rfc_says() {
        #[rustfmt::skip]
        let cases = [
            ("bytes=0-99",    Some(Some((0, 100)))),
            ("bytes=900-",    Some(Some((900, 1_000)))),
            ("bytes=-100",    Some(Some((900, 1_000)))),
            ("bytes=-5000",   Some(Some((0, 1_000)))),
            ("bytes=0-5000",  Some(Some((0, 1_000)))),
            ("bytes=1000-",   Some(None)),
            ("bytes=-0",      Some(None)),
            ("items=0-1",     None),
            ("bytes=a-b",     None),
            ("bytes=0-1,5-6", None),  // several at once: the whole file is an answer too
        ];
        for (header, expected) in cases {
            assert_eq!(span(header, 1_000), expected, "{header}");
        }
    }
}
