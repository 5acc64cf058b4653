//! Whole predictions: from a picture's bytes to what was found in it.

use std::path::Path;

use anyhow::{Context, Result};
use ocelli::vision::{DecodeOptions, ReportContext, ToReport};
use ocelli::{AutoModel, Image, InferOptions};
use serde::Serialize;

use super::place::Place;
use super::together::{Timed, together};
use super::{median, memory, ms};
use crate::Outcome;
use crate::args::BenchArgs;
use crate::console::Console;

/// What was measured.
#[derive(Serialize)]
struct Measured {
    model: String,
    variant: String,
    picture: String,
    batch: usize,
    /// Predictions that ran at the same time.
    sessions: usize,
    #[serde(flatten)]
    place: Place,
    runs: usize,
    /// Of one run with the whole batch.
    median_ms: f64,
    min_ms: f64,
    /// Of each run, ascending.
    times_ms: Vec<f64>,
    /// Of all sessions together.
    pictures_per_second: f64,
    /// Answers for the picture.
    found: usize,
    /// The most memory this process ever had.
    peak_memory_mb: Option<f64>,
}

pub(super) fn run(
    args: &BenchArgs,
    picture: &Path,
    model: &AutoModel,
    console: &Console,
) -> Result<Outcome> {
    let bytes = std::fs::read(picture).with_context(|| picture.display().to_string())?;
    let decode = || {
        let image = Image::decode(&bytes, &DecodeOptions::default());
        image.with_context(|| picture.display().to_string())
    };
    let options = InferOptions::default();
    let context = ReportContext {
        image: &picture.display().to_string(),
        model: &model.info().name,
        class_names: model.class_names(),
    };
    let found = model.predict(&decode()?, &options)?.report(&context).predictions.len();
    let sessions = usize::from(args.sessions.unwrap_or(1));
    let timed = together(sessions, args.warmup, args.runs, || {
        Ok(|| {
            let images = (0..args.batch).map(|_| decode()).collect::<Result<Vec<_>>>()?;
            model.infer(&images, &options)?;
            Ok(())
        })
    })?;
    let measured = measured(args, context.image, model, found, &timed)?;
    if args.json {
        console.line(&serde_json::to_string(&measured)?)?;
    } else {
        print(&measured, console)?;
    }
    Ok(Outcome::Done)
}

fn measured(
    args: &BenchArgs,
    picture: &str,
    model: &AutoModel,
    found: usize,
    timed: &Timed,
) -> Result<Measured> {
    let batch = usize::from(args.batch);
    Ok(Measured {
        model: model.info().name.clone(),
        variant: model.info().variant.clone(),
        picture: picture.to_owned(),
        batch,
        sessions: usize::from(args.sessions.unwrap_or(1)),
        place: Place::of(args)?,
        runs: timed.times.len(),
        median_ms: median(&timed.times).map(ms).context("--runs must be at least 1")?,
        min_ms: timed.times.first().copied().map_or(0.0, ms),
        times_ms: timed.times.iter().copied().map(ms).collect(),
        pictures_per_second: timed.per_second() * batch as f64,
        found,
        peak_memory_mb: memory::peak_mb(),
    })
}

fn print(m: &Measured, console: &Console) -> Result<()> {
    console.line(&format!(
        "{} ({}) on {}, batch {}, {} sessions, {}",
        m.model, m.variant, m.picture, m.batch, m.sessions, m.place
    ))?;
    console.line(&format!(
        "median {:.2} ms, fastest {:.2} ms of {} runs, {:.1} pictures a second, {} found in each",
        m.median_ms, m.min_ms, m.runs, m.pictures_per_second, m.found
    ))?;
    Ok(())
}
