//! Who is to take a course, and who is in which group.

use std::collections::BTreeSet;

use seattime_wire::Api;

use super::{NOW_MS, Run};
use crate::store::{
    Learner, Missing, NewLearner, ReportOf, ReportRow, Sight, StoreError, StoredPackage, VisitsOf,
};

impl Run<'_> {
    pub(super) fn learner(&self, name: &str, groups: Option<&[&str]>) -> NewLearner {
        NewLearner {
            lms_id: format!("{name} {}", self.mark),
            name: format!("Muster, {name}"),
            groups: groups.map(|it| it.iter().map(|it| (*it).to_owned()).collect()),
        }
    }

    async fn all(&self, sight: Sight, of: ReportOf) -> Vec<ReportRow> {
        self.store().report(&self.tenant, sight, of, NOW_MS).await.unwrap().rows
    }

    /// Learners with their topics, as the report has them, less the mark.
    async fn shown(&self, sight: Sight, of: ReportOf) -> BTreeSet<String> {
        let rows = self.all(sight, of).await;
        let bare = |text: &str| text.replace(&format!(" {}", self.mark), "");
        rows.iter().map(|it| format!("{} {}", bare(&it.learner.id), bare(&it.topic_id))).collect()
    }

    pub(super) async fn file(&self, name: &str, course: &str) -> String {
        let package = StoredPackage { course: course.to_owned(), ..self.package(name, Api::Scorm12) };
        let id = package.id.clone();
        self.store().put_package(&self.tenant, package, NOW_MS).await.unwrap();
        id
    }

    async fn has(&self, rows: &[&str]) {
        let rows: BTreeSet<String> = rows.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(self.shown(Sight::Tenant, ReportOf::default()).await, rows);
    }

    pub(super) async fn who_is_enrolled_has_a_row_of_every_topic(&self) {
        let run = self.beside("enrolled");
        let course = format!("Safety {}", run.mark);
        let one = run.file("one", &course).await;
        run.file("two", &course).await;
        run.file("three", "another").await;
        for _ in 0..2 {
            let anna = run.learner("anna", None);
            run.store().enrol(&run.tenant, anna, &course, NOW_MS).await.unwrap();
            run.has(&["anna one", "anna two"]).await;
        }
        let rows = run.all(Sight::Tenant, ReportOf::default()).await;
        let is_empty = |it: &ReportRow| {
            it.missing == Some(Missing::NeverLaunched)
                && it.status == "not attempted"
                && (it.time_spent_ms, it.attempts, it.first_visit_ms, it.last_visit_ms) == (0, 0, 0, 0)
        };
        assert!(rows.iter().all(is_empty), "{rows:?}");

        // A topic that comes later, and one that is filed under another course.
        run.file("four", &course).await;
        run.has(&["anna one", "anna two", "anna four"]).await;
        run.file("two", "another").await;
        run.has(&["anna one", "anna four"]).await;
        run.file("two", &course).await;
        run.has(&["anna one", "anna two", "anna four"]).await;

        // What was opened stays, also under the course that it was opened in.
        run.takes(&one, "anna", (NOW_MS, 60), &[]).await;
        let row = run.all(Sight::Tenant, ReportOf { topic: Some(one.clone()), ..ReportOf::default() }).await;
        assert_eq!((row[0].time_spent_ms, row[0].attempts), (60_000, 1));
        run.file("one", "another").await;
        run.has(&["anna one", "anna two", "anna four"]).await;
        run.file("one", &course).await;
        let anna = run.learner("anna", None).lms_id;
        run.store().unenrol(&run.tenant, &anna, &course).await.unwrap();
        run.has(&["anna one"]).await;
        let none = Err(StoreError::NotFound("enrolment"));
        assert_eq!(run.store().unenrol(&run.tenant, &anna, &course).await, none);
        assert_eq!(run.store().unenrol(&run.tenant, "nobody", &course).await, none);
        assert_eq!(run.store().unenrol("somebody else", &anna, &course).await, none);
        // A course without topics has none to show yet.
        let berta = run.learner("berta", None);
        run.store().enrol(&run.tenant, berta, "to come", NOW_MS).await.unwrap();
        run.has(&["anna one"]).await;
        run.file("five", "to come").await;
        run.has(&["anna one", "berta five"]).await;
    }

    pub(super) async fn learners_are_seen_by_their_groups(&self) {
        let run = self.beside("grouped");
        let topic = run.file("one", "Safety").await;
        let launch = async |name: &str, groups: Option<&[&str]>| {
            let mut new = run.new_launch(&topic, name);
            new.learner = run.learner(name, groups);
            run.launch(&new, NOW_MS).await.unwrap();
            run.open_code(&new, NOW_MS).await.unwrap()
        };
        launch("anna", Some(&["north", "day", "north"])).await;
        launch("berta", Some(&["south"])).await;
        launch("carla", None).await;
        let of = |group: &str| ReportOf { group: Some(group.to_owned()), ..ReportOf::default() };
        let groups = |names: &[&str]| Sight::Groups(names.iter().map(|it| (*it).to_owned()).collect());
        let set =
            |names: &[&str]| -> BTreeSet<String> { names.iter().map(|it| format!("{it} one")).collect() };
        assert_eq!(run.shown(Sight::Tenant, of("north")).await, set(&["anna"]));
        assert_eq!(run.shown(Sight::Tenant, of("west")).await, set(&[]));
        assert_eq!(
            run.shown(groups(&["north", "south"]), ReportOf::default()).await,
            set(&["anna", "berta"])
        );
        assert_eq!(run.shown(groups(&["north"]), of("south")).await, set(&[]));
        let rows = run.all(groups(&["day"]), ReportOf::default()).await;
        assert_eq!(rows[0].groups, ["day", "north"]);

        // What is left out stays, what is said takes its place, and nothing is said with an empty list.
        launch("anna", None).await;
        assert_eq!(run.shown(Sight::Tenant, of("north")).await, set(&["anna"]));
        launch("anna", Some(&["south"])).await;
        assert_eq!(run.shown(groups(&["south"]), ReportOf::default()).await, set(&["anna", "berta"]));
        assert_eq!(run.shown(Sight::Tenant, of("north")).await, set(&[]));
        assert_eq!(run.all(groups(&["south"]), ReportOf::default()).await[0].groups, ["south"]);
        run.store().enrol(&run.tenant, run.learner("anna", Some(&[])), "none", NOW_MS).await.unwrap();
        assert_eq!(run.shown(Sight::Tenant, of("south")).await, set(&["berta"]));

        // The evidence of a row is there for whom the row is there.
        let visits = VisitsOf {
            learner: Learner::Lms(run.learner("berta", None).lms_id),
            course: "Safety".to_owned(),
            topic: topic.clone(),
        };
        for (sight, count) in
            [(Sight::Tenant, Some(1)), (groups(&["south"]), Some(1)), (groups(&["north"]), None)]
        {
            let found = run.store().visits(&run.tenant, sight.clone(), visits.clone()).await;
            assert_eq!(found.as_ref().ok().map(Vec::len), count, "{sight:?}: {found:?}");
        }
        let own = launch("anna", None).await.claims.learner;
        let found = run.store().visits(&run.tenant, Sight::Learner(own), visits).await;
        assert_eq!(found, Err(StoreError::NotFound("row")));
    }
}
