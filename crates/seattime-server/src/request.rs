//! Each request has an id: in its log lines, in its answer, and in what the client is told where it fails.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::Span;

use crate::app::App;
use crate::clock::Stopwatch;
use crate::error::Problem;

/// The header that carries it, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from a client.
const LONGEST: usize = 64;

/// A request that is being answered: what it is called, and when it began.
pub(crate) struct Named {
    id: String,
    route: &'static str,
    begun: Stopwatch,
    pub(crate) span: Span,
}

impl Named {
    /// Names a request. The route is told and not the path, which may hold what gives access.
    pub(crate) fn of(request: &Request, route: &'static str) -> Named {
        let begun = Stopwatch::start();
        let id = given(request.headers()).unwrap_or_else(made);
        // Of the highest level, so that whatever is logged of a request has it.
        let span = tracing::error_span!("request", request_id = %id, method = %request.method(), route);
        Named { id, route, begun, span }
    }

    /// Answers problems with the name, and turns what the router itself refuses into problems.
    pub(crate) fn answered(self, app: &App, mut response: Response) -> Response {
        if let Some(problem) = refused_by_router(&response) {
            let mut headers = std::mem::take(response.headers_mut());
            response = problem.into_response();
            // What else was said of the answer goes on holding, such as which methods there are.
            headers.remove(header::CONTENT_LENGTH);
            headers.extend(std::mem::take(response.headers_mut()));
            *response.headers_mut() = headers;
        }
        let Named { id, route, begun, span } = self;
        let status = response.status().as_u16();
        let problem = response.extensions_mut().remove::<Problem>();
        let code = problem.as_ref().map(Problem::code);
        app.metrics.answered(route, status, code, begun.elapsed());
        if let Some(problem) = problem {
            let code = problem.code();
            span.in_scope(|| tracing::info!(status, code, "Refused"));
            *response.body_mut() = problem.body(Some(&id)).into();
            response.headers_mut().remove(header::CONTENT_LENGTH); // That of the body without the id.
        } else {
            span.in_scope(|| tracing::debug!(status, "Answered"));
        }
        if let Ok(value) = HeaderValue::try_from(id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }
}

/// The id that the client gave, if it is short and plain: it goes into logs.
fn given(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.');
    (!id.is_empty() && id.len() <= LONGEST && id.bytes().all(is_plain)).then(|| id.to_owned())
}

/// An id of our own: what this process drew at its start, and a number.
fn made() -> String {
    static PROCESS: LazyLock<String> =
        LazyLock::new(|| uuid::Uuid::new_v4().simple().to_string().chars().take(12).collect());
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{}-{}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// What the router refuses by itself is plain text, or nothing.
fn refused_by_router(response: &Response) -> Option<Problem> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error())
        || response.extensions().get::<Problem>().is_some()
    {
        return None;
    }
    let (code, detail) = match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            ("method_not_allowed", "this address does not take this method; the header Allow says which")
        }
        StatusCode::NOT_FOUND => ("not_found", "there is no such page; check the address"),
        _ if status.is_server_error() => ("internal", "the server failed; send it again in a moment"),
        _ => ("bad_request", "the address or its parameters cannot be read; send it again as documented"),
    };
    Some(Problem::new(status, code, detail))
}
