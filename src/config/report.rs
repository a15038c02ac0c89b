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
            let (message, help) = explain(error.message);
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
        if self.found.len() < KEPT {
            self.found
                .push((at, bounded(message.into()), help.map(bounded)));
        } else {
            self.unseen += 1;
        }
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
        let mut mistakes = Mistakes::default();
        for (at, message, help) in self.found {
            let (message, place) = match (at, &self.lines) {
                (At::Setting(name), _) => (format!("{name}: {message}"), Place::Setting(name)),
                (At::File(span), Some(lines)) => (message, lines.place(span)),
                (At::File(_), None) => (message, Place::Whole(String::new())),
            };
            mistakes.push(Mistake::new(message, help, place));
        }
        (0..self.unseen).for_each(|_| mistakes.count_unseen());
        mistakes
    }

    fn line(&self, offset: usize) -> usize {
        self.lines.as_ref().map_or(1, |lines| lines.number(offset))
    }
}

/// What a person can do about what the parser says.
fn explain(message: String) -> (String, Option<String>) {
    let help = if message.contains("must be quoted") {
        "put quotes around it: \"…\""
    } else if message.starts_with("duplicate key") {
        "it stands further up already: keep one of the two"
    } else if message.starts_with("unclosed array") || message.contains("array elements") {
        "a list is written [\"one\", \"two\"]"
    } else if message.contains("key with no value") || message.contains("missing assignment") {
        "write key = value"
    } else if message.contains("missing value") {
        "write a value after the ="
    } else if message.contains("recurs") {
        "nothing in this file is nested so deeply"
    } else {
        "this is not TOML; see https://toml.io/en/v1.0.0"
    };
    (message, Some(help.to_owned()))
}

/// A message quotes names of the file, and those can be long.
fn bounded(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(LONGEST) {
        message.truncate(end);
        message.push('…');
    }
    message
}

const LONGEST: usize = 500;
