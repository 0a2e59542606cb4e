//! The port `BlockedRequests`: which hosts browsers kept content from, so that somebody can allow them.

use serde::Serialize;

use super::Answer;

/// The most rows of one package; hosts beyond that are not kept, as a report may be invented.
pub(super) const MAX_ROWS: i64 = 100;
/// How long a row is kept after its last request, in ms.
pub(super) const KEPT_MS: i64 = 90 * 86_400_000;

/// Requests of a package's content to one host that browsers blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockedRequest {
    /// The host, as a list of allowed hosts names it: `cdn.example`, or `http://cdn.example` without encryption.
    pub host: String,
    /// The directive of the content's policy, such as `script-src`.
    pub directive: String,
    /// How many requests were reported.
    pub count: i64,
    /// When the first report came, in ms since 1970.
    pub first_ms: i64,
    /// When the last one came, in ms since 1970.
    pub last_ms: i64,
}

/// The requests of content that browsers blocked. What belongs to another tenant is not found.
pub trait BlockedRequests: Send + Sync {
    /// Adds counts to those of a tenant's package, `(host, directive, count)` each. Lost answers may count twice: the
    /// figures are a hint, and nothing is derived from them.
    fn add_blocked(
        &self,
        tenant: &str,
        package: &str,
        counts: Vec<(String, String, i64)>,
        now_ms: i64,
    ) -> Answer<'_, ()>;

    /// The rows of a tenant's package, the most frequent first.
    fn blocked_of(&self, tenant: &str, package: &str) -> Answer<'_, Vec<BlockedRequest>>;
}
