//! Texts cut into words: letters, single digits, and runs of other signs; white space is left out.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::Manner;

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// The spelling of the token that begins texts.
    Begin,
    /// That of the token that ends them.
    End,
    /// Anything else.
    Plain(&'a str),
}

/// What is cut off even where letters follow.
const CONTRACTIONS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Number,
    Space,
    Other,
    /// Belongs to no word.
    None,
}

/// How the tokens that begin and end a text are spelled in texts.
const fn spellings(manner: Manner) -> [(&'static str, Word<'static>); 2] {
    let [begin, end] = match manner {
        Manner::OpenClip => ["<start_of_text>", "<end_of_text>"],
        Manner::OpenAi | Manner::Transformers => ["<|startoftext|>", "<|endoftext|>"],
    };
    [(begin, Word::Begin), (end, Word::End)]
}

/// The parts of a text that are cleaned by themselves: to `transformers` those between the tokens that are spelled in
/// it.
pub(super) fn parts(text: &str, manner: Manner) -> Vec<Word<'_>> {
    if manner != Manner::Transformers {
        return vec![Word::Plain(text)];
    }
    let (mut found, mut rest) = (Vec::new(), text);
    let first = |rest: &str| {
        let places =
            spellings(manner).map(|(spelling, word)| (rest.find(spelling), spelling, word));
        let there =
            places.into_iter().filter_map(|(at, spelling, word)| Some((at?, spelling, word)));
        there.min_by_key(|&(at, ..)| at)
    };
    while let Some((at, spelling, word)) = first(rest) {
        found.extend([Word::Plain(&rest[..at]), word]);
        rest = &rest[at + spelling.len()..];
    }
    found.push(Word::Plain(rest));
    found
}

/// The words of a cleaned text.
pub(super) fn words(text: &str, manner: Manner) -> impl Iterator<Item = Word<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| matches!(kind(c, manner), Kind::Space | Kind::None));
        let (word, length) = next(rest, manner)?;
        rest = &rest[length..];
        Some(word)
    })
}

/// The word that the text starts with, and its length.
fn next(text: &str, manner: Manner) -> Option<(Word<'_>, usize)> {
    let spelled = spellings(manner).into_iter().find(|(spelling, _)| text.starts_with(spelling));
    if let Some((spelling, word)) = spelled.filter(|_| manner != Manner::Transformers) {
        return Some((word, spelling.len()));
    }
    let first = text.chars().next()?;
    let of_kind = kind(first, manner);
    let length = if let Some(length) = contraction(text, manner) {
        length
    } else if of_kind == Kind::Number {
        first.len_utf8()
    } else {
        text.find(|c| kind(c, manner) != of_kind).unwrap_or(text.len())
    };
    Some((Word::Plain(&text[..length]), length))
}

/// The length of the contraction that the text starts with. To OpenAI's pattern, which ignores case, a long s is an s.
fn contraction(text: &str, manner: Manner) -> Option<usize> {
    const LONG_S: &str = "'\u{17f}";
    if manner != Manner::Transformers && text.starts_with(LONG_S) {
        return Some(LONG_S.len());
    }
    CONTRACTIONS.iter().find(|end| text.starts_with(*end)).map(|end| end.len())
}

fn kind(c: char, manner: Manner) -> Kind {
    /// Ignoring case, it is both a letter and none to OpenAI's pattern, which therefore passes over it.
    const IOTA_BELOW: char = '\u{345}';
    if c.is_whitespace() {
        return Kind::Space;
    }
    if c == IOTA_BELOW && manner != Manner::Transformers {
        return Kind::None;
    }
    match c.general_category_group() {
        GeneralCategoryGroup::Letter => Kind::Letter,
        GeneralCategoryGroup::Number => Kind::Number,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_as_the_pattern_cuts_them() {
        let rows: [(&str, &[&str]); 6] = [
            ("it's a cat's", &["it", "'s", "a", "cat", "'s"]),
            ("don't we'll'd", &["don", "'t", "we", "'ll", "'d"]),
            ("2024 is ½!?", &["2", "0", "2", "4", "is", "½", "!?"]),
            ("!'s", &["!'", "s"]),
            ("été 猫🐈", &["été", "猫", "🐈"]),
            ("a\u{345}b", &["a", "b"]),
        ];
        for (text, needed) in rows {
            let found: Vec<_> = words(text, Manner::OpenAi).collect();
            let needed: Vec<_> = needed.iter().map(|word| Word::Plain(word)).collect();
            assert_eq!(found, needed, "{text}");
        }
        let found: Vec<_> = words("a<|endoftext|>b", Manner::OpenAi).collect();
        assert_eq!(found, [Word::Plain("a"), Word::End, Word::Plain("b")]);
        let found = words("<end_of_text><|endoftext|>", Manner::OpenClip).count();
        assert_eq!(found, 4);
    }
}
