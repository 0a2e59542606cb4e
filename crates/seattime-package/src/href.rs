//! Addresses in a manifest: which file they mean, and how that file is launched.

/// Where an address leads, before it is known whether the file is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Paths that it may mean, the likelier first.
    pub(crate) paths: Vec<String>,
    /// Its query and fragment, as written.
    pub(crate) rest: String,
    /// It is an address of the web (`https://…`, `javascript:…`), unless a file has just this name.
    pub(crate) is_web: bool,
    pub(crate) has_backslash: bool,
    pub(crate) has_leading_slash: bool,
}

/// Resolves an address against its bases, the outermost first, and `folder`, the manifest's own; nothing where it
/// leads out of the package.
pub(crate) fn resolve(folder: &str, bases: &[&str], href: &str) -> Option<Target> {
    let cut = href.find(['?', '#']).unwrap_or(href.len());
    let (path, rest) = href.split_at_checked(cut)?;
    let has_backslash = path.contains('\\') || bases.iter().any(|it| it.contains('\\'));
    let parts: Vec<_> = bases.iter().chain([&path]).map(|it| it.replace('\\', "/")).collect();
    if parts.iter().any(|it| it.starts_with("//")) {
        return None;
    }
    let (path, bases) = parts.split_last()?;
    let mut whole = String::new();
    let mut has_leading_slash = path.starts_with('/');
    for base in bases {
        has_leading_slash |= base.starts_with('/');
        // As in a browser, what follows a base's last `/` falls away.
        whole.push_str(base.rfind('/').and_then(|at| base.get(..=at)).unwrap_or_default());
    }
    whole.push_str(path);
    let mut addresses = Vec::new();
    if path.starts_with('/') {
        addresses.extend([format!("{folder}{path}"), path.clone()]);
    }
    addresses.push(format!("{folder}{whole}"));
    let mut paths = Vec::new();
    for address in addresses {
        // Tools forget to encode: a file may really be called `100%.html`.
        for path in [decoded(&address), Some(address)].into_iter().flatten().filter_map(|it| normal(&it)) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    let is_web = whole.contains(':');
    let target = Target { paths, rest: rest.to_owned(), is_web, has_backslash, has_leading_slash };
    (!target.paths.is_empty() && !path.is_empty()).then_some(target)
}

/// The relative address of a file with query and fragment, safe to put behind the address of the package.
pub(crate) fn encoded(path: &str, rest: &str) -> String {
    let mut address = String::new();
    for byte in path.bytes() {
        push(&mut address, byte, byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=@/".contains(&byte));
    }
    for byte in rest.bytes() {
        push(&mut address, byte, byte.is_ascii_graphic() && !b"\"<>`".contains(&byte));
    }
    address
}

fn push(address: &mut String, byte: u8, is_plain: bool) {
    if is_plain {
        address.push(char::from(byte));
    } else {
        address.push_str(&format!("%{byte:02X}"));
    }
}

/// Appends an item's parameters to query and fragment of an address.
///
/// Spec: CAM, *item*, attribute *parameters*. Where the address has a fragment of its own, they go before it: after
/// it, content would not see them.
pub(crate) fn joined(rest: &str, parameters: &str) -> String {
    let parameters = parameters.trim().trim_start_matches(['?', '&']);
    let (query, fragment) = rest.split_at_checked(rest.find('#').unwrap_or(rest.len())).unwrap_or((rest, ""));
    if parameters.is_empty() || (parameters.starts_with('#') && !fragment.is_empty()) {
        return rest.to_owned();
    }
    let link = match (parameters.starts_with('#'), query.is_empty()) {
        (true, _) => "",
        (false, true) => "?",
        (false, false) => "&",
    };
    format!("{query}{link}{parameters}{fragment}")
}

fn decoded(path: &str) -> Option<String> {
    let mut decoded = Vec::new();
    let mut bytes = path.bytes();
    let digit = |it: u8| char::from(it).to_digit(16);
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => u8::try_from(digit(bytes.next()?)? * 16 + digit(bytes.next()?)?).ok()?,
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

/// A path without `.` and `..`; nothing where it leads out of the package, or nowhere.
fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{encoded, joined, resolve};

    #[test]
    fn an_address_leads_to_a_file_of_the_package_or_nowhere() {
        #[rustfmt::skip]
        let cases = [
            // folder    bases              address               likeliest path           why it is here
            ("",    ["", ""],            "a.html",             Some("a.html")),
            ("",    ["", ""],            "a%20b.html?x=../y",  Some("a b.html")),
            ("",    ["", ""],            "100%.html",          Some("100%.html")),   // not encoded
            ("",    ["", ""],            "./a/../b.html#x",    Some("b.html")),
            ("",    ["content/", "m1/"], "a.html",             Some("content/m1/a.html")),
            ("",    ["content/", ""],    "../a.html",          Some("a.html")),
            ("",    ["content", ""],     "a.html",             Some("a.html")),      // as in a browser
            ("",    ["", ""],            "../other/x.html",    None),
            ("",    ["", ""],            "%2e%2e/x.html",      Some("%2e%2e/x.html")), // no such file then
            ("",    ["", ""],            "//evil/x.html",      None),
            ("",    ["", ""],            "\\\\evil\\x.html",   None),
            ("",    ["", ""],            "/x.html",            Some("x.html")),
            ("",    ["", ""],            "a\\b.html?c=\\d",    Some("a/b.html")),
            ("",    ["", ""],            "..\\b.html",         None),
            ("",    ["", ""],            "?x=1",               None),
            ("",    ["", ""],            "",                   None),
            ("",    ["../", ""],         "a.html",             None),
            ("",    ["/", ""],           "a.html",             Some("a.html")),
            ("",    ["a\\", ""],         "b.html",             Some("a/b.html")),
            ("sub/", ["", ""],           "a.html",             Some("sub/a.html")),
            ("sub/", ["", ""],           "/a.html",            Some("sub/a.html")),
            ("sub/", ["", ""],           "../a.html",          Some("a.html")),      // inside the package still
            ("sub/", ["", ""],           "../../a.html",       None),
        ];
        for (folder, bases, href, expected) in cases {
            let actual = resolve(folder, &bases, href).and_then(|it| it.paths.first().cloned());
            assert_eq!(
                actual.as_deref(),
                expected,
                "folder: {folder:?}, bases: {bases:?}, address: {href:?}"
            );
        }
        for href in ["javascript:alert()", "https://evil/a.html", "C:\\course\\a.html", "10:30.html"] {
            assert!(resolve("", &[""], href).is_some_and(|it| it.is_web), "{href}");
        }
        assert!(resolve("", &["http://evil/"], "a.html").is_some_and(|it| it.is_web));
    }

    /// Spec: CAM, *item*, attribute *parameters*.
    #[test]
    fn parameters_are_joined_by_the_rule_of_the_book() {
        #[rustfmt::skip]
        let cases = [
            // rest      parameters  joined            why it is here
            ("",         "",         ""),
            ("",         "a=1",      "?a=1"),
            ("",         "?a=1",     "?a=1"),
            ("",         "&?&a=1",   "?a=1"),       // any number of either is cut
            ("?b",       "a=1",      "?b&a=1"),
            ("?b",       "?a=1",     "?b&a=1"),
            ("",         "#x",       "#x"),
            ("?b",       "#x",       "?b#x"),
            ("#y",       "#x",       "#y"),         // the address's own fragment stays
            ("?b#y",     "a=1",      "?b&a=1#y"),
            ("#y",       "a=1",      "?a=1#y"),
        ];
        for (rest, parameters, expected) in cases {
            assert_eq!(joined(rest, parameters), expected, "rest: {rest:?}, parameters: {parameters:?}");
        }
    }

    #[test]
    fn what_is_launched_is_encoded_once() {
        #[rustfmt::skip]
        let cases = [
            // path           rest            address
            ("a b/ü.html",    "",             "a%20b/%C3%BC.html"),
            ("100%.html",     "?q=5%25",      "100%25.html?q=5%25"),
            ("a?#.html",      "?a=\"<b>\"#x", "a%3F%23.html?a=%22%3Cb%3E%22#x"),
        ];
        for (path, rest, expected) in cases {
            assert_eq!(encoded(path, rest), expected, "path: {path:?}");
        }
    }
}
