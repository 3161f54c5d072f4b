//! No secret stands where others can read it.

use crate::place::{Place, Ran};

#[test]
fn a_secret_among_the_arguments_is_refused_and_not_repeated() {
    let place = Place::new();
    let secret = place.create("nightly --api rest --days 90");
    for words in [
        vec!["token", "check", "--api", "rest", &secret],
        vec!["token", "show", &secret],
        vec!["token", "create", "b", "--api", "rest", "--days", "1", "--metadata", &format!("old={secret}")],
        vec![&format!("--secret={secret}")],
    ] {
        let ran = place.args(&words);
        ran.error("secret_in_arguments");
        assert!(!ran.err.contains(&secret[17..]), "{ran:?}");
    }
}

#[test]
fn a_stores_password_among_the_arguments_is_refused_and_not_repeated() {
    let place = Place::new();
    place.create("nightly --api rest --days 90");
    for words in [
        ["--store", "postgres://ann:hunter2@localhost/tokens", "token", "list"],
        ["token", "list", "--store", "postgresql://ann:hunter2@localhost/tokens"],
        ["store", "copy", "--to", "postgres://localhost/tokens?user=ann&password=hunter2"],
    ] {
        let ran = place.args(&words);
        ran.error("password_in_arguments");
        assert!(ran.err.contains("GATEPASS_STORE") && ran.err.contains("PGPASSFILE"), "{ran:?}");
        assert!(!ran.err.contains("hunter2"), "{ran:?}");
    }
}

#[test]
fn a_stores_password_in_the_environment_is_never_shown() {
    let place = Place::new();
    for words in [
        &["token", "list"][..],
        &["--help"],
        &["token", "list", "--help"],
        &["token", "list", "-vv"],
        &["nonsense"],
    ] {
        let mut command = place.command(words);
        command.env("GATEPASS_STORE", "postgres://ann:hunter2@127.0.0.1:1/tokens");
        let ran = Ran::after(command, b"");
        assert!(!ran.out.contains("hunter2") && !ran.err.contains("hunter2"), "{ran:?}");
    }
    let mut command = place.command(&["token", "list"]);
    command.env("GATEPASS_STORE", "postgres://ann:hunter2@127.0.0.1:1/tokens");
    Ran::after(command, b"").error("store_unavailable");
}

#[test]
fn no_secret_is_in_the_store_or_in_what_is_told() {
    let place = Place::new();
    let secret = place.create("nightly --api rest --days 90 -vv");
    place.run_with("user create ann --password-stdin", "correct horse battery staple").ok();
    let secret_part = &secret[17..];
    for line in ["token list", "token show nightly", "audit", "user list", "store check", "token list -vv"] {
        for form in ["table", "json"] {
            let ran = place.run(&format!("{line} --output {form}")).ok();
            assert!(!ran.out.contains(secret_part) && !ran.err.contains(secret_part), "{line}");
            assert!(!ran.out.contains("correct horse") && !ran.out.contains("argon2"), "{line}");
        }
    }
    place.run("backup b.db").ok();
    for file in place.files() {
        let bytes = std::fs::read(place.path(&file)).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!holds(secret_part) && !holds("correct horse"), "{file}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_running_check_does_not_show_its_secret() {
    let place = Place::new();
    let secret = place.create("nightly --api rest --days 90");
    let mut child = place.start("token check --api rest");
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, secret.as_bytes()).unwrap();
    for file in ["cmdline", "environ"] {
        let text = std::fs::read(format!("/proc/{}/{file}", child.id())).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains(&secret[17..]));
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
