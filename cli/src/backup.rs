//! `gatepass backup`, `restore` and `store copy`: the whole of a store, from one place to another.

use std::path::{Path, PathBuf};

use gatepass::{Error, ErrorKind, Gatepass, Location, Result};
use serde_json::json;
use tempfile::TempPath;

use crate::context::{Context, Missing, remove_store_file};
use crate::fault::{Outcome, Stop};
use crate::input;
use crate::progress::Progress;
use crate::secret_file::folder_of;

/// The copy is written in a folder beside the file and takes its name when it is whole: a backup that was interrupted
/// must not look like a store without tokens.
pub(crate) async fn backup(context: &Context, file: &Path) -> Result<Outcome, Stop> {
    if file.symlink_metadata().is_ok() {
        return Err(exists().into());
    }
    let folder = tempfile::Builder::new()
        .prefix(".gatepass-backup-")
        .tempdir_in(folder_of(file))
        .map_err(unwritable)?;
    let unfinished = folder.path().join("store");
    let tokens = context
        .with_store(Missing::Refuse, async |gp| {
            let target = context
                .open(Location::from(unfinished.as_path()), context.policy().clone(), Missing::Make)
                .await?;
            copied(context, gp, target, Kind::Same).await
        })
        .await?;
    let unfinished = TempPath::try_from_path(unfinished).map_err(unwritable)?;
    unfinished.persist_noclobber(file).map_err(|error| {
        if error.error.kind() == std::io::ErrorKind::AlreadyExists {
            exists()
        } else {
            unwritable(error.error)
        }
    })?;
    told(context, tokens, "backed up", &file.display().to_string())
}

pub(crate) async fn restore(context: &Context, file: &Path, yes: bool) -> Result<Outcome, Stop> {
    let location = context.location()?;
    context.output.warn(format_args!(
        "warning: what was done after this backup is lost: a token that was revoked or rotated since is good again, \
         with its old secret. Verifiers that followed the lost store start over."
    ));
    let source = context.open(Location::from(file), context.policy().clone(), Missing::Refuse).await?;
    let restored = async {
        input::confirm(&format!("Restore {} into {location}?", file.display()), yes)?;
        into_new(context, &source, location.clone(), Kind::Restored).await
    };
    let restored = restored.await;
    source.close().await;
    told(context, restored?, "restored", &location.to_string())
}

pub(crate) async fn copy(context: &Context, to: String) -> Result<Outcome, Stop> {
    let location = Location::from(to);
    let name = location.to_string();
    let tokens = context
        .with_store(Missing::Refuse, async |gp| into_new(context, gp, location, Kind::Same).await)
        .await?;
    told(context, tokens, "copied", &name)
}

/// What a copy is for.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// To go on where the source is.
    Same,
    /// To go on where the source was, at an earlier time.
    Restored,
}

/// Copies into a store that is made for it, or is there and empty. Where that fails, a file that was made is removed.
async fn into_new(context: &Context, from: &Gatepass, location: Location, kind: Kind) -> Result<u64, Stop> {
    let made: Option<PathBuf> = location.path().filter(|path| !path.exists()).map(Path::to_owned);
    let target = context.open(location, context.policy().clone(), Missing::Make).await?;
    let copied = copied(context, from, target, kind).await;
    if let (Err(_), Some(path)) = (&copied, made) {
        remove_store_file(&path);
    }
    copied
}

/// Copies, lets go of the target, and tells how many tokens there are in it.
async fn copied(context: &Context, from: &Gatepass, to: Gatepass, kind: Kind) -> Result<u64, Stop> {
    let progress = Progress::new(context.output);
    let copied = match kind {
        Kind::Same => from.copy_to(&to, |now| progress.copied(now)).await,
        Kind::Restored => from.restore_to(&to, |now| progress.copied(now)).await,
    };
    let summary = match copied {
        Ok(()) => to.summary().await,
        Err(error) => Err(error),
    };
    to.close().await;
    Ok(summary?.tokens)
}

fn told(context: &Context, tokens: u64, done: &str, to: &str) -> Result<Outcome, Stop> {
    if context.output.is_json() {
        context.output.json(&json!({"tokens": tokens, "to": to}))?;
    }
    context.output.note(format_args!("{done} {tokens} tokens, with roles, users and audit trail, to {to}"));
    Ok(Outcome::Done)
}

fn exists() -> Error {
    let text = "there is something of this name already; a backup is a new file";
    Error::new(ErrorKind::Conflict, "file_exists", text).with_field("file")
}

fn unwritable(error: std::io::Error) -> Error {
    Error::invalid("file", "file_failed", format!("the file cannot be written: {error}")).with_cause(error)
}
