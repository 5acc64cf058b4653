//! Package folders: weights, and the small files beside them.

mod config;
mod write;

use std::io::Read;
use std::path::{Path, PathBuf};

use ocelli_converters::StateDict;
use ocelli_models::Package;
use ocelli_models::snapshot::architecture;
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use config::{ModelConfig, StoredPreparation};
pub use write::{WrittenPackage, write_package};

use crate::labels::names;
use crate::{EnvironmentError, Error, LoadingError};

/// The largest of the small files; real ones have a few kilobytes.
const MAX_FILE: u64 = 16 << 20;

/// A package folder, read.
#[derive(Debug, Clone)]
pub struct PackageFolder {
    /// The folder.
    pub path: PathBuf,
    /// `model_config.json`.
    pub config: ModelConfig,
    /// The other small files.
    pub files: Package,
    /// The file with the weights.
    pub weights: PathBuf,
    /// The file with the weights of the last layer, where they are apart.
    pub classifier: Option<PathBuf>,
}

#[derive(Deserialize)]
struct ModelType {
    model_type: String,
}

impl PackageFolder {
    /// Reads the package in the folder `path`, or the snapshot of a Hugging Face repository; of the weights only that
    /// they are there.
    ///
    /// # Errors
    /// A file is missing or malformed, the package brings Python code, or the architecture that the snapshot names is
    /// not known.
    pub fn read(path: &Path) -> Result<PackageFolder, Error> {
        if is_snapshot(path) {
            return snapshot(path);
        }
        let config: ModelConfig =
            require(path, "model_config.json", json(path, "model_config.json")?)?;
        config.check(path)?;
        let class_names = text(path, "class_names.txt")?;
        let model_type: Option<ModelType> = json(path, "model_type.json")?;
        let files = Package {
            class_names: names(class_names.as_deref().unwrap_or_default().lines()),
            inference_config: text(path, "inference_config.json")?,
            keypoints_metadata: text(path, "keypoints_metadata.json")?,
            model_type: model_type.map(|file| file.model_type),
            features: config.model_features.clone().unwrap_or_default(),
            recommended: config.recommended_parameters.clone(),
            config: text(path, "vit/config.json")?.or(text(path, "config.json")?),
            preprocessor_config: text(path, "preprocessor_config.json")?,
            vocabulary: None,
        };
        let weights = weights(path, config.backend())?;
        let classifier = Some(path.join(CLASSIFIER)).filter(|path| path.is_file());
        Ok(PackageFolder { path: path.to_owned(), config, files, weights, classifier })
    }

    /// Opens the weights.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn open_weights(&self) -> Result<StateDict, Error> {
        let weights = StateDict::open(&self.weights)?;
        Ok(match &self.classifier {
            None => weights,
            Some(path) => weights.with("classifier.", &StateDict::open(path)?),
        })
    }
}

/// The last layer of packages whose other weights are as `transformers` stores them.
const CLASSIFIER: &str = "classifier_layer_weights.pth";

/// What open_clip has in place of `config.json`.
const OPEN_CLIP: &str = "open_clip_config.json";

/// Whether a folder is no package, but one with `config.json`, or with open_clip's, as the Hugging Face hub has them.
pub(crate) fn is_snapshot(folder: &Path) -> bool {
    let described = ["config.json", OPEN_CLIP].iter().any(|name| folder.join(name).is_file());
    !folder.join("model_config.json").is_file() && described
}

/// Reads a snapshot of a Hugging Face repository.
fn snapshot(path: &Path) -> Result<PackageFolder, Error> {
    let config = match text(path, "config.json")? {
        Some(config) => config,
        None => require(path, "config.json", text(path, OPEN_CLIP)?)?,
    };
    let (architecture, task) = architecture(&config)?;
    let files = Package {
        config: Some(config),
        preprocessor_config: text(path, "preprocessor_config.json")?,
        ..Package::default()
    };
    let config = ModelConfig {
        model_architecture: Some(architecture.to_owned()),
        task_type: Some(task),
        backend_type: Some("hugging-face".to_owned()),
        ..ModelConfig::default()
    };
    let weights = weights(path, config.backend())?;
    Ok(PackageFolder { path: path.to_owned(), config, files, weights, classifier: None })
}

/// The weights' file: ours, else that of the backend.
fn weights(package: &Path, backend: &str) -> Result<PathBuf, LoadingError> {
    let candidates: &[&str] = match backend {
        "onnx" => &["weights.safetensors", "weights.onnx"],
        "torch-script" => &["weights.safetensors", "weights.torchscript"],
        "hugging-face" => &[
            "weights.safetensors",
            "model.safetensors",
            "model.safetensors.index.json",
            "vit/model.safetensors",
            "pytorch_model.bin",
            "pytorch_model.bin.index.json",
            "open_clip_model.safetensors",
            "open_clip_pytorch_model.bin",
        ],
        _ => &["weights.safetensors", "weights.pth", "weights.pt", "model.pt", "model.safetensors"],
    };
    let found = candidates.iter().map(|name| package.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| {
        if package.join("visual.onnx").is_file() {
            let reason = "two networks as ONNX are not read; use the package with `model.pt`";
            return corrupted(package, "visual.onnx", reason.to_owned());
        }
        corrupted(
            package,
            candidates[0],
            format!(
                "no weights; a package with the backend `{backend}` has one of {}",
                candidates.join(", ")
            ),
        )
    })
}

/// The weights in a folder that is no package and holds one file of them.
pub(crate) fn only_weights(folder: &Path) -> Result<PathBuf, Error> {
    const ENDINGS: [&str; 6] = ["safetensors", "pth", "pt", "ckpt", "bin", "onnx"];
    let entries = std::fs::read_dir(folder).map_err(EnvironmentError::io(folder))?;
    let is_weights = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| ENDINGS.contains(&ending))
    };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let found: Vec<PathBuf> = paths.filter(is_weights).collect();
    let index = folder.join("model.safetensors.index.json");
    match &*found {
        [one] => Ok(one.clone()),
        _ if index.is_file() => Ok(index),
        [] => Err(corrupted(folder, "model.safetensors", "no weights".to_owned()).into()),
        _ => {
            let reason = "weights in several files and no index of them; give the path of one";
            Err(corrupted(folder, "model.safetensors.index.json", reason.to_owned()).into())
        }
    }
}

/// The text of a small file; nothing if there is no such file.
fn text(package: &Path, name: &str) -> Result<Option<String>, Error> {
    let path = package.join(name);
    if !path.is_file() {
        return Ok(None);
    }
    let file = std::fs::File::open(&path).map_err(EnvironmentError::io(&path))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(EnvironmentError::io(&path))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(corrupted(package, name, format!("larger than {MAX_FILE} bytes")).into());
    }
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| corrupted(package, name, "not UTF-8 text".to_owned()).into())
}

fn json<T: DeserializeOwned>(package: &Path, name: &str) -> Result<Option<T>, Error> {
    let Some(text) = text(package, name)? else { return Ok(None) };
    let text = text.trim_start_matches('\u{feff}');
    let value = serde_json::from_str(text);
    value.map(Some).map_err(|error| corrupted(package, name, error.to_string()).into())
}

fn require<T>(package: &Path, name: &str, file: Option<T>) -> Result<T, LoadingError> {
    file.ok_or_else(|| {
        let reason =
            "missing; a package folder needs it, a checkpoint file is loaded by its own path";
        corrupted(package, name, reason.to_owned())
    })
}

fn corrupted(package: &Path, file: &str, reason: String) -> LoadingError {
    LoadingError::CorruptedPackage { package: package.to_owned(), file: file.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    const CONFIG: (&str, &str) = (
        "model_config.json",
        r#"{"model_architecture": "rfdetr", "task_type": "object-detection", "backend_type": "torch",
            "model_features": {"resolution": 384}, "recommended_parameters": {"confidence": 0.3}}"#,
    );

    #[test]
    fn a_package_is_read_whole() {
        let folder = package(&[
            CONFIG,
            ("class_names.txt", "cat\n\n dog \r\n"),
            ("inference_config.json", "{}"),
            ("model_type.json", r#"{"model_type": "rfdetr-nano"}"#),
            ("weights.pth", ""),
        ]);
        let read = PackageFolder::read(folder.path()).unwrap();
        assert_eq!(read.files.class_names, ["cat", "dog"]);
        assert_eq!(read.files.model_type.as_deref(), Some("rfdetr-nano"));
        assert_eq!(read.config.features(), ["resolution"]);
        assert_eq!(read.files.recommended.unwrap().confidence, Some(0.3));
        assert!(read.weights.ends_with("weights.pth"));
        std::fs::write(folder.path().join("weights.safetensors"), "").unwrap();
        let read = PackageFolder::read(folder.path()).unwrap();
        assert!(read.weights.ends_with("weights.safetensors"));
    }

    #[test]
    fn each_defect_is_named() {
        let table: [(&[(&str, &str)], &str); 5] = [
            (&[], "model_config.json: missing"),
            (&[("model_config.json", "{")], "model_config.json: EOF"),
            (&[CONFIG], "weights.safetensors: no weights"),
            (&[CONFIG, ("weights.pt", ""), ("model_type.json", "[]")], "model_type.json: invalid"),
            (
                &[("model_config.json", r#"{"model_module": "m.py", "model_class": "M"}"#)],
                "never run",
            ),
        ];
        for (files, expected) in table {
            let error = PackageFolder::read(package(files).path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
