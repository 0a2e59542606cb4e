//! What a request can fail with, and what the client is told: problem documents (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use seattime_wire::Receipt;
use serde_json::{Map, Value, json};

use crate::store::StoreError;

/// How long to wait where the disk is full, in s.
const FULL_RETRY_S: u32 = 30;

/// Why a request was not answered as asked.
///
/// Its body is a problem document with a `code` that never changes its meaning.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: String,
    detail: String,
    retry_after_s: Option<u32>,
    extra: Map<String, Value>,
}

impl Problem {
    /// A problem with a stable code, and a sentence that says what was found, what was expected and
    /// what to do.
    pub fn new(status: StatusCode, code: impl Into<String>, detail: impl Into<String>) -> Problem {
        Problem { status, code: code.into(), detail: detail.into(), retry_after_s: None, extra: Map::new() }
    }

    /// Its stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What was found, what was expected and what to do.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// 400: the body is not what the route takes.
    pub(crate) fn bad_json(error: &serde_json::Error) -> Problem {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad_json",
            format!("the body is not the JSON that this address takes: {error}; send it again as documented"),
        )
    }

    /// 404: there is none, or it is somebody else's.
    pub(crate) fn not_found(what: &str) -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no such {what}, or it is not yours; check the address and the id"),
        )
    }

    /// 413: longer than the route takes.
    pub(crate) fn too_large(limit_bytes: usize) -> Problem {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!(
                "the body is longer than the {limit_bytes} bytes that this address takes; send less at once"
            ),
        )
    }

    /// 400: the connection broke within the body, or its framing is wrong.
    pub(crate) fn cut_off() -> Problem {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "cut_off",
            "the body ended before it was whole; nothing was kept, send it again",
        )
    }

    /// 408: the body did not come in time.
    pub(crate) fn too_slow(patience: std::time::Duration) -> Problem {
        let seconds = patience.as_secs();
        Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            format!("the body was not whole after {seconds} s; nothing was kept, send it again"),
        )
    }

    /// 429: more often than a page does.
    pub(crate) fn too_often(seconds: u32) -> Problem {
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_often",
            format!(
                "this visit sends more often than a page does; nothing was kept, send it again in {seconds} s"
            ),
        )
        .after_s(seconds)
    }

    /// 429: too many codes of launches from one address that there never were.
    pub(crate) fn too_many_guesses(seconds: u32) -> Problem {
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_guesses",
            format!(
                "too many codes came from your address that belong to no launch; launch the course again in {seconds} s"
            ),
        )
        .after_s(seconds)
    }

    /// 429: too many passwords that were wrong.
    pub(crate) fn too_many_tries(seconds: u32) -> Problem {
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_tries",
            format!("too many names and passwords were wrong; try again in {seconds} s"),
        )
        .after_s(seconds)
    }

    /// 401: the name or the password is wrong; which, nobody is told.
    pub(crate) fn login_failed() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "login_failed",
            "there is no such name with this password; check both, or ask an administrator",
        )
    }

    /// 401: whoever was logged in is so no longer.
    pub(crate) fn login_expired() -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "login_expired", "you are logged in no longer; log in again")
    }

    /// 403: a page of another origin asks.
    pub(crate) fn cross_origin() -> Problem {
        Problem::new(
            StatusCode::FORBIDDEN,
            "cross_origin",
            "a page of another origin may change nothing here; send it from a page of this server, or from no page",
        )
    }

    /// 428: a change does not say what it changes.
    pub(crate) fn precondition_required() -> Problem {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "precondition_required",
            "the header If-Match is missing; read it, and send its ETag, or * for whatever it is",
        )
    }

    /// 503: the server is about to end.
    pub(crate) fn draining() -> Problem {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "draining",
            "the server is about to end; send new requests to another one",
        )
    }

    /// 401: there is no API key, or none that is known.
    pub(crate) fn key_invalid() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "key_invalid",
            "the header Authorization holds no valid API key; send \"Bearer \" and a key of yours, such as that of the file api-key",
        )
    }

    /// 403: the API key is good, but not for this.
    pub(crate) fn scope_missing(needed: &str) -> Problem {
        Problem::new(
            StatusCode::FORBIDDEN,
            "scope_missing",
            format!("you are known, but may not do this; it takes {needed}"),
        )
    }

    /// 401: the token is missing.
    pub(crate) fn token_missing() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "token_missing",
            "there is no token; send the one that the visit was opened with",
        )
    }

    /// 401: the token was not made here, or not for this; all kinds alike.
    pub(crate) fn token_invalid() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "token_invalid",
            "the token is not valid here; launch the course again",
        )
    }

    /// 401: the token was good once.
    pub(crate) fn token_expired() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "token_expired",
            "the token has expired; launch the course again",
        )
    }

    /// 401: the origin was not made here, or not for this visit.
    pub(crate) fn origin_invalid() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "origin_invalid",
            "the origin was not given to this visit; send the one that the visit was opened with",
        )
    }

    /// 409: a newer visit has the lease; everything that was sent is kept.
    pub(crate) fn superseded(receipt: &Receipt) -> Problem {
        let mut problem = Problem::new(
            StatusCode::CONFLICT,
            "superseded",
            "the course was continued in another window; what was sent is kept, go on there",
        );
        if let Ok(Value::Object(fields)) = serde_json::to_value(receipt) {
            problem.extra = fields;
        }
        problem
    }

    /// 503: nothing was kept; it may be sent again.
    pub(crate) fn unavailable() -> Problem {
        let problem = Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the server cannot keep this now; send it again in a moment",
        );
        problem.after_s(1)
    }

    /// 503: something that can be read is out of reach now; it may be asked for again.
    pub(crate) fn overloaded() -> Problem {
        let detail = "the server cannot read this now; ask for it again in a moment";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).after_s(1)
    }

    /// Says when to try again.
    fn after_s(mut self, seconds: u32) -> Problem {
        self.retry_after_s = Some(seconds);
        self
    }

    /// 500: the server's fault; logged where it happened.
    pub(crate) fn internal() -> Problem {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the server failed; send it again in a moment",
        )
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::Busy => Problem::unavailable(),
            StoreError::NotFound(what) => Problem::not_found(what),
            StoreError::LaunchUsed => Problem::new(
                StatusCode::GONE,
                "launch_used",
                "the code of this launch was used already; launch the course again",
            ),
            StoreError::LaunchExpired => Problem::new(
                StatusCode::GONE,
                "launch_expired",
                "the code of this launch is older than two minutes; launch the course again",
            ),
            StoreError::Changed => Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "precondition_failed",
                "somebody changed it meanwhile, and nothing was kept; read it again, and send its ETag as If-Match",
            ),
            StoreError::KeyReused => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "this Idempotency-Key came with another body before; use a new key for a new launch",
            ),
            StoreError::NameTaken => Problem::new(
                StatusCode::CONFLICT,
                "name_taken",
                "another account of this server has that name; choose another, such as an address of e-mail",
            ),
            StoreError::Full => Problem::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk_full",
                "the server's disk is full; nothing was kept, send it again later",
            )
            .after_s(FULL_RETRY_S),
            StoreError::TooManyParts => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_many_parts",
                "more parts of texts wait than are kept; send the commit that names them",
            ),
            StoreError::Failed(reason) => {
                tracing::error!(reason, "The store failed");
                Problem::unavailable()
            }
        }
    }
}

impl Problem {
    /// The document, with the id of the request that failed.
    pub(crate) fn body(&self, request_id: Option<&str>) -> String {
        let mut body = self.extra.clone();
        let title = self.status.canonical_reason().unwrap_or("Error");
        let fields = [
            ("type", json!(format!("urn:seattime:problem:{}", self.code))),
            ("title", json!(title)),
            ("status", json!(self.status.as_u16())),
            ("code", json!(self.code)),
            ("detail", json!(self.detail)),
        ];
        body.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        body.extend(request_id.map(|it| ("request_id".to_owned(), json!(it))));
        Value::Object(body).to_string()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body(None)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // So that whoever knows the request's id can add it.
        response.extensions_mut().insert(self);
        response
    }
}

/// Why the server does not start: one line each, for whoever started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something else listens there, or the address is not this machine's.
    #[error("cannot listen on {address}: {reason}; stop what listens there, or choose another with {option}")]
    Listen {
        /// The address that was asked for.
        address: String,
        /// The option that chooses another.
        option: &'static str,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Learners would be sent to an address that only this machine knows.
    #[error(
        "--public-url says where logins and reports are reached, but not where courses are; say it with --run-url"
    )]
    RunUrlMissing,
    /// Content could do whatever trainers can whose browser shows it.
    #[error(
        "courses and logins would share the origin {url}; give --run-url a host name of its own, or another port at least"
    )]
    OneOrigin {
        /// The origin.
        url: String,
    },
    /// The data folder cannot be made, or not be written to.
    #[error("cannot write to the data folder {folder}: {reason}; choose another with --data")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The database was written by a newer version.
    #[error(
        "the database {path} has schema {found}, this version knows up to {known}; start the newer version"
    )]
    Newer {
        /// Where it lies.
        path: String,
        /// The schema that it has.
        found: i64,
        /// The newest schema that this version knows.
        known: i64,
    },
    /// The database cannot be opened or read.
    #[error("cannot open the database {path}: {reason}")]
    Database {
        /// Where it lies.
        path: String,
        /// What the database said.
        reason: String,
    },
    /// The database's file is damaged.
    #[error("the database {path} is damaged: {found}; restore a backup, or move it away to begin anew")]
    Damaged {
        /// Where it lies.
        path: String,
        /// What its check found first.
        found: String,
    },
    /// The database library has a fault that can destroy data.
    #[error("SQLite {found} is built in, 3.51.3 or newer is needed")]
    OldSqlite {
        /// The version that is built in.
        found: String,
    },
    /// The machine gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    /// A page can only be reached from this machine, but the server would be open to others.
    #[error("the demo may only be served to this machine; leave out --demo, or use --host 127.0.0.1")]
    DemoInPublic,
}
