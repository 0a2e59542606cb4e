//! The page's handwriting against serde: what the one writes, the other reads, and it says what happened.

use std::collections::BTreeMap;

use seattime_core::outbox::{Answer, Message};
use seattime_core::session::Kind;
use seattime_core::shared::Map;
use seattime_core::time::{CreditPolicy, EvidenceKind, MediaKind, MediaSample, PresencePolicy};
use seattime_core::visit::Document;
use seattime_core::{Instant, Reason, Refusal, Version, Visit};
use seattime_wire::{
    Accepted, Commit, CommitHead, CommitReason, Document as SeenDocument, EvidenceKind as Kind2, Media,
    Reported, SessionKind, SessionState, write_commit, write_farewell, write_step, write_values,
};

fn at(ms: f64) -> Instant {
    Instant { monotonic_ms: 5_000.0 + ms, wall_ms: 1_700_000_000_000.0 + ms }
}

fn encoded(visit: &mut Visit, now: Instant, reason: Reason) -> serde_json::Result<Commit> {
    visit.settle(now);
    serde_json::from_slice(&write_commit(visit, CommitHead { reason, now }))
}

/// Ticks once a second, as the page does.
fn run(visit: &mut Visit, from_ms: u32, to_ms: u32) {
    for second in (from_ms / 1_000 + 1)..=(to_ms / 1_000) {
        visit.tick(at(f64::from(second) * 1_000.0));
    }
}

fn set(visit: &mut Visit, name: &str, text: &str, now: Instant) -> Result<(), Refusal> {
    let element = visit.settable(name)?;
    visit.set(element, text, text.encode_utf16().count() as u32, || now)
}

/// The server has everything up to a change on disk.
fn receipt(visit: &mut Visit, acked: u64) {
    let answer = Answer::Receipt { acked: Some(acked), heartbeat_ms: None, needs_all: false };
    visit.answered(Instant::default(), Some(Message::Farewell), answer, 0.0);
}

/// The server lost something.
fn send_everything(visit: &mut Visit) {
    let answer = Answer::Receipt { acked: Some(0), heartbeat_ms: None, needs_all: true };
    visit.answered(Instant::default(), Some(Message::Farewell), answer, 0.0);
}

#[test]
fn a_commit_says_what_happened_and_only_what_is_new() {
    let policy = PresencePolicy::default();
    let mut visit = Visit::open(Version::V12, policy, CreditPolicy::Corroborated, 30_000, at(0.0), true);
    visit.identity.visit = "v-1".to_owned();
    visit.identity.token = "a.b.c".to_owned();
    visit.identity.lease = 3;
    visit.add_activity("item_1", Kind::Sco, 1);
    visit.launch(at(0.0), 0);
    assert_eq!(visit.initialize(at(0.0), Document::New), Ok(()));
    run(&mut visit, 0, 60_000);
    visit.note_evidence(at(60_000.0), EvidenceKind::Human);
    let awkward = "\"\\\n\r\t\u{1}\u{1f} ünï 😀 </script>";
    assert_eq!(set(&mut visit, "cmi.core.lesson_location", awkward, at(60_000.0)), Ok(()));
    assert_eq!(set(&mut visit, "cmi.core.session_time", "0000:01:00.5", at(60_000.0)), Ok(()));

    let first = encoded(&mut visit, at(60_000.0), Reason::Commit).unwrap();
    assert_eq!((first.visit.as_str(), first.token.as_str(), first.lease), ("v-1", "a.b.c", 3));
    assert_eq!((first.reason, first.sent_date_ms), (CommitReason::Commit, 1_700_000_060_000));
    assert_eq!(first.after, 0, "nothing is acknowledged yet");
    let stretch = first.stretches[0];
    assert_eq!((stretch.n, stretch.start_date_ms, stretch.sent_at_ms), (0, 1_700_000_000_000, Some(60_000)));
    assert_eq!(first.time.evidence, [(0, 0, 0, Kind2::Page), (0, 60_000, 60_000, Kind2::Human)]);
    assert_eq!(first.time.visible, [(0, 0, 60_000)]);
    let session = &first.sessions[0];
    assert_eq!((session.n, session.kind, session.try_), (1, SessionKind::Sco, 1));
    assert_eq!((session.activity.as_str(), session.entry.as_deref()), ("item_1", Some("ab-initio")));
    assert_eq!((session.state, session.span.as_slice()), (SessionState::Running, &[(0, 0, 60_000)][..]));
    assert_eq!(session.accepted, Some(Accepted { months: 0, cs: 6_050 }));
    assert_eq!(session.reported, Reported::Set { ms: 60_500, at: (0, 60_000) });
    assert_eq!(session.set["cmi.core.lesson_location"].0, awkward);
    assert_eq!(first.totals.measured_ms, 60_000);
    assert_eq!(first.totals.credited_ms, 60_500);

    // Acknowledged: nothing is told twice, and a later change is told alone.
    receipt(&mut visit, first.seq);
    let heartbeat = encoded(&mut visit, at(60_000.0), Reason::Heartbeat).unwrap();
    assert_eq!((heartbeat.sessions.len(), heartbeat.time.evidence.len(), heartbeat.seq), (0, 0, first.seq));
    assert_eq!(visit.terminate(at(60_000.0)), Ok(()));
    let last = encoded(&mut visit, at(60_000.0), Reason::Terminate).unwrap();
    assert_eq!(last.sessions[0].state, SessionState::Terminated);
    let settled: Vec<_> = last.sessions[0].set.iter().map(|it| (it.0.as_str(), it.1.0.as_str())).collect();
    assert_eq!(settled, [("cmi.core.lesson_status", "completed")]);
    assert!(last.seq > first.seq);
    assert_eq!((heartbeat.after, last.after), (first.seq, first.seq), "what the page takes as acknowledged");

    // The server lost everything: everything is told again.
    send_everything(&mut visit);
    let whole = encoded(&mut visit, at(60_000.0), Reason::Autosave).unwrap();
    assert_eq!((whole.after, whole.seq), (0, last.seq));
    assert_eq!(whole.sessions[0].set.len(), 3, "location, session time and status");
    assert_eq!(whole.time.visible, [(0, 0, 60_000)]);
}

#[test]
fn sleep_is_cut_out_and_told_as_two_stretches() {
    let policy = PresencePolicy::default();
    let mut visit = Visit::open(Version::V2004, policy, CreditPolicy::Corroborated, 30_000, at(0.0), true);
    visit.add_activity("item_1", Kind::Asset, 1);
    visit.launch(at(0.0), 0);
    run(&mut visit, 0, 20_000);
    // Eight hours in which the wall clock ran and the monotonic one stood still.
    let hours = 8.0 * 3_600_000.0;
    let after = |ms: f64| Instant { monotonic_ms: 5_000.0 + ms, wall_ms: 1_700_000_000_000.0 + ms + hours };
    visit.tick(after(21_000.0));
    visit.note_evidence(after(21_000.0), EvidenceKind::Human);
    visit.tick(after(22_000.0));
    visit.tick(after(31_000.0));

    let told = encoded(&mut visit, after(31_000.0), Reason::Heartbeat).unwrap();
    let starts: Vec<_> = told.stretches.iter().map(|it| (it.n, it.start_date_ms, it.sent_at_ms)).collect();
    assert_eq!(starts, [(0, 1_700_000_000_000, None), (1, 1_700_000_021_000 + 8 * 3_600_000, Some(10_000))]);
    assert_eq!(told.time.visible, [(0, 0, 20_000), (1, 0, 10_000)]);
    assert_eq!(told.sessions[0].span, [(0, 0, 20_000), (1, 0, 10_000)]);
    assert_eq!(told.totals.measured_ms, 30_000, "20 s before, 10 s after, nothing of the night");
}

#[test]
fn records_are_told_under_their_collection_and_only_those_that_changed() {
    let policy = PresencePolicy::default();
    let mut visit = Visit::open(Version::V2004, policy, CreditPolicy::Corroborated, 30_000, at(0.0), true);
    visit.add_activity("item_1", Kind::Sco, 1);
    visit.add_objective("given");
    visit.add_map(Map { target: "bucket".to_owned(), reads: true, writes: true });
    visit.launch(at(0.0), 0);
    assert_eq!(visit.initialize(at(0.0), Document::New), Ok(()));
    #[rustfmt::skip]
    let values = [
        ("cmi.interactions.0.id",                         "i\"0"),
        ("cmi.objectives.1.id",                           "made"),
        ("cmi.interactions.0.type",                       "choice"),
        ("cmi.interactions.0.correct_responses.0.pattern", "a[,]b"),
        ("cmi.interactions.0.objectives.0.id",            "made"),
        ("cmi.interactions.1.id",                         "i1"),
        ("cmi.objectives.0.score.raw",                    "5"),
        ("adl.data.0.store",                              "shared"),
    ];
    for (name, text) in values {
        assert_eq!(set(&mut visit, name, text, at(0.0)), Ok(()), "{name}");
    }
    let first = encoded(&mut visit, at(1_000.0), Reason::Commit).unwrap();
    let mut told: Vec<_> =
        first.sessions[0].changes().map(|it| (it.0.into_owned(), it.1.to_owned())).collect();
    told.sort();
    let mut expected: Vec<_> = values
        .iter()
        .filter(|it| it.0.starts_with("cmi"))
        .map(|it| (it.0.to_owned(), it.1.to_owned()))
        .collect();
    expected.sort();
    assert_eq!(told, expected, "and not the objective that the manifest gave");
    assert_eq!(first.shared["bucket"].0, "shared");

    receipt(&mut visit, first.seq);
    assert_eq!(set(&mut visit, "cmi.interactions.0.result", "correct", at(1_000.0)), Ok(()));
    let second = encoded(&mut visit, at(2_000.0), Reason::Commit).unwrap();
    let told: Vec<_> = second.sessions[0].changes().map(|it| (it.0.into_owned(), it.1, it.2)).collect();
    assert_eq!(told, [("cmi.interactions.0.result".to_owned(), "correct", first.seq + 1)]);

    // The server lost everything: records that it had acknowledged are told again, too.
    receipt(&mut visit, second.seq);
    send_everything(&mut visit);
    let whole = encoded(&mut visit, at(3_000.0), Reason::Autosave).unwrap();
    let mut told: Vec<_> = whole.sessions[0].changes().map(|it| it.0.into_owned()).collect();
    told.sort();
    let mut all: Vec<_> = expected.iter().map(|it| it.0.clone()).collect();
    all.push("cmi.interactions.0.result".to_owned());
    all.sort();
    assert_eq!(told, all);
    assert_eq!(whole.shared["bucket"].0, "shared");

    let values: BTreeMap<String, String> = serde_json::from_slice(&write_values(&visit)).unwrap();
    assert_eq!(values["cmi.interactions.0.correct_responses.0.pattern"], "a[,]b");
    assert_eq!(
        (values["cmi.objectives._count"].as_str(), values["adl.data.0.store"].as_str()),
        ("2", "shared")
    );
    assert!(!values.contains_key("cmi.exit") && !values.contains_key("cmi.location"), "not to be read");
}

#[test]
fn a_visit_that_resumes_tells_the_same_and_uses_no_number_twice() {
    let policy = PresencePolicy::default();
    let mut visit = Visit::open(Version::V2004, policy, CreditPolicy::Corroborated, 30_000, at(0.0), true);
    visit.add_activity("item_1", Kind::Sco, 2);
    visit.preset("cmi.launch_data", "x=1");
    visit.launch(at(0.0), 0);
    assert_eq!(visit.initialize(at(0.0), Document::New), Ok(()));
    run(&mut visit, 0, 12_000);
    assert_eq!(set(&mut visit, "cmi.location", "7", at(12_000.0)), Ok(()));
    assert_eq!(set(&mut visit, "cmi.session_time", "PT12S", at(12_000.0)), Ok(()));
    let before = encoded(&mut visit, at(12_000.0), Reason::Commit).unwrap();
    let mut image = visit.clone();
    visit.outbox().sent(12_000.0);
    assert_eq!(set(&mut visit, "cmi.location", "8", at(12_500.0)), Ok(()));
    let lost = encoded(&mut visit, at(12_500.0), Reason::Commit).unwrap();

    image.resume();
    let after = encoded(&mut image, at(12_000.0), Reason::Commit).unwrap();
    assert_eq!(Commit { seq: before.seq, ..after }, before);
    assert_eq!(set(&mut image, "cmi.location", "9", at(12_500.0)), Ok(()));
    let next = encoded(&mut image, at(12_500.0), Reason::Commit).unwrap();
    let numbered = |told: &Commit| -> u64 {
        let mut changes = told.sessions[0].changes();
        changes.find(|it| it.0 == "cmi.location").expect("a location").2
    };
    assert!(numbered(&next) > lost.seq, "not taken for an older one");
    assert_eq!(
        image.tick(at(13_000.0)).send,
        Some(Reason::Autosave),
        "what was on its way is not waited for"
    );
}

/// A visit whose session has more to tell than one message takes: 300 answers of 1,200 characters, a state and a
/// long text.
fn large() -> Result<Visit, Refusal> {
    let policy = PresencePolicy::default();
    let mut visit = Visit::open(Version::V2004, policy, CreditPolicy::Corroborated, 30_000, at(0.0), true);
    visit.add_activity("item_1", Kind::Sco, 1);
    visit.launch(at(0.0), 0);
    visit.initialize(at(0.0), Document::New)?;
    for n in 0..300 {
        for (part, text) in
            [("id", format!("q{n}")), ("type", "other".into()), ("learner_response", "a".repeat(1_200))]
        {
            set(&mut visit, &format!("cmi.interactions.{n}.{part}"), &text, at(0.0))?;
        }
        if n == 150 {
            set(&mut visit, "cmi.suspend_data", &"s".repeat(100_000), at(0.0))?;
            set(&mut visit, "cmi.completion_status", "completed", at(0.0))?;
        }
    }
    run(&mut visit, 0, 60_000);
    visit.settle(at(60_000.0));
    Ok(visit)
}

/// Element, text and number of the change of everything in a message.
fn told(commit: &Commit) -> impl Iterator<Item = (String, String, u64)> + '_ {
    let changes = commit.sessions.iter().flat_map(|it| it.changes());
    changes.map(|(element, text, seq)| (element.into_owned(), text.to_owned(), seq))
}

#[test]
fn what_does_not_go_into_one_message_is_told_in_steps_without_a_gap() {
    const MOST: usize = 100_000;
    let visit = large().unwrap();
    let head = CommitHead { reason: Reason::Autosave, now: at(60_000.0) };
    let whole: Commit = serde_json::from_slice(&write_commit(&visit, head)).unwrap();
    let mut expected: BTreeMap<String, String> = told(&whole).map(|it| (it.0, it.1)).collect();
    assert_eq!(expected.remove("cmi.suspend_data").unwrap().len(), 100_000);

    let (mut all, mut after, mut named) = (BTreeMap::new(), visit.acked(), Vec::new());
    let mut steps = 0;
    while after < visit.seq() {
        let step = write_step(&visit, head, after, MOST);
        assert!(step.message.len() <= MOST && step.upto > after);
        let commit: Commit = serde_json::from_slice(&step.message).unwrap();
        assert_eq!((commit.after, commit.seq, commit.partial), (after, step.upto, false));
        for (element, text, seq) in told(&commit) {
            assert!(seq <= step.upto, "{element} is told as a change that the receipt would not cover");
            all.insert(element, text);
        }
        for (element, seq) in commit.sessions.iter().flat_map(|it| &it.parted) {
            assert!(after < *seq && *seq <= step.upto);
            let long: Vec<_> = step.long.iter().map(|it| (it.seq, it.bytes)).collect();
            assert_eq!(long, [(*seq, 100_000)]);
            named.push(element.clone());
        }
        (after, steps) = (step.upto, steps + 1);
    }
    assert_eq!(all, expected);
    assert_eq!(named, ["cmi.suspend_data"]);
    assert!((4..=16).contains(&steps), "{steps} steps for 370 kB");
}

#[test]
fn what_leaves_with_the_page_holds_time_and_states_first_and_is_not_acknowledged() {
    let visit = large().unwrap();
    let head = CommitHead { reason: Reason::Hidden, now: at(60_000.0) };
    for (most, has_records) in [(500_000, true), (56_000, false)] {
        let message = write_farewell(&visit, head, most);
        assert!(message.len() <= most);
        let commit: Commit = serde_json::from_slice(&message).unwrap();
        assert!(commit.partial);
        assert_eq!(commit.time.visible, [(0, 0, 60_000)]);
        assert_eq!(commit.sessions[0].set["cmi.completion_status"].0, "completed");
        assert!(
            !commit.sessions[0].set.contains_key("cmi.suspend_data") && commit.sessions[0].parted.is_empty()
        );
        assert_eq!(!commit.sessions[0].records.is_empty(), has_records);
    }
}

/// An element that plays says where it stands; both in ms.
fn plays(visit: &mut Visit, item: u32, position_ms: u32, now_ms: u32) {
    let sample = MediaSample {
        player: item,
        item,
        position_ms: f64::from(position_ms),
        rate: 1.0,
        is_playing: true,
        is_moved: false,
        is_audible: true,
        is_floating: false,
    };
    visit.tick(at(f64::from(now_ms)));
    visit.play(at(f64::from(now_ms)), &sample);
}

#[test]
fn what_played_is_told_with_its_key_and_only_what_is_new() {
    let policy = PresencePolicy::default();
    let mut visit = Visit::open(Version::V12, policy, CreditPolicy::Corroborated, 30_000, at(0.0), true);
    visit.add_activity("item_1", Kind::Asset, 1);
    visit.launch(at(0.0), 0);
    let film = visit.media_item("/film \"1\".webm#90", MediaKind::Video, 90_000.0);
    let music = visit.media_item("/music.ogg#300", MediaKind::Audio, 300_000.0);
    visit.media_item("/never.ogg#5", MediaKind::Audio, 5_000.0);
    for second in 0..=60 {
        plays(&mut visit, film, 20_000 + second * 1_000, second * 1_000);
        plays(&mut visit, music, second * 1_000, second * 1_000);
    }
    visit.hide(at(60_000.0));
    for second in 61..=70 {
        plays(&mut visit, film, 20_000 + second * 1_000, second * 1_000);
        plays(&mut visit, music, second * 1_000, second * 1_000);
    }

    let first = encoded(&mut visit, at(70_000.0), Reason::Heartbeat).unwrap();
    let (film_key, music_key) = ("/film \"1\".webm#90".to_owned(), "/music.ogg#300".to_owned());
    assert_eq!(first.time.med, [(0, 0, 60_000, film_key.clone()), (0, 0, 60_000, music_key.clone())]);
    assert_eq!(first.time.med_bg, [(0, 60_000, 70_000, music_key.clone())], "a hidden film is not seen");
    assert_eq!(
        first.time.evidence,
        [(0, 0, 0, Kind2::Page), (0, 1_000, 70_000, Kind2::Media), (0, 60_000, 60_000, Kind2::Page)]
    );
    let seqs: Vec<u64> = first.media.iter().map(|it| it.seq).collect();
    assert!(seqs.iter().all(|it| (1..=first.seq).contains(it)) && seqs[0] != seqs[1], "{seqs:?}");
    let covered = |key: &str, seq, kind: &str, duration_ms, covered: (i64, i64)| Media {
        key: key.to_owned(),
        seq,
        kind: kind.to_owned(),
        duration_ms,
        covered: vec![covered],
        position_ms: covered.1,
    };
    let expected = [
        covered(&film_key, seqs[0], "video", 90_000, (20_000, 80_000)),
        covered(&music_key, seqs[1], "audio", 300_000, (0, 70_000)),
    ];
    assert_eq!(first.media, expected, "and nothing of what never played");
    assert_eq!((first.totals.measured_ms, first.totals.media_ms), (70_000, 70_000));

    // Acknowledged: what goes on playing is told, what does not is not.
    receipt(&mut visit, first.seq);
    plays(&mut visit, music, 71_000, 71_000);
    let second = encoded(&mut visit, at(71_000.0), Reason::Heartbeat).unwrap();
    assert_eq!(second.time.med, []);
    assert_eq!(second.time.med_bg, [(0, 60_000, 71_000, music_key)]);
    let items: Vec<_> = second.media.iter().map(|it| (it.key.as_str(), it.covered.as_slice())).collect();
    assert_eq!(items, [("/music.ogg#300", &[(0, 71_000)][..])]);

    // In steps of one change each, nothing is told twice and nothing is left out.
    send_everything(&mut visit);
    visit.settle(at(71_000.0));
    let head = CommitHead { reason: Reason::Autosave, now: at(71_000.0) };
    let (mut after, mut med, mut media) = (0, Vec::new(), Vec::new());
    while after < visit.seq() {
        let step = write_step(&visit, head, after, 1);
        let commit: Commit = serde_json::from_slice(&step.message).unwrap();
        let stretches: Vec<u32> = commit.stretches.iter().map(|it| it.n).collect();
        assert_eq!(stretches, [0]);
        med.extend(commit.time.med.into_iter().chain(commit.time.med_bg).map(|it| (it.1, it.2)));
        media.extend(commit.media.into_iter().map(|it| it.key));
        after = step.upto;
    }
    med.sort_unstable();
    assert_eq!(med, [(0, 60_000), (0, 60_000), (60_000, 71_000)]);
    media.sort_unstable();
    assert_eq!(media, [film_key, "/music.ogg#300".to_owned()]);

    // What leaves with the page tells it, too.
    let farewell: Commit = serde_json::from_slice(&write_farewell(&visit, head, 56_000)).unwrap();
    assert_eq!((farewell.time.med.len(), farewell.time.med_bg.len(), farewell.media.len()), (2, 1, 2));
}

#[test]
fn pages_that_were_seen_are_sent_until_they_are_acknowledged() {
    let policy = PresencePolicy::default();
    let mut visit = Visit::open(Version::V12, policy, CreditPolicy::Corroborated, 30_000, at(0.0), true);
    let key = "/content/g/p/\"a\".pdf";
    visit.see_pages(key, 30, 0, 2);
    visit.see_pages(key, 30, 6, 7);
    let first = encoded(&mut visit, at(1_000.0), Reason::Heartbeat).unwrap();
    let document =
        |seq, seen: &[(i64, i64)]| SeenDocument { key: key.to_owned(), seq, pages: 30, seen: seen.to_vec() };
    let seq = first.documents.first().map_or(0, |it| it.seq);
    assert!((1..=first.seq).contains(&seq));
    assert_eq!(first.documents, [document(seq, &[(0, 2), (6, 7)])]);
    receipt(&mut visit, first.seq);
    visit.see_pages(key, 30, 0, 2);
    assert_eq!(encoded(&mut visit, at(2_000.0), Reason::Heartbeat).unwrap().documents, [], "nothing new");
    visit.see_pages(key, 30, 2, 3);
    let third = encoded(&mut visit, at(3_000.0), Reason::Heartbeat).unwrap();
    let seq = third.documents.first().map_or(0, |it| it.seq);
    assert!(seq > first.seq);
    assert_eq!(third.documents, [document(seq, &[(0, 3), (6, 7)])]);
    let head = CommitHead { reason: Reason::Hidden, now: at(3_000.0) };
    let farewell: Commit = serde_json::from_slice(&write_farewell(&visit, head, 56_000)).unwrap();
    assert_eq!(farewell.documents, third.documents, "it leaves with the page, too");
}

#[test]
fn a_player_that_does_not_say_when_it_plays_is_told_of_once() {
    let policy = PresencePolicy::default();
    let mut visit = Visit::open(Version::V12, policy, CreditPolicy::Corroborated, 30_000, at(0.0), true);
    let key = "https://www.youtube.com/embed/x";
    let silent = visit.media_item(key, MediaKind::Unmeasured, 0.0);
    assert_eq!(
        visit.media_item(key, MediaKind::Unmeasured, 0.0),
        silent,
        "it is one, however often it is met"
    );
    let first = encoded(&mut visit, at(1_000.0), Reason::Heartbeat).unwrap();
    let items: Vec<_> =
        first.media.iter().map(|it| (it.key.as_str(), it.kind.as_str(), it.covered.len())).collect();
    assert_eq!((items, first.time.med.len()), (vec![(key, "unmeasured", 0)], 0));
    receipt(&mut visit, first.seq);
    let second = encoded(&mut visit, at(2_000.0), Reason::Heartbeat).unwrap();
    assert_eq!(second.media, []);
}

#[test]
fn what_played_before_and_after_a_sleep_names_its_stretches() {
    let policy = PresencePolicy::default();
    let mut visit = Visit::open(Version::V12, policy, CreditPolicy::Corroborated, 30_000, at(0.0), true);
    let film = visit.media_item("/film.webm#90", MediaKind::Video, 90_000.0);
    for second in 0..=10 {
        plays(&mut visit, film, second * 1_000, second * 1_000);
    }
    let hour = 3_600_000;
    for second in 10..=20 {
        plays(&mut visit, film, second * 1_000, second * 1_000 + hour);
    }
    let told = encoded(&mut visit, at(3_620_000.0), Reason::Heartbeat).unwrap();
    let times: Vec<_> = told.time.med.iter().map(|it| (it.0, it.1, it.2)).collect();
    assert_eq!(times, [(0, 0, 10_000), (1, 0, 10_000)]);
    assert_eq!(told.stretches.iter().map(|it| it.n).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(told.media[0].covered, [(0, 20_000)]);
}

/// The outcome travels with the session, as state, whenever it changed.
#[test]
fn an_outcome_follows_its_session_to_its_end() {
    use seattime_wire::{Completion, EndKind, Outcome, Success};
    let mut visit = Visit::open(
        Version::V2004,
        PresencePolicy::default(),
        CreditPolicy::Corroborated,
        30_000,
        at(0.0),
        true,
    );
    visit.add_activity("item_1", Kind::Sco, 1);
    visit.launch(at(0.0), 0);
    assert_eq!(visit.initialize(at(0.0), Document::New), Ok(()));
    for (name, text) in [
        ("cmi.score.scaled", "0.855"),
        ("cmi.score.raw", "-12.5"),
        ("cmi.score.max", "+0100"),
        ("cmi.success_status", "passed"),
        ("cmi.exit", "normal"),
    ] {
        assert_eq!(set(&mut visit, name, text, at(1_000.0)), Ok(()), "{name}");
    }
    let mut outcome = |now, reason| {
        let commit = encoded(&mut visit, now, reason).unwrap();
        receipt(&mut visit, commit.seq);
        (commit.sessions.first().and_then(|it| it.outcome), commit.seq)
    };
    let (running, seq) = outcome(at(1_000.0), Reason::Commit);
    let score = Some([Some(0.855), Some(-12.5), None, Some(100.0)]);
    let expected = Outcome { seq, success: Success::Passed, score, ..Outcome::default() };
    assert_eq!(running, Some(expected), "nothing is completed yet, and it has not ended");
    assert_eq!(outcome(at(2_000.0), Reason::Heartbeat).0, None, "nothing of it is new");
    assert_eq!(visit.terminate(at(3_000.0)), Ok(()));
    let commit = encoded(&mut visit, at(3_000.0), Reason::Terminate).unwrap();
    let finished = Outcome {
        seq: commit.seq,
        completion: Completion::Completed,
        assumed: true,
        ended: EndKind::Finished,
        ..expected
    };
    assert_eq!(commit.sessions[0].outcome, Some(finished));
}

#[test]
fn a_refused_score_is_told_with_the_session_until_one_is_taken() {
    let mut visit = Visit::open(
        Version::V12,
        PresencePolicy::default(),
        CreditPolicy::Corroborated,
        30_000,
        at(0.0),
        true,
    );
    visit.add_activity("item_1", Kind::Sco, 1);
    visit.launch(at(0.0), 0);
    assert_eq!(visit.initialize(at(0.0), Document::New), Ok(()));
    let raw = "cmi.core.score.raw";
    let refused = |visit: &mut Visit, ms: f64| {
        let told = encoded(visit, at(ms), Reason::Commit).unwrap();
        receipt(visit, told.seq);
        told.sessions.first().map(|it| it.refused.clone())
    };
    assert_eq!(set(&mut visit, raw, "120", at(1_000.0)), Err(Refusal::Range));
    assert_eq!(set(&mut visit, "cmi.core.lesson_status", "done", at(1_000.0)), Err(Refusal::Type));
    assert_eq!(set(&mut visit, "cmi.objectives.0.score.raw", "120", at(1_000.0)), Err(Refusal::Range));
    let expected = [(raw, "120"), ("cmi.core.lesson_status", "done")]
        .map(|it| (it.0.to_owned(), (it.1.to_owned(), 405)));
    assert_eq!(refused(&mut visit, 1_000.0), Some(BTreeMap::from(expected.clone())));
    // The same once more is no news; something else is.
    assert_eq!(set(&mut visit, raw, "120", at(2_000.0)), Err(Refusal::Range));
    assert!(visit.sessions()[0].seq > 0);
    let long = "9".repeat(100);
    assert_eq!(set(&mut visit, raw, &long, at(3_000.0)), Err(Refusal::Range));
    let told = refused(&mut visit, 3_000.0).unwrap();
    assert_eq!(told[raw].0, "9".repeat(64));
    assert_eq!(set(&mut visit, raw, "85", at(4_000.0)), Ok(()));
    assert_eq!(set(&mut visit, "cmi.core.lesson_status", "passed", at(4_000.0)), Ok(()));
    assert_eq!(refused(&mut visit, 4_000.0), Some(BTreeMap::new()));
}
