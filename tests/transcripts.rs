//! Replays `transcripts/` over the core: one file a clause, one line a call, as the player would log it.
#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::path::{Path, PathBuf};

use seattime_core::session::Kind;
use seattime_core::time::{CreditPolicy, PresencePolicy};
use seattime_core::visit::Document;
use seattime_core::{Instant, Refusal, Version, Visit};
use serde_json::Value;

/// A visit under the calls of a transcript.
struct Replay {
    visit: Visit,
    version: Version,
    last: u32,
}

impl Replay {
    /// `head` names the version, and values that the manifest and the server set.
    fn start(head: &Value) -> Option<Replay> {
        let version = match head["version"].as_str()? {
            "1.2" => Version::V12,
            "2004" => Version::V2004,
            _ => return None,
        };
        let mut visit = Visit::open(
            version,
            PresencePolicy::default(),
            CreditPolicy::Corroborated,
            30_000,
            Instant::default(),
            true,
        );
        visit.add_activity("item", Kind::Sco, 1);
        for (name, value) in head["given"].as_object().into_iter().flatten() {
            visit.preset(name, value.as_str()?);
        }
        visit.launch(Instant::default(), 0);
        Some(Replay { visit, version, last: 0 })
    }

    /// Answers as the API would: a text, and the error code afterwards.
    fn call(&mut self, function: &str, arguments: &[&str]) -> Option<(String, u32)> {
        let argument = |n: usize| arguments.get(n).copied().unwrap_or_default();
        let empty = |text: &str| if text.is_empty() { Ok(()) } else { Err(Refusal::Argument) };
        let now = Instant::default();
        let visit = &mut self.visit;
        let answer = match function.strip_prefix("LMS").unwrap_or(function) {
            "Initialize" => {
                empty(argument(0)).and_then(|()| visit.initialize(now, Document::Same)).map(|()| "true")
            }
            "Finish" | "Terminate" => empty(argument(0)).and_then(|()| visit.terminate(now)).map(|()| "true"),
            "Commit" => empty(argument(0)).and_then(|()| visit.commit()).map(|()| "true"),
            "SetValue" => {
                let (name, value) = (argument(0), argument(1));
                let units = value.encode_utf16().count() as u32;
                visit.settable(name).and_then(|it| visit.set(it, value, units, || now)).map(|()| "true")
            }
            "GetValue" => visit.gettable(argument(0)).and_then(|it| visit.get(it)),
            "GetLastError" => return Some((self.last.to_string(), self.last)),
            "GetErrorString" => {
                let text = self.version.error_text(argument(0).parse().ok()?);
                return Some((text.to_owned(), self.last));
            }
            _ => return None,
        };
        let otherwise = if function.ends_with("GetValue") { "" } else { "false" };
        let text = answer.unwrap_or(otherwise).to_owned();
        self.last = answer.err().map_or(0, |it| self.version.code(it));
        Some((text, self.last))
    }
}

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
