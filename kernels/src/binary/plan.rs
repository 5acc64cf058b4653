//! How two operands meet.

/// Dimensions that a plan can have.
pub const MAX_RANK: usize = 8;

/// Two shapes that cannot be broadcast to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroadcastError {
    a: Vec<usize>,
    b: Vec<usize>,
}

impl std::fmt::Display for BroadcastError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "shapes {:?} and {:?} cannot be broadcast to one of rank {MAX_RANK} or less",
            self.a, self.b
        )
    }
}

impl std::error::Error for BroadcastError {}

/// One dimension of the walk and the step that each array takes in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dim {
    pub(super) extent: usize,
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) out: usize,
}

/// How two operands are walked to fill an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryPlan {
    dims: [Dim; MAX_RANK],
    rank: usize,
    shape: [usize; MAX_RANK],
    shape_rank: usize,
}

impl BinaryPlan {
    /// For dense row-major operands of these shapes and a dense output of their common shape.
    ///
    /// # Errors
    /// The extents of a dimension differ and neither is one, or there are more than [`MAX_RANK`] dimensions.
    pub fn new(a: &[usize], b: &[usize]) -> Result<BinaryPlan, BroadcastError> {
        let error = || BroadcastError { a: a.to_vec(), b: b.to_vec() };
        let rank = a.len().max(b.len());
        if rank > MAX_RANK {
            return Err(error());
        }
        let (ea, eb) = (aligned(a, rank), aligned(b, rank));
        let mut shape = [1; MAX_RANK];
        for i in 0..rank {
            shape[i] = match (ea[i], eb[i]) {
                (x, y) if x == y || y == 1 => x,
                (1, y) => y,
                _ => return Err(error()),
            };
        }
        let (sa, sb) = (dense_steps(&ea[..rank]), dense_steps(&eb[..rank]));
        let so = dense_steps(&shape[..rank]);
        Ok(BinaryPlan::of_steps(&shape[..rank], &sa[..rank], &sb[..rank], &so[..rank]))
    }

    /// For an output of `shape` where each array takes the given steps, in floats, per dimension; a step of zero
    /// repeats an operand. The steps of the output must not make two elements meet.
    ///
    /// # Panics
    /// When the lengths differ or exceed [`MAX_RANK`].
    pub fn of_steps(shape: &[usize], a: &[usize], b: &[usize], out: &[usize]) -> BinaryPlan {
        let rank = shape.len();
        assert!(rank <= MAX_RANK && [a.len(), b.len(), out.len()] == [rank; 3]);
        let mut plan = BinaryPlan {
            dims: [Dim { extent: 1, ..Dim::default() }; MAX_RANK],
            rank: 0,
            shape: [1; MAX_RANK],
            shape_rank: rank,
        };
        plan.shape[..rank].copy_from_slice(shape);
        for i in 0..rank {
            if shape[i] != 1 {
                plan.push(Dim { extent: shape[i], a: a[i], b: b[i], out: out[i] });
            }
        }
        plan
    }

    /// Adds an inner dimension, as part of the last one where the steps go on evenly.
    fn push(&mut self, dim: Dim) {
        if let Some(last) = self.rank.checked_sub(1).map(|i| &mut self.dims[i]) {
            let even = |outer, inner| outer == inner * dim.extent;
            if even(last.a, dim.a) && even(last.b, dim.b) && even(last.out, dim.out) {
                *last = Dim { extent: last.extent * dim.extent, ..dim };
                return;
            }
        }
        self.dims[self.rank] = dim;
        self.rank += 1;
    }

    /// The shape of the output.
    pub fn shape(&self) -> &[usize] {
        &self.shape[..self.shape_rank]
    }

    /// Whether every element of the first operand is used once, in the place of the output.
    pub fn allows_in_place(&self) -> bool {
        self.dims[..self.rank].iter().all(|d| d.a == d.out)
    }

    /// The dimensions around the last one, and the last one.
    pub(super) fn split(&self) -> (&[Dim], Dim) {
        match self.rank {
            0 => (&[], Dim { extent: 1, ..Dim::default() }),
            rank => (&self.dims[..rank - 1], self.dims[rank - 1]),
        }
    }

    /// How many floats of `a`, `b` and `out` are reached; zero where there is nothing to do.
    pub(super) fn reach(&self) -> [usize; 3] {
        let dims = &self.dims[..self.rank];
        if dims.iter().any(|d| d.extent == 0) {
            return [0; 3];
        }
        let reach = |step: fn(&Dim) -> usize| {
            dims.iter().map(|d| (d.extent - 1) * step(d)).sum::<usize>() + 1
        };
        [reach(|d| d.a), reach(|d| d.b), reach(|d| d.out)]
    }
}

/// `shape` with ones in front, `rank` extents in all.
fn aligned(shape: &[usize], rank: usize) -> [usize; MAX_RANK] {
    let mut out = [1; MAX_RANK];
    out[rank - shape.len()..rank].copy_from_slice(shape);
    out
}

/// The steps of a dense array; zero in dimensions of one element.
fn dense_steps(shape: &[usize]) -> [usize; MAX_RANK] {
    let mut steps = [0; MAX_RANK];
    let mut step = 1;
    for (i, &extent) in shape.iter().enumerate().rev() {
        steps[i] = if extent == 1 { 0 } else { step };
        step *= extent;
    }
    steps
}
