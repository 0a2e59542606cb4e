//! What a store must do that was restored from a backup, or failed over to a standby that lagged.

use seattime_wire::{Api, Commit, CreditPolicy, Reported};

use super::{MINUTE_MS, NOW_MS, Run, arrival, commit};
use crate::store::{Opened, StoreError};
use crate::token::Origin;

impl Run<'_> {
    pub(super) async fn an_unknown_visit_is_made_again_and_asked_for(&self) {
        let topic = self.topic("restored", Api::Scorm12).await;
        let mut visit = self.open(&topic, "frieda", NOW_MS).await;
        visit.claims.visit = uuid::Uuid::new_v4().to_string();
        let told = commit(&visit, 7, 60, &[("cmi.core.lesson_location", "kept")]);
        let first = self.merge(&visit, &told, NOW_MS + MINUTE_MS).await.receipt;
        assert_eq!((first.acked, first.need_full), (0, true));
        let full = self.merge(&visit, &told, NOW_MS + MINUTE_MS).await.receipt;
        assert_eq!((full.acked, full.need_full), (7, false));
        let next = self.open(&topic, "frieda", NOW_MS + MINUTE_MS).await;
        assert_eq!(next.values["item"]["cmi.core.lesson_location"], "kept");

        visit.claims.attempt = "none".to_owned();
        let unknown = arrival(&visit.claims, &told, NOW_MS);
        assert_eq!(self.store().merge(unknown).await, Err(StoreError::NotFound("attempt")));
    }

    /// The page was asked already, says its visit's origin, and holds back nothing: there is no second round.
    pub(super) async fn an_unknown_visit_that_is_told_whole_is_acknowledged_at_once(&self) {
        let topic = self.topic("told whole", Api::Scorm12).await;
        let values = [("cmi.core.lesson_location", "kept")];
        // Has an origin, and what its page takes as acknowledged; is it partial; what is acknowledged, and is more asked for.
        #[rustfmt::skip]
        let cases = [
            (true,  0, false, (7, false)),
            (true,  3, false, (0, true)),  // something below it is missing
            (true,  0, true,  (0, false)), // an exit; nobody is left to be asked
            (false, 0, false, (0, true)),  // pages of earlier versions do not say what they hold back
        ];
        for (has_origin, after, partial, expected) in cases {
            let mut visit = self.open(&topic, "fiona", NOW_MS).await;
            visit.claims.visit = uuid::Uuid::new_v4().to_string();
            let origin = has_origin.then(|| "sealed".to_owned());
            let told = Commit { origin, after, partial, ..commit(&visit, 7, 60, &values) };
            let receipt = self.merge(&visit, &told, NOW_MS + MINUTE_MS).await.receipt;
            assert_eq!((receipt.acked, receipt.need_full), expected, "{has_origin}, {after}, {partial}");
            let next = self.open(&topic, "fiona", NOW_MS + MINUTE_MS).await;
            assert_eq!(
                next.values["item"]["cmi.core.lesson_location"], "kept",
                "it is kept, whatever is asked"
            );
        }
    }

    pub(super) async fn a_visit_made_again_is_judged_by_the_policy_of_the_server(&self) {
        let topic = self.topic("made again", Api::Scorm12).await;
        let mut visit = self.open(&topic, "fanny", NOW_MS).await;
        visit.claims.visit = uuid::Uuid::new_v4().to_string();
        let mut told = commit(&visit, 1, 60, &[]);
        told.sessions[0].reported = Reported::Set { ms: 50_000, at: (0, 60_000) };
        let mut sent = arrival(&visit.claims, &told, NOW_MS + MINUTE_MS);
        sent.policy.credit = CreditPolicy::Measured;
        self.store().merge(sent).await.unwrap();
        assert_eq!(
            self.rows("fanny").await[0].time_spent_ms,
            60_000,
            "measured, and not the 50 s that were reported"
        );
    }

    /// The backup knows the visit, with less than its page saw acknowledged.
    pub(super) async fn a_gap_below_what_is_taken_as_acknowledged_is_asked_for(&self) {
        let topic = self.topic("gap", Api::Scorm12).await;
        let visit = self.open(&topic, "gudrun", NOW_MS).await;
        let values = [("cmi.core.lesson_location", "kept")];
        let known = self.merge(&visit, &commit(&visit, 4, 30, &values), NOW_MS + MINUTE_MS).await.receipt;
        assert_eq!((known.acked, known.need_full), (4, false));
        let above = Commit { after: 9, ..commit(&visit, 12, 60, &values) };
        for _ in 0..2 {
            let gap = self.merge(&visit, &above, NOW_MS + MINUTE_MS).await.receipt;
            assert_eq!((gap.acked, gap.need_full), (4, true));
        }
        let farewell = Commit { partial: true, ..above.clone() };
        let farewell = self.merge(&visit, &farewell, NOW_MS + MINUTE_MS).await.receipt;
        assert_eq!((farewell.acked, farewell.need_full), (4, false), "there is nobody left to ask");
        // Nothing in it is new but the number itself: it is written, or every later message would be asked for.
        let whole = Commit { after: 0, ..above };
        let whole = self.merge(&visit, &whole, NOW_MS + MINUTE_MS).await.receipt;
        assert_eq!((whole.acked, whole.need_full), (12, false));
        for _ in self.stores {
            let sign = Commit { after: 12, ..commit(&visit, 12, 60, &values) };
            let sign = self.merge(&visit, &sign, NOW_MS + MINUTE_MS).await.receipt;
            assert_eq!((sign.acked, sign.need_full), (12, false));
        }
        assert_eq!(self.rows("gudrun").await[0].time_spent_ms, 60_000);
    }

    /// Visits that were opened after the backup hold leases that it does not know.
    pub(super) async fn a_lease_that_a_backup_does_not_know_is_never_given_again(&self) {
        let topic = self.topic("leased", Api::Scorm12).await;
        let known = self.open(&topic, "greta", NOW_MS).await;
        let mut lost = known.clone();
        (lost.claims.visit, lost.claims.lease) = (uuid::Uuid::new_v4().to_string(), 7);
        lost.claims.opened_ms = NOW_MS + MINUTE_MS;
        let at = NOW_MS + 2 * MINUTE_MS;
        let told = |visit: &Opened, text| commit(visit, 50, 60, &[("cmi.core.lesson_location", text)]);
        assert!(!self.merge(&known, &told(&known, "known"), at).await.is_superseded);
        for _ in 0..2 {
            assert!(!self.merge(&lost, &told(&lost, "lost"), at).await.is_superseded);
        }
        assert!(self.merge(&known, &told(&known, "late"), at).await.is_superseded, "it was fenced before");
        let next = self.open(&topic, "greta", at).await;
        assert!(next.claims.lease > 7);
        assert_eq!(next.values["item"]["cmi.core.lesson_location"], "lost");

        // Opened before anything was heard of the lost one, which was opened a minute after the backup.
        let early = self.open(&topic, "gerlinde", NOW_MS).await;
        let lost = self.open(&topic, "gerlinde", NOW_MS + MINUTE_MS).await.claims.lease;
        let elsewhere = self.topic("leased elsewhere", Api::Scorm12).await;
        let restored = self.open(&elsewhere, "gerlinde", NOW_MS).await;
        assert_eq!((early.claims.lease, restored.claims.lease), (1, 1));
        let next = self.open(&elsewhere, "gerlinde", at).await;
        assert!(next.claims.lease > lost, "{} after {lost}", next.claims.lease);
    }

    /// The backup knows neither the learner nor the attempt; the token does.
    pub(super) async fn an_attempt_that_a_backup_does_not_know_is_made_again(&self) {
        let topic = self.topic("made again", Api::Scorm12).await;
        let mut lost = self.open(&topic, "gisela", NOW_MS).await;
        let new = || uuid::Uuid::new_v4().to_string();
        let lost_as = |lost: &mut Opened, lms_id: String| {
            (lost.claims.learner, lost.claims.attempt, lost.claims.visit) = (new(), new(), new());
            lost.claims.origin = lost.claims.origin.take().map(|it| Origin { lms_id, number: 3, ..it });
            lost.claims.lease = 9;
        };
        lost_as(&mut lost, format!("gisela later {}", self.mark));
        let told = commit(&lost, 7, 60, &[("cmi.core.lesson_location", "kept")]);
        let at = NOW_MS + MINUTE_MS;
        let unknown = arrival(&lost.claims, &told, at);
        assert_eq!(self.store().merge(unknown).await, Err(StoreError::NotFound("attempt")));
        for _ in 0..2 {
            assert_eq!(self.store().make_again(lost.claims.clone(), at).await, Ok(lost.claims.clone()));
        }
        let first = self.merge(&lost, &told, at).await;
        assert_eq!((first.receipt.need_full, first.is_superseded), (true, false));
        assert_eq!(self.merge(&lost, &told, at).await.receipt.acked, 7);
        let row = self.rows("gisela later").await.remove(0);
        assert_eq!((row.time_spent_ms, row.attempts), (60_000, 1));
        let next = self.open(&topic, "gisela later", at).await;
        assert_eq!(
            (&next.claims.attempt, next.attempt),
            (&lost.claims.attempt, 3),
            "a launch goes on with it"
        );
        assert_eq!(next.values["item"]["cmi.core.lesson_location"], "kept");

        // The LMS has launched the course again meanwhile: whom it calls the same is the same learner.
        let known = next.claims.learner;
        lost_as(&mut lost, format!("gisela later {}", self.mark));
        let made = self.store().make_again(lost.claims.clone(), at).await.unwrap();
        assert_eq!((&made.learner, &made.attempt), (&known, &lost.claims.attempt));

        lost.claims.origin = None;
        lost_as(&mut lost, String::new());
        let earlier = self.store().make_again(lost.claims, at).await;
        assert_eq!(earlier, Err(StoreError::NotFound("attempt")), "a token of an earlier version");
    }
}
