//! RF-DETR against the original, stage by stage, with weights from a formula.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage, 1e-3 for the results. The first stage that differs fails the
//! test and is named.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crate::common::executor;
use crate::common::formula::{Formula, fill, names_hash};
use crate::common::golden::{Golden, limit};
use crate::common::rfdetr::salt_of_selection;
use ocelli_engine::{DType, Graph, Weights};
use ocelli_models::rfdetr::{Config, Head, Network, VARIANTS, Variant, network};

/// One test a case, so that they are listed, filtered and timed apart.
macro_rules! cases {
    ($($(#[$attribute:meta])* $name:ident: $case:literal,)*) => {
        $($(#[$attribute])* #[test] fn $name() { run($case) })*
    };
}

cases! {
    nano: "nano",
    small: "small",
    medium: "medium",
    base: "base",
    large: "large",
    xlarge: "xlarge",
    twice_xlarge: "2xlarge",
    large_deprecated: "large-deprecated",
    seg_preview: "seg-preview",
    seg_nano: "seg-nano",
    seg_small: "seg-small",
    seg_medium: "seg-medium",
    seg_large: "seg-large",
    seg_xlarge: "seg-xlarge",
    seg_2xlarge: "seg-2xlarge",
    keypoint_preview: "keypoint-preview",
    sem_nano: "sem-nano",
    sem_small: "sem-small",
    sem_medium: "sem-medium",
    sem_large: "sem-large",
    sem_xlarge: "sem-xlarge",
    sem_2xlarge: "sem-2xlarge",
    nano_batch2: "nano-batch2",
    nano_256: "nano-256",
    nano_384x256: "nano-384x256",
    base_batch2_392: "base-batch2-392",
    seg_nano_624: "seg-nano-624",
}

/// The names of results; all others are stages.
const RESULTS: [&str; 4] = ["logits", "boxes", "masks", "keypoints"];

fn run(case: &str) {
    let golden = Golden::open("rfdetr", case);
    let variant = Variant::find(golden.fact("variant").as_str().unwrap()).unwrap();
    let config = Config::new(variant, classes(&golden, variant));
    let shape = ["batch", "height", "width"].map(|key| golden.number(key));
    let [n, h, w] = shape;

    let source = Arc::new(Formula::new(golden.number("salt") as u64, salt_of_selection));
    let mut g = Graph::new();
    let image = g.input("image", &[n, h, w, 3]).unwrap();
    let net = network(&mut g, &Weights::new(Arc::clone(&source) as _), image, &config).unwrap();
    let outputs = wanted(&golden, &net);
    for (name, value) in &outputs {
        let indices = g.info(*value).dtype == DType::I32;
        let value = if indices { g.to_f32(*value) } else { *value };
        g.output(name, value);
    }
    assert_eq!(names_hash(&source.asked()), golden.needed_weights(), "{case}: names of weights");

    let start = Instant::now();
    let mut session = executor().compile(&g).unwrap().session().unwrap();
    let compiled = start.elapsed();
    session.input(0).unwrap().copy_from_slice(&fill("input", &[n, h, w, 3], 0));
    let start = Instant::now();
    session.run().unwrap();
    eprintln!("{case}: compiled in {compiled:.1?}, ran in {:.1?}", start.elapsed());
    let mut found = HashMap::new();
    for (i, (name, _)) in outputs.iter().enumerate() {
        found.insert(name.as_str(), session.output(i).unwrap());
    }
    compare(case, &golden, &config, &found);
}

fn compare(case: &str, golden: &Golden, config: &Config, found: &HashMap<&str, &[f32]>) {
    for stage in golden.stages() {
        if stage == "topk" {
            let found: Vec<i64> = found["topk"].iter().map(|&v| v as i64).collect();
            assert_eq!(found, golden.indices("topk"), "{case}: stage topk");
            continue;
        }
        let values = stage_values(golden, config, &stage, found);
        let limit = limit(RESULTS.contains(&&*stage));
        let distance = golden.distance(&stage, &values);
        eprintln!("  {stage}: {distance:.1e}");
        assert!(distance <= limit, "{case}: stage {stage} is off by {distance:e} of its largest");
    }
}

/// Columns of the logits: the golden file's, at whatever stage they stand last.
fn classes(golden: &Golden, variant: &Variant) -> usize {
    let shape = golden.shape("logits");
    assert_eq!(shape.len(), if variant.head == Head::Semantic { 4 } else { 3 });
    shape[shape.len() - 1]
}

/// The network's results and the stages that the golden file asks for.
fn wanted(golden: &Golden, net: &Network) -> Vec<(String, ocelli_engine::Value)> {
    let results = net.outputs.iter().map(|&(name, value)| (name.to_owned(), value));
    let all: Vec<_> = net.stages.iter().cloned().chain(results).collect();
    let needed: Vec<String> = golden.stages().iter().map(|stage| source_of(stage)).collect();
    for name in &needed {
        assert!(all.iter().any(|(have, _)| have == name), "the network has no stage `{name}`");
    }
    all.into_iter().filter(|(name, _)| needed.contains(name)).collect()
}

/// The network's value that a golden stage is made of.
fn source_of(stage: &str) -> String {
    match stage {
        "patch" => "block.0".to_owned(),
        stage => stage.trim_end_matches(".cls").to_owned(),
    }
}

/// The values of a golden stage; tokens of the encoder are put back from their windows.
fn stage_values(
    golden: &Golden,
    config: &Config,
    stage: &str,
    found: &HashMap<&str, &[f32]>,
) -> Vec<f32> {
    let values = found[&*source_of(stage)];
    let windows = config.variant.windows;
    let patch = config.variant.patch;
    let grid = Grid {
        n: golden.number("batch"),
        rows: golden.number("height") / patch,
        columns: golden.number("width") / patch,
        windows,
        width: config.variant.encoder.width(),
    };
    match stage {
        "patch" => (0..grid.n)
            .flat_map(|n| {
                let class = grid.token(values, n, 0, 0);
                class.iter().copied().chain(grid.pixels(values, n)).collect::<Vec<_>>()
            })
            .collect(),
        stage if stage.strip_suffix(".cls").is_some() => (0..grid.n)
            .flat_map(|n| (0..windows * windows).map(move |window| (n, window)))
            .flat_map(|(n, window)| grid.token(values, n, window, 0).to_vec())
            .collect(),
        stage if stage.starts_with("block.") => {
            (0..grid.n).flat_map(|n| grid.pixels(values, n)).collect()
        }
        _ => values.to_vec(),
    }
}

/// How the tokens `[n * windows, 1 + tokens, width]` lie.
struct Grid {
    n: usize,
    rows: usize,
    columns: usize,
    windows: usize,
    width: usize,
}

impl Grid {
    fn token<'a>(&self, values: &'a [f32], n: usize, window: usize, token: usize) -> &'a [f32] {
        let count = self.windows * self.windows;
        let tokens = 1 + self.rows * self.columns / count;
        let at = ((n * count + window) * tokens + token) * self.width;
        &values[at..at + self.width]
    }

    /// The pixels of image `n`, row by row.
    fn pixels(&self, values: &[f32], n: usize) -> Vec<f32> {
        let (rows, columns) = (self.rows / self.windows, self.columns / self.windows);
        let mut out = Vec::with_capacity(self.rows * self.columns * self.width);
        for (y, x) in (0..self.rows).flat_map(|y| (0..self.columns).map(move |x| (y, x))) {
            let window = y / rows * self.windows + x / columns;
            let token = 1 + y % rows * columns + x % columns;
            out.extend(self.token(values, n, window, token));
        }
        out
    }
}

#[test]
fn every_variant_has_a_golden_file() {
    for variant in VARIANTS {
        let golden = Golden::open("rfdetr", variant.name);
        assert_eq!(golden.fact("variant"), variant.name);
        assert_eq!(golden.number("height"), variant.resolution, "{}", variant.name);
    }
}
