//! House rules that no lint knows.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A source file without its tests should stay below this.
const LINES: usize = 500;
/// Nothing larger is tracked: weights and pictures never are.
const BYTES: u64 = 1 << 20;
/// Where `unsafe` may stand.
const UNSAFE: [&str; 4] =
    ["kernels/", "engine/src/cpu/memory.rs", "engine/src/burn/cuda.rs", "converters/src/source.rs"];

/// Checks all rules and lists every breach.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut breaches = Vec::new();
    for file in tracked(root)? {
        let path = root.join(&file);
        if fs::metadata(&path)?.len() > BYTES {
            breaches.push(format!("{file}: larger than {BYTES} bytes"));
        }
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).with_context(|| file.clone())?;
            breaches.extend(source(&file, &text).into_iter().map(|what| format!("{file}: {what}")));
        }
    }
    breaches.extend(c_in_the_library(root)?);
    if breaches.is_empty() {
        return Ok(());
    }
    bail!("{}", breaches.join("\n"))
}

fn tracked(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git").args(["ls-files"]).current_dir(root).output()?;
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

fn source(file: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let is_test = file.contains("tests") || file.contains("benches") || file.contains("testing");
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    if !is_test && code.lines().count() > LINES {
        breaches.push(format!("more than {LINES} lines without its tests"));
    }
    let unsafe_allowed =
        UNSAFE.iter().any(|place| file.starts_with(place)) || file.starts_with("fuzz/");
    let is_unsafe = |line: &str| {
        line.split("//")
            .next()
            .unwrap_or("")
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|w| w == "unsafe")
    };
    if !unsafe_allowed && !is_test && !file.starts_with("xtask/") && code.lines().any(is_unsafe) {
        breaches.push("unsafe outside the places for it".to_owned());
    }
    breaches
}

/// The library builds no C: nothing in its tree depends on a C compiler's driver.
fn c_in_the_library(root: &Path) -> Result<Option<String>> {
    let tree = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["tree", "--package", "ocelli", "--edges", "normal,build", "--prefix", "none"])
        .current_dir(root)
        .output()?;
    let builds_c = |line: &&str| matches!(line.split(' ').next(), Some("cc" | "cmake" | "bindgen"));
    let tree = String::from_utf8(tree.stdout)?;
    Ok(tree.lines().find(builds_c).map(|line| format!("the library builds C through {line}")))
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn unsafe_is_found_where_it_may_not_stand() {
        let text = "fn f() { unsafe { g() } }\n";
        assert_eq!(source("models/src/a.rs", text).len(), 1);
        assert!(source("kernels/src/a.rs", text).is_empty());
        assert!(source("models/src/a.rs", "// unsafe in words\n").is_empty());
    }
}
