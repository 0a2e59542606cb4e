//! Importing a package: checked, unpacked under numbers, moved into place whole, then known to the store.

pub mod media;

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek};
use std::path::Path;

use seattime_package::{Activity, ActivityKind, DataMap, FileEntry, Package, PackageError, Schema, Warning};
use seattime_wire::{Api, SessionKind, SharedMap};
use sha2::{Digest, Sha256};

use crate::store::{ActivityRules, ImportFindings, ImportWarning, Severity, StoredActivity, StoredPackage};

/// Hosts that the warning about them names.
const NAMED_HOSTS: usize = 5;

/// Unpacks a zip into `data/content/` and answers what the store has to keep.
///
/// A package is named by the hash of its bytes, so importing it again finds it there.
///
/// # Errors
///
/// [`PackageError`] says what is wrong with the package; nothing is left behind then.
pub fn unpack(data: &Path, zip: &mut File, course: Option<&str>) -> Result<StoredPackage, PackageError> {
    zip.rewind()?;
    let mut hash = Sha256::new();
    io::copy(zip, &mut HashWriter(&mut hash))?;
    let id: String = hash.finalize().iter().map(|it| format!("{it:02x}")).collect();
    let mut package = Package::open(zip)?;

    put_in_place(data, &id, |aside| fill(&mut package, aside))?;
    let hosts = package.hosts();
    let findings = findings(package.warnings(), hosts);
    let manifest = package.manifest();
    let title = if manifest.title.is_empty() { manifest.identifier.clone() } else { manifest.title.clone() };
    let api = if manifest.schema.is_2004() { Api::Scorm2004 } else { Api::Scorm12 };
    Ok(StoredPackage {
        course: course.unwrap_or(&title).to_owned(),
        title,
        api,
        edition: match manifest.schema {
            Schema::Scorm2004SecondEdition => 2,
            Schema::Scorm2004ThirdEdition => 3,
            Schema::Scorm12 | Schema::Scorm2004FourthEdition => 4,
        },
        shares_with_all: manifest.shares_with_all,
        activities: manifest.activities.iter().map(|it| stored(it, api)).collect(),
        files: package.files().iter().map(|it| (it.path.clone(), it.size_bytes)).collect(),
        aliases: aliases(package.files()),
        findings,
        id,
    })
}

/// Other paths that files answer to, each with the number of its file.
fn aliases(files: &[FileEntry]) -> Vec<(String, usize)> {
    let of_file =
        |(n, it): (usize, &FileEntry)| it.other_paths.clone().into_iter().map(move |path| (path, n));
    files.iter().enumerate().flat_map(of_file).collect()
}

fn findings(warnings: &[Warning], hosts: Vec<String>) -> ImportFindings {
    let mut warnings: Vec<_> = warnings.iter().map(warning).collect();
    if !hosts.is_empty() {
        let (count, noun) = (hosts.len(), if hosts.len() == 1 { "other host" } else { "other hosts" });
        let named: Vec<_> = hosts.iter().take(NAMED_HOSTS).map(String::as_str).collect();
        let more = count - named.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let text = format!(
            "the package loads from {count} {noun}, without which parts of it may be missing: {}{more}",
            named.join(", ")
        );
        let code = "refers_to_hosts".to_owned();
        let severity = Severity::Warning;
        warnings.push(ImportWarning { code, severity, file: None, line: None, column: None, text });
    }
    ImportFindings { warnings, hosts }
}

fn warning(found: &Warning) -> ImportWarning {
    ImportWarning {
        code: found.code.to_owned(),
        severity: match found.severity {
            seattime_package::Severity::Info => Severity::Info,
            seattime_package::Severity::Warning => Severity::Warning,
            seattime_package::Severity::Error => Severity::Error,
        },
        file: found.file.clone(),
        line: found.place.map(|it| it.0),
        column: found.place.map(|it| it.1),
        text: found.text.clone(),
    }
}

/// Fills a folder aside and moves it into `data/content/` whole, unless `id` is there.
fn put_in_place<E: From<io::Error>>(
    data: &Path,
    id: &str,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let place = data.join("content").join(id);
    if place.is_dir() {
        return Ok(());
    }
    let aside = data.join("incoming").join(format!("{id}-{}", uuid::Uuid::new_v4()));
    fs::create_dir_all(&aside)?;
    let moved = fill(&aside).and_then(|()| Ok(fs::rename(&aside, &place)?));
    moved.or_else(|error| {
        fs::remove_dir_all(&aside)?;
        // Somebody else may have imported the same bytes meanwhile.
        if place.is_dir() { Ok(()) } else { Err(error) }
    })
}

/// Writes every file under its number, down to the disk.
fn fill(package: &mut Package<&mut File>, folder: &Path) -> Result<(), PackageError> {
    for n in 0..package.files().len() {
        let mut file = BufWriter::new(File::create_new(folder.join(n.to_string()))?);
        package.copy_file(n, &mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    }
    Ok(File::open(folder)?.sync_all()?)
}

fn stored(activity: &Activity, api: Api) -> StoredActivity {
    let given = match api {
        Api::Scorm12 => activity.given_12(),
        Api::Scorm2004 => activity.given_2004(),
    };
    StoredActivity {
        id: activity.id.clone(),
        title: activity.title.clone(),
        kind: match activity.kind {
            ActivityKind::Sco => SessionKind::Sco,
            ActivityKind::Asset => SessionKind::Asset,
        },
        depth: activity.depth,
        href: activity.href.clone(),
        defaults: given.into_iter().map(|(element, value)| (element.to_owned(), value)).collect(),
        objectives: activity.objectives.clone(),
        data: activity.data.iter().map(map).collect(),
        rules: ActivityRules {
            completion_set_by_content: activity.completion_set_by_content,
            measure_weight: activity.measure_weight,
        },
        is_visible: activity.is_visible,
        missing_file: activity.missing_file.clone(),
    }
}

fn map(map: &DataMap) -> SharedMap {
    SharedMap { target: map.target.clone(), reads: map.reads, writes: map.writes }
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
