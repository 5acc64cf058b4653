//! Thousands of texts of many scripts, some very long, that are made here and in `tests/reference/clip_tokenizer.py` alike.

use flate2::Crc;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Golden {
    count: usize,
    merges: String,
    texts: u64,
    /// About how many bytes the very long texts have.
    long: usize,
    /// Numbers of the texts that are not compared.
    left_out: Vec<u64>,
    /// Of each, its first and last characters by ranges.
    alphabets: Vec<Vec<(u32, u32)>>,
    snippets: Vec<String>,
    sets: Vec<Set>,
}

#[derive(Deserialize)]
struct Set {
    manner: Value,
    /// Of each text's tokens, in hexadecimal.
    crc32: String,
}

#[test]
fn tokens_of_mixed_texts_are_those_of_the_originals() {
    let path = folder().join("tokenizer_mixed.json");
    let golden: Golden = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let numbers = (0..golden.texts).filter(|number| !golden.left_out.contains(number));
    let texts: Vec<String> = numbers.map(|number| golden.text(number)).collect();
    assert!(texts.len() > 3900);
    let merges = format!("#version\n{}", golden.merges).into_bytes();
    let vocabulary = Vocabulary::Merges(merges.into());
    for set in &golden.sets {
        let tokenizer = Tokenizer::new(&vocabulary, manner(&set.manner), golden.count).unwrap();
        assert_eq!(set.crc32.len(), texts.len() * 8);
        for (text, needed) in texts.iter().zip(set.crc32.as_bytes().chunks(8)) {
            let tokens = tokenizer.encode(text).unwrap();
            let mut crc = Crc::new();
            for token in tokens {
                crc.update(&token.to_le_bytes());
            }
            let given = text.escape_unicode();
            assert_eq!(format!("{:08x}", crc.sum()).as_bytes(), needed, "{}: {given}", set.manner);
        }
    }
}

impl Golden {
    fn text(&self, number: u64) -> String {
        let mut random = Random(number);
        let mut text = String::new();
        for _ in 0..=random.below(11) {
            if random.below(5) < 2 {
                text += &self.snippets[random.below(self.snippets.len())];
                continue;
            }
            let alphabet = &self.alphabets[random.below(self.alphabets.len())];
            for _ in 0..=random.below(8) {
                let count = alphabet.iter().map(|(first, last)| last - first + 1).sum::<u32>();
                text.push(letter(alphabet, random.below(count as usize) as u32));
            }
            text += if random.below(3) > 0 { " " } else { "" };
        }
        let times = if random.below(20) == 0 { self.long / text.len() } else { 1 };
        text.repeat(times)
    }
}

fn letter(alphabet: &[(u32, u32)], mut place: u32) -> char {
    for (first, last) in alphabet {
        if place <= last - first {
            return char::from_u32(first + place).unwrap();
        }
        place -= last - first + 1;
    }
    unreachable!("places are below the number of characters")
}

/// Knuth's linear congruential generator.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }
}
