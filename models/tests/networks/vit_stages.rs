//! Vision transformers against those of `transformers`, stage by stage, with weights from a formula.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage, 1e-3 for the logits. The first stage that differs fails the
//! test and is named. Behind `@` stands the number of layers that are left of large sizes; whole ones run in a release build
//! (`--release -- --ignored`).

use std::sync::Arc;

use crate::common::comparison::compare;
use crate::common::formula::{Formula, names_hash};
use crate::common::golden::{Golden, cut};
use ocelli_engine::{Graph, Weights};
use ocelli_models::vit::{Config, SIZES, Size, network};

/// One test a case, so that they are listed, filtered and timed apart.
macro_rules! cases {
    ($($(#[$attribute:meta])* $name:ident: $family:literal $case:literal,)*) => {
        $(#[test] $(#[$attribute])* fn $name() { run($family, $case) })*
        const CASES: &[(&str, &str)] = &[$(($family, $case)),*];
    };
}

cases! {
    vit_tiny: "vit" "tiny",
    vit_small: "vit" "small",
    vit_base: "vit" "base",
    vit_large_of_two_layers: "vit" "large@2",
    vit_huge_of_two_layers: "vit" "huge@2",
    vit_tiny_96x64: "vit" "tiny-96x64",
    dinov2_small: "dinov2" "small",
    dinov2_base: "dinov2" "base",
    dinov2_large_of_two_layers: "dinov2" "large@2",
    dinov2_giant_of_two_layers: "dinov2" "giant@2",
    dinov2_small_with_registers: "dinov2" "small-reg4",
    dinov2_base_with_registers: "dinov2" "base-reg4",
    #[ignore = "slow"]
    vit_large: "vit" "large",
    #[ignore = "slow"]
    vit_huge: "vit" "huge",
    #[ignore = "slow"]
    dinov2_large: "dinov2" "large",
    #[ignore = "slow"]
    dinov2_giant: "dinov2" "giant",
    #[ignore = "slow"]
    dinov2_large_with_registers: "dinov2" "large-reg4",
    #[ignore = "slow"]
    dinov2_giant_with_registers: "dinov2" "giant-reg4",
}

fn run(family: &str, case: &str) {
    let golden = Golden::open(family, case);
    let config = config(family, &golden, cut(case).1);
    let source = Arc::new(Formula::new(0, |_, salt| salt));
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

/// From a row's name, `dinov2_small_patch14_reg4_70`.
fn config(family: &str, golden: &Golden, left: Option<usize>) -> Config {
    let row = golden.fact("row").as_str().unwrap();
    let parts: Vec<&str> = row.split('_').collect();
    let number = |prefix: &str| {
        parts.iter().find_map(|part| part.strip_prefix(prefix)?.parse::<usize>().ok())
    };
    let size = SIZES.iter().find(|size| size.name == parts[1]).unwrap();
    let size = Size { depth: left.unwrap_or(size.depth), ..*size };
    let side = parts[parts.len() - 1].parse().unwrap();
    let config = match family {
        "vit" => {
            Config::vit(&size, number("patch").unwrap(), side, Some(golden.shape("logits")[1]))
        }
        _ => Config::dinov2(&size, side, number("reg").unwrap_or(0)),
    };
    if left.is_none() {
        assert_eq!(config.name(family), row);
    }
    config
}

#[test]
fn every_size_has_a_golden_file() {
    for size in SIZES {
        assert!(CASES.iter().any(|(_, case)| *case == size.name), "{}", size.name);
    }
}
