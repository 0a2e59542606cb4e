//! Importing a package: checked, unpacked under numbers, moved into place whole, then known to the store.

pub mod media;

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek};
use std::path::Path;

use seattime_package::{Activity, ActivityKind, DataMap, Package, PackageError, Schema};
use seattime_wire::{Api, SessionKind, SharedMap};
use sha2::{Digest, Sha256};

use crate::store::{ActivityRules, StoredActivity, StoredPackage};

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
        id,
    })
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
        rules: ActivityRules { completion_set_by_content: activity.completion_set_by_content },
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
