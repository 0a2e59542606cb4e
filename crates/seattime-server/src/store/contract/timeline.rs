//! The visits of a row.

use seattime_wire::{Api, EvidenceKind, Reported};

use super::{MINUTE_MS, NOW_MS, Run, commit};
use crate::store::{Learner, SegmentKind, Sight, StoreError, VisitsOf};

impl Run<'_> {
    pub(super) async fn visits_are_told_as_timelines(&self) {
        let topic = self.topic("drawn", Api::Scorm12).await;
        let first = self.open(&topic, "vera", NOW_MS).await;
        let mut told = commit(&first, 1, 60, &[]);
        told.sessions[0].reported = Reported::Set { ms: 59_000, at: (0, 50_000) };
        self.merge(&first, &told, NOW_MS + MINUTE_MS).await;
        let later = NOW_MS + 10 * MINUTE_MS;
        let second = self.open(&topic, "vera", later).await;
        // A sign at the beginning, and nothing until the page was hidden, more than five minutes later.
        let mut told = commit(&second, 1, 400, &[]);
        told.time.evidence = vec![(0, 0, 0, EvidenceKind::Page), (0, 400_000, 400_000, EvidenceKind::Page)];
        self.merge(&second, &told, later + 400_000).await;

        let of = |learner, topic: &str| VisitsOf {
            learner,
            course: format!("Course of drawn {}", self.mark),
            topic: topic.to_owned(),
        };
        let vera = Learner::Lms(format!("vera {}", self.mark));
        let visits =
            self.store().visits(&self.tenant, Sight::Tenant, of(vera.clone(), &topic)).await.unwrap();
        let parts: Vec<Vec<_>> = visits
            .iter()
            .map(|it| it.segments.iter().map(|it| (it.kind, it.end_ms - it.start_ms)).collect())
            .collect();
        let idle = vec![(SegmentKind::Tail, 30_000), (SegmentKind::Idle, 370_000)];
        assert_eq!(parts, [vec![(SegmentKind::Active, 60_000)], idle]);
        assert_eq!([visits[0].measured_ms, visits[1].measured_ms], [60_000, 30_000]);
        let session = &visits[0].sessions[0];
        assert_eq!(session.figures.activity, "Title of item");
        assert_eq!(
            (session.figures.reported_ms, session.reported_at_ms),
            (Some(59_000), Some(NOW_MS + 50_000))
        );
        assert_eq!(session.span, [(NOW_MS, NOW_MS + MINUTE_MS)]);
        let row = self.rows("vera").await.remove(0);
        assert_eq!((row.topic_id, row.measured_ms), (topic.clone(), 90_000));

        let by_id = of(Learner::Id(first.claims.learner.clone()), &topic);
        assert_eq!(self.store().visits(&self.tenant, Sight::Tenant, by_id.clone()).await, Ok(visits));
        let missing = Err(StoreError::NotFound("row"));
        assert_eq!(self.store().visits("somebody else", Sight::Tenant, by_id).await, missing);
        assert_eq!(self.store().visits(&self.tenant, Sight::Tenant, of(vera, "none")).await, missing);
        let nobody = of(Learner::Lms("nobody".to_owned()), &topic);
        assert_eq!(self.store().visits(&self.tenant, Sight::Tenant, nobody).await, missing);
    }
}
