//! Places where a test may let the server fail.

use crate::error::Problem;

/// What happens at a named point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The request fails as if the disk had.
    Fail,
    /// The connection is dropped without an answer.
    Drop,
}

/// Decides what happens at the named points of a request: `before_visit`, `after_visit`,
/// `before_commit`, `after_commit`, `before_launch`, `after_launch`, `before_export_page`. What is named `after_…` lies
/// after the transaction and before the answer.
pub trait Faults: Send + Sync {
    /// Called each time a point is reached.
    fn reached(&self, point: &str) -> Fault;
}

/// The world as it is: what fails, fails by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn reached(&self, _point: &str) -> Fault {
        Fault::None
    }
}

/// The payload that unwinds through the panic handler, so that the connection ends without an answer.
pub(crate) struct Dropped;

/// Lets a point pass, or fails there.
pub(crate) fn pass(faults: &dyn Faults, point: &str) -> Result<(), Problem> {
    match faults.reached(point) {
        Fault::None => Ok(()),
        Fault::Fail => Err(Problem::unavailable()),
        Fault::Drop => std::panic::resume_unwind(Box::new(Dropped)),
    }
}
