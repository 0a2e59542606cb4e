//! Opening a visit: the launch's code in, everything that content may ask for out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The body of `POST /run/v1/visits`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OpenVisit {
    /// By the launch's code, which works once.
    Code {
        /// The code from the launch's address.
        code: String,
        /// Whether the page keeps the visit's origin and sends it where it is asked for everything (`need_full`): then its
        /// token is short. Without that the token holds the origin as well, and is five times as long.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keeps_origin: bool,
    },
    /// By the launch token, after a reload.
    Reload {
        /// The token from the answer to the first opening.
        launch_token: String,
        /// As in `Code`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keeps_origin: bool,
    },
}

/// A visit as it was opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenedVisit {
    /// Its id.
    pub visit: String,
    /// Fencing number of the attempt, from 1; a newer visit has a greater one.
    pub lease: u32,
    /// Token for commits of this visit.
    pub token: String,
    /// What the visit is made again from, should a restored database know neither it nor its attempt: of pages that keep
    /// it. It does not expire, and is good for this visit alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Token that opens the next visit of this attempt from this browser, for 12 h.
    pub launch_token: String,
    /// The server's clock, in ms since 1970.
    pub server_ms: i64,
    /// How time is judged; the visit keeps it.
    pub policy: Policy,
    /// Which API the package's manifest declares.
    pub api: Api,
    /// Which edition of SCORM 2004 it declares, from 2; 4 where the package speaks 1.2.
    pub edition: u32,
    /// Whether content is held to the letter of the standard, without the tolerances that real content needs.
    #[serde(default)]
    pub strict: bool,
    /// Whether the page asks whether the learner is still there, a minute before time stops counting.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_still_here: bool,
    /// Whether PDFs are shown by the browser's own viewer, in which no page sees what the learner does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pdfs_unseen: bool,
    /// The mode of the launch.
    pub mode: Mode,
    /// The number of the attempt, from 1; 0 where the launch counts for none.
    pub attempt: u32,
    /// Name of the course.
    pub course: String,
    /// Name of the topic.
    pub topic: String,
    /// Where to go after the visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// What can be launched, in the order of the organization.
    pub activities: Vec<Activity>,
    /// Which of them the visit starts with, from 0: the one that was left if its record is not completed, else the
    /// first whose record is not.
    #[serde(default)]
    pub start: u32,
    /// Per activity, what its elements hold, as far as it differs from the standard's initial value.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// What activities share, by target of `adl.data`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shared: BTreeMap<String, String>,
}

/// What can be launched in a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Identifier of the item in the manifest.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `sco`, `asset` or `media`.
    pub kind: crate::SessionKind,
    /// Address of its content.
    pub url: String,
    /// The run of the standard's own attempt that the next session belongs to, from 1.
    #[serde(rename = "try")]
    pub try_: u32,
    /// How deep it lies in the organization, from 0.
    pub depth: u32,
    /// False if its title is not shown: `isvisible="false"`. It counts and can be launched all the same.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub is_visible: bool,
    /// Path of the file that it launches, if the package lacks it; `url` then is a page that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_file: Option<String>,
    /// Its record in one word, as the report shows it; drawn beside the title.
    pub status: String,
    /// How far its record is completed.
    #[serde(default)]
    pub completion: crate::Completion,
    /// Whether its record is passed.
    #[serde(default)]
    pub success: crate::Success,
    /// True if a 2004 session that ends without a completion status completes it.
    #[serde(default = "yes")]
    pub auto_complete: bool,
    /// Its objectives in the manifest, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<String>,
    /// How it reaches what activities share, in the order of the manifest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<SharedMap>,
    /// What plays, and how much of it was seen, where it is a video or audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaTopic>,
}

/// Activities of servers that do not send the field have visible titles, and complete as the standard says.
const fn yes() -> bool {
    true
}

/// What a video or audio topic plays, and how much of it was seen in this attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaTopic {
    /// `video` or `audio`.
    pub kind: String,
    /// Address of the file.
    pub source: String,
    /// Address of the captions, in WebVTT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captions: Option<String>,
    /// So much of it has to be seen, in percent.
    pub threshold: u32,
    /// Its length, in ms; 0 as long as nothing of it was played.
    pub duration_ms: i64,
    /// What was seen of it, in ms of media time.
    pub covered: Vec<(i64, i64)>,
    /// Where the last visit left it, in ms of media time.
    pub position_ms: i64,
}

/// How an activity reaches a bucket of shared data: a map of `adlcp:data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedMap {
    /// Which bucket.
    pub target: String,
    /// Whether it may be read.
    pub reads: bool,
    /// Whether it may be set.
    pub writes: bool,
}

/// How the time of a visit is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Longest gap between signs of the learner that still counts, in ms.
    pub idle_limit_ms: i64,
    /// What the last sign of the learner earns at most, in ms.
    pub tail_ms: i64,
    /// How reported and measured time are weighed.
    pub credit: CreditPolicy,
    /// How long to wait between signs of life, in ms.
    pub heartbeat_ms: u32,
}

/// How reported and measured time are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditPolicy {
    /// What content says, where presence bears it out.
    #[default]
    Corroborated,
    /// What content says, bounded by the live window.
    Reported,
    /// What was seen.
    Measured,
}

/// Which API a package speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Api {
    /// SCORM 1.2: `window.API`.
    #[serde(rename = "1.2")]
    Scorm12,
    /// SCORM 2004: `window.API_1484_11`.
    #[serde(rename = "2004")]
    Scorm2004,
}

/// What a launch asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Go on with the learner's last attempt, or begin the first.
    #[default]
    Continue,
    /// Begin a new attempt.
    New,
    /// Look at what is done; nothing is credited.
    Review,
    /// Look around; nothing is credited.
    Browse,
}
