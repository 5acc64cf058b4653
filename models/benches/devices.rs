//! Latency and throughput of whole networks on a device, with weights computed from their names: no file is needed.
//!
//! `cargo bench -p ocelli-models --features wgpu,cuda --bench devices -- DEVICE PRECISION BATCH RUNS [MODEL ...]` prints a
//! line of JSON for each model: seconds of a run from pixels in memory to raw outputs in memory, after a tenth of the runs to
//! warm up and at least three. A device is `cpu:THREADS`, `wgpu:INDEX` or `cuda:INDEX`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench"
)]

#[path = "../tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "each bench uses a part")]
mod networks;

use std::time::Instant;

use networks::Model;
use ocelli_engine::{Result, Session};
use serde_json::json;

const MODELS: &[Model] = &[
    ("rfdetr-nano", 384, |g, image| networks::rfdetr("nano", g, image)),
    ("rfdetr-base", 560, |g, image| networks::rfdetr("base", g, image)),
    ("yolo11n", 640, |g, image| networks::yolo("yolo11", "yolo11n", g, image)),
    ("resnet50", 224, networks::resnet50),
    ("clip-vit-b-32", 224, networks::clip_vit_b_32),
    ("depth-anything-v2-small", 518, networks::depth_anything_small),
];

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [device, precision, batch, runs, models @ ..] = &*arguments else {
        return println!("devices DEVICE PRECISION BATCH RUNS [MODEL ...]");
    };
    let (batch, runs) = (batch.parse().unwrap(), runs.parse().unwrap());
    for model in
        MODELS.iter().filter(|(name, ..)| models.is_empty() || models.iter().any(|m| m == name))
    {
        let mut line = json!({
            "model": model.0, "device": device, "precision": precision, "batch": batch,
        });
        match session(model, device, precision, batch).and_then(|mut s| times(&mut *s, runs)) {
            Ok((first, times)) => {
                line["first_ms"] = json!(first);
                line["median_ms"] = json!(times[times.len() / 2]);
                line["min_ms"] = json!(times[0]);
                line["pictures_per_second"] = json!(batch as f64 * 1e3 / times[times.len() / 2]);
            }
            Err(error) => line["error"] = json!(error.to_string()),
        }
        println!("{line}");
    }
}

fn session(model: &Model, device: &str, precision: &str, batch: usize) -> Result<Box<dyn Session>> {
    let executor = common::device(device, common::precision_of(precision))?;
    networks::session(model, batch, &*executor)
}

/// Milliseconds of the first run, and of `runs` later ones, ascending.
fn times(session: &mut dyn Session, runs: usize) -> Result<(f64, Vec<f64>)> {
    let mut time = || {
        let start = Instant::now();
        session.run()?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    let first = time()?;
    for _ in 0..(runs / 10).max(3) {
        time()?;
    }
    let mut times = (0..runs.max(1)).map(|_| time()).collect::<Result<Vec<f64>>>()?;
    times.sort_by(f64::total_cmp);
    Ok((first, times))
}
