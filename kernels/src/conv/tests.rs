use super::*;
use crate::Products;
use crate::gemm::RandomEpilogue;
use crate::testing::{Random, assert_near, bf16_floats, everywhere_at_random};

fn pads(random: &mut Random) -> [usize; 4] {
    [random.of(0..4), random.of(0..4), random.of(0..4), random.of(0..4)]
}

/// A convolution of `i` to `o` channels per group.
fn check(ctx: Context, random: &mut Random, spec: Conv2d, shape: [usize; 4]) {
    check_by(Algorithm::Direct, Products::F32, ctx, random, spec, shape);
}

fn check_by(
    algorithm: Algorithm,
    products: Products,
    ctx: Context,
    random: &mut Random,
    spec: Conv2d,
    [o, i, kh, kw]: [usize; 4],
) {
    let (inputs, outputs) = (i * spec.groups, o * spec.groups);
    let reach = |k: usize, axis: usize| (k - 1) * spec.dilation[axis] + 1;
    // Lines longer than the rows of any tile.
    let wide = if products == Products::F32 { 12 } else { 70 };
    let (n, h, w) =
        (random.of(1..3), reach(kh, 0) + random.of(0..12), reach(kw, 1) + random.of(0..wide));
    let ldx = inputs + random.of(0..2) * random.of(0..5);
    let ldy = outputs + random.of(0..5);
    let (mut x, mut weight) =
        (random.floats(n * h * w * ldx), random.floats(outputs * i * kh * kw));
    if products == Products::Bf16 {
        // Sums of Winograd's transforms have no more than eight bits of these either.
        let eighths = |floats: &[f32]| floats.iter().map(|x| (x * 8.0).round() / 8.0).collect();
        let round = if algorithm == Algorithm::Direct { bf16_floats } else { eighths };
        (x, weight) = (round(&x), round(&weight));
    }
    let [oh, ow] = spec.output_size([h, w], [kh, kw]);
    let rows = n * oh * ow;
    let epilogue = RandomEpilogue::new(random, rows, outputs);

    let shape = [outputs, i, kh, kw];
    let mut expected = reference::conv2d(&spec, &x, [n, h, w, inputs], ldx, &weight, shape);
    epilogue.apply(&mut expected, outputs);

    let packed = PackedConv::with(ctx.isa, algorithm, products, spec, shape, &weight);
    let mut out = epilogue.output(rows, outputs, ldy);
    let threads = ctx.pool.threads();
    let mut scratch = vec![f32::NAN; conv2d_scratch_len(&packed, [n, h, w, inputs], threads)];
    let input = Image::new(&x, [n, h, w, inputs], ldx);
    let output = ImageMut::new(&mut out, [n, oh, ow, outputs], ldy);
    conv2d(ctx, input, &packed, epilogue.epilogue(rows), output, &mut scratch);
    let found = RandomEpilogue::found(&out, rows, outputs, ldy);
    let what = (ctx, [n, h, w, inputs], ldx, &packed, &epilogue);
    assert_near(&found, &expected, 1e-5, &what);
}

fn random_spec(random: &mut Random, groups: usize) -> Conv2d {
    Conv2d {
        stride: [random.of(1..4), random.of(1..4)],
        pad: pads(random),
        dilation: [random.of(1..3), random.of(1..3)],
        groups,
    }
}

#[test]
fn dense_agrees_with_the_definition() {
    everywhere_at_random(60, |ctx, random| {
        let spec = random_spec(random, 1);
        let shape = [random.of(1..70), random.of(1..40), random.of(1..6), random.of(1..6)];
        check(ctx, random, spec, shape);
    });
}

/// With their strides.
const WINOGRAD: [(Algorithm, usize); 3] =
    [(Algorithm::Winograd2, 1), (Algorithm::Winograd3, 2), (Algorithm::Winograd4, 1)];

#[test]
fn fewer_products_agree_with_the_definition() {
    for (algorithm, stride) in WINOGRAD {
        everywhere_at_random(40, |ctx, random| {
            let spec = Conv2d { stride: [stride; 2], pad: pads(random), ..Conv2d::default() };
            let shape = [random.of(1..140), random.of(1..70), 3, 3];
            check_by(algorithm, Products::F32, ctx, random, spec, shape);
        });
    }
}

/// Weights that are fetched ahead, and squares of which several pieces have the columns.
#[test]
fn fewer_products_of_many_channels_agree_with_the_definition() {
    for (algorithm, stride) in WINOGRAD {
        everywhere_at_random(3, |ctx, random| {
            let spec = Conv2d { stride: [stride; 2], pad: [1; 4], ..Conv2d::default() };
            let shape = [random.of(128..300), random.of(64..130), 3, 3];
            for products in [Products::F32, Products::Bf16, Products::Bf16x3] {
                check_by(algorithm, products, ctx, random, spec, shape);
            }
        });
    }
}

#[test]
fn numbers_of_bf16_and_thirds_agree_with_the_definition() {
    everywhere_at_random(40, |ctx, random| {
        let groups = random.of(1..3);
        let spec = random_spec(random, groups);
        let shape = [random.of(1..40), random.of(14..70), random.of(1..4), random.of(1..4)];
        for products in [Products::Bf16, Products::Bf16x3] {
            check_by(Algorithm::Direct, products, ctx, random, spec, shape);
        }
    });
}

#[test]
fn single_pixels_agree_with_the_definition() {
    everywhere_at_random(40, |ctx, random| {
        let shape = [random.of(1..70), random.of(1..70), 1, 1];
        for products in [Products::F32, Products::Bf16, Products::Bf16x3] {
            check_by(Algorithm::Direct, products, ctx, random, Conv2d::default(), shape);
        }
    });
}

#[test]
fn fewer_products_of_bf16_and_thirds_agree_with_the_definition() {
    for (algorithm, stride) in WINOGRAD {
        everywhere_at_random(12, |ctx, random| {
            let spec = Conv2d { stride: [stride; 2], pad: pads(random), ..Conv2d::default() };
            let shape = [random.of(1..140), random.of(14..100), 3, 3];
            for products in [Products::Bf16, Products::Bf16x3] {
                check_by(algorithm, products, ctx, random, spec, shape);
            }
        });
    }
}

#[test]
fn few_channels_agree_with_the_definition() {
    everywhere_at_random(40, |ctx, random| {
        let dilation = [random.of(1..3), 1];
        let spec = Conv2d { dilation, ..random_spec(random, 1) };
        let shape = [random.of(1..40), random.of(1..5), random.of(1..8), random.of(2..8)];
        for products in [Products::F32, Products::Bf16, Products::Bf16x3] {
            check_by(Algorithm::Direct, products, ctx, random, spec, shape);
        }
    });
}

#[test]
fn groups_agree_with_the_definition() {
    everywhere_at_random(40, |ctx, random| {
        let groups = random.of(2..5);
        let spec = random_spec(random, groups);
        let shape = [random.of(1..40), random.of(2..20), random.of(1..4), random.of(1..4)];
        check(ctx, random, spec, shape);
    });
}

#[test]
fn depthwise_agrees_with_the_definition() {
    everywhere_at_random(60, |ctx, random| {
        let groups = random.of(2..70);
        let (kernel, stride) = (random.of(1..8), random.of(1..3));
        let mut spec = random_spec(random, groups);
        let mut shape = [1, 1, kernel, kernel];
        if random.flag() {
            spec = Conv2d { dilation: [1, 1], stride: [stride, stride], ..spec };
        } else {
            shape = [random.of(1..4), 1, kernel, random.of(1..8)];
        }
        check(ctx, random, spec, shape);
    });
}

#[test]
fn more_taps_than_a_table_holds() {
    everywhere_at_random(2, |ctx, random| {
        let spec = random_spec(random, 1);
        let shape = [random.of(1..40), random.of(17..20), 9, 9];
        check(ctx, random, spec, shape);
    });
}

#[test]
fn patches_agree_with_the_definition() {
    everywhere_at_random(2, |ctx, random| {
        let spec = Conv2d { stride: [16, 16], ..Conv2d::default() };
        let shape = [random.of(1..70), 3, 16, 16];
        for products in [Products::F32, Products::Bf16, Products::Bf16x3] {
            check_by(Algorithm::Direct, products, ctx, random, spec, shape);
        }
    });
}

#[test]
fn transposed_agrees_with_the_definition() {
    everywhere_at_random(60, |ctx, random| {
        let groups = random.of(1..4);
        let (k, o) = (random.of(1..20), random.of(1..40));
        let [kh, kw] = [random.of(1..6), random.of(1..6)];
        let stride = [random.of(1..4), random.of(1..4)];
        let spec = ConvTranspose2d {
            stride,
            pad: [random.of(0..kh), random.of(0..kw), random.of(0..kh), random.of(0..kw)],
            output_pad: [random.of(0..stride[0]), random.of(0..stride[1])],
            groups,
        };
        let (n, h, w) = (random.of(1..3), random.of(3..8), random.of(3..8));
        let (inputs, outputs) = (k * groups, o * groups);
        let (ldx, ldy) = (inputs + random.of(0..4), outputs + random.of(0..4));
        let x = random.floats(n * h * w * ldx);
        let weight = random.floats(inputs * o * kh * kw);
        let [oh, ow] = spec.output_size([h, w], [kh, kw]);
        let rows = n * oh * ow;
        if rows == 0 {
            return;
        }
        let epilogue = RandomEpilogue::new(random, rows, outputs);

        let (size, shape) = ([n, h, w, inputs], [inputs, o, kh, kw]);
        let mut expected = reference::conv_transpose2d(&spec, &x, size, ldx, &weight, shape);
        epilogue.apply(&mut expected, outputs);

        let packed = PackedConvTranspose::new(ctx.isa, spec, shape, &weight);
        let mut out = epilogue.output(rows, outputs, ldy);
        let output = ImageMut::new(&mut out, [n, oh, ow, outputs], ldy);
        let input = Image::new(&x, size, ldx);
        conv_transpose2d(ctx, input, &packed, epilogue.epilogue(rows), output);
        let found = RandomEpilogue::found(&out, rows, outputs, ldy);
        assert_near(&found, &expected, 1e-5, &(ctx, size, &packed, &epilogue));
    });
}
