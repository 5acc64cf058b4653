//! The joining of a word's bytes, pair by pair.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::vocabulary::Table;

/// What follows the last sign of a word.
pub(super) const END_OF_WORD: &str = "</w>";

/// Which pairs are joined, in which order, and to what.
#[derive(Debug)]
pub(super) struct Pairs {
    /// By byte: the token of the byte within a word, and at its end.
    bytes: Vec<[u32; 2]>,
    /// Two tokens to their rank and what they become.
    joined: HashMap<(u32, u32), (u32, u32)>,
}

/// A token of a word that is being joined, in a list of such.
#[derive(Clone, Copy)]
struct Piece {
    token: u32,
    before: usize,
    after: usize,
}

/// No piece.
const NONE: usize = usize::MAX;

impl Pairs {
    /// # Errors
    /// A token is not in the vocabulary; which.
    pub(super) fn new(table: Table) -> Result<Pairs, String> {
        let Table { tokens, merges, .. } = table;
        let find = |token: &str| {
            tokens.get(token).copied().ok_or_else(|| format!("has no token `{token}`"))
        };
        let byte = |c: char| Ok([find(&c.to_string())?, find(&format!("{c}{END_OF_WORD}"))?]);
        let bytes = signs().into_iter().map(byte).collect::<Result<_, String>>()?;
        let mut joined = HashMap::with_capacity(merges.len());
        for (rank, (a, b)) in merges.iter().enumerate() {
            let both = find(&format!("{a}{b}"))?;
            joined.insert((find(a)?, find(b)?), (rank as u32, both));
        }
        Ok(Pairs { bytes, joined })
    }

    /// Appends the tokens of a word.
    pub(super) fn encode(&self, word: &str, tokens: &mut Vec<u32>) {
        let last = word.len().wrapping_sub(1);
        let piece = |(i, byte): (usize, u8)| Piece {
            token: self.bytes[usize::from(byte)][usize::from(i == last)],
            before: i.checked_sub(1).unwrap_or(NONE),
            after: if i == last { NONE } else { i + 1 },
        };
        let mut pieces: Vec<Piece> = word.bytes().enumerate().map(piece).collect();
        let mut queue = BinaryHeap::new();
        for i in 0..pieces.len() {
            self.propose(&pieces, i, &mut queue);
        }
        while let Some(Reverse((_, i, pair))) = queue.pop() {
            let Piece { token, before, after } = pieces[i];
            let still = after != NONE && (token, pieces[after].token) == pair;
            let Some(&(_, both)) = self.joined.get(&pair).filter(|_| still) else { continue };
            let behind = pieces[after].after;
            pieces[after] = Piece { token: u32::MAX, before: NONE, after: NONE };
            pieces[i] = Piece { token: both, before, after: behind };
            if behind != NONE {
                pieces[behind].before = i;
            }
            self.propose(&pieces, i, &mut queue);
            if before != NONE {
                self.propose(&pieces, before, &mut queue);
            }
        }
        let mut next = if pieces.is_empty() { NONE } else { 0 };
        while next != NONE {
            tokens.push(pieces[next].token);
            next = pieces[next].after;
        }
    }

    /// Puts the pair that starts at `i` in the queue, if it is one that is joined.
    fn propose(&self, pieces: &[Piece], i: usize, queue: &mut Queue) {
        let Piece { token, after, .. } = pieces[i];
        if after == NONE {
            return;
        }
        let pair = (token, pieces[after].token);
        if let Some(&(rank, _)) = self.joined.get(&pair) {
            queue.push(Reverse((rank, i, pair)));
        }
    }
}

/// Pairs by rank, then by place.
type Queue = BinaryHeap<Reverse<(u32, usize, (u32, u32))>>;

/// The sign that stands for each byte: itself where it is visible in Latin-1, else one from 256 on.
pub(super) fn signs() -> [char; 256] {
    let mut hidden = 0;
    std::array::from_fn(|byte| {
        let byte = byte as u8;
        if visible(byte) {
            return char::from(byte);
        }
        hidden += 1;
        char::from_u32(255 + hidden).unwrap_or_default()
    })
}

/// Whether a byte stands for itself.
pub(super) fn visible(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff)
}
