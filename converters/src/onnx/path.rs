//! Which PyTorch module an exported node came from.

use super::node::Node;

/// Path of the module whose call became this node, if the exporter kept it: in the node's
/// metadata, its name (`/model.0/conv/Conv`) or its first output's (`/model.0/conv/Conv_output_0`).
pub(crate) fn module_of(node: &Node) -> Option<String> {
    if let Some(scopes) = node.name_scopes {
        return innermost(scopes, node.op_type);
    }
    let first_output = node.outputs.first().copied().unwrap_or_default();
    joined(node.name).or_else(|| joined(first_output))
}

/// `['', 'blocks.0', 'blocks.0.mlp', 'linear_3']` names the modules around an operation, each by
/// its whole path, then the operation. Where a batch norm was folded into the convolution before
/// it, the batch norm is named, which is not the module of the convolution's weights.
fn innermost(scopes: &str, op_type: &str) -> Option<String> {
    let scopes = scopes.strip_prefix('[')?.strip_suffix(']')?;
    let mut scopes = scopes.rsplit(", ").map(|scope| scope.trim_matches(['\'', '"']));
    let operation = scopes.next()?;
    if operation.contains("batch_norm") && op_type != "BatchNormalization" {
        return None;
    }
    scopes.next().filter(|module| !module.is_empty()).map(str::to_owned)
}

/// `/model.22/cv2.2/cv2.2.0/conv/Conv` is `model.22.cv2.2.0.conv`: a scope that goes on from the
/// scope before repeats it.
fn joined(name: &str) -> Option<String> {
    let (scopes, _operation) = name.strip_prefix('/')?.rsplit_once('/')?;
    let mut parts: Vec<&str> = Vec::new();
    for scope in scopes.split('/') {
        let goes_on = |last: &&str| {
            let rest = |start| scope.strip_prefix(start).filter(|rest| rest.starts_with('.'));
            rest(*last).or_else(|| rest(first_call(last)?)).is_some()
        };
        if parts.last().is_some_and(goes_on) {
            parts.pop();
        }
        parts.push(scope);
    }
    Some(parts.join("."))
}

/// A scope that was entered again has `_1`, `_2`, ... at its end: the scope of the first call.
fn first_call(scope: &str) -> Option<&str> {
    let (first, count) = scope.rsplit_once('_')?;
    (!count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit())).then_some(first)
}

/// Whether `name` is `first` in a module that was called again: `a.norm_1.weight`, `a.norm.weight`.
pub(crate) fn is_later_call(name: &str, first: &str) -> bool {
    let (mut names, mut firsts) = (name.split('.'), first.split('.'));
    loop {
        match (names.next(), firsts.next()) {
            (None, None) => return true,
            (Some(name), Some(first)) if name == first || first_call(name) == Some(first) => {}
            _ => return false,
        }
    }
}

/// Whether an exporter or optimiser made the name up: `onnx::Conv_123`, `/a/MatMul_output_0`,
/// `val_47`, `123`, `conv.weight_bias` (the bias that came from a folded batch norm).
pub(crate) fn is_anonymous(name: &str) -> bool {
    let digits = || name.bytes().any(|byte| byte.is_ascii_digit());
    name.starts_with('/')
        || name.contains("::")
        || name.ends_with(".weight_bias")
        || (!name.contains('.') && digits())
}

#[cfg(test)]
mod tests {
    use super::{innermost, is_anonymous, is_later_call, joined};

    #[test]
    fn node_names_give_module_paths() {
        let cases = [
            ("/model.0/conv/Conv", Some("model.0.conv")),
            ("/model.22/cv2.2/cv2.2.0/conv/Conv", Some("model.22.cv2.2.0.conv")),
            ("/model.10/m/m.0/attn/qkv/conv/Conv_1", Some("model.10.m.0.attn.qkv.conv")),
            ("/model.0/conv/Conv_output_0", Some("model.0.conv")),
            (
                "/backbone/backbone.0/encoder/layer.1/attention/MatMul",
                Some("backbone.0.encoder.layer.1.attention"),
            ),
            ("/layer1/layer10/Conv", Some("layer1.layer10")),
            ("/0/0.1/0.1.0/Conv", Some("0.1.0")),
            ("/m/m.0_1/m.0.1/Conv", Some("m.0.1")),
            ("/Conv", None),
            ("Conv_12", None),
            ("", None),
        ];
        for (name, module) in cases {
            assert_eq!(joined(name).as_deref(), module, "{name}");
        }
    }

    #[test]
    fn name_scopes_give_module_paths() {
        let cases = [
            (
                "['', 'blocks.0', 'blocks.0.mlp', 'blocks.0.mlp.2', 'linear']",
                "MatMul",
                Some("blocks.0.mlp.2"),
            ),
            ("['', 'stem', 'stem.bn', '_native_batch_norm_legit_no_training']", "Conv", None),
            ("['', 'bn1', '_native_batch_norm_legit']", "BatchNormalization", Some("bn1")),
            ("['', 'linear']", "MatMul", None),
            ("['linear']", "MatMul", None),
            ("", "MatMul", None),
        ];
        for (scopes, op_type, module) in cases {
            assert_eq!(innermost(scopes, op_type).as_deref(), module, "{scopes}");
        }
    }

    #[test]
    fn later_calls_of_a_module_are_told_from_other_modules() {
        let cases = [
            ("a.norm_1.weight", "a.norm.weight", true),
            ("a.0_12.fc.bias", "a.0.fc.bias", true),
            ("a.norm.weight", "a.norm.weight", true),
            ("a.conv_1.weight", "a.conv_2.weight", false),
            ("a.conv_x.weight", "a.conv.weight", false),
            ("a.norm_1.weight", "a.norm_1", false),
            ("a.norm.weight", "a.norm_1.weight", false),
        ];
        for (name, first, later) in cases {
            assert_eq!(is_later_call(name, first), later, "{name} {first}");
        }
    }

    #[test]
    fn made_up_names_are_told_from_parameters() {
        for name in ["onnx::Conv_1", "/a/Mul_output_0", "val_47", "_v_1", "123", "a.b.weight_bias"]
        {
            assert!(is_anonymous(name), "{name}");
        }
        for name in ["model.0.conv.weight", "scale", "cls_token", "weight", "a.in_proj_bias"] {
            assert!(!is_anonymous(name), "{name}");
        }
    }
}
