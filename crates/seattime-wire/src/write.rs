//! Writing a commit by hand: the page's way, without a JSON library.

use seattime_core::session::{Kind, State};
use seattime_core::time::{EvidenceKind, Reported};
use seattime_core::value::digits;
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
    json.raw(",\"visit\":").text(&identity.visit);
    json.raw(",\"lease\":").number(i64::from(identity.lease));
    json.raw(",\"seq\":").number(visit.seq() as i64);
    json.raw(",\"partial\":false,\"reason\":").text(head.reason.word());
    json.raw(",\"sent_date_ms\":").number(head.now.wall_ms as i64);

    // A stretch is named by whatever speaks of it, and the one that runs always is: it dates the message.
    let live = ledger.moment(head.now);
    let evidence = || ledger.evidence().iter().filter(move |it| it.seq > acked);
    let visible = || ledger.visible().iter().filter(move |it| it.seq > acked);
    let spans = |session: u32| ledger.spans().iter().filter(move |it| it.about == session);
    let is_told = |session: &seattime_core::Session| {
        session.seq > acked
            || session.changed().any(|it| it.2 > acked)
            || spans(session.n).any(|it| it.seq > acked)
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
    json.raw(",\"stretches\":");
    json.list(ledger.stretches().iter().filter(|it| is_named(it.n)), |json, it| {
        json.raw("{\"n\":").number(i64::from(it.n));
        json.raw(",\"start_date_ms\":").number(it.start_date_ms());
        if let Some(at) = live.filter(|at| at.stretch == it.n) {
            json.raw(",\"sent_at_ms\":").number(at.ms);
        }
        json.raw("}");
    });

    json.raw(",\"sessions\":");
    json.list(visit.sessions().iter().filter(|it| is_told(it)), |json, session| {
        json.raw("{\"n\":").number(i64::from(session.n));
        json.raw(",\"seq\":").number(session.seq as i64);
        json.raw(",\"kind\":").text(match session.kind {
            Kind::Sco => "sco",
            Kind::Asset => "asset",
        });
        json.raw(",\"activity\":").text(visit.activity_id(session.activity));
        json.raw(",\"try\":").number(i64::from(session.try_));
        if let Some(entry) = session.entry() {
            json.raw(",\"entry\":").text(entry);
        }
        json.raw(",\"state\":").text(match session.state() {
            State::Running => "running",
            State::Left => "left",
            State::Terminated => "terminated",
            State::Implicit => "implicit",
        });
        json.raw(",\"span\":");
        json.list(spans(session.n), |json, it| json.interval(it.stretch, it.first, it.last).end());
        if let Some(accepted) = session.accepted() {
            json.raw(",\"accepted\":{\"months\":").number(accepted.months() as i64);
            json.raw(",\"cs\":").number(accepted.hundredths() as i64).raw("}");
        }
        json.reported(session.reported());
        json.raw(",\"set\":{");
        let mut is_first = true;
        for (element, text, seq) in session.changed().filter(|it| it.2 > acked) {
            json.raw(if is_first { "" } else { "," }).text(element);
            json.raw(":[").text(text).raw(",").number(seq as i64).raw("]");
            is_first = false;
        }
        json.raw("}}");
    });

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
    json.raw(",\"visible\":");
    json.list(visible(), |json, it| json.interval(it.stretch, it.first, it.last).end());
    let totals = visit.totals();
    json.raw(",\"med\":[],\"med_bg\":[]},\"media\":[],\"totals\":{\"measured_ms\":")
        .number(totals.measured_ms);
    json.raw(",\"media_ms\":0,\"credited_ms\":").number(totals.credited_ms).raw("}}");
    json.0
}

/// A JSON text in the making, as UTF-8.
struct Json(Vec<u8>);

impl Json {
    fn raw(&mut self, text: &str) -> &mut Json {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn number(&mut self, value: i64) -> &mut Json {
        if value < 0 {
            self.0.push(b'-');
        }
        digits::push(&mut self.0, value.unsigned_abs(), 1);
        self
    }

    fn text(&mut self, text: &str) -> &mut Json {
        self.0.push(b'"');
        for &byte in text.as_bytes() {
            match byte {
                b'"' | b'\\' => self.0.extend_from_slice(&[b'\\', byte]),
                0..b' ' => {
                    let digit = byte & 15;
                    self.raw(if byte < 16 { "\\u000" } else { "\\u001" });
                    self.0.push(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
                }
                // Of a character of several bytes, none is in the ranges above.
                it => self.0.push(it),
            }
        }
        self.0.push(b'"');
        self
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, mut each: impl FnMut(&mut Json, T)) {
        self.0.push(b'[');
        for (n, item) in items.enumerate() {
            if n > 0 {
                self.0.push(b',');
            }
            each(self, item);
        }
        self.0.push(b']');
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
