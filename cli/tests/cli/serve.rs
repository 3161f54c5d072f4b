//! The server as a process: how it starts, how it ends, and whom it cuts off.
#![expect(clippy::disallowed_methods, reason = "how long something takes is what is tested")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gatepass::{Api, Gatepass, IdempotencyKey, NewToken, Rotation, Secret, days};
use rustix::process::Signal;

use crate::place::{Ran, postgres_database, program};
use crate::served::{PASSWORD, Served};

const SESSION_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

#[test]
fn the_first_start_makes_a_user_whose_password_only_the_owner_can_read() {
    let served = Served::with(|command| {
        command.env_remove("GATEPASS_ADMIN_PASSWORD");
    });
    let file = served.path("tokens.db.admin-password");
    let password = fs::read_to_string(&file).unwrap().trim_end().to_owned();
    for name in ["tokens.db.admin-password", "tokens.db.session-key"] {
        assert_eq!(fs::metadata(served.path(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert!(served.log().contains("tokens.db.admin-password") && !served.log().contains(&password));
    let mut login = served.command(&["login", "--user", "admin"]);
    login.env("GATEPASS_PASSWORD", &password);
    Ran::after(login, b"").ok();

    // A second start makes nobody, and no other password.
    let again = Served::on(served.killed(), "127.0.0.1:0", |command| {
        command.env("GATEPASS_ADMIN_PASSWORD", "something else altogether");
    });
    let mut login = again.command(&["login", "--user", "admin"]);
    login.env("GATEPASS_PASSWORD", &password);
    Ran::after(login, b"").ok();
}

#[test]
fn it_listens_where_it_is_told_and_says_so_first() {
    let served = Served::with(|command| {
        command.args(["--listen", "[::1]:0", "--log-format", "json"]);
    });
    assert!(served.url.starts_with("http://127.0.0.1:"), "{}", served.url);
    assert!(!served.url.ends_with(":0"));
    for line in served.log().lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["level"], "INFO", "{line}");
    }
    let refused = |change: &[&str], code: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program();
        command.arg("serve").args(change).current_dir(folder.path()).env("GATEPASS_STORE", "tokens.db");
        Ran::from(command.output().unwrap()).error(code);
    };
    refused(&["--listen", "0.0.0.0:0"], "plain_http_not_loopback");
    refused(&["--listen", served.address()], "listen_failed");
    refused(&["--listen", "nowhere"], "usage");
    refused(&["--tls-cert", "a"], "usage");
    refused(&["--listen", "127.0.0.1:0", "--tls-cert", "a", "--tls-key", "b"], "tls_unreadable");
    refused(&["--listen", "127.0.0.1:0", "--trusted-proxy", "10.0.0.0/33"], "network_malformed");
    refused(&["--store", "postgres://ann:hunter2@localhost/tokens"], "password_in_arguments");
}

#[test]
fn a_server_without_a_first_user_is_managed_on_its_store() {
    let served = Served::with(|command| {
        command.arg("--no-admin");
    });
    let mut login = served.command(&["login", "--user", "admin"]);
    login.env("GATEPASS_PASSWORD", PASSWORD);
    Ran::after(login, b"").error("authentication_failed");
    let mut create = program();
    create.args(["token", "create", "tool", "--api", "config", "--role", "readonly", "--days", "9"]);
    create.args(["--secret-file", "tool"]).env("GATEPASS_STORE", "tokens.db").current_dir(served.path(""));
    Ran::from(create.output().unwrap()).ok();
    std::thread::sleep(Duration::from_millis(100));
    Ran::after(served.command(&["self", "--token-file", "tool"]), b"").ok();
}

/// A request whose body is on its way when the signal comes.
#[test]
fn a_request_under_way_is_answered_before_the_server_ends() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut served = Served::start();
        let session = served.session().0;
        let body = r#"{"name":"late","apiType":"REST","expires":{"days":9}}"#;
        let mut stream = TcpStream::connect(served.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!(
            "POST /api/authentication-service/access_tokens HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {session}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body.as_bytes()[..10]).unwrap();
        // The second one is idle, and does not keep the server.
        let mut idle = TcpStream::connect(served.address()).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        served.signal(signal);
        std::thread::sleep(Duration::from_millis(300));
        assert!(TcpStream::connect(served.address()).is_err(), "it accepts nobody any more");
        assert!(served.runs());
        stream.write_all(&body.as_bytes()[10..]).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        assert_eq!(served.ended(), Some(0), "{}", served.log());
        assert_eq!(idle.read(&mut [0]).unwrap(), 0);
        let again = Served::on(served.killed(), "127.0.0.1:0", |_| ());
        let mut show = again.command(&["token", "show", "late"]);
        show.env("GATEPASS_TOKEN", &session);
        Ran::after(show, b"").ok();
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut served = Served::start();
    let mut stream = TcpStream::connect(served.address()).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    served.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(300));
    assert!(served.runs(), "it waits for the request");
    served.signal(Signal::TERM);
    let began = Instant::now();
    assert_eq!(served.ended(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn who_is_slow_or_sends_too_much_is_cut_off_while_others_are_served() {
    let served = Served::with(|command| {
        command.args(["--patience", "1s", "--max-body", "20000"]);
    });
    let session = served.session().0;
    let open = |text: &str| {
        let mut stream = TcpStream::connect(served.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(text.as_bytes()).ok();
        stream
    };
    let post = format!(
        "POST /api/authentication-service/access_tokens HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {session}\r\n\
         content-type: application/json\r\n"
    );
    let slow = [
        String::new(),                                                 // nothing at all
        "GET /healthz HTTP/1.1\r\nhost".to_owned(),                    // half of a header
        format!("{post}content-length: 50\r\n\r\n{{"),                 // half of a body
        format!("{post}transfer-encoding: chunked\r\n\r\n5\r\n{{\"a"), // half of a chunk
    ];
    let streams: Vec<_> =
        (0..50).flat_map(|_| slow.iter().map(|text| open(text)).collect::<Vec<_>>()).collect();
    let began = Instant::now();
    let health = |patience: Duration| {
        let began = Instant::now();
        let mut stream = open("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && began.elapsed() < patience, "{answer}");
    };
    (0..20).for_each(|_| health(Duration::from_secs(2)));
    for mut stream in streams {
        // An answer, such as 408, or none; then the end.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).ok();
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&rest));
    }
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());

    let status = |text: &str| {
        let mut stream = open(text);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(status(&format!("{post}content-length: 30000\r\n\r\n{{")), "413");
    assert_eq!(
        status(&format!("{post}transfer-encoding: chunked\r\n\r\n7530\r\n{}\r\n", " ".repeat(0x7530))),
        "413"
    );
    assert_eq!(
        status(&format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(200_000))),
        "431"
    );
    health(Duration::from_secs(2));
}

/// What a worker was told, and what it does not know.
#[derive(Default)]
struct Told {
    /// Made, with these keys and secrets; rotated where there is a second one.
    made: Vec<(String, IdempotencyKey, Secret)>,
    rotated: Vec<(String, IdempotencyKey, Secret)>,
    revoked: Vec<String>,
    /// Asked for when the server died, with this key.
    unknown: Vec<(String, IdempotencyKey)>,
}

const GRACE: Duration = Duration::from_mins(1);

async fn create(gp: &Gatepass, name: &str, key: &IdempotencyKey) -> gatepass::Result<Secret> {
    let asked = NewToken::new(name, Api::Rest).expires(days(1)).target_dn("uid=a,o=b");
    Ok(gp.tokens().once(key).create(asked).await?.secret)
}

async fn rotate(gp: &Gatepass, name: &str, key: &IdempotencyKey) -> gatepass::Result<Secret> {
    Ok(gp.tokens().once(key).rotate(name, Rotation::with_grace(GRACE)).await?.secret)
}

/// Each name is made; each other one is rotated; each third one revoked.
async fn work(gp: Gatepass, worker: usize, told: &Mutex<Told>, killed: &AtomicBool) {
    for at in 0_usize.. {
        let name = format!("w{worker}-{at}");
        let key = IdempotencyKey::generate().unwrap();
        match create(&gp, &name, &key).await {
            Ok(secret) => told.lock().unwrap().made.push((name.clone(), key, secret)),
            Err(error) => {
                assert!(killed.load(Ordering::SeqCst), "{error:?}");
                return told.lock().unwrap().unknown.push((name, key));
            }
        }
        if at % 2 == 0 {
            let key = IdempotencyKey::generate().unwrap();
            match rotate(&gp, &name, &key).await {
                Ok(secret) => told.lock().unwrap().rotated.push((name.clone(), key, secret)),
                Err(error) => return assert!(killed.load(Ordering::SeqCst), "{error:?}"),
            }
        }
        if at % 3 == 0 {
            match gp.tokens().revoke(&name).await {
                Ok(_) => told.lock().unwrap().revoked.push(name),
                Err(error) => return assert!(killed.load(Ordering::SeqCst), "{error:?}"),
            }
        }
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill_and_what_was_not_can_be_asked_again() {
    let served = Served::start();
    let session = served.session().0;
    let (url, listen) = (served.url.clone(), served.address().to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (told, killed) = (Mutex::new(Told::default()), AtomicBool::new(false));
    let connected = |attempts: u32| {
        gatepass::ConnectOptions::new(Secret::new(&session).unwrap())
            .attempts(attempts)
            .connect(&url)
            .unwrap()
    };
    let folder = runtime.block_on(async {
        let workers = (0..6).map(|worker| work(connected(1), worker, &told, &killed));
        let kill = async {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            killed.store(true, Ordering::SeqCst);
            served.killed()
        };
        tokio::join!(futures_util::future::join_all(workers), kill).1
    });
    let told = told.into_inner().unwrap();
    assert!(
        told.made.len() > 20 && told.rotated.len() > 10 && told.revoked.len() > 5,
        "it was hardly under load"
    );
    assert!(!told.unknown.is_empty() || told.made.len() > 20);

    let _again = Served::on(folder, &listen, |_| ());
    runtime.block_on(async {
        let gp = connected(4);
        let ends: Vec<&str> = told.revoked.iter().map(String::as_str).collect();
        for (name, key, secret) in &told.made {
            let token = gp.tokens().get(name).await.unwrap();
            assert!(
                token.revoked_on.is_some() || !ends.contains(&name.as_str()),
                "{name}: revoked, and good again"
            );
            // The answer that was given is given again, whatever became of the token.
            assert!(&create(&gp, name, key).await.unwrap() == secret, "{name}");
            let verdict = gp.tokens().check_secret(Api::Rest, [""; 0], secret.reveal(), None).await.unwrap();
            assert_eq!(verdict.is_ok(), token.revoked_on.is_none(), "{name}: in its grace at least");
        }
        for (name, key, secret) in &told.rotated {
            assert!(&rotate(&gp, name, key).await.unwrap() == secret, "{name}");
            let verdict = gp.tokens().check_secret(Api::Rest, [""; 0], secret.reveal(), None).await.unwrap();
            assert!(verdict.is_ok() || gp.tokens().get(name).await.unwrap().revoked_on.is_some(), "{name}");
        }
        // Whether it was made or not, asked again it is there once, and what came first is what comes again.
        for (name, key) in &told.unknown {
            let first = create(&gp, name, key).await.unwrap();
            assert!(create(&gp, name, key).await.unwrap() == first, "{name}");
        }
    });
}

/// Certificates of two authorities, one after the other.
#[test]
fn tls_has_a_certificate_that_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let certify = |name: &str| {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        fs::write(folder.path().join(name), made.cert.pem()).unwrap();
        fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    };
    certify("one.pem");
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let served = Served::with(|command| {
        command.args(["--tls-cert", &path("cert.pem"), "--tls-key", &path("key.pem")]);
    });
    assert!(served.url.starts_with("https://"), "{}", served.url);
    let login = |authority: Option<&str>| {
        let mut command = served.command(&["login", "--user", "admin"]);
        command.env("GATEPASS_PASSWORD", PASSWORD);
        if let Some(name) = authority {
            command.args(["--ca-file", &path(name)]);
        }
        Ran::after(command, b"")
    };
    login(None).error("tls_failed");
    login(Some("one.pem")).ok();
    login(Some("nowhere.pem")).error("file_failed");
    certify("two.pem");
    served.signal(Signal::HUP);
    std::thread::sleep(Duration::from_millis(500));
    login(Some("two.pem")).ok();
    login(Some("one.pem")).error("tls_failed");
    assert!(!served.log().contains(PASSWORD));
}

#[test]
fn two_servers_share_a_database_and_its_sessions() {
    let store = postgres_database();
    let on_database = |key: Option<&str>| {
        let mut command = program();
        command.args(["serve", "--listen", "127.0.0.1:0"]).env("GATEPASS_STORE", &store);
        command.envs(key.map(|key| ("GATEPASS_SESSION_KEY", key)));
        command
    };
    Ran::from(on_database(None).output().unwrap()).error("session_key_missing");
    Ran::from(on_database(Some("c2hvcnQ=")).output().unwrap()).error("session_key_malformed");

    let start = || {
        Served::with(|command| {
            command.env("GATEPASS_STORE", &store).env("GATEPASS_SESSION_KEY", SESSION_KEY);
        })
    };
    let (one, other) = (start(), start());
    let session = one.session().0;
    let run = |server: &Served, line: &str, stdin: &str| {
        let mut command = server.command(&line.split(' ').collect::<Vec<_>>());
        command.env("GATEPASS_TOKEN", &session);
        Ran::after(command, stdin.as_bytes())
    };
    let secret = run(&one, "token create shared --api rest --days 9", "").ok().out;
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(run(&other, "token check --api rest", &secret).code, 0);
    run(&one, "token revoke shared", "").ok();
    drop(one); // killed
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(run(&other, "token check --api rest", &secret).code, 1);
    run(&other, "token create after --api rest --days 9", "").ok();
    assert!(run(&start(), "token list", "").ok().out.contains("after"));
}

#[test]
fn a_server_whose_output_nobody_reads_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program();
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env("GATEPASS_STORE", "tokens.db");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command.stdout(writer).stderr(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
}
