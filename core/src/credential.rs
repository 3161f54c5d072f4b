//! Where a client gets its own secret from.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use futures_util::future::BoxFuture;

use crate::{Error, ErrorKind, MAX_SECRET_LENGTH, Result, Secret};

/// A file is read so far: one that has more in it has no secret in it.
const LONGEST_FILE: usize = MAX_SECRET_LENGTH + 1024;

/// A secret's source: a value, an environment variable, a file, or a function. It is asked again when the server has
/// refused what it gave last, and a file is read again when it has changed, so that a rotated secret is taken up
/// without a restart.
#[derive(Clone)]
pub struct Credential(Source);

#[derive(Clone)]
enum Source {
    Value(Secret),
    Env(String),
    File(Arc<File>),
    Callable(Arc<Callable>),
}

/// A file, and what was in it when it was last read.
struct File {
    path: PathBuf,
    read: Mutex<Option<(Stamp, Secret)>>,
}

/// What changes when a file does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    inode: u64,
}

struct Callable {
    ask: Box<dyn Fn() -> BoxFuture<'static, Result<Secret>> + Send + Sync>,
    /// One asks at a time; others wait for what it is given.
    given: tokio::sync::Mutex<Option<Secret>>,
}

impl Credential {
    /// This secret.
    pub const fn value(secret: Secret) -> Self {
        Self(Source::Value(secret))
    }

    /// The environment variable of this name, read each time.
    pub fn env(name: impl Into<String>) -> Self {
        Self(Source::Env(name.into()))
    }

    /// What is in this file; white space around it is dropped. It is read again when the file has changed.
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_path_buf();
        Self(Source::File(Arc::new(File { path, read: Mutex::new(None) })))
    }

    /// What this function gives: a look-up in a vault, say. Its answer is kept until a server refuses it.
    pub fn callable<F, A>(ask: F) -> Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<Secret>> + Send + 'static,
    {
        let ask: Box<dyn Fn() -> BoxFuture<'static, Result<Secret>> + Send + Sync> =
            Box::new(move || Box::pin(ask()));
        Self(Source::Callable(Arc::new(Callable { ask, given: tokio::sync::Mutex::new(None) })))
    }

    /// The secret as it is now.
    ///
    /// # Errors
    /// Unauthorized, `credential_missing`, where the variable is not set or the file cannot be read; those of
    /// [`Secret::new`]; whatever the function gives.
    pub async fn secret(&self) -> Result<Secret> {
        match &self.0 {
            Source::Value(secret) => Ok(secret.clone()),
            Source::Env(name) => {
                let text = std::env::var(name).map_err(|_| {
                    missing(format!("the environment variable {name} is not set, or is no text"))
                })?;
                Secret::new(text.trim())
            }
            Source::File(file) => file.secret(),
            Source::Callable(callable) => {
                let mut given = callable.given.lock().await;
                if let Some(secret) = &*given {
                    return Ok(secret.clone());
                }
                let secret = (callable.ask)().await?;
                *given = Some(secret.clone());
                Ok(secret)
            }
        }
    }

    /// Another secret than this one, which a server has refused; none where asking again gives no other. Where many
    /// were refused at once, the source is asked once for all of them.
    ///
    /// # Errors
    /// Those of [`secret`](Self::secret).
    pub async fn other_than(&self, refused: &Secret) -> Result<Option<Secret>> {
        match &self.0 {
            Source::Value(_) => return Ok(None),
            Source::Env(_) => {}
            Source::File(file) => file.forget(refused),
            Source::Callable(callable) => {
                let mut given = callable.given.lock().await;
                if given.as_ref() == Some(refused) {
                    *given = None;
                }
            }
        }
        let secret = self.secret().await?;
        Ok((secret != *refused).then_some(secret))
    }
}

impl File {
    fn secret(&self) -> Result<Secret> {
        let failed =
            |error: std::io::Error| missing(format!("{}: {error}", self.path.display())).with_cause(error);
        let stamp = Stamp::of(&self.path).map_err(failed)?;
        let mut read = lock(&self.read);
        if let Some((before, secret)) = &*read
            && *before == stamp
        {
            return Ok(secret.clone());
        }
        // No more than a secret and some white space: it may be the wrong file.
        let mut text = zeroize::Zeroizing::new(String::with_capacity(LONGEST_FILE));
        let file = std::fs::File::open(&self.path).map_err(failed)?;
        file.take(LONGEST_FILE as u64).read_to_string(&mut text).map_err(failed)?;
        let secret = Secret::new(text.trim())?;
        *read = Some((stamp, secret.clone()));
        Ok(secret)
    }

    /// Reads it again, changed or not: it may have changed faster than its file system can tell.
    fn forget(&self, refused: &Secret) {
        let mut read = lock(&self.read);
        if read.as_ref().is_some_and(|(_, secret)| secret == refused) {
            *read = None;
        }
    }
}

impl Stamp {
    fn of(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(&metadata),
        })
    }
}

fn missing(text: String) -> Error {
    Error::new(ErrorKind::Unauthorized, "credential_missing", text).with_field("credential")
}

/// A secret that was being written when a thread panicked is still a secret.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<Secret> for Credential {
    fn from(secret: Secret) -> Self {
        Self::value(secret)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Value(secret) => write!(f, "Credential({secret})"),
            Source::Env(name) => write!(f, "Credential(env {name})"),
            Source::File(file) => write!(f, "Credential(file {})", file.path.display()),
            Source::Callable(_) => f.write_str("Credential(callable)"),
        }
    }
}
