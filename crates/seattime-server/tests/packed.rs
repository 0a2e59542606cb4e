//! Messages that are packed on their way, as pages do with long ones, and what claims to be one.

use axum::body::Body;
use axum::http::Request;
use seattime_testbed::test_server::{TestServer, commit};
use serde_json::{Value, json};

const COMMITS: &str = "/run/v1/commits";

#[tokio::test]
async fn what_is_packed_is_taken_as_if_it_were_not_and_never_unpacked_beyond_what_is_taken() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    let long = commit(&visit, 1, 60, &"x".repeat(40_000)).to_string();
    let packed = gzip(long.as_bytes()).unwrap();
    assert!(packed.len() < 2_000, "{} bytes", packed.len());
    // Ten million zeros, packed, in some ten kB: what they would unpack to is never seen.
    let bomb = gzip(&vec![b'0'; 10_000_000]).unwrap();
    assert!(bomb.len() < 20_000);
    // What is as long as may be, and what is a byte longer: spaces around JSON say nothing.
    let padded = |bytes: usize| gzip(format!("{long}{}", " ".repeat(bytes - long.len())).as_bytes()).unwrap();
    #[rustfmt::skip]
    let cases: &[(Vec<u8>, u16, &str)] = &[
        (bomb,                                                        413, "too_large"),
        (padded(256 * 1024 + 1),                                      413, "too_large"),
        (long.as_bytes().to_vec(),                                    400, "bad_gzip"), // It is not packed.
        (Vec::new(),                                                  400, "bad_gzip"),
        (packed[..packed.len() / 2].to_vec(),                         400, "bad_gzip"),
        (packed[..packed.len() - 1].to_vec(),                         400, "bad_gzip"), // Its length is cut off.
        ([packed.as_slice(), packed.as_slice()].concat(),             400, "bad_gzip"), // Two in one.
        (gzip(&packed).unwrap(),                                      400, "bad_json"),
    ];
    for (body, status, code) in cases {
        let answer = server.send(in_gzip(body).unwrap()).await.unwrap();
        assert_eq!(answer.problem(), (*status, *code), "{} bytes", body.len());
    }
    assert_eq!(server.told_rows().await.unwrap(), Vec::<Value>::new(), "nothing was kept");

    let kept = server.send(in_gzip(&packed).unwrap()).await.unwrap();
    assert_eq!((kept.status.as_u16(), &kept.body["acked"]), (200, &json!(1)));
    // The same as it is, and with all the room there is, says nothing new.
    for body in [packed, padded(256 * 1024)] {
        assert_eq!(server.send(in_gzip(&body).unwrap()).await.unwrap().status, 200);
    }
    assert_eq!(server.rows().await.unwrap().len(), 1);
}

/// A commit whose body is packed, or says so.
fn in_gzip(body: &[u8]) -> axum::http::Result<Request<Body>> {
    let request =
        Request::post(COMMITS).header("content-type", "application/json").header("content-encoding", "gzip");
    request.body(Body::from(body.to_vec()))
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(plain)?;
    gzip.finish()
}
