//! Operations on pictures and feature maps that multiply no matrices.

use ocelli_kernels::deform::{
    Deformable, FusedInputs, Level, Reference, deformable_attention, deformable_attention_fused,
};
use ocelli_kernels::grid_sample::{GridSample, Padding, grid_sample as sample};
use ocelli_kernels::pool2d::{Pool2d, adaptive_avg_pool2d, avg_pool2d, max_pool2d};
use ocelli_kernels::reduce::global_avg_pool;
use ocelli_kernels::resize::{Interpolation, Resize, ResizePlan, resize as change_size};
use ocelli_kernels::{Context, Image, ImageMut, Rows, RowsMut};

use super::{Case, numbers};

/// h = w, channels, kernel, stride
const POOL: [[usize; 4]; 4] = [[7, 37, 3, 2], [112, 64, 3, 2], [20, 256, 5, 1], [14, 512, 2, 2]];

pub(crate) fn pool2d() -> Vec<Case> {
    let mut cases = Vec::new();
    for [size, c, kernel, stride] in POOL {
        let shape = [1, size, size, c];
        let pool = Pool2d { pad: [kernel / 2; 4], ..Pool2d::new(kernel, stride) };
        let to = pool.out_size([size; 2]).expect("the window fits");
        let name = |what: &str| format!("{what} {size}x{size}x{c} k{kernel} s{stride}");
        cases.push(picture(name("max_pool2d"), shape, to, move |ctx, x, out| {
            max_pool2d(ctx, &pool, x, out);
        }));
        cases.push(picture(name("avg_pool2d"), shape, to, move |ctx, x, out| {
            avg_pool2d(ctx, &pool, false, x, out);
        }));
        let name = |what: &str| format!("{what} {size}x{size}x{c}");
        cases.push(picture(name("adaptive_avg_pool2d"), shape, [6; 2], adaptive_avg_pool2d));
        cases.push(Case::new(name("global_avg_pool"), [size * size * c, c], move |_| {
            let x = numbers(size * size * c);
            move |ctx, out| global_avg_pool(ctx, Image::dense(&x, shape), out)
        }));
    }
    cases
}

/// A case that makes a picture of another size.
fn picture(
    name: String,
    [n, h, w, c]: [usize; 4],
    to: [usize; 2],
    run: impl Fn(Context, Image, ImageMut) + Clone + 'static,
) -> Case {
    let read = n * h * w * c;
    Case::new(name, [read, n * to[0] * to[1] * c], move |_| {
        let (x, run) = (numbers(read), run.clone());
        move |ctx, out| {
            let out = ImageMut::dense(out, [n, to[0], to[1], c]);
            run(ctx, Image::dense(&x, [n, h, w, c]), out);
        }
    })
}

/// h = w before and after, channels
const RESIZE: [[usize; 3]; 4] = [[7, 12, 5], [40, 80, 128], [480, 640, 3], [640, 224, 3]];

const INTERPOLATIONS: [(&str, Interpolation); 6] = [
    ("nearest", Interpolation::Nearest),
    ("nearest exact", Interpolation::NearestExact),
    ("bilinear", Interpolation::Bilinear { align_corners: false }),
    ("bicubic", Interpolation::Bicubic { align_corners: false }),
    ("bilinear antialias", Interpolation::BilinearAntialias { align_corners: false }),
    ("bicubic antialias", Interpolation::BicubicAntialias { align_corners: false }),
];

pub(crate) fn resize() -> Vec<Case> {
    let cases = RESIZE.iter().flat_map(|&shape| INTERPOLATIONS.map(|way| (shape, way)));
    cases
        .map(|([from, to, c], (way, interpolation))| {
            let name = format!("{way} {from}x{from}x{c} to {to}x{to}");
            Case::new(name, [from * from * c, to * to * c], move |_| {
                let resize = Resize { interpolation, from: [from; 2], to: [to; 2], scale: None };
                let plan = ResizePlan::new(&resize).expect("the sizes are positive");
                let (x, mut scratch) = (numbers(from * from * c), Vec::new());
                move |ctx, out| {
                    scratch.resize(plan.scratch_len(c, ctx.pool.threads()), 0.0);
                    let x = Image::dense(&x, [1, from, from, c]);
                    let out = ImageMut::dense(out, [1, to, to, c]);
                    change_size(ctx, &plan, x, out, &mut scratch);
                }
            })
        })
        .collect()
}

/// h = w of picture and grid, channels
const GRIDS: [[usize; 3]; 2] = [[7, 9, 5], [80, 80, 64]];

pub(crate) fn grid_sample() -> Vec<Case> {
    let cases = GRIDS.iter().flat_map(|&shape| [false, true].map(|nearest| (shape, nearest)));
    cases
        .map(|([from, to, c], nearest)| {
            let way = if nearest { "nearest" } else { "bilinear" };
            let name = format!("{way} {from}x{from}x{c} to {to}x{to}");
            Case::new(name, [from * from * c + 2 * to * to, to * to * c], move |_| {
                let x = numbers(from * from * c);
                let grid: Vec<f32> = numbers(2 * to * to).iter().map(|x| 2.2 * x).collect();
                let options = GridSample { nearest, padding: Padding::Zeros, align_corners: false };
                move |ctx, out| {
                    let x = Image::dense(&x, [1, from, from, c]);
                    sample(ctx, options, x, &grid, ImageMut::dense(out, [1, to, to, c]));
                }
            })
        })
        .collect()
}

/// Queries, heads, channels of a head, levels
const DEFORM: [(usize, usize, usize, &[Level]); 2] = [
    (7, 2, 5, &[Level { h: 5, w: 6, points: 3 }, Level { h: 3, w: 3, points: 3 }]),
    (
        300,
        8,
        32,
        &[
            Level { h: 80, w: 80, points: 4 },
            Level { h: 40, w: 40, points: 4 },
            Level { h: 20, w: 20, points: 4 },
        ],
    ),
];

pub(crate) fn deform() -> Vec<Case> {
    DEFORM
        .iter()
        .flat_map(|&(queries, heads, dim, levels)| {
            let shape = Deformable { n: 1, queries, heads, dim, levels };
            [given(shape), fused(shape)]
        })
        .collect()
}

fn given(shape: Deformable<'static>) -> Case {
    let Deformable { queries, heads, dim, .. } = shape;
    let (width, points) = (heads * dim, queries * heads * shape.points());
    let name = format!("deformable_attention {queries} {heads}x{dim}");
    Case::new(name, [shape.rows() * width + 3 * points, queries * width], move |_| {
        let (value, weights) = (numbers(shape.rows() * width), numbers(points));
        let positions: Vec<f32> = numbers(2 * points).iter().map(|x| x + 0.5).collect();
        move |ctx, out| {
            let (value, out) = (Rows::dense(&value, width), RowsMut::dense(out, width));
            deformable_attention(ctx, &shape, value, &positions, &weights, out);
        }
    })
}

fn fused(shape: Deformable<'static>) -> Case {
    let Deformable { queries, heads, dim, .. } = shape;
    let (width, points) = (heads * dim, heads * shape.points());
    let name = format!("deformable_attention_fused {queries} {heads}x{dim}");
    let read = shape.rows() * width + queries * (3 * points + 4);
    Case::new(name, [read, queries * width], move |_| {
        let (value, boxes) = (numbers(shape.rows() * width), vec![0.5; 4 * queries]);
        let (offsets, logits) = (numbers(2 * queries * points), numbers(queries * points));
        move |ctx, out| {
            let inputs = FusedInputs {
                reference: Reference::Boxes(&boxes),
                offsets: Rows::dense(&offsets, 2 * points),
                logits: Rows::dense(&logits, points),
            };
            let (value, out) = (Rows::dense(&value, width), RowsMut::dense(out, width));
            deformable_attention_fused(ctx, &shape, value, &inputs, out);
        }
    })
}
