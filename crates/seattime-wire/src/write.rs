//! Writing a commit by hand: the page's way, without a JSON library.

use seattime_core::end::EndKind;
use seattime_core::model::push_name;
use seattime_core::outcome::{Completion, Score, Success};
use seattime_core::session::refused::RefusedValue;
use seattime_core::session::{Kind, Session, State};
use seattime_core::time::{EvidenceKind, MediaKind, Reported};
use seattime_core::value::{digits, real};
use seattime_core::values::{ChangeRange, Changed, Values};
use seattime_core::{Instant, Reason, Version, Visit};

/// What a message says of itself.
#[derive(Debug, Clone, Copy)]
pub struct CommitHead {
    /// Why it is sent.
    pub reason: Reason,
    /// When it is sent.
    pub now: Instant,
}

/// How much of a visit a message holds.
#[derive(Debug, Clone, Copy)]
struct Extent {
    range: ChangeRange,
    /// Texts of more bytes are only named, since they travel apart.
    longest: usize,
    /// Whether it is what fits into the page's exit: longer texts are left out, and so may be records.
    is_partial: bool,
    has_records: bool,
}

/// A text that is only named.
#[derive(Debug)]
pub struct LongText {
    name: Vec<u8>,
    /// Number of its change.
    pub seq: u64,
    /// Where it lies in memory, until the visit changes.
    pub address: usize,
    /// Its length, in bytes.
    pub bytes: usize,
}

/// A message that holds as much as it may.
#[derive(Debug)]
pub struct Step {
    /// It, as UTF-8.
    pub message: Vec<u8>,
    /// The number of the last change in it.
    pub upto: u64,
    /// The texts that it only names: they travel ahead of it in parts.
    pub long: Vec<LongText>,
}

/// Texts of more bytes than this travel ahead in parts, where a message has a limit.
const LONG: usize = 40_000;

/// Writes a commit, as UTF-8, of everything above the number that is acknowledged.
///
/// The visit has to be settled first ([`Visit::settle`]), so that every change has its number.
pub fn write_commit(visit: &Visit, head: CommitHead) -> Vec<u8> {
    let range = visit.news();
    write(visit, head, Extent { range, longest: usize::MAX, is_partial: false, has_records: true }).bytes
}

/// Writes a commit of the changes after `after`: as many as go into `most` bytes, or one.
pub fn write_step(visit: &Visit, head: CommitHead, after: u64, most: usize) -> Step {
    let mut upto = visit.seq();
    loop {
        let range = ChangeRange { after, upto };
        let json = write(visit, head, Extent { range, longest: LONG, is_partial: false, has_records: true });
        if json.bytes.len() <= most || upto <= after + 1 {
            return Step { message: json.bytes, upto, long: json.long };
        }
        upto = after + (upto - after) / 2;
    }
}

/// Writes what fits into `most` bytes while the page goes away: time, states and short texts before longer ones,
/// and records only where everything short fits. It says of itself that it is partial.
pub fn write_farewell(visit: &Visit, head: CommitHead, most: usize) -> Vec<u8> {
    let range = visit.news();
    let mut longest = LONG;
    loop {
        let extent = Extent { range, longest, is_partial: true, has_records: longest == LONG };
        let json = write(visit, head, extent);
        if json.bytes.len() <= most || longest < 1_000 {
            return json.bytes;
        }
        longest /= 4;
    }
}

#[inline(never)]
fn write(visit: &Visit, head: CommitHead, extent: Extent) -> Json {
    let mut json = Json { bytes: Vec::with_capacity(1_024), longest: extent.longest, long: Vec::new() };
    let (range, identity, ledger) = (extent.range, &visit.identity, visit.ledger());
    json.raw("{\"v\":1,\"token\":").text(&identity.token);
    json.field("visit").text(&identity.visit);
    json.field("lease").number(i64::from(identity.lease));
    json.field("seq").number(range.upto as i64);
    json.field("after").number(range.after as i64);
    json.raw(if extent.is_partial { ",\"partial\":true" } else { "" });
    json.field("reason").text(head.reason.word());
    json.field("sent_date_ms").number(head.now.wall_ms as i64);

    // A stretch is named by whatever speaks of it, and the one that runs always is: it dates the message.
    let live = ledger.moment(head.now);
    let evidence = || ledger.evidence().iter().filter(move |it| range.has(it.seq));
    let visible = || ledger.visible().iter().filter(move |it| range.has(it.seq));
    let played = || ledger.media().played().iter().filter(move |it| range.has(it.seq));
    let spans = |session: u32| ledger.spans().iter().filter(move |it| it.about == session);
    let is_told = |session: &Session| {
        range.has(session.seq)
            || session.values().seq() > range.after
            || spans(session.n).any(|it| range.has(it.seq))
    };
    let is_named = |n: u32| {
        live.is_some_and(|it| it.stretch == n)
            || evidence().any(|it| it.stretch == n)
            || visible().any(|it| it.stretch == n)
            || played().any(|it| it.stretch == n)
            || visit.sessions().iter().filter(|it| is_told(it)).any(|session| {
                let at = session.reported().1;
                spans(session.n).any(|it| it.stretch == n) || at.stretch == n
            })
    };
    json.field("stretches");
    json.list(ledger.stretches().iter().filter(|it| is_named(it.n)), |json, it| {
        json.raw("{\"n\":").number(i64::from(it.n));
        json.field("start_date_ms").number(it.start_date_ms());
        if let Some(at) = live.filter(|at| at.stretch == it.n) {
            json.field("sent_at_ms").number(at.ms);
        }
        json.raw("}");
    });

    json.field("sessions");
    json.list(visit.sessions().iter().filter(|it| is_told(it)), |json, session| {
        json.raw("{\"n\":").number(i64::from(session.n));
        json.field("seq").number(session.seq as i64);
        json.field("kind").text(match session.kind {
            Kind::Sco => "sco",
            Kind::Asset => "asset",
            Kind::Media => "media",
        });
        json.field("activity").text(visit.activity_id(session.activity));
        json.field("try").number(i64::from(session.try_));
        if let Some(entry) = session.entry() {
            json.field("entry").text(entry);
        }
        json.field("state").text(match session.state() {
            State::Running => "running",
            State::Left => "left",
            State::Terminated => "terminated",
            State::Implicit => "implicit",
        });
        json.listed("span", spans(session.n), |json, it| json.interval(it.stretch, it.first, it.last).end());
        if let Some(accepted) = session.accepted() {
            json.raw(",\"accepted\":{\"months\":").number(accepted.months() as i64);
            json.field("cs").number(accepted.hundredths() as i64).raw("}");
        }
        json.reported(session.reported());
        json.outcome(visit, session, range);
        json.refused(session.refused(), visit.version());
        let named_before = json.long.len();
        let mut opening = ",\"set\":{";
        for (element, text, seq) in session.values().changed(range) {
            if json.names_only(|name| name.extend_from_slice(element.as_bytes()), text, seq) {
                continue;
            }
            json.raw(opening).text(element).raw(":[").text(text).raw(",").number(seq as i64).raw("]");
            opening = ",";
        }
        json.raw(if opening == "," { "}" } else { "" });
        if extent.has_records {
            json.records(session.values(), range);
        }
        if !extent.is_partial {
            json.named("parted", named_before);
        }
        json.raw("}");
    });

    let named_before = json.long.len();
    let mut opening = ",\"shared\":{";
    for it in visit.shared(range) {
        if json.names_only(|name| name.extend_from_slice(it.target.as_bytes()), &it.text, it.seq) {
            continue;
        }
        json.raw(opening).text(&it.target).raw(":[").text(&it.text).raw(",").number(it.seq as i64).raw("]");
        opening = ",";
    }
    json.raw(if opening == "," { "}" } else { "" });
    if !extent.is_partial {
        json.named("shared_parted", named_before);
    }

    json.raw(",\"time\":{\"evidence\":");
    json.list(evidence(), |json, it| {
        json.interval(it.stretch, it.first, it.last);
        json.raw(match it.about {
            EvidenceKind::Human => "",
            EvidenceKind::Media => ",\"media\"",
            EvidenceKind::Page => ",\"page\"",
        });
        json.end();
    });
    json.listed("visible", visible(), |json, it| json.interval(it.stretch, it.first, it.last).end());
    let items = ledger.media().items();
    for (field, is_background) in [("med", false), ("med_bg", true)] {
        json.listed(field, played().filter(|it| it.about.is_background() == is_background), |json, it| {
            let key = items.get(it.about.item() as usize).map_or("", |it| it.key.as_str());
            json.interval(it.stretch, it.first, it.last).raw(",").text(key).end();
        });
    }
    json.raw("}");
    json.listed("media", items.iter().filter(|it| range.has(it.seq)), |json, it| {
        json.raw("{\"key\":").text(&it.key);
        json.field("seq").number(it.seq as i64);
        json.field("kind").text(match it.kind {
            MediaKind::Video => "video",
            MediaKind::Audio => "audio",
            MediaKind::Unmeasured => "unmeasured",
        });
        json.field("duration_ms").number(it.duration_ms);
        json.field("covered");
        json.list(it.covered.iter(), |json, (start, end)| {
            json.raw("[").number(start).raw(",").number(end).end();
        });
        json.field("position_ms").number(it.position_ms).raw("}");
    });
    json.listed("documents", visit.documents().items().iter().filter(|it| range.has(it.seq)), |json, it| {
        json.raw("{\"key\":").text(&it.key);
        json.field("seq").number(it.seq as i64);
        json.field("pages").number(i64::from(it.pages));
        json.field("seen");
        json.list(it.seen.iter(), |json, (first, end)| {
            json.raw("[").number(first).raw(",").number(end).end();
        });
        json.raw("}");
    });
    let totals = visit.totals();
    json.field("totals").raw("{\"measured_ms\":").number(totals.measured_ms);
    json.field("media_ms").number(totals.media_ms);
    json.field("credited_ms").number(totals.credited_ms).raw("}}");
    json
}

/// Writes every value that the session holds: an object from element to text.
pub fn write_values(visit: &Visit) -> Vec<u8> {
    let mut json = Json { bytes: Vec::with_capacity(1_024), longest: usize::MAX, long: Vec::new() };
    let mut names = Vec::new();
    visit.each_held(|place| {
        if let Some(row) = visit.version().element(place.element) {
            let mut name = Vec::new();
            push_name(&mut name, row.name, &[place.n, place.m]);
            names.push((name, place));
        }
    });
    json.object(names.into_iter(), |json, (name, place)| {
        json.raw("\"");
        json.bytes.extend_from_slice(&name);
        json.raw("\":").text(&visit.held(place).unwrap_or_default());
    });
    json.bytes
}

/// A JSON text in the making, as UTF-8. What is called in many places is kept from being written out in each.
struct Json {
    bytes: Vec<u8>,
    longest: usize,
    long: Vec<LongText>,
}

impl Json {
    /// Notes a text that is too long to be told here; whether it is.
    fn names_only(&mut self, push_name: impl FnOnce(&mut Vec<u8>), text: &str, seq: u64) -> bool {
        let is_long = text.len() > self.longest;
        if is_long {
            let mut name = Vec::new();
            push_name(&mut name);
            let (address, bytes) = (text.as_ptr() as usize, text.len());
            self.long.push(LongText { name, seq, address, bytes });
        }
        is_long
    }

    /// The texts that were noted since: `"parted":{"cmi.suspend_data":41}`.
    #[inline(never)]
    fn named(&mut self, field: &str, since: usize) {
        let long = std::mem::take(&mut self.long);
        let mut opening = "{";
        for it in long.iter().skip(since) {
            if opening == "{" {
                self.field(field);
            }
            self.raw(opening).text(std::str::from_utf8(&it.name).unwrap_or_default());
            self.raw(":").number(it.seq as i64);
            opening = ",";
        }
        self.raw(if opening == "{" { "" } else { "}" });
        self.long = long;
    }

    /// The name of a field that is not the first.
    #[inline(never)]
    fn field(&mut self, name: &str) -> &mut Json {
        self.raw(",\"").raw(name).raw("\":")
    }

    #[inline(never)]
    fn raw(&mut self, text: &str) -> &mut Json {
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    #[inline(never)]
    fn number(&mut self, value: i64) -> &mut Json {
        if value < 0 {
            self.bytes.push(b'-');
        }
        digits::push(&mut self.bytes, value.unsigned_abs(), 1);
        self
    }

    #[inline(never)]
    fn text(&mut self, text: &str) -> &mut Json {
        self.bytes.push(b'"');
        let mut rest = text.as_bytes();
        // Of a character of several bytes, none is among those that are written otherwise.
        while let Some(at) = rest.iter().position(|it| matches!(it, b'"' | b'\\' | 0..b' ')) {
            let (plain, tail) = rest.split_at_checked(at).unwrap_or_default();
            self.bytes.extend_from_slice(plain);
            let Some((&byte, tail)) = tail.split_first() else { break };
            if byte < b' ' {
                let digit = byte & 15;
                self.raw(if byte < 16 { "\\u000" } else { "\\u001" });
                self.bytes.push(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
            } else {
                self.bytes.extend_from_slice(&[b'\\', byte]);
            }
            rest = tail;
        }
        self.bytes.extend_from_slice(rest);
        self.bytes.push(b'"');
        self
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, each: impl FnMut(&mut Json, T)) {
        self.bytes.push(b'[');
        self.parted(items, each);
        self.bytes.push(b']');
    }

    /// A field that is a list, or nothing where that is empty.
    fn listed<T>(&mut self, field: &str, items: impl Iterator<Item = T>, each: impl FnMut(&mut Json, T)) {
        let before = self.bytes.len();
        self.field(field);
        self.list(items, each);
        if self.bytes.ends_with(b"[]") {
            self.bytes.truncate(before);
        }
    }

    fn object<T>(&mut self, items: impl Iterator<Item = T>, each: impl FnMut(&mut Json, T)) {
        self.bytes.push(b'{');
        self.parted(items, each);
        self.bytes.push(b'}');
    }

    fn parted<T>(&mut self, items: impl Iterator<Item = T>, mut each: impl FnMut(&mut Json, T)) {
        for (n, item) in items.enumerate() {
            if n > 0 {
                self.bytes.push(b',');
            }
            each(self, item);
        }
    }

    /// Records of collections, those of one collection together:
    /// `"records":{"cmi.objectives":{"0":[41,{"id":"a"}]}}`. Names are told once, and one number of a change
    /// for all of a record's values: each of them stood as it is told when the greatest was given out.
    fn records(&mut self, values: &Values, range: ChangeRange) {
        let mut opening = ",\"records\":{";
        for collection in values.collections() {
            let mut records =
                values.changed_records(range).filter(|it| it.collection() == collection).peekable();
            if records.peek().is_none() {
                continue;
            }
            self.raw(opening).text(collection).raw(":");
            self.object(records, |json, record| json.record(&record));
            opening = ",";
        }
        if opening == "," {
            self.raw("}");
        }
    }

    fn record(&mut self, record: &Changed<'_>) {
        self.raw("\"").number(i64::from(record.n)).raw("\":[").number(record.seq() as i64).raw(",{");
        let mut is_first = true;
        record.each(|part| {
            let push_whole = |name: &mut Vec<u8>| {
                name.extend_from_slice(record.collection().as_bytes());
                name.push(b'.');
                digits::push(name, u64::from(record.n), 1);
                name.push(b'.');
                push_name(name, part.name, &[part.m.unwrap_or(0)]);
            };
            if self.names_only(push_whole, part.text, part.seq) {
                return;
            }
            self.raw(if is_first { "\"" } else { ",\"" });
            match part.m {
                Some(m) => push_name(&mut self.bytes, part.name, &[m]),
                None => self.bytes.extend_from_slice(part.name.as_bytes()),
            }
            self.raw("\":").text(part.text);
            is_first = false;
        });
        self.raw("}]");
    }

    /// An interval, left open for more.
    #[inline(never)]
    fn interval(&mut self, stretch: u32, first: i64, last: i64) -> &mut Json {
        self.raw("[").number(i64::from(stretch)).raw(",").number(first).raw(",").number(last)
    }

    fn end(&mut self) {
        self.bytes.push(b']');
    }

    /// The outcome of a session, where it changed.
    #[inline(never)]
    fn outcome(&mut self, visit: &Visit, session: &Session, range: ChangeRange) {
        let seq = session.seq.max(session.values().seq());
        let Some(outcome) = visit.outcome(session).filter(|_| seq > range.after) else { return };
        self.raw(",\"outcome\":{\"seq\":").number(seq as i64);
        self.word(
            "completion",
            match outcome.completion {
                Completion::Unknown => "",
                Completion::Incomplete => "incomplete",
                Completion::Completed => "completed",
            },
        );
        self.word(
            "success",
            match outcome.success {
                Success::Unknown => "",
                Success::Failed => "failed",
                Success::Passed => "passed",
            },
        );
        if let Some(Score { scaled, raw, min, max }) = outcome.score {
            self.field("score");
            self.list([scaled, raw, min, max].into_iter(), Json::decimal);
        }
        self.word(
            "ended",
            match session.end().map(|it| it.kind) {
                None => "",
                Some(EndKind::Finished) => "finished",
                Some(EndKind::Paused) => "paused",
                Some(EndKind::Abandoned) => "abandoned",
            },
        );
        self.raw(if outcome.is_assumed { ",\"assumed\":true}" } else { "}" });
    }

    /// A field that holds a word; nothing for an empty one.
    #[inline(never)]
    fn word(&mut self, field: &str, word: &str) {
        if !word.is_empty() {
            self.field(field).text(word);
        }
    }

    /// A decimal number from its steps of [`real::ONE`].
    #[inline(never)]
    fn decimal(&mut self, steps: Option<i64>) {
        let Some(steps) = steps else {
            self.raw("null");
            return;
        };
        if steps < 0 {
            self.bytes.push(b'-');
        }
        let (steps, one) = (steps.unsigned_abs(), real::ONE.unsigned_abs());
        digits::push(&mut self.bytes, steps / one, 1);
        if steps % one > 0 {
            self.bytes.push(b'.');
            digits::push(&mut self.bytes, steps % one, 7);
        }
    }

    /// `"refused":{"cmi.core.score.raw":["120",405]}`, or nothing.
    fn refused(&mut self, values: &[RefusedValue], version: Version) {
        let mut opening = ",\"refused\":{";
        for it in values {
            let name = version.element(it.element).map_or("", |it| it.name);
            self.raw(opening).text(name).raw(":[").text(&it.text).raw(",");
            self.number(i64::from(version.code(it.why))).raw("]");
            opening = ",";
        }
        self.raw(if opening == "," { "}" } else { "" });
    }

    fn reported(&mut self, (reported, at): (Reported, seattime_core::time::Moment)) {
        if reported == Reported::Unset {
            return;
        }
        self.raw(",\"reported\":{\"state\":");
        match reported {
            Reported::Unset => self.raw("\"unset\""),
            Reported::Malformed => self.raw("\"malformed\""),
            Reported::Zero => self.raw("\"zero\""),
            Reported::Set(ms) => self.raw("\"set\",\"ms\":").number(ms),
        };
        if matches!(reported, Reported::Zero | Reported::Set(_)) {
            self.raw(",\"at\":[").number(i64::from(at.stretch)).raw(",").number(at.ms).raw("]");
        }
        self.bytes.push(b'}');
    }
}
