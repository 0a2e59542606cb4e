//! How time is judged: the same settings for whoever serves and whoever judges anew.

use clap::ValueEnum;
use seattime_server::config::{
    CREDIT_VARIABLE, DEFAULT_POLICY, IDLE_LIMIT_S, IDLE_LIMIT_VARIABLE, TAIL_S, TAIL_VARIABLE,
};
use seattime_wire::{CreditPolicy, Policy};

/// How time is judged, less what a course has of its own.
#[derive(Debug, clap::Args)]
pub(crate) struct Judged {
    /// How reported and measured time are weighed; in courses that have no settings of their own, as all of these.
    #[arg(long, env = CREDIT_VARIABLE, value_enum, default_value_t = Credit::Corroborated)]
    credit: Credit,
    /// The longest gap between signs of the learner that still counts, in s.
    #[arg(long, env = IDLE_LIMIT_VARIABLE, value_parser = clap::value_parser!(i64).range(IDLE_LIMIT_S),
          default_value_t = DEFAULT_POLICY.idle_limit_ms / 1_000)]
    idle_limit: i64,
    /// What the last sign of the learner earns at most, in s.
    #[arg(long, env = TAIL_VARIABLE, value_parser = clap::value_parser!(i64).range(TAIL_S),
          default_value_t = DEFAULT_POLICY.tail_ms / 1_000)]
    tail: i64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Credit {
    /// What content says, where presence bears it out; else what was measured.
    Corroborated,
    /// What content says, as far as the visit was live; else what was measured.
    Reported,
    /// What was measured.
    Measured,
}

/// The policy that was asked for.
pub(crate) fn of(judged: &Judged) -> Policy {
    Policy {
        credit: match judged.credit {
            Credit::Corroborated => CreditPolicy::Corroborated,
            Credit::Reported => CreditPolicy::Reported,
            Credit::Measured => CreditPolicy::Measured,
        },
        idle_limit_ms: judged.idle_limit * 1_000,
        tail_ms: judged.tail * 1_000,
        ..DEFAULT_POLICY
    }
}
