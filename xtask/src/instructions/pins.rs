//! The file of pinned counts: `rustc VERSION`, `margin PERCENT`, then a model and its count on each line.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

const HEAD: &str = "# Instructions of one pass on AVX2 and one thread. Written by `cargo xtask instructions --bless`.";

/// By how much a count may move, in percent, unless the file says otherwise.
const MARGIN: f64 = 2.0;

/// What the file says.
#[derive(Debug, PartialEq)]
pub(super) struct Pins {
    pub(super) compiler: String,
    pub(super) margin: f64,
    pub(super) counts: BTreeMap<String, u64>,
}

impl Pins {
    /// New counts, with the margin of the old.
    pub(super) fn of(compiler: &str, counts: BTreeMap<String, u64>, old: Option<&Pins>) -> Pins {
        let margin = old.map_or(MARGIN, |old| old.margin);
        Pins { compiler: compiler.to_owned(), margin, counts }
    }

    pub(super) fn parse(text: &str) -> Result<Pins> {
        let (mut compiler, mut margin, mut counts) = (None, None, BTreeMap::new());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match line.split_once(' ') {
                Some(("rustc", version)) => compiler = Some(version.to_owned()),
                Some(("margin", percent)) => margin = Some(percent.parse().context("margin")?),
                Some((model, count)) => {
                    counts.insert(model.to_owned(), count.trim().parse().context("count")?);
                }
                None => bail!("`{line}`: a name and a value are needed"),
            }
        }
        let compiler = compiler.context("no line `rustc VERSION`")?;
        Ok(Pins { compiler, margin: margin.unwrap_or(MARGIN), counts })
    }

    pub(super) fn text(&self) -> String {
        let head = format!("{HEAD}\nrustc {}\nmargin {}\n", self.compiler, self.margin);
        let lines = self.counts.iter().map(|(model, count)| format!("{model} {count}\n"));
        head + &lines.collect::<String>()
    }

    /// A line on each model of `found` or of the file, and whether it breaches the margin.
    pub(super) fn compare(&self, found: &BTreeMap<String, u64>) -> Vec<(String, bool)> {
        let counted = found.iter().map(|(model, &count)| match self.counts.get(model) {
            Some(&pinned) => {
                let percent = (count as f64 / pinned as f64 - 1.0) * 100.0;
                let what = match percent {
                    p if p > self.margin => ": slower",
                    p if p < -self.margin => ": faster; bless it",
                    _ => "",
                };
                (
                    format!("{model}: {count}, pinned {pinned}, {percent:+.2} %{what}"),
                    !what.is_empty(),
                )
            }
            None => (format!("{model}: {count}, not pinned; bless it"), true),
        });
        let gone = self.counts.keys().filter(|model| !found.contains_key(*model));
        let gone = gone.map(|model| (format!("{model}: pinned, and no such model"), true));
        counted.chain(gone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
        of.iter().map(|&(model, count)| (model.to_owned(), count)).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let pins = Pins::of("1.95.0", counts(&[("a-64", 100), ("b-32", 7)]), None);
        assert_eq!(Pins::parse(&pins.text()).ok(), Some(pins));
        assert!(Pins::parse("a-64 100\n").is_err() && Pins::parse("rustc 1\na-64\n").is_err());
    }

    #[test]
    fn counts_may_move_within_the_margin() {
        let pins = Pins::of("1.95.0", counts(&[("a", 1000)]), None);
        let breach = |found: &[(&str, u64)]| {
            pins.compare(&counts(found)).iter().map(|(_, breach)| *breach).collect::<Vec<_>>()
        };
        assert_eq!(breach(&[("a", 1019)]), [false]);
        assert_eq!(breach(&[("a", 981)]), [false]);
        assert_eq!(breach(&[("a", 1021)]), [true]);
        assert_eq!(breach(&[("a", 979)]), [true]);
        assert_eq!(breach(&[("a", 1000), ("b", 1)]), [false, true]);
        assert_eq!(breach(&[]), [true]);
    }
}
