//! Which variant a checkpoint is.
//!
//! Tensors decide whatever they can: only the number of windows leaves no trace in them. Where it matters, the position
//! grid of the published sizes, then what is stored beside the weights, tells.

use ocelli_converters::Value;

use super::checkpoint::Checkpoint;
use super::config::{Config, Encoder, Head, VARIANTS, Variant};
use crate::{Error, Result};

/// What the tensors show.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    head: Head,
    encoder: Encoder,
    hidden: usize,
    patch: usize,
    layers: usize,
    levels: usize,
    points: usize,
    groups: usize,
    queries: usize,
    position_grid: usize,
    classes: usize,
    keypoints: Vec<usize>,
}

/// The network of a checkpoint; `said` is what a caller or a package calls it.
pub(super) fn infer(checkpoint: &Checkpoint, said: Option<&str>) -> Result<Config> {
    let shown = Shown::read(checkpoint)?;
    let alike: Vec<&Variant> = VARIANTS.iter().filter(|v| shown.could_be(v)).collect();
    let row = match said {
        Some(said) => chosen(checkpoint, &shown, &alike, said)?,
        None => narrowed(checkpoint, &shown, alike)?,
    };
    let Shown { queries, position_grid, classes, groups, keypoints, .. } = shown;
    let queries = if row.head == Head::Semantic { row.queries } else { queries };
    let mut variant = Variant { queries, position_grid, ..*row };
    let windows = checkpoint.model_config("num_windows").and_then(Value::as_i64);
    if let Some(windows) = windows.and_then(|w| usize::try_from(w).ok()).filter(|&w| w > 0) {
        variant.windows = windows;
    }
    if variant.position_grid != row.position_grid {
        variant.resolution = position_grid * variant.patch;
    }
    let config = Config { variant, classes, groups, keypoints };
    check_description(checkpoint, &config)?;
    Ok(config)
}

/// The row that was asked for, if the tensors allow it.
fn chosen<'a>(
    checkpoint: &Checkpoint,
    shown: &Shown,
    alike: &[&'a Variant],
    said: &str,
) -> Result<&'a Variant> {
    let Some(row) = Variant::find(said) else {
        let known: Vec<String> = VARIANTS.iter().map(Variant::id).collect();
        let reason = format!("`{said}` is no variant of RF-DETR; there are {}", known.join(", "));
        return Err(Error::BadOption { name: "model_type", reason });
    };
    alike.iter().find(|v| v.name == row.name).copied().ok_or_else(|| Error::Contradiction {
        file: checkpoint.file(),
        said: row.id(),
        found: format!("its tensors are of {} ({})", ids(alike), shown.describe()),
    })
}

/// One row of those that the tensors fit.
fn narrowed<'a>(
    checkpoint: &Checkpoint,
    shown: &Shown,
    alike: Vec<&'a Variant>,
) -> Result<&'a Variant> {
    if alike.is_empty() {
        return Err(Error::Unsupported {
            file: checkpoint.file(),
            what: format!("an RF-DETR of unknown size ({})", shown.describe()),
            hint: "train one of the published sizes".to_owned(),
        });
    }
    let windows = checkpoint.stored_count("num_windows");
    let named: Vec<&str> = checkpoint.names().filter_map(variant_in).collect();
    let alike = keep(alike, |v| v.queries == shown.queries);
    let alike = keep(alike, |v| v.position_grid == shown.position_grid);
    let alike = keep(alike, |v| Some(v.windows) == windows);
    let alike = keep(alike, |v| named.first() == Some(&v.name));
    let first = alike[0];
    if alike.iter().any(|v| v.windows != first.windows) {
        return Err(Error::Ambiguous { file: checkpoint.file(), candidates: ids(&alike) });
    }
    Ok(first)
}

/// The rows that `fits`, or all if none does.
fn keep(rows: Vec<&Variant>, fits: impl Fn(&Variant) -> bool) -> Vec<&Variant> {
    let kept: Vec<&Variant> = rows.iter().copied().filter(|v| fits(v)).collect();
    if kept.is_empty() { rows } else { kept }
}

fn ids(variants: &[&Variant]) -> String {
    match variants {
        [] => "no published size".to_owned(),
        some => some.iter().map(|v| v.id()).collect::<Vec<_>>().join(" or "),
    }
}

/// The variant that a class (`RFDETRSegNano`) or a file (`rf-detr-seg-nano.pt`) is called after.
fn variant_in(name: &str) -> Option<&'static str> {
    let mut plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    plain.make_ascii_lowercase();
    let plain = plain.replace("xxlarge", "2xlarge");
    let rest = plain.split("rfdetr").last()?;
    let spelled = |v: &&Variant| rest.starts_with(&v.name.replace('-', ""));
    VARIANTS.iter().filter(spelled).map(|v| v.name).max_by_key(|name| name.len())
}

impl Shown {
    fn read(checkpoint: &Checkpoint) -> Result<Shown> {
        let embeddings = "backbone.0.encoder.encoder.embeddings";
        let [_, tokens, width] = extents(checkpoint, &format!("{embeddings}.position_embeddings"))?;
        let projection = format!("{embeddings}.patch_embeddings.projection.weight");
        let [_, _, patch, _] = extents(checkpoint, &projection)?;
        let encoder = match width {
            384 => Encoder::Small,
            768 => Encoder::Base,
            width => return Err(odd(checkpoint, &format!("an encoder of {width} channels"))),
        };
        let position_grid = tokens.saturating_sub(1).isqrt();
        if position_grid == 0 || position_grid * position_grid + 1 != tokens {
            return Err(odd(checkpoint, &format!("{tokens} position embeddings, not 1 + n * n")));
        }
        let [hidden] = extents(checkpoint, "backbone.0.projector.stages.0.1.weight")?;
        let levels = checkpoint.count("backbone.0.projector.stages.");
        let shown = Shown {
            head: Head::Semantic,
            encoder,
            hidden,
            patch,
            layers: checkpoint.count("segmentation_head.blocks."),
            levels,
            points: 0,
            groups: 1,
            queries: 0,
            position_grid,
            classes: 0,
            keypoints: vec![],
        };
        if let Some(&[classes]) = checkpoint.shape("semantic_embed.bias") {
            return Ok(Shown { classes, ..shown });
        }
        shown.read_decoder(checkpoint)
    }

    fn read_decoder(self, checkpoint: &Checkpoint) -> Result<Shown> {
        let head = match checkpoint {
            c if c.shape("keypoint_embed.layers.0.weight").is_some() => Head::KeyPoints,
            c if c.shape("segmentation_head.bias").is_some() => Head::Masks,
            _ => Head::Boxes,
        };
        let groups = checkpoint.count("transformer.enc_output.").max(1);
        let [rows, _] = extents(checkpoint, "refpoint_embed.weight")?;
        let offsets = "transformer.decoder.layers.0.cross_attn.sampling_offsets.bias";
        let [offsets] = extents(checkpoint, offsets)?;
        let [classes] = extents(checkpoint, "class_embed.bias")?;
        let keypoints = if head == Head::KeyPoints { schema(checkpoint)? } else { vec![] };
        Ok(Shown {
            head,
            layers: checkpoint.count("transformer.decoder.layers."),
            points: offsets / (self.hidden / 16 * self.levels * 2).max(1),
            groups,
            queries: rows / groups,
            classes,
            keypoints,
            ..self
        })
    }

    /// Whether these tensors could be those of a row: all but queries and grid, which trainers let users change.
    fn could_be(&self, row: &Variant) -> bool {
        let Shown { head, encoder, hidden, patch, layers, levels, points, .. } = *self;
        let decoder = head == Head::Semantic || points == row.points;
        let sizes = (head, encoder, hidden, patch, layers, levels);
        decoder
            && sizes == (row.head, row.encoder, row.hidden, row.patch, row.layers, row.levels.len())
    }

    fn describe(&self) -> String {
        let Shown { head, encoder, hidden, patch, layers, queries, position_grid: grid, .. } = self;
        format!(
            "{head:?} head, ViT of {} channels, hidden {hidden}, patch {patch}, {layers} layers, \
             {queries} queries, position grid {grid}x{grid}",
            encoder.width()
        )
    }
}

/// The key points of each class: what rows of the mask of active points add up to; without the mask, all are one
/// class's.
fn schema(checkpoint: &Checkpoint) -> Result<Vec<usize>> {
    let [points, _] = extents(checkpoint, "transformer.keypoint_query_initializer.queries")?;
    let mask = checkpoint.weights.get("_kp_active_mask").filter(|mask| !mask.is_empty());
    let Some(mask) = mask else { return Ok(vec![points]) };
    let &[_, longest] = mask.shape() else {
        return Err(odd(checkpoint, "a mask of key points that is no table"));
    };
    let active = mask.to_i64()?;
    let rows = active.chunks(longest.max(1));
    let schema: Vec<usize> =
        rows.map(|row| row.iter().filter(|&&active| active != 0).count()).collect();
    if schema.iter().sum::<usize>() != points {
        let what = format!("{points} key points where the classes have {schema:?}");
        return Err(odd(checkpoint, &what));
    }
    Ok(schema)
}

fn extents<const N: usize>(checkpoint: &Checkpoint, name: &str) -> Result<[usize; N]> {
    let shape = checkpoint.shape(name);
    let shape = shape.ok_or_else(|| odd(checkpoint, &format!("no tensor `{name}`")))?;
    <[usize; N]>::try_from(shape)
        .map_err(|_| odd(checkpoint, &format!("tensor `{name}` of shape {shape:?}")))
}

fn odd(checkpoint: &Checkpoint, what: &str) -> Error {
    Error::NotThisModel {
        file: checkpoint.file(),
        architecture: "rfdetr",
        reason: format!("it has {what}"),
    }
}

/// Refuses a network whose stored description asks for something that this implementation does not compute.
fn check_description(checkpoint: &Checkpoint, config: &Config) -> Result<()> {
    let number = |key: &str| checkpoint.model_config(key).and_then(Value::as_i64);
    let flag = |key: &str| checkpoint.model_config(key).and_then(Value::as_bool);
    let refuse = |key: &str, value: String| {
        Err(Error::Unsupported {
            file: checkpoint.file(),
            what: format!("`model_config.{key}` = {value} for {}", config.variant.id()),
            hint: "only the published sizes can be run".to_owned(),
        })
    };
    let numbers = [
        ("grouppose_keypoint_dim_downscale", 1),
        ("num_decoder_registers", 0),
        ("mask_downsample_ratio", 4),
    ];
    let decoder = [("sa_nheads", config.self_heads()), ("ca_nheads", config.cross_heads())];
    let decoder = decoder.map(|(key, heads)| (key, heads as i64));
    for (key, needed) in numbers.into_iter().chain(decoder) {
        if let Some(found) = number(key).filter(|&found| found != needed) {
            return refuse(key, found.to_string());
        }
    }
    let points = config.variant.head == Head::KeyPoints;
    let always = ["two_stage", "bbox_reparam", "lite_refpoint_refine", "layer_norm"];
    let of_points = ["keypoint_cross_attn", "dual_projector", "dual_projector_kp_only"];
    let flags =
        always.map(|key| (key, true)).into_iter().chain([("inter_instance_kp_attn", false)]);
    for (key, needed) in
        flags.chain(of_points.map(|key| (key, true)).into_iter().filter(|_| points))
    {
        if flag(key) == Some(!needed) {
            return refuse(key, (!needed).to_string());
        }
    }
    let features = checkpoint.model_config("out_feature_indexes").and_then(Value::as_slice);
    let same = |features: &[Value]| {
        let found = features.iter().map(Value::as_i64);
        found.eq(config.variant.features.iter().map(|&k| Some(k as i64)))
    };
    match features {
        Some(features) if !same(features) => refuse("out_feature_indexes", format!("{features:?}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
