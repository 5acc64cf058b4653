//! A line of the list at the network's depth and width.

use ocelli_engine::{Error, Result};

use crate::yolo::modules::call::Call;
use crate::yolo::modules::conv::Units;
use crate::yolo::modules::{Rule, find};
use crate::yolo::spec::{Arg, Layer, Spec};

/// Channels are multiples of this.
const DIVISOR: f64 = 8.0;
/// The most channels of a layer, and the most repeats.
const MOST: [f64; 2] = [65_536.0, 256.0];

/// A layer after scaling.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scaled {
    /// Channels that come out, where the module's rule scales them.
    pub(super) out: usize,
    /// Blocks within the module.
    pub(super) blocks: usize,
    /// Modules one after the other.
    pub(super) modules: usize,
    /// The other arguments; of a head, all.
    pub(super) args: Vec<Arg>,
    /// Side of the first kernel of a lone bottleneck.
    first_kernel: usize,
}

impl Scaled {
    /// The line `layer` of `spec`.
    pub(super) fn of(layer: &Layer, spec: &Spec) -> Result<Scaled> {
        let repeats = repeats(layer.repeats, spec.depth)?;
        let first_kernel = if spec.has_anchors() { 1 } else { 3 };
        let args = resolved(&layer.args, spec);
        let plain = Scaled { out: 0, blocks: 1, modules: repeats, args, first_kernel };
        let rule = find(&layer.module).map(|module| module.rule);
        let Some(rule) = rule else { return plain.head(&layer.module, spec) };
        match rule {
            Rule::Plain => return Ok(plain),
            Rule::PlainBlocks => return Ok(Scaled { blocks: repeats, modules: 1, ..plain }),
            Rule::Scaled | Rule::Blocks => {}
        }
        let mut args = plain.args.into_iter();
        let Some(Arg::Number(out)) = args.next() else {
            let what = "a number of channels expected".to_owned();
            return Err(Error::Shape { op: "argument", what });
        };
        let (blocks, modules) = if rule == Rule::Blocks { (repeats, 1) } else { (1, repeats) };
        let out = channels(out, spec)?;
        let args = by_scale(&layer.module, args.collect(), spec);
        Ok(Scaled { out, blocks, modules, args, first_kernel })
    }

    /// A head's line: prototypes have a number of channels to scale.
    fn head(mut self, module: &str, spec: &Spec) -> Result<Scaled> {
        let prototypes = match module {
            "Segment" | "Segment26" => 2,
            "AnchorSegment" | "AnchorISegment" => 3,
            _ => return Ok(self),
        };
        if let Some(Arg::Number(count)) = self.args.get_mut(prototypes) {
            *count = channels(*count, spec)? as f64;
        }
        Ok(self)
    }

    /// How the module is called.
    pub(super) fn call(&self, units: Units) -> Call<'_> {
        let &Scaled { out, blocks, ref args, first_kernel, .. } = self;
        Call { out, repeats: blocks, args, units, first_kernel }
    }
}

/// `nc` and `kpt_shape` replaced by what the yaml says they are.
fn resolved(args: &[Arg], spec: &Spec) -> Vec<Arg> {
    let one = |arg: &Arg| match arg {
        Arg::Text(name) if name == "nc" => Arg::Number(spec.classes as f64),
        Arg::Text(name) if name == "kpt_shape" => spec.key_points.map_or(Arg::None, |shape| {
            Arg::List(shape.map(|number| Arg::Number(number as f64)).to_vec())
        }),
        arg => arg.clone(),
    };
    args.iter().map(one).collect()
}

/// What scales change of the further arguments of some modules.
fn by_scale(module: &str, mut args: Vec<Arg>, spec: &Spec) -> Vec<Arg> {
    match (module, spec.scale) {
        ("C3k2", Some('m' | 'l' | 'x')) => {
            args.splice(..args.len().min(1), [Arg::Bool(true)]);
        }
        ("A2C2f", Some('l' | 'x')) => args.extend([Arg::Bool(true), Arg::Number(1.2)]),
        ("C2fAttn", _) => {
            if let Some(Arg::Number(heads)) = args.get_mut(1) {
                *heads = scaled_heads(*heads, spec);
            }
        }
        _ => {}
    }
    args
}

/// Heads at the network's width; before that, at most one for each 32 of half of the channels.
fn scaled_heads(heads: f64, spec: &Spec) -> f64 {
    if heads <= 1.0 {
        return heads;
    }
    let most = (spec.max_channels / 2.0).floor() / 32.0;
    (heads.min(most.floor()) * spec.width).max(1.0).floor()
}

/// Repeats at the network's depth; halves are rounded to even numbers.
fn repeats(repeats: usize, depth: f64) -> Result<usize> {
    let scaled = match repeats {
        0 | 1 => 1.0,
        repeats => (repeats as f64 * depth).round_ties_even().max(1.0),
    };
    bounded(scaled, MOST[1], "repeats")
}

/// Channels at the network's width.
fn channels(channels: f64, spec: &Spec) -> Result<usize> {
    let scaled = channels.min(spec.max_channels) * spec.width;
    bounded((scaled / DIVISOR).ceil() * DIVISOR, MOST[0], "channels")
}

fn bounded(number: f64, most: f64, of: &str) -> Result<usize> {
    if (1.0..=most).contains(&number) {
        return Ok(number as usize);
    }
    Err(Error::Shape {
        op: "argument",
        what: format!("{number} {of}; at most {most} are possible"),
    })
}
