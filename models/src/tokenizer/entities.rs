//! HTML's named and numbered characters.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Names without `&`, some of them with a `;`, and their characters' numbers; by `tests/reference/clip_entities.py`.
const NAMES: &str = include_str!("../data/html5.txt");
/// What the bytes from 0x80 to 0x9f are in Windows' Western encoding; those that are nothing stay what they are.
const WINDOWS: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];
/// The longest name that is looked for.
const MAX_NAME: usize = 32;

fn table() -> &'static HashMap<&'static str, String> {
    static TABLE: OnceLock<HashMap<&'static str, String>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let row = |line: &'static str| {
            let (name, numbers) = line.split_once(' ')?;
            let one = |number| char::from_u32(u32::from_str_radix(number, 16).ok()?);
            Some((name, numbers.split(' ').map(one).collect::<Option<String>>()?))
        };
        NAMES.lines().filter_map(row).collect()
    })
}

/// A control character as the sign that Windows has in its place.
pub(super) fn windows_1252(c: char) -> char {
    match u32::from(c) {
        code @ 0x80..=0x9f => WINDOWS[code as usize - 0x80],
        _ => c,
    }
}

/// All entities, also those without a semicolon and those that other letters follow, as Python's `html.unescape` does.
pub(super) fn unescape(text: &str) -> String {
    replaced(text, |rest| {
        if let Some(digits) = rest.strip_prefix('#') {
            return numbered(digits);
        }
        let ends = |c: char| matches!(c, '\t' | '\n' | '\u{c}' | ' ' | '<' | '&' | '#' | ';');
        let places = rest.char_indices().map(|(i, c)| (i, c, i + c.len_utf8()));
        let name = places.take(MAX_NAME).take_while(|&(_, c, _)| !ends(c));
        let length = name.last().map(|(_, _, end)| end)?;
        let whole = length + usize::from(rest[length..].starts_with(';'));
        if let Some(found) = table().get(&rest[..whole]) {
            return Some((found.clone(), whole));
        }
        let shorter = (2..whole).rev().filter(|&i| rest.is_char_boundary(i));
        shorter.into_iter().find_map(|i| Some((table().get(&rest[..i])?.clone(), i)))
    })
}

/// The entities that end in a semicolon, and such of Latin letters in capitals, as ftfy does.
pub(super) fn unescape_sure(text: &str) -> String {
    /// The longest name that is looked for.
    const MAX_SURE: usize = 24;
    replaced(text, |rest| {
        let name = rest.strip_prefix('#').unwrap_or(rest);
        let length = name.find(|c: char| !c.is_ascii_alphanumeric())?;
        if !(1..=MAX_SURE).contains(&length) || !name[length..].starts_with(';') {
            return None;
        }
        if rest.len() > name.len() {
            return numbered(name).filter(|&(_, used)| used == length + 2);
        }
        let found = table().get(&name[..=length]).cloned().or_else(|| capital(&name[..=length]));
        found.map(|found| (found, length + 1))
    })
}

/// The capital letters of a name in capitals that stands for something only in small letters.
fn capital(name: &str) -> Option<String> {
    let small = name.to_lowercase();
    let unknown = (2..name.len()).all(|i| !table().contains_key(&name[..i]));
    (name.to_uppercase() == name && unknown)
        .then(|| table().get(&*small))?
        .map(|c| c.to_uppercase())
}

/// Replaces each `&` with what `entity` makes of the text behind it, and of how many bytes.
fn replaced(text: &str, entity: impl Fn(&str) -> Option<(String, usize)>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match entity(rest) {
            Some((found, used)) => {
                out.push_str(&found);
                rest = &rest[used..];
            }
            None => out.push('&'),
        }
    }
    out + rest
}

/// The character of a number behind `&#`, and how many bytes it takes with the `#`.
fn numbered(text: &str) -> Option<(String, usize)> {
    let hexadecimal = text.strip_prefix(['x', 'X']);
    let (digits, radix) = hexadecimal.map_or((text, 10), |digits| (digits, 16));
    let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    if length == 0 {
        return None;
    }
    let significant = digits[..length].trim_start_matches('0');
    let code = match significant {
        "" => 0,
        digits => u32::from_str_radix(digits, radix).unwrap_or(u32::MAX),
    };
    let semicolon = usize::from(digits[length..].starts_with(';'));
    let used = 1 + usize::from(radix == 16) + length + semicolon;
    Some((character(code), used))
}

/// What HTML makes of a number: nothing of most control characters and of those that are no characters.
fn character(code: u32) -> String {
    let nothing = matches!(code, 1..=8 | 0xb | 0xe..=0x1f | 0x7f | 0xfdd0..=0xfdef)
        || (code & 0xfffe == 0xfffe && code <= 0x10_ffff);
    match char::from_u32(code) {
        Some('\0') | None => "\u{fffd}".to_owned(),
        _ if nothing => String::new(),
        Some(c) => windows_1252(c).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_read_as_python_reads_them() {
        let rows = [
            ("&lt;&ampx &notit; &notin;", "<&x ¬it; ∉"),
            ("&#65;&#x42&#67x &#0; &#128;", "ABCx \u{fffd} €"),
            ("&#xD800;&#1;&#99999999999;", "\u{fffd}\u{fffd}"),
            ("&nothing; &zz; & &; &#; &#x;", "¬hing; &zz; & &; &#; &#x;"),
        ];
        for (text, needed) in rows {
            assert_eq!(unescape(text), needed, "{text}");
        }
        let sure = "&amp &amp; &NTILDE; &nTILDE; &#65; &#65 &SZLIG;";
        assert_eq!(unescape_sure(sure), "&amp & Ñ &nTILDE; A &#65 SS");
        assert!(table().len() > 2000);
    }
}
