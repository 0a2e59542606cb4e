//! The types of values: what each accepts, as the books say it.

pub mod cut;
pub mod digits;
pub mod identifier;
pub mod language;
pub mod localized;
pub mod moment;
pub mod real;
pub mod reported;
pub mod response;
pub mod surrogates;
pub mod timespan;

pub use reported::readable_ms;
pub use response::InteractionKind;
pub use surrogates::units;
pub use timespan::{Timespan, TimespanError};
