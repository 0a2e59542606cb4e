//! The port `Store`: what is kept, and what can be asked of it.

pub mod accounts;
mod blocked;
#[cfg(test)]
pub(crate) mod contract;
mod courses;
mod documents;
mod figures;
mod habits;
pub(crate) mod history;
mod imported;
pub(crate) mod judging;
pub mod listing;
pub(crate) mod medium;
mod merging;
pub mod moving;
mod opening;
pub(crate) mod periods;
pub mod postgres;
mod raw;
mod recent;
mod record;
mod refusals;
mod refused;
mod report_row;
mod rows;
mod sight;
pub mod sqlite;
mod standing;
mod tenants;
pub(crate) mod throughput;
mod timeline;
pub(crate) mod totals;
#[cfg(test)]
mod truth;
mod verifying;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use seattime_wire::{Activity, Api, Commit, Mode, Policy, Receipt, SharedMap, ValuePart};
use serde::{Deserialize, Serialize};

pub use self::accounts::{Account, AccountChange, Accounts, ApiKey, Role, Scope};
pub use self::blocked::{BlockedRequest, BlockedRequests};
pub use self::courses::{CourseSettings, KeptSettings};
pub use self::documents::ReportDocument;
pub use self::habits::{ActivityReporting, PackageReporting, Reporting, Rule, ToldReporting, Verdict};
pub use self::history::{History, HistoryKept};
pub use self::imported::{ImportFindings, ImportWarning, Severity};
pub use self::judging::{Judged, JudgedOf, JudgedRows, Judgement, Judging, RowKey};
pub use self::listing::{CONFLICTS, Missing, MissingOf, Order, Place, ReportOf, ReportPage, Sort};
pub use self::periods::{Accrual, InPeriod, Period, VisitSpan};
pub use self::record::{AttemptPolicy, FAILED_WHILE_PAUSED};
pub use self::refusals::{RefusedValue, SCORE_REFUSED, STATUS_REFUSED};
pub use self::refused::StoreError;
pub use self::report_row::{LatestOutcome, ReportDetail, ReportLearner, ReportMedia, ReportRow};
pub(crate) use self::rows::word;
pub use self::sight::Sight;
pub(crate) use self::standing::whole_seconds;
pub use self::tenants::{Known, TenantSettings};
pub use self::throughput::Throughput;
pub use self::timeline::{
    Learner, ReportPlayed, ReportSegment, ReportSession, ReportVisit, SegmentKind, VisitsOf,
};
pub use self::totals::{AttemptTotals, CourseTotals, LearnerTotals, Level, Totals};
pub use self::verifying::{Differing, VerifiedRows};
use crate::hosts::ExternalHosts;
use crate::secret::{ServerKey, digest};
use crate::token::VisitClaims;

/// What a store answers, later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A package as it is kept: immutable, named by the hash of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPackage {
    /// SHA-256 of the zip, in hexadecimal digits; also the topic's id.
    pub id: String,
    /// Its title, from the manifest.
    pub title: String,
    /// Name of the course that it belongs to.
    pub course: String,
    /// Which API it speaks.
    pub api: Api,
    /// Which edition of SCORM 2004 it declares, from 2; 4 where it speaks 1.2.
    pub edition: u32,
    /// Whether other packages see its shared data.
    pub shares_with_all: bool,
    /// What can be launched, in the order of the organization.
    pub activities: Vec<StoredActivity>,
    /// Its files: path in the package, and length in bytes; number `n` in this list is its name on disk.
    pub files: Vec<(String, u64)>,
    /// Other paths that a file answers to, each with the number of the file.
    pub aliases: Vec<(String, usize)>,
    /// What the import found.
    pub findings: ImportFindings,
}

/// What can be launched in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredActivity {
    /// Identifier of the item in the manifest.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `sco`, `asset` or `media`.
    pub kind: seattime_wire::SessionKind,
    /// How deep it lies in the organization, from 0.
    pub depth: u32,
    /// Where it is launched: path in the package, with query and fragment; of a video or audio, its file or an
    /// address of the web.
    pub href: String,
    /// Elements that the manifest sets, such as `cmi.launch_data`: name and value; of a video or audio, how it is
    /// taken.
    pub defaults: Vec<(String, String)>,
    /// Its objectives in the manifest.
    pub objectives: Vec<String>,
    /// How it reaches shared data.
    pub data: Vec<SharedMap>,
    /// False if its title is hidden: `isvisible="false"`. It counts all the same.
    pub is_visible: bool,
    /// Path of the file that it launches, if the package lacks it.
    pub missing_file: Option<String>,
    /// Its rules of sequencing.
    pub rules: ActivityRules,
}

/// Rules of sequencing that a manifest gives an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityRules {
    /// `completionSetByContent`, or an activity that is not tracked: an end without a status leaves it as it is.
    pub completion_set_by_content: bool,
    /// Its weight in the mean of a topic's scores, in ten-millionths.
    pub measure_weight: u32,
}

impl Default for ActivityRules {
    fn default() -> ActivityRules {
        ActivityRules {
            completion_set_by_content: false,
            measure_weight: seattime_package::Activity::WHOLE_WEIGHT,
        }
    }
}

impl ActivityRules {
    /// As a column holds them; nothing where they are the standard's defaults.
    fn column(&self) -> Result<Option<String>, StoreError> {
        Ok((*self != ActivityRules::default()).then(|| serde_json::to_string(self)).transpose()?)
    }

    /// As a column held them.
    fn of(column: Option<String>) -> Result<ActivityRules, StoreError> {
        Ok(column.map_or(Ok(ActivityRules::default()), |it| serde_json::from_str(&it))?)
    }
}

/// One line of a list of packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageLine {
    /// The topic's id.
    pub topic: String,
    /// Its title.
    pub title: String,
    /// Name of the course.
    pub course: String,
    /// Which API it speaks.
    pub api: Api,
}

/// Who learns, as an LMS says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLearner {
    /// The LMS's own id.
    pub lms_id: String,
    /// The name, `Last, First`.
    pub name: String,
    /// The groups that the learner is in from now on; none where nothing was said of them.
    pub groups: Option<Vec<String>>,
}

/// A launch that an LMS asks for.
#[derive(Debug, Clone)]
pub struct NewLaunch {
    /// Its id, made by whoever asks.
    pub launch: String,
    /// Who is to learn.
    pub learner: NewLearner,
    /// The topic's id.
    pub topic: String,
    /// What is asked for.
    pub mode: Mode,
    /// Where to go afterwards.
    pub return_url: Option<String>,
    /// Which API content is given instead of the one that its manifest declares.
    pub api: Option<Api>,
    /// Whether content is held to the letter of the standard.
    pub is_strict: bool,
    /// Hash of the code that opens it.
    pub code_hash: String,
    /// The LMS's Idempotency-Key with the hash of the request's body.
    pub idempotency: Option<(String, String)>,
}

/// A launch that was made, now or by the same request before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeLaunch {
    /// Its id; with the server's key it gives the code, so that a repeated request is told the same one.
    pub launch: String,
    /// Number of the attempt, from 1; 0 where it counts for none.
    pub attempt: u32,
}

/// Who opens a visit.
#[derive(Debug, Clone)]
pub enum Opening {
    /// A launch's code, by its hash: works once, for 120 s.
    Code(String),
    /// A launch that was opened before from the same browser.
    Launch {
        /// Whom it belongs to.
        tenant: String,
        /// Who learns.
        learner: String,
        /// Its id.
        launch: String,
    },
}

/// A visit that was opened: everything that its page has to be told.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What its token says.
    pub claims: VisitClaims,
    /// The launch's id.
    pub launch: String,
    /// How its time is judged: by its course's settings, and else by the server's.
    pub policy: Policy,
    /// Whether learners of its course are asked whether they are still there, if the course says so.
    pub still_here: Option<bool>,
    /// Which other hosts its content may use, if the course says so.
    pub external_hosts: Option<ExternalHosts>,
    /// Which API content is given.
    pub api: Api,
    /// Which edition of SCORM 2004 it declares.
    pub edition: u32,
    /// Whether content is held to the letter of the standard.
    pub is_strict: bool,
    /// Number of the attempt.
    pub attempt: u32,
    /// Name of the course.
    pub course: String,
    /// Name of the topic.
    pub title: String,
    /// The topic's id: the package that its content comes from.
    pub topic: String,
    /// Where to go afterwards.
    pub return_url: Option<String>,
    /// What can be launched; `url` holds the path in the package.
    pub activities: Vec<Activity>,
    /// Which of them the visit starts with, from 0.
    pub start: u32,
    /// Per activity, what its elements hold.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// What activities share, by target.
    pub shared: BTreeMap<String, String>,
}

/// A commit to be merged.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// What its token says; the store trusts it and nothing else about whose it is.
    pub claims: Arc<VisitClaims>,
    /// What it says.
    pub commit: Commit,
    /// Its bytes, the token's among them: what has the same says the same.
    pub body: Body,
    /// When it arrived, by the server's clock.
    pub received_ms: i64,
    /// The server's policy: it says how long to wait between signs of life, and judges a visit that is made again.
    pub policy: Policy,
    /// What an old player says in its stead.
    pub legacy: Option<LegacyCall>,
}

/// A message's bytes, which are what it holds while it waits.
#[derive(Debug, Clone)]
pub struct Body {
    bytes: Bytes,
    hash: OnceLock<[u8; 32]>,
}

impl Body {
    /// Its length, in bytes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Their SHA-256; reckoned once, and only for a store that asks.
    pub(crate) fn hash(&self) -> &[u8; 32] {
        self.hash.get_or_init(|| digest(&self.bytes))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body { bytes, hash: OnceLock::new() }
    }
}

/// A call of an old player, which knows nothing of visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegacyCall {
    /// Its number within what the player counts; a number that comes twice says the same.
    pub seq: u64,
    /// What it claims.
    pub claim: seattime_core::time::legacy::Claim,
    /// How often the player calls, in ms, if it says so.
    pub period_ms: Option<i64>,
}

/// A launch, as somebody finds it who knows its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched {
    /// Our id of the learner.
    pub learner: String,
    /// The attempt's id.
    pub attempt: String,
    /// The topic's id.
    pub topic: String,
    /// What was asked for.
    pub mode: Mode,
    /// When it was made, in ms since 1970.
    pub made_ms: i64,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// What the page is told; its token is the handler's business.
    pub receipt: Receipt,
    /// Whether a newer visit has the lease.
    pub is_superseded: bool,
    /// Whether it said anything that was not there before; a message that came twice does not.
    pub has_news: bool,
}

/// What is kept, and what can be asked of it. Every call names its tenant, directly or by its claims;
/// what belongs to another is not found.
pub trait Store: Send + Sync {
    /// The server's own key, made at the first start.
    fn server_key(&self) -> Answer<'_, ServerKey>;

    /// The latest time that is on disk, in ms since 1970.
    fn latest_ms(&self) -> Answer<'_, i64>;

    /// What waits to be written, and how long writing takes.
    fn throughput(&self) -> Throughput {
        Throughput::default()
    }

    /// Waits until everything that was handed in is on disk, and leaves it in good order; called at the end.
    fn settle(&self) -> Answer<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Asks the clock that the store tells the time by, where it has one; it does so by itself now and then.
    fn ask_clock(&self) -> Answer<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Tenants, the keys of their APIs, and who logs in.
    fn accounts(&self) -> &dyn Accounts;

    /// The requests of content that browsers blocked.
    fn blocked(&self) -> &dyn BlockedRequests;

    /// Keeps a tenant and a key for everything, by the key's hash; one that is there already stays as it is.
    fn put_key(&self, tenant: &str, key_hash: &str, now_ms: i64) -> Answer<'_, ()>;

    /// What a tenant has of its own.
    fn tenant(&self, tenant: &str) -> Answer<'_, TenantSettings>;

    /// Keeps what a tenant has of its own: a name, unless it keeps the one that it has, and a zone; answers that with its
    /// version. If it is not known as what it is, nothing is kept.
    fn put_tenant(
        &self,
        tenant: &str,
        name: Option<String>,
        zone: String,
        known: Known,
    ) -> Answer<'_, TenantSettings>;

    /// Keeps a package; keeping it again changes nothing but its course.
    fn put_package(&self, tenant: &str, package: StoredPackage, now_ms: i64) -> Answer<'_, ()>;

    /// The packages of a tenant, by course and title.
    fn packages(&self, tenant: &str) -> Answer<'_, Vec<PackageLine>>;

    /// How each package of a tenant reports its time, by the topic's id; of sessions whose rows of the report are
    /// derived.
    fn reporting(&self, tenant: &str) -> Answer<'_, BTreeMap<String, Reporting>>;

    /// How one package reports its time, and each of its activities.
    fn package_reporting(&self, tenant: &str, topic: &str, now_ms: i64) -> Answer<'_, PackageReporting>;

    /// What a course has of its own; nothing where nobody said so, whether there is such a course or not.
    fn course(&self, tenant: &str, course: &str) -> Answer<'_, KeptSettings>;

    /// Keeps what a course has of its own, for visits that are opened from then on; answers that with its version. If it
    /// is not known as what it is, nothing is kept.
    fn put_course(
        &self,
        tenant: &str,
        course: &str,
        settings: CourseSettings,
        known: Known,
        now_ms: i64,
    ) -> Answer<'_, KeptSettings>;

    /// Number and length in bytes of a package's file.
    fn file(&self, package: &str, path: &str) -> Answer<'_, Option<(u64, u64)>>;

    /// Makes a launch; a repeated Idempotency-Key answers the first one.
    fn launch(&self, tenant: &str, launch: NewLaunch, now_ms: i64) -> Answer<'_, MadeLaunch>;

    /// Enrols a learner in a course: each of its topics has a row in the report from then on, also those that come later.
    /// Again, it changes nothing but name and groups.
    fn enrol(&self, tenant: &str, learner: NewLearner, course: &str, now_ms: i64) -> Answer<'_, ()>;

    /// Takes a learner, by the LMS's own id, out of a course; what was launched keeps its rows.
    fn unenrol(&self, tenant: &str, lms_id: &str, course: &str) -> Answer<'_, ()>;

    /// Keeps what an LMS kept before its courses ran here, all of it or nothing; answers what became of each row, in their
    /// order. Kept again, it changes nothing. Commits wait while a thousand rows are kept, about 50 ms in SQLite.
    fn keep_history(&self, tenant: &str, rows: Vec<History>, now_ms: i64) -> Answer<'_, Vec<HistoryKept>>;

    /// A launch of a learner, by the LMS's own id and the launch's.
    fn launched(&self, tenant: &str, lms_id: &str, launch: &str) -> Answer<'_, Launched>;

    /// Opens a visit: takes the lease and reads the values. Its time is judged by the policy, less what its course has
    /// of its own.
    fn open_visit(&self, opening: Opening, policy: Policy, now_ms: i64) -> Answer<'_, Opened>;

    /// Makes an attempt again that a backup did not know, from what a visit's token says; answers that with the
    /// learner's id as it is now, since a launch may have given a new one meanwhile.
    fn make_again(&self, claims: VisitClaims, now_ms: i64) -> Answer<'_, VisitClaims>;

    /// Merges a commit; it is on disk once this answers.
    fn merge(&self, arrival: Arrival) -> Answer<'_, Merged>;

    /// Keeps a part of a text that a commit is going to name; it is on disk once this answers.
    fn put_part(&self, claims: VisitClaims, part: ValuePart) -> Answer<'_, ()>;

    /// Closes what nothing was heard of for `silence_ms`; answers how many visits.
    fn close_silent(&self, now_ms: i64, silence_ms: i64) -> Answer<'_, usize>;

    /// Derives up to `most` of the report's rows that commits have made stale; answers how many there were. A report
    /// derives by itself what it shows: this is for when there is time.
    fn renew_standings(&self, most: usize, now_ms: i64) -> Answer<'_, usize>;

    /// Judges up to `most` rows of the report that come after a key by another policy, less what their courses have of
    /// their own, which their visits keep from then on; each that changes leaves a record. What is under that policy already stays as it is.
    fn judge(
        &self,
        tenant: &str,
        of: JudgedOf,
        judging: Judging,
        after: RowKey,
        most: usize,
    ) -> Answer<'_, JudgedRows>;

    /// Derives up to `most` rows of the report anew that come after a key, of a tenant or of all, and compares each with
    /// what is kept; writes nothing.
    fn verify(&self, tenant: Option<&str>, after: RowKey, most: usize) -> Answer<'_, VerifiedRows>;

    /// A page of the report's rows. What commits have made stale of what it is narrowed to is derived first, as of
    /// `now_ms`, as far as a request may: the page says what is left.
    fn report(&self, tenant: &str, sight: Sight, of: ReportOf, now_ms: i64) -> Answer<'_, ReportPage>;

    /// The visits of one row of the report, by attempt and in the order in which they were opened.
    fn visits(&self, tenant: &str, sight: Sight, of: VisitsOf) -> Answer<'_, Vec<ReportVisit>>;
}
