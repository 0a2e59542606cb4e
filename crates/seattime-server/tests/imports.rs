//! Packages with faults that leave one reading: imported, with warnings that are stored and shown, and served.
#![cfg(test)]

use seattime_testbed::test_server::{self, KEY, MANIFEST, TestServer, zip};
use serde_json::{Value, json};

/// Imports these files; returns the answer.
async fn import(server: &TestServer, files: &[(&str, &str)]) -> test_server::Answer {
    let path = "/api/v1/packages?course=Course";
    server.post_bytes(path, "application/zip", zip(files).unwrap()).await.unwrap()
}

fn codes(body: &Value) -> Vec<&str> {
    body["warnings"].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn warnings_are_answered_and_kept() {
    let server = TestServer::start().await.unwrap();
    let manifest = format!("\n{}", MANIFEST.replace("href=\"index.html\"", "href=\"Index.html\""));
    let imported = import(&server, &[("imsmanifest.xml", &manifest), ("index.html", "page")]).await;
    assert_eq!(imported.status, 201, "{}", imported.body);
    assert_eq!(codes(&imported.body), ["manifest_text_before", "href_alike"]);
    let place = |it: &Value| (it["file"].clone(), it["line"].clone(), it["severity"].clone());
    let warnings = &imported.body["warnings"];
    assert_eq!(place(&warnings[0]), (json!("imsmanifest.xml"), json!(1), json!("info")));
    assert_eq!(place(&warnings[1]), (json!("imsmanifest.xml"), json!(6), json!("info")));
    assert_eq!(imported.body["hosts"], json!([]));
    let topic = imported.body["topic"].as_str().unwrap();
    let known = server.get(&format!("/api/v1/packages/{topic}"), KEY).await.unwrap().body;
    assert_eq!(known["warnings"], *warnings);
    assert_eq!(known["hosts"], json!([]));
    // The same bytes again are the same package, with the same warnings.
    let again = import(&server, &[("imsmanifest.xml", &manifest), ("index.html", "page")]).await;
    assert_eq!((&again.body["topic"], &again.body["warnings"]), (&imported.body["topic"], warnings));
    // A warning without a place has neither file nor line.
    let odd =
        import(&server, &[("imsmanifest.xml", MANIFEST), ("index.html", "x"), ("10:30.png", "x")]).await;
    assert_eq!(codes(&odd.body), ["name_odd"]);
    assert_eq!(odd.body["warnings"][0].get("line"), None);
    let sound = import(&server, &[("imsmanifest.xml", MANIFEST), ("index.html", "page")]).await;
    assert_eq!(sound.body["warnings"], json!([]));
}

#[tokio::test]
async fn a_host_that_a_package_loads_from_is_a_warning_and_listed() {
    let server = TestServer::start().await.unwrap();
    let page = "<script src=\"https://cdn.test.org/a.js\"></script><a href=\"https://link.test.org/\">x</a>";
    let imported = import(&server, &[("imsmanifest.xml", MANIFEST), ("index.html", page)]).await;
    assert_eq!(imported.body["hosts"], json!(["cdn.test.org"]));
    assert_eq!(codes(&imported.body), ["refers_to_hosts"]);
    assert_eq!(imported.body["warnings"][0]["severity"], "warning");
    assert!(imported.body["warnings"][0]["text"].as_str().unwrap().contains("1 other host"));
    let topic = imported.body["topic"].as_str().unwrap();
    let known = server.get(&format!("/api/v1/packages/{topic}"), KEY).await.unwrap().body;
    assert_eq!((&known["hosts"], &known["warnings"]), (&imported.body["hosts"], &imported.body["warnings"]));
}

/// A page asks for its files as its author wrote their names; Windows and macOS find them in any case and form.
#[tokio::test]
async fn a_file_is_served_where_one_alone_can_be_meant() {
    let server = TestServer::start().await.unwrap();
    let files = [
        ("imsmanifest.xml", MANIFEST),
        ("index.html", "page"),
        ("Img/K\u{fc}che.png", "kitchen"),
        ("a.js", "lower"),
        ("A.js", "upper"),
    ];
    let imported = import(&server, &files).await;
    let topic = imported.body["topic"].as_str().unwrap();
    let visit = server.visit(topic, "anna").await.unwrap();
    let address = visit["activities"][0]["url"].as_str().unwrap();
    let base = address.strip_suffix("index.html").unwrap();
    #[rustfmt::skip]
    let cases = [
        // request                   answer
        ("Index.HTML",               Some(("page", "text/html"))),
        ("Img/K%C3%BCche.png",       Some(("kitchen", "image/png"))),
        ("Img/Ku%CC%88che.png",      Some(("kitchen", "image/png"))),
        ("img/KU%CC%88CHE.PNG",      Some(("kitchen", "image/png"))),
        ("img//k%C3%BCche.png",      Some(("kitchen", "image/png"))),
        ("a.js",                     Some(("lower", "text/javascript"))),
        ("A.js",                     Some(("upper", "text/javascript"))),
        ("a.JS",                     None), // which of the two?
        ("b.js",                     None),
    ];
    for (path, expected) in cases {
        let answer = server.get(&format!("{base}{path}"), "").await.unwrap();
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        match expected {
            Some((body, kind)) => {
                assert_eq!((answer.status.as_u16(), text.as_str()), (200, body), "{path}");
                let found = answer.headers["content-type"].to_str().unwrap();
                assert!(found.starts_with(kind), "{path}: {found}");
            }
            None => assert_eq!(answer.problem(), (404, "not_found"), "{path}"),
        }
    }
}

#[tokio::test]
async fn a_part_whose_file_is_missing_says_so_and_the_others_work() {
    let server = TestServer::start().await.unwrap();
    let manifest = MANIFEST
        .replace(
            "</organization>",
            "<item identifier=\"two\" identifierref=\"s\"><title>Two</title></item></organization>",
        )
        .replace(
            "</resources>",
            "<resource identifier=\"s\" adlcp:scormtype=\"sco\" href=\"sub/part 2.html\"/></resources>",
        );
    let imported = import(&server, &[("imsmanifest.xml", &manifest), ("index.html", "page")]).await;
    assert_eq!(imported.status, 201, "{}", imported.body);
    assert_eq!(imported.body["activities"], 2);
    let warning = &imported.body["warnings"][0];
    assert_eq!((&warning["code"], &warning["severity"]), (&json!("resource_missing"), &json!("error")));
    for part in ["\"Two\"", "\"sub/part 2.html\"", "\"s\"", "\"two\""] {
        assert!(warning["text"].as_str().unwrap().contains(part), "{warning}");
    }
    let topic = imported.body["topic"].as_str().unwrap();
    let visit = server.visit(topic, "anna").await.unwrap();
    let parts = visit["activities"].as_array().unwrap();
    assert_eq!(parts[0].get("missing_file"), None);
    assert!(parts[0]["url"].as_str().unwrap().starts_with("/content/"));
    assert_eq!(parts[1]["missing_file"], "sub/part 2.html");
    assert_eq!(parts[1]["url"], "/player/missing.html#sub/part%202.html");
    let known = server.get(&format!("/api/v1/packages/{topic}"), KEY).await.unwrap().body;
    assert_eq!(known["activities"][1]["missing_file"], "sub/part 2.html");
    // The only part is refused, and the sentence names resource and item.
    let alone = MANIFEST.replace("href=\"index.html\"", "href=\"\"");
    let refused = import(&server, &[("imsmanifest.xml", &alone), ("index.html", "page")]).await;
    assert_eq!(refused.problem(), (422, "manifest_bad_href"));
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("the resource \"r\"") && detail.contains("the item \"item\""), "{detail}");
}

/// Spec: CAM, *item*, attribute *isvisible*: it hides the title, and not the activity.
#[tokio::test]
async fn a_hidden_activity_is_there_and_marked() {
    let server = TestServer::start().await.unwrap();
    let item = "<item identifier=\"quiz\" identifierref=\"r\" isvisible=\"false\"><title>Quiz</title></item>";
    let manifest = MANIFEST.replace("</organization>", &format!("{item}</organization>"));
    let imported = import(&server, &[("imsmanifest.xml", &manifest), ("index.html", "page")]).await;
    let topic = imported.body["topic"].as_str().unwrap();
    let visit = server.visit(topic, "anna").await.unwrap();
    let parts = visit["activities"].as_array().unwrap();
    let marks: Vec<_> = parts.iter().map(|it| (it["id"].clone(), it.get("is_visible").cloned())).collect();
    assert_eq!(marks, [(json!("item"), None), (json!("quiz"), Some(json!(false)))]);
    let known = server.get(&format!("/api/v1/packages/{topic}"), KEY).await.unwrap().body;
    assert_eq!(known["activities"][1]["is_visible"], false);
    assert_eq!(imported.body["warnings"], json!([]), "the standard has it");
}
