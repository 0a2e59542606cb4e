//! Why the binary does not start: one clear line and an exit code, never a backtrace.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `seattime`, as somebody who wants to see backtraces.
fn seattime(arguments: &[&str], data: &Path) -> Option<Output> {
    Command::new(env!("CARGO_BIN_EXE_seattime"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .env("RUST_BACKTRACE", "1")
        .env_remove("SEATTIME_API_KEY")
        .output()
        .ok()
}

/// The one line that it ended with.
fn refusal(output: &Output) -> Option<String> {
    let text = String::from_utf8(output.stderr.clone()).ok()?;
    let line = text.trim_end_matches('\n');
    (output.status.code() == Some(1) && !line.contains('\n') && line.starts_with("seattime: "))
        .then(|| line.to_owned())
}

#[test]
fn a_port_that_is_taken_is_named_with_a_way_out() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let output = seattime(&["serve", "--port", &address.port().to_string()], data.path()).unwrap();
    let line = refusal(&output).unwrap_or_else(|| panic!("{output:?}"));
    assert!(line.contains(&address.to_string()) && line.contains("--port"), "{line}");
}

#[test]
fn a_data_folder_that_cannot_be_is_named_with_a_way_out() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    // With a key of its own and without: the folder is met at different places.
    for extra in [&[][..], &["--api-key", "a key of ten or more"]] {
        let output = seattime(&[&["serve", "--port", "0"], extra].concat(), &file.join("data")).unwrap();
        let line = refusal(&output).unwrap_or_else(|| panic!("{output:?}"));
        assert!(line.contains("file/data") && line.contains("--data"), "{line}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "no folder");
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("seattime.db");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
    let before = std::fs::read(&path).unwrap();
    let output = seattime(&["serve", "--port", "0"], data.path()).unwrap();
    let line = refusal(&output).unwrap_or_else(|| panic!("{output:?}"));
    assert!(line.contains("999") && line.contains("newer version"), "{line}");
    assert!(std::fs::read(&path).unwrap() == before, "it was written to");
}

#[test]
fn what_is_no_database_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("seattime.db");
    std::fs::write(&path, "this was never a database, and is long enough to be taken for one".repeat(100))
        .unwrap();
    let output = seattime(&["serve", "--port", "0"], data.path()).unwrap();
    let line = refusal(&output).unwrap_or_else(|| panic!("{output:?}"));
    assert!(line.contains("seattime.db") && line.contains("not a database"), "{line}");
}

#[test]
fn a_package_that_is_none_is_refused_by_name_and_code() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("photo.zip");
    std::fs::write(&file, "GIF89a").unwrap();
    let output = seattime(&["import", file.to_str().unwrap()], data.path()).unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("photo.zip") && text.contains("(package_not_zip)") && text.contains("1 of 1"),
        "{text}"
    );
}

#[test]
fn a_damaged_database_is_refused_before_anything_is_built_on_it() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("seattime.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(3000)), (zeroblob(3000))")
        .unwrap();
    drop(database);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4_096..4_200].fill(0xff); // The head of the table's first page.
    std::fs::write(&path, &bytes).unwrap();
    let output = seattime(&["serve", "--port", "0"], data.path()).unwrap();
    let line = refusal(&output).unwrap_or_else(|| panic!("{output:?}"));
    assert!(line.contains("seattime.db is damaged") && line.contains("backup"), "{line}");
}
