//! Whether octets read as Western text in windows-1252.
//!
//! Any octets decode in a single-byte charset, so decoding proves nothing. What
//! gives windows-1252 away is where the octets of 80–FF stand: accented letters
//! one or two at a time among ASCII letters, in the case of their neighbours;
//! symbols beside numbers or at the edge of words. Cyrillic, Greek or Central
//! European octets break these patterns within a word or two.

use super::Charset;
use crate::finding::Confidence;

/// How plausibly `value` was meant as windows-1252; `None` when it was not.
///
/// Only [`Confidence::Likely`] may lead to a rewrite.
pub(crate) fn plausibility(value: &[u8]) -> Option<Confidence> {
    if !value.iter().any(u8::is_ascii_alphanumeric) {
        // Nothing around the octets to judge them by: `80` alone may be anything.
        return None;
    }
    let mut confidence = Confidence::Likely;
    let mut word = Word::default();
    let mut before = Role::Edge;
    let mut opened = None;
    let mut octets = value.iter().peekable();
    while let Some(&octet) = octets.next() {
        let role = role(octet)?;
        let after = octets
            .peek()
            .map_or(Some(Role::Edge), |&&next| self::role(next))?;
        let closes = closes(octet, opened) && !after.is_letter();
        if !closes && !fits(role, before, after) {
            return None;
        }
        if matches!(octet, 0x84 | 0xbb) {
            opened = Some(octet);
        }
        if role.is_letter() {
            word.add(octet, role)?;
        } else {
            if is_doubtful(octet, role, before, after, word.letters) {
                confidence = Confidence::Possible;
            }
            confidence = confidence.min(word.end());
            word = Word::default();
        }
        before = role;
    }
    Some(confidence.min(word.end()))
}

/// What an octet does in Western text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The end of the value, SP, or other ASCII that is no letter or digit.
    Edge,
    Digit,
    Lower,
    Upper,
    /// May stand between letters: apostrophes, dashes, the Catalan dot.
    Joiner,
    /// Opens a question or a quotation: a letter follows, none comes before.
    Opener,
    /// Ends a word or a number: `®`, `²`, `ª`, `”`.
    Closer,
    /// Stands with numbers or alone: currency, fractions, arithmetic.
    Symbol,
}

impl Role {
    const fn is_letter(self) -> bool {
        matches!(self, Self::Lower | Self::Upper)
    }
}

/// The role of an octet; `None` for those windows-1252 leaves undefined.
fn role(octet: u8) -> Option<Role> {
    Some(match octet {
        b'0'..=b'9' => Role::Digit,
        b'a'..=b'z' => Role::Lower,
        b'A'..=b'Z' => Role::Upper,
        0x00..=0x7f => Role::Edge,
        // Š Œ Ž Ÿ and À–Þ without the multiplication sign.
        0x8a | 0x8c | 0x8e | 0x9f | 0xc0..=0xd6 | 0xd8..=0xde => Role::Upper,
        // š œ ž and ß–ÿ without the division sign.
        0x9a | 0x9c | 0x9e | 0xdf..=0xf6 | 0xf8..=0xff => Role::Lower,
        // ‘ ’ – — soft hyphen ´ ·
        0x91 | 0x92 | 0x96 | 0x97 | 0xad | 0xb4 | 0xb7 => Role::Joiner,
        // ‚ „ ‹ “ ¡ « ¿
        0x82 | 0x84 | 0x8b | 0x93 | 0xa1 | 0xab | 0xbf => Role::Opener,
        // … † ‡ ” ™ › © ª ® ² ³ ¹ º »
        0x85..=0x87
        | 0x94
        | 0x99
        | 0x9b
        | 0xa9
        | 0xaa
        | 0xae
        | 0xb2
        | 0xb3
        | 0xb9
        | 0xba
        | 0xbb => Role::Closer,
        // NBSP, and the degree sign, which is the same in nearly every charset:
        // `N°`, `20 °C`.
        0xa0 | 0xb0 => Role::Edge,
        _ => {
            Charset::Windows1252.char(octet)?;
            Role::Symbol
        }
    })
}

/// Whether an octet of this role may stand between these two.
fn fits(role: Role, before: Role, after: Role) -> bool {
    match role {
        // A capital inside a word is how other alphabets look when read as
        // Western; the ASCII ones (McDonald, iPhone) are judged in `Word`.
        Role::Edge | Role::Digit | Role::Lower | Role::Upper | Role::Joiner => true,
        Role::Opener => !before.is_letter(),
        Role::Closer => !after.is_letter() || before == Role::Edge,
        Role::Symbol => !before.is_letter() && !after.is_letter(),
    }
}

/// Whether an opening quotation mark closes what was opened, as in „German“ and
/// »German« quotations.
const fn closes(octet: u8, opened: Option<u8>) -> bool {
    matches!((octet, opened), (0x93, Some(0x84)) | (0xab, Some(0xbb)))
}

/// Whether an octet that is no letter may well be one in another charset:
/// East Asian and Cyrillic text can be symbols all over, and Central European
/// letters stand where `®` and `³` are.
fn is_doubtful(octet: u8, role: Role, before: Role, after: Role, letters: usize) -> bool {
    let is_sign = |role| matches!(role, Role::Opener | Role::Closer | Role::Symbol);
    match role {
        // Signs side by side, and no number that they would belong to.
        Role::Symbol => {
            (is_sign(before) || is_sign(after)) && before != Role::Digit && after != Role::Digit
        }
        // ¡ and ¿ open a sentence, and nothing else.
        Role::Opener if matches!(octet, 0xa1 | 0xbf) => {
            !after.is_letter() && !matches!(after, Role::Digit | Role::Opener)
        }
        // `®ilina`, and `Pawe³`, which unlike `cm³` is not short.
        Role::Closer => {
            (after.is_letter() && octet != 0xbb)
                || (letters > 3 && matches!(octet, 0xaa | 0xb2 | 0xb3 | 0xb9 | 0xba))
        }
        _ => false,
    }
}

/// The letters of one word, as far as they tell.
#[derive(Default)]
struct Word {
    letters: usize,
    ascii: usize,
    high: usize,
    high_run: usize,
    doubtful: bool,
    lower: bool,
    upper_run: usize,
}

impl Word {
    /// Takes one letter; `None` when the word cannot be Western any more.
    fn add(&mut self, octet: u8, role: Role) -> Option<()> {
        let high = octet >= 0x80;
        if high {
            // An accented capital after a small letter (`kÓw`), or a small one
            // among capitals (`SPó£`), is another charset's letter.
            if role == Role::Upper && self.lower {
                return None;
            }
            if role == Role::Lower && self.upper_run >= 2 && octet != 0xdf {
                self.doubtful = true;
            }
            self.high += 1;
            self.high_run += 1;
            if self.high_run > 2 {
                return None;
            }
            // ð ý þ ÿ, their capitals, and š ž stand for other letters in
            // Turkish and Central European charsets more often than for
            // themselves.
            self.doubtful |= matches!(
                octet,
                0x8a | 0x8e | 0x9a | 0x9e | 0x9f | 0xd0 | 0xdd | 0xde | 0xf0 | 0xfd | 0xfe | 0xff
            );
        } else {
            self.high_run = 0;
            self.ascii += 1;
        }
        self.letters += 1;
        if role == Role::Lower {
            self.lower = true;
            self.upper_run = 0;
        } else {
            self.upper_run += 1;
        }
        Some(())
    }

    /// What the finished word says about the whole.
    fn end(&self) -> Confidence {
        let one_letter = self.letters == 1;
        if self.high > 0
            && (self.doubtful || (self.ascii == 0 && !one_letter) || self.high > self.ascii + 1)
        {
            Confidence::Possible
        } else {
            Confidence::Likely
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows_1252(text: &str) -> Vec<u8> {
        text.chars()
            .map(|c| {
                Charset::Windows1252
                    .octet(c)
                    .expect("a windows-1252 character")
            })
            .collect()
    }

    #[test]
    fn western_names_are_likely() {
        for name in [
            "Télébec LP",
            "Société Générale",
            "Müller & Söhne GmbH",
            "São Paulo",
            "MAÇÃ",
            "Café",
            "Crédit Mutuel",
            "L’Oréal",
            "“A”",
            "Ångström",
            "Österreich",
            "Straße",
            "Mª José Núñez",
            "3 € le kilo",
            "30 m²",
            "Côte d’Azur",
            "Château d'Yquem — 1er cru",
            "¿Qué?",
            "«Le Monde»",
            "À la carte",
            "Nescafé®",
            "Œuvre",
            "Caixa Geral de Depósitos",
            "CRÉDIT AGRICOLE",
            "Paral·lel",
            "N° 5",
            "20 °C",
            "“£5”",
            "„Straße“",
            "»Straße«",
            "“¿Qué?”",
            "300 cm³",
        ] {
            assert_eq!(
                plausibility(&windows_1252(name)),
                Some(Confidence::Likely),
                "{name}"
            );
        }
    }

    #[test]
    fn other_charsets_are_not_western() {
        for (octets, meant) in [
            (
                &b"\xCA\xF3\xED\xF6\xE5\xE2\xEE"[..],
                "Кунцево in windows-1251",
            ),
            (b"\xA3\xF3d\xBC", "Łódź in ISO-8859-2"),
            (b"Sp\xF3\xB3dzielczy", "Spółdzielczy in ISO-8859-2"),
            (b"\x83e\x83X\x83g Ltd", "テスト in Shift_JIS"),
            (b"Gda\xF1sk \xB3\xF3d\xBF", "łódż in ISO-8859-2"),
            (b"\x80", "a lone octet"),
            (b"\x93\x94", "nothing to judge by"),
            (b"a\x81b", "undefined"),
        ] {
            assert_eq!(plausibility(octets), None, "{meant}");
        }
    }

    #[test]
    fn ambiguous_letters_are_only_possible() {
        for octets in [
            &b"Ba\xFEak"[..],
            b"Diyarbak\xFDr",
            b"\xE7\xE0 et l\xE0",
            b"\xB0\xA1\xB1\xB8 Ltd",
            b"\xB0\xA1\xB3\xAA Ltd",
            b"\xB1\xB2\xB3 Ltd",
            b"\xAEilina",
            b"Pawe\xB3",
        ] {
            assert_eq!(
                plausibility(octets),
                Some(Confidence::Possible),
                "{octets:02x?}"
            );
        }
    }
}
