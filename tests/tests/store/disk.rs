//! A disk that is full, and one that cannot be written. Each test runs itself again in namespaces of its own, where it
//! may mount what it needs.

use std::path::{Path, PathBuf};
use std::process::Command;

use futures_util::TryStreamExt as _;
use gatepass::{Api, ErrorKind, Gatepass, IssuedToken, NewToken, TokenFilter, days};

use crate::support::need;

const INSIDE: &str = "STORE_TEST_INSIDE";

/// The folder of a small file system, where this is the run inside; otherwise there will have been one.
fn inside(test: &str, size: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(INSIDE) {
        return Some(folder.into());
    }
    need("unshare", "util-linux");
    let folder = tempfile::tempdir().unwrap();
    let script =
        format!("mount -t tmpfs -o size={size} none \"$2\" && exec \"$0\" --exact \"$1\" --nocapture");
    let run = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args([test.as_ref(), folder.path()])
        .env(INSIDE, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && said.contains("1 passed"),
        "user namespaces are needed (sysctl kernel.unprivileged_userns_clone=1)\n{said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    None
}

async fn create(gp: &Gatepass, name: &str) -> gatepass::Result<IssuedToken> {
    gp.tokens().create(NewToken::new(name, Api::Rest).expires(days(9)).description("x".repeat(900))).await
}

async fn names(gp: &Gatepass) -> Vec<String> {
    gp.tokens().list(TokenFilter::default()).map_ok(|token| token.name).try_collect().await.unwrap()
}

/// Creates until nothing more goes in; what was acknowledged until then.
async fn fill(gp: &Gatepass, prefix: &str) -> Vec<String> {
    let mut made = Vec::new();
    for number in 0..100_000 {
        let name = format!("{prefix} {number:05}");
        match create(gp, &name).await {
            Ok(_) => made.push(name),
            Err(error) => {
                assert_eq!((error.kind(), error.code()), (ErrorKind::Storage, "store_full"), "{error:?}");
                assert!(error.to_string().contains("tokens.db"), "{error}");
                return made;
            }
        }
    }
    panic!("it was never full");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_lost_and_space_is_all_that_is_needed() {
    let test = "disk::on_a_full_disk_nothing_is_lost_and_space_is_all_that_is_needed";
    let Some(folder) = inside(test, "6m") else { return };
    let (file, ballast) = (folder.join("tokens.db"), folder.join("ballast"));
    std::fs::write(&ballast, vec![0; 2 << 20]).unwrap();
    let gp = gatepass::open(file.as_path()).await.unwrap();
    let verifier = gp.verifier().await.unwrap();
    let guard = verifier.guard(Api::Rest, [""; 0]).unwrap();
    let first = create(&gp, "first").await.unwrap();
    let mut made = vec!["first".to_owned()];
    made.extend(fill(&gp, "a").await);
    assert!(made.len() > 100, "{}", made.len());

    // Full: reading and checking go on, and each attempt says the same.
    for _ in 0..5 {
        assert_eq!(create(&gp, "more").await.unwrap_err().code(), "store_full");
    }
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    assert!(guard.check_secret(first.secret.reveal(), None).is_ok());
    assert!(gp.tokens().check_secret(Api::Rest, [""; 0], first.secret.reveal(), None).await.unwrap().is_ok());
    assert_eq!(names(&gp).await, {
        made.sort();
        made.clone()
    });

    // Another process finds the same, though nothing can be added to it.
    let other = gatepass::open(file.as_path()).await.unwrap();
    assert_eq!(names(&other).await, made);
    assert_eq!(create(&other, "more").await.unwrap_err().code(), "store_full");

    // There is space again: the same programs go on.
    std::fs::remove_file(&ballast).unwrap();
    let after = create(&gp, "z after").await.unwrap();
    verifier.wait_for(after.revision).await.unwrap();
    assert!(guard.check_secret(after.secret.reveal(), None).is_ok());
    let _ = create(&other, "z more").await.unwrap();
    made.extend(["z after".to_owned(), "z more".to_owned()]);
    made.extend(fill(&gp, "zz").await);
    other.close().await;
    gp.close().await;

    // There may not even be the space that opening takes.
    let more = std::fs::write(&ballast, vec![0; 8 << 20]).unwrap_err();
    assert_eq!(more.kind(), std::io::ErrorKind::StorageFull);
    match gatepass::open(file.as_path()).await {
        // The log beside the file may have some room left.
        Ok(gp) => made.extend(fill(&gp, "zzz").await),
        Err(error) => assert_eq!(error.code(), "store_full", "{error:?}"),
    }
    std::fs::remove_file(&ballast).unwrap();
    let gp = gatepass::open(file.as_path()).await.unwrap();
    assert_eq!(names(&gp).await, made);
    assert_eq!(gp.inspect().await.unwrap().faults, [""; 0]);
}

fn remount(folder: &Path, how: &str) {
    let status = Command::new("mount").args(["-o", how]).arg(folder).status().unwrap();
    assert!(status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_says_so_and_is_read_where_that_is_possible() {
    let test = "disk::what_cannot_be_written_says_so_and_is_read_where_that_is_possible";
    let Some(folder) = inside(test, "16m") else { return };
    let file = folder.join("tokens.db");
    let gp = gatepass::open(file.as_path()).await.unwrap();
    let made = create(&gp, "a").await.unwrap();
    gp.close().await;

    // Closed in order, the file has all, and SQLite needs the log's files beside it even to read.
    remount(&folder, "remount,ro");
    let error = gatepass::open(file.as_path()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Storage, "store_read_only"), "{error:?}");
    assert!(error.to_string().contains("tokens.db"), "{error}");
    let missing = gatepass::open(folder.join("other.db")).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Storage);

    remount(&folder, "remount,rw");
    let gp = gatepass::open(file.as_path()).await.unwrap();
    assert!(gp.tokens().check_secret(Api::Rest, [""; 0], made.secret.reveal(), None).await.unwrap().is_ok());
    let _ = create(&gp, "b").await.unwrap();
    assert_eq!(gp.inspect().await.unwrap().faults, [""; 0]);
}
