//! Depth Anything against `transformers`, its authors' code and `inference-models`, stage by stage, with weights from a
//! formula.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage. The first stage that differs fails the test and is named.
//! Behind `@` stands the number of layers that are left of large sizes; whole ones run in a release build
//! (`--release -- --ignored`).

use std::sync::Arc;

use crate::common::comparison::compare;
use crate::common::formula::{Formula, names_hash};
use crate::common::golden::{Golden, cut};
use ocelli_engine::{Graph, Value, Weights};
use ocelli_models::depth_anything::{v2, v3};

/// One test a case, so that they are listed, filtered and timed apart.
macro_rules! cases {
    ($($(#[$attribute:meta])* $name:ident: $case:literal, $config:expr;)*) => {
        $(#[test] $(#[$attribute])* fn $name() { second($case, &$config) })*
        const CASES: &[&str] = &[$($case),*];
    };
}

cases! {
    small: "v2-small", config("small", RELATIVE);
    base: "v2-base", config("base", RELATIVE);
    large_of_four_layers: "v2-large@4", of_four_layers(config("large", RELATIVE));
    giant_of_four_layers: "v2-giant@4", of_four_layers(config("giant", RELATIVE));
    metric: "v2-metric-small", config("small", v2::Depth::Metric(20.0));
    of_the_authors: "v2-authors-small", config("small", RELATIVE).of_the_authors();
    metric_of_the_authors: "v2-authors-metric-small",
        config("small", v2::Depth::Metric(20.0)).of_the_authors();
    #[ignore = "slow"]
    large_of_the_authors: "v2-authors-large", config("large", RELATIVE).of_the_authors();
    #[ignore = "slow"]
    giant_of_the_authors: "v2-authors-giant", config("giant", RELATIVE).of_the_authors();
}

const RELATIVE: v2::Depth = v2::Depth::Relative(1.0);

fn config(name: &str, depth: v2::Depth) -> v2::Config {
    v2::Config::new(v2::SIZES.iter().find(|size| size.name == name).unwrap(), depth)
}

fn of_four_layers(mut config: v2::Config) -> v2::Config {
    config.encoder.depth = 4;
    config.layers = [1, 2, 3, 4];
    config
}

/// A graph and its image, after the network was described in it; the stages by name.
fn graph(
    golden: &Golden,
    absent: fn(&str) -> bool,
    describe: impl FnOnce(&mut Graph, &Weights, Value) -> Vec<(String, Value)>,
) -> Graph {
    let source = Arc::new(Formula::new(0, |_, salt| salt).without(absent));
    let [n, h, w] = ["batch", "height", "width"].map(|key| golden.number(key));
    let mut g = Graph::new();
    let image = g.input("image", &[n, h, w, 3]).unwrap();
    for (name, value) in describe(&mut g, &Weights::new(Arc::clone(&source) as _), image) {
        g.output(&name, value);
    }
    assert_eq!(names_hash(&source.asked()), golden.needed_weights(), "names of weights");
    g
}

fn numbered<'a>(kind: &'a str, values: &'a [Value]) -> impl Iterator<Item = (String, Value)> + 'a {
    values.iter().enumerate().map(move |(i, &value)| (format!("{kind}.{i}"), value))
}

fn second(case: &str, config: &v2::Config) {
    let golden = Golden::open("depth_anything", case);
    let g = graph(
        &golden,
        |_| false,
        |g, w, image| {
            let net = v2::network(g, w, image, config).unwrap();
            let stages = numbered("features", &net.features).chain(numbered("scaled", &net.scaled));
            let stages = stages.chain(numbered("fused", &net.fused));
            stages.chain([("depth".to_owned(), net.depth)]).collect()
        },
    );
    compare(case, &golden, &g);
}

/// One test a case, so that they are listed, filtered and timed apart.
macro_rules! cases_of_the_third {
    ($($(#[$attribute:meta])* $name:ident: $case:literal,)*) => {
        $(#[test] $(#[$attribute])* fn $name() { third($case) })*
        const CASES_OF_THE_THIRD: &[&str] = &[$($case),*];
    };
}

cases_of_the_third! {
    third_small: "v3-small",
    third_base: "v3-base",
    third_large_of_six_layers: "v3-large@6",
    third_giant_of_six_layers: "v3-giant@6",
    #[ignore = "slow"]
    third_large: "v3-large",
    #[ignore = "slow"]
    third_giant: "v3-giant",
}

fn third(case: &str) {
    let golden = Golden::open("depth_anything", case);
    let row = golden.fact("row").as_str().unwrap();
    let mut config = v3::Config::new(v3::SIZES.iter().find(|size| size.name == row).unwrap());
    if let Some(left) = cut(case).1 {
        (config.encoder.depth, config.layers) = (left, [2, 3, 4, 5]);
        config.start = if row == "giant" { 3 } else { 2 };
    }
    // The coarsest level has nothing to be joined with.
    let absent = |name: &str| name.contains("layers.0.residual_layer1");
    let g = graph(&golden, absent, |g, w, image| {
        let net = v3::network(g, w, image, &config).unwrap();
        let stages = net.hidden.iter().enumerate();
        let stages = stages.map(|(i, &tokens)| (format!("block.{}", i + 1), tokens));
        let stages = stages.chain(numbered("features", &net.features));
        let stages = stages.chain(numbered("scaled", &net.scaled));
        let stages = stages.chain(numbered("fused", &net.fused));
        stages.chain([("depth".to_owned(), net.depth)]).collect()
    });
    compare(case, &golden, &g);
}

#[test]
fn every_size_has_a_golden_file() {
    for size in v2::SIZES {
        let whole = ["v2", "v2-authors"].map(|of| format!("{of}-{}", size.name));
        assert!(CASES.iter().any(|case| whole.contains(&(*case).to_owned())), "{}", size.name);
    }
    for size in v3::SIZES {
        assert!(CASES_OF_THE_THIRD.contains(&&*format!("v3-{}", size.name)), "{}", size.name);
    }
}
