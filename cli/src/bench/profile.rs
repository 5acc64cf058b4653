//! Where the time goes, step by step and operation by operation.

use std::time::Duration;

use anyhow::{Context, Result};
use ocelli::engine::{Session, StepTime};

use crate::console::Console;

/// The median time of every step, in the order they run.
pub(super) struct Table {
    steps: Vec<StepTime>,
}

/// Profiles `runs` runs.
pub(super) fn table(session: &mut dyn Session, runs: u32) -> Result<Table> {
    let mut all = Vec::new();
    for _ in 0..runs.max(1) {
        all.push(session.profile()?);
    }
    let mut steps = all.first().cloned().context("no run was profiled")?;
    for (index, step) in steps.iter_mut().enumerate() {
        let mut times: Vec<_> =
            all.iter().filter_map(|run| run.get(index)).map(|step| step.time).collect();
        times.sort();
        step.time = times[times.len() / 2];
    }
    Ok(Table { steps })
}

/// Steps of one kind, added up.
struct Sum {
    op: &'static str,
    count: usize,
    time: Duration,
    flops: u64,
    bytes: u64,
}

impl Table {
    pub(super) fn print(&self, console: &Console) -> Result<()> {
        let total: Duration = self.steps.iter().map(|step| step.time).sum();
        console.line(&format!("{HEAD}  layer"))?;
        for step in &self.steps {
            let row = row(step.op, "", step.time, total, step.flops, step.bytes);
            console.line(&format!("{row}  {} {:?}", step.label, step.shape))?;
        }
        console.line(&format!("\n{HEAD}"))?;
        for sum in self.by_op() {
            let count = format!("x{}", sum.count);
            console.line(&row(sum.op, &count, sum.time, total, sum.flops, sum.bytes))?;
        }
        let flops = self.steps.iter().map(|step| step.flops).sum();
        let bytes = self.steps.iter().map(|step| step.bytes).sum();
        console.line(&row("all", &format!("x{}", self.steps.len()), total, total, flops, bytes))?;
        console.line("")?;
        Ok(())
    }

    /// The operations, the most expensive first.
    fn by_op(&self) -> Vec<Sum> {
        let mut sums: Vec<Sum> = Vec::new();
        for step in &self.steps {
            let at = sums.iter().position(|sum| sum.op == step.op).unwrap_or_else(|| {
                sums.push(Sum { op: step.op, count: 0, time: Duration::ZERO, flops: 0, bytes: 0 });
                sums.len() - 1
            });
            let sum = &mut sums[at];
            sum.count += 1;
            sum.time += step.time;
            sum.flops += step.flops;
            sum.bytes += step.bytes;
        }
        sums.sort_by_key(|sum| std::cmp::Reverse(sum.time));
        sums
    }
}

const HEAD: &str = "operation                          us  share   GFLOP/s     GB/s";

fn row(op: &str, count: &str, time: Duration, total: Duration, flops: u64, bytes: u64) -> String {
    let seconds = time.as_secs_f64().max(1e-9);
    let share = 100.0 * seconds / total.as_secs_f64().max(1e-9);
    let (gflops, gbytes) = (flops as f64 / seconds / 1e9, bytes as f64 / seconds / 1e9);
    let micros = seconds * 1e6;
    format!("{op:<21}{count:>5}{micros:>11.1} {share:>5.1}% {gflops:>9.1} {gbytes:>8.1}")
}

#[cfg(test)]
mod tests {
    use ocelli::engine::Shape;

    use super::*;

    #[test]
    fn operations_are_added_up() {
        let step = |op, ms| StepTime {
            op,
            label: String::new(),
            shape: Shape::new(&[1]).unwrap(),
            time: Duration::from_millis(ms),
            flops: 10,
            bytes: 4,
        };
        let table = Table { steps: vec![step("conv", 1), step("add", 5), step("conv", 7)] };
        let sums = table.by_op();
        assert_eq!((sums[0].op, sums[0].count, sums[0].flops), ("conv", 2, 20));
        assert_eq!(sums[0].time, Duration::from_millis(8));
        let row = row("conv", "x2", sums[0].time, Duration::from_millis(16), 8_000_000, 4_000_000);
        assert_eq!(row, "conv                    x2      8e+03 5e+01%     1e+00      0.5");
        assert_eq!(HEAD.len(), row.len());
    }
}
