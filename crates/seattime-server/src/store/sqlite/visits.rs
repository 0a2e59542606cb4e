//! Opening a visit in SQLite: takes the lease, and reads everything that content may ask for.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row};
use seattime_core::attempt::{Ended, Next, next};
use seattime_core::{Edition, Profile, Quirks, Timespan, Version};
use seattime_wire::{Activity, Api, Mode, Policy, SessionKind};

use super::packages::{self, Package, meaning};
use super::sql_here as sql;
use crate::store::figures::{Figures, Part};
use crate::store::raw::RawVisit;
use crate::store::standing::{Values, activity_outcome, version};
use crate::store::{Opened, Opening, StoreError, StoredActivity};
use crate::token::VisitClaims;

/// How long a launch's code may wait, in ms.
const CODE_LIFE_MS: i64 = 120_000;

struct Launch {
    learner: String,
    id: String,
    tenant: String,
    attempt: String,
    mode: String,
    return_url: Option<String>,
    made_ms: i64,
    used_ms: Option<i64>,
    is_strict: bool,
}

fn launch_of(row: &Row<'_>) -> rusqlite::Result<Launch> {
    Ok(Launch {
        learner: row.get(0)?,
        id: row.get(1)?,
        tenant: row.get(2)?,
        attempt: row.get(3)?,
        mode: row.get(4)?,
        return_url: row.get(5)?,
        made_ms: row.get(6)?,
        used_ms: row.get(7)?,
        is_strict: row.get(8)?,
    })
}

pub(super) fn open(
    db: &Connection,
    opening: &Opening,
    policy: &Policy,
    now_ms: i64,
) -> Result<Opened, StoreError> {
    let launch = match opening {
        Opening::Code(hash) => {
            let launch =
                db.prepare_cached(sql!("launch_by_code"))?.query_row([hash], launch_of).optional()?;
            let launch = launch.ok_or(StoreError::NotFound("launch"))?;
            if launch.used_ms.is_some() {
                return Err(StoreError::LaunchUsed);
            }
            if now_ms.saturating_sub(launch.made_ms) > CODE_LIFE_MS {
                return Err(StoreError::LaunchExpired);
            }
            db.prepare_cached(sql!("use_launch"))?.execute((&launch.learner, &launch.id, now_ms))?;
            launch
        }
        Opening::Launch { tenant, learner, launch } => {
            let found = db
                .prepare_cached(sql!("launch"))?
                .query_row((learner, launch, tenant), launch_of)
                .optional()?;
            found.ok_or(StoreError::NotFound("launch"))?
        }
    };
    let (course, topic, number, api): (String, String, u32, Option<String>) = db
        .prepare_cached(sql!("attempt"))?
        .query_row((&launch.learner, &launch.attempt, &launch.tenant), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(4)?))
        })?;
    let package = packages::find(db, &launch.tenant, &topic)?.ok_or(StoreError::NotFound("topic"))?;
    let api = packages::api_of(api, &package)?;
    let profile = Profile {
        version: version(api),
        edition: Edition::numbered(package.edition),
        quirks: if launch.is_strict { Quirks::NONE } else { Quirks::ALL },
    };
    let (lms_id, name): (String, String) = db
        .prepare_cached(sql!("learner"))?
        .query_row((&launch.learner, &launch.tenant), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mode: Mode = meaning(launch.mode)?;

    let sessions = sessions_of(db, &launch.learner, &launch.attempt)?;
    let mut activities = Vec::new();
    let mut values = BTreeMap::new();
    for stored in packages::activities(db, &topic)? {
        let begin = Begin::of(db, &launch.learner, &launch.attempt, profile, &stored, &sessions)?;
        let was_launched = sessions.iter().any(|it| it.activity == stored.id);
        let kept = (!begin.values.is_empty()).then_some(&begin.values);
        let status = activity_outcome(api, &stored, kept, was_launched).status.to_owned();
        if stored.kind == SessionKind::Sco {
            values.insert(stored.id.clone(), begin.told(api, &stored, mode, &lms_id, &name));
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
        });
    }

    let lease: u32 = db
        .prepare_cached(sql!("take_lease"))?
        .query_row((&launch.learner, &launch.attempt), |row| row.get(0))?;
    let claims = VisitClaims {
        tenant: launch.tenant,
        learner: launch.learner,
        attempt: launch.attempt,
        visit: uuid::Uuid::new_v4().to_string(),
        lease,
        opened_ms: now_ms,
        mode,
    };
    insert(db, &claims, policy)?;
    let scope = scope(&package, &claims.attempt);
    let mut query = db.prepare_cached(sql!("shared"))?;
    let shared = query.query_map((&claims.learner, scope), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let shared = shared.collect::<Result<_, _>>()?;
    Ok(Opened {
        claims,
        launch: launch.id,
        policy: *policy,
        api,
        edition: package.edition,
        is_strict: launch.is_strict,
        attempt: number,
        course,
        title: package.title,
        topic,
        return_url: launch.return_url,
        activities,
        values,
        shared,
    })
}

/// Who sees what the activities of an attempt share.
pub(super) fn scope<'a>(package: &Package, attempt: &'a str) -> &'a str {
    if package.shares_with_all { "" } else { attempt }
}

/// Keeps a visit that nothing was heard of yet.
pub(super) fn insert(db: &Connection, claims: &VisitClaims, policy: &Policy) -> Result<(), StoreError> {
    db.prepare_cached(sql!("put_visit"))?.execute((
        &claims.learner,
        &claims.visit,
        &claims.tenant,
        &claims.attempt,
        claims.lease,
        serde_json::to_string(policy)?,
        claims.opened_ms,
        claims.opened_ms,
        serde_json::to_string(&RawVisit::default())?,
        serde_json::to_string(&Figures::default())?,
    ))?;
    Ok(())
}

/// The sessions of an attempt, in the order in which their visits were opened.
fn sessions_of(db: &Connection, learner: &str, attempt: &str) -> Result<Vec<Part>, StoreError> {
    let mut query = db.prepare_cached(sql!("visits_of_attempt"))?;
    let figures =
        query.query_map((learner, attempt), |row| row.get::<_, String>(3))?.collect::<Result<Vec<_>, _>>()?;
    let mut parts = Vec::new();
    for text in figures {
        parts.extend(serde_json::from_str::<Figures>(&text)?.parts.into_iter().filter(|it| it.n > 0));
    }
    Ok(parts)
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
        db: &Connection,
        learner: &str,
        attempt: &str,
        profile: Profile,
        activity: &StoredActivity,
        sessions: &[Part],
    ) -> Result<Begin, StoreError> {
        let of_activity = || sessions.iter().filter(|it| it.activity == activity.id && it.is_initialized);
        let last = of_activity().next_back();
        let try_ = last.map_or(1, |it| it.try_);
        let values = values_of(db, learner, attempt, &activity.id, try_)?;
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
            return Ok(Begin { try_: try_ + 1, entry, total: Timespan::default(), values: Values::new() });
        }
        let spent = of_activity().filter(|it| it.try_ == try_);
        let total =
            spent.fold(Timespan::default(), |sum, it| sum.plus(Timespan::new(it.total.0, it.total.1)));
        Ok(Begin { try_, entry, total, values })
    }

    /// Everything that content may ask for, as far as it differs from the standard's initial values.
    fn told(&self, api: Api, activity: &StoredActivity, mode: Mode, lms_id: &str, name: &str) -> Values {
        let mut told: Values = activity.defaults.iter().cloned().collect();
        told.extend(self.values.clone());
        let (mode, credit) = match mode {
            Mode::Continue | Mode::New => ("normal", "credit"),
            Mode::Review => ("review", "no-credit"),
            Mode::Browse => ("browse", "no-credit"),
        };
        let given = match api {
            Api::Scorm12 => [
                ("cmi.core.student_id", lms_id.to_owned()),
                ("cmi.core.student_name", name.to_owned()),
                ("cmi.core.entry", self.entry.to_owned()),
                ("cmi.core.total_time", self.total.print_12()),
                ("cmi.core.lesson_mode", mode.to_owned()),
                ("cmi.core.credit", credit.to_owned()),
            ],
            Api::Scorm2004 => [
                ("cmi.learner_id", lms_id.to_owned()),
                ("cmi.learner_name", name.to_owned()),
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

/// What a try of an activity holds.
pub(super) fn values_of(
    db: &Connection,
    learner: &str,
    attempt: &str,
    activity: &str,
    try_: u32,
) -> Result<Values, StoreError> {
    let mut query = db.prepare_cached(sql!("values"))?;
    let rows = query.query_map((learner, attempt, activity, try_), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
