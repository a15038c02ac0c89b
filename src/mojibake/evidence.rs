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
        self.foreign >= 2 || (!self.has_foreign && self.letters > 0)
    }

    /// Weighs one decoded run between its neighbours; `None` when it reads no
    /// better than before.
    pub(super) fn add(
        &mut self,
        run: &Run<'_>,
        decoded: &mut dyn Iterator<Item = char>,
    ) -> Option<()> {
        let place = Place::of(run);
        let (mut letters, mut foreign) = (0, 0);
        for character in decoded {
            match Script::of(character)? {
                Script::Latin => {
                    if place.breaks_case(character, self.family) {
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
                    if !fits {
                        return None;
                    }
                    letters += 1;
                }
                Script::Mark => {
                    // Everything of `É` + `®`-like pairs ends a word in capitals.
                    if place.in_capitals && matches!(character, '\u{a0}'..='\u{bf}') {
                        return None;
                    }
                    let multiplies = matches!(character, '×' | '÷')
                        && place.touches(|c| c.is_ascii_alphabetic());
                    // `В©`, `В°`
                    let in_cyrillic = self.family == Family::Cyrillic && run.is_pair();
                    letters += usize::from(!multiplies && !in_cyrillic);
                }
                Script::Emoji => letters += 1,
                _ if self.family == Family::Macintosh => return None,
                script => {
                    if self.script.is_some_and(|other| other != script) {
                        return None;
                    }
                    self.script = Some(script);
                    foreign += 1;
                    // `Ø±0,1`. What takes three characters, like `年`, is no coincidence.
                    let by_chance = character < '\u{800}' && run.is_pair();
                    // Other scripts stand in words of their own.
                    if place.touches(|c| c.is_ascii_alphabetic())
                        || (by_chance && place.touches(|c| c.is_ascii_digit()))
                    {
                        return None;
                    }
                }
            }
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

    /// Whether a Latin letter would be of another case than its neighbours.
    fn breaks_case(&self, letter: char, family: Family) -> bool {
        let small = letter.is_lowercase();
        (self.capitals && small)
            || (self.before.is_ascii_lowercase() && letter.is_uppercase())
            // `MĂŞTI`, `ĂŞTIA`: Romanian as it was written before Unicode 3.0.
            || (family == Family::Central
                && small
                && self.after.is_ascii_uppercase()
                && !self.before.is_ascii_lowercase())
    }

    /// Whether the run is unlikely to be right as it stands. What is not goes
    /// along where others do.
    fn says_something(&self, run: &Run<'_>, family: Family) -> bool {
        let mut characters = run.characters.chars();
        let first = characters.next();
        if family == Family::Macintosh {
            return matches!(first, Some('√' | '‚'));
        }
        if !run.is_pair() {
            return true;
        }
        let (Some(capital), Some(mark)) = (first, characters.next()) else {
            return true;
        };
        let begins_word = !self.before.is_ascii_alphanumeric();
        match family {
            // `В®`, `Г–` and `Е…` are text; `MГјller` is not.
            Family::Cyrillic => {
                self.touches(|c| c.is_ascii_alphabetic()) && !stands_well(mark, ' ')
            }
            // `Ăştia`
            Family::Central if (capital, mark) == ('Ă', 'ş') && begins_word => false,
            _ => !self.means_itself(capital, mark, run.after),
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
            // No word is Ã, as there are that are Å.
            && (self.after.is_ascii_lowercase()
                || (capital == 'Ã' && self.after.is_ascii_uppercase()));
        let inside_word = self.before.is_ascii_lowercase() || self.before.is_ascii_digit();
        // `SÃ–HNE`, `KÃ–LN`, unlike `LÃ–LINHO`.
        let one_word = (capital, mark) == ('Ã', '–')
            && self.in_capitals
            && !self.capitals
            && begins_no_word(after);
        !(begins_word || inside_word || one_word)
    }
}

/// Whether a mark may stand after a capital, with `after` behind it.
fn stands_well(mark: char, after: char) -> bool {
    match mark {
        // They may stand between letters.
        '\u{a0}' | '·' | '‐' | '–' | '—' | '’' | '…' => true,
        // They end words; “ and ‘ do in German, « in Danish.
        '®' | '™' | '»' | '«' | '›' | '‹' | '”' | '“' | '‘' | 'ª' | 'º' | '¹' | '²' | '³' => {
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
