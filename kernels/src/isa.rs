//! The instruction sets that kernels are written for, and which of them this machine has.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use crate::simd::{Avx512, amx};

/// An instruction set that kernels are instantiated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// Plain Rust, the reference for all others.
    Scalar,
    /// `x86_64` with AVX2 and FMA: 8 lanes.
    Avx2,
    /// `x86_64` with AVX-512 F, VL, BW and DQ: 16 lanes.
    Avx512,
    /// AVX-512 with its instructions for bf16, and AMX: products of bf16 in tiles of 16 rows, on Linux.
    Amx,
    /// `aarch64` with NEON: 4 lanes.
    Neon,
}

/// The environment variable that forces an instruction set.
pub const ISA_VARIABLE: &str = "OCELLI_ISA";

/// `OCELLI_ISA` asks for something that this machine cannot run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsaError {
    asked: String,
}

impl Isa {
    /// Every instruction set, the plainest first.
    pub const ALL: [Isa; 5] = [Isa::Scalar, Isa::Avx2, Isa::Avx512, Isa::Amx, Isa::Neon];

    /// Lower-case name, as `OCELLI_ISA` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Scalar => "scalar",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Amx => "amx",
            Isa::Neon => "neon",
        }
    }

    /// Floats in one of its vectors.
    pub const fn lanes(self) -> usize {
        match self {
            Isa::Scalar => 1,
            Isa::Avx2 => 8,
            Isa::Avx512 | Isa::Amx => 16,
            Isa::Neon => 4,
        }
    }

    /// Whether this machine can run it.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                Isa::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
            }
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Isa::Amx => Avx512::with_bf16().is_some() && amx::may_be_used(),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => true,
            #[allow(unreachable_patterns, reason = "the sets of other processors")]
            _ => false,
        }
    }

    /// Itself where this machine can run it, else [`Isa::Scalar`].
    pub(crate) fn or_scalar(self) -> Isa {
        if self.is_available() { self } else { Isa::Scalar }
    }

    /// The instruction sets of this machine, the plainest first.
    pub fn available() -> impl Iterator<Item = Isa> {
        Isa::ALL.into_iter().filter(|isa| isa.is_available())
    }

    /// What kernels should use: `OCELLI_ISA` if it is set, else the widest set of this machine.
    ///
    /// # Errors
    /// `OCELLI_ISA` names no instruction set, or one that this machine lacks.
    pub fn chosen() -> Result<Isa, IsaError> {
        static CHOSEN: OnceLock<Result<Isa, IsaError>> = OnceLock::new();
        CHOSEN
            .get_or_init(|| match std::env::var(ISA_VARIABLE) {
                Ok(name) if !name.is_empty() => name.parse(),
                _ => Ok(Isa::best()),
            })
            .clone()
    }

    fn best() -> Isa {
        Isa::available().last().unwrap_or(Isa::Scalar)
    }
}

impl FromStr for Isa {
    type Err = IsaError;

    fn from_str(name: &str) -> Result<Isa, IsaError> {
        Isa::available()
            .find(|isa| isa.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| IsaError { asked: name.to_owned() })
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for IsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let here: Vec<_> = Isa::available().map(Isa::name).collect();
        write!(f, "{ISA_VARIABLE}={}: this machine runs {}", self.asked, here.join(", "))
    }
}

impl std::error::Error for IsaError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for isa in Isa::available() {
            assert_eq!(isa.name().to_uppercase().parse(), Ok(isa));
        }
    }

    #[test]
    fn an_unknown_name_says_what_there_is() {
        let error = "mmx".parse::<Isa>().unwrap_err();
        assert!(error.to_string().contains("scalar"), "{error}");
    }
}
