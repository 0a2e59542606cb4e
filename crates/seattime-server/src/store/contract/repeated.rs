//! The same message again, to the byte: what every store answers.

use std::sync::Arc;

use seattime_wire::{Api, Commit, CommitReason};

use super::{MINUTE_MS, NOW_MS, Run, SqliteStore, arrival, commit};
use crate::store::{Merged, Store};

/// While nothing can be written, what is on disk is acknowledged all the same, and nothing else is.
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_answers_it_without_a_place_in_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seattime.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, None).unwrap());
    let stores = [Arc::clone(&store)];
    let run = Run::new(&stores, "held up");
    let topic = run.topic("held up", Api::Scorm12).await;
    let visit = run.open(&topic, "maria", NOW_MS).await;
    let told = commit(&visit, 1, 60, &[("cmi.core.lesson_location", "here")]);
    let more = commit(&visit, 2, 70, &[("cmi.core.lesson_location", "there")]);
    let first = run.merge(&visit, &told, NOW_MS + MINUTE_MS).await;

    let beside = rusqlite::Connection::open(&path).unwrap();
    beside.execute_batch("BEGIN IMMEDIATE").unwrap();
    let again = run.merge(&visit, &told, NOW_MS + MINUTE_MS).await;
    assert_eq!(again.receipt, first.receipt);
    let new = arrival(&visit.claims, &more, NOW_MS + 2 * MINUTE_MS);
    let waiting = tokio::spawn(async move { store.merge(new).await });
    tokio::task::yield_now().await;
    assert_eq!(run.merge(&visit, &told, NOW_MS + 2 * MINUTE_MS).await.receipt.acked, 1);
    assert!(!waiting.is_finished(), "what is not on disk is not acknowledged");
    beside.execute_batch("COMMIT").unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().receipt.acked, 2);
}

impl Run<'_> {
    /// Whatever came between: each answer is the one that a message would get that was never sent before.
    pub(super) async fn the_same_message_again_is_told_what_holds_by_then(&self) {
        let topic = self.topic("again", Api::Scorm12).await;
        let visit = self.open(&topic, "karla", NOW_MS).await;
        let at = |minutes: i64| NOW_MS + minutes * MINUTE_MS;
        let place = |text: &'static str| [("cmi.core.lesson_location", text)];
        let first = commit(&visit, 3, 60, &place("first"));
        let short = Commit { partial: true, ..commit(&visit, 4, 70, &place("short")) };
        let later = commit(&visit, 5, 80, &place("later"));
        let bad = commit(&visit, 6, 80, &[("cmi.core.score.raw", "101")]);
        #[rustfmt::skip]
        let cases = [
            // message, minute  acked  refused  why it is here
            (&first,    1,      3,     0),
            (&first,    2,      3,     0),   // the same again
            (&short,    3,      3,     0),   // what is partial is kept and acknowledges nothing
            (&short,    3,      3,     0),
            (&later,    4,      5,     0),
            (&short,    4,      5,     0),   // the same again, after more was acknowledged
            (&first,    4,      5,     0),
            (&later,    5,      5,     0),
            (&bad,      5,      6,     1),
            (&bad,      6,      6,     1),   // what is refused is refused again
            (&bad,      6,      6,     1),
        ];
        for (n, (told, minutes, acked, refused)) in cases.into_iter().enumerate() {
            let Merged { receipt, is_superseded, .. } = self.merge(&visit, told, at(minutes)).await;
            assert_eq!((receipt.acked, receipt.refused.len()), (acked, refused), "message {n}");
            assert_eq!((receipt.server_ms, receipt.need_full, is_superseded), (at(minutes), false, false));
        }
        let next = self.open(&topic, "karla", at(6)).await;
        assert_eq!(next.values["item"]["cmi.core.lesson_location"], "later");
        for _ in 0..2 {
            let fenced = self.merge(&visit, &bad, at(7)).await;
            assert!(
                fenced.is_superseded,
                "whoever has lost the lease is told so, whatever was answered before"
            );
        }
        let own = commit(&next, 1, 60, &place("of the next visit"));
        for _ in 0..2 {
            assert!(!self.merge(&next, &own, at(7)).await.is_superseded);
            assert!(self.merge(&visit, &first, at(7)).await.is_superseded);
        }
        let last = self.open(&topic, "karla", at(8)).await;
        assert_eq!(last.values["item"]["cmi.core.lesson_location"], "of the next visit");
        assert_eq!(self.rows("karla").await[0].time_spent_ms, 140_000, "80 s and 60 s");
    }

    /// It keeps a visit open, and opens one that was closed.
    pub(super) async fn the_same_message_again_is_a_sign_of_life(&self) {
        let topic = self.topic("lively", Api::Scorm12).await;
        let visit = self.open(&topic, "lena", NOW_MS).await;
        let told = commit(&visit, 1, 60, &[("cmi.core.lesson_location", "here")]);
        let at = |minutes: i64| NOW_MS + minutes * MINUTE_MS;
        // One server, which alone knows of signs of life for a minute.
        let same = &self.stores[0];
        let state = async || self.rows("lena").await.remove(0).details[0].state.clone();
        for minutes in [1, 9, 17] {
            let merged = same.merge(arrival(&visit.claims, &told, at(minutes))).await.unwrap();
            assert_eq!((merged.receipt.acked, merged.receipt.server_ms), (1, at(minutes)));
        }
        same.close_silent(at(26), 10 * MINUTE_MS).await.unwrap();
        assert_eq!(state().await, "running", "it was heard of nine minutes ago");
        same.close_silent(at(28), 10 * MINUTE_MS).await.unwrap();
        assert_eq!(state().await, "abandoned", "and then not for eleven");
        for minutes in [29, 30] {
            same.merge(arrival(&visit.claims, &told, at(minutes))).await.unwrap();
            assert_eq!(state().await, "running", "the same again opens it");
        }
        let replayed = Commit { reason: CommitReason::Replay, ..told };
        for minutes in [31, 32] {
            same.merge(arrival(&visit.claims, &replayed, at(minutes))).await.unwrap();
        }
        same.close_silent(at(43), 10 * MINUTE_MS).await.unwrap();
        assert_eq!(state().await, "abandoned");
    }
}
