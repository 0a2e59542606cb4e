//! What one server remembers of a visit, and another has changed since.

use seattime_wire::{Api, Time};

use super::{MINUTE_MS, NOW_MS, Run, arrival, commit};
use crate::config::DEFAULT_POLICY;
use crate::store::{Opening, Store};

impl Run<'_> {
    /// The first server, and another one, if there is one.
    fn two(&self) -> (&dyn Store, &dyn Store) {
        let (one, other) = (self.stores.first(), self.stores.last());
        (&**one.unwrap(), &**other.unwrap())
    }

    pub(super) async fn what_another_server_kept_is_not_written_over(&self) {
        let (one, other) = self.two();
        let topic = self.topic("in turns", Api::Scorm12).await;
        let visit = self.open(&topic, "olga", NOW_MS).await;
        let told =
            |seq, seconds| arrival(&visit.claims, &commit(&visit, seq, seconds, &[]), NOW_MS + 2 * MINUTE_MS);
        one.merge(told(1, 60)).await.unwrap();
        other.merge(told(2, 120)).await.unwrap();
        // Nothing of what the other one was told.
        let mut least = commit(&visit, 3, 60, &[("cmi.core.lesson_location", "3")]);
        least.time = Time::default();
        let merged = one.merge(arrival(&visit.claims, &least, NOW_MS + 3 * MINUTE_MS)).await.unwrap();
        assert_eq!(merged.receipt.acked, 3);
        assert_eq!(self.rows("olga").await[0].time_spent_ms, 120_000);
    }

    pub(super) async fn a_visit_is_fenced_for_every_server(&self) {
        let (one, other) = self.two();
        let topic = self.topic("taken over", Api::Scorm12).await;
        let old = self.open(&topic, "pia", NOW_MS).await;
        let first = commit(&old, 1, 60, &[("cmi.core.lesson_location", "old")]);
        let at = NOW_MS + MINUTE_MS;
        assert!(!one.merge(arrival(&old.claims, &first, at)).await.unwrap().is_superseded);

        let launch = self.new_launch(&topic, "pia");
        other.launch(&self.tenant, launch.clone(), at).await.unwrap();
        let new = other.open_visit(Opening::Code(launch.code_hash), DEFAULT_POLICY, at).await.unwrap();
        let begun = commit(&new, 1, 10, &[("cmi.core.lesson_location", "new")]);
        other.merge(arrival(&new.claims, &begun, at)).await.unwrap();

        let mut sign_of_life = commit(&old, 1, 60, &[]);
        (sign_of_life.time, sign_of_life.sessions) = (Time::default(), Vec::new());
        let at = at + MINUTE_MS;
        let merged = one.merge(arrival(&old.claims, &sign_of_life, at)).await.unwrap();
        assert!(merged.is_superseded && !merged.has_news, "a message without news");
        let late = commit(&old, 2, 60, &[("cmi.core.lesson_location", "late")]);
        let merged = one.merge(arrival(&old.claims, &late, at)).await.unwrap();
        assert!(merged.is_superseded && merged.receipt.acked == 2, "a message with news");
        let next = self.open(&topic, "pia", at).await;
        assert_eq!(next.values["item"]["cmi.core.lesson_location"], "new");
    }
}
