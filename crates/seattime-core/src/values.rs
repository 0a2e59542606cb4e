//! The values of a session: one for each element, and a record of them for each place in a collection.

use crate::model::{Collection, ElementId, Home, Names, Place, Version};
use crate::snapshot::{Reader, Writer};

/// A value, with the number of its last change; 0: it was there from the start.
#[derive(Debug, Clone, Default)]
struct Slot {
    text: Option<String>,
    seq: u64,
}

/// Values that belong together: those of the data model itself, or of one place in a collection.
#[derive(Debug, Clone, Default)]
struct Record {
    /// The greatest number of a change in it.
    seq: u64,
    slots: Vec<Slot>,
    lists: Vec<Vec<Record>>,
}

/// The values of a session.
#[derive(Debug, Clone)]
pub struct Values {
    version: Version,
    names: &'static Names,
    root: Record,
    /// The outer records that changed since they were last acknowledged: list and number. So what has to
    /// be sent is found without looking at the others.
    touched: Vec<(u32, u32)>,
    acked: u64,
}

/// Where a place lies, seen from what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its record is there.
    Here,
    /// Its record would be the next of its collection.
    Next,
    /// Its record would be further away.
    Beyond,
}

/// The way to a record: the collections from the outside in, and the number in each. Where there is only
/// one, it stands twice, and where there is none, that of the data model itself.
#[derive(Debug, Clone, Copy)]
struct Way {
    depth: usize,
    steps: [(&'static Collection, u32); 2],
}

impl Way {
    fn iter(&self) -> impl Iterator<Item = &(&'static Collection, u32)> {
        self.steps.iter().take(self.depth)
    }
}

/// Where a value lies, once it is known.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    way: Way,
    column: usize,
    /// Whether its record is there.
    pub standing: Standing,
}

/// More records than this are not made room for: a number in a name must not fill the page's memory.
const MOST_RECORDS: u32 = 20_000;

impl Record {
    fn of(collection: &Collection) -> Record {
        Record {
            seq: 0,
            slots: vec![Slot::default(); collection.rows.len()],
            lists: vec![Vec::new(); collection.lists.len()],
        }
    }

    fn forget_changes(&mut self) {
        self.seq = 0;
        for slot in &mut self.slots {
            slot.seq = 0;
        }
        for record in self.lists.iter_mut().flatten() {
            record.forget_changes();
        }
    }

    fn write(&self, to: &mut Writer) {
        to.number(self.seq);
        to.list(&self.slots, |to, it| {
            to.option(it.text.as_ref(), |to, text| to.text(text));
            to.number(it.seq);
        });
        to.list(&self.lists, |to, it| to.list(it, |to, it| it.write(to)));
    }

    fn read(from: &mut Reader<'_>) -> Record {
        Record {
            seq: from.number(),
            slots: from.list(|from| Slot { text: from.option(Reader::text), seq: from.number() }),
            lists: from.list(|from| from.list(Record::read)),
        }
    }
}

impl Values {
    /// No value but the initial ones.
    pub fn new(version: Version) -> Values {
        let names = version.names();
        let root = names.collections.first().map(Record::of).unwrap_or_default();
        Values { version, names, root, touched: Vec::new(), acked: 0 }
    }

    /// What was set at a place.
    pub fn text(&self, place: Place) -> Option<&str> {
        self.text_at(&self.spot(place)?)
    }

    /// What was set at a spot.
    pub fn text_at(&self, spot: &Spot) -> Option<&str> {
        self.record(spot.way)?.slots.get(spot.column)?.text.as_deref()
    }

    /// Where a place lies.
    pub fn spot(&self, place: Place) -> Option<Spot> {
        let (home, collection) = self.home(place.element)?;
        let (column, way) = (home.column, self.way(collection, place));
        if way.depth == 0 {
            return Some(Spot { way, column, standing: Standing::Here });
        }
        let mut at = Some(&self.root);
        let mut standing = Standing::Here;
        for &(collection, number) in way.iter() {
            let records = at.and_then(|it| it.lists.get(collection.list)).map_or(&[][..], |it| it);
            if number as usize > records.len() {
                standing = Standing::Beyond;
                break;
            }
            at = records.get(number as usize);
            if at.is_none() {
                standing = Standing::Next;
            }
        }
        Some(Spot { way, column, standing })
    }

    /// How many records the collection has that an element counts; `None` where the record around it is
    /// missing.
    pub fn count(&self, place: Place) -> Option<usize> {
        let (_, counted) = self.home(place.element)?;
        let around = self.names.collections.get(counted.parent)?;
        Some(self.record(self.way(around, place))?.lists.get(counted.list)?.len())
    }

    /// What the other records of its collection have of the same element.
    pub fn beside(&self, place: Place) -> impl Iterator<Item = &str> {
        let found = self.home(place.element).and_then(|(home, collection)| {
            let way = self.way(collection, place);
            let (last, own) = way.steps.get(way.depth.checked_sub(1)?)?;
            let around = self.record(Way { depth: way.depth - 1, ..way })?;
            Some((around.lists.get(last.list)?, home.column, *own as usize))
        });
        let (records, column, own) = found.map_or((&[][..], 0, 0), |it| (it.0.as_slice(), it.1, it.2));
        let others = records.iter().enumerate().filter(move |it| it.0 != own);
        others.filter_map(move |it| it.1.slots.get(column)?.text.as_deref())
    }

    /// Keeps a text that is there from the start. Makes the record where there is none.
    pub fn preset(&mut self, place: Place, text: &str) {
        if let Some(spot) = self.spot(place) {
            self.put(&spot, text, 0);
        }
    }

    /// Keeps a text as the change `seq`. Makes the record where there is none, and answers whether there is
    /// room for it.
    pub fn put(&mut self, spot: &Spot, text: &str, seq: u64) -> bool {
        if spot.way.iter().any(|it| it.1 >= MOST_RECORDS) {
            return false;
        }
        self.root.seq = self.root.seq.max(seq);
        let mut at = &mut self.root;
        for (depth, &(collection, number)) in spot.way.iter().enumerate() {
            let Some(records) = at.lists.get_mut(collection.list) else { return false };
            if records.len() <= number as usize {
                records.resize_with(number as usize + 1, || Record::of(collection));
            }
            let Some(record) = records.get_mut(number as usize) else { return false };
            if depth == 0 && seq > 0 && record.seq <= self.acked {
                self.touched.push((collection.list as u32, number));
            }
            record.seq = record.seq.max(seq);
            at = record;
        }
        let Some(slot) = at.slots.get_mut(spot.column) else { return false };
        match &mut slot.text {
            Some(kept) => {
                kept.clear();
                kept.push_str(text);
            }
            empty => *empty = Some(text.to_owned()),
        }
        slot.seq = seq;
        true
    }

    /// The same values, all of them there from the start.
    #[must_use]
    pub fn begun_again(&self) -> Values {
        let mut root = self.root.clone();
        root.forget_changes();
        Values { version: self.version, names: self.names, root, touched: Vec::new(), acked: 0 }
    }

    /// The greatest number of a change.
    pub fn seq(&self) -> u64 {
        self.root.seq
    }

    /// Everything up to `acked` is known to the server.
    pub fn receipt(&mut self, acked: u64) {
        self.acked = acked;
        let root = &self.root;
        let record = |(list, n): (u32, u32)| root.lists.get(list as usize)?.get(n as usize);
        self.touched.retain(|it| record(*it).is_some_and(|it| it.seq > acked));
    }

    /// What lies in no collection and changed after `acked`: name, text, number of the change.
    pub fn changed(&self, acked: u64) -> impl Iterator<Item = (&'static str, &str, u64)> {
        let rows = self.names.collections.first().map_or(&[][..], |it| &it.rows);
        let set = self.root.slots.iter().zip(rows).filter(move |it| it.0.seq > acked);
        set.filter_map(|(slot, row)| {
            Some((self.version.element(*row)?.name, slot.text.as_deref()?, slot.seq))
        })
    }

    /// The names of the collections that lie in no other.
    pub fn collections(&self) -> impl Iterator<Item = &'static str> {
        let all = &self.names.collections;
        let outer = all.first().map_or(&[][..], |it| &it.lists);
        outer.iter().filter_map(|it| Some(all.get(*it)?.name))
    }

    /// The records that changed after `acked`, in the order of their first change.
    pub fn changed_records(&self, acked: u64) -> impl Iterator<Item = Changed<'_>> {
        let collections = &self.names.collections;
        self.touched.iter().filter_map(move |&(list, n)| {
            let number = collections.first()?.lists.get(list as usize)?;
            let record = self.root.lists.get(list as usize)?.get(n as usize)?;
            let collection = collections.get(*number)?;
            (record.seq > acked).then_some(Changed { version: self.version, collection, record, n, acked })
        })
    }

    /// Every place in a record, whether or not it has a value; outer records before those inside them.
    pub fn each_record(&self, mut visit: impl FnMut(Place)) {
        self.each_in(0, &self.root, [0; 2], &mut visit);
    }

    fn each_in(&self, collection: usize, record: &Record, at: [u32; 2], visit: &mut dyn FnMut(Place)) {
        let Some(collection) = self.names.collections.get(collection) else { return };
        let [n, m] = at;
        let is_record = !collection.name.is_empty();
        for &element in collection.rows.iter().filter(|_| is_record) {
            visit(Place { element, n, m });
        }
        for (records, inner) in record.lists.iter().zip(&collection.lists) {
            for (record, number) in records.iter().zip(0..) {
                let at = if is_record { [n, number] } else { [number, 0] };
                self.each_in(*inner, record, at, visit);
            }
        }
    }

    /// Writes them into a snapshot.
    pub fn write(&self, to: &mut Writer) {
        self.root.write(to);
        to.list(&self.touched, |to, it| {
            to.number(u64::from(it.0));
            to.number(u64::from(it.1));
        });
        to.number(self.acked);
    }

    /// Reads them from a snapshot.
    pub fn read(from: &mut Reader<'_>, version: Version) -> Values {
        Values {
            version,
            names: version.names(),
            root: Record::read(from),
            touched: from.list(|from| (from.small(), from.small())),
            acked: from.number(),
        }
    }

    fn home(&self, element: ElementId) -> Option<(Home, &'static Collection)> {
        let names = self.names;
        let home = names.home(element)?;
        Some((home, names.collections.get(home.collection)?))
    }

    fn way(&self, collection: &'static Collection, place: Place) -> Way {
        if collection.name.is_empty() {
            return Way { depth: 0, steps: [(collection, 0); 2] };
        }
        let around = self.names.collections.get(collection.parent).filter(|it| !it.name.is_empty());
        match around {
            None => {
                Way { depth: usize::from(!collection.name.is_empty()), steps: [(collection, place.n); 2] }
            }
            Some(around) => Way { depth: 2, steps: [(around, place.n), (collection, place.m)] },
        }
    }

    fn record(&self, way: Way) -> Option<&Record> {
        let mut at = &self.root;
        for (collection, number) in way.iter() {
            at = at.lists.get(collection.list)?.get(*number as usize)?;
        }
        Some(at)
    }
}

/// A record that changed.
#[derive(Debug, Clone, Copy)]
pub struct Changed<'a> {
    version: Version,
    collection: &'static Collection,
    record: &'a Record,
    /// Its number, from 0.
    pub n: u32,
    acked: u64,
}

impl<'a> Changed<'a> {
    /// The name of its collection, such as `cmi.interactions`.
    pub fn collection(&self) -> &'static str {
        self.collection.name
    }

    /// The greatest number of a change in it.
    pub fn seq(&self) -> u64 {
        self.record.seq
    }

    /// Every value in it that changed: its name within the record, such as `objectives.m.id`, the number
    /// that stands for `m` if there is one, and its text.
    pub fn each(&self, mut visit: impl FnMut(&'static str, Option<u32>, &'a str)) {
        let name = |row: &ElementId| {
            self.version.element(*row)?.name.get(self.collection.name.len() + ".n.".len()..)
        };
        let mut of = |record: &'a Record, rows: &[ElementId], m: Option<u32>| {
            for (slot, row) in record.slots.iter().zip(rows).filter(|it| it.0.seq > self.acked) {
                if let (Some(name), Some(text)) = (name(row), &slot.text) {
                    visit(name, m, text);
                }
            }
        };
        of(self.record, &self.collection.rows, None);
        for (records, number) in self.record.lists.iter().zip(&self.collection.lists) {
            let rows = self.version.names().collections.get(*number).map_or(&[][..], |it| &it.rows);
            for (record, m) in records.iter().zip(0..) {
                of(record, rows, Some(m));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(values.beside(place("cmi.interactions.0.objectives.1.id")).collect::<Vec<_>>(), ["x"]);
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
        let told = |values: &Values, acked| {
            let mut all: Vec<String> =
                values.changed(acked).map(|(name, text, seq)| format!("{name}={text}@{seq}")).collect();
            for record in values.changed_records(acked) {
                record.each(|name, m, text| {
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

        let mut writer = Writer::default();
        values.write(&mut writer);
        let bytes = writer.finish();
        let read = Values::read(&mut Reader::new(&bytes), Version::V2004);
        assert_eq!(told(&read, 3), told(&values, 3));
        assert!(told(&values.begun_again(), 0).is_empty());
    }
}
