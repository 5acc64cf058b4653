//! What the YOLO families can be asked for.

use ocelli_converters::StateDict;
use ocelli_vision::Task;

use super::checkpoint::Checkpoint;
use super::identify::identify;
use super::load::load;
use crate::registry::{Family, WeightChoice};

const OBJECTS: Task = Task::ObjectDetection;
const INSTANCES: Task = Task::InstanceSegmentation;
const POINTS: Task = Task::KeyPointDetection;
const CLASSES: Task = Task::Classification;
const ORIENTED: Task = Task::OrientedObjectDetection;
const PIXELS: Task = Task::SemanticSegmentation;
const DEPTH: Task = Task::DepthEstimation;

/// All architectures that are lists of layers: Ultralytics', and those of the repositories `yolov5` and `yolov7`.
pub const FAMILIES: [Family; 11] = [
    family::<0>("yolov3", &[OBJECTS]),
    family::<1>("yolov5", &[OBJECTS, INSTANCES, CLASSES]),
    family::<2>("yolov6", &[OBJECTS]),
    family::<3>("yolov8", &[OBJECTS, INSTANCES, POINTS, CLASSES, ORIENTED]),
    family::<4>("yolov9", &[OBJECTS, INSTANCES]),
    family::<5>("yolov10", &[OBJECTS]),
    family::<6>("yolov11", &[OBJECTS, INSTANCES, POINTS, CLASSES, ORIENTED]),
    family::<7>("yolov12", &[OBJECTS, INSTANCES, POINTS, CLASSES, ORIENTED]),
    family::<8>("yolo26", &[OBJECTS, INSTANCES, POINTS, CLASSES, ORIENTED, PIXELS, DEPTH]),
    family::<9>("rtdetr", &[OBJECTS]),
    family::<10>("yolov7", &[INSTANCES]),
];

/// The family that stands at `PLACE` of the table; packages of all backends hold the same weights.
const fn family<const PLACE: usize>(architecture: &'static str, tasks: &'static [Task]) -> Family {
    Family {
        architecture,
        tasks,
        backends: &["torch", "onnx", "torch-script"],
        features: &["nms_fused"],
        recognise: recognise::<PLACE>,
        load,
    }
}

fn recognise<const PLACE: usize>(file: &StateDict) -> Option<Task> {
    let architecture = FAMILIES[PLACE].architecture;
    let checkpoint = Checkpoint::read(file, WeightChoice::Model)?;
    let found = identify(&checkpoint, Some(architecture)).ok()?;
    (found.architecture == architecture).then_some(found.task)
}
