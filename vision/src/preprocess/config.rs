//! `inference_config.json`, as packages carry it. Unknown fields are ignored, unknown values are
//! errors.

use serde::{Deserialize, Serialize};

use crate::{ColorOrder, Result, Size, VisionError};

/// A package's `inference_config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InferenceConfig {
    /// Steps before the resize.
    #[serde(default, deserialize_with = "null_is_default")]
    pub image_pre_processing: ImagePreProcessing,
    /// The network's input.
    pub network_input: NetworkInput,
    /// Batch sizes.
    #[serde(default)]
    pub forward_pass: ForwardPass,
    /// What the network's output still needs.
    #[serde(default)]
    pub post_processing: Option<PostProcessing>,
    /// What the architecture needs to know, in its own words.
    #[serde(default)]
    pub model_initialization: Option<serde_json::Map<String, serde_json::Value>>,
    /// Changes to the list of class names.
    #[serde(default)]
    pub class_names_operations: Option<Vec<ClassNamesOperation>>,
}

impl InferenceConfig {
    /// Parses and checks the text of an `inference_config.json`.
    ///
    /// # Errors
    /// If the text is no such JSON object, or a value is out of range.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let config: Self = serde_json::from_slice(text)
            .map_err(|error| bad("inference_config.json", error.to_string()))?;
        config.image_pre_processing.check()?;
        config.network_input.check()?;
        Ok(config)
    }

    /// The classes that remain after `class_names_operations`: for each class the network knows,
    /// its index among them, and their names. `None` if nothing is to be removed.
    pub fn class_mapping(&self, class_names: &[String]) -> Option<ClassMapping> {
        let operations = self.class_names_operations.as_deref()?;
        let removed = |name: &String| {
            operations
                .iter()
                .any(|ClassNamesOperation::ClassNameRemoval { class_name }| class_name == name)
        };
        let mut mapping = ClassMapping { index: Vec::new(), names: Vec::new() };
        for name in class_names {
            let keep = !removed(name);
            mapping.index.push(keep.then_some(mapping.names.len()));
            mapping.names.extend(keep.then(|| name.clone()));
        }
        Some(mapping)
    }
}

/// No steps before the resize, and nothing said of batches, outputs and class names.
impl From<NetworkInput> for InferenceConfig {
    fn from(network_input: NetworkInput) -> Self {
        Self {
            image_pre_processing: ImagePreProcessing::default(),
            network_input,
            forward_pass: ForwardPass::default(),
            post_processing: None,
            model_initialization: None,
            class_names_operations: None,
        }
    }
}

/// What remains of a list of classes after some were removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassMapping {
    /// For each class of the network, its index among those that remain.
    pub index: Vec<Option<usize>>,
    /// The names that remain.
    pub names: Vec<String>,
}

/// Steps between the picture and the resize.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ImagePreProcessing {
    /// Turn upright by EXIF: recorded, and left to [`DecodeOptions`](crate::DecodeOptions).
    #[serde(rename = "auto-orient", default)]
    pub auto_orient: Option<Switch>,
    /// Keep a part of the picture.
    #[serde(rename = "static-crop", default)]
    pub static_crop: Option<StaticCrop>,
    /// Change the contrast.
    #[serde(default)]
    pub contrast: Option<Contrast>,
    /// Take the colour out.
    #[serde(default)]
    pub grayscale: Option<Switch>,
}

/// A step without parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// Whether the step is taken.
    pub enabled: bool,
}

/// The part of the picture to keep, in percent of its sides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct StaticCrop {
    pub enabled: bool,
    pub x_min: f64,
    pub x_max: f64,
    pub y_min: f64,
    pub y_max: f64,
}

/// A contrast step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contrast {
    /// Whether the step is taken.
    pub enabled: bool,
    /// Which one.
    #[serde(rename = "type")]
    pub kind: ContrastKind,
}

/// The contrast steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContrastKind {
    /// CLAHE on the brightness.
    #[serde(rename = "Adaptive Equalization")]
    AdaptiveEqualization,
    /// Percentiles 2 and 98 become black and white.
    #[serde(rename = "Contrast Stretching")]
    ContrastStretching,
    /// A flat histogram.
    #[serde(rename = "Histogram Equalization")]
    HistogramEqualization,
}

/// What the network expects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkInput {
    /// The size it was trained at; absent only if it takes any size.
    #[serde(default)]
    pub training_input_size: Option<Size>,
    /// The size its training pictures were stored at.
    #[serde(default)]
    pub dataset_version_resize_dimensions: Option<Size>,
    /// Whether other sizes may be asked for.
    pub dynamic_spatial_size_supported: bool,
    /// Which ones.
    #[serde(default)]
    pub dynamic_spatial_size_mode: Option<DynamicSize>,
    /// The channels' order.
    pub color_mode: ColorMode,
    /// How the picture meets the size.
    pub resize_mode: ResizeMode,
    /// The gray of the border, 0..=255.
    #[serde(default)]
    pub padding_value: Option<u8>,
    /// Channels; only 3 is supported.
    pub input_channels: usize,
    /// What the bytes are divided by.
    #[serde(default)]
    pub scaling_factor: Option<f64>,
    /// Mean and standard deviation of each channel, after the division.
    #[serde(default)]
    pub normalization: Option<(Vec<f64>, Vec<f64>)>,
}

/// Sizes other than that of training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum DynamicSize {
    /// Sides are rounded up to a multiple.
    PadToBeDivisible {
        /// The divisor.
        value: usize,
    },
    /// Any.
    AnySize,
}

/// The order of the network's input channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ColorMode {
    Rgb,
    Bgr,
}

impl From<ColorMode> for ColorOrder {
    fn from(mode: ColorMode) -> Self {
        match mode {
            ColorMode::Rgb => Self::Rgb,
            ColorMode::Bgr => Self::Bgr,
        }
    }
}

/// How a picture meets a size of another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResizeMode {
    /// Each side by its own factor.
    Stretch,
    /// One factor, and a border.
    Letterbox,
    /// No factor: what is over is cut off, what is missing is black.
    CenterCrop,
    /// One factor, and the size follows the picture.
    FitLongerEdge,
    /// As [`ResizeMode::Letterbox`]: the original library does not reflect the edges either.
    LetterboxReflectEdges,
}

/// Batch sizes a package was exported for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ForwardPass {
    /// The only one.
    #[serde(default)]
    pub static_batch_size: Option<usize>,
    /// The largest one.
    #[serde(default)]
    pub max_dynamic_batch_size: Option<usize>,
}

/// What a network's output still needs, and whether it is already in the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum PostProcessing {
    Nms {
        fused: bool,
        #[serde(default)]
        nms_parameters: Option<FusedNmsParameters>,
    },
    Softmax {
        fused: bool,
    },
    Sigmoid {
        fused: bool,
    },
}

/// The constants of a suppression that is part of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct FusedNmsParameters {
    pub max_detections: usize,
    pub confidence_threshold: f32,
    pub iou_threshold: f32,
    #[serde(deserialize_with = "bool_or_number")]
    pub class_agnostic: bool,
}

/// A change to the list of class names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClassNamesOperation {
    /// A class that the network knows and users should not see.
    ClassNameRemoval {
        /// Its name.
        class_name: String,
    },
}

impl ImagePreProcessing {
    /// Checks that the static crop stays within the picture.
    ///
    /// # Errors
    /// If a percentage is out of range or the crop is empty.
    pub fn check(&self) -> Result<()> {
        let Some(crop) = self.static_crop.filter(|crop| crop.enabled) else { return Ok(()) };
        let ordered = |low: f64, high: f64| 0.0 <= low && low < high && high <= 100.0;
        if ordered(crop.x_min, crop.x_max) && ordered(crop.y_min, crop.y_max) {
            return Ok(());
        }
        let reason = format!("{crop:?} must be percentages in 0..=100, min below max");
        Err(bad("inference_config.json: static-crop", reason))
    }
}

impl NetworkInput {
    /// An RGB input of one size to which pictures are stretched, `(value / 255 - mean) / std`:
    /// for checkpoints that come without a package.
    pub fn stretched(size: Size, mean: [f64; 3], std: [f64; 3]) -> Self {
        Self {
            training_input_size: Some(size),
            dataset_version_resize_dimensions: None,
            dynamic_spatial_size_supported: false,
            dynamic_spatial_size_mode: None,
            color_mode: ColorMode::Rgb,
            resize_mode: ResizeMode::Stretch,
            padding_value: None,
            input_channels: 3,
            scaling_factor: Some(255.0),
            normalization: Some((mean.to_vec(), std.to_vec())),
        }
    }

    /// Checks sizes, channels and factors.
    ///
    /// # Errors
    /// If one is out of range, or not supported.
    pub fn check(&self) -> Result<()> {
        let fail = |field: &str, reason: &str| {
            Err(bad(&format!("inference_config.json: network_input.{field}"), reason))
        };
        if self.input_channels != 3 {
            return Err(VisionError::Unsupported {
                what: "inference_config.json: network_input.input_channels".to_owned(),
                detail: format!("{} channels (only 3)", self.input_channels),
            });
        }
        let any_size = self.dynamic_spatial_size_mode == Some(DynamicSize::AnySize);
        if self.training_input_size.is_none() && !(self.dynamic_spatial_size_supported && any_size)
        {
            return fail(
                "training_input_size",
                "is missing; only any-size models may leave it out",
            );
        }
        for size in [self.training_input_size, self.dataset_version_resize_dimensions] {
            size.map(Size::checked_pixels).transpose()?;
        }
        if self.dynamic_spatial_size_mode == Some(DynamicSize::PadToBeDivisible { value: 0 }) {
            return fail("dynamic_spatial_size_mode", "has the divisor 0");
        }
        if self.scaling_factor.is_some_and(|factor| !factor.is_finite() || factor == 0.0) {
            return fail("scaling_factor", "must be a number other than 0");
        }
        if let Some((mean, std)) = &self.normalization {
            let usable = |values: &[f64]| values.len() == 3 && values.iter().all(|v| v.is_finite());
            if !usable(mean) || !usable(std) || std.contains(&0.0) {
                return fail("normalization", "must be 3 means and 3 deviations other than 0");
            }
        }
        Ok(())
    }
}

fn bad(what: &str, reason: impl Into<String>) -> VisionError {
    VisionError::BadConfig { what: what.to_owned(), reason: reason.into() }
}

fn null_is_default<'de, T: Default + Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn bool_or_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Wire {
        Bool(bool),
        Number(i64),
    }
    Ok(match Wire::deserialize(deserializer)? {
        Wire::Bool(value) => value,
        Wire::Number(value) => value != 0,
    })
}
