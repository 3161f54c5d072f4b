//! Users. Their passwords come beside the JSON, so that they are wiped here.

use gatepass::{NewUser, Password, UserChange};
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;

use crate::asked::Profile;
use crate::call::{Call, run};
use crate::credential::or_throw;
use crate::error::{read, write};
use crate::gatepass::Gatepass;

#[napi]
impl Gatepass {
    /// All users, as a list in JSON.
    #[napi]
    pub fn users<'env>(&self, env: &'env Env, call: Option<&Call>) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move { write(&gp.users().list().await?) })
    }

    /// The user of this name.
    #[napi]
    pub fn user<'env>(
        &self,
        env: &'env Env,
        username: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move { write(&gp.users().get(&username).await?) })
    }

    /// Adds a user.
    #[napi]
    pub fn create_user<'env>(
        &self,
        env: &'env Env,
        username: String,
        profile: String,
        password: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (gp, profile): (_, Profile) = (self.facade()?, or_throw(read("user", &profile))?);
        let mut user = NewUser::new(username).profile(profile.into());
        if let Some(password) = password {
            user = user.password(Password::new(password));
        }
        run(env, call, async move { write(&gp.users().create(user).await?) })
    }

    /// Changes a user.
    #[napi]
    pub fn update_user<'env>(
        &self,
        env: &'env Env,
        username: String,
        change: String,
        password: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (gp, change): (_, Profile) = (self.facade()?, or_throw(read("user", &change))?);
        let (change, password) = (UserChange::from(change), password.map(Password::new));
        run(
            env,
            call,
            async move { write(&gp.users().update_with(&username, change, password.as_ref()).await?) },
        )
    }

    /// Sets a user's password.
    #[napi]
    pub fn set_password<'env>(
        &self,
        env: &'env Env,
        username: String,
        password: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let (gp, password) = (self.facade()?, Password::new(password));
        run(env, call, async move { gp.users().set_password(&username, &password).await })
    }

    /// Removes a user.
    #[napi]
    pub fn delete_user<'env>(
        &self,
        env: &'env Env,
        username: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let gp = self.facade()?;
        run(env, call, async move { gp.users().delete(&username).await })
    }
}
