//! One session: one SCO or asset, from its launch to its end, as content sees it.

mod ending;
pub mod refused;

use std::borrow::Cow;

use self::ending::SettledFrom;
use self::refused::RefusedValue;
use crate::attempt;
use crate::end::Ending;
use crate::error::Refusal;
use crate::model::{Access, Edition, Element, ElementId, Place, Rule, Space, Version, v12, v2004};
use crate::quirk::{Quirk, Quirks};
use crate::time::{Moment, Reported};
use crate::value::{InteractionKind, Timespan, digits, readable_ms, units};
use crate::values::{Spot, Standing, Values};

/// What content is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// The version of its API.
    pub version: Version,
    /// The edition that its manifest names; of no account in 1.2.
    pub edition: Edition,
    /// What is tolerated.
    pub quirks: Quirks,
}

impl From<Version> for Profile {
    fn from(version: Version) -> Profile {
        Profile { version, edition: Edition::default(), quirks: Quirks::ALL }
    }
}

/// What was launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Content that talks to the API.
    Sco,
    /// Content that does not.
    Asset,
    /// A video or audio: only what plays is its time.
    Media,
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

/// Hands out the numbers of changes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
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
#[derive(Debug, Clone, PartialEq)]
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
    profile: Profile,
    api: ApiState,
    state: State,
    values: Values,
    accepted: Option<Timespan>,
    reported: Reported,
    reported_at: Moment,
    /// How it ended, once it has.
    ending: Option<Ending>,
    /// 1.2: the status that content left, where LMSFinish made another of it.
    settled_from: Option<SettledFrom>,
    /// 1.2: true once content has set its status.
    sets_status: bool,
    /// True once its page has loaded, with all its scripts.
    is_loaded: bool,
    /// True once content has read the property that holds the API.
    looked_for_api: bool,
    refused: Vec<RefusedValue>,
}

impl Session {
    /// A session that was just launched, with the standard's initial values.
    pub fn new(profile: Profile, n: u32, activity: u32, try_: u32, kind: Kind) -> Session {
        Session {
            n,
            activity,
            try_,
            kind,
            seq: 0,
            profile,
            api: ApiState::Before,
            state: State::Running,
            values: Values::new(profile.version),
            accepted: None,
            reported: Reported::Unset,
            reported_at: Moment::default(),
            ending: None,
            settled_from: None,
            sets_status: false,
            is_loaded: false,
            looked_for_api: false,
            refused: Vec::new(),
        }
    }

    /// The version of its API.
    pub fn version(&self) -> Version {
        self.profile.version
    }

    /// Gives it a value that it has from the start.
    pub fn preset(&mut self, place: Place, text: &str) {
        self.values.preset(place, text);
    }

    /// Gives it, from the start, every value that another session of the same try ended with.
    pub fn preset_from(&mut self, earlier: &Session) {
        self.values = earlier.values.begun_again();
    }

    /// Gives it, from the start, the values that browse mode keeps of another session.
    pub fn preset_browsed(&mut self, earlier: &Session) {
        let rows = (0..).zip(self.profile.version.elements());
        for (number, _) in rows.filter(|it| attempt::is_kept_in_browse(it.1.name)) {
            let place = Place::from(ElementId(number));
            if let Some(text) = earlier.values.text(place) {
                self.values.preset(place, text);
            }
        }
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
        // These belong to a session, not to a try: what the last one left behind is used up.
        if !self.exit().is_empty() {
            self.store(self.exit_element(), "", changes);
        }
        if !self.request().is_empty() {
            self.store(v2004::REQUEST, "_none_", changes);
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
        if self.api == ApiState::After {
            return Ok(());
        }
        self.ending = Some(Ending::Terminated);
        self.settle(changes);
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
    /// [`Refusal::WriteOnly`], [`Refusal::NoRecord`], [`Refusal::NoValue`].
    pub fn get(&self, place: Place) -> Result<Cow<'_, str>, Refusal> {
        let row = self.row(place)?;
        if row.access == Access::WriteOnly {
            return Err(Refusal::WriteOnly);
        }
        if matches!(row.space, Space::Count) {
            let count = self.count(place).ok_or(Refusal::NoRecord)?;
            let mut text = Vec::new();
            digits::push(&mut text, count as u64, 1);
            return Ok(Cow::Owned(String::from_utf8(text).unwrap_or_default()));
        }
        let spot = self.values.spot(place).filter(|it| it.standing == Standing::Here);
        let spot = spot.ok_or(Refusal::NoRecord)?;
        if self.profile.version == Version::V2004 {
            if place == v2004::COMPLETION_STATUS {
                return Ok(Cow::Borrowed(attempt::completion_status(&|name| self.named(name))));
            }
            if place == v2004::SUCCESS_STATUS {
                return Ok(Cow::Borrowed(attempt::success_status(&|name| self.named(name))));
            }
        }
        self.values.text_at(&spot).or(row.initial).map(Cow::Borrowed).ok_or(Refusal::NoValue)
    }

    /// The value of an element, also of one that content may not read.
    pub fn held(&self, place: Place) -> Option<Cow<'_, str>> {
        match self.row(place).ok()?.access {
            Access::WriteOnly => self.values.text(place).map(Cow::Borrowed),
            _ => self.get(place).ok(),
        }
    }

    /// How many records a collection has. In 1.2, those inside the next record can be counted, since setting any of
    /// its elements makes that record: content asks first, and sets then.
    fn count(&self, place: Place) -> Option<usize> {
        let is_next = || {
            self.profile.version == Version::V12
                && self.values.spot(place).is_some_and(|it| it.standing == Standing::Next)
        };
        self.values.count(place).or_else(|| is_next().then_some(0))
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
    /// [`Refusal::Keyword`], [`Refusal::ReadOnly`], [`Refusal::OutOfOrder`], [`Refusal::Dependency`],
    /// [`Refusal::Type`], [`Refusal::Range`], [`Refusal::NotUnique`]: the first that applies, in this order.
    pub fn set(
        &mut self,
        place: Place,
        text: &str,
        units: u32,
        at: impl FnOnce() -> Moment,
        changes: &mut Changes,
    ) -> Result<(), Refusal> {
        let row = self.writable(place)?;
        if place == self.session_time_element() {
            self.report(text, at());
        }
        let spot = self.values.spot(place).ok_or(Refusal::General)?;
        let result = self.put(row, &spot, place, text, units, changes);
        if let Err(Refusal::Type | Refusal::Range | Refusal::NotUnique) = result
            && spot.standing == Standing::Next
            && self.profile.quirks.has(Quirk::GapAfterRefusal)
        {
            self.values.allow_gap(place);
        }
        if let Ok(()) | Err(Refusal::Type | Refusal::Range) = result
            && refused::is_reported(self.profile.version, place.element)
            && refused::note(&mut self.refused, place.element, text, result)
        {
            self.seq = 0;
        }
        result
    }

    /// Sets an element that content may set.
    fn put(
        &mut self,
        row: &Element,
        spot: &Spot,
        place: Place,
        text: &str,
        units: u32,
        changes: &mut Changes,
    ) -> Result<(), Refusal> {
        let kind = if row.rule == Rule::AfterType { self.kind_of(place) } else { None };
        self.follows(row, place, spot.standing, kind)?;
        row.space.check(text, units, self.profile.quirks)?;
        self.suits(row, spot, text, kind)?;
        let joined =
            if row.rule == Rule::Appends { self.appended(row, place, text)? } else { Cow::Borrowed(text) };
        self.values.put(spot, &joined, changes.next());
        if place == v12::LESSON_STATUS {
            (self.settled_from, self.sets_status) = (None, true);
        }
        if self.api == ApiState::After {
            // A value set after LMSFinish is treated as set before it (quirk `CallsAfterFinish`).
            self.settle(changes);
        }
        Ok(())
    }

    /// Whether an element may be set where it lies: the record is there or the next, and has what the
    /// element depends on. `kind` is that of its interaction, if it matters.
    fn follows(
        &self,
        row: &Element,
        place: Place,
        standing: Standing,
        kind: Option<InteractionKind>,
    ) -> Result<(), Refusal> {
        let is_second_pattern = || matches!(row.space, Space::Pattern) && place.m > 0;
        if standing == Standing::Beyond
            || (standing == Standing::Next && row.rule == Rule::Shared)
            || (kind.is_some_and(InteractionKind::has_one_pattern) && is_second_pattern())
        {
            return Err(Refusal::OutOfOrder);
        }
        let is_missing = match row.rule {
            Rule::AfterId | Rule::UniqueAfterId => !self.values.has_id(place),
            Rule::AfterType => kind.is_none() || !self.values.has_id(place),
            Rule::Free | Rule::OnceAndUnique | Rule::Appends | Rule::Shared => false,
        };
        if is_missing { Err(Refusal::Dependency) } else { Ok(()) }
    }

    /// Whether a value suits what is there already.
    fn suits(
        &self,
        row: &Element,
        spot: &Spot,
        text: &str,
        kind: Option<InteractionKind>,
    ) -> Result<(), Refusal> {
        let is_fourth = self.profile.edition == Edition::Fourth;
        if matches!(row.space, Space::Navigation) && !is_fourth && text.ends_with("}jump") {
            return Err(Refusal::Type);
        }
        if let Some(kind) = kind {
            let quirks = self.profile.quirks;
            let is_pattern = matches!(row.space, Space::Pattern);
            if !(if is_pattern { kind.is_pattern(text, quirks) } else { kind.is_response(text, quirks) }) {
                return Err(Refusal::Type);
            }
            if is_pattern && self.values.beside(spot).any(|it| kind.is_same_pattern(it, text)) {
                return Err(Refusal::NotUnique);
            }
        }
        let is_other =
            row.rule == Rule::OnceAndUnique && self.values.text_at(spot).is_some_and(|it| it != text);
        let is_named = matches!(row.rule, Rule::OnceAndUnique | Rule::UniqueAfterId);
        if is_other || (is_named && self.values.beside(spot).any(|it| it == text)) {
            return Err(Refusal::NotUnique);
        }
        Ok(())
    }

    /// What is there, with a text added to it.
    fn appended<'a>(&self, row: &Element, place: Place, text: &'a str) -> Result<Cow<'a, str>, Refusal> {
        let Some(there) = self.values.text(place).filter(|it| !it.is_empty()) else {
            return Ok(Cow::Borrowed(text));
        };
        let mut joined = there.to_owned();
        joined.push_str(text);
        row.space.check("", units(&joined), self.profile.quirks)?;
        Ok(Cow::Owned(joined))
    }

    /// The type of the interaction that an element lies in.
    fn kind_of(&self, place: Place) -> Option<InteractionKind> {
        let element = v2004::INTERACTION_TYPE;
        InteractionKind::named(self.values.text(Place { element, n: place.n, m: 0 })?)
    }

    /// What an element holds, or its initial value; whoever asks.
    pub fn value(&self, place: Place) -> Option<&str> {
        self.values.text(place).or_else(|| self.profile.version.element(place.element)?.initial)
    }

    /// Its values, as they were set or given.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Everything up to `acked` is known to the server.
    pub fn receipt(&mut self, acked: u64) {
        self.values.receipt(acked);
    }

    /// What `cmi.entry` says, once content has called Initialize.
    pub fn entry(&self) -> Option<&str> {
        let element = match self.profile.version {
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

    /// What `adl.nav.request` asks for; nothing where it asks for nothing.
    pub fn request(&self) -> &str {
        let asked = || self.value(v2004::REQUEST).filter(|it| *it != "_none_");
        if self.profile.version == Version::V2004 { asked().unwrap_or_default() } else { "" }
    }

    /// The last session time that the API accepted.
    pub fn accepted(&self) -> Option<Timespan> {
        self.accepted
    }

    /// The last readable session time, and when it was set.
    pub fn reported(&self) -> (Reported, Moment) {
        (self.reported, self.reported_at)
    }

    /// The scores and statuses that content could not set.
    pub fn refused(&self) -> &[RefusedValue] {
        &self.refused
    }

    /// Sets what a new session of the same try begins with: its entry, and its total time.
    pub fn begin_again(&mut self, entry: &str, earlier: Timespan) {
        let (entry_element, total_element) = match self.profile.version {
            Version::V12 => (v12::ENTRY_ELEMENT, v12::TOTAL_TIME),
            Version::V2004 => (v2004::ENTRY_ELEMENT, v2004::TOTAL_TIME),
        };
        self.preset(entry_element, entry);
        let total = self.total_time().plus(earlier);
        let total = match self.profile.version {
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
        let parsed = match self.profile.version {
            Version::V12 => Timespan::parse_12(self.value(v12::TOTAL_TIME).unwrap_or_default()),
            Version::V2004 => Timespan::parse_2004(self.value(v2004::TOTAL_TIME).unwrap_or_default()),
        };
        parsed.unwrap_or_default()
    }

    fn running(&self, before: Refusal, after: Refusal) -> Result<(), Refusal> {
        match self.api {
            ApiState::Before => Err(before),
            ApiState::Running => Ok(()),
            ApiState::After
                if self.profile.version == Version::V12
                    && self.profile.quirks.has(Quirk::CallsAfterFinish) =>
            {
                Ok(())
            }
            ApiState::After => Err(after),
        }
    }

    fn row(&self, place: Place) -> Result<&'static Element, Refusal> {
        self.profile.version.element(place.element).ok_or(Refusal::Undefined)
    }

    fn writable(&self, place: Place) -> Result<&'static Element, Refusal> {
        let row = self.row(place)?;
        match row.access {
            Access::Keyword => Err(Refusal::Keyword),
            Access::ReadOnly => Err(Refusal::ReadOnly),
            Access::ReadWrite | Access::WriteOnly => Ok(row),
        }
    }

    /// Keeps what content says of its own time, whether or not the API accepts how it says it.
    fn report(&mut self, text: &str, at: Moment) {
        let parsed = match self.profile.version {
            Version::V12 => Timespan::parse_12(text),
            Version::V2004 => Timespan::parse_2004(text),
        };
        let readable = readable_ms(text);
        let is_tolerant = self.profile.quirks.has(Quirk::AnyFormOfSessionTime);
        let tolerated = readable.filter(|_| is_tolerant).map(|ms| Timespan::new(0, ms.unsigned_abs() / 10));
        self.accepted = parsed.ok().or(tolerated).or(self.accepted);
        match readable {
            Some(0) => (self.reported, self.reported_at) = (Reported::Zero, at),
            Some(ms) => (self.reported, self.reported_at) = (Reported::Set(ms), at),
            None if self.reported == Reported::Unset => self.reported = Reported::Malformed,
            None => {}
        }
        self.seq = 0;
    }

    fn store(&mut self, place: Place, text: &str, changes: &mut Changes) {
        if let Some(spot) = self.values.spot(place) {
            self.values.put(&spot, text, changes.next());
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<&str> {
        self.value(self.profile.version.look_up(name).ok()?)
    }

    fn exit_element(&self) -> Place {
        match self.profile.version {
            Version::V12 => v12::EXIT_ELEMENT,
            Version::V2004 => v2004::EXIT_ELEMENT,
        }
    }

    fn session_time_element(&self) -> Place {
        match self.profile.version {
            Version::V12 => v12::SESSION_TIME,
            Version::V2004 => v2004::SESSION_TIME,
        }
    }
}
