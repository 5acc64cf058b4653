//! Where the tensors of a network are in a file, and what its classes are called.

use ocelli_converters::StateDict;

use crate::registry::{LoadOptions, Package, WeightChoice};
use crate::served::is_constant;
use crate::{Error, Result};

/// A tensor that every network of the family has.
const MARK: &str = "decoder.block1.0.weight";

/// The weights under the library's names; trainers put `model.` or more before them.
///
/// # Errors
/// They are not there.
pub(super) fn weights(file: &StateDict, choice: WeightChoice) -> Result<StateDict> {
    let prefix = file.names().find_map(|name| {
        name.strip_suffix(MARK).filter(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    let reason = match (choice, prefix) {
        (WeightChoice::Model, Some(prefix)) => return Ok(file.subset("", prefix)),
        (WeightChoice::Model, None) => format!("it has no tensor `{MARK}`"),
        (WeightChoice::Average, _) => "it holds no moving average of the weights".to_owned(),
    };
    let (file, architecture) = (file.file().to_owned(), "deep-lab-v3-plus");
    Err(Error::NotThisModel { file, architecture, reason })
}

/// Whether a tensor is known to have no part in answers.
pub(super) fn needless(name: &str) -> bool {
    let encoder = name.strip_prefix("encoder.").unwrap_or(name);
    super::encoder::needless(encoder)
        || name.starts_with("classification_head.")
        || is_constant(name)
}

/// The names of the classes that pixels are given: as many as there are logits, or one more, `background`, which has none.
/// A single logit always has a background beside it.
///
/// # Errors
/// There are more or fewer, or a package has no background.
pub(super) fn class_names(
    logits: usize,
    options: &LoadOptions,
    package: Option<&Package>,
) -> Result<Vec<String>> {
    let background = |name: &String| name.eq_ignore_ascii_case("background");
    let packaged = package.map(|package| package.class_names.clone());
    if packaged.as_ref().is_some_and(|names| !names.iter().any(background)) {
        return Err(Error::BadPackage(
            "`class_names.txt`: no class of a semantic segmentation is called `background`".into(),
        ));
    }
    let given = options.class_names.clone().or(packaged);
    let names = given.unwrap_or_else(|| (0..logits).map(|i| format!("class{i}")).collect());
    let names = if logits == 1 && names.len() == 1 {
        std::iter::once("background".to_owned()).chain(names).collect()
    } else {
        names
    };
    let one_more = names.len() == logits + 1 && names.iter().any(background);
    if one_more || (names.len() == logits && logits > 1) {
        return Ok(names);
    }
    let reason = format!(
        "{} names for the {logits} classes of the network; one more is `background`",
        names.len()
    );
    Err(Error::BadOption { name: "labels", reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_background_may_be_one_more() {
        let of = |logits: usize, names: &[&str]| {
            let names = names.iter().map(|&name| name.to_owned()).collect();
            let options = LoadOptions { class_names: Some(names), ..LoadOptions::default() };
            class_names(logits, &options, None)
        };
        assert_eq!(of(1, &["road"]).unwrap(), ["background", "road"]);
        assert_eq!(of(2, &["Background", "a", "b"]).unwrap().len(), 3);
        assert_eq!(of(2, &["a", "b"]).unwrap().len(), 2);
        assert!(of(2, &["a", "b", "c"]).is_err());
        assert!(of(2, &["a"]).is_err());
        let packaged = Package { class_names: vec!["a".into(), "b".into()], ..Package::default() };
        assert!(class_names(2, &LoadOptions::default(), Some(&packaged)).is_err());
    }
}
