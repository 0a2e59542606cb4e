//! Tokens: what a page may do, signed by the server.
//!
//! One algorithm, HS256, whatever a token says of itself. Expiry is judged by the server's clock and
//! not by the library, which would ask the machine.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use seattime_wire::Mode;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

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
const VISIT_TYPE: &str = "seattime-visit+jwt";
const LAUNCH_TYPE: &str = "seattime-launch+jwt";

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

/// An [`Envelope`] that is read: first one half of it, then the other, which costs less than to keep all of it until it
/// is known what is whose.
struct Opened<C> {
    exp: i64,
    claims: C,
}

impl<'de, C: DeserializeOwned> Deserialize<'de> for Opened<C> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Opened<C>, D::Error> {
        #[derive(Deserialize)]
        struct Expiry {
            exp: i64,
        }
        let text = Box::<RawValue>::deserialize(from)?;
        let Expiry { exp } = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        let claims = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        Ok(Opened { exp, claims })
    }
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
    validation: Validation,
}

impl Tokens {
    /// Tokens signed with `key`.
    pub fn new(key: &ServerKey) -> Tokens {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud"]);
        validation.validate_exp = false; // Judged below, by the server's clock.
        validation.leeway = 0;
        Tokens {
            signing: EncodingKey::from_secret(key.bytes()),
            reading: DecodingKey::from_secret(key.bytes()),
            validation,
        }
    }

    /// A token for commits of one visit.
    pub fn for_visit(&self, claims: &VisitClaims, now_ms: i64) -> Result<String, Problem> {
        self.sign(VISIT_TYPE, claims, now_ms.saturating_add(VISIT_LIFE_MS))
    }

    /// A token that opens visits under one launch.
    pub fn for_launch(&self, claims: &LaunchClaims, now_ms: i64) -> Result<String, Problem> {
        self.sign(LAUNCH_TYPE, claims, now_ms.saturating_add(LAUNCH_LIFE_MS))
    }

    /// Reads a visit's token.
    ///
    /// # Errors
    ///
    /// `token_missing`, `token_invalid`, or `token_expired` once the time of grace is over as well.
    pub fn visit_of(&self, token: &str, now_ms: i64) -> Result<VisitToken, Problem> {
        let (claims, expires_ms) = self.read::<VisitClaims>(VISIT_TYPE, token)?;
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
        let (claims, expires_ms) = self.read::<LaunchClaims>(LAUNCH_TYPE, token)?;
        if now_ms > expires_ms { Err(Problem::token_expired()) } else { Ok(claims) }
    }

    fn sign<C: Serialize>(&self, kind: &str, claims: &C, expires_ms: i64) -> Result<String, Problem> {
        let header = Header { typ: Some(kind.to_owned()), ..Header::new(Algorithm::HS256) };
        let envelope = Envelope { aud: AUDIENCE, exp: expires_ms / 1_000, claims };
        encode(&header, &envelope, &self.signing).map_err(|error| {
            tracing::error!(%error, "A token could not be signed");
            Problem::internal()
        })
    }

    fn read<C: DeserializeOwned>(&self, kind: &str, token: &str) -> Result<(C, i64), Problem> {
        if token.is_empty() {
            return Err(Problem::token_missing());
        }
        let read = decode::<Opened<C>>(token, &self.reading, &self.validation);
        match read {
            Ok(read) if read.header.typ.as_deref() == Some(kind) => {
                Ok((read.claims.claims, read.claims.exp.saturating_mul(1_000)))
            }
            _ => Err(Problem::token_invalid()),
        }
    }
}
