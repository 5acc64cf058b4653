//! Checkpoints of made-up weights, loaded as users' are.

use ocelli_converters::StateDict;
use ocelli_models::{LoadOptions, LoadRequest, Loaded, Package, Result, registry};
use ocelli_vision::{Confidence, Image, InferOptions, PostProcessOptions, Size, Task};

use super::executor;

/// Loads what must be recognised as this architecture and task, for inputs of this size.
pub fn load(
    (architecture, task): (&str, Task),
    weights: StateDict,
    package: Option<Package>,
    size: Size,
) -> Result<Loaded> {
    let (family, recognised) = registry::recognise(&weights).unwrap();
    assert_eq!((family.architecture, recognised), (architecture, task));
    let options = LoadOptions { resolution: Some(size), ..LoadOptions::default() };
    (family.load)(&LoadRequest { weights, package, options, executor: executor() })
}

/// A picture of 50 x 40 pixels of one colour.
pub fn picture() -> Image {
    Image::filled(50, 40, [200, 10, 10]).unwrap()
}

/// Asks for what is over a confidence.
pub fn over(confidence: f32) -> InferOptions {
    let confidence = Confidence::Value(confidence);
    let post_process = PostProcessOptions { confidence, ..PostProcessOptions::default() };
    InferOptions { post_process, ..InferOptions::default() }
}
