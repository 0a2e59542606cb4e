//! When visits were last heard of, where a message had no other news: it costs no write, and is told to the
//! database now and then, so that no other server takes a visit for silent.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::Pool;

use super::failure::{Failure, retried};
use super::fields::{longs, run, texts};
use super::reading::VisitKey;
use super::sql_here as sql;
use crate::store::StoreError;

/// How often the database is told: well within the silence after which a visit is closed.
pub(super) const TOLD_EVERY: Duration = Duration::from_secs(60);
/// So many are told in one statement.
const AT_ONCE: usize = 2_000;

/// When a visit was last heard of, live or not, and when live, in ms since 1970.
type Heard = (i64, i64);

/// When visits were last heard of.
#[derive(Default)]
pub(super) struct Contacts(Mutex<HashMap<VisitKey, Heard>>);

impl Contacts {
    /// When a visit was last heard of; 0 where that is in the database.
    pub(super) fn of(&self, visit: &VisitKey) -> Heard {
        self.map(|it| it.get(visit).copied().unwrap_or_default())
    }

    pub(super) fn note(&self, visit: VisitKey, heard: Heard) {
        self.map(|it| {
            let kept = it.entry(visit).or_default();
            *kept = (kept.0.max(heard.0), kept.1.max(heard.1));
        });
    }

    /// Forgets what is in the database now.
    pub(super) fn forget(&self, visit: &VisitKey, kept: Heard) {
        self.map(|it| {
            if it.get(visit).is_some_and(|it| it.0 <= kept.0 && it.1 <= kept.1) {
                it.remove(visit);
            }
        });
    }

    fn map<T>(&self, use_: impl FnOnce(&mut HashMap<VisitKey, Heard>) -> T) -> T {
        use_(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells the database.
    pub(super) async fn tell(&self, pool: &Pool) -> Result<(), StoreError> {
        let mut heard: Vec<(VisitKey, Heard)> = self.map(std::mem::take).into_iter().collect();
        heard.sort_unstable();
        for some in heard.chunks(AT_ONCE) {
            let told: Result<(), StoreError> = retried!(tries => tell(pool, some));
            if let Err(error) = told {
                for (visit, it) in heard {
                    self.note(visit, it);
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

async fn tell(pool: &Pool, heard: &[(VisitKey, Heard)]) -> Result<(), Failure> {
    let connection = pool.get().await?;
    let fields = [
        texts(heard.iter().map(|it| it.0.0.as_str())),
        texts(heard.iter().map(|it| it.0.1.as_str())),
        longs(heard.iter().map(|it| it.1.0)),
        longs(heard.iter().map(|it| it.1.1)),
    ];
    run(&connection, sql!("note_contacts"), &fields).await?;
    Ok(())
}
