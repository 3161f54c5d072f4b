//! The core's error, as it crosses.

/// What Kotlin makes a `GatepassException` of.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum Failure {
    #[error("{text}")]
    Failed {
        kind: String,
        code: String,
        text: String,
        field: Option<String>,
        status: Option<u16>,
        request_id: Option<String>,
        retryable: bool,
        /// What lay beneath, and what beneath that.
        causes: Vec<String>,
        incomplete: Option<IncompleteData>,
    },
}

impl From<gatepass::Error> for Failure {
    fn from(error: gatepass::Error) -> Self {
        let first = std::error::Error::source(&error);
        let causes = std::iter::successors(first, |cause| cause.source()).map(ToString::to_string).collect();
        let incomplete = error.incomplete().map(|of| IncompleteData {
            count: i64::try_from(of.count).unwrap_or(i64::MAX),
            cookie: of.cookie.clone(),
        });
        Self::Failed {
            kind: error.kind().as_str().to_owned(),
            code: error.code().to_owned(),
            text: error.to_string(),
            field: error.field().map(str::to_owned),
            status: error.status(),
            request_id: error.request_id().map(str::to_owned),
            retryable: error.retryable(),
            causes,
            incomplete,
        }
    }
}

/// How far a result goes that a server has cut.
#[derive(Debug, Clone, uniffi::Record)]
pub struct IncompleteData {
    pub count: i64,
    pub cookie: Option<String>,
}

/// What a function in Kotlin that was called from here could not do. What it threw is kept there.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum CallFailed {
    #[error("a function of the caller's failed")]
    Failed,
}

/// So that a defect of what lies between is an error too, and no panic.
impl From<uniffi::UnexpectedUniFFICallbackError> for CallFailed {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}
