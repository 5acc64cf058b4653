//! Whether a JPEG file is all there: its decoder paints what is missing gray and says nothing.

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];

/// Whether an end marker follows the first scan.
///
/// Segments before it are skipped by their lengths, since a thumbnail in them has an end marker
/// of its own. Within a scan the marker's bytes cannot occur by chance.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        rest = match rest {
            [0xFF, 0xFF, ..] => &rest[1..],
            [0xFF, START_OF_SCAN, scan @ ..] => {
                return scan.windows(2).any(|pair| pair == END_OF_IMAGE);
            }
            [0xFF, _, high, low, ..] => {
                let len = usize::from(u16::from_be_bytes([*high, *low]));
                rest.get(2 + len..).unwrap_or_default()
            }
            [_, after @ ..] => after,
            [] => return false,
        };
    }
}
