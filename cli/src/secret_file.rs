//! A secret in a file that only its owner can read, there whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use gatepass::{Error, ErrorKind, Result, Secret};
use tempfile::NamedTempFile;

/// A file that is going to hold a secret. The file beside it that is written first exists already, so that what can be
/// known to fail has failed before a secret is made.
#[derive(Debug)]
pub(crate) struct SecretFile {
    path: PathBuf,
    beside: NamedTempFile,
    replaces: bool,
}

impl SecretFile {
    /// A file that does not exist yet.
    ///
    /// # Errors
    /// `secret_file_exists`, `secret_file_failed`.
    pub(crate) fn new(path: &Path) -> Result<Self> {
        if path.symlink_metadata().is_ok() { Err(exists()) } else { Self::prepare(path, false) }
    }

    /// A file that takes the place of the one that is there, if one is.
    ///
    /// # Errors
    /// `secret_file_exists` where something else than a file is there, `secret_file_failed`.
    pub(crate) fn replacing(path: &Path) -> Result<Self> {
        // A link's own place would be taken, and the file that it leads to left behind.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        match path.symlink_metadata() {
            Ok(found) if !found.is_file() => Err(exists()),
            _ => Self::prepare(&path, true),
        }
    }

    fn prepare(path: &Path, replaces: bool) -> Result<Self> {
        let beside =
            tempfile::Builder::new().prefix(".gatepass-").tempfile_in(folder_of(path)).map_err(failed)?;
        Ok(Self { path: path.to_owned(), beside, replaces })
    }

    /// Writes the secret, and returns once it is on disk under its name.
    pub(crate) fn write(mut self, secret: &Secret) -> Result<()> {
        let file = self.beside.as_file_mut();
        file.write_all(secret.reveal().as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        let placed = if self.replaces {
            self.beside.persist(&self.path)
        } else {
            self.beside.persist_noclobber(&self.path)
        };
        placed.map_err(|error| {
            if error.error.kind() == std::io::ErrorKind::AlreadyExists {
                exists()
            } else {
                failed(error.error)
            }
        })?;
        // The name is on disk once its folder is; not every system lets one ask for that.
        std::fs::File::open(folder_of(&self.path)).and_then(|folder| folder.sync_all()).ok();
        Ok(())
    }
}

/// The folder that a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn exists() -> Error {
    let text = "there is something of this name already";
    Error::new(ErrorKind::Conflict, "secret_file_exists", text).with_field("secretFile")
}

fn failed(error: std::io::Error) -> Error {
    let text = format!("the file cannot be written: {error}");
    Error::invalid("secretFile", "secret_file_failed", text).with_cause(error)
}
