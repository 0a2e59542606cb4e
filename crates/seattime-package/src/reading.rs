//! The items of a manifest with their resources and files: what can be launched, in which order.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use roxmltree::{Node, NodeId};

use crate::error::PackageError;
use crate::href;
use crate::manifest::{Activity, ActivityKind, Chapter, Schema};
use crate::nodes::{
    address, base, child, children, id, is_manifest, is_visible, offset, text_of, whole_text,
};
use crate::paths::{Match, Paths};
use crate::repair::Repaired;
use crate::version;
use crate::warning::{MOST_WARNINGS, Severity, Warning, quoted, rank};

/// Bytes that the texts of all activities may come to.
const MOST_TEXT: usize = 16 << 20;
/// Notes kept of one manifest.
const MOST_NOTES: usize = 1_000;

/// Faults of a manifest that were tolerated, with their places.
pub(crate) struct Notes<'a> {
    repaired: &'a Repaired,
    /// Each with its offset in the text.
    warnings: RefCell<Vec<(Warning, usize)>>,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(repaired: &'a Repaired) -> Notes<'a> {
        Notes { repaired, warnings: RefCell::default() }
    }

    /// The notes, the worst first. Those beyond the limit of a package's warnings have no place: to find one takes
    /// as long as its line is.
    pub(crate) fn warnings(&self) -> Vec<Warning> {
        let mut notes = self.warnings.take();
        notes.sort_by_key(|it| rank(it.0.severity));
        let placed = |(n, (warning, at)): (usize, (Warning, usize))| {
            if n < MOST_WARNINGS { warning.at(self.repaired.place(at)) } else { warning }
        };
        notes.into_iter().enumerate().map(placed).collect()
    }

    /// Notes a fault at an offset of the text.
    fn note(&self, code: &'static str, severity: Severity, at: usize, text: String) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < MOST_NOTES {
            warnings.push((Warning::new(code, severity, text), at));
        }
    }
}

/// Something that can be launched: an item, its resource unless that is missing, and its depth.
pub(crate) type Found<'a> = (Node<'a, 'a>, Option<Node<'a, 'a>>, u32);

/// A manifest that is being read.
pub(crate) struct Reading<'a> {
    pub(crate) schema: Schema,
    root: Node<'a, 'a>,
    paths: &'a Paths<'a>,
    notes: &'a Notes<'a>,
    /// In their order; those of manifests within only where the manifest has none.
    resources: Vec<Node<'a, 'a>>,
    /// By their manifest and identifier.
    by_id: HashMap<(NodeId, &'a str), Node<'a, 'a>>,
    /// By their identifier in lower case; nothing where several have it.
    alike: HashMap<String, Option<Node<'a, 'a>>>,
    /// Manifests within, by their identifier; nothing where several have it.
    inner: HashMap<&'a str, Option<Node<'a, 'a>>>,
    /// Sequencings that items refer to.
    pub(crate) shared: HashMap<&'a str, Node<'a, 'a>>,
    /// Resources whose address has been noted.
    noted: RefCell<HashSet<NodeId>>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(
        root: Node<'a, 'a>,
        paths: &'a Paths<'a>,
        notes: &'a Notes<'a>,
    ) -> Result<Reading<'a>, PackageError> {
        let manifests: Vec<_> = root.descendants().filter(is_manifest).collect();
        let (mut own, mut all) = (Vec::new(), Vec::new());
        let (mut by_id, mut alike, mut inner) = (HashMap::new(), HashMap::new(), HashMap::new());
        for manifest in &manifests {
            let resources = children(*manifest, "resources").flat_map(|it| children(it, "resource"));
            for resource in resources {
                all.push(resource);
                if *manifest == root {
                    own.push(resource);
                }
                let Some(name) = id(resource, "identifier") else { continue };
                by_id.entry((manifest.id(), name)).or_insert(resource);
                let known = alike.entry(name.to_lowercase()).or_insert(Some(resource));
                if known.is_some_and(|it: Node<'_, '_>| it != resource) {
                    *known = None;
                }
            }
            if let (Some(name), false) = (id(*manifest, "identifier"), *manifest == root) {
                inner.entry(name).and_modify(|it| *it = None).or_insert(Some(*manifest));
            }
        }
        let shared = manifests.iter().filter_map(|it| child(*it, "sequencingCollection"));
        let shared = shared.flat_map(|it| children(it, "sequencing"));
        Ok(Reading {
            schema: schema_of(root, &all, notes)?,
            root,
            paths,
            notes,
            resources: if own.is_empty() { all } else { own },
            by_id,
            alike,
            inner,
            shared: shared.filter_map(|it| Some((id(it, "ID")?, it))).collect(),
            noted: RefCell::default(),
        })
    }

    /// The default organization, else the first; where there is none, that of the only manifest within.
    pub(crate) fn organization(&self) -> Option<Node<'a, 'a>> {
        let has_items = |it: &Node<'a, 'a>| children(*it, "item").next().is_some();
        let own = organization_of(self.root);
        if own.as_ref().is_some_and(has_items) {
            return own;
        }
        let inner = self.root.descendants().filter(is_manifest).filter(|it| *it != self.root);
        let mut inner = inner.filter_map(organization_of).filter(has_items);
        match (inner.next(), inner.next()) {
            (Some(only), None) => {
                let text = "the organization is in a manifest within the manifest; it was taken from there";
                self.notes.note("manifest_within", Severity::Info, only.range().start, text.to_owned());
                Some(only)
            }
            _ => own,
        }
    }

    /// What can be launched.
    pub(crate) fn found(&self, organization: Option<Node<'a, 'a>>) -> Result<Vec<Found<'a>>, PackageError> {
        let mut found = self.referred(organization);
        if found.is_empty() {
            let only = self.only()?;
            found.push((only, Some(only), 0));
        }
        Ok(found)
    }

    /// The items of an organization that refer to a resource, with it and with their depth, in their order.
    fn referred(&self, organization: Option<Node<'a, 'a>>) -> Vec<Found<'a>> {
        let mut found = Vec::new();
        let mut entered = HashSet::new();
        let mut open: Vec<_> =
            organization.into_iter().flat_map(|it| children(it, "item")).map(|it| (it, 0)).collect();
        open.reverse();
        while let Some((item, depth)) = open.pop() {
            let inner: Vec<_> = children(item, "item").map(|it| (it, depth + 1)).collect();
            let is_folder = !inner.is_empty();
            open.extend(inner.into_iter().rev());
            self.note_blanks(item, "identifierref");
            let Some(name) = id(item, "identifierref") else { continue };
            match self.resource(item, name) {
                // Tools let chapters refer to resources that hold files and launch none.
                Some(resource) if is_folder && address(resource).is_none() => {}
                Some(resource) => found.push((item, Some(resource), depth)),
                None => match self.inner.get(name).copied().flatten() {
                    Some(manifest) if entered.insert(manifest.id()) => {
                        let text = format!(
                            "the item refers to the manifest {name:?} within the manifest; its items were taken"
                        );
                        self.notes.note(
                            "manifest_within",
                            Severity::Info,
                            offset(item, "identifierref"),
                            text,
                        );
                        let items = organization_of(manifest).into_iter().flat_map(|it| children(it, "item"));
                        let items: Vec<_> = items.map(|it| (it, depth + 1)).collect();
                        open.extend(items.into_iter().rev());
                    }
                    _ => found.push((item, None, depth)),
                },
            }
        }
        found
    }

    /// The resource that an item refers to: of its own manifest, else of another, else the only one but for case.
    fn resource(&self, item: Node<'a, 'a>, name: &'a str) -> Option<Node<'a, 'a>> {
        let own = item.ancestors().filter(is_manifest).find_map(|it| self.by_id.get(&(it.id(), name)));
        if let Some(own) = own {
            self.note_blanks(*own, "identifier");
            return Some(*own);
        }
        let alike = self.alike.get(&name.to_lowercase()).copied().flatten()?;
        let identifier = id(alike, "identifier").unwrap_or_default();
        let (code, what) = if identifier == name {
            ("manifest_within", "which is in a manifest within the manifest")
        } else {
            ("identifier_case", "which differs in case")
        };
        let text = format!("the item refers to {name:?}; the resource {identifier:?} was taken, {what}");
        self.notes.note(code, Severity::Info, offset(item, "identifierref"), text);
        Some(alike)
    }

    /// Notes blanks around an identifier.
    fn note_blanks(&self, node: Node<'a, 'a>, name: &str) {
        if node.attribute(name).is_some_and(|it| it.trim() != it) {
            let text = format!("there are blanks around the {name}, which are no part of it");
            self.notes.note("identifier_blanks", Severity::Info, offset(node, name), text);
        }
    }

    /// Without items: the only SCO, or the only resource that has an address.
    fn only(&self) -> Result<Node<'a, 'a>, PackageError> {
        let can_launch = || self.resources.iter().filter(|it| address(**it).is_some());
        let scos: Vec<_> = can_launch().filter(|it| kind(**it) == ActivityKind::Sco).collect();
        let all: Vec<_> = can_launch().collect();
        match (scos.as_slice(), all.as_slice()) {
            ([only], _) | ([], [only]) => Ok(**only),
            (_, all) => Err(PackageError::KindUnsupported(format!(
                "a resource package: no item of an organization says which of {} resources to launch",
                all.len()
            ))),
        }
    }

    /// The activities. Of several, those whose file is missing are kept, and noted; one alone is refused.
    pub(crate) fn activities(&self, found: &[Found<'a>]) -> Result<Vec<Activity>, PackageError> {
        let mut ids = HashSet::new();
        let mut activities = Vec::with_capacity(found.len());
        let mut first_error = None;
        let mut missing = 0;
        let mut length = 0;
        for (place, (item, resource, depth)) in found.iter().enumerate() {
            let (target, error) = match self.target(*item, *resource) {
                Ok(target) => (target, None),
                Err(missing) => (missing.0, Some(missing.1)),
            };
            let mut activity = self.activity(*item, *resource, *depth, target);
            if let Some(error) = error {
                missing += 1;
                let at = resource.map_or(offset(*item, "identifierref"), |it| offset(it, "href"));
                let text = format!("the part {:?} cannot be shown: {error}", activity.title);
                self.notes.note(error.code(), Severity::Error, at, text);
                first_error.get_or_insert(error);
            }
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
        match first_error {
            Some(error) if missing == activities.len() => Err(error),
            _ => Ok(activities),
        }
    }

    fn activity(
        &self,
        item: Node<'a, 'a>,
        resource: Option<Node<'a, 'a>>,
        depth: u32,
        target: Launched,
    ) -> Activity {
        self.note_blanks(item, "identifier");
        let Launched { path, rest, is_missing } = target;
        let rest = href::joined(&rest, item.attribute("parameters").unwrap_or_default());
        let limit = || {
            let limits = self.sequencing(item, "limitConditions")?;
            limits.attribute("attemptAbsoluteDurationLimit").map(str::to_owned)
        };
        let is_2004 = self.schema.is_2004();
        Activity {
            id: id(item, "identifier").unwrap_or_default().to_owned(),
            title: text_of(item, "title").unwrap_or_else(|| path.clone()),
            kind: resource.map_or(ActivityKind::Asset, kind),
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
            measure_weight: self.measure_weight(item),
            objectives: self.objectives(item),
            data: self.data(item),
            is_visible: is_visible(item),
            missing_file: is_missing.then_some(path),
        }
    }

    /// The file that an item launches, with query and fragment of its address; beside an error, what is missing.
    fn target(
        &self,
        item: Node<'a, 'a>,
        resource: Option<Node<'a, 'a>>,
    ) -> Result<Launched, Box<(Launched, PackageError)>> {
        let item_id = id(item, "identifier").unwrap_or_default();
        let missing = |path: &str| Launched { path: path.to_owned(), rest: String::new(), is_missing: true };
        let Some(resource) = resource else {
            let name = id(item, "identifierref").unwrap_or_default();
            let error = PackageError::ResourceMissing(format!("the resource {name:?} (item {item_id:?})"));
            return Err(Box::new((missing(name), error)));
        };
        let resource_id = id(resource, "identifier").unwrap_or_default();
        let mut bases: Vec<_> = resource.ancestors().filter(Node::is_element).map(base).collect();
        bases.reverse();
        let href = address(resource).unwrap_or_default();
        let bad_href = || {
            let error = PackageError::ManifestBadHref {
                href: format!("{}{href}", bases.concat()),
                resource: resource_id.to_owned(),
                item: (item != resource).then(|| item_id.to_owned()),
            };
            Box::new((missing(if href.is_empty() { resource_id } else { href }), error))
        };
        let target = href::resolve(self.paths.folder, &bases, href).ok_or_else(bad_href)?;
        let Some((path, matched)) = self.paths.find(&target.paths) else {
            if target.is_web {
                return Err(bad_href());
            }
            let path = target.paths.first().map_or("", String::as_str);
            let by = if item == resource { String::new() } else { format!(", item {item_id:?}") };
            let what = format!("the file {path:?} (resource {resource_id:?}{by})");
            return Err(Box::new((missing(path), PackageError::ResourceMissing(what))));
        };
        if self.noted.borrow_mut().insert(resource.id()) {
            let note = |code, text| self.notes.note(code, Severity::Info, offset(resource, "href"), text);
            let (href, path) = (quoted(href), quoted(path));
            if target.has_backslash {
                let text = format!("the href {href} has backslashes, expected \"/\"; {path} was taken");
                note("href_backslash", text);
            }
            if target.has_leading_slash {
                note("href_leading_slash", format!("the href {href} begins with \"/\"; {path} was taken"));
            }
            if matched == Match::Alike {
                let text =
                    format!("there is no file {href}; {path} was taken, which differs in case or form");
                note("href_alike", text);
            }
        }
        Ok(Launched { path: path.to_owned(), rest: target.rest, is_missing: false })
    }
}

/// What an item launches.
struct Launched {
    /// Path of the file; where that is missing, what the manifest names in its place.
    path: String,
    /// Query and fragment.
    rest: String,
    is_missing: bool,
}

/// The default organization of a manifest, else its first.
fn organization_of<'a>(manifest: Node<'a, 'a>) -> Option<Node<'a, 'a>> {
    let all = child(manifest, "organizations")?;
    let default = id(all, "default");
    let mut each = children(all, "organization");
    each.clone().find(|it| id(*it, "identifier") == default).or_else(|| each.next())
}

/// The version: as the metadata says, else by the namespace of what marks SCOs.
fn schema_of(
    root: Node<'_, '_>,
    resources: &[Node<'_, '_>],
    notes: &Notes<'_>,
) -> Result<Schema, PackageError> {
    let metadata = child(root, "metadata");
    let said = |name| metadata.and_then(|it| text_of(it, name)).unwrap_or_default();
    let (schema, version) = (said("schema"), said("schemaversion"));
    if let Some((found, is_exact)) = version::parse(&version) {
        if !is_exact {
            let at = metadata.and_then(|it| child(it, "schemaversion")).map_or(0, |it| it.range().start);
            let text = format!("the schemaversion is {version:?}; it was read as {:?}", found.name());
            notes.note("schema_version", Severity::Info, at, text);
        }
        return Ok(found);
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
pub(crate) fn chapters(found: &[Found<'_>]) -> Vec<Chapter> {
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
