//! Puts right what an LMS keeps of time, in its own database: time that was stored and never added up, times that
//! packages sent and nobody read, attempts that were never counted.
//!
//! Figures are set and never added to; what was never sent is said to be lost. Each change is in an undo file before it
//! is made, and is made only where a column still holds what was read.

mod cell;
mod credited;
mod error;
mod history;
mod joins;
mod lms;
mod map;
mod pages;
mod records;
mod repair;
mod scorm;
mod told;
mod undo;
mod viewing;

pub use cell::Cell;
pub use credited::{Shown, examine, set_time_spent};
pub use error::RepairError;
pub use history::{Into, Taken, TakenAs, import_history};
pub use lms::Lms;
pub use map::{DJANGO, Map};
pub use repair::{Asked, Command, Listener, Recording, Summary, repair};
pub use told::{Basis, Outcome, Told};
pub use undo::undo;
