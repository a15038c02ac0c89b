//! The byte ruler: octets under the characters they make.
//!
//! ```text
//!      0   T     l     b  e  c  ␠  L  P
//!         54 E9 6C E9 62 65 63 20 4C 50
//!            ^^    ^^
//!            é     é
//! ```
//!
//! An octet takes three columns, so a character of n octets has 3n − 1 columns
//! to stand in: enough for wide characters and for a name where the character
//! itself would move the line, hide, or act on the terminal.

use super::{Explained, Explanation};
use crate::finding::FindingKind;
use crate::preview::is_showable;
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns left of the first octet: an offset and a gap.
const MARGIN: usize = 9;

/// Rows are all shown up to this many; beyond, only those with findings and
/// their neighbours are.
const ALL_ROWS: usize = 6;

/// No more rows than this are shown of any value.
const MOST_ROWS: usize = 20;

pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const DIM: Style = Style::new().dimmed();

/// Draws the ruler of a value, in lines of at most `width` columns.
pub(super) fn ruler(explanation: &Explanation, value: &[u8], width: usize) -> String {
    let per_row = (width.saturating_sub(MARGIN) / 3).clamp(8, 32) / 8 * 8;
    let rows = rows(cells(value), per_row);
    let marked: Vec<bool> = rows
        .iter()
        .map(|row| has_finding(explanation, row))
        .collect();
    let near = |at: usize| {
        marked
            .iter()
            .skip(at.saturating_sub(1))
            .take(if at == 0 { 2 } else { 3 })
            .any(|&m| m)
    };

    let mut text = String::new();
    let mut left_out = 0;
    let mut shown = 0;
    for (at, row) in rows.iter().enumerate() {
        let matters = rows.len() <= ALL_ROWS || at == 0 || near(at);
        if !matters || shown == MOST_ROWS {
            left_out += row.iter().map(|cell| cell.octets.len()).sum::<usize>();
            continue;
        }
        say_left_out(&mut text, &mut left_out);
        draw(&mut text, row, explanation.findings());
        shown += 1;
    }
    say_left_out(&mut text, &mut left_out);
    text
}

fn say_left_out(text: &mut String, octets: &mut usize) {
    if *octets > 0 {
        let unit = if *octets == 1 { "octet" } else { "octets" };
        let _ = writeln!(
            text,
            "{:MARGIN$}{DIM}… {octets} {unit} not shown …{DIM:#}",
            ""
        );
        *octets = 0;
    }
}

/// A character, or an octet that makes none.
struct Cell<'v> {
    start: usize,
    octets: &'v [u8],
    label: String,
}

impl Cell<'_> {
    fn columns(&self) -> usize {
        3 * self.octets.len() - 1
    }

    fn end(&self) -> usize {
        self.start + self.octets.len()
    }
}

fn cells(value: &[u8]) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    let mut rest = value;
    let mut push = |length: usize, label: String| {
        let start = value.len() - rest.len();
        let (octets, tail) = rest.split_at(length.min(rest.len()));
        cells.push(Cell {
            start,
            octets,
            label,
        });
        rest = tail;
    };
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            push(character.len_utf8(), label(character));
        }
        for _ in chunk.invalid() {
            push(1, String::new());
        }
    }
    cells
}

/// What stands for a character in the ruler; never wider than its octets.
fn label(character: char) -> String {
    let code = u32::from(character);
    let columns = 3 * character.len_utf8() - 1;
    match character {
        ' ' => "␠".to_owned(),
        '\u{7f}' => "␡".to_owned(),
        // The pictures of the C0 controls stand in their order from U+2400.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + code)
            .map(String::from)
            .unwrap_or_default(),
        '\u{200c}' => "ZWNJ".to_owned(),
        '\u{200d}' => "ZWJ".to_owned(),
        '\u{fe00}'..='\u{fe0f}' => format!("VS{}", code - 0xfe00 + 1),
        '\u{1f1e6}'..='\u{1f1ff}' => {
            // Two of them side by side would join to a flag.
            let letter = char::from_u32(code - 0x1f1e6 + u32::from('A')).unwrap_or('?');
            format!("[{letter}]")
        }
        _ if !is_showable(character) => code_point(code, columns),
        _ => match character.width() {
            // A combining mark stands on a circle instead of on its neighbour.
            Some(0) if is_mark(character) => format!("◌{character}"),
            None | Some(0) => code_point(code, columns),
            // What is written from right to left would turn the row around; a
            // mark of left-to-right order after it keeps it in its place.
            Some(_) if is_right_to_left(character) => format!("{character}\u{200e}"),
            Some(_) => character.to_string(),
        },
    }
}

fn code_point(code: u32, columns: usize) -> String {
    let name = format!("U+{code:04X}");
    if name.len() <= columns {
        name
    } else {
        format!("{code:04X}")
    }
}

fn is_mark(character: char) -> bool {
    // Jamo that compose and tags have no width either, and no circle suits them.
    !matches!(character, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}' | '\u{e0000}'..)
}

fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

fn rows(cells: Vec<Cell<'_>>, per_row: usize) -> Vec<Vec<Cell<'_>>> {
    let mut rows: Vec<Vec<Cell<'_>>> = Vec::new();
    let mut used = per_row;
    for cell in cells {
        if used + cell.octets.len() > per_row {
            rows.push(Vec::new());
            used = 0;
        }
        used += cell.octets.len();
        if let Some(row) = rows.last_mut() {
            row.push(cell);
        }
    }
    rows
}

fn has_finding(explanation: &Explanation, row: &[Cell<'_>]) -> bool {
    let (Some(first), Some(last)) = (row.first(), row.last()) else {
        return false;
    };
    explanation.findings().iter().any(|one| {
        let span = one.finding().span();
        span.start < last.end() && first.start < span.end
    })
}

/// Writes one row: characters, octets, marks and readings.
fn draw(text: &mut String, row: &[Cell<'_>], findings: &[Explained]) {
    let Some(first) = row.first() else { return };
    let bad = |at: usize| {
        findings
            .iter()
            .any(|one| one.finding().span().contains(&at))
    };

    let mut characters = Line::new(&format!("{:>6}   ", first.start));
    let mut octets = Line::new(&" ".repeat(MARGIN));
    let mut marks = Line::new(&" ".repeat(MARGIN));
    let mut readings = Line::new(&" ".repeat(MARGIN));
    let mut column = 0;
    let end = row.iter().map(|cell| cell.columns() + 1).sum::<usize>();
    for cell in row {
        let style = if bad(cell.start) { BAD } else { Style::new() };
        let label_style = match cell.octets {
            _ if bad(cell.start) => BAD,
            // A picture of a space or a control is not what was sent.
            [octet] if !octet.is_ascii_graphic() => DIM,
            [_] => Style::new(),
            _ => Style::new().bold(),
        };
        characters.put(column, label_style, &cell.label);
        for (place, octet) in cell.octets.iter().enumerate() {
            let at = column + 3 * place;
            octets.put(at, style, &format!("{octet:02X}"));
            if bad(cell.start + place) {
                marks.put(at, BAD, "^^");
            }
        }
        if let Some(shown) = reading_at(findings, cell) {
            // What has not enough room is in the list below the ruler.
            let room = end.saturating_sub(column);
            if shown.width() <= room {
                readings.put(column, GOOD, &shown);
            }
        }
        column += cell.columns() + 1;
    }
    for line in [characters, octets, marks, readings] {
        line.finish(text);
    }
}

/// What stands in the line of readings under a cell: the reading of the finding
/// that starts there, or one character of it where each octet makes one.
fn reading_at(findings: &[Explained], cell: &Cell<'_>) -> Option<String> {
    let one = findings
        .iter()
        .find(|one| one.finding().span().contains(&cell.start))?;
    let (reads, place) = (one.reads()?, cell.start - one.finding().span().start);
    let shown: String = match one.finding().kind() {
        FindingKind::Latin1 => reads.chars().nth(place).into_iter().collect(),
        _ if place == 0 => reads.to_owned(),
        _ => return None,
    };
    Some(
        shown
            .chars()
            .map(|c| if is_showable(c) { c } else { '·' })
            .collect(),
    )
}

/// A line that is written at columns.
struct Line {
    text: String,
    margin: usize,
    column: usize,
}

impl Line {
    fn new(margin: &str) -> Self {
        Self {
            text: margin.to_owned(),
            margin: margin.trim_end().len(),
            column: 0,
        }
    }

    fn put(&mut self, column: usize, style: Style, what: &str) {
        if what.is_empty() || column < self.column {
            return;
        }
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{:1$}", "", column - self.column);
        let _ = write!(self.text, "{style}{what}{style:#}");
        self.column = column + what.width();
    }

    /// Adds the line, if anything stands in it.
    fn finish(self, text: &mut String) {
        if self.column > 0 || self.margin > 0 {
            text.push_str(self.text.trim_end());
            text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    fn draw_plain(value: &[u8], width: usize) -> String {
        let explanation = Explanation::new("N", 1, value, &Policy::default().decide("N", value));
        anstream::adapter::strip_str(&ruler(&explanation, value, width)).to_string()
    }

    #[test]
    fn octets_stand_under_their_characters() {
        let expected = "     0   T     l     b  e  c  ␠  L  P\n         54 E9 6C E9 62 65 63 20 4C 50\n            ^^    ^^\n            é     é\n";
        assert_eq!(draw_plain(b"T\xE9l\xE9bec LP", 80), expected);
    }

    /// Every label has to end before the next octet's column, in columns that a
    /// terminal counts.
    #[test]
    fn no_character_moves_the_line() {
        for code in 0..=0x10ffff {
            let Some(character) = char::from_u32(code) else {
                continue;
            };
            let label = label(character);
            assert!(
                label.width() < 3 * character.len_utf8(),
                "U+{code:04X} {label:?}"
            );
            assert!(label.width() >= 1, "U+{code:04X}");
            assert!(!label.chars().any(char::is_control), "U+{code:04X}");
        }
    }

    #[test]
    fn rows_never_cut_a_character() {
        let value = "aaaaaaa🐳🐳é".as_bytes();
        let drawn = draw_plain(value, 40);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[1].trim(), "61 61 61 61 61 61 61");
        assert_eq!(lines[3].trim(), "F0 9F 90 B3 F0 9F 90 B3");
    }

    #[test]
    fn long_values_show_what_matters() {
        let mut value = vec![b'a'; 4000];
        value.extend_from_slice(b" T\xE9l ");
        value.extend_from_slice(&[b'b'; 4000]);
        let drawn = draw_plain(&value, 80);
        assert!(drawn.lines().count() < 20, "{drawn}");
        let faulty = draw_plain(&[0xe9; 20_000], 80);
        assert!(faulty.lines().count() < 5 * MOST_ROWS, "{faulty}");
        assert!(drawn.contains("^^") && drawn.contains("octets not shown"));
    }
}
