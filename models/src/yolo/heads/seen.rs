//! What a head's tensors show of its classes, key points and masks.

/// What tensors show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::yolo) struct Seen {
    pub(in crate::yolo) classes: usize,
    /// How many, and numbers of each: three where they divide.
    pub(in crate::yolo) key_points: Option<[usize; 2]>,
    /// Coefficients of the prototype masks.
    pub(in crate::yolo) coefficients: usize,
}

/// Anchors of a place, of heads that have some.
const ANCHORS: usize = 3;

/// Reads a head's tensors; `extent` gives the first extent of the one so called below the head's place. Nothing if the
/// tensor that shows the classes is missing.
pub(in crate::yolo) fn seen(module: &str, extent: impl Fn(&str) -> Option<usize>) -> Option<Seen> {
    let first = |names: &[&str]| names.iter().find_map(|name| extent(name));
    let last = |branch: &str| {
        let names = [format!("{branch}.0.2.weight"), format!("one2one_{branch}.0.2.weight")];
        names.iter().find_map(|name| extent(name))
    };
    let mut seen = Seen { classes: 0, key_points: None, coefficients: 0 };
    match module {
        "AnchorDetect" | "AnchorSegment" | "AnchorISegment" => {
            if module != "AnchorDetect" {
                seen.coefficients = extent("proto.cv3.conv.weight")?;
            }
            let row = extent("m.0.weight")? / ANCHORS;
            seen.classes = row.checked_sub(5 + seen.coefficients)?;
        }
        "Classify" => seen.classes = extent("linear.weight")?,
        "SemanticSegment" => seen.classes = extent("classifier.1.weight")?,
        "Depth" => seen.classes = 1,
        "RTDETRDecoder" => seen.classes = extent("enc_score_head.weight")?,
        _ => {
            seen.classes = last("cv3")?;
            if module.starts_with("Segment") {
                seen.coefficients = last("cv4")?;
            } else if module.starts_with("YOLOESegment") {
                seen.coefficients = last("cv5")?;
            } else if module.starts_with("Pose") {
                let points = first(&["cv4_kpts.0.weight", "one2one_cv4_kpts.0.weight"]);
                let numbers = points.or_else(|| last("cv4"))?;
                let each = if numbers.is_multiple_of(3) { 3 } else { 2 };
                seen.key_points = Some([numbers / each, each]);
            }
        }
    }
    Some(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(module: &str, tensors: &[(&str, usize)]) -> Option<Seen> {
        seen(module, |name| tensors.iter().find(|(n, _)| *n == name).map(|&(_, extent)| extent))
    }

    #[test]
    fn heads_show_what_they_are_for() {
        let seen =
            |classes, key_points, coefficients| Some(Seen { classes, key_points, coefficients });
        let table: [(&str, &[(&str, usize)], _); 7] = [
            ("Detect", &[("cv3.0.2.weight", 80)], seen(80, None, 0)),
            ("Detect", &[("one2one_cv3.0.2.weight", 7)], seen(7, None, 0)),
            ("AnchorDetect", &[("m.0.weight", 255)], seen(80, None, 0)),
            (
                "AnchorSegment",
                &[("m.0.weight", 351), ("proto.cv3.conv.weight", 32)],
                seen(80, None, 32),
            ),
            ("Pose", &[("cv3.0.2.weight", 1), ("cv4.0.2.weight", 51)], seen(1, Some([17, 3]), 0)),
            (
                "Pose26",
                &[("cv3.0.2.weight", 1), ("cv4_kpts.0.weight", 10)],
                seen(1, Some([5, 2]), 0),
            ),
            ("Classify", &[("cv3.0.2.weight", 80)], None),
        ];
        for (module, tensors, expected) in table {
            assert_eq!(of(module, tensors), expected, "{module}");
        }
    }
}
