//! A visit under calls as content makes them: function, arguments, answer, error code.

use seattime_core::session::Kind;
use seattime_core::shared::Map;
use seattime_core::time::{CreditPolicy, PresencePolicy};
use seattime_core::value::units;
use seattime_core::visit::{Document, Keeping};
use seattime_core::{Edition, Instant, Profile, Quirks, Refusal, Version, Visit};
use serde_json::Value;

/// A visit, and the error code of the last call.
pub(crate) struct Replay {
    pub(crate) visit: Visit,
    version: Version,
    last: u32,
}

impl Replay {
    /// `head` names the version, and may name its `edition` (2 to 4), whether it is `strict`, values that
    /// manifest and server set (`given`), the manifest's `objectives`, its `data` (target, reads, writes), and
    /// what is `shared` already.
    pub(crate) fn start(head: &Value) -> Option<Replay> {
        let version = match head.get("version")?.as_str()? {
            "1.2" => Version::V12,
            "2004" => Version::V2004,
            _ => return None,
        };
        let edition = head.get("edition").and_then(Value::as_u64).unwrap_or(4);
        let edition = Edition::numbered(u32::try_from(edition).ok()?);
        let is_strict = head.get("strict").and_then(Value::as_bool).unwrap_or(false);
        let quirks = if is_strict { Quirks::NONE } else { Quirks::ALL };
        let profile = Profile { version, edition, quirks };
        let (presence, policy) = (PresencePolicy::default(), CreditPolicy::Corroborated);
        let mut visit = Visit::open(profile, presence, policy, 30_000, Instant::default(), true);
        visit.add_activity("item", Kind::Sco, 1);
        for id in head.get("objectives").and_then(Value::as_array).into_iter().flatten() {
            visit.add_objective(id.as_str()?);
        }
        for map in head.get("data").and_then(Value::as_array).into_iter().flatten() {
            let target = map.get(0)?.as_str()?.to_owned();
            visit.add_map(Map { target, reads: map.get(1)?.as_bool()?, writes: map.get(2)?.as_bool()? });
        }
        for (name, value) in head.get("given").and_then(Value::as_object).into_iter().flatten() {
            visit.preset(name, value.as_str()?);
        }
        for (target, value) in head.get("shared").and_then(Value::as_object).into_iter().flatten() {
            visit.share(target, value.as_str()?);
        }
        visit.launch(Instant::default(), 0);
        Some(Replay { visit, version, last: 0 })
    }

    fn happens(&mut self, what: impl FnOnce(&mut Visit)) -> (String, u32) {
        what(&mut self.visit);
        (String::new(), 0)
    }

    /// Answers as the API would: a text, and the error code afterwards.
    pub(crate) fn call(&mut self, function: &str, arguments: &[&str]) -> Option<(String, u32)> {
        let argument = |n: usize| arguments.get(n).copied().unwrap_or_default();
        let empty = |text: &str| if text.is_empty() { Ok(()) } else { Err(Refusal::Argument) };
        let told = |it: Result<(), Refusal>| it.map(|()| "true".into());
        let now = Instant::default();
        let visit = &mut self.visit;
        let answer = match function.strip_prefix("LMS").unwrap_or(function) {
            "Initialize" => told(empty(argument(0)).and_then(|()| visit.initialize(now, Document::Same))),
            "Finish" | "Terminate" => told(empty(argument(0)).and_then(|()| visit.terminate(now))),
            "Commit" => told(empty(argument(0)).and_then(|()| visit.commit())),
            "SetValue" => {
                let (name, value) = (argument(0), argument(1));
                told(visit.settable(name).and_then(|it| visit.set(it, value, units(value), || now)))
            }
            "GetValue" => visit.gettable(argument(0)).and_then(|it| visit.get(it)),
            "GetLastError" => return Some((self.last.to_string(), self.last)),
            "GetErrorString" | "GetDiagnostic" => {
                let code = if function == "GetDiagnostic" && argument(0).is_empty() {
                    self.last.to_string()
                } else {
                    argument(0).to_owned()
                };
                let is_code = code.parse::<u32>().is_ok_and(|it| it.to_string() == code);
                let text = if is_code { self.version.error_text(code.parse().ok()?) } else { "" };
                return Some((text.to_owned(), self.last));
            }
            // What happens around content, between its calls.
            "(nothing can be kept)" => return Some(self.happens(|it| it.keep(Keeping::Impossible))),
            "(it can again)" => return Some(self.happens(|it| it.keep(Keeping::Possible))),
            _ => return None,
        };
        let otherwise = if function.ends_with("GetValue") { "" } else { "false" };
        self.last = answer.as_ref().err().map_or(0, |it| self.version.code(*it));
        Some((answer.unwrap_or(otherwise.into()).into_owned(), self.last))
    }
}
