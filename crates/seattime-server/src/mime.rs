//! What a file is served as: a fixed table, since nothing is ever guessed from content.

/// Types by extension, in lower case.
#[rustfmt::skip]
const TYPES: &[(&str, &str)] = &[
    // extension  type
    ("avif",  "image/avif"),
    ("bmp",   "image/bmp"),
    ("css",   "text/css; charset=utf-8"),
    ("csv",   "text/csv; charset=utf-8"),
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
];

/// The type of a file; none where its extension is not in the table.
pub(crate) fn type_of(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next()?;
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    TYPES.iter().find(|it| it.0 == extension).map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

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
