use super::*;
use crate::testing::{assert_close, everywhere, golden, spread, values};

const TOLERANCE: f32 = 5e-6;

#[test]
fn agrees_with_pytorch() {
    let x = spread(&values(3, 2 * 6 * 5 * 3), 3, 5, f32::NAN);
    let grid: Vec<f32> = values(4, 2 * 4 * 7 * 2).iter().map(|x| x * 2.5).collect();
    let paddings = [
        ("zeros", Padding::Zeros),
        ("border", Padding::Border),
        ("reflection", Padding::Reflection),
    ];
    for (name, padding) in paddings {
        for (nearest, align_corners) in [(false, false), (false, true), (true, false), (true, true)]
        {
            let mode = if nearest { "nearest" } else { "bilinear" };
            let name = format!("{mode} {name} {}", u8::from(align_corners));
            let options = GridSample { nearest, padding, align_corners };
            everywhere(|ctx| {
                let mut out = vec![0.0; 2 * 4 * 7 * 3];
                let from = Image::new(&x, [2, 6, 5, 3], 5);
                grid_sample(ctx, options, from, &grid, ImageMut::dense(&mut out, [2, 4, 7, 3]));
                assert_close(&out, &golden("grid_sample", &name), TOLERANCE, &name);
            });
        }
    }
}

#[test]
fn wild_positions_stay_inside() {
    let x = values(1, 3 * 4 * 20);
    let wild = [f32::NAN, f32::INFINITY, -f32::INFINITY, 1e30, -1e30, 0.0];
    let grid: Vec<f32> = wild.iter().flat_map(|&x| wild.map(|y| [x, y])).flatten().collect();
    for padding in [Padding::Zeros, Padding::Border, Padding::Reflection] {
        for (nearest, align_corners) in [(false, false), (true, true)] {
            everywhere(|ctx| {
                let mut out = vec![0.0; 36 * 20];
                let options = GridSample { nearest, padding, align_corners };
                let to = ImageMut::dense(&mut out, [1, 6, 6, 20]);
                grid_sample(ctx, options, Image::dense(&x, [1, 3, 4, 20]), &grid, to);
                assert!(out.iter().all(|x| x.is_finite()));
            });
        }
    }
}
