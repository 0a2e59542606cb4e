//! The rules that content is sent under: the hosts it may use, the pages that may show it, and its type.

use axum::http::HeaderValue;

use crate::app::App;
use crate::hosts::{EmbedOrigins, ExternalHosts};

const PURPOSE: &str = "content";
/// The players that the run-time can follow, in frames: allowed whatever the policy is.
const PLAYERS: &str = "https://www.youtube.com https://www.youtube-nocookie.com https://player.vimeo.com";
/// Between tenant and hosts.
const BREAK: char = '\0';

/// A right to read the files of one package, as a part of their address. It carries the policy of the course, so that a
/// file needs no look-up, and a change of the policy changes the address and no browser applies an old one from its cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Whose visit it was made for; none in addresses of earlier versions.
    pub(crate) tenant: Option<String>,
    /// The hosts that the content may use.
    pub(crate) hosts: ExternalHosts,
}

impl Grant {
    /// The part of an address that only the server can make.
    pub(crate) fn seal(&self, app: &App, package: &str) -> String {
        let tenant = self.tenant.as_deref().unwrap_or_default();
        app.key.seal(&purpose(package), format!("{tenant}{BREAK}{}", self.hosts).into_bytes())
    }

    /// Reads that part; none where it was not made for this package.
    pub(crate) fn unseal(app: &App, package: &str, sealed: &str) -> Option<Grant> {
        // A page that was opened under an earlier version goes on.
        if app.key.verify(PURPOSE, package, sealed) {
            return Some(Grant { tenant: None, hosts: app.config.external_hosts.clone() });
        }
        let text = String::from_utf8(app.key.unseal(&purpose(package), sealed)?).ok()?;
        let (tenant, hosts) = text.split_once(BREAK)?;
        Some(Grant { tenant: Some(tenant.to_owned()), hosts: hosts.parse().ok()? })
    }
}

fn purpose(package: &str) -> String {
    format!("{PURPOSE} {package}")
}

/// The Content-Security-Policy of a package's files. Real courses use inline scripts and `eval`. A worker is always of
/// the package, and forms go to hosts that are named one by one alone.
pub(crate) fn policy(
    hosts: &ExternalHosts,
    embedding: &EmbedOrigins,
    report: Option<&str>,
) -> Option<HeaderValue> {
    let sources = hosts.sources();
    let forms = if *hosts == ExternalHosts::Https { "" } else { &*sources };
    let report = report.map_or(String::new(), |it| format!("; report-uri {it}"));
    let text = format!(
        "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'{sources}; \
         worker-src 'self' data: blob:; frame-src 'self' data: blob: {PLAYERS}{sources}; \
         base-uri 'self'; form-action 'self'{forms}{}{report}",
        embedding.directive()
    );
    HeaderValue::from_str(&text).ok()
}

/// Answers without `X-Content-Type-Options: nosniff`, as a plain web server does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaySniff;
