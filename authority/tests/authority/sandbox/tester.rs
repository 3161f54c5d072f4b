//! What a program that others wrote thinks of the sandbox's SCIM: `scim2-tester`, from `PyPI`.

use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;

use super::Sandbox;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scim/tester.py");

#[tokio::test(flavor = "multi_thread")]
async fn a_public_tester_finds_no_error() {
    let python = std::env::var("GATEPASS_TEST_SCIM").expect(
        "no scim2-tester: `cargo xtask test` installs it and sets GATEPASS_TEST_SCIM to its Python; \
         these lines do it: python3 -m venv target/scim; target/scim/bin/pip install -r authority/tests/scim/requirements.txt",
    );
    let sandbox = Sandbox::new(200).await;
    let mut tester = tokio::process::Command::new(python)
        .args(["-I", SCRIPT, &format!("{}/scim2/v2", sandbox.house.server.url())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    tester.stdin.take().unwrap().write_all(sandbox.scim.as_bytes()).await.unwrap();
    let done = tester.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("SUCCESS"), "{said}");
}
