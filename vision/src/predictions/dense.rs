use serde::{Deserialize, Serialize};

use super::{Report, ReportContext, ReportedPrediction, ToReport};
use crate::{Result, Rle, Size, Task, VisionError, masks::Runs};

/// The class of every pixel of one picture.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SemanticSegmentation {
    /// The picture's size.
    pub image_size: Size,
    /// Index into the model's class names, `[height, width]`.
    pub class_map: Vec<u16>,
    /// Score in 0..=1, `[height, width]`; 0 where nothing reached the threshold.
    pub confidence: Vec<f32>,
}

impl SemanticSegmentation {
    /// The classes that occur, ascending.
    pub fn classes(&self) -> Vec<usize> {
        let mut seen = vec![false; usize::from(u16::MAX) + 1];
        self.class_map.iter().for_each(|&class| seen[usize::from(class)] = true);
        (0..seen.len()).filter(|&class| seen[class]).collect()
    }

    /// The pixels of one class.
    pub fn mask(&self, class_id: usize) -> Rle {
        let Size { width, height } = self.image_size;
        let mut runs = Runs::default();
        for at in (0..width).flat_map(|x| (0..height).map(move |y| y * width + x)) {
            runs.push(usize::from(self.class_map[at]) == class_id, 1);
        }
        runs.finish(self.image_size)
    }

    fn mean_confidence(&self, class_id: usize) -> f32 {
        let of_class = self.class_map.iter().zip(&self.confidence);
        let of_class = of_class.filter(|&(&class, _)| usize::from(class) == class_id);
        let (sum, count) =
            of_class.fold((0.0, 0_usize), |(sum, n), (_, &c)| (sum + f64::from(c), n + 1));
        (sum / count.max(1) as f64) as f32
    }
}

impl ToReport for SemanticSegmentation {
    /// One prediction for each class that occurs: its mask, the box around it, its mean score.
    fn report(&self, context: &ReportContext<'_>) -> Report {
        let row = |class_id: usize| {
            let mask = self.mask(class_id);
            let [x, y, width, height] = mask.bbox().map(|v| v as f32);
            ReportedPrediction {
                xyxy: Some([x, y, x + width, y + height]),
                mask: Some(mask),
                ..context.prediction(class_id, self.mean_confidence(class_id))
            }
        };
        let rows = self.classes().into_iter().map(row).collect();
        context.report(Task::SemanticSegmentation, self.image_size, rows)
    }
}

/// The distance or nearness of every pixel of one picture, on the model's own scale.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DepthMap {
    /// The picture's size.
    pub image_size: Size,
    /// The values, `[height, width]`.
    pub depth: Vec<f32>,
}

impl DepthMap {
    /// The smallest and the largest value; `None` if there is no finite one.
    pub fn range(&self) -> Option<(f32, f32)> {
        let finite = self.depth.iter().copied().filter(|v| v.is_finite());
        finite.fold(None, |range, v| match range {
            None => Some((v, v)),
            Some((low, high)) => Some((v.min(low), v.max(high))),
        })
    }

    /// The values brought to 0..=1, the smallest to 0 and the largest to 1; a map of one value to 0. What is not a
    /// number stays so, and infinities go to the ends.
    pub fn scaled(&self) -> impl Iterator<Item = f32> {
        let (low, high) = self.range().unwrap_or((0.0, 0.0));
        let extent = f64::from(high) - f64::from(low);
        let scale = if extent > 0.0 { 1.0 / extent } else { 0.0 };
        self.depth.iter().map(move |&v| match v {
            v if v.is_finite() => ((f64::from(v) - f64::from(low)) * scale) as f32,
            v if v.is_nan() => v,
            v => f32::from(u8::from(v > 0.0)),
        })
    }

    /// Writes the map as a PNG of 16-bit grays, the smallest value 0 and the largest 65535.
    ///
    /// # Errors
    /// If the map's size is empty or does not fit its values, or the file cannot be written.
    pub fn save_png(&self, path: impl AsRef<std::path::Path>) -> Result<()> {
        let grays: Vec<u16> = self.scaled().map(|v| (v * 65535.0).round() as u16).collect();
        crate::image::save_gray16(path.as_ref(), self.image_size, &grays)
    }

    /// Writes the map as a file of NumPy's (`.npy`): its values as they are, `[height, width]` little-endian `f32` behind a
    /// header of 128 bytes.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save_npy(&self, path: impl AsRef<std::path::Path>) -> Result<()> {
        const LENGTH: usize = 118;
        let Size { width, height } = self.image_size;
        let shape = format!("({height}, {width})");
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((LENGTH as u16).to_le_bytes());
        bytes.extend(format!("{header:<width$}\n", width = LENGTH - 1).bytes());
        bytes.extend(self.depth.iter().flat_map(|value| value.to_le_bytes()));
        let path = path.as_ref();
        std::fs::write(path, bytes).map_err(|cause| VisionError::Io { path: path.into(), cause })
    }
}

impl ToReport for DepthMap {
    /// The range of the values in `depth_range`; the map itself belongs in an image file.
    fn report(&self, context: &ReportContext<'_>) -> Report {
        let mut report = context.report(Task::DepthEstimation, self.image_size, Vec::new());
        report.depth_range = self.range().map(|(low, high)| [low, high]);
        report
    }
}
