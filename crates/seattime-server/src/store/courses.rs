//! What a course has of its own, where it is not judged as the others of the server are.

use seattime_wire::{CreditPolicy, Policy};
use serde::{Deserialize, Serialize};

use super::record::{AttemptPolicy, RecordPolicy};
use crate::config::{IDLE_LIMIT_S, TAIL_S};
use crate::hosts::ExternalHosts;

/// What a course has of its own; what is left out is the server's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseSettings {
    /// How reported and measured time are weighed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<CreditPolicy>,
    /// Longest gap between signs of the learner that still counts, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_limit_ms: Option<i64>,
    /// What the last sign of the learner earns at most, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail_ms: Option<i64>,
    /// Whether learners are asked whether they are still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_here: Option<bool>,
    /// Which of several attempts a row shows; the best, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<AttemptPolicy>,
    /// Whether a 2004 session that ends without a completion status completes its activity; it does, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_complete: Option<bool>,
    /// Which other hosts content may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_hosts: Option<ExternalHosts>,
}

/// A course's settings as they are kept: each change is one more version, and none is forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptSettings {
    /// The latest.
    pub settings: CourseSettings,
    /// Their number, from 1; 0 where the course never had any of its own.
    pub version: u32,
    /// When they were set, in ms since 1970.
    pub set_ms: i64,
}

impl CourseSettings {
    /// The policy that holds in the course, where the server's is another.
    pub fn over(&self, server: Policy) -> Policy {
        Policy {
            credit: self.credit.unwrap_or(server.credit),
            idle_limit_ms: self.idle_limit_ms.unwrap_or(server.idle_limit_ms),
            tail_ms: self.tail_ms.unwrap_or(server.tail_ms),
            ..server
        }
    }

    /// How the course's records are derived.
    pub(crate) fn records(&self) -> RecordPolicy {
        RecordPolicy {
            attempts: self.attempts.unwrap_or_default(),
            auto_complete: self.auto_complete.unwrap_or(true),
        }
    }

    /// Says what is out of its range.
    ///
    /// # Errors
    ///
    /// A sentence that names the field, what was found and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        let each = [("idle_limit_ms", self.idle_limit_ms, IDLE_LIMIT_S), ("tail_ms", self.tail_ms, TAIL_S)];
        for (name, found, range_s) in each {
            let (least, most) = (range_s.start() * 1_000, range_s.end() * 1_000);
            if let Some(ms) = found.filter(|ms| !(least..=most).contains(ms)) {
                return Err(format!("{name} is {ms}; it may be {least} to {most}, in milliseconds"));
            }
        }
        self.external_hosts.as_ref().map_or(Ok(()), ExternalHosts::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DEFAULT_POLICY;

    #[test]
    fn what_is_left_out_is_the_servers() {
        let own = CourseSettings { idle_limit_ms: Some(120_000), ..CourseSettings::default() };
        assert_eq!(own.over(DEFAULT_POLICY), Policy { idle_limit_ms: 120_000, ..DEFAULT_POLICY });
        assert_eq!(CourseSettings::default().over(DEFAULT_POLICY), DEFAULT_POLICY);
    }

    #[test]
    fn ranges_are_those_of_the_server() {
        #[rustfmt::skip]
        let cases = [
            // idle limit       tail               whether it may be
            (Some(10_000),      Some(0),           true),
            (Some(3_600_000),   Some(3_600_000),   true),
            (None,              None,              true),
            (Some(9_999),       None,              false),
            (Some(3_600_001),   None,              false),
            (None,              Some(-1),          false),
            (None,              Some(3_600_001),   false),
        ];
        for (idle_limit_ms, tail_ms, is_fine) in cases {
            let own = CourseSettings { idle_limit_ms, tail_ms, ..CourseSettings::default() };
            assert_eq!(own.check().is_ok(), is_fine, "{own:?}");
        }
    }
}
