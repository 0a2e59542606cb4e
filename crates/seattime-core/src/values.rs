//! The values of a session: one for each element, and a record of them for each place in a collection.

use std::cmp::Ordering;

use crate::model::{Collection, ElementId, Home, Names, Place, Version};

/// A value: where its text lies among the texts, and the number of its last change; 0: it was there from the
/// start.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Slot {
    at: u32,
    bytes: u32,
    seq: u64,
}

impl Slot {
    /// No value: its text lies nowhere.
    const EMPTY: Slot = Slot { at: u32::MAX, bytes: 0, seq: 0 };
}

/// One record of a collection. Its values, one for each row, lie side by side among the slots.
#[derive(Debug, Clone, Default, PartialEq)]
struct Record {
    /// The greatest number of a change in it.
    seq: u64,
    /// Its first slot.
    first: u32,
    /// Of each collection inside it, the first slot of each record.
    inner: Vec<Vec<u32>>,
}

/// Changes by their numbers: those above `after`, up to `upto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeRange {
    /// Everything up to this number is left out.
    pub after: u64,
    /// The last number that is in.
    pub upto: u64,
}

impl ChangeRange {
    /// Whether a change lies in it.
    pub const fn has(self, seq: u64) -> bool {
        seq > self.after && seq <= self.upto
    }
}

/// The values of a session.
///
/// All texts lie in one, and all slots in one list: setting a value makes no room of its own. A text that is
/// set again is added behind the others, and what it leaves behind is given back once it is more than half.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    version: Version,
    names: &'static Names,
    texts: String,
    /// How many bytes of the texts are values.
    live: usize,
    /// First those of the data model itself.
    slots: Vec<Slot>,
    /// The greatest number of a change.
    seq: u64,
    /// The records of each collection that lies in no other.
    lists: Vec<Vec<Record>>,
    /// The outer records that changed since they were last acknowledged: list and number. So what has to
    /// be sent is found without looking at the others.
    touched: Vec<(u32, u32)>,
    acked: u64,
    /// Where a gap may be left in a collection, after a record that was refused.
    gaps: Vec<Gap>,
}

/// A collection, and up to which number its next record may be set.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gap {
    /// Number of the collection among all.
    collection: usize,
    /// Number of the record around it; 0 where there is none.
    around: u32,
    upto: u32,
}

/// Where a place lies, seen from what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its record is there.
    Here,
    /// Its record would be the next of its collection.
    Next,
    /// Its record would be further away, or is one for which no room is made.
    Beyond,
}

/// Where a value lies, once it is known.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    place: Place,
    collection: &'static Collection,
    column: usize,
    /// The first slot of its record, of no account where that is not there.
    first: u32,
    /// Whether its record is there.
    pub standing: Standing,
}

impl Spot {
    fn slot(&self) -> Option<usize> {
        (self.standing == Standing::Here).then_some(self.first as usize + self.column)
    }
}

/// More records than this are not made room for: a number in a name must not fill the page's memory.
const MOST_RECORDS: u32 = 20_000;
/// What is left behind among the texts is not worth giving back below this, in bytes.
const LITTLE: usize = 4_096;

impl Values {
    /// No value but the initial ones.
    pub fn new(version: Version) -> Values {
        let names = version.names();
        let (rows, lists) = names.collections.first().map_or((0, 0), |it| (it.rows.len(), it.lists.len()));
        Values {
            version,
            names,
            texts: String::new(),
            live: 0,
            slots: vec![Slot::EMPTY; rows],
            seq: 0,
            lists: vec![Vec::new(); lists],
            touched: Vec::new(),
            acked: 0,
            gaps: Vec::new(),
        }
    }

    /// What was set at a place.
    pub fn text(&self, place: Place) -> Option<&str> {
        self.text_at(&self.spot(place)?)
    }

    /// What was set at a spot.
    pub fn text_at(&self, spot: &Spot) -> Option<&str> {
        self.text_in(spot.slot()?)
    }

    fn text_in(&self, slot: usize) -> Option<&str> {
        let Slot { at, bytes, .. } = self.slots.get(slot)?;
        self.texts.get(*at as usize..at.wrapping_add(*bytes) as usize)
    }

    /// Where a place lies.
    pub fn spot(&self, place: Place) -> Option<Spot> {
        let (Home { column, .. }, collection) = self.home(place.element)?;
        let (first, mut standing) = self.find(collection, place);
        if standing == Standing::Beyond
            && self.gap(place).is_some_and(|(gap, number)| {
                let allows = |it: &Gap| (it.collection, it.around) == (gap.collection, gap.around);
                self.gaps.iter().any(|it| allows(it) && number <= it.upto)
            })
        {
            standing = Standing::Next;
        }
        Some(Spot { place, collection, column, first, standing })
    }

    /// Lets the record behind this one be set, since this one was refused: it is left empty then.
    pub fn allow_gap(&mut self, place: Place) {
        let Some((gap, number)) = self.gap(place) else { return };
        let upto = number.saturating_add(1);
        let is_known = |it: &&mut Gap| (it.collection, it.around) == (gap.collection, gap.around);
        match self.gaps.iter_mut().find(is_known) {
            Some(known) => known.upto = known.upto.max(upto),
            None => self.gaps.push(Gap { upto, ..gap }),
        }
    }

    /// The collection in which a place would make a record, as a gap in it is noted, and the record's number in it.
    fn gap(&self, place: Place) -> Option<(Gap, u32)> {
        let (Home { collection, .. }, row) = self.home(place.element)?;
        let is_inside = row.inner.is_some() && (place.n as usize) < self.lists.get(row.outer?)?.len();
        let (collection, around, number) = match is_inside {
            true => (collection, place.n, place.m),
            // Setting what is inside a record makes the record, where it is the first.
            false if place.m == 0 => (row.whole, 0, place.n),
            false => return None,
        };
        (number < MOST_RECORDS).then_some((Gap { collection, around, upto: 0 }, number))
    }

    /// The first slot of the record that a place lies in, and whether it is there.
    fn find(&self, collection: &Collection, place: Place) -> (u32, Standing) {
        let Some(outer) = collection.outer else { return (0, Standing::Here) };
        let records = self.lists.get(outer).map_or(&[][..], |it| it);
        let record = records.get(place.n as usize);
        let Some(inner) = collection.inner else {
            return (record.map_or(0, |it| it.first), standing(place.n, records.len()));
        };
        let around = standing(place.n, records.len());
        let firsts = record.and_then(|it| it.inner.get(inner)).map_or(&[][..], |it| it);
        let first = firsts.get(place.m as usize).copied().unwrap_or(0);
        (first, if around == Standing::Beyond { around } else { standing(place.m, firsts.len()) })
    }

    /// How many records the collection has that an element counts; `None` where the record around it is
    /// missing.
    pub fn count(&self, place: Place) -> Option<usize> {
        let (_, counted) = self.home(place.element)?;
        let records = self.lists.get(counted.outer?)?;
        let Some(inner) = counted.inner else { return Some(records.len()) };
        Some(records.get(place.n as usize)?.inner.get(inner).map_or(0, Vec::len))
    }

    /// Whether the outer record that a place lies in has its first value, which is its id.
    pub fn has_id(&self, place: Place) -> bool {
        let record = || {
            let (_, collection) = self.home(place.element)?;
            self.text_in(self.lists.get(collection.outer?)?.get(place.n as usize)?.first as usize)
        };
        record().is_some()
    }

    /// What the other records of its collection have of the same element.
    pub fn beside(&self, spot: &Spot) -> impl Iterator<Item = &str> {
        let Spot { place, collection, column, .. } = *spot;
        let records = collection.outer.and_then(|it| self.lists.get(it)).map_or(&[][..], |it| it);
        let record = records.get(place.n as usize);
        let firsts = collection.inner.and_then(|it| record?.inner.get(it)).map_or(&[][..], |it| it);
        let (records, own) = match collection.inner {
            Some(_) => (&[][..], place.m),
            None => (records, place.n),
        };
        let all = records.iter().map(|it| it.first).chain(firsts.iter().copied());
        let others = (0..).zip(all).filter(move |it| it.0 != own);
        others.filter_map(move |(_, first)| self.text_in(first as usize + column))
    }

    /// Keeps a text that is there from the start. Makes the record where there is none.
    pub fn preset(&mut self, place: Place, text: &str) {
        if let Some(spot) = self.spot(place) {
            self.put(&spot, text, 0);
        }
    }

    /// Keeps a text as the change `seq`. Makes the records up to it where there are none, and answers whether
    /// there is room for it.
    pub fn put(&mut self, spot: &Spot, text: &str, seq: u64) -> bool {
        let Spot { place, collection, .. } = *spot;
        if place.n >= MOST_RECORDS || place.m >= MOST_RECORDS {
            return false;
        }
        let mut first = spot.first;
        if let Some(outer) = collection.outer {
            let Some(records) = self.lists.get_mut(outer) else { return false };
            let (whole, slots) = (self.names.collections.get(collection.whole), &mut self.slots);
            while records.len() <= place.n as usize {
                records.push(Record { first: room_for(slots, whole), ..Record::default() });
            }
            let Some(record) = records.get_mut(place.n as usize) else { return false };
            if seq > 0 && record.seq <= self.acked {
                self.touched.push((outer as u32, place.n));
            }
            record.seq = record.seq.max(seq);
            first = record.first;
            if let Some(inner) = collection.inner {
                if record.inner.len() <= inner {
                    record.inner.resize(inner + 1, Vec::new());
                }
                let Some(firsts) = record.inner.get_mut(inner) else { return false };
                while firsts.len() <= place.m as usize {
                    firsts.push(room_for(slots, Some(collection)));
                }
                first = firsts.get(place.m as usize).copied().unwrap_or(0);
            }
        }
        self.seq = self.seq.max(seq);
        let Some(slot) = self.slots.get_mut(first as usize + spot.column) else { return false };
        self.live = self.live + text.len() - slot.bytes as usize;
        *slot = Slot { at: self.texts.len() as u32, bytes: text.len() as u32, seq };
        self.texts.push_str(text);
        if self.texts.len() > 2 * self.live + LITTLE {
            self.pack();
        }
        true
    }

    /// Gives back what values that were set again have left behind.
    fn pack(&mut self) {
        let mut texts = String::with_capacity(self.live);
        for slot in self.slots.iter_mut().filter(|it| it.at != Slot::EMPTY.at) {
            let text = self.texts.get(slot.at as usize..(slot.at + slot.bytes) as usize);
            slot.at = texts.len() as u32;
            texts.push_str(text.unwrap_or_default());
        }
        self.texts = texts;
    }

    /// The same values, all of them there from the start.
    #[must_use]
    pub fn begun_again(&self) -> Values {
        let mut again = Values { touched: Vec::new(), acked: 0, seq: 0, gaps: Vec::new(), ..self.clone() };
        for slot in &mut again.slots {
            slot.seq = 0;
        }
        for record in again.lists.iter_mut().flatten() {
            record.seq = 0;
        }
        again
    }

    /// The greatest number of a change.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Everything up to `acked` is known to the server, and nothing else: it may be less than before.
    pub fn receipt(&mut self, acked: u64) {
        if acked < self.acked {
            let lists = (0..).zip(&self.lists);
            let records = lists.flat_map(|(list, records)| (0..).zip(records).map(move |it| (list, it)));
            let changed = records.filter(|(_, (_, record))| record.seq > acked);
            self.touched = changed.map(|(list, (n, _))| (list, n)).collect();
        } else {
            let lists = &self.lists;
            let record = |(list, n): (u32, u32)| lists.get(list as usize)?.get(n as usize);
            self.touched.retain(|it| record(*it).is_some_and(|it| it.seq > acked));
        }
        self.acked = acked;
    }

    /// What lies in no collection and changed within a range: name, text, number of the change.
    pub fn changed(&self, range: ChangeRange) -> impl Iterator<Item = (&'static str, &str, u64)> {
        let rows = self.names.collections.first().map_or(&[][..], |it| &it.rows);
        let set = self.slots.iter().zip(rows).enumerate().filter(move |it| range.has(it.1.0.seq));
        set.filter_map(|(number, (slot, row))| {
            Some((self.version.element(*row)?.name, self.text_in(number)?, slot.seq))
        })
    }

    /// The names of the collections that lie in no other.
    pub fn collections(&self) -> impl Iterator<Item = &'static str> {
        let all = &self.names.collections;
        let outer = all.first().map_or(&[][..], |it| &it.lists);
        outer.iter().filter_map(|it| Some(all.get(*it)?.name))
    }

    /// The records that changed within a range that begins no lower than what is acknowledged, in the order of
    /// their first change; among them such as changed only after it.
    pub fn changed_records(&self, range: ChangeRange) -> impl Iterator<Item = Changed<'_>> {
        let collections = &self.names.collections;
        self.touched.iter().filter_map(move |&(list, n)| {
            let number = collections.first()?.lists.get(list as usize)?;
            let record = self.lists.get(list as usize)?.get(n as usize)?;
            let collection = collections.get(*number)?;
            (record.seq > range.after).then_some(Changed { values: self, collection, record, n, range })
        })
    }

    /// Every place in a record, whether or not it has a value; outer records before those inside them.
    pub fn each_record(&self, mut visit: impl FnMut(Place)) {
        let all = &self.names.collections;
        let outer = all.first().map_or(&[][..], |it| &it.lists);
        for (collection, records) in outer.iter().filter_map(|it| all.get(*it)).zip(&self.lists) {
            for (record, n) in records.iter().zip(0..) {
                collection.rows.iter().for_each(|it| visit(Place { element: *it, n, m: 0 }));
                let inner = collection.lists.iter().filter_map(|it| all.get(*it));
                for (collection, firsts) in inner.zip(&record.inner) {
                    for m in 0..firsts.len() as u32 {
                        collection.rows.iter().for_each(|it| visit(Place { element: *it, n, m }));
                    }
                }
            }
        }
    }

    fn home(&self, element: ElementId) -> Option<(Home, &'static Collection)> {
        let names = self.names;
        let home = names.home(element)?;
        Some((home, names.collections.get(home.collection)?))
    }
}

/// How a number stands to a list of that length.
fn standing(number: u32, records: usize) -> Standing {
    match (number as usize).cmp(&records) {
        Ordering::Less => Standing::Here,
        Ordering::Equal if number < MOST_RECORDS => Standing::Next,
        _ => Standing::Beyond,
    }
}

/// Makes room for the values of one more record; answers its first slot.
fn room_for(slots: &mut Vec<Slot>, collection: Option<&Collection>) -> u32 {
    let first = slots.len();
    slots.resize(first + collection.map_or(0, |it| it.rows.len()), Slot::EMPTY);
    first as u32
}

/// A record that changed.
#[derive(Debug, Clone, Copy)]
pub struct Changed<'a> {
    values: &'a Values,
    collection: &'static Collection,
    record: &'a Record,
    /// Its number, from 0.
    pub n: u32,
    range: ChangeRange,
}

/// A value that changed, in a record.
#[derive(Debug, Clone, Copy)]
pub struct ChangedPart<'a> {
    /// Its name within the record, such as `objectives.m.id`.
    pub name: &'static str,
    /// The number that stands for `m`, if there is one.
    pub m: Option<u32>,
    /// What it holds.
    pub text: &'a str,
    /// Number of its change.
    pub seq: u64,
}

impl<'a> Changed<'a> {
    /// The name of its collection, such as `cmi.interactions`.
    pub fn collection(&self) -> &'static str {
        self.collection.name
    }

    /// The number under which its changes are told: the greatest in it within the range. What is told stood
    /// as it stands when that number was given out.
    pub fn seq(&self) -> u64 {
        self.record.seq.min(self.range.upto)
    }

    /// Every value in it that changed within the range.
    pub fn each(&self, mut visit: impl FnMut(ChangedPart<'a>)) {
        let Values { version, names, slots, .. } = self.values;
        let name =
            |row: &ElementId| version.element(*row)?.name.get(self.collection.name.len() + ".n.".len()..);
        let mut of = |first: u32, rows: &[ElementId], m: Option<u32>| {
            for (slot, row) in (first as usize..).zip(rows) {
                if let Some(seq) = slots.get(slot).map(|it| it.seq).filter(|it| self.range.has(*it))
                    && let (Some(name), Some(text)) = (name(row), self.values.text_in(slot))
                {
                    visit(ChangedPart { name, m, text, seq });
                }
            }
        };
        of(self.record.first, &self.collection.rows, None);
        for (firsts, number) in self.record.inner.iter().zip(&self.collection.lists) {
            let rows = names.collections.get(*number).map_or(&[][..], |it| &it.rows);
            for (first, m) in firsts.iter().zip(0..) {
                of(*first, rows, Some(m));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::Rule;

    fn place(name: &str) -> Place {
        Version::V2004.look_up(name).unwrap()
    }

    fn put(values: &mut Values, name: &str, text: &str, seq: u64) -> bool {
        let spot = values.spot(place(name)).unwrap();
        values.put(&spot, text, seq)
    }

    fn standing(values: &Values, name: &str) -> Standing {
        values.spot(place(name)).unwrap().standing
    }

    #[test]
    fn records_are_made_as_they_are_set_and_counted() {
        let mut values = Values::new(Version::V2004);
        let (count, inner) =
            (place("cmi.interactions._count"), place("cmi.interactions.0.objectives._count"));
        assert_eq!((values.count(count), values.count(inner)), (Some(0), None));
        assert_eq!(standing(&values, "cmi.interactions.0.id"), Standing::Next);
        assert_eq!(standing(&values, "cmi.interactions.1.id"), Standing::Beyond);
        assert_eq!(standing(&values, "cmi.interactions.0.objectives.0.id"), Standing::Next);
        assert_eq!(standing(&values, "cmi.interactions.0.objectives.1.id"), Standing::Beyond);
        assert!(put(&mut values, "cmi.interactions.0.id", "a", 1));
        assert!(put(&mut values, "cmi.interactions.0.objectives.0.id", "x", 2));
        assert!(put(&mut values, "cmi.interactions.0.objectives.1.id", "y", 3));
        assert_eq!((values.count(count), values.count(inner)), (Some(1), Some(2)));
        assert_eq!(standing(&values, "cmi.interactions.0.objectives.1.id"), Standing::Here);
        assert_eq!(values.text(place("cmi.interactions.0.objectives.1.id")), Some("y"));
        assert_eq!(
            values
                .beside(&values.spot(place("cmi.interactions.0.objectives.1.id")).unwrap())
                .collect::<Vec<_>>(),
            ["x"]
        );
        assert!(
            !put(&mut values, "cmi.interactions.4000000.id", "a", 0),
            "a number must not fill the memory"
        );
        let mut told = Vec::new();
        values.each_record(|it| told.extend(values.text(it).map(str::to_owned)));
        assert_eq!(told, ["a", "x", "y"]);
    }

    #[test]
    fn only_what_changed_since_the_last_receipt_is_told() {
        let mut values = Values::new(Version::V2004);
        let within = |values: &Values, after, upto| {
            let range = ChangeRange { after, upto };
            let mut all: Vec<String> =
                values.changed(range).map(|(name, text, seq)| format!("{name}={text}@{seq}")).collect();
            for record in values.changed_records(range) {
                record.each(|ChangedPart { name, m, text, .. }| {
                    all.push(format!(
                        "{}.{}.{name}.{}={text}@{}",
                        record.collection(),
                        record.n,
                        m.unwrap_or(0),
                        record.seq()
                    ));
                });
            }
            all
        };
        let told = |values: &Values, after| within(values, after, u64::MAX);
        for (n, name) in ["cmi.objectives.0.id", "cmi.location", "cmi.objectives.1.id"].iter().enumerate() {
            put(&mut values, name, "a", n as u64 + 1);
        }
        assert_eq!(
            told(&values, 0),
            ["cmi.location=a@2", "cmi.objectives.0.id.0=a@1", "cmi.objectives.1.id.0=a@3"]
        );
        values.receipt(2);
        assert_eq!(told(&values, 2), ["cmi.objectives.1.id.0=a@3"]);
        values.receipt(3);
        assert!(told(&values, 3).is_empty() && values.touched.is_empty());
        put(&mut values, "cmi.objectives.0.score.raw", "5", 4);
        put(&mut values, "cmi.objectives.0.score.raw", "6", 5);
        assert_eq!(told(&values, 3), ["cmi.objectives.0.score.raw.0=6@5"]);
        put(&mut values, "cmi.objectives.0.id", "b", 6);
        assert!(within(&values, 3, 4).is_empty());
        assert_eq!(within(&values, 3, 5), ["cmi.objectives.0.score.raw.0=6@5"]);
        assert_eq!(within(&values, 5, 6), ["cmi.objectives.0.id.0=b@6"]);
        assert!(told(&values.begun_again(), 0).is_empty());
    }
    /// What `has_id` relies on.
    #[test]
    fn what_depends_on_an_id_lies_in_a_record_whose_first_value_is_one() {
        let v2004 = Version::V2004;
        let depends = |rule: Rule| matches!(rule, Rule::AfterId | Rule::AfterType | Rule::UniqueAfterId);
        let rows = v2004.elements().iter().filter(|it| depends(it.rule));
        let firsts: BTreeSet<&str> = rows
            .map(|row| {
                let place = v2004.look_up(&row.name.replace(".n.", ".0.").replace(".m.", ".0.")).unwrap();
                let collection =
                    &v2004.names().collections[v2004.names().home(place.element).unwrap().collection];
                let whole = &v2004.names().collections[collection.whole];
                v2004.element(whole.rows[0]).unwrap().name
            })
            .collect();
        assert_eq!(Vec::from_iter(firsts), ["cmi.interactions.n.id", "cmi.objectives.n.id"]);
        assert!(Version::V12.elements().iter().all(|it| !depends(it.rule)));
    }

    #[test]
    fn texts_that_were_set_again_are_given_back() {
        let mut values = Values::new(Version::V2004);
        let long = "ä".repeat(1_000);
        for seq in 1..100 {
            assert!(put(&mut values, "cmi.suspend_data", &long, 3 * seq));
            assert!(put(&mut values, "cmi.location", if seq % 2 == 0 { "" } else { "x" }, 3 * seq + 1));
            assert!(put(&mut values, "cmi.comments_from_learner.2.comment", "c", 3 * seq + 2));
            assert!(values.texts.len() <= 2 * values.live + LITTLE + long.len());
        }
        assert_eq!(values.text(place("cmi.suspend_data")), Some(long.as_str()));
        assert_eq!(values.text(place("cmi.location")), Some("x"));
        assert_eq!(values.text(place("cmi.comments_from_learner.2.comment")), Some("c"));
        assert_eq!(values.text(place("cmi.comments_from_learner.1.comment")), None);
        assert_eq!(values.live, long.len() + 2);
    }
}
