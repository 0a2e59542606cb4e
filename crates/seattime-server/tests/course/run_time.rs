//! The page's own run-time over the server, without a browser.

use seattime_core::outcome::{Completion, Success};
use seattime_core::session::Kind;
use seattime_core::time::{CreditPolicy, PresencePolicy};
use seattime_core::visit::Document;
use seattime_core::{Instant, Profile, Quirks, Reason, Version, Visit};
use seattime_wire::{CommitHead, write_commit};
use serde_json::Value;

use seattime_testbed::test_server::{START_MS, TestServer};

/// The page's clocks, in ms since it was opened.
pub(crate) fn at(ms: u32) -> Instant {
    Instant { monotonic_ms: f64::from(ms), wall_ms: START_MS as f64 + f64::from(ms) }
}

/// A page as it begins from the server's answer, before anything is launched.
pub(crate) fn opened_page(version: Version, opened: &Value) -> Option<Visit> {
    let (presence, policy) = (PresencePolicy::default(), CreditPolicy::Corroborated);
    let is_strict = opened.get("strict").and_then(Value::as_bool).unwrap_or(false);
    let quirks = if is_strict { Quirks::NONE } else { Quirks::ALL };
    let profile = Profile { quirks, ..version.into() };
    let mut visit = Visit::open(profile, presence, policy, 30_000, at(0), true);
    visit.identity.visit = opened.get("visit")?.as_str()?.to_owned();
    visit.identity.token = opened.get("token")?.as_str()?.to_owned();
    visit.identity.lease = u32::try_from(opened.get("lease")?.as_u64()?).ok()?;
    for activity in opened.get("activities")?.as_array()? {
        let id = activity.get("id")?.as_str()?;
        let kind = match activity.get("kind")?.as_str()? {
            "asset" => Kind::Asset,
            "media" => Kind::Media,
            _ => Kind::Sco,
        };
        visit.add_activity(id, kind, u32::try_from(activity.get("try")?.as_u64()?).ok()?);
        let completion = match activity.get("completion")?.as_str()? {
            "completed" => Completion::Completed,
            "incomplete" => Completion::Incomplete,
            _ => Completion::Unknown,
        };
        let success = match activity.get("success")?.as_str()? {
            "passed" => Success::Passed,
            "failed" => Success::Failed,
            _ => Success::Unknown,
        };
        let was_launched = activity.get("status")?.as_str()? != "not attempted";
        visit.preset_record(completion, success, was_launched, activity.get("auto_complete")?.as_bool()?);
        for id in activity.get("objectives").and_then(Value::as_array).into_iter().flatten() {
            visit.add_objective(id.as_str()?);
        }
        for map in activity.get("data").and_then(Value::as_array).into_iter().flatten() {
            let target = map.get("target")?.as_str()?.to_owned();
            let (reads, writes) = (map.get("reads")?.as_bool()?, map.get("writes")?.as_bool()?);
            visit.add_map(seattime_core::shared::Map { target, reads, writes });
        }
        for (name, text) in opened.get("values")?.get(id).and_then(Value::as_object).into_iter().flatten() {
            visit.preset(name, text.as_str()?);
        }
    }
    for (target, text) in opened.get("shared").and_then(Value::as_object).into_iter().flatten() {
        visit.share(target, text.as_str()?);
    }
    Some(visit)
}

/// A page whose first activity has called Initialize.
pub(crate) fn page(version: Version, opened: &Value) -> Option<Visit> {
    let mut visit = opened_page(version, opened)?;
    visit.launch(at(0), 0)?;
    visit.initialize(at(0), Document::New).ok()?;
    Some(visit)
}

/// `SetValue`, where it is accepted.
pub(crate) fn set(visit: &mut Visit, name: &str, text: &str) -> Option<()> {
    let place = visit.settable(name).ok()?;
    visit.set(place, text, text.encode_utf16().count() as u32, || at(1_000)).ok()
}

/// `GetValue`, where it is answered.
pub(crate) fn get(visit: &Visit, name: &str) -> Option<String> {
    visit.get(visit.gettable(name).ok()?).ok().map(std::borrow::Cow::into_owned)
}

/// The message that a page sends at a moment.
pub(crate) fn message(visit: &mut Visit, ms: u32) -> Vec<u8> {
    visit.settle(at(ms));
    write_commit(visit, CommitHead { reason: Reason::Hidden, now: at(ms) })
}

/// Sends everything that is new; answers the receipt.
pub(crate) async fn send(server: &TestServer, visit: &mut Visit, ms: u32) -> Option<Value> {
    let message = message(visit, ms);
    Some(server.post_bytes("/run/v1/commits", "application/json", message).await?.body)
}
