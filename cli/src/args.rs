//! What can be written on the command line.

#![allow(clippy::doc_markdown, reason = "help texts are no Markdown")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ocelli::{Device, Precision, Preparation, Size, WeightChoice};

const EXAMPLES: &str = "\
Examples:
  ocelli predict rfdetr-nano street.jpg --output out
  ocelli predict checkpoint_best_total.pth photos/ --json found.jsonl
  ocelli inspect checkpoint_best_total.pth
  ocelli convert checkpoint_best_total.pth my-model
  ocelli bench rfdetr-nano --threads 2 --profile";

const PREDICT_EXAMPLES: &str = "\
Examples:
  ocelli predict rfdetr-nano street.jpg --output out      find objects, write out/street.jpg
  ocelli predict best.pth photos/ --confidence 0.5        every picture in a folder
  ocelli predict best.pth 'photos/**/*.png' --json -      one JSON object a line on stdout
  ocelli predict rfdetr-seg-nano dog.jpg --classes dog    only dogs, with their masks
  ocelli predict ViT-B-32.pt dog.jpg --classes 'a cat,a dog'   the text that fits best
  curl -s https://example.org/dog.jpg | ocelli predict rfdetr-nano -

Exit codes: 0 all pictures done, 1 some pictures failed, 2 wrong usage or no model.";

/// Native computer-vision inference: training checkpoints in, predictions out.
#[derive(Debug, Parser)]
#[command(name = "ocelli", version, about, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// Say nothing but results and errors.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find objects, masks, key points, classes or depths in pictures.
    #[command(after_help = PREDICT_EXAMPLES)]
    Predict(PredictArgs),
    /// Show what is in a checkpoint: tensors, types, arguments, the architecture it was recognised as.
    Inspect(InspectArgs),
    /// Write a checkpoint as a package with safetensors, bit for bit.
    Convert(ConvertArgs),
    /// Measure the network alone, or whole predictions.
    Bench(BenchArgs),
    /// List architectures and released models.
    Models(ListArgs),
    /// Describe this machine and this build, for bug reports.
    Env(ListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Pictures, folders, patterns such as 'photos/**/*.jpg', or - for a picture on standard input.
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<String>,
    /// Keep only these classes: names or ids with commas between them. For models that read texts: the texts that pictures
    /// are told apart by, such as 'a cat,a dog'.
    #[arg(long, value_name = "CLASSES", value_delimiter = ',')]
    pub(crate) classes: Vec<String>,
    /// The lowest score that counts, 0 to 1; `best` for the package's recommendation [default: the model's own].
    #[arg(short, long, value_name = "SCORE")]
    pub(crate) confidence: Option<String>,
    /// The most objects in a picture.
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_detections: Option<usize>,
    /// The overlap, 0 to 1, above which the weaker of two boxes goes, for models that answer with overlapping boxes.
    #[arg(long, value_name = "IOU", value_parser = parse_share)]
    pub(crate) iou_threshold: Option<f32>,
    /// Let boxes of different classes suppress each other too.
    #[arg(long)]
    pub(crate) class_agnostic_nms: bool,
    /// The score, 0 to 1, below which a key point counts as not found [default: the model's own].
    #[arg(long, value_name = "SCORE", value_parser = parse_share)]
    pub(crate) keypoints_threshold: Option<f32>,
    /// Write one JSON object a picture and line to FILE; - for standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write annotated pictures into DIR.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// What is written beside the picture of a depth map.
    #[arg(long, value_name = "FORMAT", default_value = "png16")]
    pub(crate) depth_format: DepthFormat,
    /// Turn pictures upright as their EXIF orientation says.
    #[arg(long)]
    pub(crate) exif: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A checkpoint file or a package folder.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Show only tensors whose name contains this.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Show every tensor and every argument.
    #[arg(long)]
    pub(crate) all: bool,
    /// Write one JSON object instead.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// A checkpoint file or a package folder.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The package's folder: a new one, or an empty one.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// The variant, where the tensors leave a choice.
    #[arg(long, value_name = "NAME")]
    pub(crate) model_type: Option<String>,
    /// Names by class id: a,b,c, a file with one a line, or a set (coco, coco-80).
    #[arg(long, value_name = "NAMES")]
    pub(crate) labels: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Pictures in one run.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) batch: u16,
    /// Measured runs.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
    /// Runs before the measured ones.
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    pub(crate) warmup: u32,
    /// Measure whole predictions, from this picture's bytes in memory to what was found in it.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) picture: Option<PathBuf>,
    /// Run this many at the same time, each on one thread of its own.
    #[arg(long, value_name = "COUNT", conflicts_with = "threads", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) sessions: Option<u16>,
    /// Show where the time goes, by layer and by operation.
    #[arg(long, conflicts_with_all = ["picture", "sessions"])]
    pub(crate) profile: bool,
    /// Write one JSON object instead.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Write JSON instead.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which model, and how it is loaded.
#[derive(Debug, Clone, Args)]
#[allow(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct ModelArgs {
    /// A released model's name (see `ocelli models`), a checkpoint file, a package folder, or an https://,
    /// hf://owner/repository/file or hf://owner/repository address.
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
    /// The variant, where the tensors leave a choice, such as rfdetr-nano.
    #[arg(long, value_name = "NAME", help_heading = "Model")]
    pub(crate) model_type: Option<String>,
    /// The task, where a package does not name it, such as object-detection.
    #[arg(long, value_name = "TASK", help_heading = "Model")]
    pub(crate) task: Option<String>,
    /// Names by class id: a,b,c, a file with one a line, or a set (coco, coco-80).
    #[arg(long, value_name = "NAMES", help_heading = "Model")]
    pub(crate) labels: Option<String>,
    /// How texts become numbers, for models that read texts: `tokenizer.json`, OpenAI's bpe_simple_vocab_16e6.txt.gz, or a
    /// folder with such files [default: beside the weights, then in the cache].
    #[arg(long, value_name = "FILE", help_heading = "Model")]
    pub(crate) vocabulary: Option<PathBuf>,
    /// The network's input, height by width, where it is not that of training.
    #[arg(long, visible_alias = "resolution", value_name = "HxW", value_parser = parse_size, help_heading = "Model")]
    pub(crate) size: Option<Size>,
    /// Which of the weights in a training checkpoint.
    #[arg(long, value_name = "WHICH", default_value = "model", help_heading = "Model")]
    pub(crate) weights: Weights,
    /// Whose way of preparing pictures, and of reading the outputs of a YOLO, is followed.
    #[arg(long, value_name = "WHOSE", default_value = "auto", help_heading = "Model")]
    pub(crate) preparation: Prepare,
    /// Let a head with two branches (YOLOv10, YOLO26) answer with the one that needs no suppression.
    #[arg(long, help_heading = "Model")]
    pub(crate) end_to_end: bool,
    /// Where the network runs: cpu, auto, wgpu, wgpu:1, cuda:0 [default: DEFAULT_DEVICE, or auto].
    #[arg(long, value_name = "DEVICE", help_heading = "Model")]
    pub(crate) device: Option<Device>,
    /// Threads of the processor; 0 for one on each core.
    #[arg(short, long, value_name = "COUNT", default_value_t = 0, help_heading = "Model")]
    pub(crate) threads: usize,
    /// The numbers the network computes with.
    #[arg(long, value_name = "TYPE", default_value = "f32", help_heading = "Model")]
    pub(crate) precision: Numbers,
    /// Load released models for which no checksum was published.
    #[arg(long, help_heading = "Download")]
    pub(crate) allow_unverified: bool,
    /// Download from addresses that are not encrypted.
    #[arg(long, help_heading = "Download")]
    pub(crate) allow_http: bool,
    /// Use the cache and local files only, as OFFLINE_MODE=true does.
    #[arg(long, help_heading = "Download")]
    pub(crate) offline: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Weights {
    /// Those that the trainer would use.
    Model,
    /// Their moving average.
    Average,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Prepare {
    /// The trainer's for a checkpoint, the package's for a package.
    Auto,
    /// As the training library predicts.
    Trainer,
    /// As packages of the model are served.
    Package,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DepthFormat {
    /// NAME.depth.png: 16-bit grays from the smallest value to the largest.
    Png16,
    /// NAME.depth.npy: the values themselves, f32 in NumPy's format.
    F32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Numbers {
    F32,
    Bf16,
    F16,
    Int8,
}

impl From<Weights> for WeightChoice {
    fn from(weights: Weights) -> WeightChoice {
        match weights {
            Weights::Model => WeightChoice::Model,
            Weights::Average => WeightChoice::Average,
        }
    }
}

impl From<Prepare> for Preparation {
    fn from(prepare: Prepare) -> Preparation {
        match prepare {
            Prepare::Auto => Preparation::Automatic,
            Prepare::Trainer => Preparation::Trainer,
            Prepare::Package => Preparation::Package,
        }
    }
}

impl From<Numbers> for Precision {
    fn from(numbers: Numbers) -> Precision {
        match numbers {
            Numbers::F32 => Precision::F32,
            Numbers::Bf16 => Precision::Bf16,
            Numbers::F16 => Precision::F16,
            Numbers::Int8 => Precision::Int8,
        }
    }
}

/// `384x640`: height by width; `384`: a square.
fn parse_size(given: &str) -> Result<Size, String> {
    let (height, width) = given.split_once(['x', 'X']).unwrap_or((given, given));
    let side = |text: &str| text.trim().parse().ok().filter(|side| (1..=16384).contains(side));
    match (side(height), side(width)) {
        (Some(height), Some(width)) => Ok(Size::new(width, height)),
        _ => {
            Err("write height by width in pixels, such as 384x640, or one number for a square"
                .into())
        }
    }
}

/// A number from 0 to 1.
fn parse_share(given: &str) -> Result<f32, String> {
    let share = given.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "write a number from 0 to 1".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_are_height_by_width() {
        assert_eq!(parse_size("384x640"), Ok(Size::new(640, 384)));
        assert_eq!(parse_size("384"), Ok(Size::new(384, 384)));
        for bad in ["", "x", "0x4", "4x", "-1", "99999"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }
}
