//! What signs beyond ASCII cost: little where names and addresses have them.

use super::glyph::is_alphabetic;
use super::model::Cost;

/// What a sign beyond ASCII costs between these two.
pub(super) fn sign(sign: char, before: Option<char>, after: Option<char>) -> Cost {
    let is_letter = |character: Option<char>| character.is_some_and(is_alphabetic);
    let is_small = |character: Option<char>| matches!(character, Some('a'..='z'));
    let is_digit = |character: Option<char>| {
        character.is_some_and(|character| match character.is_ascii() {
            true => character.is_ascii_digit(),
            false => character.is_numeric(),
        })
    };
    let is_space = |character: Option<char>| {
        matches!(
            character,
            None | Some(
                ' ' | '"'
                    | ';'
                    | ','
                    | '('
                    | ')'
                    | '/'
                    | '&'
                    | '+'
                    | '='
                    | '.'
                    | ':'
                    | '!'
                    | '?'
                    | '-'
                    | '\''
            )
        )
    };
    let edge = |character: Option<char>| character.is_none_or(|character| character == ' ');
    let (fits, otherwise, is_placed) = match sign {
        '’' => {
            if is_letter(before) && is_letter(after) {
                return 32;
            }
            (72, 104, is_letter(before))
        }
        '‘' | '„' | '‚' => (80, 144, !is_space(after) && is_space(before)),
        '”' => (80, 144, !edge(before) && is_space(after)),
        // »German« and „German“ quotations turn them round.
        '“' | '«' | '»' => {
            let opens = !is_space(after) && is_space(before);
            let closes = !edge(before) && is_space(after);
            let usual = if sign == '»' { closes } else { opens };
            if usual {
                return 80;
            }
            (96, 144, opens || closes)
        }
        '–' | '—' => (
            64,
            96,
            (before == Some(' ') && after == Some(' '))
                || (is_letter(before) || is_digit(before)) && (is_letter(after) || is_digit(after)),
        ),
        '®' | '™' | '©' => (
            72,
            128,
            (is_letter(before) || is_digit(before) || before == Some(' ')) && is_space(after),
        ),
        '°' => (
            80,
            144,
            is_digit(before) || matches!(before, Some('n' | 'N' | ' ')),
        ),
        'º' | 'ª' => (
            80,
            144,
            (is_digit(before) || before == Some('M')) && !matches!(after, Some('a'..='z'))
                || matches!(before, Some('n' | 'N')) && is_space(after),
        ),
        '·' => (
            72,
            128,
            matches!(before, Some('l' | 'L')) && is_letter(after),
        ),
        '¡' | '¿' => (88, 160, is_letter(after) && is_space(before)),
        '…' => (88, 128, is_space(after)),
        // `Łasica` in ISO-8859-2 is no money.
        '€' | '£' | '¥' if is_small(after) => return 240,
        '€' | '£' | '¥' => (
            80,
            144,
            is_digit(before) || is_digit(after) || (is_space(before) && is_space(after)),
        ),
        '\u{a0}' => (88, 120, !edge(before) && !edge(after)),
        '²' | '³' => (88, 160, before == Some('m') && is_space(after)),
        '´' if is_space(before) && is_letter(after) => return 192,
        '´' => (96, 160, is_letter(before) && is_letter(after)),
        // Nor is `Ľubor` in windows-1250 a quarter of anything.
        '½' | '¼' | '¾' if is_letter(after) && !is_digit(before) => return 256,
        '½' | '¼' | '¾' | '×' | 'µ' => (96, 176, is_digit(before) || is_space(before)),
        '•' | '§' => (112, 176, !is_letter(before) && !is_letter(after)),
        '\u{ad}' => (96, 160, is_letter(before) && is_letter(after)),
        '\u{3000}'..='\u{3002}'
        | '「'
        | '」'
        | '・'
        | '（'
        | '）'
        | '：'
        | '！'
        | '／'
        | '＆'
        | '－'
        | '，' => (80, 80, true),
        '\u{3003}'..='\u{303f}' => (128, 128, true),
        '\u{ff01}'..='\u{ff5e}' => (112, 112, true),
        // An accent or a box by itself, in the midst of a word.
        _ => (192, 288, !(is_letter(before) && is_letter(after))),
    };
    if is_placed { fits } else { otherwise }
}
