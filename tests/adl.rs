//! Cases of ADL's SCORM 2004 4th Edition test suite, where `SEATTIME_ADL_DIR` says that they lie.
//!
//! What passes here is also written down as transcripts, so that a browser can be asked the same.
#![cfg(not(target_arch = "wasm32"))]

mod replay;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use replay::Replay;
use seattime_core::session::Kind;
use seattime_core::shared::Map;
use seattime_core::value::{Timespan, localized, real};
use seattime_core::{Space, Version};
use seattime_package::{Activity, ActivityKind, DataMap, Manifest, Package};
use seattime_testing::need::Need;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// One line of a case: what is called, and what is to be answered.
struct Call {
    name: String,
    function: &'static str,
    arguments: Vec<String>,
    answer: String,
    code: u32,
}

/// A case: its activities, visited in an order, each with its calls.
struct Case {
    abbreviations: HashMap<String, String>,
    lines: Vec<(String, String)>,
}

/// `key=value` lines, each of which may go on on the next; backslashes escape.
fn properties(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut whole = line.trim_start().to_owned();
        if whole.starts_with(['#', '!']) || whole.is_empty() {
            continue;
        }
        while whole.chars().rev().take_while(|it| *it == '\\').count() % 2 == 1 {
            whole.pop();
            whole.push_str(lines.next().unwrap_or_default().trim_start());
        }
        if let Some((key, value)) = whole.split_once('=') {
            found.push((key.trim().to_owned(), unescaped(value.trim_start())));
        }
    }
    found
}

fn unescaped(text: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text.chars();
    while let Some(it) = rest.next() {
        let unit = match it {
            '\\' => match rest.next() {
                Some('u') => {
                    let digits: String = rest.by_ref().take(4).collect();
                    units.extend(u16::from_str_radix(&digits, 16).ok());
                    continue;
                }
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(other) => other,
                None => break,
            },
            other => other,
        };
        units.extend(unit.encode_utf16(&mut [0; 2]).iter());
    }
    String::from_utf16_lossy(&units)
}

impl Case {
    fn read(folder: &Path, name: &str) -> Option<Case> {
        let text = |path: PathBuf| {
            let latin = |it: Vec<u8>| it.into_iter().map(char::from).collect();
            Some(String::from_utf8(fs::read(path).ok()?).unwrap_or_else(|it| latin(it.into_bytes())))
        };
        Some(Case {
            abbreviations: properties(&text(folder.join("Commands.properties"))?).into_iter().collect(),
            lines: properties(&text(folder.join(name).join(format!("{name}.properties")))?),
        })
    }

    fn long<'a>(&'a self, short: &'a str) -> &'a str {
        self.abbreviations.get(short).map_or(short, String::as_str)
    }

    fn element(&self, path: &str) -> String {
        let segments: Vec<_> = path.split('~').map(|it| it.split_once('!').map_or(it, |it| it.0)).collect();
        match segments.as_slice() {
            // The target stands behind its word.
            [head @ .., "tar", target] => {
                let head: Vec<_> = head.iter().map(|it| self.long(it)).collect();
                format!("{}.{{target={target}}}", head.join("."))
            }
            all => all.iter().map(|it| self.long(it)).collect::<Vec<_>>().join("."),
        }
    }

    fn value(&self, short: &str) -> String {
        match short.split('~').collect::<Vec<_>>().as_slice() {
            ["tar", target, kind] => format!("{{target={target}}}{}", self.long(kind)),
            _ => self.long(short).to_owned(),
        }
    }

    /// The calls of an activity in a visit; nothing where the case has none, an error where one cannot be read.
    fn calls(&self, activity: usize, visit: usize) -> Option<Result<Vec<Call>, String>> {
        let start = format!("Act{activity}V{visit}.");
        let all: Vec<_> = self.lines.iter().filter(|it| it.0.starts_with(&start)).collect();
        let commands = all.iter().filter(|it| it.0.contains(".commands."));
        let call = |(name, line): &&(String, String)| self.call(name, line).ok_or_else(|| name.clone());
        (!all.is_empty()).then(|| commands.map(call).collect())
    }

    fn call(&self, name: &str, line: &str) -> Option<Call> {
        let (method, rest) = match line.split_once("->") {
            Some((method, rest)) if self.abbreviations.contains_key(method) => (method, rest),
            // A known slip of the data: one line lacks its method.
            _ => ("GET", line),
        };
        let (rest, code) = rest.rsplit_once("->")?;
        let (argument, answer) =
            if method == "SET" { rest.rsplit_once("->")? } else { rest.split_once("->")? };
        let (function, arguments) = match method {
            "I" => ("Initialize", vec![self.value(argument)]),
            "T" => ("Terminate", vec![self.value(argument)]),
            "C" => ("Commit", vec![self.value(argument)]),
            "GLE" => ("GetLastError", vec![]),
            "GES" => ("GetErrorString", vec![argument.to_owned()]),
            "GeDi" => ("GetDiagnostic", vec![argument.to_owned()]),
            "GET" if argument.is_empty() => ("GetValue", vec![String::new()]),
            "GET" => ("GetValue", vec![self.element(argument)]),
            "SET" => {
                let (element, value) = argument.split_once('!')?;
                let element = if element.is_empty() { String::new() } else { self.element(element) };
                ("SetValue", vec![element, self.value(value)])
            }
            _ => return None,
        };
        let answer = self.value(answer);
        Some(Call { name: name.to_owned(), function, arguments, answer, code: code.trim().parse().ok()? })
    }
}

/// Whether an answer is the one demanded, by the rules of the suite's own comparison.
fn is_answer(call: &Call, answer: &str, code: u32) -> bool {
    let element = call.arguments.first().map_or("", String::as_str);
    if element.starts_with("adl.nav.request_valid.choice")
        || element.starts_with("adl.nav.request_valid.jump")
    {
        return ["true", "false", "unknown"].contains(&answer);
    }
    if call.function == "GetValue" && element == "cmi.learner_name" {
        return code == call.code;
    }
    let is_keyword = element.ends_with("_children") || element.ends_with("_count");
    if call.function == "GetValue" && element.starts_with("cmi.comments_from_lms.") && !is_keyword {
        return [0, 301, 403].contains(&code);
    }
    if code != call.code {
        return false;
    }
    match call.answer.as_str() {
        "A characterstring value less than 255 characters" => answer.chars().count() < 255,
        "An empty characterstring value" => answer.is_empty(),
        expected if expected == answer => true,
        expected if element.ends_with("_children") => members(expected, ",") == members(answer, ","),
        expected if call.function == "GetValue" => is_same_value(element, expected, answer),
        _ => false,
    }
}

fn members<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
    let mut all: Vec<_> = text.split(mark).collect();
    all.sort_unstable();
    all
}

fn is_same_value(element: &str, expected: &str, actual: &str) -> bool {
    let Ok(place) = Version::V2004.look_up(element) else { return false };
    let Some(row) = Version::V2004.element(place.element) else { return false };
    match row.space {
        Space::Real { .. } | Space::TokenOrReal(_) => {
            real::parse(expected).is_some() && real::parse(expected) == real::parse(actual)
        }
        Space::Timespan2004 => {
            let value = |text| Timespan::parse_2004(text).ok();
            value(expected).is_some() && value(expected) == value(actual)
        }
        // The language may be left out where it is English; what is beyond the limit may be cut.
        Space::Localized { .. } => localized::text(expected) == localized::text(actual),
        Space::Text { spm } => actual.chars().count() > spm as usize && actual.starts_with(expected),
        Space::Suspended(_) => actual.chars().count() > 64_000 && actual.starts_with(expected),
        Space::Response | Space::Pattern => {
            // What is left out has its default.
            let defaults = ["{case_matters=false}", "{order_matters=true}", "{lang=en}"];
            let plain = |it: &str| {
                in_order(&defaults.iter().fold(it.to_owned(), |it, default| it.replace(default, "")))
            };
            let (expected, actual) = (plain(expected), plain(actual));
            let ends = |it: &str| {
                let (least, most) = it.split_once("[:]")?;
                Some((real::parse(least)?, real::parse(most)?))
            };
            let is_same_range = ends(&expected).is_some() && ends(&expected) == ends(&actual);
            let is_same_number =
                real::parse(&expected).is_some() && real::parse(&expected) == real::parse(&actual);
            is_same_range || is_same_number || members(&expected, "[,]") == members(&actual, "[,]")
        }
        _ => false,
    }
}

/// A package of a manifest and empty files.
fn package(manifest: &[u8], files: &BTreeSet<String>) -> Option<Package<Cursor<Vec<u8>>>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("imsmanifest.xml", SimpleFileOptions::default()).ok()?;
    zip.write_all(manifest).ok()?;
    for file in files {
        zip.start_file(file.as_str(), SimpleFileOptions::default()).ok()?;
    }
    Package::open(zip.finish().ok()?).ok()
}

/// Plays a case through; answers how many calls ran, and what was answered wrongly.
fn play(folder: &Path, name: &str) -> Option<(usize, Vec<String>)> {
    let case = Case::read(folder, name)?;
    let bytes = fs::read(folder.join(name).join("imsmanifest.xml")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let files: BTreeSet<String> = text
        .split("href=\"")
        .skip(1)
        .filter_map(|it| Some(format!("resources/{}", it.split_once('"')?.0)))
        .collect();
    let package = package(&bytes, &files)?;
    let manifest = package.manifest();
    let mut replay = Replay::start(&json!({ "version": "2004", "strict": true }))?;
    let data = launch_data(manifest);
    for it in &manifest.activities {
        let kind = if it.kind == ActivityKind::Sco { Kind::Sco } else { Kind::Asset };
        replay.visit.add_activity(&it.id, kind, 1);
        it.objectives.iter().for_each(|id| replay.visit.add_objective(id));
        for map in &it.data {
            replay.visit.add_map(Map { target: map.target.clone(), reads: map.reads, writes: map.writes });
        }
        for (element, value) in given(it) {
            replay.visit.preset(element, &value);
        }
    }
    let mut lines = vec![data];
    let (mut count, mut wrong) = (0, Vec::new());
    for visit in 1.. {
        let mut has_any = false;
        for activity in 1..=manifest.activities.len() {
            let Some(calls) = case.calls(activity, visit) else { continue };
            has_any = true;
            // Number 0 is the replay's own.
            replay.visit.launch(seattime_core::Instant::default(), activity);
            lines.push(json!({ "start": activity - 1 }));
            for mut call in calls.ok()? {
                if let Some(element) = call.arguments.first_mut() {
                    *element = found(&mut replay, element)?;
                }
                let arguments: Vec<_> = call.arguments.iter().map(String::as_str).collect();
                let (answer, code) = replay.call(call.function, &arguments)?;
                count += 1;
                if !is_answer(&call, &answer, code) {
                    let cut = |text: &str| text.chars().take(120).collect::<String>();
                    wrong.push(format!(
                        "{}: {}({}) answered {:?} {code}, expected {:?} {}",
                        call.name,
                        call.function,
                        cut(&arguments.join(", ")),
                        cut(&answer),
                        cut(&call.answer),
                        call.code
                    ));
                }
                lines.push(json!([call.function, call.arguments, answer, code]));
            }
        }
        if !has_any {
            break;
        }
    }
    keep(name, &lines).ok()?;
    Some((count, wrong))
}

/// What an activity's elements hold from the start.
fn given(activity: &Activity) -> Vec<(&'static str, String)> {
    let learner = [("cmi.learner_id", "m"), ("cmi.learner_name", "A learner")];
    activity.given_2004().into_iter().chain(learner.map(|it| (it.0, it.1.to_owned()))).collect()
}

/// What a page would be launched with.
fn launch_data(manifest: &Manifest) -> Value {
    let activity = |it: &Activity| {
        let map = |map: &DataMap| json!({ "target": map.target, "reads": map.reads, "writes": map.writes });
        let maps: Vec<Value> = it.data.iter().map(map).collect();
        let kind = if it.kind == ActivityKind::Sco { "sco" } else { "asset" };
        json!({ "id": it.id, "kind": kind, "url": "about:blank", "objectives": it.objectives, "data": maps })
    };
    let activities: Vec<Value> = manifest.activities.iter().map(activity).collect();
    let values: HashMap<&str, HashMap<&str, String>> =
        manifest.activities.iter().map(|it| (it.id.as_str(), given(it).into_iter().collect())).collect();
    json!({ "api": "2004", "strict": true, "activities": activities, "values": values })
}

/// A pattern with the switches at its start in one order: theirs is free.
fn in_order(pattern: &str) -> String {
    let (mut switches, mut rest) = (Vec::new(), pattern);
    while let Some((switch, tail)) = rest.split_once('}').filter(|it| it.0.starts_with('{')) {
        switches.push(switch);
        rest = tail;
    }
    switches.sort_unstable();
    switches.into_iter().map(|it| format!("{it}}}")).collect::<String>() + rest
}

/// An element's name, with the place of a record where the case has its id: `adl.data.&bucket&.store`.
fn found(replay: &mut Replay, element: &str) -> Option<String> {
    let parts: Vec<_> = element.split('&').collect();
    let [collection, id, rest] = parts.as_slice() else { return Some(element.to_owned()) };
    for n in 0.. {
        match replay.call("GetValue", &[&format!("{collection}{n}.id")])? {
            (answer, 0) if answer == *id => return Some(format!("{collection}{n}{rest}")),
            (_, 0) => {}
            _ => break,
        }
    }
    None // There is no such record: the case fails.
}

/// Writes down what was asked and answered, so that a browser can be asked the same.
fn keep(name: &str, lines: &[Value]) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adl");
    fs::create_dir_all(&folder)?;
    let text: String = lines.iter().map(|it| format!("{it}\n")).collect();
    fs::write(folder.join(format!("{name}.jsonl")), text)
}

#[test]
fn every_call_of_adls_cases_is_answered_as_adl_demands() {
    let Some(folder) = std::env::var_os("SEATTIME_ADL_DIR").map(PathBuf::from) else {
        return Need::Adl.skip();
    };
    for name in ["API", "DMI"] {
        let (count, wrong) = play(&folder, name).unwrap();
        println!("{name}: {count} calls, {} answered wrongly", wrong.len());
        assert!(wrong.is_empty(), "{}", wrong.iter().take(60).cloned().collect::<Vec<_>>().join("\n"));
        assert!(count >= 28, "{name}: {count} calls");
    }
}
