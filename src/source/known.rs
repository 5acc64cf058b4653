//! The released checkpoints that have a name.

use serde::Serialize;

/// A released checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct KnownModel {
    /// What users call it.
    pub name: &'static str,
    /// Its public address.
    pub url: &'static str,
    /// Its published checksum, if there is one.
    pub md5: Option<&'static str>,
    /// The variant to build.
    pub model_type: &'static str,
    /// The licence of its weights.
    pub license: &'static str,
}

/// A released RF-DETR under Apache-2.0.
const fn rfdetr(name: &'static str, url: &'static str, md5: &'static str) -> KnownModel {
    KnownModel { name, url, md5: Some(md5), model_type: name, license: "Apache-2.0" }
}

/// A released RF-DETR under the Platform Model License, for which no checksum was published.
const fn rfdetr_plus(name: &'static str, url: &'static str) -> KnownModel {
    KnownModel { name, url, md5: None, model_type: name, license: "PML-1.0" }
}

macro_rules! at {
    ($path:literal) => {
        concat!("https://storage.googleapis.com/rfdetr/", $path)
    };
}

/// All of them, in the order in which they are listed.
#[rustfmt::skip]
pub const KNOWN_MODELS: &[KnownModel] = &[
    rfdetr("rfdetr-nano", at!("nano_coco/checkpoint_best_regular.pth"), "fb6504cce7fbdc783f7a46991f07639f"),
    rfdetr("rfdetr-small", at!("small_coco/checkpoint_best_regular.pth"), "fb37061c1af7bace359c91b723a8d5c1"),
    rfdetr("rfdetr-base", at!("rf-detr-base-coco.pth"), "b4d3ce46099eaed50626ede388caf979"),
    rfdetr("rfdetr-medium", at!("medium_coco/checkpoint_best_regular.pth"), "7223f764a87b863f02eb8d52bf0ce2ee"),
    rfdetr("rfdetr-large", at!("rf-detr-large-2026.pth"), "5cb72153541cbcb9aa6efa26222acc75"),
    rfdetr("rfdetr-large-deprecated", at!("rf-detr-large.pth"), "992c8e862aa733a7bb2777e45d49f1a0"),
    rfdetr_plus("rfdetr-xlarge", at!("rf-detr-xl-ft.pth")),
    rfdetr_plus("rfdetr-2xlarge", at!("rf-detr-2xl-ft.pth")),
    rfdetr("rfdetr-seg-preview", at!("rf-detr-seg-preview.pt"), "e35820c28fb86080558123e47a5e49ca"),
    rfdetr("rfdetr-seg-nano", at!("rf-detr-seg-n-ft.pth"), "9995497791d0ff1664a1d9ddee9cfd20"),
    rfdetr("rfdetr-seg-small", at!("rf-detr-seg-s-ft.pth"), "0a2a3006381d0c42853907e700eadd08"),
    rfdetr("rfdetr-seg-medium", at!("rf-detr-seg-m-ft.pth"), "a49af1562c3719227ad43d0ca53b4c7a"),
    rfdetr("rfdetr-seg-large", at!("rf-detr-seg-l-ft.pth"), "275f7b094909544ed2841c94a677d07e"),
    rfdetr("rfdetr-seg-xlarge", at!("rf-detr-seg-xl-ft.pth"), "3693b35d0eea86ebb3e0444f4a611fba"),
    rfdetr("rfdetr-seg-2xlarge", at!("rf-detr-seg-2xl-ft.pth"), "040bc3412af840fa8a47e0ff69b552ba"),
    rfdetr("rfdetr-keypoint-preview", at!("rf-detr-keypoint-preview-xlarge.pth"), "6de511943ee85a547d4c5cb527daf0eb"),
];

/// The model called `name`, in any case; `rfdetr-seg-xxlarge` is another name of `rfdetr-seg-2xlarge`.
pub fn known_model(name: &str) -> Option<&'static KnownModel> {
    let name = name.to_ascii_lowercase();
    let name = if name == "rfdetr-seg-xxlarge" { "rfdetr-seg-2xlarge" } else { &name };
    KNOWN_MODELS.iter().find(|model| model.name == name)
}

/// Up to three known names close to `name`, the closest first.
pub(crate) fn suggestions(name: &str) -> Vec<&'static str> {
    let name: Vec<char> = name.to_ascii_lowercase().chars().take(64).collect();
    let mut close: Vec<_> = KNOWN_MODELS
        .iter()
        .map(|model| (distance(&name, model.name), model.name))
        .filter(|&(distance, known)| distance * 3 <= known.len())
        .collect();
    close.sort_by_key(|&(distance, _)| distance);
    close.into_iter().take(3).map(|(_, name)| name).collect()
}

/// How many letters must be inserted, deleted or replaced to turn one word into the other.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_sound() {
        let names: BTreeSet<_> = KNOWN_MODELS.iter().map(|model| model.name).collect();
        assert_eq!(names.len(), KNOWN_MODELS.len());
        for model in KNOWN_MODELS {
            assert!(model.url.starts_with("https://"), "{}", model.name);
            let hex = |md5: &str| md5.len() == 32 && md5.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(model.md5.is_none_or(hex), "{}", model.name);
            assert_eq!(known_model(&model.name.to_uppercase()), Some(model));
        }
    }

    #[test]
    fn slips_are_understood() {
        assert_eq!(suggestions("rfdter-nano")[0], "rfdetr-nano");
        assert_eq!(suggestions("rf-detr-seg-smal")[0], "rfdetr-seg-small");
        assert!(suggestions("resnet50").is_empty());
    }
}
