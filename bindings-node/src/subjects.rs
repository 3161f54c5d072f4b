//! Finding whom a token of another issuer acts as: through a client, or by a function of JavaScript's.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use gatepass::{Error, ErrorKind, SubjectResolver, SubjectSearch};
use napi::Status;
use napi::bindgen_prelude::{Function, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;
use serde_json::json;

use crate::error::write;
use crate::rest::RestClient;

/// A function that is given a search, as JSON, and finds names. It keeps no process alive.
type Find = ThreadsafeFunction<String, Promise<Vec<String>>, String, Status, false, true>;

/// Who searches.
#[napi]
pub struct Subjects(pub(crate) Arc<dyn SubjectResolver>);

#[napi]
impl Subjects {
    /// The directory that this client sees.
    #[napi(factory)]
    pub fn rest(client: &RestClient) -> napi::Result<Self> {
        Ok(Self(Arc::new(client.open()?)))
    }

    /// This function.
    #[napi(factory)]
    pub fn callable(find: Function<'_, String, Promise<Vec<String>>>) -> napi::Result<Self> {
        Ok(Self(Arc::new(Callable(find.build_threadsafe_function().weak::<true>().build()?))))
    }
}

struct Callable(Find);

impl fmt::Debug for Callable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callable")
    }
}

#[async_trait]
impl SubjectResolver for Callable {
    async fn find(&self, search: &SubjectSearch) -> gatepass::Result<Vec<String>> {
        let failed = |_| {
            let text = "the function that finds whom a token acts as failed";
            Error::new(ErrorKind::Unavailable, "subject_search_failed", text).with_field("subjects")
        };
        let (base, scope, filter) = (search.base(), search.scope().as_str(), search.filter());
        let search = write(&json!({ "base": base, "scope": scope, "filter": filter }))?;
        self.0.call_async_catch(search).await.map_err(failed)?.await.map_err(failed)
    }
}
