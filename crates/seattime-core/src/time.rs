//! The rules of time: what was seen, what of it was presence, and what of that is credited.
//!
//! Everything here is pure: page and server call the same functions, on the stretch's own clock in the
//! page and on the server's clock in the report.

pub mod credit;
pub mod evidence;
pub mod interval;
pub mod ledger;
pub mod legacy;
pub mod media;
pub mod presence;

pub use credit::{Credit, CreditPolicy, Parts, Provenance, Reported, bounded, credit};
pub use evidence::{Bursts, EvidenceKind};
pub use interval::IntervalSet;
pub use ledger::{Ledger, Moment, Stretch};
pub use media::{MediaItem, MediaKind, MediaLog, MediaSample, Played};
pub use presence::{COUNTS_PLAYED_MS, COUNTS_VISIBLE_MS, PresencePolicy, active, tails};
