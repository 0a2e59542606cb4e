//! Tokens: what a page may do, signed by the server.
//!
//! One algorithm, HS256, whatever a token says of itself. Expiry is judged by the server's clock and
//! not by the library, which would ask the machine.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::verify;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use seattime_wire::Mode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::secret::ServerKey;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// How long a visit's token is fresh.
pub const VISIT_LIFE_MS: i64 = 30 * MINUTE_MS;
/// How long after that commits of the visit are still taken, marked late.
pub const VISIT_GRACE_MS: i64 = 30 * 24 * HOUR_MS;
/// How long a launch's token opens visits.
pub const LAUNCH_LIFE_MS: i64 = 12 * HOUR_MS;

const AUDIENCE: &str = "run";

/// A kind of token.
struct Kind {
    name: &'static str,
    /// How every token of it begins: kind and algorithm, encoded. None begins in another way.
    header: &'static str,
}

const VISIT: Kind =
    Kind { name: "seattime-visit+jwt", header: "eyJ0eXAiOiJzZWF0dGltZS12aXNpdCtqd3QiLCJhbGciOiJIUzI1NiJ9" };
const LAUNCH: Kind = Kind {
    name: "seattime-launch+jwt",
    header: "eyJ0eXAiOiJzZWF0dGltZS1sYXVuY2grand0IiwiYWxnIjoiSFMyNTYifQ",
};

/// A visit, named so fully that it can be made again from its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitClaims {
    /// Whom the data belongs to.
    pub tenant: String,
    /// Who learns.
    pub learner: String,
    /// The attempt's id.
    pub attempt: String,
    /// The visit's id.
    pub visit: String,
    /// The lease that it was opened under.
    pub lease: u32,
    /// When it was opened, in ms since 1970.
    pub opened_ms: i64,
    /// What the launch asked for.
    pub mode: Mode,
    /// What the attempt is made again from; tokens of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// What an attempt is made again from, where the database was restored from a backup that does not know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The LMS's own id of the learner.
    pub lms_id: String,
    /// The learner's name.
    pub name: String,
    /// The topic's id.
    pub topic: String,
    /// Number of the attempt; 0 where it counts for none.
    pub number: u32,
    /// Which API its values are named in; none where it is the manifest's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
}

/// A launch, for the page that it was made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchClaims {
    /// Whom the data belongs to.
    pub tenant: String,
    /// Who learns.
    pub learner: String,
    /// The launch's id.
    pub launch: String,
}

/// The claims of both kinds, and what surrounds them.
#[derive(Serialize)]
struct Envelope<C> {
    aud: &'static str,
    /// Seconds since 1970, as the standard has it.
    exp: i64,
    #[serde(flatten)]
    claims: C,
}

/// What surrounds the claims. They are read apart from it, which costs less than to keep all of it until it is known what
/// is whose.
#[derive(Deserialize)]
struct Surroundings<'a> {
    aud: &'a str,
    exp: i64,
}

/// A visit's token that was read.
#[derive(Debug, Clone)]
pub struct VisitToken {
    /// What it says.
    pub claims: VisitClaims,
    /// Whether it has expired, within the time of grace.
    pub is_late: bool,
    /// Whether more than half of its life is over.
    pub is_stale: bool,
}

/// Makes and reads tokens.
pub struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
}

impl Tokens {
    /// Tokens signed with `key`.
    pub fn new(key: &ServerKey) -> Tokens {
        Tokens {
            signing: EncodingKey::from_secret(key.bytes()),
            reading: DecodingKey::from_secret(key.bytes()),
        }
    }

    /// A token for commits of one visit.
    pub fn for_visit(&self, claims: &VisitClaims, now_ms: i64) -> Result<String, Problem> {
        self.sign(&VISIT, claims, now_ms.saturating_add(VISIT_LIFE_MS))
    }

    /// A token that opens visits under one launch.
    pub fn for_launch(&self, claims: &LaunchClaims, now_ms: i64) -> Result<String, Problem> {
        self.sign(&LAUNCH, claims, now_ms.saturating_add(LAUNCH_LIFE_MS))
    }

    /// Reads a visit's token.
    ///
    /// # Errors
    ///
    /// `token_missing`, `token_invalid`, or `token_expired` once the time of grace is over as well.
    pub fn visit_of(&self, token: &str, now_ms: i64) -> Result<VisitToken, Problem> {
        let (claims, expires_ms) = self.read::<VisitClaims>(&VISIT, token)?;
        if now_ms > expires_ms.saturating_add(VISIT_GRACE_MS) {
            return Err(Problem::token_expired());
        }
        let is_stale = now_ms > expires_ms.saturating_sub(VISIT_LIFE_MS / 2);
        Ok(VisitToken { claims, is_late: now_ms > expires_ms, is_stale })
    }

    /// Reads a launch's token.
    ///
    /// # Errors
    ///
    /// `token_missing`, `token_invalid` or `token_expired`.
    pub fn launch_of(&self, token: &str, now_ms: i64) -> Result<LaunchClaims, Problem> {
        let (claims, expires_ms) = self.read::<LaunchClaims>(&LAUNCH, token)?;
        if now_ms > expires_ms { Err(Problem::token_expired()) } else { Ok(claims) }
    }

    fn sign<C: Serialize>(&self, kind: &Kind, claims: &C, expires_ms: i64) -> Result<String, Problem> {
        let header = Header { typ: Some(kind.name.to_owned()), ..Header::new(Algorithm::HS256) };
        let envelope = Envelope { aud: AUDIENCE, exp: expires_ms / 1_000, claims };
        encode(&header, &envelope, &self.signing).map_err(|error| {
            tracing::error!(%error, "A token could not be signed");
            Problem::internal()
        })
    }

    fn read<C: DeserializeOwned>(&self, kind: &Kind, token: &str) -> Result<(C, i64), Problem> {
        if token.is_empty() {
            return Err(Problem::token_missing());
        }
        self.opened(kind, token).ok_or_else(Problem::token_invalid)
    }

    fn opened<C: DeserializeOwned>(&self, kind: &Kind, token: &str) -> Option<(C, i64)> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        if header != kind.header
            || !verify(signature, message.as_bytes(), &self.reading, Algorithm::HS256).ok()?
        {
            return None;
        }
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let Surroundings { aud, exp } = serde_json::from_slice(&payload).ok()?;
        let claims = serde_json::from_slice(&payload).ok()?;
        (aud == AUDIENCE).then(|| (claims, exp.saturating_mul(1_000)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages hold tokens that were signed before the server was upgraded.
    #[test]
    fn a_token_begins_with_the_header_that_is_looked_for() {
        let tokens = Tokens::new(&ServerKey::from_hex(&"5a".repeat(32)).unwrap());
        let claims = LaunchClaims { tenant: "t".into(), learner: "l".into(), launch: "n".into() };
        for kind in [VISIT, LAUNCH] {
            let token = tokens.sign(&kind, &claims, 60_000).ok().unwrap();
            assert_eq!(token.split('.').next(), Some(kind.header), "{}", kind.name);
            let header = URL_SAFE_NO_PAD.decode(kind.header).unwrap();
            let expected = format!(r#"{{"typ":"{}","alg":"HS256"}}"#, kind.name);
            assert_eq!(String::from_utf8(header).unwrap(), expected);
        }
        let launch = tokens.sign(&LAUNCH, &claims, 60_000).ok().unwrap();
        assert_eq!(tokens.launch_of(&launch, 60_000).ok(), Some(claims));
        assert!(tokens.visit_of(&launch, 0).is_err(), "of another kind");
        let other = Tokens::new(&ServerKey::from_hex(&"5b".repeat(32)).unwrap());
        assert!(other.launch_of(&launch, 0).is_err(), "of another key");
        let (rest, _) = launch.rsplit_once('.').unwrap();
        for forged in
            [rest, &format!("{rest}."), &format!("{launch}."), &format!(".{launch}"), ".", "..", "a.b.c"]
        {
            assert!(tokens.launch_of(forged, 0).is_err(), "{forged}");
        }
    }
}
