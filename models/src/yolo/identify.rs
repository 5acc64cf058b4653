//! Which network a checkpoint holds.

use std::sync::Arc;

use ocelli_engine::{Graph, Weights};
use ocelli_vision::Task;

use super::checkpoint::Checkpoint;
use super::heads::stores_texts_as;
use super::network::network;
use super::rows::variants;
use super::spec::{Layer, Spec};
use super::texts::missing;
use crate::weights::CheckpointWeights;
use crate::{Error, Result};

/// A checkpoint's network.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    /// Its name in packages.
    pub(super) architecture: &'static str,
    pub(super) task: Task,
    /// `yolo11n-seg`, for instance.
    pub(super) variant: String,
    pub(super) spec: Spec,
}

/// The network of a checkpoint: what its layer list says or, of a checkpoint without one, the known variant whose tensors
/// it has. `architecture` narrows the search.
///
/// # Errors
/// The layer list is malformed, or no known network has these tensors.
pub(super) fn identify(checkpoint: &Checkpoint, architecture: Option<&str>) -> Result<Identity> {
    let Some(yaml) = &checkpoint.yaml else {
        return by_tensors(checkpoint, architecture);
    };
    let file = || checkpoint.weights.file().to_owned();
    let mut spec = Spec::from_value(yaml).map_err(|cause| Error::Layers { file: file(), cause })?;
    if let Some(names) = checkpoint.facts.class_names.as_ref().filter(|_| spec.classes == 0) {
        spec.classes = names.len();
    }
    if let Some(head) = spec.layers.last()
        && stores_texts_as(&head.module).is_some()
        && let Some(seen) = checkpoint.head(&head.module)
    {
        spec.classes = seen.classes;
    }
    let told = told(checkpoint);
    Ok(Identity::of(spec, told))
}

impl Identity {
    /// That of a layer list; `told` is the task where its head does not show it.
    pub(super) fn of(spec: Spec, told: Option<Task>) -> Identity {
        let task = task(&spec).or(told).unwrap_or(Task::ObjectDetection);
        let architecture = architecture_of(&spec);
        let variant = variant(&spec, architecture, task);
        Identity { architecture, task, variant, spec }
    }
}

/// The architecture that a layer list belongs to, by the modules that only it has.
fn architecture_of(spec: &Spec) -> &'static str {
    let has = |module: &str| spec.layers.iter().any(|layer| layer.module == module);
    let head = spec.layers.last().map_or("", |layer| layer.module.as_str());
    let activated = |layer: &Layer| layer.module == "SPPF" && layer.args.len() > 3;
    match () {
        () if head == "RTDETRDecoder" => "rtdetr",
        () if has("SPPCSPC") => "yolov7",
        () if head.starts_with("Anchor") => "yolov5",
        () if has("A2C2f") => "yolov12",
        () if head.ends_with("26") || spec.layers.iter().any(activated) => "yolo26",
        () if has("C3k2") => "yolov11",
        () if has("SCDown") || has("C2fCIB") || has("v10Detect") => "yolov10",
        () if has("RepNCSPELAN4") || has("ELAN1") => "yolov9",
        () if has("C2f") || has("C3Ghost") => "yolov8",
        () if has("C3") => "yolov5",
        () if has("nn.ConvTranspose2d") => "yolov6",
        () if has("Bottleneck") => "yolov3",
        () => "yolov8",
    }
}

/// The task that a head is for.
fn task(spec: &Spec) -> Option<Task> {
    let head = spec.layers.last()?.module.to_ascii_lowercase();
    let parts = [
        ("classify", Task::Classification),
        ("semanticsegment", Task::SemanticSegmentation),
        ("segment", Task::InstanceSegmentation),
        ("pose", Task::KeyPointDetection),
        ("obb", Task::OrientedObjectDetection),
        ("depth", Task::DepthEstimation),
        ("detect", Task::ObjectDetection),
        ("rtdetrdecoder", Task::ObjectDetection),
    ];
    parts.into_iter().find(|(part, _)| head.contains(part)).map(|(_, task)| task)
}

/// The task that the file names.
fn told(checkpoint: &Checkpoint) -> Option<Task> {
    Some(match checkpoint.facts.task.as_deref()? {
        "detect" => Task::ObjectDetection,
        "segment" => Task::InstanceSegmentation,
        "pose" => Task::KeyPointDetection,
        "obb" => Task::OrientedObjectDetection,
        "classify" => Task::Classification,
        "semantic" => Task::SemanticSegmentation,
        "depth" => Task::DepthEstimation,
        _ => return None,
    })
}

/// A name as the release names its files.
fn variant(spec: &Spec, architecture: &str, task: Task) -> String {
    let modules = |spec: &Spec| spec.layers.iter().map(|l| l.module.clone()).collect::<Vec<_>>();
    let same = |known: &Spec| {
        let gains = |spec: &Spec| [spec.depth, spec.width].map(f64::to_bits);
        gains(known) == gains(spec) && modules(known) == modules(spec)
    };
    if let Some((name, _)) = variants().find(|(_, known)| same(known)) {
        return name;
    }
    let family = match architecture {
        "yolov11" => "yolo11",
        "yolov12" => "yolo12",
        other => other,
    };
    let suffix = match task {
        Task::InstanceSegmentation => "-seg",
        Task::KeyPointDetection => "-pose",
        Task::OrientedObjectDetection => "-obb",
        Task::Classification => "-cls",
        Task::SemanticSegmentation => "-sem",
        Task::DepthEstimation => "-depth",
        _ => "",
    };
    let scale = spec.scale.map(String::from).unwrap_or_default();
    format!("{family}{scale}{suffix}")
}

/// The known variant that has exactly a checkpoint's tensors; of several, the one that reads most of them, since a head may
/// leave another's branches unread.
fn by_tensors(checkpoint: &Checkpoint, architecture: Option<&str>) -> Result<Identity> {
    let (layers, told) = (checkpoint.layers(), told(checkpoint));
    let mut best: Option<(usize, Identity)> = None;
    let mut nearest: Option<(usize, String)> = None;
    for (name, spec) in variants() {
        let Some(spec) = fitted(spec, checkpoint, layers) else { continue };
        let Some(task) = task(&spec).filter(|task| told.is_none_or(|told| told == *task)) else {
            continue;
        };
        let found = Identity { architecture: architecture_of(&spec), task, variant: name, spec };
        if architecture.is_some_and(|wanted| wanted != found.architecture) {
            continue;
        }
        match fits(&found.spec, checkpoint) {
            Ok(used) if best.as_ref().is_none_or(|(most, _)| used > *most) => {
                best = Some((used, found));
            }
            Err((used, reason)) if nearest.as_ref().is_none_or(|(most, _)| used > *most) => {
                nearest = Some((used, format!("nearest is {}: {reason}", found.variant)));
            }
            _ => {}
        }
    }
    if let Some((_, identity)) = best {
        return Ok(identity);
    }
    let reason = match nearest {
        _ if checkpoint.compares_texts() && !checkpoint.has_texts() => missing().to_string(),
        Some((_, reason)) => reason,
        None => format!("no known network has {layers} layers that begin like these"),
    };
    Err(Error::NotThisModel {
        file: checkpoint.weights.file().to_owned(),
        architecture: "yolo",
        reason,
    })
}

/// A known variant with the classes and key points that the head's tensors show; nothing if it has another number of
/// layers, or begins otherwise.
fn fitted(mut spec: Spec, checkpoint: &Checkpoint, layers: usize) -> Option<Spec> {
    if spec.layers.len() != layers {
        return None;
    }
    let seen = checkpoint.head(&spec.layers.last()?.module)?;
    spec.classes = checkpoint.facts.class_names.as_ref().map_or(seen.classes, Vec::len);
    if spec.classes != seen.classes {
        return None;
    }
    spec.key_points = checkpoint.facts.key_points.or(seen.key_points);
    Some(spec)
}

/// How many tensors a network reads that has exactly these; if it has not, how many it found and what it lacks.
fn fits(spec: &Spec, checkpoint: &Checkpoint) -> Result<usize, (usize, String)> {
    const SIDE: usize = 64;
    let source = Arc::new(CheckpointWeights::new(checkpoint.weights.clone()));
    let root = Weights::new(Arc::clone(&source) as _);
    let mut g = Graph::new();
    let image = g.input("image", &[1, SIDE, SIDE, spec.channels]);
    let image = image.map_err(|error| (0, error.to_string()))?;
    let built = network(&mut g, &root, image, spec);
    let used = root.used();
    if let Err(error) = built {
        return Err((used.len(), error.to_string()));
    }
    match source.unused(&used).into_iter().find(|name| !checkpoint.needless(name)) {
        Some(name) => Err((used.len(), format!("it has no `{name}`"))),
        None => Ok(used.len()),
    }
}
