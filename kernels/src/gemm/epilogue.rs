//! What is done to each sum before it is stored.

use crate::Factors;
use crate::activation::{Activation, apply};
use crate::simd::{Kernel, Simd};
use crate::vectors::{load_two, store_two};
use crate::view::Rows;

/// `y = act(sum + bias [+ residual]) [+ residual]`, `y` being written once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// One number per output column.
    pub bias: Option<&'a [f32]>,
    /// The function applied to each element.
    pub activation: Activation,
    /// What is added, shaped like the output.
    pub residual: Option<Residual<'a>>,
}

/// A second summand of the output.
#[derive(Clone, Copy, Debug)]
pub enum Residual<'a> {
    /// Rows elsewhere, as many as the output has, of numbers or of pairs.
    Rows {
        /// The summand.
        rows: Rows<'a>,
        /// Whether it is added before the activation, or after.
        before_activation: bool,
    },
    /// What the output holds before the call.
    InPlace {
        /// Whether it is added before the activation, or after.
        before_activation: bool,
    },
}

impl Epilogue<'_> {
    /// Only a bias.
    pub fn bias(bias: &[f32]) -> Epilogue<'_> {
        Epilogue { bias: Some(bias), ..Epilogue::default() }
    }

    /// Checks that bias and residual fit an output of `rows` by `columns` numbers.
    #[track_caller]
    pub(crate) fn check(&self, [rows, columns]: [usize; 2]) {
        if let Some(bias) = self.bias {
            assert_eq!(bias.len(), columns, "a bias has one number per output column");
        }
        if let Some(Residual::Rows { rows: residual, .. }) = self.residual {
            assert_eq!(residual.rows(), rows, "a residual has the rows of the output");
            residual.check_numbers(columns);
        }
    }

    /// The part that concerns the columns from `first` on.
    pub(crate) fn columns(&self, first: usize, count: usize) -> Self {
        let bias = self.bias.map(|bias| &bias[first..first + count]);
        let residual = self.residual.map(|residual| match residual {
            Residual::Rows { rows, before_activation } => {
                let first = rows.factors().floats(first);
                Residual::Rows { rows: rows.skip_columns(first), before_activation }
            }
            in_place @ Residual::InPlace { .. } => in_place,
        });
        Epilogue { bias, activation: self.activation, residual }
    }

    /// Whether nothing remains to be done once sums start from the bias and are cut off at [`Epilogue::floor`].
    pub(crate) fn is_plain(&self) -> bool {
        self.residual.is_none()
            && matches!(self.activation, Activation::Identity | Activation::Relu)
    }

    /// What is added to output row `row` from column `first` on, where `out` is written.
    #[inline(always)]
    pub(crate) fn residual_at(
        &self,
        row: usize,
        first: usize,
        out: *mut f32,
    ) -> Option<*const f32> {
        self.residual.map(|residual| match residual {
            Residual::InPlace { .. } => out.cast_const(),
            Residual::Rows { rows, .. } => {
                rows.data().wrapping_add(row * rows.ld() + rows.factors().floats(first))
            }
        })
    }

    /// What the floats of the residual are where the output is `written` so.
    pub(crate) fn residual_factors(&self, written: Factors) -> Factors {
        match self.residual {
            Some(Residual::Rows { rows, .. }) => rows.factors(),
            _ => written,
        }
    }

    /// Whether the residual, if any, is added before the activation.
    pub(crate) fn adds_before_activation(&self) -> bool {
        matches!(
            self.residual,
            Some(
                Residual::Rows { before_activation: true, .. }
                    | Residual::InPlace { before_activation: true }
            )
        )
    }

    /// The least value that a plain epilogue lets through.
    pub(crate) fn floor(&self) -> f32 {
        if self.activation == Activation::Relu { 0.0 } else { f32::NEG_INFINITY }
    }
}

/// Applies activation and residual to a tile of sums, `[rows][stride]`, and writes it out.
///
/// # Safety (of running it)
/// `columns` numbers can be read, and what they are written as fits, at each of the pointers' rows.
pub(crate) struct Finish<'a> {
    pub(crate) sums: *const f32,
    pub(crate) stride: usize,
    pub(crate) columns: usize,
    /// Per row; null where it is not written.
    pub(crate) out: &'a [*mut f32],
    /// Per row; empty where there is none.
    pub(crate) residual: &'a [*const f32],
    /// What the floats of the residual are.
    pub(crate) adds: Factors,
    pub(crate) before_activation: bool,
    pub(crate) activation: Activation,
    pub(crate) writes: Factors,
}

impl Kernel for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // Where the compiler knows the function, its constants stay in registers.
        match self.activation {
            Activation::Identity => self.rows(s, Activation::Identity),
            Activation::Relu => self.rows(s, Activation::Relu),
            Activation::Silu => self.rows(s, Activation::Silu),
            Activation::Gelu => self.rows(s, Activation::Gelu),
            other => self.rows(s, other),
        }
    }
}

impl Finish<'_> {
    #[inline(always)]
    fn rows<S: Simd>(&self, s: S, activation: Activation) {
        for (row, &out) in self.out.iter().enumerate() {
            if out.is_null() {
                continue;
            }
            let residual = self.residual.get(row).copied();
            let sums = self.sums.wrapping_add(row * self.stride);
            if [self.writes, self.adds] == [Factors::F32; 2] {
                self.numbers(s, activation, (sums, residual), out);
            } else {
                self.some_pairs(s, activation, (sums, residual), out);
            }
        }
    }

    /// A row of numbers to which numbers are added.
    #[inline(always)]
    fn numbers<S: Simd>(
        &self,
        s: S,
        activation: Activation,
        (sums, residual): (*const f32, Option<*const f32>),
        out: *mut f32,
    ) {
        let whole = self.columns / S::LANES * S::LANES;
        // SAFETY: the maker vouches for `columns` floats at each pointer; `at + n <= columns`.
        unsafe {
            for at in (0..whole).step_by(S::LANES) {
                let sum = s.load_ptr(sums.add(at));
                let residual = residual.map(|r| s.load_ptr(r.add(at)));
                s.store_ptr(self.apply(s, activation, sum, residual), out.add(at));
            }
            let n = self.columns - whole;
            if n > 0 {
                let sum = s.load_ptr_partial(sums.add(whole), n);
                let residual = residual.map(|r| s.load_ptr_partial(r.add(whole), n));
                let all = self.apply(s, activation, sum, residual);
                s.store_ptr_partial(all, out.add(whole), n);
            }
        }
    }

    /// A row of which pairs are written, added or both.
    #[inline(always)]
    fn some_pairs<S: Simd>(
        &self,
        s: S,
        activation: Activation,
        (sums, residual): (*const f32, Option<*const f32>),
        out: *mut f32,
    ) {
        for at in (0..self.columns).step_by(2 * S::LANES) {
            let n = (self.columns - at).min(2 * S::LANES);
            // SAFETY: the maker vouches for `columns` numbers at each pointer; `at + n <= columns`.
            unsafe {
                let [mut low, mut high] = load_two(s, Factors::F32, sums.add(at), n);
                let [mut first, mut second] = [None; 2];
                if let Some(from) = residual {
                    let both = load_two(s, self.adds, from.add(self.adds.floats(at)), n);
                    [first, second] = [Some(both[0]), Some(both[1])];
                }
                low = self.apply(s, activation, low, first);
                if n > S::LANES {
                    high = self.apply(s, activation, high, second);
                }
                let out = out.add(self.writes.floats(at));
                store_two(s, self.writes, [low, high], out, n);
            }
        }
    }

    #[inline(always)]
    fn apply<S: Simd>(
        &self,
        s: S,
        activation: Activation,
        sum: S::F32,
        residual: Option<S::F32>,
    ) -> S::F32 {
        match residual {
            None => apply(s, activation, sum),
            Some(residual) if self.before_activation => apply(s, activation, s.add(sum, residual)),
            Some(residual) => s.add(apply(s, activation, sum), residual),
        }
    }
}
