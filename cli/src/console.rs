//! Where results, remarks and errors go.

use std::io::{self, ErrorKind, IsTerminal, Write};

/// Results to standard output; remarks and errors to standard error, in colour on a terminal.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    quiet: bool,
    color: bool,
    terminal: bool,
}

impl Console {
    pub(crate) fn new(quiet: bool) -> Console {
        let terminal = io::stderr().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Console { quiet, color: terminal && !plain, terminal }
    }

    /// Whether progress can be shown.
    pub(crate) fn shows_progress(&self) -> bool {
        self.terminal && !self.quiet
    }

    /// Whether only results and errors are wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// A line of results.
    #[allow(clippy::unused_self, reason = "the one place that writes to standard output")]
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{text}")
    }

    /// A line for people, which `--quiet` leaves out.
    pub(crate) fn remark(&self, text: &str) {
        if !self.quiet {
            self.write("", text);
        }
    }

    pub(crate) fn warning(&self, text: &str) {
        if !self.quiet {
            self.write(if self.color { "\x1b[33mwarning:\x1b[0m " } else { "warning: " }, text);
        }
    }

    pub(crate) fn error(&self, text: &str) {
        self.write(if self.color { "\x1b[31merror:\x1b[0m " } else { "error: " }, text);
    }

    #[allow(clippy::unused_self, reason = "the one place that writes to standard error")]
    fn write(&self, head: &str, text: &str) {
        // Nothing is left to be told when standard error is gone.
        let _ = writeln!(io::stderr().lock(), "{head}{text}");
    }
}

/// Whether the reader of standard output has gone, as `head` does.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// `1 234 567` bytes as `1.2 MB`.
pub(crate) fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(megabytes(999), "999 B");
        assert_eq!(megabytes(1500), "1.5 kB");
        assert_eq!(megabytes(30_468_352), "30.5 MB");
    }
}
