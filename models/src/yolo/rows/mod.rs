//! The networks of the releases, so that named tensors alone can be recognised.
//!
//! Source: the layer lists of `ultralytics` 8.4.190, those of the `yolov5` repository, release 7,
//! and that of the branch `u7` of the `yolov7` repository.

mod neck;
mod open;
mod row;
mod rtdetr;
mod v10;
mod v11;
mod v12;
mod v26;
mod v3;
mod v5;
mod v6;
mod v7;
mod v8;
mod v9;

#[cfg(test)]
mod tests;

use super::spec::{Layer, Spec};
use neck::Neck;
use row::Row;

/// Networks that differ in their scale alone.
#[derive(Clone, Copy, Debug)]
struct Family {
    /// What stands before the scale's letter in the name, and what after it.
    name: [&'static str; 2],
    scales: &'static [Scale],
    backbone: &'static [Row],
    neck: Option<&'static Neck>,
    head: Row,
    classes: usize,
    options: Options,
}

/// What few families have.
#[derive(Clone, Copy, Debug)]
struct Options {
    reg_max: usize,
    end_to_end: Option<bool>,
    key_points: Option<[usize; 2]>,
    activation: Option<&'static str>,
    norm_epsilon: f32,
}

const OPTIONS: Options = Options {
    reg_max: 16,
    end_to_end: None,
    key_points: None,
    activation: None,
    norm_epsilon: 1e-3,
};
const CLASSIFIER: Options = Options { norm_epsilon: 1e-5, ..OPTIONS };
/// The 17 points of COCO, with visibility.
const POSE: Options = Options { key_points: Some([17, 3]), ..OPTIONS };

/// Gains of depth and width, and the most channels before scaling.
#[derive(Clone, Copy, Debug)]
struct Scale {
    letter: Option<char>,
    depth: f64,
    width: f64,
    max_channels: f64,
}

const fn scale(letter: char, depth: f64, width: f64, max_channels: f64) -> Scale {
    Scale { letter: Some(letter), depth, width, max_channels }
}

/// Of networks that come in one size.
const ONE: &[Scale] = &[Scale { letter: None, depth: 1.0, width: 1.0, max_channels: f64::MAX }];

const FAMILIES: [&[Family]; 12] = [
    v3::FAMILIES,
    v5::FAMILIES,
    v6::FAMILIES,
    v7::FAMILIES,
    v8::FAMILIES,
    v9::FAMILIES,
    v10::FAMILIES,
    v11::FAMILIES,
    v12::FAMILIES,
    v26::FAMILIES,
    rtdetr::FAMILIES,
    open::FAMILIES,
];

/// All networks under their names, `yolo11n-seg` for instance. Those of the `yolov5` repository are called `yolov5n`,
/// those of `ultralytics` without anchors `yolov5nu`.
pub fn variants() -> impl Iterator<Item = (String, Spec)> {
    sized().map(|(family, scale)| (family.name(scale), family.spec(scale)))
}

/// The network of this name.
pub fn find(name: &str) -> Option<Spec> {
    let (family, scale) = sized().find(|(family, scale)| family.name(scale) == name)?;
    Some(family.spec(scale))
}

fn sized() -> impl Iterator<Item = (&'static Family, &'static Scale)> {
    let families = FAMILIES.iter().flat_map(|families| families.iter());
    families.flat_map(|family| family.scales.iter().map(move |scale| (family, scale)))
}

impl Family {
    fn name(&self, scale: &Scale) -> String {
        let [before, after] = self.name;
        let letter = scale.letter.map(String::from).unwrap_or_default();
        format!("{before}{letter}{after}")
    }

    fn spec(&self, scale: &Scale) -> Spec {
        let mut layers: Vec<Layer> = self.backbone.iter().map(Row::layer).collect();
        let features = self.neck.map(|neck| neck.append(&mut layers));
        let head = self.head.layer();
        layers.push(match features {
            Some(from) => Layer { from, ..head },
            None => head,
        });
        Spec {
            layers,
            classes: self.classes,
            depth: scale.depth,
            width: scale.width,
            max_channels: scale.max_channels,
            scale: scale.letter,
            reg_max: self.options.reg_max,
            end_to_end: self.options.end_to_end,
            key_points: self.options.key_points,
            activation: self.options.activation.map(str::to_owned),
            channels: 3,
            norm_epsilon: self.options.norm_epsilon,
        }
    }
}
