//! A learner whose page sends commits, and who keeps a log of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use seattime_testing::rng::Rng;
use serde_json::{Value, json};

use crate::server::{Api, text};

/// Each commit whose number this divides names a text that travels ahead of it in parts.
const LONG_EACH: u64 = 5;
/// So many characters go into one part.
const PART: usize = 16_000;
/// What a page waits before it tries again is this short here, so that a server meets its load as it comes up.
const TRIED_AGAIN_AFTER: Duration = Duration::from_millis(10);
/// Numbers of changes that each commit uses up.
const CHANGES: u64 = 10;

/// A learner with one visit.
pub(crate) struct Learner {
    name: String,
    visit: Value,
    opened_ms: i64,
    log: Mutex<Log>,
}

/// What was sent, from commit 1 on: the first that is not acknowledged is sent until it is.
struct Log {
    rng: Rng,
    acked: u64,
    /// Of each commit that was sent, how long the learner had been there, in ms.
    sent_ms: Vec<i64>,
}

/// How many commits were sent and acknowledged.
pub(crate) struct Told {
    pub(crate) sent: u64,
    pub(crate) acked: u64,
}

impl Learner {
    pub(crate) async fn open(api: &Api, topic: &str, n: usize, rng: Rng) -> Result<Learner> {
        let name = format!("learner-{n}");
        let visit = api.open(topic, &name).await?;
        let log = Mutex::new(Log { rng, acked: 0, sent_ms: Vec::new() });
        Ok(Learner { name, visit, opened_ms: api.now_ms(), log })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn told(&self) -> Told {
        let log = self.log();
        Told { sent: log.sent_ms.len() as u64, acked: log.acked }
    }

    /// How long the learner had been there at a commit, in ms.
    pub(crate) fn ms_of(&self, commit: u64) -> i64 {
        let index = commit.checked_sub(1).and_then(|it| usize::try_from(it).ok());
        index.and_then(|it| self.log().sent_ms.get(it).copied()).unwrap_or(0)
    }

    /// Sends commits until the server does not answer.
    pub(crate) async fn run(self: Arc<Learner>, api: Api) {
        while self.send(&api).await.is_ok() {}
    }

    /// Sends commits until told to end; where the server does not answer, again and again, as a page does.
    pub(crate) async fn run_on(self: Arc<Learner>, api: Api, is_over: Arc<AtomicBool>) {
        while !is_over.load(Ordering::SeqCst) {
            if self.send(&api).await.is_err() {
                tokio::time::sleep(TRIED_AGAIN_AFTER).await;
            }
        }
    }

    /// Sends until everything is acknowledged.
    pub(crate) async fn finish(&self, api: &Api) -> Result<()> {
        self.send(api).await?;
        let told = self.told();
        ensure!(told.sent == told.acked, "{}: sent {}, acknowledged {}", self.name, told.sent, told.acked);
        Ok(())
    }

    async fn send(&self, api: &Api) -> Result<()> {
        let (k, acked) = {
            let mut log = self.log();
            let (sent, acked) = (log.sent_ms.len() as u64, log.acked);
            // After a failure the page sends what it has by then: the same, or one change more.
            if sent == acked || log.rng.below(2) == 0 {
                log.sent_ms.push((api.now_ms() - self.opened_ms).max(0));
                (sent + 1, acked)
            } else {
                (sent, acked)
            }
        };
        let of_visit = |name: &str| self.visit.get(name).cloned();
        let latest_long = last_long(k).filter(|it| *it > acked);
        if let Some(change) = latest_long {
            let whole = long(change);
            let of = whole.len().div_ceil(PART);
            for (n, piece) in whole.as_bytes().chunks(PART).enumerate() {
                let part = json!({ "v": 1, "token": of_visit("token"), "visit": of_visit("visit"),
                    "lease": of_visit("lease"), "seq": change * CHANGES + 3, "n": n, "of": of,
                    "text": std::str::from_utf8(piece)? });
                api.post("/run/v1/parts", &part).await?;
            }
        }
        let receipt = api.post("/run/v1/commits", &self.commit(k, latest_long)).await?;
        let acked = receipt.get("acked").and_then(Value::as_u64).context("a receipt without acked")?;
        let refused = receipt.get("refused").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
        ensure!(!refused, "{}: refused {receipt}", self.name);
        if acked >= k * CHANGES + 9 {
            let mut log = self.log();
            log.acked = log.acked.max(k);
        }
        // Networks deliver late and twice: what was sent before must change nothing now.
        let late = 1 + self.log().rng.below(4 * k);
        if late < k {
            api.post("/run/v1/commits", &self.commit(late, None)).await?;
        }
        Ok(())
    }

    /// Commit number `k`, as the page would tell everything that is not acknowledged; `latest_long` is the last
    /// commit among that whose long text travelled ahead.
    fn commit(&self, k: u64, latest_long: Option<u64>) -> Value {
        let of_visit = |name: &str| self.visit.get(name).cloned();
        let (ms, seq) = (self.ms_of(k), k * CHANGES);
        let mut signs: Vec<Value> =
            (0..=ms / 200_000).map(|it| json!([0, it * 200_000, it * 200_000, "human"])).collect();
        signs.push(json!([0, ms, ms, "page"]));
        let mut session = json!({
            "n": 1, "seq": seq + 4, "kind": "sco", "activity": "item", "try": 1, "entry": "ab-initio", "state": "running",
            "span": [[0, 0, ms]], "reported": { "state": "unset" },
            "set": { "cmi.location": [format!("at-{k}"), seq + 1], "cmi.score.raw": [k.to_string(), seq + 2], "cmi.exit": ["suspend", seq + 5] },
        });
        if let (Some(change), Some(session)) = (latest_long, session.as_object_mut()) {
            session.insert("parted".to_owned(), json!({ "cmi.suspend_data": change * CHANGES + 3 }));
        }
        json!({
            "v": 1, "token": of_visit("token"), "visit": of_visit("visit"), "lease": of_visit("lease"), "seq": seq + 9,
            "reason": "commit", "sent_date_ms": self.opened_ms + ms,
            "stretches": [{ "n": 0, "start_date_ms": self.opened_ms, "sent_at_ms": ms }],
            "sessions": [session],
            "time": { "evidence": signs, "visible": [[0, 0, ms]] },
        })
    }

    /// What the next visit reads is what the last commit said that is stored.
    pub(crate) fn check_values(&self, visit: &Value, stored: u64) -> Result<()> {
        if stored == 0 {
            return Ok(());
        }
        let expected = format!("at-{stored}");
        let found = text(visit, "/values/item/cmi.location")?;
        ensure!(found == expected, "{}: the next visit reads {found}, expected {expected}", self.name);
        if let Some(change) = last_long(stored) {
            let found = text(visit, "/values/item/cmi.suspend_data")?;
            ensure!(found == long(change), "{}: suspend data are not those of commit {change}", self.name);
        }
        Ok(())
    }
}

/// The last commit up to `k` that has a long text.
fn last_long(k: u64) -> Option<u64> {
    Some(k - k % LONG_EACH).filter(|it| *it > 0)
}

/// A text that no other commit has, of 60,000 characters and some.
fn long(k: u64) -> String {
    format!("{k};").repeat(60_000 / (k.to_string().len() + 1) + 1)
}
