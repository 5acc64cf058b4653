//! The register tile of AMX: two groups of up to 16 rows by one or two registers of 16 columns.

use super::tile::{MAX_MR, MAX_NR, SECOND, TileArgs};
use crate::aligned::Lines;
use crate::simd::{Kernel, Simd, amx};

/// Computes a tile of pairs, for groups of rows that are equally far apart, in the left-hand side as in the output.
///
/// # Safety
/// As of [`super::tile::tile`], on a thread that has [`amx::Registers`].
#[inline(always)]
pub(super) unsafe fn tile<S: Simd>(s: S, groups: [usize; 2], width: usize, t: TileArgs) {
    if t.floor == f32::NEG_INFINITY && t.k * t.taps > 0 {
        // SAFETY: the caller's contract.
        unsafe { sums(groups, width, &t, out_of(groups, &t)) };
        return;
    }
    let mut kept = Lines::<{ MAX_MR * MAX_NR }>::new();
    let kept = kept.as_mut_ptr();
    let matrix = |group: usize| (kept.wrapping_add(group * SECOND * MAX_NR), MAX_NR);
    // SAFETY: the caller's contract; `kept` holds the rows of both groups.
    unsafe {
        if t.k * t.taps == 0 {
            s.call(CutOff { groups, width, from: t.init, from_ld: t.init_ld, t });
            return;
        }
        sums(groups, width, &t, [matrix(0), matrix(1)]);
        s.call(CutOff { groups, width, from: kept, from_ld: MAX_NR, t });
    }
}

/// A matrix in memory: its first row, and floats from one to the next.
type Matrix = (*mut f32, usize);

#[inline(always)]
unsafe fn out_of(groups: [usize; 2], t: &TileArgs) -> [Matrix; 2] {
    let mut matrices = [(std::ptr::null_mut(), 0); 2];
    for (group, (matrix, count)) in matrices.iter_mut().zip(groups).enumerate() {
        if count > 0 {
            // SAFETY: the caller vouches for pointers of `count` rows.
            let first = unsafe { *t.out.add(group * SECOND) };
            let ld = if count == 1 {
                0
            } else {
                // SAFETY: as above, for rows of one output.
                unsafe { (*t.out.add(group * SECOND + 1)).offset_from(first) as usize }
            };
            *matrix = (first, ld);
        }
    }
    matrices
}

/// Writes the sums of both groups, in one pass, or in two where no width of registers divides `k`.
#[inline(always)]
unsafe fn sums(groups: [usize; 2], width: usize, t: &TileArgs, out: [Matrix; 2]) {
    let (pairs, steps) = steps(t.k);
    let rest = t.k - pairs * steps;
    let init = [(t.init, t.init_ld), (t.init.wrapping_add(SECOND * t.init_ld), t.init_ld)];
    // SAFETY: the caller's contract.
    unsafe {
        pass(groups, width, t, Part { first: 0, pairs, steps }, init, out);
        if rest > 0 {
            let part = Part { first: pairs * steps, pairs: rest, steps: 1 };
            let [(first, first_ld), (second, second_ld)] = out;
            let init = [(first.cast_const(), first_ld), (second.cast_const(), second_ld)];
            pass(groups, width, t, part, init, out);
        }
    }
}

/// Pairs of a step, and steps: all of `k` where a width from half a register on divides it, else whole registers of it.
#[inline(always)]
fn steps(k: usize) -> (usize, usize) {
    if k <= amx::PAIRS {
        return (k, 1);
    }
    let k = k as u32;
    for pairs in (amx::PAIRS as u32 / 2..=amx::PAIRS as u32).rev() {
        if k.is_multiple_of(pairs) {
            return (pairs as usize, (k / pairs) as usize);
        }
    }
    (amx::PAIRS, k as usize / amx::PAIRS)
}

/// Some of the `k` of each tap.
struct Part {
    first: usize,
    pairs: usize,
    steps: usize,
}

/// What the loops read; distances are in bytes.
#[repr(C)]
struct Pass {
    rows: *const [*const f32; MAX_MR],
    panel: *const f32,
    taps: usize,
    steps: usize,
    /// From the address in the table to the first pair.
    left_first: usize,
    left_step: usize,
    right_step: usize,
    /// From behind the last step of a tap to the first of the next.
    right_skip: usize,
    /// From each third to the next.
    left_third: usize,
    right_third: usize,
    init: [*const f32; 2],
    init_ld: [usize; 2],
    out: [*mut f32; 2],
    out_ld: [usize; 2],
    fetch: *const f32,
    fetch_step: usize,
}

#[inline(always)]
unsafe fn pass(
    groups: [usize; 2],
    width: usize,
    t: &TileArgs,
    Part { first, pairs, steps }: Part,
    init: [(*const f32, usize); 2],
    out: [Matrix; 2],
) {
    let row = width * size_of::<f32>();
    let pass = Pass {
        rows: t.rows,
        panel: t.panel.wrapping_add(first * width),
        taps: t.taps,
        steps,
        left_first: first * size_of::<f32>(),
        left_step: pairs * size_of::<f32>(),
        right_step: pairs * row,
        right_skip: (if t.third > 0 { 3 * t.k } else { t.k } - pairs * steps) * row,
        left_third: t.third * size_of::<f32>(),
        right_third: t.k * row,
        init: [init[0].0, init[1].0],
        init_ld: [init[0].1 * size_of::<f32>(), init[1].1 * size_of::<f32>()],
        out: [out[0].0, out[1].0],
        out_ld: [out[0].1 * size_of::<f32>(), out[1].1 * size_of::<f32>()],
        fetch: t.fetch.map_or(t.panel, |fetch| fetch.from.wrapping_add(first * fetch.step)),
        fetch_step: t.fetch.map_or(0, |fetch| pairs * fetch.step * size_of::<f32>()),
    };
    // SAFETY: the caller's contract; the registers have the shapes that the loops take them to have.
    unsafe {
        amx::configure(groups, pairs);
        let loops = if t.third > 0 { &thirds::LOOPS } else { &whole::LOOPS };
        let quarter = if t.third > 0 { 3 * MAX_NR / 4 } else { MAX_NR / 4 };
        let quarters = t.fetch.map_or(0, |fetch| fetch.step.div_ceil(quarter));
        loops.of(groups, width, quarters)(&pass, row);
    }
}

/// A loop over taps and steps.
type Loop = unsafe fn(&Pass, usize);

/// Those for each shape of a tile, groups of rows by vectors of columns.
struct Loops {
    /// That fetch nothing, and a quarter, half and all of a panel.
    two_by_two: [Loop; 4],
    two_by_one: Loop,
    /// That fetch nothing, and a panel.
    one_by_two: [Loop; 2],
    one_by_one: Loop,
}

impl Loops {
    #[inline(always)]
    fn of(&self, groups: [usize; 2], width: usize, quarters: usize) -> Loop {
        match (groups[1] > 0, width > amx::ROWS) {
            (true, true) => self.two_by_two[quarters.min(3)],
            (true, false) => self.two_by_one,
            (false, true) => self.one_by_two[quarters.min(1)],
            (false, false) => self.one_by_one,
        }
    }
}

/// A [`Loop`]. Of each group and each vector of columns a register of sums is loaded, added to and stored.
macro_rules! loops {
    ($name:ident, $load:expr, $step:expr, $store:expr $(, $constant:ident = $field:ident)*) => {
        /// # Safety
        /// The registers are configured, and all addresses are good for their shapes.
        #[inline(never)]
        unsafe fn $name(pass: &Pass, row: usize) {
            // SAFETY: the caller's contract.
            unsafe {
                std::arch::asm!(
                    "mov {a0}, [{p} + {INIT}]",
                    "mov {s0}, [{p} + {INIT_LD}]",
                    "mov {a1}, [{p} + {INIT} + 8]",
                    "mov {s1}, [{p} + {INIT_LD} + 8]",
                    $load,
                    "mov {rows}, [{p} + {ROWS}]",
                    "mov {b}, [{p} + {PANEL}]",
                    "mov {f}, [{p} + {FETCH}]",
                    "mov {taps}, [{p} + {TAPS}]",
                    "2:",
                    "mov {a0}, [{rows}]",
                    "mov {s0}, [{rows} + 8]",
                    "sub {s0}, {a0}",
                    "add {a0}, [{p} + {LEFT_FIRST}]",
                    "mov {a1}, [{rows} + 8 * {SECOND}]",
                    "mov {s1}, [{rows} + 8 * {SECOND} + 8]",
                    "sub {s1}, {a1}",
                    "add {a1}, [{p} + {LEFT_FIRST}]",
                    "mov {n}, [{p} + {STEPS}]",
                    "3:",
                    $step,
                    "add {a0}, [{p} + {LEFT_STEP}]",
                    "add {a1}, [{p} + {LEFT_STEP}]",
                    "add {b}, [{p} + {RIGHT_STEP}]",
                    "add {f}, [{p} + {FETCH_STEP}]",
                    "dec {n}",
                    "jnz 3b",
                    "add {rows}, 8 * {MAX_MR}",
                    "add {b}, [{p} + {RIGHT_SKIP}]",
                    "dec {taps}",
                    "jnz 2b",
                    "mov {a0}, [{p} + {OUT}]",
                    "mov {s0}, [{p} + {OUT_LD}]",
                    "mov {a1}, [{p} + {OUT} + 8]",
                    "mov {s1}, [{p} + {OUT_LD} + 8]",
                    $store,
                    p = in(reg) pass,
                    rows = out(reg) _,
                    b = out(reg) _,
                    f = out(reg) _,
                    taps = out(reg) _,
                    a0 = out(reg) _,
                    s0 = out(reg) _,
                    a1 = out(reg) _,
                    s1 = out(reg) _,
                    n = out(reg) _,
                    row = in(reg) row,
                    ROWS = const std::mem::offset_of!(Pass, rows),
                    PANEL = const std::mem::offset_of!(Pass, panel),
                    TAPS = const std::mem::offset_of!(Pass, taps),
                    FETCH = const std::mem::offset_of!(Pass, fetch),
                    FETCH_STEP = const std::mem::offset_of!(Pass, fetch_step),
                    STEPS = const std::mem::offset_of!(Pass, steps),
                    LEFT_FIRST = const std::mem::offset_of!(Pass, left_first),
                    LEFT_STEP = const std::mem::offset_of!(Pass, left_step),
                    $($constant = const std::mem::offset_of!(Pass, $field),)*
                    RIGHT_STEP = const std::mem::offset_of!(Pass, right_step),
                    RIGHT_SKIP = const std::mem::offset_of!(Pass, right_skip),
                    INIT = const std::mem::offset_of!(Pass, init),
                    INIT_LD = const std::mem::offset_of!(Pass, init_ld),
                    OUT = const std::mem::offset_of!(Pass, out),
                    OUT_LD = const std::mem::offset_of!(Pass, out_ld),
                    SECOND = const SECOND,
                    MAX_MR = const MAX_MR,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    };
}

/// Loads and stores the sums of two groups by two vectors of columns around the `$step` of a loop.
macro_rules! two_by_two {
    ($loops:ident, $name:ident, $step:expr) => {
        $loops!(
            $name,
            "tileloadd tmm0, [{a0} + {s0}]
            tileloadd tmm1, [{a0} + {s0} + 64]
            tileloadd tmm2, [{a1} + {s1}]
            tileloadd tmm3, [{a1} + {s1} + 64]",
            $step,
            "tilestored [{a0} + {s0}], tmm0
            tilestored [{a0} + {s0} + 64], tmm1
            tilestored [{a1} + {s1}], tmm2
            tilestored [{a1} + {s1} + 64], tmm3"
        );
    };
}

macro_rules! two_by_one {
    ($loops:ident, $name:ident, $step:expr) => {
        $loops!(
            $name,
            "tileloadd tmm0, [{a0} + {s0}]
            tileloadd tmm2, [{a1} + {s1}]",
            $step,
            "tilestored [{a0} + {s0}], tmm0
            tilestored [{a1} + {s1}], tmm2"
        );
    };
}

macro_rules! one_by_two {
    ($loops:ident, $name:ident, $step:expr) => {
        $loops!(
            $name,
            "tileloadd tmm0, [{a0} + {s0}]
            tileloadd tmm1, [{a0} + {s0} + 64]",
            $step,
            "tilestored [{a0} + {s0}], tmm0
            tilestored [{a0} + {s0} + 64], tmm1"
        );
    };
}

macro_rules! one_by_one {
    ($loops:ident, $name:ident, $step:expr) => {
        $loops!($name, "tileloadd tmm0, [{a0} + {s0}]", $step, "tilestored [{a0} + {s0}], tmm0");
    };
}

mod thirds;
mod whole;

/// Writes the larger of each sum and the floor.
struct CutOff<'a> {
    groups: [usize; 2],
    width: usize,
    from: *const f32,
    from_ld: usize,
    t: TileArgs<'a>,
}

impl Kernel for CutOff<'_> {
    type Output = ();

    /// The maker vouches for `width` floats of each row of both groups.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let floor = s.splat(self.t.floor);
        for (group, count) in self.groups.into_iter().enumerate() {
            for row in group * SECOND..group * SECOND + count {
                // SAFETY: the maker's word.
                unsafe {
                    let (from, to) = (self.from.add(row * self.from_ld), *self.t.out.add(row));
                    for at in (0..self.width).step_by(S::LANES) {
                        s.store_ptr(s.max(floor, s.load_ptr(from.add(at))), to.add(at));
                    }
                }
            }
        }
    }
}
