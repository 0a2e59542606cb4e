//! What is tolerated although the specification refuses it: real content needs it.

/// A tolerance, by name. `docs/deviations.md` lists each with its clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// 1.2: `cmi.suspend_data` beyond 4,096 characters is kept, up to 65,536. Courses of the large
    /// authoring tools write more, and most LMSs took it.
    SuspendDataBeyondLimit,
    /// 2004: a session that ended without Terminate is resumed, as if it had left `suspend` behind.
    /// Its window was closed; the learner wants to go on where they were.
    ResumeWithoutTerminate,
    /// Both: numbers, booleans and missing arguments are taken as the text that JavaScript makes of
    /// them, a missing one as the empty text.
    ArgumentsThatAreNoText,
}
