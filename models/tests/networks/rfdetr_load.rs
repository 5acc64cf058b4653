//! Loading RF-DETR from checkpoints and packages: what is taken from where, and what is refused.

use crate::common::executor;
use crate::common::rfdetr::formula_checkpoint;
use ocelli_converters::StateDict;
use ocelli_models::{
    AnyModel, Error, LoadOptions, LoadRequest, Loaded, Package, WeightChoice, registry,
};
use ocelli_vision::{Confidence, Image, InferOptions, PostProcessOptions, Size, Task};

fn load(
    weights: &StateDict,
    package: Option<Package>,
    options: LoadOptions,
) -> Result<Loaded, Error> {
    let (weights, executor) = (weights.clone(), executor());
    let (family, task) = registry::recognise(&weights).unwrap();
    let entry = registry::find(family.architecture, task, "torch").unwrap();
    (entry.load)(&LoadRequest { weights, package, options, executor })
}

fn small_input() -> LoadOptions {
    LoadOptions { resolution: Some(Size::new(64, 96)), ..Default::default() }
}

fn error(weights: &StateDict, options: LoadOptions) -> String {
    load(weights, None, options).map(|loaded| loaded.variant).unwrap_err().to_string()
}

#[test]
fn a_checkpoint_runs_at_another_size_and_in_batches() {
    let weights = formula_checkpoint("nano", 5, 0);
    let loaded = load(&weights, None, small_input()).unwrap();
    assert_eq!((&*loaded.variant, loaded.resolution), ("rfdetr-nano", Size::new(64, 96)));
    assert!(loaded.unused.is_empty(), "{:?}", loaded.unused);
    let AnyModel::ObjectDetection(model) = loaded.model else { panic!("not a detector") };
    assert_eq!(model.class_names(), ["class_0", "class_1", "class_2", "class_3", "class_4"]);

    let images = [Image::filled(40, 30, [200, 10, 10]), Image::filled(7, 9, [0, 90, 250])];
    let images = images.map(Result::unwrap);
    let confidence = Confidence::Value(0.0);
    let post_process = PostProcessOptions { confidence, ..Default::default() };
    let options = InferOptions { post_process, ..Default::default() };
    let both = model.infer(&images, &options).unwrap();
    for (image, found) in images.iter().zip(&both) {
        let alone = model.infer(std::slice::from_ref(image), &options).unwrap().remove(0);
        assert_eq!((found.len(), found.image_size), (300, image.size()));
        for (a, b) in found.confidence.iter().zip(&alone.confidence) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }
}

#[test]
fn a_package_says_names_size_and_classes_to_leave_out() {
    let weights = formula_checkpoint("nano", 4, 0);
    let inference_config = r#"{
        "network_input": {
            "training_input_size": {"height": 96, "width": 64}, "dynamic_spatial_size_supported": false,
            "color_mode": "rgb", "resize_mode": "stretch", "input_channels": 3, "scaling_factor": 255,
            "normalization": [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]
        },
        "class_names_operations": [{"type": "class_name_removal", "class_name": "background_class"}]
    }"#;
    let package = Package {
        class_names: ["background_class", "cat", "dog"].map(str::to_owned).to_vec(),
        inference_config: Some(inference_config.to_owned()),
        model_type: Some("rfdetr-nano".to_owned()),
        ..Default::default()
    };
    let loaded = load(&weights, Some(package.clone()), LoadOptions::default()).unwrap();
    assert_eq!(loaded.resolution, Size::new(64, 96));
    assert_eq!(loaded.model.vision().class_names(), ["cat", "dog"]);

    let other = Package { model_type: Some("rfdetr-small".to_owned()), ..package.clone() };
    assert!(matches!(
        load(&weights, Some(other), LoadOptions::default()),
        Err(Error::Contradiction { .. })
    ));
    let bare = Package { inference_config: None, ..package };
    assert!(matches!(
        load(&weights, Some(bare), LoadOptions::default()),
        Err(Error::BadPackage(_))
    ));
}

#[test]
fn what_cannot_be_done_is_refused_with_a_reason() {
    let weights = formula_checkpoint("nano", 4, 0);
    let resolution = Some(Size::new(100, 96));
    let text = error(&weights, LoadOptions { resolution, ..Default::default() });
    assert!(text.contains("100x96 (asked for)") && text.contains("multiples of 32"), "{text}");
    let choice = LoadOptions { weights: WeightChoice::Average, ..Default::default() };
    let text = error(&weights, choice);
    assert!(text.contains("no moving average"), "{text}");
    let class_names = Some(vec!["cat".to_owned()]);
    let text = error(&weights, LoadOptions { class_names, ..Default::default() });
    assert!(text.contains("1 names for 4 columns"), "{text}");
    let text = registry::find("rfdetr", Task::DepthEstimation, "torch").unwrap_err().to_string();
    assert!(text.contains("rfdetr [ObjectDetection, "), "{text}");
}

#[test]
fn tensors_that_no_layer_asks_for_are_reported() {
    let mut weights = crate::common::rfdetr::formula_tensors("nano", 4, 0);
    weights.insert("class_embed.extra".into(), vec![1]);
    let weights = crate::common::rfdetr::checkpoint_of(weights, 0);
    let loaded = load(&weights, None, small_input()).unwrap();
    assert_eq!(loaded.unused, ["class_embed.extra"]);
}

#[test]
fn as_many_candidates_are_looked_at_as_the_package_says() {
    let weights = formula_checkpoint("nano", 4, 0);
    let loaded = load(&weights, None, small_input()).unwrap();
    assert_eq!(loaded.config.model_initialization.as_ref().unwrap()["num_select"], 300);
    assert_eq!(loaded.weights.len(), weights.len());

    let image = Image::filled(40, 30, [200, 10, 10]).unwrap();
    let confidence = Confidence::Value(0.0);
    let post_process =
        PostProcessOptions { confidence, max_detections: Some(usize::MAX), ..Default::default() };
    let options = InferOptions { post_process, ..Default::default() };
    let package = |count: serde_json::Value| {
        let mut package = Package {
            class_names: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            inference_config: Some(serde_json::to_string(&loaded.config).unwrap()),
            ..Default::default()
        };
        package.features.insert("num_select".to_owned(), count);
        package
    };
    for (count, expected) in [(7.into(), 7), (500.into(), 500), (serde_json::Value::Null, 300)] {
        let loaded = load(&weights, Some(package(count)), small_input()).unwrap();
        let AnyModel::ObjectDetection(model) = loaded.model else { panic!("not a detector") };
        let found = model.infer(std::slice::from_ref(&image), &options).unwrap();
        assert_eq!(found[0].len(), expected);
    }
    let error = load(&weights, Some(package("many".into())), small_input()).err().unwrap();
    assert!(error.to_string().contains("num_select"), "{error}");
}
