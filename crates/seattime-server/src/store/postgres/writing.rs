//! What a batch of commits writes: each statement once, with all of its rows.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::failure::Failure;
use super::fields::{Columns, Field, longs, rows, run, texts};
use super::merge::Told;
use super::reading::{Versioned, VisitKey};
use super::sql_here as sql;
use crate::store::rows::column;
use crate::token::VisitClaims;

/// A value to be kept if it is newer than what is there.
#[derive(Debug, Clone)]
pub(super) struct Put {
    pub(super) learner: String,
    pub(super) attempt: String,
    pub(super) activity: String,
    pub(super) try_: i64,
    pub(super) element: String,
    pub(super) visit: String,
    pub(super) text: String,
    pub(super) lease: i64,
    pub(super) seq: i64,
}

/// What activities share, to be kept if it is newer than what is there.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) learner: String,
    pub(super) scope: String,
    pub(super) target: String,
    pub(super) text: String,
    /// When the visit was opened, its lease, and the number of the change.
    pub(super) age: (i64, i64, i64),
}

/// Learner, attempt, activity, try, element, and for a value that is kept aside its visit.
type ValueKey<'a> = (&'a str, &'a str, &'a str, i64, &'a str, &'a str);

/// What is to be written, each key once, with the newest that any message brings: a statement cannot meet the same
/// row twice. In the order of the keys, so that no two transactions wait for each other.
#[derive(Default)]
pub(super) struct Puts<'a> {
    values: BTreeMap<ValueKey<'a>, (&'a Put, usize)>,
    conflicts: BTreeMap<ValueKey<'a>, (&'a Put, usize)>,
    shared: BTreeMap<(&'a str, &'a str, &'a str), (&'a Shared, usize)>,
}

fn newest<'a, K: Ord, V>(
    kept: &mut BTreeMap<K, (&'a V, usize)>,
    key: K,
    put: (&'a V, usize),
    is_newer: fn(&V, &V) -> bool,
) {
    match kept.get_mut(&key) {
        Some(other) if is_newer(put.0, other.0) => *other = put,
        Some(_) => {}
        None => {
            kept.insert(key, put);
        }
    }
}

impl<'a> Puts<'a> {
    /// Takes in what message `n` brings.
    pub(super) fn add(&mut self, n: usize, told: &'a Told) {
        for it in &told.values {
            let key = (it.learner.as_str(), &*it.attempt, &*it.activity, it.try_, &*it.element, "");
            newest(&mut self.values, key, (it, n), |it, other| (it.lease, it.seq) > (other.lease, other.seq));
        }
        for it in &told.conflicts {
            let key = (it.learner.as_str(), &*it.attempt, &*it.activity, it.try_, &*it.element, &*it.visit);
            newest(&mut self.conflicts, key, (it, n), |it, other| it.seq > other.seq);
        }
        for it in &told.shared {
            let key = (it.learner.as_str(), &*it.scope, &*it.target);
            newest(&mut self.shared, key, (it, n), |it, other| it.age > other.age);
        }
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
        fields.extend([longs(self.values.values().map(|it| it.0.lease))]);
        fields.extend([longs(self.values.values().map(|it| it.0.seq)), numbers(&self.values)]);
        ask(self.values.is_empty(), sql!("newer_value"), fields).await?;

        let mut fields = key_fields(&self.conflicts);
        fields.extend([texts(self.conflicts.values().map(|it| it.0.visit.as_str()))]);
        fields.extend([longs(self.conflicts.values().map(|it| it.0.seq)), numbers(&self.conflicts)]);
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
        values.extend([texts(self.values.values().map(|it| it.0.text.as_str()))]);
        values.extend([longs(self.values.values().map(|it| it.0.lease))]);
        values.extend([longs(self.values.values().map(|it| it.0.seq))]);

        let mut conflicts = key_fields(&self.conflicts);
        conflicts.extend([texts(self.conflicts.values().map(|it| it.0.visit.as_str()))]);
        conflicts.extend([texts(self.conflicts.values().map(|it| it.0.text.as_str()))]);
        conflicts.extend([longs(self.conflicts.values().map(|it| it.0.lease))]);
        conflicts.extend([longs(self.conflicts.values().map(|it| it.0.seq))]);

        let mut shared = shared_fields(&self.shared);
        shared.extend([texts(self.shared.values().map(|it| it.0.text.as_str()))]);
        shared.extend(age_fields(&self.shared));

        tokio::try_join!(
            put(self.values.is_empty(), sql!("put_value"), values),
            put(self.conflicts.is_empty(), sql!("put_conflict"), conflicts),
            put(self.shared.is_empty(), sql!("put_shared"), shared),
        )?;
        Ok(())
    }
}

fn key_fields<'a>(puts: &BTreeMap<ValueKey<'a>, (&'a Put, usize)>) -> Vec<Field<'a>> {
    vec![
        texts(puts.keys().map(|it| it.0)),
        texts(puts.keys().map(|it| it.1)),
        texts(puts.keys().map(|it| it.2)),
        longs(puts.keys().map(|it| it.3)),
        texts(puts.keys().map(|it| it.4)),
    ]
}

type SharedPuts<'a> = BTreeMap<(&'a str, &'a str, &'a str), (&'a Shared, usize)>;

fn shared_fields<'a>(puts: &SharedPuts<'a>) -> Vec<Field<'a>> {
    vec![
        texts(puts.keys().map(|it| it.0)),
        texts(puts.keys().map(|it| it.1)),
        texts(puts.keys().map(|it| it.2)),
    ]
}

fn age_fields<'a>(puts: &SharedPuts<'a>) -> [Field<'a>; 3] {
    let ages = || puts.values().map(|it| it.0.age);
    [longs(ages().map(|it| it.0)), longs(ages().map(|it| it.1)), longs(ages().map(|it| it.2))]
}

fn numbers<'a, K, V>(puts: &BTreeMap<K, (V, usize)>) -> Field<'a> {
    longs(puts.values().map(|it| i64::try_from(it.1).unwrap_or(i64::MAX)))
}

/// Keeps visits that are still what was read; answers how many are.
pub(super) async fn put_visits(db: &Client, visits: &[(&VisitClaims, &Versioned)]) -> Result<u64, Failure> {
    let (mut policies, mut raws) = (Vec::new(), Vec::new());
    for (_, (visit, _)) in visits {
        policies.push(serde_json::to_string(&visit.policy)?);
        raws.push(serde_json::to_string(&visit.raw)?);
    }
    let claims = || visits.iter().map(|it| it.0);
    let row = || visits.iter().map(|it| &it.1.0);
    let fields = [
        texts(claims().map(|it| it.learner.as_str())),
        texts(claims().map(|it| it.visit.as_str())),
        texts(claims().map(|it| it.tenant.as_str())),
        texts(claims().map(|it| it.attempt.as_str())),
        longs(row().map(|it| i64::from(it.lease))),
        texts(policies.iter().map(String::as_str)),
        longs(row().map(|it| it.opened_ms)),
        longs(row().map(|it| it.contact_ms)),
        longs(row().map(|it| it.live_ms)),
        longs(row().map(|it| column(it.acked))),
        Field::Flags(row().map(|it| it.is_open).collect()),
        texts(raws.iter().map(String::as_str)),
        longs(visits.iter().map(|it| it.1.1 + 1)),
    ];
    run(db, sql!("put_visit"), &fields).await
}

/// Raises the leases of attempts, by learner and id.
pub(super) async fn raise_leases(
    db: &Client,
    raised: &BTreeMap<(String, String), u32>,
) -> Result<(), Failure> {
    if raised.is_empty() {
        return Ok(());
    }
    let fields = [
        texts(raised.keys().map(|it| it.0.as_str())),
        texts(raised.keys().map(|it| it.1.as_str())),
        longs(raised.values().map(|it| i64::from(*it))),
    ];
    run(db, sql!("raise_lease"), &fields).await?;
    Ok(())
}

/// Marks rows of the report as stale: learner, course, topic and tenant.
pub(super) async fn put_stale(
    db: &Client,
    stale: &BTreeSet<(&String, &String, &String, &String)>,
) -> Result<(), Failure> {
    let fields = [
        texts(stale.iter().map(|it| it.0.as_str())),
        texts(stale.iter().map(|it| it.1.as_str())),
        texts(stale.iter().map(|it| it.2.as_str())),
        texts(stale.iter().map(|it| it.3.as_str())),
    ];
    run(db, sql!("put_stale"), &fields).await?;
    Ok(())
}

/// Drops the parts of texts up to a change, by visit.
pub(super) async fn drop_parts(db: &Client, done: &BTreeMap<VisitKey, i64>) -> Result<(), Failure> {
    if done.is_empty() {
        return Ok(());
    }
    let fields = [
        texts(done.keys().map(|it| it.0.as_str())),
        texts(done.keys().map(|it| it.1.as_str())),
        longs(done.values().copied()),
    ];
    run(db, sql!("drop_parts"), &fields).await?;
    Ok(())
}
