//! Numbers and texts as pickles spell them.

use super::node::Node;

/// Little-endian two's complement of any length; no bytes are zero.
pub(super) fn integer_from_le(bytes: &[u8]) -> Node {
    let sign = if bytes.last().is_some_and(|&top| top & 0x80 != 0) { 0xff } else { 0 };
    let mut word = [sign; 8];
    let kept = bytes.len().min(8);
    word[..kept].copy_from_slice(&bytes[..kept]);
    let fits = bytes.iter().skip(8).all(|&byte| byte == sign)
        && (bytes.len() <= 8 || (word[7] & 0x80 != 0) == (sign != 0));
    if fits { Node::Int(i64::from_le_bytes(word)) } else { Node::BigInt(bytes.into()) }
}

/// Python's `raw-unicode-escape` after its Latin-1: `\uXXXX` and `\UXXXXXXXX` only.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let digits = match rest.as_bytes().get(1) {
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let code = rest.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        if let Some(code) = code.filter(|_| digits > 0) {
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = &rest[2 + digits..];
        } else {
            out.push('\\');
            rest = &rest[1..];
        }
    }
    out + rest
}

/// A Python string literal in single or double quotes, with its escapes.
pub(super) fn unquote(literal: &[u8]) -> Option<Vec<u8>> {
    let (&quote, rest) = literal.split_first()?;
    let (&last, body) = rest.split_last()?;
    if last != quote || !matches!(quote, b'\'' | b'"') {
        return None;
    }
    let mut out = Vec::with_capacity(body.len());
    let mut bytes = body.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next()? {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'x' => {
                let digits = [bytes.next()?, bytes.next()?];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            other => out.push(other),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{unescape, unquote};

    #[test]
    fn escapes_of_protocol_0_are_undone() {
        let cases = [
            ("plain", "plain"),
            (r"\u00e9t\u00e9", "été"),
            (r"\U0001f600", "😀"),
            (r"\ud800", "\u{fffd}"),
            (r"a\nb\\", r"a\nb\\"),
            (r"\u12", r"\u12"),
            (r"\u12é4", r"\u12é4"),
        ];
        for (text, expected) in cases {
            assert_eq!(unescape(text), expected, "{text}");
        }
    }

    #[test]
    fn quoted_strings_lose_their_quotes_and_escapes() {
        let cases: &[(&str, Option<&[u8]>)] = &[
            ("'a'", Some(b"a")),
            (r#""it's \"it\"""#, Some(br#"it's "it""#)),
            (r"'\x00\xff\n\t\\'", Some(b"\x00\xff\n\t\\")),
            ("'open", None),
            ("'", None),
            (r"'\x0'", None),
            ("", None),
            ("bare", None),
        ];
        for (literal, expected) in cases {
            assert_eq!(unquote(literal.as_bytes()).as_deref(), *expected, "{literal}");
        }
    }
}
