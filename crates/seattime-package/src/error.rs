//! Why a package is not taken.

/// Why a package is not taken; each has a stable code.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The bytes are no zip.
    #[error("the file is not a ZIP archive; send the course as one .zip file")]
    NotZip,
    /// The zip ends before its end, or is damaged.
    #[error("the archive is cut off or damaged ({0}); zip the course again and send the whole file")]
    Truncated(String),
    /// There is no manifest at the root.
    #[error("there is no imsmanifest.xml at the root of the archive, where SCORM expects it{}", found_in(.0.as_deref()))]
    ManifestMissing(Option<String>),
    /// Two entries have one name, or would on some file systems.
    #[error("the archive holds {0}; expected each file once: rename or remove one, and zip the course again")]
    DuplicateEntry(String),
    /// A name that leads out of the package, or means different files on different machines.
    #[error("the name {0:?} in the archive is not a plain relative path; rename the file and zip again")]
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
    /// The manifest declares a document type.
    #[error("imsmanifest.xml declares a DTD, which is not read; remove the DOCTYPE line")]
    ManifestDtdForbidden,
    /// The manifest is too large or too deep.
    #[error("imsmanifest.xml is too complex ({0}); remove what does not belong to the course")]
    ManifestTooComplex(String),
    /// The manifest's bytes are not in the encoding that it names.
    #[error("imsmanifest.xml is not in the encoding that it names: {0}; save it as UTF-8")]
    ManifestEncoding(String),
    /// An address in the manifest is not one of a file in the package.
    #[error("the address {0:?} in imsmanifest.xml is not a relative path in the package; correct the href")]
    ManifestBadHref(String),
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

fn found_in(folder: Option<&str>) -> String {
    match folder {
        Some(folder) => {
            format!("; it was found in the folder {folder:?}: zip the folder's contents, not the folder")
        }
        None => {
            "; this is no SCORM package, or the manifest was left out: export the course again".to_owned()
        }
    }
}

impl PackageError {
    /// Without what no message needs: names and texts in a package may be megabytes long.
    pub(crate) fn shortened(mut self) -> PackageError {
        const MOST_BYTES: usize = 300;
        let text = match &mut self {
            PackageError::Truncated(text)
            | PackageError::ManifestMissing(Some(text))
            | PackageError::DuplicateEntry(text)
            | PackageError::UnsafePath(text)
            | PackageError::Symlink(text)
            | PackageError::Bomb(text)
            | PackageError::UnsupportedMethod(text)
            | PackageError::ManifestNotXml { reason: text, .. }
            | PackageError::ManifestTooComplex(text)
            | PackageError::ManifestEncoding(text)
            | PackageError::ManifestBadHref(text)
            | PackageError::ResourceMissing(text)
            | PackageError::KindUnsupported(text) => text,
            PackageError::NotZip
            | PackageError::ManifestMissing(None)
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
            PackageError::ManifestMissing(_) => "manifest_missing",
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
            PackageError::ManifestBadHref(_) => "manifest_bad_href",
            PackageError::ResourceMissing(_) => "resource_missing",
            PackageError::KindUnsupported(_) => "package_kind_unsupported",
            PackageError::Unreadable(_) => "package_unreadable",
        }
    }
}
