//! A verifier that follows an authority.
//!
//! It loads all tokens once, then polls for changes. What it promises rests on three things: an answer speaks for the
//! moment *before* its poll was sent; the authority read it from the database *after* the poll had come in; and the nonce
//! shows that it is the answer to this poll. So whatever was acknowledged before the poll was sent is in the index once the
//! answer is, however long either was on its way.

mod load;
#[cfg(test)]
mod rolling;
#[cfg(test)]
mod simulation;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use rand::TryRng as _;
use rand::rngs::SysRng;
use tokio::time::{Instant, sleep, timeout};

#[cfg(test)]
use self::simulation::Defect;
pub(crate) use self::upstream::{Ask, Upstream};
use crate::backoff::backoff;
use crate::idempotency::random_id;
use crate::source::{Follow, Progress, Source, Stop, lent, not_ready};
use crate::wire::{Changes, Position, ValidatorsTold};
use crate::{
    Api, Clock, Error, ErrorKind, FollowOptions, Result, Startup, Verifier, VerifierOptions, VerifierWriter,
};

/// When not said: what an operator who revokes a token is ready to wait for, and an authority needs to be restarted.
const MAX_STALENESS: Duration = Duration::from_secs(10);
/// A poll waits so long for something to change, at the most.
const WAIT: Duration = Duration::from_secs(1);
/// What one authority did, another one of the same store knows within this time; it is waited for three times.
const NOT_YET_KNOWN: Duration = Duration::from_millis(100);
/// The pause after an answer with changes: more of them, that come at once, are then told at once.
const PAUSE: Duration = Duration::from_millis(5);

/// Loads the index, then follows.
pub(crate) async fn start(
    upstream: Arc<dyn Upstream>,
    options: &FollowOptions,
    clock: Arc<dyn Clock>,
) -> Result<Verifier> {
    let max_staleness = options.staleness_or(MAX_STALENESS)?;
    let others = options.others(&clock)?;
    let low = VerifierOptions::default().clock(clock).max_staleness(max_staleness).validators(others);
    let (verifier, writer) = Verifier::with_writer(low);
    let (source, follow) = Source::new(upstream.place(), options.uses());
    let verifier = verifier.fed_by(Arc::new(source));
    let Follow { progress, stop } = follow;
    let (id, known) = (random_id()?, None);
    let mut replica = Replica {
        upstream,
        id,
        max_staleness,
        writer: Some(writer),
        known,
        progress,
        failures: 0,
        late: false,
    };
    if options.startup == Startup::Wait {
        let ready = timeout(options.deadline, replica.become_ready()).await;
        ready.unwrap_or_else(|_| Err(not_ready(verifier.state().trouble)))?;
    }
    tokio::spawn(replica.run(stop));
    Ok(verifier)
}

/// What the index has.
struct Known {
    position: Position,
    apis: Vec<Api>,
    /// The revision of the external token validators; none where the authority knows of none.
    validators: Option<i64>,
}

struct Replica {
    upstream: Arc<dyn Upstream>,
    /// By which the authority knows it, for as long as it lives.
    id: String,
    max_staleness: Duration,
    /// Lent out while an index is loaded.
    writer: Option<VerifierWriter>,
    known: Option<Known>,
    progress: tokio::sync::watch::Sender<Progress>,
    /// How often in a row it was in vain.
    failures: u32,
    /// Whether the last poll took too long.
    late: bool,
}

impl Replica {
    /// Tries until everything is known, or until something stands against it that will not pass.
    async fn become_ready(&mut self) -> Result<()> {
        while !self.progress.borrow().connected {
            match self.step().await {
                // A credential that another authority has just made may not be known here yet.
                Err(error) if error.kind() == ErrorKind::Unauthorized && self.failures <= 3 => {
                    sleep(NOT_YET_KNOWN).await;
                }
                Err(error) if !error.retryable() => return Err(error),
                stepped => sleep(self.pause(&stepped)).await,
            }
        }
        Ok(())
    }

    async fn run(mut self, mut stop: Stop) {
        loop {
            let pause = tokio::select! {
                () = stop.told() => return,
                stepped = self.step() => self.pause(&stepped),
            };
            tokio::select! {
                () = stop.told() => return,
                () = sleep(pause) => {}
            }
        }
    }

    /// Loads, or asks for changes, once.
    async fn step(&mut self) -> Result<Step> {
        let place = self.upstream.place();
        let stepped = if self.known.is_none() { self.load().await } else { self.poll().await };
        if let Err(error) = &stepped {
            self.failures = self.failures.saturating_add(1);
            self.upstream.turn_from(&place);
            if self.progress.borrow().trouble.is_none() {
                tracing::warn!(code = error.code(), server = place, "the server cannot be followed");
            }
            let trouble = Some(error.clone());
            self.progress.send_modify(|progress| {
                (progress.connected, progress.trouble, progress.place) = (false, trouble, place);
            });
        }
        stepped
    }

    /// Asks for what has changed, and takes it over.
    async fn poll(&mut self) -> Result<Step> {
        let Some(known) = &self.known else { return Ok(Step::Quiet) };
        let nonce = random_id()?;
        // After a snapshot, or an answer that did not come, a proof is needed first.
        let proved = self.failures == 0 && self.progress.borrow().connected;
        let ask = Ask {
            position: known.position.clone(),
            wait: if proved { WAIT.min(self.max_staleness / 4) } else { Duration::ZERO },
            nonce,
            replica: self.id.clone(),
            max_staleness: self.max_staleness,
        };
        // An answer that is later than this would prove nothing. The first one is not waited for so long, so that there is
        // time for another way.
        let usual = ask.wait + self.max_staleness.saturating_sub(ask.wait) / 3;
        let limit = if self.late { self.max_staleness } else { usual };
        let place = self.upstream.place();
        let (asked_at, asked) = (self.writer()?.reading(), Instant::now());
        let answer = self.upstream.changes(&ask, limit).await;
        let timed_out = answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Timeout);
        // Where all answers are slow, the next one is as well.
        self.late = timed_out || asked.elapsed() > usual;
        let answer = answer?;
        #[cfg(test)]
        let asked_at = if simulation::has(Defect::FromArrival) { self.writer()?.reading() } else { asked_at };
        if answer.nonce != ask.nonce {
            return Err(malformed("this is the answer to another question"));
        }
        let Some(known) = &self.known else { return Ok(Step::Quiet) };
        let goes_on = known.position.is_within(&answer.position);
        // After an authority that knows of no validators another one need not tell what has not changed since.
        let lacks_validators = answer
            .validators
            .as_ref()
            .is_some_and(|told| told.list.is_none() && known.validators != Some(told.revision));
        let starts_over =
            answer.start_over.is_some() || !goes_on || answer.apis != known.apis || lacks_validators;
        if starts_over {
            tracing::info!(reason = ?answer.start_over, "the replica loads all tokens again");
            if !goes_on {
                // Revisions mean something else there, and no proof from here speaks for it.
                self.forget_proof()?;
            }
            self.known = None;
            // Should it be so each time, it is no more than a try that failed.
            self.failures = self.failures.saturating_add(1);
            return Ok(Step::Again);
        }
        let busy = answer.position.revision > known.position.revision;
        self.take_over(answer, asked_at, place)?;
        Ok(if busy { Step::Busy } else { Step::Quiet })
    }

    fn take_over(&mut self, answer: Changes, asked_at: crate::Reading, place: String) -> Result<()> {
        // All of it is looked at before any of it is taken over.
        let records = answer
            .tokens
            .into_iter()
            .map(|token| token.unpack().map_err(broken))
            .collect::<Result<Vec<_>>>()?;
        let validators = answer.validators.as_ref().map(|told| told.revision);
        let writer = self.writer()?;
        if let Some(roles) = answer.roles {
            writer.set_roles(roles);
        }
        match answer.validators {
            Some(ValidatorsTold { list: Some(list), .. }) => writer.set_validators(list),
            // Those that it has are as they were.
            Some(ValidatorsTold { list: None, .. }) => {}
            None => writer.set_validators(Vec::new()),
        }
        for id in answer.deleted {
            writer.remove(id);
        }
        for record in &records {
            writer.put(record);
        }
        writer.tell_time(answer.now);
        let recovered = writer.prove_again(asked_at);
        self.failures = 0;
        if let Some(known) = &mut self.known {
            known.position = answer.position.clone();
            known.validators = validators;
        }
        let expires_on = answer.credential_expires_on;
        self.progress.send_if_modified(|progress| {
            let news = progress.position != answer.position
                || !progress.connected
                || recovered
                || progress.credential_expires_on != expires_on;
            if news {
                if progress.trouble.is_some() {
                    tracing::info!(server = place, "the server is followed again");
                }
                (progress.position, progress.place) = (answer.position, place);
                (progress.connected, progress.trouble) = (true, None);
                progress.credential_expires_on = expires_on;
            }
            news
        });
        Ok(())
    }

    /// What comes into the index is nothing that a proof until now speaks for.
    fn forget_proof(&mut self) -> Result<()> {
        #[cfg(test)]
        if simulation::has(Defect::KeepsProof) {
            return Ok(());
        }
        self.writer()?.forget_proof();
        self.progress.send_modify(|progress| progress.position = Position::default());
        Ok(())
    }

    fn writer(&mut self) -> Result<&mut VerifierWriter> {
        self.writer.as_mut().ok_or_else(lent)
    }

    /// How long to rest after a step. After one that was in vain what will hardly pass by itself is tried less often.
    fn pause(&self, stepped: &Result<Step>) -> Duration {
        let (first, longest) = match stepped {
            Ok(Step::Quiet) => return Duration::ZERO,
            Ok(Step::Busy) => return PAUSE,
            Ok(Step::Again) => (50, 2_000),
            Err(error) if error.retryable() => (50, 2_000),
            Err(_) => (1_000, 10_000),
        };
        backoff((first, longest), self.failures, chance())
    }
}

/// What came of a step.
enum Step {
    /// Nothing new.
    Quiet,
    /// There were changes.
    Busy,
    /// All tokens have to be loaded again.
    Again,
}

fn malformed(text: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, "answer_malformed", text)
}

fn broken(error: Error) -> Error {
    malformed("the server's answer has a token that is none").with_cause(error)
}

fn chance() -> Option<u64> {
    #[cfg(test)]
    if let Some(number) = simulation::chance() {
        return Some(number);
    }
    SysRng.try_next_u64().ok()
}
