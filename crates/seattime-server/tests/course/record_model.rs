//! A model of the record (design, *Finished or paused* and *Three views*): it knows what content set and how sessions
//! ended, and nothing of how messages are merged or kept.

use std::collections::{BTreeMap, BTreeSet};

use seattime_core::Version::{self, V12, V2004};

use super::{End, Page};

/// Values by element.
pub(crate) type Elements = BTreeMap<String, String>;

/// What a package says of an activity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Item {
    pub(crate) kind: &'static str,
    /// The mastery score of 100, or the least passing score of 1.
    pub(crate) passing: Option<f64>,
    pub(crate) completion_set_by_content: bool,
}

/// A session as far as the server has heard of it.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) activity: usize,
    /// The values of its content, if that called Initialize: as they were at its beginning, with what it set.
    pub(crate) values: Option<Elements>,
    /// The elements that content set.
    pub(crate) set: BTreeSet<&'static str>,
    pub(crate) is_loaded: bool,
    pub(crate) has_looked: bool,
    /// None while it runs.
    pub(crate) end: Option<End>,
}

/// A visit as far as the server has heard of it.
#[derive(Debug, Clone)]
pub(crate) struct HeardVisit {
    pub(crate) attempt: usize,
    pub(crate) page: Page,
    pub(crate) sessions: Vec<Heard>,
    pub(crate) is_touched: bool,
    /// How long the page was visible, in s.
    pub(crate) visible: u32,
    /// How long media played, in s.
    pub(crate) played: u32,
    /// True once the server has closed it, or its page has.
    pub(crate) is_over: bool,
}

impl HeardVisit {
    /// One of which nothing was heard yet.
    pub(crate) fn new(attempt: usize, page: Page) -> HeardVisit {
        HeardVisit {
            attempt,
            page,
            sessions: Vec::new(),
            is_touched: false,
            visible: 0,
            played: 0,
            is_over: false,
        }
    }

    /// True if it makes its attempt count.
    pub(crate) fn counts(&self) -> bool {
        self.sessions.iter().any(|it| it.values.is_some())
            || (!self.sessions.is_empty() && (self.is_touched || self.played >= 2 || self.visible >= 10))
    }
}

/// Ordered: 0 is unknown; incomplete and failed are 1, completed and passed 2.
pub(crate) type Rank = u8;

/// A score as a fraction, and as the report writes it.
pub(crate) type Shown = (f64, String);

/// A record, or the outcome of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Expected {
    pub(crate) completion: Rank,
    pub(crate) success: Rank,
    pub(crate) score: Option<Shown>,
    pub(crate) is_provisional: bool,
    pub(crate) is_assumed: bool,
}

impl Expected {
    /// The word for it, in an attempt that counts.
    pub(crate) fn status(&self) -> &'static str {
        match (self.success, self.completion) {
            (2, _) => "passed",
            (1, 2) => "failed",
            (_, 2) => "completed",
            _ => "incomplete",
        }
    }

    /// Adds a later one.
    fn join(&mut self, later: &Expected) {
        let is_sure = |it: &Expected| it.completion == 2 && !it.is_assumed;
        self.is_assumed = (self.is_assumed || later.is_assumed) && !is_sure(self) && !is_sure(later);
        self.completion = self.completion.max(later.completion);
        self.success = self.success.max(later.success);
        let Some(score) = &later.score else { return };
        let is_better = match (&self.score, self.is_provisional, later.is_provisional) {
            (None, ..) | (_, true, _) => true,
            (_, false, true) => false,
            (Some(best), false, false) => score.0 > best.0,
        };
        if is_better {
            (self.score, self.is_provisional) = (Some(score.clone()), later.is_provisional);
        }
    }
}

fn number(values: &Elements, element: &str) -> Option<f64> {
    values.get(element)?.parse().ok()
}

/// A score of 100, with at most two decimals.
fn written(hundred: f64) -> String {
    ((hundred * 100.0).round() / 100.0).to_string()
}

fn fraction_of_raw(values: &Elements, score: &str) -> Option<f64> {
    let at = |part: &str| number(values, &format!("{score}.{part}"));
    let (raw, min, max) = (at("raw")?, at("min").unwrap_or(0.0), at("max").unwrap_or(0.0));
    Some(if max > min && raw <= max { (raw - min) / (max - min) } else { raw / 100.0 }.min(1.0))
}

fn score(values: &Elements, score: &str) -> Option<Shown> {
    let scaled = number(values, &format!("{score}.scaled"));
    let fraction = scaled.or_else(|| fraction_of_raw(values, score))?;
    let shown = number(values, &format!("{score}.raw")).or(scaled.map(|it| it * 100.0))?;
    Some((fraction.min(1.0), written(shown)))
}

/// The status of a 1.2 lesson after LMSFinish with another exit than `suspend`, and whether that filled it in.
pub(crate) fn finished_12(item: Item, values: &Elements) -> (String, bool) {
    let status = values.get("cmi.core.lesson_status").map_or("not attempted", String::as_str);
    let is_untouched = matches!(status, "" | "not attempted");
    let by_mastery = passes_mastery(item, values).map(|it| if it { "passed" } else { "failed" });
    match (is_untouched, status, by_mastery) {
        (true, _, Some(status)) | (false, "completed", Some(status)) => (status.to_owned(), is_untouched),
        (true, _, None) => ("completed".to_owned(), true),
        (false, status, _) => (status.to_owned(), false),
    }
}

fn passes_mastery(item: Item, values: &Elements) -> Option<bool> {
    let mastery = item.passing?;
    Some(fraction_of_raw(values, "cmi.core.score")? * 100.0 + 1e-9 >= mastery)
}

/// True if an end is a finish.
fn is_finish(version: Version, page: Page, end: Option<End>, values: &Elements) -> bool {
    let text = |element: &str| values.get(element).map_or("", String::as_str);
    match (version, end) {
        (V12, Some(End::Terminate)) => text("cmi.core.exit") != "suspend",
        (V2004, Some(End::Terminate)) => {
            let leaves_course = matches!(text("cmi.exit"), "time-out" | "logout");
            let suspends = text("cmi.exit") == "suspend" || text("adl.nav.request") == "suspendAll";
            leaves_course || !suspends
        }
        // A page that sends no outcome does not say whether navigation took its content away.
        (V2004, Some(End::Navigate)) => page == Page::Current && text("cmi.exit") != "suspend",
        _ => false,
    }
}

fn is_abandoned(version: Version, end: Option<End>, values: &Elements) -> bool {
    let text = |element: &str| values.get(element).map_or("", String::as_str);
    version == V2004
        && end == Some(End::Terminate)
        && !matches!(text("cmi.exit"), "time-out" | "logout")
        && matches!(text("adl.nav.request"), "abandon" | "abandonAll")
}

/// The learner at a topic.
pub(crate) struct Model {
    pub(crate) version: Version,
    pub(crate) items: Vec<Item>,
    /// The course's `attempts`.
    pub(crate) policy: &'static str,
    pub(crate) auto_complete: bool,
    /// The visits that are no review and no browsing, in the order in which they were opened.
    pub(crate) visits: Vec<HeardVisit>,
}

impl Model {
    /// The outcome of a session; none where it has none.
    fn outcome(&self, visit: &HeardVisit, heard: &Heard) -> Option<Expected> {
        let item = self.items[heard.activity];
        let taken_in = |is_assumed| Expected { completion: 2, is_assumed, ..Expected::default() };
        let has_ended = heard.end.is_some() || visit.is_over;
        let Some(values) = &heard.values else {
            return match item.kind {
                "asset" => has_ended.then(|| taken_in(false)),
                // Only a page that sends outcomes says that nothing looked for the API.
                _ if heard.is_loaded && !heard.has_looked && visit.page == Page::Current => {
                    has_ended.then(|| taken_in(true))
                }
                _ => None,
            };
        };
        if is_abandoned(self.version, heard.end, values) {
            return None;
        }
        let is_finished = is_finish(self.version, visit.page, heard.end, values);
        Some(match self.version {
            V12 => self.outcome_12(visit, item, heard, values, is_finished),
            V2004 => self.outcome_2004(item, values, is_finished),
        })
    }

    fn outcome_12(
        &self,
        visit: &HeardVisit,
        item: Item,
        heard: &Heard,
        values: &Elements,
        is_finished: bool,
    ) -> Expected {
        let unset = "not attempted".to_owned();
        let status = values.get("cmi.core.lesson_status").unwrap_or(&unset).clone();
        let (status, _) = if is_finished { finished_12(item, values) } else { (status, false) };
        let (completion, success) = match status.as_str() {
            "passed" => (2, 2),
            "failed" => (2, 1),
            "completed" => (2, passes_mastery(item, values).map_or(0, |it| if it { 2 } else { 1 })),
            "incomplete" => (1, 0),
            _ => (0, 0),
        };
        let is_assumed =
            completion == 2 && visit.page == Page::Current && !heard.set.contains("cmi.core.lesson_status");
        let score = score(values, "cmi.core.score");
        let is_provisional = score.is_some() && completion != 2 && success == 0;
        Expected { completion, success, score, is_provisional, is_assumed }
    }

    fn outcome_2004(&self, item: Item, values: &Elements, is_finished: bool) -> Expected {
        let said = |element: &str| values.get(element).map_or("unknown", String::as_str);
        let own = match said("cmi.completion_status") {
            "completed" => 2,
            "incomplete" | "not attempted" => 1,
            _ => 0,
        };
        let is_assumed = is_finished && own == 0 && self.auto_complete && !item.completion_set_by_content;
        let completion = if is_assumed { 2 } else { own };
        let is_done = is_finished || completion == 2;
        let own = match said("cmi.success_status") {
            "passed" => 2,
            "failed" => 1,
            _ => 0,
        };
        let decided = match item.passing {
            None => own,
            Some(passing) => match number(values, "cmi.score.scaled") {
                None => 0,
                Some(scaled) if scaled >= passing => 2,
                Some(_) => 1,
            },
        };
        // A pause fails nobody; it passes where content said so itself.
        let success = if is_done || (decided == 2 && own == 2) || (decided == 2 && item.passing.is_none()) {
            decided
        } else {
            0
        };
        let score = score(values, "cmi.score");
        let is_provisional = score.is_some() && completion != 2 && success == 0;
        Expected { completion, success, score, is_provisional, is_assumed }
    }

    /// The attempts that count, in their order.
    pub(crate) fn counted(&self) -> Vec<usize> {
        let counted: BTreeSet<usize> =
            self.visits.iter().filter(|it| it.counts()).map(|it| it.attempt).collect();
        counted.into_iter().collect()
    }

    /// The record of each activity in an attempt.
    pub(crate) fn records(&self, attempt: usize) -> Vec<Expected> {
        let mut records = vec![Expected::default(); self.items.len()];
        for visit in self.visits.iter().filter(|it| it.attempt == attempt) {
            for heard in &visit.sessions {
                let record = &mut records[heard.activity];
                if let Some(outcome) = self.outcome(visit, heard) {
                    record.join(&outcome);
                }
            }
        }
        for visit in self.visits.iter().filter(|it| it.attempt == attempt) {
            for heard in &visit.sessions {
                let record = &mut records[heard.activity];
                record.completion = record.completion.max(1);
            }
        }
        records
    }

    fn attempt(&self, attempt: usize) -> Expected {
        let records = self.records(attempt);
        if let [one] = records.as_slice() {
            return one.clone();
        }
        let is_all = |check: fn(&Expected) -> bool| records.iter().all(check);
        let is_any = |check: fn(&Expected) -> bool| records.iter().any(check);
        let is_completed = is_all(|it| it.completion == 2);
        let completion = match () {
            () if is_completed => 2,
            () if is_all(|it| it.completion == 0 && it.success == 0) => 0,
            () => 1,
        };
        let success = match () {
            () if is_any(|it| it.success == 1) => 1,
            () if is_any(|it| it.success == 2) && is_completed => 2,
            () => 0,
        };
        let scores = |is_provisional| {
            let wanted = records.iter().filter(move |it| it.is_provisional == is_provisional);
            wanted.filter_map(|it| it.score.clone()).collect::<Vec<_>>()
        };
        let achieved = scores(false);
        let is_provisional = achieved.is_empty();
        let scores = if is_provisional { scores(true) } else { achieved };
        let score = match scores.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => {
                let mean = many.iter().map(|it| it.0).sum::<f64>() / many.len() as f64;
                Some((mean, written(mean * 100.0)))
            }
        };
        let is_provisional = is_provisional && score.is_some();
        let is_assumed = is_completed && is_any(|it| it.is_assumed);
        Expected { completion, success, score, is_provisional, is_assumed }
    }

    /// What the row shows, and the best score.
    pub(crate) fn row(&self) -> (Expected, Option<String>) {
        let attempts: Vec<Expected> = self.counted().into_iter().map(|it| self.attempt(it)).collect();
        let mut best = Expected::default();
        attempts.iter().for_each(|it| best.join(it));
        let latest = attempts.last().cloned().unwrap_or_default();
        let shown = match self.policy {
            "best" => best.clone(),
            "latest" => latest,
            _ => Expected { score: best.score.clone(), is_provisional: best.is_provisional, ..latest },
        };
        let is_achieved = attempts.iter().any(|it| it.score.is_some() && !it.is_provisional);
        let scores = attempts.iter().filter(|it| !is_achieved || !it.is_provisional);
        let scores = scores.filter_map(|it| it.score.clone());
        let best_score = scores.reduce(|best, it| if it.0 >= best.0 { it } else { best });
        (shown, best_score.map(|it| it.1))
    }
}
