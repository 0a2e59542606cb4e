//! Names of elements: looked up segment by segment in a tree made of the table.

use std::sync::OnceLock;

use super::{Element, ElementId, Version};
use crate::error::Refusal;
use crate::value::cut::{cut, parts};
use crate::value::digits;

/// Where a value lies: its element, and the numbers of the records it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The row of the table.
    pub element: ElementId,
    /// Number of the record, from 0; 0 where the element is in none.
    pub n: u32,
    /// Number of the record inside the record, from 0; 0 where there is none.
    pub m: u32,
}

impl From<ElementId> for Place {
    fn from(element: ElementId) -> Place {
        Place { element, n: 0, m: 0 }
    }
}

/// A collection; number 0 is the data model itself, with one record.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    /// The dotted name of its records' parent, such as `cmi.objectives`.
    pub(crate) name: &'static str,
    /// Number of the collection that lies in no other: itself, or the one around it.
    pub(crate) whole: usize,
    /// The place of that one among those of the data model; nothing for the data model itself.
    pub(crate) outer: Option<usize>,
    /// Its place among the collections inside a record of that one; nothing where it is that one.
    pub(crate) inner: Option<usize>,
    /// Its rows, in the order of the table: a record has a value for each.
    pub(crate) rows: Vec<ElementId>,
    /// The numbers of the collections inside its records.
    pub(crate) lists: Vec<usize>,
}

/// Where a row's values lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home {
    /// Number of its collection; for a count, of the collection that is counted.
    pub(crate) collection: usize,
    /// Its place among the values of a record.
    pub(crate) column: usize,
}

/// What a segment stands for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Word,
    /// The number of a record.
    Number,
    /// A target, which may have dots of its own.
    Target,
}

/// A segment of names.
#[derive(Debug, Default)]
struct Segment {
    text: &'static str,
    kind: Kind,
    row: Option<ElementId>,
    inner: Vec<Segment>,
    /// Of each inner segment, what most words are told apart by.
    keys: Vec<u32>,
}

/// The names of one version, and where their values lie.
#[derive(Debug)]
pub(crate) struct Names {
    root: Segment,
    homes: Vec<Home>,
    pub(crate) collections: Vec<Collection>,
}

/// There is one of each version.
impl PartialEq for Names {
    fn eq(&self, other: &Names) -> bool {
        std::ptr::eq(self, other)
    }
}

/// What stands in the table for the number of a record.
const NUMBERS: [&str; 2] = ["n", "m"];
/// What stands in the table for a target.
const TARGET: &str = "{target=}";
const TARGET_HEAD: &[u8] = b"{target=";
/// A number that no record has.
const NOWHERE: u32 = u32::MAX;

impl Version {
    pub(crate) fn names(self) -> &'static Names {
        static V12: OnceLock<Names> = OnceLock::new();
        static V2004: OnceLock<Names> = OnceLock::new();
        let names = match self {
            Version::V12 => &V12,
            Version::V2004 => &V2004,
        };
        names.get_or_init(|| Names::of(self.elements()))
    }
}

impl Names {
    fn of(elements: &'static [Element]) -> Names {
        let mut names = Names {
            root: Segment::default(),
            homes: Vec::with_capacity(elements.len()),
            collections: vec![Collection::default()],
        };
        for (row, number) in elements.iter().zip(0..) {
            let id = ElementId(number);
            let mut at = &mut names.root;
            for text in parts(row.name, ".") {
                let place = at.inner.iter().position(|it| it.text == text).unwrap_or_else(|| {
                    let kind = match text {
                        TARGET => Kind::Target,
                        it if NUMBERS.contains(&it) => Kind::Number,
                        _ => Kind::Word,
                    };
                    at.keys.push(key_of(text.as_bytes()));
                    at.inner.push(Segment { text, kind, ..Segment::default() });
                    at.inner.len() - 1
                });
                let Some(inner) = at.inner.get_mut(place) else { break };
                at = inner;
            }
            at.row = Some(id);
            let mut collection = 0;
            for mark in [".n.", ".m."] {
                if let Some((above, _)) = cut(row.name, mark) {
                    collection = names.collection(above, collection);
                }
            }
            let home = match row.name.strip_suffix("._count") {
                Some(name) => Home { collection: names.collection(name, collection), column: usize::MAX },
                None => Home {
                    collection,
                    column: names.collections.get(collection).map_or(0, |it| it.rows.len()),
                },
            };
            names.homes.push(home);
            if home.column != usize::MAX
                && let Some(collection) = names.collections.get_mut(collection)
            {
                collection.rows.push(id);
            }
        }
        names
    }

    /// The number of the collection of this name, which is made where it is new.
    fn collection(&mut self, name: &'static str, parent: usize) -> usize {
        if let Some(known) = self.collections.iter().position(|it| it.name == name) {
            return known;
        }
        let number = self.collections.len();
        let Some(around) = self.collections.get_mut(parent) else { return 0 };
        around.lists.push(number);
        let list = Some(around.lists.len() - 1);
        let (whole, outer, inner) = match around.outer {
            None => (number, list, None),
            outer => (parent, outer, list),
        };
        self.collections.push(Collection { name, whole, outer, inner, ..Collection::default() });
        number
    }

    pub(crate) fn home(&self, element: ElementId) -> Option<Home> {
        self.homes.get(usize::from(element.0)).copied()
    }

    /// Looks a name up; a number that is not written as the book writes it is one that no record has.
    ///
    /// Content waits for this at each call that names a record: plain loops over bytes.
    pub(crate) fn find(&self, name: &str) -> Result<Place, Refusal> {
        let (mut at, mut rest, mut numbers) = (&self.root, name.as_bytes(), [0_u32; 2]);
        let mut next_number = numbers.iter_mut();
        loop {
            let Some((inner, size)) = at.step(rest) else {
                return Err(why_unknown(rest, std::ptr::eq(at, &self.root)));
            };
            let (segment, tail) = rest.split_at_checked(size).unwrap_or_default();
            if inner.kind == Kind::Number
                && let Some(number) = next_number.next()
            {
                *number = number_of(segment);
            }
            at = inner;
            match tail {
                [_, tail @ ..] => rest = tail,
                [] => break,
            }
        }
        let [n, m] = numbers;
        at.row.map(|element| Place { element, n, m }).ok_or(Refusal::Undefined)
    }
}

impl Segment {
    /// The segment that a name goes on with, and its length in the name.
    fn step(&self, rest: &[u8]) -> Option<(&Segment, usize)> {
        let size = rest.iter().position(|it| *it == b'.').unwrap_or(rest.len());
        let text = rest.get(..size)?;
        let key = key_of(text);
        let found = self.keys.iter().position(|it| *it == key).and_then(|it| self.inner.get(it));
        if let Some(inner) = found.filter(|it| it.kind == Kind::Word && it.text.as_bytes() == text) {
            return Some((inner, size));
        }
        // The few others: words with the same key, numbers and targets.
        for inner in &self.inner {
            let size = match inner.kind {
                Kind::Word if inner.text.as_bytes() == text => size,
                Kind::Number if digits::leading(rest) == size && size > 0 => size,
                // Its dots are its own.
                Kind::Target
                    if rest.starts_with(TARGET_HEAD) && rest.ends_with(b"}") && rest.len() > TARGET.len() =>
                {
                    rest.len()
                }
                Kind::Word | Kind::Number | Kind::Target => continue,
            };
            return Some((inner, size));
        }
        None
    }
}

/// Tells most words apart by one number: their length, their first and their last letter.
fn key_of(text: &[u8]) -> u32 {
    let letter = |it: Option<&u8>| u32::from(it.copied().unwrap_or(0));
    (text.len() as u32) << 16 | letter(text.first()) << 8 | letter(text.last())
}

/// Appends a name of the table, with numbers where it has letters.
pub fn push_name(to: &mut Vec<u8>, name: &str, numbers: &[u32]) {
    let mut numbers = numbers.iter();
    for (at, text) in parts(name, ".").enumerate() {
        if at > 0 {
            to.push(b'.');
        }
        match if NUMBERS.contains(&text) { numbers.next() } else { None } {
            Some(number) => digits::push(to, u64::from(*number), 1),
            None => to.extend_from_slice(text.as_bytes()),
        }
    }
}

/// Why a name is unknown, of which everything before `rest` is known.
fn why_unknown(rest: &[u8], is_first: bool) -> Refusal {
    match rest {
        _ if is_first => Refusal::ForeignModel,
        b"_children" => Refusal::NoChildren,
        b"_count" => Refusal::NoCount,
        b"_version" => Refusal::NoVersion,
        _ => Refusal::Undefined,
    }
}

fn number_of(text: &[u8]) -> u32 {
    let is_plain = text == b"0" || text.first() != Some(&b'0');
    let number = digits::parse(text).filter(|_| is_plain);
    number.and_then(|it| u32::try_from(it).ok()).unwrap_or(NOWHERE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_in_the_closed_table_and_nowhere_else() {
        use Refusal::{ForeignModel, NoChildren, NoCount, NoVersion, Undefined};
        use Version::{V12, V2004};
        #[rustfmt::skip]
        let cases = [
            // version name                              refused as       code
            (V12,   "cmi.core.none",                     Undefined,       201),
            (V12,   "cmi.core",                          Undefined,       201),
            (V12,   "cmi",                               Undefined,       201),
            (V12,   "xyz.score.result",                  ForeignModel,    401),
            (V12,   "adl.nav.request",                   ForeignModel,    401),
            (V12,   "cmi.launch_data._children",         NoChildren,      202),
            (V12,   "cmi.launch_data._count",            NoCount,         203),
            (V12,   "cmi.core._count",                   NoCount,         203),
            (V12,   "cmi.core.score.raw._version",       NoVersion,       201),
            (V12,   "__proto__",                         ForeignModel,    401),
            (V12,   "cmi.core._total_time",              Undefined,       201),
            (V2004, "cmi.none",                          Undefined,       401),
            (V2004, "cmi",                               Undefined,       401),
            (V2004, "cmi.score",                         Undefined,       401), // a bare category
            (V2004, "cmi.interactions",                  Undefined,       401),
            (V2004, "cmi.interactions.",                 Undefined,       401),
            (V2004, "cmi.interactions.0",                Undefined,       401),
            (V2004, "cmi.interactions.n.id",             Undefined,       401), // the table's own letter
            (V2004, "cmi.interactions.-1.id",            Undefined,       401),
            (V2004, "cmi.interactions.0x0.id",           Undefined,       401),
            (V2004, "cmi.interactions.0.objectives.m.id", Undefined,      401),
            (V2004, "adl.data",                          Undefined,       401),
            (V2004, "adl.nav.request_valid.choice.{target=}", Undefined,  401),
            (V2004, "xyz.score",                         ForeignModel,    401),
            (V2004, "settings.x",                        ForeignModel,    401),
            (V2004, "",                                  ForeignModel,    401),
            (V2004, "cmi.location._children",            NoChildren,      301),
            (V2004, "cmi.location._count",               NoCount,         301),
            (V2004, "cmi.location._version",             NoVersion,       301),
            (V2004, "constructor",                       ForeignModel,    401),
            (V2004, "cmi.Location",                      Undefined,       401),
            (V2004, " cmi.location",                     ForeignModel,    401),
        ];
        for (version, name, refusal, code) in cases {
            assert_eq!(version.look_up(name), Err(refusal), "{version:?} {name:?}");
            assert_eq!(version.code(refusal), code, "{version:?} {name:?}");
        }
    }

    #[test]
    fn every_name_of_the_tables_is_found_and_printed_as_it_was() {
        for version in [Version::V12, Version::V2004] {
            for (row, number) in version.elements().iter().zip(0..) {
                let name = row
                    .name
                    .replace(".n.", ".17.")
                    .replace(".m.", ".3.")
                    .replace("{target=}", "{target=a.b}");
                let place = version.look_up(&name).unwrap();
                assert_eq!(place.element, ElementId(number), "{name}");
                assert_eq!(
                    (place.n, place.m),
                    (17 * u32::from(name.contains(".17.")), 3 * u32::from(name.contains(".3.")))
                );
                let mut printed = Vec::new();
                push_name(&mut printed, row.name, &[place.n, place.m]);
                assert_eq!(String::from_utf8(printed).unwrap(), name.replace("a.b", ""));
            }
        }
    }

    #[test]
    fn a_number_that_is_not_written_as_the_book_writes_it_is_nowhere() {
        for number in ["00", "01", "4294967295", "4294967296", "99999999999999999999999"] {
            let place = Version::V2004.look_up(&format!("cmi.objectives.{number}.id")).unwrap();
            assert_eq!(place.n, NOWHERE, "{number}");
        }
    }
}
