//! From a text to the numbers of its tokens: CLIP's byte pair encoding (Sennrich et al. 2016, on bytes as Radford et al. 2019).
//!
//! A text is cleaned ([`Manner`]), cut into words, and each word's bytes are joined pair by pair as a [`Vocabulary`] says.
//! The crate `tokenizers` joins, and finds the words; the cleaning and the patterns that a vocabulary's file names are never
//! run.

mod clean;
mod entities;
mod pairs;
mod vocabulary;
mod words;

use tokenizers::tokenizer::pattern::Pattern;
use tokenizers::utils::SysRegex;

use crate::{Error, Result};
use clean::{cleaned_by_openai, cleaned_by_transformers};
use pairs::Pairs;
use words::{spelled, spellings, words};

pub use vocabulary::Vocabulary;

/// Whose cleaning is followed, and how the tokens that begin and end a text are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// OpenAI's.
    OpenAi,
    /// open_clip's, and that of the Perception Encoder: OpenAI's but for the spelling.
    OpenClip,
    /// That of `transformers`.
    Transformers,
}

/// The longest text, in bytes, that is looked at.
pub const MAX_TEXT: usize = 1 << 14;

/// A vocabulary that is ready to be used.
#[derive(Debug)]
pub struct Tokenizer {
    pairs: Pairs,
    spelled: SysRegex,
    words: SysRegex,
    manner: Manner,
    begin: u32,
    end: u32,
    count: usize,
}

impl Tokenizer {
    /// The tokens of a network that knows `count` of them.
    ///
    /// # Errors
    /// The vocabulary is malformed, or has more tokens, or fewer where its own number is not written in it.
    pub fn new(vocabulary: &Vocabulary, manner: Manner, count: usize) -> Result<Tokenizer> {
        let table = vocabulary.read(count)?;
        let (begin, end, found) = (table.begin, table.end, table.count());
        if found > count {
            let reason = format!("has {found} tokens, and the network knows {count}");
            return Err(vocabulary.bad(&reason));
        }
        let pairs = Pairs::new(table).map_err(|reason| vocabulary.bad(&reason))?;
        let spelled = spelled(manner).map_err(|error| bad(&error))?;
        let words = words(manner).map_err(|error| bad(&error))?;
        Ok(Tokenizer { pairs, spelled, words, manner, begin, end, count: found })
    }

    /// How many tokens there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The numbers of a text's tokens, with those that begin and end it.
    ///
    /// # Errors
    /// The text has more than [`MAX_TEXT`] bytes.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        if text.len() > MAX_TEXT {
            let reason = format!("a text of {} bytes; the most are {MAX_TEXT}", text.len());
            return Err(Error::BadOption { name: "text", reason });
        }
        let mut tokens = vec![self.begin];
        self.append(text, &mut tokens).map_err(|error| bad(&error))?;
        tokens.push(self.end);
        Ok(tokens)
    }

    /// Appends the tokens of a text.
    fn append(&self, text: &str, tokens: &mut Vec<u32>) -> tokenizers::Result<()> {
        if self.manner != Manner::Transformers {
            return self.words(&cleaned_by_openai(text), tokens);
        }
        for ((start, end), is_token) in (&self.spelled).find_matches(text)? {
            let part = &text[start..end];
            if is_token {
                self.word(part, tokens)?;
            } else {
                self.words(&cleaned_by_transformers(part), tokens)?;
            }
        }
        Ok(())
    }

    /// Appends the tokens of a cleaned text.
    fn words(&self, text: &str, tokens: &mut Vec<u32>) -> tokenizers::Result<()> {
        self.words.find_iter(text).try_for_each(|(start, end)| self.word(&text[start..end], tokens))
    }

    /// Appends the tokens of a word, or the token that is spelled so.
    fn word(&self, word: &str, tokens: &mut Vec<u32>) -> tokenizers::Result<()> {
        let [begin, end] = spellings(self.manner);
        if word == begin {
            tokens.push(self.begin);
        } else if word == end {
            tokens.push(self.end);
        } else {
            self.pairs.encode(word, tokens)?;
        }
        Ok(())
    }

    /// The token that ends a text.
    pub fn end(&self) -> u32 {
        self.end
    }
}

fn bad(error: &tokenizers::Error) -> Error {
    Error::BadOption { name: "text", reason: error.to_string() }
}

#[cfg(test)]
mod tests;
