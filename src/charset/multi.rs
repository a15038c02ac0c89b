//! Charsets of several octets a character: where characters end, and decoding
//! without allocation.

use super::Charset;
use super::cost::{ALL_KANA, IDEOGRAPH_ALONE, NAME, SCRIPTS_TOUCH};
use super::glyph::Glyph;
use super::model::{Cost, LEAST_EAST_ASIAN};
use super::surname;
use super::word::average_of;

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

/// What `octets` cost at least in `charset`; `None` where they cannot be in it,
/// or cost more than `most`.
pub(super) fn least(charset: Charset, octets: &[u8], most: Cost) -> Option<Cost> {
    let (mut least, mut characters) = (0, 0);
    let mut all_kana = true;
    let mut before = Before::Apart;
    let mut rest = octets;
    while let Some(&first) = rest.first() {
        let length;
        if first.is_ascii_alphabetic() {
            let word = rest.iter().take_while(|octet| octet.is_ascii_alphabetic());
            length = word.clone().count();
            let cost = match before {
                // They may be one word with it.
                Before::Other => 0,
                _ => average_of(word.map(|&letter| letter & 0x1f)),
            };
            least += cost;
            if before == Before::EastAsian {
                least += SCRIPTS_TOUCH;
            }
            before = Before::Word(cost);
        } else if first.is_ascii() {
            length = 1;
            before = Before::Apart;
        } else {
            length = self::length(charset, rest)?;
            least += match length {
                1 | 2 => least_character(charset, first),
                _ => LEAST_EAST_ASIAN,
            };
            let is_east_asian = length == 2 && leads_to_east_asian(charset, first);
            least += match before {
                Before::Word(_) if is_east_asian => SCRIPTS_TOUCH,
                Before::Word(cost) => -cost,
                _ => 0,
            };
            all_kana &= may_lead_to_kana(first);
            characters += 1;
            before = match is_east_asian {
                true => Before::EastAsian,
                false => Before::Other,
            };
            if least > most.saturating_add(ALL_KANA.max(NAME)) {
                return None;
            }
        }
        rest = rest.get(length..)?;
    }
    // One is alone, be it an ideograph or a sign.
    let alone = if characters == 1 { IDEOGRAPH_ALONE } else { 0 };
    let kana = if all_kana { ALL_KANA } else { 0 };
    let name = match surname::LENGTHS.contains(&characters) {
        true => NAME,
        false => 0,
    };
    Some(least + alone - kana.max(name))
}

/// What was read last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Apart,
    /// Letters of ASCII, and what they cost.
    Word(Cost),
    EastAsian,
    /// A sign, or a letter of any script.
    Other,
}

/// How many octets the character at the start of `rest` takes, one beyond ASCII;
/// `None` where `charset` has none that starts so.
fn length(charset: Charset, rest: &[u8]) -> Option<usize> {
    let (&lead, rest) = rest.split_first()?;
    let next = || rest.first().copied();
    let length = match (charset, lead) {
        (Charset::Gbk, 0x80) => return Some(1),
        (Charset::Gbk, 0x81..=0xfe) => match next()? {
            b'0'..=b'9' => 4,
            0x40..=0x7e | 0x80..=0xfe => 2,
            _ => return None,
        },
        (Charset::Big5, 0x81..=0xfe) => match next()? {
            0x40..=0x7e | 0xa1..=0xfe => 2,
            _ => return None,
        },
        (Charset::ShiftJis, 0xa1..=0xdf) => return Some(1),
        (Charset::ShiftJis, 0x81..=0x9f | 0xe0..=0xfc) => match next()? {
            0x40..=0x7e | 0x80..=0xfc => 2,
            _ => return None,
        },
        (Charset::EucJp, 0x8e) => match next()? {
            0xa1..=0xdf => 2,
            _ => return None,
        },
        (Charset::EucJp, 0x8f) => 3,
        (Charset::EucJp, 0xa1..=0xfe) => match next()? {
            0xa1..=0xfe => 2,
            _ => return None,
        },
        (Charset::EucKr, 0x81..=0xfe) => match next()? {
            b'A'..=b'Z' | b'a'..=b'z' | 0x81..=0xfe => 2,
            _ => return None,
        },
        _ => return None,
    };
    (rest.len() + 1 >= length).then_some(length)
}

/// What a character of one or two octets costs at least, by the first of them:
/// those in use come before those that are in dictionaries only.
const fn least_character(charset: Charset, lead: u8) -> Cost {
    match (charset, lead) {
        // `’`, the cheapest of signs, is among the first.
        (Charset::ShiftJis, 0x81) => LEAST_SIGN,
        (Charset::ShiftJis, 0xa1..=0xdf) => 184,
        (_, 0xa1) => LEAST_SIGN,
        (Charset::Gbk, 0x80 | 0xb0..=0xd7) => 80,
        (Charset::Gbk, 0x81..=0xa0 | 0xd8..=0xfe) => 114,
        (Charset::Big5, 0xa4..=0xc5) => 74,
        (Charset::Big5, 0xc6..=0xf8) => 112,
        (Charset::Big5, 0x87..=0xa0 | 0xf9..=0xfe) => 104,
        (Charset::ShiftJis, 0x99..=0xfc) => 112,
        (Charset::EucJp, 0xd0..=0xfe) => 112,
        (Charset::EucKr, 0x81..=0xa0) => 164,
        (Charset::EucKr, 0xca..=0xfe) => 132,
        _ => LEAST_EAST_ASIAN,
    }
}

/// Whether all characters of two octets with this lead are letters that join no
/// Latin ones, ideographs most of them.
const fn leads_to_east_asian(charset: Charset, lead: u8) -> bool {
    match charset {
        Charset::Big5 => matches!(lead, 0xa4..=0xc5 | 0xc9..=0xf8 | 0xfa..=0xfe),
        Charset::EucJp => matches!(lead, 0xb0..=0xfb),
        Charset::EucKr => matches!(lead, 0x81..=0xa0 | 0xb0..=0xfd),
        Charset::ShiftJis => matches!(lead, 0x89..=0x97 | 0x99..=0x9f | 0xe0..=0xed | 0xfb | 0xfc),
        _ => matches!(lead, 0x81..=0xa0 | 0xaa..=0xfd),
    }
}

/// Whether kana have this lead octet in one of the charsets.
const fn may_lead_to_kana(lead: u8) -> bool {
    matches!(lead, 0x82 | 0x83 | 0xa4 | 0xa5 | 0xaa | 0xab | 0xc6..=0xc8)
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

/// What a sign costs at least.
const LEAST_SIGN: Cost = 32;

/// Code points that no text means: C1 controls, and what is for private use.
const fn is_strange(character: char) -> bool {
    matches!(character, '\u{80}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}')
}

#[cfg(test)]
mod tests {
    use super::super::cost::{LETTER_AMONG_IDEOGRAPHS, STRANGE};
    use super::super::glyph::Kind;
    use super::super::languages::MULTI;
    use super::super::model::east_asian;
    use super::super::sign::sign;
    use super::*;

    #[test]
    fn no_character_costs_less_than_its_lead_says() {
        for found in &MULTI {
            let each = |lead| (0x30..=0xffu8).map(move |trail| [lead, trail]);
            for octets in (0x80..=0xffu8).flat_map(each) {
                let mut text = Vec::new();
                if length(found.charset, &octets).is_none_or(|length| length > 2)
                    || !decode(found.charset, &octets, &mut text)
                {
                    continue;
                }
                let cost = match text[0].kind {
                    Kind::Sign => {
                        let around = [None, Some(' '), Some('m'), Some('n'), Some('1'), Some('é')];
                        let pairs = around
                            .iter()
                            .flat_map(|one| around.map(|next| (*one, next)));
                        let sign = |(one, next)| sign(text[0].character, one, next);
                        pairs.map(sign).min().unwrap()
                    }
                    Kind::EastAsian => east_asian(text[0].character, found.used).unwrap(),
                    Kind::OtherLetter => STRANGE,
                    _ => LETTER_AMONG_IDEOGRAPHS,
                };
                if text.len() == 1 && leads_to_east_asian(found.charset, octets[0]) {
                    let joins_none = matches!(text[0].kind, Kind::EastAsian | Kind::OtherLetter);
                    assert!(joins_none, "{octets:02X?} in {}", found.charset);
                }
                let least = least_character(found.charset, octets[0]);
                assert!(least <= cost, "{octets:02X?} in {}: {cost}", found.charset);
            }
        }
    }

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
