//! `gatepass rest …` and `gatepass scim …`, against a server that says what a test has it say.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::place::{Place, Ran};

const TOKEN: &str = "a-token-of-another-product";

/// A request: its line without the version, its `Authorization`, its body.
type Seen = (String, String, Value);

/// A server that answers so, and keeps what it was sent. It ends with the tests.
struct Scripted {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Scripted {
    fn start(answer: impl Fn(&Seen) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&seen), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let stream = stream.unwrap();
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(seen) = read(&mut reader) {
                        let (status, body) = answer(&seen);
                        kept.lock().unwrap().push(seen);
                        let body = if body.is_null() { String::new() } else { body.to_string() };
                        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
                        (&stream).write_all((head + &body).as_bytes()).ok();
                    }
                });
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|(line, ..)| line).collect()
    }

    /// Runs a command on it.
    fn run(&self, arguments: &[&str], stdin: &str) -> Ran {
        let place = Place::new();
        let mut command = place.command(arguments);
        for (name, value) in [
            ("GATEPASS_REST_URL", self.url.as_str()),
            ("GATEPASS_SCIM_URL", self.url.as_str()),
            ("GATEPASS_REST_TOKEN", TOKEN),
            ("GATEPASS_SCIM_TOKEN", TOKEN),
        ] {
            command.env(name, value);
        }
        Ran::after(command, stdin.as_bytes())
    }
}

fn read(reader: &mut impl std::io::BufRead) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let line = line.strip_suffix(" HTTP/1.1\r\n")?.to_owned();
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => value.clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((line, authorization, serde_json::from_slice(&body).unwrap_or_default()))
}

fn entry(n: usize) -> Value {
    json!({"dn": format!("uid=u{n},o=x"), "attributes": {"uid": [format!("u{n}")]}})
}

/// A directory of so many pages of two entries.
fn directory(pages: usize) -> Scripted {
    let asked = Mutex::new(0);
    Scripted::start(move |(line, ..)| {
        if !line.contains("pageSize=2") {
            return (200, json!({"resources": [entry(0)], "totalResults": 1, "cookie": "null"}));
        }
        let mut n = asked.lock().unwrap();
        *n += 1;
        let cookie = if *n < pages { "c" } else { "null" };
        (
            200,
            json!({"resources": [entry(2 * *n - 2), entry(2 * *n - 1)], "totalResults": -2, "cookie": cookie}),
        )
    })
}

#[test]
fn a_search_is_a_line_for_each_entry() {
    let server = directory(3);
    let ran = server
        .run(&["rest", "search", "o=x", "--page-size", "2", "--filter", "(cn=*)", "--attribute", "uid"], "")
        .ok();
    let entries: Vec<Value> = ran.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries, (0..6).map(entry).collect::<Vec<_>>());
    assert_eq!(ran.err, "");
    let seen = server.seen();
    assert_eq!(
        seen[0].0,
        "GET /adap/o%3Dx?filter=%28cn%3D%2A%29&attributes=uid&scope=sub&sizeLimit=0&pageSize=2&returnMode=array"
    );
    assert!(seen.iter().all(|(_, authorization, _)| *authorization == format!("Bearer {TOKEN}")));
    assert_eq!(
        serde_json::from_str::<Value>(&server.run(&["rest", "get", "o=x"], "").ok().out).unwrap(),
        entry(0)
    );
}

#[test]
fn a_reader_that_has_had_enough_ends_the_search_on_the_server() {
    let server = directory(100_000);
    let place = Place::new();
    let mut command = place.command(&["rest", "search", "o=x", "--page-size", "2"]);
    command.env("GATEPASS_REST_URL", &server.url).env("GATEPASS_REST_TOKEN", TOKEN);
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    drop(stdout);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(server.lines().last().unwrap(), "GET /adap/o%3Dx?pageSize=0&cookie=c");
}

#[test]
fn a_result_that_was_cut_is_an_error_after_what_came() {
    let server = Scripted::start(|_| (200, json!({"resources": [entry(0)], "totalResults": -1})));
    let ran = server.run(&["rest", "search", "o=x"], "");
    assert_eq!((ran.code, ran.lines().len()), (2, 1), "{ran:?}");
    assert!(ran.err.contains("\n  code: incomplete_result\n  count: 1\n"), "{ran:?}");
    let ran = server.run(&["rest", "search", "o=x", "--output", "json"], "");
    let error: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(error["incomplete"], json!({"count": 1, "cookie": null}));
    server.run(&["rest", "search", "o=x", "--size-limit", "1"], "").ok();
}

#[test]
fn entries_are_changed_by_what_stands_on_standard_input_or_is_said() {
    let server = Scripted::start(|_| (200, json!({"httpStatus": 200})));
    let secret = r#"{"cn": "Ann", "userPassword": ["hunter2"]}"#;
    server.run(&["rest", "bind"], "").ok();
    server.run(&["rest", "add", "uid=a,o=x"], secret).ok();
    server.run(&["rest", "replace", "uid=a,o=x"], r#"{"dn": "uid=b,o=x", "attributes": {"cn": ["A"]}}"#).ok();
    let modify = ["rest", "modify", "uid=a,o=x"];
    let said = [
        "--add",
        "mail",
        "a@x",
        "--add",
        "mail",
        "b@x",
        "--replace",
        "sn",
        "B",
        "--delete",
        "l",
        "c",
        "--delete-all",
        "title",
    ];
    server.run(&[&modify[..], &said].concat(), "").ok();
    server.run(&modify, r#"[{"attribute": "userPassword", "type": "REPLACE", "values": ["hunter3"]}]"#).ok();
    server.run(&["rest", "rename", "uid=a,o=x", "uid=b"], "").ok();
    server.run(&["rest", "rename", "uid=a,o=x", "uid=b", "--below", "ou=y"], "").ok();
    server.run(&["rest", "delete", "uid=a,o=x", "--tree", "--yes", "--acting-as", "uid=c"], "").ok();
    let seen = server.seen();
    let params: Vec<_> = seen.iter().map(|(_, _, body)| &body["params"]).collect();
    assert_eq!(
        *params[1],
        json!({"dn": "uid=a,o=x", "attributes": {"cn": ["Ann"], "userPassword": ["hunter2"]}})
    );
    assert_eq!(*params[2], json!({"attributes": {"cn": ["A"]}}));
    assert_eq!(
        params[3]["mods"],
        json!([
            {"attribute": "l", "type": "DELETE", "values": ["c"]},
            {"attribute": "sn", "type": "REPLACE", "values": ["B"]},
            {"attribute": "mail", "type": "ADD", "values": ["a@x", "b@x"]},
            {"attribute": "title", "type": "DELETE", "values": []},
        ])
    );
    assert_eq!(params[4]["mods"][0]["values"], json!(["hunter3"]));
    assert_eq!(*params[6], json!({"DN": "uid=a,o=x", "newRDN": "uid=b", "newSuperiorDN": "ou=y"}));
    assert_eq!(seen[7].0, "DELETE /adap/uid%3Da%2Co%3Dx?deletetree=true");

    server.run(&["rest", "delete", "uid=a,o=x"], "").error("confirmation_required");
    server
        .run(&[&modify[..], &["--replace", "userPassword", "hunter2"]].concat(), "")
        .error("secret_in_arguments");
    for input in ["", "1", "{} {}", "{", r#"["hunter2"]"#] {
        let ran = server.run(&["rest", "add", "uid=a,o=x"], input);
        ran.error("input_malformed");
        assert!(!ran.err.contains("hunter2"), "{ran:?}");
    }
    server.run(&["rest", "add", "nobody"], "{}").error("dn_malformed");
    assert_eq!(server.lines(), [""; 0]);
}

#[test]
fn a_bulk_tells_of_each_operation_and_fails_where_one_did() {
    let server = Scripted::start(|(_, _, body)| {
        let operations = body["Operations"].as_array().unwrap().iter().map(|of| {
            let code = if of["dn"] == "o=bad" { "404" } else { "200" };
            json!({"method": of["method"], "dn": of["dn"], "status": {"code": code}})
        });
        (200, json!({"Operations": operations.collect::<Value>()}))
    });
    let operation = |dn: &str| {
        json!({"method": "POST", "dn": dn, "params": {"attributes": {"o": dn}}}).to_string() + "\n"
    };
    let all: String = (0..5).map(|n| operation(&format!("o={n}"))).collect();
    let ran = server.run(&["rest", "bulk", "--batch", "2"], &all).ok();
    assert_eq!((ran.lines().len(), ran.err.as_str()), (5, "5 operations, of which 0 failed\n"));
    let sizes: Vec<_> =
        server.seen().iter().map(|(_, _, body)| body["Operations"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
    let place = Place::new();
    std::fs::write(place.path("all"), operation("o=a") + &operation("o=bad")).unwrap();
    let file = place.path("all");
    let ran = server.run(&["rest", "bulk", file.to_str().unwrap()], "");
    assert_eq!(ran.code, 1, "{ran:?}");
    let told: Vec<Value> = ran.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told[0], json!({"method": "POST", "dn": "o=a", "ok": true}));
    assert_eq!((&told[1]["ok"], &told[1]["error"]["code"]), (&json!(false), &json!("entry_not_found")));
    // What stands before something that is none is done, and told.
    let ran = server.run(&["rest", "bulk"], &(operation("o=a") + "{\"method\": \"GET\"}"));
    assert_eq!((ran.code, ran.lines().len()), (2, 1));
    assert!(ran.err.contains("value 2") && ran.err.contains("code: input_malformed"), "{ran:?}");
    server.run(&["rest", "bulk", "nowhere"], "").error("file_failed");
}

#[test]
fn each_api_has_a_token_and_a_url_of_its_own() {
    let server = Scripted::start(|_| (200, json!({"httpStatus": 200, "Resources": []})));
    let place = Place::new();
    let with = |line: &str, environment: &[(&str, &str)]| {
        let mut command = place.command(&line.split(' ').collect::<Vec<_>>());
        command.envs(environment.iter().copied()).env("GATEPASS_TOKEN", "a-config-token-of-its-own");
        Ran::after(command, b"")
    };
    for (line, api) in [("rest bind", "REST"), ("scim list Users", "SCIM")] {
        let url = format!("GATEPASS_{api}_URL");
        with(line, &[]).error("url_required");
        with(line, &[(&url, &server.url)]).error("credential_required");
        with(&format!("{line} --login ann"), &[(&url, &server.url)]).error("token_required");
        with(&format!("{line} --url http://r1.example"), &[(&format!("GATEPASS_{api}_TOKEN"), TOKEN)])
            .error("url_insecure");
        std::fs::write(place.path("token"), TOKEN).unwrap();
        with(&format!("{line} --url {} --token-file token --timeout 5s", server.url), &[]).ok();
        let seen = server.seen();
        assert_eq!(seen[0].1, format!("Bearer {TOKEN}"));
    }
    with("rest bind --token-file token --node a/b --url http://127.0.0.1:1", &[]).error("node_malformed");
}

#[test]
fn resources_are_read_and_changed() {
    let server = Scripted::start(|(line, _, body)| match line.split('?').next().unwrap() {
        "GET /scim2/v2/Users" => {
            let start: usize =
                line.split("startIndex=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
            (200, json!({"totalResults": 3, "startIndex": start, "Resources": [{"id": format!("u{start}")}]}))
        }
        "GET /scim2/v2/ResourceTypes" => {
            (200, json!([{"name": "User", "endpoint": "/Users", "schema": "urn:u"}]))
        }
        "GET /scim2/v2/Schemas" => (200, json!([{"id": "urn:u"}, {"id": "urn:g"}])),
        "PATCH /scim2/v2/Users/b" => (204, Value::Null),
        line if line.starts_with("DELETE") => (204, Value::Null),
        _ => (200, if body.is_object() { body.clone() } else { json!({"id": "a"}) }),
    });
    let ran = server.run(
        &[
            "scim",
            "list",
            "Users",
            "--filter",
            "userName pr",
            "--sort-by",
            "userName",
            "--descending",
            "--page-size",
            "1",
        ],
        "",
    );
    assert_eq!(ran.ok().out, "{\"id\":\"u1\"}\n{\"id\":\"u2\"}\n{\"id\":\"u3\"}\n");
    assert_eq!(
        server.lines()[1],
        "GET /scim2/v2/Users?filter=userName%20pr&sortBy=userName&sortOrder=descending&startIndex=2&count=1"
    );
    let ran = server.run(&["scim", "types"], "").ok();
    assert!(ran.lines()[1].starts_with("User  /Users"), "{ran:?}");
    assert_eq!(server.run(&["scim", "types", "--output", "json"], "").json()[0]["name"], "User");
    assert_eq!(server.run(&["scim", "schemas"], "").ok().lines().len(), 2);
    server.run(&["scim", "config"], "").ok();
    server.run(&["scim", "get", "Users", "uid=a,o=x", "--attribute", "userName"], "").ok();
    let ran = server.run(&["scim", "create", "Users"], "{\"userName\": \"a\"}\n{\"userName\": \"b\"}").ok();
    assert_eq!(ran.lines().len(), 2);
    server.run(&["scim", "replace", "Users", "a", "--if-match", "W/\"1\""], "{\"userName\": \"c\"}").ok();
    server.seen();
    let said = ["--replace", "active", "false", "--add", "nickName", "Bo b", "--remove", "title"];
    let ran = server.run(&[&["scim", "patch", "Users", "b"][..], &said].concat(), "").ok();
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", "changed b\n"));
    server
        .run(
            &["scim", "patch", "Users", "a"],
            r#"[{"op": "Replace", "path": "password", "value": "hunter2"}]"#,
        )
        .ok();
    server
        .run(
            &["scim", "patch", "Users", "a"],
            r#"{"schemas": [], "Operations": [{"op": "remove", "path": "x"}]}"#,
        )
        .ok();
    let bodies: Vec<_> = server.seen().into_iter().map(|(_, _, body)| body["Operations"].clone()).collect();
    assert_eq!(
        bodies[0],
        json!([
            {"op": "remove", "path": "title"},
            {"op": "replace", "path": "active", "value": false},
            {"op": "add", "path": "nickName", "value": "Bo b"},
        ])
    );
    assert_eq!(bodies[1][0], json!({"op": "replace", "path": "password", "value": "hunter2"}));
    assert_eq!(bodies[2][0]["op"], "remove");
    server
        .run(&["scim", "patch", "Users", "a", "--replace", "password", "hunter2"], "")
        .error("secret_in_arguments");
    server.run(&["scim", "delete", "Users", "a"], "").error("confirmation_required");
    assert_eq!(server.run(&["scim", "delete", "Users", "a", "--yes"], "").ok().err, "deleted a\n");
}
