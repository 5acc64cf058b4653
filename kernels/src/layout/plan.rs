//! How an input is walked to fill an output.

/// Dimensions that a plan can have.
pub const MAX_RANK: usize = 12;

/// A copy that its extents do not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutError(pub(super) String);

impl std::fmt::Display for LayoutError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LayoutError {}

/// Where an array begins in a slice, and its steps, in elements, per dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strided {
    /// Index of the first element.
    pub offset: usize,
    /// Step per dimension; zero repeats, and a negative step walks backwards.
    pub steps: Vec<isize>,
}

impl Strided {
    /// A dense row-major array of `shape`.
    pub fn dense(shape: &[usize]) -> Strided {
        let mut steps = vec![0; shape.len()];
        let mut step = 1;
        for (own, &extent) in steps.iter_mut().zip(shape).rev() {
            *own = step;
            step *= extent.max(1) as isize;
        }
        Strided { offset: 0, steps }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dim {
    pub(super) extent: usize,
    pub(super) from: isize,
    pub(super) to: isize,
}

/// How an input is walked to fill an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyPlan {
    /// Without dimensions of one; the one with the smallest step of the output is last.
    pub(super) dims: Vec<Dim>,
    pub(super) offsets: [usize; 2],
    /// How long the slices must be.
    pub(super) reach: [usize; 2],
}

impl CopyPlan {
    /// `out[to.offset + i . to.steps] = x[from.offset + i . from.steps]` for every index `i` of `shape`.
    ///
    /// # Errors
    /// The number of steps is not that of extents, there are more than [`MAX_RANK`], a walk leaves its slice at the
    /// beginning, or the output is walked over an element twice.
    pub fn new(shape: &[usize], from: &Strided, to: &Strided) -> Result<CopyPlan, LayoutError> {
        if [from.steps.len(), to.steps.len()] != [shape.len(); 2] || shape.len() > MAX_RANK {
            return Err(LayoutError(format!("steps {from:?} to {to:?} for the shape {shape:?}")));
        }
        let empty = shape.contains(&0);
        let [ra, rb] = [from, to].map(|side| if empty { Some(0) } else { reach(shape, side) });
        let (Some(ra), Some(rb)) = (ra, rb) else {
            return Err(LayoutError(format!(
                "a walk of {shape:?} leaves its array: {from:?} to {to:?}"
            )));
        };
        let mut dims: Vec<Dim> = (0..shape.len())
            .map(|i| Dim { extent: shape[i], from: from.steps[i], to: to.steps[i] })
            .filter(|dim| dim.extent != 1)
            .collect();
        dims.sort_by_key(|dim| std::cmp::Reverse(dim.to.unsigned_abs()));
        if !empty && overlaps(&dims) {
            return Err(LayoutError(format!("{to:?} has elements of {shape:?} twice")));
        }
        merge(&mut dims);
        Ok(CopyPlan { dims, offsets: [from.offset, to.offset], reach: [ra, rb] })
    }

    /// A permutation: dimension `i` of the output is dimension `axes[i]` of the input; both are dense.
    ///
    /// # Errors
    /// `axes` is no permutation of the dimensions.
    pub fn transpose(shape: &[usize], axes: &[usize]) -> Result<CopyPlan, LayoutError> {
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..shape.len()) {
            return Err(LayoutError(format!(
                "{axes:?} is no permutation of the dimensions of {shape:?}"
            )));
        }
        let dense = Strided::dense(shape);
        let to: Vec<usize> = axes.iter().map(|&axis| shape[axis]).collect();
        let steps = axes.iter().map(|&axis| dense.steps[axis]).collect();
        CopyPlan::new(&to, &Strided { offset: 0, steps }, &Strided::dense(&to))
    }

    /// A dense array repeated to `to`: its extents must be one where they differ; dimensions may be added in front.
    ///
    /// # Errors
    /// The extents do not allow it.
    pub fn expand(shape: &[usize], to: &[usize]) -> Result<CopyPlan, LayoutError> {
        let error = || LayoutError(format!("{shape:?} cannot be expanded to {to:?}"));
        let added = to.len().checked_sub(shape.len()).ok_or_else(error)?;
        let mut steps = vec![0; added];
        for ((step, &own), &extent) in
            Strided::dense(shape).steps.into_iter().zip(shape).zip(&to[added..])
        {
            match own {
                _ if own == extent => steps.push(step),
                1 => steps.push(0),
                _ => return Err(error()),
            }
        }
        CopyPlan::new(to, &Strided { offset: 0, steps }, &Strided::dense(to))
    }

    /// A dense array laid out `repeats[i]` times along each dimension, as NumPy's `tile`.
    ///
    /// # Errors
    /// There is not one repeat per dimension.
    pub fn tile(shape: &[usize], repeats: &[usize]) -> Result<CopyPlan, LayoutError> {
        if repeats.len() != shape.len() {
            return Err(LayoutError(format!("{repeats:?} repeats of {shape:?}")));
        }
        let dense = Strided::dense(shape);
        let (mut extents, mut steps) = (Vec::new(), Vec::new());
        for i in 0..shape.len() {
            extents.extend([repeats[i], shape[i]]);
            steps.extend([0, dense.steps[i]]);
        }
        CopyPlan::new(&extents, &Strided { offset: 0, steps }, &Strided::dense(&extents))
    }

    /// The part of a dense array that begins at `starts`, takes `shape` elements and steps by `steps`, to a dense array.
    ///
    /// # Errors
    /// The part is not within the array.
    pub fn slice(
        array: &[usize],
        starts: &[usize],
        shape: &[usize],
        steps: &[isize],
    ) -> Result<CopyPlan, LayoutError> {
        let error = || {
            LayoutError(format!("{shape:?} from {starts:?} by {steps:?} is not within {array:?}"))
        };
        if [starts.len(), shape.len(), steps.len()] != [array.len(); 3] {
            return Err(error());
        }
        for i in 0..array.len() {
            let last = starts[i] as isize + (shape[i] as isize - 1) * steps[i];
            let inside = starts[i] < array[i] && last >= 0 && last < array[i] as isize;
            if shape[i] > 0 && !inside {
                return Err(error());
            }
        }
        let dense = Strided::dense(array).steps;
        let offset = dense.iter().zip(starts).map(|(&step, &start)| step as usize * start).sum();
        let steps = dense.iter().zip(steps).map(|(a, b)| a * b).collect();
        CopyPlan::new(shape, &Strided { offset, steps }, &Strided::dense(shape))
    }

    /// How long the input and the output must be.
    pub fn reach(&self) -> [usize; 2] {
        self.reach
    }
}

/// How long a slice must be for a walk, if it does not leave it at the beginning.
fn reach(shape: &[usize], side: &Strided) -> Option<usize> {
    let (mut low, mut high) = (side.offset as isize, side.offset as isize);
    for (&extent, &step) in shape.iter().zip(&side.steps) {
        let last = (extent as isize - 1).checked_mul(step)?;
        let end = if step < 0 { &mut low } else { &mut high };
        *end = end.checked_add(last)?;
    }
    (low >= 0).then_some(high as usize + 1)
}

/// Whether the output, its dimensions sorted, might be walked over an element twice.
fn overlaps(dims: &[Dim]) -> bool {
    let mut inner = 0;
    for dim in dims.iter().rev() {
        if dim.to.unsigned_abs() <= inner {
            return true;
        }
        inner += (dim.extent - 1) * dim.to.unsigned_abs();
    }
    false
}

/// Makes one of neighbouring dimensions in which both walks go on evenly.
fn merge(dims: &mut Vec<Dim>) {
    let mut merged: Vec<Dim> = Vec::with_capacity(dims.len());
    for &dim in dims.iter() {
        let extent = dim.extent as isize;
        match merged.last_mut() {
            Some(last) if last.from == dim.from * extent && last.to == dim.to * extent => {
                *last = Dim { extent: last.extent * dim.extent, ..dim };
            }
            _ => merged.push(dim),
        }
    }
    *dims = merged;
}
