//! When tokens were last used, and from where: noted by checks, which never wait for it, and reported now and then.
//!
//! Losing some is no harm, for the next use is noted again. So a check writes it down where it can at once, and
//! else not at all.

use std::cell::Cell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::Duration;

use ahash::RandomState;
use tokio::time::{Instant, sleep_until};

use crate::service::Service;
use crate::source::Stop;
use crate::wire::Used;
use crate::{Acting, Timestamp, TokenId};

/// Each thread has a notebook of its own, as long as there are no more threads than notebooks: so none waits for another,
/// nor do their processors' caches.
const NOTEBOOKS: usize = 16;
/// Tokens in a notebook.
const TOKENS: usize = 4096;
/// Uses that are reported at once, at the most.
const AT_ONCE: usize = 5_000;
/// How often it is looked whether the notebooks are filling up.
const LOOKING: Duration = Duration::from_secs(1);
/// How long a last report may take.
const LAST: Duration = Duration::from_secs(3);

type Notebook = HashMap<TokenId, (Timestamp, Option<IpAddr>), RandomState>;

/// The uses that were not reported yet.
#[derive(Debug)]
pub(crate) struct Uses {
    notebooks: [Mutex<Notebook>; NOTEBOOKS],
    crowded: AtomicBool,
}

impl Uses {
    pub(crate) fn new() -> Self {
        Self {
            notebooks: [const { Mutex::new(()) }; NOTEBOOKS].map(|_| Mutex::default()),
            crowded: AtomicBool::new(false),
        }
    }

    /// Notes a use.
    pub(crate) fn note(&self, id: TokenId, now: Timestamp, peer: Option<IpAddr>) {
        let own = own_notebook();
        for at in 0..NOTEBOOKS {
            let Some(notebook) = self.notebooks.get((own + at) % NOTEBOOKS) else { return };
            let mut notebook = match notebook.try_lock() {
                Ok(notebook) => notebook,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => continue,
            };
            if notebook.len() >= TOKENS / 2 {
                self.crowded.store(true, Ordering::Relaxed);
                if notebook.len() >= TOKENS && !notebook.contains_key(&id) {
                    continue;
                }
            }
            notebook.insert(id, (now, peer));
            return;
        }
    }

    /// Takes them out: each token once, with its latest use.
    fn take(&self) -> Vec<Used> {
        self.crowded.store(false, Ordering::Relaxed);
        let mut latest = Notebook::default();
        for notebook in &self.notebooks {
            let mut notebook = notebook.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for (id, used) in notebook.drain() {
                let known = latest.entry(id).or_insert(used);
                if known.0 < used.0 {
                    *known = used;
                }
            }
        }
        latest.into_iter().map(|(id, (when, peer))| Used(id, when.as_millis(), peer)).collect()
    }

    /// Puts what could not be reported back, unless it is known better by now.
    fn put_back(&self, uses: &[Used]) {
        for Used(id, when, peer) in uses {
            let Some(notebook) =
                self.notebooks.get(usize::from(id.as_bytes().last().copied().unwrap_or(0)) % NOTEBOOKS)
            else {
                continue;
            };
            let mut notebook = notebook.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let (true, Some(when)) = (notebook.len() < TOKENS, Timestamp::from_millis(*when)) {
                let known = notebook.entry(*id).or_insert((when, *peer));
                if known.0 < when {
                    *known = (when, *peer);
                }
            }
        }
    }

    /// Reports all that was noted. What could not be reported is kept for the next time.
    pub(crate) async fn report(&self, service: &dyn Service, acting: &Acting) {
        let uses = self.take();
        for portion in uses.chunks(AT_ONCE) {
            if let Err(error) = service.report_usage(acting, portion.to_vec()).await {
                tracing::debug!(code = error.code(), "uses could not be reported");
                if error.retryable() {
                    self.put_back(portion);
                }
            }
        }
    }
}

/// The notebook of this thread.
fn own_notebook() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    OWN.with(|own| {
        if own.get() == usize::MAX {
            own.set(NEXT.fetch_add(1, Ordering::Relaxed) % NOTEBOOKS);
        }
        own.get()
    })
}

/// Reports every `interval`, before notebooks are full, and once more at the end.
pub(crate) async fn keep_reporting(
    uses: Arc<Uses>,
    service: Arc<dyn Service>,
    acting: Acting,
    interval: Duration,
    mut stop: Stop,
) {
    let mut due = Instant::now() + interval;
    loop {
        let ended = tokio::select! {
            () = stop.told() => true,
            () = sleep_until(due.min(Instant::now() + LOOKING)) => false,
        };
        if ended {
            tokio::time::timeout(LAST, uses.report(service.as_ref(), &acting)).await.ok(); // a late last use, no more
            return;
        }
        if Instant::now() >= due || uses.crowded.load(Ordering::Relaxed) {
            uses.report(service.as_ref(), &acting).await;
            due = Instant::now() + interval;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> TokenId {
        format!("{number:012}").parse().unwrap()
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    #[test]
    fn each_token_is_taken_once_with_its_latest_use() {
        let uses = Uses::new();
        let peer = "192.0.2.7".parse().ok();
        std::thread::scope(|scope| {
            for thread in 0..40 {
                let uses = &uses;
                scope.spawn(move || (0..100).for_each(|number| uses.note(id(number), at(thread), None)));
            }
        });
        (0..100).for_each(|number| uses.note(id(number), at(40), peer));
        let mut taken = uses.take();
        taken.sort_by_key(|used| used.0);
        assert_eq!(taken, (0..100).map(|number| Used(id(number), 40, peer)).collect::<Vec<_>>());
        assert_eq!(uses.take(), []);
    }

    #[test]
    fn it_is_bounded_and_tells_before_it_is_full() {
        let uses = Uses::new();
        (0..TOKENS / 2).for_each(|number| uses.note(id(number), at(1), None));
        assert!(!uses.crowded.load(Ordering::Relaxed));
        (0..2 * NOTEBOOKS * TOKENS).for_each(|number| uses.note(id(number), at(1), None));
        assert!(uses.crowded.load(Ordering::Relaxed));
        assert_eq!(uses.take().len(), NOTEBOOKS * TOKENS);
        assert!(!uses.crowded.load(Ordering::Relaxed));
    }

    #[test]
    fn what_is_put_back_does_not_undo_what_was_noted_since() {
        let uses = Uses::new();
        uses.note(id(1), at(1), None);
        uses.note(id(2), at(1), None);
        let taken = uses.take();
        uses.note(id(1), at(2), None);
        uses.put_back(&taken);
        let mut taken = uses.take();
        taken.sort_by_key(|used| used.0);
        assert_eq!(taken, [Used(id(1), 2, None), Used(id(2), 1, None)]);
    }
}
