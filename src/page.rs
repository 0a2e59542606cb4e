//! What the player page calls: opening, launching, what it saw, and when to write down and to send.

use seattime_core::end::Ending;
use seattime_core::outbox::{Answer, Message, Next};
use seattime_core::outcome::{Completion, Success};
use seattime_core::session::Kind;
use seattime_core::shared::Map;
use seattime_core::time::{CreditPolicy, EvidenceKind, MediaKind, MediaSample, PresencePolicy};
use seattime_core::visit::Keeping;
use seattime_core::{Edition, Profile, Quirks, Reason, Version, Visit};
use seattime_wire::{CommitHead, LongText, Step, write_commit, write_farewell, write_step, write_values};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::boundary::runtime;
use crate::clock::now;

/// Runs `call` on the visit, if one is open.
fn visit<T: Default>(call: impl FnOnce(&mut Visit) -> T) -> T {
    runtime(T::default(), |it| it.visit.as_mut().map(call).unwrap_or_default())
}

/// Opens a visit: `standard` is 12, or 20042 to 20044 for SCORM 2004 in its 2nd to 4th Edition; times are in
/// ms, `policy` is 0 for corroborated, 1 for reported, 2 for measured.
#[wasm_bindgen]
pub fn open(
    standard: u32,
    is_strict: bool,
    idle_limit_ms: u32,
    tail_ms: u32,
    policy: u32,
    heartbeat_ms: u32,
    is_visible: bool,
) {
    let (version, edition) = match standard {
        12 => (Version::V12, Edition::default()),
        _ => (Version::V2004, Edition::numbered(standard.saturating_sub(20_040))),
    };
    let presence = PresencePolicy { idle_limit_ms: i64::from(idle_limit_ms), tail_ms: i64::from(tail_ms) };
    let policy = match policy {
        1 => CreditPolicy::Reported,
        2 => CreditPolicy::Measured,
        _ => CreditPolicy::Corroborated,
    };
    let quirks = if is_strict { Quirks::NONE } else { Quirks::ALL };
    let profile = Profile { version, edition, quirks };
    let opened = Visit::open(profile, presence, policy, heartbeat_ms, now(), is_visible);
    runtime((), |it| it.visit = Some(opened));
}

/// Names the visit: its id and its token lie in the inbox, one behind the other.
#[wasm_bindgen]
pub fn identify(visit_bytes: u32, token_bytes: u32, lease: u32) {
    runtime((), |it| {
        if let Ok((visit, id, token)) = it.pair(visit_bytes as usize, token_bytes as usize) {
            let (id, token) = (id.to_owned(), token.to_owned());
            visit.identity = seattime_core::Identity { visit: id, token, lease };
        }
    });
}

/// Adds what can be launched; its identifier lies in the inbox. `kind` is 0 for an asset, 1 for a SCO, 2 for media.
#[wasm_bindgen]
pub fn add_activity(id_bytes: u32, kind: u32, try_: u32) {
    runtime((), |it| {
        if let Ok((visit, id)) = it.one(id_bytes as usize) {
            let kind = match kind {
                1 => Kind::Sco,
                2 => Kind::Media,
                _ => Kind::Asset,
            };
            visit.add_activity(id, kind, try_);
        }
    });
}

/// Gives the activity that was added last a value; name and value lie in the inbox.
#[wasm_bindgen]
pub fn preset(name_bytes: u32, value_bytes: u32) {
    runtime((), |it| {
        if let Ok((visit, name, value)) = it.pair(name_bytes as usize, value_bytes as usize) {
            visit.preset(name, value);
        }
    });
}

/// Gives the activity that was added last an objective of its manifest; its id lies in the inbox.
#[wasm_bindgen]
pub fn add_objective(id_bytes: u32) {
    runtime((), |it| {
        if let Ok((visit, id)) = it.one(id_bytes as usize) {
            visit.add_objective(id);
        }
    });
}

/// Gives the activity that was added last a way to shared data; the target lies in the inbox.
#[wasm_bindgen]
pub fn add_map(target_bytes: u32, reads: bool, writes: bool) {
    runtime((), |it| {
        if let Ok((visit, target)) = it.one(target_bytes as usize) {
            let target = target.to_owned();
            visit.add_map(Map { target, reads, writes });
        }
    });
}

/// Fills shared data; target and text lie in the inbox.
#[wasm_bindgen]
pub fn share(target_bytes: u32, text_bytes: u32) {
    runtime((), |it| {
        if let Ok((visit, target, text)) = it.pair(target_bytes as usize, text_bytes as usize) {
            let (target, text) = (target.to_owned(), text.to_owned());
            visit.share(&target, &text);
        }
    });
}

/// Says whether what content says can be kept anywhere.
#[wasm_bindgen]
pub fn keep(is_possible: bool) {
    visit(|it| it.keep(if is_possible { Keeping::Possible } else { Keeping::Impossible }));
}

/// Every value that the session holds; the cell then says where the JSON lies.
#[wasm_bindgen]
pub fn values() {
    runtime((), |it| {
        let json = it.visit.as_ref().map(write_values).unwrap_or_default();
        it.put(json);
    });
}

/// Launches an activity, numbered from 0; answers the session's number, 0 if there is no such activity.
#[wasm_bindgen]
pub fn launch(activity: u32) -> u32 {
    visit(|it| it.launch(now(), activity as usize).unwrap_or(0))
}

/// The content was taken away: by navigation to another activity, or not.
#[wasm_bindgen]
pub fn take_away(is_navigation: bool) {
    let ending = if is_navigation { Ending::Navigated } else { Ending::CutOff };
    visit(|it| it.take_away(now(), ending));
}

/// The page of the content has loaded with all its scripts.
#[wasm_bindgen]
pub fn note_loaded() {
    visit(Visit::note_loaded);
}

/// Sets the record of the activity that was added last; the numbers are those of the variants, from 0.
/// `was_launched` is true if it was launched before in this attempt, `is_filled_in` if a 2004 session that ends without a
/// status completes it.
#[wasm_bindgen]
pub fn preset_record(completion: u32, success: u32, was_launched: bool, is_filled_in: bool) {
    let completion = match completion {
        2 => Completion::Completed,
        1 => Completion::Incomplete,
        _ => Completion::Unknown,
    };
    let success = match success {
        2 => Success::Passed,
        1 => Success::Failed,
        _ => Success::Unknown,
    };
    visit(|it| it.preset_record(completion, success, was_launched, is_filled_in));
}

/// The status of an activity's record, numbered from 0; the cell then says where the word lies.
#[wasm_bindgen]
pub fn activity_status(activity: u32) {
    runtime((), |it| {
        let status = it.visit.as_ref().map_or("", |visit| visit.status(activity as usize));
        it.point_at(status.as_ptr() as usize, status.len());
    });
}

/// The page is visible.
#[wasm_bindgen]
pub fn show() {
    visit(|it| it.show(now()));
}

/// The page is hidden.
#[wasm_bindgen]
pub fn hide() {
    visit(|it| it.hide(now()));
}

/// The page is going away.
#[wasm_bindgen]
pub fn leave() {
    visit(|it| it.leave(now()));
}

/// Content opens a dialog, or it was closed.
#[wasm_bindgen]
pub fn dialog(is_open: bool) {
    visit(|it| it.dialog(now(), is_open));
}

/// Content of the running session read the property that holds the API.
#[wasm_bindgen]
pub fn note_api_lookup() {
    visit(Visit::note_api_lookup);
}

/// The learner gave a sign.
#[wasm_bindgen]
pub fn note_evidence() {
    visit(|it| it.note_evidence(now(), EvidenceKind::Human));
}

/// The number of what a media element plays; its key lies in the inbox. `kind` is 0 for an audio, 1 for a video, and
/// else it cannot be told what plays when. The length is in ms, and 0, infinite or no number where it is not known.
#[wasm_bindgen]
pub fn media_item(key_bytes: u32, kind: u32, duration_ms: f64) -> u32 {
    runtime(0, |it| {
        let Ok((visit, key)) = it.one(key_bytes as usize) else { return 0 };
        let kind = match kind {
            0 => MediaKind::Audio,
            1 => MediaKind::Video,
            _ => MediaKind::Unmeasured,
        };
        visit.media_item(key, kind, duration_ms)
    })
}

/// A media element says where it stands, in ms, and how fast it plays. `state` adds up 1: it plays, 2: it was moved,
/// 4: it can be heard, 8: it is seen although the page is hidden.
#[wasm_bindgen]
pub fn play(player: u32, item: u32, position_ms: f64, rate: f64, state: u32) {
    let sample = MediaSample {
        player,
        item,
        position_ms,
        rate,
        is_playing: state & 1 > 0,
        is_moved: state & 2 > 0,
        is_audible: state & 4 > 0,
        is_floating: state & 8 > 0,
    };
    visit(|it| it.play(now(), &sample));
}

/// Pages of a document were seen: from `first` to before `end`, counted from 0; its key lies in the inbox.
#[wasm_bindgen]
pub fn see_pages(key_bytes: u32, pages: u32, first: u32, end: u32) {
    runtime((), |it| {
        if let Ok((visit, key)) = it.one(key_bytes as usize) {
            visit.see_pages(key, pages, first, end);
        }
    });
}

/// Takes the clocks, once a second. Answers what is due: 1 to write down, and in the bits above, 0 or one
/// more than the number of the reason to send (heartbeat, autosave, commit, terminate, hidden).
#[wasm_bindgen]
pub fn tick() -> u32 {
    visit(|it| {
        let due = it.tick(now());
        u32::from(due.checkpoint) | due.send.map_or(0, |reason| (reason as u32 + 1) << 1)
    })
}

/// Encodes what is not acknowledged; the cell then says where the message lies. It holds the changes after the
/// number `after`, as many as go into `most` bytes or a little more; everything, where that is 0. Answers the
/// number of the last change in it.
#[wasm_bindgen]
pub fn encode(reason: u32, after: f64, most: u32) -> f64 {
    runtime(0.0, |it| {
        let Some((visit, head)) = settled(&mut it.visit, reason) else { return 0.0 };
        let step = match most {
            0 => Step { message: write_commit(visit, head), upto: visit.seq(), long: Vec::new() },
            most => write_step(visit, head, after as u64, most as usize),
        };
        it.long = step.long;
        it.put(step.message);
        step.upto as f64
    })
}

/// Encodes what fits into `most` bytes while the page goes away; the cell then says where the message lies.
#[wasm_bindgen]
pub fn encode_farewell(most: u32) {
    runtime((), |it| {
        let Some((visit, head)) = settled(&mut it.visit, Reason::Hidden as u32) else { return };
        let message = write_farewell(visit, head, most as usize);
        it.put(message);
    });
}

/// The text number `n` of those that the message which was encoded last only names; the cell then says where it
/// lies. Answers the number of its change, 0 where there is none.
#[wasm_bindgen]
pub fn long_text(n: u32) -> f64 {
    runtime(0.0, |it| {
        let Some(&LongText { seq, address, bytes, .. }) = it.long.get(n as usize) else { return 0.0 };
        it.point_at(address, bytes);
        seq as f64
    })
}

/// The visit, with everything numbered, and what a message says of itself.
fn settled(visit: &mut Option<Visit>, reason: u32) -> Option<(&Visit, CommitHead)> {
    let (visit, now) = (visit.as_mut()?, now());
    visit.settle(now);
    let reason = match reason {
        0 => Reason::Heartbeat,
        1 => Reason::Autosave,
        2 => Reason::Commit,
        3 => Reason::Terminate,
        _ => Reason::Hidden,
    };
    Some((visit, CommitHead { reason, now }))
}

/// The highest number of a change that the server has on disk.
#[wasm_bindgen]
pub fn acked() -> f64 {
    visit(|it| it.acked() as f64)
}

/// A message of no round is on its way.
#[wasm_bindgen]
pub fn sent() {
    visit(|it| it.outbox().sent(now().monotonic_ms));
}

/// Begins a round of messages, which are added in their order.
#[wasm_bindgen]
pub fn begin() {
    visit(|it| it.outbox().begin(now().monotonic_ms));
}

/// Adds a message to the round: a part of the text that the change `seq` set, or, where `part` is negative, the commit
/// whose last change is `seq`.
#[wasm_bindgen]
pub fn add_message(seq: f64, part: i32) {
    let seq = seq as u64;
    let message =
        if part < 0 { Message::Commit { upto: seq } } else { Message::Part { seq, n: part as u32 } };
    visit(|it| it.outbox().add(message));
}

/// The place in the round of the message to send now, and -1 once the round is over.
#[wasm_bindgen]
pub fn next_message() -> i32 {
    visit(|it| it.outbox().place().map_or(0, |n| n as i32 + 1)) - 1
}

/// A message was answered. `kind` is 0 for a receipt, 1 where a newer visit was opened, 2 for any other problem; `acked`
/// is no number where the server did not say; `ms` is the heartbeat of a receipt, or how long the server asks to wait.
/// `apart` is the last change of a message that was sent apart from the round, 0 of a farewell, negative for the round's own.
/// Answers how long to wait before another try, in ms, or what else follows: -1 the next message, -2 all is saved,
/// -3 everything is sent again, -4 nothing more is sent. `chance` is from 0 to 1.
#[wasm_bindgen]
pub fn answered(kind: u32, acked: f64, needs_all: bool, ms: f64, apart: f64, chance: f64) -> f64 {
    let number = (!acked.is_nan()).then_some(acked as u64);
    let answer = match kind {
        0 => Answer::Receipt { acked: number, heartbeat_ms: (ms > 0.0).then_some(ms as u32), needs_all },
        1 => Answer::Superseded { acked: number.unwrap_or(0), needs_all },
        _ => Answer::Failure { retry_after_ms: ms },
    };
    let apart = match apart {
        0.0 => Some(Message::Farewell),
        _ if apart < 0.0 => None,
        _ => Some(Message::Commit { upto: apart as u64 }),
    };
    match visit(|it| Some(it.answered(now(), apart, answer, chance))) {
        Some(Next::Wait(ms)) => ms,
        Some(Next::Send) => -1.0,
        Some(Next::Saved) | None => -2.0,
        Some(Next::SendAll) => -3.0,
        Some(Next::Stop) => -4.0,
    }
}

/// The highest number of a change.
#[wasm_bindgen]
pub fn seq() -> f64 {
    visit(|it| it.seq() as f64)
}

/// What was measured so far in this visit, in ms.
#[wasm_bindgen]
pub fn measured_ms() -> f64 {
    visit(|it| it.totals().measured_ms as f64)
}

/// Whether time counts now: 1 if it does, 2 if it does not because the last sign of the learner is longer ago than the
/// idle limit, else 0.
#[wasm_bindgen]
pub fn counting() -> u32 {
    visit(|it| if it.is_counting() { 1 } else { 2 * u32::from(it.is_idle()) })
}

/// This instance has the memory of an earlier one, as it stood a while before that trapped.
#[wasm_bindgen]
pub fn resume() {
    visit(Visit::resume);
}
