//! What a manifest says: which version, and what can be launched in which order.

use std::collections::{HashMap, HashSet};

use roxmltree::{Document, Node, ParsingOptions};

use crate::error::PackageError;
use crate::href;
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
    /// What can be launched, in the order of the default organization; at least one. Items with
    /// `isvisible="false"` are left out, unless all are.
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
    /// Identifiers of its objectives, the primary one first; those without are left out; 2004 only.
    pub objectives: Vec<String>,
    /// How it reaches shared data: the maps of `adlcp:data`, in their order; 4th Edition only.
    pub data: Vec<DataMap>,
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

fn given<const N: usize>(all: [(&'static str, &Option<String>); N]) -> Vec<(&'static str, String)> {
    all.into_iter().filter_map(|(element, value)| Some((element, value.clone()?))).collect()
}

impl Manifest {
    /// Reads a manifest; `files` are the paths in the package.
    ///
    /// # Errors
    ///
    /// A [`PackageError`] that speaks of the manifest, of its resources or of the kind of package.
    pub fn parse<'a>(bytes: &[u8], files: impl Iterator<Item = &'a str>) -> Result<Manifest, PackageError> {
        let text = xml::decode(bytes)?;
        xml::look_over(&text)?;
        let options = ParsingOptions { nodes_limit: xml::MOST_NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(&text, options).map_err(|error| match error {
            roxmltree::Error::DtdDetected => PackageError::ManifestDtdForbidden,
            roxmltree::Error::NodesLimitReached => {
                PackageError::ManifestTooComplex("more than 200,000 nodes".to_owned())
            }
            error => {
                let at = format!("{}:{}", error.pos().row, error.pos().col);
                PackageError::ManifestNotXml { at, reason: error.to_string() }
            }
        })?;
        let root = document.root_element();
        if root.tag_name().name() != "manifest" {
            let found = format!("XML with the root {:?}", root.tag_name().name());
            return Err(PackageError::KindUnsupported(found));
        }
        let reading = Reading::new(root, files.collect())?;
        let organization = reading.organization();
        let found = reading.shown(organization)?;
        let activities = reading.activities(&found)?;
        let named = organization.and_then(|it| text_of(it, "title"));
        Ok(Manifest {
            schema: reading.schema,
            identifier: root.attribute("identifier").unwrap_or_default().to_owned(),
            title: named.or_else(|| Some(activities.first()?.title.clone())).unwrap_or_default(),
            activities,
            shares_with_all: organization
                .and_then(|it| attribute(it, "sharedDataGlobalToSystem"))
                .is_none_or(|it| is_true(Some(it))),
            chapters: chapters(&found),
        })
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
    fn length(&self) -> usize {
        let optional = [
            &self.mastery_score,
            &self.max_time_allowed,
            &self.time_limit_action,
            &self.launch_data,
            &self.completion_threshold,
            &self.scaled_passing_score,
        ];
        let maps = self.data.iter().map(|it| &it.target);
        let texts = optional.into_iter().flatten().chain([&self.id, &self.title, &self.href]);
        let texts = texts.chain(&self.objectives).chain(maps);
        texts.map(String::len).sum()
    }
}

/// Bytes that the texts of all activities may come to.
const MOST_TEXT: usize = 16 << 20;

/// What can be launched: an item, its resource and its depth.
type Found<'a> = (Node<'a, 'a>, Node<'a, 'a>, u32);

struct Reading<'a> {
    root: Node<'a, 'a>,
    schema: Schema,
    files: HashSet<&'a str>,
    /// In their order.
    resources: Vec<Node<'a, 'a>>,
    by_id: HashMap<&'a str, Node<'a, 'a>>,
    /// `xml:base` of the manifest and of its resources.
    bases: [&'a str; 2],
    /// Sequencings that items refer to.
    shared: HashMap<&'a str, Node<'a, 'a>>,
}

impl<'a> Reading<'a> {
    fn new(root: Node<'a, 'a>, files: HashSet<&'a str>) -> Result<Reading<'a>, PackageError> {
        let all = child(root, "resources");
        let resources: Vec<_> = all.into_iter().flat_map(|it| children(it, "resource")).collect();
        let shared = child(root, "sequencingCollection").into_iter();
        let shared = shared.flat_map(|it| children(it, "sequencing"));
        Ok(Reading {
            root,
            schema: schema_of(root, &resources)?,
            files,
            by_id: resources.iter().rev().filter_map(|it| Some((it.attribute("identifier")?, *it))).collect(),
            resources,
            bases: [base(root), all.map_or("", base)],
            shared: shared.filter_map(|it| Some((it.attribute("ID")?, it))).collect(),
        })
    }

    /// The default organization, else the first.
    fn organization(&self) -> Option<Node<'a, 'a>> {
        let all = child(self.root, "organizations")?;
        let default = all.attribute("default");
        let mut each = children(all, "organization");
        each.clone().find(|it| it.attribute("identifier") == default).or_else(|| each.next())
    }

    /// What can be launched, without what is hidden.
    fn shown(&self, organization: Option<Node<'a, 'a>>) -> Result<Vec<Found<'a>>, PackageError> {
        let mut found = self.referred(organization)?;
        if found.is_empty() {
            found.push(self.only()?);
        }
        if found.iter().any(|(item, ..)| is_visible(*item)) {
            found.retain(|(item, ..)| is_visible(*item));
        }
        Ok(found)
    }

    fn activities(&self, found: &[Found<'a>]) -> Result<Vec<Activity>, PackageError> {
        let mut ids = HashSet::new();
        let mut activities = Vec::with_capacity(found.len());
        let mut length = 0;
        for (place, (item, resource, depth)) in found.iter().enumerate() {
            let mut activity = self.activity(*item, *resource, *depth)?;
            // Many items may share one long address or limit: 9 KB of zip could become gigabytes.
            length += activity.length();
            if length > MOST_TEXT {
                let what = "its items come to more than 16 MiB of text".to_owned();
                return Err(PackageError::ManifestTooComplex(what));
            }
            while activity.id.is_empty() || !ids.insert(activity.id.clone()) {
                activity.id.push_str(&format!("~{place}"));
            }
            activities.push(activity);
        }
        Ok(activities)
    }

    /// The items of an organization that refer to a resource, with it and with their depth, in their order.
    fn referred(&self, organization: Option<Node<'a, 'a>>) -> Result<Vec<Found<'a>>, PackageError> {
        let mut found = Vec::new();
        let mut open: Vec<_> =
            organization.into_iter().flat_map(|it| children(it, "item")).map(|it| (it, 0)).collect();
        open.reverse();
        while let Some((item, depth)) = open.pop() {
            let inner: Vec<_> = children(item, "item").map(|it| (it, depth + 1)).collect();
            let is_folder = !inner.is_empty();
            open.extend(inner.into_iter().rev());
            let Some(id) = item.attribute("identifierref").filter(|it| !it.is_empty()) else { continue };
            match self.by_id.get(id) {
                // Tools let chapters refer to resources that hold files and launch none.
                Some(resource) if is_folder && address(*resource).is_none() => {}
                Some(resource) => found.push((item, *resource, depth)),
                None => return Err(PackageError::ResourceMissing(format!("the resource {id:?}"))),
            }
        }
        Ok(found)
    }

    /// Without items: the only SCO, or the only resource that has an address.
    fn only(&self) -> Result<Found<'a>, PackageError> {
        let can_launch = || self.resources.iter().filter(|it| address(**it).is_some());
        let scos: Vec<_> = can_launch().filter(|it| kind(**it) == ActivityKind::Sco).collect();
        let all: Vec<_> = can_launch().collect();
        match (scos.as_slice(), all.as_slice()) {
            ([only], _) | ([], [only]) => Ok((**only, **only, 0)),
            (_, all) => Err(PackageError::KindUnsupported(format!(
                "a resource package: no item of an organization says which of {} resources to launch",
                all.len()
            ))),
        }
    }

    fn activity(
        &self,
        item: Node<'a, 'a>,
        resource: Node<'a, 'a>,
        depth: u32,
    ) -> Result<Activity, PackageError> {
        let (path, rest) = self.target(resource)?;
        let rest = href::joined(&rest, item.attribute("parameters").unwrap_or_default());
        let limit = || {
            let limits = self.sequencing(item, "limitConditions")?;
            limits.attribute("attemptAbsoluteDurationLimit").map(str::to_owned)
        };
        let is_2004 = self.schema.is_2004();
        Ok(Activity {
            id: item.attribute("identifier").unwrap_or_default().trim().to_owned(),
            title: text_of(item, "title").unwrap_or_else(|| path.clone()),
            kind: kind(resource),
            href: href::encoded(&path, &rest),
            depth,
            mastery_score: text_of(item, "masteryscore").filter(|_| !is_2004),
            max_time_allowed: if is_2004 { limit() } else { text_of(item, "maxtimeallowed") },
            time_limit_action: text_of(item, "timelimitaction"),
            launch_data: child(item, "datafromlms").map(whole_text).filter(|it| !it.trim().is_empty()),
            completion_threshold: self.completion_threshold(item),
            scaled_passing_score: self.scaled_passing_score(item),
            flows: self.flows(item),
            completion_set_by_content: self.completion_set_by_content(item),
            objectives: self.objectives(item),
            data: self.data(item),
        })
    }

    /// The file that a resource launches, and query and fragment of its address.
    fn target(&self, resource: Node<'a, 'a>) -> Result<(String, String), PackageError> {
        let [outer, inner] = self.bases;
        let bases = [outer, inner, base(resource)];
        let href = address(resource).unwrap_or_default();
        let target = href::resolve(&bases, href)
            .ok_or_else(|| PackageError::ManifestBadHref(format!("{}{href}", bases.concat())))?;
        if let Some(path) = target.paths.iter().find(|it| self.files.contains(it.as_str())) {
            return Ok((path.clone(), target.rest));
        }
        let path = target.paths.into_iter().next().unwrap_or_default();
        let other = self.files.iter().find(|it| it.to_lowercase() == path.to_lowercase());
        let other = other.map(|it| format!(" (there is {it:?}, in another case)")).unwrap_or_default();
        Err(PackageError::ResourceMissing(format!("the file {path:?}{other}")))
    }

    /// A part of an item's sequencing: its own, else of the one that it refers to.
    fn sequencing(&self, item: Node<'a, 'a>, part: &'static str) -> Option<Node<'a, 'a>> {
        let own = child(item, "sequencing")?;
        let shared = || child(*self.shared.get(own.attribute("IDRef")?)?, part);
        child(own, part).or_else(shared)
    }

    /// 3rd Edition: its text; 4th Edition: its attributes, 1.0 where only the switch is set.
    fn completion_threshold(&self, item: Node<'a, 'a>) -> Option<String> {
        let threshold = child(item, "completionThreshold").filter(|_| self.schema.is_2004())?;
        if self.schema != Schema::Scorm2004FourthEdition {
            return text_of(item, "completionThreshold");
        }
        let is_measured = is_true(threshold.attribute("completedByMeasure"));
        is_measured.then(|| threshold.attribute("minProgressMeasure").unwrap_or("1.0").trim().to_owned())
    }

    /// 1.0 where the primary objective is satisfied by measure and names none.
    fn scaled_passing_score(&self, item: Node<'a, 'a>) -> Option<String> {
        let objectives = self.sequencing(item, "objectives").filter(|_| self.schema.is_2004())?;
        let primary = child(objectives, "primaryObjective")?;
        let is_measured = is_true(primary.attribute("satisfiedByMeasure"));
        is_measured.then(|| text_of(primary, "minNormalizedMeasure").unwrap_or_else(|| "1.0".to_owned()))
    }

    /// Spec: CAM, *controlMode*, attribute *flow*: false unless it is said.
    fn flows(&self, item: Node<'a, 'a>) -> bool {
        let cluster = item.parent().filter(|_| self.schema.is_2004());
        let mode = cluster.and_then(|it| self.sequencing(it, "controlMode"));
        mode.is_some_and(|it| is_true(it.attribute("flow")))
    }

    /// Spec: CAM, *deliveryControls*, attributes *completionSetByContent* (false unless it is said) and *tracked* (true
    /// unless it is said).
    fn completion_set_by_content(&self, item: Node<'a, 'a>) -> bool {
        let controls = self.sequencing(item, "deliveryControls").filter(|_| self.schema.is_2004());
        let is_untracked =
            |it: Node<'_, '_>| matches!(it.attribute("tracked").map(str::trim), Some("false" | "0"));
        controls.is_some_and(|it| is_true(it.attribute("completionSetByContent")) || is_untracked(it))
    }

    fn objectives(&self, item: Node<'a, 'a>) -> Vec<String> {
        let Some(all) = self.sequencing(item, "objectives").filter(|_| self.schema.is_2004()) else {
            return Vec::new();
        };
        let each = children(all, "primaryObjective").chain(children(all, "objective"));
        let mut ids: Vec<String> = Vec::new();
        for id in each.filter_map(|it| it.attribute("objectiveID")).map(str::trim) {
            if !id.is_empty() && !ids.iter().any(|it| it == id) {
                ids.push(id.to_owned());
            }
        }
        ids
    }

    /// Spec: CAM, *data* and *map*: a bucket may be read and written unless the map says otherwise.
    fn data(&self, item: Node<'a, 'a>) -> Vec<DataMap> {
        let data = child(item, "data").filter(|_| self.schema == Schema::Scorm2004FourthEdition);
        let maps = data.into_iter().flat_map(|it| children(it, "map"));
        let may = |map: Node<'_, '_>, name| attribute(map, name).is_none_or(|it| is_true(Some(it)));
        maps.filter_map(|map| {
            let target = attribute(map, "targetID")?.trim().to_owned();
            Some(DataMap { target, reads: may(map, "readSharedData"), writes: may(map, "writeSharedData") })
        })
        .collect()
    }
}

/// The version: as the metadata says, else by the namespace of what marks SCOs.
fn schema_of(root: Node<'_, '_>, resources: &[Node<'_, '_>]) -> Result<Schema, PackageError> {
    let said = |name| child(root, "metadata").and_then(|it| text_of(it, name)).unwrap_or_default();
    let (schema, version) = (said("schema"), said("schemaversion"));
    let words: Vec<_> = version.split_whitespace().map(str::to_lowercase).collect();
    match words.join(" ").as_str() {
        "1.2" => return Ok(Schema::Scorm12),
        "cam 1.3" | "1.3" | "2004 2nd edition" => return Ok(Schema::Scorm2004SecondEdition),
        "2004 3rd edition" => return Ok(Schema::Scorm2004ThirdEdition),
        "2004 4th edition" => return Ok(Schema::Scorm2004FourthEdition),
        _ => {}
    }
    let marks = resources.iter().flat_map(|it| it.attributes()).filter_map(|it| it.namespace());
    let mut uris = root.namespaces().map(|it| it.uri()).chain(marks);
    let by_namespace = uris.find_map(|uri| match uri {
        _ if uri.contains("adlcp_rootv1p2") => Some(Schema::Scorm12),
        _ if uri.contains("adlcp_v1p3") => Some(Schema::Scorm2004ThirdEdition),
        _ => None,
    });
    // A version of SCORM that is not known is not guessed at.
    let is_unknown = schema.eq_ignore_ascii_case("ADL SCORM") && !version.is_empty();
    by_namespace.filter(|_| !is_unknown).ok_or_else(|| {
        PackageError::KindUnsupported(format!("a package of the schema {schema:?}, version {version:?}"))
    })
}

/// The items above what was found, each before the first that lies below it.
fn chapters(found: &[Found<'_>]) -> Vec<Chapter> {
    let mut seen: HashSet<_> = found.iter().map(|(item, ..)| item.id()).collect();
    let mut chapters = Vec::new();
    for (before, (item, ..)) in found.iter().enumerate() {
        let is_item = |it: &Node<'_, '_>| it.tag_name().name().eq_ignore_ascii_case("item");
        let mut above: Vec<_> = item.ancestors().skip(1).take_while(is_item).collect();
        above.reverse();
        for (depth, chapter) in (0..).zip(above) {
            if seen.insert(chapter.id()) && is_visible(chapter) {
                chapters.push(Chapter {
                    title: text_of(chapter, "title").unwrap_or_default(),
                    depth,
                    before,
                });
            }
        }
    }
    chapters
}

fn kind(resource: Node<'_, '_>) -> ActivityKind {
    let said = resource.attributes().find(|it| it.name().eq_ignore_ascii_case("scormtype"));
    match said {
        Some(it) if it.value().trim().eq_ignore_ascii_case("sco") => ActivityKind::Sco,
        _ => ActivityKind::Asset,
    }
}

fn base<'a>(node: Node<'a, 'a>) -> &'a str {
    node.attribute(("http://www.w3.org/XML/1998/namespace", "base")).unwrap_or_default().trim()
}

fn address<'a>(resource: Node<'a, 'a>) -> Option<&'a str> {
    resource.attribute("href").map(str::trim).filter(|it| !it.is_empty())
}

/// Spec: CAM, *item*, attribute *isvisible*: it says nothing of the items inside.
fn is_visible(item: Node<'_, '_>) -> bool {
    !matches!(item.attribute("isvisible").map(str::trim), Some("false" | "0"))
}

fn is_true(value: Option<&str>) -> bool {
    matches!(value.map(str::trim), Some("true" | "1"))
}

/// The attribute of this name, of any namespace.
fn attribute<'a>(node: Node<'a, 'a>, name: &str) -> Option<&'a str> {
    node.attributes().find(|it| it.name() == name).map(|it| it.value())
}

/// The children of this name, in any case and of any namespace: real manifests mix both up.
fn children<'a>(node: Node<'a, 'a>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> + Clone {
    node.children().filter(move |it| it.is_element() && it.tag_name().name().eq_ignore_ascii_case(name))
}

fn child<'a>(node: Node<'a, 'a>, name: &'static str) -> Option<Node<'a, 'a>> {
    children(node, name).next()
}

fn text_of<'a>(node: Node<'a, 'a>, name: &'static str) -> Option<String> {
    let text = whole_text(child(node, name)?).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The text of an element, also where comments part it.
fn whole_text(node: Node<'_, '_>) -> String {
    node.children().filter(|it| it.is_text()).filter_map(|it| it.text()).collect()
}
