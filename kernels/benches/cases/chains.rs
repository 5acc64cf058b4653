//! A resize and convolutions one after another.

use std::sync::Arc;

use ocelli_kernels::chain::{Chain as Banded, Link};
use ocelli_kernels::conv::{Algorithm, Conv2d, PackedConv};
use ocelli_kernels::gemm::Epilogue;
use ocelli_kernels::resize::{Interpolation, Resize, ResizePlan};
use ocelli_kernels::{Activation, Factors, Image, ImageMut, Isa};

use super::{Case, numbers};

/// Side and channels of a picture, the side that it is resized to, and convolutions: outputs, kernel and stride.
struct Chain {
    from: usize,
    c: usize,
    to: usize,
    convs: &'static [[usize; 3]],
}

const CHAINS: [Chain; 4] = [
    Chain { from: 9, c: 18, to: 14, convs: &[[21, 3, 1], [5, 1, 1]] },
    Chain { from: 148, c: 64, to: 296, convs: &[[32, 3, 1]] },
    Chain { from: 296, c: 32, to: 518, convs: &[[32, 3, 1], [1, 1, 1]] },
    Chain { from: 13, c: 3, to: 13, convs: &[[17, 3, 2], [5, 3, 2]] },
];

pub(crate) fn chain() -> Vec<Case> {
    CHAINS.iter().map(case).collect()
}

fn case(chain: &'static Chain) -> Case {
    let Chain { from, c, to, convs } = *chain;
    let links: Vec<String> = convs.iter().map(|[o, k, s]| format!("->{o} k{k} s{s}")).collect();
    let name = format!("{from}x{from} to {to}x{to} {c}{}", links.concat());
    let (mut flop, mut weights) = (0, 0);
    let (mut side, mut channels) = (to, c);
    for [o, k, stride] in convs {
        (side, weights) = (side.div_ceil(*stride), weights + o * channels * k * k);
        flop += 2 * side * side * o * channels * k * k;
        channels = *o;
    }
    let case = Case::new(name, [from * from * c + weights, side * side * channels], move |isa| {
        let (banded, x) = (banded(chain, isa), numbers(from * from * c));
        let epilogue = Epilogue { activation: Activation::Relu, ..Epilogue::default() };
        let (epilogues, mut scratch) = (vec![epilogue; convs.len()], Vec::new());
        move |ctx, out| {
            scratch.resize(banded.scratch_len(ctx.pool.threads()), 0.0);
            let x = Image::dense(&x, [1, from, from, c]);
            let out = ImageMut::dense(out, [1, side, side, channels]);
            banded.run(ctx, x, &epilogues, out, &mut scratch);
        }
    });
    case.flop(flop)
}

fn banded(chain: &Chain, isa: Isa) -> Banded {
    let Chain { from, c, to, convs } = *chain;
    let interpolation = if from == to {
        Interpolation::Nearest
    } else {
        Interpolation::Bilinear { align_corners: true }
    };
    let resize = Resize { interpolation, from: [from; 2], to: [to; 2], scale: None };
    let plan = ResizePlan::new(&resize).expect("the sizes are positive");
    let (mut side, mut i, mut links) = (to, c, Vec::new());
    for &[o, k, stride] in convs {
        let (shape, pad) = ([o, i, k, k], k / 2);
        let whole = Conv2d { stride: [stride; 2], pad: [pad; 4], ..Conv2d::default() };
        let (algorithm, products) =
            Algorithm::cheapest(isa, Factors::F32, &whole, shape, [side; 2]);
        let spec = Conv2d { pad: [0, pad, 0, pad], ..whole };
        let weight = numbers(o * i * k * k);
        let weight = PackedConv::with(isa, algorithm, products, spec, shape, &weight);
        links.push(Link { weight: Arc::new(weight), pad: [pad; 2], ld: i, factors: Factors::F32 });
        (side, i) = (side.div_ceil(stride), o);
    }
    Banded::new(plan, c, links)
}
