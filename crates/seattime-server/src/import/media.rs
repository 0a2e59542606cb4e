//! Importing a video, audio or PDF: its kind told from its bytes, kept under the hash of all that it is made of.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use axum::body::Bytes;
use axum::http::Uri;
use seattime_wire::{Api, SessionKind};
use serde_json::json;

use super::put_in_place;
use crate::mime;
use crate::secret::sha256;
use crate::store::medium::{DOCUMENT, Medium, USUAL_THRESHOLD};
use crate::store::{ActivityRules, ImportFindings, StoredActivity, StoredPackage};

/// A longer address is none that anybody means; the page knows what plays by at most so much of it.
const MOST_URL_BYTES: usize = 1_000;
/// The longest title and name of a course, in bytes.
const MOST_TITLE_BYTES: usize = 255;
/// The longest captions, in bytes.
const MOST_CAPTIONS_BYTES: usize = 4 * 1024 * 1024;
/// How the captions of a topic are called.
const CAPTIONS: &str = "captions.vtt";
/// What browsers play, by the type that an address's extension stands for.
const PLAYED: &[&str] =
    &["video/mp4", "video/webm", "video/ogg", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav"];
/// The type of a playlist of HLS, which is taken for a video unless something else is said.
const PLAYLIST: &str = "application/vnd.apple.mpegurl";

/// Why a video or audio is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MediaError {
    /// Neither bytes nor an address came, or both.
    #[error("send either a file or its address")]
    Source,
    /// The bytes are none of those that are played.
    #[error("found no MP4, WebM, MP3, Ogg, WAV or PDF; convert the file to one of them")]
    Kind,
    /// The address does not tell whether it is a video or an audio.
    #[error("the address has no known extension; say whether its kind is \"video\" or \"audio\"")]
    KindOfUrl,
    /// A playlist without its segments.
    #[error("a playlist alone plays nothing; send the address at which it lies beside its segments")]
    Hls,
    /// The address is none of the web.
    #[error(
        "{0:?} is no address that a browser can open; send one with http or https, without a password, of at most 1,000 bytes"
    )]
    Url(String),
    /// The captions are not in WebVTT.
    #[error("the captions are not in WebVTT, or longer than 4 MiB; their first line has to be WEBVTT")]
    Captions,
    /// Captions of a PDF.
    #[error("found captions for a PDF, which has none; leave them out")]
    CaptionsOfDocument,
    /// There is no title, or it is too long.
    #[error("title and course need 1 to 255 bytes")]
    Title,
    /// The threshold is no percentage.
    #[error("the threshold is in percent, from 1 to 100")]
    Threshold,
    /// The disk failed.
    #[error("the server could not write the file: {0}")]
    Unreadable(#[from] io::Error),
}

impl MediaError {
    /// What programs tell it by.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            MediaError::Source => "media_source_missing",
            MediaError::Kind | MediaError::KindOfUrl => "media_kind_unknown",
            MediaError::Hls => "media_hls",
            MediaError::Url(_) => "media_url_bad",
            MediaError::Captions | MediaError::CaptionsOfDocument => "media_captions_bad",
            MediaError::Title => "media_title_bad",
            MediaError::Threshold => "media_threshold_bad",
            MediaError::Unreadable(_) => "internal",
        }
    }
}

/// A video, audio or PDF to be imported.
#[derive(Debug, Clone, Default)]
pub struct NewMedia {
    /// Its bytes; or else its address.
    pub file: Option<Bytes>,
    /// Where it is; the server never asks there.
    pub url: Option<String>,
    /// `video` or `audio`, where its address does not tell.
    pub kind: Option<String>,
    /// Its title.
    pub title: String,
    /// Name of the course; its title, if left out.
    pub course: Option<String>,
    /// Captions in WebVTT.
    pub captions: Option<Bytes>,
    /// Or their address.
    pub captions_url: Option<String>,
    /// So much of it has to be seen, in percent; 90, if left out.
    pub threshold: Option<u32>,
}

/// Where a medium is, how it is called there, and whether it is a video.
struct Source {
    href: String,
    kind: &'static str,
}

/// Keeps a video, audio or PDF in `data/content/`, and answers what the store has to keep.
pub(crate) fn keep(data: &Path, new: &NewMedia) -> Result<StoredPackage, MediaError> {
    let title = new.title.trim();
    let course = new.course.as_deref().map_or(title, str::trim);
    if [title, course].iter().any(|it| !(1..=MOST_TITLE_BYTES).contains(&it.len())) {
        return Err(MediaError::Title);
    }
    let threshold = new.threshold.unwrap_or(USUAL_THRESHOLD);
    if !(1..=100).contains(&threshold) {
        return Err(MediaError::Threshold);
    }
    let mut files: Vec<(String, Bytes)> = Vec::new();
    let Source { href, kind } = match (&new.file, &new.url) {
        (Some(bytes), None) => {
            let (kind, extension) = told_by(bytes)?;
            let href = format!("{}.{extension}", if kind == DOCUMENT { DOCUMENT } else { "media" });
            files.push((href.clone(), bytes.clone()));
            Source { href, kind }
        }
        (None, Some(url)) => Source { kind: kind_of_url(url, new.kind.as_deref())?, href: url.clone() },
        _ => return Err(MediaError::Source),
    };
    let captions = match (&new.captions, &new.captions_url) {
        (Some(_), _) | (_, Some(_)) if kind == DOCUMENT => return Err(MediaError::CaptionsOfDocument),
        (Some(text), _) => {
            let text = text.clone();
            let is_vtt = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text).starts_with(b"WEBVTT");
            if !is_vtt || text.len() > MOST_CAPTIONS_BYTES {
                return Err(MediaError::Captions);
            }
            files.push((CAPTIONS.to_owned(), text));
            Some(CAPTIONS.to_owned())
        }
        (None, Some(url)) => Some(web_address(url)?.to_owned()),
        (None, None) => None,
    };
    let hashes: Vec<(&str, String)> = files.iter().map(|(name, it)| (name.as_str(), sha256(it))).collect();
    let made_of = json!({
        "title": title, "source": href, "kind": kind, "captions": captions, "threshold": threshold, "files": hashes,
    });
    let id = sha256(made_of.to_string().as_bytes());
    if !files.is_empty() {
        put_in_place(data, &id, |aside| fill(&files, aside))?;
    }
    let activity = StoredActivity {
        id: if kind == DOCUMENT { DOCUMENT } else { "media" }.to_owned(),
        title: title.to_owned(),
        // A document is read as any page: its time is presence.
        kind: if kind == DOCUMENT { SessionKind::Asset } else { SessionKind::Media },
        depth: 0,
        href,
        defaults: Medium { kind: kind.to_owned(), captions, threshold }.defaults(),
        objectives: Vec::new(),
        data: Vec::new(),
        rules: ActivityRules::default(),
        is_visible: true,
        missing_file: None,
    };
    Ok(StoredPackage {
        id,
        title: title.to_owned(),
        course: course.to_owned(),
        api: Api::Scorm2004, // Nothing in it asks for one.
        edition: 4,
        shares_with_all: false,
        activities: vec![activity],
        files: files.into_iter().map(|(name, it)| (name, it.len() as u64)).collect(),
        aliases: Vec::new(),
        findings: ImportFindings::default(),
    })
}

/// Writes the files under their numbers, down to the disk.
fn fill(files: &[(String, Bytes)], folder: &Path) -> io::Result<()> {
    for (n, (_, bytes)) in files.iter().enumerate() {
        let mut file = File::create_new(folder.join(n.to_string()))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    File::open(folder)?.sync_all()
}

/// What a file is, by its first bytes: `video`, `audio` or `document`, and the extension that it is served under.
fn told_by(bytes: &[u8]) -> Result<(&'static str, &'static str), MediaError> {
    let at = |from: usize, sought: &[u8]| bytes.get(from..).is_some_and(|it| it.starts_with(sought));
    let has = |sought: &[u8]| bytes.get(..128).unwrap_or(bytes).windows(sought.len()).any(|it| it == sought);
    if at(0, b"#EXTM3U") {
        return Err(MediaError::Hls);
    }
    if at(4, b"ftyp") {
        let is_audio = at(8, b"M4A ") || at(8, b"M4B ");
        return Ok(if is_audio { ("audio", "m4a") } else { ("video", "mp4") });
    }
    if at(0, b"\x1A\x45\xDF\xA3") && has(b"webm") {
        return Ok(("video", "webm"));
    }
    if at(0, b"OggS") {
        return Ok(if has(b"theora") { ("video", "ogv") } else { ("audio", "ogg") });
    }
    if at(0, b"RIFF") && at(8, b"WAVE") {
        return Ok(("audio", "wav"));
    }
    // The sync word, Layer III, and neither a forbidden bit rate nor a forbidden sampling rate.
    let is_frame = matches!(bytes, [0xFF, second, third, ..]
        if second & 0xE0 == 0xE0 && second & 0x06 == 0x02 && second & 0x18 != 0x08
            && third & 0xF0 != 0xF0 && third & 0x0C != 0x0C);
    if at(0, b"ID3") || is_frame {
        return Ok(("audio", "mp3"));
    }
    // Other bytes may come before a PDF, as many as readers have always put up with.
    let is_pdf = bytes.get(..1_024).unwrap_or(bytes).windows(5).any(|it| it == b"%PDF-");
    if is_pdf { Ok((DOCUMENT, "pdf")) } else { Err(MediaError::Kind) }
}

fn kind_of_url(url: &str, said: Option<&str>) -> Result<&'static str, MediaError> {
    let path = web_address(url)?.split(['?', '#']).next().unwrap_or_default();
    let kind = mime::type_of(path).unwrap_or_default();
    let is_known = PLAYED.contains(&kind);
    match said {
        Some("video") => Ok("video"),
        Some("audio") => Ok("audio"),
        None if kind == PLAYLIST || is_known && kind.starts_with("video/") => Ok("video"),
        None if is_known => Ok("audio"),
        _ => Err(MediaError::KindOfUrl),
    }
}

/// An address of the web, if that is what it is.
fn web_address(url: &str) -> Result<&str, MediaError> {
    let bad = || MediaError::Url(url.chars().take(100).collect());
    let parsed: Uri = url.parse().map_err(|_| bad())?;
    let is_web = matches!(parsed.scheme_str(), Some("http" | "https"));
    let has_host = parsed.authority().is_some_and(|it| !it.host().is_empty() && !it.as_str().contains('@'));
    if is_web && has_host && url.len() <= MOST_URL_BYTES { Ok(url) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signatures of ISO 14496-12, Matroska, RFC 3533, RIFF and ISO 11172-3.
    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        #[rustfmt::skip]
        let cases: &[(&[u8], Option<(&str, &str)>)] = &[
            (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41", Some(("video", "mp4"))),
            (b"\0\0\0\x20ftypM4A \0\0\0\0",                   Some(("audio", "m4a"))),
            (b"\x1A\x45\xDF\xA3\x9FB\x86\x81\x01B\x82\x84webm", Some(("video", "webm"))),
            (b"\x1A\x45\xDF\xA3\x9FB\x86\x81\x01B\x82\x88matroska", None),
            (b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1E\x01vorbis", Some(("audio", "ogg"))),
            (b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x2A\x80theora", Some(("video", "ogv"))),
            (b"RIFF\x24\0\0\0WAVEfmt ",                       Some(("audio", "wav"))),
            (b"RIFF\x24\0\0\0AVI LIST",                       None),
            (b"ID3\x03\0\0\0\0\0\0",                          Some(("audio", "mp3"))),
            (b"\xFF\xFB\x90\x64\0\0",                         Some(("audio", "mp3"))), // 128 kbit/s, 44.1 kHz
            (b"\xFF\xFD\x90\x64\0\0",                         None), // Layer II
            (b"%PDF-1.7\n",                                   Some(("document", "pdf"))),
            (b"\xEF\xBB\xBF\r\n%PDF-1.4\n",                   Some(("document", "pdf"))),
            (b"\xFF\xFE\0h\0i",                               None), // text in UTF-16
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF",                   None),
            (b"PK\x03\x04",                                   None),
            (b"<!doctype html>",                              None),
            (b"",                                             None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(told_by(bytes).ok(), *expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn addresses_of_the_web_are_taken_and_no_others() {
        #[rustfmt::skip]
        let cases = [
            // address                           said           kind or code
            ("https://films.example/a.mp4?x=1",  None,          Ok("video")),
            ("http://films.example/a.MP3",       None,          Ok("audio")),
            ("https://films.example/watch?v=1",  None,          Err("media_kind_unknown")),
            ("https://films.example/watch?v=1",  Some("audio"), Ok("audio")),
            ("https://films.example/a.mp4",      Some("image"), Err("media_kind_unknown")),
            ("https://films.example/a.m3u8?t=1", None,          Ok("video")),
            ("https://films.example/a.M3U8",     Some("audio"), Ok("audio")),
            ("https://films.example/a.html",     None,          Err("media_kind_unknown")),
            ("ftp://films.example/a.mp4",        None,          Err("media_url_bad")),
            ("javascript:alert(1)//a.mp4",       None,          Err("media_url_bad")),
            ("https://me:pw@films.example/a.mp4", None,         Err("media_url_bad")),
            ("https://films.example/a b.mp4",    None,          Err("media_url_bad")),
            ("/content/a.mp4",                   None,          Err("media_url_bad")),
            ("",                                 None,          Err("media_url_bad")),
        ];
        for (url, said, expected) in cases {
            assert_eq!(kind_of_url(url, said).map_err(|it| it.code()), expected, "{url}");
        }
        let long = format!("https://films.example/{}.mp4", "a".repeat(1_000));
        assert_eq!(kind_of_url(&long, None).map_err(|it| it.code()), Err("media_url_bad"));
    }
}
