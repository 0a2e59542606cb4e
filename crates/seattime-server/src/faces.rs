//! The two faces: how far apart they are, and what guards the one that knows logins.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::error::Problem;

/// What keeps content from what the app face can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Apart {
    /// Nothing: one origin.
    Not,
    /// The port alone. Scripts do not cross it, but cookies know no ports.
    ByPort,
    /// The port alone, on a machine that is its own only visitor.
    ByPortHere,
    /// A host name each.
    ByHost,
}

/// How far apart the addresses of the two faces are.
pub(crate) fn apart(app_url: &str, run_url: &str) -> Apart {
    let (app, run) = (origin(app_url), origin(run_url));
    if app == run {
        Apart::Not
    } else if host(&app) != host(&run) {
        Apart::ByHost
    } else if matches!(host(&app), "127.0.0.1" | "localhost" | "[::1]") {
        Apart::ByPortHere
    } else {
        Apart::ByPort
    }
}

/// Scheme, host and port of an address, in lower case and without the scheme's own port.
fn origin(url: &str) -> String {
    let url = url.to_ascii_lowercase();
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", &url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match scheme {
        "https" => host.strip_suffix(":443"),
        _ => host.strip_suffix(":80"),
    }
    .unwrap_or(host);
    format!("{scheme}://{host}")
}

/// The host of an origin, without a port.
fn host(origin: &str) -> &str {
    let host = origin.split_once("://").map_or(origin, |it| it.1);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a page of another origin sends a request that could change something: by what the browser says of it, and by
/// the origin where it is one that does not. What comes from no page has neither.
///
/// Source: the scheme of Go's `http.CrossOriginProtection`, which needs no token in any form.
fn is_foreign(method: &Method, headers: &HeaderMap, public_url: Option<&str>) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return false;
    }
    let text = |name: &str| headers.get(name).map(|it| it.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(from) = text("origin") else { return false };
    let is_host = from.split_once("://").map(|it| it.1) == text("host");
    !is_host && public_url.map(origin).as_deref() != Some(from)
}

/// Guards everything on the app face: no page of another origin changes anything, shows it in a frame, or reads it.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    if is_foreign(request.method(), request.headers(), app.config.public_url.as_deref()) {
        return Err(Problem::cross_origin());
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|it| it.to_str().ok());
    let policy = policy.map_or(String::new(), |it| format!("{it}; "));
    if let Ok(policy) = HeaderValue::from_str(&format!("{policy}frame-ancestors 'none'")) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_are_apart_by_host_or_by_port() {
        #[rustfmt::skip]
        let cases = [
            // app                       run                          how
            ("http://127.0.0.1:8080",    "http://127.0.0.1:8081",     Apart::ByPortHere),
            ("http://localhost:8080",    "http://localhost:8081",     Apart::ByPortHere),
            ("http://[::1]:8080",        "http://[::1]:8081",         Apart::ByPortHere),
            ("http://10.0.0.7:8080",     "http://10.0.0.7:8081",      Apart::ByPort),
            ("https://learn.example",    "https://run.learn.example", Apart::ByHost),
            ("https://learn.example",    "https://Learn.example:8443", Apart::ByPort),
            ("https://learn.example",    "https://LEARN.example:443/x", Apart::Not),
            ("https://learn.example",    "https://learn.example",     Apart::Not),
        ];
        for (app, run, expected) in cases {
            assert_eq!(apart(app, run), expected, "{app} {run}");
        }
    }

    #[test]
    fn only_what_a_foreign_page_would_change_is_foreign() {
        #[rustfmt::skip]
        let cases: &[(Method, &[(&str, &str)], bool)] = &[
            (Method::POST,   &[],                                                                  false), // no browser
            (Method::POST,   &[("sec-fetch-site", "same-origin")],                                 false),
            (Method::POST,   &[("sec-fetch-site", "none")],                                        false),
            (Method::POST,   &[("sec-fetch-site", "same-site")],                                   true),  // content's port
            (Method::POST,   &[("sec-fetch-site", "cross-site")],                                  true),
            (Method::POST,   &[("sec-fetch-site", "anything")],                                    true),
            (Method::DELETE, &[("sec-fetch-site", "cross-site")],                                  true),
            (Method::GET,    &[("sec-fetch-site", "cross-site")],                                  false), // a link
            (Method::POST,   &[("origin", "https://evil.example")],                                true),
            (Method::POST,   &[("origin", "null")],                                                true),
            (Method::POST,   &[("origin", "https://learn.example")],                               false), // behind a proxy
            (Method::POST,   &[("origin", "http://127.0.0.1:8080")],                               false), // its own host
            (Method::POST,   &[("origin", "http://127.0.0.1:8081")],                               true),  // content's port
            (Method::POST,   &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
        ];
        for (method, said, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("127.0.0.1:8080"));
            for (name, value) in *said {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(
                is_foreign(method, &headers, Some("https://learn.example")),
                *expected,
                "{method} {said:?}"
            );
        }
    }
}
