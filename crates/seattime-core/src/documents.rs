//! Which pages of documents, such as PDFs, were seen in a visit. Pages earn no time: reading is presence.

use crate::time::IntervalSet;

/// Greatest number of documents noted in a visit; further ones are left out.
const MOST_DOCUMENTS: usize = 100;

/// The pages of one document that were seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What identifies it.
    pub key: String,
    /// Number of its pages.
    pub pages: u32,
    /// The pages that were seen, counted from 0.
    pub seen: IntervalSet,
    /// Number of its last change; 0 while a change has none yet.
    pub seq: u64,
}

/// The documents of a visit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Documents(Vec<Document>);

impl Documents {
    /// Notes that the pages from `first` to before `end`, counted from 0, were seen. Repeating it changes nothing.
    pub fn see(&mut self, key: &str, pages: u32, first: u32, end: u32) {
        let place = self.0.iter().position(|it| it.key == key).unwrap_or(self.0.len());
        if place == self.0.len() && place < MOST_DOCUMENTS {
            self.0.push(Document { key: key.to_owned(), pages, seen: IntervalSet::new(), seq: 0 });
        }
        let Some(it) = self.0.get_mut(place) else { return };
        let before = it.seen.length_ms();
        it.seen.insert(i64::from(first), i64::from(end));
        if it.pages != pages || it.seen.length_ms() != before {
            (it.pages, it.seq) = (pages, 0);
        }
    }

    /// The documents, in the order in which they were seen first.
    pub fn items(&self) -> &[Document] {
        &self.0
    }

    /// The numbers of the last changes.
    pub(crate) fn numbers(&mut self) -> impl Iterator<Item = &mut u64> {
        self.0.iter_mut().map(|it| &mut it.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_a_set_and_only_news_changes_the_number() {
        let mut documents = Documents::default();
        documents.see("a.pdf", 30, 0, 2);
        documents.numbers().for_each(|it| *it = 7);
        documents.see("a.pdf", 30, 1, 2);
        documents.see("b.pdf", 3, 2, 3);
        let told: Vec<_> =
            documents.items().iter().map(|it| (&*it.key, it.pages, it.seen.length_ms(), it.seq)).collect();
        assert_eq!(told, [("a.pdf", 30, 2, 7), ("b.pdf", 3, 1, 0)]);
        documents.see("a.pdf", 30, 9, 12);
        assert_eq!(documents.items().first().map(|it| (it.seen.length_ms(), it.seq)), Some((5, 0)));
    }

    #[test]
    fn a_visit_notes_a_hundred_documents_at_most() {
        let mut documents = Documents::default();
        for n in 0..150 {
            documents.see(&format!("{n}.pdf"), 1, 0, 1);
        }
        assert_eq!(documents.items().len(), 100);
    }
}
