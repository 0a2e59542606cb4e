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
    #[error("there is no imsmanifest.xml at the root of the archive{}", found_in(.0.as_deref()))]
    ManifestMissing(Option<String>),
    /// Two entries have one name.
    #[error("the archive holds two files of the name {0:?}; zip the course again with each file once")]
    DuplicateEntry(String),
    /// A name that leads out of the package, or means different files on different machines.
    #[error("the name {0:?} in the archive is not a plain relative path; rename the file and zip again")]
    UnsafePath(String),
    /// An entry that is no file.
    #[error("{0:?} in the archive is a link; put the file itself into the archive")]
    Symlink(String),
    /// It unpacks to more than is sensible.
    #[error("the archive unpacks to too much ({0}); remove what does not belong to the course")]
    Bomb(String),
    /// It has too many entries.
    #[error(
        "the archive holds {found} files, at most {most} are taken; remove what does not belong to the course"
    )]
    TooManyFiles {
        /// How many there are.
        found: usize,
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
    #[error("imsmanifest.xml is not in the encoding that it names ({0}); save it as UTF-8")]
    ManifestEncoding(String),
    /// An address in the manifest is not one of a file in the package.
    #[error("the address {0:?} in imsmanifest.xml is not a relative path in the package; correct the href")]
    ManifestBadHref(String),
    /// A file that the manifest launches is not there.
    #[error("imsmanifest.xml launches {0:?}, which is not in the archive; add the file or correct the href")]
    ResourceMissing(String),
    /// It is another kind of package, or has nothing to launch.
    #[error("this looks like {0}; expected a SCORM 1.2 or SCORM 2004 package with something to launch")]
    KindUnsupported(String),
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
}

fn found_in(folder: Option<&str>) -> String {
    match folder {
        Some(folder) => {
            format!("; it was found in the folder {folder:?}: zip the folder's contents, not the folder")
        }
        None => "; this is no SCORM package, or the manifest was left out".to_owned(),
    }
}

impl PackageError {
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
