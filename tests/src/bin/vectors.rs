//! Writes `tests/vectors`; with `--check` it only tells which files are not as it would write them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to whoever runs it")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
const WRITTEN_BY_HAND: &str = "README.md";

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let files = gatepass_tests::files()?;
    let directory = Path::new(DIRECTORY);
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            for (name, text) in files {
                fs::write(directory.join(name), text)?;
                println!("wrote {name}");
            }
            Ok(ExitCode::SUCCESS)
        }
        ["--check"] => {
            let mut names: BTreeSet<String> = files.keys().map(|name| (*name).to_owned()).collect();
            for entry in fs::read_dir(directory)? {
                names.extend(entry?.file_name().into_string());
            }
            names.remove(WRITTEN_BY_HAND);
            let mut code = ExitCode::SUCCESS;
            for name in names {
                let found = fs::read_to_string(directory.join(&name)).ok();
                let fault = match (files.get(name.as_str()), found) {
                    (Some(wanted), Some(found)) if *wanted == found => continue,
                    (Some(_), Some(_)) => "differs",
                    (Some(_), None) => "is missing",
                    (None, _) => "is extra",
                };
                eprintln!("{name} {fault}");
                code = ExitCode::FAILURE;
            }
            Ok(code)
        }
        _ => {
            eprintln!("usage: vectors [--check]");
            Ok(ExitCode::from(2))
        }
    }
}
