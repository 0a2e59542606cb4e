//! How long a video was watched or an audio was listened to, from what their players left behind.

use serde_json::Value;

use crate::cell::{Cell, Number};
use crate::map::Topics;
use crate::told::{Basis, Finding, Outcome, length};

/// What is kept of one topic.
pub(crate) struct Viewing {
    pub(crate) time_spent: Cell,
    pub(crate) data: Cell,
    pub(crate) audio_position: Cell,
}

/// What one place says.
enum Said {
    Nothing,
    Zero,
    Seconds(i64),
    Unreadable(String),
    TooMuch(i64),
}

/// What `time_spent` should say.
pub(crate) fn judge(viewing: &Viewing, names: &Topics, most_s: i64) -> Finding {
    let data = match parsed(&viewing.data) {
        Ok(data) => data,
        Err(why) => return fall_back(viewing, names, most_s, Finding::left(Outcome::Malformed, why)),
    };
    let places = names.video_time.iter().map(|it| (Basis::VideoTime, it));
    let places = places.chain(names.audio_time.iter().map(|it| (Basis::AudioTime, it)));
    let (mut best, mut bad, mut zero): (Option<(i64, Basis, &str)>, Option<Finding>, Option<&str>) =
        (None, None, None);
    for (basis, place) in places {
        let name = place.trim_start_matches('/');
        match in_json(data.as_ref().and_then(|it| it.pointer(place)), most_s) {
            Said::Nothing => {}
            Said::Zero => zero = Some(name),
            Said::Seconds(it) if best.is_none_or(|best| best.0 < it) => best = Some((it, basis, name)),
            Said::Seconds(_) => {}
            Said::Unreadable(what) => {
                bad = Some(Finding::left(
                    Outcome::Malformed,
                    format!("{} says {name} {what}; expected seconds", names.data),
                ));
            }
            Said::TooMuch(it) => bad = Some(too_much(&format!("{} says {name}", names.data), it, most_s)),
        }
    }
    if let Some((seconds, basis, name)) = best {
        let beside = bad.map(|it| format!("; {}", it.why)).unwrap_or_default();
        let why = format!("{} says {name} {seconds}, {}{beside}", names.data, length(seconds));
        return Finding::raised(&viewing.time_spent, seconds, basis, why);
    }
    let otherwise = bad.unwrap_or_else(|| match zero {
        Some(name) => {
            Finding::left(Outcome::NotRecoverable, format!("{} says {name} 0: no time was kept", names.data))
        }
        None => Finding::left(
            Outcome::NotRecoverable,
            "no time of a video or an audio was kept; of a SCORM package, see fix-scorm-time",
        ),
    });
    fall_back(viewing, names, most_s, otherwise)
}

/// Where nothing says how long was listened, the position does, if that is wanted.
fn fall_back(viewing: &Viewing, names: &Topics, most_s: i64, otherwise: Finding) -> Finding {
    let name = &names.audio_position;
    match said(viewing.audio_position.number(), &viewing.audio_position, most_s) {
        Said::Seconds(it) if names.count_audio_position => {
            let beside = match otherwise.outcome {
                Outcome::Malformed | Outcome::Implausible => format!("; {}", otherwise.why),
                _ => String::new(),
            };
            let why =
                format!("{name} is {it}, {}: so much was heard if nobody moved ahead{beside}", length(it));
            Finding::raised(&viewing.time_spent, it, Basis::AudioPosition, why)
        }
        Said::Seconds(it) => {
            Finding { why: format!("{}; {name} {it} is a place and no time", otherwise.why), ..otherwise }
        }
        Said::Unreadable(what) if otherwise.outcome == Outcome::NotRecoverable => {
            Finding::left(Outcome::Malformed, format!("{name} is {what}; expected seconds"))
        }
        Said::TooMuch(it) if otherwise.outcome == Outcome::NotRecoverable => {
            too_much(&format!("{name} is"), it, most_s)
        }
        _ => settled(viewing, otherwise),
    }
}

/// A time that is there although nothing else says so is left alone, and needs no recovery.
fn settled(viewing: &Viewing, otherwise: Finding) -> Finding {
    match viewing.time_spent.number() {
        Number::Whole(it) if it > 0 && otherwise.outcome == Outcome::NotRecoverable => Finding {
            outcome: Outcome::Right,
            why: format!("{it} is there, {}, and nothing says more", length(it)),
            ..otherwise
        },
        _ => otherwise,
    }
}

fn too_much(what: &str, seconds: i64, most_s: i64) -> Finding {
    let why = format!("{what} {seconds}; expected at most {most_s}, or a greater [limits] attempt_hours");
    Finding::left(Outcome::Implausible, why)
}

/// The JSON of a row; some LMSs write it as a text within JSON.
fn parsed(data: &Cell) -> Result<Option<Value>, String> {
    let text = data.text();
    if text.trim().is_empty() {
        return Ok(None);
    }
    let read = |it: &str| {
        serde_json::from_str::<Value>(it).map_err(|error| format!("its JSON cannot be read: {error}"))
    };
    match read(&text)? {
        Value::String(inner) if !inner.trim().is_empty() => read(&inner).map(Some),
        value => Ok(Some(value)),
    }
}

fn in_json(value: Option<&Value>, most_s: i64) -> Said {
    let cell = match value {
        None | Some(Value::Null) => return Said::Nothing,
        Some(Value::Number(it)) => Cell::Text(it.to_string()),
        Some(Value::String(it)) => Cell::Text(it.clone()),
        Some(other) => return Said::Unreadable(other.to_string()),
    };
    said(cell.number(), &cell, most_s)
}

fn said(number: Number, cell: &Cell, most_s: i64) -> Said {
    match number {
        Number::None => Said::Nothing,
        Number::Whole(0) => Said::Zero,
        Number::Whole(it) if it < 0 => Said::Unreadable(cell.text()),
        Number::Whole(it) if it > most_s => Said::TooMuch(it),
        Number::Whole(it) => Said::Seconds(it),
        Number::Unreadable => Said::Unreadable(format!("{:?}", cell.text())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::Map;

    #[test]
    fn each_wreck_has_its_verdict() {
        use Outcome::*;
        let names = Map::django().unwrap().topics;
        let most_s = 720_000;
        #[rustfmt::skip]
        let cases = [
            // time_spent  progress_data                             position   outcome          to          basis
            ("0",          r#"{"total_viewing_time": 754.9}"#,       "",        Changed,         Some(754),  Some(Basis::VideoTime)),
            ("",           r#"{"total_viewing_time": "754"}"#,       "",        Changed,         Some(754),  Some(Basis::VideoTime)),
            ("-5",         r#"{"total_viewing_time": 754}"#,         "",        Changed,         Some(754),  Some(Basis::VideoTime)),
            ("754",        r#"{"total_viewing_time": 754}"#,         "",        Right,           None,       Some(Basis::VideoTime)),
            ("800",        r#"{"total_viewing_time": 754}"#,         "",        Higher,          None,       Some(Basis::VideoTime)),
            ("0",          r#""{\"total_viewing_time\": 60}""#,      "",        Changed,         Some(60),   Some(Basis::VideoTime)), // JSON within JSON
            ("0",          r#"{"total_listening_time": 33}"#,        "900",     Changed,         Some(33),   Some(Basis::AudioTime)), // a time beats a place
            ("0",          r#"{"total_viewing_time": 0}"#,           "",        NotRecoverable,  None,       None),
            ("0",          r#"{"total_viewing_time": 0}"#,           "120",     Changed,         Some(120),  Some(Basis::AudioPosition)),
            ("0",          "",                                       "120.7",   Changed,         Some(120),  Some(Basis::AudioPosition)),
            ("0",          "",                                       "",        NotRecoverable,  None,       None),
            ("0",          "null",                                   "0",       NotRecoverable,  None,       None),
            ("40",         "{}",                                     "",        Right,           None,       None),
            ("0",          r#"{"total_viewing_time": -7}"#,          "",        Malformed,       None,       None),
            ("0",          r#"{"total_viewing_time": "ten"}"#,       "",        Malformed,       None,       None),
            ("0",          r#"{"total_viewing_time": [9]}"#,         "",        Malformed,       None,       None),
            ("0",          r#"{"total_viewing_time": 12"#,           "",        Malformed,       None,       None),
            ("0",          r#"{"total_viewing_time": 12"#,           "30",      Changed,         Some(30),   Some(Basis::AudioPosition)),
            ("0",          "[1, 2]",                                 "",        NotRecoverable,  None,       None),
            ("0",          r#"{"total_viewing_time": 720000}"#,      "",        Changed,         Some(720_000), Some(Basis::VideoTime)),
            ("0",          r#"{"total_viewing_time": 720001}"#,      "",        Implausible,     None,       None),
            ("0",          r#"{"total_viewing_time": 1e19}"#,        "",        Implausible,     None,       None),
            ("0",          "",                                       "-1",      Malformed,       None,       None),
        ];
        for (time_spent, data, position, outcome, to, basis) in cases {
            let cell = |it: &str| if it.is_empty() { Cell::Null } else { Cell::Text(it.to_owned()) };
            let viewing =
                Viewing { time_spent: cell(time_spent), data: cell(data), audio_position: cell(position) };
            let found = judge(&viewing, &names, most_s);
            assert_eq!(
                (found.outcome, found.to, found.basis),
                (outcome, to, basis),
                "{data} {position}: {}",
                found.why
            );
        }
    }

    #[test]
    fn a_place_counts_only_where_that_is_wanted() {
        let names = Topics { count_audio_position: false, ..Map::django().unwrap().topics };
        let viewing =
            Viewing { time_spent: Cell::Whole(0), data: Cell::Null, audio_position: Cell::Whole(300) };
        let found = judge(&viewing, &names, 720_000);
        assert_eq!((found.outcome, found.to), (Outcome::NotRecoverable, None));
        assert!(found.why.contains("last_audio_position 300 is a place and no time"), "{}", found.why);
    }
}
