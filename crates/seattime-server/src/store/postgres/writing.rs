//! What a batch of commits writes: each statement once, with all of its rows.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio_postgres::Client;

use super::failure::Failure;
use super::fields::{Columns, Field, longs, rows, run, texts};
use super::merge::Told;
use super::sql_here as sql;
use crate::store::rows::{VisitRow, column};
use crate::token::VisitClaims;

/// A value to be kept if it is newer than what is there.
#[derive(Debug)]
pub(super) struct Put<'a> {
    pub(super) learner: &'a str,
    pub(super) attempt: &'a str,
    pub(super) activity: &'a str,
    pub(super) try_: i64,
    pub(super) element: Cow<'a, str>,
    pub(super) visit: &'a str,
    pub(super) text: &'a str,
    pub(super) lease: i64,
    pub(super) seq: i64,
}

impl Put<'_> {
    /// Learner, attempt, activity, try and element.
    fn key(&self) -> (&str, &str, &str, i64, &str) {
        (self.learner, self.attempt, self.activity, self.try_, &self.element)
    }
}

/// What activities share, to be kept if it is newer than what is there.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) learner: &'a str,
    pub(super) scope: &'a str,
    pub(super) target: &'a str,
    pub(super) text: &'a str,
    /// When the visit was opened, its lease, and the number of the change.
    pub(super) age: (i64, i64, i64),
}

impl Shared<'_> {
    fn key(&self) -> (&str, &str, &str) {
        (self.learner, self.scope, self.target)
    }
}

/// What is to be written, each with the number of the message that brings it; each key once, with the newest that any
/// message brings: a statement cannot meet the same row twice. In the order of the keys, so that no two transactions
/// wait for each other.
#[derive(Default)]
pub(super) struct Puts<'a> {
    values: Vec<(&'a Put<'a>, usize)>,
    /// A value that is kept aside has its visit for a part of its key.
    conflicts: Vec<(&'a Put<'a>, usize)>,
    shared: Vec<(&'a Shared<'a>, usize)>,
}

impl<'a> Puts<'a> {
    /// What messages bring, each with its number.
    pub(super) fn of(told: impl IntoIterator<Item = (usize, &'a Told<'a>)>) -> Puts<'a> {
        let mut puts = Puts::default();
        for (n, it) in told {
            puts.values.extend(it.values.iter().map(|it| (it, n)));
            puts.conflicts.extend(it.conflicts.iter().map(|it| (it, n)));
            puts.shared.extend(it.shared.iter().map(|it| (it, n)));
        }
        puts.values.sort_unstable_by_key(|(it, _)| (it.key(), Reverse((it.lease, it.seq))));
        puts.values.dedup_by_key(|(it, _)| it.key());
        puts.conflicts.sort_unstable_by_key(|(it, _)| (it.key(), it.visit, Reverse(it.seq)));
        puts.conflicts.dedup_by_key(|(it, _)| (it.key(), it.visit));
        puts.shared.sort_unstable_by_key(|(it, _)| (it.key(), Reverse(it.age)));
        puts.shared.dedup_by_key(|(it, _)| it.key());
        puts
    }

    /// The messages that bring something newer than what is there.
    pub(super) async fn newer(&self, db: &Client) -> Result<BTreeSet<usize>, Failure> {
        let mut found = BTreeSet::new();
        let mut ask = async |is_empty: bool, statement: &str, fields: Vec<Field<'_>>| {
            if !is_empty {
                for row in &rows(db, statement, &fields).await? {
                    found.insert(usize::try_from(Columns::of(row).long()?).unwrap_or(usize::MAX));
                }
            }
            Ok::<(), Failure>(())
        };
        let mut fields = key_fields(&self.values);
        fields.extend([longs(self.values.iter().map(|it| it.0.lease))]);
        fields.extend([longs(self.values.iter().map(|it| it.0.seq)), numbers(&self.values)]);
        ask(self.values.is_empty(), sql!("newer_value"), fields).await?;

        let mut fields = key_fields(&self.conflicts);
        fields.extend([texts(self.conflicts.iter().map(|it| it.0.visit))]);
        fields.extend([longs(self.conflicts.iter().map(|it| it.0.seq)), numbers(&self.conflicts)]);
        ask(self.conflicts.is_empty(), sql!("newer_conflict"), fields).await?;

        let mut fields = shared_fields(&self.shared);
        fields.extend(age_fields(&self.shared));
        fields.push(numbers(&self.shared));
        ask(self.shared.is_empty(), sql!("newer_shared"), fields).await?;
        Ok(found)
    }

    /// Writes what is newer than what is there.
    pub(super) async fn write(&self, db: &Client) -> Result<(), Failure> {
        let put = async |is_empty: bool, statement: &str, fields: Vec<Field<'_>>| {
            if !is_empty {
                run(db, statement, &fields).await?;
            }
            Ok::<(), Failure>(())
        };
        let mut values = key_fields(&self.values);
        values.extend([texts(self.values.iter().map(|it| it.0.text))]);
        values.extend([longs(self.values.iter().map(|it| it.0.lease))]);
        values.extend([longs(self.values.iter().map(|it| it.0.seq))]);

        let mut conflicts = key_fields(&self.conflicts);
        conflicts.extend([texts(self.conflicts.iter().map(|it| it.0.visit))]);
        conflicts.extend([texts(self.conflicts.iter().map(|it| it.0.text))]);
        conflicts.extend([longs(self.conflicts.iter().map(|it| it.0.lease))]);
        conflicts.extend([longs(self.conflicts.iter().map(|it| it.0.seq))]);

        let mut shared = shared_fields(&self.shared);
        shared.extend([texts(self.shared.iter().map(|it| it.0.text))]);
        shared.extend(age_fields(&self.shared));

        tokio::try_join!(
            put(self.values.is_empty(), sql!("put_value"), values),
            put(self.conflicts.is_empty(), sql!("put_conflict"), conflicts),
            put(self.shared.is_empty(), sql!("put_shared"), shared),
        )?;
        Ok(())
    }
}

fn key_fields<'a>(puts: &[(&'a Put<'a>, usize)]) -> Vec<Field<'a>> {
    vec![
        texts(puts.iter().map(|it| it.0.learner)),
        texts(puts.iter().map(|it| it.0.attempt)),
        texts(puts.iter().map(|it| it.0.activity)),
        longs(puts.iter().map(|it| it.0.try_)),
        texts(puts.iter().map(|it| &*it.0.element)),
    ]
}

fn shared_fields<'a>(puts: &[(&'a Shared<'a>, usize)]) -> Vec<Field<'a>> {
    vec![
        texts(puts.iter().map(|it| it.0.learner)),
        texts(puts.iter().map(|it| it.0.scope)),
        texts(puts.iter().map(|it| it.0.target)),
    ]
}

fn age_fields<'a>(puts: &[(&'a Shared<'a>, usize)]) -> [Field<'a>; 3] {
    let ages = || puts.iter().map(|it| it.0.age);
    [longs(ages().map(|it| it.0)), longs(ages().map(|it| it.1)), longs(ages().map(|it| it.2))]
}

fn numbers<'a, T>(puts: &[(T, usize)]) -> Field<'a> {
    longs(puts.iter().map(|it| i64::try_from(it.1).unwrap_or(i64::MAX)))
}

/// Versions are below 2^62, so that the sum of two is a number of a column.
const MOST_VERSION: i64 = (1 << 62) - 1;

/// What one transaction makes of versions: others than those of any other transaction, be the database restored to
/// whatever it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Versions(i64);

impl Versions {
    pub(super) fn random() -> Versions {
        let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
        Versions(i64::try_from(random >> 2).unwrap_or_default().max(1))
    }

    /// That of a visit that is not there yet.
    pub(super) fn first(self) -> i64 {
        self.0
    }

    /// The one after `read`, as the database reckons it too.
    pub(super) fn after(self, read: i64) -> i64 {
        read.wrapping_add(self.0) & MOST_VERSION
    }
}

/// A visit as it is to be kept.
pub(super) struct Kept<'a> {
    pub(super) claims: &'a VisitClaims,
    pub(super) visit: &'a VisitRow,
    /// The version that was read; none where there is no such visit.
    pub(super) read: Option<i64>,
}

/// Keeps visits that still have the version that was read; answers how many do.
pub(super) async fn put_visits(db: &Client, visits: &[Kept<'_>], versions: Versions) -> Result<u64, Failure> {
    if visits.is_empty() {
        return Ok(0);
    }
    let policies = policies(visits)?;
    let raws = visits.iter().map(|it| serde_json::to_string(&it.visit.raw));
    let raws: Vec<_> = raws.collect::<Result<_, _>>()?;
    let claims = || visits.iter().map(|it| it.claims);
    let row = || visits.iter().map(|it| it.visit);
    let fields = [
        texts(claims().map(|it| it.learner.as_str())),
        texts(claims().map(|it| it.visit.as_str())),
        texts(claims().map(|it| it.tenant.as_str())),
        texts(claims().map(|it| it.attempt.as_str())),
        longs(row().map(|it| i64::from(it.lease))),
        texts(policies.iter().map(|it| &**it)),
        longs(row().map(|it| it.opened_ms)),
        longs(row().map(|it| it.contact_ms)),
        longs(row().map(|it| it.live_ms)),
        longs(row().map(|it| column(it.acked))),
        Field::Flags(row().map(|it| it.is_open).collect()),
        texts(raws.iter().map(String::as_str)),
        longs(visits.iter().map(|it| it.read.unwrap_or(versions.first()))),
        versions.0.into(),
    ];
    run(db, sql!("put_visit"), &fields).await
}

/// The visits' policies as texts; most of a batch have the same one.
fn policies(visits: &[Kept<'_>]) -> Result<Vec<Arc<str>>, serde_json::Error> {
    let mut policies: Vec<Arc<str>> = Vec::with_capacity(visits.len());
    for (n, Kept { visit, .. }) in visits.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|it| visits.get(it)).zip(policies.last());
        policies.push(match before {
            Some((before, text)) if before.visit.policy == visit.policy => Arc::clone(text),
            _ => serde_json::to_string(&visit.policy)?.into(),
        });
    }
    Ok(policies)
}

/// Gives visits of attempts, by learner and id, another version: their lease was taken.
pub(super) async fn outdate_visits(
    db: &Client,
    attempts: impl Iterator<Item = (&str, &str)> + Clone,
) -> Result<(), Failure> {
    let fields = [texts(attempts.clone().map(|it| it.0)), texts(attempts.map(|it| it.1))];
    run(db, sql!("outdate_visits"), &fields).await?;
    Ok(())
}

/// Raises the leases of attempts, by learner and id.
pub(super) async fn raise_leases(db: &Client, raised: &BTreeMap<(&str, &str), u32>) -> Result<(), Failure> {
    if raised.is_empty() {
        return Ok(());
    }
    let fields = [
        texts(raised.keys().map(|it| it.0)),
        texts(raised.keys().map(|it| it.1)),
        longs(raised.values().map(|it| i64::from(*it))),
    ];
    run(db, sql!("raise_lease"), &fields).await?;
    outdate_visits(db, raised.keys().copied()).await
}

/// Marks rows of the report as stale: learner, course, topic and tenant, each once and in their order.
pub(super) async fn put_stale(db: &Client, stale: Vec<(&str, &str, &str, &str)>) -> Result<(), Failure> {
    if stale.is_empty() {
        return Ok(());
    }
    let fields = [
        texts(stale.iter().map(|it| it.0)),
        texts(stale.iter().map(|it| it.1)),
        texts(stale.iter().map(|it| it.2)),
        texts(stale.iter().map(|it| it.3)),
    ];
    run(db, sql!("put_stale"), &fields).await?;
    Ok(())
}

/// Drops the parts of texts up to a change, by learner and visit.
pub(super) async fn drop_parts(db: &Client, done: &BTreeMap<(&str, &str), i64>) -> Result<(), Failure> {
    if done.is_empty() {
        return Ok(());
    }
    let fields =
        [texts(done.keys().map(|it| it.0)), texts(done.keys().map(|it| it.1)), longs(done.values().copied())];
    run(db, sql!("drop_parts"), &fields).await?;
    Ok(())
}
