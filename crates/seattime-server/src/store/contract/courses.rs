//! What a course has of its own, and where it holds.

use seattime_wire::{Api, CreditPolicy, Policy, Reported};

use super::{MINUTE_MS, NOW_MS, Run, arrival, commit};
use crate::config::DEFAULT_POLICY;
use crate::hosts::ExternalHosts;
use crate::store::{CourseSettings, KeptSettings, Known, StoreError};

impl Run<'_> {
    async fn put_course(&self, course: &str, settings: CourseSettings) -> KeptSettings {
        self.store().put_course(&self.tenant, course, settings, Known::Any, NOW_MS).await.unwrap()
    }

    pub(super) async fn a_course_may_be_judged_otherwise_than_its_server(&self) {
        let (topic, other) =
            (self.topic("own", Api::Scorm12).await, self.topic("not own", Api::Scorm12).await);
        let course = format!("Course of own {}", self.mark);
        assert_eq!(self.store().course(&self.tenant, &course).await, Ok(KeptSettings::default()));
        let before = self.open(&topic, "zoe", NOW_MS).await;
        assert_eq!((before.policy, before.still_here), (DEFAULT_POLICY, None));

        let short = CourseSettings {
            idle_limit_ms: Some(120_000),
            still_here: Some(true),
            external_hosts: Some(ExternalHosts::Listed(vec!["*.example.com".to_owned()])),
            ..CourseSettings::default()
        };
        let kept = self.put_course(&course, short.clone()).await;
        assert_eq!(kept, KeptSettings { settings: short.clone(), version: 1, set_ms: NOW_MS });
        for store in self.stores {
            assert_eq!(store.course(&self.tenant, &course).await, Ok(kept.clone()));
            assert_eq!(store.course("somebody else", &course).await, Ok(KeptSettings::default()));
        }
        let policy = Policy { idle_limit_ms: 120_000, ..DEFAULT_POLICY };
        for _ in self.stores {
            let opened = self.open(&topic, "zoe", NOW_MS).await;
            assert_eq!((opened.policy, opened.still_here), (policy, Some(true)));
            assert_eq!(opened.external_hosts, short.external_hosts);
            let elsewhere = self.open(&other, "zoe", NOW_MS).await;
            assert_eq!((elsewhere.policy, elsewhere.still_here), (DEFAULT_POLICY, None));
        }
        // Signs 200 s apart: within the server's limit each gap counts, within the course's each sign earns its 30 s.
        let told = commit(&before, 1, 600, &[]);
        self.merge(&before, &told, NOW_MS + 10 * MINUTE_MS).await;
        let spent = async || self.rows("zoe").await.iter().map(|it| it.time_spent_ms).max().unwrap_or(0);
        assert_eq!(spent().await, 600_000, "a visit keeps the policy that it was opened under");

        // Judged anew, the course's is the policy that holds, whatever the server's is.
        for is_dry in [true, false] {
            let judged = self.judge(DEFAULT_POLICY, "zoe", is_dry).await;
            let rows: Vec<_> = judged.iter().map(|it| (it.course.as_str(), it.after.time_spent_ms)).collect();
            assert_eq!(
                rows,
                [(course.as_str(), 90_000)],
                "three signs of 30 s; the last has nothing behind it"
            );
            assert_eq!(judged[0].after.policies, [policy]);
            assert_eq!(judged[0].why, ["idle limit 300 s → 120 s"]);
        }
        assert_eq!(spent().await, 90_000);
        assert_eq!(self.judge(DEFAULT_POLICY, "zoe", false).await, [], "there is nothing left to judge");

        // Two at once are two versions, whichever comes first; what is left out is the server's again.
        let measured = CourseSettings { credit: Some(CreditPolicy::Measured), ..CourseSettings::default() };
        let (one, two) = tokio::join!(
            self.put_course(&course, measured.clone()),
            self.put_course(&course, measured.clone())
        );
        assert_eq!([one.version.min(two.version), one.version.max(two.version)], [2, 3]);
        let opened = self.open(&topic, "zita", NOW_MS).await;
        assert_eq!(opened.policy, Policy { credit: CreditPolicy::Measured, ..DEFAULT_POLICY });

        // Whoever knows another version than the latest changes nothing; of two who know it, one does.
        for known in [vec![2], vec![4], Vec::new()] {
            let late =
                self.store().put_course(&self.tenant, &course, short.clone(), Known::Versions(known), NOW_MS);
            assert_eq!(late.await, Err(StoreError::Changed));
        }
        let knows = Known::Versions(vec![1, 3]);
        let (one, two) = tokio::join!(
            self.store().put_course(&self.tenant, &course, measured.clone(), knows.clone(), NOW_MS),
            self.store().put_course(&self.tenant, &course, measured.clone(), knows, NOW_MS),
        );
        let kept = KeptSettings { settings: measured, version: 4, set_ms: NOW_MS };
        assert!(
            [(&one, &two), (&two, &one)].contains(&(&Ok(kept.clone()), &Err(StoreError::Changed))),
            "{one:?} {two:?}"
        );

        // So is a visit that a backup does not know.
        let mut lost = opened.clone();
        lost.claims.visit = uuid::Uuid::new_v4().to_string();
        let mut told = commit(&lost, 1, 60, &[]);
        told.sessions[0].reported = Reported::Set { ms: 50_000, at: (0, 60_000) };
        self.store().merge(arrival(&lost.claims, &told, NOW_MS + MINUTE_MS)).await.unwrap();
        assert_eq!(self.rows("zita").await[0].time_spent_ms, 60_000, "measured, and not what was reported");

        self.put_course(&course, CourseSettings::default()).await;
        assert_eq!(self.open(&topic, "zita", NOW_MS).await.policy, DEFAULT_POLICY);
    }
}
