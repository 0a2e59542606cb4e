//! A commit: what the page tells the server of one visit.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// The version of the wire that this crate speaks.
pub const WIRE_VERSION: u32 = 1;

/// One message of a visit: absolute values and sets, never increments.
///
/// Any subset of a visit's messages, in any order and any number of times, merges to the same state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// Version of the wire, [`WIRE_VERSION`].
    pub v: u32,
    /// The visit's token, in the body because beacons carry no headers.
    #[serde(default)]
    pub token: String,
    /// The visit's origin: in messages that answer `need_full`, in those that a later page may send, and in the last ones
    /// of a page, which nobody may be there to answer for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The visit that it speaks of; has to be the token's.
    pub visit: String,
    /// Fencing number of the attempt under which the visit was opened.
    pub lease: u32,
    /// The highest number of a change in it; numbers count changes, from 1 in each visit.
    pub seq: u64,
    /// The number of the last change that its sender takes as acknowledged: it holds every change between this one
    /// and `seq`. A server that has less on disk, restored from a backup perhaps, asks for the whole (`need_full`).
    #[serde(default)]
    pub after: u64,
    /// Whether it holds only what fitted into the page's exit; such a message is not acknowledged.
    #[serde(default)]
    pub partial: bool,
    /// Why it was sent.
    pub reason: CommitReason,
    /// The page's wall clock when it was sent, in ms since 1970; never credited.
    pub sent_date_ms: i64,
    /// The stretches that its times speak of.
    #[serde(default)]
    pub stretches: Vec<Stretch>,
    /// The sessions that changed.
    #[serde(default)]
    pub sessions: Vec<Session>,
    /// What was seen of the learner.
    #[serde(default)]
    pub time: Time,
    /// Media items that changed.
    #[serde(default)]
    pub media: Vec<Media>,
    /// Documents of which more pages were seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// What activities share and content changed: per target of `adl.data`, text and number of its last change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shared: BTreeMap<String, (String, u64)>,
    /// As `shared`, for texts that travelled ahead: number of the last change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shared_parted: BTreeMap<String, u64>,
    /// What the page itself makes of the visit: enough for a simple backend, not used by ours.
    #[serde(default)]
    pub totals: Totals,
}

/// A part of a text that is too long for a commit. A text is known by its visit and the number of its change, so
/// parts of an older one are never mixed with those of a newer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValuePart {
    /// Version of the wire, [`WIRE_VERSION`].
    pub v: u32,
    /// The visit's token.
    #[serde(default)]
    pub token: String,
    /// The visit's origin, as in a commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The visit.
    pub visit: String,
    /// Fencing number of the attempt under which the visit was opened.
    pub lease: u32,
    /// Number of the change whose text this is a part of.
    pub seq: u64,
    /// Number of the part, from 0.
    pub n: u32,
    /// How many parts the text has, up to [`MOST_PARTS`].
    pub of: u32,
    /// The part.
    pub text: String,
}

/// So many parts a text has at most.
pub const MOST_PARTS: u32 = 128;

/// Why a commit was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitReason {
    /// Content asked for it.
    Commit,
    /// Something changed and a while went by.
    Autosave,
    /// A sign of life.
    Heartbeat,
    /// The page was hidden or is going away.
    Hidden,
    /// Content ended its session.
    Terminate,
    /// What an earlier page left behind; it says nothing about when the page lived.
    Replay,
}

/// Part of a visit in which the clock ran without a break; its times count from its own start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Number within the visit, from 0.
    pub n: u32,
    /// The page's wall clock at its start, in ms since 1970; places it only where no live message can.
    pub start_date_ms: i64,
    /// The moment of sending, in ms since the stretch began; only in the stretch that is running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at_ms: Option<i64>,
}

/// A stretch's number, a first and a last moment in ms since that stretch began.
pub type StretchInterval = (u32, i64, i64);

/// What is known of one session: one SCO or asset within the visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Number within the visit, from 1.
    pub n: u32,
    /// Number of its last change.
    pub seq: u64,
    /// What was launched.
    pub kind: SessionKind,
    /// Identifier of the activity in the package's manifest.
    pub activity: String,
    /// Which run of the standard's own attempt on the activity this is, from 1.
    #[serde(rename = "try")]
    pub try_: u32,
    /// What `cmi.entry` said; absent until content has called Initialize.
    #[serde(default)]
    pub entry: Option<String>,
    /// Where it stands.
    pub state: SessionState,
    /// When its content was the one loaded in the player.
    #[serde(default)]
    pub span: Vec<StretchInterval>,
    /// The last session time that the API accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
    /// The last readable session time, accepted or not.
    #[serde(default)]
    pub reported: Reported,
    /// Its outcome as it stands, where that changed; pages of earlier versions send none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The session's scores and statuses that content could not set: the beginning of the value, and the standard's error
    /// code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, (String, u32)>,
    /// Elements that changed: value, and number of its last change.
    #[serde(default)]
    pub set: BTreeMap<String, (String, u64)>,
    /// Elements that changed and whose texts travelled ahead in parts: number of the last change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parted: BTreeMap<String, u64>,
    /// Records that changed: per collection and number, the number of the record's last change, and what
    /// changed in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<String, BTreeMap<u32, RecordChange>>,
}

/// What changed in a record: number of its last change, and text by name within the record, such as
/// `objectives.0.id`.
pub type RecordChange = (u64, BTreeMap<String, String>);

impl Session {
    /// Everything that changed, each with its whole name: element, text, number of the change.
    pub fn changes(&self) -> impl Iterator<Item = (Cow<'_, str>, &str, u64)> {
        let set = self
            .set
            .iter()
            .map(|(element, (text, seq))| (Cow::Borrowed(element.as_str()), text.as_str(), *seq));
        let records = self.records.iter().flat_map(|(collection, records)| {
            records.iter().flat_map(move |(n, (seq, texts))| {
                let name = move |it: &str| Cow::Owned(format!("{collection}.{n}.{it}"));
                texts.iter().map(move |(it, text)| (name(it), text.as_str(), *seq))
            })
        });
        set.chain(records)
    }
}

/// The outcome of a session for the record, as state.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Number of the session's last change when it was derived.
    pub seq: u64,
    /// How far the activity is completed.
    #[serde(default)]
    pub completion: Completion,
    /// Whether it was passed.
    #[serde(default)]
    pub success: Success,
    /// Its score: scaled, raw, min and max, each absent where content set none; absent where neither scaled nor raw is
    /// set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<[Option<f64>; 4]>,
    /// The consequence of the session's end.
    #[serde(default)]
    pub ended: EndKind,
    /// True if the package never set a completion status, and the end alone made the activity completed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
}

/// How far an activity is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completion {
    /// Nothing is known of it.
    #[default]
    Unknown,
    /// It was begun.
    Incomplete,
    /// It is completed.
    Completed,
}

/// Whether an activity was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Success {
    /// Nothing is known of it.
    #[default]
    Unknown,
    /// It was failed.
    Failed,
    /// It was passed.
    Passed,
}

/// The consequence of a session's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndKind {
    /// It has not ended.
    #[default]
    None,
    /// The learner is done with it.
    Finished,
    /// The learner means to go on.
    Paused,
    /// Content asked for its outcome to be discarded; its time stays.
    Abandoned,
}

/// What was launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// Content that talks to the API.
    Sco,
    /// Content that does not.
    Asset,
    /// A video or audio topic.
    Media,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// It was launched and not ended.
    Running,
    /// The page is gone; reopened by the visit's next commit.
    Left,
    /// Content called Terminate.
    Terminated,
    /// It was taken away without Terminate.
    Implicit,
}

/// A session time as the standard counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Whole months, which have no fixed length in seconds.
    pub months: u64,
    /// Hundredths of a second.
    pub cs: u64,
}

/// What content said of its own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Reported {
    /// Nothing.
    #[default]
    Unset,
    /// A readable zero.
    Zero {
        /// When: stretch, and ms since it began.
        at: (u32, i64),
    },
    /// A readable time.
    Set {
        /// How long, in ms.
        ms: i64,
        /// When it was said: stretch, and ms since it began.
        at: (u32, i64),
    },
    /// Only what cannot be read.
    Malformed,
}

/// What was seen of the learner, as sets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Time {
    /// Signs of the learner: bursts, joined up to 10 s. One without a kind is of a hand: there are hundreds of them.
    #[serde(default, deserialize_with = "bursts")]
    pub evidence: Vec<(u32, i64, i64, EvidenceKind)>,
    /// When a window of the visit was visible.
    #[serde(default)]
    pub visible: Vec<StretchInterval>,
    /// When media played that count: with the media item's key.
    #[serde(default)]
    pub med: Vec<(u32, i64, i64, String)>,
    /// When audio played in a hidden page.
    #[serde(default)]
    pub med_bg: Vec<(u32, i64, i64, String)>,
}

/// A burst as it comes: `[0, 1000, 4000]` of a hand, `[0, 1000, 4000, "media"]` of anything else; `"human"` may be said.
#[derive(Deserialize)]
struct Burst(u32, i64, i64, #[serde(default = "of_hand")] EvidenceKind);

fn of_hand() -> EvidenceKind {
    EvidenceKind::Human
}

fn bursts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(u32, i64, i64, EvidenceKind)>, D::Error> {
    let all = Vec::<Burst>::deserialize(from)?;
    Ok(all.into_iter().map(|Burst(stretch, first, last, kind)| (stretch, first, last, kind)).collect())
}

/// What a sign of the learner came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// A pointer, key, touch or wheel, or what came of it.
    Human,
    /// Media whose clock advances.
    Media,
    /// The page was opened, shown, hidden or left: presence, but no proof that anyone did more than load it.
    Page,
}

/// The kind of a player that does not say when it plays: all that is known is that it was there.
pub const UNMEASURED: &str = "unmeasured";

/// How much of a media item was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// What identifies the item.
    pub key: String,
    /// Number of its last change.
    pub seq: u64,
    /// `video`, `audio`, or [`UNMEASURED`].
    pub kind: String,
    /// Its length, in ms; 0 where it is not known.
    pub duration_ms: i64,
    /// What was seen, in ms of media time.
    pub covered: Vec<(i64, i64)>,
    /// Where it stands, in ms of media time.
    pub position_ms: i64,
}

/// The pages of a document, such as a PDF, that were seen. They earn no time: reading is presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What identifies the document.
    pub key: String,
    /// Number of its last change.
    pub seq: u64,
    /// Number of its pages.
    pub pages: u32,
    /// The pages that were seen, counted from 0: each entry is the first page and the one behind the last.
    pub seen: Vec<(i64, i64)>,
}

/// Totals of the visit, as the page sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Time measured, in ms.
    pub measured_ms: i64,
    /// Of it, time of media, in ms.
    pub media_ms: i64,
    /// Time that the report will show for this visit alone, in ms.
    pub credited_ms: i64,
}

/// The server's answer to a commit: everything up to `acked` is on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The highest number of a change that is safe; a partial message does not raise it.
    pub acked: u64,
    /// The server's clock, in ms since 1970.
    pub server_ms: i64,
    /// A fresh token, once the old one is past half its life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Values that were not kept, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// How long to wait between signs of life, in ms.
    pub heartbeat_ms: u32,
    /// Whether the server knows nothing before this and asks for the visit's whole state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub need_full: bool,
}

/// A value that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Number of the session that set it.
    pub session: u32,
    /// The element.
    pub element: String,
    /// The standard's error code for what is wrong with the value.
    pub code: u32,
}
