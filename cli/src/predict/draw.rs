//! Findings drawn onto their picture.

use anyhow::Result;
use ocelli::vision::draw::{
    Style, depth_colors, draw_classes, draw_detections, draw_instances, draw_key_points,
    draw_oriented, draw_semantic,
};
use ocelli::{AutoModel, Image, Prediction};

/// Draws what was found onto the picture it was found in; a depth map takes its place.
pub(super) fn draw(
    image: &mut Image,
    prediction: &Prediction,
    model: &AutoModel,
    names: &[String],
) -> Result<()> {
    let style = Style::new(names);
    match prediction {
        Prediction::Detections(found) => draw_detections(image, found, &style),
        Prediction::Oriented(found) => draw_oriented(image, found, &style),
        Prediction::Instances(found) => draw_instances(image, found, &style),
        Prediction::KeyPoints(found) => {
            let skeletons = model.as_key_points_detection().map(|m| m.skeletons().to_vec());
            draw_key_points(image, found, &skeletons.unwrap_or_default(), &style);
        }
        Prediction::Semantic(found) => {
            let background = names.iter().position(|n| n.eq_ignore_ascii_case("background"));
            draw_semantic(image, found, background, &style);
        }
        Prediction::Classification(found) => draw_classes(image, &found.top(1), &style),
        Prediction::MultiLabel(found) => draw_classes(image, &found.labels(), &style),
        Prediction::Depth(map) => *image = depth_colors(map)?,
        _ => {}
    }
    Ok(())
}
