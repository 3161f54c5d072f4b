//! The core's error on its way to JavaScript, where `ts/error.ts` makes a `GatepassError` of it.

use gatepass::{Error, ErrorKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// By this `ts/error.ts` tells these errors from those of others.
const MARK: &str = "gatepass:";

/// An error's parts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fault<'a> {
    kind: &'a str,
    code: &'a str,
    message: String,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<Cut<'a>>,
}

/// How far a result goes that was cut.
#[derive(Serialize)]
struct Cut<'a> {
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookie: Option<&'a str>,
}

/// The error as JavaScript is thrown it: one text that has all of it.
pub(crate) fn fault(error: &Error) -> napi::Error {
    let json = serde_json::to_string(&Fault::new(error)).unwrap_or_default();
    napi::Error::from_reason(format!("{MARK}{json}"))
}

impl<'a> Fault<'a> {
    pub(crate) fn new(error: &'a Error) -> Self {
        Self {
            kind: error.kind().as_str(),
            code: error.code(),
            message: error.to_string(),
            retryable: error.retryable(),
            field: error.field(),
            status: error.status(),
            request_id: error.request_id(),
            cause: error.cause().map(ToString::to_string),
            incomplete: error.incomplete().map(|cut| Cut { count: cut.count, cookie: cut.cookie.as_deref() }),
        }
    }
}

/// What `ts/` sends is read as the type that it stands for. serde's own text is not passed on: it quotes what was
/// sent, which may be a secret.
pub(crate) fn read<T: DeserializeOwned>(what: &'static str, json: &str) -> gatepass::Result<T> {
    serde_json::from_str(json).map_err(|_| {
        let text =
            "not of the form that is documented: a name is misspelt, missing, or has a value of another type";
        Error::invalid(what, "malformed", text)
    })
}

/// An answer as JSON.
pub(crate) fn write<T: Serialize + ?Sized>(value: &T) -> gatepass::Result<String> {
    serde_json::to_string(value)
        .map_err(|_| Error::new(ErrorKind::Internal, "answer_malformed", "an answer could not be written"))
}
