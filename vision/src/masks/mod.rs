//! Instance masks at the size of the original picture: bitmaps, and COCO run lengths.

mod bitmap;
mod codec;
mod rle;

pub use bitmap::BitMask;
pub(crate) use bitmap::Runs;
pub use rle::Rle;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How instance masks are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskFormat {
    /// One bit a pixel.
    #[default]
    Dense,
    /// COCO run lengths: what annotation files hold, and a hundredth of the memory.
    Rle,
}

/// The masks of a picture's instances, all in one format.
///
/// In JSON they are always COCO run lengths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Masks {
    /// Bitmaps.
    Dense(Vec<BitMask>),
    /// Run lengths.
    Rle(Vec<Rle>),
}

impl Masks {
    /// No masks, in the given format.
    pub fn empty(format: MaskFormat) -> Self {
        Self::from_rle(Vec::new(), format)
    }

    /// Masks in the given format, made from run lengths.
    pub fn from_rle(masks: Vec<Rle>, format: MaskFormat) -> Self {
        match format {
            MaskFormat::Dense => Self::Dense(masks.iter().map(Rle::to_bitmap).collect()),
            MaskFormat::Rle => Self::Rle(masks),
        }
    }

    /// The number of masks.
    pub fn len(&self) -> usize {
        match self {
            Self::Dense(masks) => masks.len(),
            Self::Rle(masks) => masks.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Mask `index` as run lengths, if there is one.
    pub fn rle(&self, index: usize) -> Option<Rle> {
        match self {
            Self::Dense(masks) => masks.get(index).map(BitMask::to_rle),
            Self::Rle(masks) => masks.get(index).cloned(),
        }
    }

    /// Mask `index` as a bitmap, if there is one.
    pub fn bitmap(&self, index: usize) -> Option<BitMask> {
        match self {
            Self::Dense(masks) => masks.get(index).cloned(),
            Self::Rle(masks) => masks.get(index).map(Rle::to_bitmap),
        }
    }

    /// All masks as run lengths.
    pub fn to_rle(&self) -> Vec<Rle> {
        match self {
            Self::Dense(masks) => masks.iter().map(BitMask::to_rle).collect(),
            Self::Rle(masks) => masks.clone(),
        }
    }
}

impl Default for Masks {
    fn default() -> Self {
        Self::Dense(Vec::new())
    }
}

impl Serialize for Masks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.to_rle())
    }
}

impl<'de> Deserialize<'de> for Masks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::Rle)
    }
}

#[cfg(test)]
mod tests;
