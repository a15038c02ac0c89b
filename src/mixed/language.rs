//! What the letters of a part of a value say about its language.

use crate::charset::Charset;

/// Whether windows-1252 has this vowel of Vietnamese; U+1EA0–1EF9 are the others.
pub(super) fn is_vietnamese(letter: char) -> bool {
    matches!(
        small(letter),
        'à' | 'á'
            | 'â'
            | 'ã'
            | 'è'
            | 'é'
            | 'ê'
            | 'ì'
            | 'í'
            | 'ò'
            | 'ó'
            | 'ô'
            | 'õ'
            | 'ù'
            | 'ú'
            | 'ý'
    )
}

/// What is known of it.
#[derive(Default)]
pub(super) struct Language {
    pub(super) baltic: bool,
    pub(super) central: bool,
    /// Has letters of Icelandic.
    pub(super) nordic: bool,
    /// Has letters that Turkish lacks.
    pub(super) not_turkish: bool,
    /// Has letters that are Romanian only.
    pub(super) romanian: bool,
    pub(super) turkish: bool,
    /// Has vowels that are Vietnamese only.
    pub(super) vietnamese: bool,
    /// Letters of UTF-8 that windows-1252 has too, a bit an octet.
    known: u128,
}

impl Language {
    /// Takes a letter of UTF-8.
    pub(super) fn add_utf8(&mut self, character: char) {
        self.add(character);
        self.nordic |= matches!(small(character), 'ð' | 'þ');
        self.romanian |= matches!(small(character), 'ș' | 'ț' | 'ţ');
        self.vietnamese |= matches!(
            small(character),
            '\u{1ea0}'..='\u{1ef9}' | 'ĩ' | 'ũ' | 'ơ' | 'ư'
        );
        self.known |= bit(character);
    }

    /// Takes any letter.
    pub(super) fn add(&mut self, character: char) {
        match small(character) {
            'ğ' | 'ı' | 'ş' | 'ə' => self.turkish = true,
            'ā' | 'ē' | 'ė' | 'ģ' | 'ī' | 'į' | 'ķ' | 'ļ' | 'ņ' | 'ū' | 'ų' => {
                self.baltic = true;
            }
            'ą' | 'ă' | 'ć' | 'č' | 'ď' | 'ę' | 'ě' | 'ĺ' | 'ľ' | 'ł' | 'ń' | 'ň' | 'ő' | 'ŕ'
            | 'ř' | 'ś' | 'ť' | 'ţ' | 'ț' | 'ș' | 'ů' | 'ű' | 'ź' | 'ż' => {
                self.central = true;
                self.not_turkish = true;
            }
            'á' | 'à' | 'ã' | 'ä' | 'å' | 'æ' | 'é' | 'è' | 'ê' | 'ë' | 'í' | 'ì' | 'ï' | 'ñ'
            | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' | 'ú' | 'ù' | 'š' | 'ž' => {
                self.not_turkish = true;
            }
            _ => {}
        }
        // `İ` is two characters in small letters.
        self.turkish |= character == 'İ';
    }

    /// Whether a lead octet at the very end is a vowel of Vietnamese: `Lê`. Those
    /// are left out with which its letters and marks start in UTF-8.
    pub(super) fn may_end_in(&self, plain: &[u8], octet: u8) -> bool {
        let in_word = plain.last().is_some_and(u8::is_ascii_alphabetic);
        let vowel = Charset::Windows1252.char(octet).is_some_and(is_vietnamese);
        self.vietnamese && in_word && vowel && matches!(octet, 0xe0 | 0xe8..)
    }

    /// Whether the letter is there in UTF-8 as well.
    pub(super) fn knows(&self, character: char) -> bool {
        self.known & bit(character) != 0
    }

    /// Whether an octet may as well be a letter of another charset here.
    pub(super) fn doubts(&self, octet: u8) -> bool {
        let differs = |charset: Charset| charset.char(octet) != Charset::Windows1252.char(octet);
        octet >= 0xc0
            && ((self.central && differs(Charset::Windows1250))
                || (self.baltic && differs(Charset::Windows1257))
                || (self.turkish && differs(Charset::Windows1254)))
    }
}

/// The bit of a letter, capital or small; none for what windows-1252 lacks.
fn bit(letter: char) -> u128 {
    Charset::Windows1252
        .octet(small(letter))
        .filter(|octet| *octet >= 0x80)
        .map_or(0, |octet| 1 << (octet - 0x80))
}

/// The letter as a small one.
pub(super) fn small(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}
