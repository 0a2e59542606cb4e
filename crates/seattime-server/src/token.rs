//! Tokens: what a page may do, signed by the server.
//!
//! A visit's token is short, and beside it its page keeps the origin, which it sends where it is asked for it; or it is
//! whole, and holds both, for pages that keep none. Whole tokens and those of launches are JWTs: one algorithm, HS256,
//! whatever a token says of itself. Expiry is judged by the server's clock and not by the library, which would ask the
//! machine.

mod short;

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

/// How long a report's token is good.
pub const REPORT_LIFE_MS: i64 = 12 * HOUR_MS;

/// What tokens are for: the run face, or the app face.
const RUN: &str = "run";
const APP: &str = "app";
/// What short tokens and origins are sealed for.
const SHORT: &str = "visit token";
const ORIGIN: &str = "visit origin";

/// A kind of token.
struct Kind {
    name: &'static str,
    /// How every token of it begins: kind and algorithm, encoded. None begins in another way.
    header: &'static str,
    /// Which face takes it.
    audience: &'static str,
}

const VISIT: Kind = Kind {
    name: "seattime-visit+jwt",
    header: "eyJ0eXAiOiJzZWF0dGltZS12aXNpdCtqd3QiLCJhbGciOiJIUzI1NiJ9",
    audience: RUN,
};
const LAUNCH: Kind = Kind {
    name: "seattime-launch+jwt",
    header: "eyJ0eXAiOiJzZWF0dGltZS1sYXVuY2grand0IiwiYWxnIjoiSFMyNTYifQ",
    audience: RUN,
};
/// Content can read the token of its launch, and must not read with it what its learner did elsewhere.
const REPORT: Kind = Kind {
    name: "seattime-report+jwt",
    header: "eyJ0eXAiOiJzZWF0dGltZS1yZXBvcnQrand0IiwiYWxnIjoiSFMyNTYifQ",
    audience: APP,
};

/// How the token of a visit is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The claims alone, for pages that keep the origin: some 120 characters.
    Short,
    /// A JWT of everything, as every page got it once: some 640 characters.
    Whole,
}

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
    /// What the attempt is made again from; short tokens have none, nor do whole ones of earlier versions.
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

/// An origin, and whose it is.
#[derive(Serialize, Deserialize)]
struct OriginOf<T, O> {
    visit: T,
    #[serde(flatten)]
    origin: O,
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

/// A learner who reads their own report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportClaims {
    /// Whom the data belongs to.
    pub tenant: String,
    /// Who learns.
    pub learner: String,
}

/// The claims of each kind, and what surrounds them.
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
    /// How it is written, and how the next one is to be.
    pub form: Form,
    /// Whether it has expired, within the time of grace.
    pub is_late: bool,
    /// Whether more than half of its life is over.
    pub is_stale: bool,
}

/// Makes and reads tokens.
pub struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    key: ServerKey,
}

impl Tokens {
    /// Tokens signed with `key`.
    pub fn new(key: &ServerKey) -> Tokens {
        Tokens {
            signing: EncodingKey::from_secret(key.bytes()),
            reading: DecodingKey::from_secret(key.bytes()),
            key: key.clone(),
        }
    }

    /// A token for commits of one visit.
    pub fn for_visit(&self, claims: &VisitClaims, form: Form, now_ms: i64) -> Result<String, Problem> {
        let expires_ms = now_ms.saturating_add(VISIT_LIFE_MS);
        match form {
            Form::Short => Ok(self.key.seal(SHORT, short::written(claims, expires_ms / 1_000))),
            Form::Whole => self.sign(&VISIT, claims, expires_ms),
        }
    }

    /// The origin of a visit, for its page to keep. It is good with any token of that visit, and with no other, so that it
    /// need not expire.
    pub fn for_origin(&self, visit: &str, origin: &Origin) -> Result<String, Problem> {
        let bytes = serde_json::to_vec(&OriginOf { visit, origin }).map_err(|error| {
            tracing::error!(%error, "An origin could not be written");
            Problem::internal()
        })?;
        Ok(self.key.seal(ORIGIN, bytes))
    }

    /// Reads the origin of a visit.
    ///
    /// # Errors
    ///
    /// `origin_invalid`, also where it is another visit's.
    pub fn origin_of(&self, origin: &str, visit: &str) -> Result<Origin, Problem> {
        let bytes = self.key.unseal(ORIGIN, origin).ok_or_else(Problem::origin_invalid)?;
        let read: Option<OriginOf<String, Origin>> = serde_json::from_slice(&bytes).ok();
        let own = read.filter(|it| it.visit == visit);
        Ok(own.ok_or_else(Problem::origin_invalid)?.origin)
    }

    /// A token that opens visits under one launch.
    pub fn for_launch(&self, claims: &LaunchClaims, now_ms: i64) -> Result<String, Problem> {
        self.sign(&LAUNCH, claims, now_ms.saturating_add(LAUNCH_LIFE_MS))
    }

    /// A token that opens a learner's own report.
    pub fn for_report(&self, claims: &ReportClaims, now_ms: i64) -> Result<String, Problem> {
        self.sign(&REPORT, claims, now_ms.saturating_add(REPORT_LIFE_MS))
    }

    /// Reads the token of a report.
    ///
    /// # Errors
    ///
    /// `token_missing`, `token_invalid` or `token_expired`.
    pub fn report_of(&self, token: &str, now_ms: i64) -> Result<ReportClaims, Problem> {
        let (claims, expires_ms) = self.read::<ReportClaims>(&REPORT, token)?;
        if now_ms > expires_ms { Err(Problem::token_expired()) } else { Ok(claims) }
    }

    /// Reads a visit's token.
    ///
    /// # Errors
    ///
    /// `token_missing`, `token_invalid`, or `token_expired` once the time of grace is over as well.
    pub fn visit_of(&self, token: &str, now_ms: i64) -> Result<VisitToken, Problem> {
        // Every whole token begins like this, and no short one, whose first bits say of it what it is.
        let form = if token.starts_with("eyJ") { Form::Whole } else { Form::Short };
        let (claims, expires_ms) = match form {
            Form::Short => self.read_short(token)?,
            Form::Whole => self.read::<VisitClaims>(&VISIT, token)?,
        };
        if now_ms > expires_ms.saturating_add(VISIT_GRACE_MS) {
            return Err(Problem::token_expired());
        }
        let is_stale = now_ms > expires_ms.saturating_sub(VISIT_LIFE_MS / 2);
        Ok(VisitToken { claims, form, is_late: now_ms > expires_ms, is_stale })
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
        let envelope = Envelope { aud: kind.audience, exp: expires_ms / 1_000, claims };
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

    fn read_short(&self, token: &str) -> Result<(VisitClaims, i64), Problem> {
        if token.is_empty() {
            return Err(Problem::token_missing());
        }
        let bytes = self.key.unseal(SHORT, token).ok_or_else(Problem::token_invalid)?;
        let (claims, expires_s) = short::read(&bytes).ok_or_else(Problem::token_invalid)?;
        Ok((claims, expires_s.saturating_mul(1_000)))
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
        (aud == kind.audience).then(|| (claims, exp.saturating_mul(1_000)))
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
        for kind in [VISIT, LAUNCH, REPORT] {
            let token = tokens.sign(&kind, &claims, 60_000).ok().unwrap();
            assert_eq!(token.split('.').next(), Some(kind.header), "{}", kind.name);
            let header = URL_SAFE_NO_PAD.decode(kind.header).unwrap();
            let expected = format!(r#"{{"typ":"{}","alg":"HS256"}}"#, kind.name);
            assert_eq!(String::from_utf8(header).unwrap(), expected);
        }
        let launch = tokens.sign(&LAUNCH, &claims, 60_000).ok().unwrap();
        assert_eq!(tokens.launch_of(&launch, 60_000).ok(), Some(claims));
        assert!(tokens.visit_of(&launch, 0).is_err(), "of another kind");
        assert!(tokens.report_of(&launch, 0).is_err(), "content can read it");
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
