//! The string form of COCO run lengths: from the fourth run on, the difference to the run two
//! before; five bits a character, lowest first, the sixth bit for "more follows", from `0` up.

use crate::{Result, VisionError};

/// Characters of one number: five bits each are more than any run needs.
const MAX_CHARACTERS: u32 = 7;

pub(super) fn encode(counts: &[u32]) -> String {
    let mut text = String::with_capacity(counts.len() * 2);
    for (i, &count) in counts.iter().enumerate() {
        let before = if i > 2 { counts[i - 2] } else { 0 };
        let mut value = i64::from(count) - i64::from(before);
        loop {
            let bits = (value & 0x1f) as u8;
            value >>= 5;
            let done = if bits & 0x10 == 0 { value == 0 } else { value == -1 };
            text.push(char::from(b'0' + (bits | u8::from(!done) << 5)));
            if done {
                break;
            }
        }
    }
    text
}

/// Reads runs, none longer than `pixels`.
pub(super) fn decode(text: &[u8], pixels: usize) -> Result<Vec<u32>> {
    let mut counts: Vec<u32> = Vec::new();
    let mut characters = text.iter().enumerate();
    while let Some((at, &first)) = characters.next() {
        let difference = number(at, first, &mut characters)?;
        let i = counts.len();
        let before = if i > 2 { i64::from(counts[i - 2]) } else { 0 };
        let count = difference + before;
        match u32::try_from(count) {
            Ok(count) if count as usize <= pixels => counts.push(count),
            _ => {
                let reason = format!("has a run of {count} at byte {at}, the mask {pixels} pixels");
                return Err(VisionError::rle(reason));
            }
        }
    }
    Ok(counts)
}

fn number<'a>(
    at: usize,
    first: u8,
    rest: &mut impl Iterator<Item = (usize, &'a u8)>,
) -> Result<i64> {
    let mut character = first;
    let mut value = 0_i64;
    for place in 0..MAX_CHARACTERS {
        let Some(bits) = character.checked_sub(b'0').filter(|&bits| bits < 64) else {
            let shown = character.escape_ascii();
            return Err(VisionError::rle(format!("has the character '{shown}' after byte {at}")));
        };
        value |= i64::from(bits & 0x1f) << (5 * place);
        if bits & 0x20 == 0 {
            let negative = bits & 0x10 != 0;
            return Ok(if negative { value - (1 << (5 * (place + 1))) } else { value });
        }
        character = match rest.next() {
            Some((_, &next)) => next,
            None => return Err(VisionError::rle("ends in the middle of a number")),
        };
    }
    Err(VisionError::rle(format!("has an overlong number at byte {at}")))
}
