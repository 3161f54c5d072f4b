//! The Python package: its tests, what holds of it besides, its wheel, its speed.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_EXTENSION};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use xshell::{Cmd, Shell, cmd};

use crate::run::{self, locked};
use crate::services;

/// Where the package is.
const FOLDER: &str = "bindings-python";
/// Its virtual environment, beside what else is built.
const VENV: &str = "target/python";
/// What the native part is called where Python looks for it, on every system but one.
const NATIVE: &str = if cfg!(windows) { "_gatepass.pyd" } else { "_gatepass.abi3.so" };
/// The oldest version that the package is for.
const OLDEST: &str = "import sys; sys.exit(sys.version_info < (3, 10))";
/// What pytest exits with where no test fits what was asked for: it may have been one of another language's.
const NONE_FITS: i32 = 5;
/// The line that installs it, where Debian's packages are used.
const INSTALL: &str = "apt-get install --yes --no-install-recommends python3 python3-venv";

/// Its tests, the vectors and the examples in its docstrings too.
pub(crate) fn test(shell: &Shell, filter: &[&str]) -> Result<()> {
    build(shell)?;
    let python = python(shell, "tests/requirements.txt")?;
    let _folder = shell.push_dir(FOLDER);
    // The package is not installed, so pytest is told of its fixtures.
    let pytest = in_place(cmd!(shell, "{python} -m pytest -p gatepass.testing.plugin"));
    if filter.is_empty() {
        return run::run(pytest);
    }
    let status = run::status(pytest.args(["-k", &filter.join(" or ")]))?;
    ensure!(status.success() || status.code() == Some(NONE_FITS), "pytest: {status}");
    Ok(())
}

/// What holds of it besides: form, types, stubs, and the file that is made of another.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    build(shell)?;
    let python = python(shell, "tests/requirements-check.txt")?;
    let _folder = shell.push_dir(FOLDER);
    run::run(cmd!(shell, "{python} tools/twin.py --check"))?;
    run::run(cmd!(shell, "{python} -m ruff format --check ."))?;
    run::run(cmd!(shell, "{python} -m ruff check ."))?;
    run::run(in_place(cmd!(shell, "{python} -m mypy")))?;
    run::run(in_place(cmd!(shell, "{python} -m pyright --pythonpath {python}")))?;
    run::run(in_place(cmd!(
        shell,
        "{python} -m mypy.stubtest gatepass._gatepass --allowlist tests/stubtest-allowlist.txt --mypy-config-file pyproject.toml"
    )))
}

/// The first example, through an authority of its own with a sandbox, with what the quickstart has built.
pub(crate) fn quickstart(shell: &Shell) -> Result<String> {
    place(shell)?;
    let python = python(shell, "tests/requirements.txt")?;
    let program = run::target().join("debug").join("gatepass").with_extension(EXE_EXTENSION);
    let _folder = shell.push_dir(FOLDER);
    let example = in_place(cmd!(shell, "{python} examples/quickstart.py --sandbox"));
    run::read(example.env("GATEPASS_PROGRAM", program))
}

/// The wheel: built as one unit, installed into an environment that has nothing else, and its example run there.
pub(crate) fn package(shell: &Shell) -> Result<()> {
    let wheel = wheel(shell)?;
    let empty = venv(shell, "target/python-empty", &[])?;
    run::run(cmd!(shell, "{empty} -m pip install --quiet --force-reinstall --no-deps --no-index {wheel}"))?;
    for expected in ["_gatepass.pyi", "py.typed", "aio.py"] {
        let find = format!(
            "import gatepass, pathlib; (pathlib.Path(gatepass.__file__).parent / '{expected}').read_text()"
        );
        run::run(cmd!(shell, "{empty} -I -c {find}"))
            .with_context(|| format!("the wheel lacks {expected}"))?;
    }
    let printed = run::read(cmd!(shell, "{empty} -I {FOLDER}/examples/quickstart.py"))?;
    ensure!(printed.ends_with("quickstart ok"), "the wheel's example did not get to its end:\n{printed}");
    run::say(&format!("python: {} works on its own", wheel.display()));
    Ok(())
}

/// Its speed against what Python itself has, of the wheel that is shipped.
pub(crate) fn bench(shell: &Shell) -> Result<()> {
    let (locked, wheel) = (locked(), wheel(shell)?);
    // The server that is asked.
    run::run(cmd!(shell, "cargo build {locked...} --profile dist -p gatepass-cli"))?;
    let python = venv(shell, "target/python-bench", &[&format!("{FOLDER}/tests/requirements.txt")])?;
    run::run(cmd!(shell, "{python} -m pip install --quiet --force-reinstall --no-deps --no-index {wheel}"))?;
    run::run(cmd!(shell, "{python} -I {FOLDER}/tools/bench.py"))
}

/// The wheel, in `target/wheels`.
fn wheel(shell: &Shell) -> Result<PathBuf> {
    let maturin = venv(shell, "target/python-maturin", &["maturin>=1.9.4,<2"])?;
    let folder = crate::root().join("target/wheels");
    shell.remove_path(&folder)?;
    run::run(cmd!(shell, "{maturin} -m maturin build --out {folder} --manifest-path {FOLDER}/Cargo.toml"))?;
    let built = shell.read_dir(&folder)?;
    ensure!(built.len() == 1, "one wheel was to be built, and there are {}", built.len());
    built.into_iter().next().context("no wheel was built")
}

/// The library that the Rust tests were built beside: nothing is compiled again for Python.
fn build(shell: &Shell) -> Result<()> {
    run::build_all(shell)?;
    place(shell)
}

/// Puts the library where Python looks for it.
fn place(shell: &Shell) -> Result<()> {
    let built = run::target().join("debug").join(format!("{DLL_PREFIX}_gatepass{DLL_SUFFIX}"));
    let place = crate::root().join(FOLDER).join("python/gatepass").join(NATIVE);
    // A process that has the old one loaded goes on with it: it is replaced, and not written over.
    shell.remove_path(&place)?;
    Ok(shell.copy_file(built, place)?)
}

/// The interpreter of the environment with what this file says.
fn python(shell: &Shell, requirements: &str) -> Result<PathBuf> {
    venv(shell, VENV, &[&format!("{FOLDER}/{requirements}")])
}

/// The interpreter that has what others wrote to try servers of SCIM with.
pub(crate) fn scim_tester(shell: &Shell) -> Result<PathBuf> {
    venv(shell, "target/scim", &["authority/tests/scim/requirements.txt"])
        .context("scim2-tester is needed, and Python 3.11 or later for it")
}

/// The interpreter of an environment of this name, with these packages or what these files say.
fn venv(shell: &Shell, folder: &str, wanted: &[&str]) -> Result<PathBuf> {
    let base = if cfg!(windows) { "python" } else { "python3" };
    let folder = crate::root().join(folder);
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let make = || {
        run::run(cmd!(shell, "{base} -c {OLDEST}")).context("Python 3.10 or later is needed")?;
        run::run(cmd!(shell, "{base} -m venv --clear {folder}"))
    };
    if !python.exists() {
        make().or_else(|_| {
            services::install(shell, "Python 3.10 or later, with venv,", INSTALL).and_then(|()| make())
        })?;
    }
    // What is written down is what was installed last: asking pip takes seconds, and it has nothing to say.
    let said = wanted
        .iter()
        .map(|one| shell.read_file(one).unwrap_or_else(|_| (*one).to_owned()))
        .collect::<String>();
    let note = folder.join(format!("{}.installed", name_of(wanted)));
    if !wanted.is_empty() && shell.read_file(&note).ok().as_deref() != Some(&said) {
        let words = wanted.iter().flat_map(|one| if is_file(one) { vec!["-r", one] } else { vec![*one] });
        run::run(cmd!(shell, "{python} -m pip install --quiet --disable-pip-version-check").args(words))?;
        shell.write_file(&note, said)?;
    }
    Ok(python)
}

fn name_of(wanted: &[&str]) -> String {
    let name: String = wanted.concat();
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

fn is_file(wanted: &str) -> bool {
    Path::new(wanted).extension().is_some_and(|extension| extension == "txt")
}

/// With the package as it lies there, and not as it may be installed.
fn in_place(cmd: Cmd<'_>) -> Cmd<'_> {
    cmd.env("PYTHONPATH", "python").env("PYTHONDONTWRITEBYTECODE", "1")
}
