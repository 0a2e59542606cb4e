//! The way to PostgreSQL: its address, TLS, and connections that are kept.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod, Runtime};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::driver::Driver;
use crate::error::StartError;

/// So many connections a server keeps beside those that write commits, of which each writer has one.
const CONNECTIONS: usize = 8;
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const MANAGED: ManagerConfig = ManagerConfig { recycling_method: RecyclingMethod::Fast };
/// How long a connection may be silent on the wire before it is given up.
const SILENCE: Duration = Duration::from_secs(10);

/// An address as it may be shown: without user, password and settings.
pub(crate) fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let rest = rest.split('?').next().unwrap_or_default();
    let place = rest.rsplit_once('@').map_or(rest, |it| it.1);
    format!("{scheme}://{place}")
}

/// How a database is reached.
///
/// `sslmode` may be `disable`, `prefer` or `require`, which checks the certificate, as `verify-full` does;
/// without it, TLS is asked for wherever the way leaves this machine. `sslrootcert` names a file of certificates to
/// trust beside the machine's own.
#[derive(Clone)]
pub(crate) struct Way {
    config: tokio_postgres::Config,
    tls: MakeRustlsConnect,
    shown: String,
}

impl Way {
    /// The way to the database at `url`; nothing is asked of it yet.
    pub(crate) fn to(url: &str) -> Result<Way, StartError> {
        let failed = |reason: String| StartError::Database { path: shown(url), reason };
        let (url_read, roots, says_mode) = settings(url);
        let mut config: tokio_postgres::Config =
            url_read.parse().map_err(|error: tokio_postgres::Error| {
                failed(format!(
                    "{}; expected postgres://user:password@host:port/database",
                    super::failure::told(&error)
                ))
            })?;
        let is_near = config.get_hosts().iter().all(|it| match it {
            Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
            #[cfg(unix)]
            Host::Unix(_) => true,
        });
        if !says_mode {
            config.ssl_mode(if is_near { SslMode::Disable } else { SslMode::Require });
        }
        if config.get_application_name().is_none() {
            config.application_name("seattime");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
        let tls = MakeRustlsConnect::new(tls(roots.as_deref()).map_err(failed)?);
        Ok(Way { config, tls, shown: shown(url) })
    }

    /// Connections that are made when they are needed.
    pub(crate) fn pool(&self) -> Result<Pool, StartError> {
        self.built(Manager::from_config(self.config.clone(), self.tls.clone(), MANAGED), CONNECTIONS)
    }

    /// One connection, made when it is needed, which whoever writes over it drives too.
    pub(super) fn driven(&self) -> Result<(Pool, Driver), StartError> {
        let (connect, driver) = Driver::new(self.tls.clone());
        Ok((self.built(Manager::from_connect(self.config.clone(), connect, MANAGED), 1)?, driver))
    }

    fn built(&self, manager: Manager, most: usize) -> Result<Pool, StartError> {
        Pool::builder(manager)
            .max_size(most)
            // The one that was used last: what its process of the database knows is still at hand, and few are used
            // at all.
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(CONNECT_TIMEOUT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StartError::Database { path: self.shown.clone(), reason: error.to_string() })
    }
}

/// The address without what the client does not know; the file of certificates; whether it says how TLS is used.
fn settings(url: &str) -> (String, Option<String>, bool) {
    let Some((place, settings)) = url.split_once('?') else { return (url.to_owned(), None, false) };
    let (mut kept, mut roots, mut says_mode) = (Vec::new(), None, false);
    for setting in settings.split('&') {
        match setting.split_once('=') {
            Some(("sslrootcert", file)) => roots = Some(file.to_owned()),
            Some(("sslmode", mode)) => {
                says_mode = true;
                let is_checked = matches!(mode, "verify-full" | "verify-ca");
                kept.push(format!("sslmode={}", if is_checked { "require" } else { mode }));
            }
            _ => kept.push(setting.to_owned()),
        }
    }
    (format!("{place}?{}", kept.join("&")), roots, says_mode)
}

/// TLS that trusts whom the machine trusts, and a file of certificates.
fn tls(roots: Option<&str>) -> Result<ClientConfig, String> {
    let mut trusted = RootCertStore::empty();
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = roots {
        let unreadable =
            |error: String| format!("cannot read the certificates of sslrootcert={file}: {error}");
        let found =
            CertificateDer::pem_file_iter(Path::new(file)).map_err(|it| unreadable(it.to_string()))?;
        for certificate in found {
            let certificate = certificate.map_err(|it| unreadable(it.to_string()))?;
            trusted.add(certificate).map_err(|it| unreadable(it.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|it| it.to_string())?;
    Ok(config.with_root_certificates(trusted).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        #[rustfmt::skip]
        let cases = [
            ("postgres://user:pass@host:5432/db",              "postgres://host:5432/db"),
            ("postgresql://user:p@ss@host/db?sslmode=require", "postgresql://host/db"),
            ("postgres:///db?host=/run/x&password=y",          "postgres:///db"),
        ];
        for (url, expected) in cases {
            assert_eq!(shown(url), expected);
        }
    }

    #[test]
    fn settings_that_the_client_does_not_know_are_taken_out() {
        #[rustfmt::skip]
        let cases = [
            ("postgres://h/d",                                    ("postgres://h/d", None, false)),
            ("postgres://h/d?sslmode=verify-full&sslrootcert=/c", ("postgres://h/d?sslmode=require", Some("/c"), true)),
            ("postgres://h/d?sslmode=disable",                    ("postgres://h/d?sslmode=disable", None, true)),
        ];
        for (url, (read, roots, says_mode)) in cases {
            assert_eq!(settings(url), (read.to_owned(), roots.map(str::to_owned), says_mode), "{url}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_without_telling_its_password() {
        let error = Way::to("postgres://user:secret@host:port/db").err().map(|it| it.to_string());
        assert!(
            error.as_ref().is_some_and(|it| it.contains("expected postgres://") && !it.contains("secret")),
            "{error:?}"
        );
    }
}
