use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Which score is enough for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Confidence {
    /// The model's default.
    #[default]
    Default,
    /// What the package recommends, class by class if it says so, else the model's default.
    Best,
    /// One value for all classes.
    Value(f32),
}

/// The scores a package recommends, found by its trainer on a validation set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RecommendedParameters {
    /// For all classes.
    #[serde(default)]
    pub confidence: Option<f32>,
    /// By class name.
    #[serde(default)]
    pub per_class_confidence: Option<HashMap<String, f32>>,
}

/// A threshold for every class.
#[derive(Debug, Clone, PartialEq)]
pub enum Thresholds {
    /// The same for all.
    Uniform(f32),
    /// By class id; classes past the end have the second value.
    PerClass(Vec<f32>, f32),
}

impl Thresholds {
    /// The threshold of a class.
    pub fn of(&self, class_id: usize) -> f32 {
        match self {
            Self::Uniform(value) => *value,
            Self::PerClass(values, rest) => values.get(class_id).copied().unwrap_or(*rest),
        }
    }

    /// The lowest threshold of any class.
    pub fn lowest(&self) -> f32 {
        match self {
            Self::Uniform(value) => *value,
            Self::PerClass(values, rest) => values.iter().copied().fold(*rest, f32::min),
        }
    }
}

impl Confidence {
    /// The thresholds this means for a model.
    pub fn resolve(
        self,
        model_default: f32,
        recommended: Option<&RecommendedParameters>,
        class_names: &[String],
    ) -> Thresholds {
        let recommended = match self {
            Self::Value(value) => return Thresholds::Uniform(value),
            Self::Default => return Thresholds::Uniform(model_default),
            Self::Best => recommended,
        };
        let Some(uniform) = recommended.and_then(|r| r.confidence) else {
            return Thresholds::Uniform(model_default);
        };
        match recommended.and_then(|r| r.per_class_confidence.as_ref()) {
            None => Thresholds::Uniform(uniform),
            Some(map) => {
                let of = |name: &String| map.get(name).copied().unwrap_or(uniform);
                Thresholds::PerClass(class_names.iter().map(of).collect(), uniform)
            }
        }
    }
}

impl From<f32> for Confidence {
    fn from(value: f32) -> Self {
        Self::Value(value)
    }
}
