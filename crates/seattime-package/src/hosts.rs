//! Other hosts that a package loads from, as far as its files name them.
//!
//! Read are the manifest's addresses and files of HTML, SVG, CSS, JavaScript and JSON: the first [`MOST_FILE_BYTES`] of
//! each, [`MOST_BYTES`] of a package, up to [`MOST_HOSTS`] hosts. Addresses that a script puts together, or that are
//! packed or encoded, are not seen. Links that a learner follows are no hosts that a package loads from.

use std::collections::BTreeSet;

/// Bytes of one file that are read.
pub(crate) const MOST_FILE_BYTES: u64 = 1 << 20;
/// Bytes of a package that are read.
pub(crate) const MOST_BYTES: u64 = 64 << 20;
/// Hosts of a package that are kept.
pub(crate) const MOST_HOSTS: usize = 200;
/// Bytes before an address in which its attribute, call or key stands.
const CONTEXT_BYTES: usize = 400;

/// Hosts of namespaces and schemas, which are names and not loaded; also what ends in `.` and one of these.
const NAMES: [&str; 12] = [
    "w3.org",
    "adlnet.org",
    "adlnet.gov",
    "imsglobal.org",
    "imsproject.org",
    "ieee.org",
    "purl.org",
    "xmlsoap.org",
    "schemas.microsoft.com",
    "schema.org",
    "json-schema.org",
    "ns.adobe.com",
];

/// Endings of files that a page loads.
const LOADED: [&str; 24] = [
    ".js", ".mjs", ".css", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".woff", ".woff2", ".ttf",
    ".otf", ".mp4", ".webm", ".mp3", ".m4a", ".ogg", ".wav", ".json", ".m3u8", ".vtt", ".wasm", ".pdf",
];

/// Functions that load the address that is their first argument.
const LOADS: [&str; 18] = [
    "fetch",
    "import",
    "importscripts",
    "getscript",
    "getjson",
    "get",
    "post",
    "ajax",
    "load",
    "loadscript",
    "worker",
    "sharedworker",
    "websocket",
    "eventsource",
    "sendbeacon",
    "audio",
    "url",
    "script",
];

/// Ends of the names of variables and keys that hold an address that is loaded.
const KEYS: [&str; 11] =
    ["src", "url", "uri", "poster", "source", "endpoint", "file", "cdn", "server", "host", "api"];

/// Returns true if files of this path are read for hosts.
pub(crate) fn is_read(path: &str) -> bool {
    let ending = path.rsplit_once('.').map(|it| it.1.to_ascii_lowercase()).unwrap_or_default();
    matches!(ending.as_str(), "html" | "htm" | "xhtml" | "shtml" | "svg" | "css" | "js" | "mjs" | "json")
}

/// Adds the hosts that a file loads from.
pub(crate) fn find(path: &str, bytes: &[u8], hosts: &mut BTreeSet<String>) {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if text.contains("\\/") {
        text = text.replace("\\/", "/"); // Scripts escape the slashes of strings.
    }
    let is_markup = !path.to_ascii_lowercase().ends_with("css") && text.contains('<');
    if is_markup && text.contains("<!--") {
        text = without_comments(&text);
    }
    for (slashes, _) in text.match_indices("//") {
        if hosts.len() >= MOST_HOSTS {
            return;
        }
        let Some((start, is_relative)) = start_of(&text, slashes) else { continue };
        let Some((host, rest)) = host(text.get(slashes + 2..).unwrap_or_default()) else { continue };
        let from = text.floor_char_boundary(start.saturating_sub(CONTEXT_BYTES));
        let before = text.get(from..start).unwrap_or_default();
        if !hosts.contains(&host) && is_loaded(before, rest, is_relative) {
            hosts.insert(host);
        }
    }
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("<!--");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push(' ');
        kept.push_str(part.split_once("-->").map_or("", |it| it.1));
    }
    kept
}

/// Where the address of these slashes begins, and whether it is without a scheme.
fn start_of(text: &str, slashes: usize) -> Option<(usize, bool)> {
    let before = text.get(..slashes)?;
    for scheme in ["https:", "http:", "wss:", "ws:"] {
        let start = slashes.checked_sub(scheme.len());
        if let Some(start) = start
            && before.get(start..).is_some_and(|it| it.eq_ignore_ascii_case(scheme))
        {
            let is_word =
                before.get(..start).is_some_and(|it| it.ends_with(|it: char| it.is_ascii_alphanumeric()));
            return (!is_word).then_some((start, false));
        }
    }
    // Without a scheme, only behind a quote, `=` or `(`: elsewhere it begins a comment.
    let is_start = before.is_empty() || before.ends_with(['"', '\'', '`', '=', '(']);
    is_start.then_some((slashes, true))
}

/// The host at the start of a text, in lower case and with its port, and what follows it.
fn host(text: &str) -> Option<(String, &str)> {
    let end = text.find(|it: char| !(it.is_ascii_alphanumeric() || ".-_".contains(it))).unwrap_or(text.len());
    let name = text.get(..end)?.to_ascii_lowercase();
    let mut rest = text.get(end..)?;
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|it| it.is_ascii_digit());
    let is_host = name.contains('.')
        && name.split('.').all(|it| !it.is_empty() && !it.starts_with('-'))
        && (is_number || last.len() > 1 && last.starts_with(|it: char| it.is_ascii_alphabetic()));
    let is_own = is_number && (name.starts_with("127.") || name == "0.0.0.0");
    let is_name =
        NAMES.iter().any(|it| name.strip_suffix(it).is_some_and(|it| it.is_empty() || it.ends_with('.')));
    if !is_host || is_own || is_name {
        return None;
    }
    let mut host = name;
    if let Some(port) = rest.strip_prefix(':') {
        let digits = port.bytes().take_while(u8::is_ascii_digit).count();
        host.push(':');
        host.push_str(port.get(..digits)?);
        rest = port.get(digits..)?;
    }
    let ends = |it: char| it.is_whitespace() || "/?#\"'`)<>\\&;,|".contains(it);
    (rest.is_empty() || rest.starts_with(ends)).then_some((host, rest))
}

/// Returns true if an address with this text before it and behind its host is loaded.
fn is_loaded(before: &str, rest: &str, is_relative: bool) -> bool {
    let quote = before.chars().next_back().filter(|it| "\"'`".contains(*it));
    let outside = quote.map_or(before, |it| before.strip_suffix(it).unwrap_or(before)).trim_end();
    let lower = outside.to_ascii_lowercase();
    if lower.ends_with("url(") || quote.is_some() && (lower.ends_with("from") || lower.ends_with("import")) {
        return true;
    }
    if let Some(call) = lower.strip_suffix('(') {
        return quote.is_some() && LOADS.contains(&word_at_end(call));
    }
    if let Some(name) = lower.strip_suffix(['=', ':']) {
        let name = name.trim_end().trim_end_matches(['"', '\'']);
        let name = word_at_end(name);
        return match name {
            "href" => is_loading_tag(&lower),
            "base" => is_in_tag(&lower),
            "content" => lower.contains("refresh"),
            "action" | "formaction" | "data" | "background" | "srcset" | "imagesrcset" => is_in_tag(&lower),
            name if KEYS.iter().any(|it| name.ends_with(it)) => true,
            _ => quote.is_some() && !is_in_tag(&lower) && !is_relative && has_loaded_ending(rest, quote),
        };
    }
    // `open("GET", "…")`, `setAttribute("src", "…")`.
    if let Some(earlier) = lower.strip_suffix(',') {
        let earlier = earlier.trim_end().trim_end_matches(['"', '\'']);
        if matches!(
            word_at_end(earlier),
            "get" | "post" | "put" | "head" | "src" | "srcset" | "data" | "poster"
        ) {
            return quote.is_some();
        }
    }
    let value = before.rfind(['"', '\'']).and_then(|it| before.get(..it)).unwrap_or_default();
    let attribute =
        value.trim_end().strip_suffix('=').map(|it| word_at_end(it.trim_end())).unwrap_or_default();
    if attribute.eq_ignore_ascii_case("srcset") || attribute.eq_ignore_ascii_case("imagesrcset") {
        return true;
    }
    if attribute.eq_ignore_ascii_case("content") && before.to_ascii_lowercase().contains("refresh") {
        return true;
    }
    quote.is_some() && !is_relative && !is_in_tag(&lower) && has_loaded_ending(rest, quote)
}

/// The letters, digits, `-` and `_` at the end of a text.
fn word_at_end(text: &str) -> &str {
    let start = text.rfind(|it: char| !(it.is_ascii_alphanumeric() || "-_".contains(it)));
    let word = text.get(start.map_or(0, |it| it + text.get(it..).map_or(1, first_length))..);
    word.unwrap_or_default()
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

/// The tag that a text ends in, without its `<`.
fn open_tag(text: &str) -> Option<&str> {
    let start = text.rfind('<')?;
    let tag = text.get(start + 1..)?;
    (!tag.contains('>') && tag.starts_with(|it: char| it.is_ascii_alphabetic())).then_some(tag)
}

fn is_in_tag(text: &str) -> bool {
    open_tag(text).is_some()
}

/// Returns true if an `href` at the end of a text, in lower case, is loaded: not that of a link to follow.
fn is_loading_tag(text: &str) -> bool {
    let Some(tag) = open_tag(text) else { return false };
    let name = tag.split(|it: char| it.is_whitespace() || it == '/').next().unwrap_or_default();
    match name {
        // What kind of link it is may stand behind the address.
        "link" => !["canonical", "alternate", "author", "license", "next", "prev", "profile"]
            .iter()
            .any(|it| tag.contains(it)),
        // `resource` and `file` are the manifest's.
        "base" | "image" | "use" | "feimage" | "resource" | "file" => true,
        _ => false,
    }
}

fn has_loaded_ending(rest: &str, quote: Option<char>) -> bool {
    let end = rest.find(|it| Some(it) == quote || it == '?' || it == '#').unwrap_or(rest.len().min(1_000));
    let path = rest.get(..end).unwrap_or_default().to_ascii_lowercase();
    LOADED.iter().any(|it| path.ends_with(it))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::find;

    #[test]
    fn hosts_are_those_that_a_file_loads_from() {
        #[rustfmt::skip]
        let cases = [
            // path, text                                                                    host
            ("a.html", r#"<script src="https://cdn.test.org/a.js"></script>"#,               "cdn.test.org"),
            ("a.html", r#"<script src='//cdn.test.org/a.js'></script>"#,                     "cdn.test.org"),
            ("a.html", r#"<SCRIPT SRC=HTTP://CDN.Test.org:8080/a.js></SCRIPT>"#,             "cdn.test.org:8080"),
            ("a.html", r#"<link rel="stylesheet" href="https://fonts.test.org/css?a=b">"#,   "fonts.test.org"),
            ("a.html", r#"<link href="https://fonts.test.org/css?a=b" rel="stylesheet">"#,   "fonts.test.org"),
            ("a.html", r#"<img alt="x" data-src = "https://img.test.org/x">"#,               "img.test.org"),
            ("a.html", r#"<img srcset="a.png 1x, https://img.test.org/x 2x">"#,              "img.test.org"),
            ("a.html", r#"<iframe src="https://www.youtube.com/embed/x"></iframe>"#,         "www.youtube.com"),
            ("a.html", r#"<video poster="https://img.test.org/p"></video>"#,                 "img.test.org"),
            ("a.html", r#"<object data="https://x.test.org/a.swf">"#,                        "x.test.org"),
            ("a.html", r#"<form method="post" action="https://x.test.org/form">"#,           "x.test.org"),
            ("a.html", r#"<meta http-equiv="refresh" content="0; url=https://x.test.org/">"#, "x.test.org"),
            ("a.html", r#"<base href="https://x.test.org/">"#,                               "x.test.org"),
            ("a.html", r#"<p style="background: url(https://x.test.org/a)">"#,               "x.test.org"),
            ("a.html", r#"<script>fetch("https://api.test.org/v1")</script>"#,               "api.test.org"),
            ("a.css",  r#"a { background: url('https://x.test.org/a') }"#,                   "x.test.org"),
            ("a.css",  r#"@import "https://x.test.org/a";"#,                                 "x.test.org"),
            ("a.css",  r#"@import url(//x.test.org/a);"#,                                    "x.test.org"),
            ("a.js",   r#"import a from "https://esm.test.org/a";"#,                         "esm.test.org"),
            ("a.js",   r#"await import('https://esm.test.org/a')"#,                          "esm.test.org"),
            ("a.js",   r#"x.open("GET", "https://api.test.org/v1", true)"#,                  "api.test.org"),
            ("a.js",   r#"tag.src = "https://www.youtube.com/iframe_api";"#,                 "www.youtube.com"),
            ("a.js",   r#"tag.setAttribute('src', 'https://x.test.org/a')"#,                 "x.test.org"),
            ("a.js",   r#"$.ajax({ url: "https://api.test.org/v1" })"#,                      "api.test.org"),
            ("a.js",   r#"const baseUrl = `https://api.test.org/${x}`;"#,                    "api.test.org"),
            ("a.js",   r#"navigator.sendBeacon("https://x.test.org/b", "")"#,                "x.test.org"),
            ("a.js",   r#"new WebSocket("wss://x.test.org/b")"#,                             "x.test.org"),
            ("a.js",   r#"const all = ["https://x.test.org/a.mp4"];"#,                       "x.test.org"),
            ("a.json", r#"{"image":"https:\/\/x.test.org\/a.png"}"#,                         "x.test.org"),
            ("m.xml",  r#"<resource identifier="R" href="https://x.test.org/sco">"#,         "x.test.org"),
            ("m.xml",  r#"<resources xml:base="https://x.test.org/">"#,                      "x.test.org"),
            ("m.xml",  r#"<m xmlns="http://x.test.org/a" xsi:schemaLocation="u https://x.test.org/a.xsd">"#, ""),
            ("a.html", "<p>download it from https://x.test.org/</p>",                        ""),
            ("a.html", r#"<a href="https://x.test.org/a.png">link</a>"#,                     ""),
            ("a.html", r#"<area href="https://x.test.org/">"#,                               ""),
            ("a.html", r#"<link rel="canonical" href="https://x.test.org/">"#,               ""),
            ("a.html", r#"<html xmlns="http://www.w3.org/1999/xhtml">"#,                     ""),
            ("a.html", r#"<p>see https://x.test.org/a.png</p>"#,                             ""),
            ("a.html", r#"<!-- <script src="https://x.test.org/a.js"></script> -->"#,        ""),
            ("a.html", r#"<img src="https://www.w3.org/Icons/valid">"#,                      ""),
            ("a.html", r#"<img src="http://localhost/a.png"><img src="http://127.0.0.1/a">"#, ""),
            ("a.html", r#"<img src="a//b.test.org/c.png">"#,                                 ""),
            ("a.js",   "// https://x.test.org/a.js\nvar a; //x.test.org",                    ""),
            ("a.js",   r#"location.href = "https://x.test.org/";"#,                          ""),
            ("a.js",   r#"window.open("https://x.test.org/")"#,                              ""),
            ("a.js",   r#"throw Error("see https://x.test.org/a.js")"#,                      ""),
            ("a.js",   r#"x.src = "https://" + host"#,                                       ""),
            ("a.js",   r#"createElementNS("http://www.w3.org/2000/svg", "a")"#,              ""),
            ("a.css",  "/* https://x.test.org/a.css */",                                     ""),
            ("a.css",  "a { background: url(data:image/png;base64,a//b.test.org/) }",        ""),
        ];
        for (path, text, expected) in cases {
            let mut hosts = BTreeSet::new();
            find(path, text.as_bytes(), &mut hosts);
            let expected: Vec<_> =
                Some(expected.to_owned()).into_iter().filter(|it| !it.is_empty()).collect();
            assert_eq!(hosts.into_iter().collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
