//! Images pooled, resized and sampled.

use ocelli_kernels::deform::{self, FusedInputs, Level, Reference};
use ocelli_kernels::grid_sample::{self, Padding};
use ocelli_kernels::pool2d::{self, Pool2d};
use ocelli_kernels::resize::{self, Interpolation, ResizePlan};
use ocelli_kernels::{Image, ImageMut};

use super::Lowering;
use super::conv::extents;
use crate::op::{Deformable, Filter, Pool, PoolKind, Resize, SamplePadding};
use crate::{Error, Node, Result};

impl Lowering<'_> {
    pub(super) fn pool(&mut self, node: &Node, pool: Pool) -> Result<()> {
        let Pool { kind, kernel, stride, pad } = pool;
        let window = Pool2d { kernel, stride, pad, dilation: [1, 1], ceil_mode: false };
        let (from, to) = (self.input_extents(node), self.output_extents(node));
        let (reads, writes) = (self.operands(node), self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            let x = Image::of_rows(args.rows(0), from);
            let out = ImageMut::of_rows(args.rows_mut(0), to);
            match kind {
                PoolKind::Max => pool2d::max_pool2d(context, &window, x, out),
                PoolKind::Mean => pool2d::avg_pool2d(context, &window, true, x, out),
                PoolKind::MeanInside => pool2d::avg_pool2d(context, &window, false, x, out),
            }
        })
    }

    pub(super) fn resize(&mut self, node: &Node, resize: Resize) -> Result<()> {
        let (from, to) = (self.input_extents(node), self.output_extents(node));
        let plan = self.resize_plan(node, resize)?;
        let (reads, mut writes) = (self.operands(node), self.results(node));
        writes.push(self.scratch(plan.scratch_len(from[3], self.threads)));
        self.emit(node, reads, writes, move |args, context| {
            let x = Image::of_rows(args.rows(0), from);
            let out = ImageMut::of_rows(args.rows_mut(0), to);
            resize::resize(context, &plan, x, out, args.write(1));
        })
    }

    pub(super) fn resize_plan(&self, node: &Node, resize: Resize) -> Result<ResizePlan> {
        let ([_, h, w, _], [_, to_h, to_w, _]) =
            (self.input_extents(node), self.output_extents(node));
        let (from, to, interpolation) = ([h, w], [to_h, to_w], interpolation(resize));
        ResizePlan::new(&resize::Resize { interpolation, from, to, scale: None })
            .map_err(|error| Error::Shape { op: "resize", what: error.to_string() })
    }

    pub(super) fn grid_sample(
        &mut self,
        node: &Node,
        padding: SamplePadding,
        align_corners: bool,
    ) -> Result<()> {
        let padding = match padding {
            SamplePadding::Zeros => Padding::Zeros,
            SamplePadding::Border => Padding::Border,
        };
        let options = grid_sample::GridSample { nearest: false, padding, align_corners };
        let (from, to) = (self.input_extents(node), self.output_extents(node));
        let reads = vec![self.operand(node.inputs[0]), self.dense(node.inputs[1])?];
        let writes = self.results(node);
        self.emit(node, reads, writes, move |args, context| {
            let x = Image::of_rows(args.rows(0), from);
            let out = ImageMut::of_rows(args.rows_mut(0), to);
            grid_sample::grid_sample(context, options, x, args.read(1), out);
        })
    }

    pub(super) fn deformable_attention(&mut self, node: &Node, spec: &Deformable) -> Result<()> {
        let points = spec.points;
        let levels: Vec<Level> = spec.levels.iter().map(|&[h, w]| Level { h, w, points }).collect();
        let shape = self.graph.shape(node.outputs[0]);
        let [n, queries, width] = [shape[0], shape[1], shape[2]];
        let heads = spec.heads;
        if levels.len() * points > deform::MAX_POINTS {
            let what = format!("deformable attention to {} points", levels.len() * points);
            return Err(Error::Unsupported { executor: "cpu", what });
        }
        let (mut reads, writes) = (self.operands(node), self.results(node));
        reads[1] = self.dense(node.inputs[1])?;
        self.emit(node, reads, writes, move |args, context| {
            let dim = width / heads;
            let shape = deform::Deformable { n, queries, heads, dim, levels: &levels };
            let inputs = FusedInputs {
                reference: Reference::Boxes(args.read(1)),
                offsets: args.rows(2),
                logits: args.rows(3),
            };
            let (value, out) = (args.rows(0), args.rows_mut(0));
            deform::deformable_attention_fused(context, &shape, value, &inputs, out);
        })
    }

    fn input_extents(&self, node: &Node) -> [usize; 4] {
        extents(self.graph.shape(node.inputs[0]))
    }

    fn output_extents(&self, node: &Node) -> [usize; 4] {
        extents(self.graph.shape(node.outputs[0]))
    }
}

fn interpolation(resize: Resize) -> Interpolation {
    let align_corners = resize.align_corners;
    match (resize.filter, resize.antialias) {
        (Filter::Nearest, _) => Interpolation::Nearest,
        (Filter::Bilinear, false) => Interpolation::Bilinear { align_corners },
        (Filter::Bicubic, false) => Interpolation::Bicubic { align_corners },
        (Filter::Bilinear, true) => Interpolation::BilinearAntialias { align_corners },
        (Filter::Bicubic, true) => Interpolation::BicubicAntialias { align_corners },
    }
}
