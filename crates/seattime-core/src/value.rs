//! The types of values: what each accepts, as the books say it.

pub mod digits;
pub mod real;
pub mod reported;
pub mod timespan;

pub use reported::readable_ms;
pub use timespan::{Timespan, TimespanError};
