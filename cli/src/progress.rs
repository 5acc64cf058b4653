//! Progress bars, on a terminal only.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ocelli::Progress;

use crate::console::Console;

/// A bar over `count` pictures; hidden where it would be in the way.
pub(crate) fn pictures(count: usize, console: &Console) -> ProgressBar {
    if count < 2 || !console.shows_progress() {
        return ProgressBar::hidden();
    }
    ProgressBar::new(count as u64).with_style(style("{bar:30} {pos}/{len} pictures, {eta} left"))
}

/// Shows downloads as a bar on a terminal, else as a remark at their start.
pub(crate) struct Downloads {
    bar: Mutex<ProgressBar>,
    terminal: bool,
    console: Console,
}

impl Downloads {
    pub(crate) fn new(console: &Console) -> Downloads {
        let terminal = console.shows_progress();
        Downloads { bar: Mutex::new(ProgressBar::hidden()), terminal, console: console.clone() }
    }

    fn with(&self, act: impl FnOnce(&mut ProgressBar)) {
        if let Ok(mut bar) = self.bar.lock() {
            act(&mut bar);
        }
    }

    fn remark(&self, text: &str) {
        self.with(|bar| bar.suspend(|| self.console.remark(text)));
    }
}

impl Progress for Downloads {
    fn start(&self, url: &str, done: u64, total: Option<u64>) {
        self.remark(&format!("{} {url}", if done > 0 { "resuming" } else { "downloading" }));
        if !self.terminal {
            return;
        }
        self.with(|bar| {
            bar.finish_and_clear();
            *bar = match total {
                Some(total) => ProgressBar::new(total).with_style(style(
                    "{bar:30} {bytes}/{total_bytes} at {bytes_per_sec}, {eta} left",
                )),
                None => ProgressBar::new_spinner(),
            };
            bar.set_position(done);
            bar.reset_eta();
        });
    }

    fn advance(&self, bytes: u64) {
        self.with(|bar| bar.inc(bytes));
    }

    fn retry(&self, reason: &str, pause: Duration) {
        self.remark(&format!("{reason}; trying again in {:.0} s", pause.as_secs_f64().ceil()));
    }

    fn wait(&self) {
        self.remark("another process is downloading the same file; waiting for it");
    }

    fn finish(&self) {
        self.with(|bar| bar.finish_and_clear());
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
