//! `model_config.json`.

use std::path::Path;

use ocelli_models::Preparation;
use ocelli_vision::{RecommendedParameters, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::corrupted;
use crate::LoadingError;

/// What a package is. Fields that are not used here are ignored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModelConfig {
    /// The architecture's name.
    #[serde(default)]
    pub model_architecture: Option<String>,
    /// The task; without it the weights tell.
    #[serde(default)]
    pub task_type: Option<Task>,
    /// For which backend the weights were made.
    #[serde(default)]
    pub backend_type: Option<String>,
    /// Features, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_features: Option<Map<String, Value>>,
    /// Scores that are recommended as thresholds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommended_parameters: Option<RecommendedParameters>,
    /// A Python file with the model's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_module: Option<String>,
    /// How pictures are prepared, in packages that were converted from a checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparation: Option<StoredPreparation>,
}

/// Whose way of preparing pictures a package wants; by default its `inference_config.json` alone decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredPreparation {
    /// As the training library predicts.
    Trainer,
    /// As packages of the model are served.
    Package,
}

impl From<StoredPreparation> for Preparation {
    fn from(stored: StoredPreparation) -> Preparation {
        match stored {
            StoredPreparation::Trainer => Preparation::Trainer,
            StoredPreparation::Package => Preparation::Package,
        }
    }
}

impl ModelConfig {
    /// The architecture.
    pub fn architecture(&self) -> &str {
        self.model_architecture.as_deref().unwrap_or_default()
    }

    /// The backend, `hf` in full.
    pub fn backend(&self) -> &str {
        match self.backend_type.as_deref().unwrap_or_default() {
            "hf" => "hugging-face",
            backend => backend,
        }
    }

    /// The names of the features.
    pub fn features(&self) -> Vec<String> {
        self.model_features.iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    /// Whether this describes a package that can be loaded at all.
    pub(super) fn check(&self, package: &Path) -> Result<(), LoadingError> {
        if self.model_architecture.is_some() && self.backend_type.is_some() {
            return Ok(());
        }
        if let Some(module) = self.model_module.clone() {
            return Err(LoadingError::CodePackage { package: package.to_owned(), module });
        }
        let reason = "needs `model_architecture` and `backend_type`, as in \
                      {\"model_architecture\": \"rfdetr\", \"task_type\": \"object-detection\", \"backend_type\": \"torch\"}";
        Err(corrupted(package, "model_config.json", reason.to_owned()))
    }
}
