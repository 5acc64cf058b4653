//! Foreign spellings of tensor names, told once as a table.

mod pattern;

#[cfg(test)]
mod tests;

use pattern::Pattern;

use crate::StateDict;

/// A table of renaming rules; the first that matches a name renames it, others stay as they are.
///
/// ```
/// # use ocelli_converters::Rename;
/// let rename = Rename::new()
///     .exact("cls_token", "embeddings.cls_token")
///     .pattern("blocks.{}.attn.{*}", "encoder.layer.{}.attention.{*}")?
///     .prefix("head.", "classifier.")
///     .drop("mask_token");
/// assert_eq!(rename.apply("blocks.3.attn.q").as_deref(), Some("encoder.layer.3.attention.q"));
/// assert_eq!(rename.apply("mask_token"), None);
/// # Ok::<(), ocelli_converters::RenameError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Rename {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
enum Rule {
    Exact { from: String, to: String },
    Prefix { from: String, to: String },
    Drop { name: String },
    DropPrefix { prefix: String },
    Pattern { from: Pattern, to: Pattern },
}

/// A rule that cannot be: the table is at fault, not the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rename rule `{from}` -> `{to}`: {what}")]
pub struct RenameError {
    /// The left side.
    pub from: String,
    /// The right side.
    pub to: String,
    /// What is wrong with it.
    pub what: String,
}

impl Rename {
    /// A table without rules: every name stays.
    pub fn new() -> Self {
        Rename::default()
    }

    /// One whole name.
    #[must_use]
    pub fn exact(self, from: &str, to: &str) -> Self {
        self.rule(Rule::Exact { from: from.into(), to: to.into() })
    }

    /// The start of names.
    #[must_use]
    pub fn prefix(self, from: &str, to: &str) -> Self {
        self.rule(Rule::Prefix { from: from.into(), to: to.into() })
    }

    /// Leaves one tensor out.
    #[must_use]
    pub fn drop(self, name: &str) -> Self {
        self.rule(Rule::Drop { name: name.into() })
    }

    /// Leaves out all tensors whose names start so.
    #[must_use]
    pub fn drop_prefix(self, prefix: &str) -> Self {
        self.rule(Rule::DropPrefix { prefix: prefix.into() })
    }

    /// Whole names with holes: `{}` is an integer, and `{*}`, once and at the end, any text. The
    /// holes of `to` take what those of `from` matched, in order; `{+N}` and `{-N}` are integer
    /// holes of `to` that add or subtract.
    pub fn pattern(self, from: &str, to: &str) -> Result<Self, RenameError> {
        let error =
            |what: &str| RenameError { from: from.into(), to: to.into(), what: what.into() };
        let (left, right) =
            (Pattern::parse(from).map_err(error)?, Pattern::parse(to).map_err(error)?);
        if left.has_shift() {
            return Err(error("only the right side may add to an integer"));
        }
        if left.holes() != right.holes() {
            return Err(error("the two sides have different holes"));
        }
        Ok(self.rule(Rule::Pattern { from: left, to: right }))
    }

    fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The new name, or `None` if the tensor is to be left out.
    pub fn apply(&self, name: &str) -> Option<String> {
        match self.rules.iter().find_map(|rule| rule.apply(name)) {
            Some(Renamed::To(name)) => Some(name),
            Some(Renamed::Dropped) => None,
            None => Some(name.to_owned()),
        }
    }
}

enum Renamed {
    To(String),
    Dropped,
}

impl Rule {
    /// `None` if the rule does not match.
    fn apply(&self, name: &str) -> Option<Renamed> {
        match self {
            Rule::Exact { from, to } => (name == from).then(|| Renamed::To(to.clone())),
            Rule::Prefix { from, to } => {
                name.strip_prefix(from.as_str()).map(|rest| Renamed::To(format!("{to}{rest}")))
            }
            Rule::Drop { name: dropped } => (name == dropped).then_some(Renamed::Dropped),
            Rule::DropPrefix { prefix } => {
                name.starts_with(prefix.as_str()).then_some(Renamed::Dropped)
            }
            Rule::Pattern { from, to } => to.fill(&from.matches(name)?).map(Renamed::To),
        }
    }
}

impl StateDict {
    /// The same tensors under the names of a table, in the same order.
    #[must_use]
    pub fn rename(&self, table: &Rename) -> StateDict {
        self.renamed(|name| table.apply(name))
    }
}
