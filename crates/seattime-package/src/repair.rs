//! Repairs a manifest's text where it is not well-formed XML but can be read in one way only.
//!
//! Every repair keeps the places of the author's text, so that warnings and errors name its lines and columns.

use std::collections::{BTreeMap, HashMap};

use crate::error::PackageError;
use crate::warning::{Severity, Warning};

/// A text for the XML parser, and where each part of it comes from.
#[derive(Debug)]
pub(crate) struct Repaired {
    /// The text as it can be parsed.
    pub(crate) text: String,
    /// The author's text.
    original: String,
    /// Offsets in `text`, ascending, each with the offset in `original` that it stands for.
    anchors: Vec<(usize, usize)>,
    /// Offset in `original` of the start of each line.
    lines: Vec<usize>,
}

impl Repaired {
    /// Line and column in the author's text of a byte of the repaired one, both from 1.
    pub(crate) fn place(&self, at: usize) -> (u32, u32) {
        let next = self.anchors.partition_point(|it| it.0 <= at);
        let (new, old) = next.checked_sub(1).and_then(|it| self.anchors.get(it)).copied().unwrap_or_default();
        let end = self.anchors.get(next).map_or(self.original.len(), |it| it.1);
        self.original_place((old + at.saturating_sub(new)).min(end))
    }

    /// The same for a line and column of the repaired text, both from 1.
    pub(crate) fn place_of(&self, row: u32, column: u32) -> (u32, u32) {
        let before = |count: u32| usize::try_from(count.saturating_sub(1)).unwrap_or(usize::MAX);
        let start: usize = self.text.split_inclusive('\n').take(before(row)).map(str::len).sum();
        let line = self.text.get(start..).unwrap_or_default();
        self.place(start + line.chars().take(before(column)).map(char::len_utf8).sum::<usize>())
    }

    fn original_place(&self, at: usize) -> (u32, u32) {
        let line = self.lines.partition_point(|it| *it <= at);
        let start = line.checked_sub(1).and_then(|it| self.lines.get(it)).copied().unwrap_or(0);
        let at = self.original.floor_char_boundary(at);
        let column = self.original.get(start..at).unwrap_or_default().chars().count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}

/// The kinds of fault that are repaired: code, severity, and the sentence about it.
type Fault = (&'static str, Severity, &'static str);

const TEXT_BEFORE: Fault = (
    "manifest_text_before",
    Severity::Info,
    "there is something before the XML declaration, where nothing may be; it was skipped",
);
const TEXT_BEHIND: Fault =
    ("manifest_text_behind", Severity::Info, "there is text behind the end of the manifest; it was skipped");
const DOCTYPE: Fault = ("manifest_doctype", Severity::Info, "the manifest has a DOCTYPE; it was skipped");
const BARE_AMPERSAND: Fault = (
    "manifest_bare_ampersand",
    Severity::Warning,
    "\"&\" stands by itself, expected \"&amp;\"; it was read as the character",
);
const BARE_BRACKET: Fault = (
    "manifest_bare_bracket",
    Severity::Warning,
    "\"<\" stands in a text, expected \"&lt;\"; it was read as the character",
);
const ENTITY: Fault = (
    "manifest_html_entity",
    Severity::Warning,
    "an entity of HTML is used, which XML does not have; it was read as the character",
);
const CONTROL: Fault = (
    "manifest_control_character",
    Severity::Warning,
    "there is a control character, which XML does not allow; it was read as a blank",
);
const COMMENT: Fault =
    ("manifest_comment", Severity::Info, "there is \"--\" inside a comment, which XML does not allow");
const LATE_DECLARATION: Fault = (
    "manifest_second_declaration",
    Severity::Info,
    "there is an XML declaration inside the manifest; it was skipped",
);

/// Repairs a text.
///
/// # Errors
///
/// [`PackageError::ManifestDtdForbidden`] where it declares entities.
pub(crate) fn repair(original: String) -> Result<(Repaired, Vec<Warning>), PackageError> {
    let mut scanner = Scanner::new(&original);
    scanner.prolog();
    scanner.document()?;
    let Scanner { out, mut anchors, faults, undeclared, root_name_end, .. } = scanner;
    let mut text = out;
    if let (Some(at), false) = (root_name_end, undeclared.is_empty()) {
        let mut declarations = String::new();
        for prefix in undeclared.keys() {
            declarations.push_str(&format!(" xmlns:{prefix}=\"{}\"", namespace_of(prefix, &original)));
        }
        let (before, behind) = text.split_at_checked(at).unwrap_or((&text, ""));
        text = format!("{before}{declarations}{behind}");
        let next = anchors.partition_point(|it| it.0 < at);
        let old = next.checked_sub(1).and_then(|it| anchors.get(it)).map_or(at, |it| it.1 + (at - it.0));
        for anchor in anchors.iter_mut().skip(next) {
            anchor.0 += declarations.len();
        }
        anchors.insert(next, (at, old));
        anchors.insert(next + 1, (at + declarations.len(), old));
    }
    let lines = std::iter::once(0).chain(original.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let faults: Vec<_> = faults.into_values().collect();
    let undeclared: Vec<_> = undeclared.into_iter().map(|(prefix, at)| (prefix.to_owned(), at)).collect();
    let repaired = Repaired { text, original, anchors, lines };
    let mut warnings = Vec::new();
    for ((code, severity, text), count, at) in faults {
        let more = if count > 1 { format!(" ({count} places, this is the first)") } else { String::new() };
        let warning = Warning::new(code, severity, format!("{text}{more}"));
        warnings.push(warning.at(repaired.original_place(at)));
    }
    for (prefix, at) in undeclared.into_iter().take(10) {
        let text = format!("the prefix {prefix:?} is used without a declaration; one was added");
        let warning = Warning::new("manifest_undeclared_prefix", Severity::Info, text);
        warnings.push(warning.at(repaired.original_place(at)));
    }
    Ok((repaired, warnings))
}

/// The namespace that a prefix most likely stands for.
fn namespace_of(prefix: &str, text: &str) -> String {
    let known = match prefix {
        "xsi" => "http://www.w3.org/2001/XMLSchema-instance",
        "xlink" => "http://www.w3.org/1999/xlink",
        "imsss" => "http://www.imsglobal.org/xsd/imsss",
        "adlseq" => "http://www.adlnet.org/xsd/adlseq_v1p3",
        "adlnav" => "http://www.adlnet.org/xsd/adlnav_v1p3",
        // The attribute is `scormType` in SCORM 2004, and `scormtype` in SCORM 1.2.
        "adlcp" if text.contains(":scormType") => "http://www.adlnet.org/xsd/adlcp_v1p3",
        "adlcp" => "http://www.adlnet.org/xsd/adlcp_rootv1p2",
        _ => return format!("urn:undeclared:{prefix}"),
    };
    known.to_owned()
}

/// Reads the author's text once, and writes the repaired one.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    out: String,
    anchors: Vec<(usize, usize)>,
    /// By code: the fault, how often it was found, and where first.
    faults: BTreeMap<&'static str, (Fault, usize, usize)>,
    /// Prefixes without a declaration, and where each is used first.
    undeclared: BTreeMap<&'a str, usize>,
    /// How often each prefix is declared around the current element.
    declared: HashMap<&'a str, usize>,
    /// Prefixes that each open element declares.
    open: Vec<Vec<&'a str>>,
    /// Where in `out` the name of the root ends.
    root_name_end: Option<usize>,
    /// Whether the root has ended.
    is_over: bool,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Scanner<'a> {
        Scanner {
            text,
            at: 0,
            out: String::with_capacity(text.len()),
            anchors: vec![(0, 0)],
            faults: BTreeMap::new(),
            undeclared: BTreeMap::new(),
            declared: HashMap::new(),
            open: Vec::new(),
            root_name_end: None,
            is_over: false,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn fault(&mut self, fault: Fault) {
        self.faults.entry(fault.0).or_insert((fault, 0, self.at)).1 += 1;
    }

    /// Copies the next bytes as they are.
    fn copy(&mut self, length: usize) {
        let piece = self.rest().get(..length).unwrap_or(self.rest());
        self.out.push_str(piece);
        self.at += piece.len();
    }

    /// Writes something else in place of the next bytes.
    fn replace(&mut self, length: usize, by: &str) {
        self.anchors.push((self.out.len(), self.at));
        self.out.push_str(by);
        self.at = (self.at + length).min(self.text.len());
        self.anchors.push((self.out.len(), self.at));
    }

    fn skip(&mut self, length: usize) {
        self.replace(length, "");
    }

    /// Skips the XML declaration, and whatever stands before it or before the first tag.
    fn prolog(&mut self) {
        let lower = self.text.get(..self.text.floor_char_boundary(1 << 16)).unwrap_or_default();
        let lower = lower.to_ascii_lowercase();
        let root = lower.find("<manifest").or_else(|| lower.find(":manifest")).unwrap_or(lower.len());
        let declaration = lower.find("<?xml").filter(|it| *it < root);
        let start = declaration.or_else(|| lower.find('<')).unwrap_or(0);
        let before = self.rest().get(..start).unwrap_or_default();
        if (declaration.is_some() && start > 0) || !before.trim().is_empty() {
            self.fault(TEXT_BEFORE);
        }
        self.skip(start);
        if declaration.is_some() {
            self.skip(self.rest().find("?>").map_or(0, |it| it + 2));
        }
    }

    fn document(&mut self) -> Result<(), PackageError> {
        while self.at < self.text.len() {
            let rest = self.rest();
            let length = rest.find(['<', '&']).unwrap_or(rest.len());
            self.characters(length);
            let rest = self.rest();
            let until = |end: &str| rest.find(end).map_or(rest.len(), |it| it + end.len());
            if rest.starts_with('&') {
                self.ampersand();
            } else if rest.starts_with("<!--") {
                self.comment(rest.get(4..).and_then(|it| it.find("-->")).map_or(rest.len(), |it| it + 7));
            } else if rest.starts_with("<![CDATA[") {
                self.copy(until("]]>"));
            } else if rest.starts_with("<!DOCTYPE") || rest.starts_with("<!doctype") {
                let length = doctype_length(rest);
                if rest.get(..length).is_some_and(|it| it.to_ascii_uppercase().contains("<!ENTITY")) {
                    return Err(PackageError::ManifestDtdForbidden);
                }
                self.fault(DOCTYPE);
                self.skip(length);
            } else if is_declaration(rest) {
                self.fault(LATE_DECLARATION);
                self.skip(until("?>"));
            } else if rest.starts_with("<?") {
                self.copy(until("?>"));
            } else if rest.starts_with("</") {
                self.copy(until(">"));
                self.close();
            } else if rest.starts_with('<') {
                self.tag();
            }
        }
        Ok(())
    }

    /// Text between tags, or of an attribute: without what XML does not allow.
    fn characters(&mut self, length: usize) {
        let end = self.at + length;
        let text = self.rest().get(..length).unwrap_or_default().trim_start();
        if self.is_over && !text.is_empty() {
            self.copy(length - text.len());
            self.fault(TEXT_BEHIND);
            return self.skip(text.len());
        }
        while self.at < end {
            let piece = self.text.get(self.at..end).unwrap_or_default();
            let clean = piece.find(is_forbidden).unwrap_or(piece.len());
            self.copy(clean);
            if let Some(found) = piece.get(clean..).and_then(|it| it.chars().next()) {
                self.fault(CONTROL);
                self.replace(found.len_utf8(), " ");
            }
        }
    }

    /// A reference, or a character that should have been one.
    fn ampersand(&mut self) {
        if self.is_over {
            self.fault(TEXT_BEHIND);
            return self.skip(1);
        }
        let rest = self.rest();
        let name = rest.get(1..).and_then(|it| it.get(..it.find(';')?)).filter(|it| is_reference(it));
        match name {
            None => {
                self.fault(BARE_AMPERSAND);
                self.replace(1, "&amp;");
            }
            Some(name) => match html_entity(name) {
                Some(character) => {
                    self.fault(ENTITY);
                    self.replace(name.len() + 2, character.encode_utf8(&mut [0; 4]));
                }
                // One that XML knows, or that nobody does: the parser says so.
                None => self.copy(name.len() + 2),
            },
        }
    }

    fn comment(&mut self, length: usize) {
        let inside = self.rest().get(4..length.saturating_sub(3)).unwrap_or_default();
        if inside.contains("--") || inside.ends_with('-') {
            self.fault(COMMENT);
            self.skip(length);
        } else {
            self.copy(length);
        }
    }

    /// A start tag, or a bracket that stands in a text.
    fn tag(&mut self) {
        let rest = self.rest();
        let name = rest.get(1..).unwrap_or_default();
        let name = name.get(..name.find(is_name_end).unwrap_or(name.len())).unwrap_or_default();
        if name.is_empty() || name.starts_with(|it: char| it.is_ascii_digit() || "=-.,".contains(it)) {
            if self.open.is_empty() {
                return self.copy(1);
            }
            self.fault(BARE_BRACKET);
            return self.replace(1, "&lt;");
        }
        let mut used = vec![(name, self.at)];
        self.copy(1 + name.len());
        self.root_name_end.get_or_insert(self.out.len());
        let mut declares = Vec::new();
        let mut is_empty = false;
        loop {
            let rest = self.rest();
            match rest.find(['>', '"', '\'', '=']).and_then(|it| Some((it, rest.get(it..)?.chars().next()?)))
            {
                None => return self.copy(rest.len()),
                Some((end, '>')) => {
                    is_empty |= rest.get(..end).is_some_and(|it| it.ends_with('/'));
                    self.copy(end + 1);
                    break;
                }
                Some((end, '=')) => {
                    let before = rest.get(..end).unwrap_or_default();
                    let (attribute, blanks) = (before.trim(), before.len() - before.trim_start().len());
                    match attribute.strip_prefix("xmlns:") {
                        Some(prefix) => declares.push(prefix),
                        None => used.push((attribute, self.at + blanks)),
                    }
                    self.copy(end + 1);
                }
                Some((start, quote)) => {
                    self.copy(start + 1);
                    let end = self.at + self.rest().find(quote).unwrap_or(self.rest().len());
                    while self.at < end {
                        let piece = self.text.get(self.at..end).unwrap_or_default();
                        let length = piece.find('&').unwrap_or(piece.len());
                        self.characters(length);
                        if self.at < end {
                            self.ampersand();
                        }
                    }
                    self.copy(1);
                }
            }
        }
        for prefix in &declares {
            *self.declared.entry(prefix).or_default() += 1;
        }
        for (name, at) in used {
            let prefix =
                name.split_once(':').map(|it| it.0).filter(|it| !matches!(*it, "xml" | "xmlns" | ""));
            let is_name = |it: &&str| !it.contains(|c: char| c.is_whitespace() || "<>&\"'=/".contains(c));
            if let Some(prefix) = prefix.filter(is_name)
                && self.declared.get(prefix).is_none_or(|it| *it == 0)
            {
                self.undeclared.entry(prefix).or_insert(at);
            }
        }
        self.open.push(declares);
        if is_empty {
            self.close();
        }
    }

    fn close(&mut self) {
        for prefix in self.open.pop().unwrap_or_default() {
            if let Some(count) = self.declared.get_mut(prefix) {
                *count = count.saturating_sub(1);
            }
        }
        self.is_over |= self.open.is_empty();
    }
}

fn is_name_end(it: char) -> bool {
    it.is_whitespace() || "/><=\"'".contains(it)
}

/// Returns true if XML 1.0 does not allow the character.
fn is_forbidden(it: char) -> bool {
    matches!(it, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn is_declaration(text: &str) -> bool {
    let name = text.get(..6).map(str::to_ascii_lowercase);
    name.is_some_and(|it| it.starts_with("<?xml") && it.ends_with(|it: char| it.is_whitespace() || it == '?'))
}

/// Bytes of a DOCTYPE, up to its own `>`.
fn doctype_length(text: &str) -> usize {
    let mut brackets = 0_u32;
    let mut quote = None;
    for (at, it) in text.char_indices() {
        match (quote, it) {
            (Some(open), it) if open == it => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(it),
            (None, '[') => brackets += 1,
            (None, ']') => brackets = brackets.saturating_sub(1),
            (None, '>') if brackets == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns true if this is the inside of a reference: a name, or a number of a character that XML allows.
fn is_reference(name: &str) -> bool {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32).is_some_and(|it| !is_forbidden(it));
    }
    name.starts_with(|it: char| it.is_alphabetic())
        && name.chars().all(char::is_alphanumeric)
        && name.len() <= 32
}

/// Names of HTML's entities for U+00A0 to U+00FF, in their order.
const LATIN_1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 \
    sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring \
    AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash \
    Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml \
    igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn \
    yuml";

/// The character of an entity of HTML that XML does not know.
fn html_entity(name: &str) -> Option<char> {
    let other = match name {
        "hellip" => '\u{2026}',
        "ndash" => '\u{2013}',
        "mdash" => '\u{2014}',
        "lsquo" => '\u{2018}',
        "rsquo" => '\u{2019}',
        "sbquo" => '\u{201a}',
        "ldquo" => '\u{201c}',
        "rdquo" => '\u{201d}',
        "bdquo" => '\u{201e}',
        "bull" => '\u{2022}',
        "euro" => '\u{20ac}',
        "trade" => '\u{2122}',
        "rarr" => '\u{2192}',
        _ => {
            let place = LATIN_1.split_whitespace().position(|it| it == name)?;
            return char::from_u32(0xa0 + u32::try_from(place).ok()?);
        }
    };
    Some(other)
}

#[cfg(test)]
mod tests {
    use super::{LATIN_1, html_entity, repair};

    /// The repaired text, and code and place of each warning.
    fn repaired(text: &str) -> (String, Vec<(&'static str, Option<(u32, u32)>)>) {
        let (repaired, warnings) = repair(text.to_owned()).unwrap();
        (repaired.text, warnings.iter().map(|it| (it.code, it.place)).collect())
    }

    #[test]
    fn a_text_is_repaired_where_it_has_one_reading() {
        #[rustfmt::skip]
        let cases = [
            // text                                        repaired                                     warning
            ("<m>\n <a b='c'/></m>",                       "<m>\n <a b='c'/></m>",                      None),
            ("<?xml version='1.0'?><m/>",                  "<m/>",                                      None),
            ("\n<?xml version='1.0'?><m/>",                "<m/>",                                      Some(("manifest_text_before", 1, 1))),
            ("<!-- x --><?xml version='1.0'?><m/>",        "<m/>",                                      Some(("manifest_text_before", 1, 1))),
            ("Warning: <b>x</b>\n<?xml version='1.0'?>\n<m/>", "\n<m/>",                                Some(("manifest_text_before", 1, 1))),
            ("x <m/>",                                     "<m/>",                                      Some(("manifest_text_before", 1, 1))),
            ("<m/>\n rest",                                "<m/>\n ",                                   Some(("manifest_text_behind", 2, 2))),
            ("<m>\n<a>R&D</a></m>",                        "<m>\n<a>R&amp;D</a></m>",                   Some(("manifest_bare_ampersand", 2, 5))),
            ("<m a='x?b=1&c=2'/>",                         "<m a='x?b=1&amp;c=2'/>",                    Some(("manifest_bare_ampersand", 1, 12))),
            ("<m>a & b &amp; &#65; &#x41;</m>",            "<m>a &amp; b &amp; &#65; &#x41;</m>",       Some(("manifest_bare_ampersand", 1, 6))),
            ("<m>a &#0; b</m>",                            "<m>a &amp;#0; b</m>",                       Some(("manifest_bare_ampersand", 1, 6))),
            ("<m>&x;</m>",                                 "<m>&x;</m>",                                None),
            ("<m>a&nbsp;b&uuml;</m>",                      "<m>a\u{a0}b\u{fc}</m>",                     Some(("manifest_html_entity", 1, 5))),
            ("<m>1 < 2</m>",                               "<m>1 &lt; 2</m>",                           Some(("manifest_bare_bracket", 1, 6))),
            ("<m><![CDATA[a & b < c]]></m>",               "<m><![CDATA[a & b < c]]></m>",              None),
            ("<m><!-- a & b <x> --></m>",                  "<m><!-- a & b <x> --></m>",                 None),
            ("<m><!-- a -- b --></m>",                     "<m></m>",                                   Some(("manifest_comment", 1, 4))),
            ("<m>a\u{b}b</m>",                             "<m>a b</m>",                                Some(("manifest_control_character", 1, 5))),
            ("<!DOCTYPE m SYSTEM \"a>b.dtd\">\n<m/>",      "\n<m/>",                                    Some(("manifest_doctype", 1, 1))),
            ("<!DOCTYPE m [<!ELEMENT m ANY>]><m/>",        "<m/>",                                      Some(("manifest_doctype", 1, 1))),
            ("<manifest><?xml version='1.0'?><a/></manifest>", "<manifest><a/></manifest>",             Some(("manifest_second_declaration", 1, 11))),
            ("<m>\n <q:a/></m>",                           "<m xmlns:q=\"urn:undeclared:q\">\n <q:a/></m>", Some(("manifest_undeclared_prefix", 2, 2))),
            ("<m><a xmlns:q='u'><q:b q:c='1'/></a></m>",   "<m><a xmlns:q='u'><q:b q:c='1'/></a></m>",  None),
            ("<m xml:lang='en'/>",                         "<m xml:lang='en'/>",                        None),
        ];
        for (text, expected, warning) in cases {
            let (actual, warnings) = repaired(text);
            assert_eq!(actual, expected, "text: {text:?}");
            let expected: Vec<_> = warning.iter().map(|it| (it.0, Some((it.1, it.2)))).collect();
            assert_eq!(warnings, expected, "text: {text:?}");
        }
        assert!(repair("<!DOCTYPE m [<!ENTITY a 'b'>]><m/>".to_owned()).is_err());
    }

    /// A prefix that is declared beside an element is not declared behind it.
    #[test]
    fn a_declaration_holds_inside_its_element_alone() {
        let (text, warnings) = repaired("<m><a xmlns:q='u'/><q:b/></m>");
        assert_eq!(text, "<m xmlns:q=\"urn:undeclared:q\"><a xmlns:q='u'/><q:b/></m>");
        assert_eq!(warnings, [("manifest_undeclared_prefix", Some((1, 20)))]);
    }

    #[test]
    fn places_are_those_of_the_authors_text() {
        let text = "\n<?xml version='1.0'?>\n<m xsi:a='&'>\n <t>R&D</t> <end/></m>";
        let (repaired, _) = repair(text.to_owned()).unwrap();
        let at = |sought: &str| repaired.text.find(sought).unwrap();
        assert_eq!(repaired.place(at("<m")), (3, 1));
        assert_eq!(repaired.place(at("xsi:a")), (3, 4));
        assert_eq!(repaired.place(at("<t>")), (4, 2));
        assert_eq!(repaired.place(at("<end/>")), (4, 13));
        let row = repaired.text.get(..at("<end/>")).unwrap();
        let column = row.rsplit('\n').next().unwrap().chars().count() + 1;
        let row = row.matches('\n').count() + 1;
        let place = repaired.place_of(u32::try_from(row).unwrap(), u32::try_from(column).unwrap());
        assert_eq!(place, (4, 13));
    }

    /// HTML 4, *Character entity references for ISO 8859-1 characters*.
    #[test]
    fn entities_of_html_are_known_by_their_place() {
        assert_eq!(LATIN_1.split_whitespace().count(), 96);
        for (name, expected) in
            [("nbsp", '\u{a0}'), ("szlig", 'ß'), ("eacute", 'é'), ("yuml", 'ÿ'), ("times", '×')]
        {
            assert_eq!(html_entity(name), Some(expected), "{name}");
        }
        assert_eq!((html_entity("amp"), html_entity("x")), (None, None));
    }
}
