//! What a package's manifest says, in both versions, all editions and several encodings.

use std::io::{Cursor, Write};

use seattime_package::{Activity, ActivityKind, Chapter, Manifest, Package, PackageError, Schema};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const FILES: [&str; 6] = ["a.html", "b.html", "sub/c.html", "my page.html", "100%.html", "ü.html"];

/// Opens a package of this manifest and of [`FILES`].
fn open(manifest: &[u8]) -> Result<Manifest, PackageError> {
    let zip = || -> zip::result::ZipResult<Cursor<Vec<u8>>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("imsmanifest.xml", SimpleFileOptions::default())?;
        zip.write_all(manifest)?;
        for name in FILES {
            zip.start_file(name, SimpleFileOptions::default())?;
        }
        zip.finish()
    };
    let zip = zip().map_err(std::io::Error::other)?;
    Ok(Package::open(zip)?.manifest().clone())
}

fn manifest_12(items: &str, resources: &str) -> String {
    format!(
        r#"<?xml version="1.0"?>
<manifest identifier="M" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <organizations default="O">
    <organization identifier="X"><title>Other</title></organization>
    <organization identifier="O"><title> A course </title>{items}</organization>
  </organizations>
  <resources>{resources}</resources>
</manifest>"#
    )
}

fn manifest_2004(version: &str, item: &str, rest: &str) -> String {
    format!(
        r#"<manifest identifier="M" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
  <metadata><schema>ADL SCORM</schema><schemaversion>{version}</schemaversion></metadata>
  <organizations default="O"><organization identifier="O"><title>C</title>
    <item identifier="I" identifierref="R"><title>One</title>{item}</item></organization></organizations>
  <resources><resource identifier="R" type="webcontent" adlcp:scormType="sco" href="a.html"/></resources>{rest}
</manifest>"#
    )
}

const SCO: &str = r#"<resource identifier="R" adlcp:scormtype="sco" href="a.html"/>"#;

fn code_or<T>(
    result: Result<Manifest, PackageError>,
    of: impl Fn(&Manifest) -> T,
) -> Result<T, &'static str> {
    result.as_ref().map(of).map_err(PackageError::code)
}

/// Spec: CAM, *organization*, *item*, *adlcp:masteryscore* and its like.
#[test]
fn a_manifest_of_1_2_says_what_is_launched_and_how() {
    let manifest = manifest_12(
        r#"<item identifier="CH"><title>Chapter</title>
             <item identifier="I1" identifierref="R" parameters="?p=1"><title>One <![CDATA[& only]]></title>
               <adlcp:masteryscore>80</adlcp:masteryscore>
               <adlcp:maxtimeallowed>00:30:00</adlcp:maxtimeallowed>
               <adlcp:timelimitaction>exit,message</adlcp:timelimitaction>
               <adlcp:datafromlms> x<!-- y -->z</adlcp:datafromlms></item></item>
           <item identifier="I2" identifierref="S"><title>Two</title></item>"#,
        r#"<resource identifier="R" adlcp:scormtype="sco" href="a.html"/>
           <resource identifier="S" adlcp:scormtype="asset" href="sub/c.html#top"/>"#,
    );
    let text = |it: &str| Some(it.to_owned());
    let one = Activity {
        id: "I1".to_owned(),
        title: "One & only".to_owned(),
        kind: ActivityKind::Sco,
        href: "a.html?p=1".to_owned(),
        depth: 1,
        mastery_score: text("80"),
        max_time_allowed: text("00:30:00"),
        time_limit_action: text("exit,message"),
        launch_data: text(" xz"),
        completion_threshold: None,
        scaled_passing_score: None,
        flows: false,
        completion_set_by_content: false,
        measure_weight: Activity::WHOLE_WEIGHT,
        objectives: Vec::new(),
        data: Vec::new(),
        is_visible: true,
        missing_file: None,
    };
    let two = Activity {
        id: "I2".to_owned(),
        title: "Two".to_owned(),
        kind: ActivityKind::Asset,
        href: "sub/c.html#top".to_owned(),
        depth: 0,
        mastery_score: None,
        max_time_allowed: None,
        time_limit_action: None,
        launch_data: None,
        completion_threshold: None,
        scaled_passing_score: None,
        flows: false,
        completion_set_by_content: false,
        measure_weight: Activity::WHOLE_WEIGHT,
        objectives: Vec::new(),
        data: Vec::new(),
        is_visible: true,
        missing_file: None,
    };
    let expected = Manifest {
        schema: Schema::Scorm12,
        identifier: "M".to_owned(),
        title: "A course".to_owned(),
        activities: vec![one, two],
        shares_with_all: true,
        chapters: vec![Chapter { title: "Chapter".to_owned(), depth: 0, before: 0 }],
    };
    assert_eq!(open(manifest.as_bytes()).unwrap(), expected);
}

/// Spec: CAM, *adlcp:completionThreshold*, *imsss:primaryObjective*, *imsss:limitConditions*.
#[test]
fn a_manifest_of_2004_says_thresholds_as_its_edition_does() {
    use Schema::{
        Scorm2004FourthEdition as Fourth, Scorm2004SecondEdition as Second, Scorm2004ThirdEdition as Third,
    };
    let primary =
        |it: &str| format!("<imsss:sequencing><imsss:objectives>{it}</imsss:objectives></imsss:sequencing>");
    let by_measure = primary(
        r#"<imsss:primaryObjective satisfiedByMeasure="true"><imsss:minNormalizedMeasure>0.6</imsss:minNormalizedMeasure></imsss:primaryObjective>"#,
    );
    let by_default = primary(r#"<imsss:primaryObjective satisfiedByMeasure="1"/>"#);
    let not_by_measure = primary(
        "<imsss:primaryObjective><imsss:minNormalizedMeasure>0.6</imsss:minNormalizedMeasure></imsss:primaryObjective>",
    );
    let limit = r#"<imsss:sequencing><imsss:limitConditions attemptAbsoluteDurationLimit="PT1H"/></imsss:sequencing>"#;
    let threshold = "<adlcp:completionThreshold>0.5</adlcp:completionThreshold>";
    let measured = r#"<adlcp:completionThreshold completedByMeasure="true" minProgressMeasure="0.7"/>"#;
    let shared = r#"<imsss:sequencingCollection><imsss:sequencing ID="S"><imsss:objectives><imsss:primaryObjective
        satisfiedByMeasure="true"/></imsss:objectives></imsss:sequencing></imsss:sequencingCollection>"#;
    #[rustfmt::skip]
    let cases = [
        // version          item                                          rest    schema  threshold    score        limit
        ("CAM 1.3",          "",                                            "",     Second, None,        None,        None),
        ("2004 3rd Edition", threshold,                                     "",     Third,  Some("0.5"), None,        None),
        ("2004 3rd Edition", measured,                                      "",     Third,  None,        None,        None),
        (" 2004  4th edition ", measured,                                   "",     Fourth, Some("0.7"), None,        None),
        ("2004 4th Edition", "<adlcp:completionThreshold completedByMeasure=\"true\"/>", "", Fourth, Some("1.0"), None, None),
        ("2004 4th Edition", "<adlcp:completionThreshold minProgressMeasure=\"0.7\"/>", "", Fourth, None, None,       None),
        ("2004 3rd Edition", by_measure.as_str(),                           "",     Third,  None,        Some("0.6"), None),
        ("2004 3rd Edition", by_default.as_str(),                           "",     Third,  None,        Some("1.0"), None),
        ("2004 3rd Edition", not_by_measure.as_str(),                       "",     Third,  None,        None,        None),
        ("2004 3rd Edition", limit,                                         "",     Third,  None,        None,        Some("PT1H")),
        ("2004 3rd Edition", "<imsss:sequencing IDRef=\"S\"/>",             shared, Third,  None,        Some("1.0"), None),
    ];
    for (version, item, rest, schema, threshold, score, limit) in cases {
        let manifest = open(manifest_2004(version, item, rest).as_bytes()).unwrap();
        let it = &manifest.activities[0];
        let actual = (
            manifest.schema,
            it.completion_threshold.as_deref(),
            it.scaled_passing_score.as_deref(),
            it.max_time_allowed.as_deref(),
        );
        assert_eq!(actual, (schema, threshold, score, limit), "version: {version:?}, item: {item}");
        assert!(manifest.schema.is_2004());
    }
}

/// Spec: CAM, *objectives*, *data* and *map*, *sharedDataGlobalToSystem*.
#[test]
fn a_manifest_of_2004_says_which_objectives_and_shared_data_there_are() {
    let item = r#"<imsss:sequencing><imsss:objectives>
          <imsss:objective objectiveID="second"/><imsss:primaryObjective objectiveID=" first "/>
          <imsss:objective objectiveID="second"/><imsss:objective/></imsss:objectives></imsss:sequencing>
        <adlcp:data><adlcp:map targetID="a"/><adlcp:map targetID="b" writeSharedData="false"/>
          <adlcp:map targetID="c" readSharedData="0"/></adlcp:data>"#;
    let manifest = open(manifest_2004("2004 4th Edition", item, "").as_bytes()).unwrap();
    let it = &manifest.activities[0];
    assert_eq!(it.objectives, ["first", "second"], "the primary one first, each once");
    let maps: Vec<_> = it.data.iter().map(|it| (it.target.as_str(), it.reads, it.writes)).collect();
    assert_eq!(maps, [("a", true, true), ("b", true, false), ("c", false, true)]);
    assert!(manifest.shares_with_all);
    let third = open(manifest_2004("2004 3rd Edition", item, "").as_bytes()).unwrap();
    assert!(third.activities[0].data.is_empty(), "only the 4th Edition has shared data");
    let alone = manifest_2004("2004 4th Edition", item, "")
        .replace("<organization ", r#"<organization adlcp:sharedDataGlobalToSystem="false" "#);
    assert!(!open(alone.as_bytes()).unwrap().shares_with_all);
}

/// Spec: CAM, *rollupRules*, attribute *objectiveMeasureWeight*.
#[test]
fn a_manifest_of_2004_says_what_each_score_weighs() {
    let rules =
        |attributes: &str| format!("<imsss:sequencing><imsss:rollupRules {attributes}/></imsss:sequencing>");
    let half = rules("objectiveMeasureWeight=' 0.5 '");
    #[rustfmt::skip]
    let cases = [
        // of the item                              of the cluster around it   weight
        (String::new(),                             "",                        10_000_000),
        (rules(""),                                 "",                        10_000_000),
        (half.clone(),                              "",                        5_000_000),
        (half.clone(),                              half.as_str(),             2_500_000),
        (rules("objectiveMeasureWeight='0'"),       half.as_str(),             0),
        (rules("objectiveMeasureWeight='1.5'"),     "",                        10_000_000), // not within 0 and 1
        (rules("objectiveMeasureWeight='half'"),    "",                        10_000_000),
    ];
    for (item, cluster, weight) in cases {
        let manifest = manifest_2004("2004 4th Edition", &item, "")
            .replace("<item ", &format!("<item identifier='C'><title>Cluster</title>{cluster}<item "))
            .replace("</item>", "</item></item>");
        assert_eq!(
            open(manifest.as_bytes()).unwrap().activities[0].measure_weight,
            weight,
            "{item} {cluster}"
        );
    }
    let earlier = manifest_12("<item identifier='I' identifierref='R'/>", SCO);
    assert_eq!(open(earlier.as_bytes()).unwrap().activities[0].measure_weight, 10_000_000);
}

/// Spec: CAM, *item*, attribute *isvisible*: it says whether the title is shown, and nothing of the items inside.
#[test]
fn items_are_listed_in_order_and_hidden_ones_keep_their_place() {
    let item = |id: &str, more: &str| format!(r#"<item identifier="{id}" identifierref="R" {more}/>"#);
    let hidden = r#"isvisible="false""#;
    #[rustfmt::skip]
    let cases = [
        // items                                                                     ids                    why it is here
        (item("A", "") + &item("B", ""),                                             Ok(vec!["A", "B"])),
        (item("A", hidden) + &item("B", ""),                                         Ok(vec!["(A)", "B"])),
        (item("A", r#"isvisible=" 0 ""#) + &item("B", "isvisible=\"true\""),         Ok(vec!["(A)", "B"])),
        (item("A", hidden) + &item("B", hidden),                                     Ok(vec!["(A)", "(B)"])),
        (format!(r#"<item identifier="A" {hidden}>{}</item>"#, item("B", "")),       Ok(vec!["B"])),      // it does not reach inside
        (item("A", "") + &item("A", "") + &item("", ""),                             Ok(vec!["A", "A~1", "~2"])),
        (r#"<item identifierref="N"><item identifierref="R" identifier="B"/></item>"#.to_owned(), Ok(vec!["B"])), // a chapter
        (r#"<item identifier="A" identifierref="N"/>"#.to_owned(),                   Err("manifest_bad_href")),
        (r#"<item identifier="A" identifierref="Q"/>"#.to_owned(),                   Err("resource_missing")),
        (String::new(),                                                              Ok(vec!["R"])),      // the only SCO
    ];
    let resources = format!(r#"{SCO}<resource identifier="N"/><resource identifier="B" href="b.html"/>"#);
    for (items, expected) in cases {
        let result = open(manifest_12(&items, &resources).as_bytes());
        let shown = |it: &Activity| if it.is_visible { it.id.clone() } else { format!("({})", it.id) };
        let actual = code_or(result, |it| it.activities.iter().map(shown).collect::<Vec<_>>());
        assert_eq!(actual, expected.map(|it| it.into_iter().map(str::to_owned).collect()), "items: {items}");
    }
}

#[test]
fn chapters_stand_before_their_first_activity() {
    let items = r#"
        <item identifier="A" identifierref="R"/>
        <item><title>One</title>
          <item isvisible="false"><title>Hidden</title><item identifier="B" identifierref="R"/></item>
          <item><title>Within</title><item identifier="C" identifierref="R"/><item identifier="D" identifierref="R"/></item>
        </item>
        <item><title>Nothing below</title></item>
        <item identifier="E" identifierref="R"><title>Launched itself</title><item identifier="F" identifierref="R"/></item>"#;
    let manifest = open(manifest_12(items, SCO).as_bytes()).unwrap();
    let ids: Vec<_> = manifest.activities.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["A", "B", "C", "D", "E", "F"]);
    let chapters: Vec<_> =
        manifest.chapters.iter().map(|it| (it.title.as_str(), it.depth, it.before)).collect();
    assert_eq!(chapters, [("One", 0, 1), ("Within", 1, 2)]);
}

#[test]
fn what_is_launched_is_a_file_of_the_package() {
    #[rustfmt::skip]
    let cases = [
        // attributes                              address               why it is here
        (r#"href="a.html""#,                       Ok("a.html")),
        (r#"href="my%20page.html?x=1 2""#,         Ok("my%20page.html?x=1%202")),
        (r#"href="my page.html""#,                 Ok("my%20page.html")),  // not encoded
        (r#"href="100%.html""#,                    Ok("100%25.html")),
        (r#"href="%C3%BC.html""#,                  Ok("%C3%BC.html")),
        (r#"xml:base="sub/" href="c.html""#,       Ok("sub/c.html")),
        (r#"xml:base="sub/" href="../b.html""#,    Ok("b.html")),
        (r#"href="javascript:alert(1)""#,          Err("manifest_bad_href")),
        (r#"href="//evil/a.html""#,                Err("manifest_bad_href")),
        (r#"href="https://evil/a.html""#,          Err("manifest_bad_href")),
        (r#"href="/a.html""#,                      Ok("a.html")),
        (r#"href="../other/x.html""#,              Err("manifest_bad_href")),
        (r#"xml:base="https://evil/" href="a.html""#, Err("manifest_bad_href")),
        (r#"href="sub/""#,                         Err("resource_missing")), // a folder
        (r#"href="nothing.html""#,                 Err("resource_missing")),
        (r#"href="A.html""#,                       Ok("a.html")),          // the only file that it can mean
    ];
    for (attributes, expected) in cases {
        let resource = format!(r#"<resource identifier="R" {attributes}/>"#);
        let result = open(manifest_12(r#"<item identifier="I" identifierref="R"/>"#, &resource).as_bytes());
        let actual = code_or(result, |it| it.activities[0].href.clone());
        assert_eq!(actual, expected.map(str::to_owned), "attributes: {attributes}");
    }
    let nested = manifest_12(
        r#"<item identifier="I" identifierref="R"/>"#,
        r#"<resource identifier="R" href="c.html"/>"#,
    );
    let nested = nested.replace("<resources>", r#"<resources xml:base="sub/">"#);
    assert_eq!(
        code_or(open(nested.as_bytes()), |it| it.activities[0].href.clone()),
        Ok("sub/c.html".to_owned())
    );
}

#[test]
fn the_version_is_known_or_the_package_is_refused() {
    let with = |version: &str| manifest_12("", SCO).replace("<schemaversion>1.2</schemaversion>", version);
    #[rustfmt::skip]
    let cases = [
        // manifest                                                     schema
        (with("<schemaversion>1.2</schemaversion>"),                    Ok(Schema::Scorm12)),
        (with(""),                                                      Ok(Schema::Scorm12)), // by its namespace
        (with("<schemaversion>2004 5th Edition</schemaversion>"),       Err("package_kind_unsupported")),
        (manifest_2004("", "", ""),                                     Ok(Schema::Scorm2004ThirdEdition)),
        ("<manifest><metadata><schema>IMS Common Cartridge</schema></metadata></manifest>".to_owned(),
                                                                        Err("package_kind_unsupported")),
        ("<tincan/>".to_owned(),                                        Err("package_kind_unsupported")),
        (manifest_12("", ""),                                           Err("package_kind_unsupported")),
        (manifest_12("", &format!("{SCO}{SCO}")),                       Err("package_kind_unsupported")), // which one?
        (manifest_12("", r#"<resource href="a.html"/>"#),               Ok(Schema::Scorm12)),
    ];
    for (manifest, expected) in cases {
        assert_eq!(code_or(open(manifest.as_bytes()), |it| it.schema), expected, "manifest: {manifest}");
    }
}

#[test]
fn a_manifest_is_read_in_the_encoding_that_it_names() {
    let text = |name: &str| {
        let named = manifest_12("", SCO).replace("A course", "Größe");
        named.replace(r#"<?xml version="1.0"?>"#, &format!(r#"<?xml version="1.0" encoding="{name}"?>"#))
    };
    let wide =
        |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let latin = |text: &str| text.chars().map(|it| u8::try_from(it).unwrap_or(b'?')).collect::<Vec<_>>();
    let japanese = [text("Shift_JIS").replace("Größe", "\u{1}").as_bytes(), b""].concat();
    let at = japanese.iter().position(|it| *it == 1).unwrap();
    let japanese = [&japanese[..at], &[0x93, 0xFA], &japanese[at + 1..]].concat();
    let bad = Err("manifest_encoding");
    #[rustfmt::skip]
    let cases = [
        // bytes                                                 title         why it is here
        (text("UTF-8").into_bytes(),                             Ok("Größe")),
        (format!("\u{feff}{}", text("UTF-8")).into_bytes(),      Ok("Größe")),
        (wide(&format!("\u{feff}{}", text("UTF-16")), u16::to_le_bytes), Ok("Größe")),
        (wide(&format!("\u{feff}{}", text("UTF-16")), u16::to_be_bytes), Ok("Größe")),
        (wide(&text("UTF-16"), u16::to_le_bytes),                Ok("Größe")), // no byte order mark
        (wide(&text("UTF-16"), u16::to_be_bytes),                Ok("Größe")),
        (latin(&text("ISO-8859-1")),                             Ok("Größe")),
        (japanese,                                               Ok("日")),
        (latin(&text("UTF-8")),                                  Ok("Größe")), // it is Windows-1252
        (text("UTF-16").into_bytes(),                            Ok("Größe")), // it is UTF-8
        (text("Klingon").into_bytes(),                           Ok("Größe")), // it is UTF-8
        (latin(&text("Klingon")),                                bad),
    ];
    for (bytes, expected) in cases {
        let shown = String::from_utf8_lossy(&bytes).chars().take(60).collect::<String>();
        assert_eq!(
            code_or(open(&bytes), |it| it.title.clone()),
            expected.map(str::to_owned),
            "bytes: {shown}"
        );
    }
}

#[test]
fn what_is_no_xml_or_too_costly_is_refused_with_its_place() {
    let attributes = |count: usize| (0..count).map(|it| format!(" a{it}='1'")).collect::<String>();
    let spaces = |count: usize| (0..count).map(|it| format!(" xmlns:n{it}='u{it}'")).collect::<String>();
    // 2 MB of manifest, 4 GB of addresses.
    let shared_address = manifest_12(
        &r#"<item identifierref="R"/>"#.repeat(80_000),
        &format!(r#"<resource identifier="R" href="a.html?{}"/>"#, "x".repeat(50_000)),
    );
    let dtd = "<!DOCTYPE m [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><manifest>&x;</manifest>";
    #[rustfmt::skip]
    let cases = [
        // manifest                                              code                    part of the message
        (String::new(),                                          "manifest_not_xml",      ""),
        ("<manifest>\n <a></b></manifest>".to_owned(),           "manifest_not_xml",      "at 2:5"),
        ("<manifest>\n<a".to_owned(),                            "manifest_not_xml",      "at 2:"),
        ("<manifest>".to_owned(),                                "manifest_not_xml",      "at 1:"),
        ("<manifest a=1/>".to_owned(),                           "manifest_not_xml",      ""),
        ("<manifest>&x;</manifest>".to_owned(),                  "manifest_not_xml",      ""),
        (dtd.to_owned(),                                         "manifest_dtd_forbidden", "DOCTYPE"),
        (format!("<manifest{}/>", attributes(60_000)),           "manifest_too_complex",  "256 attributes"),
        (format!("<manifest{}/>", spaces(65)),                   "manifest_too_complex",  "64 namespaces"),
        (format!("<m{0}><m{0}><m{0}><m{0}><m{0}/></m></m></m></m>", spaces(60)),
                                                                 "manifest_too_complex",  "256 around"),
        ("<a>".repeat(10_000),                                   "manifest_too_complex",  "64 deep"),
        (format!("<a>{}</a>", "<b/>".repeat(200_000)),           "manifest_too_complex",  "200,000"),
        (" ".repeat(5 << 20),                                    "manifest_too_complex",  "5242880 bytes"),
        (shared_address,                                         "manifest_too_complex",  "16 MiB"),
        (format!("<{0}/>", "m".repeat(3 << 20)),                 "package_kind_unsupported", "mmm"),
        (format!("<manifest{}/>", attributes(256)),              "package_kind_unsupported", ""),
        (format!("{}{}", "<manifest>".repeat(64), "</manifest>".repeat(64)), "package_kind_unsupported", ""),
    ];
    for (manifest, code, part) in cases {
        let error = open(manifest.as_bytes()).unwrap_err();
        let shown: String = manifest.chars().take(40).collect();
        assert_eq!(error.code(), code, "manifest: {shown}, error: {error}");
        assert!(error.to_string().contains(part), "manifest: {shown}, error: {error}");
        assert!(error.to_string().len() < 600, "manifest: {shown}");
    }
}
