//! Double-encoded text: UTF-8 that was read as a legacy charset and encoded again.
//!
//! `é` is `C3 A9`; read as windows-1252 that is `Ã©`, four octets of well-formed
//! UTF-8, read as windows-1250 `Ă©` and as windows-1251 `Г©`. Going back is a
//! round trip; the art is in not taking it for text that is right as it stands.
//! `SÃO PAULO` has no such round trip; `NESCAFÉ®` has one, and means itself. So
//! what comes out has to read better than what went in: one script a word, in
//! one case, in letters that are in use.
//!
//! The value is taken whole, through one charset: when one run of its
//! characters beyond ASCII does not make the trip, none does, and neither does
//! text that would be double-encoded still.

mod evidence;
mod script;
mod through;
mod trip;

pub(crate) use script::{Script, is_in_use};

use crate::charset::Charset;
use evidence::Evidence;
use through::{Family, Through, Which};
use trip::{Rounds, with_decoded};

/// What was done to double-encoded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Damage {
    /// The charset it went through.
    pub(crate) charset: Charset,
    rounds: Rounds,
}

/// What was done to `text`, when it is double-encoded as a whole.
/// Allocates only for text that is.
pub(crate) fn detect(text: &str) -> Option<Damage> {
    let damage = candidates(text).take(MOST_TRIED).find_map(|damage| {
        let decoded = decoded(text, damage)?;
        // What was encoded in two charsets after each other, or more often than
        // is undone at once, is not to be repaired by half.
        let is_whole = candidates(&decoded).next().is_none();
        is_whole.then_some((damage, decoded))
    });
    let (damage, meant) = damage?;
    // `OrbĂĄn` is Orbån, or Orbán through ISO-8859-2, and nobody can tell.
    let is_sure = !meant.contains(['å', 'ù', 'þ'])
        || Through::of(damage.charset).family != Family::Central
        || candidates(text)
            .filter(|other| Through::of(other.charset).family == Family::Central)
            .filter(|other| other.rounds == damage.rounds)
            .all(|other| decoded(text, other).as_ref() == Some(&meant));
    is_sure.then_some(damage)
}

/// Readings that are looked at whole, so that the time for one value is bounded.
const MOST_TRIED: usize = 3;

/// The ways in which `text` may have been damaged, the likeliest first.
fn candidates(text: &str) -> impl Iterator<Item = Damage> {
    Which::of(text).charsets().flat_map(move |through| {
        let rounds = match through.family {
            // `Ó—`, which was not double-encoded, would be a Cyrillic letter.
            Family::Western => &[Rounds::Each, Rounds::Twice, Rounds::Once][..],
            // `Р•С‘` is `Её`, which by itself would be a `Ÿ`.
            _ => &[Rounds::Twice, Rounds::Once],
        };
        rounds
            .iter()
            .filter_map(move |&rounds| judge(text, through, rounds))
    })
}

/// Undoes the double encoding of one run of characters beyond ASCII; `None`
/// when it does not make the trip.
pub(crate) fn decode(run: &str, damage: Damage) -> Option<String> {
    let through = Through::of(damage.charset);
    with_decoded(run, through, damage.rounds, |decoded| decoded.collect())
}

/// The damage, if all runs make the trip and read better after it.
fn judge(text: &str, through: Through, rounds: Rounds) -> Option<Damage> {
    let mut charset = through.charset;
    let mut evidence = Evidence::new(through.family);
    for run in runs(text) {
        with_decoded(run.characters, through, rounds, |decoded| {
            evidence.add(&run, decoded)
        })??;
        if charset == Charset::Windows1252 && run.characters.chars().any(is_latin1_only) {
            charset = Charset::Latin1;
        }
    }
    evidence.is_enough().then_some(Damage { charset, rounds })
}

/// Whether only ISO-8859-1 makes this character of an octet. The five octets
/// that windows-1252 leaves undefined come out alike in both.
fn is_latin1_only(character: char) -> bool {
    u8::try_from(character).is_ok_and(|octet| {
        Charset::Latin1.char(octet).is_none() && Charset::Windows1252.char(octet).is_some()
    })
}

/// The cheap question that spares nearly all right text the judging: do the
/// first two characters beyond ASCII stand together, and does any of the
/// charsets have them as a UTF-8 lead octet and a continuation?
pub(crate) fn may_be(text: &str) -> bool {
    !Which::of(text).is_none()
}

fn decoded(text: &str, damage: Damage) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    for run in runs(text) {
        out.push_str(run.before);
        out.push_str(&decode(run.characters, damage)?);
        rest = run.after;
    }
    out.push_str(rest);
    Some(out)
}

/// A run of characters beyond ASCII and the ASCII before it; all that is after.
struct Run<'t> {
    before: &'t str,
    characters: &'t str,
    after: &'t str,
}

fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(|c: char| !c.is_ascii())?;
        let rest = text.get(start..)?;
        let end = start + rest.find(|c: char| c.is_ascii()).unwrap_or(rest.len());
        let before = text.get(at..start)?;
        at = end;
        Some(Run {
            before,
            characters: text.get(start..end)?,
            after: text.get(end..)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes the damage: UTF-8 octets read in a charset, C1 where undefined.
    fn damage_through(charset: Charset, text: &str) -> Option<String> {
        text.bytes()
            .map(|octet| {
                charset
                    .char(octet)
                    .or((octet < 0xa0).then_some(char::from(octet)))
            })
            .collect()
    }

    fn damage(text: &str) -> String {
        damage_through(Charset::Windows1252, text).expect("windows-1252 lacks nothing")
    }

    fn undo(text: &str) -> Option<String> {
        decoded(text, detect(text)?)
    }

    /// The obvious twin of the way back, with no more than two characters to
    /// take: all octets at once.
    fn back(text: &str, known: &[(char, u8)]) -> Option<String> {
        let octet = |character| known.iter().find(|(c, _)| *c == character).map(|(_, o)| *o);
        let octets: Option<Vec<u8>> = text.chars().map(octet).collect();
        String::from_utf8(octets?).ok()
    }

    fn damage_of(charset: Charset, octet: u8) -> Option<char> {
        charset
            .char(octet)
            .or((octet < 0xa0).then_some(char::from(octet)))
    }

    #[test]
    fn damage_is_undone_once_and_more() {
        for text in [
            "Télébec LP",
            "L’Oréal",
            "SÃO PAULO",
            "Société Générale — Paris",
            "Łódź",
            "Ängelholm",
            "Кунцево",
            "Αθήνα",
            "東京都",
            "Jérôme 🐳🚢📦 Petazzoni",
            "Tiếng Việt",
            "3 € le kilo",
            "25 °C",
            "Müller",
            "Fö",
            "École",
            "Österreich",
            "Århus",
            "Škoda",
            "Spółdzielczy",
            "Přerov",
            "při",
            "są",
            "Bûche",
            "NIÑO",
            "POLÓNIA",
            "5×4",
            "2024年5月",
            "к нему",
            "voilà",
            "Banque à Luxembourg",
            "Màlaga",
            "SÖHNE",
            "KÖLN",
            "ÖSTERREICH",
            "OFF･HOUSE",
            "vui・tan",
            "Hawaiʻi",
            "Марʼяна",
        ] {
            assert_eq!(undo(&damage(text)).as_deref(), Some(text), "once");
            assert_eq!(undo(&damage(&damage(text))).as_deref(), Some(text), "twice");
        }
    }

    #[test]
    fn the_charset_it_went_through_is_told() {
        let through = |text| detect(text).map(|damage| damage.charset);
        assert_eq!(through("Ã©"), Some(Charset::Windows1252));
        assert_eq!(through("Ã‰cole Ã\u{81}"), Some(Charset::Windows1252));
        assert_eq!(through("Ã\u{89}cole"), Some(Charset::Latin1));
    }

    #[test]
    fn damage_through_other_charsets_is_undone() {
        for (charset, texts) in [
            (
                Charset::Windows1250,
                &[
                    "Spółdzielnia Łódź",
                    "Żabka",
                    "Šárka Dvořáková",
                    "Čeština",
                    "Győr, Árpád út",
                    "Ålesund",
                    "Înălţare",
                    "L’Oréal – Škoda",
                    "Ústí nad Labem",
                ][..],
            ),
            (
                Charset::Windows1251,
                &[
                    "Кунцево",
                    "Её брат и он",
                    "ООО «Ромашка» № 5",
                    "Київ, вул. Хрещатик",
                    "Ђорђе Јовановић",
                    "Ќирил Ѓорѓиев",
                    "Müller",
                    "Société Générale",
                    "Αθήνα",
                    "3 € — много",
                ],
            ),
            (Charset::Iso8859_2, &["Télébec", "Žilina"]),
            (Charset::Windows1254, &["Привет", "Ağrı 🐳"]),
            (Charset::Macintosh, &["Télébec", "L’Oréal", "Łódź é"]),
        ] {
            for text in texts {
                let damaged = damage_through(charset, text).expect("all octets are known");
                assert_eq!(undo(&damaged).as_deref(), Some(*text), "{charset}");
                let Some(twice) = damage_through(charset, &damaged) else {
                    continue;
                };
                assert_eq!(undo(&twice).as_deref(), Some(*text), "{charset} twice");
            }
        }
    }

    #[test]
    fn decoding_is_the_way_back_octet_by_octet() {
        for charset in through::ORDER {
            let mut known: Vec<(char, u8)> = (0x80..=0xff)
                .filter_map(|octet| Some((damage_of(charset, octet)?, octet)))
                .collect();
            if charset == Charset::Windows1252 {
                known.extend((0x80..=0x9f).map(|octet| (char::from(octet), octet)));
            }
            for &(first, _) in &known {
                for &(second, _) in &known {
                    let run = [first, second].iter().collect::<String>();
                    let meant = back(&run, &known);
                    let once = Damage {
                        charset,
                        rounds: Rounds::Once,
                    };
                    assert_eq!(decode(&run, once), meant, "{charset} {run}");
                }
            }
            let once = Damage {
                charset,
                rounds: Rounds::Once,
            };
            for text in ["é", "年", "🐳", "ł"] {
                if let Some(damaged) = damage_through(charset, text) {
                    assert_eq!(decode(&damaged, once).as_deref(), Some(text));
                    assert_eq!(back(&damaged, &known).as_deref(), Some(text));
                }
            }
        }
    }

    #[test]
    fn what_was_undone_is_not_undone_again() {
        let five_times = (0..5).fold("é".to_owned(), |text, _| damage(&text));
        assert_eq!(detect(&five_times), None);
        let two_charsets = damage_through(Charset::Windows1250, &damage("Crédit")).expect("known");
        assert_eq!(detect(&two_charsets), None);
    }

    #[test]
    fn no_pair_is_overlooked() {
        for charset in through::ORDER {
            let of = |octets: std::ops::RangeInclusive<u8>| {
                octets.filter_map(move |octet| damage_of(charset, octet))
            };
            // What Mac Roman has for others is never asked.
            for lead in of(0xc2..=0xdd) {
                for next in of(0x80..=0xbf) {
                    assert!(may_be(&format!("a{lead}{next}")), "{lead}{next}");
                }
            }
        }
    }

    #[test]
    fn right_text_stays() {
        for text in [
            "SÃO PAULO",
            "NESCAFÉ®",
            "Citroën™",
            "NÁRÚ—",
            "ELSIE SANTÉ—",
            "MAÇÃ®",
            "IRMÃ»",
            "MAGMÄ™",
            "CAFÉ™",
            "«\u{a0}Été\u{a0}»",
            "Été\u{a0}»",
            "GARÐ—",
            "LULEÅ–KIRUNA",
            "UMEÅ–STOCKHOLM",
            "UMEÅ\u{a0}STOCKHOLM",
            "BLÅ…",
            "BLÅ²",
            "AMANHÃ…",
            "MANHÃ–TARDE",
            "MANHÃ—TARDE",
            "MANHÃ·TARDE",
            "IRMÃ—",
            "IRMÃ’S",
            "LÃ™",
            "Å™",
            "Ä…",
            "„Ä“",
            "É™",
            "Rohr Ø½\" und Ø¾\"",
            "Toleranz Ø±0,1 / Ø±0,2",
            "2×² 3×²",
            "Ø–Ø",
            "Â",
            "Télébec",
            "Ünïcödé",
            "Кунцево",
            "NESCAFÉ® Ã©",
            "SPÓŁDZIELNIA",
            "BANK SPÓŁDZIELCZY ŁÓDŹ",
            "CZĘŚĆ",
            "ORĂŞTIE",
            "MĂŞTI",
            "Ăştia",
            "Náměšť",
            "bojíšť",
            "KOVAČ™",
            "KOVAČ – SYN",
            "UL. ZÁMEČŽ",
            "ÚŽASNÉ",
            "LUNEDÌ–VENERDÌ",
            "LUNEDÌ™",
            "Рівне",
            "Ні",
            "Ні, Ті, Ві",
            "дії",
            "дії, мії, лії",
            "надії дії",
            "НІМІ ТІНІ",
            "СІРІ",
            "Її",
            "Её",
            "Ој",
            "ЈА ЋУ СЉ",
            "С…",
            "С… Р…",
            "Р–С",
            "В«Москву»",
            "В® Г–",
            "ТВ®",
            "Сјај",
            "Қазақстан",
            "≈Épinal",
            "√2 ≈ 1,41",
            "SÃ–PAULO",
            "MANHÃ–RTP",
            "ĆMA™",
            "Ć™",
        ] {
            assert_eq!(detect(text), None, "{text}");
        }
    }
}
