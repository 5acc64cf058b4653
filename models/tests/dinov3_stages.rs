//! DINOv3 against `transformers`, timm and `inference-models`, stage by stage, with weights from a formula.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage, 1e-3 for the logits. The first stage that differs fails the
//! test and is named. Sizes of more than twelve layers are compared with two, the largest with one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod common;

use std::sync::Arc;

use common::comparison::compare;
use common::formula::{Formula, names_hash};
use common::golden::Golden;
use ocelli_engine::{Graph, Weights};
use ocelli_models::dinov3::{Config, SIZES, network};

/// One test a case, so that they are listed, filtered and timed apart.
macro_rules! cases {
    ($($name:ident: $case:literal, $absent:expr;)*) => {
        $(#[test] fn $name() { run($case, $absent) })*
        const CASES: &[&str] = &[$($case),*];
    };
}

cases! {
    tiny: "tiny", key;
    small: "small", key;
    small_plus: "small_plus", key;
    base: "base", key;
    large: "large", key;
    huge_plus: "huge_plus", key;
    seven_billion: "7b", all;
    small_plus_of_timm: "timm-small_plus", all;
    small_of_timm: "timm-small", key;
    probe: "probe", all;
}

fn key(name: &str) -> bool {
    name.ends_with("k_proj.bias")
}

fn all(name: &str) -> bool {
    ["q_proj.bias", "k_proj.bias", "v_proj.bias"].iter().any(|end| name.ends_with(end))
}

fn run(case: &str, absent: fn(&str) -> bool) {
    let golden = Golden::open("dinov3", case);
    let row = golden.fact("row").as_str().unwrap();
    let mut size = *SIZES.iter().find(|size| size.name == row).unwrap();
    size.depth = match (size.depth, row) {
        (_, "7b") => 1,
        (..=12, _) => 12,
        _ => 2,
    };
    let mut config = Config::new(&size);
    config.stacked = golden.fact("library") != "transformers";
    config.classes = (case == "probe").then(|| golden.shape("logits")[1]);
    let source = Arc::new(Formula::new(0, |_, salt| salt).without(absent));
    let [n, h, w] = ["batch", "height", "width"].map(|key| golden.number(key));
    let mut g = Graph::new();
    let image = g.input("image", &[n, h, w, 3]).unwrap();
    let net = network(&mut g, &Weights::new(Arc::clone(&source) as _), image, &config).unwrap();
    assert_eq!(names_hash(&source.asked()), golden.needed_weights(), "{case}: names of weights");
    for (i, &tokens) in net.hidden.iter().enumerate() {
        g.output(&if i == 0 { "embeddings".to_owned() } else { format!("block.{i}") }, tokens);
    }
    g.output("tokens", net.tokens);
    if let Some(logits) = net.logits {
        g.output("logits", logits);
    }
    compare(case, &golden, &g);
}

#[test]
fn every_size_has_a_golden_file() {
    for size in SIZES {
        assert!(CASES.contains(&size.name), "{}", size.name);
    }
}
