//! Which attempt a launch goes on with, and what content is told when a visit is opened.

use std::collections::{BTreeMap, BTreeSet};

use seattime_core::attempt::{Ended, Next, next};
use seattime_core::{Edition, Profile, Quirks, Timespan, Version};
use seattime_wire::{Activity, Api, Mode, Policy, SessionKind};

use super::figures::{Figures, Part};
use super::medium::{self, Progress};
use super::rows::{AttemptRow, LaunchRow, PackageRow, VisitRow, api_of, meaning, word};
use super::standing::{Values, activity_outcome, version};
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

/// Which attempt a launch is for.
pub(crate) fn attempt_for(
    launch: &NewLaunch,
    latest: Option<LatestAttempt>,
    package: &PackageRow,
) -> Result<LaunchedAttempt, StoreError> {
    let next = latest.as_ref().map_or(1, |it| it.1.saturating_add(1));
    // Values that are named in the other API's words are none that content could go on with.
    if let (Mode::Continue, Some((id, number, own))) = (launch.mode, latest) {
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
    /// The attempt's visits, in the order of their leases.
    pub(crate) visits: &'a [VisitRow],
    /// What the latest try of each activity holds that holds anything: its number, and the values.
    pub(crate) values: &'a BTreeMap<String, (u32, Values)>,
}

/// What a page is told of the activities: what can be launched, and what content may ask for.
pub(crate) struct Told {
    pub(crate) api: Api,
    pub(crate) mode: Mode,
    pub(crate) activities: Vec<Activity>,
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
            api: self.api,
            edition: package.edition,
            is_strict: launch.is_strict,
            attempt: attempt.number,
            course: attempt.course,
            title: package.title,
            topic: attempt.topic,
            return_url: launch.return_url,
            activities: self.activities,
            values: self.values,
            shared,
        }
    }
}

/// What a page is told of the activities.
pub(crate) fn told(facts: &Facts<'_>, stored: Vec<StoredActivity>) -> Result<Told, StoreError> {
    let api = api_of(facts.attempt.api.clone(), facts.package)?;
    let profile = Profile {
        version: version(api),
        edition: Edition::numbered(facts.package.edition),
        quirks: if facts.launch.is_strict { Quirks::NONE } else { Quirks::ALL },
    };
    let mode: Mode = meaning(facts.launch.mode.clone())?;
    let figures: Vec<Figures> = facts.visits.iter().map(VisitRow::figures).collect();
    let progress = Progress::of(figures.iter());
    let sessions: Vec<Part> = figures.into_iter().flat_map(|it| it.parts).filter(|it| it.n > 0).collect();
    let mut activities = Vec::new();
    let mut values = BTreeMap::new();
    for stored in stored {
        let begin = Begin::of(profile, &stored, &sessions, facts.values);
        let was_launched = sessions.iter().any(|it| it.activity == stored.id);
        let kept = (!begin.values.is_empty()).then_some(&begin.values);
        let status = activity_outcome(api, &stored, kept, was_launched, &progress).status.to_owned();
        let media =
            (stored.kind == SessionKind::Media).then(|| medium::told(&stored, &progress, facts.visits));
        if stored.kind == SessionKind::Sco {
            values.insert(stored.id.clone(), begin.told(api, &stored, mode, facts.learner));
        }
        activities.push(Activity {
            id: stored.id,
            title: stored.title,
            kind: stored.kind,
            url: stored.href,
            try_: begin.try_,
            depth: stored.depth,
            status,
            objectives: stored.objectives,
            data: stored.data,
            media,
        });
    }
    Ok(Told { api, mode, activities, values })
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
        activity: &StoredActivity,
        sessions: &[Part],
        latest: &BTreeMap<String, (u32, Values)>,
    ) -> Begin {
        let of_activity = || sessions.iter().filter(|it| it.activity == activity.id && it.is_initialized);
        let last = of_activity().next_back();
        let try_ = last.map_or(1, |it| it.try_);
        let values = latest.get(&activity.id).filter(|it| it.0 == try_);
        let values = values.map(|it| it.1.clone()).unwrap_or_default();
        let exit = match profile.version {
            Version::V12 => "cmi.core.exit",
            Version::V2004 => "cmi.exit",
        };
        let value = |element: &str| values.get(element).map_or("", String::as_str);
        let ended = last.map(|it| Ended {
            exit: value(exit),
            terminated: it.state == "terminated",
            request: value("adl.nav.request"),
        });
        let Next { continues, entry } = next(profile, ended);
        if !continues {
            return Begin { try_: try_ + 1, entry, total: Timespan::default(), values: Values::new() };
        }
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
