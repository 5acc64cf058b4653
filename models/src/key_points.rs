//! `keypoints_metadata.json` of a package: names of the points of each class, and the lines between them.

use std::collections::BTreeMap;

use ocelli_vision::Skeleton;
use serde::Deserialize;

/// The parsed file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct KeyPointsMetadata {
    classes: Vec<OfClass>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct OfClass {
    object_class_id: usize,
    keypoints: BTreeMap<String, String>,
    #[serde(default)]
    edges: Vec<Edge>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
struct Edge {
    from: usize,
    to: usize,
}

impl KeyPointsMetadata {
    /// Parses the text of the file; says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<KeyPointsMetadata, String> {
        let wrong = |what: String| format!("`keypoints_metadata.json`: {what}");
        let parsed: Self = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        for class in &parsed.classes {
            let numbered = |i: usize| class.keypoints.contains_key(&i.to_string());
            if !(0..class.keypoints.len()).all(numbered) {
                let id = class.object_class_id;
                return Err(wrong(format!("the points of class {id} are not numbered from 0")));
            }
        }
        Ok(parsed)
    }

    /// Puts names and lines where their classes are; classes beyond the end are left out.
    pub(crate) fn apply(&self, names: &mut [Vec<String>], skeletons: &mut [Skeleton]) {
        for class in &self.classes {
            let id = class.object_class_id;
            if let (Some(names), Some(skeleton)) = (names.get_mut(id), skeletons.get_mut(id)) {
                let name = |i: usize| class.keypoints.get(&i.to_string()).cloned();
                *names = (0..class.keypoints.len()).filter_map(name).collect();
                *skeleton = class.edges.iter().map(|edge| (edge.from, edge.to)).collect();
            }
        }
    }
}

/// Names and lines of so many points of a class of which nothing is known: COCO's for its 17, numbers for others.
pub(crate) fn unnamed(count: usize) -> (Vec<String>, Skeleton) {
    const COCO_POINTS: usize = 17;
    if count == COCO_POINTS {
        let names = include_str!("data/coco_keypoints.txt").lines().map(str::to_owned);
        return (names.collect(), COCO_SKELETON.to_vec());
    }
    ((0..count).map(|i| format!("point_{i}")).collect(), Skeleton::new())
}

/// The lines between COCO's points of a person.
const COCO_SKELETON: [(usize, usize); 19] = [
    (15, 13),
    (13, 11),
    (16, 14),
    (14, 12),
    (11, 12),
    (5, 11),
    (6, 12),
    (5, 6),
    (5, 7),
    (6, 8),
    (7, 9),
    (8, 10),
    (1, 2),
    (0, 1),
    (0, 2),
    (1, 3),
    (2, 4),
    (3, 5),
    (4, 6),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_numbers() {
        let text = r#"[{"object_class_id": 1, "keypoints": {"10": "k", "0": "a", "1": "b", "2": "c", "3": "d",
            "4": "e", "5": "f", "6": "g", "7": "h", "8": "i", "9": "j"}, "edges": [{"from": 0, "to": 10}]}]"#;
        let (mut names, mut skeletons) = (vec![vec![]; 2], vec![vec![]; 2]);
        KeyPointsMetadata::parse(text).unwrap().apply(&mut names, &mut skeletons);
        assert_eq!(names[1].concat(), "abcdefghijk");
        assert_eq!((names[0].len(), &skeletons[1]), (0, &vec![(0, 10)]));
        assert!(
            KeyPointsMetadata::parse(r#"[{"object_class_id": 0, "keypoints": {"1": "a"}}]"#)
                .is_err()
        );
    }
}
