//! Reports of browsers on requests of content that the policy blocked: counted in memory, and kept now and then.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::content_policy::Grant;
use super::sent::Reported;
use crate::app::App;
use crate::error::Problem;
use crate::hosts::is_host_source;

/// The most kinds of requests that are counted between two times that they are kept; others are dropped.
const MAX_COUNTED: usize = 2_000;

/// The directives that a report may name, without `-elem` and `-attr`.
const DIRECTIVES: &[&str] = &[
    "base-uri",
    "child-src",
    "connect-src",
    "default-src",
    "font-src",
    "form-action",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "object-src",
    "prefetch-src",
    "script-src",
    "style-src",
    "worker-src",
];

/// A report, as browsers send it to the address in `report-uri`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    csp_report: Violation,
}

/// Source: Content Security Policy Level 3, *Deprecated serialize violation*.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Violation {
    blocked_uri: String,
    #[serde(default)]
    effective_directive: String,
    #[serde(default)]
    violated_directive: String,
}

/// Tenant, package, host and directive.
type Key = (String, String, String, String);

/// Reports that are not kept yet.
#[derive(Default)]
pub(crate) struct Counted(Mutex<BTreeMap<Key, i64>>);

impl Counted {
    fn add(&self, key: Key) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() < MAX_COUNTED || counts.contains_key(&key) {
            let count = counts.entry(key).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn take(&self) -> BTreeMap<Key, i64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes a browser's report: `POST /run/v1/blocked/{grant}/{package}`, with the grant of the content's own address.
/// Browsers send it without anything else that could say whose it is. It says only what learners' browsers could make
/// up, so nothing but counts of host names comes of it, and a package has a bounded number of them.
///
/// # Errors
///
/// 400 `bad_json`; 404 where the grant is wrong; 413 above 16 KiB.
pub(crate) async fn post_blocked(
    State(app): State<App>,
    Path((sealed, package)): Path<(String, String)>,
    Reported(body): Reported,
) -> Result<StatusCode, Problem> {
    let grant = Grant::unseal(&app, &package, &sealed).ok_or_else(|| Problem::not_found("package"))?;
    let Report { csp_report: it } =
        serde_json::from_slice(&body).map_err(|error| Problem::bad_json(&error))?;
    let named =
        if it.effective_directive.is_empty() { &it.violated_directive } else { &it.effective_directive };
    if let (Some(tenant), Some(host), Some(directive)) =
        (grant.tenant, host(&it.blocked_uri), directive(named))
    {
        app.blocked.add((tenant, package, host, directive.to_owned()));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The host of an address, as a list of allowed hosts names it; none where nothing could be allowed by its host.
fn host(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
    let (host, prefix) = match scheme {
        "https" | "wss" => (host.strip_suffix(":443").unwrap_or(&host).to_owned(), ""),
        "http" | "ws" => (host.strip_suffix(":80").unwrap_or(&host).to_owned(), "http://"),
        _ => return None,
    };
    let is_one = is_host_source(&host) && !host.starts_with('*');
    is_one.then(|| format!("{prefix}{host}"))
}

/// The directive that a report names; browsers of some years ago add its sources.
fn directive(named: &str) -> Option<&'static str> {
    let name = named.split(' ').next()?;
    let name = name.strip_suffix("-elem").or_else(|| name.strip_suffix("-attr")).unwrap_or(name);
    DIRECTIVES.iter().find(|it| **it == name).copied()
}

impl App {
    /// Keeps the reports that were counted; those that cannot be kept now are dropped, with a line in the log.
    pub(crate) async fn keep_blocked(&self) {
        let mut by_package: BTreeMap<(String, String), Vec<(String, String, i64)>> = BTreeMap::new();
        for ((tenant, package, host, directive), count) in self.blocked.take() {
            by_package.entry((tenant, package)).or_default().push((host, directive, count));
        }
        if by_package.is_empty() {
            return;
        }
        let now_ms = self.now_ms().await;
        for ((tenant, package), counts) in by_package {
            let kept = self.store.blocked().add_blocked(&tenant, &package, counts, now_ms);
            if let Err(error) = kept.await {
                tracing::warn!(%error, package, "Reports of blocked requests could not be kept");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_address_is_kept_as_the_host_that_a_list_would_name() {
        #[rustfmt::skip]
        let cases = [
            ("https://cdn.example/lib.js?x#y",     Some("cdn.example")),
            ("https://CDN.example:443/",           Some("cdn.example")),
            ("https://cdn.example:8443",           Some("cdn.example:8443")),
            ("wss://live.example/socket",          Some("live.example")),
            ("http://media.example:80/film.mp4",   Some("http://media.example")),
            ("ws://127.0.0.1:9/",                  Some("http://127.0.0.1:9")),
            ("inline",                             None),
            ("eval",                               None),
            ("data",                               None),
            ("blob:https://cdn.example/1",         None),
            ("chrome-extension://abcdef/x.js",     None),
            ("https://[::1]/x",                    None),
            ("https://user@cdn.example/",          None),
            ("https://*.example.com/<script>",     None),
            ("https://a b/",                       None),
            ("",                                   None),
        ];
        for (uri, expected) in cases {
            assert_eq!(host(uri).as_deref(), expected, "{uri}");
        }
    }

    #[test]
    fn directives_are_those_that_there_are() {
        #[rustfmt::skip]
        let cases = [
            ("script-src-elem",                    Some("script-src")),
            ("style-src-attr",                     Some("style-src")),
            ("img-src",                            Some("img-src")),
            ("default-src 'self' data: blob:",     Some("default-src")),
            ("frame-ancestors",                    None),
            ("<b>",                                None),
            ("",                                   None),
        ];
        for (named, expected) in cases {
            assert_eq!(directive(named), expected, "{named}");
        }
    }

    #[test]
    fn counts_in_memory_have_a_bound() {
        let counted = Counted::default();
        let key = |n: usize| ("t".to_owned(), "p".to_owned(), format!("h{n}.example"), "img-src".to_owned());
        for n in 0..MAX_COUNTED + 5 {
            counted.add(key(n));
        }
        counted.add(key(0));
        let counts = counted.take();
        assert_eq!((counts.len(), counts[&key(0)], counts.get(&key(MAX_COUNTED))), (MAX_COUNTED, 2, None));
        assert!(counted.take().is_empty());
    }
}
