//! How a server is set up: every setting with its default, unit and meaning.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use seattime_wire::{CreditPolicy, Policy};

use crate::limits::{DEFAULT_LIMITS, Limits};

/// The environment variable that holds an API key; it wins over the file `api-key`.
pub const API_KEY_VARIABLE: &str = "SEATTIME_API_KEY";
/// The environment variable that says what is logged, such as `seattime_server=debug`.
pub const LOG_VARIABLE: &str = "SEATTIME_LOG";

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

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address that it listens on; this machine alone, if nobody says otherwise.
    pub host: IpAddr,
    /// The port that it listens on; 0 takes any that is free.
    pub port: u16,
    /// Where learners reach it, without a slash at the end; where it listens, if left out.
    pub public_url: Option<String>,
    /// The folder that everything is kept in.
    pub data: PathBuf,
    /// The key of its API.
    pub api_key: String,
    /// Whether a page offers the courses to anybody on this machine, without an LMS.
    pub demo: bool,
    /// How time is judged.
    pub policy: Policy,
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
            public_url: None,
            data,
            api_key,
            demo: false,
            policy: DEFAULT_POLICY,
            limits: DEFAULT_LIMITS,
        }
    }
}
