//! Which pages of documents, such as PDFs, were seen: sets, from the messages to the report.

use std::collections::BTreeMap;

use seattime_core::time::IntervalSet;
use seattime_wire::Document;
use serde::{Deserialize, Serialize};

/// Number of documents of a visit that are kept: those whose keys come first, so that the order of messages does not
/// matter. A page sends no more of them.
const MOST_DOCUMENTS: usize = 128;
/// A document with more pages is kept as one of so many.
const MOST_PAGES: u32 = 100_000;
/// The longest key, in bytes.
const MOST_KEY_BYTES: usize = 2_048;
/// A row lists which pages were seen in up to so many pieces.
const MOST_PIECES: usize = 500;

/// One document, as a visit's messages describe it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RawDocument {
    /// Number of the last change of the number of pages.
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    pages: u32,
    /// From each first page to the one behind the last, counted from 0.
    #[serde(default)]
    seen: Vec<(i64, i64)>,
}

/// The documents of a visit, by key.
pub(crate) type RawDocuments = BTreeMap<String, RawDocument>;

/// Merges a message; returns true if it brought anything new. Idempotent, commutative, associative.
pub(crate) fn merge(kept: &mut RawDocuments, sent: &[Document]) -> bool {
    if sent.is_empty() {
        return false;
    }
    let before = kept.clone();
    for document in sent.iter().filter(|it| (1..=MOST_KEY_BYTES).contains(&it.key.len())) {
        let it = kept.entry(document.key.clone()).or_default();
        if document.seq > it.seq {
            (it.seq, it.pages) = (document.seq, document.pages.min(MOST_PAGES));
        }
        let mut seen: IntervalSet = it.seen.iter().copied().collect();
        for &(first, end) in &document.seen {
            seen.insert(first.max(0), end.min(i64::from(MOST_PAGES)));
        }
        it.seen = seen.iter().collect();
    }
    while kept.len() > MOST_DOCUMENTS {
        kept.pop_last();
    }
    *kept != before
}

/// The pages of one document that were seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenPages {
    pub(crate) key: String,
    pub(crate) pages: u32,
    pub(crate) seen: IntervalSet,
}

/// Returns the pages that were seen in a visit; `lasting` makes a key that stays the same when addresses change.
pub(crate) fn seen_in(raw: &RawDocuments, lasting: impl Fn(&str) -> String) -> Vec<SeenPages> {
    let seen_of = |(key, it): (&String, &RawDocument)| SeenPages {
        key: lasting(key),
        pages: it.pages,
        seen: it.seen.iter().copied().collect::<IntervalSet>().clipped(0, i64::from(it.pages)),
    };
    raw.iter().map(seen_of).filter(|it| !it.seen.is_empty()).collect()
}

/// The pages of one document that were seen, in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDocument {
    /// What identifies it: its path, from the package's hash on.
    pub key: String,
    /// Number of its pages.
    pub pages: u32,
    /// Number of pages that were seen, each counted once.
    pub seen_pages: u32,
    /// Which pages these are: each entry is a first and a last page, counted from 1. Left out if they are more than 500
    /// entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<(i64, i64)>,
}

/// Returns the documents of several visits, each document once.
pub(crate) fn report<'a>(all: impl Iterator<Item = &'a SeenPages>) -> Vec<ReportDocument> {
    let mut documents: BTreeMap<&str, SeenPages> = BTreeMap::new();
    for it in all {
        let known = documents.entry(&it.key).or_insert_with(|| it.clone());
        known.pages = known.pages.max(it.pages);
        known.seen.union(&it.seen);
    }
    let reported = |it: SeenPages| {
        let pieces: Vec<_> = it.seen.iter().map(|(first, end)| (first.saturating_add(1), end)).collect();
        ReportDocument {
            seen_pages: u32::try_from(it.seen.length_ms()).unwrap_or(u32::MAX),
            seen: Some(pieces).filter(|it| it.len() <= MOST_PIECES).unwrap_or_default(),
            key: it.key,
            pages: it.pages,
        }
    };
    documents.into_values().map(reported).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(key: &str, seq: u64, pages: u32, seen: &[(i64, i64)]) -> Document {
        Document { key: key.to_owned(), seq, pages, seen: seen.to_vec() }
    }

    #[test]
    fn messages_in_any_order_and_number_come_to_the_same() {
        let messages = [
            vec![document("a.pdf", 3, 30, &[(0, 2)])],
            vec![document("a.pdf", 9, 31, &[(1, 4), (29, 40)]), document("b.pdf", 8, 2, &[])],
            vec![document("a.pdf", 5, 30, &[(7, 8)]), document("", 6, 9, &[(0, 9)])],
        ];
        let mut expected = None;
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut kept = RawDocuments::new();
            for at in order {
                assert!(merge(&mut kept, &messages[at]), "{order:?}");
                assert!(!merge(&mut kept, &messages[at]), "{order:?}: again");
            }
            assert_eq!(expected.get_or_insert(kept.clone()), &kept, "{order:?}");
        }
        let seen = seen_in(&expected.unwrap(), str::to_owned);
        let told: Vec<_> =
            seen.iter().map(|it| (&*it.key, it.pages, it.seen.iter().collect::<Vec<_>>())).collect();
        assert_eq!(told, [("a.pdf", 31, vec![(0, 4), (7, 8), (29, 31)])], "nothing behind the last page");
        let reported = report(seen.iter());
        assert_eq!((reported[0].seen_pages, &*reported[0].seen), (7, &[(1, 4), (8, 8), (30, 31)][..]));
    }
}
