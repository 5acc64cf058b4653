//! Names of classes: lists that users give, and sets that have a name.

use std::path::Path;

use ocelli_models::COCO_NAMES as COCO;

use crate::LoadingError;

/// The names of the sets that [`labels`] knows.
pub const LABEL_SETS: &[&str] = &["coco", "coco-80"];

/// Names by class id: a set (`coco`: 91 names in COCO's category numbering, `background` where there is no category;
/// `coco-80`: the 80 categories in order), a file with one name a line, or names with commas between them.
///
/// # Errors
/// The file cannot be read, or there are no names.
pub fn labels(given: &str) -> Result<Vec<String>, LoadingError> {
    if let Some(names) = label_set(given) {
        return Ok(names);
    }
    let invalid = |reason: String| LoadingError::InvalidOption {
        option: "labels",
        value: given.to_owned(),
        reason,
    };
    let path = Path::new(given);
    let names = if path.is_file() {
        let text = std::fs::read_to_string(path).map_err(|error| invalid(error.to_string()))?;
        names(text.lines())
    } else if given.contains(['/', '\\']) || path.extension().is_some_and(|ending| ending == "txt")
    {
        return Err(invalid("no such file; check the path".to_owned()));
    } else {
        names(given.split(','))
    };
    if names.is_empty() {
        let sets = LABEL_SETS.join("`, `");
        return Err(invalid(format!(
            "no names; give `a,b,c`, a file with one name a line, or a set: `{sets}`"
        )));
    }
    Ok(names)
}

fn label_set(name: &str) -> Option<Vec<String>> {
    let coco = COCO.lines();
    match name {
        "coco" => Some(names(coco)),
        "coco-80" => Some(names(coco.filter(|name| *name != "background"))),
        _ => None,
    }
}

/// Trimmed names; blank ones are left out.
pub(crate) fn names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coco_has_its_gaps_where_they_belong() {
        let coco = labels("coco").unwrap();
        assert_eq!(coco.len(), 91);
        let gaps: Vec<_> = (0..91).filter(|&id| coco[id] == "background").collect();
        assert_eq!(gaps, [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83]);
        assert_eq!((&*coco[1], &*coco[18], &*coco[90]), ("person", "dog", "toothbrush"));
        assert_eq!(labels("coco-80").unwrap().len(), 80);
    }

    #[test]
    fn lists_and_files_are_read() {
        assert_eq!(labels("cat, dog ,bird").unwrap(), ["cat", "dog", "bird"]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("names");
        std::fs::write(&file, "cat\r\n\n traffic light \n").unwrap();
        assert_eq!(labels(file.to_str().unwrap()).unwrap(), ["cat", "traffic light"]);
        assert!(labels("no/such/file").unwrap_err().to_string().contains("no such file"));
        assert!(labels(" , ").unwrap_err().to_string().contains("coco"));
    }
}
