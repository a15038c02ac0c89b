//! The configuration's text: where an offset stands, and a line of it shown.
//!
//! A configuration can hold terminal escapes and lines without end. What of
//! it is shown passes here: escaped, and bounded.

use super::mistake::{Mistake, Mistakes, Place};
use crate::charset::Charset;
use crate::preview;
use std::ops::Range;

/// The text of a configuration file, and the name it goes by in messages.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The file's name, as messages show it.
    pub name: &'a str,
    /// What the file says. A byte order mark at its start is no part of it.
    pub text: &'a str,
}

impl<'a> Source<'a> {
    /// The text of a file from its octets.
    ///
    /// # Errors
    ///
    /// Every place where the octets are not UTF-8, with what they probably
    /// were; one mistake where the whole file is UTF-16.
    pub fn from_octets(name: &'a str, octets: &'a [u8]) -> Result<Self, Mistakes> {
        check_size(name, octets.len())?;
        match str::from_utf8(octets) {
            Ok(text) => Ok(Self { name, text }),
            Err(_) => Err(not_utf8(name, octets)),
        }
    }
}

/// Configurations are written by hand; what is larger is another file.
const LARGEST: usize = 1 << 20;

pub(super) fn check_size(name: &str, octets: usize) -> Result<(), Mistakes> {
    if octets <= LARGEST {
        return Ok(());
    }
    Err(about_all_of(
        name,
        "the file is larger than 1 MiB",
        "give the configuration's file",
    ))
}

fn about_all_of(name: &str, message: &str, help: &str) -> Mistakes {
    let mut mistakes = Mistakes::none();
    let place = Place::Whole(name.to_owned());
    mistakes.push(|| Mistake::new(message.to_owned(), Some(help.to_owned()), place));
    mistakes
}

fn not_utf8(name: &str, octets: &[u8]) -> Mistakes {
    if octets.starts_with(b"\xFF\xFE") || octets.starts_with(b"\xFE\xFF") {
        return about_all_of(name, "the file is UTF-16", "save it as UTF-8");
    }
    let lines = Lines::new(name, octets);
    let mut mistakes = Mistakes::none();
    let mut start = 0;
    for chunk in octets.utf8_chunks() {
        start += chunk.valid().len();
        let end = start + chunk.invalid().len();
        if let Some(&octet) = chunk.invalid().first() {
            mistakes.push(|| {
                let reads = Charset::Windows1252
                    .char(octet)
                    .map(|read| format!("; the octet reads as {read} in windows-1252"))
                    .unwrap_or_default();
                Mistake::new(
                    format!("octet {octet:02X} is not UTF-8 here"),
                    Some(format!("save the file as UTF-8{reads}")),
                    lines.place(start..end),
                )
            });
        }
        start = end;
    }
    mistakes
}

/// Octets with the starts of their lines, found once.
pub(super) struct Lines<'a> {
    name: &'a str,
    octets: &'a [u8],
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(name: &'a str, octets: &'a [u8]) -> Self {
        let ends = memchr::memchr_iter(b'\n', octets);
        Self {
            name,
            octets,
            starts: std::iter::once(0).chain(ends.map(|end| end + 1)).collect(),
        }
    }

    /// The line that `offset` is in; the first is 1.
    pub(super) fn number(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset)
    }

    /// Where `span` starts, and its line with the span underlined.
    pub(super) fn place(&self, span: Range<usize>) -> Place {
        let number = self.number(span.start.min(self.octets.len()));
        let start = self.starts.get(number - 1).copied().unwrap_or_default();
        let end = self
            .starts
            .get(number)
            .map_or(self.octets.len(), |next| next - 1);
        let line = self.octets.get(start..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let split = |octets: &'a [u8], offset: usize| {
            octets.split_at_checked(offset).unwrap_or((octets, &[]))
        };
        let (before, rest) = split(line, span.start.saturating_sub(start));
        let (under, after) = split(rest, span.len());
        Place::File {
            name: self.name.to_owned(),
            line: number,
            column: count(before) + 1,
            excerpt: Excerpt::new(before, under, after),
        }
    }
}

/// One line as it may be shown, and which part of that to underline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) line: String,
    pub(super) before: usize,
    pub(super) width: usize,
}

impl Excerpt {
    /// Shows so much of a line's three parts as fits in [`SHOWN`] characters.
    fn new(before: &[u8], under: &[u8], after: &[u8]) -> Self {
        let mut line = String::new();
        // Where all of it fits, all of it is shown.
        let fits = before.len() + under.len() + after.len() <= SHOWN;
        let before = if fits {
            before
        } else {
            ending(before, &mut line)
        };
        let mut room = SHOWN - count(before);
        line.extend(cells(before).map(|cell| cell.shown()));
        let before = line.chars().count();
        let mut show = |octets| {
            let mut cells = cells(octets);
            let shown: String = cells.by_ref().take(room).map(|cell| cell.shown()).collect();
            let cut = cells.next().is_some();
            room -= count(octets).min(room);
            line.push_str(&shown);
            (shown.chars().count(), cut)
        };
        let (width, cut_under) = show(under);
        let (_, cut_after) = show(after);
        if cut_under || cut_after {
            line.push('…');
        }
        Self {
            line,
            before,
            // At the end of a line, where something is missing, nothing is under it.
            width: width.max(1),
        }
    }
}

/// The end of what is too long to be shown whole, with `…` for the rest of it.
fn ending<'o>(octets: &'o [u8], line: &mut String) -> &'o [u8] {
    // A character has at most four octets, and starts with none of 80–BF.
    let mut end = octets
        .get(octets.len().saturating_sub(SHOWN / 3)..)
        .unwrap_or(octets);
    if end.len() < octets.len() {
        line.push('…');
        while let [0x80..=0xbf, rest @ ..] = end {
            end = rest;
        }
    }
    end
}

/// How many cells [`cells`] gives, counted by the standard library's fast ways:
/// a line can be a megabyte long.
fn count(octets: &[u8]) -> usize {
    octets
        .utf8_chunks()
        .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
        .sum()
}

/// How many characters of a line are shown.
const SHOWN: usize = 100;

/// A character, or an octet that is in none.
enum Cell {
    Character(char),
    Octet(u8),
}

impl Cell {
    fn shown(&self) -> String {
        match *self {
            Self::Character('\t') => "    ".to_owned(),
            Self::Character(character) if preview::is_showable(character) => character.to_string(),
            Self::Character(character) => character.escape_unicode().to_string(),
            Self::Octet(octet) => format!("\\x{octet:02X}"),
        }
    }
}

fn cells(octets: &[u8]) -> impl Iterator<Item = Cell> {
    octets.utf8_chunks().flat_map(|chunk| {
        let characters = chunk.valid().chars().map(Cell::Character);
        characters.chain(chunk.invalid().iter().copied().map(Cell::Octet))
    })
}

/// `text` with what a terminal would obey escaped.
pub(super) fn escaped(text: &str) -> String {
    cells(text.as_bytes()).map(|cell| cell.shown()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, span: Range<usize>) -> (usize, usize, Excerpt) {
        match Lines::new("x", text.as_bytes()).place(span) {
            Place::File {
                line,
                column,
                excerpt,
                ..
            } => (line, column, excerpt),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\r\né = \"ü\" # x\r\n";
        let at = text.find('"').unwrap_or_default();
        let (line, column, excerpt) = excerpt(text, at..at + 4);
        assert_eq!((line, column), (2, 5));
        assert_eq!(excerpt.line, "é = \"ü\" # x");
        assert_eq!((excerpt.before, excerpt.width), (4, 3));
    }

    #[test]
    fn controls_are_escaped_and_the_caret_moves_along() {
        let (_, column, excerpt) = excerpt("\u{1b}[2J\t\u{202e}x", 8..9);
        assert_eq!(column, 7);
        assert_eq!(excerpt.line, "\\u{1b}[2J    \\u{202e}x");
        assert_eq!(excerpt.line.chars().nth(excerpt.before), Some('x'));
    }

    #[test]
    fn long_lines_are_cut_on_both_sides() {
        let text = format!("{}X{}", "a".repeat(5000), "b".repeat(5000));
        let (line, column, excerpt) = excerpt(&text, 5000..5001);
        assert_eq!((line, column), (1, 5001));
        assert_eq!(excerpt.line.chars().count(), SHOWN + 2);
        assert_eq!(excerpt.line.chars().nth(excerpt.before), Some('X'));
    }

    #[test]
    fn any_span_has_a_place() {
        let text = "é\r\n\nb";
        for start in 0..text.len() + 2 {
            for end in start..text.len() + 3 {
                let (line, column, excerpt) = excerpt(text, start..end);
                assert!(line >= 1 && column >= 1 && excerpt.width >= 1);
            }
        }
        assert_eq!(excerpt("", 0..0).0, 1);
    }

    #[test]
    fn octets_that_are_not_utf8_are_all_named() {
        let Err(mistakes) = Source::from_octets("x", b"a = \"T\xE9l\xE9bec\"\nb = \"\x81\"") else {
            panic!("not UTF-8")
        };
        let places: Vec<_> = mistakes
            .iter()
            .map(|mistake| (mistake.line(), mistake.column()))
            .collect();
        assert_eq!(
            places,
            [(Some(1), Some(7)), (Some(1), Some(9)), (Some(2), Some(6))]
        );
        assert!(mistakes.to_string().contains("reads as é in windows-1252"));
        assert!(Source::from_octets("x", b"\xFF\xFEa\0").is_err());
    }
}
