//! Sizes of YOLO-NAS networks.

/// A network's sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Channels after the stem.
    pub stem: usize,
    /// The stages of the backbone, each of half the size of the one before.
    pub stages: [Csp; 4],
    /// Channels after the pooling pyramid.
    pub context: usize,
    /// The stages of the neck: two up, two down.
    pub neck: [Csp; 4],
    /// Channels inside the heads.
    pub heads: [usize; 3],
    /// Bins of a side's distribution.
    pub bins: usize,
    /// Number of classes.
    pub classes: usize,
}

/// A cross-stage block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Csp {
    /// Channels that come out.
    pub out: usize,
    /// Channels of its bottlenecks.
    pub hidden: usize,
    /// How many bottlenecks.
    pub depth: usize,
    /// Whether what goes into each bottleneck is joined too, or only what comes out of the last.
    pub joined: bool,
}

const fn csp(out: usize, hidden: usize, depth: usize) -> Csp {
    Csp { out, hidden, depth, joined: false }
}

const fn joined(out: usize, hidden: usize, depth: usize) -> Csp {
    Csp { out, hidden, depth, joined: true }
}

/// Published sizes, for the classes of COCO.
const VARIANTS: [(&str, Config); 3] = [
    (
        "yolonas-s",
        Config {
            stem: 48,
            stages: [csp(96, 32, 2), csp(192, 64, 3), csp(384, 96, 5), csp(768, 192, 2)],
            context: 768,
            neck: [csp(192, 64, 2), csp(96, 48, 2), csp(192, 64, 2), csp(384, 64, 2)],
            heads: [64, 128, 256],
            bins: 17,
            classes: 80,
        },
    ),
    (
        "yolonas-m",
        Config {
            stem: 48,
            stages: [joined(96, 64, 2), joined(192, 128, 3), joined(384, 256, 5), csp(768, 384, 2)],
            context: 768,
            neck: [csp(192, 192, 2), csp(96, 64, 3), csp(192, 192, 2), csp(384, 256, 3)],
            heads: [96, 192, 384],
            bins: 17,
            classes: 80,
        },
    ),
    (
        "yolonas-l",
        Config {
            stem: 48,
            stages: [
                joined(96, 96, 2),
                joined(192, 128, 3),
                joined(384, 256, 5),
                joined(768, 512, 2),
            ],
            context: 768,
            neck: [csp(192, 128, 4), csp(96, 128, 4), csp(192, 128, 4), csp(384, 256, 4)],
            heads: [128, 256, 512],
            bins: 17,
            classes: 80,
        },
    ),
];

impl Config {
    /// A published network by name, for so many classes.
    pub fn find(name: &str, classes: usize) -> Option<Config> {
        let (_, config) = VARIANTS.iter().find(|(known, _)| *known == name)?;
        Some(Config { classes, ..config.clone() })
    }

    /// The name of the published network of these sizes; `yolonas` for others.
    pub fn name(&self) -> &'static str {
        let same = |known: &Config| Config { classes: self.classes, ..known.clone() } == *self;
        VARIANTS.iter().find(|(_, known)| same(known)).map_or("yolonas", |(name, _)| name)
    }

    /// The sizes that tensors show, `shape` giving their extents; what is missing or different where they do not.
    pub(super) fn infer(shape: impl Fn(&str) -> Option<Vec<usize>>) -> Result<Config, String> {
        let tensor = |name: String| match shape(&name) {
            Some(extents) if extents.len() == 4 => Ok([extents[0], extents[1]]),
            Some(extents) => Err(format!("`{name}` has the shape {extents:?}")),
            None => Err(format!("there is no `{name}`")),
        };
        let stage = |place: &str| csp_at(&tensor, place);
        let stem = ["branch_3x3.conv", "rbr_reparam"]
            .map(|part| tensor(format!("backbone.stem.conv.{part}.weight")));
        let [trained, fused] = stem;
        let [stem, 3] = trained.or(fused)? else {
            return Err("its pictures do not have three channels".to_owned());
        };
        let [context, pyramid] = tensor("backbone.context_module.cv2.conv.weight".to_owned())?;
        let [pooled, _] = tensor("backbone.context_module.cv1.conv.weight".to_owned())?;
        if pyramid != 4 * pooled {
            return Err(format!("its pyramid joins {pyramid} channels, not four times {pooled}"));
        }
        if tensor("heads.head1.cls_convs.1.seq.conv.weight".to_owned()).is_ok() {
            return Err("its heads have more than one convolution a branch".to_owned());
        }
        let head = |i: usize| tensor(format!("heads.head{i}.cls_pred.weight"));
        let [[classes, first], [_, second], [_, third]] = [head(1)?, head(2)?, head(3)?];
        let [sides, _] = tensor("heads.head1.reg_pred.weight".to_owned())?;
        Ok(Config {
            stem,
            stages: [
                stage("backbone.stage1")?,
                stage("backbone.stage2")?,
                stage("backbone.stage3")?,
                stage("backbone.stage4")?,
            ],
            context,
            neck: [
                stage("neck.neck1")?,
                stage("neck.neck2")?,
                stage("neck.neck3")?,
                stage("neck.neck4")?,
            ],
            heads: [first, second, third],
            bins: sides / 4,
            classes,
        })
    }
}

fn csp_at(
    tensor: &impl Fn(String) -> Result<[usize; 2], String>,
    place: &str,
) -> Result<Csp, String> {
    let conv = |part: &str| tensor(format!("{place}.blocks.{part}.conv.weight"));
    let ([hidden, _], [out, all]) = (conv("conv1")?, conv("conv3")?);
    let block = |i: &usize| {
        let parts = ["cv1.conv", "cv1.branch_3x3.conv", "cv1.rbr_reparam"];
        parts
            .iter()
            .any(|part| tensor(format!("{place}.blocks.bottlenecks.{i}.{part}.weight")).is_ok())
    };
    let depth = (0..64).take_while(block).count();
    match all.checked_div(hidden) {
        Some(2) => Ok(Csp { out, hidden, depth, joined: false }),
        Some(maps) if maps == 2 + depth => Ok(Csp { out, hidden, depth, joined: true }),
        _ => Err(format!("{place} joins {all} channels of {depth} blocks of {hidden}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_have_their_names() {
        for (name, config) in &VARIANTS {
            assert_eq!(config.name(), *name);
            assert_eq!(Config::find(name, 3).unwrap().name(), *name);
        }
        let other = Config { stem: 32, ..VARIANTS[0].1.clone() };
        assert_eq!(other.name(), "yolonas");
    }

    #[test]
    fn other_tensors_show_nothing() {
        assert!(Config::infer(|_| None).is_err());
        assert!(Config::infer(|_| Some(vec![4, 3])).is_err());
        assert!(Config::infer(|_| Some(vec![0, 3, 1, 1])).is_err());
    }
}
