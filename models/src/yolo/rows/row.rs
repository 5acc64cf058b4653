//! A line of a layer list, as data.

use crate::yolo::spec::{Arg, Layer};

/// A line of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    from: &'static [isize],
    repeats: usize,
    module: &'static str,
    args: [Word; WORDS],
}

/// The most arguments.
const WORDS: usize = 5;

/// An argument of a module.
#[derive(Clone, Copy, Debug)]
pub(super) enum Word {
    /// A whole number.
    N(isize),
    /// Another number.
    F(f64),
    Yes,
    No,
    Nothing,
    Name(&'static str),
    /// Whole numbers.
    List(&'static [isize]),
    /// Pairs for each of several maps.
    Lists(&'static [&'static [isize]]),
    /// No argument here and after.
    End,
}

use Word::{End, F, Lists, N, Name, No, Nothing, Yes};

/// A module on the layer before.
pub(super) const fn row<const K: usize>(
    module: &'static str,
    repeats: usize,
    args: [Word; K],
) -> Row {
    let mut all = [End; WORDS];
    let mut i = 0;
    while i < K {
        all[i] = args[i];
        i += 1;
    }
    Row { from: &[-1], repeats, module, args: all }
}

/// `Conv` with a kernel of side `k` and stride `s`.
pub(super) const fn conv(c: isize, k: isize, s: isize) -> Row {
    row("Conv", 1, [N(c), N(k), N(s)])
}

/// The 3 x 3 `Conv` of stride 2.
pub(super) const fn down(c: isize) -> Row {
    conv(c, 3, 2)
}

/// Blocks whose one argument beside the channels is whether they have shortcuts.
pub(super) const fn shortcuts(module: &'static str, repeats: usize, c: isize) -> Row {
    row(module, repeats, [N(c), Yes])
}

/// The same, without shortcuts.
pub(super) const fn straight(module: &'static str, repeats: usize, c: isize) -> Row {
    row(module, repeats, [N(c), No])
}

/// Blocks without further arguments.
pub(super) const fn blocks(module: &'static str, repeats: usize, c: isize) -> Row {
    row(module, repeats, [N(c)])
}

/// `C3k2` of two blocks; `nested` ones have three convolutions each.
pub(super) const fn c3k2(c: isize, nested: bool) -> Row {
    row("C3k2", 2, [N(c), if nested { Yes } else { No }])
}

/// `C3k2` with a quarter of the channels inside.
pub(super) const fn slim_c3k2(c: isize) -> Row {
    row("C3k2", 2, [N(c), No, F(0.25)])
}

/// `SPPF` with windows of side 5.
pub(super) const fn sppf(c: isize) -> Row {
    row("SPPF", 1, [N(c), N(5)])
}

/// Twice the size, each pixel repeated.
pub(super) const UPSAMPLE: Row = row("Upsample", 1, [Nothing, N(2), Name("nearest")]);

/// Maps side by side.
pub(super) const CONCAT: Row = row("Concat", 1, [N(1)]);

/// A head whose one argument is the number of classes.
pub(super) const fn head(module: &'static str) -> Row {
    row(module, 1, [Name("nc")])
}

/// A head of masks: 32 coefficients, prototypes made of 256 channels.
pub(super) const fn masks(module: &'static str) -> Row {
    row(module, 1, [Name("nc"), N(32), N(256)])
}

/// A head of key points.
pub(super) const fn pose(module: &'static str) -> Row {
    row(module, 1, [Name("nc"), Name("kpt_shape")])
}

/// A head of boxes with one angle.
pub(super) const fn oriented(module: &'static str) -> Row {
    row(module, 1, [Name("nc"), N(1)])
}

/// A head of the `yolov5` repository, with the widths and heights of its anchors by map.
pub(super) const fn anchored(anchors: &'static [&'static [isize]]) -> Row {
    row("AnchorDetect", 1, [Name("nc"), Lists(anchors)])
}

/// The same, with masks.
pub(super) const fn anchored_masks(anchors: &'static [&'static [isize]]) -> Row {
    row("AnchorSegment", 1, [Name("nc"), Lists(anchors), N(32), N(256)])
}

impl Row {
    /// The same on other layers.
    pub(super) const fn of(self, from: &'static [isize]) -> Row {
        Row { from, ..self }
    }

    /// As a layer.
    pub(super) fn layer(&self) -> Layer {
        Layer {
            from: self.from.to_vec(),
            repeats: self.repeats,
            module: self.module.to_owned(),
            args: self.args.iter().filter_map(|word| word.arg()).collect(),
        }
    }
}

impl Word {
    fn arg(self) -> Option<Arg> {
        let list = |numbers: &[isize]| {
            Arg::List(numbers.iter().map(|&number| Arg::Number(number as f64)).collect())
        };
        Some(match self {
            N(number) => Arg::Number(number as f64),
            F(number) => Arg::Number(number),
            Yes => Arg::Bool(true),
            No => Arg::Bool(false),
            Nothing => Arg::None,
            Name(name) => Arg::Text(name.to_owned()),
            Word::List(numbers) => list(numbers),
            Lists(lists) => Arg::List(lists.iter().map(|numbers| list(numbers)).collect()),
            End => return None,
        })
    }
}
