//! Merging commits in PostgreSQL: what waits is read in one go, decided in memory, and written in one transaction.
//!
//! Nothing is locked between reading and writing. Values are written if they are newer, whatever is there by then; a
//! visit is written if it is still what was read, or else everything is read again. Messages without news write
//! nothing. Visits that a writer remembers are not read again as long as their marks in the database are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use deadpool_postgres::Pool;
use seattime_wire::{Commit, Refused};

use super::contacts::Contacts;
use super::failure::{Failure, retried};
use super::fields::{Columns, rows};
use super::memory::{Marks, Memory, Remembered};
use super::reading::{AttemptKey, Versioned, VisitKey, attempts, marks, visits, visits_of};
use super::sql_here as sql;
use super::writing::{Put, Puts, Shared};
use crate::clock::Stopwatch;
use crate::store::merging::{Absorbed, begun, changes, completed, has_parted, scope};
use crate::store::raw::RawVisit;
use crate::store::rows::{AttemptRow, PackageRow, api_of, column};
use crate::store::{Arrival, Merged, StoreError, Throughput};
use crate::token::VisitClaims;

/// What became of each message, in their order.
pub(super) type Outcomes = Vec<Result<Merged, StoreError>>;

/// Merges messages, in their order; each is on disk once this answers.
pub(super) async fn merge(
    pool: &Pool,
    contacts: &Contacts,
    (memory, throughput): (&mut Memory, &Throughput),
    arrivals: &[&Arrival],
) -> Result<Outcomes, Failure> {
    let mut connection = pool.get().await?;
    let known = Known::read(&connection, memory, arrivals).await?;
    let mut desk = Desk::over(&known, contacts);
    let outcomes: Vec<_> = arrivals.iter().map(|it| desk.take_guarded(it)).collect();

    let mut with_news: BTreeSet<usize> = BTreeSet::new();
    let mut doubtful = Puts::default();
    for (n, told) in outcomes.iter().enumerate() {
        if let Ok(told) = told {
            if told.has_raw_news {
                with_news.insert(n);
            } else {
                doubtful.add(n, told);
            }
        }
    }
    with_news.extend(doubtful.newer(&connection).await?);

    let mut puts = Puts::default();
    let (mut dirty, mut stale, mut done) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    for n in &with_news {
        let Some((Ok(told), arrival)) = outcomes.get(*n).zip(arrivals.get(*n)) else { continue };
        let claims = &arrival.claims;
        puts.add(*n, told);
        dirty.insert(visit_key(arrival));
        stale.insert((&claims.learner, &told.course, &told.topic, &claims.tenant));
        if let Some(acked) = told.drop_parts_up_to {
            done.insert(visit_key(arrival), acked);
        }
    }
    if !dirty.is_empty() || !known.raised.is_empty() {
        let transaction = connection.transaction().await?;
        let db = transaction.client();
        let visits: Vec<_> = dirty
            .iter()
            .filter_map(|key| desk.states.get(key).map(|(claims, state)| (*claims, state)))
            .collect();
        super::writing::raise_leases(db, &known.raised).await?;
        let kept = tokio::try_join!(
            puts.write(db),
            super::writing::put_stale(db, &stale),
            super::writing::drop_parts(db, &done),
            super::writing::put_visits(db, &visits),
        )?;
        if kept.3 < visits.len() as u64 {
            return Err(Failure::Raced);
        }
        let begun = Stopwatch::start();
        transaction.commit().await?;
        throughput.committed(begun.elapsed());
    }
    for (key, (_, (visit, version))) in desk.states {
        let heard = (visit.contact_ms, visit.live_ms);
        if dirty.contains(&key) {
            contacts.forget(&key, heard);
            memory.visits.put(key, Remembered::of((visit, version + 1)));
        } else {
            contacts.note(key.clone(), heard);
            if let Some(unchanged) = known.visits.get(&key) {
                memory.visits.put(key, unchanged.clone());
            }
        }
    }
    let told = outcomes.into_iter().enumerate();
    Ok(told
        .map(|(n, it)| it.map(|told| Merged { has_news: with_news.contains(&n), ..told.merged }))
        .collect())
}

/// Merges messages, again and again where that may help.
pub(super) async fn merge_surely(
    pool: &Pool,
    contacts: &Contacts,
    (memory, throughput): (&mut Memory, &Throughput),
    arrivals: &[&Arrival],
) -> Result<Outcomes, Failure> {
    retried!(tries => merge(pool, contacts, (&mut *memory, throughput), arrivals))
}

fn visit_key(arrival: &Arrival) -> VisitKey {
    (arrival.claims.learner.clone(), arrival.claims.visit.clone())
}

fn attempt_key(arrival: &Arrival) -> AttemptKey {
    attempt_of(&arrival.claims)
}

fn attempt_of(claims: &VisitClaims) -> AttemptKey {
    (claims.learner.clone(), claims.attempt.clone(), claims.tenant.clone())
}

type Attempts = BTreeMap<AttemptKey, (AttemptRow, Option<PackageRow>)>;
type Whole = (Attempts, BTreeMap<VisitKey, Remembered>);

/// What is in the database that the messages have to do with.
struct Known {
    attempts: Attempts,
    /// Of them, by learner and id, those whose lease some message's is above, and that lease: a backup may not know
    /// the visit that took it, and fences those before it all the same.
    raised: BTreeMap<(String, String), u32>,
    visits: BTreeMap<VisitKey, Remembered>,
    /// By learner, visit and number of the change: how many parts there are, and each one's text.
    parts: BTreeMap<(String, String, i64), Vec<(u32, String)>>,
    /// The visits of attempts that some message's lease is too old for, each with its lease.
    others: BTreeMap<(String, String), Vec<(u32, RawVisit)>>,
}

impl Known {
    async fn read(
        db: &tokio_postgres::Client,
        memory: &mut Memory,
        arrivals: &[&Arrival],
    ) -> Result<Known, Failure> {
        let mut claims: Vec<_> = arrivals.iter().map(|it| &it.claims).collect();
        claims.sort_unstable_by_key(|it| (&it.learner, &it.visit));
        claims.dedup_by_key(|it| (&it.learner, &it.visit));
        let (mut asked, mut remembered, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
        for claims in claims {
            let visit = memory.visits.take(&(claims.learner.clone(), claims.visit.clone()));
            match visit.zip(memory.attempts.get(&attempt_of(claims)).cloned()) {
                Some(((_, visit), attempt)) => {
                    asked.push(claims);
                    remembered.push((visit, attempt));
                }
                None => wanted.push(claims),
            }
        }
        let (marks, parts, (mut attempts, mut visits)) =
            tokio::try_join!(marks_of(db, &asked), parts(db, arrivals), whole(db, &wanted))?;
        wanted.clear();
        for (claims, (visit, attempt)) in asked.into_iter().zip(remembered) {
            let key = (claims.learner.clone(), claims.visit.clone());
            match marks.get(&key) {
                Some((marks, lease)) if *marks == visit.marks => {
                    let row = AttemptRow { lease: *lease, ..attempt.0.clone() };
                    attempts.insert(attempt_of(claims), (row, Some(attempt.1.clone())));
                    visits.insert(key, visit);
                }
                _ => wanted.push(claims), // Another server has changed it, or it is gone.
            }
        }
        let changed = whole(db, &wanted).await?;
        attempts.extend(changed.0);
        visits.extend(changed.1);
        for (key, found) in &attempts {
            if let ((attempt, Some(package)), None) = (found, memory.attempts.get(key)) {
                memory.attempts.put(key.clone(), Arc::new((attempt.clone(), package.clone())));
            }
        }
        let mut raised = BTreeMap::new();
        for Arrival { claims, .. } in arrivals {
            if let Some((attempt, _)) = attempts.get_mut(&attempt_of(claims))
                && claims.lease > attempt.lease
            {
                attempt.lease = claims.lease;
                raised.insert((claims.learner.clone(), claims.attempt.clone()), claims.lease);
            }
        }
        let mut others = BTreeMap::new();
        for arrival in arrivals {
            let claims = &arrival.claims;
            let is_fenced =
                attempts.get(&attempt_key(arrival)).is_some_and(|(attempt, _)| claims.lease < attempt.lease);
            let key = (claims.learner.clone(), claims.attempt.clone());
            if is_fenced && !others.contains_key(&key) {
                let found = visits_of(db, &claims.learner, &claims.attempt).await?;
                others.insert(key, found.into_iter().map(|it| (it.lease, it.raw)).collect());
            }
        }
        Ok(Known { attempts, raised, visits, parts, others })
    }
}

/// Nothing is asked about nothing.
async fn marks_of(
    db: &tokio_postgres::Client,
    claims: &[&VisitClaims],
) -> Result<BTreeMap<VisitKey, (Marks, u32)>, Failure> {
    if claims.is_empty() { Ok(BTreeMap::new()) } else { marks(db, claims).await }
}

/// Visits, and their attempts with the packages, as they stand in the database.
async fn whole(db: &tokio_postgres::Client, claims: &[&VisitClaims]) -> Result<Whole, Failure> {
    if claims.is_empty() {
        return Ok(Whole::default());
    }
    let named = claims.iter().map(|it| (it.learner.as_str(), it.attempt.as_str(), it.tenant.as_str()));
    let named: Vec<_> = named.collect::<BTreeSet<_>>().into_iter().collect();
    let (attempts, visits) = tokio::try_join!(attempts(db, &named), visits(db, claims))?;
    Ok((attempts, visits.into_iter().map(|(key, visit)| (key, Remembered::of(visit))).collect()))
}

async fn parts(
    db: &tokio_postgres::Client,
    arrivals: &[&Arrival],
) -> Result<BTreeMap<(String, String, i64), Vec<(u32, String)>>, Failure> {
    let mut named = Vec::new();
    for arrival in arrivals.iter().filter(|it| has_parted(&it.commit)) {
        let of_sessions = arrival.commit.sessions.iter().flat_map(|it| it.parted.values());
        for seq in of_sessions.chain(arrival.commit.shared_parted.values()) {
            named.push((arrival.claims.learner.as_str(), arrival.claims.visit.as_str(), column(*seq)));
        }
    }
    let mut parts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    if named.is_empty() {
        return Ok(parts);
    }
    named.sort_unstable();
    named.dedup();
    let fields = [
        super::fields::texts(named.iter().map(|it| it.0)),
        super::fields::texts(named.iter().map(|it| it.1)),
        super::fields::longs(named.iter().map(|it| it.2)),
    ];
    for row in &rows(db, sql!("parts"), &fields).await? {
        let mut it = Columns::of(row);
        let key = (it.text()?, it.text()?, it.long()?);
        parts.entry(key).or_default().push((it.count()?, it.text()?));
    }
    Ok(parts)
}

/// What a message comes to.
pub(super) struct Told {
    merged: Merged,
    has_raw_news: bool,
    course: String,
    topic: String,
    /// The parts of texts up to this change are not needed any more.
    drop_parts_up_to: Option<i64>,
    pub(super) values: Vec<Put>,
    pub(super) conflicts: Vec<Put>,
    pub(super) shared: Vec<Shared>,
}

/// The messages' visits, as they stand after those that were taken in.
struct Desk<'a> {
    known: &'a Known,
    contacts: &'a Contacts,
    states: BTreeMap<VisitKey, (&'a VisitClaims, Versioned)>,
}

impl<'a> Desk<'a> {
    fn over(known: &'a Known, contacts: &'a Contacts) -> Desk<'a> {
        Desk { known, contacts, states: BTreeMap::new() }
    }

    /// Takes a message in so that its failure, be it a panic, is its own.
    fn take_guarded(&mut self, arrival: &'a Arrival) -> Result<Told, StoreError> {
        catch_unwind(AssertUnwindSafe(|| self.take(arrival))).unwrap_or_else(|_| {
            tracing::error!("A commit made its merging panic; it alone is not kept");
            Err(StoreError::Failed("a change panicked".to_owned()))
        })
    }

    fn take(&mut self, arrival: &'a Arrival) -> Result<Told, StoreError> {
        let claims = &arrival.claims;
        let key = visit_key(arrival);
        let found = self.known.attempts.get(&attempt_key(arrival));
        let (attempt, package) = found.ok_or(StoreError::NotFound("attempt"))?;
        let state = self.states.get(&key).map(|it| it.1.clone());
        let (visit, version) =
            state.or_else(|| self.known.visits.get(&key).map(|it| it.visit.clone())).unzip();
        let acked = visit.as_ref().map_or(0, |it| it.acked);
        let parts_of = |seq| {
            let key = (claims.learner.clone(), claims.visit.clone(), column(seq));
            Ok(self.known.parts.get(&key).cloned().unwrap_or_default())
        };
        let (commit, is_whole) = completed(&arrival.commit, acked, parts_of)?;
        let mut absorbed = Absorbed::new(visit, arrival, &commit, is_whole);
        let mut told = Told {
            merged: Merged {
                receipt: absorbed.merged(arrival, Vec::new(), attempt).receipt,
                is_superseded: false,
                has_news: false,
            },
            has_raw_news: absorbed.has_news(false),
            course: attempt.course.clone(),
            topic: attempt.topic.clone(),
            drop_parts_up_to: has_parted(&arrival.commit).then(|| column(acked)),
            values: Vec::new(),
            conflicts: Vec::new(),
            shared: Vec::new(),
        };
        let refused = self.put_changes(arrival, &commit, (attempt, package.as_ref()), &mut told)?;
        absorbed.visit.heard(self.contacts.of(&key));
        told.merged = absorbed.merged(arrival, refused, attempt);
        self.states.insert(key, (claims, (absorbed.visit, version.unwrap_or(0))));
        Ok(told)
    }

    fn put_changes(
        &self,
        arrival: &Arrival,
        commit: &Commit,
        (attempt, package): (&AttemptRow, Option<&PackageRow>),
        told: &mut Told,
    ) -> Result<Vec<Refused>, StoreError> {
        if commit.sessions.is_empty() && commit.shared.is_empty() {
            return Ok(Vec::new());
        }
        let claims = &arrival.claims;
        let package = package.ok_or(StoreError::NotFound("topic"))?;
        let api = api_of(attempt.api.clone(), package)?;
        let begun_since = if claims.lease < attempt.lease { self.begun_since(arrival) } else { Vec::new() };
        let changes = changes(commit, api, claims.mode, package, &begun_since);
        for change in &changes.values {
            let put = Put {
                learner: claims.learner.clone(),
                attempt: claims.attempt.clone(),
                activity: change.activity.to_owned(),
                try_: i64::from(change.try_),
                element: change.element.clone().into_owned(),
                visit: claims.visit.clone(),
                text: change.text.to_owned(),
                lease: i64::from(claims.lease),
                seq: column(change.seq),
            };
            if change.is_conflict { told.conflicts.push(put) } else { told.values.push(put) }
        }
        told.shared.extend(changes.shared.iter().map(|(target, text, seq)| Shared {
            learner: claims.learner.clone(),
            scope: scope(package, &claims.attempt).to_owned(),
            target: (*target).to_owned(),
            text: (*text).to_owned(),
            age: (claims.opened_ms, i64::from(claims.lease), column(*seq)),
        }));
        Ok(changes.refused)
    }

    /// The activities that visits with a newer lease have begun, those of this batch included.
    fn begun_since(&self, arrival: &Arrival) -> Vec<String> {
        let claims = &arrival.claims;
        let key = (claims.learner.clone(), claims.attempt.clone());
        let others = self.known.others.get(&key).into_iter().flatten();
        let stored = others.filter(|it| it.0 > claims.lease).map(|it| &it.1);
        let mine = self.states.values().filter(|(other, (visit, _))| {
            other.learner == claims.learner && other.attempt == claims.attempt && visit.lease > claims.lease
        });
        begun(stored.chain(mine.map(|it| &it.1.0.raw)))
    }
}
