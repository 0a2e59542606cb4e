//! How a server is set up: every setting with its default, unit and meaning.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use seattime_wire::{CreditPolicy, Policy};

use crate::hosts::{EmbedOrigins, ExternalHosts};
use crate::limits::{DEFAULT_LIMITS, Limits};

/// Where the LMS keeps its own rows, for those commands that put them right: an address or a path.
pub const LMS_VARIABLE: &str = "SEATTIME_LMS";
/// Who runs a command, as the system says.
pub const USER_VARIABLE: &str = "USER";
/// The environment variable that holds an API key; it wins over the file `api-key`.
pub const API_KEY_VARIABLE: &str = "SEATTIME_API_KEY";
/// The environment variable that holds the database's address, password included.
pub const DATABASE_VARIABLE: &str = "SEATTIME_DATABASE";
/// The environment variable that says what is logged, such as `seattime_server=debug`.
pub const LOG_VARIABLE: &str = "SEATTIME_LOG";

/// The environment variable that says how it is logged: `text` or `json`.
pub const LOG_FORMAT_VARIABLE: &str = "SEATTIME_LOG_FORMAT";
/// The environment variable that holds the address where Prometheus asks, such as `127.0.0.1:9090`.
pub const METRICS_VARIABLE: &str = "SEATTIME_METRICS";

/// The environment variable that names who stands in front, addresses with commas between them.
pub const PROXIES_VARIABLE: &str = "SEATTIME_PROXIES";

/// The environment variable that says how reported and measured time are weighed: `corroborated`, `reported` or
/// `measured`.
pub const CREDIT_VARIABLE: &str = "SEATTIME_CREDIT";
/// The environment variable that holds the longest gap between signs of the learner that still counts, in s.
pub const IDLE_LIMIT_VARIABLE: &str = "SEATTIME_IDLE_LIMIT";
/// The environment variable that holds what the last sign of the learner earns at most, in s.
pub const TAIL_VARIABLE: &str = "SEATTIME_TAIL";

/// The environment variable that names the hosts that content may use: `https`, `none`, or hosts with commas between them.
pub const EXTERNAL_HOSTS_VARIABLE: &str = "SEATTIME_EXTERNAL_HOSTS";
/// The environment variable that names the origins whose pages may show a course in a frame: `any`, `none`, or origins with
/// commas between them.
pub const EMBED_ORIGINS_VARIABLE: &str = "SEATTIME_EMBED_ORIGINS";

/// What the longest gap between signs of the learner that still counts may be, in s.
pub const IDLE_LIMIT_S: RangeInclusive<i64> = 10..=3_600;
/// What the last sign of the learner may earn at most, in s.
pub const TAIL_S: RangeInclusive<i64> = 0..=3_600;

/// How time is judged where nobody says otherwise.
pub const DEFAULT_POLICY: Policy = Policy {
    idle_limit_ms: 300_000,
    tail_ms: 30_000,
    credit: CreditPolicy::Corroborated,
    heartbeat_ms: 30_000,
};

/// The tenant that everything belongs to while there is one.
pub const TENANT: &str = "default";

/// A visit that nothing was heard of for this long is closed, in ms.
pub const SILENCE_MS: i64 = 600_000;

/// A server whose own clock is off from the database's by more than this is not ready, in ms.
pub const MOST_OFF_MS: i64 = 2_000;

/// In which courses learners are asked whether they are still there, a minute before time stops counting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StillHere {
    /// In these, by their names; in none, if nobody says otherwise.
    In(BTreeSet<String>),
    /// In all.
    Everywhere,
}

impl Default for StillHere {
    fn default() -> StillHere {
        StillHere::In(BTreeSet::new())
    }
}

impl StillHere {
    /// Whether it is asked in a course of that name; what the course says of itself wins.
    pub(crate) fn is_asked_in(&self, course: &str, own: Option<bool>) -> bool {
        own.unwrap_or_else(|| match self {
            StillHere::In(courses) => courses.contains(course),
            StillHere::Everywhere => true,
        })
    }
}

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address that it listens on; this machine alone, if nobody says otherwise.
    pub host: IpAddr,
    /// The port of its app face, which is for keys and logins; 0 takes any that is free.
    pub port: u16,
    /// The port of its run face, which shows courses; 0 takes any that is free.
    pub run_port: u16,
    /// Another address, where Prometheus asks for figures; nowhere, if left out. It asks for no key.
    pub metrics: Option<SocketAddr>,
    /// Who stands in front and hands requests on: these say in `X-Forwarded-For` whose they are.
    pub proxies: Vec<IpAddr>,
    /// Where its app face is reached, without a slash at the end; where it listens, if left out.
    pub public_url: Option<String>,
    /// Where learners reach its run face, without a slash at the end; where it listens, if left out.
    pub run_url: Option<String>,
    /// A header in which a proxy of `proxies` says by its name who has logged in there.
    pub login_header: Option<String>,
    /// The folder that everything is kept in; with a database of its own, only the content of packages.
    pub data: PathBuf,
    /// The address of a PostgreSQL database, `postgres://…`; the file `seattime.db` in the data folder, if left out.
    pub database: Option<String>,
    /// The key of its API.
    pub api_key: String,
    /// Whether a page offers the courses to anybody on this machine, without an LMS.
    pub demo: bool,
    /// How time is judged.
    pub policy: Policy,
    /// In which courses learners are asked whether they are still there.
    pub still_here: StillHere,
    /// Which other hosts content may use, in courses without a policy of their own.
    pub external_hosts: ExternalHosts,
    /// Which pages of other origins may show a course in a frame.
    pub embed_origins: EmbedOrigins,
    /// Whether PDFs of packages are shown by a viewer in which reading is seen; else by the browser's own.
    pub pdf_viewer: bool,
    /// How long it waits, and how often it lets one visit write.
    pub limits: Limits,
}

impl Config {
    /// A server on this machine alone, on any free port.
    pub fn local(data: PathBuf, api_key: String) -> Config {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Config {
            host,
            port: 0,
            run_port: 0,
            metrics: None,
            proxies: Vec::new(),
            public_url: None,
            run_url: None,
            login_header: None,
            data,
            database: None,
            api_key,
            demo: false,
            policy: DEFAULT_POLICY,
            still_here: StillHere::default(),
            external_hosts: ExternalHosts::default(),
            embed_origins: EmbedOrigins::default(),
            pdf_viewer: true,
            limits: DEFAULT_LIMITS,
        }
    }
}
