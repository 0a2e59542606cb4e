//! Findings of an import, hidden and missing activities, and files that a request does not spell exactly.

use seattime_wire::Api;

use super::{NOW_MS, Run};
use crate::store::{ImportFindings, ImportWarning, Severity, StoredPackage};

impl Run<'_> {
    fn imported(&self) -> StoredPackage {
        let mut package = self.package("imported", Api::Scorm12);
        package.findings = ImportFindings {
            warnings: vec![
                ImportWarning {
                    code: "href_alike".to_owned(),
                    severity: Severity::Info,
                    file: Some(format!("imsmanifest {}.xml", self.mark)),
                    line: Some(3),
                    column: Some(14),
                    text: format!("Text {}", self.mark),
                },
                ImportWarning {
                    code: "name_odd".to_owned(),
                    severity: Severity::Error,
                    file: None,
                    line: None,
                    column: None,
                    text: String::new(),
                },
            ],
            hosts: vec!["a.test.org".to_owned(), "b.test.org:8443".to_owned()],
        };
        package.activities[0].is_visible = false;
        package.activities[1].missing_file = Some(format!("sub/{}.html", self.mark));
        package.files = ["Index.html", "INDEX.html", "Sub/K\u{fc}che.png", "one.js"]
            .iter()
            .zip(10..)
            .map(|(path, size)| ((*path).to_owned(), size))
            .collect();
        package.aliases = vec![("Sub/K\u{207f}che.png".to_owned(), 2)];
        package
    }

    pub(super) async fn findings_of_an_import_are_kept(&self) {
        let package = self.imported();
        let topic = package.id.clone();
        self.store().put_package(&self.tenant, package.clone(), NOW_MS).await.unwrap();
        let known = self.store().package_reporting(&self.tenant, &topic, NOW_MS).await.unwrap();
        assert_eq!(known.findings, package.findings);
        let marks: Vec<_> =
            known.activities.iter().map(|it| (it.is_visible, it.missing_file.clone())).collect();
        let missing = package.activities[1].missing_file.clone();
        assert_eq!(marks, [(false, None), (true, missing.clone())]);
        let visit = self.open(&topic, "imported", NOW_MS).await;
        let marks: Vec<_> =
            visit.activities.iter().map(|it| (it.is_visible, it.missing_file.clone())).collect();
        assert_eq!(marks, [(false, None), (true, missing)]);

        #[rustfmt::skip]
        let cases = [
            // request                     file               why it is here
            ("Index.html",                 Some((0, 10))),
            ("INDEX.html",                 Some((1, 11))),
            ("index.html",                 None),             // two differ from it in case alone
            ("Sub/K\u{fc}che.png",         Some((2, 12))),
            ("Sub/Ku\u{308}che.png",       Some((2, 12))),
            ("sub/KU\u{308}CHE.PNG",       Some((2, 12))),
            ("Sub/K\u{207f}che.png",       Some((2, 12))),    // as another code page has it
            ("sub/k\u{207f}che.png",       Some((2, 12))),
            ("ONE.JS",                     Some((3, 13))),
            (".//one.js",                  Some((3, 13))),
            ("two.js",                     None),
            ("",                           None),
        ];
        for (path, expected) in cases {
            assert_eq!(self.store().file(&topic, path).await.unwrap(), expected, "{path}");
        }

        // Imported again by a version that finds other things: what it finds holds.
        let mut again = self.imported();
        again.findings = ImportFindings::default();
        again.activities[1].missing_file = None;
        let mut first = again.activities[0].clone();
        first.id = "zero".to_owned();
        again.activities.insert(0, first);
        self.store().put_package(&self.tenant, again, NOW_MS).await.unwrap();
        let known = self.store().package_reporting(&self.tenant, &topic, NOW_MS).await.unwrap();
        assert_eq!(known.findings, ImportFindings::default());
        let ids: Vec<_> =
            known.activities.iter().map(|it| (it.id.as_str(), it.missing_file.is_some())).collect();
        assert_eq!(ids, [("zero", false), ("item", false), ("second", false)]);
    }
}
