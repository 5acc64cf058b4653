//! `ocelli inspect`: what is in a checkpoint.

use std::path::Path;

use anyhow::Result;
use ocelli::converters::{StateDict, Tensor, Value};
use ocelli::{AutoModel, PackageFolder, task_name};
use serde_json::{Map, Value as Json, json};

use crate::Outcome;
use crate::args::InspectArgs;
use crate::console::{Console, megabytes};

/// Tensors and arguments that are shown unless all are asked for.
const SHOWN: usize = 20;

/// Arguments that are shown at most, however many a file has.
const MAX_ARGUMENTS: usize = 10_000;

pub(crate) fn run(args: &InspectArgs, console: &Console) -> Result<Outcome> {
    let folder = if args.file.is_dir() { Some(PackageFolder::read(&args.file)?) } else { None };
    let file = folder.as_ref().map_or(&args.file, |folder| &folder.weights);
    let weights = StateDict::open(file)?;
    let wanted =
        |tensor: &&Tensor| args.filter.as_ref().is_none_or(|text| tensor.name().contains(text));
    let tensors: Vec<_> = weights.tensors().filter(wanted).collect();
    let recognised = AutoModel::options().describe_only().from_path(&args.file);
    let arguments = arguments(weights.root(), args.all);

    if args.json {
        console.line(&as_json(file, &weights, &tensors, recognised.as_ref().ok(), arguments))?;
        return Ok(Outcome::Done);
    }
    let bytes: u64 = weights.tensors().map(|tensor| tensor.byte_len() as u64).sum();
    let (format, count) = (weights.format(), weights.len());
    console.line(&format!(
        "{}: {format:?}, {count} tensors, {}",
        file.display(),
        megabytes(bytes)
    ))?;
    match &recognised {
        Ok(model) => describe(model, console)?,
        Err(error) => console.line(&format!("not recognised: {error}"))?,
    }
    let groups: Vec<_> = weights.groups().iter().filter(|group| group.count > 0).collect();
    section("\ngroups of tensors", &groups, args.all, console, |group| {
        let path = if group.path.is_empty() { "(root)" } else { &group.path };
        format!("{path}: {} tensors, {}", group.count, megabytes(group.bytes))
    })?;
    section("\ntensors", &tensors, args.all, console, |tensor| {
        format!("{} {} {:?}", tensor.name(), tensor.dtype().name(), tensor.shape())
    })?;
    section("\narguments", &arguments, args.all, console, |(name, value)| {
        format!("{name} = {}", clipped(value, args.all))
    })?;
    Ok(Outcome::Done)
}

fn describe(model: &AutoModel, console: &Console) -> Result<()> {
    let info = model.info();
    console.line(&format!(
        "recognised as {} ({}), {}, input {}x{}, {} classes",
        info.variant,
        info.architecture,
        task_name(info.task),
        info.resolution.height,
        info.resolution.width,
        model.class_names().len(),
    ))?;
    let names = model.class_names();
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if names.len() > SHOWN { ", ..." } else { "" };
    console.line(&format!("classes: {shown}{more}"))?;
    if !info.unused_tensors.is_empty() {
        console.line(&format!("unused tensors: {}", info.unused_tensors.len()))?;
    }
    Ok(())
}

fn section<T>(
    title: &str,
    rows: &[T],
    all: bool,
    console: &Console,
    line: impl Fn(&T) -> String,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    console.line(&format!("{title}:"))?;
    let shown = if all { rows.len() } else { rows.len().min(SHOWN) };
    for row in &rows[..shown] {
        console.line(&format!("  {}", line(row)))?;
    }
    if shown < rows.len() {
        console.line(&format!("  ... and {} more (--all shows them)", rows.len() - shown))?;
    }
    Ok(())
}

fn as_json(
    file: &Path,
    weights: &StateDict,
    tensors: &[&Tensor],
    model: Option<&AutoModel>,
    arguments: Vec<(String, Json)>,
) -> String {
    let model = model.map(|model| {
        let info = model.info();
        json!({
            "architecture": info.architecture,
            "task": info.task,
            "variant": info.variant,
            "resolution": [info.resolution.height, info.resolution.width],
            "class_names": model.class_names(),
            "unused_tensors": info.unused_tensors,
        })
    });
    let tensor =
        |t: &&Tensor| json!({ "name": t.name(), "dtype": t.dtype().name(), "shape": t.shape() });
    json!({
        "file": file.display().to_string(),
        "format": format!("{:?}", weights.format()),
        "model": model,
        "tensors": tensors.iter().map(tensor).collect::<Vec<_>>(),
        "arguments": arguments.into_iter().collect::<Map<_, _>>(),
    })
    .to_string()
}

/// The plain values of a file by their paths, those of the outer dicts first; tensors and what holds nothing plain are
/// left out, and so are nulls and the insides of pickled modules unless `all` is asked for.
fn arguments(root: &Value, all: bool) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    collect(root, "", all, &mut found, 0);
    if !all {
        found.sort_by_key(|(path, _)| path.matches('.').count());
    }
    found
}

fn collect(value: &Value, path: &str, all: bool, found: &mut Vec<(String, Json)>, depth: usize) {
    const MAX_DEPTH: usize = 16;
    if found.len() >= MAX_ARGUMENTS || depth > MAX_DEPTH {
        return;
    }
    if let Some(plain) = plain(value) {
        if all || !plain.is_null() {
            found.push((path.to_owned(), plain));
        }
        return;
    }
    let dict = value.as_dict().or_else(|| value.as_object().and_then(|o| o.state().as_dict()));
    for (key, value) in dict.into_iter().flat_map(ocelli::converters::Dict::iter) {
        let Some(key) = key.as_str().filter(|key| all || !is_internal(key)) else { continue };
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        collect(value, &path, all, found, depth + 1);
    }
}

/// Whether an attribute is one that every pickled module has: children, parameters, hooks, whether it is in training.
fn is_internal(key: &str) -> bool {
    key.starts_with('_') || key == "training"
}

/// A number, a text, a truth value, a list of such, or numbered texts as names of classes are.
fn plain(value: &Value) -> Option<Json> {
    if let Some(names) = value.as_dict().and_then(numbered) {
        return Some(names);
    }
    if let Some(items) = value.as_slice() {
        return items.iter().map(plain).collect::<Option<Vec<_>>>().map(Json::from);
    }
    match value {
        Value::None => Some(Json::Null),
        Value::Bool(value) => Some(json!(value)),
        _ => None,
    }
    .or_else(|| value.as_str().map(Json::from))
    .or_else(|| value.as_i64().map(Json::from))
    .or_else(|| value.as_f64().map(Json::from))
}

/// Texts by number, if a dict holds nothing else.
fn numbered(dict: &ocelli::converters::Dict) -> Option<Json> {
    let entry = |(key, value): (&Value, &Value)| {
        Some((key.as_i64()?.to_string(), Json::from(value.as_str()?)))
    };
    let names = dict.iter().map(entry).collect::<Option<Map<_, _>>>()?;
    (!names.is_empty()).then_some(Json::Object(names))
}

/// A value on one line of bearable length.
fn clipped(value: &Json, all: bool) -> String {
    const LONGEST: usize = 120;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) if !all => format!("{} ...", &text[..end]),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_clipped_unless_all_is_asked_for() {
        let value = Json::from("ä".repeat(200));
        assert!(clipped(&value, false).ends_with("ä ..."));
        assert!(clipped(&value, true).ends_with("ä\""));
        assert_eq!(clipped(&json!(1), false), "1");
    }

    #[test]
    fn insides_of_modules_are_left_out() {
        for key in ["_modules", "_parameters", "_forward_hooks", "training"] {
            assert!(is_internal(key), "{key}");
        }
        for key in ["yaml", "names", "train_args", "epoch", "training_args"] {
            assert!(!is_internal(key), "{key}");
        }
    }
}
