//! Sizes of YOLACT networks.

/// A network's sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What finds features.
    pub backbone: Backbone,
    /// Channels of the pyramid, the prototypes' network and the head.
    pub features: usize,
    /// How large anchors are.
    pub anchors: Anchors,
    /// Prototypes of a mask.
    pub coefficients: usize,
    /// Number of classes, without the background.
    pub classes: usize,
}

/// A backbone, by the blocks of its stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backbone {
    /// A residual network of bottlenecks.
    ResNet([usize; 4]),
    /// That of YOLO's third version.
    DarkNet([usize; 5]),
}

/// Anchors: three at each place, as wide as high, half and twice as wide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchors {
    /// The side of a square one at each level, in pixels of a picture of `side`.
    pub scales: [f32; 5],
    /// The side of pictures in training.
    pub side: usize,
    /// Whether all are as high as they are wide.
    pub square: bool,
}

const BASE: Anchors = Anchors { scales: [24.0, 48.0, 96.0, 192.0, 384.0], side: 550, square: true };
const RESNET50: Backbone = Backbone::ResNet([3, 4, 6, 3]);
const RESNET101: Backbone = Backbone::ResNet([3, 4, 23, 3]);
const DARKNET53: Backbone = Backbone::DarkNet([1, 2, 8, 8, 4]);

/// Published networks; of those with one backbone the first is taken, unless another is asked for.
const VARIANTS: [(&str, Backbone, Anchors); 6] = [
    ("yolact-base", RESNET101, BASE),
    (
        "yolact-im400",
        RESNET101,
        Anchors { scales: [17.0, 34.0, 69.0, 139.0, 279.0], side: 400, square: true },
    ),
    (
        "yolact-im700",
        RESNET101,
        Anchors { scales: [30.0, 61.0, 122.0, 244.0, 488.0], side: 700, square: true },
    ),
    ("yolact-resnet50", RESNET50, BASE),
    ("yolact-darknet53", DARKNET53, BASE),
    (
        "yolact-resnet50-pascal",
        RESNET50,
        Anchors { scales: [32.0, 64.0, 128.0, 256.0, 512.0], side: 550, square: false },
    ),
];

impl Config {
    /// A published network by name, for so many classes.
    pub fn find(name: &str, classes: usize) -> Option<Config> {
        let &(_, backbone, anchors) = VARIANTS.iter().find(|(known, ..)| *known == name)?;
        Some(Config { backbone, features: 256, anchors, coefficients: 32, classes })
    }

    /// The name of the published network with this backbone and these anchors; `yolact` for others.
    pub fn name(&self) -> &'static str {
        let same =
            |row: &&(&str, Backbone, Anchors)| row.1 == self.backbone && row.2 == self.anchors;
        VARIANTS.iter().find(same).map_or("yolact", |row| row.0)
    }

    /// The sizes that tensors show, `shape` giving their extents, with the anchors of the variant that is `said`, else of
    /// the first with this backbone; what is missing or different where they show none.
    pub(super) fn infer(
        said: Option<&str>,
        shape: impl Fn(&str) -> Option<Vec<usize>>,
    ) -> Result<Config, String> {
        let out = |name: &str| match shape(name).as_deref() {
            Some(&[out, ..]) => Ok(out),
            _ => Err(format!("there is no `{name}`")),
        };
        let blocks = |stage: usize, first: usize, part: &str| {
            let block = |i: &usize| {
                shape(&format!("backbone.layers.{stage}.{}.{part}.weight", first + i)).is_some()
            };
            (0..256).take_while(block).count()
        };
        let backbone = if shape("backbone._preconv.0.weight").is_some() {
            Backbone::DarkNet(std::array::from_fn(|stage| blocks(stage, 1, "conv1.0")))
        } else {
            Backbone::ResNet(std::array::from_fn(|stage| blocks(stage, 0, "conv1")))
        };
        let head = |part: &str| out(&format!("prediction_layers.0.{part}_layer.weight"));
        let (sides, scores, coefficients) = (head("bbox")?, head("conf")?, head("mask")?);
        if sides != 12 || scores % 3 != 0 || scores < 6 || coefficients % 3 != 0 {
            return Err(format!(
                "its head has {sides}, {scores} and {coefficients} numbers, not those of three anchors"
            ));
        }
        let known = VARIANTS.iter().filter(|row| row.1 == backbone);
        let anchors =
            known.clone().find(|row| Some(row.0) == said).or_else(|| known.clone().next());
        Ok(Config {
            backbone,
            features: out("fpn.lat_layers.0.weight")?,
            anchors: anchors.map_or(BASE, |row| row.2),
            coefficients: coefficients / 3,
            classes: scores / 3 - 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_have_their_names() {
        for (name, ..) in VARIANTS {
            assert_eq!(Config::find(name, 3).unwrap().name(), name);
        }
    }

    #[test]
    fn other_tensors_show_nothing() {
        assert!(Config::infer(None, |_| None).is_err());
        assert!(Config::infer(None, |_| Some(Vec::new())).is_err());
        assert!(Config::infer(None, |_| Some(vec![1])).is_err());
    }
}
