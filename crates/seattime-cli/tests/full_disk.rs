//! A disk without room, a real one of a few MB: what is answered, and that it recovers by itself.
//!
//! It is a tmpfs in a mount namespace of the server's own, so it takes root, or user namespaces. Where neither is to be
//! had, the test says so and shows nothing.
#![cfg(target_os = "linux")]

mod running;

use seattime_testing::need::Need;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use running::{Running, arguments, commit};
use serde_json::{Value, json};

const COMMITS: &str = "/run/v1/commits";

/// A command that runs `then` beside a disk of 6 MB at `folder`, in whichever namespace this user may make.
fn beside_a_disk(folder: &Path, namespace: &[&str], then: &str) -> Command {
    let mut command = Command::new("unshare");
    let script = format!("mount -t tmpfs -o size=6m none \"$0\" && {then}");
    command.args(namespace).args(["sh", "-c", &script]).arg(folder);
    command
}

/// How this user may mount, if at all.
fn namespace(folder: &Path) -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["-m"], &["-m", "-U", "-r"]];
    let works = |way: &&&[&str]| {
        let tried = beside_a_disk(folder, way, "true").output();
        tried.is_ok_and(|it| it.status.success())
    };
    ways.iter().find(works).copied()
}

/// Writes until nothing more fits.
fn fill(file: &Path) -> bool {
    let Ok(mut file) = OpenOptions::new().create(true).append(true).open(file) else { return false };
    for size in [64 * 1024, 4_096, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
    true
}

fn spent(server: &Running) -> Option<Value> {
    Some(server.get("/api/v1/report")?.body.get("rows")?.get(0)?.get("last_visit_ms")?.clone())
}

#[test]
fn a_full_disk_is_507_until_there_is_room_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let Some(namespace) = namespace(&data) else {
        return Need::Mount.skip();
    };
    let mut command = beside_a_disk(&data, namespace, "exec \"$@\"");
    command.arg(env!("CARGO_BIN_EXE_seattime")).args(arguments(&data));
    let server = Running::spawn(command, &data).unwrap();
    // The disk as the server sees it.
    let seen = format!("/proc/{}/root{}", server.child.id(), data.display());
    let filler = PathBuf::from(seen).join("filler");

    let visit = server.visit("anna").unwrap();
    assert_eq!(server.post(COMMITS, &commit(&visit, 1, "page-1")).unwrap().status, 200);
    let before = spent(&server).unwrap();
    // One more, so that the report has a row to derive while there is no room to keep it.
    assert_eq!(server.post(COMMITS, &commit(&visit, 2, "page-2")).unwrap().status, 200);
    assert!(fill(&filler));

    // What fits into what the database holds already may still be kept; before long nothing does.
    let mut acked = 2;
    let mut full = None;
    for seq in 3..200 {
        let mut body = commit(&visit, seq, &format!("page-{seq}"));
        body["sessions"][0]["set"]["cmi.suspend_data"] = json!([format!("{seq} ").repeat(20_000), seq]);
        let answer = server.post(COMMITS, &body).unwrap();
        if answer.status != 200 {
            full = Some((body, answer));
            break;
        }
        acked = seq;
    }
    let (body, answer) = full.unwrap();
    assert_eq!((answer.status, answer.code()), (507, "disk_full"), "{}", answer.body);
    assert_eq!(answer.header("retry-after"), Some("30"));
    assert_eq!(server.get("/livez").unwrap().status, 200);
    assert_eq!(server.get("/readyz").unwrap().status, 200, "it can be read from");
    assert!(spent(&server).unwrap().as_i64() >= before.as_i64(), "the report goes on");
    assert_eq!(server.get("/api/v1/packages").unwrap().status, 200);
    for _ in 0..3 {
        assert_eq!(server.post(COMMITS, &body).unwrap().status, 507, "again and again");
    }

    std::fs::remove_file(&filler).unwrap();
    let answer = server.post(COMMITS, &body).unwrap();
    assert_eq!((answer.status, &answer.body["acked"]), (200, &json!(acked + 1)), "{}", answer.body);
    let logged = server.logged().unwrap();
    assert!(logged.contains("disk is full") && !logged.contains("panicked"), "{logged}");

    // The next visit reads what was set while there was no room.
    let next = server.visit("anna").unwrap();
    assert_eq!(next["values"]["item"]["cmi.core.lesson_location"], format!("page-{}", acked + 1));
}
