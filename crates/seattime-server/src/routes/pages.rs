//! Pages and the run-time, from the folders that the server carries.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::App;
use crate::config::Config;
use crate::error::Problem;
use crate::mime;
use crate::secret::sha256;

/// Nothing but our own; the player may also compile wasm and show content in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      object-src 'none'; frame-src 'self'";

/// The page of a video or audio may also play what lies elsewhere, and read its captions there. It is told by its
/// address what to play; in a page of another website it plays nothing, unless that page shows the player.
const MEDIA_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                            media-src 'self' http: https: blob:; connect-src 'self' http: https:; \
                            form-action 'none'; base-uri 'none'; object-src 'none'";

/// A page or a file of it: `GET /player/`, `GET /player/play.js`, `GET /pkg/seattime.js`. Which there are, the table of
/// routes says.
pub(crate) async fn get_file(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (folder, name) = uri.path().trim_start_matches('/').split_once('/').unwrap_or_default();
    file(&app, &headers, folder, if name.is_empty() { "index.html" } else { name })
}

/// My Learning Report: `GET /reports/my-learning`.
pub(crate) async fn get_my_learning(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    file(&app, &headers, "report", "index.html")
}

/// The player without its slash, with which its addresses are relative to it.
pub(crate) async fn get_player() -> Redirect {
    Redirect::permanent("/player/")
}

/// Where the player leads to the report, which is the other face's: `GET /player/report`.
pub(crate) async fn get_report(State(app): State<App>) -> Redirect {
    let face = app.config.public_url.as_deref().unwrap_or_default();
    let path = if app.config.demo { "/demo/report" } else { "/reports/my-learning" };
    Redirect::to(&format!("{face}{path}"))
}

/// Logging in, without its slash.
pub(crate) async fn get_login() -> Redirect {
    Redirect::permanent("/login/")
}

/// Keys and accounts, without its slash.
pub(crate) async fn get_admin() -> Redirect {
    Redirect::permanent("/admin/")
}

/// How packages report, without its slash.
pub(crate) async fn get_packages() -> Redirect {
    Redirect::permanent("/packages/")
}

/// The policy of a page. The player's frame may go where content may: a page may lead on to another website.
fn policy(config: &Config, folder: &str, name: &str) -> String {
    match (folder, name) {
        ("player", "media.html") => format!("{MEDIA_POLICY}{}", config.embed_origins.directive()),
        ("player", _) => {
            let hosts = config.external_hosts.sources();
            format!("{POLICY}{hosts}{}", config.embed_origins.directive())
        }
        _ => POLICY.to_owned(),
    }
}

/// A file of `www/` or `pkg/`, unless the browser has it.
///
/// # Errors
///
/// 404 where there is none.
pub(crate) fn file(app: &App, headers: &HeaderMap, folder: &str, name: &str) -> Result<Response, Problem> {
    let path = if folder == "pkg" { format!("pkg/{name}") } else { format!("www/{folder}/{name}") };
    let bytes = app.assets.get(&path).ok_or_else(|| Problem::not_found("page"))?;
    let mark = format!("\"{}\"", sha256(&bytes).get(..16).unwrap_or_default());
    if headers.get(header::IF_NONE_MATCH).is_some_and(|it| it.as_bytes() == mark.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let mut response = bytes.into_owned().into_response();
    let kind = match mime::type_of(name) {
        Some("text/html") => "text/html; charset=utf-8",
        kind => kind.unwrap_or("application/octet-stream"),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let policy = HeaderValue::from_str(&policy(&app.config, folder, name));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.map_err(|_| Problem::internal())?);
    if matches!(folder, "player" | "pkg" | "shared") {
        // In a sandboxed frame the player is of no origin; its scripts run there, to say why the course cannot.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("permissions-policy", HeaderValue::from_static("unload=(self)"));
    if let Ok(mark) = HeaderValue::from_str(&mark) {
        headers.insert(header::ETAG, mark);
    }
    Ok(response)
}
