//! The joining of a word's bytes, pair by pair.

use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::byte_level::ByteLevel;
use tokenizers::{Model, NormalizedString, Normalizer};

use super::vocabulary::Table;

/// What follows the last sign of a word.
pub(super) const END_OF_WORD: &str = "</w>";

/// Which pairs are joined, in which order, and to what.
#[derive(Debug)]
pub(super) struct Pairs(BPE);

impl Pairs {
    /// # Errors
    /// A token is not in the vocabulary; which.
    pub(super) fn new(table: Table) -> Result<Pairs, String> {
        let Table { tokens, merges, .. } = table;
        let find = |token: &str| {
            let known = tokens.contains_key(token);
            known.then_some(()).ok_or_else(|| format!("has no token `{token}`"))
        };
        for sign in signs() {
            find(sign.encode_utf8(&mut [0; 4]))?;
            find(&format!("{sign}{END_OF_WORD}"))?;
        }
        // The crate panics where what a pair becomes is longer than every token.
        for (a, b) in &merges {
            find(&format!("{a}{b}"))?;
        }
        // Its cache outlives the vocabulary, once in every thread.
        let pairs = BPE::builder().vocab_and_merges(tokens, merges).cache_capacity(0);
        let pairs = pairs.end_of_word_suffix(END_OF_WORD.to_owned()).build();
        Ok(Pairs(pairs.map_err(|error| error.to_string())?))
    }

    /// Appends the tokens of a word.
    pub(super) fn encode(&self, word: &str, tokens: &mut Vec<u32>) -> tokenizers::Result<()> {
        let mut word = NormalizedString::from(word);
        ByteLevel::new().normalize(&mut word)?;
        tokens.extend(self.0.tokenize(word.get())?.iter().map(|token| token.id));
        Ok(())
    }
}

/// The signs that stand for bytes: those that are visible in Latin-1, then as many from 256 on as are not.
pub(super) fn signs() -> Vec<char> {
    let mut signs: Vec<_> = ByteLevel::alphabet().into_iter().collect();
    signs.sort_unstable();
    signs
}
