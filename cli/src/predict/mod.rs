//! `ocelli predict`: pictures in, findings out.

mod ahead;
mod draw;
mod stages;
mod summary;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use ocelli::vision::{DecodeOptions, PostProcessOptions, ReportContext, ToReport};
use ocelli::{AnyModel, AutoModel, ClassFilter, Confidence, InferOptions, ZeroShot};

use crate::Outcome;
use crate::args::{DepthFormat, PredictArgs};
use crate::console::Console;
use crate::inputs::{Input, expand};
use crate::load::load;
use crate::outputs::OutputNames;
use crate::progress::pictures;
use ahead::{Decoded, decode_ahead};
use stages::{Found, Stages};

pub(crate) fn run(args: &PredictArgs, console: &Console) -> Result<Outcome> {
    let inputs = expand(&args.images)?;
    let confidence = args.confidence.as_deref().map_or(Ok(Confidence::Default), confidence)?;
    let model = load(&args.model, console)?;
    let job = Job::new(args, &model, confidence)?;
    let mut sinks = Sinks::open(args, &inputs)?;

    let bar = pictures(inputs.len(), console);
    let decode = DecodeOptions { exif_orientation: args.exif, ..DecodeOptions::default() };
    let failed = std::thread::scope(|scope| {
        let decoded = decode_ahead(scope, &inputs, &decode);
        let mut failed = 0;
        for (input, decoded) in inputs.iter().zip(decoded) {
            match job.one(input, decoded, &mut sinks) {
                Ok(line) if sinks.json_on_stdout || args.json.is_none() || !console.is_quiet() => {
                    bar.suspend(|| console.line(&line))?;
                }
                Ok(_) => {}
                Err(Failure::Sink(error)) => return Err(error),
                Err(Failure::Picture(error)) => {
                    failed += 1;
                    bar.suspend(|| console.error(&with_name(input, &error)));
                }
            }
            bar.inc(1);
        }
        Ok(failed)
    })?;
    bar.finish_and_clear();
    sinks.finish()?;
    if failed == 0 {
        return Ok(Outcome::Done);
    }
    console.error(&format!("{failed} of {} pictures failed", inputs.len()));
    Ok(Outcome::SomeFailed)
}

/// What is done with each picture.
struct Job<'a> {
    model: &'a AutoModel,
    stages: Stages<'a>,
}

/// What went wrong with one picture: the picture itself, or the place results go to, which ends all.
enum Failure {
    Picture(anyhow::Error),
    Sink(anyhow::Error),
}

impl<'a> Job<'a> {
    fn new(args: &PredictArgs, model: &'a AutoModel, confidence: Confidence) -> Result<Job<'a>> {
        let zero_shot = match (&*args.classes, model.as_any_model()) {
            (classes @ [_, ..], AnyModel::TextImageEmbedding(_)) => Some(model.zero_shot(classes)?),
            _ => None,
        };
        let filter = match &*args.classes {
            [_, ..] if zero_shot.is_none() => {
                Some(ClassFilter::new(&args.classes, model.class_names())?)
            }
            _ => None,
        };
        let post_process = PostProcessOptions {
            confidence,
            max_detections: args.max_detections,
            iou_threshold: args.iou_threshold,
            class_agnostic_nms: args.class_agnostic_nms.then_some(true),
            key_points_threshold: args.keypoints_threshold,
            ..PostProcessOptions::default()
        };
        let options = InferOptions { post_process, ..InferOptions::default() };
        Ok(Job { model, stages: Stages { model, options, filter, zero_shot } })
    }

    /// Names by class id: the model's, or the texts that stand for classes.
    fn class_names(&self) -> &[String] {
        let texts = self.stages.zero_shot.as_ref().map(ZeroShot::class_names);
        texts.unwrap_or_else(|| self.model.class_names())
    }

    /// Treats one picture, and gives the line that tells of it.
    fn one(
        &self,
        input: &Input,
        decoded: Result<Decoded>,
        sinks: &mut Sinks,
    ) -> Result<String, Failure> {
        let found = decoded.and_then(|decoded| self.stages.run(decoded));
        let mut found = found.map_err(Failure::Picture)?;
        let context = ReportContext {
            image: &input.name(),
            model: &self.model.info().name,
            class_names: self.class_names(),
        };
        let report = found.prediction.report(&context);
        let json = || report.to_json().context("writing JSON");
        if let Some(file) = &mut sinks.json {
            let line = json().map_err(Failure::Sink)?;
            writeln!(file, "{line}").context("writing JSON").map_err(Failure::Sink)?;
        }
        let written = sinks.write_picture(input, &mut found, self.model, self.class_names());
        let written = written.map_err(Failure::Picture)?;
        if sinks.json_on_stdout {
            return json().map_err(Failure::Sink);
        }
        Ok(summary::line(&report, &found.times, written.as_deref()))
    }
}

/// Where results go.
struct Sinks {
    json: Option<BufWriter<File>>,
    json_on_stdout: bool,
    pictures: Option<OutputNames>,
    depth_format: DepthFormat,
}

impl Sinks {
    fn open(args: &PredictArgs, inputs: &[Input]) -> Result<Sinks> {
        let json_on_stdout = args.json.as_deref() == Some(Path::new("-"));
        let json = match args.json.as_deref().filter(|_| !json_on_stdout) {
            Some(path) => {
                check_json_path(path, inputs)?;
                let file = File::create(path).with_context(|| path.display().to_string())?;
                Some(BufWriter::new(file))
            }
            None => None,
        };
        let pictures = match &args.output {
            Some(folder) => {
                std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
                Some(OutputNames::new(folder, inputs))
            }
            None => None,
        };
        Ok(Sinks { json, json_on_stdout, pictures, depth_format: args.depth_format })
    }

    /// Writes the annotated picture, and of a depth map its values beside it.
    fn write_picture(
        &mut self,
        input: &Input,
        found: &mut Found,
        model: &AutoModel,
        class_names: &[String],
    ) -> Result<Option<std::path::PathBuf>> {
        let Some(names) = &mut self.pictures else { return Ok(None) };
        draw::draw(&mut found.image, &found.prediction, model, class_names)?;
        let depth = found.prediction.as_depth();
        let companions: &[&str] = match (depth, self.depth_format) {
            (None, _) => &[],
            (Some(_), DepthFormat::Png16) => &["depth.png"],
            (Some(_), DepthFormat::F32) => &["depth.npy"],
        };
        let mut paths = names.names(input, companions).into_iter();
        let picture = paths.next();
        if let Some(path) = &picture {
            found.image.save(path)?;
        }
        for (path, map) in paths.zip(depth) {
            match self.depth_format {
                DepthFormat::Png16 => map.save_png(path)?,
                DepthFormat::F32 => map.save_npy(path)?,
            }
        }
        Ok(picture)
    }

    fn finish(self) -> Result<()> {
        if let Some(mut file) = self.json {
            file.flush().context("writing JSON")?;
        }
        Ok(())
    }
}

fn check_json_path(path: &Path, inputs: &[Input]) -> Result<()> {
    let Ok(json) = path.canonicalize() else { return Ok(()) };
    let same = |input: &Input| matches!(input, Input::File(file) if file.canonicalize().is_ok_and(|file| file == json));
    if inputs.iter().any(same) {
        bail!("--json {}: this is one of the pictures; name another file", path.display());
    }
    Ok(())
}

/// `0.5`, or `best`.
fn confidence(given: &str) -> Result<Confidence> {
    if given == "best" {
        return Ok(Confidence::Best);
    }
    match given.parse() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(Confidence::Value(value)),
        _ => bail!("--confidence {given}: it takes a score from 0 to 1, or `best`"),
    }
}

/// The error, with the picture's name before it unless it begins with that already.
fn with_name(input: &Input, error: &anyhow::Error) -> String {
    let (name, text) = (input.name(), format!("{error:#}"));
    if text.contains(&name) && input != &Input::Stdin { text } else { format!("{name}: {text}") }
}
