//! The most memory this process ever had.

/// In megabytes, where the system tells it.
pub(super) fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(peak_kilobytes(&status)? as f64 * 1024.0 / 1e6)
}

fn peak_kilobytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found() {
        assert_eq!(peak_kilobytes("Name:\tx\nVmHWM:\t  123 kB\n"), Some(123));
        assert_eq!(peak_kilobytes("Name:\tx\n"), None);
    }
}
