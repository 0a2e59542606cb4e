//! Why a call of content is refused, and the number that each API has for it.

/// Why a call is refused. It knows no version; [`Refusal::code_12`] and [`Refusal::code_2004`] do.
///
/// A refused call changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The run-time itself failed.
    General,
    /// Initialize while running.
    AlreadyInitialized,
    /// Initialize after Terminate.
    InitializeAfterTermination,
    /// Terminate before Initialize.
    TerminateBeforeInitialize,
    /// Terminate after Terminate.
    TerminateAfterTermination,
    /// GetValue before Initialize.
    GetBeforeInitialize,
    /// GetValue after Terminate.
    GetAfterTermination,
    /// SetValue before Initialize.
    SetBeforeInitialize,
    /// SetValue after Terminate.
    SetAfterTermination,
    /// Commit before Initialize.
    CommitBeforeInitialize,
    /// Commit after Terminate.
    CommitAfterTermination,
    /// An argument that has to be empty is not.
    Argument,
    /// GetValue of the empty name.
    GetWithoutName,
    /// SetValue of the empty name.
    SetWithoutName,
    /// There is no such element.
    Undefined,
    /// The name does not begin with a data model that is known here.
    ForeignModel,
    /// `_children` of an element that has none.
    NoChildren,
    /// `_count` of an element that is no collection.
    NoCount,
    /// `_version` of anything but the data model.
    NoVersion,
    /// The element was never given a value.
    NoValue,
    /// GetValue of a record that is not there.
    NoRecord,
    /// SetValue of a record further away than the next one, or of a second pattern where there can be one.
    OutOfOrder,
    /// SetValue of an element before the one that it depends on.
    Dependency,
    /// SetValue of an identifier or a pattern that another record has, or that its record has otherwise.
    NotUnique,
    /// SetValue of a keyword: `_children`, `_count`, `_version`.
    Keyword,
    /// SetValue of an element that content may only read.
    ReadOnly,
    /// GetValue of an element that content may only write.
    WriteOnly,
    /// The value is not of the element's type, or not one of its words.
    Type,
    /// The value is a number outside the element's range.
    Range,
    /// Nothing of a new session could be kept.
    InitializeFailed,
    /// The session's end cannot be kept.
    TerminateFailed,
    /// Nothing can be written down or sent.
    CommitFailed,
}

/// The error codes of SCORM 1.2.
///
/// Spec: SCORM 1.2 RTE, *API Error Codes*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum ErrorCode12 {
    /// General exception.
    General = 101,
    /// Invalid argument error.
    Argument = 201,
    /// Element cannot have children.
    NoChildren = 202,
    /// Element not an array, cannot have count.
    NoCount = 203,
    /// Not initialized.
    NotInitialized = 301,
    /// Not implemented error.
    NotImplemented = 401,
    /// Invalid set value, element is a keyword.
    Keyword = 402,
    /// Element is read only.
    ReadOnly = 403,
    /// Element is write only.
    WriteOnly = 404,
    /// Incorrect data type.
    Type = 405,
}

/// The error codes of SCORM 2004.
///
/// Spec: RTE, *API Implementation Error Codes*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum ErrorCode2004 {
    /// General exception.
    General = 101,
    /// General initialization failure.
    InitializeFailed = 102,
    /// Already initialized.
    AlreadyInitialized = 103,
    /// Content instance terminated.
    Terminated = 104,
    /// General termination failure.
    TerminateFailed = 111,
    /// Termination before initialization.
    TerminateBeforeInitialize = 112,
    /// Termination after termination.
    TerminateAfterTermination = 113,
    /// Retrieve data before initialization.
    GetBeforeInitialize = 122,
    /// Retrieve data after termination.
    GetAfterTermination = 123,
    /// Store data before initialization.
    SetBeforeInitialize = 132,
    /// Store data after termination.
    SetAfterTermination = 133,
    /// Commit before initialization.
    CommitBeforeInitialize = 142,
    /// Commit after termination.
    CommitAfterTermination = 143,
    /// General argument error.
    Argument = 201,
    /// General get failure.
    GetFailure = 301,
    /// General set failure.
    SetFailure = 351,
    /// General commit failure.
    CommitFailed = 391,
    /// Undefined data model element.
    Undefined = 401,
    /// Data model element value not initialized.
    NoValue = 403,
    /// Data model element is read only.
    ReadOnly = 404,
    /// Data model element is write only.
    WriteOnly = 405,
    /// Data model element type mismatch.
    Type = 406,
    /// Data model element value out of range.
    Range = 407,
    /// Data model dependency not established.
    Dependency = 408,
}

impl Refusal {
    /// What SCORM 1.2 calls it.
    ///
    /// 1.2 has one code for all that comes too early, and none for what comes too late: that is 101.
    pub const fn code_12(self) -> ErrorCode12 {
        use ErrorCode12 as Code;
        use Refusal as It;
        match self {
            It::General | It::AlreadyInitialized => Code::General,
            It::InitializeFailed | It::TerminateFailed | It::CommitFailed => Code::General,
            It::InitializeAfterTermination | It::TerminateAfterTermination => Code::General,
            It::GetAfterTermination | It::SetAfterTermination | It::CommitAfterTermination => Code::General,
            It::TerminateBeforeInitialize | It::GetBeforeInitialize => Code::NotInitialized,
            It::SetBeforeInitialize | It::CommitBeforeInitialize => Code::NotInitialized,
            It::Argument | It::GetWithoutName | It::SetWithoutName | It::Undefined | It::NoVersion => {
                Code::Argument
            }
            It::NoRecord | It::OutOfOrder | It::Dependency | It::NotUnique => Code::Argument,
            It::ForeignModel | It::NoValue => Code::NotImplemented,
            It::NoChildren => Code::NoChildren,
            It::NoCount => Code::NoCount,
            It::Keyword => Code::Keyword,
            It::ReadOnly => Code::ReadOnly,
            It::WriteOnly => Code::WriteOnly,
            It::Type | It::Range => Code::Type,
        }
    }

    /// What SCORM 2004 calls it.
    pub const fn code_2004(self) -> ErrorCode2004 {
        use ErrorCode2004 as Code;
        use Refusal as It;
        match self {
            It::General => Code::General,
            It::InitializeFailed => Code::InitializeFailed,
            It::TerminateFailed => Code::TerminateFailed,
            It::AlreadyInitialized => Code::AlreadyInitialized,
            It::InitializeAfterTermination => Code::Terminated,
            It::TerminateBeforeInitialize => Code::TerminateBeforeInitialize,
            It::TerminateAfterTermination => Code::TerminateAfterTermination,
            It::GetBeforeInitialize => Code::GetBeforeInitialize,
            It::GetAfterTermination => Code::GetAfterTermination,
            It::SetBeforeInitialize => Code::SetBeforeInitialize,
            It::SetAfterTermination => Code::SetAfterTermination,
            It::CommitBeforeInitialize => Code::CommitBeforeInitialize,
            It::CommitAfterTermination => Code::CommitAfterTermination,
            It::Argument => Code::Argument,
            It::GetWithoutName | It::NoChildren | It::NoCount | It::NoVersion => Code::GetFailure,
            It::NoRecord => Code::GetFailure,
            It::SetWithoutName | It::OutOfOrder | It::NotUnique => Code::SetFailure,
            It::Dependency => Code::Dependency,
            It::CommitFailed => Code::CommitFailed,
            It::Undefined | It::ForeignModel => Code::Undefined,
            It::NoValue => Code::NoValue,
            It::Keyword | It::ReadOnly => Code::ReadOnly,
            It::WriteOnly => Code::WriteOnly,
            It::Type => Code::Type,
            It::Range => Code::Range,
        }
    }
}

/// What `LMSGetErrorString` answers; nothing for a code that SCORM 1.2 does not have.
#[rustfmt::skip]
pub const TEXTS_12: &[(u32, &str)] = &[
    (0,   "No error"),
    (101, "General exception"),
    (201, "Invalid argument error"),
    (202, "Element cannot have children"),
    (203, "Element not an array - cannot have count"),
    (301, "Not initialized"),
    (401, "Not implemented error"),
    (402, "Invalid set value, element is a keyword"),
    (403, "Element is read only"),
    (404, "Element is write only"),
    (405, "Incorrect Data Type"),
];

/// What `GetErrorString` answers; nothing for a code that SCORM 2004 does not have.
#[rustfmt::skip]
pub const TEXTS_2004: &[(u32, &str)] = &[
    (0,   "No Error"),
    (101, "General Exception"),
    (102, "General Initialization Failure"),
    (103, "Already Initialized"),
    (104, "Content Instance Terminated"),
    (111, "General Termination Failure"),
    (112, "Termination Before Initialization"),
    (113, "Termination After Termination"),
    (122, "Retrieve Data Before Initialization"),
    (123, "Retrieve Data After Termination"),
    (132, "Store Data Before Initialization"),
    (133, "Store Data After Termination"),
    (142, "Commit Before Initialization"),
    (143, "Commit After Termination"),
    (201, "General Argument Error"),
    (301, "General Get Failure"),
    (351, "General Set Failure"),
    (391, "General Commit Failure"),
    (401, "Undefined Data Model Element"),
    (402, "Unimplemented Data Model Element"),
    (403, "Data Model Element Value Not Initialized"),
    (404, "Data Model Element Is Read Only"),
    (405, "Data Model Element Is Write Only"),
    (406, "Data Model Element Type Mismatch"),
    (407, "Data Model Element Value Out Of Range"),
    (408, "Data Model Dependency Not Established"),
];
