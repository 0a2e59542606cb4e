//! `tenant` and `account` as whoever runs a server meets them, beside the running server.

mod running;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use running::Running;
use serde_json::json;

/// What the command says, apart for its two outputs, and how it ends.
fn seattime(arguments: &[&str], data: &Path, input: &str) -> Option<(Option<i32>, String, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seattime"));
    command.args(arguments).arg("--data").arg(data).env_remove("SEATTIME_DATABASE");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let _ = child.stdin.take()?.write_all(input.as_bytes()); // It may have ended without reading.
    let output = child.wait_with_output().ok()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    Some((output.status.code(), text(output.stdout), text(output.stderr)))
}

#[test]
fn tenants_and_accounts_are_added_beside_the_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Running::start(&data, &[]).unwrap();
    let (code, key, said) = seattime(&["tenant", "add", "Harbour"], &data, "").unwrap();
    assert!(code == Some(0) && key.starts_with("seattime_") && said.contains("this once"), "{said}");
    let (code, _, said) = seattime(&["tenant", "add", "Harbour"], &data, "").unwrap();
    assert!(code == Some(1) && said.contains("already"), "{said}");

    let add = ["account", "add", "Anna@example.org", "--tenant", "Harbour", "--role", "admin"];
    let (code, said, error) = seattime(&add, &data, "a horse, correct\n").unwrap();
    assert!(code == Some(0) && said.contains("anna@example.org"), "{said}{error}");
    let login = json!({ "name": "anna@example.org", "password": "a horse, correct" });
    let me = server.post("/login", &login).unwrap();
    assert_eq!(
        me.body,
        json!({ "role": "admin", "name": "anna@example.org", "tenant": "Harbour" }),
        "{}",
        me.head
    );

    for (arguments, input, words) in [
        (&add[..], "a horse, correct\n", "already"),
        (
            &["account", "add", "b", "--tenant", "Nowhere", "--role", "admin"],
            "a horse, correct\n",
            "no tenant Nowhere",
        ),
        (&["account", "add", "b", "--role", "admin"], "short\n", "10"),
        (&["account", "add", "b", "--role", "admin", "--group", "Deck"], "", "see everybody"),
    ] {
        let (code, _, said) = seattime(arguments, &data, input).unwrap();
        assert!(code == Some(1) && said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn learners_are_never_sent_to_an_address_that_only_this_machine_knows() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = |options: &[&str]| {
        let serve = [&["serve", "--port", "0"], options].concat();
        seattime(&serve, &data, "").unwrap()
    };
    let (code, _, said) = start(&["--public-url", "https://learn.example"]);
    assert!(code == Some(2) && said.contains("--run-url"), "{said}");
    let one = ["--public-url", "https://learn.example", "--run-url", "https://learn.example:443/"];
    let (code, _, said) = start(&one);
    assert!(code == Some(1) && said.contains("host name of its own"), "{said}");
    // One host with two ports works, and is warned of.
    let two = ["--public-url", "https://learn.example", "--run-url", "https://learn.example:8443"];
    let server = Running::start(&data, &two).unwrap();
    assert!(server.logged().unwrap().contains("share a host name"), "{:?}", server.logged());
}
