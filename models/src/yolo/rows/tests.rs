use super::*;

#[test]
fn names_are_unique_and_found() {
    let mut names: Vec<String> = variants().map(|(name, _)| name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    for name in ["yolov5n", "yolov5nu", "yolov8x-pose-p6", "yolov9c-seg", "yolo26m-depth"] {
        assert!(names.iter().any(|known| known == name), "{name}");
        assert!(find(name).is_some(), "{name}");
    }
    assert!(find("yolov8").is_none());
}

#[test]
fn necks_join_the_maps_of_the_backbone() {
    let joined = |name: &str| -> Vec<Vec<isize>> {
        let layers = find(name).unwrap().layers.into_iter();
        layers.map(|layer| layer.from).filter(|from| from.len() > 1).collect()
    };
    let of = |lists: &[&[isize]]| -> Vec<Vec<isize>> {
        lists.iter().map(|list| list.to_vec()).collect()
    };
    assert_eq!(joined("yolov8n"), of(&[&[-1, 6], &[-1, 4], &[-1, 12], &[-1, 9], &[15, 18, 21]]));
    assert_eq!(joined("yolov5n"), of(&[&[-1, 6], &[-1, 4], &[-1, 14], &[-1, 10], &[17, 20, 23]]));
    assert_eq!(joined("yolov6n"), of(&[&[-1, 6], &[-1, 4], &[-1, 15], &[-1, 10], &[19, 23, 27]]));
    assert_eq!(joined("yolov8n-worldv2"), joined("yolov8n"));
    assert_eq!(
        joined("yolov8n-world"),
        of(&[&[-1, 6], &[-1, 4], &[15, 12, 9], &[-1, 12], &[-1, 9], &[15, 19, 22]])
    );
    assert_eq!(joined("yolo26n-sem"), of(&[&[-1, 6], &[-1, 4], &[16, 13]]));
}
