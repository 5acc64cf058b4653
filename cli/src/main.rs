//! The ocelli command line.
#![forbid(unsafe_code)]

mod args;
mod bench;
mod console;
mod convert;
mod env;
mod inputs;
mod inspect;
mod load;
mod models;
mod outputs;
mod predict;
mod progress;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use console::Console;

/// How a command ended, as the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Everything worked: 0.
    Done,
    /// Some pictures failed, and stderr says which: 1.
    SomeFailed,
}

/// The exit code of a usage error and of a model that cannot be loaded.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let console = Console::new(cli.quiet);
    let result = match &cli.command {
        Command::Predict(args) => predict::run(args, &console),
        Command::Inspect(args) => inspect::run(args, &console),
        Command::Convert(args) => convert::run(args, &console),
        Command::Bench(args) => bench::run(args, &console),
        Command::Models(args) => models::run(args, &console),
        Command::Env(args) => env::run(args, &console),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeFailed) => ExitCode::from(1),
        Err(error) if console::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            console.error(&format!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}
