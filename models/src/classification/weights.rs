//! Where a training checkpoint keeps the weights of its network.

use ocelli_converters::StateDict;

use crate::registry::WeightChoice;

/// Under what trainers keep the weights of their network. Behind other names stand networks that are parts of larger ones.
const WRAPPERS: [&str; 13] = [
    "",
    "model",
    "module",
    "net",
    "network",
    "teacher",
    "state_dict",
    "state_dict_ema",
    "model_state_dict",
    "ema",
    "ema_model",
    "model_ema",
    "_orig_mod",
];

/// The tensors that share the prefix of one called `landmark`, without that prefix: those of a moving average if there
/// is one, as timm loads checkpoints. Nothing if there is no such tensor, or no average where one is wanted.
pub(crate) fn prefixed(
    file: &StateDict,
    landmark: &str,
    choice: WeightChoice,
) -> Option<StateDict> {
    let before = |name: &str| {
        let prefix = name.strip_suffix(landmark)?;
        let bounded = prefix.is_empty() || prefix.ends_with('.');
        let wraps = prefix.split('.').all(|part| WRAPPERS.contains(&part));
        (bounded && wraps).then(|| prefix.to_owned())
    };
    let prefixes: Vec<String> = file.names().filter_map(before).collect();
    let average = prefixes.iter().find(|prefix| prefix.contains("ema"));
    let prefix = match choice {
        WeightChoice::Average => average?,
        WeightChoice::Model => average.or(prefixes.first())?,
    };
    Some(file.subset("", prefix))
}

#[cfg(test)]
mod tests {
    use ocelli_converters::DType;

    use super::*;

    #[test]
    fn the_prefix_of_a_trainer_is_taken_off() {
        let file = |names: &[&str]| {
            let tensor = |name: &&str| ((*name).to_owned(), DType::F32, vec![1], vec![0; 4]);
            StateDict::from_tensors(names.iter().map(tensor)).unwrap()
        };
        let names = |file: &StateDict, choice| {
            let found = prefixed(file, "fc.weight", choice)?;
            Some(found.names().map(str::to_owned).collect::<Vec<_>>())
        };
        let plain = file(&["fc.weight", "fc.bias"]);
        assert_eq!(names(&plain, WeightChoice::Model).unwrap(), ["fc.weight", "fc.bias"]);
        assert!(names(&plain, WeightChoice::Average).is_none());
        let both = file(&["state_dict.fc.weight", "state_dict_ema.fc.weight", "epoch"]);
        assert_eq!(names(&both, WeightChoice::Model).unwrap(), ["fc.weight"]);
        for other in ["myfc.weight", "detector.backbone.fc.weight"] {
            assert!(names(&file(&[other]), WeightChoice::Model).is_none());
        }
    }
}
