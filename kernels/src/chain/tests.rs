use std::sync::Arc;

use super::{Chain, Link};
use crate::conv::{Algorithm, Conv2d, PackedConv, conv2d, conv2d_scratch_len};
use crate::gemm::Epilogue;
use crate::resize::{Interpolation, Resize, ResizePlan, resize};
use crate::testing::{Random, assert_near, everywhere_at_random};
use crate::{Activation, Context, Factors, Image, ImageMut, Products, Rows, RowsMut};

/// A convolution, as a link has it and as the whole map is computed.
struct Pair {
    link: Link,
    whole: PackedConv,
    bias: Vec<f32>,
}

impl Pair {
    fn new(ctx: Context, random: &mut Random, [o, i]: [usize; 2], factors: Factors) -> Pair {
        let ways = [(1, Algorithm::Direct), (3, Algorithm::Direct), (3, Algorithm::Winograd2)];
        let (k, algorithm) = match factors {
            Factors::F32 => ways[random.of(0..3)],
            Factors::Bf16 => ways[random.of(0..2)],
        };
        let stride = if algorithm == Algorithm::Direct { random.of(1..3) } else { 1 };
        let pad = [random.of(0..2), k / 2, k / 2, random.of(0..2)];
        let products = match factors {
            Factors::F32 if random.flag() => Products::Bf16x3,
            factors => Products::of(factors),
        };
        let shape = [o, i, k, k];
        let weight: Vec<f32> = random.floats(o * i * k * k).iter().map(|x| x / 8.0).collect();
        let pack = |pad| {
            let spec = Conv2d { stride: [stride; 2], pad, ..Conv2d::default() };
            PackedConv::with(ctx.isa, algorithm, products, spec, shape, &weight)
        };
        let (weight, whole) = (Arc::new(pack([0, pad[1], 0, pad[3]])), pack(pad));
        let ld = factors.floats(i) + random.of(0..3);
        let link = Link { weight, pad: [pad[0], pad[2]], ld, factors };
        Pair { link, whole, bias: random.floats(o) }
    }

    fn epilogue(&self) -> Epilogue<'_> {
        Epilogue { activation: Activation::Silu, ..Epilogue::bias(&self.bias) }
    }
}

/// A chain gives what its operations give one after another.
fn check(ctx: Context, random: &mut Random, factors: Factors) {
    let (n, h, w, c) = (random.of(1..3), random.of(9..20), random.of(9..40), 2 * random.of(8..20));
    let to = if random.flag() { [h, w] } else { [random.of(9..30), random.of(9..90)] };
    let interpolation = if to == [h, w] {
        Interpolation::Nearest
    } else {
        Interpolation::Bilinear { align_corners: random.flag() }
    };
    let plan = ResizePlan::new(&Resize { interpolation, from: [h, w], to, scale: None }).unwrap();
    let (mut pairs, mut channels) = (Vec::new(), c);
    for _ in 0..random.of(1..4) {
        let outputs = 2 * random.of(8..35);
        pairs.push(Pair::new(ctx, random, [outputs, channels], factors));
        channels = outputs;
    }
    let x = random.floats(n * h * w * c);
    let x = Image::dense(&x, [n, h, w, c]);
    let chain = Chain::new(plan.clone(), c, pairs.iter().map(|pair| pair.link.clone()).collect());
    let shape @ [_, oh, ow, channels] = chain.output_shape(n);
    let expected = one_by_one(ctx, &plan, &pairs, x, factors);
    assert_eq!(expected.len(), oh * ow * channels * n);

    let mut found = vec![f32::NAN; expected.len()];
    let mut scratch = vec![f32::NAN; chain.scratch_len(ctx.pool.threads())];
    let epilogues: Vec<_> = pairs.iter().map(Pair::epilogue).collect();
    chain.run(ctx, x, &epilogues, ImageMut::dense(&mut found, shape), &mut scratch);
    let expected: Vec<f64> = expected.into_iter().map(f64::from).collect();
    assert_near(&found, &expected, 1e-5, &(ctx, to, &chain.links));
}

fn one_by_one(
    ctx: Context,
    plan: &ResizePlan,
    pairs: &[Pair],
    x: Image,
    factors: Factors,
) -> Vec<f32> {
    let threads = ctx.pool.threads();
    let ([h, w], n) = (plan.out_size(), x.n);
    let mut shape = [n, h, w, x.c];
    let mut map = vec![0.0; n * h * w * factors.floats(x.c)];
    let mut scratch = vec![0.0; plan.scratch_len(x.c, threads)];
    resize(ctx, plan, x, writing(&mut map, shape, factors), &mut scratch);
    for (index, pair) in pairs.iter().enumerate() {
        let last = index + 1 == pairs.len();
        let [oh, ow] = pair.whole.spec().output_size([shape[1], shape[2]], pair.whole.kernel());
        let to = [n, oh, ow, pair.whole.outputs()];
        let writes = if last { Factors::F32 } else { factors };
        let mut next = vec![0.0; n * oh * ow * writes.floats(to[3])];
        let mut scratch = vec![0.0; conv2d_scratch_len(&pair.whole, shape, threads)];
        let pixels = Rows::dense(&map, factors.floats(shape[3])).holding(factors);
        let input = Image::of_rows(pixels, shape);
        let out = writing(&mut next, to, writes);
        conv2d(ctx, input, &pair.whole, pair.epilogue(), out, &mut scratch);
        (map, shape) = (next, to);
    }
    map
}

fn writing(floats: &mut [f32], shape: [usize; 4], factors: Factors) -> ImageMut<'_> {
    let pixels = RowsMut::dense(floats, factors.floats(shape[3])).holding(factors);
    ImageMut::of_rows(pixels, shape)
}

#[test]
fn bands_give_what_whole_maps_give() {
    everywhere_at_random(40, |ctx, random| check(ctx, random, Factors::F32));
}

#[test]
fn maps_of_pairs_give_what_whole_maps_give() {
    everywhere_at_random(40, |ctx, random| check(ctx, random, Factors::Bf16));
}
