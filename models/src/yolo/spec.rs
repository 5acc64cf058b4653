//! What a checkpoint's yaml says of its network.

mod parse;

use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// A network as a list of layers, before it is scaled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Backbone and head, in one list.
    pub layers: Vec<Layer>,
    /// `nc`.
    pub classes: usize,
    /// `depth_multiple`, or that of the scale: a layer with `n > 1` repeats is built `max(round(n * depth), 1)` times.
    pub depth: f64,
    /// `width_multiple`, or that of the scale, which channels are multiplied by.
    pub width: f64,
    /// Channels before scaling are at most so many.
    pub max_channels: f64,
    /// `n`, `s`, `m`, `l` or `x`, where the yaml has scales.
    pub scale: Option<char>,
    /// Bins of a box side's distribution, 16 unless said otherwise.
    pub reg_max: usize,
    /// Whether the head answers without suppression; nothing where the yaml is silent.
    pub end_to_end: Option<bool>,
    /// Key points of an object, and numbers of each: two, or three with visibility.
    pub key_points: Option<[usize; 2]>,
    /// The activation after convolutions, as the yaml spells it: `nn.SiLU()` where it is silent.
    pub activation: Option<String>,
    /// Channels of the picture.
    pub channels: usize,
    /// What batch norms add to the variance: 1e-3, but in classifiers the default of `PyTorch`, 1e-5. A checkpoint that
    /// holds the modules themselves says so in each of them.
    pub norm_epsilon: f32,
}

impl Spec {
    /// Whether the head is one with anchors, of the `yolov5` repository.
    pub fn has_anchors(&self) -> bool {
        self.layers.last().is_some_and(|head| head.module.starts_with("Anchor"))
    }
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Layers whose outputs are the inputs; negative ones count back from this layer.
    pub from: Vec<isize>,
    /// How often the module is repeated, before scaling.
    pub repeats: usize,
    /// The module's name, without the package of its class. The heads with anchors of the `yolov5` repository are called
    /// `AnchorDetect` and `AnchorSegment`, that of `YOLOv7` is `AnchorISegment`.
    pub module: String,
    /// Its arguments, before scaling.
    pub args: Vec<Arg>,
}

/// An argument of a module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Arg {
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// An integer or a float.
    Number(f64),
    /// A name, `nc` or `nearest` for instance.
    Text(String),
    /// A list or tuple.
    List(Vec<Arg>),
}
