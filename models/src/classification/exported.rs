//! What an exporter leaves of a transformer's tensors in an ONNX file besides those that have names.

use std::collections::HashMap;

use ocelli_converters::{DType, Format, StateDict, Tensor, Value};
use ocelli_engine::op::Activation;

use super::tokens::{Loose, Tokens};
use crate::{Error, Result};

/// Names of the tokens and places of a network.
pub(crate) struct Embeddings {
    /// `[1, 1, width]`.
    pub(crate) class: &'static str,
    /// `[1, count, width]`.
    pub(crate) registers: &'static str,
    /// `[1, tokens, width]`, if places are learnt.
    pub(crate) positions: Option<&'static str>,
    /// `[width, 3, patch, patch]`.
    pub(crate) patches: &'static str,
}

/// `weights`, made of `file` by renaming, with the tokens that an exporter folded into its graph and without the numbers
/// that it put there. Tensors that may be parameters and have no name stay, so that they are found to have no place.
/// Weights of other files stay as they are.
pub(crate) fn completed(file: &StateDict, weights: StateDict, names: &Embeddings) -> StateDict {
    if file.format() != Format::Onnx {
        return weights;
    }
    let whole = weights.len() == file.len();
    let is_loose = |name: &str| is_made_up(name) && (!whole || weights.contains(name));
    let loose = file.tensors().filter(|tensor| is_loose(tensor.name()));
    let loose: Loose = loose.map(|tensor| (tensor.name(), tensor)).collect();
    let width = weights.get(names.patches).and_then(|patches| patches.shape().first());
    let width = width.copied().unwrap_or_default();
    let tokens = Tokens::find(file, &loose, width);

    let mut ours = HashMap::new();
    let mut place = |tensor: Option<&Tensor>, name: &'static str| {
        if let Some(tensor) = tensor.filter(|_| !weights.contains(name)) {
            ours.insert(tensor.name().to_owned(), name);
        }
    };
    place(tokens.before.map(|(class, _)| class), names.class);
    place(tokens.before.and_then(|(_, registers)| registers), names.registers);
    if let Some(positions) = names.positions {
        place(tokens.added, positions);
    }
    let parts = cut(&tokens, &weights, names);
    let is_part = |name: &str| parts.as_ref().is_some_and(|(_, parts)| parts.contains(&name));
    let turned = names.positions.is_none();
    let rest = file.renamed(|name| {
        let tensor = loose.get(name).filter(|_| !is_part(name))?;
        let needless = is_number(tensor) || turned && is_angle(tensor, width);
        let own = (!needless).then_some(name);
        ours.get(name).copied().or(own).map(str::to_owned)
    });
    let named =
        weights.renamed(|name| (!is_made_up(name)).then(|| name.to_owned())).with("", &rest);
    match parts {
        Some((positions, _)) => named.with("", &positions),
        None => named,
    }
}

/// Learnt places of which the graph holds the class token's apart, because it fits the others to the image; and the names
/// of the two parts.
fn cut<'a>(
    tokens: &Tokens<'a>,
    weights: &StateDict,
    names: &Embeddings,
) -> Option<(StateDict, [&'a str; 2])> {
    let name = names.positions.filter(|name| !weights.contains(name))?;
    let (Some((class, None)), None, Some(others)) = (tokens.before, tokens.added, tokens.reshaped)
    else {
        return None;
    };
    if !weights.contains(names.class) {
        return None;
    }
    let values = [class.to_f32().ok()?, others.to_f32().ok()?];
    let bytes = values.iter().flat_map(|part| part.iter()).flat_map(|v| v.to_le_bytes()).collect();
    let shape = vec![1, 1 + others.shape()[1], others.shape()[2]];
    let joined = StateDict::from_tensors([(name.to_owned(), DType::F32, shape, bytes)]).ok()?;
    Some((joined, [class.name(), others.name()]))
}

/// That an exported graph computes the activation that the usual networks have.
///
/// # Errors
/// It has another.
pub(crate) fn check_activation(file: &StateDict, activation: Activation) -> Result<()> {
    if file.format() != Format::Onnx || activation != Activation::Gelu {
        return Ok(());
    }
    let nodes = file.root().get("nodes").and_then(Value::as_slice).unwrap_or_default();
    let is_gelu = |node: &Value| {
        let kind = node.get("op_type").and_then(Value::as_str).unwrap_or_default();
        let approximate = node.at(&["attributes", "approximate"]).and_then(Value::as_str);
        matches!(kind, "Erf" | "Gelu" | "BiasGelu") && approximate.is_none_or(|how| how == "none")
    };
    if nodes.iter().any(is_gelu) {
        return Ok(());
    }
    Err(Error::Unsupported {
        file: file.file().to_owned(),
        what: "a graph without the activation `gelu`".to_owned(),
        hint: "load the checkpoint with its `config.json`".to_owned(),
    })
}

/// Whether an exporter gave the name, not a module.
fn is_made_up(name: &str) -> bool {
    name.starts_with('/') || name.contains("::") || !name.contains('.')
}

/// Whether it is part of a computation for certain: no list of floats, or a mask that hides nothing.
fn is_number(tensor: &Tensor) -> bool {
    let float = matches!(tensor.dtype(), DType::F32 | DType::F16 | DType::BF16 | DType::F64);
    let zeros = || tensor.to_f32().is_ok_and(|values| values.iter().all(|&value| value == 0.0));
    let square = matches!(tensor.shape(), [_, _, rows, columns] if rows == columns);
    !float || tensor.len() <= 1 || square && zeros()
}

/// Whether it can be of the angles of rotary positions, by place and channel of a head, and no parameter: those have
/// `width` columns or more, or one axis, or are of a classifier and have `width` rows.
fn is_angle(tensor: &Tensor, width: usize) -> bool {
    let shape = tensor.shape();
    let last = shape.last().copied().unwrap_or_default();
    shape.len() > 1 && last < width && shape[0] != width
}
