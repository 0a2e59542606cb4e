//! How many bytes a page has to send: a working day of signs as a whole, and a sign of life with one sign in it.

use seattime_core::outbox::{Answer, Message};
use seattime_core::session::Kind;
use seattime_core::time::{CreditPolicy, EvidenceKind, MediaKind, MediaSample, PresencePolicy};
use seattime_core::visit::Document;
use seattime_core::{Instant, Reason, Version, Visit};
use seattime_wire::{CommitHead, write_commit};
use serde_json::Value;

const HOUR_S: u32 = 3_600;
/// How often the learner's hand is seen: a hundred times an hour, four seconds each time.
const EACH_S: u32 = 36;
const LASTS_S: u32 = 4;
/// Of each hour, how long it plays a film of its own, and how long another tab is in front.
const FILM_S: u32 = 600;
const HIDDEN_S: std::ops::Range<u32> = 1_805..1_829;

fn at(second: u32) -> Instant {
    let ms = f64::from(second) * 1_000.0;
    Instant { monotonic_ms: 5_000.4 + ms, wall_ms: 1_700_000_000_000.0 + ms }
}

fn opened() -> Visit {
    let policy = PresencePolicy::default();
    let mut visit = Visit::open(Version::V2004, policy, CreditPolicy::Corroborated, 30_000, at(0), true);
    // As long as the server's own are.
    visit.identity.visit = "0190f3f4c1d27c3a9d5e8f1b2a3c4d5e".to_owned();
    visit.identity.lease = 3;
    visit.add_activity("item_1", Kind::Sco, 1);
    visit.launch(at(0), 0);
    assert_eq!(visit.initialize(at(0), Document::New), Ok(()));
    visit
}

/// One second of a day of which every hour is like the others.
fn second(visit: &mut Visit, second: u32) {
    let now = at(second);
    let (hour, of_hour) = (second / HOUR_S, second % HOUR_S);
    if of_hour == HIDDEN_S.start {
        visit.hide(now);
    }
    if of_hour == HIDDEN_S.end {
        visit.show(now);
    }
    if of_hour <= FILM_S {
        let key = format!("0190f3f4c1d27c3a/lesson/part-{hour}/film.mp4#600");
        let item = visit.media_item(&key, MediaKind::Video, f64::from(FILM_S) * 1_000.0);
        let sample = MediaSample {
            player: hour,
            item,
            position_ms: f64::from(of_hour) * 1_000.0,
            rate: 1.0,
            is_playing: of_hour < FILM_S,
            is_moved: false,
            is_audible: true,
            is_floating: false,
        };
        visit.play(now, &sample);
    }
    if of_hour % EACH_S <= LASTS_S {
        visit.note_evidence(now, EvidenceKind::Human);
    }
    visit.tick(now);
}

fn told(visit: &mut Visit, now: Instant, reason: Reason) -> serde_json::Result<(usize, Value)> {
    visit.settle(now);
    let bytes = write_commit(visit, CommitHead { reason, now });
    Ok((bytes.len(), serde_json::from_slice(&bytes)?))
}

#[test]
fn a_day_of_a_hundred_signs_an_hour_is_sent_whole_in_24_kib() {
    let mut visit = opened();
    for it in 1..8 * HOUR_S {
        second(&mut visit, it);
    }
    let (_, whole) = told(&mut visit, at(8 * HOUR_S), Reason::Autosave).unwrap();
    let bursts = whole["time"]["evidence"].as_array().unwrap();
    let by_hand = bursts.iter().filter(|it| it.as_array().unwrap().len() == 3).count();
    assert_eq!(by_hand, 800, "{} in all", bursts.len());
    assert_eq!(whole["time"]["visible"].as_array().unwrap().len(), 9);
    assert_eq!(whole["time"]["med"].as_array().unwrap().len(), 8);
    assert_eq!(whole["media"].as_array().unwrap().len(), 8);
    let size = whole["time"].to_string().len() + whole["media"].to_string().len();
    assert!(size <= 24 * 1_024, "{size} bytes");
}

/// The token's length is the server's; `cargo xtask bench cost` weighs a heartbeat with a real one.
#[test]
fn a_sign_of_life_with_one_sign_of_a_hand_has_512_bytes_beside_its_token() {
    let mut visit = opened();
    let heard = 7 * HOUR_S + FILM_S + 100;
    for it in 1..heard {
        second(&mut visit, it);
    }
    let before = told(&mut visit, at(heard - 1), Reason::Heartbeat).unwrap().1;
    let answer = Answer::Receipt { acked: before["seq"].as_u64(), heartbeat_ms: None, needs_all: false };
    visit.answered(Instant::default(), Some(Message::Farewell), answer, 0.0);
    for it in heard..heard + 30 {
        second(&mut visit, it);
    }
    let (size, heartbeat) = told(&mut visit, at(heard + 29), Reason::Heartbeat).unwrap();
    assert_eq!(heartbeat["time"]["evidence"].as_array().unwrap().len(), 1, "{heartbeat}");
    assert!(size <= 512, "{size} bytes: {heartbeat}");
}
