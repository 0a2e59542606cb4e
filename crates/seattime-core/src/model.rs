//! The data model: one table a version, and the few functions that walk it.

pub mod element;
pub mod v12;
pub mod v2004;

pub use element::{Access, Element, ElementId, Space};

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
    pub const fn elements(self) -> &'static [Element] {
        match self {
            Version::V12 => v12::ELEMENTS,
            Version::V2004 => v2004::ELEMENTS,
        }
    }

    /// The names below which it has elements that this run-time does not have yet.
    const fn not_implemented(self) -> &'static [&'static str] {
        match self {
            Version::V12 => v12::NOT_IMPLEMENTED,
            Version::V2004 => v2004::NOT_IMPLEMENTED,
        }
    }

    /// One element's row.
    pub fn element(self, id: ElementId) -> Option<&'static Element> {
        self.elements().get(usize::from(id.0))
    }

    /// Whether what an element reads is worked out from others.
    pub fn is_computed(self, id: ElementId) -> bool {
        self == Version::V2004 && [v2004::COMPLETION_STATUS, v2004::SUCCESS_STATUS].contains(&id)
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
    /// # Errors
    ///
    /// What is wrong with the name: [`Refusal::Undefined`], [`Refusal::ForeignModel`],
    /// [`Refusal::NotImplemented`], [`Refusal::NoChildren`], [`Refusal::NoCount`], [`Refusal::NoVersion`].
    pub fn look_up(self, name: &str) -> Result<ElementId, Refusal> {
        if let Some(id) = (0..).zip(self.elements()).find(|it| it.1.name == name) {
            return Ok(ElementId(id.0));
        }
        Err(self.why_unknown(name))
    }

    fn why_unknown(self, name: &str) -> Refusal {
        for (keyword, refusal) in [
            ("._children", Refusal::NoChildren),
            ("._count", Refusal::NoCount),
            ("._version", Refusal::NoVersion),
        ] {
            if let Some(owner) = name.strip_suffix(keyword)
                && self.elements().iter().any(|it| it.name == owner)
            {
                return refusal;
            }
        }
        let is_below =
            |it: &&str| name.strip_prefix(*it).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.'));
        let is_open = |it: &&str| self == Version::V12 && name == *it;
        if self.not_implemented().iter().any(|it| is_below(it) || is_open(it)) {
            Refusal::NotImplemented
        } else if name == "cmi" || name.starts_with("cmi.") {
            Refusal::Undefined
        } else {
            Refusal::ForeignModel
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_in_the_closed_table_and_nowhere_else() {
        use Refusal::{ForeignModel, NoChildren, NoCount, NoVersion, NotImplemented, Undefined};
        use Version::{V12, V2004};
        #[rustfmt::skip]
        let cases = [
            // version name                              refused as       code
            (V12,   "cmi.core.none",                     Undefined,       201),
            (V12,   "cmi.core",                          Undefined,       201),
            (V12,   "cmi",                               Undefined,       201),
            (V12,   "xyz.score.result",                  ForeignModel,    401),
            (V12,   "cmi.launch_data._children",         NoChildren,      202),
            (V12,   "cmi.launch_data._count",            NoCount,         203),
            (V12,   "cmi.core.score.raw._version",       NoVersion,       201),
            (V12,   "cmi.interactions.0.id",             NotImplemented,  401),
            (V12,   "cmi.objectives._count",             NotImplemented,  401),
            (V12,   "cmi.comments",                      NotImplemented,  401),
            (V12,   "cmi.student_preference.audio",      NotImplemented,  401),
            (V12,   "__proto__",                         ForeignModel,    401),
            (V12,   "cmi.core._total_time",              Undefined,       201),
            (V2004, "cmi.none",                          Undefined,       401),
            (V2004, "cmi",                               Undefined,       401),
            (V2004, "cmi.score",                         Undefined,       401), // a bare category
            (V2004, "cmi.interactions",                  Undefined,       401),
            (V2004, "cmi.interactions.",                 Undefined,       401),
            (V2004, "xyz.score",                         ForeignModel,    401),
            (V2004, "cmi.location._children",            NoChildren,      301),
            (V2004, "cmi.location._count",               NoCount,         301),
            (V2004, "cmi.location._version",             NoVersion,       301),
            (V2004, "cmi.interactions.0.id",             NotImplemented,  402),
            (V2004, "cmi.objectives._count",             NotImplemented,  402),
            (V2004, "cmi.comments_from_learner._count",  NotImplemented,  402),
            (V2004, "adl.nav.request",                   NotImplemented,  402),
            (V2004, "adl.data._count",                   NotImplemented,  402),
            (V2004, "constructor",                       ForeignModel,    401),
            (V2004, "cmi.Location",                      Undefined,       401),
            (V2004, " cmi.location",                     ForeignModel,    401),
        ];
        for (version, name, refusal, code) in cases {
            assert_eq!(version.look_up(name), Err(refusal), "{version:?} {name:?}");
            assert_eq!(version.code(refusal), code, "{version:?} {name:?}");
        }
        for version in [V12, V2004] {
            for element in version.elements() {
                let found = version.look_up(element.name).ok().and_then(|it| version.element(it));
                assert_eq!(found.map(|it| it.name), Some(element.name));
            }
        }
    }
}
