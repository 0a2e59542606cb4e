//! How a session ends, and the outcome that it leaves.

use super::{ApiState, Changes, Kind, Session, State};
use crate::attempt;
use crate::end::{self, End, EndKind, Ended, Ending};
use crate::model::{Version, v12};
use crate::outcome::Outcome;

/// The 1.2 status that LMSFinish found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SettledFrom {
    /// None was set.
    Untouched,
    /// Content had set one.
    Set,
}

impl Session {
    /// The content was taken away, by navigation to another activity or not: ends the session if Terminate has not.
    pub fn take_away(&mut self, ending: Ending, changes: &mut Changes) {
        if matches!(self.state, State::Running | State::Left) {
            self.ending = Some(ending);
            if self.api == ApiState::Running {
                self.settle(changes);
            }
            (self.state, self.seq) = (State::Implicit, 0);
        }
    }

    /// The consequences of its end, once it has one; of a page that is gone, those of a session cut off.
    pub fn end(&self) -> Option<End> {
        let ending = match (self.ending, self.state) {
            (None, State::Left) => Ending::CutOff,
            (ending, _) => ending?,
        };
        Some(end::end(self.profile, Ended { ending, exit: self.exit(), request: self.request() }))
    }

    /// Notes that its page has loaded with all its scripts.
    pub fn note_loaded(&mut self) {
        (self.is_loaded, self.seq) = (true, 0);
    }

    /// Notes that content has read the property that holds the API.
    pub fn note_api_lookup(&mut self) {
        if !self.looked_for_api {
            (self.looked_for_api, self.seq) = (true, 0);
        }
    }

    /// Its outcome as it stands; none of a video or audio, whose record is its coverage, and none while nothing is
    /// known of it. `is_filled_in` as in [`Outcome::of`].
    ///
    /// Of a SCO that has not looked for the API it is the outcome that its end will leave: a browser that crashes does
    /// not send one.
    #[inline(never)]
    pub fn outcome(&self, is_filled_in: bool) -> Option<Outcome> {
        let end = self.end().map(|it| it.kind);
        match (self.kind, self.api) {
            (Kind::Media, _) => None,
            (_, ApiState::Running | ApiState::After) => {
                let is_assumed = !self.sets_status;
                let value = |name: &str| self.named(name);
                Some(Outcome::of(self.profile.version, &value, end, is_filled_in, is_assumed))
            }
            (Kind::Asset, ApiState::Before) => end.map(|_| Outcome::TAKEN_IN),
            (Kind::Sco, ApiState::Before) if !self.is_loaded => None,
            (Kind::Sco, ApiState::Before) if self.looked_for_api => Some(Outcome::default()),
            (Kind::Sco, ApiState::Before) => Some(Outcome { is_assumed: true, ..Outcome::TAKEN_IN }),
        }
    }

    /// 1.2: settles the status at an end.
    #[inline(never)]
    pub(super) fn settle(&mut self, changes: &mut Changes) {
        if self.profile.version != Version::V12 {
            return;
        }
        let is_untouched = match self.settled_from {
            Some(from) => from == SettledFrom::Untouched,
            None => matches!(self.value(v12::LESSON_STATUS), None | Some("" | "not attempted")),
        };
        // Whatever an earlier settling made of it, content left the status open.
        let reopened = self.settled_from.map(|_| if is_untouched { "not attempted" } else { "completed" });
        let value = |name: &str| match reopened {
            Some(status) if name == "cmi.core.lesson_status" => Some(status),
            _ => self.named(name),
        };
        let is_finished = self.end().is_some_and(|it| it.kind == EndKind::Finished);
        let settled = attempt::settled_status(&value, is_finished, self.profile.quirks.is_strict());
        let Some(status) = settled.or(reopened) else { return };
        self.settled_from = Some(if is_untouched { SettledFrom::Untouched } else { SettledFrom::Set });
        if self.value(v12::LESSON_STATUS) != Some(status) {
            self.store(v12::LESSON_STATUS, status, changes);
        }
    }
}
