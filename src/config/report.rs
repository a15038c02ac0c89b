//! Collects mistakes while a configuration is read, and places them at the end.

use super::document::SyntaxError;
use super::mistake::{KEPT, Mistake, Mistakes, Place};
use super::source::Lines;
use std::ops::Range;

/// Where something was said: in the file, or in a flag or variable of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    File(Range<usize>),
    Setting(&'static str),
}

/// What is wrong with one value, and where in it if not all of it.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) message: String,
    /// Without one the key says what to write.
    pub(super) help: Option<String>,
    pub(super) span: Option<Range<usize>>,
}

impl Complaint {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            span: None,
        }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }

    pub(super) fn at(self, span: Option<Range<usize>>) -> Self {
        Self {
            span: self.span.or(span),
            ..self
        }
    }
}

impl From<Complaint> for Vec<Complaint> {
    fn from(complaint: Complaint) -> Self {
        vec![complaint]
    }
}

/// The mistakes so far.
pub(super) struct Report<'a> {
    lines: Option<Lines<'a>>,
    /// Lines that are not TOML, ascending.
    broken: Vec<usize>,
    found: Vec<(At, String, Option<String>)>,
    unseen: usize,
}

impl<'a> Report<'a> {
    pub(super) const fn new(lines: Option<Lines<'a>>) -> Self {
        Self {
            lines,
            broken: Vec::new(),
            found: Vec::new(),
            unseen: 0,
        }
    }

    /// Adds what the parser says, once a line: it stumbles on after the first.
    pub(super) fn syntax(&mut self, errors: Vec<SyntaxError>) {
        let mut errors: Vec<_> = errors
            .into_iter()
            .map(|error| (self.line(error.span.start), error))
            .collect();
        errors.sort_by_key(|(line, error)| (*line, error.span.start));
        errors.dedup_by_key(|(line, _)| *line);
        let broken = errors.iter().map(|(line, _)| *line).collect();
        for (_, error) in errors {
            let (message, help) = if error.span.is_empty() && error.message.contains(UNQUOTED) {
                // The parser takes no value for an empty one without quotes.
                explain("missing value".to_owned())
            } else {
                explain(error.message)
            };
            self.add(At::File(error.span), message, help);
        }
        self.broken = broken;
    }

    /// Whether parts of the file could not be read, so that what seems to be
    /// missing may be there.
    pub(super) fn has_gaps(&self) -> bool {
        !self.broken.is_empty()
    }

    /// Adds a mistake, unless it follows from a line that is not TOML.
    pub(super) fn add(&mut self, at: At, message: impl Into<String>, help: Option<String>) {
        if let At::File(span) = &at
            && self.broken.binary_search(&self.line(span.start)).is_ok()
        {
            return;
        }
        if self.has_room() {
            self.found
                .push((at, bounded(message.into()), help.map(bounded)));
        } else {
            self.unseen += 1;
        }
    }

    /// Whether the next mistake will be shown: what only explains it, such as
    /// a search for what was meant, need not be done where it will not.
    pub(super) fn has_room(&self) -> bool {
        self.found.len() < KEPT
    }

    /// Counts a mistake that there is no room for.
    pub(super) const fn count_unseen(&mut self) {
        self.unseen += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The mistakes in order, with their places.
    pub(super) fn into_mistakes(mut self) -> Mistakes {
        self.found.sort_by_key(|(at, ..)| match at {
            At::File(span) => span.start,
            // Settings are read after the file, variables before flags.
            At::Setting(_) => usize::MAX,
        });
        let mut mistakes = Mistakes::none();
        for (at, message, help) in self.found {
            let (message, place) = match (at, &self.lines) {
                (At::Setting(name), _) => (format!("{name}: {message}"), Place::Setting(name)),
                (At::File(span), Some(lines)) => (message, lines.place(span)),
                (At::File(_), None) => (message, Place::Whole(String::new())),
            };
            mistakes.push(|| Mistake::new(message, help, place));
        }
        mistakes.count_unseen(self.unseen);
        mistakes
    }

    fn line(&self, offset: usize) -> usize {
        self.lines.as_ref().map_or(1, |lines| lines.number(offset))
    }
}

/// What a person can do about what the parser says.
fn explain(message: String) -> (String, Option<String>) {
    let help = REMEDIES
        .iter()
        .find(|(part, _)| message.contains(part))
        .map_or(
            "this is not TOML; see https://toml.io/en/v1.0.0",
            |(_, help)| help,
        );
    let message = message
        .strip_suffix(", expected nothing")
        .unwrap_or(&message);
    (message.to_owned(), Some(help.to_owned()))
}

const UNQUOTED: &str = "must be quoted";

/// Parts of the parser's messages, and what is to be done.
const REMEDIES: &[(&str, &str)] = &[
    (UNQUOTED, "put quotes around it: \"…\""),
    (
        "duplicate key",
        "it stands further up already: keep one of the two",
    ),
    ("array", "a list is written [\"one\", \"two\"]"),
    (
        "unclosed table",
        "a section is written [section], a rule [[policy.rule]]",
    ),
    ("key with no value", "write key = value"),
    ("missing value", "write a value after the ="),
    (
        "basic string",
        "text is written \"…\" on one line; a \\ in it is written \\\\",
    ),
    ("literal string", "text is written \"…\" on one line"),
    ("recurs", "nothing in this file is nested so deeply"),
    ("invalid", "text is written in quotes: \"…\""),
    ("leading zero", "text is written in quotes: \"…\""),
];

/// A message quotes names of the file, and those can be long.
fn bounded(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(LONGEST) {
        message.truncate(end);
        message.push('…');
    }
    message
}

const LONGEST: usize = 500;
