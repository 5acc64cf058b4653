//! Products: linear layers, convolutions, attention.

use ocelli_kernels::attention::{Attention, attention as attend, attention_scratch_len};
use ocelli_kernels::conv::{
    Algorithm, Conv2d, ConvTranspose2d, PackedConv, PackedConvTranspose, conv_transpose2d, conv2d,
    conv2d_scratch_len,
};
use ocelli_kernels::gemm::{Epilogue, PackedMatrix, Residual, linear};
use ocelli_kernels::matmul::{Matmul, Operand, OperandMut, matmul as multiply, matmul_scratch_len};
use ocelli_kernels::{Activation, Image, ImageMut, Products, Rows, RowsMut};

use super::{Case, numbers};

/// m, n, k
const LINEAR: [[usize; 3]; 14] = [
    [7, 37, 19],
    [29, 70, 41],
    [580, 1536, 384],
    [580, 384, 1536],
    [580, 384, 384],
    [3136, 256, 64],
    [3136, 64, 256],
    [196, 1024, 256],
    [196, 256, 1024],
    [49, 512, 2048],
    [49, 2048, 512],
    [300, 256, 256],
    [1, 1000, 2048],
    [6400, 32, 32],
];

/// What is done to the sums of some shapes; with `true`, rows are added last.
const EPILOGUES: [([usize; 3], Activation, bool); 6] = [
    ([29, 70, 41], Activation::Gelu, true),
    ([580, 1536, 384], Activation::Gelu, false),
    ([580, 384, 384], Activation::Identity, true),
    ([580, 384, 384], Activation::Silu, false),
    ([6400, 32, 32], Activation::Silu, false),
    ([6400, 32, 32], Activation::Silu, true),
];

const PRODUCTS: [Products; 3] = [Products::F32, Products::Bf16, Products::Bf16x3];

pub(crate) fn gemm() -> Vec<Case> {
    let plain = LINEAR.map(|shape| (shape, Activation::Identity, false));
    let all = plain.into_iter().chain(EPILOGUES);
    let warm = all.flat_map(|case| PRODUCTS.map(|products| linear_with(case, products)));
    let cold = [[197, 3072, 768], [580, 1536, 384], [580, 384, 1536]]
        .into_iter()
        .flat_map(|shape| [Products::F32, Products::Bf16x3].map(|products| cold(shape, products)));
    warm.chain(cold).collect()
}

/// Layers of a transformer one after the other, whose weights have left the cache when their turn comes again.
fn cold([m, n, k]: [usize; 3], products: Products) -> Case {
    const LAYERS: usize = 12;
    let name = format!("linear {m}x{n}x{k} {products:?} of {LAYERS} layers in turn");
    let case = Case::new(name, [m * k + n * k + n, m * n], move |isa| {
        let (x, bias, weight) = (numbers(m * k), numbers(n), numbers(n * k));
        let pack = |_| PackedMatrix::with_products(isa, products, n, k, &weight);
        let layers: Vec<PackedMatrix> = (0..LAYERS).map(pack).collect();
        let mut next = 0;
        move |ctx, out| {
            let (x, out) = (Rows::dense(&x, k), RowsMut::dense(out, n));
            linear(ctx, x, &layers[next], Epilogue::bias(&bias), out);
            next = (next + 1) % LAYERS;
        }
    });
    case.flop(2 * m * n * k)
}

fn linear_with(
    ([m, n, k], activation, adds): ([usize; 3], Activation, bool),
    products: Products,
) -> Case {
    let plus = if adds { " + rows" } else { "" };
    let name = match activation {
        Activation::Identity => format!("linear {m}x{n}x{k}{plus} {products:?}"),
        activation => format!("linear {m}x{n}x{k} {activation:?}{plus} {products:?}"),
    };
    let case = Case::new(name, [m * k + n * k + n, m * n], move |isa| {
        let (x, bias, rows) = (numbers(m * k), numbers(n), numbers(m * n));
        let w = PackedMatrix::with_products(isa, products, n, k, &numbers(n * k));
        move |ctx, out| {
            let (x, out) = (Rows::dense(&x, k), RowsMut::dense(out, n));
            let rows = Rows::dense(&rows, n);
            let residual = adds.then_some(Residual::Rows { rows, before_activation: false });
            let epilogue = Epilogue { activation, residual, ..Epilogue::bias(&bias) };
            linear(ctx, x, &w, epilogue, out);
        }
    });
    case.flop(2 * m * n * k)
}

/// batch, m, n, k; the right-hand side as `[n, k]` and as `[k, n]`
const MATMUL: [[usize; 4]; 4] =
    [[3, 7, 37, 19], [12, 197, 197, 64], [12, 197, 64, 197], [1, 300, 8400, 256]];

pub(crate) fn matmul() -> Vec<Case> {
    let cases =
        MATMUL.iter().flat_map(|&shape| [false, true].map(|transposed| (shape, transposed)));
    cases
        .map(|([batch, m, n, k], b_transposed)| {
            let shape = Matmul { batch, m, n, k, b_transposed };
            let right = if b_transposed { "nk" } else { "kn" };
            let [a_len, b_len, out_len] = [m * k, n * k, m * n];
            let name = format!("matmul {batch} {m}x{n}x{k} {right}");
            let case = Case::new(name, [batch * (a_len + b_len), batch * out_len], move |isa| {
                let (a, b) = (numbers(batch * a_len), numbers(batch * b_len));
                let mut scratch = numbers(matmul_scratch_len(isa, &shape));
                let b_extents = if b_transposed { [n, k] } else { [k, n] };
                move |ctx, out| {
                    let a = Operand { first: Rows::new(&a, [m, k], k), batch_stride: a_len };
                    let b = Operand {
                        first: Rows::new(&b, b_extents, b_extents[1]),
                        batch_stride: b_len,
                    };
                    let out =
                        OperandMut { first: RowsMut::new(out, [m, n], n), batch_stride: out_len };
                    multiply(ctx, &shape, a, b, Epilogue::default(), out, &mut scratch);
                }
            });
            case.flop(2 * batch * m * n * k)
        })
        .collect()
}

/// h = w, in, out, kernel, stride, groups
const CONV: [[usize; 6]; 29] = [
    [9, 5, 37, 3, 1, 1],
    [80, 32, 32, 3, 1, 1],
    [80, 64, 64, 3, 1, 1],
    [40, 64, 64, 3, 1, 1],
    [20, 128, 128, 3, 1, 1],
    [20, 64, 64, 3, 1, 1],
    [9, 3, 19, 7, 2, 1],
    [9, 37, 37, 3, 2, 37],
    [9, 12, 20, 3, 1, 4],
    [24, 128, 128, 3, 1, 1],
    [80, 128, 128, 3, 1, 1],
    [56, 64, 64, 3, 1, 1],
    [14, 256, 256, 3, 1, 1],
    [7, 512, 512, 3, 1, 1],
    [160, 32, 32, 3, 1, 1],
    [160, 16, 16, 3, 1, 1],
    [320, 16, 32, 3, 2, 1],
    [160, 32, 64, 3, 2, 1],
    [160, 64, 64, 3, 2, 1],
    [80, 128, 128, 3, 2, 1],
    [28, 256, 256, 3, 2, 1],
    [224, 3, 64, 7, 2, 1],
    [640, 3, 16, 3, 2, 1],
    [224, 3, 384, 16, 16, 1],
    [56, 128, 128, 3, 1, 32],
    [56, 96, 96, 7, 1, 96],
    [112, 64, 64, 3, 1, 64],
    [112, 64, 64, 3, 2, 64],
    [28, 192, 192, 5, 1, 192],
];

/// h = w, in, out, kernel, stride
const TRANSPOSED: [[usize; 5]; 5] = [
    [5, 7, 19, 3, 2],
    [20, 256, 256, 4, 2],
    [40, 128, 128, 2, 2],
    [28, 256, 256, 2, 2],
    [14, 256, 64, 4, 4],
];

pub(crate) fn conv() -> Vec<Case> {
    CONV.into_iter().flat_map(dense).chain(TRANSPOSED.into_iter().map(transposed)).collect()
}

/// By each algorithm that can do it.
fn dense([size, i, o, kernel, stride, groups]: [usize; 6]) -> Vec<Case> {
    let pad = if kernel == stride { 0 } else { kernel / 2 };
    let spec = Conv2d { stride: [stride; 2], pad: [pad; 4], groups, ..Conv2d::default() };
    let [oh, ow] = spec.output_size([size; 2], [kernel; 2]);
    let (input, weight) = ([1, size, size, i], [o, i / groups, kernel, kernel]);
    let [read, weights] = [size * size * i, weight.iter().product()];
    let case = |(algorithm, products)| {
        let name = format!(
            "conv2d {size}x{size} {i}->{o} k{kernel} s{stride} g{groups} {algorithm:?} {products:?}"
        );
        let case = Case::new(name, [read + weights + o, oh * ow * o], move |isa| {
            let (x, bias) = (numbers(read), numbers(o));
            let w = PackedConv::with(isa, algorithm, products, spec, weight, &numbers(weights));
            let mut scratch = Vec::new();
            move |ctx, out| {
                scratch.resize(conv2d_scratch_len(&w, input, ctx.pool.threads()), 0.0);
                let (x, out) = (Image::dense(&x, input), ImageMut::dense(out, [1, oh, ow, o]));
                conv2d(ctx, x, &w, Epilogue::bias(&bias), out, &mut scratch);
            }
        });
        case.flop(2 * oh * ow * weights)
    };
    let all = [
        (Algorithm::Direct, Products::F32),
        (Algorithm::Direct, Products::Bf16),
        (Algorithm::Direct, Products::Bf16x3),
        (Algorithm::Winograd2, Products::F32),
        (Algorithm::Winograd2, Products::Bf16),
        (Algorithm::Winograd2, Products::Bf16x3),
        (Algorithm::Winograd3, Products::F32),
        (Algorithm::Winograd3, Products::Bf16),
        (Algorithm::Winograd4, Products::F32),
        (Algorithm::Winograd4, Products::Bf16x3),
    ];
    all.into_iter().filter(|(algorithm, _)| algorithm.fits(&spec, weight)).map(case).collect()
}

fn transposed([size, i, o, kernel, stride]: [usize; 5]) -> Case {
    let pad = (kernel - stride) / 2;
    let spec =
        ConvTranspose2d { stride: [stride; 2], pad: [pad; 4], output_pad: [0; 2], groups: 1 };
    let [oh, ow] = spec.output_size([size; 2], [kernel; 2]);
    let (input, weight) = ([1, size, size, i], [i, o, kernel, kernel]);
    let [read, weights] = [size * size * i, weight.iter().product()];
    let name = format!("conv_transpose2d {size}x{size} {i}->{o} k{kernel} s{stride}");
    let case = Case::new(name, [read + weights + o, oh * ow * o], move |isa| {
        let (x, bias) = (numbers(read), numbers(o));
        let w = PackedConvTranspose::new(isa, spec, weight, &numbers(weights));
        move |ctx, out| {
            let (x, out) = (Image::dense(&x, input), ImageMut::dense(out, [1, oh, ow, o]));
            conv_transpose2d(ctx, x, &w, Epilogue::bias(&bias), out);
        }
    });
    case.flop(2 * size * size * weights)
}

/// heads, queries, keys, width of a head
const ATTENTION: [[usize; 4]; 5] = [
    [2, 13, 150, 19],
    [6, 580, 580, 64],
    [6, 1370, 1370, 64],
    [12, 197, 197, 64],
    [8, 300, 300, 32],
];

pub(crate) fn attention() -> Vec<Case> {
    let all = [Products::F32, Products::Bf16, Products::Bf16x3];
    let each = |shape| all.map(|products| (shape, products));
    (ATTENTION.into_iter().flat_map(each))
        .map(|([heads, q_len, kv_len, dim], products)| {
            let shape = Attention {
                batch: 1,
                heads,
                q_len,
                kv_len,
                head_dim: dim,
                v_dim: dim,
                scale: 1.0 / (dim as f32).sqrt(),
                causal: false,
                products,
            };
            let width = heads * dim;
            let name = format!("attention {heads} heads {q_len}x{kv_len}x{dim} {products:?}");
            let case = Case::new(name, [(q_len + 2 * kv_len) * width, q_len * width], move |isa| {
                let [q, k, v] = [q_len, kv_len, kv_len].map(|rows| numbers(rows * width));
                let mut scratch = numbers(attention_scratch_len(isa, &shape));
                move |ctx, out| {
                    let inputs = [&q, &k, &v].map(|x| Rows::dense(x, width));
                    attend(ctx, &shape, inputs, None, RowsMut::dense(out, width), &mut scratch);
                }
            });
            case.flop(4 * heads * q_len * kv_len * dim)
        })
        .collect()
}
