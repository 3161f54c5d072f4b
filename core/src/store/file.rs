//! The file of a store: made for its owner alone, on a disk whose locks can be trusted, and the same one throughout.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, ErrorKind, Result};

/// A file that only its owner can read, which is made where there is none and `create` says so. SQLite gives the
/// files beside it the same rights.
pub(crate) fn prepare(path: &Path, create: bool) -> Result<()> {
    if let Ok(found) = path.metadata() {
        if found.is_file() && found.len() == 0 && !create {
            // Seen before SQLite is asked, which would write its header into it.
            let text = "there is no store in it";
            return Err(Error::new(ErrorKind::Storage, "store_missing", text).with_field("store"));
        }
        return writable(path);
    }
    if !create {
        return Err(missing(std::io::ErrorKind::NotFound.into()));
    }
    let mut options = fs::OpenOptions::new();
    // Never one that is there: to close it would end the locks that this process has on it.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(missing(error)),
        _ => Ok(()),
    }
}

/// SQLite writes beside a file even to read it; where it cannot, it says no more than that it cannot open it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn writable(path: &Path) -> Result<()> {
    let folder = std::path::absolute(path).ok().and_then(|path| path.parent().map(PathBuf::from));
    for part in [Some(path), folder.as_deref()].into_iter().flatten() {
        if let Err(error @ (rustix::io::Errno::ROFS | rustix::io::Errno::ACCESS)) =
            rustix::fs::access(part, rustix::fs::Access::WRITE_OK)
        {
            let text = format!("{}: {error}", part.display());
            return Err(Error::new(ErrorKind::Storage, "store_read_only", text).with_cause(error));
        }
    }
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can be told")]
const fn writable(_: &Path) -> Result<()> {
    Ok(())
}

/// Which file it is, the store says.
fn missing(error: std::io::Error) -> Error {
    let text = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    };
    Error::new(ErrorKind::Storage, "store_missing", text).with_cause(error)
}

/// The file that was opened, whatever its path leads to later. SQLite would go on with a file that was deleted, or
/// replaced by a backup: what it acknowledged then would be lost, and what others wrote never seen.
#[derive(Debug, Clone)]
pub(crate) struct OpenFile {
    path: PathBuf,
    id: Option<(u64, u64)>,
}

impl OpenFile {
    /// The file that is there now.
    pub(crate) fn at(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_owned(), id: id(path)? })
    }

    /// Fails unless it is still in its place.
    ///
    /// # Errors
    /// `store_missing`, `store_replaced`.
    pub(crate) fn check(&self) -> Result<()> {
        if id(&self.path)? == self.id {
            return Ok(());
        }
        let text = "the store's file was replaced by another one; open the store again";
        Err(Error::new(ErrorKind::Storage, "store_replaced", text))
    }
}

/// What tells a file from all others, where the system says it.
fn id(path: &Path) -> Result<Option<(u64, u64)>> {
    let found = fs::metadata(path).map_err(|error| {
        let text = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        };
        Error::new(ErrorKind::Storage, "store_missing", text).with_cause(error)
    })?;
    #[cfg(unix)]
    let id = Some((std::os::unix::fs::MetadataExt::dev(&found), std::os::unix::fs::MetadataExt::ino(&found)));
    #[cfg(not(unix))]
    let id = (drop(found), None).1;
    Ok(id)
}

/// SQLite's locks cannot be trusted on network file systems, whose kernels promise what their servers do not keep.
///
/// # Errors
/// `network_file_system`, where the system tells (Linux and Android; elsewhere this is for the user to know).
pub(crate) fn refuse_network_file_system(path: &Path) -> Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // Where a link leads is where SQLite puts its files.
        let path = fs::canonicalize(path).or_else(|_| std::path::absolute(path)).ok();
        let folder = path.as_deref().and_then(Path::parent);
        let found = folder.and_then(|folder| rustix::fs::statfs(folder).ok());
        if found.is_some_and(|found| is_network(i128::from(found.f_type))) {
            let text =
                "a store does not work on a network file system; put it on a local disk, or use PostgreSQL";
            return Err(Error::new(ErrorKind::Unsupported, "network_file_system", text).with_field("store"));
        }
    }
    let _ = path;
    Ok(())
}

/// Whether a file system of this number (Linux's magic.h) is on another machine. On 32 bits a great number comes as a
/// negative one.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_network(kind: i128) -> bool {
    const NETWORK: [i128; 12] = [
        0x6969,      // NFS
        0x517B,      // SMB
        0xFF53_4D42, // CIFS
        0xFE53_4D42, // SMB 2
        0x5346_414F, // AFS
        0x6B41_4653, // AFS, the kernel's own
        0x7375_7245, // Coda
        0x564C,      // NCP
        0x0102_1997, // 9P
        0x00C3_6400, // Ceph
        0x0BD0_0BD0, // Lustre
        0x786F_4256, // VirtualBox's shared folders
    ];
    NETWORK.contains(&(kind & 0xFFFF_FFFF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn file_systems_on_other_machines_are_told_from_local_ones() {
        let nfs_and_cifs_as_64_and_32_bits_say =
            [0x6969, 0xFF53_4D42, i128::from(0xFF53_4D42_u32.cast_signed())];
        assert!(nfs_and_cifs_as_64_and_32_bits_say.into_iter().all(is_network));
        // ext4, XFS, btrfs, tmpfs, overlayfs, F2FS, ZFS; btrfs's number is negative on 32 bits too.
        let btrfs = 0x9123_683E_u32;
        let local = [0xEF53, 0x5846_5342, btrfs.into(), btrfs.cast_signed().into(), 0x0102_1994, 0x794C_7630];
        assert!(local.into_iter().chain([0xF2F5_2010, 0x2FC1_2FC1]).all(|kind| !is_network(kind)));
        assert!(refuse_network_file_system(Path::new("tokens.db")).is_ok());
        // Where nobody can tell, opening the file says what is wrong.
        assert!(refuse_network_file_system(Path::new("/no/such/folder/tokens.db")).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn a_file_is_the_same_by_what_it_is_and_not_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        assert_eq!(prepare(&path, false).unwrap_err().code(), "store_missing");
        prepare(&path, true).unwrap();
        let open = OpenFile::at(&path).unwrap();
        fs::write(&path, "more").unwrap();
        open.check().unwrap();
        fs::rename(&path, &other).unwrap();
        assert_eq!(open.check().unwrap_err().code(), "store_missing");
        fs::copy(&other, &path).unwrap();
        assert_eq!(open.check().unwrap_err().code(), "store_replaced");
        fs::rename(&other, &path).unwrap();
        open.check().unwrap();
    }
}
