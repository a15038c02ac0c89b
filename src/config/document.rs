//! TOML text as a small tree with spans, in source order.
//!
//! The only file that names the `toml` crate. It says where every key and
//! value stands and what is not TOML; what keys mean is decided elsewhere.

use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Something and the octets of the text it came from.
#[derive(Debug)]
pub(super) struct Spanned<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// A table's entries, in source order.
pub(super) type Table = Vec<(Spanned<String>, Spanned<Value>)>;

/// A TOML value, as far as a configuration needs to tell them apart.
#[derive(Debug)]
pub(super) enum Value {
    Boolean(bool),
    /// `i128::MAX` stands for anything greater: no key takes either.
    Integer(i128),
    List(Vec<Spanned<Value>>),
    /// A type that no key takes, with its article.
    Other(&'static str),
    Table(Table),
    Text(String),
}

impl Value {
    /// What it is, for "found …".
    pub(super) const fn noun(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::List(_) => "a list",
            Self::Other(noun) => noun,
            Self::Table(_) => "a section",
            Self::Text(_) => "a string",
        }
    }
}

/// A place where the text is not TOML.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) span: Range<usize>,
}

/// Reads as much of `text` as can be made sense of, and says what cannot.
pub(super) fn parse(text: &str) -> (Table, Vec<SyntaxError>) {
    let (table, errors) = parse_up_to_stop(text);
    let stops: Vec<_> = errors
        .iter()
        .filter(|error| error.message.starts_with(STOPS))
        .map(|error| error.span.start)
        .collect();
    if stops.is_empty() {
        return (table, errors);
    }
    // The parser goes on after every mistake but this one. So that the others
    // are reported in the same run, it reads again without those lines.
    let (table, more) = parse_up_to_stop(&without_lines(text, &stops));
    (table, errors.into_iter().chain(more).collect())
}

/// How the parser calls a line that has no `=`, after which it reads no further.
const STOPS: &str = "key with no value";

fn parse_up_to_stop(text: &str) -> (Table, Vec<SyntaxError>) {
    let (root, errors) = DeTable::parse_recoverable(text);
    let errors = errors
        .iter()
        .map(|error| SyntaxError {
            message: error.message().to_owned(),
            // The parser gives no place only where the nesting is too deep.
            span: error.span().unwrap_or(0..0),
        })
        .collect();
    (table(root.get_ref()), errors)
}

/// The text with spaces for the lines that hold these offsets, ascending;
/// nothing else moves.
fn without_lines(text: &str, offsets: &[usize]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut offsets = offsets.iter().copied().peekable();
    for line in text.split_inclusive('\n') {
        let end = kept.len() + line.len();
        let mut remove = false;
        while offsets.next_if(|&offset| offset < end).is_some() {
            remove = true;
        }
        // An error at the end of the last line stands behind it.
        if remove || (end == text.len() && offsets.peek().is_some()) {
            let content = line.trim_end_matches(['\r', '\n']).len();
            kept.extend(std::iter::repeat_n(' ', content));
            kept.push_str(line.get(content..).unwrap_or_default());
        } else {
            kept.push_str(line);
        }
    }
    kept
}

/// The parser sorts by name; people read from the top.
fn table(parsed: &DeTable<'_>) -> Table {
    let mut entries: Table = parsed
        .iter()
        .filter(|(_, value)| !is_placeholder(value.get_ref(), &value.span()))
        .map(|(key, value)| (spanned(key.span(), key.get_ref().to_string()), node(value)))
        .collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    entries
}

fn node(parsed: &toml::Spanned<DeValue<'_>>) -> Spanned<Value> {
    let value = match parsed.get_ref() {
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .filter(|item| !is_placeholder(item.get_ref(), &item.span()))
                .map(node)
                .collect(),
        ),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Float(_) => Value::Other("a float"),
        DeValue::Integer(value) => {
            Value::Integer(i128::from_str_radix(value.as_str(), value.radix()).unwrap_or(i128::MAX))
        }
        DeValue::String(value) => Value::Text(value.to_string()),
        DeValue::Table(entries) => Value::Table(table(entries)),
    };
    spanned(parsed.span(), value)
}

/// What the parser puts where a value is missing: a scalar of no octets.
fn is_placeholder(value: &DeValue<'_>, span: &Range<usize>) -> bool {
    span.is_empty() && !matches!(value, DeValue::Array(_) | DeValue::Table(_))
}

const fn spanned<T>(span: Range<usize>, value: T) -> Spanned<T> {
    Spanned { value, span }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_in_source_order_with_their_spans() {
        let text = "b = 1\na = [\"x\", true]\n[c]\nd = 2.5\n";
        let (root, errors) = parse(text);
        assert!(errors.is_empty());
        let names: Vec<_> = root.iter().map(|(key, _)| key.value.as_str()).collect();
        assert_eq!(names, ["b", "a", "c"]);
        let Some((_, list)) = root.get(1) else {
            panic!()
        };
        assert_eq!(text.get(list.span.clone()), Some("[\"x\", true]"));
    }

    #[test]
    fn a_missing_value_is_no_entry() {
        let (root, errors) = parse("head =\nfield = 1\n");
        assert_eq!(errors.len(), 1);
        assert_eq!(root.len(), 1);
    }

    #[test]
    fn a_line_without_a_value_hides_no_other_mistake() {
        for end in ["", "\n", "\r\n"] {
            let text = format!("a\nb = 1\né = \n\"ü\"\nc = x\nd{end}");
            let (root, errors) = parse(&text);
            assert_eq!(root.len(), 2, "{root:?}");
            let c = text.find('x').unwrap_or_default();
            assert!(errors.iter().any(|error| error.span.start == c));
        }
    }

    #[test]
    fn nesting_without_end_is_an_error() {
        for text in [
            "[".repeat(100_000),
            format!("{}a = 1", "a.".repeat(100_000)),
        ] {
            let (_, errors) = parse(&format!("x = {text}"));
            assert!(!errors.is_empty());
            let (_, errors) = parse(&text);
            assert!(!errors.is_empty());
        }
    }
}
