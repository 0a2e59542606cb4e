//! Judging what is kept by another policy.

use seattime_wire::{Api, CreditPolicy, Policy, Reported};

use super::{MINUTE_MS, NOW_MS, Run, commit};
use crate::config::DEFAULT_POLICY;
use crate::store::{Judged, JudgedOf, JudgedRows, Judging, RowKey};

impl Run<'_> {
    pub(super) async fn judge(&self, policy: Policy, learner: &str, is_dry: bool) -> Vec<Judged> {
        let judging = Judging { policy, who: "carla".to_owned(), now_ms: NOW_MS, is_dry };
        let of = JudgedOf { lms_id: Some(format!("{learner} {}", self.mark)), course: None };
        let (mut judged, mut after) = (Vec::new(), RowKey::default());
        loop {
            let step: JudgedRows =
                self.store().judge(&self.tenant, of.clone(), judging.clone(), after, 1).await.unwrap();
            judged.extend(step.judged);
            let Some(last) = step.last else { return judged };
            after = last;
        }
    }

    pub(super) async fn a_visit_keeps_its_policy_until_it_is_judged_anew(&self) {
        let mut visits = Vec::new();
        for name in ["judged", "judged as well"] {
            let topic = self.topic(name, Api::Scorm12).await;
            // Ten minutes of presence, and content that claims eleven: too much for one policy, the live window for
            // another.
            let visit = self.open(&topic, "judge", NOW_MS).await;
            let mut told = commit(&visit, 1, 600, &[]);
            told.sessions[0].reported = Reported::Set { ms: 11 * MINUTE_MS, at: (0, 600_000) };
            self.merge(&visit, &told, NOW_MS + 12 * MINUTE_MS).await;
            visits.push((visit, told));
        }
        let spent = async || {
            let rows = self.rows("judge").await;
            rows.iter().map(|it| (it.time_spent_ms, it.provenance.clone())).collect::<Vec<_>>()
        };
        let measured = vec![(600_000, "measured".to_owned()); 2];
        let reported = vec![(660_000, "reported".to_owned()); 2];
        assert_eq!(spent().await, measured);
        let by_report = Policy { credit: CreditPolicy::Reported, ..DEFAULT_POLICY };

        let told = self.judge(by_report, "judge", true).await;
        assert_eq!(told.len(), 2);
        for it in &told {
            assert_eq!(
                (it.before.time_spent.as_str(), it.after.time_spent.as_str()),
                ("0h 10m 0s", "0h 11m 0s")
            );
            assert_eq!((it.visits, it.is_changed()), (1, true));
            assert_eq!(it.why, ["credit corroborated → reported"]);
        }
        assert_eq!(spent().await, measured, "nothing was written");
        assert_eq!(self.judge(by_report, "nobody", false).await, []);
        assert_eq!(spent().await, measured, "it was somebody else's");

        assert_eq!(self.judge(by_report, "judge", false).await, told, "it does what it said");
        assert_eq!(spent().await, reported);
        assert_eq!(self.judge(by_report, "judge", false).await, [], "there is nothing left to judge");

        // Whoever remembers the visit as it was does not take the policy back.
        for (visit, told) in &visits {
            let mut more = told.clone();
            (more.seq, more.sessions[0].seq) = (2, 2);
            more.sessions[0].reported = Reported::Set { ms: 11 * MINUTE_MS + 1_000, at: (0, 600_000) };
            for _ in 0..2 {
                self.merge(visit, &more, NOW_MS + 12 * MINUTE_MS).await;
            }
        }
        assert_eq!(spent().await, vec![(661_000, "reported".to_owned()); 2]);
        assert_eq!(self.judge(DEFAULT_POLICY, "judge", false).await.len(), 2);
        assert_eq!(spent().await, measured, "and it may be taken back");
    }
}
