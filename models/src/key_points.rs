//! Key points of which no package says anything.

use ocelli_vision::Skeleton;

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
