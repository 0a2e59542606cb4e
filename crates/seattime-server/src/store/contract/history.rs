//! What an LMS kept before its courses ran here: kept as state, shown beside what is credited, and never counted twice.

use seattime_wire::{Api, Mode, Policy};

use super::{MINUTE_MS, NOW_MS, Run};
use crate::config::DEFAULT_POLICY;
use crate::store::totals::totals;
use crate::store::{
    History, HistoryKept, Judgement, Learner, Missing, MissingOf, NewLaunch, Period, ReportOf, ReportRow,
    Sight, StoreError, VisitsOf,
};

const LATER_MS: i64 = NOW_MS + 10_000 * MINUTE_MS;

impl Run<'_> {
    /// What an LMS kept, of a learner without a name.
    fn history(&self, learner: &str, topic: &str, (minutes, attempts): (i64, u32)) -> History {
        let mut learner = self.learner(learner, None);
        learner.name = String::new();
        History {
            learner,
            course: "Course of the LMS".to_owned(),
            topic: topic.to_owned(),
            kept_as: Vec::new(),
            even_begun: false,
            title: "Title of the LMS".to_owned(),
            kind: "video".to_owned(),
            time_ms: minutes * MINUTE_MS,
            attempts,
        }
    }

    async fn keep(&self, rows: &[&History], now_ms: i64) -> Vec<HistoryKept> {
        self.store()
            .keep_history(&self.tenant, rows.iter().map(|it| (*it).clone()).collect(), now_ms)
            .await
            .unwrap()
    }

    /// A learner's rows, by topic.
    async fn rows_of(&self, learner: &str) -> Vec<ReportRow> {
        let lms_id = Some(self.learner(learner, None).lms_id);
        let of = ReportOf { lms_id, ..ReportOf::default() };
        let mut rows = self.store().report(&self.tenant, Sight::Tenant, of, LATER_MS).await.unwrap().rows;
        rows.sort_by(|one, other| one.topic_id.cmp(&other.topic_id));
        rows
    }

    pub(super) async fn what_an_lms_kept_has_a_row_without_a_package(&self) {
        let run = self.beside("before");
        let (told, other) =
            (run.history("anna", "lms:17", (125, 3)), run.history("anna", "lms:17", (126, 3)));
        let empty = run.history("anna", "lms:18", (0, 1));
        assert_eq!(run.keep(&[&told, &empty], NOW_MS).await, [HistoryKept::New; 2]);
        let rows = run.rows_of("anna").await;
        assert_eq!(rows.len(), 2);
        let id = run.learner("anna", None).lms_id;
        let row = &rows[0];
        assert_eq!((&row.learner.id, &row.learner.name), (&id, &id), "the id stands for the name");
        assert_eq!((row.course.as_str(), row.topic.as_str()), ("Course of the LMS", "Title of the LMS"));
        assert_eq!((row.topic_id.as_str(), row.kind.as_str()), ("lms:17", "video"));
        assert_eq!((row.time_spent_ms, row.time_spent.as_str()), (7_500_000, "2h 5m 0s"));
        assert_eq!((row.backfilled_ms, row.attempts, row.backfilled_attempts), (7_500_000, 3, 3));
        assert_eq!((row.provenance.as_str(), row.status.as_str()), ("backfilled", "unknown"));
        assert_eq!((row.measured_ms, row.reported_ms, row.by_attempt.len()), (0, None, 0));
        assert_eq!((row.first_visit_ms, row.last_visit_ms, row.missing), (0, 0, None));
        let part = &row.details[0];
        assert_eq!((row.details.len(), part.credited_ms, part.attempt), (1, 7_500_000, 0));
        assert_eq!((part.provenance.as_str(), part.state.as_str()), ("backfilled", "backfilled"));
        let of_none = &rows[1];
        assert_eq!((of_none.time_spent_ms, of_none.attempts), (0, 1));
        assert_eq!(
            (of_none.missing, of_none.provenance.as_str()),
            (Some(Missing::NotKept), "backfilled"),
            "an attempt, and no time that could be told"
        );
        let not_kept = ReportOf { missing: Some(MissingOf::NotKept), ..ReportOf::default() };
        let found = run.store().report(&run.tenant, Sight::Tenant, not_kept, LATER_MS).await.unwrap().rows;
        assert_eq!(found.iter().map(|it| it.topic_id.as_str()).collect::<Vec<_>>(), ["lms:18"]);

        // The same again changes nothing, other figures take their place, and none is ever added.
        for _ in 0..2 {
            assert_eq!(run.keep(&[&empty, &told], LATER_MS).await, [HistoryKept::Same; 2]);
        }
        assert_eq!(run.rows_of("anna").await, rows);
        let replaced = HistoryKept::Replaced { before_ms: 7_500_000, before_attempts: 3 };
        assert_eq!(run.keep(&[&other], NOW_MS).await, [replaced]);
        assert_eq!(run.rows_of("anna").await[0].time_spent_ms, 7_560_000);
        let below = History { time_ms: -1, ..empty.clone() };
        assert_eq!(run.keep(&[&below], NOW_MS).await, [HistoryKept::Same], "less than nothing is nothing");

        // Its name and groups, once they are told.
        let mut named = empty.clone();
        named.learner = run.learner("anna", Some(&["north"]));
        run.keep(&[&named], NOW_MS).await;
        run.keep(&[&empty], NOW_MS).await;
        let row = run.rows_of("anna").await.remove(1);
        assert_eq!((row.learner.name, row.groups), (named.learner.name, vec!["north".to_owned()]));

        // Nobody else has it, and nobody launches it.
        let foreign = run.store().report("somebody else", Sight::Tenant, ReportOf::default(), LATER_MS).await;
        assert!(foreign.unwrap().rows.iter().all(|it| it.learner.id != id));
        let launch = run.new_launch("lms:17", "anna");
        assert_eq!(run.launch(&launch, NOW_MS).await, Err(StoreError::NotFound("topic")));
        let visits = VisitsOf {
            learner: Learner::Lms(id),
            course: "Course of the LMS".to_owned(),
            topic: "lms:17".to_owned(),
        };
        let visits = run.store().visits(&run.tenant, Sight::Tenant, visits).await;
        assert_eq!(visits, Err(StoreError::NotFound("row")));
        let sight = Sight::Groups(vec!["south".to_owned()]);
        let unseen = run.store().report(&run.tenant, sight, ReportOf::default(), LATER_MS).await.unwrap();
        assert_eq!(unseen.rows, []);
    }

    pub(super) async fn what_an_lms_kept_is_added_beside_what_is_credited(&self) {
        let run = self.beside("beside");
        let course = format!("Safety {}", run.mark);
        let (one, two) = (run.file("one", &course).await, run.file("two", &course).await);
        let first = run.history("anna", &one, (60, 2));
        // Enrolled, launched and looked at: nothing of that is a visit that counts.
        run.store().enrol(&run.tenant, run.learner("anna", None), &course, NOW_MS).await.unwrap();
        assert_eq!(run.keep(&[&first], NOW_MS).await, [HistoryKept::New]);
        run.launch(&run.new_launch(&one, "anna"), NOW_MS).await.unwrap();
        let look = NewLaunch { mode: Mode::Browse, ..run.new_launch(&one, "anna") };
        run.launch(&look, NOW_MS).await.unwrap();
        run.open_code(&look, NOW_MS).await.unwrap();
        let replaced = HistoryKept::Replaced { before_ms: 60 * MINUTE_MS, before_attempts: 2 };
        let second = run.history("anna", &one, (30, 1));
        assert_eq!(run.keep(&[&second], NOW_MS).await, [replaced]);

        // One hour in each of two topics, of which 30 minutes are shared: what bounds them has nothing to do with what
        // was there before.
        run.takes(&one, "anna", (NOW_MS, 3_600), &[]).await;
        run.takes(&two, "anna", (NOW_MS + 30 * MINUTE_MS, 3_600), &[]).await;
        let third = run.history("anna", &one, (90, 5));
        let after = HistoryKept::AfterStart { kept_ms: 30 * MINUTE_MS };
        assert_eq!(run.keep(&[&third, &second], NOW_MS).await, [after, HistoryKept::Same]);
        // Of what was visited before anything was kept of it, the LMS may say by then what is credited here: nothing is
        // kept, unless whoever asks knows better; and then once.
        let late = run.history("anna", &two, (15, 1));
        let nothing = HistoryKept::AfterStart { kept_ms: 0 };
        assert_eq!(run.keep(&[&late], NOW_MS).await, [nothing]);
        let known = History { even_begun: true, ..late.clone() };
        assert_eq!(run.keep(&[&known], NOW_MS).await, [HistoryKept::New]);
        assert_eq!(run.keep(&[&late], NOW_MS).await, [HistoryKept::Same]);
        let late = run.history("anna", &two, (45, 1));
        let after = HistoryKept::AfterStart { kept_ms: 15 * MINUTE_MS };
        assert_eq!(run.keep(&[&late], NOW_MS).await, [after]);

        // Judged by another policy, what is from before stays what it is: nobody measured it here.
        let strict = Policy { idle_limit_ms: 120_000, ..DEFAULT_POLICY };
        let judged = run.judge(strict, "anna", false).await;
        let spent = |it: &Judgement| it.time_spent_ms;
        for (minutes, before_minutes) in [(90, 30), (75, 15)] {
            let before_ms = before_minutes * MINUTE_MS;
            let row = judged.iter().find(|it| spent(&it.before) == minutes * MINUTE_MS).unwrap();
            assert_eq!(spent(&row.before) - row.before.measured_ms, before_ms);
            assert_eq!(spent(&row.after) - row.after.measured_ms, before_ms);
            assert!(row.after.measured_ms < row.before.measured_ms, "{row:?}");
        }
        run.judge(DEFAULT_POLICY, "anna", false).await;
        let rows = run.rows_of("anna").await;
        let figures =
            |it: &ReportRow| (it.time_spent_ms / MINUTE_MS, it.backfilled_ms / MINUTE_MS, it.attempts);
        assert_eq!(rows.iter().map(figures).collect::<Vec<_>>(), [(90, 30, 2), (75, 15, 2)]);
        for row in &rows {
            assert_eq!((row.course.as_str(), row.kind.as_str()), (course.as_str(), "scorm_1.2"));
            assert_eq!(
                (row.topic.as_str(), row.provenance.as_str()),
                (&*format!("Package {}", run.mark), "mixed")
            );
            assert_eq!((row.measured_ms, row.by_attempt.len()), (60 * MINUTE_MS, 1));
            assert_eq!((row.backfilled_attempts, row.status.as_str()), (1, "incomplete"));
            let credited: i64 = row.details.iter().map(|it| it.credited_ms).sum();
            assert_eq!(credited, row.time_spent_ms, "the parts are all there is");
        }
        // 90 minutes of ours within two hours of parts, with the tolerance for what was reported, which nothing was.
        let told = totals(&rows, None);
        let (whole, course) = (&told[0].totals, &told[0].courses[0].totals);
        for level in [whole, course] {
            assert_eq!((level.credited_ms, level.backfilled_ms), (135 * MINUTE_MS, 45 * MINUTE_MS));
        }
        assert_eq!((course.parts_ms, course.shared_ms), (165 * MINUTE_MS, 30 * MINUTE_MS), "two topics");
        assert_eq!((whole.parts_ms, whole.shared_ms), (135 * MINUTE_MS, 0), "one course");

        // In whatever periods, only what is ours: they add up to all that is known to have been at any time.
        let mut sum_ms = 0;
        let cuts = [i64::MIN, NOW_MS + 10 * MINUTE_MS, NOW_MS + 50 * MINUTE_MS, i64::MAX];
        for bounds in cuts.windows(2) {
            let period = Period { start_ms: bounds[0], end_ms: bounds[1] };
            sum_ms += totals(&rows, Some(period))[0].in_period.as_ref().unwrap().time_spent_ms;
            for row in rows.iter().filter_map(|it| it.clone().within(period)) {
                let in_period = row.in_period.unwrap();
                assert!(
                    in_period.time_spent_ms <= 60 * MINUTE_MS && in_period.attempts <= 1,
                    "{in_period:?}"
                );
            }
        }
        assert_eq!(sum_ms, 90 * MINUTE_MS);
    }

    pub(super) async fn what_an_lms_kept_moves_and_never_counts_twice(&self) {
        let run = self.beside("moved");
        let total = async |learner: &str| -> (i64, usize) {
            let rows = run.rows_of(learner).await;
            (rows.iter().map(|it| it.time_spent_ms).sum::<i64>() / MINUTE_MS, rows.len())
        };
        // Kept by the LMS's own ids, before the package of the two was there.
        run.keep(&[&run.history("anna", "lms:1", (10, 1)), &run.history("anna", "lms:2", (20, 2))], NOW_MS)
            .await;
        assert_eq!(total("anna").await, (30, 2));
        let topic = run.topic("late", Api::Scorm12).await;
        let moved = History {
            kept_as: vec!["lms:1".to_owned(), "lms:2".to_owned()],
            ..run.history("anna", &topic, (30, 3))
        };
        for _ in 0..2 {
            assert_eq!(run.keep(&[&moved], NOW_MS).await, [HistoryKept::Same]);
            assert_eq!(total("anna").await, (30, 1));
        }
        let row = run.rows_of("anna").await.remove(0);
        assert_eq!((row.topic_id.as_str(), row.attempts, row.kind.as_str()), (&*topic, 3, "scorm_1.2"));
        // The same for whoever has begun meanwhile: what was kept moves, and not what the LMS says by now.
        run.keep(&[&run.history("berta", "lms:1", (10, 1))], NOW_MS).await;
        run.takes(&topic, "berta", (NOW_MS, 300), &[]).await;
        let mut told = run.history("berta", &topic, (15, 2));
        told.kept_as = vec!["lms:1".to_owned()];
        let after = HistoryKept::AfterStart { kept_ms: 10 * MINUTE_MS };
        assert_eq!(run.keep(&[&told], NOW_MS).await, [after]);
        assert_eq!(run.keep(&[&told], NOW_MS).await, [after]);
        assert_eq!(total("berta").await, (15, 1));

        // Kept by the package's id before that was there: its course is the package's from then on, and stays it.
        let package = run.package("to come", Api::Scorm2004);
        run.keep(&[&run.history("carla", &package.id, (40, 1))], NOW_MS).await;
        assert_eq!(run.rows_of("carla").await[0].course, "Course of the LMS");
        run.store().put_package(&run.tenant, package.clone(), NOW_MS).await.unwrap();
        assert_eq!(total("carla").await, (40, 1));
        let row = run.rows_of("carla").await.remove(0);
        assert_eq!(
            (&row.course, &row.topic, row.kind.as_str()),
            (&package.course, &package.title, "scorm_2004")
        );
        run.file("to come", "another").await;
        assert_eq!(run.rows_of("carla").await[0].course, package.course);
        assert_eq!(total("carla").await, (40, 1));
        // Told again, it goes where the package is, unless the learner has begun.
        let again = run.history("carla", &package.id, (40, 1));
        assert_eq!(run.keep(&[&again], NOW_MS).await, [HistoryKept::Same]);
        assert_eq!(run.rows_of("carla").await[0].course, "another");
        run.takes(&package.id, "carla", (NOW_MS, 300), &[]).await;
        run.file("to come", "a third").await;
        assert_eq!(run.keep(&[&again], NOW_MS).await, [HistoryKept::Same]);
        assert_eq!(total("carla").await, (45, 1));
        assert_eq!(run.rows_of("carla").await[0].course, "another");
    }
}
