//! Byte ranges of files of packages, as players of video ask for them (RFC 9110, *Range Requests*).
#![cfg(test)]

use axum::body::Body;
use axum::http::{Method, Request};
use seattime_testbed::test_server::{Answer, TestServer};

const FILM: &[u8] = include_bytes!("../../../tests/media/film.webm");

/// A server with a film, and the address at which it plays.
async fn film() -> (TestServer, String) {
    let server = TestServer::start().await.unwrap();
    let film = server.media(&[("title", b"A film"), ("file", FILM)]).await.unwrap();
    let visit = server.visit(&film, "anna").await.unwrap();
    let source = visit["activities"][0]["media"]["source"].as_str().unwrap().to_owned();
    (server, source)
}

async fn ask(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map(|it| it.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn each_range_that_a_browser_sends_is_answered() {
    let (server, source) = film().await;
    let size = FILM.len();
    let last = size - 1;
    #[rustfmt::skip]
    let cases = [
        // who sends it                       range                         first    last
        ("Chromium and Firefox, at first",    "bytes=0-".to_owned(),        Some((0, last))),
        ("Chromium and Firefox, after a seek", "bytes=1000-".to_owned(),    Some((1_000, last))),
        ("Safari, to see whether it may",     "bytes=0-1".to_owned(),       Some((0, 1))),
        ("Safari, then",                      format!("bytes=0-{last}"),    Some((0, last))),
        ("a part",                            "bytes=100-199".to_owned(),   Some((100, 199))),
        ("the last byte",                     format!("bytes={last}-"),     Some((last, last))),
        ("more than there is",                "bytes=0-99999999".to_owned(), Some((0, last))),
        ("a suffix",                          "bytes=-100".to_owned(),      Some((size - 100, last))),
        ("a suffix of more than there is",    "bytes=-99999999".to_owned(), Some((0, last))),
        ("several at once",                   "bytes=0-1,5-6".to_owned(),   None),
        ("several, one after the other",      "bytes=0-1, 5-6,-3".to_owned(), None),
        ("another unit",                      "items=0-1".to_owned(),       None),
    ];
    for (what, range, expected) in cases {
        let answer = ask(&server, &source, &[("range", &range)]).await;
        let Some((first, end)) = expected else {
            assert_eq!(
                (answer.status.as_u16(), answer.bytes.as_slice()),
                (200, FILM),
                "{what}: the whole is an answer"
            );
            assert_eq!(header(&answer, "content-range"), "", "{what}");
            continue;
        };
        assert_eq!(answer.status, 206, "{what}");
        assert_eq!(header(&answer, "content-range"), format!("bytes {first}-{end}/{size}"), "{what}");
        assert_eq!(header(&answer, "content-length"), (end - first + 1).to_string(), "{what}");
        assert_eq!(answer.bytes, FILM[first..=end], "{what}");
        assert_eq!(header(&answer, "content-type"), "video/webm", "{what}");
        assert!(
            header(&answer, "content-security-policy").contains("default-src"),
            "{what}: its headers stay"
        );
        assert!(header(&answer, "cache-control").contains("immutable"), "{what}");
    }
    let whole = ask(&server, &source, &[]).await;
    assert_eq!((whole.status.as_u16(), header(&whole, "accept-ranges")), (200, "bytes"));
    assert_eq!(header(&whole, "content-length"), size.to_string());
}

#[tokio::test]
async fn a_range_beyond_the_end_is_refused_with_the_size() {
    let (server, source) = film().await;
    for range in [format!("bytes={}-", FILM.len()), "bytes=99999999-".to_owned(), "bytes=-0".to_owned()] {
        let answer = ask(&server, &source, &[("range", &range)]).await;
        assert_eq!(answer.problem(), (416, "range_beyond_end"), "{range}");
        assert_eq!(header(&answer, "content-range"), format!("bytes */{}", FILM.len()), "{range}");
    }
}

#[tokio::test]
async fn a_range_of_another_version_gets_the_whole() {
    let (server, source) = film().await;
    let whole = ask(&server, &source, &[]).await;
    let (tag, date) = (header(&whole, "etag").to_owned(), header(&whole, "last-modified").to_owned());
    assert!(tag.starts_with('"') && date.ends_with("GMT"), "{tag} {date}");
    for (what, validator, status) in [
        ("the tag", tag.clone(), 206),
        ("the date", date, 206),
        ("another tag", "\"other\"".to_owned(), 200),
        ("a weak tag", format!("W/{tag}"), 200),
        ("another date", "Thu, 01 Jan 1970 00:00:00 GMT".to_owned(), 200),
        ("no validator at all", "?".to_owned(), 200),
    ] {
        let answer = ask(&server, &source, &[("range", "bytes=10-19"), ("if-range", &validator)]).await;
        assert_eq!(answer.status, status, "{what}");
        let expected = if status == 206 { &FILM[10..20] } else { FILM };
        assert_eq!(answer.bytes, expected, "{what}");
    }
    let beyond = [("range", "bytes=99999999-"), ("if-range", "\"other\"")];
    assert_eq!(ask(&server, &source, &beyond).await.status, 200, "the range is not looked at");
}

#[tokio::test]
async fn a_file_that_is_still_current_is_not_sent_again() {
    let (server, source) = film().await;
    let tag = header(&ask(&server, &source, &[]).await, "etag").to_owned();
    let answer = ask(&server, &source, &[("if-none-match", &tag)]).await;
    assert_eq!((answer.status.as_u16(), answer.bytes.len()), (304, 0));
    assert!(header(&answer, "cache-control").contains("immutable"));
    let head = Request::builder().method(Method::HEAD).uri(&source).body(Body::empty()).unwrap();
    let head = server.send(head).await.unwrap();
    assert_eq!((head.status.as_u16(), head.bytes.len()), (200, 0));
    assert_eq!(header(&head, "content-length"), FILM.len().to_string());
}
