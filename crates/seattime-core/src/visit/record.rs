//! The records of a visit's activities, as its page knows them.

use crate::outcome::{Completion, Outcome, Record, Success};
use crate::session::{ApiState, Session};
use crate::time::{COUNTS_PLAYED_MS, COUNTS_VISIBLE_MS, EvidenceKind, Ledger};

use super::Visit;

impl Visit {
    /// Sets the record of the activity that was added last as it was when the visit was opened, whether it was launched
    /// in this attempt, as far as that counts, and whether a 2004 session that ends without a status completes it.
    pub fn preset_record(
        &mut self,
        completion: Completion,
        success: Success,
        was_launched: bool,
        is_filled_in: bool,
    ) {
        if let Some(activity) = self.activities.last_mut() {
            activity.record = Record { completion, success, ..Record::default() };
            activity.was_launched = was_launched;
            activity.is_filled_in = is_filled_in;
        }
    }

    /// Notes that the page of the content has loaded with all its scripts.
    pub fn note_loaded(&mut self) {
        if let Some(session) = self.sessions.last_mut() {
            session.note_loaded();
        }
    }

    /// The outcome of one of its sessions as it stands, as [`Session::outcome`].
    pub fn outcome(&self, session: &Session) -> Option<Outcome> {
        let activity = self.activities.get(session.activity as usize)?;
        session.outcome(activity.is_filled_in)
    }

    /// The one-word status of an activity's record, numbered from 0, with the sessions of this visit.
    pub fn status(&self, activity: usize) -> &'static str {
        let Some(known) = self.activities.get(activity) else { return "" };
        let counts = self.counts();
        let sessions = || self.sessions.iter().filter(|it| counts && it.activity as usize == activity);
        let mut record = known.record;
        // As `Record::add`, less scores: nobody asks for them here.
        let counted = sessions().filter(|it| it.api() != ApiState::Before || it.end().is_some());
        for outcome in counted.filter_map(|it| self.outcome(it)) {
            record.completion = record.completion.max(outcome.completion);
            record.success = record.success.max(outcome.success);
        }
        record.status(known.was_launched || sessions().next().is_some())
    }

    /// True if its attempt counts: it did when the visit was opened, content called Initialize, the learner gave a
    /// sign, media played for 2 s, or the page was visible for 10 s.
    fn counts(&self) -> bool {
        let is_initialized = || self.sessions.iter().any(|it| it.api() != ApiState::Before);
        self.activities.iter().any(|it| it.was_launched) || is_initialized() || self.ledger.counts()
    }
}

impl Ledger {
    /// True if what it holds makes an attempt count.
    fn counts(&self) -> bool {
        let visible = || self.visible().iter().map(|it| it.last - it.first).sum::<i64>();
        self.evidence().iter().any(|it| it.about == EvidenceKind::Human)
            || self.media_ms() >= COUNTS_PLAYED_MS
            || visible() >= COUNTS_VISIBLE_MS
    }
}
