//! Forms with files: `multipart/form-data` (RFC 7578), read whole before anything is kept.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::Bytes;
use futures_util::stream;
use multer::Multipart;

/// The fields of a form, by name.
#[derive(Debug, Default)]
pub(crate) struct Form(BTreeMap<String, Bytes>);

impl Form {
    /// Reads a body. Returns [`None`] if it is cut off, has a field without a name, or a field twice.
    pub(crate) async fn parse(body: Bytes, boundary: &str) -> Option<Form> {
        let whole = stream::once(async { Ok::<_, Infallible>(body) });
        let mut parts = Multipart::new(whole, boundary);
        let mut fields = BTreeMap::new();
        while let Some(field) = parts.next_field().await.ok()? {
            let name = field.name()?.to_owned();
            if fields.insert(name, field.bytes().await.ok()?).is_some() {
                return None;
            }
        }
        Some(Form(fields))
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn parsed(body: &str) -> Option<Form> {
        Form::parse(Bytes::copy_from_slice(body.as_bytes()), "X").await
    }

    /// RFC 7578.
    #[tokio::test]
    async fn a_form_is_read_as_the_rfc_says() {
        let mut form = parsed(
            "--X\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n A film \r\n--X\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"a;b.webm\"\r\nContent-Type: video/webm\r\n\r\n\
             \r\n--Y\r\n-\r\n--X\r\nContent-Disposition: form-data; name=\"none\"\r\n\r\n\r\n--X--\r\n",
        )
        .await
        .unwrap();
        assert_eq!(form.text("title").as_deref(), Some("A film"));
        assert_eq!(form.file("file").as_deref(), Some(b"\r\n--Y\r\n-".as_slice()));
        assert_eq!((form.text("none"), form.text("missing")), (None, None));
    }

    #[tokio::test]
    async fn a_form_that_is_cut_off_or_says_a_thing_twice_is_none() {
        let field = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        let whole = format!("{field}--X--");
        assert!(parsed(&whole).await.is_some());
        for cut in 0..whole.len() {
            assert!(parsed(whole.get(..cut).unwrap()).await.is_none(), "{cut}");
        }
        assert!(parsed(&format!("{field}{field}--X--")).await.is_none());
        assert!(
            parsed("--X\r\nContent-Type: text/plain\r\n\r\n1\r\n--X--").await.is_none(),
            "a field without a name"
        );
    }
}
