//! The façade: what `open` and `connect` give.

use std::sync::Arc;

use gatepass::{Error, ErrorKind, Role};
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use serde_json::json;

use crate::asked::Audit;
use crate::call::{Call, run};
use crate::credential::or_throw;
use crate::error::{fault, read, write};
use crate::shared::Shared;
use crate::subjects::Subjects;
use crate::verifier::{Following, Verifier};

/// The indexes that follow something, by what they follow and how.
static VERIFIERS: Shared<Following> = Shared::new();

/// A store or a server, as all threads share it.
pub(crate) struct Opened {
    pub(crate) gatepass: gatepass::Gatepass,
    /// What threads must have in common to share an index; none where nobody can.
    pub(crate) identity: Option<String>,
}

/// One handle on it.
#[napi]
pub struct Gatepass(Option<Arc<Opened>>);

impl Gatepass {
    pub(crate) fn new(opened: Arc<Opened>) -> Self {
        Self(Some(opened))
    }

    fn opened(&self) -> gatepass::Result<&Arc<Opened>> {
        self.0.as_ref().ok_or_else(|| Error::new(ErrorKind::Closed, "closed", "this handle was closed"))
    }

    /// The façade itself, to be moved into what runs on.
    pub(crate) fn facade(&self) -> napi::Result<gatepass::Gatepass> {
        self.opened().map(|opened| opened.gatepass.clone()).map_err(|error| fault(&error))
    }
}

#[napi]
impl Gatepass {
    /// Where the tokens are.
    #[napi]
    pub fn place(&self) -> napi::Result<String> {
        Ok(self.facade()?.place())
    }

    /// The number of this process's last commit.
    #[napi]
    pub fn revision(&self) -> napi::Result<i64> {
        Ok(self.facade()?.revision())
    }

    /// An index of the tokens. Threads that follow the same in the same way share it.
    #[napi]
    pub fn verifier<'env>(
        &self,
        env: &'env Env,
        options: String,
        subjects: Option<&Subjects>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, Verifier>> {
        let opened = Arc::clone(or_throw(self.opened())?);
        let subjects = subjects.map(|subjects| Arc::clone(&subjects.0));
        run(env, call, async move {
            // Who searches for subjects is one thread's own.
            let identity = opened.identity.as_ref().filter(|_| subjects.is_none());
            let following = Following::start(&opened.gatepass, &options, subjects.clone());
            let following = match identity {
                Some(identity) => VERIFIERS.get(&format!("{identity}\n{options}"), following).await?,
                None => Arc::new(following.await?),
            };
            Ok(Verifier::new(following))
        })
    }

    /// All roles, as a list in JSON.
    #[napi]
    pub fn roles<'env>(&self, env: &'env Env, call: Option<&Call>) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move {
            let book = gp.roles().list().await?;
            write(&book.iter().collect::<Vec<_>>())
        })
    }

    /// The role of this name.
    #[napi]
    pub fn role<'env>(
        &self,
        env: &'env Env,
        name: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move { write(&gp.roles().get(&name).await?) })
    }

    /// Adds a role, or puts it in the place of the one of its name.
    #[napi]
    pub fn put_role<'env>(
        &self,
        env: &'env Env,
        role: String,
        is_new: bool,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (gp, role): (_, Role) = (self.facade()?, or_throw(read("role", &role))?);
        run(env, call, async move {
            let roles = gp.roles();
            write(&if is_new { roles.create(role).await? } else { roles.update(role).await? })
        })
    }

    /// Adds a role that permits what another one does.
    #[napi]
    pub fn clone_role<'env>(
        &self,
        env: &'env Env,
        name: String,
        new_name: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move { write(&gp.roles().clone_as(&name, &new_name).await?) })
    }

    /// Removes a role.
    #[napi]
    pub fn delete_role<'env>(
        &self,
        env: &'env Env,
        name: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let gp = self.facade()?;
        run(env, call, async move { gp.roles().delete(&name).await })
    }

    /// Entries of the audit trail, as a list in JSON.
    #[napi]
    pub fn audit<'env>(
        &self,
        env: &'env Env,
        filter: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        let filter = or_throw(read::<Audit>("filter", &filter).and_then(Audit::filter))?;
        run(env, call, async move { write(&gp.audit().list(&filter).await?) })
    }

    /// The number of the audit trail's last entry.
    #[napi]
    pub fn last_audit<'env>(
        &self,
        env: &'env Env,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, i64>> {
        let gp = self.facade()?;
        run(env, call, async move { gp.audit().last().await })
    }

    /// Calls any other service of a server. The query is a list of pairs, the body JSON.
    #[napi]
    pub fn request<'env>(
        &self,
        env: &'env Env,
        method: String,
        path: String,
        query: String,
        body: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        let query: Vec<(String, String)> = or_throw(read("query", &query))?;
        let body: Option<serde_json::Value> = or_throw(body.map(|body| read("body", &body)).transpose())?;
        run(env, call, async move {
            let query: Vec<_> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let answer = gp.request(&method, &path, &query, body.as_ref()).await?;
            write(&json!({ "status": answer.status, "body": answer.body }))
        })
    }

    /// Who asks, as the server sees it.
    #[napi]
    pub fn myself<'env>(
        &self,
        env: &'env Env,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move { write(&gp.myself().await?) })
    }

    /// Lets go of it. Where no other handle is left, what was asked before is finished, and the place is closed.
    #[napi]
    pub fn close<'env>(&mut self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let last = self.0.take().and_then(Arc::into_inner);
        run(env, None, async move {
            if let Some(opened) = last {
                opened.gatepass.close().await;
            }
            Ok(())
        })
    }
}
