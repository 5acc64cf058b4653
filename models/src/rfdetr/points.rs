//! Names and lines of key points.

use ocelli_vision::{KeyPointsMetadata, Skeleton};

use super::classes::Classes;
use super::config::{Config, Head};
use super::model::Points;
use crate::Result;
use crate::key_points::unnamed;
use crate::registry::Package;

/// The key points of each class, from `keypoints_metadata.json` or, of a checkpoint on its own, COCO's for 17 points and
/// numbers for others.
pub(super) fn points(
    config: &Config,
    classes: &Classes,
    package: Option<&Package>,
) -> Result<Points> {
    if config.variant.head != Head::KeyPoints {
        return Ok(Points::default());
    }
    let mut of_column = config.keypoints.clone();
    of_column.resize(config.classes, 0);
    let mut points = Points {
        names: vec![vec![]; classes.names.len()],
        skeletons: vec![Skeleton::new(); classes.names.len()],
        of_column,
    };
    for (column, &count) in points.of_column.iter().enumerate() {
        if let Some(class) = classes.columns().class(column) {
            (points.names[class], points.skeletons[class]) = unnamed(count);
        }
    }
    if let Some(text) = package.and_then(|package| package.keypoints_metadata.as_deref()) {
        for (class, told) in KeyPointsMetadata::parse_entries(text.as_bytes())? {
            let known = points.names.get_mut(class).zip(points.skeletons.get_mut(class));
            if let Some((names, skeleton)) = known {
                (*names, *skeleton) = told;
            }
        }
    }
    Ok(points)
}
