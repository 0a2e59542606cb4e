//! A learner whose page sends commits of the usual size: about a kB, three values, a grown span.

use anyhow::{Context, Result};
use seattime_testbed::package::{page, zipped};
use seattime_wire::Receipt;
use serde_json::{Value, json};

use crate::client::{Answer, Connection};

/// Numbers of changes that each commit uses up.
const CHANGES: u64 = 10;
const COMMIT: &str = "POST /run/v1/commits HTTP/1.1\r\n";

/// A learner with one open visit.
pub(crate) struct Learner {
    pub(crate) name: String,
    token: String,
    visit: String,
    lease: u64,
    opened_ms: i64,
    /// How many commits were sent.
    pub(crate) sent: u64,
    /// The last commit that was acknowledged, and how long the learner had been there by then, in ms.
    pub(crate) acked: u64,
    pub(crate) acked_ms: u64,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Kept,
    Refused(u16),
}

impl Learner {
    /// Launches the topic and opens a visit.
    pub(crate) async fn open(to: &mut Connection, key: &str, topic: &str, name: String) -> Result<Learner> {
        let launch = json!({ "learner": { "id": name, "name": "Muster, Anna" }, "topic": topic }).to_string();
        let made = to.api("POST", "/api/v1/launches", key, launch.as_bytes()).await?;
        let url = made.get("url").and_then(Value::as_str).context("a launch without url")?;
        let code = url.split_once("#code=").context("a launch without code")?.1;
        let body = json!({ "code": code, "keeps_origin": true }).to_string();
        let opened = to.api("POST", "/run/v1/visits", key, body.as_bytes()).await?;
        let text = |name: &str| {
            let found = opened.get(name).and_then(Value::as_str).map(str::to_owned);
            found.with_context(|| format!("a visit without {name}"))
        };
        let number = |name: &str| opened.get(name).and_then(Value::as_i64).context("a visit without number");
        Ok(Learner {
            name,
            token: text("token")?,
            visit: text("visit")?,
            lease: u64::try_from(number("lease")?)?,
            opened_ms: number("server_ms")?,
            sent: 0,
            acked: 0,
            acked_ms: 0,
        })
    }

    /// Commit number `k`, from 1, of a learner who was there until `ms` on the page's clock.
    pub(crate) fn commit(&self, k: u64, ms: u64) -> String {
        let seq = k * CHANGES;
        let Learner { token, visit, lease, opened_ms, acked_ms, .. } = self;
        let (a, b, c, d, e) = (seq + 1, seq + 2, seq + 3, seq + 4, seq + 9);
        format!(
            r#"{{"v":1,"token":"{token}","visit":"{visit}","lease":{lease},"seq":{e},"partial":false,"reason":"commit","sent_date_ms":{sent},"stretches":[{{"n":0,"start_date_ms":{opened_ms},"sent_at_ms":{ms}}}],"sessions":[{{"n":1,"seq":{d},"kind":"sco","activity":"item","try":1,"entry":"ab-initio","state":"running","span":[[0,0,{ms}]],"reported":{{"state":"unset"}},"set":{{"cmi.location":["{k}",{a}],"cmi.score.raw":["{k}",{b}],"cmi.suspend_data":["{k};{data}",{c}]}}}}],"time":{{"evidence":[[0,{acked_ms},{ms},"human"]],"visible":[[0,0,{ms}]]}}}}"#,
            sent = opened_ms.saturating_add_unsigned(ms),
            data = SUSPEND_DATA,
        )
    }

    /// A sign of life: nothing that the server does not know.
    fn heartbeat(&self, ms: u64) -> String {
        let Learner { token, visit, lease, opened_ms, .. } = self;
        let seq = self.acked * CHANGES + 9;
        format!(
            r#"{{"v":1,"token":"{token}","visit":"{visit}","lease":{lease},"seq":{seq},"partial":false,"reason":"heartbeat","sent_date_ms":{sent},"stretches":[{{"n":0,"start_date_ms":{opened_ms},"sent_at_ms":{ms}}}]}}"#,
            sent = opened_ms.saturating_add_unsigned(ms),
        )
    }

    /// Writes commit number `k` and sends it.
    pub(crate) async fn send(&mut self, to: &mut Connection, k: u64, ms: u64) -> Result<Outcome> {
        let body = self.commit(k, ms);
        self.post(to, &body, k, ms).await
    }

    /// Sends commit number `k` as it was written. What is written once more is no duplicate: its evidence begins
    /// where the last acknowledged one ends.
    pub(crate) async fn post(&mut self, to: &mut Connection, body: &str, k: u64, ms: u64) -> Result<Outcome> {
        self.sent = self.sent.max(k);
        let answer = to.send(COMMIT, body.as_bytes()).await?;
        let outcome = self.heard(&answer, k * CHANGES + 9)?;
        if outcome == Outcome::Kept {
            (self.acked, self.acked_ms) = (k, ms);
        }
        Ok(outcome)
    }

    /// Sends a sign of life.
    pub(crate) async fn live(&mut self, to: &mut Connection, ms: u64) -> Result<Outcome> {
        let answer = to.send(COMMIT, self.heartbeat(ms).as_bytes()).await?;
        self.heard(&answer, 0)
    }

    fn heard(&mut self, answer: &Answer<'_>, seq: u64) -> Result<Outcome> {
        if answer.status != 200 {
            return Ok(Outcome::Refused(answer.status));
        }
        let receipt: Receipt = serde_json::from_slice(answer.body)?;
        anyhow::ensure!(receipt.acked >= seq, "{}: acknowledged {} of {seq}", self.name, receipt.acked);
        anyhow::ensure!(receipt.refused.is_empty(), "{}: refused {:?}", self.name, receipt.refused);
        if let Some(token) = receipt.token {
            self.token = token;
        }
        Ok(Outcome::Kept)
    }
}

/// What a course keeps of itself: some 300 characters.
const SUSPEND_DATA: &str = "2|page-01:v,page-02:v,page-03:v,page-04:v,page-05:v,page-06:v,page-07:o,page-08:n|quiz:q1=a,q2=c,q3=b,q4=-,q5=-|bookmarks:3,7|volume:0.8|captions:on|variables:slide=7;layer=base;tries=1;score=40;name=Anna;started=1700000000;language=de;theme=light;visited=1,2,3,4,5,6,7";

/// Imports a course; answers the topic.
pub(crate) async fn import(to: &mut Connection, key: &str) -> Result<String> {
    let bytes = zipped("Load", &[page("Load")])?;
    let answer = to.api("POST", "/api/v1/packages?course=Load", key, &bytes).await?;
    let topic = answer.get("topic").and_then(Value::as_str).context("a package without topic")?;
    Ok(topic.to_owned())
}
