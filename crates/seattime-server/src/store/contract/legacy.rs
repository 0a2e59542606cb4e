//! Old players: what every store keeps of their calls.

use axum::body::Bytes;
use seattime_core::time::legacy::Claim;
use seattime_wire::{Api, Commit, Mode};

use super::{MINUTE_MS, NOW_MS, Run, arrival, commit};
use crate::store::{Arrival, Launched, LegacyCall, StoreError};
use crate::token::VisitClaims;

impl Run<'_> {
    pub(super) async fn calls_of_an_old_player_come_to_the_same_in_any_order(&self) {
        let topic = self.topic("old player", Api::Scorm12).await;
        let launch = self.new_launch(&topic, "ottilie");
        assert_eq!(
            self.store().launched(&self.tenant, &launch.learner.lms_id, &launch.launch).await,
            Err(StoreError::NotFound("launch")),
            "before it is made"
        );
        self.launch(&launch, NOW_MS).await.unwrap();
        let page = self.open(&topic, "ottilie", NOW_MS).await;
        let found =
            self.store().launched(&self.tenant, &launch.learner.lms_id, &launch.launch).await.unwrap();
        let Launched { learner, attempt, .. } = &found;
        assert_eq!((learner, attempt), (&page.claims.learner, &page.claims.attempt));
        assert_eq!((&found.topic, found.mode, found.made_ms), (&topic, Mode::Continue, NOW_MS));
        for (tenant, lms_id, id) in [
            ("somebody else's", launch.learner.lms_id.as_str(), launch.launch.as_str()),
            (&self.tenant, "nobody", &launch.launch),
            (&self.tenant, &launch.learner.lms_id, "none"),
        ] {
            let none = self.store().launched(tenant, lms_id, id).await;
            assert_eq!(none, Err(StoreError::NotFound("launch")));
        }

        let claims = VisitClaims {
            visit: format!("legacy-video-{}", launch.launch),
            lease: 0,
            origin: None,
            ..VisitClaims::clone(&page.claims)
        };
        // Each arrives a minute after the one before and says so; the third comes once more, an hour later.
        let calls = [(1, 1), (2, 2), (3, 3), (3, 63)];
        for at in [2, 0, 3, 1, 1, 2] {
            let (seq, minute) = calls[at];
            let received_ms = NOW_MS + minute * MINUTE_MS;
            let nothing = Commit { partial: true, sessions: Vec::new(), ..commit(&page, 0, 0, &[]) };
            let nothing = Commit { stretches: Vec::new(), time: seattime_wire::Time::default(), ..nothing };
            let legacy = Some(LegacyCall { seq, claim: Claim::Watched(MINUTE_MS), period_ms: None });
            let body = Bytes::from(format!("{seq} {minute} {}", self.mark)).into();
            let call = Arrival { legacy, body, ..arrival(&claims, &nothing, received_ms) };
            self.store().merge(call).await.unwrap();
        }
        let row = self.rows("ottilie").await.remove(0);
        assert_eq!((row.time_spent_ms, row.provenance.as_str(), row.attempts), (3 * MINUTE_MS, "legacy", 1));
        let told = commit(&page, 1, 60, &[("cmi.core.lesson_location", "here")]);
        let merged = self.merge(&page, &told, NOW_MS + 4 * MINUTE_MS).await;
        assert!(!merged.is_superseded, "no lease was taken");
    }
}
