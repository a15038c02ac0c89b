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
    let mut confidence = match value {
        // `Č Ltd` rather than `È vero` or `È VIETATO`.
        [0xc8, b' ', b'A'..=b'Z', b'a'..=b'z', ..] => Confidence::Possible,
        _ => Confidence::Likely,
    };
    let mut word = Word::default();
    let mut before = Role::Edge;
    let mut opened = None;
    for (at, &octet) in value.iter().enumerate() {
        let role = role(octet)?;
        let around = Around::of(value, at);
        let after = match value.get(at + 1) {
            Some(&next) => self::role(next)?,
            None => Role::Edge,
        };
        let closes = closes(octet, opened) && !after.is_letter();
        if !closes {
            confidence = confidence.min(fits(octet, role, before, after, &around, &word)?);
        }
        if matches!(octet, 0x84 | 0xbb) {
            opened = Some(octet);
        }
        if role.is_letter() {
            word.add(octet, role, &around)?;
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

/// The letters around an octet in small letters, and 0 for what is none.
struct Around {
    before: u8,
    after: u8,
    then: u8,
}

impl Around {
    fn of(value: &[u8], at: usize) -> Self {
        let letter = |at: Option<usize>| {
            let octet = at.and_then(|at| value.get(at)).copied().unwrap_or(0);
            if role(octet).is_some_and(Role::is_letter) {
                small(octet)
            } else {
                0
            }
        };
        Around {
            before: letter(at.checked_sub(1)),
            after: letter(at.checked_add(1)),
            then: letter(at.checked_add(2)),
        }
    }

    /// Whether a letter beyond ASCII touches.
    const fn is_high(&self) -> bool {
        self.before >= 0x80 || self.after >= 0x80
    }
}

/// The small letter of a letter.
const fn small(letter: u8) -> u8 {
    match letter {
        b'A'..=b'Z' | 0xc0..=0xd6 | 0xd8..=0xde => letter + 0x20,
        0x8a | 0x8c | 0x8e => letter + 0x10,
        0x9f => 0xff,
        _ => letter,
    }
}

const fn is_vowel(small: u8) -> bool {
    matches!(
        small,
        b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | 0x9c | 0xe0..=0xe6 | 0xe8..=0xef
            | 0xf2..=0xf6 | 0xf8..=0xfd | 0xff
    )
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

/// How well an octet of this role stands between these two; `None` when it
/// speaks for another charset.
fn fits(
    octet: u8,
    role: Role,
    before: Role,
    after: Role,
    around: &Around,
    word: &Word,
) -> Option<Confidence> {
    use Confidence::{Likely, Possible};
    let between_letters = before.is_letter() && after.is_letter();
    let fits = match role {
        // A capital inside a word is how other alphabets look when read as
        // Western; the ASCII ones (McDonald, iPhone) are judged in `Word`.
        Role::Edge | Role::Digit | Role::Lower | Role::Upper | Role::Joiner => Likely,
        Role::Opener if !before.is_letter() => Likely,
        Role::Closer if !after.is_letter() || matches!(before, Role::Edge | Role::Digit) => Likely,
        Role::Symbol if !before.is_letter() && !after.is_letter() => Likely,
        // `100€HT`, `10×A4`, `5µm`; ƒ and its like lead in East Asian charsets.
        Role::Symbol if before == Role::Digit && !matches!(octet, 0x81..=0x9f) => Likely,
        // What follows stands next to another letter of another charset.
        _ if around.is_high() => return None,
        // `µTorrent`, `10 µF`; ISO-8859-2 has ľ there.
        Role::Symbol if octet == 0xb5 && before == Role::Edge => {
            if after == Role::Lower && is_vowel(around.after) {
                Possible
            } else {
                Likely
            }
        }
        // `£GBP`, or `£ukasz` in ISO-8859-2.
        Role::Symbol if octet >= 0xa0 && !between_letters => Possible,
        // `MªJosé`, or `Mureºan`.
        Role::Closer if matches!(octet, 0xaa | 0xba) => {
            if before == Role::Upper && word.letters == 1 {
                Likely
            } else {
                Possible
            }
        }
        // `attends…je`
        Role::Closer if octet == 0x85 => Likely,
        // `Intel®Core`, or `KO©ICE` in ISO-8859-2.
        Role::Closer if matches!(octet, 0x99 | 0xa9 | 0xae) => {
            match (octet, before, after) {
                (_, Role::Lower, Role::Upper) => Likely,
                // Ö in DOS.
                (0x99, Role::Upper, _) => return None,
                _ => Possible,
            }
        }
        Role::Closer if octet == 0xbb => Possible,
        _ => return None,
    };
    Some(fits)
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
            (after.is_letter() && before == Role::Edge && octet != 0xbb)
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
    has_vowel: bool,
    lower: bool,
    upper_run: usize,
}

impl Word {
    /// Takes one letter; `None` when the word cannot be Western any more.
    fn add(&mut self, octet: u8, role: Role, around: &Around) -> Option<()> {
        let high = octet >= 0x80;
        let letter = small(octet);
        if high {
            // An accented capital after a small letter (`kÓw`), or a small one
            // among capitals (`SPó£`), is another charset's letter; `BioÉnergie`
            // may be one of its own.
            if role == Role::Upper && self.lower {
                if octet < 0xc0 || around.is_high() || around.after == 0 {
                    return None;
                }
                self.doubtful = true;
            }
            if role == Role::Lower && self.upper_run >= 2 && octet != 0xdf {
                self.doubtful = true;
            }
            // `Jäääär` is one letter, drawn out.
            if around.before != letter {
                self.high += 1;
                self.high_run += 1;
            }
            if self.high_run > 2 {
                return None;
            }
            self.doubtful |= self.is_elsewhere(letter, around);
        } else {
            self.high_run = 0;
            self.ascii += 1;
        }
        self.letters += 1;
        self.has_vowel |= is_vowel(letter);
        if role == Role::Lower {
            self.lower = true;
            self.upper_run = 0;
        } else {
            self.upper_run += 1;
        }
        Some(())
    }

    /// Whether a letter beyond ASCII stands where Western languages do not put
    /// it, and where another language puts the letter that its charset has in
    /// this place.
    ///
    /// French, Spanish, Portuguese, Italian, Catalan, German, Dutch and the
    /// Nordic languages are what is Western here; so is Estonian.
    fn is_elsewhere(&self, letter: u8, around: &Around) -> bool {
        let Around {
            before,
            after,
            then,
        } = *around;
        let alone = before == 0 && after == 0;
        match letter {
            // š ž ð ý þ ÿ are other letters in Turkish and Central European
            // charsets more often than themselves.
            0x9a | 0x9e | 0xf0 | 0xfd | 0xfe | 0xff => true,
            // œ, or ś: Miłość.
            0x9c => {
                is_vowel(before) || (after == 0 && !alone) || matches!(after, b'w' | b'k' | 0xe6)
            }
            // â, or ā: Liepāja, Latvijā.
            0xe2 => (after == 0 && !alone) || matches!(after, b'd' | b'j' | b'k' | b'z'),
            // ã, or ă: Bărbulescu. Guimarães, irmãs.
            0xe3 => match after {
                0 | b'o' | b'e' => false,
                b's' => then != 0,
                _ => true,
            },
            // æ, or ć: Jovanović.
            0xe6 => is_vowel(before) || matches!(after, b'i' | b'u'),
            // ç, or ē: Cēsis.
            0xe7 => after != 0 && !is_vowel(after),
            // è, or č: Čapek, Kovač. Cioè, piè.
            0xe8 => {
                is_vowel(after)
                    || (after == 0
                        && (matches!(before, b'a' | b'e' | b'u')
                            || (before == b'i' && self.letters > 2)))
            }
            // ê, or ę: Będzin.
            0xea => matches!(after, b'd' | b'g' | b'k' | b'z'),
            // ë, or ė: Jonaitytė. Zoë.
            0xeb => after == 0 && before != 0 && !is_vowel(before),
            // ì, or ě: Němec. ù, or ů: dům. The Italian ones are last.
            0xec | 0xf9 => after != 0,
            // î, or ī: Rīga.
            0xee => matches!(after, b'b' | b'd' | b'g' | b'k' | b'v' | b'z'),
            // ï, or ď: Ďáblice.
            0xef => !is_vowel(before) && !alone,
            // ñ, or ń: Gdańsk.
            0xf1 => !is_vowel(after) && !alone,
            // ò, or ň: Plzeň. Ciò, può.
            0xf2 => is_vowel(after) || matches!(before, b'a' | b'e' | b'o'),
            // õ, or ő: Győr, Erdős. Camões; Võru.
            0xf5 => {
                !matches!(after, b'e' | 0xf5)
                    && before != 0xf5
                    && (self.has_vowel
                        || matches!(before, b'y' | b'z')
                        || (after == 0 && self.letters > 1))
            }
            // ø, or ř: Dvořák, Jiří.
            // Or ų: prekių.
            0xf8 => {
                [before, after]
                    .iter()
                    .any(|c| matches!(c, 0xe1 | 0xe9 | 0xec | 0xed))
                    || (after == 0 && before == b'i')
            }
            // û, or ű: gyűjt, műszaki.
            0xfb => matches!(after, b'g' | b'j' | b'v' | b'z') || (after == b's' && then == b'z'),
            _ => false,
        }
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
            "Peña y Muñoz",
            "SEÑOR AÑO",
            "Nuñez, Ñandú, Íñigo",
            "Crème brûlée",
            "Père Noël",
            "Très chère Hélène",
            "Ève",
            "Èze",
            "È vero",
            "COSA È SUCCESSO",
            "Caffè, cioè piè e bidè",
            "Perché così più però può ciò",
            "João",
            "Conceição",
            "Irmãs Guimarães",
            "Maçã, Romã e Cãs",
            "Camões, Ações e Leilões",
            "Søren Bjørn",
            "Smørrebrød på Æbelø",
            "Færøerne",
            "Rømø Træ",
            "Île de Ré, maître à Nîmes",
            "L’aîné dîne, chaîne, gîte, abîme",
            "Noël, Zoë, Citroën, Ideeën, Lëtzebuerg",
            "Leçon, façade, Curaçao, reçu, Barça, dolç",
            "Château, âme, crâne, lâche, pâle, âge, câble, Tânia, câmara",
            "Malmø, Tromsø, miljø",
            "Haïti, Loïc, naïf, Anaïs, ruïne",
            "Cœur, œuf, nœud, œnologie, fœtus",
            "Où êtes-vous",
            "Tête, même, pêche, rêve, forêt, crêpe",
            "Goût, sûr, août, flûte, bûche",
            "Português, você, três",
            "Història, Gòtic, Mòdul, Òscar",
            "Èric, Ètica",
            "Võru, Kõrts, kõne, Jõhvi, rõõm, Õun",
            "Võ",
            "Ängelholm, Växjö, Åre",
            "Größe, Übermäßig, Öl",
            "Ísland, Ólafur, Æsa",
            "Jääääär",
            "C/ Mayor 5, 1ºA, 2ºB",
            "MªJosé",
            "µTorrent/3.5",
            "5µm",
            "10 µF",
            "10×A4",
            "3½lb",
            "Intel®Core",
            "Windows®XP",
            "attends…je viens",
            "100€HT",
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
            b"Gda\xF1sk",
            b"Zieli\xF1ski",
            b"POZNA\xD1",
            b"Jovanovi\xE6",
            b"\xC6iri\xE6",
            b"ku\xE6a",
            b"Kova\xE8",
            b"\xC8apek",
            b"\xC8 Ltd",
            b"Dvo\xF8\xE1k",
            b"Ji\xF8\xED",
            b"Plze\xF2",
            b"Erd\xF5s",
            b"Gy\xF5r",
            b"Gerg\xF5",
            b"N\xECmec",
            b"d\xF9m",
            b"R\xEEga",
            b"B\xE3rbulescu",
            b"B\xEAdzin",
            b"\x8Cwi\xEAto",
            b"Milo\x9C\xE6",
            b"m\xFBszaki",
            b"\xEF\xE1bel a",
            b"Liep\xE2ja",
            b"C\xE7sis",
            b"Jonaityt\xEB",
            b"preki\xF8",
            b"Bio\xC9nergie",
            b"Total\xC9nergies",
            b"\xA3GBP 5",
            b"\xA3ukasz",
            b"KO\xA9ICE",
            b"Mure\xBAan",
        ] {
            assert_eq!(
                plausibility(octets),
                Some(Confidence::Possible),
                "{octets:02x?}"
            );
        }
    }
}
