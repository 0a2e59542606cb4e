//! The report page by page: every order, every narrowing, and rows that change meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use seattime_wire::{Api, Mode, Reported, SessionState};

use super::{MINUTE_MS, NOW_MS, Run, commit};
use crate::store::{
    CONFLICTS, Missing, MissingOf, NewLaunch, Opened, Order, ReportOf, ReportPage, ReportRow, Sight, Sort,
};
use crate::verify::verify;

/// Long after everything that is told here.
const LATER_MS: i64 = NOW_MS + 10_000 * MINUTE_MS;

/// A row by learner and topic, less the run's mark.
type Key = (String, String);

impl Run<'_> {
    /// The same stores, and a tenant of its own.
    pub(super) fn beside(&self, name: &str) -> Run<'_> {
        Run::new(self.stores, &format!("{name} {}", self.mark))
    }

    fn key(&self, row: &ReportRow) -> Key {
        let bare = |text: &str| text.strip_suffix(&format!(" {}", self.mark)).unwrap().to_owned();
        (bare(&row.learner.id), bare(&row.topic_id))
    }

    async fn page(&self, sight: Sight, of: &ReportOf, now_ms: i64) -> ReportPage {
        self.store().report(&self.tenant, sight, of.clone(), now_ms).await.unwrap()
    }

    /// All rows, by pages of `limit`.
    async fn pages(&self, of: &ReportOf, limit: usize) -> Vec<ReportRow> {
        let mut of = ReportOf { limit, ..of.clone() };
        let mut rows = Vec::new();
        loop {
            let page = self.page(Sight::Tenant, &of, LATER_MS).await;
            assert_eq!(page.stale, 0);
            assert!(page.rows.len() <= limit, "{} rows of {limit}", page.rows.len());
            assert!(
                page.next.is_none() || page.rows.len() == limit,
                "a page that is not full is the last one"
            );
            rows.extend(page.rows);
            match page.next {
                Some(next) => of.after = Some(next),
                None => return rows,
            }
        }
    }

    async fn keys(&self, of: ReportOf) -> BTreeSet<Key> {
        let rows = self.pages(&of, 2).await;
        let keys: BTreeSet<Key> = rows.iter().map(|it| self.key(it)).collect();
        assert_eq!(keys.len(), rows.len(), "each once");
        keys
    }

    /// A visit of so many seconds, with values, which ends.
    pub(super) async fn takes(
        &self,
        topic: &str,
        learner: &str,
        (at_ms, seconds): (i64, i64),
        values: &[(&str, &str)],
    ) -> Opened {
        let visit = self.open(topic, learner, at_ms).await;
        let mut told = commit(&visit, 9, seconds, values);
        told.sessions[0].state = SessionState::Terminated;
        self.merge(&visit, &told, at_ms + seconds * 1_000).await;
        visit
    }

    pub(super) async fn pages_of_every_order_give_every_row_once(&self) {
        let run = self.beside("paged");
        let (one, two) = (run.topic("one", Api::Scorm12).await, run.topic("two", Api::Scorm2004).await);
        let scores = ["9", "100", "", "20.5", "9"];
        for (n, learner) in ["berta", "Anna", "carla", "dora", "emma"].iter().enumerate() {
            let score = [("cmi.core.score.raw", scores[n]), ("cmi.core.lesson_status", "completed")];
            let values = if scores[n].is_empty() { &[][..] } else { &score[..] };
            // Two at the same moment and of the same length, and all of the second topic alike.
            let at = i64::try_from(n / 2).unwrap();
            run.takes(&one, learner, (NOW_MS + at * MINUTE_MS, 60 + at), values).await;
            run.takes(&two, learner, (NOW_MS, 60), &[]).await;
        }
        // Launched only: it has no visit to be sorted by.
        run.launch(&run.new_launch(&one, "zoe"), NOW_MS).await.unwrap();

        let number = |it: &ReportRow| it.score.as_ref().map_or(-1.0, |it| it.parse::<f64>().unwrap());
        let sorted_by = |sort: Sort, it: &ReportRow| match sort {
            Sort::LastVisit => format!("{:020}", it.last_visit_ms),
            Sort::FirstVisit => format!("{:020}", it.first_visit_ms),
            Sort::Learner => it.learner.name.to_lowercase(),
            Sort::Course => it.course.clone(),
            Sort::Topic => it.topic.to_lowercase(),
            Sort::Status => it.status.clone(),
            Sort::Score => format!("{:020.1}", number(it) + 1.0),
            Sort::TimeSpent => format!("{:020}", it.time_spent_ms),
            Sort::Attempts => format!("{:020}", it.attempts),
        };
        for sort in Sort::ALL {
            let mut orders = Vec::new();
            for order in [Order::Ascending, Order::Descending] {
                let of = ReportOf { sort, order, ..ReportOf::default() };
                let whole = run.pages(&of, 500).await;
                assert_eq!(whole.len(), 11, "{sort:?}");
                let sorted: Vec<String> = whole.iter().map(|it| sorted_by(sort, it)).collect();
                let is_in_order = sorted.windows(2).all(|it| match order {
                    Order::Ascending => it[0] <= it[1],
                    Order::Descending => it[0] >= it[1],
                });
                assert!(is_in_order, "{sort:?} {order:?}: {sorted:?}");
                let whole: Vec<Key> = whole.iter().map(|it| run.key(it)).collect();
                assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), 11, "{sort:?}");
                for limit in [1, 2, 3, 10, 11] {
                    let some: Vec<Key> = run.pages(&of, limit).await.iter().map(|it| run.key(it)).collect();
                    assert_eq!(some, whole, "{sort:?} {order:?} by {limit}");
                }
                orders.push(whole);
            }
            orders[1].reverse();
            assert_eq!(orders[0], orders[1], "{sort:?}: what is alike is turned round as well");
            // The same within one course, one topic and one learner, which sort nothing then.
            let course =
                ReportOf { course: Some(format!("Course of one {}", run.mark)), ..ReportOf::default() };
            let topic = ReportOf { topic: Some(one.clone()), ..ReportOf::default() };
            let learner = ReportOf { lms_id: Some(format!("Anna {}", run.mark)), ..ReportOf::default() };
            for (of, count) in [(course, 6), (topic, 6), (learner, 2)] {
                assert_eq!(run.keys(ReportOf { sort, ..of }).await.len(), count, "{sort:?}");
            }
        }
    }

    pub(super) async fn pages_give_every_row_once_while_rows_change(&self) {
        let run = self.beside("moving");
        let topic = run.topic("moved", Api::Scorm12).await;
        let names: Vec<String> = (0..7).map(|n| format!("learner {n}")).collect();
        for (n, learner) in names.iter().enumerate() {
            run.takes(&topic, learner, (NOW_MS + i64::try_from(n).unwrap() * MINUTE_MS, 30), &[]).await;
        }
        // By what a visit does not change: whoever comes again is where they were.
        let mut of =
            ReportOf { sort: Sort::Learner, order: Order::Ascending, limit: 2, ..ReportOf::default() };
        let (mut seen, mut at_ms) = (Vec::new(), NOW_MS + 100 * MINUTE_MS);
        loop {
            let page = run.page(Sight::Tenant, &of, at_ms).await;
            seen.extend(page.rows.iter().map(|it| run.key(it).0));
            for learner in ["learner 0", "learner 3", "learner 6"] {
                run.takes(&topic, learner, (at_ms, 30), &[]).await;
                at_ms += MINUTE_MS;
            }
            let Some(next) = page.next else { break };
            of.after = Some(next);
        }
        assert_eq!(seen, names);

        // By the last visit: nobody comes twice, and whoever went ahead meanwhile is among those that changed since.
        let of = ReportOf { limit: 3, ..ReportOf::default() };
        let first = run.page(Sight::Tenant, &of, at_ms).await;
        let mut seen: Vec<String> = first.rows.iter().map(|it| run.key(it).0).collect();
        assert!(!seen.contains(&"learner 1".to_owned()));
        run.takes(&topic, "learner 1", (at_ms, 30), &[]).await;
        run.takes(&topic, &seen[0].clone(), (at_ms, 30), &[]).await;
        let mut of = ReportOf { after: first.next, ..of };
        loop {
            let page = run.page(Sight::Tenant, &of, at_ms + MINUTE_MS).await;
            seen.extend(page.rows.iter().map(|it| run.key(it).0));
            let Some(next) = page.next else { break };
            of.after = Some(next);
        }
        assert_eq!(seen.len(), 6, "{seen:?}");
        let since = ReportOf { changed_since_ms: Some(at_ms), ..ReportOf::default() };
        let changed = run.page(Sight::Tenant, &since, at_ms + MINUTE_MS).await;
        seen.extend(changed.rows.iter().map(|it| run.key(it).0));
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 7, "{seen:?}");
        assert_eq!(changed.rows.len(), 2, "and nobody else");
    }

    pub(super) async fn a_report_is_narrowed_to_what_is_asked_for(&self) {
        let run = self.beside("narrowed");
        let (old, new) = (run.topic("old", Api::Scorm12).await, run.topic("new", Api::Scorm2004).await);
        let passed = [("cmi.core.score.raw", "90")];
        run.takes(&old, "anna", (NOW_MS, 60), &passed).await;
        run.takes(&old, "berta", (NOW_MS + 10 * MINUTE_MS, 60), &[]).await;
        run.takes(&new, "berta", (NOW_MS + 20 * MINUTE_MS, 60), &[]).await;
        // A page that was fenced says something of what the newer one had begun.
        let fenced = run.open(&old, "carla", NOW_MS + 30 * MINUTE_MS).await;
        let newer = run.open(&old, "carla", NOW_MS + 30 * MINUTE_MS).await;
        let at = NOW_MS + 31 * MINUTE_MS;
        let place = |text| [("cmi.core.lesson_location", text)];
        run.merge(&newer, &commit(&newer, 1, 30, &place("new")), at).await;
        run.merge(&fenced, &commit(&fenced, 5, 30, &place("old")), at).await;
        // A report that is far above what was seen.
        let boasts = run.open(&new, "dora", NOW_MS + 40 * MINUTE_MS).await;
        let mut told = commit(&boasts, 1, 60, &[]);
        told.sessions[0].reported = Reported::Set { ms: 36_000_000, at: (0, 60_000) };
        told.sessions[0].state = SessionState::Terminated;
        run.merge(&boasts, &told, NOW_MS + 41 * MINUTE_MS).await;
        run.launch(&run.new_launch(&new, "emma"), NOW_MS).await.unwrap();

        let all = || ReportOf::default();
        let course = |name: &str| Some(format!("Course of {name} {}", run.mark));
        let words = |it: &str| Some(it.to_owned());
        let day = |from: i64, to: i64| Some((NOW_MS + from * MINUTE_MS, NOW_MS + to * MINUTE_MS));
        let narrowed = [
            ("everything", all(), "anna old, berta old, berta new, carla old, dora new, emma new"),
            ("a course", ReportOf { course: course("old"), ..all() }, "anna old, berta old, carla old"),
            ("a topic", ReportOf { topic: Some(new.clone()), ..all() }, "berta new, dora new, emma new"),
            (
                "a course and another's topic",
                ReportOf { course: course("old"), topic: Some(new.clone()), ..all() },
                "",
            ),
            (
                "a learner",
                ReportOf { lms_id: Some(format!("berta {}", run.mark)), ..all() },
                "berta old, berta new",
            ),
            ("nobody", ReportOf { lms_id: words("nobody"), ..all() }, ""),
            (
                "a status",
                ReportOf { status: words("incomplete"), ..all() },
                "anna old, berta old, berta new, carla old, dora new",
            ),
            ("what nobody passed", ReportOf { status: words("passed"), ..all() }, ""),
            ("what nobody began", ReportOf { status: words("not attempted"), ..all() }, "emma new"),
            ("a kind", ReportOf { kind: words("scorm_2004"), ..all() }, "berta new, dora new, emma new"),
            ("another kind", ReportOf { kind: words("video"), ..all() }, ""),
            ("a flag", ReportOf { flag: words("report_exceeds_presence"), ..all() }, "dora new"),
            ("conflicts", ReportOf { flag: words(CONFLICTS), ..all() }, "carla old"),
            ("never launched", ReportOf { missing: Some(MissingOf::NeverLaunched), ..all() }, "emma new"),
            (
                "no time",
                ReportOf { missing: Some(MissingOf::NoTime), ..all() },
                "anna old, berta old, berta new",
            ),
            (
                "missing",
                ReportOf { missing: Some(MissingOf::Any), ..all() },
                "anna old, berta old, berta new, emma new",
            ),
            ("a name", ReportOf { search: words("MUSTER, B"), ..all() }, "berta old, berta new"),
            ("in a name", ReportOf { search: words("CARL"), course: course("old"), ..all() }, "carla old"),
            ("a time", ReportOf { within_ms: day(11, 31), ..all() }, "berta old, berta new, carla old"),
            ("before it", ReportOf { within_ms: day(-9, 0), ..all() }, ""),
        ];
        for (what, of, expected) in narrowed {
            let expected: BTreeSet<Key> = expected
                .split(", ")
                .filter_map(|it| it.split_once(' '))
                .map(|(learner, topic)| (learner.to_owned(), topic.to_owned()))
                .collect();
            assert_eq!(run.keys(of.clone()).await, expected, "{what}");
            // Of another tenant nothing is there, whatever is asked for.
            let strangers = run.store().report("somebody else", Sight::Tenant, of, LATER_MS).await.unwrap();
            assert_eq!(strangers, ReportPage::default(), "{what}");
        }
        let rows: BTreeMap<Key, ReportRow> =
            run.pages(&all(), 500).await.into_iter().map(|it| (run.key(&it), it)).collect();
        let row = |learner: &str, topic: &str| &rows[&(learner.to_owned(), topic.to_owned())];
        assert_eq!((row("carla", "old").conflicts, row("berta", "old").conflicts), (1, 0));
        let emma = row("emma", "new");
        assert_eq!((emma.missing, emma.status.as_str()), (Some(Missing::NeverLaunched), "not attempted"));
        assert_eq!((emma.attempts, emma.time_spent_ms, emma.last_visit_ms), (0, 0, 0));
        assert_eq!(row("dora", "new").missing, None, "it said a time, however wrong");
        run.nobody_sees_what_is_not_theirs(&rows).await;
    }

    async fn nobody_sees_what_is_not_theirs(&self, rows: &BTreeMap<Key, ReportRow>) {
        let own = self.store().launched(&self.tenant, "nobody", "none").await;
        assert!(own.is_err());
        let berta =
            self.open(&rows[&("berta".to_owned(), "old".to_owned())].topic_id, "berta", LATER_MS).await;
        let sight = Sight::Learner(berta.claims.learner.clone());
        let page = self.page(sight.clone(), &ReportOf::default(), LATER_MS).await;
        assert_eq!(page.rows.iter().map(|it| self.key(it).0).collect::<Vec<_>>(), ["berta", "berta"]);
        let annas = ReportOf { lms_id: Some(format!("anna {}", self.mark)), ..ReportOf::default() };
        assert_eq!(self.page(sight.clone(), &annas, LATER_MS).await, ReportPage::default());
        // A place of somebody else's page leads to nothing but what is theirs.
        let one = ReportOf { limit: 1, ..ReportOf::default() };
        let all = self.page(Sight::Tenant, &one, LATER_MS).await;
        let behind = ReportOf { after: all.next, ..ReportOf::default() };
        let page = self.page(sight.clone(), &behind, LATER_MS).await;
        assert!(page.rows.iter().all(|it| self.key(it).0 == "berta"), "{page:?}");
        let strangers =
            self.store().report("somebody else", sight, ReportOf::default(), LATER_MS).await.unwrap();
        assert_eq!(strangers, ReportPage::default());
        let nobodys = self.page(Sight::Groups(Vec::new()), &ReportOf::default(), LATER_MS).await;
        assert_eq!(nobodys, ReportPage::default());
    }

    /// After all that: every row of every tenant.
    pub(super) async fn everything_is_what_it_is_derived_from(&self) {
        // A sign of life without news is told to a database now and then, and is in the row once the visit is closed.
        for store in self.stores {
            store.settle().await.unwrap();
        }
        while self.store().close_silent(LATER_MS, 0).await.unwrap() > 0 {}
        while self.store().renew_standings(1_000, NOW_MS).await.unwrap() > 0 {}
        let mut found = Vec::new();
        let store = self.store();
        let done = verify(store, None, &mut |it| found.push(it), &mut |_| ()).await.unwrap();
        // Noted are the attempts that a backup did not know, and that were made again with the numbers that they had.
        found.retain(|it| !it.what.is_empty());
        assert_eq!(found, []);
        assert!(done.seen > 50 && (done.stale, done.differing) == (0, 0), "{done:?}");
        let of_one = verify(store, Some(&self.tenant), &mut |_| (), &mut |_| ()).await.unwrap();
        assert!(of_one.seen > 10 && of_one.seen < done.seen, "{of_one:?} of {done:?}");
    }

    pub(super) async fn a_row_tells_the_best_score_and_when_it_last_changed(&self) {
        let run = self.beside("scored");
        let topic = run.topic("scored", Api::Scorm12).await;
        let score = |text| [("cmi.core.score.raw", text)];
        let row = async |now_ms| run.page(Sight::Tenant, &ReportOf::default(), now_ms).await.rows.remove(0);
        let again = async |at_ms, text| {
            let launch = NewLaunch { mode: Mode::New, ..run.new_launch(&topic, "anna") };
            run.launch(&launch, at_ms).await.unwrap();
            let visit = run.open_code(&launch, at_ms).await.unwrap();
            let mut told = commit(&visit, 1, 60, &score(text));
            told.sessions[0].state = SessionState::Terminated;
            run.merge(&visit, &told, at_ms + MINUTE_MS).await;
            (visit, told)
        };
        run.takes(&topic, "anna", (NOW_MS, 60), &score("70")).await;
        let first = row(NOW_MS + 2 * MINUTE_MS).await;
        assert_eq!((first.score.as_deref(), first.best_score.as_deref()), (Some("70"), Some("70")));
        assert_eq!((first.attempts, first.changed_ms), (1, NOW_MS + 2 * MINUTE_MS));
        again(NOW_MS + 5 * MINUTE_MS, "100").await;
        let (visit, told) = again(NOW_MS + 10 * MINUTE_MS, "9").await;
        let at = NOW_MS + 12 * MINUTE_MS;
        let third = row(at).await;
        assert_eq!((third.score.as_deref(), third.best_score.as_deref()), (Some("9"), Some("100")));
        assert_eq!((third.attempts, third.changed_ms, third.kind.as_str()), (3, at, "scorm_1.2"));
        // Another name is derived anew, and is nothing that the row comes to.
        let mut renamed = run.new_launch(&topic, "anna");
        renamed.learner.name = "Meier".to_owned();
        run.launch(&renamed, at).await.unwrap();
        let named = row(at + MINUTE_MS).await;
        assert_eq!((named.learner.name.as_str(), named.changed_ms), ("Meier", at));
        // The same again changes nothing; something else does.
        run.merge(&visit, &told, NOW_MS + 11 * MINUTE_MS).await;
        assert_eq!(row(at + 2 * MINUTE_MS).await.changed_ms, at);
        run.merge(&visit, &commit(&visit, 2, 90, &score("10")), at + 2 * MINUTE_MS).await;
        let last = row(at + 3 * MINUTE_MS).await;
        assert_eq!((last.changed_ms, last.score.as_deref()), (at + 3 * MINUTE_MS, Some("10")));
        let since = ReportOf { changed_since_ms: Some(at + 3 * MINUTE_MS - 1), ..ReportOf::default() };
        assert_eq!(run.keys(since).await.len(), 1);
        let since = ReportOf { changed_since_ms: Some(at + 3 * MINUTE_MS), ..ReportOf::default() };
        assert_eq!(run.keys(since).await.len(), 0);
    }
}
