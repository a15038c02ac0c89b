//! Whether decoded text reads better than what it was decoded from.

use super::Run;
use super::script::Script;
use super::through::Family;

/// What the decoded runs say together.
pub(super) struct Evidence {
    family: Family,
    /// Letters and marks that read better than what they were made of.
    letters: usize,
    /// Characters of another script.
    foreign: usize,
    has_foreign: bool,
    script: Option<Script>,
}

impl Evidence {
    pub(super) const fn new(family: Family) -> Self {
        Self {
            family,
            letters: 0,
            foreign: 0,
            has_foreign: false,
            script: None,
        }
    }

    pub(super) const fn is_enough(&self) -> bool {
        // `–É–À`: dashes are leads in Mac Roman.
        let wanted = if matches!(self.family, Family::Macintosh) {
            3
        } else {
            2
        };
        self.foreign >= wanted || (!self.has_foreign && self.letters > 0)
    }

    /// Weighs one decoded run between its neighbours; `None` when it reads no
    /// better than before.
    pub(super) fn add(
        &mut self,
        run: &Run<'_>,
        decoded: &mut dyn Iterator<Item = char>,
    ) -> Option<()> {
        let place = Place::of(run);
        let (mut letters, mut foreign, mut pairs) = (0, 0, 0);
        let mut before = place.before;
        for character in decoded {
            match Script::of(character)? {
                Script::Latin => {
                    if place.breaks_case(before, character, self.family) {
                        return None;
                    }
                    letters += 1;
                }
                Script::Combining => {
                    // `LUNEDÌ–VENERDÌ` holds one by chance.
                    let fits = place.before.is_ascii_lowercase()
                        || (place.after.is_ascii_lowercase()
                            && place.before.is_ascii_alphabetic()
                            && !place.capitals);
                    if !fits || self.family == Family::Central {
                        return None;
                    }
                    letters += 1;
                }
                Script::Mark => {
                    // Everything of `É` + `®`-like pairs ends a word in capitals.
                    if place.in_capitals
                        && run.is_pair()
                        && matches!(character, '\u{a0}'..='\u{bf}')
                    {
                        return None;
                    }
                    let multiplies = matches!(character, '×' | '÷')
                        && place.touches(|c| c.is_ascii_alphabetic());
                    // `В©`, `В°`
                    let in_cyrillic = self.family == Family::Cyrillic && run.is_pair();
                    letters += usize::from(!multiplies && !in_cyrillic);
                }
                // Four characters, no coincidence.
                Script::Emoji => self.letters += usize::from(!run.is_pair()),
                Script::Joiner => {}
                script => {
                    if self.script.is_some_and(|other| other != script) {
                        return None;
                    }
                    self.script = Some(script);
                    foreign += 1;
                    pairs += usize::from(character < '\u{800}');
                }
            }
            before = character;
        }
        // Other scripts stand in words of their own, but for `GS칼텍스`, and
        // numbers are no part of them: `Ø±0,1`. What takes three characters,
        // like `年`, is no coincidence.
        let by_chance = |most| foreign > 0 && foreign <= most;
        if (place.touches(|c| c.is_ascii_alphabetic()) && by_chance(if pairs > 0 { 2 } else { 1 }))
            || (place.touches(|c| c.is_ascii_digit()) && pairs > 0 && by_chance(1))
        {
            return None;
        }
        if place.says_something(run, self.family) {
            self.letters += letters;
        }
        // One letter of another script is a coincidence that two are not: two
        // in a word, if they are of those that two characters make.
        let alone = run.is_pair() || (self.family == Family::Cyrillic && is_ukrainian(run));
        self.foreign += if alone { 0 } else { foreign };
        self.has_foreign |= foreign > 0;
        Some(())
    }
}

/// The ASCII around a run.
struct Place {
    before: char,
    after: char,
    /// Stands after capitals only.
    in_capitals: bool,
    /// And after more than one.
    capitals: bool,
}

impl Place {
    fn of(run: &Run<'_>) -> Self {
        let word = || {
            run.before
                .chars()
                .rev()
                .take_while(char::is_ascii_alphabetic)
        };
        let before = run.before.chars().next_back().unwrap_or(' ');
        let in_capitals = before.is_ascii_uppercase() && word().all(|c| c.is_ascii_uppercase());
        Place {
            before,
            after: run.after.chars().next().unwrap_or(' '),
            in_capitals,
            capitals: in_capitals && word().nth(1).is_some(),
        }
    }

    fn touches(&self, test: fn(char) -> bool) -> bool {
        test(self.before) || test(self.after)
    }

    /// Whether a Latin letter would be of another case than its neighbours, or
    /// stand where it does not.
    fn breaks_case(&self, before: char, letter: char, family: Family) -> bool {
        let small = letter.is_lowercase();
        // `STLÃ©vis` is two words.
        (self.capitals && small && !self.after.is_ascii_lowercase())
            || (before.is_ascii_lowercase() && letter.is_uppercase())
            || (family == Family::Central && {
                // `GÜrtz`, which was `Görtz` in ISO-8859-2.
                (!small && before.is_ascii_uppercase() && self.after.is_ascii_lowercase())
                // `MĂŞTI`, `ĂŞTIA`: Romanian as it was written before Unicode 3.0.
                || (small && self.after.is_ascii_uppercase() && !before.is_ascii_lowercase())
                    // `BĂźrger` went through ISO-8859-2, `StraĂźe` through windows-1250.
                    || (letter == 'ß' && !is_vowel(before))
                    || (letter == 'ü' && is_vowel(before))
                    || matches!(letter, 'Ơ' | 'ơ' | 'Ư' | 'ư')
            })
    }

    /// Whether the run is unlikely to be right as it stands. What is not goes
    /// along where others do.
    fn says_something(&self, run: &Run<'_>, family: Family) -> bool {
        let mut characters = run.characters.chars();
        let (Some(first), Some(second)) = (characters.next(), characters.next()) else {
            return true;
        };
        match family {
            Family::Macintosh => matches!(first, '√' | '‚'),
            // `В®`, `Г–`, `ВІД’s` and `Е…` are text; `MГјller` and `LД«ra` are not.
            Family::Cyrillic => {
                let has_mark = || run.characters.chars().any(|c| stands_well(c, ' '));
                let inside = self.before.is_ascii_alphabetic() && self.after.is_ascii_alphabetic();
                (first == 'в' && matches!(second, 'Ђ' | '„'))
                    || self.before.is_ascii_lowercase()
                    || inside
                    || (self.touches(|c| c.is_ascii_alphabetic()) && !has_mark())
            }
            _ if !run.is_pair() => true,
            // `Ăştia`
            Family::Central
                if (first, second) == ('Ă', 'ş') && !self.before.is_ascii_alphanumeric() =>
            {
                false
            }
            _ => !self.means_itself(first, second, run.after),
        }
    }

    /// Whether a capital letter and a mark are likely to be just that:
    /// `AMANHÃ…`, `LULEÅ–KIRUNA`, `IRMÃ’S`, `Å™`. Only their case and what
    /// follows tell them from `dvoÅ™` and `Ã–sterreich`.
    fn means_itself(&self, capital: char, mark: char, after: &str) -> bool {
        if !stands_well(mark, self.after) {
            return false;
        }
        let outside = !self.before.is_ascii_alphanumeric();
        let begins_word = outside
            && (self.after.is_ascii_lowercase()
                // No word is Ã, as there are that are Å: `Ã“ Briain`.
                || (matches!(capital, 'Ã' | 'Ă')
                    && (self.after.is_ascii_uppercase()
                        || (matches!(mark, '“' | '\u{a0}') && self.after == ' ' && self.before == ' '))));
        let inside_word = self.before.is_ascii_lowercase() || self.before.is_ascii_digit();
        // `SÃ–HNE`, `KÃ–LN`, unlike `LÃ–LINHO`; `MÃ laga`, which was `Màlaga`.
        let one_word = capital == 'Ã'
            && self.in_capitals
            && !self.capitals
            && match mark {
                '–' | '…' => begins_no_word(after),
                '\u{a0}' => self.after.is_ascii_lowercase(),
                _ => false,
            };
        !(begins_word || inside_word || one_word)
    }
}

/// Whether a mark may stand after a capital, with `after` behind it.
fn stands_well(mark: char, after: char) -> bool {
    match mark {
        // They may stand between letters.
        '\u{a0}' | '·' | '‐' | '–' | '—' | '’' | '…' => true,
        // They end words; “ and ‘ do in German, « in Danish.
        '®' | '™' | '»' | '«' | '›' | '‹' | '”' | '“' | '‘' | 'ª' | 'º' | '¹' | '²' | '³' | '†' => {
            !after.is_ascii_alphabetic()
        }
        _ => false,
    }
}

/// Whether two consonants that no word starts with are first in `rest`.
fn begins_no_word(rest: &str) -> bool {
    matches!(
        rest.as_bytes(),
        [
            b'H' | b'L' | b'M' | b'N' | b'R',
            b'B' | b'D' | b'F' | b'G' | b'K' | b'L' | b'N' | b'S' | b'T' | b'Z',
            b'A'..=b'Z',
            ..
        ] | [b'L', b'N', ..]
    )
}

const fn is_vowel(letter: char) -> bool {
    matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

/// Whether all of the run are letters that Ukrainian words are made of, with
/// one capital at most, at their start: `дії`.
fn is_ukrainian(run: &Run<'_>) -> bool {
    let mut characters = run.characters.chars();
    characters.next().is_some_and(char::is_alphabetic)
        && characters.all(|c| c.is_alphabetic() && c.is_lowercase())
}

impl Run<'_> {
    /// Whether it is two characters, which is what coincidences are.
    fn is_pair(&self) -> bool {
        self.characters.chars().nth(2).is_none()
    }
}
