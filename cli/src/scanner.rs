//! `gatepass scanner-rule`: files by which programs that look for leaked secrets find ours.

use std::io::Write as _;

use serde_json::json;

use crate::args::Scanner;
use crate::context::Context;
use crate::fault::{Outcome, Stop};
use crate::output::buffered;

pub(crate) fn run(context: &Context, scanner: Scanner) -> Result<Outcome, Stop> {
    let (brand, rule) = (context.brand.as_str(), context.brand.scanner_rule());
    let mut stdout = buffered();
    match scanner {
        Scanner::Regex => writeln!(stdout, "{rule}")?,
        // A literal string of TOML, in which no backslash means anything. The keywords let gitleaks pass over most files.
        Scanner::Gitleaks => write!(
            stdout,
            "[extend]\nuseDefault = true\n\n[[rules]]\nid = \"gatepass-{brand}\"\n\
             description = \"A Gatepass API access token\"\nregex = '''{rule}'''\n\
             keywords = [\"{brand}c_\", \"{brand}s_\", \"{brand}r_\"]\n"
        )?,
        Scanner::Secretlint => {
            let pattern = json!({"name": format!("Gatepass API access token ({brand})"), "pattern": format!("/{rule}/")});
            let rule =
                json!({"id": "@secretlint/secretlint-rule-pattern", "options": {"patterns": [pattern]}});
            writeln!(stdout, "{:#}", json!({"rules": [rule]}))?;
        }
    }
    stdout.flush()?;
    Ok(Outcome::Done)
}
