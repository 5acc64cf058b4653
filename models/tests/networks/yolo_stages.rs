//! YOLO networks against the originals, layer by layer, with weights from a formula.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each layer, 1e-3 for what heads answer. The first stage that differs fails
//! the test and is named.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::common::executor;
use crate::common::formula::{fill, names_hash};
use crate::common::golden::limit;
use crate::common::yolo::{Case, Checkpoint, cases};
use ocelli_converters::StateDict;
use ocelli_engine::{Graph, Shape, Weights};
use ocelli_models::yolo::{Network, Spec, find, network, variants};

/// One test a yaml, so that they are listed, filtered and timed apart.
macro_rules! yamls {
    ($($name:ident: $yaml:literal,)*) => {
        $(#[test] fn $name() { run($yaml) })*
        const YAMLS: &[&str] = &[$($yaml),*];
    };
}

yamls! {
    v3: "yolov3",
    v3_spp: "yolov3-spp",
    v3_tiny: "yolov3-tiny",
    v5: "yolov5",
    v5_p6: "yolov5-p6",
    v5_anchors: "yolov5-anchors",
    v5_anchors_seg: "yolov5-anchors-seg",
    v5_anchors_cls: "yolov5-anchors-cls",
    v5_anchors_p6: "yolov5-anchors-p6",
    v6: "yolov6",
    v7_seg: "yolov7-seg",
    v8: "yolov8",
    v8_p2: "yolov8-p2",
    v8_p6: "yolov8-p6",
    v8_seg: "yolov8-seg",
    v8_seg_p6: "yolov8-seg-p6",
    v8_pose: "yolov8-pose",
    v8_pose_p6: "yolov8-pose-p6",
    v8_obb: "yolov8-obb",
    v8_ghost: "yolov8-ghost",
    v8_ghost_p2: "yolov8-ghost-p2",
    v8_ghost_p6: "yolov8-ghost-p6",
    v8_cls: "yolov8-cls",
    v8_cls_resnet50: "yolov8-cls-resnet50",
    v8_cls_resnet101: "yolov8-cls-resnet101",
    v9t: "yolov9t",
    v9s: "yolov9s",
    v9m: "yolov9m",
    v9c: "yolov9c",
    v9c_seg: "yolov9c-seg",
    v9e: "yolov9e",
    v9e_seg: "yolov9e-seg",
    v10n: "yolov10n",
    v10s: "yolov10s",
    v10m: "yolov10m",
    v10b: "yolov10b",
    v10l: "yolov10l",
    v10x: "yolov10x",
    v11: "yolo11",
    v11_seg: "yolo11-seg",
    v11_pose: "yolo11-pose",
    v11_obb: "yolo11-obb",
    v11_cls: "yolo11-cls",
    v11_cls_resnet18: "yolo11-cls-resnet18",
    v12: "yolo12",
    v12_seg: "yolo12-seg",
    v12_pose: "yolo12-pose",
    v12_obb: "yolo12-obb",
    v12_cls: "yolo12-cls",
    v26: "yolo26",
    v26_p2: "yolo26-p2",
    v26_p6: "yolo26-p6",
    v26_seg: "yolo26-seg",
    v26_pose: "yolo26-pose",
    v26_obb: "yolo26-obb",
    v26_cls: "yolo26-cls",
    v26_sem: "yolo26-sem",
    v26_depth: "yolo26-depth",
    rtdetr_l: "rtdetr-l",
    rtdetr_x: "rtdetr-x",
    rtdetr_resnet50: "rtdetr-resnet50",
    rtdetr_resnet101: "rtdetr-resnet101",
    v8_rtdetr: "yolov8-rtdetr",
    world: "yolov8-world",
    world2: "yolov8-worldv2",
    yoloe_v8: "yoloe-v8",
    yoloe_v8_seg: "yoloe-v8-seg",
    yoloe_11: "yoloe-11",
    yoloe_11_seg: "yoloe-11-seg",
    yoloe_26: "yoloe-26",
    yoloe_26_seg: "yoloe-26-seg",
    modules_of_no_release: "modules",
}

fn run(yaml: &str) {
    for (name, case) in cases(yaml) {
        compare(&name, &case);
    }
}

fn compare(name: &str, case: &Case) {
    let spec = spec(name);
    let source = Arc::new(Checkpoint::new(case, spec.layers.len() - 1));
    let [n, h, w] = case.image;
    let mut g = Graph::new();
    let image = g.input("image", &[n, h, w, spec.channels]).unwrap();
    let net = network(&mut g, &Weights::new(Arc::clone(&source) as _), image, &spec);
    let net = net.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(names_hash(&source.asked()), case.needed_weights(), "{name}: names of weights");
    source.set_norms(case);
    let results = g.outputs().len();
    add_layers(&mut g, &net, &spec);

    let start = Instant::now();
    let mut session = executor().compile(&g).unwrap().session().unwrap();
    let compiled = start.elapsed();
    session.input(0).unwrap().copy_from_slice(&fill("input", &[n, h, w, spec.channels], 0));
    let start = Instant::now();
    session.run().unwrap();
    eprintln!("{name}: compiled in {compiled:.1?}, ran in {:.1?}", start.elapsed());

    let mut found: HashMap<String, (Shape, Vec<f32>)> = HashMap::new();
    for (i, (output, value)) in g.outputs().iter().enumerate() {
        let (shape, values) = (g.shape(*value), session.output(i).unwrap());
        if i >= results {
            found.insert(output.clone(), (shape, values.to_vec()));
        } else {
            found.extend(columns(output, shape, values, spec.classes, case));
        }
    }
    for stage in case.stages() {
        let Some((shape, values)) = found.get(stage.name) else {
            panic!("{name}: no stage {} (there are {:?})", stage.name, found.keys());
        };
        assert_eq!(**shape, *stage.shape, "{name}: shape of {}", stage.name);
        let limit = limit(!stage.name.starts_with(char::is_numeric));
        let distance = stage.distance(values);
        if std::env::var_os("OCELLI_STAGES").is_some() {
            eprintln!("  {}: {distance:.1e}", stage.name);
        }
        let module = stage.name.split('.').next().and_then(|i| i.parse::<usize>().ok());
        let module = module.map_or("head", |i| &spec.layers[i].module);
        assert!(distance <= limit, "{name}: {} ({module}) is off by {distance:e}", stage.name);
    }
}

/// Of the releases, or of the fixture with all other modules.
fn spec(name: &str) -> Spec {
    if name != "modules" {
        return find(name).unwrap_or_else(|| panic!("no network is called {name}"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/yolo/yamls.pt");
    let file = StateDict::open(path).unwrap();
    Spec::from_value(file.root().at(&["yamls", name]).unwrap()).unwrap()
}

fn add_layers(g: &mut Graph, net: &Network, spec: &Spec) {
    for (i, maps) in net.layers.iter().enumerate() {
        let splits = spec.layers[i].module == "CBLinear";
        for (j, &map) in maps.iter().enumerate() {
            let name = if splits { format!("{i}.{j}") } else { i.to_string() };
            g.output(&name, map);
        }
    }
}

/// A result cut into the golden file's stages by columns.
fn columns(
    output: &str,
    shape: Shape,
    values: &[f32],
    classes: usize,
    case: &Case,
) -> BTreeMap<String, (Shape, Vec<f32>)> {
    let width = shape.last_dim();
    let parts: Vec<(&str, std::ops::Range<usize>)> = match output {
        "predictions" => {
            let boxes = case.stages().find(|stage| stage.name == "boxes").unwrap().shape[2];
            let scores = boxes..boxes + classes;
            vec![("boxes", 0..boxes), ("extra", scores.end..width), ("scores", scores)]
        }
        "detections" => vec![("best", 4..5)],
        other => return [(other.to_owned(), (shape, values.to_vec()))].into(),
    };
    let cut = |(name, range): (&str, std::ops::Range<usize>)| {
        let rows = values.chunks(width).flat_map(|row| row[range.clone()].iter().copied());
        let dims = match name {
            "best" => vec![shape[0], shape[1]],
            _ => vec![shape[0], shape[1], range.len()],
        };
        (name.to_owned(), (Shape::new(&dims).unwrap(), rows.collect()))
    };
    parts.into_iter().map(cut).collect()
}

#[test]
fn every_network_has_a_golden_file() {
    let golden: Vec<String> =
        YAMLS.iter().flat_map(|yaml| cases(yaml)).map(|(name, _)| name).collect();
    for (name, _) in variants() {
        assert!(golden.contains(&name), "{name}");
    }
}
