//! Which classes of a prediction are kept.

use ocelli_vision::{
    ClassificationPrediction, Detection, Detections, InstanceDetections, KeyPoints, MaskFormat,
    Masks, OrientedDetections, SemanticSegmentation,
};

use super::Prediction;
use crate::LoadingError;

/// Classes to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassFilter {
    keep: Vec<bool>,
    background: Option<u16>,
}

impl ClassFilter {
    /// The classes given by name or by id. A name comes before an id of the same spelling.
    ///
    /// # Errors
    /// One of them is neither a name nor an id of the model.
    pub fn new<S: AsRef<str>>(
        wanted: &[S],
        class_names: &[String],
    ) -> Result<ClassFilter, LoadingError> {
        let mut keep = vec![false; class_names.len()];
        for wanted in wanted {
            let wanted = wanted.as_ref().trim();
            let mut known = false;
            for (name, keep) in class_names.iter().zip(&mut keep) {
                if name.eq_ignore_ascii_case(wanted) {
                    (*keep, known) = (true, true);
                }
            }
            let id = wanted.parse::<usize>().ok().filter(|&id| !known && id < keep.len());
            match id {
                Some(id) => keep[id] = true,
                None if known => {}
                None => return Err(unknown_class(wanted, class_names)),
            }
        }
        let background = class_names.iter().position(|n| n.eq_ignore_ascii_case("background"));
        Ok(ClassFilter { keep, background: background.and_then(|id| id.try_into().ok()) })
    }

    fn keeps(&self, class_id: usize) -> bool {
        self.keep.get(class_id).copied().unwrap_or(false)
    }
}

fn unknown_class(wanted: &str, class_names: &[String]) -> LoadingError {
    let shown: Vec<_> = class_names.iter().take(20).map(String::as_str).collect();
    let more = if class_names.len() > shown.len() { ", ..." } else { "" };
    LoadingError::InvalidOption {
        option: "classes",
        value: wanted.to_owned(),
        reason: format!("the model has no such class; it has {}{more}", shown.join(", ")),
    }
}

impl Prediction {
    /// Leaves out what is of no wanted class. Of a semantic segmentation, pixels of other classes
    /// become background, if there is such a class, with score 0. Of a classification, the other classes' scores become
    /// 0 and the best of those that are left is the picture's class. Depth maps and
    /// vectors stay as they are.
    #[must_use]
    pub fn keep(self, filter: &ClassFilter) -> Prediction {
        match self {
            Prediction::Detections(found) => Prediction::Detections(detections(&found, filter)),
            Prediction::Oriented(found) => Prediction::Oriented(oriented(&found, filter)),
            Prediction::Instances(found) => Prediction::Instances(instances(&found, filter)),
            Prediction::KeyPoints(found) => Prediction::KeyPoints(key_points(found, filter)),
            Prediction::Semantic(found) => Prediction::Semantic(semantic(found, filter)),
            Prediction::Classification(found) => {
                Prediction::Classification(classification(found, filter))
            }
            Prediction::MultiLabel(mut found) => {
                found.class_ids.retain(|&class_id| filter.keeps(class_id));
                Prediction::MultiLabel(found)
            }
            same @ (Prediction::Depth(_) | Prediction::Embedding(_)) => same,
        }
    }
}

fn detections(found: &Detections, filter: &ClassFilter) -> Detections {
    let mut kept = Detections::new(found.image_size);
    kept.extend(found.iter().filter(|detection: &Detection| filter.keeps(detection.class_id)));
    kept
}

fn oriented(found: &OrientedDetections, filter: &ClassFilter) -> OrientedDetections {
    let mut kept = OrientedDetections::new(found.image_size);
    kept.extend(found.iter().filter(|detection| filter.keeps(detection.class_id)));
    kept
}

fn instances(found: &InstanceDetections, filter: &ClassFilter) -> InstanceDetections {
    let kept = (0..found.len()).filter(|&i| filter.keeps(found.detections.class_id[i]));
    let masks = match &found.masks {
        Masks::Dense(_) => Masks::Dense(kept.filter_map(|i| found.masks.bitmap(i)).collect()),
        Masks::Rle(_) => {
            Masks::from_rle(kept.filter_map(|i| found.masks.rle(i)).collect(), MaskFormat::Rle)
        }
    };
    InstanceDetections { detections: detections(&found.detections, filter), masks }
}

fn key_points(mut found: KeyPoints, filter: &ClassFilter) -> KeyPoints {
    let keep: Vec<bool> = found.class_id.iter().map(|&id| filter.keeps(id)).collect();
    retain(&mut found.class_id, &keep);
    retain(&mut found.confidence, &keep);
    retain(&mut found.xyxy, &keep);
    retain(&mut found.points, &keep);
    if let Some(covariance) = &mut found.covariance {
        retain(covariance, &keep);
    }
    found
}

fn semantic(mut found: SemanticSegmentation, filter: &ClassFilter) -> SemanticSegmentation {
    for (class, score) in found.class_map.iter_mut().zip(&mut found.confidence) {
        if !filter.keeps(usize::from(*class)) {
            *class = filter.background.unwrap_or(*class);
            *score = 0.0;
        }
    }
    found
}

fn classification(
    mut found: ClassificationPrediction,
    filter: &ClassFilter,
) -> ClassificationPrediction {
    for (class_id, score) in found.confidence.iter_mut().enumerate() {
        if !filter.keeps(class_id) {
            *score = 0.0;
        }
    }
    if let Some(&(class_id, _)) = found.top(1).first() {
        found.class_id = class_id;
    }
    found
}

fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    values.retain(|_| keep.next().copied().unwrap_or(false));
}

#[cfg(test)]
mod tests {
    use ocelli_vision::{
        MultiLabelClassificationPrediction, OrientedDetection, ReportContext, Size, ToReport,
    };

    use super::*;

    fn names() -> Vec<String> {
        ["cat", "dog", "1"].map(str::to_owned).to_vec()
    }

    #[test]
    fn classes_are_kept_by_name_or_id() {
        let mut found = Detections::new(Size::new(8, 8));
        for class_id in 0..3 {
            found.push(Detection { xyxy: [0.0; 4], class_id, confidence: 0.5 });
        }
        let kept = |wanted: &[&str]| {
            let filter = ClassFilter::new(wanted, &names()).unwrap();
            match Prediction::Detections(found.clone()).keep(&filter) {
                Prediction::Detections(kept) => kept.class_id,
                _ => vec![],
            }
        };
        assert_eq!(kept(&["DOG"]), [1]);
        assert_eq!(kept(&["0", " dog"]), [0, 1]);
        assert_eq!(kept(&["1"]), [2]);
        assert!(kept(&[]).is_empty());
        let error = ClassFilter::new(&["bird"], &names()).unwrap_err().to_string();
        assert!(error.contains("it has cat, dog"), "{error}");
    }

    #[test]
    fn masks_follow_their_boxes() {
        let mut found = InstanceDetections::new(Size::new(2, 1), MaskFormat::Rle);
        let masks = [[0_u8, 1], [1, 1]].map(|row| {
            let mut map =
                SemanticSegmentation { image_size: Size::new(2, 1), ..Default::default() };
            map.class_map = row.iter().map(|&v| u16::from(v)).collect();
            map.mask(1)
        });
        found.masks = Masks::Rle(masks.to_vec());
        for class_id in [1, 0] {
            let confidence = 0.5;
            found.detections.push(Detection { xyxy: [0.0; 4], class_id, confidence });
        }
        let filter = ClassFilter::new(&["cat"], &names()).unwrap();
        let Prediction::Instances(kept) = Prediction::Instances(found).keep(&filter) else {
            panic!("another task")
        };
        assert_eq!((kept.len(), kept.masks.rle(0)), (1, Some(masks[1].clone())));
    }

    #[test]
    fn of_a_classification_the_best_of_the_kept_classes_wins() {
        let found = ClassificationPrediction {
            image_size: Size::new(2, 1),
            class_id: 0,
            confidence: vec![0.5, 0.2, 0.3],
        };
        let filter = ClassFilter::new(&["dog", "1"], &names()).unwrap();
        let kept = Prediction::Classification(found).keep(&filter);
        let kept = kept.as_classification().unwrap();
        assert_eq!((kept.class_id, &*kept.confidence), (2, &[0.0, 0.2, 0.3][..]));
        let class_names = names();
        let context = ReportContext { image: "a", model: "m", class_names: &class_names };
        assert_eq!(kept.report(&context).predictions.len(), 2);
    }

    #[test]
    fn labels_and_rotated_boxes_are_kept_by_class() {
        let filter = ClassFilter::new(&["dog"], &names()).unwrap();
        let labels = MultiLabelClassificationPrediction {
            image_size: Size::new(2, 1),
            class_ids: vec![0, 1],
            confidence: vec![0.9, 0.8, 0.1],
        };
        let kept = Prediction::MultiLabel(labels).keep(&filter);
        assert_eq!(kept.as_multi_label().unwrap().labels(), [(1, 0.8)]);
        let mut boxes = OrientedDetections::new(Size::new(2, 1));
        for class_id in 0..2 {
            boxes.push(OrientedDetection { xywhr: [0.0; 5], class_id, confidence: 0.5 });
        }
        let kept = Prediction::Oriented(boxes).keep(&filter);
        assert_eq!((kept.len(), &*kept.as_oriented().unwrap().class_id), (1, &[1][..]));
        assert!(kept.as_depth().is_none());
    }
}
