//! One line for people about one picture.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

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

/// `2 person, 1 dog`: the classes by how often they were found, then by first appearance.
fn found(report: &Report) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for prediction in &report.predictions {
        let name = prediction.class_name.as_str();
        match counts.iter_mut().find(|(counted, _)| *counted == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    if counts.is_empty() {
        return "nothing found".to_owned();
    }
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    counts.join(", ")
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
