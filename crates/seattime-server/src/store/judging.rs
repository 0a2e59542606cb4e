//! Judging what is kept by another policy: what is sent stays as it is, and what it comes to is told before and after.

use seattime_wire::Policy;
use serde::Serialize;

use super::standing::Gathered;
use super::{ReportLearner, ReportRow, StoreError};

/// By what visits are judged anew, and who wants it.
#[derive(Debug, Clone)]
pub struct Judging {
    /// The policy that they keep from then on.
    pub policy: Policy,
    /// Who wants it: what the record says.
    pub who: String,
    /// When, in ms since 1970.
    pub now_ms: i64,
    /// Whether it is only told what would change.
    pub is_dry: bool,
}

/// Which rows are judged: all of a tenant's, or those of one learner, one course.
#[derive(Debug, Clone, Default)]
pub struct JudgedOf {
    /// The LMS's own id of a learner.
    pub lms_id: Option<String>,
    /// Name of a course.
    pub course: Option<String>,
}

/// A row of the report by its key; rows are gone through in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey {
    /// The learner's id, ours.
    pub learner: String,
    /// Name of the course.
    pub course: String,
    /// The topic's id.
    pub topic: String,
}

/// What one step came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JudgedRows {
    /// Rows of which some visit was under another policy.
    pub judged: Vec<Judged>,
    /// How many were looked at.
    pub seen: usize,
    /// The last one that was looked at; none where there are no more.
    pub last: Option<RowKey>,
}

/// A row of the report, of which some visit was judged by another policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Who learns.
    pub learner: ReportLearner,
    /// Name of the course.
    pub course: String,
    /// Name of the topic.
    pub topic: String,
    /// How many visits were judged by another policy.
    pub visits: usize,
    /// What became of the policy, such as `idle limit 300 s → 120 s`.
    pub why: Vec<String>,
    /// What the row came to.
    pub before: Judgement,
    /// What it comes to now.
    pub after: Judgement,
}

/// What a row comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The record in one word.
    pub status: String,
    /// Its score.
    pub score: Option<String>,
    /// How many attempts count.
    pub attempts: u32,
    /// Time credited, as `0h 15m 30s`.
    pub time_spent: String,
    /// Time credited, in ms.
    pub time_spent_ms: i64,
    /// What was measured, in ms.
    pub measured_ms: i64,
    /// Where it comes from.
    pub provenance: String,
    /// What is remarkable.
    pub flags: Vec<String>,
    /// The policies of its visits, each once.
    pub policies: Vec<Policy>,
}

impl Judged {
    /// Recomputes a row under a policy; none where its visits are under that policy and the row stays as it is.
    ///
    /// The row as it was derived last is the one before, so that rules of a newer version are listed; where it is
    /// stale, commits have changed it as well, and it is derived first.
    pub(crate) fn of(
        gathered: &Gathered,
        policy: Policy,
        is_stale: bool,
    ) -> Result<Option<Judged>, StoreError> {
        let others: Vec<Policy> = gathered.policies().filter(|it| *it != policy).collect();
        let shown = gathered.before.as_deref().filter(|_| !is_stale);
        let before = match shown.map(serde_json::from_str::<ReportRow>).transpose()? {
            Some(shown) => shown,
            None => gathered.row(None)?,
        };
        let after = gathered.row(Some(policy))?;
        let shown = |it: &ReportRow| {
            let record = (it.status.clone(), it.completion, it.success, it.score.clone());
            (record, it.attempts, it.time_spent_ms, it.flags.clone())
        };
        let is_newer = others.is_empty() && shown(&before) != shown(&after);
        if others.is_empty() && !is_newer {
            return Ok(None);
        }
        let mut policies: Vec<Policy> = Vec::new();
        for it in gathered.policies() {
            if !policies.contains(&it) {
                policies.push(it);
            }
        }
        let mut why: Vec<String> =
            is_newer.then(|| "derived by the rules of this version".to_owned()).into_iter().collect();
        for change in others.iter().flat_map(|it| changes(*it, policy)) {
            if !why.contains(&change) {
                why.push(change);
            }
        }
        Ok(Some(Judged {
            learner: before.learner.clone(),
            course: before.course.clone(),
            topic: before.topic.clone(),
            visits: others.len(),
            why,
            before: judgement(before, policies),
            after: judgement(after, vec![policy]),
        }))
    }

    /// Whether the report shows anything else than before.
    pub fn is_changed(&self) -> bool {
        let shown =
            |it: &Judgement| Judgement { time_spent: String::new(), policies: Vec::new(), ..it.clone() };
        shown(&self.before) != shown(&self.after)
    }
}

fn judgement(row: ReportRow, policies: Vec<Policy>) -> Judgement {
    Judgement {
        status: row.status,
        score: row.score,
        attempts: row.attempts,
        time_spent: row.time_spent,
        time_spent_ms: row.time_spent_ms,
        measured_ms: row.measured_ms,
        provenance: row.provenance,
        flags: row.flags,
        policies,
    }
}

fn changes(from: Policy, to: Policy) -> Vec<String> {
    let mut changes = Vec::new();
    if from.credit != to.credit {
        changes.push(format!("credit {} → {}", word(from), word(to)));
    }
    let seconds = |ms: i64| ms as f64 / 1_000.0;
    for (name, from_ms, to_ms) in
        [("idle limit", from.idle_limit_ms, to.idle_limit_ms), ("tail", from.tail_ms, to.tail_ms)]
    {
        if from_ms != to_ms {
            changes.push(format!("{name} {} s → {} s", seconds(from_ms), seconds(to_ms)));
        }
    }
    changes
}

fn word(policy: Policy) -> String {
    super::rows::word(&policy.credit).unwrap_or_default()
}
