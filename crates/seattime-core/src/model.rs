//! The data model: one table a version, and the few functions that walk it.

pub mod element;
mod names;
pub mod v12;
pub mod v2004;

pub use element::{Access, Element, ElementId, Rule, Space};
pub(crate) use names::{Collection, Home, Names};
pub use names::{Place, push_name};

use crate::error::Refusal;

/// A version of the run-time environment, and with it of the API and the data model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// SCORM 1.2: `window.API`.
    V12,
    /// SCORM 2004: `window.API_1484_11`.
    V2004,
}

impl Version {
    /// Its elements.
    pub fn elements(self) -> &'static [Element] {
        match self {
            Version::V12 => v12::ELEMENTS,
            Version::V2004 => v2004::ELEMENTS,
        }
    }

    /// One element's row.
    pub fn element(self, id: ElementId) -> Option<&'static Element> {
        self.elements().get(usize::from(id.0))
    }

    /// Whether what an element reads may be another text than what was set.
    pub fn is_computed(self, place: Place) -> bool {
        let is_decided =
            self == Version::V2004 && [v2004::COMPLETION_STATUS, v2004::SUCCESS_STATUS].contains(&place);
        is_decided || self.element(place.element).is_some_and(|it| it.rule == Rule::Appends)
    }

    /// The number that this version has for a refusal.
    pub const fn code(self, refusal: Refusal) -> u32 {
        match self {
            Version::V12 => refusal.code_12() as u32,
            Version::V2004 => refusal.code_2004() as u32,
        }
    }

    /// The words for an error code; nothing for a code that it does not have.
    pub fn error_text(self, code: u32) -> &'static str {
        let texts = match self {
            Version::V12 => crate::error::TEXTS_12,
            Version::V2004 => crate::error::TEXTS_2004,
        };
        texts.iter().find(|it| it.0 == code).map_or("", |it| it.1)
    }

    /// Looks a name up in the closed table: nothing else can be reached by a name.
    ///
    /// A record's number is not compared with how many there are; one that is not written as the book
    /// writes it (`01`) is one that no record has.
    ///
    /// # Errors
    ///
    /// What is wrong with the name: [`Refusal::Undefined`], [`Refusal::ForeignModel`],
    /// [`Refusal::NoChildren`], [`Refusal::NoCount`], [`Refusal::NoVersion`].
    pub fn look_up(self, name: &str) -> Result<Place, Refusal> {
        self.names().find(name)
    }
}

/// An edition of SCORM 2004.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Edition {
    /// The 2nd Edition.
    Second,
    /// The 3rd Edition.
    Third,
    /// The 4th Edition: the first with shared data, `adl.data`, and with `jump`.
    #[default]
    Fourth,
}

impl Edition {
    /// The edition of a number; the newest, where there is none of that number.
    pub const fn numbered(number: u32) -> Edition {
        match number {
            2 => Edition::Second,
            3 => Edition::Third,
            _ => Edition::Fourth,
        }
    }

    /// Its number, from 2 to 4.
    pub const fn number(self) -> u32 {
        self as u32 + 2
    }
}
