//! What is true of a file alone: who may read it, and what happens when it is not what it was.

use std::fs;
use std::time::Duration;

use gatepass::{Api, Clock as _, ErrorKind, OpenOptions, Reason, SystemClock};

use crate::support::{Place, code, rest, until};

#[cfg(unix)]
#[tokio::test]
async fn a_store_and_the_files_beside_it_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::sqlite();
    let gp = place.open().await;
    let _ = gp.tokens().create(rest("a")).await.unwrap();
    for end in ["", "-wal", "-shm"] {
        let mode = fs::metadata(format!("{}{end}", place.location())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{end}");
    }
}

#[tokio::test]
async fn a_path_may_have_anything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a b.db", "?mode=ro", "#x", "100%25.db", "\u{540d}&=;+'\".db", "file:y", "no suffix"] {
        let path = folder.path().join(name);
        let gp = gatepass::open(path.as_path()).await.unwrap();
        let _ = gp.tokens().create(rest("a")).await.unwrap();
        gp.close().await;
        assert!(path.exists(), "{name}");
        let again = gatepass::open(path.as_path()).await.unwrap();
        assert_eq!(again.inspect().await.unwrap().tokens, 1);
        again.close().await;
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 7);
}

#[tokio::test]
async fn a_store_that_is_not_there_is_made_only_where_that_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    let error = OpenOptions::default().create(false).open(path.as_path()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Storage, "store_missing"));
    assert!(!path.exists());
    let nowhere = folder.path().join("no/such/folder/tokens.db");
    assert_eq!(code(gatepass::open(nowhere.as_path()).await), "store_missing");
    let error = gatepass::open(folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    gatepass::open(path.as_path()).await.unwrap();
    OpenOptions::default().create(false).open(path.as_path()).await.unwrap();
}

#[tokio::test]
async fn another_programs_database_is_left_alone() {
    let place = Place::sqlite();
    fs::write(place.location(), "").unwrap();
    place.execute("CREATE TABLE bookmarks (url TEXT)").await;
    assert_eq!(code(gatepass::open(place.location()).await), "store_foreign");
    let tables = "SELECT COUNT(*) FROM sqlite_master";
    let count: i64 = sqlx::query_scalar(tables).fetch_one(&mut place.raw().await).await.unwrap();
    assert_eq!(count, 1);
}

/// A backup was put in the place of the file, or the file is gone: what is written now would be lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_moved_away_is_written_and_believed_no_more() {
    let place = Place::sqlite();
    let gp = place.open().await;
    let new = gp.tokens().create(rest("a")).await.unwrap();
    let guard = gp.verifier().await.unwrap().guard(Api::Rest, [""; 0]).unwrap();
    let says = || guard.check_secret(new.secret.reveal(), None).err().map(|denied| denied.reason);
    let (path, away) = (place.location(), format!("{}.away", place.location()));
    for replaced in [false, true] {
        assert_eq!(says(), None);
        fs::rename(path, &away).unwrap();
        let expected = if replaced {
            fs::copy(&away, path).unwrap();
            "store_replaced"
        } else {
            "store_missing"
        };
        for result in [
            gp.tokens().create(rest("b")).await.map(drop),
            gp.tokens().get("a").await.map(drop),
            gp.verifier().await.map(drop),
            gp.inspect().await.map(drop),
        ] {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Storage, expected));
            assert!(error.to_string().contains(path), "{error}");
        }
        let gone = SystemClock.boot_time();
        until("that nobody is believed any more", async || says() == Some(Reason::Stale)).await;
        assert!(SystemClock.boot_time().saturating_sub(gone) < Duration::from_secs(2));
        assert!(replaced || !fs::exists(path).unwrap());
        // It is back: all is as it was.
        fs::rename(&away, path).unwrap();
        until("the store again", async || says().is_none()).await;
        let _ = gp.tokens().create(rest(format!("after {replaced}"))).await.unwrap();
    }
    assert_eq!(gp.inspect().await.unwrap().faults, [""; 0]);
}

/// Loading reads a row less than there are: an index of some tokens only would be believed.
#[tokio::test]
async fn an_index_that_is_not_whole_is_not_served() {
    let place = Place::sqlite();
    let gp = place.open().await;
    for name in ["a", "b", "c"] {
        let _ = gp.tokens().create(rest(name)).await.unwrap();
    }
    let verifier = gp.verifier().await.unwrap();
    place.execute("UPDATE tokens SET digest = x'00' WHERE name = 'b'").await;
    let error = gp.verifier().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Storage, "store_corrupt"));
    assert!(error.to_string().contains(place.location()), "{error}");
    assert_eq!(gp.inspect().await.unwrap().faults.len(), 1);
    assert_eq!(verifier.revision(), 3);
}
