//! Rules about what stands in a file.

use super::Finding;

/// A rule: the files that it speaks of, and what it finds in one.
type Rule = (fn(&str) -> bool, fn(&str) -> Vec<Finding>);

#[rustfmt::skip]
const RULES: &[Rule] = &[
    // speaks of             finds
    (is_rust,                no_introduction),
    (is_long_when_too_long,  |text| too_long(text, MOST_LINES, "at most 600")),
    (is_script,              |text| too_long(text, MOST_LINES_OF_SCRIPTS, "at most 300")),
    (is_page_binding,        element_names),
    (is_database_code,       database_clocks),
    (is_timeless,            lifted_clock_lint),
    (is_deaf,                environment),
    (is_npm_lock,            download_addresses),
    (is_ours_to_write,       this_machine),
];

/// The longest file that is no table.
const MOST_LINES: usize = 600;
/// The longest script.
const MOST_LINES_OF_SCRIPTS: usize = 300;
const TABLES: &[&str] = &["crates/seattime-core/src/model/v12.rs", "crates/seattime-core/src/model/v2004.rs"];

/// What a database calls its own clock, in lower case; the server asks its port instead.
const DATABASE_CLOCKS: &[&str] = &[
    "current_timestamp",
    "current_time",
    "current_date",
    "localtimestamp",
    "clock_timestamp(",
    "statement_timestamp(",
    "transaction_timestamp(",
    "unixepoch()",
    "julianday()",
    "datetime()",
    "'now'",
];

/// The one file that asks a database's clock: it is the port, where several servers share it.
const DATABASE_CLOCK: &str = "crates/seattime-server/src/store/postgres/clock.rs";

/// In two parts each, so that this file does not find itself.
const MACHINE_PATHS: &[&str] = &[concat!("/", "root/"), concat!("/", "work/")];
const REGISTRY_HOSTS: &[&str] = &[
    concat!("registry.npm", "js.org"),
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
    concat!("deb.deb", "ian.org"),
    concat!("security.deb", "ian.org"),
    concat!("static.rust", "-lang.org"),
    concat!("files.python", "hosted.org"),
    concat!("pypi", ".org"),
];

/// Checks the text of the file at `path`, which is relative to the root.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let rules = RULES.iter().filter(|(speaks_of, _)| speaks_of(path));
    rules.flat_map(|(_, finds)| finds(text)).collect()
}

fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

fn no_introduction(text: &str) -> Vec<Finding> {
    if text.starts_with("//!") {
        return Vec::new();
    }
    vec![Finding { line: 1, found: "no `//!`".to_owned(), expected: "one sentence that introduces the file" }]
}

fn is_long_when_too_long(path: &str) -> bool {
    is_rust(path) && !TABLES.contains(&path)
}

fn is_script(path: &str) -> bool {
    path.ends_with(".js")
}

fn too_long(text: &str, most: usize, expected: &'static str) -> Vec<Finding> {
    let lines = text.lines().count();
    if lines <= most {
        return Vec::new();
    }
    vec![Finding { line: most + 1, found: format!("{lines} lines"), expected }]
}

fn is_page_binding(path: &str) -> bool {
    path.starts_with("src/")
}

fn element_names(text: &str) -> Vec<Finding> {
    lines_with(text, "an element's name", "a row of the core's tables", |line| line.contains("\"cmi."))
}

fn is_database_code(path: &str) -> bool {
    let is_server = path.starts_with("crates/seattime-server/src/") && is_rust(path);
    path.ends_with(".sql") || is_server && path != DATABASE_CLOCK
}

fn database_clocks(text: &str) -> Vec<Finding> {
    lines_with(text, "the database's clock", "a time from the port ServerClock", |line| {
        let line = without_comment(line).to_ascii_lowercase();
        DATABASE_CLOCKS.iter().any(|it| line.contains(it)) || calls_now(&line)
    })
}

/// SQL's `now()`, which in Rust would stand behind a dot or a colon.
fn calls_now(line: &str) -> bool {
    line.match_indices("now()").any(|(at, _)| {
        let before = line.get(..at).and_then(|it| it.chars().next_back());
        !before.is_some_and(|it| it.is_alphanumeric() || ['_', '.', ':'].contains(&it))
    })
}

fn without_comment(line: &str) -> &str {
    let line = line.trim_start();
    if line.starts_with("//") { "" } else { line.split("-- ").next().unwrap_or(line) }
}

/// Files of the shipped crates that must not lift the lint against reading the time: all but the one
/// in each that implements its port.
fn is_timeless(path: &str) -> bool {
    let is_shipped =
        ["src/", "crates/seattime-server/src/", "crates/seattime-cli/src/", "crates/seattime-core/"]
            .iter()
            .any(|it| path.starts_with(it));
    let is_clock = ["/clock.rs", "/world.rs", "/world/clock.rs"].iter().any(|it| path.ends_with(it));
    is_shipped && is_rust(path) && !is_clock
}

fn lifted_clock_lint(text: &str) -> Vec<Finding> {
    let found = "the lint against clocks lifted";
    lines_with(text, found, "a time from a port", |line| line.contains("clippy::disallowed_methods"))
}

/// Files that learn nothing from the environment: settings have one list, `config.rs`.
fn is_deaf(path: &str) -> bool {
    let is_server =
        path.starts_with("crates/seattime-server/src/") || path.starts_with("crates/seattime-cli/src/");
    is_server && is_rust(path) && !path.ends_with("/config.rs")
}

fn environment(text: &str) -> Vec<Finding> {
    lines_with(text, "an environment variable read", "a setting of config.rs", |line| {
        let line = without_comment(line);
        ["env::var(", "env::var_os(", "env::vars(", "env::vars_os("].iter().any(|it| line.contains(it))
    })
}

fn is_npm_lock(path: &str) -> bool {
    path.ends_with("package-lock.json")
}

fn download_addresses(text: &str) -> Vec<Finding> {
    let expected = "none, as .npmrc says";
    lines_with(text, "a download address", expected, |line| {
        line.trim_start().starts_with("\"resolved\": \"http")
    })
}

/// Cargo.lock is as cargo writes it.
fn is_ours_to_write(path: &str) -> bool {
    path != "Cargo.lock"
}

fn this_machine(text: &str) -> Vec<Finding> {
    let paths = lines_with(text, "a path of one machine", "a path relative to the project", |line| {
        MACHINE_PATHS.iter().any(|it| names_folder(line, it))
    });
    let hosts = lines_with(text, "the host of a registry", "the package's name alone", |line| {
        REGISTRY_HOSTS.iter().any(|it| line.contains(it))
    });
    [paths, hosts].concat()
}

/// Whether a line has an absolute path into the folder, and not just an address or a longer path.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|it| it.chars().next_back());
        !before.is_some_and(|it| it.is_alphanumeric() || ['_', '-', '.', '/', '}', '*'].contains(&it))
    })
}

fn lines_with(
    text: &str,
    found: &str,
    expected: &'static str,
    is_foul: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let lines = text.lines().enumerate().filter(|(_, line)| is_foul(line));
    lines.map(|(at, _)| Finding { line: at + 1, found: found.to_owned(), expected }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "crates/seattime-server/src/store/sqlite.rs";

    #[test]
    fn each_rule_finds_its_line_and_leaves_the_rest() {
        let machine = format!("//! x\nlet a = \"{}x\";", MACHINE_PATHS.concat());
        let address = format!("see https://{}/x", REGISTRY_HOSTS.concat());
        #[rustfmt::skip]
        let cases: &[(&str, &str, &[usize])] = &[
            // path               text                                          lines     why it is here
            ("src/a.rs",          "//! x\nlet a = 1;",                          &[]),
            ("src/a.rs",          "fn main() {}",                               &[1]), // no introduction
            ("src/a.rs",          "//! x\n\"cmi.location\"",                    &[2]),
            ("src/a.js",          "get(\"cmi.location\")",                      &[1]), // scripts as well
            ("crates/a/src/a.rs", "//! x\n\"cmi.location\"",                    &[]),  // the core's business
            ("a/1.sql",           "select now()",                               &[1]),
            ("a/1.sql",           "-- no now() here\nselect 1",                 &[]),
            ("a/1.sql",           "values (CURRENT_TIMESTAMP)",                 &[1]),
            ("a/1.sql",           "select strftime('%s', 'now')",               &[1]),
            (SERVER,              "//! x\nself.clock.now().await",              &[]),  // the port
            (SERVER,              "//! x\n\"select now()\"",                    &[2]),
            (SERVER,              "//! x\n// it never says now()",              &[]),
            (DATABASE_CLOCK,      "//! x\n\"SELECT clock_timestamp()\"",        &[]),
            (SERVER,              "//! x\n\"SELECT clock_timestamp()\"",        &[2]),
            (SERVER,              "//! x\nstd::env::var(\"HOME\")",             &[2]),
            ("crates/seattime-server/src/config.rs", "//! x\nenv::var(\"A\")",  &[]),
            (SERVER,              "//! x\n#[allow(clippy::disallowed_methods)]", &[2]),
            ("src/clock.rs",      "//! x\n#[allow(clippy::disallowed_methods)]", &[]),
            ("package-lock.json", "{\n\"resolved\": \"https://x/y.tgz\"",       &[2]),
            ("xtask/src/a.rs",    &machine,                                     &[2]),
            ("README.md",         &address,                                     &[1]),
        ];
        for (path, text, expected) in cases {
            let lines: Vec<usize> = check(path, text).into_iter().map(|it| it.line).collect();
            assert_eq!(lines, *expected, "path: {path}, text: {text:?}");
        }
    }

    #[test]
    fn a_path_of_the_machine_is_absolute() {
        let folder = "/x/";
        for (line, expected) in
            [("cd /x/y", true), ("\"/x/y\"", true), ("a/x/y", false), ("https://h/x/y", false)]
        {
            assert_eq!(names_folder(line, folder), expected, "line: {line}");
        }
    }

    #[test]
    fn only_tables_are_longer_than_600_lines() {
        let text = format!("//! x\n{}", "\n".repeat(600));
        assert_eq!(check("src/a.rs", &text).len(), 1);
        assert_eq!(check("crates/seattime-core/src/model/v12.rs", &text), []);
    }
}
