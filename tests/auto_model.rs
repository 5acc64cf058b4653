//! The facade with an architecture that an application registered.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ocelli::converters::{DType, StateDict, write_safetensors};
use ocelli::vision::config::NetworkInput;
use ocelli::vision::{
    Detection, Detections, ObjectDetectionModel, PostProcessOptions, PreProcessOptions,
    PreProcessed, PreProcessingMetadata, RawOutputs, Result as VisionResult, Tensor, VisionModel,
};
use ocelli::{
    AnyModel, AutoModel, Error, ErrorKind, Image, Implementation, InferOptions, LoadOptions,
    LoadRequest, Loaded, LoadingError, Prediction, Registry, Size, Task, write_package,
};

/// Finds one object in every picture: the whole picture, of class 1.
struct Everything {
    class_names: Vec<String>,
}

impl VisionModel for Everything {
    fn class_names(&self) -> &[String] {
        &self.class_names
    }

    fn pre_process(&self, images: &[Image], _: &PreProcessOptions) -> VisionResult<PreProcessed> {
        let metadata = images.iter().map(|image| {
            PreProcessingMetadata::stretched(
                Size::new(image.width(), image.height()),
                Size::new(1, 1),
            )
        });
        let input = Tensor::new(vec![images.len(), 1, 1, 3], vec![0.0; images.len() * 3])?;
        Ok(PreProcessed { input, metadata: metadata.collect() })
    }

    fn forward(&self, input: &Tensor) -> VisionResult<RawOutputs> {
        Ok([("all", input.clone())].into_iter().collect())
    }
}

impl ObjectDetectionModel for Everything {
    fn post_process(
        &self,
        _: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        _: &PostProcessOptions,
    ) -> VisionResult<Vec<Detections>> {
        let whole = |metadata: &PreProcessingMetadata| {
            let size = metadata.original_size;
            let xyxy = [0.0, 0.0, size.width as f32, size.height as f32];
            let mut found = Detections::new(size);
            found.push(Detection { xyxy, class_id: 1, confidence: 0.9 });
            found
        };
        Ok(metadata.iter().map(whole).collect())
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the type of a loader")]
fn load(request: &LoadRequest) -> Result<Loaded, Error> {
    let packaged = request.package.as_ref().map(|package| package.class_names.clone());
    let class_names = request.options.class_names.clone().or(packaged);
    let class_names = class_names.unwrap_or_else(|| vec!["nothing".into(), "everything".into()]);
    Ok(Loaded {
        model: AnyModel::ObjectDetection(Box::new(Everything { class_names })),
        variant: "everything-tiny".to_owned(),
        resolution: Size::new(1, 1),
        weights: request.weights.clone(),
        config: NetworkInput::stretched(Size::new(1, 1), [0.0; 3], [1.0; 3]).into(),
        keypoints_metadata: None,
        unused: vec![],
    })
}

fn registry() -> Arc<Registry> {
    let mut registry = Registry::builtin();
    registry
        .register(Implementation::new("everything", Task::ObjectDetection, "torch", load))
        .register_checkpoints("everything", |weights: &StateDict| {
            weights.contains("everything.weight").then_some(Task::ObjectDetection)
        });
    Arc::new(registry)
}

fn checkpoint(path: &Path, name: &str) {
    let bytes = [1.5_f32, -0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let rows = [(name.to_owned(), DType::F32, vec![2], bytes)];
    let weights = StateDict::from_tensors(rows).unwrap();
    write_safetensors(path, weights.tensors(), &BTreeMap::new()).unwrap();
}

#[test]
fn a_registered_architecture_is_recognised_and_predicts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tiny.safetensors");
    checkpoint(&file, "everything.weight");
    let model = AutoModel::options().registry(registry()).from_path(&file).unwrap();
    assert_eq!((&*model.info().name, &*model.info().architecture), ("tiny", "everything"));
    let image = Image::filled(4, 3, [0; 3]).unwrap();
    let found = model.predict(&image, &InferOptions::default()).unwrap();
    let Prediction::Detections(found) = found else { panic!("another task") };
    assert_eq!(found.xyxy, [[0.0, 0.0, 4.0, 3.0]]);
    assert!(model.infer(&[], &InferOptions::default()).unwrap().is_empty());
    let error = model.as_key_points_detection().err().unwrap().to_string();
    assert!(error.contains("tiny does object-detection"), "{error}");
}

#[test]
fn a_checkpoint_becomes_a_package_that_loads() {
    let folder = tempfile::tempdir().unwrap();
    let (file, package) = (folder.path().join("a.safetensors"), folder.path().join("package"));
    checkpoint(&file, "everything.weight");
    let written = write_package(&file, &package, &registry(), LoadOptions::default()).unwrap();
    assert_eq!((written.tensors, written.bytes, written.left_out), (1, 8, 0));
    let model = AutoModel::options().registry(registry()).from_path(&package).unwrap();
    assert_eq!(model.class_names(), ["nothing", "everything"]);
    let again = write_package(&file, &package, &registry(), LoadOptions::default()).unwrap_err();
    assert!(again.to_string().contains("not empty"), "{again}");
    let copy = folder.path().join("copy");
    write_package(&package, &copy, &registry(), LoadOptions::default()).unwrap();
    let weights = |at: &Path| std::fs::read(at.join("weights.safetensors")).unwrap();
    assert_eq!(weights(&copy), weights(&package));
}

#[test]
fn what_nobody_knows_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.safetensors");
    checkpoint(&file, "something.weight");
    let error = AutoModel::options().registry(registry()).from_path(&file).unwrap_err();
    assert!(matches!(error, Error::Loading(LoadingError::NotRecognised { .. })), "{error}");
    assert_eq!(error.kind(), ErrorKind::ModelLoading);
    assert!(error.to_string().contains("everything"), "{error}");

    checkpoint(&file, "everything.weight");
    let options = AutoModel::options().registry(registry()).task(Task::DepthEstimation);
    let error = options.from_path(&file).unwrap_err();
    assert!(error.to_string().contains("it can do: object-detection (torch)"), "{error}");
}

#[test]
fn a_package_is_matched_by_features() {
    let folder = tempfile::tempdir().unwrap();
    checkpoint(&folder.path().join("weights.safetensors"), "everything.weight");
    let config = |features: &str| {
        let text = format!(
            r#"{{"model_architecture": "everything", "task_type": "object-detection",
                "backend_type": "torch", "model_features": {features}}}"#
        );
        std::fs::write(folder.path().join("model_config.json"), text).unwrap();
        AutoModel::options().registry(registry()).from_path(folder.path())
    };
    assert!(config("null").is_ok());
    assert!(config("{}").is_ok());
    let error = config(r#"{"nms_fused": true}"#).unwrap_err().to_string();
    assert!(error.contains("`nms_fused`"), "{error}");
}
