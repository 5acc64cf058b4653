//! Names with holes for integers and one for the rest.

/// Literal text and holes, in order.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Integer { shift: i64 },
    Rest,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, tail)) = rest.split_once('{') {
            let (hole, tail) = tail.split_once('}').ok_or("a `{` is not closed")?;
            if !literal.is_empty() {
                parts.push(Part::Text(literal.into()));
            } else if matches!(parts.last(), Some(Part::Integer { .. })) {
                return Err("two holes touch");
            }
            parts.push(match hole {
                "" => Part::Integer { shift: 0 },
                "*" if tail.is_empty() => Part::Rest,
                "*" => return Err("`{*}` stands at the end"),
                shift if shift.starts_with(['+', '-']) => {
                    Part::Integer { shift: shift.parse().map_err(|_| "a hole adds no integer")? }
                }
                _ => return Err("holes are `{}`, `{+1}`, `{-1}` and `{*}`"),
            });
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(Pattern(parts))
    }

    /// For each hole, whether it is the one for the rest.
    pub(super) fn holes(&self) -> Vec<bool> {
        let hole = |part: &Part| match part {
            Part::Text(_) => None,
            Part::Integer { .. } => Some(false),
            Part::Rest => Some(true),
        };
        self.0.iter().filter_map(hole).collect()
    }

    pub(super) fn has_shift(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Integer { shift } if *shift != 0))
    }

    /// What the holes match in `name`, if all of it matches.
    pub(super) fn matches<'a>(&self, name: &'a str) -> Option<Vec<&'a str>> {
        let mut found = Vec::new();
        let mut rest = name;
        for part in &self.0 {
            rest = match part {
                Part::Text(text) => rest.strip_prefix(text.as_str())?,
                Part::Integer { .. } => {
                    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                    let (digits, tail) = rest.split_at(end);
                    digits.parse::<i64>().ok()?;
                    found.push(digits);
                    tail
                }
                Part::Rest => {
                    found.push(rest);
                    ""
                }
            };
        }
        rest.is_empty().then_some(found)
    }

    /// The pattern with its holes filled; `None` if an integer would become negative.
    pub(super) fn fill(&self, found: &[&str]) -> Option<String> {
        let mut found = found.iter();
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Integer { shift } => {
                    let value = found.next()?.parse::<i64>().ok()?.checked_add(*shift)?;
                    if value < 0 {
                        return None;
                    }
                    out.push_str(&value.to_string());
                }
                Part::Rest => out.push_str(found.next()?),
            }
        }
        Some(out)
    }
}
