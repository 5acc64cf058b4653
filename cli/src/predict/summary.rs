//! One line for people about one picture.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use ocelli::Task;
use ocelli::vision::Report;

use super::stages::Times;

/// `street.jpg 1280x720: 2 person, 1 dog (decode 4.1 ms, prepare 2.0 ms, network 35.2 ms, read 0.3 ms) -> out/street.jpg`
pub(super) fn line(report: &Report, times: &Times, written: Option<&Path>) -> String {
    let Times { decode, pre_process, network, post_process } = *times;
    let [decode, pre, network, post] = [decode, pre_process, network, post_process].map(ms);
    let (image, width, height) = (&report.image, report.width, report.height);
    let mut line = format!(
        "{image} {width}x{height}: {} (decode {decode}, prepare {pre}, network {network}, read {post})",
        found(report)
    );
    if let Some(path) = written {
        let _ = write!(line, " -> {}", path.display());
    }
    line
}

fn found(report: &Report) -> String {
    match (report.task, report.depth_range) {
        (_, Some([nearest, farthest])) => format!("depth {nearest:.3} to {farthest:.3}"),
        (Task::Classification | Task::MultiLabelClassification, _) => scores(report),
        _ => match &report.embedding {
            Some(values) => format!("a vector of {}", values.len()),
            None => counts(report),
        },
    }
}

/// `tabby 0.81, tiger_cat 0.12`: the classes that have a score to speak of, at least the first.
fn scores(report: &Report) -> String {
    const LEAST: f32 = 0.01;
    let all = report.predictions.iter().enumerate();
    let shown = all.filter(|(i, prediction)| *i == 0 || prediction.confidence >= LEAST);
    let shown = shown.map(|(_, p)| format!("{} {:.2}", p.class_name, p.confidence));
    or_nothing(&shown.collect::<Vec<_>>())
}

/// `2 person, 1 dog`: the classes by how often they were found, then by first appearance.
fn counts(report: &Report) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for prediction in &report.predictions {
        let name = prediction.class_name.as_str();
        match counts.iter_mut().find(|(counted, _)| *counted == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    or_nothing(&counts)
}

fn or_nothing(found: &[String]) -> String {
    if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") }
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use ocelli::Size;
    use ocelli::vision::{
        ClassificationPrediction, DepthMap, Detection, Detections, ReportContext, ToReport,
    };

    use super::*;

    fn summary(prediction: &impl ToReport) -> String {
        let class_names = ["cat", "dog", "bird"].map(str::to_owned);
        let context = ReportContext { image: "a.png", model: "m", class_names: &class_names };
        found(&prediction.report(&context))
    }

    #[test]
    fn each_task_has_its_words() {
        let image_size = Size::new(2, 1);
        let mut boxes = Detections::new(image_size);
        assert_eq!(summary(&boxes), "nothing found");
        for class_id in [1, 0, 0] {
            boxes.push(Detection { xyxy: [0.0; 4], class_id, confidence: 0.5 });
        }
        assert_eq!(summary(&boxes), "2 cat, 1 dog");
        let confidence = vec![0.12, 0.876, 0.004];
        let class = ClassificationPrediction { image_size, class_id: 1, confidence };
        assert_eq!(summary(&class), "dog 0.88, cat 0.12");
        let map = DepthMap { image_size, depth: vec![0.25, 8.0] };
        assert_eq!(summary(&map), "depth 0.250 to 8.000");
    }
}
