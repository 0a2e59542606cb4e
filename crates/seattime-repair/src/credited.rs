//! The LMS's own column once courses run here: it is set to what Seattime shows, and nobody else adds to it.

use std::collections::HashMap;

use seattime_server::clock::ServerClock;
use seattime_server::doctor::{Finding, Verdict};
use seattime_server::store::listing::MOST_ROWS;
use seattime_server::store::{Order, Place, ReportOf, ReportRow, Sight, Sort, Store};

use crate::cell::Cell;
use crate::error::RepairError;
use crate::lms::Lms;
use crate::map::Map;
use crate::pages::{Planned, planned, set};
use crate::repair::{Asked, Listener, Recording, Session, Summary, require_topics};
use crate::told::{Basis, Finding as Found};

/// What the command is called.
const SET_TIME_SPENT: &str = "set-time-spent";

/// What is shown here, and of whom.
pub struct Shown<'a> {
    /// What is kept here.
    pub store: &'a dyn Store,
    /// Whose learners are meant.
    pub tenant: &'a str,
    /// Now, in ms since 1970.
    pub now_ms: i64,
}

/// A row that is shown here, and the LMS's own rows of the same learner and topic.
struct Pair {
    learner: String,
    topic: String,
    /// What is shown here: time in s, rounded down, and attempts.
    seconds: i64,
    attempts: i64,
    theirs: Vec<Theirs>,
}

struct Theirs {
    id: Cell,
    user: Cell,
    topic: Cell,
    time_spent: Cell,
    attempts: Cell,
}

/// Sets the LMS's columns to what is shown here: time taken over and credited, and attempts. Never less than what is
/// there; recorded and undone as repairs are.
///
/// # Errors
///
/// [`RepairError`]; what was written before is whole.
pub async fn set_time_spent(
    lms: &mut Lms,
    map: &Map,
    shown: &Shown<'_>,
    recording: Option<Recording<'_>>,
    clock: &dyn ServerClock,
    listener: &mut dyn Listener,
) -> Result<Summary, RepairError> {
    require_topics(lms, map, &[]).await?;
    let asked = Asked::default();
    let mut session = Session::begin(lms, SET_TIME_SPENT, &asked, recording, clock).await?;
    let mut place = None;
    let mut done = 0;
    loop {
        let (pairs, next) = page(lms, map, shown, place).await?;
        let mut rows: Vec<Planned> = pairs.iter().flat_map(|it| of_pair(map, it)).collect();
        done += u64::try_from(pairs.len()).unwrap_or(0);
        session.page(lms, map, &mut rows, pairs.len(), listener).await?;
        listener.progress(done, done);
        match next {
            Some(next) => place = Some(next),
            None => return session.end(clock).await,
        }
    }
}

fn of_pair(map: &Map, pair: &Pair) -> Vec<Planned> {
    let names = &map.topics;
    let mut rows = Vec::new();
    for it in &pair.theirs {
        let why = format!("Seattime shows {} s and {} attempts", pair.seconds, pair.attempts);
        let time = Found::raised(&it.time_spent, pair.seconds, Basis::Seattime, why.clone());
        let attempts = Found::raised(&it.attempts, pair.attempts, Basis::Seattime, why);
        let sets = [
            time.to.map(|to| set(&names.time_spent, &it.time_spent, to)),
            attempts.to.map(|to| set(&names.attempts, &it.attempts, to)),
        ];
        let mut found = if time.to.is_none() && attempts.to.is_some() { attempts } else { time };
        let mut sets: Vec<_> = sets.into_iter().flatten().collect();
        if pair.theirs.len() > 1 && !sets.is_empty() {
            sets.clear();
            found = found.of_several(i64::try_from(pair.theirs.len()).unwrap_or(i64::MAX));
        }
        let row = (names.table.as_str(), names.id.as_str(), &it.id);
        rows.push(planned(row, (&it.user, &it.topic), found, sets, Vec::new()));
    }
    rows
}

/// Whether the LMS still adds to its column: then it says more than what was taken over and what is credited.
///
/// # Errors
///
/// [`RepairError`].
pub async fn examine(lms: &mut Lms, map: &Map, shown: &Shown<'_>) -> Result<Finding, RepairError> {
    const CHECK: &str = "lms_column";
    require_topics(lms, map, &[]).await?;
    let (mut place, mut rows, mut more, mut first) = (None, 0_u64, 0_u64, None);
    loop {
        let (pairs, next) = page(lms, map, shown, place).await?;
        for (pair, theirs) in pairs.iter().flat_map(|pair| pair.theirs.iter().map(move |it| (pair, it))) {
            rows += 1;
            let says = theirs.time_spent.count().unwrap_or(0);
            if says > pair.seconds {
                more += 1;
                first.get_or_insert_with(|| {
                    format!(
                        "learner {}, topic {}: {says} s, {} s here",
                        pair.learner, pair.topic, pair.seconds
                    )
                });
            }
        }
        match next {
            Some(next) => place = Some(next),
            None => break,
        }
    }
    let name = format!("{}.{}", map.topics.table, map.topics.time_spent);
    Ok(match first {
        None => Finding {
            check: CHECK,
            verdict: Verdict::Fine,
            found: format!("{name}: none of {rows} rows says more than is shown here"),
            expected: String::new(),
            advice: String::new(),
        },
        Some(first) => Finding {
            check: CHECK,
            verdict: Verdict::Wrong,
            found: format!("{name}: {more} of {rows} rows say more than is shown here, such as {first}"),
            expected: "at most what was taken over and what is credited".to_owned(),
            advice: "the LMS still adds to its column, which has to be switched off, or its history was never taken over: see \
                     docs/cutover.md"
                .to_owned(),
        },
    })
}

/// Rows that are shown here, behind a place, with the LMS's own.
async fn page(
    lms: &Lms,
    map: &Map,
    shown: &Shown<'_>,
    after: Option<Place>,
) -> Result<(Vec<Pair>, Option<Place>), RepairError> {
    if after.is_none() {
        // What waits to be derived would show less than it will.
        while shown.store.renew_standings(MOST_ROWS, shown.now_ms).await? > 0 {}
    }
    // By what never changes of a row once it is there.
    let of = ReportOf {
        sort: Sort::FirstVisit,
        order: Order::Ascending,
        limit: MOST_ROWS,
        after,
        ..ReportOf::default()
    };
    let found = shown.store.report(shown.tenant, Sight::Tenant, of, shown.now_ms).await?;
    let lms_topics: HashMap<&str, &str> =
        map.history.imported.iter().map(|(lms, here)| (here.as_str(), lms.as_str())).collect();
    let mut pairs = Vec::new();
    for row in &found.rows {
        let topic =
            row.topic_id.strip_prefix("lms:").or_else(|| lms_topics.get(row.topic_id.as_str()).copied());
        if let Some(topic) = topic {
            pairs.push(Pair { theirs: theirs(lms, map, &row.learner.id, topic).await?, ..pair(row, topic) });
        }
    }
    Ok((pairs, found.next))
}

fn pair(row: &ReportRow, topic: &str) -> Pair {
    Pair {
        learner: row.learner.id.clone(),
        topic: topic.to_owned(),
        seconds: row.time_spent_ms.div_euclid(1_000),
        attempts: i64::from(row.attempts),
        theirs: Vec::new(),
    }
}

/// The LMS's rows of a learner and a topic, by its own ids. A learner that it does not know has none.
async fn theirs(lms: &Lms, map: &Map, learner: &str, topic: &str) -> Result<Vec<Theirs>, RepairError> {
    let names = &map.topics;
    let read = [names.id.as_str(), &names.user, &names.topic, &names.time_spent, &names.attempts];
    let statement =
        lms.statement().say("SELECT ").read_all("t", &read).say(" FROM ").table(&names.table, "t");
    let can_be = |column, text| lms.can_hold(&names.table, column, text);
    if !can_be(&names.user, learner) || !can_be(&names.topic, topic) {
        return Ok(Vec::new());
    }
    let statement = statement.say(" WHERE ").column("t", &names.user).say(" = ");
    let statement = statement.value(&names.table, &names.user, Cell::Text(learner.to_owned()));
    let statement = statement.say(" AND ").says_beside("t", &names.table, &names.topic, topic);
    let rows = lms.rows(statement.done()).await?;
    Ok(rows
        .into_iter()
        .filter_map(|cells| match <[Cell; 5]>::try_from(cells) {
            Ok([id, user, topic, time_spent, attempts]) => {
                Some(Theirs { id, user, topic, time_spent, attempts })
            }
            Err(_) => None,
        })
        .collect())
}
