//! What is written as pairs of bf16 is what a reader would have made of the numbers, and is read as such.

use crate::attention::{Attention, attention, attention_scratch_len};
use crate::conv::{Algorithm, Conv2d, PackedConv, conv2d, conv2d_scratch_len, takes_pairs};
use crate::gemm::{Epilogue, PackedMatrix, Residual, linear};
use crate::norm::{LayerNorm, layer_norm, rms_norm};
use crate::pool2d::{Pool2d, avg_pool2d, max_pool2d};
use crate::simd::bf16;
use crate::testing::{Random, bf16_floats, columns, everywhere_at_random};
use crate::{Activation, Factors, Image, ImageMut, Products, Rows, RowsMut};

const UNTOUCHED: f32 = -77.0;

/// The numbers two by two.
fn in_pairs(numbers: &[f32]) -> Vec<f32> {
    numbers.chunks(2).map(|pair| bf16::pair(pair[0], pair[1])).collect()
}

fn bits(floats: &[f32]) -> Vec<u32> {
    floats.iter().map(|x| x.to_bits()).collect()
}

/// Checks that `run` writes `rows` rows of `width` numbers in bf16 as it writes them in `f32`.
fn check_written(random: &mut Random, [rows, width]: [usize; 2], run: impl Fn(RowsMut)) {
    let mut numbers = vec![0.0; rows * width];
    run(RowsMut::dense(&mut numbers, width));
    let floats = width / 2;
    let ld = floats + random.of(0..3);
    let mut pairs = vec![UNTOUCHED; rows * ld];
    run(RowsMut::new(&mut pairs, [rows, floats], ld).holding(Factors::Bf16));
    let found = columns(&pairs, rows, ld, floats, UNTOUCHED);
    assert_eq!(bits(&found), bits(&in_pairs(&numbers)), "{rows} rows of {width}");
}

/// Checks that `run` adds numbers in bf16, elsewhere and in place, as it adds the same in `f32`.
fn check_added(
    random: &mut Random,
    [rows, width]: [usize; 2],
    run: impl Fn(Option<Residual>, RowsMut),
) {
    let before_activation = random.flag();
    let summand = bf16_floats(&random.floats(rows * width));
    let pairs = in_pairs(&summand);
    let added = |rows: Rows| {
        let mut out = vec![0.0; rows.rows() * width];
        run(Some(Residual::Rows { rows, before_activation }), RowsMut::dense(&mut out, width));
        out
    };
    let expected = added(Rows::dense(&summand, width));
    let found = added(Rows::dense(&pairs, width / 2).holding(Factors::Bf16));
    assert_eq!(bits(&found), bits(&expected), "{rows} rows of {width}");

    let mut in_place = pairs;
    let out = RowsMut::dense(&mut in_place, width / 2).holding(Factors::Bf16);
    run(Some(Residual::InPlace { before_activation }), out);
    assert_eq!(bits(&in_place), bits(&in_pairs(&expected)), "{rows} rows of {width} in place");
}

fn random_activation(random: &mut Random) -> Activation {
    [Activation::Identity, Activation::Relu, Activation::Silu][random.of(0..3)]
}

#[test]
fn linears_write_and_read_pairs() {
    everywhere_at_random(30, |ctx, random| {
        let (m, n, k) = (random.of(1..40), 2 * random.of(1..50), 2 * random.of(1..70));
        let (x, w, bias) = (random.floats(m * k), random.floats(n * k), random.floats(n));
        let summand = random.floats(m * n);
        let residual = random
            .flag()
            .then(|| Residual::Rows { rows: Rows::dense(&summand, n), before_activation: false });
        let activation = random_activation(random);
        let epilogue = Epilogue { bias: Some(&bias), activation, residual };
        for products in [Products::F32, Products::Bf16] {
            let packed = PackedMatrix::with_products(ctx.isa, products, n, k, &w);
            let rows = Rows::dense(&x, k);
            check_written(random, [m, n], |out| linear(ctx, rows, &packed, epilogue, out));
            check_added(random, [m, n], |residual, out| {
                linear(ctx, rows, &packed, Epilogue { residual, ..epilogue }, out);
            });
        }

        let packed = PackedMatrix::with_products(ctx.isa, Products::Bf16, n, k, &w);
        let (pairs, mut of_numbers, mut of_pairs) =
            (in_pairs(&x), vec![0.0; m * n], vec![0.0; m * n]);
        linear(ctx, Rows::dense(&x, k), &packed, epilogue, RowsMut::dense(&mut of_numbers, n));
        let rows = Rows::dense(&pairs, k / 2).holding(Factors::Bf16);
        linear(ctx, rows, &packed, epilogue, RowsMut::dense(&mut of_pairs, n));
        assert_eq!(bits(&of_numbers), bits(&of_pairs), "{ctx:?} {m} {n} {k}");
    });
}

#[test]
#[should_panic(expected = "pairs for weights that are none")]
fn pairs_are_no_numbers() {
    let pool = crate::Pool::new(1);
    let ctx = crate::Context { isa: crate::Isa::Scalar, pool: &pool };
    let packed = PackedMatrix::from_rows_out_in(ctx.isa, 1, 4, &[1.0; 4]);
    let (x, mut out) = ([0.0; 2], [0.0]);
    let rows = Rows::dense(&x, 2).holding(Factors::Bf16);
    linear(ctx, rows, &packed, Epilogue::default(), RowsMut::dense(&mut out, 1));
}

#[test]
fn convolutions_write_and_read_pairs() {
    let ways = [
        (Algorithm::Direct, 1),
        (Algorithm::Direct, 2),
        (Algorithm::Winograd2, 1),
        (Algorithm::Winograd3, 2),
        (Algorithm::Winograd4, 1),
    ];
    everywhere_at_random(20, |ctx, random| {
        let (algorithm, stride) = ways[random.of(0..ways.len())];
        let spec = Conv2d { stride: [stride; 2], pad: [1; 4], ..Conv2d::default() };
        let [o, i] = [2 * random.of(1..40), [3, 2 * random.of(1..30)][random.of(0..2)]];
        let (h, w) = (random.of(3..12), random.of(3..60));
        let (shape, size) = ([o, i, 3, 3], [1, h, w, i]);
        let (x, weight) = (random.floats(h * w * i), random.floats(o * i * 9));
        let epilogue = Epilogue { activation: random_activation(random), ..Epilogue::default() };
        let packed = PackedConv::with(ctx.isa, algorithm, Products::Bf16, spec, shape, &weight);
        let [oh, ow] = spec.output_size([h, w], [3, 3]);
        let run = |input: Image, epilogue: Epilogue, out: RowsMut| {
            let mut scratch = vec![f32::NAN; conv2d_scratch_len(&packed, size, ctx.pool.threads())];
            let out = ImageMut::of_rows(out, [1, oh, ow, o]);
            conv2d(ctx, input, &packed, epilogue, out, &mut scratch);
        };
        let input = Image::dense(&x, size);
        check_written(random, [oh * ow, o], |out| run(input, epilogue, out));
        check_added(random, [oh * ow, o], |residual, out| {
            run(input, Epilogue { residual, ..epilogue }, out);
        });

        if takes_pairs(algorithm, Products::Bf16, &spec, shape) && i.is_multiple_of(2) {
            let (mut of_numbers, mut of_pairs) = (vec![0.0; oh * ow * o], vec![0.0; oh * ow * o]);
            run(input, epilogue, RowsMut::dense(&mut of_numbers, o));
            let pairs = in_pairs(&x);
            let rows = Rows::dense(&pairs, i / 2).holding(Factors::Bf16);
            run(Image::of_rows(rows, size), epilogue, RowsMut::dense(&mut of_pairs, o));
            assert_eq!(bits(&of_numbers), bits(&of_pairs), "{ctx:?} {shape:?} {size:?}");
        }
    });
}

#[test]
fn normalisations_write_pairs() {
    everywhere_at_random(20, |ctx, random| {
        let (rows, width) = (random.of(1..20), 2 * random.of(1..60));
        let (x, weight, bias) =
            (random.floats(rows * width), random.floats(width), random.floats(width));
        let x = Rows::dense(&x, width);
        let norm = LayerNorm { weight: Some(&weight), bias: Some(&bias), eps: 1e-5 };
        check_written(random, [rows, width], |out| layer_norm(ctx, &norm, x, None, out));
        check_written(random, [rows, width], |out| rms_norm(ctx, Some(&weight), 1e-6, x, out));
    });
}

#[test]
fn pools_write_and_read_pairs() {
    everywhere_at_random(10, |ctx, random| {
        let (h, w, c) = (random.of(3..9), random.of(3..9), 2 * random.of(1..80));
        let pool = Pool2d { pad: [1; 4], ..Pool2d::new(3, random.of(1..3)) };
        let [oh, ow] = pool.out_size([h, w]).unwrap();
        let (size, shape) = ([1, h, w, c], [1, oh, ow, c]);
        let x = bf16_floats(&random.floats(h * w * c));
        let pairs = in_pairs(&x);
        let rows = Rows::dense(&pairs, c / 2).holding(Factors::Bf16);
        for image in [Image::dense(&x, size), Image::of_rows(rows, size)] {
            check_written(random, [oh * ow, c], |out| {
                max_pool2d(ctx, &pool, image, ImageMut::of_rows(out, shape));
            });
            check_written(random, [oh * ow, c], |out| {
                avg_pool2d(ctx, &pool, true, image, ImageMut::of_rows(out, shape));
            });
        }
        let largest = |image: Image| {
            let mut out = vec![0.0; oh * ow * c];
            max_pool2d(ctx, &pool, image, ImageMut::dense(&mut out, shape));
            bits(&out)
        };
        assert_eq!(largest(Image::of_rows(rows, size)), largest(Image::dense(&x, size)));
    });
}

#[test]
fn attention_writes_pairs() {
    everywhere_at_random(10, |ctx, random| {
        let shape = Attention {
            batch: random.of(1..3),
            heads: random.of(1..4),
            q_len: random.of(1..30),
            kv_len: random.of(1..40),
            head_dim: random.of(1..40),
            v_dim: 2 * random.of(1..140),
            scale: 0.5,
            causal: false,
            products: Products::Bf16,
        };
        let (keys, values) = (shape.heads * shape.head_dim, shape.heads * shape.v_dim);
        let [queries, rows] = [shape.batch * shape.q_len, shape.batch * shape.kv_len];
        let (q, k, v) = (
            random.floats(queries * keys),
            random.floats(rows * keys),
            random.floats(rows * values),
        );
        let qkv = [Rows::dense(&q, keys), Rows::dense(&k, keys), Rows::dense(&v, values)];
        check_written(random, [queries, values], |out| {
            let mut scratch = vec![f32::NAN; attention_scratch_len(ctx.isa, &shape)];
            attention(ctx, &shape, qkv, None, out, &mut scratch);
        });
    });
}
