//! The sizes there are.

use ocelli_converters::StateDict;

/// What a stage is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Two 3x3 convolutions.
    Basic,
    /// 1x1, 3x3, 1x1, the last with four times the channels of a basic block.
    Bottleneck,
}

/// A residual network's sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What the stages are made of.
    pub block: Block,
    /// Blocks of each stage.
    pub depths: [usize; 4],
    /// Groups of the 3x3 convolutions.
    pub groups: usize,
    /// Channels of the 3x3 convolutions in the first stage; each stage has twice those of the one before.
    pub width: usize,
    /// Classes.
    pub classes: usize,
}

/// A row of [`VARIANTS`].
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Its name in torchvision and timm.
    pub name: &'static str,
    block: Block,
    depths: [usize; 4],
    groups: usize,
    width: usize,
}

/// A row of plain residual networks.
const fn plain(name: &'static str, block: Block, depths: [usize; 4]) -> Variant {
    Variant { name, block, depths, groups: 1, width: 64 }
}

/// A row of networks that are wider, or whose 3x3 convolutions have groups.
const fn wide(name: &'static str, depths: [usize; 4], groups: usize, width: usize) -> Variant {
    Variant { name, block: Block::Bottleneck, depths, groups, width }
}

/// All variants that have a name.
#[rustfmt::skip]
pub const VARIANTS: &[Variant] = &[
    plain("resnet18", Block::Basic, [2, 2, 2, 2]),
    plain("resnet26", Block::Bottleneck, [2, 2, 2, 2]),
    plain("resnet34", Block::Basic, [3, 4, 6, 3]),
    plain("resnet50", Block::Bottleneck, [3, 4, 6, 3]),
    plain("resnet101", Block::Bottleneck, [3, 4, 23, 3]),
    plain("resnet152", Block::Bottleneck, [3, 8, 36, 3]),
    plain("resnet200", Block::Bottleneck, [3, 24, 36, 3]),
    wide("resnext50_32x4d", [3, 4, 6, 3], 32, 128),
    wide("resnext101_32x4d", [3, 4, 23, 3], 32, 128),
    wide("resnext101_32x8d", [3, 4, 23, 3], 32, 256),
    wide("resnext101_64x4d", [3, 4, 23, 3], 64, 256),
    wide("wide_resnet50_2", [3, 4, 6, 3], 1, 128),
    wide("wide_resnet101_2", [3, 4, 23, 3], 1, 128),
];

impl Variant {
    /// The row of a name; a tag of timm's behind a dot (`resnet50.a1_in1k`) does not count.
    pub fn find(name: &str) -> Option<&'static Variant> {
        let name = name.split_once('.').map_or(name, |(name, _)| name);
        VARIANTS.iter().find(|row| row.name == name)
    }

    /// The row with `classes` classes.
    pub fn config(&self, classes: usize) -> Config {
        let Variant { block, depths, groups, width, .. } = *self;
        Config { block, depths, groups, width, classes }
    }
}

impl Config {
    /// The sizes that the tensors of a checkpoint in torchvision's names show; nothing if it holds no such network.
    pub fn infer(weights: &StateDict) -> Option<Config> {
        let shape = |name: &str| weights.get(name).map(ocelli_converters::Tensor::shape);
        let &[64, 3, 7, 7] = shape("conv1.weight")? else { return None };
        let &[classes, _] = shape("fc.weight")? else { return None };
        let deep = weights.contains("layer1.0.conv3.weight");
        let block = if deep { Block::Bottleneck } else { Block::Basic };
        let wide = if deep { "layer1.0.conv2.weight" } else { "layer1.0.conv1.weight" };
        let &[width, inner, 3, 3] = shape(wide)? else { return None };
        let groups = width.checked_div(inner).filter(|groups| groups * inner == width)?;
        let depth = |stage: usize| {
            let has = |i: &usize| weights.contains(&format!("layer{stage}.{i}.conv1.weight"));
            (0..weights.len()).take_while(has).count()
        };
        let depths = [depth(1), depth(2), depth(3), depth(4)];
        let whole = !depths.contains(&0);
        whole.then_some(Config { block, depths, groups, width, classes })
    }

    /// Channels after the stage `i`, counted from 0.
    pub fn channels(&self, i: usize) -> usize {
        let basic = 64 << i;
        if self.block == Block::Basic { basic } else { 4 * basic }
    }

    /// The name of the row with these sizes, else `resnet` and the number of layers.
    pub fn name(&self) -> String {
        let same = |row: &&Variant| row.config(self.classes) == *self;
        if let Some(row) = VARIANTS.iter().find(same) {
            return row.name.to_owned();
        }
        let each = if self.block == Block::Basic { 2 } else { 3 };
        format!("resnet{}", 2 + each * self.depths.iter().sum::<usize>())
    }
}
