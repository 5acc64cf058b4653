use serde::{Deserialize, Serialize};

use super::{Report, ReportContext, ToReport};
use crate::{Result, Size, Task, VisionError};

/// What one picture is as a vector.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Embedding {
    /// The picture's size.
    pub image_size: Size,
    /// The vector, as the model gives it (not normalised).
    pub values: Vec<f32>,
}

impl ToReport for Embedding {
    fn report(&self, context: &ReportContext<'_>) -> Report {
        let report = context.report(Task::Embedding, self.image_size, Vec::new());
        Report { embedding: Some(self.values.clone()), ..report }
    }
}

/// Vectors of one length, one for each picture or text, as the model gives them (not normalised).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Embeddings {
    /// The length of each vector.
    pub dimensions: usize,
    /// The vectors, `[count, dimensions]`.
    pub values: Vec<f32>,
}

impl Embeddings {
    /// The vectors, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimensions.max(1))
    }

    /// The cosine of the angle between every vector of this and every one of `other`,
    /// `[self.count, other.count]`; 0 where a vector has no length.
    ///
    /// # Errors
    /// If the vectors differ in length.
    pub fn cosine(&self, other: &Self) -> Result<Vec<Vec<f32>>> {
        if self.dimensions != other.dimensions {
            let reason = format!("has {} dimensions, not {}", other.dimensions, self.dimensions);
            return Err(VisionError::argument("other", reason));
        }
        let (left, right) = (self.normalised(), other.normalised());
        let row = |a: &Vec<f32>| right.iter().map(|b| dot(a, b)).collect();
        Ok(left.iter().map(row).collect())
    }

    fn normalised(&self) -> Vec<Vec<f32>> {
        let scale = |v: &[f32]| {
            let norm = dot(v, v).sqrt();
            let factor = if norm > 0.0 { 1.0 / norm } else { 0.0 };
            v.iter().map(|x| x * factor).collect()
        };
        self.iter().map(scale).collect()
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
