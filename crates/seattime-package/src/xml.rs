//! A manifest's bytes as text, and the limits of a manifest, checked before a tree is made of it.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::error::PackageError;
use crate::repair::Repaired;
use crate::warning::{Severity, Warning};

const DEEPEST: usize = 64;
const MOST_ATTRIBUTES: usize = 256;
/// Namespaces declared on one element.
const MOST_DECLARED: usize = 64;
/// Namespaces declared on an element and all around it.
const MOST_IN_SCOPE: usize = 256;
/// Elements, texts, comments and instructions.
pub(crate) const MOST_NODES: u32 = 200_000;

/// Decodes a manifest: by its byte order mark, else by the encoding that it names, else as UTF-8. Where that is wrong
/// and the bytes have one reading all the same, a warning says so.
pub(crate) fn decode(bytes: &[u8]) -> Result<(String, Option<Warning>), PackageError> {
    let bytes = without_end(bytes);
    let named = named(bytes);
    let (encoding, warning) = match Encoding::for_bom(bytes).map(|it| it.0).or_else(|| wide(bytes)) {
        Some(encoding) => (encoding, None),
        None => match named.as_deref() {
            None => (UTF_8, None),
            Some(name) => narrow(name, bytes)?,
        },
    };
    let (text, is_damaged) = encoding.decode_with_bom_removal(bytes);
    if !is_damaged {
        // Two of them are one too many.
        return Ok((text.trim_start_matches('\u{feff}').to_owned(), warning));
    }
    let damaged = || {
        let found = named.as_ref().map_or("no encoding".to_owned(), |it| format!("the encoding {it:?}"));
        PackageError::ManifestEncoding(format!(
            "it names {found}, but has bytes that are not {}",
            encoding.name()
        ))
    };
    if encoding != UTF_8 {
        let text = str::from_utf8(bytes).map_err(|_| damaged())?;
        return Ok((text.to_owned(), Some(mislabelled(named.as_deref().unwrap_or_default()))));
    }
    let (text, place) = mixed(bytes).ok_or_else(damaged)?;
    let sentence = "there are characters in Windows-1252, expected UTF-8; they were read as Windows-1252";
    let warning = Warning::new("manifest_windows_1252", Severity::Warning, sentence.to_owned()).at(place);
    Ok((text, Some(warning)))
}

/// Without the NUL bytes that some tools leave behind the end.
fn without_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|it| *it != 0).map_or(0, |it| it + 1);
    let is_wide = wide(bytes).is_some() || matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    let end = if is_wide { end.next_multiple_of(2).min(bytes.len()) } else { end };
    bytes.get(..end).unwrap_or(bytes)
}

/// UTF-16 without a byte order mark: what begins a manifest is ASCII.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<' | b' ' | b'\r' | b'\n' | b'\t', 0, ..] => Some(UTF_16LE),
        [0, b'<' | b' ' | b'\r' | b'\n' | b'\t', ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// The encoding of this name, for bytes that are no UTF-16; UTF-8 where the name cannot be true.
fn narrow(name: &str, bytes: &[u8]) -> Result<(&'static Encoding, Option<Warning>), PackageError> {
    let is_utf_8 = str::from_utf8(bytes).is_ok();
    let is_ascii = name.to_ascii_lowercase().contains("ascii");
    match Encoding::for_label(name.as_bytes()) {
        // The name could be read byte by byte.
        Some(it) if it == UTF_16LE || it == UTF_16BE => Ok((UTF_8, Some(mislabelled(name)))),
        Some(_) if is_ascii && is_utf_8 && !bytes.is_ascii() => Ok((UTF_8, Some(mislabelled(name)))),
        Some(it) => Ok((it, None)),
        None if is_utf_8 => Ok((UTF_8, Some(mislabelled(name)))),
        None => Err(PackageError::ManifestEncoding(format!(
            "it names {name:?}, which is not known, and is not UTF-8"
        ))),
    }
}

fn mislabelled(name: &str) -> Warning {
    let text = format!("the manifest names the encoding {name:?}, but is in UTF-8; it was read as UTF-8");
    Warning::new("manifest_encoding", Severity::Info, text).at((1, 1))
}

/// UTF-8 with characters of Windows-1252 between, and the place of the first of them; nothing where one is in
/// neither.
fn mixed(bytes: &[u8]) -> Option<(String, (u32, u32))> {
    let mut text = String::with_capacity(bytes.len());
    let mut first = None;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if chunk.invalid().is_empty() {
            continue;
        }
        first.get_or_insert_with(|| place(&text, text.len()));
        if chunk.invalid().iter().any(|it| matches!(it, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d)) {
            return None;
        }
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    Some((text.trim_start_matches('\u{feff}').to_owned(), first?))
}

/// The encoding in the XML declaration, wherever that is near the start.
fn named(bytes: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(bytes.get(..bytes.len().min(4_096))?);
    let (before, declaration) = start.split_once("<?xml")?;
    let declaration = declaration.split("?>").next()?;
    let (_, after) = declaration.split_once("encoding").filter(|_| !before.contains("<manifest"))?;
    after.split(['"', '\'']).nth(1).map(|it| it.trim().to_owned())
}

/// Refuses what would be costly to parse: the cost of a tree grows with the square of some of these.
///
/// What this reader cannot read is refused too, so that nothing reaches the parser uncounted.
pub(crate) fn look_over(repaired: &Repaired) -> Result<(), PackageError> {
    let text = repaired.text.as_str();
    let too_complex = |what: &str| Err(PackageError::ManifestTooComplex(what.to_owned()));
    let not_xml = |at: u64, reason: String| {
        let (line, column) = repaired.place(usize::try_from(at).unwrap_or(usize::MAX));
        Err(PackageError::ManifestNotXml { at: format!("{line}:{column}"), reason })
    };
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
fn place(text: &str, at: usize) -> (u32, u32) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
