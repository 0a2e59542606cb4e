//! What a manifest says: which version, and what can be launched in which order.

use roxmltree::{Document, ParsingOptions};

use crate::error::PackageError;
use crate::nodes::{self, attribute, is_true, text_of};
use crate::paths::Paths;
use crate::reading::{self, Notes, Reading};
use crate::repair::repair;
use crate::warning::Warning;
use crate::xml;

/// The version of SCORM that a manifest speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// SCORM 1.2.
    Scorm12,
    /// SCORM 2004, 2nd Edition (`CAM 1.3`).
    Scorm2004SecondEdition,
    /// SCORM 2004, 3rd Edition.
    Scorm2004ThirdEdition,
    /// SCORM 2004, 4th Edition.
    Scorm2004FourthEdition,
}

impl Schema {
    /// Whether it is any edition of SCORM 2004.
    pub const fn is_2004(self) -> bool {
        !matches!(self, Schema::Scorm12)
    }

    /// The text of `schemaversion` that the standard has for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Schema::Scorm12 => "1.2",
            Schema::Scorm2004SecondEdition => "CAM 1.3",
            Schema::Scorm2004ThirdEdition => "2004 3rd Edition",
            Schema::Scorm2004FourthEdition => "2004 4th Edition",
        }
    }
}

/// What a package holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The version that it speaks.
    pub schema: Schema,
    /// Its identifier.
    pub identifier: String,
    /// Title of its default organization, else of its first activity.
    pub title: String,
    /// What can be launched, in the order of the default organization; at least one.
    pub activities: Vec<Activity>,
    /// Whether its shared data are seen by other packages too: `adlcp:sharedDataGlobalToSystem`.
    pub shares_with_all: bool,
    /// The items above the activities that are not launched themselves, in the order of the organization.
    pub chapters: Vec<Chapter>,
}

/// An item that only has a title, for whoever draws the organization as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    /// Its title; empty where it has none.
    pub title: String,
    /// How deep it lies in the organization, from 0.
    pub depth: u32,
    /// Place in [`Manifest::activities`] of the first activity below it, from 0.
    pub before: usize,
}

/// Whether content talks to the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    /// It does.
    Sco,
    /// It does not.
    Asset,
}

/// A leaf of the organization. Values are the manifest's own texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Identifier of the item; where that is missing or used before, something unique is made of it.
    pub id: String,
    /// Its title, else the path of its file.
    pub title: String,
    /// Whether it talks to the API.
    pub kind: ActivityKind,
    /// Where it is launched: a relative address, percent-encoded, of a file that is in the package, with the
    /// item's parameters. Never begins with `/`, never leads out of the package.
    pub href: String,
    /// How deep it lies in the organization, from 0.
    pub depth: u32,
    /// `adlcp:masteryscore`; 1.2 only.
    pub mastery_score: Option<String>,
    /// `adlcp:maxtimeallowed`, or `attemptAbsoluteDurationLimit`.
    pub max_time_allowed: Option<String>,
    /// `adlcp:timelimitaction`.
    pub time_limit_action: Option<String>,
    /// `adlcp:datafromlms`, with its spaces.
    pub launch_data: Option<String>,
    /// `adlcp:completionThreshold`; 2004 only.
    pub completion_threshold: Option<String>,
    /// `minNormalizedMeasure` of a primary objective that is satisfied by measure; 2004 only.
    pub scaled_passing_score: Option<String>,
    /// Whether the cluster that it lies in can be walked by Continue and Previous; 2004 only.
    pub flows: bool,
    /// True if an end without a completion status leaves the activity as it is: `completionSetByContent`, or an activity
    /// that is not tracked; 2004 only.
    pub completion_set_by_content: bool,
    /// Its weight in a mean of scores, 0 to [`Activity::WHOLE_WEIGHT`]: `objectiveMeasureWeight`, times those of the
    /// clusters that it lies in; 2004 only.
    pub measure_weight: u32,
    /// Identifiers of its objectives, the primary one first; those without are left out; 2004 only.
    pub objectives: Vec<String>,
    /// How it reaches shared data: the maps of `adlcp:data`, in their order; 4th Edition only.
    pub data: Vec<DataMap>,
    /// False if its title is not shown: `isvisible="false"`. It counts and can be launched all the same.
    pub is_visible: bool,
    /// Path of the file that it launches, if the package lacks it.
    pub missing_file: Option<String>,
}

/// A map of `adlcp:data`: how an activity reaches a bucket of shared data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataMap {
    /// `targetID`.
    pub target: String,
    /// `readSharedData`.
    pub reads: bool,
    /// `writeSharedData`.
    pub writes: bool,
}

impl Activity {
    /// The weight of an activity that the manifest gives none.
    pub const WHOLE_WEIGHT: u32 = 10_000_000;
}

fn given<const N: usize>(all: [(&'static str, &Option<String>); N]) -> Vec<(&'static str, String)> {
    all.into_iter().filter_map(|(element, value)| Some((element, value.clone()?))).collect()
}

impl Manifest {
    /// Reads a manifest; `paths` are those of the package. Returns what was tolerated beside it.
    ///
    /// # Errors
    ///
    /// A [`PackageError`] that speaks of the manifest, of its resources or of the kind of package.
    pub(crate) fn parse(bytes: &[u8], paths: &Paths<'_>) -> Result<(Manifest, Vec<Warning>), PackageError> {
        let (text, encoding) = xml::decode(bytes)?;
        let (repaired, repairs) = repair(text)?;
        xml::look_over(&repaired)?;
        let options = ParsingOptions { nodes_limit: xml::MOST_NODES, ..ParsingOptions::default() };
        let document =
            Document::parse_with_options(&repaired.text, options).map_err(|error| match error {
                roxmltree::Error::DtdDetected => PackageError::ManifestDtdForbidden,
                roxmltree::Error::NodesLimitReached => {
                    PackageError::ManifestTooComplex("more than 200,000 nodes".to_owned())
                }
                error => {
                    let (line, column) = repaired.place_of(error.pos().row, error.pos().col);
                    PackageError::ManifestNotXml { at: format!("{line}:{column}"), reason: error.to_string() }
                }
            })?;
        let root = document.root_element();
        if !nodes::is_manifest(&root) {
            let found = format!("XML with the root {:?}", root.tag_name().name());
            return Err(PackageError::KindUnsupported(found));
        }
        let notes = Notes::new(&repaired);
        let reading = Reading::new(root, paths, &notes)?;
        let organization = reading.organization();
        let found = reading.found(organization)?;
        let activities = reading.activities(&found)?;
        let named = organization.and_then(|it| text_of(it, "title"));
        let first = || activities.iter().find(|it| it.is_visible).or(activities.first());
        let manifest = Manifest {
            schema: reading.schema,
            identifier: nodes::id(root, "identifier").unwrap_or_default().to_owned(),
            title: named.or_else(|| Some(first()?.title.clone())).unwrap_or_default(),
            activities,
            shares_with_all: organization
                .and_then(|it| attribute(it, "sharedDataGlobalToSystem"))
                .is_none_or(|it| is_true(Some(it))),
            chapters: reading::chapters(&found),
        };
        Ok((manifest, encoding.into_iter().chain(repairs).chain(notes.warnings()).collect()))
    }
}

impl Activity {
    /// The elements of SCORM 1.2 that its manifest gives a value, with their values.
    pub fn given_12(&self) -> Vec<(&'static str, String)> {
        given([
            ("cmi.launch_data", &self.launch_data),
            ("cmi.student_data.mastery_score", &self.mastery_score),
            ("cmi.student_data.max_time_allowed", &self.max_time_allowed),
            ("cmi.student_data.time_limit_action", &self.time_limit_action),
        ])
    }

    /// The elements of SCORM 2004 that its manifest gives a value, with their values.
    pub fn given_2004(&self) -> Vec<(&'static str, String)> {
        let mut all = given([
            ("cmi.launch_data", &self.launch_data),
            ("cmi.completion_threshold", &self.completion_threshold),
            ("cmi.scaled_passing_score", &self.scaled_passing_score),
            ("cmi.max_time_allowed", &self.max_time_allowed),
            ("cmi.time_limit_action", &self.time_limit_action),
        ]);
        if !self.flows {
            // Without flow neither is ever valid; with it, only sequencing could say.
            let flow = ["adl.nav.request_valid.continue", "adl.nav.request_valid.previous"];
            all.extend(flow.map(|it| (it, "false".to_owned())));
        }
        all
    }

    /// Bytes of all its texts.
    pub(crate) fn length(&self) -> usize {
        let optional = [
            &self.mastery_score,
            &self.max_time_allowed,
            &self.time_limit_action,
            &self.launch_data,
            &self.completion_threshold,
            &self.scaled_passing_score,
        ];
        let maps = self.data.iter().map(|it| &it.target);
        let texts = optional.into_iter().chain([&self.missing_file]).flatten();
        let texts = texts.chain([&self.id, &self.title, &self.href]);
        let texts = texts.chain(&self.objectives).chain(maps);
        texts.map(String::len).sum()
    }
}
