//! Checks: the exit status and one word are the contract with scripts.

use std::process::Stdio;

use serde_json::json;

use crate::place::{Place, Ran, clean};

#[test]
fn a_verdict_is_an_exit_status_and_one_word() {
    Place::both().iter().for_each(a_verdict_is_an_exit_status_and_one_word_there);
}

fn a_verdict_is_an_exit_status_and_one_word_there(place: &Place) {
    let secret = place.create("nightly --api rest --days 90 --scope orders:read --network 10.0.0.0/8");
    let granted = place.run_with("token check --api rest --scope orders:read --peer 10.1.2.3", &secret);
    assert_eq!((granted.code, granted.out.as_str()), (0, "granted\n"));
    assert!(granted.err.contains("nightly"), "{granted:?}");
    let last = if secret.ends_with('0') { '1' } else { '0' };
    let mistyped = format!("{}{last}", &secret[..53]);
    let nobodys = "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1";
    for (line, secret, code) in [
        ("--api rest --peer 10.1.2.3 --scope orders:write", secret.as_str(), "insufficient_scope"),
        ("--api rest --peer 11.1.2.3", &secret, "network_not_allowed"),
        ("--api rest", &secret, "network_not_allowed"),
        ("--api scim --peer 10.1.2.3", &secret, "wrong_api"),
        ("--api rest", &mistyped, "checksum_mismatch"),
        ("--api rest", nobodys, "unknown"),
        ("--api rest", "junk", "malformed"),
        ("--api rest", "", "malformed"),
    ] {
        let code = if code == "network_not_allowed" { place.reason(code) } else { code };
        let denied = place.run_with(&format!("token check {line}"), secret);
        assert_eq!((denied.code, denied.out, denied.err), (1, format!("{code}\n"), String::new()), "{line}");
    }
}

#[test]
fn json_says_the_same() {
    Place::both().iter().for_each(json_says_the_same_there);
}

fn json_says_the_same_there(place: &Place) {
    let secret = place.create("nightly --api rest --days 90 --scope a --target-dn uid=a,o=b");
    let granted = place.run_with("token check --api rest --output json", &secret).json();
    assert_eq!(granted["granted"], true);
    let access = &granted["access"];
    assert_eq!(
        (&access["name"], &access["targetDn"], &access["scopes"]),
        (&json!("nightly"), &json!("uid=a,o=b"), &json!(["a"]))
    );
    let denied = place.run_with("token check --api scim --output json", &secret);
    assert_eq!((denied.code, denied.err.as_str()), (1, ""));
    assert_eq!(denied.out, "{\"granted\":false,\"reason\":\"wrong_api\"}\n");
}

#[test]
fn a_line_of_a_file_is_a_secret_whatever_ends_it() {
    Place::both().iter().for_each(a_line_of_a_file_is_a_secret_whatever_ends_it_there);
}

fn a_line_of_a_file_is_a_secret_whatever_ends_it_there(place: &Place) {
    let secret = place.create("nightly --api rest --days 90");
    for stdin in
        [secret.clone(), format!("{secret}\n"), format!("{secret}\r\n"), format!("secret-token:{secret}\n")]
    {
        assert_eq!(place.run_with("token check --api rest", &stdin).code, 0, "{stdin:?}");
    }
    for stdin in [format!("{secret}\n{secret}\n"), format!(" {secret}"), format!("Bearer {secret}")] {
        assert_eq!(place.run_with("token check --api rest", &stdin).out, "malformed\n");
    }
}

#[test]
fn junk_is_denied_however_long_it_is() {
    Place::both().iter().for_each(junk_is_denied_however_long_it_is_there);
}

fn junk_is_denied_however_long_it_is_there(place: &Place) {
    let secret = place.create("nightly --api rest --days 90");
    let long = vec![b'a'; 1 << 20];
    let binary: Vec<u8> = (0..1 << 20).map(|n: u32| n.to_le_bytes()[0]).collect();
    let hidden = [secret.as_bytes(), &long].concat();
    for stdin in [long.as_slice(), &binary, &hidden, b"\xFF\xFE", b"\0"] {
        let ran = place.run_with("token check --api rest", stdin);
        assert_eq!((ran.code, ran.out.as_str()), (1, "malformed\n"));
    }
}

#[test]
fn what_cannot_be_checked_is_an_error_and_no_denial() {
    let place = Place::new();
    place.run_with("token check --api rest", "junk").error("store_missing");
    assert!(place.files().is_empty());
    place.create("nightly --api rest --days 90");
    place.run_with("token check --api config --scope SCOPE_NONSENSE", "junk").error("unknown_scope");
    place.run_with("token check --api rest --scope SCOPE_SETTINGS_VIEW", "junk").error("scope_reserved");
    place.run_with("token check", "junk").error("usage");
    place.run_with("token check --api rest --peer nowhere", "junk").error("usage");
}

#[test]
fn a_verdict_that_nobody_reads_is_still_the_exit_status() {
    Place::both().iter().for_each(a_verdict_that_nobody_reads_is_still_the_exit_status_there);
}

fn a_verdict_that_nobody_reads_is_still_the_exit_status_there(place: &Place) {
    place.create("nightly --api rest --days 90");
    let mut child = place.command(&["token", "check", "--api", "rest"]).spawn().unwrap();
    drop(child.stdout.take());
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

/// Many open the store at once, as requests do.
#[test]
fn many_check_at_once() {
    let place = Place::new();
    let secret = place.create("nightly --api rest --days 90");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(place.check("--api rest", &secret).0, 0));
        }
    });
}

/// On a terminal a secret is asked for, and not shown while it is typed.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_a_secret_is_not_shown() {
    let place = Place::new();
    let secret = place.create("nightly --api rest --days 90");
    let program = format!("{} token check --api rest", env!("CARGO_BIN_EXE_gatepass"));
    let mut command = clean(std::process::Command::new("script"));
    command.args(["--quiet", "--return", "--command", &program, "/dev/null"]);
    command.current_dir(place.path("")).env("GATEPASS_STORE", "tokens.db");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // What is typed before the prompt would be shown by the terminal itself.
    std::thread::sleep(std::time::Duration::from_millis(500));
    std::io::Write::write_all(&mut stdin, format!("{secret}\n").as_bytes()).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("Secret: ") && ran.out.contains("granted") && !ran.out.contains(&secret),
        "{ran:?}"
    );
    drop(stdin);
}
