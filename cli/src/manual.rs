//! `gatepass completions` and `gatepass man`, both made from the arguments themselves.

use std::io::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;
use gatepass::Error;

use crate::args::Cli;
use crate::fault::{Outcome, Stop};
use crate::output::buffered;

pub(crate) fn completions(shell: Shell) -> Result<Outcome, Stop> {
    // Into memory first, for the generator panics where its output cannot be written.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gatepass", &mut script);
    let mut stdout = buffered();
    stdout.write_all(&script)?;
    stdout.flush()?;
    Ok(Outcome::Done)
}

pub(crate) fn man(dir: Option<&Path>) -> Result<Outcome, Stop> {
    if let Some(dir) = dir {
        let pages = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir));
        pages.map_err(|error| {
            let text = format!("the pages cannot be written: {error}");
            Error::invalid("dir", "file_failed", text).with_cause(error)
        })?;
    } else {
        let mut stdout = buffered();
        clap_mangen::Man::new(Cli::command()).render(&mut stdout)?;
        stdout.flush()?;
    }
    Ok(Outcome::Done)
}
