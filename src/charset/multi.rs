//! Charsets of several octets a character: where characters end, and decoding
//! without allocation.

use super::Charset;
use super::glyph::Glyph;

/// How many octets the character at the start of `rest` takes in `charset`;
/// right for octets that decode.
pub(crate) fn character_length(charset: Charset, rest: &[u8]) -> usize {
    let (Some(&lead), second) = (rest.first(), rest.get(1)) else {
        return 0;
    };
    let length = match (charset, lead) {
        (_, 0..=0x80 | 0xff) => 1,
        (Charset::Gb18030 | Charset::Gbk, _) if matches!(second, Some(b'0'..=b'9')) => 4,
        (Charset::ShiftJis, 0xa0..=0xdf) => 1,
        (Charset::EucJp, 0x8f) => 3,
        (
            Charset::Gb18030
            | Charset::Gbk
            | Charset::Big5
            | Charset::ShiftJis
            | Charset::EucJp
            | Charset::EucKr,
            _,
        ) => 2,
        _ => 1,
    };
    length.min(rest.len())
}

/// Whether a value has characters of four octets, which GB18030 alone has.
pub(super) fn has_four_octets(value: &[u8]) -> bool {
    let mut rest = value;
    while !rest.is_empty() {
        let length = character_length(Charset::Gb18030, rest);
        if length == 4 {
            return true;
        }
        rest = rest.get(length.max(1)..).unwrap_or_default();
    }
    false
}

/// Whether all of `value` has characters in `charset`, none of them a C1
/// control or for private use.
pub(super) fn decodes(charset: Charset, value: &[u8]) -> bool {
    each(charset, value, |_| {})
}

/// Decodes to `text`; whether all of `octets` has characters as above.
pub(super) fn decode(charset: Charset, octets: &[u8], text: &mut Vec<Glyph>) -> bool {
    text.clear();
    each(charset, octets, |character| text.push(Glyph::of(character)))
}

/// Hands on each character; whether all octets decoded.
fn each(charset: Charset, octets: &[u8], mut take: impl FnMut(char)) -> bool {
    let mut decoder = charset.encoding().new_decoder_without_bom_handling();
    let mut text = [0u16; 256];
    let mut rest = octets;
    loop {
        let (result, read, written) =
            decoder.decode_to_utf16_without_replacement(rest, &mut text, true);
        let decoded = text.get(..written).unwrap_or_default();
        for character in char::decode_utf16(decoded.iter().copied()) {
            match character {
                Ok(character) if !is_strange(character) => take(character),
                _ => return false,
            }
        }
        rest = rest.get(read..).unwrap_or_default();
        match result {
            encoding_rs::DecoderResult::InputEmpty => return true,
            encoding_rs::DecoderResult::OutputFull => {}
            encoding_rs::DecoderResult::Malformed(..) => return false,
        }
    }
}

/// Code points that no text means: C1 controls, and what is for private use.
const fn is_strange(character: char) -> bool {
    matches!(character, '\u{80}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings are decoded one by one: their texts have to be the whole's.
    #[test]
    fn characters_decode_alone_as_among_others() {
        for (charset, text) in [
            (Charset::ShiftJis, "表示ソフト ｱｲｳ A株"),
            (Charset::EucJp, "山田ｱ製作所 B"),
            (Charset::Gbk, "長江€貿易公司 x"),
            (Charset::Gb18030, "北京㐂月 ḿ€a"),
            (Charset::Big5, "功蓋許商行 Co"),
            (Charset::EucKr, "똠양꿍 식당 K"),
        ] {
            let octets = charset.encode(text).expect("its own characters");
            let mut rest = octets.as_slice();
            let mut read = String::new();
            while !rest.is_empty() {
                let (one, after) = rest.split_at(character_length(charset, rest));
                read += &charset.decode(one).expect("one character");
                rest = after;
            }
            assert_eq!(read, text, "{charset}");
            let mut glyphs = Vec::new();
            assert!(decode(charset, &octets, &mut glyphs), "{charset}");
            let decoded: String = glyphs.iter().map(|glyph| glyph.character).collect();
            assert_eq!(decoded, text, "{charset}");
        }
        // Three octets, which are read and never written.
        assert_eq!(character_length(Charset::EucJp, b"\x8F\xB0\xA1A"), 3);
        assert_eq!(
            Charset::EucJp.decode(b"\x8F\xB0\xA1A").as_deref(),
            Some("丂A")
        );
    }
}
