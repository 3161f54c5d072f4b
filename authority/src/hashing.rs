//! Passwords are hashed a few at a time: each takes memory and a processor, and nobody's request may starve others.

use std::sync::Arc;

use gatepass::{Error, ErrorKind, Result};
use tokio::sync::Semaphore;

use crate::Limits;
use crate::errors::Failure;

/// The way to what hashes a password.
#[derive(Debug)]
pub(crate) struct Hashing {
    /// Those who hash.
    at_work: Arc<Semaphore>,
    /// Those who hash and those who wait for it.
    inside: Arc<Semaphore>,
}

impl Hashing {
    pub(crate) fn new(limits: &Limits) -> Self {
        let at_a_time = limits.hashing.max(1);
        Self {
            at_work: Arc::new(Semaphore::new(at_a_time)),
            inside: Arc::new(Semaphore::new(at_a_time.saturating_add(limits.hashing_queue))),
        }
    }

    /// Does what hashes a password, in its turn. Whoever asked may go away meanwhile: the work goes on, and so does its
    /// place, else somebody who asks and hangs up would have any number of passwords hashed at once.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T, Failure> {
        let Ok(place) = Arc::clone(&self.inside).try_acquire_owned() else {
            return Err(Failure::busy("logins_waiting", "Too many passwords wait to be checked; try again"));
        };
        let at_work = Arc::clone(&self.at_work);
        let task = tokio::spawn(async move {
            let _place = place;
            let _turn = at_work.acquire_owned().await;
            work.await
        });
        let done = task.await.map_err(|error| {
            Error::new(ErrorKind::Internal, "task_failed", "a task ended before it was done")
                .with_cause(error)
        })?;
        done.map_err(Failure::from)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::response::IntoResponse as _;

    use super::*;

    #[tokio::test]
    async fn who_finds_the_queue_full_is_turned_away_and_who_hangs_up_keeps_the_place() {
        let hashing = Hashing::new(&Limits::default().hashing(1, 1));
        let forever = || std::future::pending::<Result<()>>();
        for _ in 0..2 {
            let hung_up = tokio::time::timeout(Duration::from_millis(20), hashing.run(forever())).await;
            assert!(hung_up.is_err());
        }
        let response = hashing.run(forever()).await.unwrap_err().into_response();
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &1.into()));
    }
}
