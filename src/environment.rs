//! What this machine and this build offer, for bug reports.

use std::path::PathBuf;

use ocelli_engine::cpu::CpuExecutor;
use serde::Serialize;

use crate::{Cache, Error, variables};

/// The variables that change what ocelli does. None of them holds a secret.
const VARIABLES: &[&str] = &[
    "OCELLI_CACHE",
    "INFERENCE_HOME",
    "XDG_CACHE_HOME",
    "OFFLINE_MODE",
    "OCELLI_ISA",
    "DEFAULT_DEVICE",
    "HF_ENDPOINT",
    "HF_HOME",
    "SSL_CERT_FILE",
];

/// A description of the machine and the build.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Environment {
    /// This crate's version.
    pub version: &'static str,
    /// Operating system.
    pub os: &'static str,
    /// Processor family.
    pub architecture: &'static str,
    /// The processor's name, where the system tells it.
    pub processor: Option<String>,
    /// The instruction set that kernels run with.
    pub instruction_set: &'static str,
    /// Threads used unless told otherwise.
    pub threads: usize,
    /// Memory in mebibytes, where the system tells it.
    pub memory_mb: Option<u64>,
    /// Devices that can be asked for.
    pub devices: Vec<&'static str>,
    /// Features this crate was built with.
    pub features: Vec<&'static str>,
    /// Where downloaded checkpoints lie.
    pub cache: Option<PathBuf>,
    /// Whether the network is off.
    pub offline: bool,
    /// Variables that are set and matter.
    pub variables: Vec<(&'static str, String)>,
}

impl Environment {
    /// Looks at this process and its machine.
    ///
    /// # Errors
    /// A variable has a value without a meaning.
    pub fn describe() -> Result<Environment, Error> {
        let executor = CpuExecutor::new(0)?;
        let set = |name: &&'static str| Some((*name, std::env::var(name).ok()?));
        Ok(Environment {
            version: env!("CARGO_PKG_VERSION"),
            os: std::env::consts::OS,
            architecture: std::env::consts::ARCH,
            processor: processor(),
            instruction_set: executor.isa().name(),
            threads: executor.threads(),
            memory_mb: memory_mb(),
            devices: vec!["cpu"],
            features: if cfg!(feature = "hub") { vec!["hub"] } else { vec![] },
            cache: Cache::from_env().ok().map(|cache| cache.root().to_owned()),
            offline: variables::offline()?,
            variables: VARIABLES.iter().filter_map(set).collect(),
        })
    }
}

fn processor() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    field(&info, "model name").map(str::to_owned)
}

fn memory_mb() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = field(&info, "MemTotal")?.split_whitespace().next()?.parse::<u64>().ok()?;
    Some(kilobytes / 1024)
}

/// The value of the first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 2: GHz\nMemTotal:  2048 kB\n";
        assert_eq!(field(text, "model name"), Some("A CPU @ 2: GHz"));
        assert_eq!(field(text, "MemTotal"), Some("2048 kB"));
        assert_eq!(field(text, "none"), None);
    }
}
