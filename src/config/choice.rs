//! Settings that are one of a few words.

use crate::named::named;

/// How events are written to standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// A line for a person.
    Text,
    /// A JSON object a line.
    Json,
    /// Not at all.
    Off,
}

named!(LogFormat, "log format", {
    Auto "auto",
    Text "text",
    Json "json",
    Off "off",
});
