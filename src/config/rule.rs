//! One `[[policy.rule]]`: its keys and their words, and where they stand.

use super::document::{Spanned, Table, Value};
use super::nearest::nearest;
use super::report::{At, Complaint, Report};
use super::rule_keys::RULE_KEYS;
use super::value::{Given, boolean, mismatch, number, shown};
use super::words;
use crate::finding::FindingKind;
use crate::policy::{Action, Rule, Scope};
use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

/// A rule and where its words stand.
pub(super) struct Written {
    pub(super) rule: Rule,
    /// Its header.
    pub(super) span: Range<usize>,
    pub(super) fields: Vec<(String, Range<usize>)>,
    pub(super) kinds: Vec<(FindingKind, Action, Range<usize>)>,
    pub(super) charsets: Option<Range<usize>>,
    /// Words that mean nothing were left out, so that too little may be left.
    pub(super) incomplete: bool,
}

/// Reads one rule and reports its words that mean nothing.
pub(super) fn rule(table: &Table, span: Range<usize>, report: &mut Report<'_>) -> Written {
    let mut reader = Reader {
        report,
        key: "",
        incomplete: false,
    };
    let mut name = None;
    let mut fields = Vec::new();
    let mut scope = Scope::default();
    let mut kinds = Vec::new();
    let mut charsets = None;
    let mut decode_markup = false;
    let mut most = None;
    let mut form = None;
    for (key, written) in table {
        reader.key = &key.value;
        match key.value.as_str() {
            "name" => name = reader.text(written, words::name),
            "fields" => fields = reader.list(written, words::any),
            "routes" => scope.routes = reader.filled(written, words::route),
            "methods" => scope.methods = reader.filled(written, words::method),
            "hosts" => scope.hosts = reader.filled(written, words::host),
            "charsets" => charsets = Some((reader.list(written, words::charset), &written.span)),
            "decode_markup" => {
                decode_markup = reader.kept(written, boolean(Given::File(written))) == Some(true);
            }
            "max_octets" => most = reader.kept(written, number(Given::File(written), OCTETS)),
            "forward_as" => form = reader.text(written, words::forward_as),
            other => match Action::from_str(other) {
                Ok(action) => {
                    let listed = reader.list(written, words::kind).into_iter();
                    kinds.extend(listed.map(|(kind, span)| (kind, action, span)));
                }
                Err(_) => reader.unknown(key),
            },
        }
    }
    // As the policy goes through them, and as they are printed.
    kinds.sort_by_key(|&(_, action, _)| action);
    let mut listed = HashSet::new();
    kinds.retain(|&(kind, action, _)| listed.insert((kind, action)));

    let mut rule = Rule::for_fields(fields.iter().map(|(field, _)| field)).within(scope);
    if let Some(name) = name {
        rule = rule.named(name);
    }
    for &(kind, action, _) in &kinds {
        rule = match action {
            Action::Allow => rule.allow([kind]),
            Action::Log => rule.log([kind]),
            Action::Normalize => rule.normalize([kind]),
            Action::Reject => rule.reject([kind]),
        };
    }
    if let Some((listed, _)) = &charsets {
        rule = rule.assume_charsets(listed.iter().map(|&(charset, _)| charset));
    }
    if decode_markup {
        rule = rule.decode_markup();
    }
    if let Some(form) = form {
        rule = rule.forward_as(form);
    }
    if let Some(most) = most {
        rule = rule.max_octets(most as usize);
    }
    Written {
        rule,
        span,
        fields,
        kinds,
        charsets: charsets.map(|(_, span)| span.clone()),
        incomplete: reader.incomplete,
    }
}

/// What `max_octets` may be.
const OCTETS: RangeInclusive<u32> = 1..=16 << 20;

/// Reads a rule's words and reports those that mean nothing.
struct Reader<'r, 'a> {
    report: &'r mut Report<'a>,
    /// The key that is being read.
    key: &'r str,
    incomplete: bool,
}

impl Reader<'_, '_> {
    fn list<T>(&mut self, written: &Spanned<Value>, read: Read<T>) -> Vec<(T, Range<usize>)> {
        let Value::List(items) = &written.value else {
            let complaint = mismatch("a list of strings", &written.value);
            self.complain(
                written,
                match &written.value {
                    Value::Text(text) => complaint.help(format!("write [\"{}\"]", shown(text))),
                    _ => complaint.help("a list is written [\"one\", \"two\"]"),
                },
            );
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| Some((self.text(item, read)?, item.span.clone())))
            .collect()
    }

    /// A list that must not be empty, since an absent one stands for "any".
    fn filled(&mut self, written: &Spanned<Value>, read: Read<String>) -> Vec<String> {
        if matches!(&written.value, Value::List(items) if items.is_empty()) {
            let complaint = Complaint::new("an empty list would match no request");
            self.complain(written, complaint.help("leave the key out to mean any"));
        }
        let listed = self.list(written, read).into_iter();
        listed.map(|(text, _)| text).collect()
    }

    fn text<T>(&mut self, written: &Spanned<Value>, read: Read<T>) -> Option<T> {
        let read = match &written.value {
            Value::Text(text) => read(text),
            other => Err(mismatch("a string", other).help("put it in quotes: \"…\"")),
        };
        self.kept(written, read)
    }

    fn kept<T>(&mut self, written: &Spanned<Value>, read: Result<T, Complaint>) -> Option<T> {
        read.map_err(|complaint| self.complain(written, complaint))
            .ok()
    }

    fn complain(&mut self, written: &Spanned<Value>, complaint: Complaint) {
        self.incomplete = true;
        let message = format!("{}: {}", self.key, complaint.message);
        let help = complaint.help.or_else(|| {
            let key = RULE_KEYS.iter().find(|key| key.name == self.key)?;
            Some(format!("write for example {}", key.example))
        });
        self.report
            .add(At::File(written.span.clone()), message, help);
    }

    fn unknown(&mut self, key: &Spanned<String>) {
        self.incomplete = true;
        let name = key.value.as_str();
        let names = || RULE_KEYS.iter().map(|key| key.name);
        let help = || match nearest(name, names()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!(
                "a rule's keys are {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        };
        let help = self.report.has_room().then(help);
        let message = format!("unknown key {} in a rule", shown(name));
        self.report.add(At::File(key.span.clone()), message, help);
    }
}

/// Reads one word.
type Read<T> = fn(&str) -> Result<T, Complaint>;
