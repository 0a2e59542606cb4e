//! TLS on the way to PostgreSQL: what the address asks for, and why it did not come about.
//!
//! | setting | what it does |
//! |---|---|
//! | `sslmode=disable` | no TLS |
//! | `sslmode=prefer` | TLS where the database has it; then its certificate is checked too |
//! | `sslmode=require`, `verify-ca`, `verify-full` | TLS or nothing, and the certificate is checked, host name and all |
//! | `sslrootcert=FILE` | whose certificates are trusted, in place of those that the machine trusts |
//! | `sslrootcert=system` | those that the machine trusts, as without it |
//! | `sslcert=FILE`, `sslkey=FILE` | our own certificate, and its key, for a database that asks for one |
//!
//! Without `sslmode`, TLS is required wherever the way leaves this machine, or certificates are named.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;

/// What an address asks for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wanted {
    /// Whether TLS is used, where the address says so.
    pub(super) mode: Option<SslMode>,
    roots: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

impl Wanted {
    /// The address without what the client does not know, and what it asks for.
    ///
    /// # Errors
    ///
    /// Says which setting is wrong.
    pub(super) fn of(url: &str) -> Result<(String, Wanted), String> {
        let Some((place, settings)) = url.split_once('?') else {
            return Ok((url.to_owned(), Wanted::default()));
        };
        let (mut kept, mut wanted) = (Vec::new(), Wanted::default());
        for setting in settings.split('&') {
            match setting.split_once('=') {
                Some(("sslmode", mode)) => wanted.mode = Some(self::mode(mode)?),
                Some(("sslrootcert", "system")) => wanted.roots = None,
                Some(("sslrootcert", file)) => wanted.roots = Some(file.to_owned()),
                Some(("sslcert", file)) => wanted.certificate = Some(file.to_owned()),
                Some(("sslkey", file)) => wanted.key = Some(file.to_owned()),
                _ => kept.push(setting),
            }
        }
        // Whoever names certificates wants them looked at.
        if settings.contains("sslrootcert=") || settings.contains("sslcert=") {
            wanted.mode.get_or_insert(SslMode::Require);
        }
        Ok((if kept.is_empty() { place.to_owned() } else { format!("{place}?{}", kept.join("&")) }, wanted))
    }

    /// A client that asks for it.
    ///
    /// # Errors
    ///
    /// Says which file cannot be used.
    pub(super) fn client(&self) -> Result<ClientConfig, String> {
        let mut trusted = RootCertStore::empty();
        if let Some(file) = &self.roots {
            for certificate in certificates("sslrootcert", file)? {
                trusted.add(certificate).map_err(|error| unusable("sslrootcert", file, &error))?;
            }
        } else {
            trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|it| it.to_string())?
            .with_root_certificates(trusted);
        match (&self.certificate, &self.key) {
            (None, None) => Ok(client.with_no_client_auth()),
            (Some(certificate), Some(key)) => {
                let chain = certificates("sslcert", certificate)?;
                let read = PrivateKeyDer::from_pem_file(Path::new(key));
                let read = read.map_err(|error| unusable("sslkey", key, &error))?;
                client.with_client_auth_cert(chain, read).map_err(|error| unusable("sslkey", key, &error))
            }
            _ => Err("one of sslcert=FILE and sslkey=FILE; expected both, or neither".to_owned()),
        }
    }
}

fn mode(word: &str) -> Result<SslMode, String> {
    match word {
        "disable" => Ok(SslMode::Disable),
        "prefer" => Ok(SslMode::Prefer),
        "require" | "verify-ca" | "verify-full" => Ok(SslMode::Require),
        other => Err(format!(
            "sslmode={other}; expected disable, prefer, require, verify-ca or verify-full; use verify-full to be safe"
        )),
    }
}

fn certificates(setting: &str, file: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_file_iter(Path::new(file)).and_then(Iterator::collect);
    let found: Vec<_> =
        found.map_err(|error: rustls::pki_types::pem::Error| unusable(setting, file, &error))?;
    if found.is_empty() { Err(unusable(setting, file, &"there is none in it")) } else { Ok(found) }
}

fn unusable(setting: &str, file: &str, reason: &dyn std::fmt::Display) -> String {
    let what = if setting == "sslkey" { "the private key of sslcert" } else { "certificates" };
    format!("{setting}={file}: {reason}; expected {what}, as PEM, that this user may read")
}

/// What was found, what was expected and what to do, where TLS did not come about.
pub(super) fn explained(error: &tokio_postgres::Error) -> Option<String> {
    let Some(refusal) = refusal(error) else {
        let has_none = error.source().is_some_and(|it| it.to_string() == "server does not support TLS");
        return has_none.then(|| {
            "the database has no TLS; expected it, as sslmode=require and verify-full do, and every address of \
             another machine; set ssl = on there, or say sslmode=disable where nobody else is on the way"
                .to_owned()
        });
    };
    Some(match refusal {
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { expected, presented }) => {
            format!(
                "the database's certificate is for {}; expected {}; use a host that it is for, or give the \
                 database a certificate for this one",
                presented.join(", "),
                expected.to_str(),
            )
        }
        // The latter is another authority of the same name, such as one that was made anew.
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "nobody who is trusted here signed the database's certificate; expected an authority of sslrootcert, \
             or without it of this machine; name the certificate of the right one with sslrootcert=FILE"
                .to_owned()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => format!("{refusal}; expected one that is valid now; renew it, or set this machine's clock"),
        rustls::Error::InvalidCertificate(reason) => format!(
            "the database's certificate cannot be used: {reason}; expected one for a server, that is no authority \
             itself; have one signed, and name its authority with sslrootcert=FILE"
        ),
        rustls::Error::AlertReceived(alert) => format!(
            "the database ended TLS: {alert:?}; expected that it takes our certificate; name one that it trusts with \
             sslcert=FILE and sslkey=FILE"
        ),
        other => format!("{other}; expected TLS 1.2 or 1.3; look at ssl_min_protocol_version and ssl_ciphers there"),
    })
}

/// Whether one side refused the other, which it would do again.
pub(super) fn is_refused(error: &tokio_postgres::Error) -> bool {
    refusal(error).is_some()
}

/// What TLS itself said, which the way there wraps as a failure of its own.
fn refusal(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    let mut source = error.source();
    while let Some(it) = source {
        let inner = it.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(refusal) = inner.and_then(|it| it.downcast_ref::<rustls::Error>()) {
            return Some(refusal);
        }
        source = it.source();
    }
    None
}

#[cfg(test)]
mod tests;
