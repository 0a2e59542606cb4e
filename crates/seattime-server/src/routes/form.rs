//! Forms with files: `multipart/form-data` as RFC 7578 has it, of a body that is there as a whole.

use std::collections::BTreeMap;

use axum::body::Bytes;

/// The fields of a form, by name.
#[derive(Debug, Default)]
pub(crate) struct Form(BTreeMap<String, Bytes>);

impl Form {
    /// Reads a body; nothing where it is cut off, or a field comes twice.
    pub(crate) fn parse(body: Bytes, boundary: &str) -> Option<Form> {
        let first = format!("--{boundary}");
        let between = format!("\r\n--{boundary}");
        let mut at = find(&body, first.as_bytes(), 0)? + first.len();
        let mut fields = BTreeMap::new();
        loop {
            match body.get(at..at + 2)? {
                b"--" => return Some(Form(fields)),
                b"\r\n" => at += 2,
                _ => return None,
            }
            let head_end = find(&body, b"\r\n\r\n", at)?;
            let name = name(std::str::from_utf8(body.get(at..head_end)?).ok()?)?;
            let start = head_end + 4;
            let end = find(&body, between.as_bytes(), start)?;
            if fields.insert(name, body.slice(start..end)).is_some() {
                return None;
            }
            at = end + between.len();
        }
    }

    /// A file; none where the field is missing or empty.
    pub(crate) fn file(&mut self, name: &str) -> Option<Bytes> {
        self.0.remove(name).filter(|it| !it.is_empty())
    }

    /// A text, without white space around it; none where the field is missing or empty.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.file(name)?).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

/// The boundary that a content type names, where it is one of a form.
pub(crate) fn boundary(kind: &str) -> Option<String> {
    let (kind, parameters) = kind.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = parameters.split(';').filter_map(|it| it.trim().split_once('='));
    let boundary = named.into_iter().find(|it| it.0.eq_ignore_ascii_case("boundary"))?.1.trim_matches('"');
    (1..=70).contains(&boundary.len()).then(|| boundary.to_owned())
}

/// The name of a field, from the lines before it.
fn name(head: &str) -> Option<String> {
    let lines = head.lines().filter_map(|it| it.split_once(':'));
    let (_, value) = lines.into_iter().find(|it| it.0.trim().eq_ignore_ascii_case("content-disposition"))?;
    let named = value.split(';').filter_map(|it| it.trim().split_once('='));
    Some(named.into_iter().find(|it| it.0 == "name")?.1.trim_matches('"').to_owned())
}

/// Where `sought` comes first in `bytes`, from `at` on.
fn find(bytes: &[u8], sought: &[u8], at: usize) -> Option<usize> {
    let (lead, rest) = sought.split_first()?;
    let mut at = at;
    loop {
        // Files are long and have the first byte seldom: most of the way is one search for it.
        at += bytes.get(at..)?.iter().position(|it| it == lead)?;
        if bytes.get(at + 1..at + sought.len())? == rest {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Option<Form> {
        Form::parse(Bytes::copy_from_slice(body.as_bytes()), "X")
    }

    /// RFC 7578.
    #[test]
    fn a_form_is_read_as_the_rfc_says() {
        let mut form = parsed(
            "--X\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n A film \r\n--X\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"a;b.webm\"\r\nContent-Type: video/webm\r\n\r\n\
             \r\n--Y\r\n-\r\n--X\r\nContent-Disposition: form-data; name=\"none\"\r\n\r\n\r\n--X--\r\n",
        )
        .unwrap();
        assert_eq!(form.text("title").as_deref(), Some("A film"));
        assert_eq!(form.file("file").as_deref(), Some(b"\r\n--Y\r\n-".as_slice()));
        assert_eq!((form.text("none"), form.text("missing")), (None, None));
    }

    #[test]
    fn a_form_that_is_cut_off_or_says_a_thing_twice_is_none() {
        let field = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        let whole = format!("{field}--X--");
        assert!(parsed(&whole).is_some());
        for cut in 0..whole.len() {
            assert!(parsed(whole.get(..cut).unwrap()).is_none(), "{cut}");
        }
        assert!(parsed(&format!("{field}{field}--X--")).is_none());
        assert!(
            parsed("--X\r\nContent-Type: text/plain\r\n\r\n1\r\n--X--").is_none(),
            "a field without a name"
        );
    }

    #[test]
    fn the_boundary_is_the_one_that_is_named() {
        assert_eq!(boundary("multipart/form-data; boundary=abc").as_deref(), Some("abc"));
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a-b\"").as_deref(), Some("a-b"));
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary("application/json; boundary=abc"), None);
    }
}
