//! A loaded model.

use std::sync::Arc;

use ocelli_converters::StateDict;
use ocelli_engine::{Graph, Value, Weights};
use ocelli_vision::config::InferenceConfig;
use ocelli_vision::{
    DepthEstimationModel, DepthMap, Image, Interpolation, PostProcessOptions, PreProcessOptions,
    PreProcessed, PreProcessingMetadata, RawOutputs, Result, Size, Task, Tensor, VisionModel,
    stretched_depth_map,
};
use serde_json::{Map, Value as Json};

use super::fit::Fit;
use crate::Error;
use crate::classification::check_unused;
use crate::registry::{AnyModel, LoadRequest, Loaded};
use crate::runtime::Runtime;
use crate::weights::CheckpointWeights;

/// The network's output.
const DEPTH: &str = "depth";

/// Describes the depths `[n, h, w, 1]` of the image `[n, h, w, 3]`.
type Describe = dyn Fn(&mut Graph, &Weights, Value) -> ocelli_engine::Result<Value> + Send + Sync;

/// A network that was found in a checkpoint.
pub(super) struct Plan {
    /// The variant's name.
    pub(super) variant: String,
    /// The weights under the network's own names.
    pub(super) weights: StateDict,
    /// The network.
    pub(super) describe: Box<Describe>,
    pub(super) fit: Fit,
    pub(super) reading: Reading,
    /// What a package must say of the network, as `model_initialization`.
    pub(super) told: Map<String, Json>,
    /// Whether a tensor is known to have no part in answers; one that is not is an error.
    pub(super) needless: fn(&str) -> bool,
}

/// How the network's depths become those of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) interpolation: Interpolation,
    /// Whether near and far change places, so that near is large.
    pub(super) turned: bool,
}

#[derive(Debug)]
struct Model {
    runtime: Runtime,
    fit: Fit,
    reading: Reading,
}

/// Makes a model of it.
pub(super) fn finish(request: &LoadRequest, plan: Plan) -> crate::Result<Loaded> {
    let Plan { variant, weights, describe, mut fit, reading, told, needless } = plan;
    if request.options.task.is_some_and(|task| task != Task::DepthEstimation) {
        let reason = format!("{:?} was asked for of a model of depths", request.options.task);
        return Err(Error::BadOption { name: "task", reason });
    }
    if let Some(size) = request.options.resolution {
        fit.size = size;
    }
    fit.check()?;
    let source = Arc::new(CheckpointWeights::new(weights.clone()));
    let root = Weights::new(Arc::clone(&source) as _);
    let graph = {
        let root = root.clone();
        move |shape: [usize; 4]| {
            let mut g = Graph::new();
            let image = g.input("image", &shape)?;
            let depth = describe(&mut g, &root, image)?;
            g.output(DEPTH, depth);
            Ok(g)
        }
    };
    let runtime = Runtime::new(Arc::clone(&request.executor), graph);
    let Size { width, height } = fit.size_of(fit.size)?;
    runtime.program([1, height, width, 3])?;
    let mut unused = source.unused(&root.used());
    unused.retain(|name| !needless(name));
    check_unused(&weights, &unused)?;

    let mut config = InferenceConfig::from(fit.input());
    config.model_initialization = Some(told);
    Ok(Loaded {
        model: AnyModel::DepthEstimation(Box::new(Model { runtime, fit, reading })),
        variant,
        resolution: Size::new(width, height),
        weights,
        config,
        keypoints_metadata: None,
        unused,
    })
}

impl VisionModel for Model {
    fn class_names(&self) -> &[String] {
        &[]
    }

    fn pre_process(&self, images: &[Image], options: &PreProcessOptions) -> Result<PreProcessed> {
        self.fit.run(images, options)
    }

    fn forward(&self, input: &Tensor) -> Result<RawOutputs> {
        self.runtime.forward(input)
    }
}

impl DepthEstimationModel for Model {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        _: &PostProcessOptions,
    ) -> Result<Vec<DepthMap>> {
        let depth = outputs.get(DEPTH)?;
        let [_, height, width, _] = depth.extents(DEPTH, ["n", "h", "w", "1"])?;
        let Reading { interpolation, turned } = self.reading;
        let one = |(i, metadata): (usize, &PreProcessingMetadata)| {
            let mut map = depth.entry(i)?.to_vec();
            if turned {
                turn(&mut map);
            }
            let grid = Size::new(width, height);
            stretched_depth_map(&map, grid, metadata.original_size, interpolation)
        };
        metadata.iter().enumerate().map(one).collect()
    }
}

/// The smallest becomes the largest and the largest the smallest.
fn turn(map: &mut [f32]) {
    let (low, high) = map
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    for value in map {
        *value = -*value + low + high;
    }
}
