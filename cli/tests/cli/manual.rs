//! What is made for other programs: completions, manual pages, rules for scanners.

use std::fs;
use std::process::Command;

use crate::place::Place;

#[test]
fn every_shell_has_its_completions() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(&format!("completions {shell}")).ok().out;
        assert!(
            script.contains("gatepass") && script.contains("rotate") && script.contains("secret-file"),
            "{shell}"
        );
    }
    let script = place.path("gatepass.bash");
    fs::write(&script, place.run("completions bash").out).unwrap();
    let output = Command::new("bash").arg("-n").arg(&script).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn there_is_a_page_for_every_command() {
    let place = Place::new();
    let page = place.run("man").ok().out;
    assert!(page.contains(".TH gatepass 1") && page.contains("GATEPASS_STORE"), "{page}");
    place.run("man --dir pages/man1").ok();
    let pages = fs::read_dir(place.path("pages/man1")).unwrap();
    let pages: Vec<_> = pages.map(|file| file.unwrap().path()).collect();
    for name in [
        "gatepass.1",
        "gatepass-token.1",
        "gatepass-token-create.1",
        "gatepass-store-copy.1",
        "gatepass-man.1",
    ] {
        assert!(pages.iter().any(|page| page.ends_with(name)), "{name}: {pages:?}");
    }
    // Where there is a formatter it has nothing to complain of.
    for page in &pages {
        if let Ok(output) = Command::new("groff").args(["-man", "-ww", "-z", "-Tutf8"]).arg(page).output() {
            assert!(output.status.success() && output.stderr.is_empty(), "{page:?}: {output:?}");
        }
    }
}

#[test]
fn scanners_find_a_secret_of_the_brand() {
    let place = Place::new();
    let regex = place.run("scanner-rule --for regex").ok().out;
    assert_eq!(regex, "\\bgp[csr]_[0-9A-Za-z]{12}_[0-9A-Za-z]{37}\\b\n");
    let secretlint = place.run("scanner-rule --for secretlint").json();
    let rule = &secretlint["rules"][0];
    assert_eq!(rule["id"], "@secretlint/secretlint-rule-pattern");
    assert_eq!(rule["options"]["patterns"][0]["pattern"], format!("/{}/", regex.trim_end()));
    let gitleaks = place.run("scanner-rule --for gitleaks --brand acme").ok().out;
    for line in [
        "[[rules]]",
        r"regex = '''\bacme[csr]_[0-9A-Za-z]{12}_[0-9A-Za-z]{37}\b'''",
        r#"keywords = ["acmec_", "acmes_", "acmer_"]"#,
    ] {
        assert!(gitleaks.lines().any(|is| is == line), "{line}: {gitleaks}");
    }
    let secret = place.create("a --api rest --days 9 --brand acme");
    assert!(secret.starts_with("acmer_"));
    assert_eq!(place.check("--api rest", &secret).0, 0);
    assert!(place.files() == ["tokens.db"]);
    place.run("scanner-rule --for gitleaks --brand A").error("brand_malformed");
}

#[test]
fn help_and_version_go_to_standard_output() {
    let place = Place::new();
    for line in ["--help", "token --help", "token create --help", "help role", "--version"] {
        let ran = place.run(line).ok();
        assert!(!ran.out.is_empty() && ran.err.is_empty(), "{line}: {ran:?}");
    }
}
