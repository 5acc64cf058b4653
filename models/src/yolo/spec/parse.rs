//! From the yaml in a checkpoint's pickle to a [`Spec`].

use ocelli_converters::{Dict, Value};

use super::{Arg, Layer, Spec};
use crate::yolo::error::{Result, SpecError};

/// The most layers a list may have.
const LAYERS: usize = 512;
/// The most entries of a list of inputs or arguments.
const ENTRIES: usize = 64;
/// The most lists within lists of arguments.
const DEPTH: usize = 3;
/// The most bytes of a name.
const TEXT: usize = 64;

impl Spec {
    /// The yaml of `ultralytics` or of the `yolov5` repository as a checkpoint holds it: a dict with `backbone`, `head`,
    /// `nc` and, where the network is scaled, `scales` and `scale`, or `depth_multiple` and `width_multiple`.
    ///
    /// # Errors
    /// Something is missing or is not what it should be; the error names the key or the layer.
    pub fn from_value(yaml: &Value) -> Result<Spec> {
        let yaml = yaml.as_dict().ok_or_else(|| malformed("yaml", "is not a dict"))?;
        let mut layers = Vec::new();
        for key in ["backbone", "head"] {
            let lines = yaml.get(key).and_then(Value::as_slice);
            let lines = lines.ok_or_else(|| malformed(key, "a list of layers is needed"))?;
            if lines.len() + layers.len() > LAYERS {
                return Err(malformed(key, &format!("more than {LAYERS} layers")));
            }
            for line in lines {
                layers.push(layer(line, layers.len(), yaml)?);
            }
        }
        let Some(last) = layers.last() else { return Err(malformed("head", "has no layers")) };
        let classifies = last.module == "Classify";
        let (scale, [depth, width, max_channels]) = gains(yaml)?;
        Ok(Spec {
            classes: count(yaml, "nc")?.ok_or_else(|| malformed("nc", "is missing"))?,
            depth,
            width,
            max_channels,
            scale,
            reg_max: count(yaml, "reg_max")?.unwrap_or(16),
            end_to_end: given(yaml, "end2end").and_then(Value::as_bool),
            key_points: key_points(yaml)?,
            activation: text(yaml, "activation")?,
            channels: match count(yaml, "channels")? {
                Some(channels) => channels,
                None => count(yaml, "ch")?.unwrap_or(3),
            },
            norm_epsilon: if classifies { 1e-5 } else { 1e-3 },
            layers,
        })
    }
}

/// `[from, repeats, module, args]`
fn layer(line: &Value, index: usize, yaml: &Dict) -> Result<Layer> {
    let bad = |reason: &str| SpecError::Line { layer: index, reason: reason.to_owned() };
    let Some([from, repeats, module, args]) = line.as_slice() else {
        return Err(bad("an input, repeats, a module and arguments are needed"));
    };
    let from = match from.as_slice() {
        Some(list) if list.len() <= ENTRIES => list.iter().map(Value::as_i64).collect(),
        Some(_) => None,
        None => from.as_i64().map(|one| vec![one]),
    };
    let from: Vec<i64> = from.ok_or_else(|| bad("inputs are numbers of layers"))?;
    let repeats = repeats.as_i64().and_then(|n| usize::try_from(n).ok());
    let repeats = repeats.ok_or_else(|| bad("repeats are a number"))?;
    let module = module.as_str().filter(|name| name.len() <= TEXT);
    let module = module.ok_or_else(|| bad("a module is a name"))?;
    let module = module.rsplit('.').next().unwrap_or(module);
    let args = args.as_slice().filter(|list| list.len() <= ENTRIES);
    let args = args.ok_or_else(|| bad("arguments are a list"))?;
    let args: Option<Vec<Arg>> = args.iter().map(|value| argument(value, yaml, DEPTH)).collect();
    let args = args.ok_or_else(|| bad("an argument is neither number, name nor list"))?;
    let from = from.into_iter().map(|i| i as isize).collect();
    Ok(Layer { from, repeats, module: with_anchors(module, &args), args })
}

/// Heads of the `yolov5` and `yolov7` repositories have anchors where those of `ultralytics` have none.
fn with_anchors(module: &str, args: &[Arg]) -> String {
    let anchors = matches!(args.get(1), Some(Arg::List(_)));
    match module {
        "Detect" | "Segment" | "ISegment" if anchors => format!("Anchor{module}"),
        _ => module.to_owned(),
    }
}

/// A value; text that spells another value is read as that, and `anchors` is replaced by the yaml's.
fn argument(value: &Value, yaml: &Dict, depth: usize) -> Option<Arg> {
    if let Some(list) = value.as_slice() {
        if depth == 0 || list.len() > ENTRIES {
            return None;
        }
        let list: Option<_> = list.iter().map(|v| argument(v, yaml, depth - 1)).collect();
        return list.map(Arg::List);
    }
    match value {
        Value::None => Some(Arg::None),
        Value::Bool(flag) => Some(Arg::Bool(*flag)),
        Value::Int(number) => Some(Arg::Number(*number as f64)),
        Value::Float(number) => Some(Arg::Number(*number)),
        Value::Str(name) if name.len() <= TEXT => Some(match &**name {
            "None" => Arg::None,
            "True" => Arg::Bool(true),
            "False" => Arg::Bool(false),
            "anchors" if depth == DEPTH => match yaml.get("anchors")? {
                Value::Str(_) => return None,
                anchors => argument(anchors, yaml, depth)?,
            },
            name => name.parse().map_or_else(|_| Arg::Text(name.to_owned()), Arg::Number),
        }),
        _ => None,
    }
}

/// The scale's letter, and gains of depth and width with the most channels before scaling.
fn gains(yaml: &Dict) -> Result<(Option<char>, [f64; 3])> {
    let letter = text(yaml, "scale")?.and_then(|scale| scale.chars().next());
    let Some(scales) = given(yaml, "scales") else {
        let depth = number(yaml, "depth_multiple")?.unwrap_or(1.0);
        let width = number(yaml, "width_multiple")?.unwrap_or(1.0);
        return Ok((letter, [depth, width, f64::MAX]));
    };
    let scales = scales.as_dict().ok_or_else(|| malformed("scales", "is not a dict"))?;
    let mut rows = scales.iter().filter_map(|(key, row)| Some((key.as_str()?, row)));
    let row = match letter {
        Some(letter) => rows.find(|(key, _)| key.chars().eq([letter])),
        None => rows.next(),
    };
    let Some((key, row)) = row else {
        return Err(malformed("scales", &format!("there is none called {letter:?}")));
    };
    if let Some([depth, width, most]) = row.as_slice() {
        let gains = [depth, width, most].map(|v| v.as_f64().filter(|v| *v > 0.0));
        if let [Some(depth), Some(width), Some(most)] = gains {
            return Ok((key.chars().next(), [depth, width, most]));
        }
    }
    Err(malformed("scales", "a scale is a depth, a width and a number of channels"))
}

fn key_points(yaml: &Dict) -> Result<Option<[usize; 2]>> {
    let Some(value) = given(yaml, "kpt_shape") else { return Ok(None) };
    let numbers: Option<Vec<i64>> =
        value.as_slice().and_then(|list| list.iter().take(3).map(Value::as_i64).collect());
    match numbers.as_deref() {
        Some(&[points @ 1..=4096, numbers @ 2..=3]) => {
            Ok(Some([points as usize, numbers as usize]))
        }
        _ => Err(malformed("kpt_shape", "a number of points and two or three are needed")),
    }
}

fn count(yaml: &Dict, key: &'static str) -> Result<Option<usize>> {
    let Some(value) = given(yaml, key) else { return Ok(None) };
    match value.as_i64() {
        Some(count @ 1..=65_536) => Ok(Some(count as usize)),
        _ => Err(malformed(key, "a number from 1 to 65536 is needed")),
    }
}

fn number(yaml: &Dict, key: &'static str) -> Result<Option<f64>> {
    let Some(value) = given(yaml, key) else { return Ok(None) };
    match value.as_f64() {
        Some(number) if number > 0.0 && number <= 64.0 => Ok(Some(number)),
        _ => Err(malformed(key, "a number above zero is needed")),
    }
}

fn text(yaml: &Dict, key: &'static str) -> Result<Option<String>> {
    let Some(value) = given(yaml, key) else { return Ok(None) };
    match value.as_str() {
        Some("") => Ok(None),
        Some(text) if text.len() <= TEXT => Ok(Some(text.to_owned())),
        _ => Err(malformed(key, "a short text is needed")),
    }
}

/// The value of `key`, unless it is `None`.
fn given<'a>(yaml: &'a Dict, key: &str) -> Option<&'a Value> {
    yaml.get(key).filter(|value| !value.is_none())
}

fn malformed(key: &'static str, reason: &str) -> SpecError {
    SpecError::Malformed { key, reason: reason.to_owned() }
}
