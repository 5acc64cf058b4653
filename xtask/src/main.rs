//! Developer commands of ocelli: `cargo xtask tidy`, `ci`, `aarch64` and `instructions`.

mod aarch64;
mod ci;
mod instructions;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy::run(&root()),
        Some("ci") => ci::run(&root()),
        Some("aarch64") => aarch64::run(&root()),
        Some("instructions") => instructions::run(&root(), std::env::args().nth(2).as_deref()),
        _ => {
            Err(anyhow::anyhow!("usage: cargo xtask tidy | ci | aarch64 | instructions [--bless]"))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}
