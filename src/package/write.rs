//! From a checkpoint to a package with safetensors.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ocelli_converters::{StateDict, write_safetensors};
use ocelli_models::{LoadOptions, LoadRequest, Loaded};
use ocelli_vision::Task;
use serde::Serialize;
use serde_json::json;

use super::{ModelConfig, PackageFolder, StoredPreparation};
use crate::executor::Describing;
use crate::{Cache, EnvironmentError, Error, LoadingError, Registry, vocabulary};

/// What became of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WrittenPackage {
    /// The package's folder.
    pub folder: PathBuf,
    /// The architecture.
    pub architecture: String,
    /// The task.
    pub task: Task,
    /// The variant.
    pub variant: String,
    /// Classes.
    pub classes: usize,
    /// Tensors written; the bytes of each were compared with the checkpoint's after writing.
    pub tensors: usize,
    /// Bytes of those tensors.
    pub bytes: u64,
    /// Tensors of the checkpoint that are no weights of the network: optimizer state, averages, copies.
    pub left_out: usize,
}

/// Writes the checkpoint or package at `source` as a package in `folder`, which must be new or empty: the weights in
/// `weights.safetensors`, bit for bit, and the small files that packages have.
///
/// # Errors
/// The source cannot be loaded, or the folder not be written.
pub fn write_package(
    source: &Path,
    folder: &Path,
    registry: &Registry,
    mut options: LoadOptions,
) -> Result<WrittenPackage, Error> {
    let package = if source.is_dir() { Some(PackageFolder::read(source)?) } else { None };
    let checkpoint = match &package {
        Some(package) => package.open_weights()?,
        None => StateDict::open(source)?,
    };
    let (architecture, task) = match &package {
        Some(PackageFolder { config, .. }) if config.task_type.is_some() => {
            (config.architecture().to_owned(), config.task_type.unwrap_or(Task::ObjectDetection))
        }
        _ => {
            let (architecture, task) = registry.recognise(&checkpoint)?;
            (architecture.to_owned(), task)
        }
    };

    let features = package.as_ref().map(|p| p.config.features()).unwrap_or_default();
    let backend = package.as_ref().map_or("torch", |p| p.config.backend());
    let implementation = registry.find(&architecture, task, backend, &features)?;
    if options.vocabulary.is_none() {
        let beside = if source.is_dir() { Some(source) } else { source.parent() };
        let cache = || Cache::from_env().ok();
        options.vocabulary = vocabulary::find(&architecture, beside, cache)?;
    }
    let vocabulary = options.vocabulary.clone();
    let loaded = (implementation.load)(&LoadRequest {
        weights: checkpoint.clone(),
        package: package.as_ref().map(|package| package.files.clone()),
        options,
        executor: std::sync::Arc::new(Describing),
    })?;

    make_empty(folder)?;
    match package {
        Some(package) if package.path.join("model_config.json").is_file() => {
            copy_files(&package, folder)?;
        }
        _ => write_files(folder, &architecture, task, &loaded)?,
    }
    if let Some(vocabulary) = vocabulary {
        vocabulary::write(folder, &vocabulary)?;
    }
    let (tensors, bytes) = write_weights(&loaded.weights, &folder.join("weights.safetensors"))?;
    Ok(WrittenPackage {
        folder: folder.to_owned(),
        architecture,
        task,
        classes: loaded.model.vision().class_names().len(),
        variant: loaded.variant,
        tensors,
        bytes,
        left_out: checkpoint.len().saturating_sub(tensors),
    })
}

fn make_empty(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(EnvironmentError::io(folder))?;
    let mut entries = fs::read_dir(folder).map_err(EnvironmentError::io(folder))?;
    if entries.next().is_none() {
        return Ok(());
    }
    let reason = "the folder is not empty; name a new one".to_owned();
    let value = folder.display().to_string();
    Err(LoadingError::InvalidOption { option: "folder", value, reason }.into())
}

fn write_files(
    folder: &Path,
    architecture: &str,
    task: Task,
    loaded: &Loaded,
) -> Result<(), Error> {
    let config = ModelConfig {
        model_architecture: Some(architecture.to_owned()),
        task_type: Some(task),
        backend_type: Some("torch".to_owned()),
        preparation: Some(StoredPreparation::Trainer),
        ..ModelConfig::default()
    };
    write_json(folder, "model_config.json", &config)?;
    write_json(folder, "model_type.json", &json!({ "model_type": loaded.variant }))?;
    write_json(folder, "inference_config.json", &loaded.config)?;
    if let Some(metadata) = &loaded.keypoints_metadata {
        write_json(folder, "keypoints_metadata.json", metadata)?;
    }
    let mut names = loaded.model.vision().class_names().join("\n");
    names.push('\n');
    write(folder, "class_names.txt", names.as_bytes())
}

/// The small files of a package, as they are.
fn copy_files(package: &PackageFolder, folder: &Path) -> Result<(), Error> {
    const FILES: [&str; 5] = [
        "model_config.json",
        "model_type.json",
        "inference_config.json",
        "class_names.txt",
        "keypoints_metadata.json",
    ];
    for name in FILES {
        let from = package.path.join(name);
        if from.is_file() {
            fs::copy(&from, folder.join(name)).map_err(EnvironmentError::io(from))?;
        }
    }
    Ok(())
}

/// Writes the tensors and reads them back; gives their number and bytes.
fn write_weights(weights: &StateDict, path: &Path) -> Result<(usize, u64), Error> {
    let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
    write_safetensors(path, weights.tensors(), &metadata)?;
    let written = StateDict::open(path)?;
    let mut total = 0;
    for tensor in weights.tensors() {
        let copy = written.tensor(tensor.name())?;
        let same = copy.shape() == tensor.shape() && copy.dtype() == tensor.dtype();
        if !same || copy.bytes()? != tensor.bytes()? {
            let reason =
                format!("tensor `{}` reads back differently; check the disk", tensor.name());
            let (option, value) = ("weights", path.display().to_string());
            return Err(LoadingError::InvalidOption { option, value, reason }.into());
        }
        total += copy.byte_len() as u64;
    }
    Ok((weights.len(), total))
}

fn write_json(folder: &Path, name: &str, value: &impl Serialize) -> Result<(), Error> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| EnvironmentError::io(folder.join(name))(error.into()))?;
    text.push(b'\n');
    write(folder, name, &text)
}

fn write(folder: &Path, name: &str, content: &[u8]) -> Result<(), Error> {
    let path = folder.join(name);
    fs::write(&path, content).map_err(EnvironmentError::io(&path))?;
    Ok(())
}
