//! base64 (RFC 4648 §4), as far as encoded-words need it.

/// The octets that `text` stands for. Padding may be missing, since senders
/// drop it; what it must not be is wrong: in the middle, or too long.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text
        .iter()
        .rev()
        .take_while(|&&octet| octet == b'=')
        .count();
    let digits = text.get(..text.len() - padding)?;
    let padded = padding > 0;
    if padding > 2 || (padded && !text.len().is_multiple_of(4)) || digits.len() % 4 == 1 {
        return None;
    }
    let mut octets = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut bits = 0u32;
        for &digit in group {
            bits = bits << 6 | value(digit)?;
        }
        // 2 digits are 1 octet, 3 are 2; the bits left over are dropped.
        bits <<= 6 * (4 - group.len());
        let [_, whole @ ..] = bits.to_be_bytes();
        octets.extend_from_slice(whole.get(..group.len() * 3 / 4)?);
    }
    Some(octets)
}

fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_padding() {
        for (text, octets) in [
            ("", Some(&b""[..])),
            ("TQ==", Some(b"M")),
            ("TQ", Some(b"M")),
            ("TWE=", Some(b"Ma")),
            ("TWE", Some(b"Ma")),
            ("TWFu", Some(b"Man")),
            ("TWFuTQ==", Some(b"ManM")),
            ("+/+/", Some(b"\xFB\xFF\xBF")),
            ("T", None),
            ("TWFuT", None),
            ("TQ=", None),
            ("TQ===", None),
            ("TQ==TQ==", None),
            ("TW-u", None),
            ("TW u", None),
            ("====", None),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), octets, "{text}");
        }
    }
}
