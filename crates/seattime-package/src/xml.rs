//! A manifest's bytes as text, looked over before a tree is made of it.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::error::PackageError;

const DEEPEST: usize = 64;
const MOST_ATTRIBUTES: usize = 256;
const MOST_ELEMENTS: usize = 200_000;

/// Decodes a manifest: by its byte order mark, else by the encoding that it names, else UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, PackageError> {
    let start = String::from_utf8_lossy(bytes.get(..200.min(bytes.len())).unwrap_or_default()).into_owned();
    let named = start
        .split_once("encoding")
        .filter(|it| it.0.trim_start_matches('\u{feff}').starts_with("<?xml"))
        .and_then(|it| it.1.split(['"', '\'']).nth(1))
        .unwrap_or("UTF-8")
        .to_owned();
    let encoding = match bytes {
        [b'<', 0, ..] => encoding_rs::UTF_16LE,
        [0, b'<', ..] => encoding_rs::UTF_16BE,
        _ => encoding_rs::Encoding::for_label(named.as_bytes())
            .ok_or_else(|| PackageError::ManifestEncoding(named.clone()))?,
    };
    // A byte order mark overrules what the text says of itself.
    let (text, used, is_damaged) = encoding.decode(bytes);
    if is_damaged {
        Err(PackageError::ManifestEncoding(used.name().to_owned()))
    } else {
        Ok(text.into_owned())
    }
}

/// Refuses what would be costly to parse: the cost of a tree grows with the square of some of these.
pub(crate) fn look_over(text: &str) -> Result<(), PackageError> {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut elements) = (0_usize, 0_usize);
    let too_complex = |what: &str| Err(PackageError::ManifestTooComplex(what.to_owned()));
    loop {
        let (element, opens) = match reader.read_event() {
            Ok(Event::Start(element)) => (element, true),
            Ok(Event::Empty(element)) => (element, false),
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Ok(Event::DocType(_)) => return Err(PackageError::ManifestDtdForbidden),
            // What is wrong is told by the parser, with its place.
            Ok(Event::Eof) | Err(_) => return Ok(()),
            Ok(_) => continue,
        };
        elements += 1;
        depth += usize::from(opens);
        if depth > DEEPEST {
            return too_complex("elements more than 64 deep");
        }
        if elements > MOST_ELEMENTS {
            return too_complex("more than 200,000 elements");
        }
        if element.attributes().with_checks(false).take(MOST_ATTRIBUTES + 1).count() > MOST_ATTRIBUTES {
            return too_complex("an element with more than 256 attributes");
        }
    }
}
