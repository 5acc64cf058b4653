//! What the columns of the logits mean.

use ocelli_vision::config::InferenceConfig;
use ocelli_vision::detr::Columns;

use super::config::Head;
use crate::{Error, Result};

/// Columns of a network that was trained on COCO with its own category ids.
const COCO_COLUMNS: usize = 91;

/// Names by class id, and the class of each column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Classes {
    pub(super) names: Vec<String>,
    /// For each column of the logits its class; none for columns that are no class.
    columns: Vec<Option<usize>>,
}

impl Classes {
    /// Of a checkpoint on its own: `given` by the caller, or `stored` in the file.
    ///
    /// With names the trainer's last column, "no object", is no class. Without names a network of 91 columns is COCO's;
    /// of any other every column is a class.
    pub(super) fn of_checkpoint(
        given: Option<&[String]>,
        stored: Option<Vec<String>>,
        columns: usize,
        head: Head,
    ) -> Result<Classes> {
        if let Some(names) = given {
            if names.len() == columns || names.len() + 1 == columns {
                return Ok(Classes::below(names.to_vec(), columns));
            }
            let reason = format!(
                "{} names for {columns} columns; give {columns} or, without \"no object\", one less",
                names.len()
            );
            return Err(Error::BadOption { name: "class_names", reason });
        }
        let numbered = |i: usize| format!("class_{i}");
        Ok(match stored {
            Some(mut names) => {
                names.truncate(columns);
                let known = names.len();
                names.extend((known..columns.saturating_sub(1)).map(numbered));
                Classes::below(names, columns)
            }
            None if head == Head::Semantic => {
                let names = (1..columns).map(numbered);
                Classes::below(
                    std::iter::once("background".to_owned()).chain(names).collect(),
                    columns,
                )
            }
            None if columns == COCO_COLUMNS => Classes::coco(),
            None if head == Head::KeyPoints && columns == 2 => {
                Classes::below(vec!["person".to_owned()], columns)
            }
            None => Classes::below((0..columns).map(numbered).collect(), columns),
        })
    }

    /// Of a package: `class_names.txt`, less what `class_names_operations` removes.
    pub(super) fn of_package(
        names: &[String],
        config: &InferenceConfig,
        columns: usize,
    ) -> Classes {
        match config.class_mapping(names) {
            Some(mapping) => {
                let mut index = mapping.index;
                index.resize(columns, None);
                Classes { names: mapping.names, columns: index }
            }
            None => Classes::below(names.to_vec(), columns),
        }
    }

    fn below(names: Vec<String>, columns: usize) -> Classes {
        if columns == COCO_COLUMNS && names.iter().map(String::as_str).eq(crate::COCO_NAMES.lines())
        {
            return Classes::coco();
        }
        let columns = (0..columns).map(|i| (i < names.len()).then_some(i)).collect();
        Classes { names, columns }
    }

    /// Class ids are COCO's category ids; ids without a category are never answered.
    fn coco() -> Classes {
        let names: Vec<String> = crate::COCO_NAMES.lines().map(str::to_owned).collect();
        let columns = names.iter().enumerate();
        let columns = columns.map(|(i, name)| (name != "background").then_some(i)).collect();
        Classes { names, columns }
    }

    /// The class of each column.
    pub(super) fn columns(&self) -> Columns<'_> {
        Columns::Mapped(&self.columns)
    }

    /// The class called `background` in whatever case.
    pub(super) fn background(&self) -> Option<usize> {
        self.names.iter().position(|name| name.eq_ignore_ascii_case("background"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("n{i}")).collect()
    }

    #[test]
    fn the_last_column_is_no_class_when_names_are_known() {
        let given = Classes::of_checkpoint(Some(&names(3)), None, 4, Head::Boxes).unwrap();
        assert_eq!(given.columns, [Some(0), Some(1), Some(2), None]);
        let stored = Classes::of_checkpoint(None, Some(names(2)), 4, Head::Boxes).unwrap();
        assert_eq!(stored.names, ["n0", "n1", "class_2"]);
        assert_eq!(stored.columns, [Some(0), Some(1), Some(2), None]);
        assert!(Classes::of_checkpoint(Some(&names(2)), None, 4, Head::Boxes).is_err());
    }

    #[test]
    fn coco_and_unknown_networks_have_names_too() {
        let coco = Classes::of_checkpoint(None, None, 91, Head::Boxes).unwrap();
        assert_eq!(
            (coco.names.len(), &*coco.names[1], &*coco.names[90]),
            (91, "person", "toothbrush")
        );
        assert_eq!((coco.columns[0], coco.columns[90]), (None, Some(90)));
        assert_eq!(coco.columns.iter().flatten().count(), 80);
        let given = Classes::of_checkpoint(Some(&coco.names), None, 91, Head::Boxes).unwrap();
        assert_eq!(given.columns, coco.columns);
        let unknown = Classes::of_checkpoint(None, None, 3, Head::Boxes).unwrap();
        assert_eq!(unknown.columns, [Some(0), Some(1), Some(2)]);
        let semantic = Classes::of_checkpoint(None, None, 3, Head::Semantic).unwrap();
        assert_eq!((semantic.names[0].as_str(), semantic.background()), ("background", Some(0)));
    }

    #[test]
    fn packages_remove_classes() {
        let config = InferenceConfig::parse(
            br#"{"network_input": {"dynamic_spatial_size_supported": false, "color_mode": "rgb",
                "resize_mode": "stretch", "input_channels": 3,
                "training_input_size": {"width": 64, "height": 64}},
                "class_names_operations": [{"type": "class_name_removal", "class_name": "n0"}]}"#,
        )
        .unwrap();
        let classes = Classes::of_package(&names(3), &config, 4);
        assert_eq!(classes.names, ["n1", "n2"]);
        assert_eq!(classes.columns, [None, Some(0), Some(1), None]);
    }
}
