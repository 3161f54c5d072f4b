//! `cargo xtask bench`: runs the benchmarks, then says of each result whether it meets its bar.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use xshell::{Shell, cmd};

use crate::run::{self, locked};
use crate::table::{self, Align};
use crate::{console, kotlin, node, python};

/// Where the benchmarks leave their results: a file for each, so that one that is run alone changes only its own.
const FOLDER: &str = "target/bench";

/// One measurement, beside what a peer needs for the same work.
#[derive(Deserialize)]
struct Row {
    name: String,
    unit: String,
    value: f64,
    peer: String,
    peer_value: Option<f64>,
    ratio: Option<f64>,
    bar: Option<String>,
    ok: bool,
}

/// A language's benchmarks, and the console's.
struct Language {
    /// By which they are run alone, and the file of their results is called.
    name: &'static str,
    run: fn(&Shell) -> Result<()>,
}

/// Those that do not come with Rust's own.
const LANGUAGES: &[Language] = &[
    Language { name: "python", run: python::bench },
    Language { name: "node", run: node::bench },
    Language { name: "kotlin", run: kotlin::bench },
    Language { name: "console", run: console::bench },
];

pub(crate) fn run(shell: &Shell, arguments: &[&str]) -> Result<()> {
    match arguments {
        // What an earlier version measured under another name is no result of this one.
        [] => shell.remove_path(FOLDER)?,
        [name] if !name.starts_with('-') => {}
        _ => return Err(crate::unexpected(arguments)),
    }
    let of_language = |language: &&Language| arguments == [language.name];
    match LANGUAGES.iter().find(of_language) {
        Some(language) => (language.run)(shell)?,
        None => rust(shell, arguments)?,
    }
    if arguments.is_empty() {
        LANGUAGES.iter().try_for_each(|language| (language.run)(shell))?;
    }
    let rows = results(shell, &crate::root().join(FOLDER))?;
    ensure!(!rows.is_empty(), "the benchmarks left no result in {FOLDER}");
    println!("\n{}", render(&rows));
    let missed: Vec<&str> = rows.iter().filter(|row| !row.ok).map(|row| row.name.as_str()).collect();
    if !missed.is_empty() {
        bail!("below the bar: {}", missed.join(", "));
    }
    Ok(())
}

fn rust(shell: &Shell, arguments: &[&str]) -> Result<()> {
    let locked = locked();
    // The command line program is measured too. Both in one build: alone each would have other features compiled in.
    run::run(cmd!(shell, "cargo build {locked...} --profile dist -p gatepass-bench -p gatepass-cli"))?;
    let benchmarks =
        run::target().join("dist").join("gatepass-bench").with_extension(std::env::consts::EXE_EXTENSION);
    run::run(cmd!(shell, "{benchmarks} {arguments...}"))
}

/// The rows of every result file, by the files' names.
fn results(shell: &Shell, folder: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    // xshell lists a folder in the order of its names.
    for file in shell.read_dir(folder)?.iter().filter(|file| file.extension().is_some_and(|is| is == "json"))
    {
        let of_file: Vec<Row> = serde_json::from_str(&shell.read_file(file)?)
            .with_context(|| format!("{} is not a list of results", file.display()))?;
        rows.extend(of_file);
    }
    Ok(rows)
}

fn render(rows: &[Row]) -> String {
    const COLUMNS: [Align; 8] = {
        use Align::{Left, Right};
        [Left, Right, Left, Left, Right, Right, Left, Left]
    };
    let header = ["benchmark", "value", "unit", "peer", "peer's", "ratio", "bar", ""].map(str::to_owned);
    let rows = rows.iter().map(|row| {
        [
            row.name.clone(),
            number(row.value),
            row.unit.clone(),
            row.peer.clone(),
            row.peer_value.map(number).unwrap_or_default(),
            row.ratio.map(number).unwrap_or_default(),
            row.bar.clone().unwrap_or_default(),
            verdict(row).to_owned(),
        ]
    });
    table::render(COLUMNS, &std::iter::once(header).chain(rows).collect::<Vec<_>>())
}

/// A row without a bar is there to be read: it has nothing to pass.
fn verdict(row: &Row) -> &'static str {
    match (row.ok, &row.bar) {
        (false, _) => "MISSED",
        (true, Some(_)) => "ok",
        (true, None) => "",
    }
}

/// As many decimals as still tell something: three digits or so in all.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"[
        {"name": "check", "unit": "ns", "value": 212.4, "peer": "jsonwebtoken", "peer_value": 1890.0,
         "ratio": 0.1124, "bar": "<= 0.5", "ok": true},
        {"name": "memory per token", "unit": "bytes", "value": 96, "peer": "",
         "peer_value": null, "ratio": null, "bar": "<= 64", "ok": false},
        {"name": "loading", "unit": "s", "value": 2.591, "peer": "",
         "peer_value": null, "ratio": null, "bar": null, "ok": true}
    ]"#;

    #[test]
    fn a_row_shows_what_it_has_and_whether_it_meets_its_bar() {
        let rows: Vec<Row> = serde_json::from_str(JSON).unwrap();
        let text = render(&rows);
        let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[1], ["check", "212", "ns", "jsonwebtoken", "1890", "0.112", "<=", "0.5", "ok"]);
        assert_eq!(words[2], ["memory", "per", "token", "96.0", "bytes", "<=", "64", "MISSED"]);
        assert_eq!(words[3], ["loading", "2.59", "s"]);
    }

    #[test]
    fn a_result_file_of_another_shape_is_named() {
        let shell = Shell::new().unwrap();
        let folder = shell.create_temp_dir().unwrap();
        shell.write_file(folder.path().join("b.json"), JSON).unwrap();
        shell.write_file(folder.path().join("notes.txt"), "not a result").unwrap();
        assert_eq!(results(&shell, folder.path()).unwrap().len(), 3);

        shell.write_file(folder.path().join("a.json"), "{}").unwrap();
        let error = results(&shell, folder.path()).err().unwrap();
        assert!(error.to_string().contains("a.json"), "{error}");
    }
}
