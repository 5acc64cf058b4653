//! The files that say which tokens there are.

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use tokenizers::models::bpe::{Merges, Vocab};

use super::pairs::{END_OF_WORD, signs};
use crate::{Error, Result};

/// How the tokens that begin and end a text are spelled in files of `transformers`.
const ENDS: [&str; 2] = ["<|startoftext|>", "<|endoftext|>"];
/// The largest list of pairs, unpacked.
const MAX_MERGES: u64 = 64 << 20;

/// The content of the files that say which tokens there are, not yet understood.
#[derive(Clone, PartialEq, Eq)]
pub enum Vocabulary {
    /// `tokenizer.json` of `transformers`.
    TokenizerJson(Arc<str>),
    /// Its `vocab.json` and `merges.txt`.
    VocabAndMerges {
        /// Tokens and their numbers.
        vocab: Arc<str>,
        /// The pairs that are joined, a line each.
        merges: Arc<str>,
    },
    /// OpenAI's `bpe_simple_vocab_16e6.txt.gz`, packed or not: the pairs that are joined, a line each, after a first
    /// line of another kind.
    Merges(Arc<[u8]>),
}

/// A vocabulary, understood.
pub(super) struct Table {
    pub(super) tokens: Vocab,
    pub(super) merges: Merges,
    pub(super) begin: u32,
    pub(super) end: u32,
}

impl Table {
    /// One more than the largest number of a token.
    pub(super) fn count(&self) -> usize {
        let last = self.tokens.values().copied().max().unwrap_or(0).max(self.begin).max(self.end);
        last as usize + 1
    }
}

impl Vocabulary {
    /// The file's name, for errors.
    pub fn name(&self) -> &'static str {
        match self {
            Vocabulary::TokenizerJson(_) => "tokenizer.json",
            Vocabulary::VocabAndMerges { .. } => "vocab.json, merges.txt",
            Vocabulary::Merges(_) => "bpe_simple_vocab_16e6.txt.gz",
        }
    }

    pub(super) fn bad(&self, reason: &str) -> Error {
        Error::BadPackage(format!("`{}` {reason}", self.name()))
    }

    /// The tokens of a network that knows `count` of them.
    pub(super) fn read(&self, count: usize) -> Result<Table> {
        match self {
            Vocabulary::TokenizerJson(text) => self.tokenizer_json(text),
            Vocabulary::VocabAndMerges { vocab, merges } => {
                let vocab: Value =
                    serde_json::from_str(vocab).map_err(|error| self.bad(&error.to_string()))?;
                let merges = merges.lines().filter(|line| !line.starts_with("#version"));
                let merges = merges.filter(|line| !line.trim().is_empty());
                self.table(&vocab, &[], merges.map(pair).collect())
            }
            Vocabulary::Merges(bytes) => self.openai(bytes, count),
        }
    }

    fn tokenizer_json(&self, text: &str) -> Result<Table> {
        let json: Value =
            serde_json::from_str(text).map_err(|error| self.bad(&error.to_string()))?;
        let model = &json["model"];
        let suffix = model["end_of_word_suffix"].as_str();
        if model["type"].as_str().is_some_and(|kind| kind != "BPE") || suffix != Some(END_OF_WORD) {
            return Err(self.bad("is no byte pair encoding whose words end in `</w>`"));
        }
        let merge = |merge: &Value| match merge {
            Value::String(line) => pair(line),
            Value::Array(two) => match &**two {
                [Value::String(a), Value::String(b)] => Some((a.clone(), b.clone())),
                _ => None,
            },
            _ => None,
        };
        let merges = model["merges"].as_array().into_iter().flatten().map(merge).collect();
        let added = json["added_tokens"].as_array().map_or(&[][..], Vec::as_slice);
        self.table(&model["vocab"], added, merges)
    }

    fn table(&self, vocab: &Value, added: &[Value], merges: Option<Merges>) -> Result<Table> {
        let number = |id: &Value| u32::try_from(id.as_u64()?).ok();
        let vocab = vocab.as_object().ok_or_else(|| self.bad("has no table of tokens"))?;
        let token = |(token, id): (&String, &Value)| Some((token.clone(), number(id)?));
        let tokens: Option<Vocab> = vocab.iter().map(token).collect();
        let mut tokens = tokens.ok_or_else(|| self.bad("has a token whose number is none"))?;
        for one in added {
            if let (Some(content), Some(id)) = (one["content"].as_str(), number(&one["id"])) {
                tokens.insert(content.to_owned(), id);
            }
        }
        let merges = merges.ok_or_else(|| self.bad("has a line that is no pair of tokens"))?;
        let find = |name: &str| {
            tokens.get(name).copied().ok_or_else(|| self.bad(&format!("has no token `{name}`")))
        };
        let (begin, end) = (find(ENDS[0])?, find(ENDS[1])?);
        Ok(Table { tokens, merges, begin, end })
    }

    /// OpenAI's list: the bytes, the bytes at the end of a word, what the first pairs become, and the two tokens that
    /// begin and end a text. How many pairs are taken follows from the number of tokens.
    fn openai(&self, bytes: &[u8], count: usize) -> Result<Table> {
        let mut text = String::new();
        let packed = bytes.starts_with(&[0x1f, 0x8b]);
        let read = if packed {
            MultiGzDecoder::new(bytes).take(MAX_MERGES).read_to_string(&mut text)
        } else {
            bytes.take(MAX_MERGES).read_to_string(&mut text)
        };
        read.map_err(|error| self.bad(&format!("cannot be read: {error}")))?;
        let signs = signs();
        let fixed = 2 * signs.len() + ENDS.len();
        let needed = count.checked_sub(fixed).ok_or_else(|| {
            self.bad(&format!("has at least {fixed} tokens, and the network knows {count}"))
        })?;
        let merges: Option<Vec<_>> = text.split('\n').skip(1).take(needed).map(pair).collect();
        let merges = merges.filter(|merges| merges.len() == needed).ok_or_else(|| {
            self.bad(&format!("has not the {needed} pairs that the network's {count} tokens need"))
        })?;
        let names = (signs.iter().map(char::to_string))
            .chain(signs.iter().map(|sign| format!("{sign}{END_OF_WORD}")))
            .chain(merges.iter().map(|(a, b)| format!("{a}{b}")));
        let tokens = names.zip(0..).collect();
        let (begin, end) = ((count - 2) as u32, (count - 1) as u32);
        Ok(Table { tokens, merges, begin, end })
    }
}

/// A line with two tokens.
fn pair(line: &str) -> Option<(String, String)> {
    let mut parts = line.split_whitespace();
    match (parts.next(), parts.next(), parts.next()) {
        (Some(a), Some(b), None) => Some((a.to_owned(), b.to_owned())),
        _ => None,
    }
}

impl fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vocabulary({})", self.name())
    }
}
