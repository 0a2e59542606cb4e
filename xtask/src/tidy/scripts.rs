//! Rules about scripts as a whole: no file imports itself by way of others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Finds the cycles among scripts, each with its text by path: one line a cycle.
pub(super) fn cycles(scripts: &BTreeMap<String, String>) -> Vec<String> {
    let imports: BTreeMap<&str, Vec<String>> =
        scripts.iter().map(|(path, text)| (path.as_str(), imports_of(path, text))).collect();
    let mut done = BTreeSet::new();
    let mut found = Vec::new();
    for path in imports.keys() {
        visit(path, &imports, &mut Vec::new(), &mut done, &mut found);
    }
    found
}

fn visit<'a>(
    path: &'a str,
    imports: &'a BTreeMap<&str, Vec<String>>,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
    found: &mut Vec<String>,
) {
    if let Some(start) = way.iter().position(|it| *it == path) {
        let cycle: Vec<&str> = way.iter().skip(start).copied().chain([path]).collect();
        found.push(format!("{path}: found imports in a circle, {}, expected none", cycle.join(" → ")));
        return;
    }
    if !done.insert(path) {
        return;
    }
    way.push(path);
    for next in imports.get(path).into_iter().flatten() {
        visit(next, imports, way, done, found);
    }
    way.pop();
}

/// The scripts of ours that a script imports when it is loaded; what it imports later, or for types alone, is no part.
fn imports_of(path: &str, text: &str) -> Vec<String> {
    let is_import = |line: &&str| {
        line.starts_with("import ") || line.starts_with("export ") || line.starts_with("} from ")
    };
    let named = text.lines().filter(is_import).filter_map(|line| {
        let (_, behind) = line.split_once("from \"").or_else(|| line.split_once("import \""))?;
        behind.split('"').next().filter(|it| it.starts_with('.'))
    });
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    named.map(|it| plain(&folder.join(it))).collect()
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::Normal(name) => plain.push(name),
            _ => {}
        }
    }
    plain.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(scripts: &[(&str, &str)]) -> Vec<String> {
        cycles(&scripts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn a_circle_of_imports_is_found_once() {
        let scripts = [
            ("src/a.js", "import { b } from \"./b.js\";"),
            ("src/b.js", "import {\n    c,\n} from \"../www/c.js\";"),
            ("www/c.js", "export { a } from \"../src/a.js\";"),
            ("www/d.js", "import \"./c.js\";"),
        ];
        let circle = "src/a.js → src/b.js → www/c.js → src/a.js";
        assert_eq!(
            found(&scripts),
            [format!("src/a.js: found imports in a circle, {circle}, expected none")]
        );
    }

    #[test]
    fn types_and_later_imports_make_no_circle() {
        let scripts = [
            ("a.js", "import { b } from \"./b.js\";\nconst c = () => import(\"./c.js\");"),
            ("b.js", "/** @typedef {import(\"./a.js\").A} A */"),
            ("c.js", "import { a } from \"./a.js\";"),
        ];
        assert!(found(&scripts).is_empty());
    }
}
