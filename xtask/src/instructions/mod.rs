//! What a noisy machine cannot hide: how many instructions one pass of whole networks takes.

mod pins;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};

use pins::Pins;

const FILE: &str = "xtask/instructions.txt";
/// Set where a machine without valgrind is a failure.
const REQUIRED: &str = "OCELLI_REQUIRE_VALGRIND";

/// Counts, and compares with the file or with `--bless` writes it.
pub(crate) fn run(root: &Path, option: Option<&str>) -> Result<()> {
    let bless = match option {
        None => false,
        Some("--bless") => true,
        Some(other) => bail!("`{other}`: the only option is --bless"),
    };
    if let Some(missing) = missing() {
        if bless || std::env::var_os(REQUIRED).is_some() {
            bail!("{missing}");
        }
        eprintln!("instructions are not counted: {missing}");
        return Ok(());
    }
    let old = match fs::read_to_string(root.join(FILE)) {
        Ok(text) => Some(Pins::parse(&text).context(FILE)?),
        Err(_) if bless => None,
        Err(error) => return Err(error).context(FILE),
    };
    let compiler = compiler(root)?;
    let found = count_all(&build(root)?)?;
    if bless {
        fs::write(root.join(FILE), Pins::of(&compiler, found, old.as_ref()).text())?;
        return Ok(());
    }
    judge(&old.context(FILE)?, &compiler, &found)
}

/// What this machine lacks.
fn missing() -> Option<&'static str> {
    let valgrind = || Command::new("valgrind").arg("--version").output().is_ok();
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        Some("the counts are those of x86-64 Linux")
    } else if !has_avx2() {
        Some("the counts are those of AVX2, which this machine lacks")
    } else if !valgrind() {
        Some("valgrind is needed (`apt-get install valgrind`)")
    } else {
        None
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

fn judge(pins: &Pins, compiler: &str, found: &BTreeMap<String, u64>) -> Result<()> {
    let lines = pins.compare(found);
    for (line, _) in &lines {
        eprintln!("{line}");
    }
    if compiler != pins.compiler {
        eprintln!("pinned with rustc {}, this is {compiler}: not held to it", pins.compiler);
        return Ok(());
    }
    if lines.iter().any(|(_, breach)| *breach) {
        bail!(
            "instruction counts moved by more than {} %; if that is meant: cargo xtask instructions --bless",
            pins.margin
        );
    }
    Ok(())
}

/// `1.95.0`.
fn compiler(root: &Path) -> Result<String> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).arg("--version").current_dir(root).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split(' ').nth(1).context("rustc tells no version")?.trim().to_owned())
}

/// Builds the program of the passes, as releases are built, and gives its path.
fn build(root: &Path) -> Result<PathBuf> {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["bench", "--package", "ocelli-models", "--bench", "passes", "--no-run"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("the passes cannot be built");
    }
    let executable = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    };
    let path = String::from_utf8(output.stdout)?.lines().filter_map(executable).next_back();
    path.context("cargo names no program")
}

/// The counts of all models, as many at a time as there are cores.
fn count_all(program: &Path) -> Result<BTreeMap<String, u64>> {
    let listed = String::from_utf8(Command::new(program).output()?.stdout)?;
    let models: Vec<&str> = listed.lines().collect();
    let (next, counts) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let worker = || -> Result<()> {
        while let Some(&model) = models.get(next.fetch_add(1, Ordering::Relaxed)) {
            let loading = count(program, model, 0)?;
            let all = count(program, model, 1)?;
            let pass = all.checked_sub(loading).context("a pass takes no instructions")?;
            eprintln!("{model}: {pass}");
            counts
                .lock()
                .map_err(|_| anyhow::anyhow!("a count panicked"))?
                .insert(model.to_owned(), pass);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().map_err(|_| anyhow::anyhow!("a count panicked"))?
        })
    })?;
    counts.into_inner().map_err(|_| anyhow::anyhow!("a count panicked"))
}

/// The instructions of the whole process that loads `model` and runs `passes`.
fn count(program: &Path, model: &str, passes: u32) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(program)
        .args([model, &passes.to_string()])
        .env("OCELLI_ISA", "avx2")
        .output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{model} failed under valgrind: {log}");
    }
    refs(&log).with_context(|| format!("valgrind counted nothing: {log}"))
}

/// The number of the line `==1== I   refs:      1,234`, in which versions of valgrind differ by blanks.
fn refs(log: &str) -> Option<u64> {
    let line = log.lines().find(|line| line.contains("refs:") && line.contains("== I"))?;
    line.rsplit(':').next()?.trim().replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found() {
        assert_eq!(refs("==1== warning\n==1== I   refs:      1,234,567\n"), Some(1_234_567));
        assert_eq!(refs("==1== I refs: 12\n==1== D refs: 13\n"), Some(12));
        assert_eq!(refs("==1== nothing\n"), None);
    }

    #[test]
    fn another_compiler_is_not_held_to_the_counts() {
        let pins = Pins::of("1.95.0", [("a".to_owned(), 100)].into(), None);
        let slower = [("a".to_owned(), 200)].into();
        assert!(judge(&pins, "1.95.0", &slower).is_err());
        assert!(judge(&pins, "1.96.0", &slower).is_ok());
    }
}
