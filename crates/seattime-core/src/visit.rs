//! One load of the player page: its activities, their sessions one after the other, its time, its outbox.

mod activity;
mod record;

use std::borrow::Cow;

use self::activity::Activity;
use crate::documents::Documents;
use crate::end::{self, Ended, Ending};
use crate::error::Refusal;
use crate::model::{Access, Edition, Element, ElementId, Place, Rule, Version, element, v2004};
use crate::outbox::{Answer, Message, Next, Outbox, Reason};
use crate::ports::Instant;
use crate::session::{ApiState, Changes, Kind, Profile, Session};
use crate::shared::{Bucket, Buckets, Map};
use crate::time::{
    CreditPolicy, EvidenceKind, Ledger, MediaKind, MediaSample, Parts, PresencePolicy, Reported, bounded,
    credit,
};
use crate::value::Timespan;
use crate::values::ChangeRange;

/// What the server calls the visit, and what its messages are signed with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub visit: String,
    /// Its token.
    pub token: String,
    /// Fencing number of the attempt.
    pub lease: u32,
}

/// Whether what content says can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keeping {
    /// It can.
    #[default]
    Possible,
    /// Neither this browser nor the server takes it.
    Impossible,
}

/// Totals of the visit, in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// What was measured.
    pub measured_ms: i64,
    /// Of it, what media played.
    pub media_ms: i64,
    /// What the report will show for this visit alone.
    pub credited_ms: i64,
}

/// What the page has to do after a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Due {
    /// Write the visit's state down.
    pub checkpoint: bool,
    /// Send it.
    pub send: Option<Reason>,
}

/// One load of the player page.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// What the server calls it.
    pub identity: Identity,
    profile: Profile,
    presence: PresencePolicy,
    policy: CreditPolicy,
    keeping: Keeping,
    activities: Vec<Activity>,
    sessions: Vec<Session>,
    buckets: Buckets,
    ledger: Ledger,
    documents: Documents,
    changes: Changes,
    outbox: Outbox,
}

/// How far the numbers of changes jump when the visit goes on from an earlier image of it, so that none is used
/// again that may have been sent after that.
const RESUMED_GAP: u64 = 1 << 16;

impl Visit {
    /// Opens a visit with the page.
    pub fn open(
        profile: impl Into<Profile>,
        presence: PresencePolicy,
        policy: CreditPolicy,
        heartbeat_ms: u32,
        now: Instant,
        is_visible: bool,
    ) -> Visit {
        Visit {
            identity: Identity::default(),
            profile: profile.into(),
            presence,
            policy,
            keeping: Keeping::default(),
            activities: Vec::new(),
            sessions: Vec::new(),
            buckets: Buckets::default(),
            ledger: Ledger::open(now, is_visible),
            documents: Documents::default(),
            changes: Changes::default(),
            outbox: Outbox::new(now.monotonic_ms, heartbeat_ms),
        }
    }

    /// Adds what can be launched; activities are numbered from 0 in this order. A video or audio is a topic of its
    /// own, so that presence earns nothing in its visit.
    pub fn add_activity(&mut self, id: &str, kind: Kind, try_: u32) {
        if kind == Kind::Media {
            self.presence = PresencePolicy::NOTHING;
        }
        self.activities.push(Activity::new(id, kind, try_));
    }

    /// Gives the activity that was added last a value that it has from the start; a name that is not in
    /// the table is passed over.
    pub fn preset(&mut self, name: &str, text: &str) {
        if let (Some(activity), Ok(place)) = (self.activities.last_mut(), self.profile.version.look_up(name))
        {
            activity.values.push((place, text.to_owned()));
        }
    }

    /// Gives the activity that was added last an objective, as its manifest names it.
    pub fn add_objective(&mut self, id: &str) {
        if let Some(activity) = self.activities.last_mut() {
            activity.objectives.push(id.to_owned());
        }
    }

    /// Gives the activity that was added last a way to what activities share.
    pub fn add_map(&mut self, map: Map) {
        if let Some(activity) = self.activities.last_mut() {
            activity.maps.push(map);
        }
    }

    /// Fills what activities share.
    pub fn share(&mut self, target: &str, text: &str) {
        self.buckets.put(target, text, 0);
    }

    /// What activities share, as far as it changed within a range.
    pub fn shared(&self, range: ChangeRange) -> impl Iterator<Item = &Bucket> {
        self.buckets.changed(range)
    }

    /// Says whether what content says can be kept.
    pub fn keep(&mut self, keeping: Keeping) {
        self.keeping = keeping;
    }

    /// The version of the package's API.
    pub fn version(&self) -> Version {
        self.profile.version
    }

    // --- What content calls ---

    /// `Initialize("")`; `document` says whether the call comes from another top document of the frame
    /// than the one that called it last.
    ///
    /// # Errors
    ///
    /// As [`Session::initialize`]; without a launched activity [`Refusal::General`].
    pub fn initialize(&mut self, now: Instant, document: Document) -> Result<(), Refusal> {
        let session = self.sessions.last().ok_or(Refusal::InitializeFailed)?;
        self.can_keep(Refusal::InitializeFailed)?;
        if document == Document::New && session.api() != ApiState::Before {
            // The frame was reloaded: the SCO was taken away and launched once more.
            let activity = session.activity as usize;
            self.take_away(now, Ending::CutOff);
            self.launch(now, activity);
        }
        let changes = &mut self.changes;
        self.sessions.last_mut().ok_or(Refusal::General)?.initialize(changes)
    }

    /// `Terminate("")`.
    ///
    /// # Errors
    ///
    /// As [`Session::terminate`].
    pub fn terminate(&mut self, now: Instant) -> Result<(), Refusal> {
        let session = self.sessions.last_mut().ok_or(Refusal::TerminateBeforeInitialize)?;
        if session.api() == ApiState::Running && self.keeping == Keeping::Impossible {
            return Err(Refusal::TerminateFailed);
        }
        session.terminate(&mut self.changes)?;
        self.ledger.unload(now);
        self.outbox.send_soon(Reason::Terminate);
        Ok(())
    }

    /// `Commit("")`: asks for what content set to be sent; it is written down by whoever calls.
    ///
    /// # Errors
    ///
    /// As [`Session::may_commit`].
    pub fn commit(&mut self) -> Result<(), Refusal> {
        self.sessions.last().ok_or(Refusal::CommitBeforeInitialize)?.may_commit()?;
        self.can_keep(Refusal::CommitFailed)?;
        self.outbox.send_soon(Reason::Commit);
        Ok(())
    }

    fn can_keep(&self, otherwise: Refusal) -> Result<(), Refusal> {
        match self.keeping {
            Keeping::Possible => Ok(()),
            Keeping::Impossible => Err(otherwise),
        }
    }

    /// What `GetValue(name)` speaks of.
    ///
    /// # Errors
    ///
    /// As [`Session::may_get`] and [`Version::look_up`], in the order of the book.
    pub fn gettable(&self, name: &str) -> Result<Place, Refusal> {
        self.sessions.last().ok_or(Refusal::GetBeforeInitialize)?.may_get()?;
        if name.is_empty() {
            return Err(Refusal::GetWithoutName);
        }
        self.look_up(name)
    }

    /// `GetValue` of an element.
    ///
    /// # Errors
    ///
    /// As [`Session::get`].
    pub fn get(&self, place: Place) -> Result<Cow<'_, str>, Refusal> {
        let session = self.sessions.last().ok_or(Refusal::GetBeforeInitialize)?;
        session.may_get()?;
        match self.map(session, place) {
            Some(map) => self.buckets.get(map).map(Cow::Borrowed),
            None => session.get(place),
        }
    }

    /// The value of an element once content has called Initialize, also after Terminate and where content may only
    /// set it.
    pub fn held(&self, place: Place) -> Option<Cow<'_, str>> {
        let session = self.sessions.last().filter(|it| it.api() != ApiState::Before)?;
        match self.map(session, place) {
            Some(map) => self.buckets.get(map).ok().map(Cow::Borrowed),
            None => session.held(place),
        }
    }

    /// Visits every place that has a value, as [`Visit::held`].
    pub fn each_held(&self, mut visit: impl FnMut(Place)) {
        let Some(session) = self.sessions.last() else { return };
        let mut tell = |place: Place| {
            if self.held(place).is_some() {
                visit(place);
            }
        };
        let rows = (0..).zip(self.version().elements());
        for (number, _) in rows.filter(|it| !it.1.is_in_record) {
            tell(ElementId(number).into());
        }
        session.values().each_record(tell);
    }

    /// What `SetValue(name, …)` speaks of.
    ///
    /// # Errors
    ///
    /// As [`Session::may_set`] and [`Version::look_up`], in the order of the book.
    pub fn settable(&self, name: &str) -> Result<Place, Refusal> {
        self.sessions.last().ok_or(Refusal::SetBeforeInitialize)?.may_set()?;
        if name.is_empty() {
            return Err(Refusal::SetWithoutName);
        }
        self.look_up(name).map_err(|refusal| match refusal {
            // The book lets these words be set nowhere, whether or not the element has them.
            Refusal::NoChildren | Refusal::NoCount | Refusal::NoVersion => Refusal::Keyword,
            it => it,
        })
    }

    fn look_up(&self, name: &str) -> Result<Place, Refusal> {
        let place = self.profile.version.look_up(name)?;
        let is_shared_data = self.version() == Version::V2004 && place.element >= v2004::DATA_CHILDREN;
        if is_shared_data && self.profile.edition < Edition::Fourth {
            return Err(Refusal::Undefined);
        }
        Ok(place)
    }

    /// `SetValue` of an element; `units` is the value's length in UTF-16 units.
    ///
    /// # Errors
    ///
    /// As [`Session::set`].
    pub fn set(
        &mut self,
        place: Place,
        text: &str,
        units: u32,
        now: impl FnOnce() -> Instant,
    ) -> Result<(), Refusal> {
        let session = self.sessions.last().ok_or(Refusal::SetBeforeInitialize)?;
        session.may_set()?;
        if let Some(map) = self.map(session, place) {
            if !map.writes {
                return Err(Refusal::ReadOnly);
            }
            if units > element::MOST_UNITS {
                return Err(Refusal::Type);
            }
            let target = map.target.clone();
            self.buckets.put(&target, text, self.changes.next());
            return Ok(());
        }
        let (session, ledger) =
            (self.sessions.last_mut().ok_or(Refusal::SetBeforeInitialize)?, &mut self.ledger);
        session.set(place, text, units, || ledger.here(now()), &mut self.changes)
    }

    /// How a session reaches the bucket that an element stands for, if it does.
    fn map(&self, session: &Session, place: Place) -> Option<&Map> {
        let row = self.version().element(place.element).filter(|it| it.rule == Rule::Shared);
        row.and_then(|_| self.activities.get(session.activity as usize)?.maps.get(place.n as usize))
    }

    /// Up to how many UTF-16 units every text is a value of an element; 0 where more than its length decides.
    pub fn most_units(&self, row: &Element) -> u32 {
        if row.rule == Rule::Free { row.space.most_units(self.profile.quirks) } else { 0 }
    }

    // --- What the player does ---

    /// Launches an activity: ends the session before it and begins a new one; answers its number, or
    /// nothing where there is no such activity.
    pub fn launch(&mut self, now: Instant, activity: usize) -> Option<u32> {
        self.activities.get(activity)?;
        self.take_away(now, Ending::Navigated);
        let launched = self.activities.get(activity)?;
        let n = self.sessions.len() as u32 + 1;
        let mode = launched.mode(self.version());
        // Nothing of a review outlives its session.
        let earlier = self.sessions.iter().rev().filter(|_| mode != "review");
        let earlier = earlier.into_iter().find(|it| it.activity as usize == activity && it.entry().is_some());
        let mut session = Session::new(self.profile, n, activity as u32, launched.try_, launched.kind);
        launched.begin(&mut session, |_| true);
        if let Some(earlier) = earlier {
            let cut_off = Ended { ending: Ending::CutOff, exit: earlier.exit(), request: earlier.request() };
            let end = earlier.end().unwrap_or_else(|| end::end(self.profile, cut_off));
            let next = end.next;
            if next.continues && mode == "browse" {
                session.preset_browsed(earlier);
                session.begin_again(next.entry, Timespan::default());
            } else if next.continues {
                session.preset_from(earlier);
                session.try_ = earlier.try_;
                let measured_ms = self.ledger.measured_ms(self.presence, Some(earlier.n));
                let spent = earlier.accepted().unwrap_or(Timespan::new(0, measured_ms as u64 / 10));
                session.begin_again(next.entry, spent);
            } else {
                // What the server sent of the try before is over; what the manifest says is not.
                session = Session::new(self.profile, n, activity as u32, earlier.try_ + 1, launched.kind);
                let version = self.version();
                launched.begin(&mut session, |it| {
                    version.element(it).is_some_and(|it| it.access == Access::ReadOnly)
                });
                session.begin_anew();
            }
        }
        self.sessions.push(session);
        self.ledger.load(now, n);
        Some(n)
    }

    /// The content was taken away: by navigation to another activity, or cut off by the player's Leave or a reloaded
    /// frame.
    pub fn take_away(&mut self, now: Instant, ending: Ending) {
        if let Some(session) = self.sessions.last_mut() {
            session.take_away(ending, &mut self.changes);
        }
        self.ledger.unload(now);
    }

    /// The page is going away.
    pub fn leave(&mut self, now: Instant) {
        self.ledger.hide(now);
        self.left(true);
    }

    /// The page was shown: again, or for the first time.
    pub fn show(&mut self, now: Instant) {
        self.ledger.show(now);
        self.left(false);
    }

    /// The page was hidden.
    pub fn hide(&mut self, now: Instant) {
        self.ledger.hide(now);
        self.outbox.send_soon(Reason::Hidden);
    }

    fn left(&mut self, is_gone: bool) {
        if let Some(session) = self.sessions.last_mut() {
            session.leave(is_gone);
        }
    }

    /// Content opened or closed a dialog, as [`Ledger::dialog`].
    pub fn dialog(&mut self, now: Instant, is_open: bool) {
        self.ledger.dialog(now, is_open, self.presence.idle_limit_ms);
    }

    /// Content of the last session read the property that holds the API.
    pub fn note_api_lookup(&mut self) {
        if let Some(session) = self.sessions.last_mut() {
            session.note_api_lookup();
        }
    }

    /// The learner gave a sign.
    pub fn note_evidence(&mut self, now: Instant, kind: EvidenceKind) {
        self.ledger.note_evidence(now, kind);
    }

    /// The number of what a media element plays, as [`MediaLog::item`](crate::time::media::MediaLog::item).
    pub fn media_item(&mut self, key: &str, kind: MediaKind, duration_ms: f64) -> u32 {
        self.ledger.media_mut().item(key, kind, duration_ms)
    }

    /// Pages of a document were seen, as [`Documents::see`].
    pub fn see_pages(&mut self, key: &str, pages: u32, first: u32, end: u32) {
        self.documents.see(key, pages, first, end);
    }

    /// The documents of which pages were seen.
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    /// A media element says where it stands.
    pub fn play(&mut self, now: Instant, sample: &MediaSample) {
        self.ledger.play(now, sample);
    }

    /// Takes both clocks, once a second, and answers what is due.
    pub fn tick(&mut self, now: Instant) -> Due {
        self.ledger.sample(now);
        let is_used = self.ledger.is_visible() || self.ledger.is_playing();
        Due {
            checkpoint: self.outbox.is_checkpoint_due(now.monotonic_ms),
            send: self.outbox.due(now.monotonic_ms, self.has_values(), is_used),
        }
    }

    // --- What is written down and sent ---

    /// Brings everything up to `now` and numbers what has no number yet, so that it can be encoded.
    pub fn settle(&mut self, now: Instant) {
        self.ledger.sample(now);
        let changes = &mut self.changes;
        self.ledger.settle(|| changes.next());
        for seq in self.documents.numbers().filter(|it| **it == 0) {
            *seq = changes.next();
        }
        for session in self.sessions.iter_mut().filter(|it| it.seq == 0) {
            session.seq = changes.next();
        }
    }

    /// When to write down and to send.
    pub fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// The highest number of a change that the server has on disk.
    pub fn acked(&self) -> u64 {
        self.outbox.acked
    }

    /// Everything that the server is not known to have on disk.
    pub fn news(&self) -> ChangeRange {
        ChangeRange { after: self.outbox.acked, upto: self.changes.0 }
    }

    /// The highest number of a change.
    pub fn seq(&self) -> u64 {
        self.changes.0
    }

    /// Its sessions, in order.
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// Its time.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The manifest's identifier of an activity.
    pub fn activity_id(&self, activity: u32) -> &str {
        self.activities.get(activity as usize).map_or("", |it| it.id.as_str())
    }

    /// Returns true if time does not count for want of a sign, as [`Ledger::is_idle`].
    pub fn is_idle(&self) -> bool {
        self.ledger.is_idle(self.presence)
    }

    /// Whether time counts now, as [`Ledger::is_active`].
    pub fn is_counting(&self) -> bool {
        self.ledger.is_active(self.presence)
    }

    fn has_values(&self) -> bool {
        let news = self.news();
        let is_shared = self.buckets.changed(news).next().is_some();
        is_shared || self.sessions.iter().any(|it| it.seq == 0 || news.has(it.values().seq()))
    }

    /// Takes the answer to a message: to that of the round, as [`Outbox::answered`], or to one that was sent apart, as
    /// [`Outbox::take`].
    pub fn answered(&mut self, now: Instant, apart: Option<Message>, answer: Answer, chance: f64) -> Next {
        let next = match apart {
            None => self.outbox.answered(now.monotonic_ms, answer, chance),
            Some(message) => self.outbox.take(now.monotonic_ms, message, answer, chance),
        };
        for session in &mut self.sessions {
            session.receipt(self.outbox.acked);
        }
        next
    }

    /// What the visit comes to: what was measured, and what of it is credited by the rule for sessions;
    /// time outside every session is credited as measured.
    pub fn totals(&self) -> Totals {
        let measured_ms = self.ledger.measured_ms(self.presence, None);
        let mut outside_ms = measured_ms;
        let (mut sum_ms, mut excess_ms) = (0_i64, 0_i64);
        for session in &self.sessions {
            let of_session = self.ledger.measured_ms(self.presence, Some(session.n));
            let (reported, at) = session.reported();
            let after_report_ms = match reported {
                Reported::Set(_) => self.ledger.measured_after(self.presence, Some(session.n), at),
                _ => 0,
            };
            // The page does not know what the server saw of it, so its window is what it measured.
            let parts = Parts { measured_ms: of_session, after_report_ms, reported, window_ms: measured_ms };
            let credited_ms = credit(self.policy, &parts).ms;
            sum_ms = sum_ms.saturating_add(credited_ms);
            excess_ms = excess_ms.saturating_add((credited_ms - of_session).max(0));
            outside_ms -= of_session;
        }
        Totals {
            measured_ms,
            media_ms: self.ledger.media_ms(),
            credited_ms: bounded(sum_ms.saturating_add(outside_ms.max(0)), measured_ms, excess_ms),
        }
    }

    /// The visit stands as it stood a while ago, since the run-time trapped.
    pub fn resume(&mut self) {
        self.changes.0 = self.changes.0.saturating_add(RESUMED_GAP);
        self.outbox.resume();
    }
}

/// Which document of the content frame calls Initialize.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// The one that called it last, or one inside it.
    Same,
    /// Another top document: the frame was reloaded or went on to another page.
    New,
}
