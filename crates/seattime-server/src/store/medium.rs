//! Topics that are one video, audio or document: how they are kept, and how far they were seen.

use std::collections::BTreeMap;

use seattime_core::time::IntervalSet;
use seattime_wire::{MediaTopic, SessionKind};

use super::StoredActivity;
use super::documents;
use super::figures::{Figures, Seeing};
use super::rows::VisitRow;

const KIND: &str = "media.kind";
const CAPTIONS: &str = "media.captions";
const THRESHOLD: &str = "media.threshold";
/// The kind of a topic that is a PDF.
pub(crate) const DOCUMENT: &str = "document";
/// So much has to be seen where nothing else was said, in percent.
pub(crate) const USUAL_THRESHOLD: u32 = 90;

/// What is kept of a video, audio or document beside its source, where a package keeps what its manifest sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Medium {
    /// `video`, `audio`, or [`DOCUMENT`].
    pub(crate) kind: String,
    /// A file of the topic, or an address of the web.
    pub(crate) captions: Option<String>,
    /// So much of it has to be seen, in percent.
    pub(crate) threshold: u32,
}

impl Medium {
    /// As an activity keeps it.
    pub(crate) fn defaults(&self) -> Vec<(String, String)> {
        let mut pairs =
            vec![(KIND.to_owned(), self.kind.clone()), (THRESHOLD.to_owned(), self.threshold.to_string())];
        pairs.extend(self.captions.clone().map(|it| (CAPTIONS.to_owned(), it)));
        pairs
    }

    fn of(activity: &StoredActivity) -> Medium {
        let kept = |name: &str| activity.defaults.iter().find(|it| it.0 == name).map(|it| it.1.clone());
        Medium {
            kind: kept(KIND).unwrap_or_default(),
            captions: kept(CAPTIONS),
            threshold: kept(THRESHOLD).and_then(|it| it.parse().ok()).unwrap_or(USUAL_THRESHOLD),
        }
    }
}

/// How far a video, audio or document was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Number of pages, and of those that were seen; 0 where no document was shown.
    pages: (i64, i64),
    /// Its length, in ms; 0 where nothing was played, or its length is not known.
    duration_ms: i64,
    /// What was seen, in ms of media time.
    covered: IntervalSet,
}

impl Progress {
    /// What an attempt's visits come to. Where another file was put in its place meanwhile, the one that was seen
    /// furthest counts.
    pub(crate) fn of<'a>(figures: impl Iterator<Item = &'a Figures>) -> Progress {
        let figures: Vec<&Figures> = figures.collect();
        let documents = documents::report(figures.iter().flat_map(|it| &it.documents));
        let pages = documents.iter().map(|it| (i64::from(it.pages), i64::from(it.seen_pages)));
        let mut items: BTreeMap<&str, Progress> = BTreeMap::new();
        for Seeing { key, duration_ms, covered, .. } in figures.iter().flat_map(|it| &it.media) {
            let item = items.entry(key).or_default();
            item.duration_ms = item.duration_ms.max(*duration_ms);
            item.covered.union(covered);
        }
        let furthest = items.into_values().max_by_key(|it| (it.permille(), it.covered.length_ms()));
        Progress { pages: pages.max_by_key(|it| it.1).unwrap_or_default(), ..furthest.unwrap_or_default() }
    }

    /// How much of it was seen, in percent, rounded down.
    pub(crate) fn percent(&self) -> u32 {
        self.permille() / 10
    }

    fn permille(&self) -> u32 {
        let share = self.covered.length_ms().saturating_mul(1_000).checked_div(self.duration_ms);
        share.and_then(|it| u32::try_from(it.clamp(0, 1_000)).ok()).unwrap_or(0)
    }

    /// How many of a document's pages were seen, in percent, rounded down.
    pub(crate) fn percent_of_pages(&self) -> u32 {
        let (pages, seen) = self.pages;
        let share = seen.saturating_mul(100).checked_div(pages);
        share.and_then(|it| u32::try_from(it.clamp(0, 100)).ok()).unwrap_or(0)
    }

    /// Where a topic that is a document stands, in the report's words.
    pub(crate) fn status_of_document(&self, activity: &StoredActivity, was_launched: bool) -> &'static str {
        let (pages, seen) = self.pages;
        if pages > 0
            && seen.saturating_mul(100) >= pages.saturating_mul(i64::from(Medium::of(activity).threshold))
        {
            "completed"
        } else if was_launched {
            "incomplete"
        } else {
            "not attempted"
        }
    }

    /// Where the topic stands, in the report's words.
    pub(crate) fn status(&self, activity: &StoredActivity, was_launched: bool) -> &'static str {
        let least_ms = self.duration_ms.saturating_mul(i64::from(Medium::of(activity).threshold)) / 100;
        if self.duration_ms > 0 && self.covered.length_ms() >= least_ms {
            "completed"
        } else if was_launched {
            "incomplete"
        } else {
            "not attempted"
        }
    }
}

/// Whether a topic is a `video`, an `audio` or a `document`; none where it is a package.
pub(crate) fn kind(activities: &[StoredActivity]) -> Option<String> {
    activities
        .iter()
        .find(|it| it.kind == SessionKind::Media || is_document(it))
        .map(|it| Medium::of(it).kind)
}

/// Returns true if an activity is a topic that is a document. To the run-time it is an asset: reading is presence.
pub(crate) fn is_document(activity: &StoredActivity) -> bool {
    activity.kind == SessionKind::Asset && Medium::of(activity).kind == DOCUMENT
}

/// Where a video or audio was last, in ms of media time; none where it was never played.
pub(crate) fn last_position_ms(visits: &[VisitRow]) -> Option<i64> {
    let told = visits.iter().filter_map(|it| Some((it.contact_ms, it.raw.position_ms()?)));
    told.max_by_key(|it| it.0).map(|it| it.1)
}

/// What a page is told of a video or audio; addresses are as they are kept.
pub(crate) fn told(activity: &StoredActivity, progress: &Progress, visits: &[VisitRow]) -> MediaTopic {
    let Medium { kind, captions, threshold } = Medium::of(activity);
    MediaTopic {
        kind,
        source: activity.href.clone(),
        captions,
        threshold,
        duration_ms: progress.duration_ms,
        covered: progress.covered.iter().collect(),
        position_ms: last_position_ms(visits).unwrap_or(0),
    }
}
