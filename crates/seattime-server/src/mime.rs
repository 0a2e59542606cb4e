//! What a file is served as: a fixed table, since nothing is ever guessed from content.

/// Types by extension, in lower case.
#[rustfmt::skip]
const TYPES: &[(&str, &str)] = &[
    // extension  type
    ("avif",  "image/avif"),
    ("bmp",   "image/bmp"),
    ("css",   "text/css; charset=utf-8"),
    ("csv",   "text/csv; charset=utf-8"),
    ("cur",   "image/x-icon"),
    ("eot",   "application/vnd.ms-fontobject"),
    ("gif",   "image/gif"),
    ("htm",   "text/html"), // without a charset: the page says its own, and old ones are not UTF-8
    ("html",  "text/html"),
    ("ico",   "image/x-icon"),
    ("jpeg",  "image/jpeg"),
    ("jpg",   "image/jpeg"),
    ("js",    "text/javascript"),
    ("json",  "application/json"),
    ("m3u8",  "application/vnd.apple.mpegurl"),
    ("m4a",   "audio/mp4"),
    ("m4v",   "video/mp4"),
    ("map",   "application/json"),
    ("mjs",   "text/javascript"),
    ("mov",   "video/quicktime"),
    ("mp3",   "audio/mpeg"),
    ("mp4",   "video/mp4"),
    ("mpd",   "application/dash+xml"),
    ("oga",   "audio/ogg"),
    ("ogg",   "audio/ogg"),
    ("ogv",   "video/ogg"),
    ("opus",  "audio/ogg"),
    ("otf",   "font/otf"),
    ("pdf",   "application/pdf"),
    ("png",   "image/png"),
    ("svg",   "image/svg+xml"),
    ("ts",    "video/mp2t"),
    ("ttf",   "font/ttf"),
    ("txt",   "text/plain; charset=utf-8"),
    ("vtt",   "text/vtt; charset=utf-8"),
    ("wasm",  "application/wasm"),
    ("wav",   "audio/wav"),
    ("webm",  "video/webm"),
    ("webmanifest", "application/manifest+json"),
    ("webp",  "image/webp"),
    ("woff",  "font/woff"),
    ("woff2", "font/woff2"),
    ("xhtml", "application/xhtml+xml"),
    ("xml",   "text/xml"),
    ("xsl",   "text/xml"),
    ("xslt",  "text/xml"),
];

/// Extensions of programs on servers. In a package they are saved answers of such a server, of any type.
const PROGRAMS: &[&str] =
    &["asp", "aspx", "cfm", "cgi", "do", "jsp", "php", "php3", "php5", "phtml", "pl", "py"];

/// The type of a file; none where its extension is not in the table.
pub(crate) fn type_of(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next()?;
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    TYPES.iter().find(|it| it.0 == extension).map(|it| it.1)
}

/// The type of a package's file: that of its last extension that says one, as Apache finds it (`style.css.php`,
/// `app.js.download`). None where there is no such extension: the browser then sees what the file is by how it is used.
pub(crate) fn content_type_of(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next()?;
    let mut extensions = name.split('.').skip(1).collect::<Vec<_>>().into_iter().rev();
    extensions.find_map(|extension| {
        let extension = extension.to_ascii_lowercase();
        if PROGRAMS.contains(&&*extension) {
            return None;
        }
        let known = TYPES.iter().find(|it| it.0 == extension).map(|it| it.1);
        known.or_else(|| mime_guess::from_ext(&extension).first_raw())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_package_has_the_type_that_a_plain_web_server_gives_it() {
        #[rustfmt::skip]
        let cases = [
            // path                    type
            ("app.js",                 Some("text/javascript")),
            ("lib/app.js.download",    Some("text/javascript")),
            ("style.CSS.php",          Some("text/css; charset=utf-8")),
            ("index.html.bak2",        Some("text/html")),
            ("style.xslt",             Some("text/xml")),
            ("hand.cur",               Some("image/x-icon")),
            ("data.json",              Some("application/json")),
            ("letter.docx",            Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document")),
            ("movie.swf",              Some("application/x-shockwave-flash")),
            ("page.php",               None),
            ("page.aspx",              None),
            ("script",                 None),
            (".htaccess",              None),
            ("folder.js/readme",       None),
            ("jquery-1.2.3",           None),
        ];
        for (path, expected) in cases {
            assert_eq!(content_type_of(path), expected, "path: {path}");
        }
    }

    #[test]
    fn types_come_from_the_table_alone() {
        #[rustfmt::skip]
        let cases = [
            // path                 type
            ("a/b/index.html",      Some("text/html")),
            ("INDEX.HTM",           Some("text/html")),
            ("seattime_bg.wasm",    Some("application/wasm")),
            ("film.en.vtt",         Some("text/vtt; charset=utf-8")),
            ("shell.php",           None),
            ("no_extension",        None),
            ("folder.html/readme",  None),
        ];
        for (path, expected) in cases {
            assert_eq!(type_of(path), expected, "path: {path}");
        }
    }
}
