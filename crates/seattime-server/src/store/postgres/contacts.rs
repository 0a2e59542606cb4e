//! When visits were last heard of, where a message had no other news: it costs no write, and is told to the
//! database now and then, so that no other server takes a visit for silent.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::Pool;

use super::failure::{Failure, retried};
use super::fields::{longs, run, texts};
use super::sql_here as sql;
use crate::store::StoreError;
use crate::token::VisitClaims;

/// How often the database is told: well within the silence after which a visit is closed.
pub(super) const TOLD_EVERY: Duration = Duration::from_secs(60);
/// So many are told in one statement.
const AT_ONCE: usize = 2_000;

/// When a visit was last heard of, live or not, and when live, in ms since 1970.
type Heard = (i64, i64);

/// By visit, whose learner it is of, and when it was last heard of.
type Visits = HashMap<String, (String, Heard)>;

/// When visits were last heard of.
#[derive(Default)]
pub(super) struct Contacts(Mutex<Visits>);

impl Contacts {
    /// When a visit was last heard of; 0 where that is in the database.
    pub(super) fn of(&self, visit: &str) -> Heard {
        self.map(|it| it.get(visit).map(|it| it.1).unwrap_or_default())
    }

    pub(super) fn note(&self, claims: &VisitClaims, heard: Heard) {
        self.note_visit(claims.visit.clone(), claims.learner.clone(), heard);
    }

    fn note_visit(&self, visit: String, learner: String, heard: Heard) {
        self.map(|it| {
            let (_, kept) = it.entry(visit).or_insert_with(|| (learner, Heard::default()));
            *kept = (kept.0.max(heard.0), kept.1.max(heard.1));
        });
    }

    /// Forgets what is in the database now.
    pub(super) fn forget(&self, visit: &str, kept: Heard) {
        self.map(|it| {
            if it.get(visit).is_some_and(|(_, it)| it.0 <= kept.0 && it.1 <= kept.1) {
                it.remove(visit);
            }
        });
    }

    fn map<T>(&self, use_: impl FnOnce(&mut Visits) -> T) -> T {
        use_(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells the database.
    pub(super) async fn tell(&self, pool: &Pool) -> Result<(), StoreError> {
        let heard = self.map(std::mem::take).into_iter();
        let mut heard: Vec<_> = heard.map(|(visit, (learner, heard))| (learner, visit, heard)).collect();
        heard.sort_unstable();
        for some in heard.chunks(AT_ONCE) {
            let told: Result<(), StoreError> = retried!(tries => tell(pool, some));
            if let Err(error) = told {
                for (learner, visit, it) in heard {
                    self.note_visit(visit, learner, it);
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

async fn tell(pool: &Pool, heard: &[(String, String, Heard)]) -> Result<(), Failure> {
    let connection = pool.get().await?;
    let fields = [
        texts(heard.iter().map(|it| it.0.as_str())),
        texts(heard.iter().map(|it| it.1.as_str())),
        longs(heard.iter().map(|it| it.2.0)),
        longs(heard.iter().map(|it| it.2.1)),
    ];
    run(&connection, sql!("note_contacts"), &fields).await?;
    Ok(())
}
