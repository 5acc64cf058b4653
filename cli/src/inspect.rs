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
    let arguments = arguments(weights.root());

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
        format!("{name} = {value}")
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

/// The plain values of a file by their paths; tensors and what holds nothing plain are left out.
fn arguments(root: &Value) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    collect(root, "", &mut found, 0);
    found
}

fn collect(value: &Value, path: &str, found: &mut Vec<(String, Json)>, depth: usize) {
    const MAX_DEPTH: usize = 16;
    if found.len() >= MAX_ARGUMENTS || depth > MAX_DEPTH {
        return;
    }
    if let Some(plain) = plain(value) {
        found.push((path.to_owned(), plain));
        return;
    }
    let dict = value.as_dict().or_else(|| value.as_object().and_then(|o| o.state().as_dict()));
    for (key, value) in dict.into_iter().flat_map(ocelli::converters::Dict::iter) {
        let Some(key) = key.as_str() else { continue };
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        collect(value, &path, found, depth + 1);
    }
}

/// A number, a text, a truth value, or a list of such.
fn plain(value: &Value) -> Option<Json> {
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
