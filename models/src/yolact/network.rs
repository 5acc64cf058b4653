//! The network.

mod backbone;

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::config::{Anchors, Config};

/// Anchors of a place: how wide for their area.
const RATIOS: [f32; 3] = [1.0, 0.5, 2.0];
/// What corrections of places and of sides are multiplied with.
const VARIANCES: [f32; 2] = [0.1, 0.2];

/// What the network answers, and the maps on the way.
#[derive(Clone, Debug)]
pub struct Network {
    /// Centre x, centre y, width, height in parts of the picture, `[n, anchors, 4]`.
    pub boxes: Value,
    /// Probabilities, that of the background first, `[n, anchors, 1 + classes]`.
    pub scores: Value,
    /// What prototypes are weighted with, `[n, anchors, coefficients]`.
    pub coefficients: Value,
    /// Of a quarter of the input's size, `[n, h, w, coefficients]`.
    pub protos: Value,
    /// Name and map of each stage, in order.
    pub stages: Vec<(String, Value)>,
}

/// Pictures `[n, h, w, 3]` to anchors and prototypes. Anchors are those of the first level, row by row and three at each
/// place, then those of the next.
///
/// # Errors
/// A weight is missing or has another shape.
pub fn network(g: &mut Graph, w: &Weights, image: Value, config: &Config) -> Result<Network> {
    let maps = backbone::backbone(g, image, &w.at("backbone"), config.backbone)?;
    let mut stages = Vec::new();
    stages.extend(maps.iter().enumerate().map(|(i, &map)| (format!("layer{i}"), map)));
    let levels = levels(g, &maps[maps.len() - 3..], &w.at("fpn"), config.features)?;
    stages.extend(levels.iter().enumerate().map(|(i, &map)| (format!("level{i}"), map)));
    let protos = protos(g, levels[0], &w.at("proto_net"), config)?;

    let w = w.at("prediction_layers").at(0);
    let (mut numbers, mut anchors) = ([Vec::new(), Vec::new(), Vec::new()], Table::default());
    for (&level, &scale) in levels.iter().zip(&config.anchors.scales) {
        let [_, height, width, _] = g.dims("head", level)?;
        anchors.extend([height, width], scale, config.anchors);
        for (all, of_level) in numbers.iter_mut().zip(head(g, level, &w, config)?) {
            all.push(of_level);
        }
    }
    let [places, scores, coefficients] = numbers;
    let places = g.concat(&places, 1)?;
    let (scores, coefficients) = (g.concat(&scores, 1)?, g.concat(&coefficients, 1)?);
    Ok(Network {
        boxes: anchors.decode(g, places)?,
        scores: g.softmax(scores),
        coefficients: g.activation(coefficients, Activation::Tanh),
        protos,
        stages,
    })
}

/// The pyramid: three maps, finest first, to five, each half the size of the one before.
///
/// The checkpoint counts its layers from the coarsest map.
fn levels(g: &mut Graph, maps: &[Value], w: &Weights, features: usize) -> Result<Vec<Value>> {
    let mut levels = Vec::new();
    let mut coarser = None;
    for (i, &map) in maps.iter().rev().enumerate() {
        let mut x = g.conv(map, &w.at("lat_layers").at(i), features, Conv::k(1))?;
        if let Some(coarser) = coarser {
            let [_, height, width, _] = g.dims("pyramid", x)?;
            let larger = g.resize_bilinear(coarser, [height, width])?;
            x = g.add(larger, x)?;
        }
        coarser = Some(x);
        let level = g.conv(x, &w.at("pred_layers").at(i), features, Conv::same(3))?;
        levels.insert(0, g.relu(level));
    }
    for i in 0..2 {
        let last = levels[levels.len() - 1];
        let halved = Conv::same(3).stride(2);
        levels.push(g.conv(last, &w.at("downsample_layers").at(i), features, halved)?);
    }
    Ok(levels)
}

/// The finest level to `[n, 2 h, 2 w, coefficients]`. Layers have the numbers of a sequence that counts activations too.
fn protos(g: &mut Graph, level: Value, w: &Weights, config: &Config) -> Result<Value> {
    let mut x = level;
    for layer in [0, 2, 4] {
        x = g.conv(x, &w.at(layer), config.features, Conv::same(3))?;
        x = g.relu(x);
    }
    let [_, height, width, _] = g.dims("prototypes", x)?;
    let x = g.resize_bilinear(x, [2 * height, 2 * width])?;
    let x = g.conv(x, &w.at(8), config.features, Conv::same(3))?;
    let x = g.relu(x);
    let x = g.conv(x, &w.at(10), config.coefficients, Conv::k(1))?;
    Ok(g.relu(x))
}

/// What the head says of a level's anchors, `[n, h * w * 3, _]`: boxes, classes, coefficients. All levels share it.
fn head(g: &mut Graph, x: Value, w: &Weights, config: &Config) -> Result<[Value; 3]> {
    let [n, height, width, _] = g.dims("head", x)?;
    let x = g.conv(x, &w.at("upfeature").at(0), config.features, Conv::same(3))?;
    let x = g.relu(x);
    let mut part = |name: &str, numbers: usize| {
        let anchors = RATIOS.len();
        let x = g.conv(x, &w.at(name), anchors * numbers, Conv::same(3))?;
        g.reshape(x, &[n, height * width * anchors, numbers])
    };
    Ok([
        part("bbox_layer", 4)?,
        part("conf_layer", 1 + config.classes)?,
        part("mask_layer", config.coefficients)?,
    ])
}

/// Anchors in parts of the picture: centres and sides.
#[derive(Default)]
struct Table {
    centres: Vec<f32>,
    sides: Vec<f32>,
}

impl Table {
    /// Adds the anchors of a level.
    fn extend(&mut self, [height, width]: [usize; 2], scale: f32, anchors: Anchors) {
        let part = |i: usize, of: usize| ((i as f64 + 0.5) / of as f64) as f32;
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            for ratio in RATIOS {
                let ratio = f64::from(ratio).sqrt();
                let side = |factor: f64| (f64::from(scale) * factor / anchors.side as f64) as f32;
                let wide = side(ratio);
                let high = if anchors.square { wide } else { side(1.0 / ratio) };
                self.centres.extend([part(x, width), part(y, height)]);
                self.sides.extend([wide, high]);
            }
        }
    }

    /// Corrections `[n, anchors, 4]` to boxes.
    fn decode(self, g: &mut Graph, corrections: Value) -> Result<Value> {
        let shape = [1, self.centres.len() / 2, 2];
        let (centres, sides) = (g.table(&shape, self.centres)?, g.table(&shape, self.sides)?);
        let parts = g.split(corrections, 2, &[2, 2])?;
        let moved = g.scale(parts[0], VARIANCES[0])?;
        let moved = g.mul(moved, sides)?;
        let centres = g.add(moved, centres)?;
        let grown = g.scale(parts[1], VARIANCES[1])?;
        let grown = g.exp(grown);
        let sides = g.mul(grown, sides)?;
        g.concat(&[centres, sides], 2)
    }
}
