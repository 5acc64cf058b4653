//! What becomes of a text before it is cut into words.
//!
//! OpenAI's code first lets ftfy mend the text. Of what ftfy does, all that looks at single characters is done here:
//! entities, ligatures, wide and narrow forms, quotation marks, line breaks, terminals' escapes, control characters and
//! Unicode's canonical composition. Not done is its guess at texts that were decoded with the wrong encoding.

use unicode_normalization::UnicodeNormalization;

use super::entities::{unescape, unescape_sure, windows_1252};

/// OpenAI's cleaning.
pub(super) fn cleaned_by_openai(text: &str) -> String {
    let text = unescape(&unescape(&mend(text)));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.to_lowercase()
}

/// The cleaning of `transformers`, which does not know a sigma at the end of a word.
pub(super) fn cleaned_by_transformers(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).collect()
}

/// What ftfy does to single characters. Entities are left alone from the first line on that has a `<`, which looks like
/// HTML.
fn mend(text: &str) -> String {
    let mut html = false;
    text.split_inclusive('\n')
        .map(|line| {
            html |= line.contains('<');
            mend_line(line, !html)
        })
        .collect()
}

/// Mends until nothing changes.
fn mend_line(line: &str, mut entities: bool) -> String {
    if line.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n') && byte != b'&') {
        return line.to_owned();
    }
    let mut text = line.to_owned();
    loop {
        entities &= !line.contains('<');
        let unescaped = if entities { unescape_sure(&text) } else { text.clone() };
        let mended = without_terminal_escapes(&characters(&unescaped));
        let mended: String = mended.chars().filter(|&c| !is_control(c)).nfc().collect();
        if mended == text {
            return mended;
        }
        text = mended;
    }
}

/// Ligatures, wide and narrow forms, quotation marks and line breaks.
fn characters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().map(windows_1252).peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\u{2bc}' | '\u{2018}'..='\u{201b}' => out.push('\''),
            '\u{201c}'..='\u{201f}' => out.push('"'),
            '\u{3000}' => out.push(' '),
            // Its quotation mark becomes a straight one.
            '\u{149}' => out.push_str("'n"),
            '\u{fb05}' => out.push_str("\u{17f}t"),
            '\u{132}'
            | '\u{133}'
            | '\u{1c4}'..='\u{1cc}'
            | '\u{1f1}'..='\u{1f3}'
            | '\u{fb00}'..='\u{fb06}'
            | '\u{ff01}'..='\u{ffef}' => out.extend(std::iter::once(c).nfkc()),
            c => out.push(c),
        }
    }
    out
}

/// Without sequences of an escape, `[`, numbers and a letter.
fn without_terminal_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split("\u{1b}[");
    out.extend(parts.next());
    for part in parts {
        let letter = part.find(|c: char| !(c.is_ascii_digit() || c == ';'));
        if let Some(i) = letter.filter(|&i| part.as_bytes()[i].is_ascii_alphabetic()) {
            out.push_str(&part[i + 1..]);
        } else {
            out.push_str("\u{1b}[");
            out.push_str(part);
        }
    }
    out
}

/// Characters that markup has no use for.
fn is_control(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffc}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cleaned_as_openai_cleans_them() {
        let rows = [
            ("  A   Cat\t& a\ndog ", "a cat & a dog"),
            ("it\u{2019}s \u{201c}ﬁne\u{201d}", "it's \"fine\""),
            ("ＬＯＵＤ　ＮＯＩＳＥＳ", "loud noises"),
            ("&amp;lt;b&amp;gt;", "<b>"),
            ("P&EACUTE;REZ &eacute", "pérez é"),
            ("<b> &amp;amp;amp; caf&eacute;", "<b> &amp; café"),
            ("e\u{301}\u{feff}x", "éx"),
            ("\u{1b}[36;44mblue\u{1b}[0m", "blue"),
            ("Nŉ ǅ ﬆ", "n'n dž st"),
            ("ΣΑΣ İ", "σας i\u{307}"),
        ];
        for (text, needed) in rows {
            assert_eq!(cleaned_by_openai(text), needed, "{text}");
        }
        assert_eq!(cleaned_by_transformers("&amp; It\u{2019}s"), "&amp; it\u{2019}s");
    }
}
