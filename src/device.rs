//! Where a network runs.

use std::fmt;
use std::str::FromStr;

use crate::EnvironmentError;

/// A device as a user names it: `cpu`, `auto`, `wgpu`, `wgpu:1`, `cuda:0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Device {
    /// The best device of this machine that this build can use.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// A graphics card by Vulkan, Metal or DX12, by its index.
    Wgpu(usize),
    /// An NVIDIA graphics card, by its index.
    Cuda(usize),
}

impl Device {
    /// The device to use when nobody named one: `DEFAULT_DEVICE`, else [`Device::Auto`].
    ///
    /// # Errors
    /// `DEFAULT_DEVICE` is no device.
    pub fn from_env() -> Result<Device, EnvironmentError> {
        match std::env::var("DEFAULT_DEVICE") {
            Ok(name) if !name.is_empty() => name.parse(),
            _ => Ok(Device::Auto),
        }
    }

    /// The device that is really used: of [`Device::Auto`] the first that is there of CUDA's, then a graphics card behind
    /// Vulkan, Metal or DX12, then the processor; others are taken at their word.
    ///
    /// # Errors
    /// This build has no executor for it.
    pub fn resolve(self) -> Result<Device, EnvironmentError> {
        let (feature, built) = match self {
            Device::Auto => return Ok(Device::best()),
            Device::Cpu => return Ok(Device::Cpu),
            Device::Wgpu(_) => ("wgpu", cfg!(feature = "wgpu")),
            Device::Cuda(_) => ("cuda", cfg!(feature = "cuda")),
        };
        let missing = || EnvironmentError::DeviceNotBuilt { device: self.to_string(), feature };
        if built { Ok(self) } else { Err(missing()) }
    }

    fn best() -> Device {
        #[cfg(feature = "cuda")]
        if ocelli_engine::burn::cuda_devices().is_ok_and(|devices| !devices.is_empty()) {
            return Device::Cuda(0);
        }
        #[cfg(feature = "wgpu")]
        if ocelli_engine::burn::adapters()
            .first()
            .is_some_and(ocelli_engine::burn::AdapterInfo::is_gpu)
        {
            return Device::Wgpu(0);
        }
        Device::Cpu
    }
}

impl FromStr for Device {
    type Err = EnvironmentError;

    fn from_str(given: &str) -> Result<Device, EnvironmentError> {
        let unknown = || EnvironmentError::UnknownDevice { given: given.to_owned() };
        let (kind, index) = match given.split_once(':') {
            Some((kind, index)) => (kind, Some(index.parse().map_err(|_| unknown())?)),
            None => (given, None),
        };
        match (kind.to_ascii_lowercase().as_str(), index) {
            ("auto", None) => Ok(Device::Auto),
            ("cpu", None) => Ok(Device::Cpu),
            ("wgpu", index) => Ok(Device::Wgpu(index.unwrap_or(0))),
            ("cuda", index) => Ok(Device::Cuda(index.unwrap_or(0))),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Auto => f.write_str("auto"),
            Device::Cpu => f.write_str("cpu"),
            Device::Wgpu(index) => write!(f, "wgpu:{index}"),
            Device::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_parses() {
        let table = [
            ("auto", Device::Auto),
            ("cpu", Device::Cpu),
            ("CPU", Device::Cpu),
            ("wgpu", Device::Wgpu(0)),
            ("wgpu:1", Device::Wgpu(1)),
            ("cuda:0", Device::Cuda(0)),
        ];
        for (text, device) in table {
            assert_eq!(text.parse::<Device>().unwrap(), device, "{text}");
            assert_eq!(device.to_string().parse::<Device>().unwrap(), device, "{text}");
        }
    }

    #[test]
    fn nonsense_says_what_would_be_right() {
        for text in ["", "gpu", "cpu:0", "cuda:", "cuda:x", "wgpu:-1", "cuda:99999999999999999999"]
        {
            let error = text.parse::<Device>().unwrap_err().to_string();
            assert!(error.contains("write `cpu`"), "{text}: {error}");
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn what_is_not_built_names_its_feature() {
        let error = Device::Cuda(1).resolve().unwrap_err().to_string();
        assert!(error.contains("`cuda:1`") && error.contains("feature `cuda`"), "{error}");
    }

    #[cfg(not(any(feature = "cuda", feature = "wgpu")))]
    #[test]
    fn the_best_device_is_the_processor() {
        assert_eq!(Device::Auto.resolve().unwrap(), Device::Cpu);
    }
}
