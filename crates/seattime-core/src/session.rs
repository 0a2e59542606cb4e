//! One session: one SCO or asset, from its launch to its end, as content sees it.

use crate::attempt::{self, Ending};
use crate::error::Refusal;
use crate::model::{Access, ElementId, Version, v12, v2004};
use crate::snapshot::{Reader, Writer};
use crate::time::{Moment, Reported};
use crate::value::{Timespan, readable_ms};

/// What was launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Content that talks to the API.
    Sco,
    /// Content that does not.
    Asset,
}

/// Where the API stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiState {
    /// Initialize has not been called.
    Before,
    /// Initialize has been called.
    Running,
    /// Terminate has been called.
    After,
}

/// Where the session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was launched and not ended.
    Running,
    /// The page is gone, or on its way.
    Left,
    /// Content called Terminate.
    Terminated,
    /// It was taken away without Terminate.
    Implicit,
}

impl State {
    const ALL: [State; 4] = [State::Running, State::Left, State::Terminated, State::Implicit];
}

/// A value of an element, with the number of its last change; 0: it was there from the start.
#[derive(Debug, Clone, Default)]
struct Slot {
    text: Option<String>,
    seq: u64,
}

/// Hands out the numbers of changes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Changes(pub u64);

impl Changes {
    /// The number of the next change.
    #[allow(clippy::should_implement_trait, reason = "it never ends, so it is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// One session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Number within the visit, from 1.
    pub n: u32,
    /// Which of the visit's activities, from 0.
    pub activity: u32,
    /// Which run of the standard's own attempt, from 1.
    pub try_: u32,
    /// What was launched.
    pub kind: Kind,
    /// Number of its last change; 0 while a change has none yet.
    pub seq: u64,
    version: Version,
    api: ApiState,
    state: State,
    slots: Vec<Slot>,
    accepted: Option<Timespan>,
    reported: Reported,
    reported_at: Moment,
}

impl Session {
    /// A session that was just launched, with the standard's initial values.
    pub fn new(version: Version, n: u32, activity: u32, try_: u32, kind: Kind) -> Session {
        Session {
            n,
            activity,
            try_,
            kind,
            seq: 0,
            version,
            api: ApiState::Before,
            state: State::Running,
            slots: vec![Slot::default(); version.elements().len()],
            accepted: None,
            reported: Reported::Unset,
            reported_at: Moment::default(),
        }
    }

    /// Gives it a value that it has from the start.
    pub fn preset(&mut self, element: ElementId, text: &str) {
        if let Some(slot) = self.slots.get_mut(usize::from(element.0)) {
            *slot = Slot { text: Some(text.to_owned()), seq: 0 };
        }
    }

    /// Gives it, from the start, every value that another session of the same try ended with.
    pub fn preset_from(&mut self, earlier: &Session) {
        let kept = earlier.slots.iter().map(|it| Slot { text: it.text.clone(), seq: 0 });
        self.slots = kept.collect();
    }

    /// `Initialize("")`.
    ///
    /// # Errors
    ///
    /// [`Refusal::AlreadyInitialized`], [`Refusal::InitializeAfterTermination`].
    pub fn initialize(&mut self, changes: &mut Changes) -> Result<(), Refusal> {
        match self.api {
            ApiState::Running => return Err(Refusal::AlreadyInitialized),
            ApiState::After => return Err(Refusal::InitializeAfterTermination),
            ApiState::Before => self.api = ApiState::Running,
        }
        // Exit belongs to a session, not to a try: what the last one left behind is used up.
        if self.value(self.exit_element()).is_some_and(|it| !it.is_empty()) {
            self.store(self.exit_element(), "", changes);
        }
        self.seq = 0;
        Ok(())
    }

    /// `Terminate("")`.
    ///
    /// # Errors
    ///
    /// [`Refusal::TerminateBeforeInitialize`], [`Refusal::TerminateAfterTermination`].
    pub fn terminate(&mut self, changes: &mut Changes) -> Result<(), Refusal> {
        self.running(Refusal::TerminateBeforeInitialize, Refusal::TerminateAfterTermination)?;
        self.settle(Ending::Finished, changes);
        (self.api, self.state, self.seq) = (ApiState::After, State::Terminated, 0);
        Ok(())
    }

    /// Whether `Commit("")` is allowed now.
    ///
    /// # Errors
    ///
    /// [`Refusal::CommitBeforeInitialize`], [`Refusal::CommitAfterTermination`].
    pub fn may_commit(&self) -> Result<(), Refusal> {
        self.running(Refusal::CommitBeforeInitialize, Refusal::CommitAfterTermination)
    }

    /// The content was taken away: ends the session if Terminate has not.
    pub fn take_away(&mut self, changes: &mut Changes) {
        if matches!(self.state, State::Running | State::Left) {
            if self.api == ApiState::Running {
                self.settle(Ending::Taken, changes);
            }
            (self.state, self.seq) = (State::Implicit, 0);
        }
    }

    /// The page is going away, or came back.
    pub fn leave(&mut self, is_gone: bool) {
        let (from, to) = if is_gone { (State::Running, State::Left) } else { (State::Left, State::Running) };
        if self.state == from {
            (self.state, self.seq) = (to, 0);
        }
    }

    /// `GetValue(name)`: whether content may ask now, before the name is even looked at.
    ///
    /// # Errors
    ///
    /// [`Refusal::GetBeforeInitialize`], [`Refusal::GetAfterTermination`].
    pub fn may_get(&self) -> Result<(), Refusal> {
        self.running(Refusal::GetBeforeInitialize, Refusal::GetAfterTermination)
    }

    /// `GetValue` of an element.
    ///
    /// # Errors
    ///
    /// [`Refusal::WriteOnly`], [`Refusal::NoValue`].
    pub fn get(&self, element: ElementId) -> Result<&str, Refusal> {
        let row = self.version.element(element).ok_or(Refusal::Undefined)?;
        if row.access == Access::WriteOnly {
            return Err(Refusal::WriteOnly);
        }
        if self.version == Version::V2004 {
            if element == v2004::COMPLETION_STATUS {
                return Ok(attempt::completion_status(|name| self.named(name)));
            }
            if element == v2004::SUCCESS_STATUS {
                return Ok(attempt::success_status(|name| self.named(name)));
            }
        }
        self.value(element).ok_or(Refusal::NoValue)
    }

    /// `SetValue(name, value)`: whether content may set now, before the name is even looked at.
    ///
    /// # Errors
    ///
    /// [`Refusal::SetBeforeInitialize`], [`Refusal::SetAfterTermination`].
    pub fn may_set(&self) -> Result<(), Refusal> {
        self.running(Refusal::SetBeforeInitialize, Refusal::SetAfterTermination)
    }

    /// `SetValue` of an element; `units` is the value's length in UTF-16 units, and `at` says when.
    ///
    /// # Errors
    ///
    /// [`Refusal::Keyword`], [`Refusal::ReadOnly`], [`Refusal::Type`], [`Refusal::Range`].
    pub fn set(
        &mut self,
        element: ElementId,
        text: &str,
        units: u32,
        at: impl FnOnce() -> Moment,
        changes: &mut Changes,
    ) -> Result<(), Refusal> {
        let row = self.writable(element)?;
        if element == self.session_time_element() {
            self.report(text, at());
        }
        row.space.check(text, units)?;
        self.store(element, text, changes);
        Ok(())
    }

    /// `SetValue` of a text that comes later, by [`Session::deliver`]: its length alone decides.
    ///
    /// # Errors
    ///
    /// As [`Session::set`]; [`Refusal::Type`] where the length alone does not decide.
    pub fn announce(&mut self, element: ElementId, units: u32, changes: &mut Changes) -> Result<(), Refusal> {
        let row = self.writable(element)?;
        if !row.space.is_text() {
            return Err(Refusal::Type);
        }
        row.space.check("", units)?;
        if let Some(slot) = self.slots.get_mut(usize::from(element.0)) {
            slot.seq = changes.next();
        }
        Ok(())
    }

    /// The text of a value that was announced.
    pub fn deliver(&mut self, element: ElementId, text: &str) {
        if let Some(slot) = self.slots.get_mut(usize::from(element.0)) {
            slot.text = Some(text.to_owned());
        }
    }

    /// What an element holds, or its initial value; whoever asks.
    pub fn value(&self, element: ElementId) -> Option<&str> {
        let set = self.slots.get(usize::from(element.0))?.text.as_deref();
        set.or_else(|| self.version.element(element)?.initial)
    }

    /// The values that content set, or that changed at an end: element, text, number of the change.
    pub fn changed(&self) -> impl Iterator<Item = (&'static str, &str, u64)> {
        let set = self.slots.iter().zip(self.version.elements()).filter(|it| it.0.seq > 0);
        set.filter_map(|(slot, row)| Some((row.name, slot.text.as_deref()?, slot.seq)))
    }

    /// What `cmi.entry` says, once content has called Initialize.
    pub fn entry(&self) -> Option<&str> {
        let element = match self.version {
            Version::V12 => v12::ENTRY_ELEMENT,
            Version::V2004 => v2004::ENTRY_ELEMENT,
        };
        self.value(element).filter(|_| self.api != ApiState::Before)
    }

    /// Where the API stands.
    pub fn api(&self) -> ApiState {
        self.api
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// What `cmi.exit` or `cmi.core.exit` holds.
    pub fn exit(&self) -> &str {
        self.value(self.exit_element()).unwrap_or_default()
    }

    /// The last session time that the API accepted.
    pub fn accepted(&self) -> Option<Timespan> {
        self.accepted
    }

    /// The last readable session time, and when it was set.
    pub fn reported(&self) -> (Reported, Moment) {
        (self.reported, self.reported_at)
    }

    /// Sets what a new session of the same try begins with: its entry, and its total time.
    pub fn begin_again(&mut self, entry: &str, earlier: Timespan) {
        let (entry_element, total_element) = match self.version {
            Version::V12 => (v12::ENTRY_ELEMENT, v12::TOTAL_TIME),
            Version::V2004 => (v2004::ENTRY_ELEMENT, v2004::TOTAL_TIME),
        };
        self.preset(entry_element, entry);
        let total = self.total_time().plus(earlier);
        let total = match self.version {
            Version::V12 => total.print_12(),
            Version::V2004 => total.print_2004(),
        };
        self.preset(total_element, &total);
    }

    /// Sets what the first session of a new try begins with.
    pub fn begin_anew(&mut self) {
        self.preset(v2004::ENTRY_ELEMENT, "ab-initio");
        self.preset(v2004::TOTAL_TIME, "PT0H0M0S");
    }

    /// What `cmi.total_time` says: constant within the session.
    fn total_time(&self) -> Timespan {
        let parsed = match self.version {
            Version::V12 => Timespan::parse_12(self.value(v12::TOTAL_TIME).unwrap_or_default()),
            Version::V2004 => Timespan::parse_2004(self.value(v2004::TOTAL_TIME).unwrap_or_default()),
        };
        parsed.unwrap_or_default()
    }

    fn running(&self, before: Refusal, after: Refusal) -> Result<(), Refusal> {
        match self.api {
            ApiState::Before => Err(before),
            ApiState::Running => Ok(()),
            ApiState::After => Err(after),
        }
    }

    fn writable(&self, element: ElementId) -> Result<&'static crate::Element, Refusal> {
        let row = self.version.element(element).ok_or(Refusal::Undefined)?;
        match row.access {
            Access::Keyword => Err(Refusal::Keyword),
            Access::ReadOnly => Err(Refusal::ReadOnly),
            Access::ReadWrite | Access::WriteOnly => Ok(row),
        }
    }

    /// Keeps what content says of its own time, whether or not the API accepts how it says it.
    fn report(&mut self, text: &str, at: Moment) {
        let parsed = match self.version {
            Version::V12 => Timespan::parse_12(text),
            Version::V2004 => Timespan::parse_2004(text),
        };
        if let Ok(span) = parsed {
            self.accepted = Some(span);
        }
        match readable_ms(text) {
            Some(0) => (self.reported, self.reported_at) = (Reported::Zero, at),
            Some(ms) => (self.reported, self.reported_at) = (Reported::Set(ms), at),
            None if self.reported == Reported::Unset => self.reported = Reported::Malformed,
            None => {}
        }
        self.seq = 0;
    }

    fn settle(&mut self, ending: Ending, changes: &mut Changes) {
        if self.version == Version::V12 {
            let status = attempt::settled_status(|name| self.named(name), ending);
            if let Some(status) = status.filter(|it| self.value(v12::LESSON_STATUS) != Some(it)) {
                self.store(v12::LESSON_STATUS, status, changes);
            }
        }
    }

    fn store(&mut self, element: ElementId, text: &str, changes: &mut Changes) {
        if let Some(slot) = self.slots.get_mut(usize::from(element.0)) {
            let kept = slot.text.get_or_insert_default();
            kept.clear();
            kept.push_str(text);
            slot.seq = changes.next();
        }
    }

    fn named(&self, name: &str) -> Option<&str> {
        self.value(self.version.look_up(name).ok()?)
    }

    fn exit_element(&self) -> ElementId {
        match self.version {
            Version::V12 => v12::EXIT_ELEMENT,
            Version::V2004 => v2004::EXIT_ELEMENT,
        }
    }

    fn session_time_element(&self) -> ElementId {
        match self.version {
            Version::V12 => v12::SESSION_TIME,
            Version::V2004 => v2004::SESSION_TIME,
        }
    }

    /// Writes it into a snapshot.
    pub fn write(&self, to: &mut Writer) {
        to.number(u64::from(self.activity));
        to.number(u64::from(self.try_));
        to.flag(self.kind == Kind::Sco);
        to.number(self.seq);
        to.number(self.api as u64);
        to.number(self.state as u64);
        to.list(&self.slots, |to, it| {
            to.option(it.text.as_ref(), |to, text| to.text(text));
            to.number(it.seq);
        });
        to.option(self.accepted.as_ref(), |to, it| {
            to.number(it.months());
            to.number(it.hundredths());
        });
        match self.reported {
            Reported::Unset => to.number(0),
            Reported::Zero => to.number(1),
            Reported::Malformed => to.number(2),
            Reported::Set(ms) => {
                to.number(3);
                to.signed(ms);
            }
        }
        to.number(u64::from(self.reported_at.stretch));
        to.signed(self.reported_at.ms);
    }

    /// Reads it from a snapshot.
    pub fn read(from: &mut Reader<'_>, version: Version, n: u32) -> Option<Session> {
        let (activity, try_, is_sco) = (from.small()?, from.small()?, from.flag()?);
        let mut session =
            Session::new(version, n, activity, try_, if is_sco { Kind::Sco } else { Kind::Asset });
        session.seq = from.number()?;
        session.api = match from.number()? {
            0 => ApiState::Before,
            1 => ApiState::Running,
            _ => ApiState::After,
        };
        session.state = *State::ALL.get(usize::try_from(from.number()?).ok()?)?;
        session.slots =
            from.list(|from| Some(Slot { text: from.option(Reader::text)?, seq: from.number()? }))?;
        session.accepted = from.option(|from| Some(Timespan::new(from.number()?, from.number()?)))?;
        session.reported = match from.number()? {
            0 => Reported::Unset,
            1 => Reported::Zero,
            2 => Reported::Malformed,
            _ => Reported::Set(from.signed()?),
        };
        session.reported_at = Moment { stretch: from.small()?, ms: from.signed()? };
        Some(session)
    }
}
