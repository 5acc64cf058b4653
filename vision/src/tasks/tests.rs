use super::*;
use crate::{Detection, Size};

struct Constant;

impl VisionModel for Constant {
    fn class_names(&self) -> &[String] {
        &[]
    }

    fn pre_process(&self, images: &[Image], _: &PreProcessOptions) -> Result<PreProcessed> {
        let metadata = images.iter().map(|i| {
            let size = Size::new(i.width(), i.height());
            PreProcessingMetadata::stretched(size, size)
        });
        Ok(PreProcessed { input: Tensor::default(), metadata: metadata.collect() })
    }

    fn forward(&self, _: &Tensor) -> Result<RawOutputs> {
        Ok(RawOutputs::new())
    }
}

impl ObjectDetectionModel for Constant {
    fn post_process(
        &self,
        _: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        _: &PostProcessOptions,
    ) -> Result<Vec<Detections>> {
        let whole = |meta: &PreProcessingMetadata| {
            let mut found = Detections::new(meta.original_size);
            found.push(Detection { xyxy: [0.0, 0.0, 1.0, 1.0], class_id: 0, confidence: 1.0 });
            found
        };
        Ok(metadata.iter().map(whole).collect())
    }
}

#[test]
fn a_boxed_model_infers() {
    let model: Box<dyn ObjectDetectionModel> = Box::new(Constant);
    let image = Image::filled(4, 3, [0; 3]).unwrap();
    let found = model.infer(&[image.clone(), image], &InferOptions::default()).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].image_size, Size::new(4, 3));
    assert!(model.infer(&[], &InferOptions::default()).unwrap().is_empty());
}

#[test]
fn tasks_are_spelled_as_package_files_do() {
    let cases = [
        (Task::ObjectDetection, "\"object-detection\""),
        (Task::OrientedObjectDetection, "\"oriented-object-detection\""),
        (Task::KeyPointDetection, "\"keypoint-detection\""),
        (Task::MultiLabelClassification, "\"multi-label-classification\""),
        (Task::StructuredOcr, "\"structured-ocr\""),
        (Task::OpenVocabularyObjectDetection, "\"open-vocabulary-object-detection\""),
    ];
    for (task, spelled) in cases {
        assert_eq!(serde_json::to_string(&task).unwrap(), spelled);
    }
}
