//! Names of entries: decoded, and made plain relative paths.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;
use unicode_normalization::UnicodeNormalization;

/// Characters of code page 437 from 0x80 on: the encoding of names that declare no other.
const CODE_PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
                             αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// A path without its case and Unicode normal form, and without empty and `.` parts.
///
/// Two paths that are equal so are one file on the disks of Windows and macOS.
pub fn folded(path: &str) -> String {
    let mut folded = String::with_capacity(path.len());
    for part in path.split(['/', '\\']).filter(|it| !it.is_empty() && *it != ".") {
        if !folded.is_empty() {
            folded.push('/');
        }
        folded.extend(part.nfc().flat_map(char::to_lowercase).nfc());
    }
    folded
}

/// An old encoding of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodePage {
    /// Code page 437: the ZIP format's own.
    Dos,
    /// Windows-1252.
    Windows,
}

impl CodePage {
    /// The code page in which these names have more letters; code page 437 where they have as many.
    ///
    /// The accented letters of one are frames and symbols in the other.
    pub(crate) fn likely<'a>(names: impl Iterator<Item = &'a [u8]>) -> CodePage {
        let (mut dos, mut windows) = (0_usize, 0_usize);
        for byte in names.flatten() {
            match byte {
                0x80..=0x9a | 0xa0..=0xa5 => dos += 1,
                0xc0..=0xd6 | 0xd8..=0xf6 | 0xf8..=0xff => windows += 1,
                _ => {}
            }
        }
        if windows > dos { CodePage::Windows } else { CodePage::Dos }
    }

    pub(crate) const fn other(self) -> CodePage {
        match self {
            CodePage::Dos => CodePage::Windows,
            CodePage::Windows => CodePage::Dos,
        }
    }

    pub(crate) fn decode(self, bytes: &[u8]) -> String {
        match self {
            CodePage::Windows => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
            CodePage::Dos => bytes.iter().map(|it| dos_character(*it)).collect(),
        }
    }
}

fn dos_character(byte: u8) -> char {
    let high = byte.checked_sub(0x80);
    high.and_then(|it| CODE_PAGE_437.chars().nth(usize::from(it))).unwrap_or(char::from(byte))
}

/// A name as a path: its parts, and in which ways it was not plain.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    /// Relative, with `/` between the parts; empty where the name is that of the root.
    pub(crate) path: String,
    pub(crate) is_folder: bool,
    pub(crate) had_backslashes: bool,
    /// It had empty or `.` parts.
    pub(crate) had_idle_parts: bool,
}

/// Makes a name a plain path; nothing where it is absolute, leads out of the package, or holds a NUL.
pub(crate) fn plain(name: &str) -> Option<Plain> {
    let had_backslashes = name.contains('\\');
    let name = if had_backslashes { Cow::Owned(name.replace('\\', "/")) } else { Cow::Borrowed(name) };
    let has_drive = matches!(name.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic());
    if name.starts_with('/') || has_drive || name.contains('\0') {
        return None;
    }
    let is_folder = name.is_empty() || name.ends_with('/') || name.ends_with("/.") || name == ".";
    let whole = name.strip_suffix('/').unwrap_or(&name);
    let mut parts = Vec::new();
    let mut had_idle_parts = name.is_empty();
    for part in whole.split('/') {
        match part {
            ".." => return None,
            "" | "." => had_idle_parts = true,
            part => parts.push(part),
        }
    }
    Some(Plain { path: parts.join("/"), is_folder, had_backslashes, had_idle_parts })
}

/// Returns true if Windows cannot store a file of this path.
pub(crate) fn is_odd_on_windows(path: &str) -> bool {
    const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
    path.split('/').any(|part| {
        let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
        let is_port =
            matches!(stem.as_bytes(), [b'c', b'o', b'm', b'1'..=b'9'] | [b'l', b'p', b't', b'1'..=b'9']);
        part.contains(|it: char| it.is_control() || "<>:\"|?*".contains(it))
            || part.ends_with(['.', ' '])
            || part.len() > 255
            || is_port
            || DEVICES.contains(&stem.as_str())
    })
}

/// Returns true if an operating system left this file behind: no course needs it.
pub(crate) fn is_leftover(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.starts_with("__MACOSX/")
        || name.starts_with("._")
        || matches!(name, "Icon\r" | ".DS_Store")
        || name.eq_ignore_ascii_case("thumbs.db")
        || name.eq_ignore_ascii_case("desktop.ini")
}

#[cfg(test)]
mod tests {
    use super::{CodePage, folded, is_odd_on_windows, plain};

    #[test]
    fn a_name_is_a_plain_path_or_unsafe() {
        #[rustfmt::skip]
        let cases = [
            // name              path               why it is here
            ("a/b c/ü.html",     Some("a/b c/ü.html")),
            ("CON",              Some("CON")),    // only Windows dislikes it
            ("a./b .",           Some("a./b .")),
            ("..a/b..",          Some("..a/b..")),
            ("\u{202e}lmth.a",   Some("\u{202e}lmth.a")), // shown escaped
            ("./a",              Some("a")),
            (".//././a",         Some("a")),
            ("a//b",             Some("a/b")),
            ("a/./b",            Some("a/b")),
            ("a\\b",             Some("a/b")),
            (".\\a\\\\b",        Some("a/b")),
            ("10:30.png",        Some("10:30.png")),
            ("a/c:x",            Some("a/c:x")),
            ("Icon\r",           Some("Icon\r")),
            ("./",               Some("")),
            (".",                Some("")),
            ("",                 Some("")),
            ("../../x",          None),
            ("a/../../b",        None),
            ("a/../b",           None),
            ("..\\x",            None),
            ("./../x",           None),
            ("/etc/x",           None),
            ("\\etc\\x",         None),
            ("//host/x",         None),
            ("C:\\x",            None),
            ("C:x",              None),
            ("a\0.html",         None),
        ];
        for (name, expected) in cases {
            assert_eq!(plain(name).map(|it| it.path).as_deref(), expected, "name: {name:?}");
        }
        let is_folder = |name: &str| plain(name).is_some_and(|it| it.is_folder);
        assert!(
            is_folder("a/") && is_folder("a\\") && is_folder("./") && is_folder("a/.") && !is_folder("a")
        );
    }

    #[test]
    fn a_name_that_windows_cannot_store_is_known() {
        for name in ["10:30.png", "a?.html", "Icon\r", "con", "x/NUL.txt", "a./b", "a ", "com1.js"] {
            assert!(is_odd_on_windows(name), "{name:?}");
        }
        for name in ["a.html", ".hidden", "console.js", "com.js", "com10.js", "a b/ü.png"] {
            assert!(!is_odd_on_windows(name), "{name:?}");
        }
    }

    #[test]
    fn names_are_folded_by_case_and_normal_form() {
        for (a, b) in [
            ("Index.HTML", "index.html"),
            ("Ku\u{308}che.png", "K\u{fc}che.png"),
            ("KU\u{308}CHE.png", "k\u{fc}che.png"),
            ("a//./b", "a/b"),
            ("a\\b", "a/b"),
            ("\u{1e9b}\u{323}", "\u{1e9b}\u{323}"),
        ] {
            assert_eq!(folded(a), folded(b), "{a:?} {b:?}");
        }
        assert_ne!(folded("a.html"), folded("b.html"));
        assert_ne!(folded("a/b"), folded("ab"));
    }

    /// Ground truth: Python's own codecs `cp437` and `cp1252`.
    #[test]
    fn old_code_pages_are_told_apart_by_their_letters() {
        #[rustfmt::skip]
        let cases = [
            (b"K\x81che.png".as_slice(),          "Küche.png",   CodePage::Dos),
            (b"K\xfcche.png",                     "Küche.png",   CodePage::Windows),
            (b"\x8eg\x84is \x90t\x82 \xa4.png",   "Ägäis Été ñ.png", CodePage::Dos),
            (b"\xc9t\xe9 \xf1 \xdf.png",          "Été ñ ß.png", CodePage::Windows),
            (b"gr\x94\xe1e.png",                  "größe.png",   CodePage::Dos), // ß is a letter of both
        ];
        for (bytes, name, page) in cases {
            assert_eq!(CodePage::likely([bytes].into_iter()), page, "{name}");
            assert_eq!(page.decode(bytes), name);
        }
        let last: String = CodePage::Dos.decode(&[0x7f, 0x80, 0xe1, 0xfe, 0xff]);
        assert_eq!(last, "\u{7f}Çß■\u{a0}");
    }
}
