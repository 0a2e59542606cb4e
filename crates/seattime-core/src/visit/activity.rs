//! What can be launched in a visit, and what a session of it begins with.

use crate::model::{ElementId, Place, Version, v12, v2004};
use crate::outcome::Record;
use crate::session::{Kind, Session};
use crate::shared::Map;

/// What can be launched in the visit.
#[derive(Debug, Clone, PartialEq)]
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
    /// Its record when the visit was opened.
    pub(super) record: Record,
    /// True if it was launched before the visit was opened, in this attempt, and that counts.
    pub(super) was_launched: bool,
    /// True if a 2004 session that ends without a status completes it.
    pub(super) is_filled_in: bool,
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
            record: Record::default(),
            was_launched: false,
            is_filled_in: true,
        }
    }

    /// The mode in which it is taken: `normal`, `browse` or `review`.
    pub(super) fn mode(&self, version: Version) -> &str {
        let element = match version {
            Version::V12 => v12::LESSON_MODE,
            Version::V2004 => v2004::MODE_ELEMENT,
        };
        self.values.iter().rev().find(|it| it.0 == element).map_or("normal", |it| it.1.as_str())
    }

    /// Gives a session what its activity has from the start.
    pub(super) fn begin(&self, session: &mut Session, is_given: impl Fn(ElementId) -> bool) {
        let is_12 = session.version() == Version::V12;
        let element = if is_12 { v12::OBJECTIVE_ID } else { v2004::OBJECTIVE_ID };
        for (id, n) in self.objectives.iter().zip(0..) {
            session.preset(Place { element, n, m: 0 }, id);
        }
        // 1.2 knows no shared data.
        for (map, n) in self.maps.iter().zip(0..).filter(|_| !is_12) {
            session.preset(Place { element: v2004::DATA_ID, n, m: 0 }, &map.target);
        }
        for (place, text) in self.values.iter().filter(|it| is_given(it.0.element)) {
            session.preset(*place, text);
        }
    }
}
