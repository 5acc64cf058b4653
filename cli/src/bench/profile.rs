//! Where the time goes, step by step and operation by operation.

use std::time::Duration;

use anyhow::{Context, Result};
use ocelli::engine::cpu::Roofline;
use ocelli::engine::{Session, StepTime};
use serde::Serialize;

use crate::console::Console;

/// Steps beside what the machine could do.
pub(super) struct Table {
    pub(super) steps: Vec<StepTime>,
    pub(super) roofline: Option<Roofline>,
}

/// A step, for other programs to read.
#[derive(Debug, Serialize)]
pub(super) struct Layer {
    operation: &'static str,
    label: String,
    shape: Vec<usize>,
    /// The median.
    us: f64,
    flops: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    roofline_share: Option<f64>,
}

/// The median time of every step of `runs` runs, in the order they run.
pub(super) fn steps(session: &mut dyn Session, runs: u32) -> Result<Vec<StepTime>> {
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
    Ok(steps)
}

/// Steps of one kind, added up.
#[derive(Clone, Copy)]
struct Sum {
    op: &'static str,
    count: usize,
    time: Duration,
    flops: u64,
    bytes: u64,
    /// The least seconds that the roofline allows, if there is one.
    least: Option<f64>,
}

impl Sum {
    fn of(step: &StepTime, roofline: Option<&Roofline>) -> Sum {
        let &StepTime { op, time, flops, bytes, .. } = step;
        let least = roofline.map(|roofline| roofline.seconds(flops, bytes));
        Sum { op, count: 1, time, flops, bytes, least }
    }

    /// Of the time, the part that the roofline allows.
    fn share(&self) -> Option<f64> {
        self.least.map(|least| least / self.time.as_secs_f64().max(1e-9))
    }

    fn and(self, other: Sum) -> Sum {
        Sum {
            op: self.op,
            count: self.count + other.count,
            time: self.time + other.time,
            flops: self.flops + other.flops,
            bytes: self.bytes + other.bytes,
            least: self.least.zip(other.least).map(|(a, b)| a + b),
        }
    }
}

impl Table {
    pub(super) fn print(&self, console: &Console) -> Result<()> {
        console.line(&format!("{HEAD}  layer"))?;
        for step in &self.steps {
            let row = self.row(&self.sum(step), "");
            console.line(&format!("{row}  {} {:?}", step.label, step.shape))?;
        }
        console.line(&format!("\n{HEAD}"))?;
        for sum in self.by_op() {
            console.line(&self.row(&sum, &format!("x{}", sum.count)))?;
        }
        let steps = self.steps.iter().map(|step| self.sum(step));
        let all = steps.reduce(Sum::and).context("nothing ran")?;
        console.line(&self.row(&Sum { op: "all", ..all }, &format!("x{}", all.count)))?;
        console.line("")?;
        Ok(())
    }

    pub(super) fn layers(&self) -> Vec<Layer> {
        let layer = |step: &StepTime| Layer {
            operation: step.op,
            label: step.label.clone(),
            shape: step.shape.to_vec(),
            us: step.time.as_secs_f64() * 1e6,
            flops: step.flops,
            bytes: step.bytes,
            roofline_share: self.sum(step).share(),
        };
        self.steps.iter().map(layer).collect()
    }

    /// The operations, the most expensive first.
    fn by_op(&self) -> Vec<Sum> {
        let mut sums: Vec<Sum> = Vec::new();
        for step in &self.steps {
            match sums.iter_mut().find(|sum| sum.op == step.op) {
                Some(sum) => *sum = sum.and(self.sum(step)),
                None => sums.push(self.sum(step)),
            }
        }
        sums.sort_by_key(|sum| std::cmp::Reverse(sum.time));
        sums
    }

    fn sum(&self, step: &StepTime) -> Sum {
        Sum::of(step, self.roofline.as_ref())
    }

    fn row(&self, sum: &Sum, count: &str) -> String {
        let total: Duration = self.steps.iter().map(|step| step.time).sum();
        let seconds = sum.time.as_secs_f64().max(1e-9);
        let share = 100.0 * seconds / total.as_secs_f64().max(1e-9);
        let [gflops, gbytes] = [sum.flops, sum.bytes].map(|work| work as f64 / seconds / 1e9);
        let micros = seconds * 1e6;
        let least = sum.share().map_or(String::new(), |least| format!("{:.0}%", 100.0 * least));
        let op = sum.op;
        format!(
            "{op:<21}{count:>5}{micros:>11.1} {share:>5.1}% {gflops:>9.1} {gbytes:>8.1} {least:>8}"
        )
    }
}

const HEAD: &str = "operation                          us  share   GFLOP/s     GB/s roofline";

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
        let steps = vec![step("conv", 1), step("add", 5), step("conv", 7), step("conv", 3)];
        let table = Table { steps, roofline: Some(Roofline { gflops: 2e-6, gbytes: 1e-3 }) };
        let sums = table.by_op();
        assert_eq!((sums[0].op, sums[0].count, sums[0].flops), ("conv", 3, 30));
        assert_eq!(sums[0].time, Duration::from_millis(11));
        assert!((sums[0].least.unwrap() - 15e-3).abs() < 1e-9, "{:?}", sums[0].least);
        let conv =
            Sum { time: Duration::from_millis(8), bytes: 4_000_000, least: Some(0.004), ..sums[0] };
        let row = table.row(&conv, "x3");
        assert_eq!(row, "conv                    x3     8000.0  50.0%       0.0      0.5      50%");
        assert_eq!(HEAD.len(), row.len());
        let row = table.row(&Sum { least: None, ..conv }, "x3");
        assert_eq!(row, "conv                    x3     8000.0  50.0%       0.0      0.5         ");
    }
}
