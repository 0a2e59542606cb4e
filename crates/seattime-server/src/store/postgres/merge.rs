//! Merging commits in PostgreSQL: what waits is read in one go, decided in memory, and written in one transaction.
//!
//! Nothing is locked between reading and writing. Values are written if they are newer, whatever is there by then; a
//! visit is written if it still has the version that was read, or else everything is read again. Messages without news
//! write nothing. Visits that a writer remembers are not read: that they still have the version that is remembered is
//! found out as they are written, and asked where nothing is written.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use deadpool_postgres::Pool;
use seattime_wire::{Commit, Refused};
use tokio_postgres::Client;

use super::contacts::Contacts;
use super::courses;
use super::failure::{Failure, retried};
use super::fields::{Columns, rows};
use super::memory::{Attempted, Memory, Remembered};
use super::reading::{AttemptKey, Versioned, VisitKey, attempts, versions, visits, visits_of};
use super::sql_here as sql;
use super::writing::{Kept, Put, Puts, Shared, Versions};
use crate::clock::Stopwatch;
use crate::store::merging::{Absorbed, begun, changes, completed, has_parted, scope};
use crate::store::raw::RawVisit;
use crate::store::rows::{VisitRow, api_of, column};
use crate::store::{Arrival, CourseSettings, Merged, StoreError, Throughput};
use crate::token::VisitClaims;

/// What became of each message, in their order.
pub(super) type Outcomes = Vec<Result<Merged, StoreError>>;

/// Learner, and visit or attempt.
type Pair<'a> = (&'a str, &'a str);

/// Merges messages, in their order; each is on disk once this answers.
async fn merge(
    pool: &Pool,
    contacts: &Contacts,
    (memory, throughput): (&mut Memory, &Throughput),
    arrivals: &[&Arrival],
) -> Result<Outcomes, Failure> {
    let mut connection = pool.get().await?;
    let whole: Vec<OnceCell<Commit>> = arrivals.iter().map(|_| OnceCell::new()).collect();
    let mut desk = Desk::over(&connection, memory, contacts, arrivals).await?;
    let outcomes: Vec<_> = arrivals
        .iter()
        .zip(&whole)
        .enumerate()
        .map(|(n, (arrival, whole))| desk.take_guarded(n, arrival, whole))
        .collect();

    let (mut with_news, mut doubtful) = (BTreeSet::new(), Vec::new());
    for (n, told) in outcomes.iter().enumerate() {
        if let Ok(told) = told {
            if told.has_raw_news {
                with_news.insert(n);
            } else {
                doubtful.push((n, told));
            }
        }
    }
    with_news.extend(Puts::of(doubtful).newer(&connection).await?);
    for n in &with_news {
        desk.write(*n);
    }

    let unwritten: Vec<_> = desk.cases.iter().filter(|it| it.is_remembered && !it.is_written).collect();
    if !unwritten.is_empty() {
        let claims: Vec<_> = unwritten.iter().map(|it| it.claims).collect();
        let now = versions(&connection, &claims).await?;
        let holds = |it: &&Case<'_>| {
            now.get(&(it.claims.learner.clone(), it.claims.visit.clone())).copied() == it.version
        };
        if !unwritten.iter().all(holds) {
            return Err(Failure::Raced);
        }
    }
    let told = outcomes.iter().enumerate().filter(|it| with_news.contains(&it.0));
    let told: Vec<_> = told.filter_map(|(n, told)| Some((n, told.as_ref().ok()?))).collect();
    let done: BTreeMap<Pair<'_>, i64> = told
        .iter()
        .filter_map(|(n, told)| Some((visit_of(&arrivals.get(*n)?.claims), told.drop_parts_up_to?)))
        .collect();
    let puts = Puts::of(told);
    let versions = Versions::random();
    if !with_news.is_empty() || !desk.raised.is_empty() {
        let transaction = connection.transaction().await?;
        let db = transaction.client();
        let written: Vec<_> = desk.cases.iter().filter_map(Case::written).collect();
        let mut stale: Vec<_> = written
            .iter()
            .map(|(kept, Attempted { row, .. })| {
                (&*kept.claims.learner, &*row.course, &*row.topic, &*kept.claims.tenant)
            })
            .collect();
        let visits: Vec<_> = written.into_iter().map(|it| it.0).collect();
        stale.sort_unstable();
        stale.dedup();
        let kept = tokio::try_join!(
            puts.write(db),
            super::writing::put_stale(db, stale),
            super::writing::drop_parts(db, &done),
            super::writing::put_visits(db, &visits, versions),
        )?;
        if kept.3 < visits.len() as u64 {
            return Err(Failure::Raced);
        }
        super::writing::raise_leases(db, &desk.raised).await?;
        let begun = Stopwatch::start();
        transaction.commit().await?;
        throughput.committed(begun.elapsed());
    }
    desk.remember(memory, versions);
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
    retried!(tries => merge_afresh(pool, contacts, (&mut *memory, throughput), arrivals))
}

/// Merges messages; where what is remembered of them holds no more, it is forgotten by then, and they are merged from
/// what there is.
async fn merge_afresh(
    pool: &Pool,
    contacts: &Contacts,
    (memory, throughput): (&mut Memory, &Throughput),
    arrivals: &[&Arrival],
) -> Result<Outcomes, Failure> {
    match merge(pool, contacts, (&mut *memory, throughput), arrivals).await {
        Err(Failure::Raced) => merge(pool, contacts, (memory, throughput), arrivals).await,
        merged => merged,
    }
}

fn visit_of(claims: &VisitClaims) -> Pair<'_> {
    (&claims.learner, &claims.visit)
}

fn attempt_of(claims: &VisitClaims) -> Pair<'_> {
    (&claims.learner, &claims.attempt)
}

/// What a message comes to.
pub(super) struct Told<'a> {
    merged: Merged,
    has_raw_news: bool,
    /// The parts of texts up to this change are not needed any more.
    drop_parts_up_to: Option<i64>,
    pub(super) values: Vec<Put<'a>>,
    pub(super) conflicts: Vec<Put<'a>>,
    pub(super) shared: Vec<Shared<'a>>,
}

/// A visit that messages have to do with.
struct Case<'a> {
    claims: &'a VisitClaims,
    /// How many messages are of it.
    messages: usize,
    /// As the visit stands after those that were taken in.
    state: Option<VisitRow>,
    /// The version that was read; none where there is no such visit.
    version: Option<i64>,
    attempt: Option<Arc<Attempted>>,
    /// What the course has of its own, if the visit has to be made again.
    course: CourseSettings,
    /// The attempt's lease; a message's, where that is above it.
    lease: u32,
    is_remembered: bool,
    is_written: bool,
}

impl<'a> Case<'a> {
    fn of(claims: &'a VisitClaims) -> Case<'a> {
        Case {
            claims,
            messages: 0,
            state: None,
            version: None,
            attempt: None,
            course: CourseSettings::default(),
            lease: 0,
            is_remembered: false,
            is_written: false,
        }
    }

    /// What is written of it, and its attempt.
    fn written(&self) -> Option<(Kept<'_>, &Attempted)> {
        let (visit, attempt) = self.is_written.then(|| self.state.as_ref().zip(self.attempt.as_ref()))??;
        Some((Kept { claims: self.claims, visit, read: self.version }, attempt))
    }
}

/// What is in the database that messages have to do with, and how it stands after those that were taken in.
struct Desk<'a> {
    contacts: &'a Contacts,
    /// In the order of learners and visits.
    cases: Vec<Case<'a>>,
    /// Per message, which case is its.
    of_message: Vec<usize>,
    /// The attempts whose lease some message's is above, and that lease: a backup may not know the visit that took it,
    /// and fences those before it all the same.
    raised: BTreeMap<Pair<'a>, u32>,
    /// By learner, visit and number of the change: how many parts there are, and each one's text.
    parts: BTreeMap<(String, String, i64), Vec<(u32, String)>>,
    /// The visits of attempts that some message's lease is too old for, each with its lease.
    others: BTreeMap<Pair<'a>, Vec<(u32, RawVisit)>>,
}

impl<'a> Desk<'a> {
    async fn over(
        db: &Client,
        memory: &mut Memory,
        contacts: &'a Contacts,
        arrivals: &[&'a Arrival],
    ) -> Result<Desk<'a>, Failure> {
        let mut order: Vec<_> = arrivals.iter().map(|it| &it.claims).enumerate().collect();
        order.sort_unstable_by_key(|(n, claims)| (visit_of(claims), *n));
        let (mut cases, mut of_message): (Vec<Case<'_>>, _) = (Vec::new(), vec![0; arrivals.len()]);
        for (n, claims) in order {
            if cases.last().is_none_or(|it| visit_of(it.claims) != visit_of(claims)) {
                cases.push(Case::of(claims));
            }
            if let (Some(case), Some(of)) = (cases.last_mut(), of_message.get_mut(n)) {
                case.messages += 1;
                *of = cases.len() - 1;
            }
        }
        for case in &mut cases {
            let Some((_, known)) = memory.0.take(&case.claims.visit) else { continue };
            (case.state, case.version) = (Some(known.visit.0), Some(known.visit.1));
            (case.attempt, case.is_remembered) = (Some(known.attempt), true);
        }
        let unknown: Vec<_> = cases.iter().filter(|it| !it.is_remembered).map(|it| it.claims).collect();
        let (parts, (mut found, attempts)) = tokio::try_join!(parts(db, arrivals), read(db, &unknown))?;
        for case in cases.iter_mut().filter(|it| !it.is_remembered) {
            let claims = case.claims;
            case.attempt = attempts
                .get(&(claims.learner.clone(), claims.attempt.clone(), claims.tenant.clone()))
                .cloned();
            (case.state, case.version) =
                found.remove(&(claims.learner.clone(), claims.visit.clone())).unzip();
        }
        let mut desk =
            Desk { contacts, cases, of_message, raised: BTreeMap::new(), parts, others: BTreeMap::new() };
        desk.find_leases();
        desk.find_others(db, arrivals).await?;
        desk.find_courses(db).await?;
        Ok(desk)
    }

    /// A visit that a backup did not know is judged by what its course has of its own.
    async fn find_courses(&mut self, db: &Client) -> Result<(), Failure> {
        for case in self.cases.iter_mut().filter(|it| it.state.is_none()) {
            if let Some(attempt) = &case.attempt {
                case.course = courses::find(db, &case.claims.tenant, &attempt.row.course).await?.settings;
            }
        }
        Ok(())
    }

    fn find_leases(&mut self) {
        for case in &mut self.cases {
            let Some(attempt) = &case.attempt else { continue };
            case.lease = attempt.row.lease;
            if case.claims.lease > case.lease {
                let raised = self.raised.entry(attempt_of(case.claims)).or_default();
                *raised = case.claims.lease.max(*raised);
            }
        }
        for case in &mut self.cases {
            if let Some(raised) = self.raised.get(&attempt_of(case.claims)) {
                case.lease = case.lease.max(*raised);
            }
        }
    }

    async fn find_others(&mut self, db: &Client, arrivals: &[&'a Arrival]) -> Result<(), Failure> {
        for (arrival, of) in arrivals.iter().zip(&self.of_message) {
            let is_fenced = self.cases.get(*of).is_some_and(|it| arrival.claims.lease < it.lease);
            let key = attempt_of(&arrival.claims);
            if is_fenced && !self.others.contains_key(&key) {
                let found = visits_of(db, key.0, key.1).await?;
                self.others.insert(key, found.into_iter().map(|it| (it.lease, it.raw)).collect());
            }
        }
        Ok(())
    }

    /// Takes a message in so that its failure, be it a panic, is its own.
    fn take_guarded(
        &mut self,
        n: usize,
        arrival: &'a Arrival,
        whole: &'a OnceCell<Commit>,
    ) -> Result<Told<'a>, StoreError> {
        catch_unwind(AssertUnwindSafe(|| self.take(n, arrival, whole))).unwrap_or_else(|_| {
            tracing::error!("A commit made its merging panic; it alone is not kept");
            Err(StoreError::Failed("a change panicked".to_owned()))
        })
    }

    fn take(
        &mut self,
        n: usize,
        arrival: &'a Arrival,
        whole: &'a OnceCell<Commit>,
    ) -> Result<Told<'a>, StoreError> {
        let claims = &arrival.claims;
        let of = self.of_message.get(n).copied().unwrap_or(usize::MAX);
        let case = self.cases.get_mut(of).ok_or(StoreError::NotFound("visit"))?;
        let attempt = Arc::clone(case.attempt.as_ref().ok_or(StoreError::NotFound("attempt"))?);
        let lease = case.lease;
        // If this fails, the others of the visit go on from what there was before.
        let state = if case.messages == 1 { case.state.take() } else { case.state.clone() };
        let acked = state.as_ref().map_or(0, |it| it.acked);
        let parts_of = |seq| {
            let key = (claims.learner.clone(), claims.visit.clone(), column(seq));
            Ok(self.parts.get(&key).cloned().unwrap_or_default())
        };
        let (commit, is_whole) = completed(&arrival.commit, acked, parts_of)?;
        let commit: &'a Commit = match commit {
            Cow::Borrowed(commit) => commit,
            Cow::Owned(commit) => whole.get_or_init(|| commit),
        };
        let mut absorbed = Absorbed::new(state, arrival, &case.course, commit, is_whole);
        let mut told = Told {
            merged: absorbed.merged(arrival, Vec::new(), lease),
            has_raw_news: absorbed.has_news(false),
            drop_parts_up_to: has_parted(&arrival.commit).then(|| column(acked)),
            values: Vec::new(),
            conflicts: Vec::new(),
            shared: Vec::new(),
        };
        told.merged.receipt.refused = self.put_changes(claims, commit, (&attempt, lease), &mut told)?;
        absorbed.visit.heard(self.contacts.of(&claims.visit));
        if let Some(case) = self.cases.get_mut(of) {
            case.state = Some(absorbed.visit);
        }
        Ok(told)
    }

    fn put_changes(
        &self,
        claims: &'a VisitClaims,
        commit: &'a Commit,
        (attempt, lease): (&Attempted, u32),
        told: &mut Told<'a>,
    ) -> Result<Vec<Refused>, StoreError> {
        if commit.sessions.is_empty() && commit.shared.is_empty() {
            return Ok(Vec::new());
        }
        let package = attempt.package.as_ref().ok_or(StoreError::NotFound("topic"))?;
        let api = api_of(attempt.row.api.clone(), package)?;
        let begun_since = if claims.lease < lease { self.begun_since(claims) } else { Vec::new() };
        let changes = changes(commit, api, claims.mode, &begun_since);
        for change in changes.values {
            let put = Put {
                learner: &claims.learner,
                attempt: &claims.attempt,
                activity: change.activity,
                try_: i64::from(change.try_),
                element: change.element,
                visit: &claims.visit,
                text: change.text,
                lease: i64::from(claims.lease),
                seq: column(change.seq),
            };
            if change.is_conflict { told.conflicts.push(put) } else { told.values.push(put) }
        }
        told.shared.extend(changes.shared.into_iter().map(|(target, text, seq)| Shared {
            learner: &claims.learner,
            scope: scope(package, &claims.attempt),
            target,
            text,
            age: (claims.opened_ms, i64::from(claims.lease), column(seq)),
        }));
        Ok(changes.refused)
    }

    /// The activities that visits with a newer lease have begun, those of this batch included.
    fn begun_since(&self, claims: &VisitClaims) -> Vec<String> {
        let others = self.others.get(&attempt_of(claims)).into_iter().flatten();
        let stored = others.filter(|it| it.0 > claims.lease).map(|it| &it.1);
        let mine = self.cases.iter().filter(|it| attempt_of(it.claims) == attempt_of(claims));
        let mine = mine.filter_map(|it| it.state.as_ref()).filter(|it| it.lease > claims.lease);
        begun(stored.chain(mine.map(|it| &it.raw)))
    }

    /// Message `n` has news: its visit is written.
    fn write(&mut self, n: usize) {
        if let Some(case) = self.of_message.get(n).and_then(|it| self.cases.get_mut(*it)) {
            case.is_written = true;
        }
    }

    /// Remembers how visits stand in the database now; those that were written have another of the `versions`.
    fn remember(self, memory: &mut Memory, versions: Versions) {
        for case in self.cases {
            let claims = case.claims;
            let Some((visit, attempt)) = case.state.zip(case.attempt) else { continue };
            let heard = (visit.contact_ms, visit.live_ms);
            if case.is_written {
                self.contacts.forget(&claims.visit, heard);
            } else if case.version.is_some() {
                self.contacts.note(claims, heard);
            }
            let version = match case.version {
                Some(read) if case.is_written => Some(versions.after(read)),
                None if case.is_written => Some(versions.first()),
                unwritten => unwritten,
            };
            // Where a lease was raised, all of the attempt's visits have another version by now.
            if let Some(version) = version
                && attempt.package.is_some()
                && !self.raised.contains_key(&attempt_of(claims))
            {
                memory.0.put(claims.visit.clone(), Remembered { visit: (visit, version), attempt });
            }
        }
    }
}

type Read = (BTreeMap<VisitKey, Versioned>, BTreeMap<AttemptKey, Arc<Attempted>>);

/// Visits, and their attempts with the packages, as they stand in the database.
async fn read(db: &Client, claims: &[&VisitClaims]) -> Result<Read, Failure> {
    if claims.is_empty() {
        return Ok(Read::default());
    }
    let named = claims.iter().map(|it| (it.learner.as_str(), it.attempt.as_str(), it.tenant.as_str()));
    let named: Vec<_> = named.collect::<BTreeSet<_>>().into_iter().collect();
    tokio::try_join!(visits(db, claims), attempts(db, &named))
}

async fn parts(
    db: &Client,
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
