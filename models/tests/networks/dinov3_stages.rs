//! DINOv3 against `transformers`, timm and `inference-models`, stage by stage, with weights from a formula.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage, 1e-3 for the logits. The first stage that differs fails the
//! test and is named. Behind `@` stands the number of layers that are left of large sizes; whole ones run in a release build
//! (`--release -- --ignored`), but for the largest, which has 27 GB: of its other layers, names and shapes are compared.

use std::sync::Arc;

use crate::common::comparison::compare;
use crate::common::formula::{Formula, names_hash};
use crate::common::golden::{Golden, cut};
use ocelli_engine::{Graph, Weights};
use ocelli_models::dinov3::{Config, Network, SIZES, network};

/// One test a case, so that they are listed, filtered and timed apart.
macro_rules! cases {
    ($($(#[$attribute:meta])* $name:ident: $case:literal, $absent:expr;)*) => {
        $(#[test] $(#[$attribute])* fn $name() { run($case, $absent) })*
        const CASES: &[&str] = &[$($case),*];
    };
}

cases! {
    tiny: "tiny", key;
    small: "small", key;
    small_plus: "small_plus", key;
    base: "base", key;
    large_of_two_layers: "large@2", key;
    huge_plus_of_two_layers: "huge_plus@2", key;
    seven_billion_of_one_layer: "7b@1", all;
    small_plus_of_timm: "timm-small_plus", all;
    small_of_timm: "timm-small", key;
    probe: "probe", all;
    #[ignore = "slow"]
    large: "large", key;
    #[ignore = "slow"]
    huge_plus: "huge_plus", key;
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
    let mut config = Config::new(SIZES.iter().find(|size| size.name == row).unwrap());
    config.stacked = golden.fact("library") != "transformers";
    config.classes = (case == "probe").then(|| golden.shape("logits")[1]);
    if let Some(whole) = golden.whole_weights() {
        assert_eq!(described(&golden, absent, &config).2, whole, "{case}: names of all weights");
    }
    config.depth = cut(case).1.unwrap_or(config.depth);
    let (mut g, net, names) = described(&golden, absent, &config);
    assert_eq!(names, golden.needed_weights(), "{case}: names of weights");
    for (i, &tokens) in net.hidden.iter().enumerate() {
        g.output(&if i == 0 { "embeddings".to_owned() } else { format!("block.{i}") }, tokens);
    }
    g.output("tokens", net.tokens);
    if let Some(logits) = net.logits {
        g.output("logits", logits);
    }
    compare(case, &golden, &g);
}

/// The network, and the hash of the names of its weights.
fn described(golden: &Golden, absent: fn(&str) -> bool, config: &Config) -> (Graph, Network, u64) {
    let source = Arc::new(Formula::new(0, |_, salt| salt).without(absent));
    let [n, h, w] = ["batch", "height", "width"].map(|key| golden.number(key));
    let mut g = Graph::new();
    let image = g.input("image", &[n, h, w, 3]).unwrap();
    let net = network(&mut g, &Weights::new(Arc::clone(&source) as _), image, config).unwrap();
    (g, net, names_hash(&source.asked()))
}

#[test]
fn every_size_has_a_golden_file() {
    for size in SIZES {
        let whole = CASES.contains(&size.name);
        let counted = |case: &&str| Golden::open("dinov3", case).whole_weights().is_some();
        let of_size = |case: &&&str| cut(case).0 == size.name;
        assert!(whole || CASES.iter().filter(of_size).any(counted), "{}", size.name);
    }
}
