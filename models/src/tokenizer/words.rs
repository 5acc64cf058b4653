//! The patterns that cut texts into words: letters, single digits, and runs of other signs; white space is left out.

use tokenizers::utils::SysRegex;

use super::Manner;

/// How the tokens that begin and end a text are spelled in texts.
pub(super) const fn spellings(manner: Manner) -> [&'static str; 2] {
    match manner {
        Manner::OpenClip => ["<start_of_text>", "<end_of_text>"],
        Manner::OpenAi | Manner::Transformers => ["<|startoftext|>", "<|endoftext|>"],
    }
}

/// Finds the tokens that are spelled in a text.
pub(super) fn spelled(manner: Manner) -> tokenizers::Result<SysRegex> {
    SysRegex::new(&any_spelling(manner))
}

/// Finds the words of a cleaned text.
///
/// Ignoring case, as OpenAI's pattern does, a long s is an s, and an iota below is both a letter and none, and therefore in
/// no word. To `transformers` a spelled token is no word: it is cut out before the text is cleaned.
pub(super) fn words(manner: Manner) -> tokenizers::Result<SysRegex> {
    let plain = |s, no_word| {
        format!(r"'(?:[{s}tmd]|re|ve|ll)|\p{{L}}+|\p{{N}}|[^\s\p{{L}}\p{{N}}{no_word}]+")
    };
    SysRegex::new(&match manner {
        Manner::OpenAi | Manner::OpenClip => {
            format!("{}|{}", any_spelling(manner), plain("s\u{17f}", "\u{345}"))
        }
        Manner::Transformers => plain("s", ""),
    })
}

fn any_spelling(manner: Manner) -> String {
    spellings(manner).map(|spelling| spelling.replace('|', r"\|")).join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_as_the_original_cuts_them() {
        use Manner::{OpenAi, OpenClip, Transformers};
        let rows: [(Manner, &str, &[&str]); 11] = [
            (OpenAi, "it's a cat's", &["it", "'s", "a", "cat", "'s"]),
            (OpenAi, "don't we'll'd", &["don", "'t", "we", "'ll", "'d"]),
            (OpenAi, "2024 is ½!?", &["2", "0", "2", "4", "is", "½", "!?"]),
            (OpenAi, "!'s", &["!'", "s"]),
            (OpenAi, "été 猫🐈", &["été", "猫", "🐈"]),
            (OpenAi, "a\u{345}b'\u{17f}", &["a", "b", "'\u{17f}"]),
            (OpenAi, "a<|endoftext|>b", &["a", "<|endoftext|>", "b"]),
            (OpenAi, "!<|endoftext|>", &["!<|", "endoftext", "|>"]),
            (OpenClip, "<end_of_text><|endoftext|>", &["<end_of_text>", "<|", "endoftext", "|>"]),
            (Transformers, "a\u{345}b'\u{17f}", &["a", "\u{345}", "b", "'", "\u{17f}"]),
            (Transformers, "<|endoftext|>", &["<|", "endoftext", "|>"]),
        ];
        for (manner, text, needed) in rows {
            let found = words(manner).unwrap();
            let found: Vec<_> =
                found.find_iter(text).map(|(start, end)| &text[start..end]).collect();
            assert_eq!(found, needed, "{manner:?} {text}");
        }
    }
}
