//! Which attempt a launch goes on with, and what content is told when a visit is opened.

use std::collections::{BTreeMap, BTreeSet};

use seattime_core::attempt::is_kept_in_browse;
use seattime_core::end::{Next, end, next};
use seattime_core::outcome::Completion;
use seattime_core::{Edition, Profile, Quirks, Timespan, Version};
use seattime_wire::{Activity, Api, Mode, Policy, SessionKind, SessionState};

use super::figures::{Figures, LEGACY, Part};
use super::medium::{self, Progress};
use super::record::{
    ActivityRecord, AttemptSources, EarlierOutcomes, ValuesByTry, ended, wire_completion, wire_success,
};
use super::rows::{AttemptRow, LaunchRow, PackageRow, VisitRow, api_of, meaning, word};
use super::standing::{Values, version};
use super::{CourseSettings, NewLaunch, Opened, StoreError, StoredActivity};
use crate::token::{Origin, VisitClaims};

/// How long a launch's code may wait, in ms.
const CODE_LIFE_MS: i64 = 120_000;

/// A learner's latest attempt at a topic: id, number, and which API its values are named in.
pub(crate) type LatestAttempt = (String, u32, Option<String>);

/// The attempt that a launch is for.
pub(crate) enum LaunchedAttempt {
    /// One that is there.
    GoingOn {
        /// Its id.
        id: String,
        /// Its number.
        number: u32,
    },
    /// One that is to be made.
    New {
        /// Its number; 0 for what counts for none.
        number: u32,
        /// As a column holds it.
        mode: String,
        /// Which API its values are named in; none where it is the manifest's.
        api: Option<String>,
    },
}

/// Which attempt a launch is for: `latest` is the latest one that counts, or, in browse mode, the one whose store
/// browsing continues.
pub(crate) fn attempt_for(
    launch: &NewLaunch,
    latest: Option<LatestAttempt>,
    package: &PackageRow,
) -> Result<LaunchedAttempt, StoreError> {
    let next = latest.as_ref().map_or(1, |it| it.1.saturating_add(1));
    // Content cannot go on with values that are named in the other API's words.
    if let (Mode::Continue | Mode::Browse, Some((id, number, own))) = (launch.mode, latest) {
        let api = api_of(own, package)?;
        if launch.api.unwrap_or(api) == api {
            return Ok(LaunchedAttempt::GoingOn { id, number });
        }
    }
    // What is only looked at counts for no attempt, and writes into none that does.
    let mode = mode_of_attempt(launch.mode);
    let number = if mode == Mode::Continue { next } else { 0 };
    let api = launch.api.as_ref().map(word).transpose()?;
    Ok(LaunchedAttempt::New { number, mode: word(&mode)?, api })
}

/// The groups that a learner is in from now on, in their order, each once; none where nothing becomes of that.
pub(crate) fn told_groups<E>(
    told: Option<&[String]>,
    kept: impl FnOnce() -> Result<Vec<String>, E>,
) -> Result<Option<Vec<String>>, E> {
    let Some(told) = told else { return Ok(None) };
    let told: BTreeSet<&String> = told.iter().collect();
    let is_same = kept()?.iter().collect::<BTreeSet<_>>() == told;
    Ok((!is_same).then(|| told.into_iter().cloned().collect()))
}

/// What an attempt that a launch asks for like this is kept as.
pub(crate) fn mode_of_attempt(asked: Mode) -> Mode {
    if asked == Mode::New { Mode::Continue } else { asked }
}

/// What the attempt is made again from, should it be lost.
pub(crate) fn origin(attempt: &AttemptRow, (lms_id, name): (&str, &str)) -> Option<Origin> {
    Some(Origin {
        lms_id: lms_id.to_owned(),
        name: name.to_owned(),
        topic: attempt.topic.clone(),
        number: attempt.number,
        api: attempt.api.clone(),
    })
}

/// Whether a launch's code may be used now.
pub(crate) fn check_code(launch: &LaunchRow, now_ms: i64) -> Result<(), StoreError> {
    if launch.used_ms.is_some() {
        return Err(StoreError::LaunchUsed);
    }
    if now_ms.saturating_sub(launch.made_ms) > CODE_LIFE_MS {
        return Err(StoreError::LaunchExpired);
    }
    Ok(())
}

/// What is known when a visit is opened.
pub(crate) struct Facts<'a> {
    pub(crate) launch: &'a LaunchRow,
    pub(crate) attempt: &'a AttemptRow,
    pub(crate) package: &'a PackageRow,
    /// The LMS's own id of the learner, and the name.
    pub(crate) learner: (&'a str, &'a str),
    /// The attempt that the visit begins from: in review, the learner's latest one that counts.
    pub(crate) from: &'a Begun,
}

/// An attempt that a visit begins from, as it is kept.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    /// Which API its values are named in; none where it is the manifest's.
    pub(crate) api: Option<String>,
    /// Its visits, in the order of their leases.
    pub(crate) visits: Vec<VisitRow>,
    /// The values of the latest attempt on each activity, with its number. In review, of the one to look at.
    pub(crate) values: LatestValues,
    /// The values that its record is derived from.
    pub(crate) record_values: ValuesByTry,
    /// Outcomes that sessions of earlier pages left.
    pub(crate) earlier: EarlierOutcomes,
}

impl Begun {
    /// Takes the values of every attempt on every activity, of which review shows one each: the latest that holds
    /// suspend data or a location, else the one whose session left the best outcome, else the latest.
    pub(crate) fn review(mut self, values: ValuesByTry) -> Begun {
        for (activity, tries) in &values {
            let left = tries.iter().rev().find(|it| holds_place(it.1)).map(|it| *it.0);
            let number = left.or_else(|| self.best_try(activity)).or(tries.keys().next_back().copied());
            if let Some((number, values)) = number.and_then(|it| Some((it, tries.get(&it)?))) {
                self.values.insert(activity.clone(), (number, values.clone()));
            }
        }
        self.record_values = values;
        self
    }

    /// The attempt on an activity whose session left the best outcome, the earliest of several.
    fn best_try(&self, activity: &str) -> Option<u32> {
        let sessions = self.visits.iter().flat_map(|it| it.raw.sessions.values());
        let outcomes = sessions
            .filter(|it| it.activity == activity)
            .filter_map(|it| Some((it.try_, super::record::core_outcome(it.outcome.as_ref()?))));
        let rank = |it: &(u32, seattime_core::outcome::Outcome)| (it.1.success, it.1.completion);
        outcomes.reduce(|best, it| if rank(&it) > rank(&best) { it } else { best }).map(|it| it.0)
    }

    /// The record of each activity; `figures` are those of its visits.
    fn records(
        &self,
        version: Version,
        activities: &[StoredActivity],
        figures: &[Figures],
        auto_complete: bool,
    ) -> Vec<ActivityRecord> {
        let counts = figures.iter().any(|it| it.counts);
        let progress = Progress::of(figures.iter());
        let sources = self.sources(version, auto_complete);
        let launched = |id: &str| {
            figures.iter().flat_map(|it| &it.parts).any(|it| it.activity == id || it.activity == LEGACY)
        };
        let record = |activity: &StoredActivity| match counts {
            true => sources.record(activity, &progress, launched(&activity.id)),
            false => ActivityRecord::default(),
        };
        activities.iter().map(record).collect()
    }

    fn sources(&self, version: Version, auto_complete: bool) -> AttemptSources<'_> {
        AttemptSources {
            version,
            visits: &self.visits,
            values: &self.record_values,
            earlier: &self.earlier,
            auto_complete,
        }
    }

    /// The outcomes that sessions of earlier pages left up to now: kept before the visit that is opened can write over
    /// the values that they are derived from. None where nothing is new.
    pub(crate) fn earlier_now(&self, api: Api, activities: &[StoredActivity]) -> Option<EarlierOutcomes> {
        let sources = self.sources(version(api), true);
        let found = activities
            .iter()
            .filter_map(|it| Some((it.id.clone(), sources.earlier_outcome(it)?)))
            .collect::<EarlierOutcomes>();
        (found != self.earlier).then_some(found)
    }

    /// The activity whose session was the last: its identifier, and whether it is to be resumed.
    fn left(&self, profile: Profile) -> Option<(&str, bool)> {
        let last = self.visits.iter().rev().find_map(|it| it.raw.sessions.values().next_back())?;
        let values = self.values.get(&last.activity).filter(|it| it.0 == last.try_);
        let value = |name: &str| values.and_then(|it| it.1.get(name)).map(String::as_str);
        let is_terminated = last.state == SessionState::Terminated;
        let next = end(profile, ended(profile.version, is_terminated, &value)).next;
        Some((&last.activity, next.entry == "resume"))
    }
}

/// True if values tell content where the learner was: suspend data or a location.
fn holds_place(values: &Values) -> bool {
    let elements = ["cmi.suspend_data", "cmi.location", "cmi.core.lesson_location"];
    elements.iter().any(|it| values.get(*it).is_some_and(|it| !it.is_empty()))
}

/// Values of one attempt on each activity, with its number.
pub(crate) type LatestValues = BTreeMap<String, (u32, Values)>;

/// The number of the attempt on each activity that its last session was of.
fn last_tries(visits: &[VisitRow]) -> BTreeMap<&str, u32> {
    let sessions = visits.iter().flat_map(|it| it.raw.sessions.values());
    sessions.filter(|it| it.entry.is_some()).map(|it| (&*it.activity, it.try_)).collect()
}

/// True if another device wrote values of a later attempt on an activity than its last session was of.
pub(crate) fn has_overtaken(latest: &LatestValues, visits: &[VisitRow]) -> bool {
    let tries = last_tries(visits);
    latest.iter().any(|(activity, (try_, _))| tries.get(&**activity).is_some_and(|it| it < try_))
}

/// The values that each activity's last session left.
pub(crate) fn left_by_last_sessions(mut values: ValuesByTry, visits: &[VisitRow]) -> LatestValues {
    let tries = last_tries(visits).into_iter();
    let left = tries.filter_map(|(activity, try_)| {
        Some((activity.to_owned(), (try_, values.get_mut(activity)?.remove(&try_)?)))
    });
    left.collect()
}

/// True if any session of these visits called Initialize and sent no outcome.
pub(crate) fn lacks_outcomes(visits: &[VisitRow]) -> bool {
    let mut sessions = visits.iter().flat_map(|it| it.raw.sessions.values());
    sessions.any(|it| it.entry.is_some() && it.outcome.is_none())
}

/// What a page is told of the activities: what can be launched, and what content may ask for.
pub(crate) struct Told {
    pub(crate) api: Api,
    pub(crate) mode: Mode,
    pub(crate) activities: Vec<Activity>,
    /// Which of them the visit starts with, from 0.
    pub(crate) start: u32,
    pub(crate) values: BTreeMap<String, Values>,
}

impl Told {
    /// A visit that was opened, with everything that its page has to be told.
    pub(crate) fn opened(
        self,
        claims: VisitClaims,
        (policy, course): (Policy, CourseSettings),
        shared: BTreeMap<String, String>,
        (launch, attempt, package): (LaunchRow, AttemptRow, PackageRow),
    ) -> Opened {
        Opened {
            claims,
            launch: launch.id,
            policy,
            still_here: course.still_here,
            external_hosts: course.external_hosts,
            api: self.api,
            edition: package.edition,
            is_strict: launch.is_strict,
            attempt: attempt.number,
            course: attempt.course,
            title: package.title,
            topic: attempt.topic,
            return_url: launch.return_url,
            activities: self.activities,
            start: self.start,
            values: self.values,
            shared,
        }
    }
}

/// What a page is told of the activities.
pub(crate) fn told(
    facts: &Facts<'_>,
    stored: Vec<StoredActivity>,
    course: &CourseSettings,
) -> Result<Told, StoreError> {
    let api = api_of(facts.attempt.api.clone(), facts.package)?;
    let profile = Profile {
        version: version(api),
        edition: Edition::numbered(facts.package.edition),
        quirks: if facts.launch.is_strict { Quirks::NONE } else { Quirks::ALL },
    };
    let mode: Mode = meaning(facts.launch.mode.clone())?;
    let from = facts.from;
    let of_begun = version(api_of(from.api.clone(), facts.package)?);
    let figures: Vec<Figures> = from.visits.iter().map(VisitRow::figures).collect();
    let records = from.records(of_begun, &stored, &figures, course.records().auto_complete);
    let progress = Progress::of(figures.iter());
    let sessions: Vec<Part> = figures.into_iter().flat_map(|it| it.parts).filter(|it| it.n > 0).collect();
    let left = from.left(Profile { version: of_begun, ..profile });
    let start = start(left, profile.quirks.is_strict(), &stored, &records);
    let mut activities = Vec::new();
    let mut values = BTreeMap::new();
    for (stored, ActivityRecord { record, was_launched, .. }) in stored.into_iter().zip(records) {
        let begin = Begin::of(profile, mode, &stored, &sessions, &from.values);
        let media =
            (stored.kind == SessionKind::Media).then(|| medium::told(&stored, &progress, &from.visits));
        if stored.kind != SessionKind::Media {
            values.insert(stored.id.clone(), begin.told(api, &stored, mode, facts.learner));
        }
        activities.push(Activity {
            status: record.status(was_launched).to_owned(),
            completion: wire_completion(record.completion),
            success: wire_success(record.success),
            auto_complete: !stored.rules.completion_set_by_content,
            id: stored.id,
            title: stored.title,
            kind: stored.kind,
            url: stored.href,
            try_: begin.try_,
            depth: stored.depth,
            is_visible: stored.is_visible,
            missing_file: stored.missing_file,
            objectives: stored.objectives,
            data: stored.data,
            media,
        });
    }
    Ok(Told { api, mode, activities, start, values })
}

/// The activity that a visit starts with: the one that was left if its record is not completed, else the first whose
/// record is not, else the one that was left. In strict mode, the suspended one, else the first.
fn start(
    left: Option<(&str, bool)>,
    is_strict: bool,
    stored: &[StoredActivity],
    records: &[ActivityRecord],
) -> u32 {
    let left = left.filter(|it| !is_strict || it.1);
    let left = left.and_then(|(id, _)| stored.iter().position(|it| it.id == id));
    let is_open = |n: &usize| records.get(*n).is_some_and(|it| it.record.completion != Completion::Completed);
    let found = match is_strict {
        true => left,
        false => left.filter(is_open).or_else(|| (0..stored.len()).find(is_open)).or(left),
    };
    found.and_then(|it| u32::try_from(it).ok()).unwrap_or(0)
}

/// Where the next session of an activity begins.
struct Begin {
    try_: u32,
    entry: &'static str,
    total: Timespan,
    /// What the try holds that it goes on with.
    values: Values,
}

impl Begin {
    fn of(
        profile: Profile,
        mode: Mode,
        activity: &StoredActivity,
        sessions: &[Part],
        latest: &LatestValues,
    ) -> Begin {
        let of_activity = || sessions.iter().filter(|it| it.activity == activity.id && it.is_initialized);
        let last = of_activity().next_back();
        let held = latest.get(&activity.id);
        let try_ = match mode {
            Mode::Review => held.map(|it| it.0).or(last.map(|it| it.try_)).unwrap_or(1),
            _ => last.map_or(1, |it| it.try_),
        };
        let values = held.filter(|it| it.0 == try_);
        let mut values = values.map(|it| it.1.clone()).unwrap_or_default();
        if mode == Mode::Browse {
            values.retain(|element, _| is_kept_in_browse(element));
        }
        let value = |element: &str| values.get(element).map(String::as_str);
        let last = last.map(|it| ended(profile.version, it.state == "terminated", &value));
        let Next { continues, entry } = next(profile, last);
        if !continues && mode != Mode::Review {
            return Begin { try_: try_ + 1, entry, total: Timespan::default(), values: Values::new() };
        }
        let entry = match mode {
            Mode::Review if last.is_some() => {
                let resumes =
                    if profile.quirks.is_strict() { entry == "resume" } else { holds_place(&values) };
                if resumes { "resume" } else { "" }
            }
            _ => entry,
        };
        let spent = of_activity().filter(|it| it.try_ == try_);
        let total =
            spent.fold(Timespan::default(), |sum, it| sum.plus(Timespan::new(it.total.0, it.total.1)));
        Begin { try_, entry, total, values }
    }

    /// Everything that content may ask for, as far as it differs from the standard's initial values.
    fn told(&self, api: Api, activity: &StoredActivity, mode: Mode, learner: (&str, &str)) -> Values {
        let mut told: Values = activity.defaults.iter().cloned().collect();
        told.extend(self.values.clone());
        let (mode, credit) = match mode {
            Mode::Continue | Mode::New => ("normal", "credit"),
            Mode::Review => ("review", "no-credit"),
            Mode::Browse => ("browse", "no-credit"),
        };
        let given = match api {
            Api::Scorm12 => [
                ("cmi.core.student_id", learner.0.to_owned()),
                ("cmi.core.student_name", learner.1.to_owned()),
                ("cmi.core.entry", self.entry.to_owned()),
                ("cmi.core.total_time", self.total.print_12()),
                ("cmi.core.lesson_mode", mode.to_owned()),
                ("cmi.core.credit", credit.to_owned()),
            ],
            Api::Scorm2004 => [
                ("cmi.learner_id", learner.0.to_owned()),
                ("cmi.learner_name", learner.1.to_owned()),
                ("cmi.entry", self.entry.to_owned()),
                ("cmi.total_time", self.total.print_2004()),
                ("cmi.mode", mode.to_owned()),
                ("cmi.credit", credit.to_owned()),
            ],
        };
        told.extend(given.map(|(element, value)| (element.to_owned(), value)));
        told
    }
}
