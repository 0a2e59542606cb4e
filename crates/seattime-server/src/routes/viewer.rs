//! The viewer of PDFs: shown in the place of a package's PDF where a window or frame asks for it.
//!
//! What a learner does inside a browser's own viewer is seen by no page. This one is an ordinary page of content's
//! origin, so the run-time sees it as it sees any frame.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;

use super::pages;
use crate::app::App;

/// The type of the files that it shows.
const PDF: &str = "application/pdf";
/// The parameter of an address that asks for the bytes of a PDF, whatever asks.
const BYTES: &str = "seattime=pdf";
/// What a request's `Sec-Fetch-Dest` says where a document is shown: in a window, or in a part of a page.
const SHOWN_IN: &[&str] = &["document", "iframe", "frame", "embed", "object"];
/// Which headers of a request the answer depends on.
const VARY: HeaderValue = HeaderValue::from_static("Sec-Fetch-Dest, Accept");
/// Our own scripts and styles, and what a PDF brings: pictures and fonts. No script of a PDF runs.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
                      font-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; form-action 'none'; \
                      base-uri 'none'; object-src 'none'";

/// Returns the viewer if it is to be shown instead of the bytes of a file of this type. A server without pages has none.
pub(crate) fn instead_of(app: &App, kind: Option<&str>, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    if !app.config.pdf_viewer || kind != Some(PDF) || !is_shown(uri, headers) {
        return None;
    }
    let mut response = pages::file(app, headers, "pdf", "index.html").ok()?;
    let headers = response.headers_mut();
    headers.insert(header::VARY, VARY);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let policy = format!("{POLICY}{}", app.config.embed_origins.directive());
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).ok()?);
    Some(response)
}

/// Says of an answer with bytes of a file of this type that another request may get the viewer.
///
/// It has no validator: by one, a browser that broke off an embed's request would ask for the rest of these bytes where a
/// frame at the same address is to show the viewer.
pub(crate) fn note_bytes(app: &App, kind: Option<&str>, headers: &mut HeaderMap) {
    if app.config.pdf_viewer && kind == Some(PDF) {
        headers.insert(header::VARY, VARY);
        headers.remove(header::ETAG);
        headers.remove(header::LAST_MODIFIED);
    }
}

/// Returns true if what is asked for is shown as a document, and not read by a script, a download or a tool.
///
/// A browser says so by `Sec-Fetch-Dest`; over plain http from another machine it does not, and a document is then known
/// by its `Accept`.
fn is_shown(uri: &Uri, headers: &HeaderMap) -> bool {
    let asks_for_bytes = uri.query().is_some_and(|it| it.split('&').any(|it| it == BYTES));
    if asks_for_bytes || headers.contains_key(header::RANGE) {
        return false;
    }
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    match text("sec-fetch-dest") {
        Some(place) => SHOWN_IN.contains(&place),
        None => text("accept").is_some_and(|it| it.split(',').any(|it| it.trim().starts_with("text/html"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Chromium 156 and Firefox 153 send them.
    #[test]
    fn what_a_request_shows_is_told_by_its_headers() {
        const DOCUMENT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        #[rustfmt::skip]
        let cases = [
            // what                     query             Sec-Fetch-Dest    Accept           Range         shown
            ("a window",                "",               Some("document"), Some(DOCUMENT),  None,         true),
            ("a frame",                 "",               Some("iframe"),   Some(DOCUMENT),  None,         true),
            ("a frameset",              "",               Some("frame"),    Some(DOCUMENT),  None,         true),
            ("Firefox's embed",         "",               Some("embed"),    Some("*/*"),     None,         true),
            ("Firefox's object",        "?a=1",           Some("object"),   Some("*/*"),     None,         true),
            ("fetch",                   "",               Some("empty"),    Some("*/*"),     None,         false),
            ("fetch that wants pages",  "",               Some("empty"),    Some(DOCUMENT),  None,         false),
            ("Chromium's download",     "",               Some("empty"),    None,            None,         false),
            ("a picture",               "",               Some("image"),    Some("image/*"), None,         false),
            ("the viewer itself",       "?seattime=pdf",  Some("document"), Some(DOCUMENT),  None,         false),
            ("its bytes, asked for",    "?a=1&seattime=pdf", Some("iframe"), Some(DOCUMENT), None,         false),
            ("another parameter",       "?seattime=pdfs", Some("document"), Some(DOCUMENT),  None,         true),
            ("a part of it",            "",               Some("document"), Some(DOCUMENT),  Some("bytes=0-9"), false),
            ("a window, plain http",    "",               None,             Some(DOCUMENT),  None,         true),
            ("a tool",                  "",               None,             Some("*/*"),     None,         false),
            ("a tool without a word",   "",               None,             None,            None,         false),
        ];
        for (what, query, place, accept, range, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in [("sec-fetch-dest", place), ("accept", accept), ("range", range)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            let uri: Uri = format!("/content/g/p/lesson.pdf{query}").parse().unwrap();
            assert_eq!(is_shown(&uri, &headers), expected, "{what}");
        }
    }
}
