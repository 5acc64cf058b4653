//! The loops for factors that are three numbers of bf16 each.

use std::arch::asm;
use std::mem::offset_of;

use super::{MAX_MR, Pass, SECOND};
use crate::gemm::fetch::Fetch;
use crate::simd::amx;

/// Computes a pass for groups of rows and panels of `width`.
///
/// # Safety
/// The registers are configured, and all addresses are good for their shapes.
#[inline(always)]
pub(super) unsafe fn pass(
    groups: [usize; 2],
    width: usize,
    fetch: Option<&Fetch>,
    pass: &Pass,
    row: usize,
) {
    // SAFETY: the caller's contract.
    unsafe {
        match (groups[1] > 0, width > amx::ROWS) {
            (true, true) => match fetch.map_or(0, |fetch| fetch.step) {
                0 => two_by_two(pass, row),
                1..=24 => two_by_two_fetching_quarters(pass, row),
                25..=48 => two_by_two_fetching_halves(pass, row),
                _ => two_by_two_fetching(pass, row),
            },
            (true, false) => two_by_one(pass, row),
            (false, true) => one_by_two(pass, row),
            (false, false) => one_by_one(pass, row),
        }
    }
}

/// A loop whose steps go from third to third.
macro_rules! of_thirds {
    ($name:ident, $load:expr, $step:expr, $store:expr) => {
        loops!($name, $load, $step, $store, LEFT_THIRD = left_third, RIGHT_THIRD = right_third);
    };
}

/// A step of thirds: the six largest of their nine products, each side's thirds being loaded one after the other, the largest
/// of the right-hand side twice. With each product come fetches from memory, as in [`super`], of what lies at the offsets and
/// behind them.
macro_rules! step_of_thirds {
    ($left:literal, $right:literal, $products:literal, [$($fetch:literal)*]) => {
        concat!(
            "add {a0}, [{p} + {LEFT_THIRD}]
            add {a1}, [{p} + {LEFT_THIRD}]
            add {a0}, [{p} + {LEFT_THIRD}]
            add {a1}, [{p} + {LEFT_THIRD}]\n",
            $left, $right, $products, $("prefetcht1 [{f} + 0 + ", $fetch, "]\n",)*
            "sub {a0}, [{p} + {LEFT_THIRD}]
            sub {a1}, [{p} + {LEFT_THIRD}]\n",
            $left, $products, $("prefetcht1 [{f} + 256 + ", $fetch, "]\n",)*
            "add {b}, [{p} + {RIGHT_THIRD}]\n",
            $right, $products, $("prefetcht1 [{f} + 512 + ", $fetch, "]\n",)*
            "sub {a0}, [{p} + {LEFT_THIRD}]
            sub {a1}, [{p} + {LEFT_THIRD}]\n",
            $left, $products, $("prefetcht1 [{f} + 768 + ", $fetch, "]\n",)*
            "add {b}, [{p} + {RIGHT_THIRD}]\n",
            $right, $products, $("prefetcht1 [{f} + 1024 + ", $fetch, "]\n",)*
            "sub {b}, [{p} + {RIGHT_THIRD}]
            sub {b}, [{p} + {RIGHT_THIRD}]\n",
            $right, $products, $("prefetcht1 [{f} + 1280 + ", $fetch, "]\n",)*
        )
    };
}

/// Two groups by two vectors of columns, in thirds.
macro_rules! two_by_two {
    ($name:ident $($fetch:literal)*) => {
        of_thirds!(
            $name,
            "tileloadd tmm0, [{a0} + {s0}]
            tileloadd tmm1, [{a0} + {s0} + 64]
            tileloadd tmm2, [{a1} + {s1}]
            tileloadd tmm3, [{a1} + {s1} + 64]",
            step_of_thirds!(
                "tileloadd tmm4, [{a0} + {s0}]
                tileloadd tmm5, [{a1} + {s1}]\n",
                "tileloadd tmm6, [{b} + {row}]
                tileloadd tmm7, [{b} + {row} + 64]\n",
                "tdpbf16ps tmm0, tmm4, tmm6
                tdpbf16ps tmm1, tmm4, tmm7
                tdpbf16ps tmm2, tmm5, tmm6
                tdpbf16ps tmm3, tmm5, tmm7\n",
                [$($fetch)*]
            ),
            "tilestored [{a0} + {s0}], tmm0
            tilestored [{a0} + {s0} + 64], tmm1
            tilestored [{a1} + {s1}], tmm2
            tilestored [{a1} + {s1} + 64], tmm3"
        );
    };
}
two_by_two!(two_by_two);
two_by_two!(two_by_two_fetching_quarters 0 64 128 192);
two_by_two!(two_by_two_fetching_halves
    0 64 128 192 1536 1600 1664 1728);
two_by_two!(two_by_two_fetching
    0 64 128 192 1536 1600 1664 1728 3072 3136 3200 3264 4608 4672 4736 4800);
of_thirds!(
    two_by_one,
    "tileloadd tmm0, [{a0} + {s0}]
    tileloadd tmm2, [{a1} + {s1}]",
    step_of_thirds!(
        "tileloadd tmm4, [{a0} + {s0}]
        tileloadd tmm5, [{a1} + {s1}]\n",
        "tileloadd tmm6, [{b} + {row}]\n",
        "tdpbf16ps tmm0, tmm4, tmm6
        tdpbf16ps tmm2, tmm5, tmm6\n",
        []
    ),
    "tilestored [{a0} + {s0}], tmm0
    tilestored [{a1} + {s1}], tmm2"
);
of_thirds!(
    one_by_two,
    "tileloadd tmm0, [{a0} + {s0}]
    tileloadd tmm1, [{a0} + {s0} + 64]",
    step_of_thirds!(
        "tileloadd tmm4, [{a0} + {s0}]\n",
        "tileloadd tmm6, [{b} + {row}]
        tileloadd tmm7, [{b} + {row} + 64]\n",
        "tdpbf16ps tmm0, tmm4, tmm6
        tdpbf16ps tmm1, tmm4, tmm7\n",
        []
    ),
    "tilestored [{a0} + {s0}], tmm0
    tilestored [{a0} + {s0} + 64], tmm1"
);
of_thirds!(
    one_by_one,
    "tileloadd tmm0, [{a0} + {s0}]",
    step_of_thirds!(
        "tileloadd tmm4, [{a0} + {s0}]\n",
        "tileloadd tmm6, [{b} + {row}]\n",
        "tdpbf16ps tmm0, tmm4, tmm6\n",
        []
    ),
    "tilestored [{a0} + {s0}], tmm0"
);
