//! The LMS goes on while its rows are repaired: nothing that it writes is lost, and it never waits.

mod lms;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lms::{Done, Table, World, truth};
use seattime_repair::{Command, Outcome};

const LEARNERS: i64 = 12;
/// What the LMS adds with each call, in s.
const ADDED: i64 = 5;

/// Adds to rows, one after the other, until it is told to stop; answers how often to each.
async fn add(world: &World, ids: Vec<i64>, is_done: Arc<AtomicBool>) -> Done<BTreeMap<i64, i64>> {
    let mut added = BTreeMap::new();
    let statement = |id: i64| {
        format!(
            "UPDATE courses_topicprogress SET total_time_spent = coalesce(total_time_spent, 0) + {ADDED} WHERE id = {id}"
        )
    };
    let (file, guest) =
        if world.is_postgres() { (None, Some(world.guest().await?)) } else { (Some(world.file()?), None) };
    // At least once around, so that there is something to be seen however quick the repair is.
    for (n, id) in ids.iter().cycle().enumerate() {
        if n >= ids.len() && is_done.load(Ordering::SeqCst) {
            break;
        }
        match (&file, &guest) {
            (Some(db), _) => db.execute_batch(&statement(*id))?,
            (None, Some(guest)) => guest.run(&statement(*id)).await?,
            (None, None) => {}
        }
        *added.entry(*id).or_insert(0) += 1;
        tokio::task::yield_now().await;
    }
    Ok(added)
}

fn time(table: &Table, id: i64) -> i64 {
    table.get(&id).and_then(|it| it.first()?.as_ref()?.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_another_process_adds_is_never_lost() {
    for world in World::of_every_kind(LEARNERS).await.unwrap() {
        let world = Arc::new(world);
        let before = world.figures().await.unwrap().topics;
        // Rows that cannot be told apart are left alone whatever is in them.
        let ids: Vec<i64> = before.keys().copied().collect();
        let is_done = Arc::new(AtomicBool::new(false));
        let adding = tokio::spawn({
            let (world, ids, is_done) = (Arc::clone(&world), ids.clone(), Arc::clone(&is_done));
            async move { add(&world, ids, is_done).await }
        });
        for command in [Command::SyncTimeSpent, Command::FixScormTime, Command::SyncTimeSpent] {
            world.repair(command, false).await.unwrap();
        }
        is_done.store(true, Ordering::SeqCst);
        let added = adding.await.unwrap().unwrap();
        let right = truth(LEARNERS, |it| it != Command::SyncScormAttempts).topics;
        let during = world.figures().await.unwrap().topics;
        for id in &ids {
            let (was, now, right) = (time(&before, *id), time(&during, *id), time(&right, *id));
            let adds = added.get(id).copied().unwrap_or(0);
            // Either all that was added is on top of what was there, or the last of it on top of what was put there.
            let is_on_top = now == was + ADDED * adds;
            let is_behind = (0..=adds).any(|last| now == right + ADDED * last);
            assert!(is_on_top || is_behind, "row {id} of {}: {was}, {adds} times, {now}", world.address);
        }
        // Once it is quiet, what was skipped is put right.
        for command in [Command::SyncTimeSpent, Command::FixScormTime] {
            let (done, _) = world.repair(command, false).await.unwrap();
            assert_eq!(done.count(Outcome::Moved), 0);
        }
        let after = world.figures().await.unwrap().topics;
        for id in &ids {
            assert!(time(&after, *id) >= time(&right, *id), "row {id} of {}", world.address);
            assert!(time(&after, *id) >= time(&during, *id), "row {id} of {}", world.address);
        }
    }
}

/// The LMS adds to a row after it was read and before it is written: the repair waits for the LMS's lock in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_changed_between_reading_and_writing_is_left_to_another_run() {
    for world in World::of_every_kind(1).await.unwrap() {
        let world = Arc::new(world);
        let right = truth(1, |it| it == Command::SyncTimeSpent);
        let add = format!(
            "UPDATE courses_topicprogress SET total_time_spent = total_time_spent + {ADDED} WHERE id = 1"
        );
        let (file, guest) = match world.is_postgres() {
            true => (None, Some(world.guest().await.unwrap())),
            false => (Some(world.file().unwrap()), None),
        };
        if let Some(guest) = &guest {
            let lock = "LOCK TABLE courses_topicprogress IN EXCLUSIVE MODE";
            guest.run(&format!("BEGIN; {lock}; {add}")).await.unwrap();
        }
        if let Some(db) = &file {
            db.execute_batch(&format!("BEGIN IMMEDIATE; {add}")).unwrap();
        }
        let repairing = std::thread::spawn({
            let world = Arc::clone(&world);
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(world.repair(Command::SyncTimeSpent, false))
            }
        });
        // What is about to be changed is on disk once everything was read.
        let undo = world.records().join("sync-time-spent-1.undo.jsonl");
        while !std::fs::read_to_string(&undo).is_ok_and(|it| it.lines().count() == 2 && it.ends_with('\n')) {
            tokio::task::yield_now().await;
        }
        if let Some(guest) = &guest {
            guest.run("COMMIT").await.unwrap();
        }
        if let Some(db) = &file {
            db.execute_batch("COMMIT").unwrap();
        }
        let (done, heard) = repairing.join().unwrap().unwrap();
        let told = heard.of("courses_topicprogress", 1).unwrap();
        assert_eq!((told.outcome, done.count(Outcome::Moved)), (Outcome::Moved, 1), "{}", world.address);
        let figures = world.figures().await.unwrap();
        assert_eq!(figures.topics[&1][0].as_deref(), Some("5"), "what the LMS added, on {}", world.address);
        assert_eq!(figures.topics[&2], right.topics[&2]);
        world.repair(Command::SyncTimeSpent, false).await.unwrap();
        assert_eq!(world.figures().await.unwrap(), right);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_lms_holds_is_passed_over_and_said_to_be() {
    let Some(world) = World::postgres(&format!(
        "{}; {}",
        lms::legacy_lms_fixture::POSTGRES,
        lms::legacy_lms_fixture::inserts(&lms::legacy_lms_fixture::rows_of(0))
    ))
    .await
    .unwrap() else {
        return;
    };
    let right = truth(1, |it| it == Command::SyncTimeSpent);
    let holding = world.guest().await.unwrap();
    holding.run("BEGIN; UPDATE courses_topicprogress SET is_completed = false WHERE id = 1").await.unwrap();
    let (done, heard) = world.repair(Command::SyncTimeSpent, false).await.unwrap();
    let told = heard.of("courses_topicprogress", 1).unwrap();
    assert!(
        told.outcome == Outcome::Moved && told.why.starts_with("the LMS changed or held the row"),
        "{told}"
    );
    assert_eq!(done.count(Outcome::Moved), 1);
    holding.run("COMMIT").await.unwrap();
    let figures = world.figures().await.unwrap();
    assert_eq!(figures.topics[&1], vec![Some("0".to_owned()), Some("1".to_owned())]);
    assert_eq!(figures.topics[&2], right.topics[&2]);
    let (done, _) = world.repair(Command::SyncTimeSpent, false).await.unwrap();
    assert_eq!((done.count(Outcome::Changed), world.figures().await.unwrap()), (1, right));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_changed_since_is_not_undone() {
    for world in World::of_every_kind(1).await.unwrap() {
        let before = world.figures().await.unwrap();
        let (done, _) = world.repair(Command::SyncTimeSpent, false).await.unwrap();
        world
            .run("UPDATE courses_topicprogress SET total_time_spent = total_time_spent + 5 WHERE id = 1")
            .await
            .unwrap();
        let undo = done.undo.clone().unwrap();
        let (shown, _) = world.undo(&undo, true).await.unwrap();
        let (back, heard) = world.undo(&undo, false).await.unwrap();
        assert_eq!(shown.outcomes, back.outcomes, "{}", world.address);
        let told = heard.of("courses_topicprogress", 1).unwrap();
        assert_eq!((told.outcome, back.count(Outcome::Moved)), (Outcome::Moved, 1));
        let mut expected = before;
        expected.topics.insert(1, vec![Some("759".to_owned()), Some("1".to_owned())]); // 754 and what the LMS added
        assert_eq!(world.figures().await.unwrap(), expected, "{}", world.address);
    }
}
