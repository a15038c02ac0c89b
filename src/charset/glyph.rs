//! Characters as the costs see them: what each is, looked up once a text.

use super::languages::SINGLE;
use super::model::{EastAsian, Family, Letter, Upper, east_asian, letter};
use std::sync::LazyLock;

/// A character, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyph {
    pub(super) character: char,
    pub(super) kind: Kind,
    /// The letter's number in the costs of its family; 0 for what is not counted.
    pub(super) number: u8,
    pub(super) is_capital: bool,
}

/// What a character is, whatever stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A letter of ASCII.
    Ascii,
    /// A letter beyond ASCII that is counted.
    Letter(Family),
    /// A Latin letter that is not: no language has `Ÿ` often enough.
    RareLatin,
    /// A letter of any other script.
    OtherLetter,
    /// An ideograph, a kana or a Hangul syllable.
    EastAsian,
    /// Nothing that words are made of.
    Sign,
}

impl Glyph {
    pub(super) const NONE: Self = Glyph {
        character: '\0',
        kind: Kind::Sign,
        number: 0,
        is_capital: false,
    };

    pub(super) fn of(character: char) -> Self {
        if let (true, Ok(octet)) = (character.is_ascii(), u8::try_from(character)) {
            return Self::ascii(octet);
        }
        let counted = letter(character);
        let kind = match counted {
            Some(Letter { family, .. }) => Kind::Letter(family),
            None if east_asian(character, EastAsian::Simplified).is_some() => match character {
                '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '・' => Kind::Sign,
                _ => Kind::EastAsian,
            },
            // ª and º are letters to Unicode, and signs here.
            None if matches!(character, 'ª' | 'º' | 'µ') || !is_alphabetic(character) => {
                Kind::Sign
            }
            None if matches!(character, 'À'..='\u{24f}') => Kind::RareLatin,
            None => Kind::OtherLetter,
        };
        Glyph {
            character,
            kind,
            number: counted.map_or(0, |letter| letter.number),
            is_capital: counted.is_some_and(|letter| letter.is_capital),
        }
    }

    /// An ASCII character; letters have the number they have in the alphabet.
    pub(super) const fn ascii(octet: u8) -> Self {
        let is_letter = octet.is_ascii_alphabetic();
        Glyph {
            character: octet as char,
            kind: if is_letter { Kind::Ascii } else { Kind::Sign },
            number: if is_letter { octet & 0x1f } else { 0 },
            is_capital: octet.is_ascii_uppercase(),
        }
    }

    pub(super) const fn is_ascii(self) -> bool {
        self.character.is_ascii()
    }

    pub(super) const fn is_kana(self) -> bool {
        matches!(self.character, '\u{3041}'..='\u{30ff}')
    }
}

/// What the octets 80 to FF are in the charset of this place in [`SINGLE`].
pub(super) fn upper(place: usize) -> Option<&'static [Glyph; 128]> {
    UPPERS.get(place)
}

/// Made once: asked anew they would be most of the time a value takes.
static UPPERS: LazyLock<Vec<[Glyph; 128]>> = LazyLock::new(|| {
    let of = |place| {
        let upper = Upper::of(place);
        let mut octet = 0x7f;
        [Glyph::NONE; 128].map(|none| {
            octet += 1;
            upper.char(octet).map_or(none, Glyph::of)
        })
    };
    (0..SINGLE.len()).map(of).collect()
});

/// `char::is_alphabetic`, which is slow, with the answers that are wanted most.
pub(super) fn is_alphabetic(character: char) -> bool {
    match character {
        '\0'..='\u{7f}' => character.is_ascii_alphabetic(),
        '\u{80}'..='\u{bf}' => matches!(character, 'ª' | 'µ' | 'º'),
        '\u{c0}'..='\u{24f}' => !matches!(character, '×' | '÷'),
        '\u{391}'..='\u{3a1}' | '\u{3a3}'..='\u{3ce}' | '\u{400}'..='\u{481}' => true,
        '\u{5d0}'..='\u{5ea}' | '\u{620}'..='\u{657}' | '\u{e01}'..='\u{e3a}' => true,
        // Punctuation, money, and boxes.
        '\u{2000}'..='\u{206f}' | '\u{20a0}'..='\u{20cf}' | '\u{2190}'..='\u{23ff}' => false,
        '\u{2500}'..='\u{2bff}' => false,
        // Ideographs and Hangul; after the last of each come unassigned ones.
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => true,
        _ => character.is_alphabetic(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_answers_are_right() {
        for character in '\0'..=char::MAX {
            assert_eq!(
                is_alphabetic(character),
                character.is_alphabetic(),
                "{character:?}"
            );
        }
    }

    #[test]
    fn ascii_letters_have_the_numbers_of_the_alphabet() {
        for octet in 0..0x80 {
            let counted = letter(char::from(octet));
            let glyph = Glyph::ascii(octet);
            assert_eq!(counted.map_or(0, |letter| letter.number), glyph.number);
            assert_eq!(
                counted.is_some_and(|letter| letter.is_capital),
                glyph.is_capital
            );
            assert_eq!(counted.is_some(), glyph.kind == Kind::Ascii);
        }
    }

    #[test]
    fn what_a_character_is() {
        let of = |character| Glyph::of(character).kind;
        assert_eq!(of('a'), Kind::Ascii);
        assert_eq!(of('é'), Kind::Letter(Family::Latin));
        assert_eq!(of('Щ'), Kind::Letter(Family::Cyrillic));
        assert_eq!(of('ȳ'), Kind::RareLatin);
        assert_eq!(of('京'), Kind::EastAsian);
        assert_eq!(of('Ա'), Kind::OtherLetter);
        for sign in ['1', '-', 'º', '×', '’', '、', '・', '═'] {
            assert_eq!(of(sign), Kind::Sign, "{sign}");
        }
    }

    #[test]
    fn the_upper_half_of_each_charset_is_there() {
        for (place, charset) in SINGLE.iter().enumerate() {
            let upper = upper(place).expect("one each");
            for (octet, glyph) in (0x80..=0xff).zip(upper) {
                let expected = charset.char(octet).map_or(Glyph::NONE, Glyph::of);
                assert_eq!(*glyph, expected, "{octet:02X} in {charset}");
            }
        }
    }
}
