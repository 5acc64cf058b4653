//! Python literals, as exporters write them into metadata: `{0: 'person', 1: "dog's"}`, `[640, 640]`, `True`.

/// A literal, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    None,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

/// Nesting beyond this is no metadata.
const DEPTH: usize = 8;

impl Literal {
    /// Reads a whole text; nothing if it is no literal.
    pub(super) fn parse(text: &str) -> Option<Literal> {
        let mut reader = Reader { rest: text.trim() };
        let literal = reader.value(DEPTH)?;
        reader.rest.trim().is_empty().then_some(literal)
    }

    /// A count; JSON writes those among keys as texts.
    pub(super) fn as_count(&self) -> Option<usize> {
        match self {
            &Literal::Number(n) if n >= 0.0 && n.fract() == 0.0 && n < 1e9 => Some(n as usize),
            Literal::Text(text) => text.parse().ok().filter(|&count| count < 1_000_000_000),
            _ => None,
        }
    }

    /// An entry of a dict.
    pub(super) fn get(&self, key: &str) -> Option<&Literal> {
        let Literal::Dict(entries) = self else { return None };
        entries.iter().find(|(name, _)| name.as_text() == Some(key)).map(|(_, value)| value)
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Literal::Text(text) => Some(text),
            _ => None,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Literal> {
        let depth = depth.checked_sub(1)?;
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            '{' => self.dict(depth),
            '[' => self.list(']', depth),
            '(' => self.list(')', depth),
            quote @ ('\'' | '"') => self.text(quote),
            _ => self.word(),
        }
    }

    fn dict(&mut self, depth: usize) -> Option<Literal> {
        self.take('{')?;
        let mut entries = Vec::new();
        while self.take('}').is_none() {
            let key = self.value(depth)?;
            self.take(':')?;
            entries.push((key, self.value(depth)?));
            if self.take(',').is_none() {
                self.take('}')?;
                break;
            }
        }
        Some(Literal::Dict(entries))
    }

    fn list(&mut self, end: char, depth: usize) -> Option<Literal> {
        self.rest = &self.rest[1..];
        let mut items = Vec::new();
        while self.take(end).is_none() {
            items.push(self.value(depth)?);
            if self.take(',').is_none() {
                self.take(end)?;
                break;
            }
        }
        Some(Literal::List(items))
    }

    fn text(&mut self, quote: char) -> Option<Literal> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, char)) = chars.next() {
            match char {
                '\\' => text.push(match chars.next()?.1 {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                }),
                _ if char == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Some(Literal::Text(text));
                }
                _ => text.push(char),
            }
        }
        None
    }

    fn word(&mut self) -> Option<Literal> {
        let end = self.rest.find([',', ']', ')', '}', ':']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word.trim() {
            "None" | "null" => Some(Literal::None),
            "True" | "true" => Some(Literal::Bool(true)),
            "False" | "false" => Some(Literal::Bool(false)),
            number => number.parse().ok().filter(|n: &f64| n.is_finite()).map(Literal::Number),
        }
    }

    fn take(&mut self, char: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(char)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read() {
        let number = |n: f64| Literal::Number(n);
        let text = |t: &str| Literal::Text(t.to_owned());
        let table = [
            ("640", number(640.0)),
            (" [640, 480,] ", Literal::List(vec![number(640.0), number(480.0)])),
            ("(17, 3)", Literal::List(vec![number(17.0), number(3.0)])),
            (
                r#"{0: 'dog\'s bed', 10: "it's"}"#,
                Literal::Dict(vec![(number(0.0), text("dog's bed")), (number(10.0), text("it's"))]),
            ),
            ("{'a': True, 'b': None}", {
                let entries = [("a", Literal::Bool(true)), ("b", Literal::None)];
                Literal::Dict(entries.map(|(k, v)| (text(k), v)).to_vec())
            }),
            ("[]", Literal::List(vec![])),
        ];
        for (source, expected) in table {
            assert_eq!(Literal::parse(source), Some(expected), "{source}");
        }
    }

    #[test]
    fn what_is_no_literal_is_nothing() {
        let deep = "[".repeat(100_000);
        for source in ["", "{", "[1", "'open", "{1 2}", "os.system('x')", "1 2", "nan", &deep] {
            assert_eq!(Literal::parse(source), None, "{source:.20}");
        }
    }
}
