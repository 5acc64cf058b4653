//! The loops for factors that are three numbers of bf16 each.

use super::{Loops, MAX_MR, Pass, SECOND};

pub(super) static LOOPS: Loops = Loops {
    two_by_two: [
        two_by_two,
        two_by_two_fetching_quarters,
        two_by_two_fetching_halves,
        two_by_two_fetching,
    ],
    two_by_one,
    one_by_two: [one_by_two; 2],
    one_by_one,
};

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

/// A step of two groups by two vectors of columns.
macro_rules! step_two_by_two {
    ($($fetch:literal)*) => {
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
        )
    };
}
two_by_two!(of_thirds, two_by_two, step_two_by_two!());
two_by_two!(of_thirds, two_by_two_fetching_quarters, step_two_by_two!(0 64 128 192));
two_by_two!(
    of_thirds,
    two_by_two_fetching_halves,
    step_two_by_two!(0 64 128 192 1536 1600 1664 1728)
);
two_by_two!(
    of_thirds,
    two_by_two_fetching,
    step_two_by_two!(
        0 64 128 192 1536 1600 1664 1728 3072 3136 3200 3264 4608 4672 4736 4800
    )
);
two_by_one!(
    of_thirds,
    two_by_one,
    step_of_thirds!(
        "tileloadd tmm4, [{a0} + {s0}]
        tileloadd tmm5, [{a1} + {s1}]\n",
        "tileloadd tmm6, [{b} + {row}]\n",
        "tdpbf16ps tmm0, tmm4, tmm6
        tdpbf16ps tmm2, tmm5, tmm6\n",
        []
    )
);
one_by_two!(
    of_thirds,
    one_by_two,
    step_of_thirds!(
        "tileloadd tmm4, [{a0} + {s0}]\n",
        "tileloadd tmm6, [{b} + {row}]
        tileloadd tmm7, [{b} + {row} + 64]\n",
        "tdpbf16ps tmm0, tmm4, tmm6
        tdpbf16ps tmm1, tmm4, tmm7\n",
        []
    )
);
one_by_one!(
    of_thirds,
    one_by_one,
    step_of_thirds!(
        "tileloadd tmm4, [{a0} + {s0}]\n",
        "tileloadd tmm6, [{b} + {row}]\n",
        "tdpbf16ps tmm0, tmm4, tmm6\n",
        []
    )
);
