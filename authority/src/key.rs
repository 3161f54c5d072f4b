//! The key that sessions are signed with: 256 random bits, the same for all authorities of one store.

use std::fmt;
use std::fs;
use std::io::{ErrorKind as IoKind, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass::{Error, ErrorKind, Location, Result};
use rand::TryRng as _;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

/// The environment's word for the key.
const VARIABLE: &str = "GATEPASS_SESSION_KEY";
/// The fewest bytes of a key (RFC 7518 section 3.2: as many as the hash has).
const LEAST: usize = 32;

/// Where the session key comes from.
#[derive(Clone)]
#[non_exhaustive]
pub enum SessionKey {
    /// These bytes, 32 of them at least.
    Bytes(Zeroizing<Vec<u8>>),
    /// This file, which is made if it is not there. Only its owner may be able to read it.
    File(PathBuf),
    /// A file beside the store's, of its name and `.session-key`. A store on a database server has none.
    BesideStore,
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(_) => f.write_str("Bytes(…)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::BesideStore => f.write_str("BesideStore"),
        }
    }
}

impl SessionKey {
    /// The key in `GATEPASS_SESSION_KEY`, in base64, if it is set.
    ///
    /// # Errors
    /// `session_key_malformed`.
    pub fn from_environment() -> Result<Option<Self>> {
        match std::env::var(VARIABLE) {
            Ok(text) if !text.is_empty() => decode(&Zeroizing::new(text)).map(|key| Some(Self::Bytes(key))),
            _ => Ok(None),
        }
    }

    pub(crate) fn read(&self, store: Option<&Location>) -> Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::Bytes(key) if key.len() >= LEAST => Ok(key.clone()),
            Self::Bytes(_) => Err(malformed()),
            Self::File(path) => read_or_make(path),
            Self::BesideStore => {
                let text = "a store on a database server needs GATEPASS_SESSION_KEY or a key file, the same for each \
                            authority";
                let missing = || Error::invalid("sessionKey", "session_key_missing", text);
                read_or_make(&beside(store.and_then(Location::path).ok_or_else(missing)?, ".session-key"))
            }
        }
    }
}

/// A file's name with this at its end.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>> {
    let key = STANDARD.decode(text.trim()).map(Zeroizing::new).map_err(|_| malformed())?;
    if key.len() >= LEAST { Ok(key) } else { Err(malformed()) }
}

fn malformed() -> Error {
    let text = "a session key is at least 32 random bytes, in base64";
    Error::invalid("sessionKey", "session_key_malformed", text)
}

fn read_or_make(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    match fs::read_to_string(path) {
        Ok(text) => {
            refuse_if_others_can_read(path)?;
            decode(&Zeroizing::new(text))
        }
        Err(error) if error.kind() == IoKind::NotFound => {
            make(path)?;
            // Whoever came first made the key; all of us read that one.
            decode(&Zeroizing::new(fs::read_to_string(path).map_err(|error| unreadable(path, error))?))
        }
        Err(error) => Err(unreadable(path, error)),
    }
}

/// The key appears whole and under its name at once, and takes the place of none.
fn make(path: &Path) -> Result<()> {
    let mut key = Zeroizing::new([0; LEAST]);
    SysRng.try_fill_bytes(key.as_mut_slice()).map_err(|error| {
        Error::new(ErrorKind::Internal, "no_randomness", "the system has no random numbers").with_cause(error)
    })?;
    let draft = beside(path, &format!(".{}", std::process::id()));
    let text = Zeroizing::new(STANDARD.encode(key.as_slice()));
    let made = write_private(&draft, &text).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() != IoKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    fs::remove_file(&draft).ok();
    made.map_err(|error| unreadable(path, error))
}

/// A new file that only its owner can read, on disk when this returns.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn refuse_if_others_can_read(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(|error| unreadable(path, error))?.permissions().mode();
        if mode & 0o077 != 0 {
            let text = format!("{}: others can read this key; chmod it to 600", path.display());
            return Err(Error::invalid("sessionKey", "session_key_exposed", text));
        }
    }
    let _ = path;
    Ok(())
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let text = format!("{}: {error}", path.display());
    Error::new(ErrorKind::Storage, "session_key_unreadable", text).with_field("sessionKey").with_cause(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_refused_where_others_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Location::from(folder.path().join("tokens.db"));
        let key = SessionKey::BesideStore.read(Some(&store)).unwrap();
        assert_eq!(SessionKey::BesideStore.read(Some(&store)).unwrap(), key);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = folder.path().join("tokens.db.session-key");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            assert_eq!(SessionKey::File(path).read(Some(&store)).unwrap_err().code(), "session_key_exposed");
        }
    }

    #[test]
    fn a_key_that_is_too_short_is_refused() {
        let store = Location::from("postgres://localhost/tokens");
        let short = SessionKey::Bytes(Zeroizing::new(vec![7; 31]));
        assert_eq!(short.read(Some(&store)).unwrap_err().code(), "session_key_malformed");
        assert_eq!(SessionKey::BesideStore.read(Some(&store)).unwrap_err().code(), "session_key_missing");
    }
}
