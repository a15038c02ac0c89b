//! Marks that an encoder left where it could not write a letter: `T?l?bec`.
//!
//! A mark between letters is no proof: `what?ever`, `colou?r` and `P!nk` are
//! what somebody wrote. So one is not enough, and the letters have to look
//! torn: a stretch without a vowel beside a mark (`T`, `l` in `T?l?bec`). Words
//! with a sign in them that URLs, patterns and code have do not count. What is
//! found is possible, never more.

use crate::lanes;

/// The cheap question that spares nearly all ASCII values the judging: are
/// there marks after letters, twice, or nothing but marks?
pub(crate) fn may_be_lossy(value: &[u8]) -> bool {
    let torn = before_marks(value).filter(|octet| octet.is_ascii_alphabetic());
    // `?1` is a boolean of a structured field, which browsers send a lot of.
    value.starts_with(b"???") || torn.take(2).count() == 2
}

/// The same, or is there a `=?`, which starts an encoded-word: all that marks
/// can mean, in one look.
pub(crate) fn marks_may_mean_something(value: &[u8]) -> bool {
    let mut torn = 0;
    value.starts_with(b"???")
        || before_marks(value).any(|octet| {
            torn += usize::from(octet.is_ascii_alphabetic());
            octet == b'=' || torn == 2
        })
}

/// The octets that marks stand after.
fn before_marks(value: &[u8]) -> impl Iterator<Item = u8> {
    let marks = lanes::places(value, |octet| (octet == b'?') | (octet == b'!'));
    marks.filter_map(|at| value.get(at.checked_sub(1)?).copied())
}

/// Which marks of a value stand for letters that were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Those between letters.
    Between(u8),
    /// All: there is nothing but question marks, in several words.
    Everything,
}

impl Lost {
    /// Judges a whole text.
    pub(crate) fn of(text: &str) -> Option<Lost> {
        if is_nothing_but_marks(text) {
            return Some(Lost::Everything);
        }
        let (mut question, mut most_exclamation) = (Torn::default(), Torn::default());
        let words = text.split(|c: char| c.is_whitespace() || c == '"');
        for word in words.filter(|word| word.contains(['?', '!'])) {
            let both = word.contains('?') && word.contains('!');
            if both || word.contains(is_technical) || is_page(word) {
                continue;
            }
            let torn = Torn::of(word);
            if word.contains('?') {
                question.marks += torn.marks;
                question.beside_accents |= torn.beside_accents;
                question.bare |= torn.bare;
            } else if torn.marks > most_exclamation.marks {
                // `!` is a letter of its own in Khoisan names, one a word.
                most_exclamation = torn;
            }
        }
        if question.is_convincing() {
            Some(Lost::Between(b'?'))
        } else if most_exclamation.is_convincing() {
            Some(Lost::Between(b'!'))
        } else {
            None
        }
    }

    /// The mark that is looked for.
    pub(crate) const fn mark(self) -> u8 {
        match self {
            Self::Between(mark) => mark,
            Self::Everything => b'?',
        }
    }

    /// The run of marks that `rest` starts with, after `before`: how long it
    /// is, and whether it stands for something lost.
    pub(crate) fn run(self, before: &str, rest: &str) -> Option<(usize, bool)> {
        let mark = char::from(self.mark());
        let after = rest.trim_start_matches(mark);
        let length = rest.len() - after.len();
        let lost = self == Self::Everything
            || (before.ends_with(is_latin) && after.starts_with(is_small_latin));
        (length > 0).then_some((length, lost))
    }
}

/// What a word with marks in it looks like.
#[derive(Clone, Copy, Default)]
struct Torn {
    /// Runs of marks between letters.
    marks: usize,
    /// Whether a letter that is not ASCII stands beside one of them.
    beside_accents: bool,
    /// Whether a stretch of letters beside one of them has no vowel.
    bare: bool,
}

impl Torn {
    fn of(word: &str) -> Torn {
        let mut torn = Torn::default();
        let mut stretch = Stretch::default();
        let mut characters = word.chars().peekable();
        while let Some(character) = characters.next() {
            if is_latin(character) {
                stretch.letters += 1;
                stretch.vowels += usize::from(is_vowel(character));
                stretch.last = Some(character);
                continue;
            }
            let mut run = 0;
            let mut next = Some(character);
            while let Some('?' | '!') = next {
                run += 1;
                next = characters.peek().copied();
                if let Some('?' | '!') = next {
                    characters.next();
                }
            }
            let between = next
                .filter(|&next| run > 0 && is_small_latin(next))
                .zip(stretch.last);
            if stretch.after_mark || between.is_some() {
                torn.bare |= stretch.is_bare();
            }
            if let Some((next, last)) = between {
                torn.marks += 1;
                torn.beside_accents |= !next.is_ascii() || !last.is_ascii();
            }
            stretch = Stretch {
                after_mark: between.is_some(),
                ..Stretch::default()
            };
        }
        torn.bare |= stretch.after_mark && stretch.is_bare();
        torn
    }

    const fn is_convincing(&self) -> bool {
        self.bare && (self.marks > 1 || (self.marks == 1 && self.beside_accents))
    }
}

/// Letters without a break.
#[derive(Default)]
struct Stretch {
    letters: usize,
    vowels: usize,
    last: Option<char>,
    after_mark: bool,
}

impl Stretch {
    const fn is_bare(&self) -> bool {
        self.letters > 0 && self.vowels == 0
    }
}

/// Whether a text is question marks in words, as of a name in a script that the
/// encoder did not know at all.
fn is_nothing_but_marks(text: &str) -> bool {
    let mut words = 0;
    for word in text
        .split([' ', '-', '.', ','])
        .filter(|word| !word.is_empty())
    {
        if word.len() < 3 || !word.bytes().all(|octet| octet == b'?') {
            return false;
        }
        words += 1;
    }
    words > 1
}

/// Whether the mark comes after a dot: `index.html?print`.
fn is_page(word: &str) -> bool {
    let marked = word.find(['?', '!']).unwrap_or(word.len());
    word.find('.').is_some_and(|dot| dot < marked)
}

/// Signs of URLs, patterns, paths and code.
const fn is_technical(character: char) -> bool {
    matches!(
        character,
        '/' | '\\'
            | '='
            | '*'
            | '['
            | ']'
            | '{'
            | '}'
            | '('
            | ')'
            | '|'
            | '^'
            | '$'
            | '+'
            | '@'
            | '#'
            | '%'
            | '<'
            | '>'
            | '&'
            | ':'
            | ';'
            | '~'
            | '_'
            | '0'..='9'
    )
}

fn is_latin(character: char) -> bool {
    character.is_ascii_alphabetic()
        || (matches!(character, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
            && !matches!(character, '×' | '÷'))
}

fn is_small_latin(character: char) -> bool {
    is_latin(character) && !character.is_uppercase()
}

/// Whether a Latin letter may be a vowel; of those beyond ASCII only the
/// consonants of Western and Central Europe are known.
fn is_vowel(character: char) -> bool {
    if character.is_ascii() {
        return matches!(
            character.to_ascii_lowercase(),
            'a' | 'e' | 'i' | 'o' | 'u' | 'y'
        );
    }
    !"çćĉċčďđĝğġģĥħĵķĺļľŀłñńņňŋŕŗřśŝşšßţťŧŵźżžþðșțÇĆĈĊČĎĐĜĞĠĢĤĦĴĶĹĻĽĿŁÑŃŅŇŊŔŖŘŚŜŞŠŢŤŦŴŹŻŽÞÐȘȚ"
        .contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_words() {
        for text in [
            "T?l?bec LP",
            "G?teb?rg",
            "Fran?ois M?ller",
            "Bj?rn J?nsson",
            "Zażó?ć gęślą",
            "St?dtische Sparkasse D?ren",
        ] {
            assert_eq!(Lost::of(text), Some(Lost::Between(b'?')), "{text}");
        }
        for text in ["T!l!bec", "T!!l!!bec", "Gda!!sk i K!!p!!y"] {
            assert_eq!(Lost::of(text), Some(Lost::Between(b'!')), "{text}");
        }
        assert_eq!(Lost::of("?????? ????????"), Some(Lost::Everything));
    }

    #[test]
    fn marks_that_were_meant() {
        for text in [
            "what?ever",
            "Really?",
            "Who?What?Where?",
            "¿Qué?",
            "Yes!No!Maybe!",
            "P!nk",
            "N!xau",
            "Yahoo! Inc.",
            "Go!Go!Curry",
            "colou?r",
            "https?://h?st/p?th",
            "/a?b=c&d?e",
            "file?.tx?",
            "a.html?x b.html?y",
            "(jpe?g|tiff?)",
            "what?ever?dude",
            "Santé?oui",
            "???",
            "?",
            "! !",
            "?? ??",
            "!important",
            "x?.y?.z",
            "Vous venez ? Oui ! Bien sûr ?",
            "что?где?когда?",
            "东京?大阪?",
            "10?20?30",
            "T?l*b?c",
            "M?ller",
            "",
        ] {
            assert_eq!(Lost::of(text), None, "{text}");
        }
    }
}
