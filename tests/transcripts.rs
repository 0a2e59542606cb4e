//! Replays `transcripts/` over the core: one file a clause, one line a call, as the player would log it.
#![cfg(not(target_arch = "wasm32"))]

mod replay;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use replay::Replay;
use seattime_core::error::{TEXTS_12, TEXTS_2004};
use seattime_core::value::surrogates::from_units;
use seattime_core::{Access, ElementId, Version};
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
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(pair) => {
            Some(pair.first()?.as_str()?.repeat(usize::try_from(pair.get(1)?.as_u64()?).ok()?))
        }
        _ => None,
    }
}

/// JSON as a page wrote it, with surrogates that have no partner (`\ud83d`) as the run-time holds them.
fn without_halves(json: &str) -> String {
    let mut units = Vec::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let code = rest.strip_prefix("\\u").and_then(|it| u16::from_str_radix(it.get(..4)?, 16).ok());
        let size = match code.filter(|it| (0xd800..0xe000).contains(it)) {
            Some(code) => {
                units.push(code);
                6
            }
            None => {
                // What is escaped behind a backslash is no beginning of its own.
                let size = if first == '\\' { 2 } else { first.len_utf8() };
                units.extend(rest[..size].encode_utf16());
                size
            }
        };
        rest = &rest[size..];
    }
    from_units(units)
}

/// A call of a transcript: function without its prefix, arguments, answer, error code.
struct Line {
    at: String,
    function: String,
    arguments: Vec<String>,
    answer: String,
    code: u32,
}

/// Every transcript: its head, and its calls; nothing where one of them cannot be read.
fn transcripts() -> Option<Vec<(Value, Vec<Line>)>> {
    let all = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts"));
    all.iter().map(|it| transcript(it)).collect()
}

fn transcript(path: &Path) -> Option<(Value, Vec<Line>)> {
    let text = fs::read_to_string(path).ok()?;
    let text = without_halves(&text);
    let mut lines = text.lines();
    let head = serde_json::from_str(lines.next()?).ok()?;
    let call = |(line, n): (&str, u32)| {
        let line: Value = serde_json::from_str(line).ok()?;
        Some(Line {
            at: format!("{}:{n}", path.display()),
            function: line.get(0)?.as_str()?.trim_start_matches("LMS").to_owned(),
            arguments: line.get(1)?.as_array()?.iter().map(text_of).collect::<Option<_>>()?,
            answer: text_of(line.get(2)?)?,
            code: u32::try_from(line.get(3)?.as_u64()?).ok()?,
        })
    };
    Some((head, lines.zip(2..).map(call).collect::<Option<_>>()?))
}

#[test]
fn every_transcript_is_answered_as_it_says() {
    let all = transcripts().unwrap();
    let (mut calls, mut wrong) = (0, Vec::new());
    for (head, lines) in &all {
        let mut replay = Replay::start(head).unwrap();
        for line in lines {
            let arguments: Vec<&str> = line.arguments.iter().map(String::as_str).collect();
            let (answer, code) = replay.call(&line.function, &arguments).unwrap();
            if (answer.as_str(), code) != (line.answer.as_str(), line.code) {
                let cut = |it: &str| it.chars().take(60).collect::<String>();
                let (call, told) = (cut(&arguments.join(", ")), cut(&answer));
                let expected = cut(&line.answer);
                let at = &line.at;
                wrong.push(format!(
                    "{at}: {call} answered {told:?} {code}, expected {expected:?} {}",
                    line.code
                ));
            }
            calls += 1;
        }
    }
    println!("{calls} calls of {} transcripts", all.len());
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(calls > 1_000, "{calls} calls");
}

fn version_of(head: &Value) -> Version {
    if head.get("version").is_some_and(|it| it == "1.2") { Version::V12 } else { Version::V2004 }
}

/// What transcripts show of an element.
#[derive(Debug, Default)]
struct Shown {
    /// It is read before it is set.
    first_read: bool,
    /// It is set, and reads what was set.
    round_trip: bool,
    is_set: bool,
    /// A value is refused for its type or its range.
    illegal: bool,
    /// It is set or read although it may not be.
    forbidden: bool,
}

/// Every row of both tables is shown: its first read, a round trip, an illegal value, the access that it forbids.
#[test]
fn every_element_is_shown_by_transcripts() {
    let mut shown: HashMap<(bool, ElementId), Shown> = HashMap::new();
    for (head, lines) in transcripts().unwrap() {
        let version = version_of(&head);
        let mut set: HashMap<&str, &str> = HashMap::new();
        for line in &lines {
            let Some(name) = line.arguments.first().map(String::as_str) else { continue };
            let Ok(place) = version.look_up(name) else { continue };
            let row = version.element(place.element).unwrap();
            let it = shown.entry((version == Version::V12, place.element)).or_default();
            match (line.function.as_str(), line.code) {
                ("GetValue", 201 | 301) if row.is_in_record => it.first_read |= !set.contains_key(name),
                ("GetValue", 0 | 403) => {
                    it.first_read |= !set.contains_key(name);
                    it.round_trip |= line.code == 0 && set.get(name) == Some(&line.answer.as_str());
                }
                ("GetValue", 404 | 405) => it.forbidden |= row.access == Access::WriteOnly,
                ("SetValue", 0) => {
                    it.is_set = true;
                    set.insert(name, line.arguments.get(1).unwrap());
                }
                ("SetValue", 402..=404) => it.forbidden = true,
                ("SetValue", 405..=407) => it.illegal = true,
                _ => {}
            }
        }
    }
    let mut missing = Vec::new();
    for version in [Version::V12, Version::V2004] {
        for (row, number) in version.elements().iter().zip(0..) {
            let it = shown.remove(&(version == Version::V12, ElementId(number))).unwrap_or_default();
            let is_whole = match row.access {
                Access::Keyword | Access::ReadOnly => it.first_read && it.forbidden,
                Access::ReadWrite => it.first_read && it.round_trip && it.illegal,
                Access::WriteOnly => it.is_set && it.illegal && it.forbidden,
            };
            if !is_whole {
                missing.push(format!("{version:?} {}: {it:?}", row.name));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Every error code that content can meet is met.
#[test]
fn every_error_code_is_met_by_a_transcript() {
    let all = transcripts().unwrap();
    for (version, codes, never) in [
        (Version::V12, TEXTS_12, &[][..]),
        // The run-time's own failure, and a data model in which everything is implemented.
        (Version::V2004, TEXTS_2004, &[101, 402]),
    ] {
        let of_version = all.iter().filter(|it| version_of(&it.0) == version);
        let met: HashSet<u32> = of_version.flat_map(|it| it.1.iter().map(|it| it.code)).collect();
        for (code, _) in codes.iter().filter(|it| !never.contains(&it.0)) {
            assert!(met.contains(code), "{version:?} {code}");
        }
        assert!(met.iter().all(|it| codes.iter().any(|code| code.0 == *it)), "{version:?} {met:?}");
    }
}
