//! Residual networks against torchvision's and timm's, stage by stage, with weights from a formula.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage, 1e-3 for the logits. The first stage that differs fails the
//! test and is named.

use std::sync::Arc;

use crate::common::comparison::compare;
use crate::common::formula::{Formula, names_hash};
use crate::common::golden::Golden;
use ocelli_engine::{Graph, Weights};
use ocelli_models::resnet::{VARIANTS, Variant, network};

/// One test a row, so that they are listed, filtered and timed apart.
macro_rules! rows {
    ($($name:ident,)*) => {
        $(#[test] fn $name() { run(stringify!($name)) })*
        const ROWS: &[&str] = &[$(stringify!($name)),*];
    };
}

rows! {
    resnet18,
    resnet26,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
    resnet200,
    resnext50_32x4d,
    resnext101_32x4d,
    resnext101_32x8d,
    resnext101_64x4d,
    wide_resnet50_2,
    wide_resnet101_2,
}

fn run(row: &str) {
    let golden = Golden::open("resnet", row);
    let classes = golden.shape("logits")[1];
    let config = Variant::find(golden.fact("row").as_str().unwrap()).unwrap().config(classes);
    let source = Arc::new(Formula::new(0, |_, salt| salt).without(|name| {
        let conv = !name.starts_with("fc");
        conv && (name.contains("conv") || name.contains("downsample.0")) && name.ends_with("bias")
    }));
    let [n, h, w] = ["batch", "height", "width"].map(|key| golden.number(key));
    let mut g = Graph::new();
    let image = g.input("image", &[n, h, w, 3]).unwrap();
    let net = network(&mut g, &Weights::new(Arc::clone(&source) as _), image, &config).unwrap();
    assert_eq!(names_hash(&source.asked()), golden.needed_weights(), "{row}: names of weights");
    let names = ["stem", "layer1", "layer2", "layer3", "layer4"];
    for (name, &value) in names.iter().zip(&net.stages) {
        g.output(name, value);
    }
    g.output("features", net.features);
    g.output("logits", net.logits);
    compare(row, &golden, &g);
}

#[test]
fn every_row_has_a_golden_file() {
    for row in VARIANTS {
        assert!(ROWS.contains(&row.name), "{}", row.name);
    }
}
