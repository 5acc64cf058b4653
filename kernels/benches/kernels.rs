//! The time that every operation takes on each instruction set of the machine; of the best set also GFLOP/s, what they are
//! of its multiply-add peak, and GB/s.
//!
//! `cargo bench -p ocelli-kernels -- [--quick] [--threads N] [FILTER]`; with `OCELLI_ISA`, of that instruction set alone.

#![allow(clippy::print_stdout, missing_docs, reason = "a program that prints a table")]

mod cases;

use std::hint::black_box;
use std::time::Instant;

use cases::{Case, OPERATIONS};
use ocelli_kernels::isa::{ISA_VARIABLE, IsaError};
use ocelli_kernels::roofline::multiply_adds;
use ocelli_kernels::{Context, Isa, Pool, Products};

struct Bench {
    isas: Vec<Isa>,
    pool: Pool,
    /// Of all threads on the best instruction set, in GFLOP/s.
    peak: f64,
    /// For each case and instruction set.
    seconds: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| arguments.iter().position(|a| a == name).map(|i| i + 1);
    let threads = after("--threads").and_then(|i| arguments.get(i)?.parse().ok()).unwrap_or(1);
    let mut filters = arguments.iter().enumerate().filter(|(i, _)| Some(*i) != after("--threads"));
    let filter = filters.find(|(_, a)| !a.starts_with("--")).map_or("", |(_, a)| a);
    let isas = match instruction_sets() {
        Ok(isas) => isas,
        Err(error) => return println!("{error}"),
    };
    let best = isas[isas.len() - 1];
    let pool = Pool::new(threads);
    let bench = Bench {
        peak: multiply_adds(best, Products::F32, &pool),
        isas,
        pool,
        seconds: if arguments.iter().any(|a| a == "--quick") { 0.05 } else { 0.4 },
    };
    println!("{threads} threads, {best} multiplies and adds at {:.1} GFLOP/s", bench.peak);
    println!("{:60}{}", "microseconds", in_columns(&bench.isas));
    for (operation, cases) in OPERATIONS {
        for case in cases() {
            let name = format!("{operation}::{}", case.name);
            if name.contains(filter) {
                bench.report(&name, &case);
            }
        }
    }
}

/// The one that `OCELLI_ISA` asks for, or all of the machine, the best last.
fn instruction_sets() -> Result<Vec<Isa>, IsaError> {
    match std::env::var(ISA_VARIABLE) {
        Ok(name) if !name.is_empty() => Ok(vec![name.parse()?]),
        _ => Ok(Isa::available().collect()),
    }
}

/// Each to the right of a column.
fn in_columns(cells: &[impl ToString]) -> String {
    cells.iter().fold(String::new(), |line, cell| line + &format!("{:>11}", cell.to_string()))
}

impl Bench {
    fn report(&self, name: &str, case: &Case) {
        let times: Vec<f64> = self.isas.iter().map(|&isa| self.best_of_many(case, isa)).collect();
        let best = times[times.len() - 1];
        let micros: Vec<_> = times.iter().map(|time| format!("{:.1}", time * 1e6)).collect();
        print!("{name:60}{}", in_columns(&micros));
        if case.flop > 0 {
            let speed = case.flop as f64 / best / 1e9;
            print!(" {speed:7.1} GFLOP/s {:5.1} %", 100.0 * speed / self.peak);
        } else {
            print!("{:24}", "");
        }
        println!(" {:7.1} GB/s", case.bytes as f64 / best / 1e9);
    }

    /// Seconds of one run.
    fn best_of_many(&self, case: &Case, isa: Isa) -> f64 {
        let context = Context { isa, pool: &self.pool };
        let mut out = vec![0.0; case.written];
        let mut run = (case.prepare)(isa);
        let mut best = f64::INFINITY;
        let begin = Instant::now();
        while begin.elapsed().as_secs_f64() < self.seconds || best.is_infinite() {
            let start = self.now(begin);
            run(context, black_box(&mut out));
            best = best.min(self.now(begin) - start);
        }
        best
    }

    /// Seconds; of this thread's own time where it runs alone, so that a busy machine does not count.
    fn now(&self, begin: Instant) -> f64 {
        if self.pool.threads() == 1 { thread_seconds() } else { None }
            .unwrap_or_else(|| begin.elapsed().as_secs_f64())
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn thread_seconds() -> Option<f64> {
    const CLOCK_THREAD_CPUTIME_ID: i32 = 3;
    unsafe extern "C" {
        fn clock_gettime(clock: i32, time: *mut [i64; 2]) -> i32;
    }
    let mut time = [0; 2];
    // SAFETY: on this target a `timespec` is two 64-bit integers.
    let result = unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    (result == 0).then_some(time[0] as f64 + time[1] as f64 * 1e-9)
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn thread_seconds() -> Option<f64> {
    None
}
