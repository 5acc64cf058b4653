//! The path down and up a pyramid of maps that lies between a backbone and a head.

use super::row::{CONCAT, Row, UPSAMPLE};
use crate::yolo::spec::Layer;

/// From the coarsest map to the finest, each joined with one of the backbone's, and back, each joined with one of those.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neck {
    /// The backbone's layers that are joined, coarse to fine.
    pub(super) laterals: &'static [isize],
    /// What makes a map larger, by level; nothing for the usual.
    pub(super) grow: &'static [Row],
    /// What stands before that, by level, and is joined on the way back; nothing where the map itself is.
    pub(super) reduce: &'static [Row],
    /// What follows the joined maps, coarse to fine.
    pub(super) up: &'static [&'static [Row]],
    /// What makes a map smaller, and what follows the joined maps, fine to coarse.
    pub(super) down: &'static [(Row, &'static [Row])],
}

/// A neck without layers of its own between blocks.
pub(super) const fn neck(
    laterals: &'static [isize],
    up: &'static [&'static [Row]],
    down: &'static [(Row, &'static [Row])],
) -> Neck {
    Neck { laterals, grow: &[], reduce: &[], up, down }
}

impl Neck {
    /// Appends the neck to a backbone; the layers that the head looks at.
    pub(super) fn append(&self, layers: &mut Vec<Layer>) -> Vec<isize> {
        let mut push = |row: &Row, other: Option<isize>| {
            let mut layer = row.layer();
            layer.from.extend(other);
            layers.push(layer);
            layers.len() as isize - 1
        };
        let mut fine = Vec::new();
        let mut coarse = Vec::new();
        for (level, (&lateral, blocks)) in self.laterals.iter().zip(self.up).enumerate() {
            let grow = self.grow.get(level).unwrap_or(&UPSAMPLE);
            coarse.push(match self.reduce.get(level) {
                Some(reduce) => {
                    let reduced = push(reduce, None);
                    push(grow, None);
                    reduced
                }
                None => push(grow, None) - 1,
            });
            fine.push(push(&CONCAT, Some(lateral)));
            for block in *blocks {
                let at = push(block, None);
                fine[level] = at;
            }
        }
        if self.down.is_empty() {
            fine.reverse();
            return fine;
        }
        let mut taps = vec![fine[fine.len() - 1]];
        for ((shrink, blocks), &other) in self.down.iter().zip(coarse.iter().rev()) {
            push(shrink, None);
            let mut last = push(&CONCAT, Some(other));
            for block in *blocks {
                last = push(block, None);
            }
            taps.push(last);
        }
        taps
    }
}
