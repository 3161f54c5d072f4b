//! Acknowledged means on disk: seen in a trace of the system calls. Each acknowledgement comes after a sync of the log
//! that began when what it speaks of had been written there.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use crate::support::{STORM, need};

/// A system call, from the line in which it begins to the line in which it ends.
#[derive(Debug)]
struct Call {
    begins: usize,
    ends: usize,
    text: String,
}

/// The calls of a trace by `strace -f`, where one that others interrupt is in two parts.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, line) in trace.lines().enumerate() {
        let Some((thread, text)) = line.split_once(' ') else { continue };
        let text = text.trim_start();
        if text.starts_with("<... ") {
            if let Some(at) = open.remove(thread) {
                calls[at].ends = number;
                calls[at].text.push_str(text);
            }
        } else {
            let unfinished = text.ends_with("<unfinished ...>");
            if unfinished {
                open.insert(thread, calls.len());
            }
            let ends = if unfinished { usize::MAX } else { number };
            calls.push(Call { begins: number, ends, text: text.to_owned() });
        }
    }
    calls
}

/// What a trace says: how many acknowledgements it has, and those that no sync stands behind.
fn check(trace: &str) -> (usize, Vec<String>) {
    let calls = calls(trace);
    let log = |call: &&Call, names: &[&str]| {
        names.iter().any(|name| call.text.starts_with(name)) && call.text.contains("-wal>")
    };
    let writes: Vec<_> = calls.iter().filter(|call| log(call, &["pwrite64("])).collect();
    let good = |call: &&Call| log(call, &["fdatasync(", "fsync("]) && call.text.ends_with("= 0");
    let syncs: Vec<_> = calls.iter().filter(good).collect();
    // What is on disk, and since when.
    let synced = |id: &str| {
        let writes = writes.iter().filter(|write| write.text.contains(id));
        let after =
            |write: &&Call| syncs.iter().filter(|sync| write.ends < sync.begins).map(|sync| sync.ends).min();
        writes.filter_map(after).min()
    };
    let (mut acknowledged, mut missing) = (0, Vec::new());
    let mut revoked: BTreeMap<&str, usize> = BTreeMap::new();
    let acks: Vec<Ack<'_>> = calls.iter().filter_map(Ack::from).collect();
    for ack in acks.iter().filter(|ack| ack.action == "token.revoke") {
        if let Some(since) = synced(ack.id) {
            let known = revoked.entry(ack.name).or_insert(since);
            *known = since.min(*known);
        }
    }
    for ack in &acks {
        acknowledged += 1;
        // Revoking what was revoked before writes nothing: then that stands behind it.
        let before = revoked.get(ack.name).copied().filter(|_| ack.action == "token.revoke");
        if synced(ack.id).or(before).is_none_or(|since| since >= ack.begins) {
            missing.push(ack.id.to_owned());
        }
    }
    (acknowledged, missing)
}

/// An acknowledgement of the helper, of what writes something.
struct Ack<'a> {
    begins: usize,
    action: &'a str,
    name: &'a str,
    id: &'a str,
}

impl<'a> Ack<'a> {
    fn from(call: &'a Call) -> Option<Self> {
        if !call.text.starts_with("write(1<") {
            return None;
        }
        let field = |name: &str| {
            let (_, rest) = call.text.split_once(&format!(r#"\"{name}\":\""#))?;
            rest.split_once('\\').map(|(value, _)| value)
        };
        let action = field("ack").filter(|action| action.starts_with("token."))?;
        Some(Self { begins: call.begins, action, name: field("name")?, id: field("id")? })
    }
}

/// The helper under strace, for so many operations of each task.
fn trace(unsynced: bool, operations: u32) -> String {
    need("strace", "strace");
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("tokens.db"), folder.path().join("trace"));
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-y", "-s", "16384", "-e", "trace=pwrite64,fdatasync,fsync,write", "-o"])
        .arg(&out)
        .arg(STORM)
        .arg(&file)
        .args(["1", &operations.to_string()])
        .stdout(Stdio::null());
    if unsynced {
        strace.env("STORE_STORM_UNSYNCED", "1");
    }
    let ended = strace.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    std::fs::read_to_string(out).unwrap()
}

#[test]
fn each_acknowledgement_follows_a_sync_of_what_it_speaks_of() {
    let trace = trace(false, 25);
    let (acknowledged, missing) = check(&trace);
    assert!(acknowledged > 150, "{acknowledged}");
    assert_eq!(missing, [""; 0]);
    // Without its syncs the same trace would not do, nor with those that failed.
    let without: Vec<_> = trace.lines().filter(|line| !line.contains("sync")).collect();
    assert_eq!(check(&without.join("\n")).1.len(), acknowledged);
    let failed = trace.replace("sync(", "sync(-").replace("= 0\n", "= -1 EIO\n");
    assert_eq!(check(&failed).1.len(), acknowledged);
}

/// What the check is worth: of a program that does not sync it says so.
#[test]
fn a_program_that_does_not_sync_is_found_out() {
    let (acknowledged, missing) = check(&trace(true, 50));
    assert_eq!((acknowledged, missing.len()), (50, 50));
}

#[test]
fn a_trace_is_read_as_it_is_written() {
    let line = |text: &str| format!("{text}\n");
    let wal = "</x/tokens.db-wal>";
    let written = line(&format!(r#"7  pwrite64(5{wal}, "..op-1..", 9, 0) = 9"#));
    let ack = line(
        r#"8  write(1<pipe:[1]>, "{\"ack\":\"token.create\",\"name\":\"n\",\"id\":\"op-1\"}\n", 9) = 9"#,
    );
    let sync = line(&format!("7  fdatasync(5{wal}) = 0"));
    let begun = line(&format!("7  fdatasync(5{wal} <unfinished ...>"));
    let ended = line("7  <... fdatasync resumed>) = 0");
    let fails =
        |parts: &[&String]| !check(&parts.iter().map(|part| part.as_str()).collect::<String>()).1.is_empty();
    assert!(!fails(&[&written, &sync, &ack]));
    assert!(!fails(&[&written, &begun, &ended, &ack]));
    assert!(fails(&[&written, &begun, &ack, &ended]));
    assert!(fails(&[&begun, &written, &ended, &ack]));
    assert!(fails(&[&sync, &written, &ack]));
    assert!(fails(&[&written, &ack, &sync]));
    assert!(fails(&[&written, &line("7  fdatasync(5</x/tokens.db>) = 0"), &ack]));
}
