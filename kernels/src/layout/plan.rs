//! A walk, with the dimensions merged that can be walked as one.

/// The most dimensions that a walk can have.
pub(super) const MAX_RANK: usize = 8;

/// How each element of a result is found in an operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyPlan {
    /// Outermost first. There is always an innermost dimension.
    pub(super) dims: Vec<Dim>,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// One dimension: how often, and how far from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dim {
    pub(super) extent: usize,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl CopyPlan {
    /// A walk over `shape` that goes by `from` steps in the operand, starting at the offset `from_offset`, and by `to` steps in
    /// the result, starting at `to_offset`. Steps of zero in the operand repeat; the steps of the result must not make two
    /// elements meet.
    ///
    /// # Panics
    /// When the lengths differ or exceed eight.
    pub fn new(
        shape: &[usize],
        (from, from_offset): (&[usize], usize),
        (to, to_offset): (&[usize], usize),
    ) -> CopyPlan {
        assert!(shape.len() <= MAX_RANK && [from.len(), to.len()] == [shape.len(); 2]);
        let mut dims: Vec<Dim> = Vec::with_capacity(shape.len());
        for ((&extent, &from), &to) in shape.iter().zip(from).zip(to) {
            let inner = Dim { extent, from, to };
            match dims.last_mut() {
                _ if extent == 1 => {}
                Some(outer) if outer.from == from * extent && outer.to == to * extent => {
                    *outer = Dim { extent: outer.extent * extent, ..inner };
                }
                _ => dims.push(inner),
            }
        }
        if dims.is_empty() {
            dims.push(Dim { extent: 1, from: 1, to: 1 });
        }
        CopyPlan { dims, from: from_offset, to: to_offset }
    }

    /// The same walk in a result that begins where the plan's first element lies, `to_offset` further on.
    #[must_use]
    pub fn starting_at(mut self, to_offset: usize) -> CopyPlan {
        self.to = to_offset;
        self
    }

    /// Elements that are copied.
    pub fn elements(&self) -> usize {
        self.dims.iter().map(|dim| dim.extent).product()
    }

    /// Floats that the operand and the result have at the least.
    pub(super) fn reach(&self) -> [usize; 2] {
        if self.elements() == 0 {
            return [0, 0];
        }
        let last = |step: fn(&Dim) -> usize| -> usize {
            self.dims.iter().map(|dim| (dim.extent - 1) * step(dim)).sum()
        };
        [self.from + last(|d| d.from) + 1, self.to + last(|d| d.to) + 1]
    }
}

/// The steps of a dense array of the extents `shape`.
pub fn dense_steps(shape: &[usize]) -> Vec<usize> {
    let mut steps = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        steps[i - 1] = steps[i] * shape[i];
    }
    steps
}
