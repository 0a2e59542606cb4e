//! What a manifest says: which version, and what can be launched in which order.

use roxmltree::{Document, Node, ParsingOptions};

use crate::error::PackageError;
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
    /// Title of its default organization.
    pub title: String,
    /// What can be launched, in the order of the default organization; at least one.
    pub activities: Vec<Activity>,
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
    /// Identifier of the item.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Whether it talks to the API.
    pub kind: ActivityKind,
    /// Where it is launched: path in the package, with the item's parameters.
    pub href: String,
    /// How deep it lies in the organization, from 0.
    pub depth: u32,
    /// `adlcp:masteryscore`; 1.2 only.
    pub mastery_score: Option<String>,
    /// `adlcp:maxtimeallowed`, or `attemptAbsoluteDurationLimit`.
    pub max_time_allowed: Option<String>,
    /// `adlcp:timelimitaction`.
    pub time_limit_action: Option<String>,
    /// `adlcp:datafromlms`.
    pub launch_data: Option<String>,
    /// `adlcp:completionThreshold`; 2004 only.
    pub completion_threshold: Option<String>,
    /// `minNormalizedMeasure` of a primary objective that is satisfied by measure; 2004 only.
    pub scaled_passing_score: Option<String>,
}

impl Manifest {
    /// Reads a manifest; `has_file` says which paths are in the package.
    pub(crate) fn parse(bytes: &[u8], has_file: impl Fn(&str) -> bool) -> Result<Manifest, PackageError> {
        let text = xml::decode(bytes)?;
        xml::look_over(&text)?;
        let options = ParsingOptions { nodes_limit: 1_000_000, ..ParsingOptions::default() };
        let document = Document::parse_with_options(&text, options).map_err(|error| match error {
            roxmltree::Error::DtdDetected => PackageError::ManifestDtdForbidden,
            roxmltree::Error::NodesLimitReached => {
                PackageError::ManifestTooComplex("more than 1,000,000 nodes".to_owned())
            }
            error => {
                let at = error.pos();
                PackageError::ManifestNotXml {
                    at: format!("{}:{}", at.row, at.col),
                    reason: error.to_string(),
                }
            }
        })?;
        let root = document.root_element();
        if root.tag_name().name() != "manifest" {
            let found = format!("XML with the root {:?}", root.tag_name().name());
            return Err(PackageError::KindUnsupported(found));
        }
        let reading = Reading { root, schema: schema_of(root)?, has_file: &has_file };
        let (title, activities) = reading.activities()?;
        if activities.is_empty() {
            return Err(PackageError::KindUnsupported(
                "a package in which nothing can be launched".to_owned(),
            ));
        }
        Ok(Manifest {
            schema: reading.schema,
            identifier: root.attribute("identifier").unwrap_or_default().to_owned(),
            title,
            activities,
        })
    }
}

/// The version: by the schema's version, else by the namespaces.
fn schema_of(root: Node<'_, '_>) -> Result<Schema, PackageError> {
    let metadata = child(root, "metadata");
    let version = metadata.and_then(|it| text_of(it, "schemaversion")).unwrap_or_default();
    let schema = match version.to_lowercase().as_str() {
        "1.2" => Some(Schema::Scorm12),
        "2004 4th edition" => Some(Schema::Scorm2004FourthEdition),
        "2004 3rd edition" => Some(Schema::Scorm2004ThirdEdition),
        "cam 1.3" | "2004 2nd edition" | "1.3" => Some(Schema::Scorm2004SecondEdition),
        _ => None,
    };
    let by_namespace = || {
        root.namespaces().find_map(|it| match it.uri() {
            uri if uri.contains("adlcp_rootv1p2") => Some(Schema::Scorm12),
            uri if uri.contains("adlcp_v1p3") => Some(Schema::Scorm2004ThirdEdition),
            _ => None,
        })
    };
    schema.or_else(by_namespace).ok_or_else(|| {
        PackageError::KindUnsupported(format!("a content package of the schema version {version:?}"))
    })
}

struct Reading<'a, F> {
    root: Node<'a, 'a>,
    schema: Schema,
    has_file: &'a F,
}

impl<F: Fn(&str) -> bool> Reading<'_, F> {
    /// Title and leaves of the default organization; without one, the resources that can be launched.
    fn activities(&self) -> Result<(String, Vec<Activity>), PackageError> {
        let organizations = child(self.root, "organizations");
        let default = organizations.and_then(|it| it.attribute("default"));
        let organization = organizations.and_then(|all| {
            let mut each = children(all, "organization");
            each.clone().find(|it| it.attribute("identifier") == default).or_else(|| each.next())
        });
        let mut activities = Vec::new();
        let mut title = String::new();
        if let Some(organization) = organization {
            title = text_of(organization, "title").unwrap_or_default();
            // Items may nest as deep as the XML, which was bounded before.
            let mut open: Vec<(Node<'_, '_>, u32)> =
                children(organization, "item").map(|it| (it, 0)).collect();
            open.reverse();
            while let Some((item, depth)) = open.pop() {
                let inner: Vec<_> = children(item, "item").map(|it| (it, depth + 1)).collect();
                if let Some(resource) = item.attribute("identifierref").filter(|it| !it.is_empty()) {
                    activities.extend(self.activity(item, resource, depth)?);
                }
                open.extend(inner.into_iter().rev());
            }
        }
        if activities.is_empty() {
            for resource in self.resources().filter(|it| self.kind(*it) == ActivityKind::Sco) {
                activities.extend(self.launched(resource, resource, 0)?);
            }
        }
        Ok((title, activities))
    }

    fn resources(&self) -> impl Iterator<Item = Node<'_, '_>> {
        child(self.root, "resources").into_iter().flat_map(|it| children(it, "resource"))
    }

    fn activity(
        &self,
        item: Node<'_, '_>,
        resource: &str,
        depth: u32,
    ) -> Result<Option<Activity>, PackageError> {
        let found = self.resources().find(|it| it.attribute("identifier") == Some(resource));
        let found = found.ok_or_else(|| PackageError::ResourceMissing(resource.to_owned()))?;
        self.launched(item, found, depth)
    }

    fn kind(&self, resource: Node<'_, '_>) -> ActivityKind {
        let kind = resource.attributes().find(|it| it.name().eq_ignore_ascii_case("scormtype"));
        match kind {
            Some(it) if it.value().eq_ignore_ascii_case("sco") => ActivityKind::Sco,
            _ => ActivityKind::Asset,
        }
    }

    /// An activity, or nothing where its resource has no address.
    fn launched(
        &self,
        item: Node<'_, '_>,
        resource: Node<'_, '_>,
        depth: u32,
    ) -> Result<Option<Activity>, PackageError> {
        let Some(href) = resource.attribute("href").filter(|it| !it.is_empty()) else { return Ok(None) };
        let base = |node: Node<'_, '_>| {
            let found = node.attribute(("http://www.w3.org/XML/1998/namespace", "base")).unwrap_or_default();
            found.to_owned()
        };
        let resources = child(self.root, "resources").map(base).unwrap_or_default();
        let whole = format!("{}{resources}{}{href}", base(self.root), base(resource));
        let href = joined(&whole, item.attribute("parameters").unwrap_or_default());
        let path = file_of(&whole).ok_or_else(|| PackageError::ManifestBadHref(whole.clone()))?;
        if !(self.has_file)(&path) {
            return Err(PackageError::ResourceMissing(path));
        }
        let said = |name| text_of(item, name);
        let sequencing = children(item, "sequencing").next();
        Ok(Some(Activity {
            id: item.attribute("identifier").unwrap_or_default().to_owned(),
            title: said("title").unwrap_or_else(|| path.clone()),
            kind: self.kind(resource),
            href,
            depth,
            mastery_score: said("masteryscore"),
            max_time_allowed: said("maxtimeallowed").or_else(|| {
                let limits = sequencing.and_then(|it| child(it, "limitConditions"))?;
                limits.attribute("attemptAbsoluteDurationLimit").map(str::to_owned)
            }),
            time_limit_action: said("timelimitaction"),
            launch_data: said("datafromlms"),
            completion_threshold: self.completion_threshold(item),
            scaled_passing_score: sequencing.and_then(scaled_passing_score),
        }))
    }

    /// 3rd Edition: its text; 4th Edition: its attributes, 1.0 where only the switch is set.
    fn completion_threshold(&self, item: Node<'_, '_>) -> Option<String> {
        let threshold = child(item, "completionThreshold")?;
        if self.schema != Schema::Scorm2004FourthEdition {
            return text_of(item, "completionThreshold");
        }
        let is_measured = threshold.attribute("completedByMeasure") == Some("true");
        is_measured.then(|| threshold.attribute("minProgressMeasure").unwrap_or("1.0").to_owned())
    }
}

fn scaled_passing_score(sequencing: Node<'_, '_>) -> Option<String> {
    let primary = child(child(sequencing, "objectives")?, "primaryObjective")?;
    let is_measured = primary.attribute("satisfiedByMeasure") == Some("true");
    is_measured.then(|| text_of(primary, "minNormalizedMeasure").unwrap_or_else(|| "1.0".to_owned()))
}

/// Appends an item's parameters to an address.
///
/// Spec: CAM, *item*, attribute *parameters*.
fn joined(href: &str, parameters: &str) -> String {
    let parameters = parameters.trim_start_matches(['?', '&']);
    if parameters.is_empty() {
        return href.to_owned();
    }
    if parameters.starts_with('#') {
        return if href.contains('#') { href.to_owned() } else { format!("{href}{parameters}") };
    }
    let (address, fragment) = href.split_once('#').map_or((href, None), |it| (it.0, Some(it.1)));
    let link = if address.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|it| format!("#{it}")).unwrap_or_default();
    format!("{address}{link}{parameters}{fragment}")
}

/// The file that an address means; nothing where it is not one of the package.
fn file_of(href: &str) -> Option<String> {
    let path = href.split(['?', '#']).next()?;
    if path.contains([':', '\\']) || path.starts_with('/') {
        return None;
    }
    let mut decoded = Vec::new();
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            decoded.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    let mut parts: Vec<String> = Vec::new();
    for part in String::from_utf8(decoded).ok()?.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part.to_owned()),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The children of this name, in any case and of any namespace: real manifests mix both up.
fn children<'a>(node: Node<'a, 'a>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> + Clone {
    node.children().filter(move |it| it.is_element() && it.tag_name().name().eq_ignore_ascii_case(name))
}

fn child<'a>(node: Node<'a, 'a>, name: &'static str) -> Option<Node<'a, 'a>> {
    children(node, name).next()
}

fn text_of<'a>(node: Node<'a, 'a>, name: &'static str) -> Option<String> {
    let text = child(node, name)?.text()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
