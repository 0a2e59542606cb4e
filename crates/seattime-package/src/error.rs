//! Why a package is not taken.

use crate::warning::listed;

/// Why a package is not taken; each has a stable code.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The bytes are no zip.
    #[error("the file is not a ZIP archive; send the course as one .zip file")]
    NotZip,
    /// The zip ends before its end, or is damaged.
    #[error("the archive is cut off or damaged ({0}); zip the course again and send the whole file")]
    Truncated(String),
    /// There is no manifest.
    #[error(
        "there is no imsmanifest.xml in the archive, expected one at its root; \
         this is no SCORM package, or the manifest was left out: export the course again"
    )]
    ManifestMissing,
    /// There are manifests in several folders, none of which holds the others.
    #[error(
        "there is no imsmanifest.xml at the root of the archive, but there is one in each of the folders {}; \
         these are several courses: import each as a ZIP archive with its imsmanifest.xml at the root",
        listed(.0.iter().map(String::as_str))
    )]
    SeveralCourses(Vec<String>),
    /// Two entries have one name and different bytes.
    #[error("the archive holds {0}; expected each file once: rename or remove one, and zip the course again")]
    DuplicateEntry(String),
    /// A name that leads out of the package.
    #[error(
        "the name {0:?} in the archive leads out of the course's folder; expected a relative path: \
         zip the course's folder again with another tool"
    )]
    UnsafePath(String),
    /// An entry that is neither file nor folder.
    #[error(
        "{0:?} in the archive is a link or a device, expected a file; put the file itself into the archive"
    )]
    Symlink(String),
    /// It unpacks to more than is sensible.
    #[error("the archive unpacks to more than it should ({0}); remove what does not belong to the course")]
    Bomb(String),
    /// It has too many entries.
    #[error(
        "the archive holds {found} entries, at most {most} are taken; remove what does not belong to the course"
    )]
    TooManyFiles {
        /// How many there are.
        found: u64,
        /// How many are taken.
        most: usize,
    },
    /// It is encrypted, or packed in a way that no browser or LMS expects.
    #[error("{0:?} in the archive is encrypted or packed by an unusual method; use plain ZIP (deflate)")]
    UnsupportedMethod(String),
    /// The manifest is no XML.
    #[error("imsmanifest.xml is not well-formed XML at {at}: {reason}; export the course again")]
    ManifestNotXml {
        /// Line and column, from 1.
        at: String,
        /// What the parser said.
        reason: String,
    },
    /// The manifest declares entities.
    #[error("imsmanifest.xml declares entities in its DOCTYPE, which are not read; remove the DOCTYPE")]
    ManifestDtdForbidden,
    /// The manifest is too large or too deep.
    #[error("imsmanifest.xml is too complex ({0}); remove what does not belong to the course")]
    ManifestTooComplex(String),
    /// The manifest's bytes are not in the encoding that it names.
    #[error("imsmanifest.xml is not in the encoding that it names: {0}; save it as UTF-8")]
    ManifestEncoding(String),
    /// An address in the manifest is not one of a file in the package.
    #[error(
        "the resource {resource:?} in imsmanifest.xml{}, expected a relative path of a file in the package; \
         correct the href",
        bad_href(href, item.as_deref())
    )]
    ManifestBadHref {
        /// The address, with its bases; empty where there is none.
        href: String,
        /// Identifier of the resource.
        resource: String,
        /// Identifier of the item that launches it, if one does.
        item: Option<String>,
    },
    /// A file that the manifest launches is not there.
    #[error("imsmanifest.xml launches {0}, which is not in the package; add it or correct the reference")]
    ResourceMissing(String),
    /// It is another kind of package, or has nothing to launch.
    #[error("this looks like {0}; expected a SCORM 1.2 or SCORM 2004 package with something to launch")]
    KindUnsupported(String),
    /// It cannot be read.
    #[error("the file cannot be read or unpacked: {0}; send it again")]
    Unreadable(#[from] std::io::Error),
}

fn bad_href(href: &str, item: Option<&str>) -> String {
    let item = item.map(|it| format!(", which the item {it:?} launches,")).unwrap_or_default();
    let href = if href.is_empty() { "no href".to_owned() } else { format!("the href {href:?}") };
    format!("{item} has {href}")
}

impl PackageError {
    /// Without what no message needs: names and texts in a package may be megabytes long.
    pub(crate) fn shortened(mut self) -> PackageError {
        const MOST_BYTES: usize = 300;
        let text = match &mut self {
            PackageError::Truncated(text)
            | PackageError::DuplicateEntry(text)
            | PackageError::UnsafePath(text)
            | PackageError::Symlink(text)
            | PackageError::Bomb(text)
            | PackageError::UnsupportedMethod(text)
            | PackageError::ManifestNotXml { reason: text, .. }
            | PackageError::ManifestTooComplex(text)
            | PackageError::ManifestEncoding(text)
            | PackageError::ManifestBadHref { href: text, .. }
            | PackageError::ResourceMissing(text)
            | PackageError::KindUnsupported(text) => text,
            PackageError::NotZip
            | PackageError::ManifestMissing
            | PackageError::SeveralCourses(_)
            | PackageError::TooManyFiles { .. }
            | PackageError::ManifestDtdForbidden
            | PackageError::Unreadable(_) => return self,
        };
        if text.len() > MOST_BYTES {
            text.truncate(text.floor_char_boundary(MOST_BYTES));
            text.push('…');
        }
        self
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            PackageError::NotZip => "package_not_zip",
            PackageError::Truncated(_) => "package_truncated",
            PackageError::ManifestMissing | PackageError::SeveralCourses(_) => "manifest_missing",
            PackageError::DuplicateEntry(_) => "package_duplicate_entry",
            PackageError::UnsafePath(_) => "package_unsafe_path",
            PackageError::Symlink(_) => "package_symlink",
            PackageError::Bomb(_) => "package_bomb",
            PackageError::TooManyFiles { .. } => "package_too_many_files",
            PackageError::UnsupportedMethod(_) => "package_unsupported_method",
            PackageError::ManifestNotXml { .. } => "manifest_not_xml",
            PackageError::ManifestDtdForbidden => "manifest_dtd_forbidden",
            PackageError::ManifestTooComplex(_) => "manifest_too_complex",
            PackageError::ManifestEncoding(_) => "manifest_encoding",
            PackageError::ManifestBadHref { .. } => "manifest_bad_href",
            PackageError::ResourceMissing(_) => "resource_missing",
            PackageError::KindUnsupported(_) => "package_kind_unsupported",
            PackageError::Unreadable(_) => "package_unreadable",
        }
    }
}
