//! A file that is damaged: the error names it, nothing panics, and no verifier serves a part of it.

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;
use gatepass::{Api, Error, ErrorKind, NewToken, Reason, Secret, TokenFilter, days};
use rand::rngs::ChaCha12Rng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::TempDir;

const TOKENS: usize = 300;

/// A store that was closed in order: one file, and what opens it.
async fn intact() -> (TempDir, PathBuf, Vec<Secret>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.db");
    let gp = gatepass::open(file.as_path()).await.unwrap();
    let names = 0..TOKENS;
    let made = names.map(async |number| {
        let asked = NewToken::new(format!("token {number}"), Api::Rest).expires(days(9));
        gp.tokens().create(asked.description("d".repeat(200))).await.unwrap().secret
    });
    let secrets = futures_util::future::join_all(made).await;
    gp.close().await;
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    (folder, file, secrets)
}

/// How what is damaged answers, from all sides: the errors, and how many tokens its verifier does not know.
async fn ask(file: &Path, secrets: &[Secret]) -> (Vec<Error>, Option<usize>) {
    let mut errors = Vec::new();
    let gp = match gatepass::open(file).await {
        Ok(gp) => gp,
        Err(error) => return (vec![error], None),
    };
    let unknown = match gp.verifier().await {
        Err(error) => {
            errors.push(error);
            None
        }
        Ok(verifier) => {
            let guard = verifier.guard(Api::Rest, [""; 0]).unwrap();
            let reason =
                |secret: &Secret| guard.check_secret(secret.reveal(), None).err().map(|no| no.reason);
            Some(secrets.iter().filter(|secret| reason(secret) == Some(Reason::Unknown)).count())
        }
    };
    errors.extend(gp.tokens().list(TokenFilter::default()).try_collect::<Vec<_>>().await.err());
    for number in [0, 77, 299] {
        errors.extend(gp.tokens().get(&format!("token {number}")).await.err());
        let secret = secrets[number].reveal();
        errors.extend(gp.tokens().check_secret(Api::Rest, [""; 0], secret, None).await.err());
    }
    match gp.inspect().await {
        Ok(report) if report.faults.is_empty() => {}
        Ok(report) => {
            let text = report.faults.join("; ");
            errors.push(Error::new(ErrorKind::Storage, "inspected", format!("{}: {text}", file.display())));
        }
        Err(error) => errors.push(error),
    }
    errors.extend(gp.tokens().create(NewToken::new("new", Api::Rest).expires(days(1))).await.err());
    (errors, unknown)
}

fn assert_named(errors: &[Error], file: &Path) {
    for error in errors.iter().filter(|error| error.kind() != ErrorKind::NotFound) {
        assert_eq!(error.kind(), ErrorKind::Storage, "{error:?}");
        assert!(error.to_string().contains(file.to_str().unwrap()), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_store_is_named_and_left_as_it_is() {
    let (folder, intact, secrets) = intact().await;
    let whole = fs::read(&intact).unwrap();
    let mut no_header = whole.clone();
    no_header[..100].fill(0xA5);
    let mut no_magic = whole.clone();
    no_magic[0] = b'X';
    let text = b"gatepass\n".repeat(1000);
    let cases: [(&str, &[u8]); 7] = [
        ("header", &no_header),
        ("magic", &no_magic),
        ("text", &text),
        ("short text", b"hello"),
        ("half a header", &whole[..50]),
        ("one page", &whole[..4096]),
        ("half", &whole[..whole.len() / 2]),
    ];
    for (name, bytes) in cases {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        let (errors, unknown) = ask(&file, &secrets).await;
        assert!(!errors.is_empty(), "{name}");
        assert_named(&errors, &file);
        assert_eq!(unknown, None, "{name}: a verifier was served of it");
        if !name.starts_with("half") && name != "one page" {
            assert!(fs::read(&file).unwrap() == bytes, "{name} was changed");
        }
    }
}

#[tokio::test]
async fn an_empty_file_becomes_a_store_only_where_one_may_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.db");
    fs::write(&file, "").unwrap();
    let options = gatepass::OpenOptions::default().create(false);
    let error = options.open(file.as_path()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Storage, "store_missing"));
    assert_eq!(fs::metadata(&file).unwrap().len(), 0);
    assert_named(&[error], &file);
    gatepass::open(file.as_path()).await.unwrap();
}

/// One flipped byte somewhere: it is found, or it is in one token alone; it never makes others disappear.
#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_hides_no_other_tokens() {
    let (folder, intact, secrets) = intact().await;
    let whole = fs::read(&intact).unwrap();
    let mut random = ChaCha12Rng::seed_from_u64(3);
    let mut found = 0;
    for round in 0..120 {
        let mut bytes = whole.clone();
        // Every third in the first bytes of a page, where its structure is.
        let page = random.random_range(0..bytes.len() / 4096) * 4096;
        let at = page + random.random_range(0..if round % 3 == 0 { 24 } else { 4096 });
        bytes[at] ^= 1 << random.random_range(0..8);
        let file = folder.path().join(format!("flipped {round}"));
        fs::write(&file, &bytes).unwrap();
        let (errors, unknown) = ask(&file, &secrets).await;
        assert_named(&errors, &file);
        assert!(unknown.unwrap_or(0) <= 1, "byte {at}: {unknown:?} tokens are unknown, {errors:?}");
        found += usize::from(!errors.is_empty());
    }
    assert!(found > 20, "{found}");
}

/// Damage while it is open: what is known stays, and is believed for a second at the most once reading fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_while_it_is_open_is_not_half_believed() {
    let (_folder, file, secrets) = intact().await;
    let gp = gatepass::open(file.as_path()).await.unwrap();
    let guard = gp.verifier().await.unwrap().guard(Api::Rest, [""; 0]).unwrap();
    let other = gatepass::open(file.as_path()).await.unwrap();
    let _ = other.tokens().create(NewToken::new("x", Api::Rest).expires(days(1))).await.unwrap();
    fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(8192).unwrap();
    for _ in 0..30 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        for secret in secrets.iter().step_by(10) {
            let reason = guard.check_secret(secret.reveal(), None).err().map(|denied| denied.reason);
            assert!(matches!(reason, None | Some(Reason::Stale)), "{reason:?}");
        }
    }
    let error = gp.inspect().await.err();
    assert_named(error.as_slice(), &file);
}
