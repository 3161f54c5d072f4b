//! What cargo knows of the workspace.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use xshell::{Shell, cmd};

use crate::run;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    features: BTreeMap<String, Vec<String>>,
}

/// The features of a workspace member, `default` left out: it only names others.
pub(crate) fn features(shell: &Shell, package: &str) -> Result<Vec<String>> {
    let json = run::read(cmd!(shell, "cargo metadata --no-deps --format-version 1"))?;
    features_in(&json, package)
}

fn features_in(json: &str, package: &str) -> Result<Vec<String>> {
    let metadata: Metadata = serde_json::from_str(json).context("cargo metadata is not as expected")?;
    let found = metadata.packages.into_iter().find(|candidate| candidate.name == package);
    let features = found.with_context(|| format!("no package `{package}` in the workspace"))?.features;
    Ok(features.into_keys().filter(|feature| feature != "default").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"packages": [
        {"name": "other", "features": {"x": []}},
        {"name": "gatepass", "features": {"sqlite": ["dep:rusqlite"], "default": ["http"], "http": []}}
    ]}"#;

    #[test]
    fn features_are_those_of_the_package_without_default() {
        assert_eq!(features_in(JSON, "gatepass").unwrap(), ["http", "sqlite"]);
        assert!(features_in(JSON, "absent").is_err());
    }
}
