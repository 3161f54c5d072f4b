//! The Kotlin SDK: what Maven builds upon the native library, which cargo builds.

use std::env::consts::EXE_EXTENSION;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use xshell::{Cmd, Shell, cmd};

use crate::run::{self, locked};
use crate::services;

const FOLDER: &str = "bindings-kotlin";
/// The oldest Java that the SDK is for.
const OLDEST: u32 = 17;
const NEEDED: &str = "a JDK from 17 on, with Maven,";
const INSTALL: &str = "apt-get install --yes --no-install-recommends openjdk-17-jdk-headless maven";
/// Where Kotlin is written and the library is laid, both out of git: they follow from what cargo built.
const GENERATED: &str = "bindings-kotlin/gatepass-kotlin/generated";

/// `cargo xtask kotlin`: the library that the Rust tests are built beside, and Maven on all modules with these arguments.
pub(crate) fn run(shell: &Shell, arguments: &[&str]) -> Result<()> {
    need_maven(shell)?;
    run::build_all(shell)?;
    generate(shell, "debug")?;
    maven(shell, if arguments.is_empty() { &["test"] } else { arguments })
}

/// The tests of every artifact and every example.
pub(crate) fn test(shell: &Shell, filter: &[&str]) -> Result<()> {
    // Classes of what is no longer in the sources would be tested, and packed, too.
    if filter.is_empty() {
        return run(shell, &["clean", "test"]);
    }
    // A word may be in the name of a class or of a test, in one module, or in another language alone.
    let words: Vec<String> = filter.iter().map(|word| format!("*{word}*,#*{word}*")).collect();
    let tests = format!("-Dtest={}", words.join(","));
    run(
        shell,
        &["clean", "test", &tests, "-Dtests.required=false", "-Dsurefire.failIfNoSpecifiedTests=false"],
    )
}

/// The first example, through an authority of its own, with what the quickstart has built.
pub(crate) fn quickstart(shell: &Shell) -> Result<String> {
    need_maven(shell)?;
    generate(shell, "debug")?;
    let class_path = class_path(shell, "examples", "compile", "runtime")?;
    let program = run::target().join("debug").join("gatepass").with_extension(EXE_EXTENSION);
    let example = cmd!(shell, "java -cp {class_path} examples.QuickstartKt").env("GATEPASS_PROGRAM", program);
    run::read(by_itself(example))
}

/// The jars, with the library built as one unit, installed into a repository that has nothing else, and an example of a
/// project that knows nothing but that repository.
pub(crate) fn package(shell: &Shell) -> Result<()> {
    need_maven(shell)?;
    shipped(shell)?;
    let repository = run::target().join("kotlin/repository");
    shell.remove_path(repository.join("dev/gatepass"))?;
    let local = format!("-Dmaven.repo.local={}", repository.display());
    maven(shell, &[&local, "-Prelease", "-Dmaven.test.skip=true", "clean", "install"])?;
    let jar = repository.join("dev/gatepass/gatepass-kotlin/0.1.0/gatepass-kotlin-0.1.0.jar");
    let inside = run::read(cmd!(shell, "jar --list --file {jar}"))?;
    let library = format!("{}/{}", jna_platform()?, library_name());
    for file in [library.as_str(), "META-INF/proguard/gatepass.pro", "dev/gatepass/Gatepass.class"] {
        ensure!(inside.lines().any(|line| line == file), "{} lacks {file}", jar.display());
    }
    let folder = shell.create_temp_dir()?;
    let arguments = format!("-Dexec.args={}", folder.path().join("tokens.db").display());
    let consumer = format!("{FOLDER}/consumer/pom.xml");
    let example = cmd!(
        shell,
        "mvn --quiet --batch-mode --no-transfer-progress --file {consumer} {local} compile exec:java {arguments}"
    );
    let printed = run::read(by_itself(example))?;
    ensure!(printed.contains("granted to nightly-sync"), "the installed jars do not work:\n{printed}");
    run::say(&format!("kotlin: {} works on its own", jar.display()));
    Ok(())
}

/// Its speed against a call that does nothing, of the library that is shipped.
pub(crate) fn bench(shell: &Shell) -> Result<()> {
    need_maven(shell)?;
    shipped(shell)?;
    let class_path = class_path(shell, "gatepass-kotlin", "test-compile", "test")?;
    let tests = crate::root().join(FOLDER).join("gatepass-kotlin/target/test-classes");
    let class_path = format!("{}:{class_path}", tests.display());
    let results = crate::root().join("target/bench/kotlin.json");
    // A heap that does not grow: what grows then is the library's.
    run::run(by_itself(cmd!(
        shell,
        "java -Xms1g -Xmx1g -XX:+AlwaysPreTouch -cp {class_path} dev.gatepass.BenchKt {results}"
    )))
}

/// Without the folder of debug builds, which cargo names to what it runs: the library there would stand in for the jar's.
fn by_itself(cmd: Cmd<'_>) -> Cmd<'_> {
    const NAMED: [&str; 2] = ["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"];
    NAMED.into_iter().fold(cmd, Cmd::env_remove)
}

/// The library and the program as they are shipped; in one build, for alone each would have other features.
fn shipped(shell: &Shell) -> Result<()> {
    let locked = locked();
    run::run(cmd!(
        shell,
        "cargo build {locked...} --profile dist -p gatepass-kotlin -p gatepass-cli --all-features"
    ))?;
    generate(shell, "dist")
}

/// The classes of a module and of all that it needs in this scope, once Maven has come to this phase.
fn class_path(shell: &Shell, module: &str, phase: &str, scope: &str) -> Result<String> {
    let list = run::target().join(format!("kotlin-{module}.classpath"));
    let (scope, output) =
        (format!("-Dmdep.includeScope={scope}"), format!("-Dmdep.outputFile={}", list.display()));
    maven(
        shell,
        &["--projects", module, "--also-make", &scope, &output, phase, "dependency:build-classpath"],
    )?;
    let classes = crate::root().join(FOLDER).join(module).join("target/classes");
    Ok(format!("{}:{}", classes.display(), shell.read_file(list)?.trim()))
}

/// Runs Maven on all modules, or on those that `arguments` name; of its plugins only the tests say what they did.
pub(crate) fn maven(shell: &Shell, arguments: &[&str]) -> Result<()> {
    let project = format!("{FOLDER}/pom.xml");
    let logged = ["defaultLogLevel=warn", "log.org.apache.maven.plugin.surefire=info"]
        .map(|level| format!("-Dorg.slf4j.simpleLogger.{level}"));
    run::run(by_itself(cmd!(
        shell,
        "mvn --batch-mode --no-transfer-progress {logged...} --file {project} {arguments...}"
    )))
}

/// Writes Kotlin from the library that cargo built with this profile, and lays the library where the jar takes it from.
pub(crate) fn generate(shell: &Shell, profile: &str) -> Result<()> {
    let built = run::target().join(profile);
    let library = built.join(library_name());
    let bindgen = built.join("gatepass-bindgen").with_extension(EXE_EXTENSION);
    let generated = crate::root().join(GENERATED);
    shell.remove_path(&generated)?;
    let kotlin = generated.join("kotlin");
    run::run(bindgen_cmd(shell, &bindgen, &library, &kotlin))?;
    let made = kotlin.join("dev/gatepass/internal/ffi/gatepass.kt");
    shell.write_file(&made, internal(&shell.read_file(&made)?))?;
    let resources = generated.join("resources").join(jna_platform()?);
    shell.create_dir(&resources)?;
    shell.copy_file(&library, resources.join(library_name()))?;
    Ok(())
}

fn bindgen_cmd<'a>(shell: &'a Shell, bindgen: &Path, library: &Path, to: &Path) -> Cmd<'a> {
    let config = format!("{FOLDER}/uniffi.toml");
    cmd!(shell, "{bindgen} generate --language kotlin --no-format --config {config} --out-dir {to} {library}")
}

/// All that is generated, for the module's own use alone: nothing of it is API, nor seen by those who have the jar.
fn internal(kotlin: &str) -> String {
    let mut depth = 0_usize;
    let line = |line: &str| {
        let outermost = depth == 0;
        depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
        match declaration(line).filter(|_| outermost) {
            Some((before, declaration)) => format!("{before}internal {declaration}\n"),
            None => format!("{line}\n"),
        }
    };
    kotlin.lines().map(line).collect()
}

/// A declaration that says of itself that it is public, or says nothing, and what stands before it on its line.
fn declaration(line: &str) -> Option<(&str, &str)> {
    const KINDS: [&str; 5] = ["class ", "interface ", "object ", "fun ", "typealias "];
    const BEFORE: [&str; 7] = ["data ", "sealed ", "open ", "enum ", "abstract ", "suspend ", "inline "];
    // What may stand before it: `@Throws(Failure::class) fun …`, or the end of a comment.
    let trimmed = line.trim_start();
    let ends = [(trimmed.starts_with('@'), ") "), (trimmed.starts_with("*/"), "*/ ")];
    let start = match ends.into_iter().find(|(stands, _)| *stands) {
        Some((_, end)) => line.find(end)? + end.len(),
        None => line.len() - trimmed.len(),
    };
    let (before, rest) = line.split_at_checked(start)?;
    let declared = rest.strip_prefix("public ").unwrap_or(rest);
    let mut bare = declared;
    while let Some(after) = BEFORE.iter().find_map(|word| bare.strip_prefix(word)) {
        bare = after;
    }
    KINDS.iter().any(|kind| bare.starts_with(kind)).then_some((before, declared))
}

fn library_name() -> String {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    format!("{DLL_PREFIX}gatepass_kotlin{DLL_SUFFIX}")
}

/// The folder of a jar in which JNA looks on this machine.
fn jna_platform() -> Result<String> {
    let os = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        "windows" => "win32",
        other => bail!("JNA's name for {other} is not known here"),
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x86-64",
        other => other,
    };
    Ok(format!("{os}-{arch}"))
}

/// A compiler of Java too: a runtime alone has none, and Maven is content with that until it is too late.
fn need_maven(shell: &Shell) -> Result<()> {
    let found = || {
        run::read(cmd!(shell, "javac --version"))?;
        run::read(cmd!(shell, "mvn --version"))
    };
    let said = found().or_else(|_| {
        services::install(shell, NEEDED, INSTALL)?;
        found()
    })?;
    let java = java_version(&said).context("Maven does not say which Java it runs on")?;
    ensure!(
        java >= OLDEST,
        "{NEEDED} is needed, and Maven runs on Java {java}; this line installs it: {INSTALL}"
    );
    Ok(())
}

/// The number before the first dot, of the line in which `mvn --version` says it.
fn java_version(said: &str) -> Option<u32> {
    let version = said.lines().find_map(|line| line.strip_prefix("Java version: "))?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_java_is_read_from_what_maven_says() {
        let said = "Apache Maven 3.8.7\nMaven home: /usr\nJava version: 17.0.15, vendor: Debian\n";
        assert_eq!(java_version(said), Some(17));
        assert_eq!(java_version("Java version: 25-ea, vendor: x"), Some(25));
        assert_eq!(java_version("Apache Maven 3.8.7"), None);
    }

    #[test]
    fn what_is_generated_is_internal_and_else_unchanged() {
        let given = "package x\npublic object A {\n    fun inside() {}\n}\nopen class B\ndata class C(\n\
                     private fun d() {}\ninternal class E\n @Throws(F::class) suspend fun f() {}\nval g = 1\n";
        let made = internal(given);
        let expected = "package x\ninternal object A {\n    fun inside() {}\n}\ninternal open class B\n\
                        internal data class C(\nprivate fun d() {}\ninternal class E\n \
                        @Throws(F::class) internal suspend fun f() {}\nval g = 1\n";
        assert_eq!(made, expected);
    }
}
