//! Depth Anything against `transformers`, its authors' code and `inference-models`, stage by stage, with weights from a
//! formula.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage. The first stage that differs fails the test and is named.
//! Sizes of more than twelve layers are compared with four, of the third version with six.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod common;

use std::sync::Arc;

use common::comparison::compare;
use common::formula::{Formula, names_hash};
use common::golden::Golden;
use ocelli_engine::{Graph, Value, Weights};
use ocelli_models::depth_anything::{v2, v3};

/// One test a case, so that they are listed, filtered and timed apart.
macro_rules! cases {
    ($($name:ident: $case:literal, $config:expr;)*) => {
        $(#[test] fn $name() { second($case, &$config) })*
        const CASES: &[&str] = &[$($case),*];
    };
}

cases! {
    small: "v2-small", config("small", RELATIVE);
    base: "v2-base", config("base", RELATIVE);
    large: "v2-large", config("large", RELATIVE);
    giant: "v2-giant", config("giant", RELATIVE);
    metric: "v2-metric-small", config("small", v2::Depth::Metric(20.0));
    of_the_authors: "v2-authors-small", config("small", RELATIVE).of_the_authors();
    metric_of_the_authors: "v2-authors-metric-small",
        config("small", v2::Depth::Metric(20.0)).of_the_authors();
}

const RELATIVE: v2::Depth = v2::Depth::Relative(1.0);

/// A size, cut to four layers where it has more than twelve.
fn config(name: &str, depth: v2::Depth) -> v2::Config {
    let mut size = *v2::SIZES.iter().find(|size| size.name == name).unwrap();
    if size.depth > 12 {
        (size.depth, size.layers) = (4, [1, 2, 3, 4]);
    }
    v2::Config::new(&size, depth)
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
    ($($name:ident: $case:literal, $size:literal;)*) => {
        $(#[test] fn $name() { third($case, $size) })*
        const CASES_OF_THE_THIRD: &[&str] = &[$($size),*];
    };
}

cases_of_the_third! {
    third_small: "v3-small", "small";
    third_base: "v3-base", "base";
    third_large: "v3-large", "large";
    third_giant: "v3-giant", "giant";
}

fn third(case: &str, size: &str) {
    let golden = Golden::open("depth_anything", case);
    let mut size = *v3::SIZES.iter().find(|row| row.name == size).unwrap();
    if size.depth > 12 {
        (size.depth, size.layers) = (6, [2, 3, 4, 5]);
        size.start = if size.name == "giant" { 3 } else { 2 };
    }
    let config = v3::Config::new(&size);
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
        assert!(CASES.contains(&&*format!("v2-{}", size.name)), "{}", size.name);
    }
    for size in v3::SIZES {
        assert!(CASES_OF_THE_THIRD.contains(&size.name), "{}", size.name);
    }
}
