//! The loops for factors that are one number of bf16 each.

use super::{Loops, MAX_MR, Pass, SECOND};

pub(super) static LOOPS: Loops = Loops {
    two_by_two: [
        two_by_two,
        two_by_two_fetching_quarters,
        two_by_two_fetching_halves,
        two_by_two_fetching,
    ],
    two_by_one,
    one_by_two: [one_by_two, one_by_two_fetching],
    one_by_one,
};

/// A step of two groups by two vectors of columns. What lies at the offsets is fetched from memory to the second-level cache:
/// a tile's loads by themselves ask for too little at a time.
macro_rules! step_two_by_two {
    ($($offset:literal)*) => {
        concat!(
            $("prefetcht1 [{f} + ", $offset, "]\n",)*
            "tileloadd tmm4, [{a0} + {s0}]
            tileloadd tmm6, [{b} + {row}]
            tileloadd tmm7, [{b} + {row} + 64]
            tdpbf16ps tmm0, tmm4, tmm6
            tdpbf16ps tmm1, tmm4, tmm7
            tileloadd tmm5, [{a1} + {s1}]
            tdpbf16ps tmm2, tmm5, tmm6
            tdpbf16ps tmm3, tmm5, tmm7",
        )
    };
}
two_by_two!(loops, two_by_two, step_two_by_two!());
two_by_two!(loops, two_by_two_fetching_quarters, step_two_by_two!(0 64 128 192 256 320 384 448));
two_by_two!(
    loops,
    two_by_two_fetching_halves,
    step_two_by_two!(0 64 128 192 256 320 384 448 512 576 640 704 768 832 896 960)
);
two_by_two!(
    loops,
    two_by_two_fetching,
    step_two_by_two!(
        0 64 128 192 256 320 384 448 512 576 640 704 768 832 896 960
        1024 1088 1152 1216 1280 1344 1408 1472 1536 1600 1664 1728 1792 1856 1920 1984
    )
);
two_by_one!(
    loops,
    two_by_one,
    "tileloadd tmm4, [{a0} + {s0}]
    tileloadd tmm6, [{b} + {row}]
    tileloadd tmm5, [{a1} + {s1}]
    tdpbf16ps tmm0, tmm4, tmm6
    tdpbf16ps tmm2, tmm5, tmm6"
);

/// A step of one group by two vectors of columns, likewise.
macro_rules! step_one_by_two {
    ($($offset:literal)*) => {
        concat!(
            $("prefetcht1 [{f} + ", $offset, "]\n",)*
            "tileloadd tmm4, [{a0} + {s0}]
            tileloadd tmm6, [{b} + {row}]
            tileloadd tmm7, [{b} + {row} + 64]
            tdpbf16ps tmm0, tmm4, tmm6
            tdpbf16ps tmm1, tmm4, tmm7",
        )
    };
}
one_by_two!(loops, one_by_two, step_one_by_two!());
one_by_two!(
    loops,
    one_by_two_fetching,
    step_one_by_two!(
        0 64 128 192 256 320 384 448 512 576 640 704 768 832 896 960
        1024 1088 1152 1216 1280 1344 1408 1472 1536 1600 1664 1728 1792 1856 1920 1984
    )
);
one_by_one!(
    loops,
    one_by_one,
    "tileloadd tmm4, [{a0} + {s0}]
    tileloadd tmm6, [{b} + {row}]
    tdpbf16ps tmm0, tmm4, tmm6"
);
