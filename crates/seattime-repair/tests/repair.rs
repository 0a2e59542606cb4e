//! The three commands on every kind of legacy_lms_fixture, in both databases: shown, done, done again, taken back.

mod lms;

use lms::{Figures, World, legacy_lms_fixture, truth};
use seattime_repair::{Asked, Command, Outcome};

const COMMANDS: [Command; 3] = [Command::SyncTimeSpent, Command::FixScormTime, Command::SyncScormAttempts];
/// Each of them brings a row of every kind.
const LEARNERS: i64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn each_command_comes_to_the_truth_and_back() {
    for world in World::of_every_kind(LEARNERS).await.unwrap() {
        let before = world.figures().await.unwrap();
        assert_eq!(before, truth(LEARNERS, |_| false));
        for command in COMMANDS {
            let name = format!("{} on {}", command.word(), world.address);
            let (shown, heard) = world.repair(command, true).await.unwrap();
            assert_eq!(world.figures().await.unwrap(), before, "{name}: a dry run writes nothing");
            assert!(!world.records().join(format!("{}-1.undo.jsonl", command.word())).exists());

            let (done, heard_again) = world.repair(command, false).await.unwrap();
            assert_eq!(world.figures().await.unwrap(), truth(LEARNERS, |it| it == command), "{name}");
            assert_eq!(heard.0, heard_again.0, "{name}: what a dry run shows is what is done");
            assert_eq!(shown.outcomes, done.outcomes);
            assert!(done.count(Outcome::Changed) > 0);

            let (again, _) = world.repair(command, false).await.unwrap();
            assert_eq!((again.count(Outcome::Changed), again.undo), (0, None), "{name}: once is enough");
            assert_eq!(world.figures().await.unwrap(), truth(LEARNERS, |it| it == command), "{name}");

            let undo = done.undo.clone().unwrap();
            let (shown, _) = world.undo(&undo, true).await.unwrap();
            assert_eq!(world.figures().await.unwrap(), truth(LEARNERS, |it| it == command), "{name}");
            let (back, _) = world.undo(&undo, false).await.unwrap();
            assert_eq!(world.figures().await.unwrap(), before, "{name}: undone");
            assert_eq!(back.count(Outcome::Changed), done.count(Outcome::Changed), "{name}");
            assert_eq!(shown.outcomes, back.outcomes, "{name}");
            let (back, _) = world.undo(&undo, false).await.unwrap();
            assert_eq!(back.count(Outcome::Changed), 0, "{name}: there is nothing left to undo");
        }
        for command in COMMANDS {
            world.repair(command, false).await.unwrap();
        }
        assert_eq!(
            world.figures().await.unwrap(),
            truth(LEARNERS, |_| true),
            "all of them, one after the other"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_told_of_with_its_reason() {
    for world in World::of_every_kind(2).await.unwrap() {
        let (_, heard) = world.repair(Command::FixScormTime, true).await.unwrap();
        let topic = |name: &str| {
            let id = legacy_lms_fixture::rows_of(1).topics.iter().find(|it| it.3.name == name).unwrap().0;
            heard.of("courses_topicprogress", id).unwrap()
        };
        #[rustfmt::skip]
        let cases = [
            ("1.2",                        Outcome::Changed,        "1 attempt took 0h 12m 30s"),
            ("total zero, three sessions", Outcome::Changed,        "1 attempt took 0h 10m 30s, a lower bound"),
            ("three attempts",             Outcome::Changed,        "3 attempts took 0h 15m 0s, a lower bound"),
            ("an attempt twice",           Outcome::Changed,        "1 attempt took 0h 12m 30s, of rows for the same attempt the longest"),
            ("never sent",                 Outcome::NotRecoverable, "of its attempt, the package never sent a time, and what was never sent cannot be recovered"),
            ("only zero sent",             Outcome::NotRecoverable, "of its attempt, total_time is zero, session_time is zero: the package sent no time but zero, and what was never sent cannot be recovered"),
            ("no attempt kept",            Outcome::NotRecoverable, "the learner is enrolled, and no attempt was ever kept"),
            ("a month",                    Outcome::Malformed,      "of its attempt, total_time is \"P1M\", which cannot be read, session_time is empty: years and months have no length in seconds"),
            ("huge",                       Outcome::Implausible,    "total_time is \"9999:59:59\", 35999999 s, session_time is \"99999999999999999999:00:00\", which cannot be read; expected at most 720000 s"),
            ("more is there",              Outcome::Higher,         "5000 is there, which is more and stays; 1 attempt took 0h 13m 20s"),
            ("two rows of one topic",      Outcome::Ambiguous,      "2 rows stand for this learner and topic"),
        ];
        for (name, outcome, why) in cases {
            let told = topic(name);
            assert!(told.outcome == outcome && told.why.contains(why), "{name}: {told}");
        }
        let lone = legacy_lms_fixture::rows_of(1).attempts.last().unwrap().0;
        let told = heard.of("scorm_scormattempt", lone).unwrap();
        assert!(told.why.ends_with("no row of the report belongs to it"), "{told}");
        // A row of a video is no business of this command, and every other row is told of once.
        let expected: usize = (0..2)
            .map(legacy_lms_fixture::rows_of)
            .map(|it| it.attempts.len() + it.topics.iter().filter(|it| !it.3.enrolments.is_empty()).count())
            .sum();
        assert_eq!(heard.0.len(), expected);
    }
}

/// The story that all this began with.
#[tokio::test(flavor = "multi_thread")]
async fn seven_finished_topics_without_a_time_get_their_attempts_and_the_truth_about_their_times() {
    const CHANGED: &str = "2026-03-04 05:06:07";
    let rows: String = (1..=7)
        .map(|n| {
            format!(
                "INSERT INTO courses_topicprogress VALUES ({n}, 1, {n}, 0, 0, NULL, NULL, NULL, true, '{CHANGED}');
                INSERT INTO scorm_scormenrollment VALUES ({n}, 1, {n}, 1, '{CHANGED}');
                INSERT INTO scorm_scormattempt VALUES
                    ({n}, {n}, 1, '1.2', '00:00:00', '', 0, 0, 'completed', '{CHANGED}');"
            )
        })
        .collect();
    let sqlite = World::sqlite(&format!("{}; {rows}", legacy_lms_fixture::SQLITE)).unwrap();
    let postgres = World::postgres(&format!("{}; {rows}", legacy_lms_fixture::POSTGRES)).await.unwrap();
    for world in [Some(sqlite), postgres].into_iter().flatten() {
        let mut told = Vec::new();
        for command in COMMANDS {
            told.push(world.repair(command, false).await.unwrap());
        }
        let Figures { topics, attempts } = world.figures().await.unwrap();
        let zero_and_one = vec![Some("0".to_owned()), Some("1".to_owned())];
        assert_eq!(topics, (1..=7).map(|n| (n, zero_and_one.clone())).collect());
        let zeros = vec![Some("0".to_owned()); 2];
        assert_eq!(attempts, (1..=7).map(|n| (n, zeros.clone())).collect());
        for n in 1..=7 {
            let of = |it: usize| told[it].1.of("courses_topicprogress", n).unwrap().to_string();
            assert_eq!(
                of(1),
                format!(
                    "not_recoverable: courses_topicprogress {n} (learner 1, topic {n}): of its attempt, total_time is \
                     zero, session_time is empty: the package sent no time but zero, and what was never sent cannot be \
                     recovered"
                )
            );
            assert_eq!(
                of(2),
                format!(
                    "changed: courses_topicprogress {n} (learner 1, topic {n}): attempts 0 -> 1, the enrolment says \
                     total_attempts 1"
                )
            );
        }
        assert_eq!(told[1].0.count(Outcome::Changed), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_learner_or_what_was_changed_since_is_all_that_is_touched() {
    for world in World::of_every_kind(3).await.unwrap() {
        let before = world.figures().await.unwrap();
        let of = |learner: i64| {
            let mut expected = before.clone();
            let rows = legacy_lms_fixture::rows_of(learner);
            let all = truth(3, |it| it == Command::FixScormTime);
            rows.topics.iter().for_each(|it| {
                expected.topics.insert(it.0, all.topics[&it.0].clone());
            });
            rows.attempts.iter().for_each(|it| {
                expected.attempts.insert(it.0, all.attempts[&it.0].clone());
            });
            expected
        };
        let asked = Asked::new(Some("2".to_owned()), None).unwrap();
        let (done, _) = world.repair_some(Command::FixScormTime, &asked, false).await.unwrap();
        assert_eq!(world.figures().await.unwrap(), of(1), "learner 2 on {}", world.address);
        world.undo(&done.undo.unwrap(), false).await.unwrap();

        // The third learner's attempts were changed a day later than everybody else's rows.
        let ids: Vec<String> =
            legacy_lms_fixture::rows_of(2).attempts.iter().map(|it| it.0.to_string()).collect();
        world
            .run(&format!(
                "UPDATE scorm_scormattempt SET updated_at = '2026-03-05 05:06:07' WHERE id IN ({})",
                ids.join(", ")
            ))
            .await
            .unwrap();
        for since in ["2026-03-05", "2026-03-05T05:06:07Z", "2026-03-05T07:06:07+02:00"] {
            let asked = Asked::new(None, Some(since)).unwrap();
            let (done, _) = world.repair_some(Command::FixScormTime, &asked, false).await.unwrap();
            assert_eq!(world.figures().await.unwrap(), of(2), "since {since} on {}", world.address);
            world.undo(&done.undo.unwrap(), false).await.unwrap();
        }
        let asked = Asked::new(None, Some("2026-03-05T05:06:08Z")).unwrap();
        let (done, heard) = world.repair_some(Command::FixScormTime, &asked, false).await.unwrap();
        assert_eq!((done.looked_at, heard.0.len()), (0, 0));
    }
    let error = Asked::new(None, Some("yesterday")).unwrap_err().to_string();
    assert!(error.contains("expected a day as 2026-01-31"), "{error}");
}
