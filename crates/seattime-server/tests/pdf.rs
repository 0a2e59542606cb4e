//! PDFs of packages: shown by a viewer, and given as bytes to everything else that asks.
#![cfg(test)]

use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use seattime_server::assets::FolderAssets;
use seattime_server::faults::NoFaults;
use seattime_testbed::test_server::{Answer, MANIFEST, TestServer, zip};
use serde_json::Value;

/// Bytes that nothing here reads.
const PDF: &str = "%PDF-1.4 0123456789";
const DOCUMENT: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

async fn server(is_on: bool) -> Option<TestServer> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let assets = FolderAssets { www: root.join("www"), pkg: root.join("pkg") };
    TestServer::start_with(NoFaults, assets, |it| it.pdf_viewer = is_on).await
}

/// Imports a package whose SCO is a PDF; answers the PDF's address.
async fn lesson(server: &TestServer) -> Option<String> {
    let manifest = MANIFEST.replace("index.html", "lesson.PDF");
    let zip = zip(&[("imsmanifest.xml", &manifest), ("lesson.PDF", PDF), ("index.html", "<p>Page")])?;
    let topic = server.post_bytes("/api/v1/packages?course=Course", "application/zip", zip).await?;
    let visit = server.visit(topic.body.get("topic")?.as_str()?, "anna").await?;
    Some(visit.pointer("/activities/0/url").and_then(Value::as_str)?.to_owned())
}

async fn get(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Option<Answer> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(Body::empty()).ok()?).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
}

fn is_viewer(answer: &Answer) -> bool {
    header(answer, "content-type") == "text/html; charset=utf-8"
        && String::from_utf8_lossy(&answer.bytes).contains("/pdf/viewer.js")
}

#[tokio::test]
async fn a_window_or_frame_is_answered_with_the_viewer() {
    let server = server(true).await.unwrap();
    let address = lesson(&server).await.unwrap();
    for place in ["document", "iframe", "frame", "embed", "object"] {
        let answer = get(&server, &address, &[("sec-fetch-dest", place)]).await.unwrap();
        assert_eq!((answer.status.as_u16(), is_viewer(&answer)), (200, true), "{place}");
        assert_eq!(header(&answer, "vary"), "Sec-Fetch-Dest, Accept", "{place}");
        assert_eq!(header(&answer, "cache-control"), "private, no-cache", "{place}");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    }
    let plain = get(&server, &address, &[DOCUMENT]).await.unwrap();
    assert!(is_viewer(&plain), "over plain http a browser says of itself no more than what it accepts");
}

#[tokio::test]
async fn the_viewer_is_not_sent_twice() {
    let server = server(true).await.unwrap();
    let address = lesson(&server).await.unwrap();
    let shown = get(&server, &address, &[("sec-fetch-dest", "iframe")]).await.unwrap();
    let mark = header(&shown, "etag");
    let again = [("sec-fetch-dest", "iframe"), ("if-none-match", mark)];
    let answer = get(&server, &address, &again).await.unwrap();
    assert_eq!((answer.status.as_u16(), header(&answer, "vary")), (304, "Sec-Fetch-Dest, Accept"));
    let bytes =
        get(&server, &address, &[("sec-fetch-dest", "empty"), ("if-none-match", mark)]).await.unwrap();
    assert_eq!(bytes.bytes, PDF.as_bytes(), "the mark is the viewer's, not the file's");
}

#[tokio::test]
async fn scripts_downloads_and_the_viewer_get_the_bytes() {
    let server = server(true).await.unwrap();
    let address = lesson(&server).await.unwrap();
    let marked = format!("{address}?seattime=pdf");
    let also_marked = format!("{address}?v=2&seattime=pdf");
    #[rustfmt::skip]
    let cases: &[(&str, &str, &[(&str, &str)])] = &[
        ("fetch",                  &address,     &[("sec-fetch-dest", "empty"), ("accept", "*/*")]),
        ("Chromium's download",    &address,     &[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "navigate")]),
        ("a tool",                 &address,     &[("accept", "*/*")]),
        ("a tool without a word",  &address,     &[]),
        ("the viewer",             &marked,      &[("sec-fetch-dest", "empty")]),
        ("its link to the file",   &marked,      &[("sec-fetch-dest", "document"), DOCUMENT]),
        ("beside another word",    &also_marked, &[("sec-fetch-dest", "iframe"), DOCUMENT]),
    ];
    for (what, path, headers) in cases {
        let answer = get(&server, path, headers).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.bytes.as_slice()), (200, PDF.as_bytes()), "{what}");
        assert_eq!(header(&answer, "content-type"), "application/pdf", "{what}");
        assert_eq!(header(&answer, "vary"), "Sec-Fetch-Dest, Accept", "{what}");
        assert_eq!(header(&answer, "accept-ranges"), "bytes", "{what}");
        let validators = [header(&answer, "etag"), header(&answer, "last-modified")];
        assert_eq!(validators, ["", ""], "{what}: a request broken off is not taken up for a frame");
        assert_eq!(header(&answer, "cache-control"), "private, max-age=86400, immutable", "{what}");
    }
}

#[tokio::test]
async fn ranges_are_of_the_bytes_whatever_asks() {
    let server = server(true).await.unwrap();
    let address = lesson(&server).await.unwrap();
    for path in [address.clone(), format!("{address}?seattime=pdf")] {
        for place in ["empty", "document", "embed"] {
            let asked = [("sec-fetch-dest", place), DOCUMENT, ("range", "bytes=1-3")];
            let answer = get(&server, &path, &asked).await.unwrap();
            assert_eq!(
                (answer.status.as_u16(), answer.bytes.as_slice()),
                (206, &b"PDF"[..]),
                "{path} {place}"
            );
            assert_eq!(header(&answer, "content-range"), "bytes 1-3/19", "{path} {place}");
        }
        let beyond = get(&server, &path, &[("range", "bytes=19-")]).await.unwrap();
        assert_eq!(beyond.problem(), (416, "range_beyond_end"), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_pdf_or_not_there_is_as_before() {
    let server = server(true).await.unwrap();
    let address = lesson(&server).await.unwrap();
    let page = address.replace("lesson.PDF", "index.html");
    let shown = get(&server, &page, &[("sec-fetch-dest", "iframe")]).await.unwrap();
    assert_eq!((shown.bytes.as_slice(), header(&shown, "vary")), (&b"<p>Page"[..], ""));
    for gone in [address.replace("lesson", "another"), address.replace("/content/", "/content/x")] {
        let answer = get(&server, &gone, &[("sec-fetch-dest", "iframe")]).await.unwrap();
        assert_eq!(answer.problem(), (404, "not_found"), "{gone}");
    }
}

#[tokio::test]
async fn where_the_viewer_is_off_the_browser_gets_the_pdf() {
    let server = server(false).await.unwrap();
    let address = lesson(&server).await.unwrap();
    let topic = address.split('/').nth(3).unwrap();
    let visit = server.visit(topic, "berta").await.unwrap();
    assert_eq!(visit["pdfs_unseen"], true, "the player says that reading is not seen");
    for place in ["document", "iframe", "embed", "object", "empty"] {
        let answer = get(&server, &address, &[("sec-fetch-dest", place), DOCUMENT]).await.unwrap();
        assert_eq!((answer.bytes.as_slice(), header(&answer, "vary")), (PDF.as_bytes(), ""), "{place}");
    }
}
