//! Where a benchmark runs.

use std::fmt;

use anyhow::Result;
use ocelli::engine::cpu::{CpuExecutor, Roofline};
use ocelli::{Device, Precision};
use serde::Serialize;

use crate::args::BenchArgs;
use crate::load::device;

/// The device and the precision, and of a processor what takes part.
#[derive(Serialize)]
pub(super) struct Place {
    device: String,
    #[serde(flatten)]
    processor: Option<Processor>,
    precision: &'static str,
}

#[derive(Serialize)]
struct Processor {
    /// Of all sessions.
    threads: usize,
    instruction_set: &'static str,
    #[serde(skip)]
    executor: CpuExecutor,
}

impl Place {
    pub(super) fn of(args: &BenchArgs) -> Result<Place> {
        let device = device(&args.model)?.resolve()?;
        let precision = Precision::from(args.model.precision);
        let threads = args.sessions.map_or(args.model.threads, usize::from);
        let processor = || {
            let executor = CpuExecutor::new(threads)?.with_precision(precision)?;
            let (threads, instruction_set) = (executor.threads(), executor.isa().name());
            anyhow::Ok(Processor { threads, instruction_set, executor })
        };
        Ok(Place {
            device: device.to_string(),
            processor: (device == Device::Cpu).then(processor).transpose()?,
            precision: precision.name(),
        })
    }

    pub(super) fn precision(&self) -> &'static str {
        self.precision
    }

    /// What a processor could do, measured; of other devices it is not known.
    pub(super) fn roofline(&self) -> Option<Roofline> {
        self.processor.as_ref().map(|processor| processor.executor.roofline())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.processor {
            Some(Processor { threads, instruction_set, .. }) => {
                write!(f, "{threads} threads, {instruction_set}, {}", self.precision)
            }
            None => write!(f, "{}, {}", self.device, self.precision),
        }
    }
}
