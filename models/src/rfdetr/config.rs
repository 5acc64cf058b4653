//! The variants of RF-DETR, and what one network of them is built from.

use ocelli_vision::Task;

use crate::blocks::dinov2::Dinov2;

/// The DINOv2 that a variant sees with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoder {
    /// ViT-S: 384 channels, 6 heads.
    Small,
    /// ViT-B: 768 channels, 12 heads.
    Base,
}

impl Encoder {
    /// Channels of a token.
    pub fn width(self) -> usize {
        match self {
            Encoder::Small => 384,
            Encoder::Base => 768,
        }
    }

    fn heads(self) -> usize {
        self.width() / 64
    }
}

/// What a variant answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Head {
    /// Boxes.
    Boxes,
    /// Boxes and a mask for each.
    Masks,
    /// Boxes and key points for each.
    KeyPoints,
    /// A class for every pixel.
    Semantic,
}

impl Head {
    /// The task in the words of packages.
    pub fn task(self) -> Task {
        match self {
            Head::Boxes => Task::ObjectDetection,
            Head::Masks => Task::InstanceSegmentation,
            Head::KeyPoints => Task::KeyPointDetection,
            Head::Semantic => Task::SemanticSegmentation,
        }
    }
}

/// A row of the table of sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variant {
    /// What follows `rfdetr-` in its id.
    pub name: &'static str,
    /// What it answers.
    pub head: Head,
    /// What it sees with.
    pub encoder: Encoder,
    /// Channels of the decoder.
    pub hidden: usize,
    /// Pixels a side of a patch.
    pub patch: usize,
    /// Attention windows a side of the image.
    pub windows: usize,
    /// Decoder layers, and blocks of the mask head.
    pub layers: usize,
    /// Sampling points a head and level.
    pub points: usize,
    /// Objects at most.
    pub queries: usize,
    /// The encoder's blocks after which feature maps are taken.
    pub features: [usize; 4],
    /// The maps the decoder looks at.
    pub levels: &'static [Level],
    /// Pixels a side of the input in training.
    pub resolution: usize,
    /// Side of the stored grid of position embeddings.
    pub position_grid: usize,
}

/// A map that the projector makes, by its size beside the encoder's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Twice as large.
    P3,
    /// As large.
    P4,
    /// Half as large.
    P5,
}

impl Level {
    /// The sides of the map for an encoder's map of `[h, w]`.
    pub fn size(self, [h, w]: [usize; 2]) -> [usize; 2] {
        match self {
            Level::P3 => [2 * h, 2 * w],
            Level::P4 => [h, w],
            Level::P5 => [h.div_ceil(2), w.div_ceil(2)],
        }
    }
}

const LATE: [usize; 4] = [3, 6, 9, 12];
const EARLY: [usize; 4] = [2, 5, 8, 11];
const P4: &[Level] = &[Level::P4];

/// The row that the others are told apart from.
const SMALL: Variant = Variant {
    name: "small",
    head: Head::Boxes,
    encoder: Encoder::Small,
    hidden: 256,
    patch: 16,
    windows: 2,
    layers: 3,
    points: 2,
    queries: 300,
    features: LATE,
    levels: P4,
    resolution: 512,
    position_grid: 32,
};

const PLUS: Variant =
    Variant { encoder: Encoder::Base, hidden: 512, patch: 20, layers: 5, points: 4, ..SMALL };
const SEG: Variant = Variant { head: Head::Masks, patch: 12, layers: 4, queries: 200, ..SMALL };
const SEM: Variant = Variant { head: Head::Semantic, patch: 12, layers: 1, ..SMALL };
const SEM_PLUS: Variant = Variant { head: Head::Semantic, windows: 1, layers: 1, ..PLUS };

const fn row(base: Variant, name: &'static str, resolution: usize) -> Variant {
    Variant { name, resolution, position_grid: resolution / base.patch, ..base }
}

/// All variants.
#[rustfmt::skip]
pub const VARIANTS: &[Variant] = &[
    row(Variant { layers: 2, ..SMALL }, "nano", 384),
    SMALL,
    Variant { name: "base", patch: 14, windows: 4, features: EARLY, resolution: 560, position_grid: 37, ..SMALL },
    row(Variant { layers: 4, ..SMALL }, "medium", 576),
    row(Variant { layers: 4, ..SMALL }, "large", 704),
    row(Variant { windows: 1, ..PLUS }, "xlarge", 700),
    row(PLUS, "2xlarge", 880),
    Variant { name: "large-deprecated", encoder: Encoder::Base, hidden: 384, patch: 14, windows: 4, points: 4,
        features: EARLY, levels: &[Level::P3, Level::P5], resolution: 560, position_grid: 37, ..SMALL },

    row(SEG, "seg-preview", 432),
    row(Variant { windows: 1, queries: 100, ..SEG }, "seg-nano", 312),
    row(Variant { queries: 100, ..SEG }, "seg-small", 384),
    row(Variant { layers: 5, ..SEG }, "seg-medium", 432),
    row(Variant { layers: 5, ..SEG }, "seg-large", 504),
    row(Variant { layers: 6, queries: 300, ..SEG }, "seg-xlarge", 624),
    row(Variant { layers: 6, queries: 300, ..SEG }, "seg-2xlarge", 768),

    row(Variant { head: Head::KeyPoints, queries: 100, ..SEG }, "keypoint-preview", 576),

    row(SEM, "sem-nano", 312),
    row(SEM, "sem-small", 384),
    row(SEM, "sem-medium", 432),
    row(SEM_PLUS, "sem-large", 500),
    row(Variant { layers: 2, ..SEM_PLUS }, "sem-xlarge", 560),
    row(Variant { layers: 2, ..SEM_PLUS }, "sem-2xlarge", 880),
];

impl Variant {
    /// The variant of an id with or without `rfdetr-`, also under its other spellings.
    pub fn find(id: &str) -> Option<&'static Variant> {
        let name = id.strip_prefix("rfdetr-").unwrap_or(id);
        let name = match name {
            "seg-xxlarge" => "seg-2xlarge",
            "xxlarge" => "2xlarge",
            "sem-xxlarge" => "sem-2xlarge",
            name => name,
        };
        VARIANTS.iter().find(|variant| variant.name == name)
    }

    /// `rfdetr-` and the name.
    pub fn id(&self) -> String {
        format!("rfdetr-{}", self.name)
    }

    /// What both sides of an input must be multiples of.
    pub fn divisor(&self) -> usize {
        self.patch * self.windows
    }
}

/// One network: a variant and what its checkpoint decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The sizes; the checkpoint may have changed queries and the position grid.
    pub variant: Variant,
    /// Columns of the logits.
    pub classes: usize,
    /// Groups of queries in training, of which the first is used.
    pub groups: usize,
    /// Key points of each class; empty for other heads.
    pub keypoints: Vec<usize>,
}

impl Config {
    /// A variant as it was published, for `classes` columns of logits.
    pub fn new(variant: &Variant, classes: usize) -> Config {
        let keypoints = if variant.head == Head::KeyPoints { vec![17] } else { vec![] };
        Config { variant: *variant, classes, groups: 13, keypoints }
    }

    pub(crate) fn encoder(&self) -> Dinov2<'_> {
        let Variant { encoder, patch, position_grid, windows, .. } = self.variant;
        let (width, heads) = (encoder.width(), encoder.heads());
        let features = &self.variant.features;
        Dinov2 { width, heads, patch, position_grid, windows, features }
    }

    /// Heads of the decoder's self-attention.
    pub(crate) fn self_heads(&self) -> usize {
        self.variant.hidden / 32
    }

    /// Heads of the decoder's deformable attention.
    pub(crate) fn cross_heads(&self) -> usize {
        self.variant.hidden / 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sides_divide() {
        for (i, variant) in VARIANTS.iter().enumerate() {
            let same = VARIANTS.iter().position(|other| other.name == variant.name);
            assert_eq!(same, Some(i), "{}", variant.name);
            assert_eq!(variant.resolution % variant.divisor(), 0, "{}", variant.name);
        }
    }

    #[test]
    fn ids_find_their_row() {
        let cases = [("rfdetr-nano", "nano"), ("seg-xxlarge", "seg-2xlarge"), ("base", "base")];
        for (id, name) in cases {
            assert_eq!(Variant::find(id).map(|v| v.name), Some(name));
        }
        assert!(Variant::find("rfdetr-huge").is_none());
    }
}
