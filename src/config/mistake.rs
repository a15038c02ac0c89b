//! What is wrong with a configuration: every mistake, its place, its remedy.

use super::source::{Excerpt, escaped};
use std::fmt;

/// Everything wrong with a configuration.
///
/// Displays as a report for a person at a terminal: every mistake with its
/// place and remedy, and their number at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// At most [`KEPT`].
    seen: Vec<Mistake>,
    unseen: usize,
}

impl Mistakes {
    /// The mistakes: those of the file first, from its top, then those of
    /// variables, then those of flags. At most 100 of them are kept.
    pub fn iter(&self) -> std::slice::Iter<'_, Mistake> {
        self.seen.iter()
    }

    /// How many mistakes there are, those that were not kept included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.seen.len() + self.unseen
    }

    /// To be filled by who makes them: nobody is handed an empty one.
    pub(super) const fn none() -> Self {
        Self {
            seen: Vec::new(),
            unseen: 0,
        }
    }

    /// Keeps a mistake, or counts it where enough are kept. Showing its place
    /// is most of the work, so it is only made when it is kept.
    pub(super) fn push(&mut self, mistake: impl FnOnce() -> Mistake) {
        if self.seen.len() < KEPT {
            self.seen.push(mistake());
        } else {
            self.unseen += 1;
        }
    }

    /// Counts mistakes that somebody else did not keep.
    pub(super) const fn count_unseen(&mut self, more: usize) {
        self.unseen += more;
    }
}

/// A file with more mistakes than these is not a configuration.
pub(super) const KEPT: usize = 100;

impl<'m> IntoIterator for &'m Mistakes {
    type Item = &'m Mistake;
    type IntoIter = std::slice::Iter<'m, Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in self {
            write!(f, "{mistake}\n\n")?;
        }
        match (self.count(), self.unseen) {
            (1, _) => f.write_str("1 mistake"),
            (count, 0) => write!(f, "{count} mistakes"),
            (count, _) => write!(f, "{count} mistakes, the first {} shown", self.seen.len()),
        }
    }
}

impl std::error::Error for Mistakes {}

/// One thing wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    message: String,
    help: Option<String>,
    place: Place,
}

impl Mistake {
    pub(super) const fn new(message: String, help: Option<String>, place: Place) -> Self {
        Self {
            message,
            help,
            place,
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The line of the file, from 1, where it is in a file.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        match self.place {
            Place::File { line, .. } => Some(line),
            Place::Setting(_) | Place::Whole(_) => None,
        }
    }

    /// The character of the line, from 1, where it is in a file.
    #[must_use]
    pub const fn column(&self) -> Option<usize> {
        match self.place {
            Place::File { column, .. } => Some(column),
            Place::Setting(_) | Place::Whole(_) => None,
        }
    }

    /// The flag or the variable, such as `--limits-head`, where it is in one.
    #[must_use]
    pub fn setting(&self) -> Option<&str> {
        match &self.place {
            Place::Setting(name) => Some(name),
            Place::File { .. } | Place::Whole(_) => None,
        }
    }
}

/// Where a mistake is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    File {
        name: String,
        line: usize,
        column: usize,
        excerpt: Excerpt,
    },
    /// A flag or a variable, which the message names.
    Setting(&'static str),
    /// A file as a whole.
    Whole(String),
}

/// As rustc shows errors, which editors and people know how to read.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        let mut gutter = 0;
        match &self.place {
            Place::File {
                name,
                line,
                column,
                excerpt,
            } => {
                gutter = line.to_string().len();
                let name = escaped(name);
                write!(f, "\n{:gutter$}--> {name}:{line}:{column}", "")?;
                write!(f, "\n{:gutter$} |", "")?;
                write!(f, "\n{line} | {}", excerpt.line)?;
                let (before, under) = (excerpt.before, "^".repeat(excerpt.width));
                write!(f, "\n{:gutter$} | {:before$}{under}", "", "")?;
            }
            Place::Setting(_) => {}
            Place::Whole(name) => write!(f, "\n--> {}", escaped(name))?,
        }
        match &self.help {
            Some(help) => write!(f, "\n{:gutter$} = help: {help}", ""),
            None => Ok(()),
        }
    }
}
