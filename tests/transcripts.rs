//! Replays `transcripts/` over the core: one file a clause, one line a call, as the player would log it.
#![cfg(not(target_arch = "wasm32"))]

mod replay;

use std::fs;
use std::path::{Path, PathBuf};

use replay::Replay;
use seattime_core::Version;
use serde_json::Value;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|it| it == "jsonl") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A long text is written as its repeated character and its length: `["x", 4097]`.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(pair) => {
            Some(pair.first()?.as_str()?.repeat(usize::try_from(pair.get(1)?.as_u64()?).ok()?))
        }
        _ => None,
    }
}

#[test]
fn every_transcript_is_answered_as_it_says() {
    let all = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts"));
    assert!(all.len() >= 12, "{} transcripts", all.len());
    let mut calls = 0;
    for path in &all {
        let lines = fs::read_to_string(path).unwrap();
        let mut lines = lines.lines().map(|it| serde_json::from_str::<Value>(it).unwrap());
        let mut replay = Replay::start(&lines.next().unwrap()).unwrap();
        for (line, n) in lines.zip(2..) {
            let arguments: Vec<String> = line[1].as_array().unwrap().iter().filter_map(text).collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let actual = replay.call(line[0].as_str().unwrap(), &arguments).unwrap();
            let expected = (text(&line[2]).unwrap(), line[3].as_u64().unwrap() as u32);
            assert_eq!(actual, expected, "{}:{n}: {line}", path.display());
            calls += 1;
        }
    }
    println!("{calls} calls of {} transcripts", all.len());
}

/// Every row of both tables is met by a transcript, so that none is there unshown.
#[test]
fn every_element_is_met_by_a_transcript() {
    let all = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts"));
    for (version, folder) in [(Version::V12, "/1.2/"), (Version::V2004, "/2004/")] {
        let told: String = all
            .iter()
            .filter(|it| it.to_string_lossy().contains(folder))
            .filter_map(|it| fs::read_to_string(it).ok())
            .collect();
        for element in version.elements() {
            assert!(told.contains(&format!("\"{}\"", element.name)), "{version:?} {}", element.name);
        }
    }
}
