//! A font of 5 by 9 dots, two of the nine below the line; `font.txt` has a line for each printable
//! ASCII character after the space: the character and its rows in hexadecimal.

use std::sync::LazyLock;

/// Dots from one character to the next.
pub(super) const ADVANCE: usize = 6;
/// Rows of a character.
pub(super) const HEIGHT: usize = 9;
/// Dots of a row.
const WIDTH: usize = 5;
/// What stands for characters that the font lacks.
const UNKNOWN: [u8; HEIGHT] = [0x1f, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1f, 0, 0];

static GLYPHS: LazyLock<Vec<[u8; HEIGHT]>> =
    LazyLock::new(|| include_str!("font.txt").lines().map(parse).collect());

fn parse(line: &str) -> [u8; HEIGHT] {
    let mut rows = [0; HEIGHT];
    for (row, text) in rows.iter_mut().zip(line.split(' ').skip(1)) {
        *row = u8::from_str_radix(text, 16).unwrap_or(0);
    }
    rows
}

/// The places `(column, row)` of a character's dots.
pub(super) fn dots(character: char) -> impl Iterator<Item = (usize, usize)> {
    let rows = match (character as usize).checked_sub(usize::from(b'!')) {
        Some(index) => GLYPHS.get(index).copied().unwrap_or(UNKNOWN),
        None => [0; HEIGHT],
    };
    let dot = move |row: usize, column: usize| rows[row] >> (WIDTH - 1 - column) & 1 == 1;
    (0..HEIGHT).flat_map(move |row| {
        (0..WIDTH).filter(move |&column| dot(row, column)).map(move |column| (column, row))
    })
}
