use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::config::ClassMapping;
use crate::{Result, Skeleton, VisionError};

/// A package's `keypoints_metadata.json`: what the points of each class are called and which of
/// them are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPointsMetadata {
    /// By class id, the points' names in order.
    pub names: Vec<Vec<String>>,
    /// By class id, the pairs of points to join.
    pub skeletons: Vec<Skeleton>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    object_class_id: usize,
    keypoints: BTreeMap<String, String>,
    #[serde(default)]
    edges: Vec<Edge>,
}

#[derive(Serialize, Deserialize)]
struct Edge {
    from: usize,
    to: usize,
}

impl KeyPointsMetadata {
    /// Parses the file's text for `classes` classes; with a mapping, class ids are led through it.
    ///
    /// # Errors
    /// If the text is malformed, a class has no entry or is not one of `classes`, or an edge names
    /// a point that its class lacks.
    pub fn parse(text: &[u8], classes: usize, mapping: Option<&ClassMapping>) -> Result<Self> {
        let mut by_class = BTreeMap::new();
        for (id, described) in Self::parse_entries(text)? {
            let class = match mapping {
                None => id,
                Some(mapping) => match mapping.index.get(id) {
                    Some(Some(class)) => *class,
                    Some(None) => continue,
                    None => return Err(bad(format!("class {id} is not one of the network's"))),
                },
            };
            if class >= classes {
                return Err(bad(format!("class {class} is not one of {classes}")));
            }
            by_class.insert(class, described);
        }
        if let Some(missing) = (0..classes).find(|class| !by_class.contains_key(class)) {
            return Err(bad(format!("class {missing} has no entry")));
        }
        let (names, skeletons) = by_class.into_values().unzip();
        Ok(Self { names, skeletons })
    }

    /// Parses the file's text: names and pairs of the classes that have an entry, by their id in the
    /// file.
    ///
    /// # Errors
    /// If the text is malformed, or an edge names a point that its class lacks.
    pub fn parse_entries(text: &[u8]) -> Result<BTreeMap<usize, (Vec<String>, Skeleton)>> {
        let entries: Vec<Entry> =
            serde_json::from_slice(text).map_err(|error| bad(error.to_string()))?;
        let described =
            |entry: Entry| Ok((entry.object_class_id, (entry.names()?, entry.skeleton()?)));
        entries.into_iter().map(described).collect()
    }

    fn entries(&self) -> Vec<Entry> {
        let of_class = self.names.iter().enumerate();
        let entry = |(object_class_id, names): (usize, &Vec<String>)| {
            let keypoints = names.iter().enumerate().map(|(i, name)| (i.to_string(), name.clone()));
            let edges = self.skeletons.get(object_class_id).into_iter().flatten();
            let edges = edges.map(|&(from, to)| Edge { from, to }).collect();
            Entry { object_class_id, keypoints: keypoints.collect(), edges }
        };
        of_class.map(entry).collect()
    }
}

/// As the file has it: one object a class.
impl Serialize for KeyPointsMetadata {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries().serialize(serializer)
    }
}

impl Entry {
    fn names(&self) -> Result<Vec<String>> {
        let place = |key: &String| {
            key.parse::<usize>().map_err(|_| bad(format!("point `{key}` is not a number")))
        };
        let mut named = Vec::new();
        for (key, name) in &self.keypoints {
            named.push((place(key)?, name.clone()));
        }
        named.sort();
        Ok(named.into_iter().map(|(_, name)| name).collect())
    }

    fn skeleton(&self) -> Result<Skeleton> {
        let count = self.keypoints.len();
        let pair = |edge: &Edge| {
            if edge.from < count && edge.to < count {
                return Ok((edge.from, edge.to));
            }
            let (id, from, to) = (self.object_class_id, edge.from, edge.to);
            Err(bad(format!("class {id} joins points {from} and {to}, it has {count}")))
        };
        self.edges.iter().map(pair).collect()
    }
}

fn bad(reason: String) -> VisionError {
    VisionError::BadConfig { what: "keypoints_metadata.json".to_owned(), reason }
}
