//! Golden files: samples of what the original computes, and how far from them a result may be.

use std::path::PathBuf;

use ocelli_converters::StateDict;
use serde_json::Value;

use super::formula::sample_indices;

/// The largest difference allowed, over the largest magnitude, within a network or at its end: on the processor, and on
/// devices in `f32`, or with `f16` in [`PRECISION`] in that.
pub fn limit(at_the_end: bool) -> f32 {
    let devices = cfg!(any(feature = "wgpu", feature = "cuda"));
    match devices.then(|| std::env::var(PRECISION)) {
        None if !at_the_end => 1e-4,
        Some(Ok(precision)) if precision == "f16" => 2e-2,
        _ => 1e-3,
    }
}

/// In what tests of networks compute on devices.
pub const PRECISION: &str = "OCELLI_TEST_PRECISION";

/// The name of a case without, and the number behind, `@`: how many layers, or blocks in each stage, are left of it.
pub fn cut(case: &str) -> (&str, Option<usize>) {
    match case.split_once('@') {
        Some((name, left)) => (name, Some(left.parse().unwrap())),
        None => (case, None),
    }
}

/// A path of this crate, which binaries that were carried elsewhere find where `OCELLI_TEST_CRATE` says.
pub fn of_crate(path: &str) -> PathBuf {
    let root = std::env::var_os("OCELLI_TEST_CRATE");
    root.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from).join(path)
}

/// One golden file.
pub struct Golden {
    file: StateDict,
    case: Value,
    stages: Value,
    weights: Value,
}

impl Golden {
    /// Opens `tests/goldens/FAMILY/CASE.safetensors` of this crate.
    pub fn open(family: &str, case: &str) -> Golden {
        let folder = of_crate("tests/goldens").join(family);
        let file = StateDict::open(folder.join(format!("{case}.safetensors"))).unwrap();
        let part = |key: &str| {
            let metadata = file.root().get("__metadata__").or(Some(file.root()));
            let text = metadata.and_then(|root| root.get(key)).and_then(|v| v.as_str());
            serde_json::from_str(text.unwrap_or_else(|| panic!("no `{key}` in {:?}", file.root())))
                .unwrap()
        };
        let (case, stages, weights) = (part("case"), part("stages"), part("weights"));
        Golden { file, case, stages, weights }
    }

    /// A fact of the case.
    pub fn fact(&self, key: &str) -> &Value {
        &self.case[key]
    }

    /// A number of the case.
    pub fn number(&self, key: &str) -> usize {
        self.case[key].as_u64().unwrap() as usize
    }

    /// The hash of names and shapes of the weights that inference needs.
    pub fn needed_weights(&self) -> u64 {
        u64::from_str_radix(self.weights["needed"]["hash"].as_str().unwrap(), 16).unwrap()
    }

    /// The same of the whole network, where the stages are those of fewer layers.
    pub fn whole_weights(&self) -> Option<u64> {
        let hash = self.weights["whole"]["hash"].as_str()?;
        Some(u64::from_str_radix(hash, 16).unwrap())
    }

    /// Names of the stages, in the order in which they are computed.
    pub fn stages(&self) -> Vec<String> {
        self.stages.as_object().unwrap().keys().cloned().collect()
    }

    /// A stage's shape.
    pub fn shape(&self, stage: &str) -> Vec<usize> {
        serde_json::from_value(self.stages[stage]["shape"].clone()).unwrap()
    }

    /// A stage of indices, complete.
    pub fn indices(&self, stage: &str) -> Vec<i64> {
        self.file.tensor(stage).unwrap().to_i64().unwrap()
    }

    /// How far `found`, of the stage's shape, is from the samples: the largest difference over the largest magnitude of
    /// the stage.
    pub fn distance(&self, stage: &str, found: &[f32]) -> f32 {
        let absmax = self.stages[stage]["absmax"].as_f64().unwrap() as f32;
        let needed = self.file.tensor(stage).unwrap().to_f32().unwrap().into_owned();
        let places = sample_indices(found.len(), 256);
        assert_eq!(places.len(), needed.len(), "{stage}: number of samples");
        let differences = places.iter().zip(&needed).map(|(&i, needed)| {
            let difference = (found[i] - needed).abs();
            if difference.is_nan() { f32::INFINITY } else { difference }
        });
        differences.fold(0.0, f32::max) / absmax.max(f32::MIN_POSITIVE)
    }
}
