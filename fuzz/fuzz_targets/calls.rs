//! Any sequence of calls on either version: nothing panics, a refused call changes nothing, what is told on
//! the wire can be read, and a new instance goes on where the last one stopped.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seattime_core::outbox::{Answer, Message};
use seattime_core::session::Kind;
use seattime_core::shared::Map;
use seattime_core::time::{CreditPolicy, EvidenceKind, PresencePolicy};
use seattime_core::visit::{Document, Keeping};
use seattime_core::{Edition, Instant, Profile, Quirks, Reason, Version, Visit};
use seattime_wire::{Commit, CommitHead, write_commit, write_values};

/// What is left of the input.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |it| (*it.0, it.1));
        self.0 = rest;
        first
    }

    fn text(&mut self) -> String {
        let size = usize::from(self.byte()).min(self.0.len());
        let (text, rest) = self.0.split_at(size);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// An element's name with small numbers in it, or anything at all.
    fn name(&mut self, version: Version) -> String {
        let pick = usize::from(self.byte());
        let (n, m) = (self.byte() % 5, self.byte() % 4);
        match version.elements().get(pick) {
            Some(row) => row.name.replace(".n.", &format!(".{n}.")).replace(".m.", &format!(".{m}.")),
            None => self.text(),
        }
    }

    /// A value that an element may take, or anything at all.
    fn value(&mut self) -> String {
        const VALUES: &[&str] = &[
            "", "0", "1", "-1", "0.5", "100", "passed", "completed", "incomplete", "suspend", "time-out", "normal",
            "true", "false", "choice", "fill-in", "matching", "performance", "sequencing", "numeric", "true-false", "likert",
            "a", "b", "a[,]b", "a[.]b", "{lang=en}x", "{case_matters=true}x", "1[:]2", "PT1H", "00:10:00", "2004-03-31T10:00:00.5Z",
            "correct", "continue", "suspendAll", "{target=x}choice", "en-GB",
        ];
        let pick = usize::from(self.byte());
        VALUES.get(pick).map_or_else(|| self.text(), |it| (*it).to_owned())
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let kind = input.byte();
    let version = if kind & 1 == 0 { Version::V12 } else { Version::V2004 };
    let quirks = if kind & 2 == 0 { Quirks::ALL } else { Quirks::NONE };
    let edition = if kind & 4 == 0 { Edition::Fourth } else { Edition::Third };
    let profile = Profile { version, edition, quirks };
    let mut ms = 0.0;
    let at = |ms: f64| Instant { monotonic_ms: ms, wall_ms: 1.7e12 + ms };
    let mut visit =
        Visit::open(profile, PresencePolicy::default(), CreditPolicy::Corroborated, 30_000, at(ms), true);
    for id in ["one", "two"] {
        visit.add_activity(id, Kind::Sco, 1);
        if version == Version::V2004 {
            visit.add_objective("primary");
            visit.add_map(Map { target: "bucket".to_owned(), reads: true, writes: kind & 8 == 0 });
        }
    }
    visit.launch(at(ms), 0);
    for _ in 0..200 {
        if input.0.is_empty() {
            break;
        }
        ms += f64::from(input.byte()) * 10.0;
        let now = at(ms);
        let before = visit.clone();
        let mut is_refused = false;
        match input.byte() % 16 {
            0 => is_refused = visit.initialize(now, Document::Same).is_err(),
            1 => is_refused = visit.initialize(now, Document::New).is_err() && visit.sessions().len() < 100,
            2 => is_refused = visit.terminate(now).is_err(),
            3 => is_refused = visit.commit().is_err(),
            4 => drop(visit.launch(now, usize::from(input.byte() % 3))),
            5 => visit.take_away(now, seattime_core::end::Ending::CutOff),
            6 => visit.hide(now),
            7 => visit.show(now),
            8 => drop(visit.tick(now)),
            9 => visit.note_evidence(now, EvidenceKind::Human),
            10 => visit.keep(if input.byte() & 1 == 0 { Keeping::Possible } else { Keeping::Impossible }),
            11 | 12 => {
                let name = input.name(version);
                is_refused = visit.gettable(&name).and_then(|it| visit.get(it).map(|_| ())).is_err();
                assert!(visit == before, "reading changed something");
            }
            _ => {
                let (name, value) = (input.name(version), input.value());
                let units = value.encode_utf16().count() as u32;
                let place = visit.settable(&name);
                is_refused = place.and_then(|it| visit.set(it, &value, units, || now)).is_err();
                // The ledger notes what a package says of its time, however it says it.
                if name.ends_with("session_time") {
                    is_refused = false;
                } else if !is_refused && let Ok(told) = place.and_then(|it| visit.get(it)) {
                    let is_own = version.element(place.map_or(seattime_core::ElementId(0), |it| it.element));
                    let is_changed = is_own.is_some_and(|it| it.name == "cmi.comments" || it.name.ends_with("_status"));
                    assert!(is_changed || told == value, "{name}: set {value:?}, reads {told:?}");
                }
            }
        }
        if is_refused {
            assert!(visit == before, "a refused call changed something");
        }
    }
    let now = at(ms);
    visit.settle(now);
    let told = |visit: &Visit| -> Commit {
        serde_json::from_slice(&write_commit(visit, CommitHead { reason: Reason::Commit, now })).expect("a commit")
    };
    let before = told(&visit);
    let values: serde_json::Value = serde_json::from_slice(&write_values(&visit)).expect("values");
    assert!(values.is_object());
    for session in &before.sessions {
        for (element, text, seq) in session.changes() {
            assert!(seq <= before.seq);
            let checked = seattime_core::attempt::check(version, &element, text);
            assert_eq!(checked, Ok(()), "the server would refuse {element} {text:?}");
        }
    }
    let mut resumed = visit.clone();
    resumed.resume();
    resumed.settle(now);
    let after = told(&resumed);
    assert_eq!(Commit { seq: before.seq, ..after }, before);
    // Once acknowledged, nothing of it is told again.
    let answer = Answer::Receipt { acked: Some(before.seq), heartbeat_ms: None, needs_all: false };
    visit.answered(Instant::default(), Some(Message::Farewell), answer, 0.0);
    let rest = told(&visit);
    assert!(rest.sessions.iter().all(|it| it.changes().next().is_none()) && rest.shared.is_empty());
});
