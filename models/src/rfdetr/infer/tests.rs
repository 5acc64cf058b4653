use ocelli_converters::{DType, StateDict};

use super::*;
use crate::registry::WeightChoice;

/// The tensors that tell variants apart, as a row has them.
fn tensors(row: &Variant, classes: usize) -> Vec<(String, Vec<usize>)> {
    let (width, hidden) = (row.encoder.width(), row.hidden);
    let embeddings = "backbone.0.encoder.encoder.embeddings";
    let mut all = vec![
        (format!("{embeddings}.cls_token"), vec![1, 1, width]),
        (format!("{embeddings}.position_embeddings"), vec![1, 1 + row.position_grid.pow(2), width]),
        (
            format!("{embeddings}.patch_embeddings.projection.weight"),
            vec![width, 3, row.patch, row.patch],
        ),
    ];
    let mut push = |name: String, shape: &[usize]| all.push((name, shape.to_vec()));
    for i in 0..row.levels.len() {
        push(format!("backbone.0.projector.stages.{i}.1.weight"), &[hidden]);
    }
    if matches!(row.head, Head::Masks | Head::Semantic) {
        for i in 0..row.layers {
            push(format!("segmentation_head.blocks.{i}.norm.weight"), &[hidden]);
        }
    }
    if row.head == Head::Semantic {
        push("semantic_embed.bias".into(), &[classes]);
        return all;
    }
    for i in 0..13 {
        push(format!("transformer.enc_output.{i}.bias"), &[hidden]);
    }
    for i in 0..row.layers {
        let offsets = hidden / 16 * row.levels.len() * row.points * 2;
        let layer = format!("transformer.decoder.layers.{i}.cross_attn.sampling_offsets.bias");
        push(layer, &[offsets]);
    }
    push("refpoint_embed.weight".into(), &[13 * row.queries, 4]);
    push("class_embed.bias".into(), &[classes]);
    if row.head == Head::Masks {
        push("segmentation_head.bias".into(), &[1]);
    }
    if row.head == Head::KeyPoints {
        push("keypoint_embed.layers.0.weight".into(), &[hidden, hidden]);
        push("transformer.keypoint_query_initializer.queries".into(), &[17, hidden]);
    }
    all
}

fn checkpoint(tensors: Vec<(String, Vec<usize>)>) -> Checkpoint {
    let bytes = |(name, shape): (String, Vec<usize>)| {
        let count = shape.iter().product();
        (name, DType::U8, shape, vec![0; count])
    };
    let file = StateDict::from_tensors(tensors.into_iter().map(bytes)).unwrap();
    Checkpoint::read(&file, WeightChoice::Model).unwrap()
}

fn row(name: &str) -> &'static Variant {
    Variant::find(name).unwrap()
}

#[test]
fn tensors_alone_tell_every_published_variant() {
    for row in VARIANTS {
        let config = infer(&checkpoint(tensors(row, 7)), None).unwrap();
        assert_eq!(config.variant, *row);
        assert_eq!(
            (config.classes, config.keypoints.iter().sum::<usize>()),
            match row.head {
                Head::KeyPoints => (7, 17),
                _ => (7, 0),
            }
        );
    }
}

#[test]
fn another_grid_means_another_resolution() {
    let grown = Variant { position_grid: 40, ..*row("medium") };
    let config = infer(&checkpoint(tensors(&grown, 7)), None).unwrap();
    assert_eq!((config.variant.resolution, config.variant.position_grid), (640, 40));
}

#[test]
fn where_windows_cannot_be_told_the_file_is_ambiguous_until_something_says() {
    for (name, other) in [("seg-nano", "seg-small"), ("xlarge", "2xlarge")] {
        let grown = Variant { position_grid: 50, ..*row(name) };
        let error = infer(&checkpoint(tensors(&grown, 7)), None).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(other), "{error}");
        let config = infer(&checkpoint(tensors(&grown, 7)), Some(name)).unwrap();
        assert_eq!(config.variant.windows, row(name).windows);
    }
}

#[test]
fn a_contradiction_says_what_was_found() {
    let file = checkpoint(tensors(row("small"), 7));
    let error = infer(&file, Some("rfdetr-nano")).unwrap_err().to_string();
    assert!(error.contains("said to be rfdetr-nano") && error.contains("rfdetr-small"), "{error}");
    let error = infer(&file, Some("rfdetr-giant")).unwrap_err().to_string();
    assert!(error.contains("`rfdetr-giant` is no variant"), "{error}");
}

#[test]
fn sizes_that_were_never_published_are_unsupported() {
    let odd = Variant { layers: 7, ..*row("small") };
    let error = infer(&checkpoint(tensors(&odd, 7)), None).unwrap_err().to_string();
    assert!(error.contains("7 layers"), "{error}");
}

#[test]
fn names_of_classes_and_files_name_variants() {
    let cases = [
        ("RFDETRNano", Some("nano")),
        ("RFDETRSeg2XLarge", Some("seg-2xlarge")),
        ("RFDETR2XLarge", Some("2xlarge")),
        ("RFDETRLargeDeprecated", Some("large-deprecated")),
        ("rf-detr-seg-xxlarge.pt", Some("seg-2xlarge")),
        ("runs/rf-detr-base.pth", Some("base")),
        ("rf-detr-large-2026.pth", Some("large")),
        ("rf-detr-keypoint-preview-xlarge.pth", Some("keypoint-preview")),
        ("checkpoint_best_total.pth", None),
    ];
    for (name, variant) in cases {
        assert_eq!(variant_in(name), variant, "{name}");
    }
}
