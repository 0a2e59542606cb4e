//! What a request brings: a body of the right kind, whole, within its limits; and whose it is.

use std::convert::Infallible;
use std::io::Read;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use flate2::bufread::GzDecoder;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::form::Form;
use crate::app::{App, MAX_PACKAGE_BYTES};
use crate::error::Problem;
use crate::peer::Peer;
use crate::store::Known;

/// A package has to come at this rate at least, in bytes a second.
const LEAST_RATE: u64 = 16 * 1024;
/// The longest report on a policy, in bytes.
const MAX_REPORT_BYTES: usize = 16 * 1024;

/// A body of JSON, from a page that may only be able to send text, of at most `LIMIT` bytes, as sent and unpacked.
pub(crate) struct Sent<const LIMIT: usize>(pub(crate) Bytes);

impl<const LIMIT: usize> Sent<LIMIT> {
    /// What it says.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.0).map_err(|error| Problem::bad_json(&error))
    }
}

impl<const LIMIT: usize> FromRequest<App> for Sent<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        check_kind(request.headers())?;
        let is_packed = is_packed(request.headers())?;
        let body = read(request, LIMIT, app.config.limits.body, None).await?;
        Ok(Sent(if is_packed { unpacked(&body, LIMIT)? } else { body }))
    }
}

/// A browser's report on a policy, of at most 16 KiB. Its type is not looked at: browsers differ.
pub(crate) struct Reported(pub(crate) Bytes);

impl FromRequest<App> for Reported {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        check_encoding(request.headers())?;
        Ok(Reported(read(request, MAX_REPORT_BYTES, app.config.limits.body, None).await?))
    }
}

/// A package's bytes.
pub(crate) struct SentPackage(pub(crate) Bytes);

impl FromRequest<App> for SentPackage {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        check_encoding(request.headers())?;
        let body = read(request, MAX_PACKAGE_BYTES, app.config.limits.body, Some(LEAST_RATE)).await?;
        Ok(SentPackage(body))
    }
}

/// A form with files, whole.
pub(crate) struct SentForm(pub(crate) Form);

impl FromRequest<App> for SentForm {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        check_encoding(request.headers())?;
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let boundary = multer::parse_boundary(kind.unwrap_or_default());
        let boundary = boundary.map_err(|_| unsupported("send a form as multipart/form-data".to_owned()))?;
        let body = read(request, MAX_PACKAGE_BYTES, app.config.limits.body, Some(LEAST_RATE)).await?;
        let form = Form::parse(body, &boundary).await.ok_or_else(|| {
            let detail = "the form cannot be read; send it whole, each field once, as multipart/form-data";
            Problem::new(StatusCode::BAD_REQUEST, "bad_form", detail)
        })?;
        Ok(SentForm(form))
    }
}

/// As what a request knows what it changes: by the header If-Match.
pub(crate) struct Changing(pub(crate) Known);

impl FromRequestParts<App> for Changing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let mut versions = Vec::new();
        let mut is_there = false;
        for header in parts.headers.get_all(header::IF_MATCH) {
            is_there = true;
            for tag in header.to_str().unwrap_or_default().split(',').map(str::trim) {
                if tag == "*" {
                    return Ok(Changing(Known::Any));
                }
                // A tag that is none of ours, or a weak one, is that of nothing that there is.
                let ours = tag.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
                versions.extend(
                    ours.filter(|it| !it.starts_with(['+', '0']) || *it == "0")
                        .and_then(|it| it.parse::<u32>().ok()),
                );
            }
        }
        if is_there { Ok(Changing(Known::Versions(versions))) } else { Err(Problem::precondition_required()) }
    }
}

/// Where a request comes from, as it is counted.
pub(crate) struct Client(pub(crate) String);

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>();
        Ok(Client(peer.map(|it| it.counted(&parts.headers, &app.config.proxies)).unwrap_or_default()))
    }
}

/// The parameters of an address.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        query.map(|Query(it)| Asked(it)).map_err(|error| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad_query",
                format!(
                    "the parameters cannot be read: {}; send each once, as documented",
                    error.body_text()
                ),
            )
        })
    }
}

fn check_kind(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(kind.as_str(), "application/json" | "text/plain") {
        let detail =
            format!("the body is of type {kind:?}; send application/json, or text/plain from a beacon");
        return Err(unsupported(detail));
    }
    Ok(())
}

/// Whether a message is packed, as pages do with long ones.
fn is_packed(headers: &HeaderMap) -> Result<bool, Problem> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|it| it.to_str().unwrap_or("?").trim());
    if encoding.is_some_and(|it| it.eq_ignore_ascii_case("gzip")) {
        return Ok(true);
    }
    check_encoding(headers).map(|()| false)
}

/// Nothing else is unpacked.
fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_ENCODING).map(|it| it.to_str().unwrap_or("?").trim()) {
        None => Ok(()),
        Some(it) if it.is_empty() || it.eq_ignore_ascii_case("identity") => Ok(()),
        Some(it) => Err(unsupported(format!("the body is encoded as {it:?}; send it as it is"))),
    }
}

/// What was packed, of at most `limit` bytes: not one more is unpacked, whatever it claims to be.
fn unpacked(body: &[u8], limit: usize) -> Result<Bytes, Problem> {
    let bad = || {
        let detail = "the body is no whole gzip; pack it as one, or send it as it is";
        Problem::new(StatusCode::BAD_REQUEST, "bad_gzip", detail)
    };
    let mut packed = GzDecoder::new(body);
    let mut plain = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    packed.by_ref().take(most).read_to_end(&mut plain).map_err(|_| bad())?;
    if plain.len() > limit {
        return Err(Problem::too_large(limit));
    }
    if packed.into_inner().is_empty() { Ok(plain.into()) } else { Err(bad()) }
}

fn unsupported(detail: String) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", detail)
}

/// Reads a body of at most `limit` bytes within `patience`; with a rate in bytes a second, each of them buys time.
pub(super) async fn read(
    request: Request,
    limit: usize,
    patience: Duration,
    rate: Option<u64>,
) -> Result<Bytes, Problem> {
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
    if announced.is_some_and(|it: u64| usize::try_from(it).map_or(true, |it| it > limit)) {
        return Err(Problem::too_large(limit));
    }
    let mut body: Body = request.into_body();
    let end = Instant::now() + patience;
    let (mut first, mut rest) = (Bytes::new(), Vec::new());
    loop {
        let received = first.len() + rest.len();
        let bought = rate.map_or(0, |it| received as u64 / it);
        let frame = timeout_at(end + Duration::from_secs(bought), body.frame());
        let frame = match frame.await.map_err(|_| Problem::too_slow(patience))? {
            None => break,
            Some(frame) => frame.map_err(|_| Problem::cut_off())?,
        };
        let Ok(data) = frame.into_data() else { continue };
        if received.saturating_add(data.len()) > limit {
            return Err(Problem::too_large(limit));
        }
        if received == 0 {
            first = data; // Most bodies come in one piece and are not copied.
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    rest.splice(..0, first);
    Ok(rest.into())
}
