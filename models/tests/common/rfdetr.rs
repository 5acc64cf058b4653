//! RF-DETR with weights from the formula.

use std::collections::BTreeMap;
use std::sync::Arc;

use ocelli_converters::{DType, StateDict};
use ocelli_engine::{Graph, Weights};
use ocelli_models::rfdetr::{Config, Variant, network};

use super::formula::{Formula, fill};

/// The salt goes to the two-stage selection alone.
pub fn salt_of_selection(name: &str, salt: u64) -> u64 {
    if name.contains("enc_out") { salt } else { 0 }
}

/// Names and shapes of the tensors that inference needs, and the mark of the last group of queries.
pub fn formula_tensors(variant: &str, classes: usize, salt: u64) -> BTreeMap<String, Vec<usize>> {
    let source = Arc::new(Formula::new(salt, salt_of_selection));
    let variant = Variant::find(variant).unwrap();
    let mut g = Graph::new();
    let side = variant.resolution;
    let image = g.input("image", &[1, side, side, 3]).unwrap();
    let config = Config::new(variant, classes);
    network(&mut g, &Weights::new(Arc::clone(&source) as _), image, &config).unwrap();
    let mut names = source.asked();
    if names.contains_key("transformer.enc_output.0.bias") {
        names.insert("transformer.enc_output.12.bias".into(), vec![variant.hidden]);
    }
    names
}

/// A checkpoint that holds these tensors.
pub fn checkpoint_of(tensors: BTreeMap<String, Vec<usize>>, salt: u64) -> StateDict {
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let values = fill(&name, &shape, salt_of_selection(&name, salt));
        (name, DType::F32, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    };
    StateDict::from_tensors(tensors.into_iter().map(tensor)).unwrap()
}

/// A checkpoint of a variant.
pub fn formula_checkpoint(variant: &str, classes: usize, salt: u64) -> StateDict {
    checkpoint_of(formula_tensors(variant, classes, salt), salt)
}
