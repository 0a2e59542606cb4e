//! A manifest's bytes as text, looked over before a tree is made of it.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::error::PackageError;

const DEEPEST: usize = 64;
const MOST_ATTRIBUTES: usize = 256;
/// Namespaces declared on one element.
const MOST_DECLARED: usize = 64;
/// Namespaces declared on an element and all around it.
const MOST_IN_SCOPE: usize = 256;
/// Elements, texts, comments and instructions.
pub(crate) const MOST_NODES: u32 = 200_000;

/// Decodes a manifest: by its byte order mark, else by the encoding that it names, else as UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, PackageError> {
    let wrong = |what: String| PackageError::ManifestEncoding(what);
    let encoding = match (Encoding::for_bom(bytes), bytes) {
        (Some((encoding, _)), _) => encoding,
        (None, [b'<', 0, ..]) => UTF_16LE,
        (None, [0, b'<', ..]) => UTF_16BE,
        (None, _) => match named(bytes) {
            None => UTF_8,
            Some(name) => match Encoding::for_label(name.as_bytes()) {
                None => return Err(wrong(format!("it names {name:?}, which is not known"))),
                // The name could be read byte by byte, so it cannot be true.
                Some(it) if it == UTF_16LE || it == UTF_16BE => {
                    return Err(wrong(format!("it names {name:?}, but has one byte a character")));
                }
                Some(it) => it,
            },
        },
    };
    let (text, is_damaged) = encoding.decode_with_bom_removal(bytes);
    if is_damaged {
        return Err(wrong(format!("it has bytes that are not {}", encoding.name())));
    }
    Ok(text.into_owned())
}

/// The encoding in the XML declaration.
fn named(bytes: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(bytes.get(..bytes.len().min(256))?);
    let declaration = start.strip_prefix("<?xml")?.split("?>").next()?;
    let (_, after) = declaration.split_once("encoding")?;
    after.split(['"', '\'']).nth(1).map(str::to_owned)
}

/// Refuses what would be costly to parse: the cost of a tree grows with the square of some of these.
///
/// What this reader cannot read is refused too, so that nothing reaches the parser uncounted.
pub(crate) fn look_over(text: &str) -> Result<(), PackageError> {
    let too_complex = |what: &str| Err(PackageError::ManifestTooComplex(what.to_owned()));
    let not_xml = |at: u64, reason: String| Err(PackageError::ManifestNotXml { at: place(text, at), reason });
    let mut reader = Reader::from_str(text);
    // Of each open element: how many namespaces are in scope.
    let mut open: Vec<usize> = Vec::new();
    let mut nodes = 0;
    loop {
        let at = reader.buffer_position();
        let (element, opens) = match reader.read_event() {
            Ok(Event::Start(element)) => (Some(element), true),
            Ok(Event::Empty(element)) => (Some(element), false),
            Ok(Event::DocType(_)) => return Err(PackageError::ManifestDtdForbidden),
            Ok(Event::Eof) => return Ok(()),
            Ok(Event::End(_)) => {
                open.pop();
                continue;
            }
            Ok(_) => (None, false),
            Err(error) => return not_xml(reader.error_position(), error.to_string()),
        };
        nodes += 1;
        if nodes > MOST_NODES {
            return too_complex("more than 200,000 nodes");
        }
        let Some(element) = element else { continue };
        if open.len() >= DEEPEST {
            return too_complex("elements more than 64 deep");
        }
        let (attributes, declared) = match counted(&element) {
            Ok(counts) => counts,
            Err(reason) => return not_xml(at, reason),
        };
        if attributes > MOST_ATTRIBUTES {
            return too_complex("an element with more than 256 attributes");
        }
        let in_scope = open.last().copied().unwrap_or(0) + declared;
        if declared > MOST_DECLARED || in_scope > MOST_IN_SCOPE {
            return too_complex("more than 64 namespaces on an element, or 256 around it");
        }
        if opens {
            open.push(in_scope);
        }
    }
}

/// Attributes of an element, and those of them that declare namespaces; stops past what is taken.
fn counted(element: &BytesStart<'_>) -> Result<(usize, usize), String> {
    let (mut attributes, mut declared) = (0, 0);
    for attribute in element.attributes().with_checks(false).take(MOST_ATTRIBUTES + 1) {
        let attribute = attribute.map_err(|error| error.to_string())?;
        attributes += 1;
        declared += usize::from(attribute.key.as_namespace_binding().is_some());
    }
    Ok((attributes, declared))
}

/// Line and column of a byte, both from 1.
fn place(text: &str, at: u64) -> String {
    let before = text.get(..usize::try_from(at).unwrap_or(usize::MAX)).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column}")
}
