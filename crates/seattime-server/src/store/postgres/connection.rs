//! The way to PostgreSQL: its address, and connections that are kept.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod, Runtime};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::driver::Driver;
use super::tls::Wanted;
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

/// How a database is reached. What the address says of TLS is told in [`super::tls`].
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
        let (url_read, wanted) = Wanted::of(url).map_err(failed)?;
        let mut config: tokio_postgres::Config =
            url_read.parse().map_err(|error: tokio_postgres::Error| {
                failed(format!(
                    "{}; expected postgres://user:password@host:port/database",
                    super::failure::told(&error)
                ))
            })?;
        let usual = if is_near(&config) { SslMode::Disable } else { SslMode::Require };
        config.ssl_mode(wanted.mode.unwrap_or(usual));
        if config.get_application_name().is_none() {
            config.application_name("seattime");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
        let tls = MakeRustlsConnect::new(wanted.client().map_err(failed)?);
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

/// Whether the way does not leave this machine. An address beside a name is where it really goes.
fn is_near(config: &tokio_postgres::Config) -> bool {
    let is_near = |it: &Host| match it {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(is_near) && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
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
    fn a_way_that_leaves_the_machine_is_known_as_one() {
        #[rustfmt::skip]
        let cases = [
            ("postgres://localhost/d",                      true),
            ("postgres://[::1]:5433/d",                     true),
            ("postgres:///d?host=/run/postgresql",          true),
            ("postgres://db.example/d",                     false),
            ("postgres://localhost,db.example/d",           false),
            ("postgres://localhost/d?hostaddr=192.0.2.7",   false), // It goes to the address.
            ("postgres:///d?hostaddr=192.0.2.7",            false),
            ("postgres://db.example/d?hostaddr=127.0.0.1",  false), // A tunnel, perhaps: whoever knows says so.
        ];
        for (url, expected) in cases {
            assert_eq!(is_near(&url.parse().unwrap()), expected, "{url}");
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
