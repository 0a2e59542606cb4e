//! Writing a commit by hand: the page's way, without a JSON library.

use seattime_core::model::push_name;
use seattime_core::session::{Kind, State};
use seattime_core::time::{EvidenceKind, Reported};
use seattime_core::value::digits;
use seattime_core::values::{Changed, Values};
use seattime_core::{Instant, Reason, Visit};

/// What a message says of itself.
#[derive(Debug, Clone, Copy)]
pub struct CommitHead {
    /// Why it is sent.
    pub reason: Reason,
    /// When it is sent.
    pub now: Instant,
}

/// Writes a commit, as UTF-8, from everything above the number that is acknowledged.
///
/// The visit has to be settled first ([`Visit::settle`]), so that every change has its number.
pub fn write_commit(visit: &Visit, head: CommitHead) -> Vec<u8> {
    let mut json = Json(Vec::with_capacity(1_024));
    let (acked, identity, ledger) = (visit.acked(), &visit.identity, visit.ledger());
    json.raw("{\"v\":1,\"token\":").text(&identity.token);
    json.field("visit").text(&identity.visit);
    json.field("lease").number(i64::from(identity.lease));
    json.field("seq").number(visit.seq() as i64);
    json.raw(",\"partial\":false,\"reason\":").text(head.reason.word());
    json.field("sent_date_ms").number(head.now.wall_ms as i64);

    // A stretch is named by whatever speaks of it, and the one that runs always is: it dates the message.
    let live = ledger.moment(head.now);
    let evidence = || ledger.evidence().iter().filter(move |it| it.seq > acked);
    let visible = || ledger.visible().iter().filter(move |it| it.seq > acked);
    let spans = |session: u32| ledger.spans().iter().filter(move |it| it.about == session);
    let is_told = |session: &seattime_core::Session| {
        session.seq > acked || session.values().seq() > acked || spans(session.n).any(|it| it.seq > acked)
    };
    let is_named = |n: u32| {
        live.is_some_and(|it| it.stretch == n)
            || evidence().any(|it| it.stretch == n)
            || visible().any(|it| it.stretch == n)
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
        json.field("span");
        json.list(spans(session.n), |json, it| json.interval(it.stretch, it.first, it.last).end());
        if let Some(accepted) = session.accepted() {
            json.raw(",\"accepted\":{\"months\":").number(accepted.months() as i64);
            json.field("cs").number(accepted.hundredths() as i64).raw("}");
        }
        json.reported(session.reported());
        json.field("set");
        json.object(session.values().changed(acked), |json, (element, text, seq)| {
            json.text(element).raw(":[").text(text).raw(",").number(seq as i64).raw("]");
        });
        json.records(session.values(), acked);
        json.raw("}");
    });

    if visit.shared(acked).next().is_some() {
        json.field("shared");
        json.object(visit.shared(acked), |json, it| {
            json.text(&it.target).raw(":[").text(&it.text).raw(",").number(it.seq as i64).raw("]");
        });
    }

    json.raw(",\"time\":{\"evidence\":");
    json.list(evidence(), |json, it| {
        json.interval(it.stretch, it.first, it.last);
        json.raw(",").text(match it.about {
            EvidenceKind::Human => "human",
            EvidenceKind::Media => "media",
            EvidenceKind::Page => "page",
        });
        json.end();
    });
    json.field("visible");
    json.list(visible(), |json, it| json.interval(it.stretch, it.first, it.last).end());
    let totals = visit.totals();
    json.raw(",\"med\":[],\"med_bg\":[]},\"media\":[],\"totals\":{\"measured_ms\":")
        .number(totals.measured_ms);
    json.raw(",\"media_ms\":0,\"credited_ms\":").number(totals.credited_ms).raw("}}");
    json.0
}

/// Writes every value that content may read now: an object from element to text.
pub fn write_values(visit: &Visit) -> Vec<u8> {
    let mut json = Json(Vec::with_capacity(1_024));
    let mut names = Vec::new();
    visit.each_readable(|place| {
        if let Some(row) = visit.version().element(place.element) {
            let mut name = Vec::new();
            push_name(&mut name, row.name, &[place.n, place.m]);
            names.push((name, place));
        }
    });
    json.object(names.into_iter(), |json, (name, place)| {
        json.raw("\"");
        json.0.extend_from_slice(&name);
        json.raw("\":").text(&visit.get(place).unwrap_or_default());
    });
    json.0
}

/// A JSON text in the making, as UTF-8. This crate is compiled for speed, so what is called in many places is
/// kept from being written out in each.
struct Json(Vec<u8>);

impl Json {
    /// The name of a field that is not the first.
    #[inline(never)]
    fn field(&mut self, name: &str) -> &mut Json {
        self.raw(",\"").raw(name).raw("\":")
    }

    #[inline(never)]
    fn raw(&mut self, text: &str) -> &mut Json {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    #[inline(never)]
    fn number(&mut self, value: i64) -> &mut Json {
        if value < 0 {
            self.0.push(b'-');
        }
        digits::push(&mut self.0, value.unsigned_abs(), 1);
        self
    }

    #[inline(never)]
    fn text(&mut self, text: &str) -> &mut Json {
        self.0.push(b'"');
        let mut rest = text.as_bytes();
        // Of a character of several bytes, none is among those that are written otherwise.
        while let Some(at) = rest.iter().position(|it| matches!(it, b'"' | b'\\' | 0..b' ')) {
            let (plain, tail) = rest.split_at_checked(at).unwrap_or_default();
            self.0.extend_from_slice(plain);
            let Some((&byte, tail)) = tail.split_first() else { break };
            if byte < b' ' {
                let digit = byte & 15;
                self.raw(if byte < 16 { "\\u000" } else { "\\u001" });
                self.0.push(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
            } else {
                self.0.extend_from_slice(&[b'\\', byte]);
            }
            rest = tail;
        }
        self.0.extend_from_slice(rest);
        self.0.push(b'"');
        self
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, each: impl FnMut(&mut Json, T)) {
        self.0.push(b'[');
        self.parted(items, each);
        self.0.push(b']');
    }

    fn object<T>(&mut self, items: impl Iterator<Item = T>, each: impl FnMut(&mut Json, T)) {
        self.0.push(b'{');
        self.parted(items, each);
        self.0.push(b'}');
    }

    fn parted<T>(&mut self, items: impl Iterator<Item = T>, mut each: impl FnMut(&mut Json, T)) {
        for (n, item) in items.enumerate() {
            if n > 0 {
                self.0.push(b',');
            }
            each(self, item);
        }
    }

    /// Records of collections, those of one collection together:
    /// `"records":{"cmi.objectives":{"0":[41,{"id":"a"}]}}`. Names are told once, and one number of a change
    /// for all of a record's values: each of them stood as it is told when the greatest was given out.
    fn records(&mut self, values: &Values, acked: u64) {
        let mut opening = ",\"records\":{";
        for collection in values.collections() {
            let mut records =
                values.changed_records(acked).filter(|it| it.collection() == collection).peekable();
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
        record.each(|name, m, text| {
            self.raw(if is_first { "\"" } else { ",\"" });
            match m {
                Some(m) => push_name(&mut self.0, name, &[m]),
                None => self.0.extend_from_slice(name.as_bytes()),
            }
            self.raw("\":").text(text);
            is_first = false;
        });
        self.raw("}]");
    }

    /// An interval, left open for more.
    fn interval(&mut self, stretch: u32, first: i64, last: i64) -> &mut Json {
        self.raw("[").number(i64::from(stretch)).raw(",").number(first).raw(",").number(last)
    }

    fn end(&mut self) {
        self.0.push(b']');
    }

    fn reported(&mut self, (reported, at): (Reported, seattime_core::time::Moment)) {
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
        self.0.push(b'}');
    }
}
