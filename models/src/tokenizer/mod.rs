//! From a text to the numbers of its tokens: CLIP's byte pair encoding (Sennrich et al. 2016, on bytes as Radford et al. 2019).
//!
//! A text is cleaned ([`Manner`]), cut into words, and each word's bytes are joined pair by pair as a [`Vocabulary`] says.

mod clean;
mod entities;
mod pairs;
mod vocabulary;
mod words;

use crate::{Error, Result};
use clean::{cleaned_by_openai, cleaned_by_transformers};
use pairs::Pairs;
use words::{Word, parts, words};

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
        Ok(Tokenizer { pairs, manner, begin, end, count: found })
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
        for part in parts(text, self.manner) {
            match part {
                Word::Begin => tokens.push(self.begin),
                Word::End => tokens.push(self.end),
                Word::Plain(part) => self.part(part, &mut tokens),
            }
        }
        tokens.push(self.end);
        Ok(tokens)
    }

    /// Appends the tokens of a part of a text.
    fn part(&self, text: &str, tokens: &mut Vec<u32>) {
        let text = match self.manner {
            Manner::OpenAi | Manner::OpenClip => cleaned_by_openai(text),
            Manner::Transformers => cleaned_by_transformers(text),
        };
        for word in words(&text, self.manner) {
            match word {
                Word::Begin => tokens.push(self.begin),
                Word::End => tokens.push(self.end),
                Word::Plain(word) => self.pairs.encode(word, tokens),
            }
        }
    }

    /// The token that ends a text.
    pub fn end(&self) -> u32 {
        self.end
    }
}

#[cfg(test)]
mod tests;
