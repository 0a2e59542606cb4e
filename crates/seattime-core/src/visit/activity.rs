//! What can be launched in a visit, and what a session of it begins with.

use crate::model::{ElementId, Place, v2004};
use crate::session::{Kind, Session};
use crate::shared::Map;
use crate::snapshot::{Reader, Writer};

/// What can be launched in the visit.
#[derive(Debug, Clone)]
pub(super) struct Activity {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) try_: u32,
    /// What its elements hold when a session of this try begins.
    pub(super) values: Vec<(Place, String)>,
    /// Its objectives in the manifest; every try begins with them.
    pub(super) objectives: Vec<String>,
    /// How it reaches what activities share.
    pub(super) maps: Vec<Map>,
}

impl Activity {
    /// An activity that has nothing from the start.
    pub(super) fn new(id: &str, kind: Kind, try_: u32) -> Activity {
        Activity {
            id: id.to_owned(),
            kind,
            try_,
            values: Vec::new(),
            objectives: Vec::new(),
            maps: Vec::new(),
        }
    }

    /// Gives a session what its activity has from the start.
    pub(super) fn begin(&self, session: &mut Session, is_given: impl Fn(ElementId) -> bool) {
        for (id, n) in self.objectives.iter().zip(0..) {
            session.preset(Place { element: v2004::OBJECTIVE_ID, n, m: 0 }, id);
        }
        for (map, n) in self.maps.iter().zip(0..) {
            session.preset(Place { element: v2004::DATA_ID, n, m: 0 }, &map.target);
        }
        for (place, text) in self.values.iter().filter(|it| is_given(it.0.element)) {
            session.preset(*place, text);
        }
    }

    /// Writes it into a snapshot.
    pub(super) fn write(&self, to: &mut Writer) {
        to.text(&self.id);
        to.flag(self.kind == Kind::Sco);
        to.number(u64::from(self.try_));
        to.list(&self.values, |to, (place, text)| {
            to.number(u64::from(place.element.0));
            to.number(u64::from(place.n));
            to.number(u64::from(place.m));
            to.text(text);
        });
        to.list(&self.objectives, |to, it| to.text(it));
        to.list(&self.maps, |to, it| it.write(to));
    }

    /// Reads it from a snapshot.
    pub(super) fn read(from: &mut Reader<'_>) -> Activity {
        let (id, is_sco, try_) = (from.text(), from.flag(), from.small());
        let values = from.list(|from| {
            let element = ElementId(from.small() as u16);
            (Place { element, n: from.small(), m: from.small() }, from.text())
        });
        let (objectives, maps) = (from.list(Reader::text), from.list(Map::read));
        let kind = if is_sco { Kind::Sco } else { Kind::Asset };
        Activity { id, kind, try_, values, objectives, maps }
    }
}
