//! What every store must do, run on each.

mod accounts;
mod blocked;
mod bytes;
mod courses;
mod enrolled;
mod history;
mod imported;
mod judged;
mod legacy;
mod listing;
mod plans;
mod remembered;
mod restored;
mod spread;

use seattime_testing::cluster;
use seattime_testing::need::Need;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use seattime_wire::{
    Api, Commit, CommitReason, EvidenceKind, Mode, Reported, Session, SessionKind, SessionState, SharedMap,
    Stretch, Time, Totals, ValuePart,
};

use super::sqlite::SqliteStore;
use super::{
    ActivityRules, Arrival, ImportFindings, MadeLaunch, Merged, NewLaunch, NewLearner, Opened, Opening,
    ReportOf, ReportRow, Sight, Store, StoreError, StoredActivity, StoredPackage,
};
use crate::config::DEFAULT_POLICY;
use crate::store::postgres::PostgresStore;
use crate::token::VisitClaims;

mod repeated;
mod reporting;
mod timeline;

const NOW_MS: i64 = 1_700_000_000_000;
const MINUTE_MS: i64 = 60_000;
/// Texts that a database may trip over: with U+0000, what stands for it, other controls, beyond the first plane.
const ODD: &str = "a\0b\u{1}\u{1}0\u{7f}\u{fffd}\u{10ffff}'\"\\%_\r\n\tä😀";

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("seattime.db"), None).unwrap();
    keeps(&[Arc::new(store)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_contract_with_one_server_and_with_two() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &[]).unwrap();
    // Both at once: one of them makes the schema.
    let url = cluster.url();
    let (one, two) = tokio::join!(PostgresStore::open(&url), PostgresStore::open(&url));
    let (one, two): (Arc<dyn Store>, Arc<dyn Store>) = (Arc::new(one.unwrap()), Arc::new(two.unwrap()));
    keeps(&[Arc::clone(&one)]).await;
    keeps(&[one, two]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_contract_behind_a_pooler_by_transaction() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &[]).unwrap();
    let Some(pooled) = cluster.pooled().unwrap() else {
        return Need::PgBouncer.skip();
    };
    let (one, two) = tokio::join!(PostgresStore::open(&pooled.url), PostgresStore::open(&pooled.url));
    keeps(&[Arc::new(one.unwrap()), Arc::new(two.unwrap())]).await;
}

/// A database that loses its power and starts again costs a moment, and no commit.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_postgres_under_load_is_not_noticed() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = Arc::new(cluster::Cluster::start(&programs, &[]).unwrap());
    let store: Arc<dyn Store> = Arc::new(PostgresStore::open(&cluster.url()).await.unwrap());
    let stores = [store];
    let run = Run::new(&stores, "restarted");
    let topic = run.topic("restarted", Api::Scorm12).await;
    let mut visits = Vec::new();
    for n in 0..20 {
        visits.push(run.open(&topic, &format!("learner {n}"), NOW_MS).await);
    }
    for round in 1..=4 {
        let restarting = Arc::clone(&cluster);
        let restart = tokio::task::spawn_blocking(move || restarting.restart_at_once());
        let commits = async {
            for seq in (round - 1) * 25 + 1..=round * 25 {
                let sent = visits.iter().map(|visit| {
                    let told =
                        commit(visit, seq, seq as i64, &[("cmi.core.lesson_location", &seq.to_string())]);
                    stores[0].merge(arrival(&visit.claims, &told, NOW_MS + seq as i64 * 1_000))
                });
                for answer in sent.collect::<Vec<_>>() {
                    assert_eq!(answer.await.unwrap().receipt.acked, seq);
                }
            }
        };
        let ((), restarted) = tokio::join!(commits, restart);
        restarted.unwrap().unwrap();
    }
    for n in 0..20 {
        let row = run.rows(&format!("learner {n}")).await.remove(0);
        assert_eq!((row.time_spent_ms, row.attempts), (100_000, 1));
        let next = run.open(&topic, &format!("learner {n}"), NOW_MS + MINUTE_MS).await;
        assert_eq!(next.values["item"]["cmi.core.lesson_location"], "100");
    }
}

/// Everything that a store must do; several before the same database take turns.
async fn keeps(stores: &[Arc<dyn Store>]) {
    for (n, suffix) in [("a", ""), ("b", " with odd texts")].iter().enumerate() {
        let run =
            Run::new(stores, &format!("{}{n}-{}{}", suffix.0, stores.len(), if n == 0 { "" } else { ODD }));
        run.what_is_known_of_keys_and_packages().await;
        run.findings_of_an_import_are_kept().await;
        run.a_key_is_renewed_and_deleted().await;
        run.an_account_changes_by_its_version_and_logs_in().await;
        run.a_launch_is_made_once_for_a_key().await;
        run.a_code_opens_one_visit_in_its_time().await;
        run.any_order_and_any_repetition_comes_to_the_same().await;
        run.a_fenced_visit_changes_nothing_that_a_newer_one_began().await;
        run.texts_travel_in_parts().await;
        run.an_unknown_visit_is_made_again_and_asked_for().await;
        run.an_unknown_visit_that_is_told_whole_is_acknowledged_at_once().await;
        run.a_gap_below_what_is_taken_as_acknowledged_is_asked_for().await;
        run.an_attempt_that_a_backup_does_not_know_is_made_again().await;
        run.a_lease_that_a_backup_does_not_know_is_never_given_again().await;
        run.a_visit_made_again_is_judged_by_the_policy_of_the_server().await;
        run.refused_values_are_refused_alone().await;
        run.what_activities_share_goes_by_the_later_visit().await;
        run.silent_visits_are_closed_once_and_reopened().await;
        run.the_same_message_again_is_told_what_holds_by_then().await;
        run.the_same_message_again_is_a_sign_of_life().await;
        run.a_visit_keeps_its_policy_until_it_is_judged_anew().await;
        run.what_another_server_kept_is_not_written_over().await;
        run.a_visit_is_fenced_for_every_server().await;
        run.many_at_once_lose_nothing().await;
        run.calls_of_an_old_player_come_to_the_same_in_any_order().await;
        run.visits_are_told_as_timelines().await;
        run.how_a_package_reports_is_learnt_from_its_sessions().await;
        run.of_a_package_only_sessions_that_count_and_have_ended_tell().await;
        run.a_course_may_be_judged_otherwise_than_its_server().await;
        run.blocked_requests_are_counted_by_host_within_a_bound().await;
        run.pages_of_every_order_give_every_row_once().await;
        run.pages_give_every_row_once_while_rows_change().await;
        run.a_report_is_narrowed_to_what_is_asked_for().await;
        run.a_row_tells_the_best_score_and_when_it_last_changed().await;
        run.who_is_enrolled_has_a_row_of_every_topic().await;
        run.learners_are_seen_by_their_groups().await;
        run.what_an_lms_kept_has_a_row_without_a_package().await;
        run.what_an_lms_kept_is_added_beside_what_is_credited().await;
        run.what_an_lms_kept_moves_and_never_counts_twice().await;
        run.everything_is_what_it_is_derived_from().await;
    }
}

/// One run, in a tenant of its own.
struct Run<'a> {
    stores: &'a [Arc<dyn Store>],
    turn: std::sync::atomic::AtomicUsize,
    tenant: String,
    mark: String,
}

impl<'a> Run<'a> {
    fn new(stores: &'a [Arc<dyn Store>], mark: &str) -> Run<'a> {
        Run { stores, turn: Default::default(), tenant: format!("tenant {mark}"), mark: mark.to_owned() }
    }

    /// The stores take turns.
    fn store(&self) -> &dyn Store {
        let turn = self.turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        &*self.stores[turn % self.stores.len()]
    }

    async fn topic(&self, name: &str, api: Api) -> String {
        let package = self.package(name, api);
        let id = package.id.clone();
        self.store().put_package(&self.tenant, package, NOW_MS).await.unwrap();
        id
    }

    fn package(&self, name: &str, api: Api) -> StoredPackage {
        let activity = |id: &str| StoredActivity {
            id: id.to_owned(),
            title: format!("Title of {id}"),
            kind: SessionKind::Sco,
            depth: 0,
            href: "index.html?x=1#y".to_owned(),
            defaults: vec![("cmi.student_data.mastery_score".to_owned(), "80".to_owned())],
            objectives: vec!["objective".to_owned()],
            data: vec![SharedMap { target: "bucket".to_owned(), reads: true, writes: true }],
            rules: ActivityRules::default(),
            is_visible: true,
            missing_file: None,
        };
        StoredPackage {
            id: format!("{name} {}", self.mark),
            title: format!("Package {}", self.mark),
            course: format!("Course of {name} {}", self.mark),
            api,
            edition: 4,
            shares_with_all: name == "sharing",
            activities: vec![activity("item"), activity("second")],
            files: vec![("index.html".to_owned(), 17), (format!("{}.js", self.mark), 4)],
            aliases: Vec::new(),
            findings: ImportFindings::default(),
        }
    }

    fn new_launch(&self, topic: &str, learner: &str) -> NewLaunch {
        let launch = uuid::Uuid::new_v4().to_string();
        NewLaunch {
            code_hash: format!("hash of {launch}"),
            launch,
            learner: NewLearner {
                lms_id: format!("{learner} {}", self.mark),
                name: format!("Muster, {learner} {}", self.mark),
                groups: None,
            },
            topic: topic.to_owned(),
            mode: Mode::Continue,
            return_url: Some("https://lms.example/back".to_owned()),
            api: None,
            is_strict: false,
            idempotency: None,
        }
    }

    async fn launch(&self, launch: &NewLaunch, now_ms: i64) -> Result<MadeLaunch, StoreError> {
        self.store().launch(&self.tenant, launch.clone(), now_ms).await
    }

    async fn open_code(&self, launch: &NewLaunch, now_ms: i64) -> Result<Opened, StoreError> {
        self.store().open_visit(Opening::Code(launch.code_hash.clone()), DEFAULT_POLICY, now_ms).await
    }

    async fn open(&self, topic: &str, learner: &str, now_ms: i64) -> Opened {
        let launch = self.new_launch(topic, learner);
        self.launch(&launch, now_ms).await.unwrap();
        self.open_code(&launch, now_ms).await.unwrap()
    }

    async fn merge(&self, opened: &Opened, commit: &Commit, received_ms: i64) -> Merged {
        self.store().merge(arrival(&opened.claims, commit, received_ms)).await.unwrap()
    }

    async fn rows(&self, learner: &str) -> Vec<ReportRow> {
        let of = ReportOf { lms_id: Some(format!("{learner} {}", self.mark)), ..ReportOf::default() };
        self.store().report(&self.tenant, Sight::Tenant, of, NOW_MS).await.unwrap().rows
    }

    async fn a_launch_is_made_once_for_a_key(&self) {
        let topic = self.topic("launched", Api::Scorm12).await;
        let key = |body: &str| Some((format!("key {}", self.mark), body.to_owned()));
        let first = NewLaunch { idempotency: key("body"), ..self.new_launch(&topic, "anna") };
        let again = NewLaunch { idempotency: key("body"), ..self.new_launch(&topic, "anna") };
        let other = NewLaunch { idempotency: key("other"), ..self.new_launch(&topic, "anna") };
        // At once: it is made by one of them, and the other one is told so.
        let (one, two) = tokio::join!(self.launch(&first, NOW_MS), self.launch(&again, NOW_MS));
        let made = one.unwrap();
        assert_eq!(two, Ok(made.clone()));
        assert_eq!(made.attempt, 1);
        assert_eq!(self.launch(&other, NOW_MS).await, Err(StoreError::KeyReused));

        let new = NewLaunch { mode: Mode::New, ..self.new_launch(&topic, "anna") };
        assert_eq!(self.launch(&new, NOW_MS).await.unwrap().attempt, 2);
        assert_eq!(
            self.launch(&self.new_launch(&topic, "anna"), NOW_MS).await.unwrap().attempt,
            2,
            "it goes on"
        );
        let look = NewLaunch { mode: Mode::Browse, ..self.new_launch(&topic, "anna") };
        assert_eq!(self.launch(&look, NOW_MS).await.unwrap().attempt, 0);
        let missing = self.launch(&self.new_launch("none", "anna"), NOW_MS).await;
        assert_eq!(missing, Err(StoreError::NotFound("topic")));

        // A learner that is new comes through two doors at once, and is one learner with one attempt.
        let (one, two) = (self.new_launch(&topic, "twin"), self.new_launch(&topic, "twin"));
        let made = tokio::join!(self.launch(&one, NOW_MS), self.launch(&two, NOW_MS));
        assert_eq!((made.0.unwrap().attempt, made.1.unwrap().attempt), (1, 1));
        let (one, two) = tokio::join!(self.open_code(&one, NOW_MS), self.open_code(&two, NOW_MS));
        let (one, two) = (one.unwrap().claims, two.unwrap().claims);
        assert_eq!((&one.learner, &one.attempt), (&two.learner, &two.attempt));
        assert_eq!([one.lease.min(two.lease), one.lease.max(two.lease)], [1, 2]);
    }

    async fn a_code_opens_one_visit_in_its_time(&self) {
        let topic = self.topic("opened", Api::Scorm12).await;
        let launch = self.new_launch(&topic, "berta");
        self.launch(&launch, NOW_MS).await.unwrap();
        let (one, two) = tokio::join!(self.open_code(&launch, NOW_MS), self.open_code(&launch, NOW_MS));
        let (opened, refused) = if one.is_ok() { (one, two) } else { (two, one) };
        let opened = opened.unwrap();
        assert_eq!(refused.err(), Some(StoreError::LaunchUsed));
        assert_eq!((opened.claims.lease, opened.attempt, opened.api), (1, 1, Api::Scorm12));
        assert_eq!(opened.return_url.as_deref(), Some("https://lms.example/back"));
        assert_eq!(opened.values["item"]["cmi.core.student_id"], format!("berta {}", self.mark));
        assert_eq!(opened.values["item"]["cmi.core.student_name"], format!("Muster, berta {}", self.mark));
        assert_eq!(opened.values["item"]["cmi.student_data.mastery_score"], "80");

        let late = self.new_launch(&topic, "berta");
        self.launch(&late, NOW_MS).await.unwrap();
        assert_eq!(self.open_code(&late, NOW_MS + 120_001).await.err(), Some(StoreError::LaunchExpired));
        assert!(self.open_code(&late, NOW_MS + 120_000).await.is_ok());
        let unknown = Opening::Code("none".to_owned());
        let unknown = self.store().open_visit(unknown, DEFAULT_POLICY, NOW_MS).await;
        assert_eq!(unknown.err(), Some(StoreError::NotFound("launch")));

        let claims = &opened.claims;
        let reload = |tenant: &str| Opening::Launch {
            tenant: tenant.to_owned(),
            learner: claims.learner.clone(),
            launch: opened.launch.clone(),
        };
        let again = self.store().open_visit(reload(&self.tenant), DEFAULT_POLICY, NOW_MS).await.unwrap();
        assert_eq!(&again.claims.attempt, &claims.attempt);
        assert_eq!(again.claims.lease, 122, "after that of a visit opened when the attempt was 120 s old");
        let stolen = self.store().open_visit(reload("somebody else"), DEFAULT_POLICY, NOW_MS).await;
        assert_eq!(stolen.err(), Some(StoreError::NotFound("launch")));
    }

    async fn any_order_and_any_repetition_comes_to_the_same(&self) {
        let topic = self.topic("merged", Api::Scorm12).await;
        let mut seen = Vec::new();
        for (n, order) in [vec![0, 1, 2], vec![2, 1, 0], vec![1, 1, 2, 0, 0, 2], vec![2]].iter().enumerate() {
            let learner = format!("carla {n}");
            let visit = self.open(&topic, &learner, NOW_MS).await;
            for k in order {
                let mut told = commit(
                    &visit,
                    k + 1,
                    (*k as i64 + 1) * 200,
                    &[("cmi.suspend_data", &format!("{ODD}{k}"))],
                );
                told.reason = CommitReason::Replay;
                told.sent_date_ms = NOW_MS + 10 * MINUTE_MS;
                let merged = self.merge(&visit, &told, NOW_MS + 10 * MINUTE_MS).await;
                assert!(merged.receipt.acked > *k && !merged.is_superseded && !merged.receipt.need_full);
            }
            let row = self.rows(&learner).await.remove(0);
            let next = self.open(&topic, &learner, NOW_MS + 11 * MINUTE_MS).await;
            seen.push((row.time_spent_ms, row.attempts, next.values["item"]["cmi.suspend_data"].clone()));
        }
        assert!(seen.iter().all(|it| *it == (600_000, 1, format!("{ODD}2"))), "{seen:?}");
    }

    async fn a_fenced_visit_changes_nothing_that_a_newer_one_began(&self) {
        let topic = self.topic("fenced", Api::Scorm12).await;
        let old = self.open(&topic, "dora", NOW_MS).await;
        let new = self.open(&topic, "dora", NOW_MS).await;
        let at = NOW_MS + MINUTE_MS;
        let merged = self.merge(&new, &commit(&new, 1, 60, &[("cmi.core.lesson_location", "new")]), at).await;
        assert!(!merged.is_superseded);
        let mut stale = commit(&old, 5, 60, &[("cmi.core.lesson_location", "old")]);
        for n in 0..2 {
            let merged = self.merge(&old, &stale, at).await;
            assert!(merged.is_superseded && merged.receipt.acked == 5, "time {n}");
        }
        // What the newer one has not begun is taken.
        stale.sessions[0].activity = "second".to_owned();
        stale.sessions[0].n = 2;
        stale.seq = 6;
        self.merge(&old, &stale, at).await;
        let next = self.open(&topic, "dora", at).await;
        assert_eq!(next.values["item"]["cmi.core.lesson_location"], "new");
        assert_eq!(next.values["second"]["cmi.core.lesson_location"], "old");
        assert_eq!(self.rows("dora").await[0].time_spent_ms, 60_000, "two windows at once count once");
    }

    async fn texts_travel_in_parts(&self) {
        let topic = self.topic("parted", Api::Scorm12).await;
        let visit = self.open(&topic, "emma", NOW_MS).await;
        let part = |seq, n, text: &str| ValuePart {
            v: 1,
            token: String::new(),
            origin: None,
            visit: visit.claims.visit.clone(),
            lease: visit.claims.lease,
            seq,
            n,
            of: 2,
            text: text.to_owned(),
        };
        let mut told = commit(&visit, 5, 60, &[("cmi.core.exit", "suspend")]);
        told.sessions[0].parted = BTreeMap::from([("cmi.suspend_data".to_owned(), 5)]);
        self.store().put_part(visit.claims.clone(), part(5, 1, "end")).await.unwrap();
        let early = self.merge(&visit, &told, NOW_MS + MINUTE_MS).await.receipt;
        assert_eq!((early.acked, early.need_full), (0, true));
        for it in [part(4, 0, "old"), part(5, 0, ODD), part(5, 0, ODD)] {
            self.store().put_part(visit.claims.clone(), it).await.unwrap();
        }
        for _ in 0..3 {
            let whole = self.merge(&visit, &told, NOW_MS + MINUTE_MS).await.receipt;
            assert_eq!((whole.acked, whole.need_full, whole.refused.len()), (5, false, 0));
        }
        let next = self.open(&topic, "emma", NOW_MS + MINUTE_MS).await;
        assert_eq!(next.values["item"]["cmi.suspend_data"], format!("{ODD}end"));
    }

    async fn refused_values_are_refused_alone(&self) {
        let topic = self.topic("refused", Api::Scorm12).await;
        let visit = self.open(&topic, "gerda", NOW_MS).await;
        let values =
            [("cmi.core.lesson_location", "good"), ("cmi.core.score.raw", "101"), ("no\0element", "x")];
        let merged = self.merge(&visit, &commit(&visit, 3, 60, &values), NOW_MS + MINUTE_MS).await;
        let refused: Vec<_> = merged.receipt.refused.iter().map(|it| (&*it.element, it.code)).collect();
        assert_eq!(refused, [("cmi.core.score.raw", 405), ("no\0element", 401)]);
        assert_eq!(merged.receipt.acked, 3);
        let next = self.open(&topic, "gerda", NOW_MS + MINUTE_MS).await;
        assert_eq!(next.values["item"]["cmi.core.lesson_location"], "good");
        assert!(!next.values["item"].contains_key("cmi.core.score.raw"));
    }

    async fn what_activities_share_goes_by_the_later_visit(&self) {
        let (wide, narrow) =
            (self.topic("sharing", Api::Scorm2004).await, self.topic("private", Api::Scorm2004).await);
        let share = |text: &str, seq| BTreeMap::from([("bucket".to_owned(), (text.to_owned(), seq))]);
        for (topic, is_seen) in [(&wide, true), (&narrow, false)] {
            let old = self.open(topic, "hanna", NOW_MS).await;
            let new = self.open(topic, "hanna", NOW_MS + MINUTE_MS).await;
            let at = NOW_MS + 2 * MINUTE_MS;
            let with = |visit: &Opened, shared| Commit { shared, ..commit(visit, 9, 60, &[]) };
            self.merge(&new, &with(&new, share(ODD, 2)), at).await;
            self.merge(&old, &with(&old, share("older", 8)), at).await;
            self.merge(&new, &with(&new, share("older", 1)), at).await;
            let next = self.open(topic, "hanna", at).await;
            assert_eq!(next.shared["bucket"], ODD);
            let again = NewLaunch { mode: Mode::New, ..self.new_launch(topic, "hanna") };
            self.launch(&again, at).await.unwrap();
            let another = self.open_code(&again, at).await.unwrap();
            assert_eq!(another.shared.contains_key("bucket"), is_seen);
        }
    }

    async fn silent_visits_are_closed_once_and_reopened(&self) {
        let topic = self.topic("silent", Api::Scorm12).await;
        let (silent, alive) =
            (self.open(&topic, "ida", NOW_MS).await, self.open(&topic, "jana", NOW_MS).await);
        let (start, end) = (NOW_MS + MINUTE_MS, NOW_MS + 12 * MINUTE_MS);
        for visit in [&silent, &alive] {
            self.merge(visit, &commit(visit, 1, 60, &[("cmi.core.score.raw", "85")]), start).await;
        }
        // A sign of life without news, which this server alone knows of: it comes before its own looking.
        let same = &self.stores[0];
        let sign = Commit {
            sessions: Vec::new(),
            stretches: Vec::new(),
            time: Time::default(),
            ..commit(&alive, 1, 60, &[])
        };
        same.merge(arrival(&alive.claims, &sign, end - MINUTE_MS)).await.unwrap();
        let at_once: Vec<_> = self.stores.iter().map(|it| it.close_silent(end, 10 * MINUTE_MS)).collect();
        // Whoever knows of the sign of life looks first; the others find it in the database.
        let mut closed = 0;
        for each in at_once {
            closed += each.await.unwrap();
        }
        assert!(closed >= 1, "the silent one at least");
        assert_eq!(self.store().close_silent(end, 10 * MINUTE_MS).await, Ok(0), "closed once");
        let state = async |learner: &str| {
            let row = self.rows(learner).await.remove(0);
            (row.details[0].state.clone(), row.time_spent_ms)
        };
        assert_eq!(state("ida").await, ("abandoned".to_owned(), 60_000));
        assert_eq!(state("jana").await.0, "running");
        self.merge(&silent, &commit(&silent, 3, 100, &[]), end).await;
        assert_eq!(state("ida").await.0, "running", "a late commit reopens it");
        let next = self.open(&topic, "ida", end).await;
        assert!(!next.values["item"].contains_key("cmi.core.lesson_status"), "silence is a pause");
        let row = self.rows("ida").await.remove(0);
        assert_eq!((row.status.as_str(), row.score.as_deref()), ("incomplete", Some("85")));
        assert!(row.score_provisional, "whoever pauses has neither passed nor failed");
        self.store().renew_standings(1_000, end).await.unwrap();
    }

    /// Many learners, several windows each, every message twice and at once.
    async fn many_at_once_lose_nothing(&self) {
        const LEARNERS: usize = 12;
        const COMMITS: u64 = 8;
        let topic = self.topic("busy", Api::Scorm12).await;
        let mut visits = Vec::new();
        for n in 0..LEARNERS {
            visits.push((n, self.open(&topic, &format!("many {n}"), NOW_MS).await));
        }
        let mut sent = Vec::new();
        for (n, visit) in &visits {
            for seq in 1..=COMMITS {
                for _ in 0..2 {
                    let told = commit(
                        visit,
                        seq,
                        seq as i64 * 30,
                        &[("cmi.core.lesson_location", &format!("{n} {seq}"))],
                    );
                    let received_ms = NOW_MS + seq as i64 * 30_000;
                    sent.push(self.store().merge(arrival(&visit.claims, &told, received_ms)));
                }
            }
        }
        let mut most: BTreeMap<usize, u64> = BTreeMap::new();
        for (at, answer) in sent.into_iter().enumerate() {
            let merged = answer.await.unwrap();
            let kept = most.entry(at / (2 * COMMITS as usize)).or_default();
            *kept = merged.receipt.acked.max(*kept);
        }
        assert!(most.len() == LEARNERS && most.values().all(|it| *it == COMMITS), "{most:?}");
        for (n, _) in &visits {
            let row = self.rows(&format!("many {n}")).await.remove(0);
            assert_eq!((row.time_spent_ms, row.attempts), (COMMITS as i64 * 30_000, 1));
            let next = self.open(&topic, &format!("many {n}"), NOW_MS + 10 * MINUTE_MS).await;
            assert_eq!(next.values["item"]["cmi.core.lesson_location"], format!("{n} {COMMITS}"));
        }
    }
}

/// A message as it comes in; what is the same has the same bytes.
pub(crate) fn arrival(claims: &VisitClaims, commit: &Commit, received_ms: i64) -> Arrival {
    let body = serde_json::to_vec(commit).unwrap();
    Arrival {
        claims: std::sync::Arc::new(claims.clone()),
        commit: commit.clone(),
        body: Bytes::from(body).into(),
        received_ms,
        policy: DEFAULT_POLICY,
        legacy: None,
    }
}

/// A commit with everything up to `seconds` of presence, and values of the first activity.
fn commit(visit: &Opened, seq: u64, seconds: i64, values: &[(&str, &str)]) -> Commit {
    let ms = seconds * 1_000;
    let signs = (0..=seconds / 200).map(|it| (0, it * 200_000, it * 200_000, EvidenceKind::Human));
    let set = values.iter().map(|(element, text)| ((*element).to_owned(), ((*text).to_owned(), seq)));
    Commit {
        v: 1,
        token: String::new(),
        origin: None,
        visit: visit.claims.visit.clone(),
        lease: visit.claims.lease,
        seq,
        after: 0,
        partial: false,
        reason: CommitReason::Commit,
        sent_date_ms: visit.claims.opened_ms + ms,
        stretches: vec![Stretch { n: 0, start_date_ms: visit.claims.opened_ms, sent_at_ms: Some(ms) }],
        sessions: vec![Session {
            n: 1,
            seq,
            kind: SessionKind::Sco,
            activity: "item".to_owned(),
            try_: 1,
            entry: Some("ab-initio".to_owned()),
            state: SessionState::Running,
            span: vec![(0, 0, ms)],
            accepted: None,
            reported: Reported::Unset,
            outcome: None,
            refused: BTreeMap::new(),
            set: set.collect(),
            parted: BTreeMap::new(),
            records: BTreeMap::new(),
        }],
        time: Time {
            evidence: signs.chain([(0, ms, ms, EvidenceKind::Human)]).collect(),
            visible: vec![(0, 0, ms)],
            ..Time::default()
        },
        media: Vec::new(),
        shared: BTreeMap::new(),
        documents: Vec::new(),
        shared_parted: BTreeMap::new(),
        totals: Totals::default(),
    }
}
