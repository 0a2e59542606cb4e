//! The run-time as plain Rust: sessions, the data model, and the rules of time.
//!
//! No network, no clock, no browser: the same code decides in the page and on the server.

pub mod attempt;
pub mod documents;
pub mod end;
pub mod error;
pub mod model;
pub mod outbox;
pub mod outcome;
pub mod ports;
pub mod quirk;
pub mod session;
pub mod shared;
pub mod time;
pub mod value;
pub mod values;
pub mod visit;

pub use error::{ErrorCode12, ErrorCode2004, Refusal};
pub use model::{Access, Edition, Element, ElementId, Place, Space, Version};
pub use outbox::{Outbox, Reason};
pub use ports::{Clock, Instant};
pub use quirk::{Quirk, Quirks};
pub use session::{Profile, Session};
pub use value::{Timespan, TimespanError};
pub use visit::{Identity, Totals, Visit};
