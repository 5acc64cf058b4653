//! The stages of one picture, each with its time.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use ocelli::{AutoModel, ClassFilter, Image, InferOptions, Prediction, ZeroShot};

use super::ahead::Decoded;

/// What is done with every picture in the same way.
pub(super) struct Stages<'a> {
    pub(super) model: &'a AutoModel,
    pub(super) options: InferOptions,
    pub(super) filter: Option<ClassFilter>,
    pub(super) zero_shot: Option<ZeroShot<'a>>,
}

/// A picture and what was found in it.
pub(super) struct Found {
    pub(super) image: Image,
    pub(super) prediction: Prediction,
    pub(super) times: Times,
}

/// How long each stage took.
pub(super) struct Times {
    pub(super) decode: Duration,
    pub(super) pre_process: Duration,
    pub(super) network: Duration,
    pub(super) post_process: Duration,
}

impl Stages<'_> {
    pub(super) fn run(&self, Decoded { image, time: decode }: Decoded) -> Result<Found> {
        let vision = self.model.vision();
        let images = std::slice::from_ref(&image);
        let (ready, pre_process) =
            timed(|| Ok(vision.pre_process(images, &self.options.pre_process)?))?;
        let (outputs, network) = timed(|| Ok(vision.forward(&ready.input)?))?;
        let (prediction, post_process) = timed(|| {
            let options = &self.options.post_process;
            let mut found = self.model.post_process(&outputs, &ready.metadata, options)?;
            let found = found.pop().ok_or_else(|| anyhow!("the model gave no answer"))?;
            Ok(match (&self.filter, &self.zero_shot, &found) {
                (_, Some(texts), Prediction::Embedding(vector)) => {
                    Prediction::Classification(texts.classify(vector)?)
                }
                (Some(filter), ..) => found.keep(filter),
                _ => found,
            })
        })?;
        Ok(Found { image, prediction, times: Times { decode, pre_process, network, post_process } })
    }
}

pub(super) fn timed<T>(stage: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let value = stage()?;
    Ok((value, start.elapsed()))
}
