//! Sessions: what signing in begins, and signing out, a new password or being disabled ends.

use super::Gatepass;
use crate::idempotency::random_id;
use crate::store::sessions::{self, BeginSession, EndSession};
use crate::store::users;
use crate::{Result, Timestamp, User};

/// The sessions: see [`Gatepass::sessions`].
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'a>(&'a Gatepass);

impl<'a> Sessions<'a> {
    pub(super) const fn new(gatepass: &'a Gatepass) -> Self {
        Self(gatepass)
    }

    /// Begins a session of this user, as [`sign_in`](super::Users::sign_in) gave it, and gives its id: 128 random
    /// bits, to be signed before they are handed out.
    ///
    /// # Errors
    /// `signed_out` (unauthorized) where the user was removed, disabled or given another password meanwhile; those of
    /// writing the store; internal where the system has no randomness.
    pub async fn begin(&self, user: &User, expires_on: Timestamp) -> Result<String> {
        let (acting, id) = (self.0.acting.clone(), random_id()?);
        let begin = BeginSession { acting, id: id.clone(), user: user.clone(), expires_on };
        self.0.local()?.store.make(begin).await?;
        Ok(id)
    }

    /// The user whose session this is, as they are now; none once it has ended or the user is inactive.
    ///
    /// # Errors
    /// Those of reading the store.
    pub async fn user(&self, id: &str) -> Result<Option<User>> {
        let local = self.0.local()?;
        let now = local.clock.now();
        let read = async |conn: &mut _| match sessions::user_of(conn, id, now).await? {
            Some(username) => users::find(conn, &username).await,
            None => Ok(None),
        };
        Ok(local.store.read(read).await?.filter(|user| user.active))
    }

    /// Ends a session; the answer tells whether it was there.
    ///
    /// # Errors
    /// Unauthorized, `actor_unknown`; those of writing the store.
    pub async fn end(&self, id: &str) -> Result<bool> {
        self.0.local()?.store.make(EndSession { acting: self.0.acting.clone(), id: id.to_owned() }).await
    }
}
