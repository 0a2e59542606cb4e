//! How packages report their time: a package of each habit, with what its sessions are by hand.

use seattime_wire::{Accepted, Api, Commit, CommitReason, Mode, Reported, SessionState};

use super::{MINUTE_MS, NOW_MS, Run, commit};
use crate::store::{NewLaunch, Opened, Reporting, Rule, StoreError};

const TEN_MINUTES_S: i64 = 600;
const UNSET: Reported = Reported::Unset;

/// A time that is said some seconds after the visit was opened.
fn said(seconds: i64, at_s: i64) -> Reported {
    Reported::Set { ms: seconds * 1_000, at: (0, at_s * 1_000) }
}

/// The messages of a session that tells this, some seconds after its visit was opened, and ends; each with when it
/// arrives.
fn sent(visit: &Opened, told: &[(i64, Reported)], state: SessionState) -> Vec<(Commit, i64)> {
    let mut sent = Vec::new();
    for (seq, (at_s, reported)) in (1..).zip(told) {
        let mut it = commit(visit, seq, *at_s, &[]);
        it.sessions[0].reported = *reported;
        if let Reported::Set { ms, .. } = reported {
            it.sessions[0].accepted = Some(Accepted { months: 0, cs: ms.unsigned_abs() / 10 });
        }
        sent.push((it, visit.claims.opened_ms + at_s * 1_000));
    }
    sent.last_mut().unwrap().0.sessions[0].state = state;
    sent
}

impl Run<'_> {
    async fn ends(&self, visit: &Opened, told: &[(i64, Reported)], state: SessionState) {
        let sent = sent(visit, told, state);
        // The last one twice, and the first one once more: none of that changes what the session was like.
        for (it, received_ms) in sent.iter().chain(sent.last()).chain(sent.first()) {
            self.merge(visit, it, *received_ms).await;
        }
    }

    async fn session(&self, topic: &str, learner: &str, at_ms: i64, told: &[(i64, Reported)]) {
        let visit = self.open(topic, learner, at_ms).await;
        self.ends(&visit, told, SessionState::Terminated).await;
    }

    async fn is_known(&self, topic: &str, rule: Rule, truth: Reporting) {
        let told = self.store().package_reporting(&self.tenant, topic, NOW_MS).await.unwrap();
        assert_eq!((told.reporting.verdict.habit, &told.reporting.counts), (rule, &truth), "{topic}");
        assert_eq!(told.activities[0].reporting.as_ref().unwrap().counts, truth, "{topic}");
        let second = told.activities[1].reporting.as_ref().unwrap();
        assert_eq!((second.verdict.habit, second.counts.sessions), (Rule::Unknown, 0));
        assert_eq!(self.store().reporting(&self.tenant).await.unwrap()[topic], truth, "{topic}");
    }

    pub(super) async fn how_a_package_reports_is_learnt_from_its_sessions(&self) {
        let end = TEN_MINUTES_S;
        let last = |reported| [(300, UNSET), (end, reported)];
        let two = ["ute", "vera"];
        let of_two =
            Reporting { sessions: 2, measured_ms: 1_200_000, credited_ms: 1_200_000, ..Reporting::default() };

        let never = self.topic("never", Api::Scorm12).await;
        let at_exit = self.topic("at exit", Api::Scorm12).await;
        let at_commits = self.topic("at commits", Api::Scorm12).await;
        let malformed = self.topic("malformed", Api::Scorm12).await;
        let zero = self.topic("zero", Api::Scorm12).await;
        let larger = self.topic("larger", Api::Scorm12).await;
        for learner in two {
            self.session(&never, learner, NOW_MS, &last(UNSET)).await;
            self.session(&at_exit, learner, NOW_MS, &last(said(590, end))).await;
            let each = [(200, said(200, 200)), (400, said(400, 400)), (end, said(590, end))];
            self.session(&at_commits, learner, NOW_MS, &each).await;
            self.session(&malformed, learner, NOW_MS, &last(Reported::Malformed)).await;
            self.session(&zero, learner, NOW_MS, &last(Reported::Zero { at: (0, end * 1_000) })).await;
            self.session(&larger, learner, NOW_MS, &last(said(10 * 3_600, end))).await;
        }
        self.is_known(&never, Rule::Never, Reporting { never: 2, ..of_two.clone() }).await;
        let by_report =
            Reporting { by_report: 2, reported_ms: 1_180_000, credited_ms: 1_180_000, ..of_two.clone() };
        self.is_known(&at_exit, Rule::AtExit, Reporting { at_exit: 2, ..by_report.clone() }).await;
        self.is_known(&at_commits, Rule::AtCommits, Reporting { at_commits: 2, ..by_report }).await;
        // Offline for all that time: the last one comes first, and the others as replays.
        let backwards = self.topic("backwards", Api::Scorm12).await;
        let visit = self.open(&backwards, "ute", NOW_MS).await;
        let each = [(200, said(200, 200)), (400, said(400, 400)), (end, said(590, end))];
        for (it, received_ms) in sent(&visit, &each, SessionState::Terminated).iter().rev() {
            let reason =
                if *received_ms < NOW_MS + 10 * MINUTE_MS { CommitReason::Replay } else { it.reason };
            self.merge(&visit, &Commit { reason, ..it.clone() }, NOW_MS + 10 * MINUTE_MS).await;
        }
        let truth = Reporting {
            sessions: 1,
            at_commits: 1,
            by_report: 1,
            reported_ms: 590_000,
            measured_ms: 600_000,
            credited_ms: 590_000,
            ..Reporting::default()
        };
        self.is_known(&backwards, Rule::AtCommits, truth).await;
        self.is_known(&malformed, Rule::Malformed, Reporting { malformed: 2, ..of_two.clone() }).await;
        self.is_known(&zero, Rule::Zero, Reporting { zero: 2, ..of_two.clone() }).await;
        let too_much =
            Reporting { larger_than_wall: 2, over_presence: 2, reported_ms: 72_000_000, ..of_two.clone() };
        self.is_known(&larger, Rule::LargerThanWall, too_much).await;

        // Ten minutes, twenty and thirty, in three visits of ten minutes each.
        let cumulative = self.topic("cumulative", Api::Scorm12).await;
        for n in 0..3 {
            let told = last(said((n + 1) * 600, end));
            self.session(&cumulative, "ute", NOW_MS + n * 20 * MINUTE_MS, &told).await;
        }
        let truth = Reporting {
            sessions: 3,
            at_exit: 1,
            cumulative: 2,
            resumed: 2,
            over_presence: 2,
            by_report: 1,
            reported_ms: 3_600_000,
            measured_ms: 1_800_000,
            credited_ms: 1_800_000,
            ..Reporting::default()
        };
        self.is_known(&cumulative, Rule::Cumulative, truth).await;
    }

    pub(super) async fn of_a_package_only_sessions_that_count_and_have_ended_tell(&self) {
        let end = TEN_MINUTES_S;
        let mixed = self.topic("mixed", Api::Scorm12).await;
        self.session(&mixed, "ute", NOW_MS, &[(end, UNSET)]).await;
        self.session(&mixed, "vera", NOW_MS, &[(end, Reported::Malformed)]).await;
        self.session(&mixed, "wanda", NOW_MS, &[(end, said(600, end))]).await;
        let cut = self.open(&mixed, "xenia", NOW_MS).await;
        self.ends(&cut, &[(end, UNSET)], SessionState::Implicit).await;
        // It goes on: what it will say, nobody knows.
        let open = self.open(&mixed, "yvonne", NOW_MS).await;
        self.ends(&open, &[(end, said(600, end))], SessionState::Running).await;
        // What is only looked at is none of a learner's time.
        let look = NewLaunch { mode: Mode::Review, ..self.new_launch(&mixed, "wanda") };
        self.launch(&look, NOW_MS).await.unwrap();
        let review = self.open_code(&look, NOW_MS).await.unwrap();
        self.ends(&review, &[(end, said(600, end))], SessionState::Terminated).await;
        let truth = Reporting {
            sessions: 4,
            never: 1,
            cut_off: 1,
            malformed: 1,
            at_exit: 1,
            by_report: 1,
            reported_ms: 600_000,
            measured_ms: 2_400_000,
            credited_ms: 2_400_000,
            ..Reporting::default()
        };
        self.is_known(&mixed, Rule::Mixed, truth).await;

        let fresh = self.topic("fresh", Api::Scorm12).await;
        let told = self.store().package_reporting(&self.tenant, &fresh, NOW_MS).await.unwrap();
        assert_eq!(
            (told.reporting.verdict.habit, told.reporting.counts),
            (Rule::Unknown, Reporting::default())
        );
        let somebodys = self.store().package_reporting("somebody else", &mixed, NOW_MS).await;
        assert_eq!(somebodys, Err(StoreError::NotFound("topic")));
        assert!(self.store().reporting("somebody else").await.unwrap().is_empty());
    }
}
