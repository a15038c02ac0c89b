//! One rule: which fields, in which requests, and what is done about which kinds.

use super::action::Action;
use super::form::Form;
use super::scope::Scope;
use crate::charset::Charset;
use crate::fields;
use crate::finding::FindingKind;
use std::sync::Arc;

/// What is done about some kinds of finding in some fields.
///
/// ```
/// use headguard::{FindingKind, policy::Rule};
///
/// let rule = Rule::for_fields(["CompanyName", "X-Company-*"])
///     .named("company names are UTF-8")
///     .normalize([FindingKind::Latin1, FindingKind::CharRef])
///     .reject([FindingKind::InvalidUtf8]);
/// ```
#[derive(Clone, Debug)]
pub struct Rule {
    pub(super) name: Option<Arc<str>>,
    pub(super) fields: Vec<String>,
    pub(super) scope: Scope,
    pub(super) asked: Vec<(FindingKind, Action)>,
    pub(super) charsets: Vec<Charset>,
    pub(super) decode_markup: bool,
    pub(super) form: Option<Form>,
    pub(super) max_octets: Option<usize>,
}

impl Rule {
    /// A rule for fields with these names. A name may end in `*`, which stands
    /// for any further characters. Case does not count, and `_` is `-`: the
    /// rule for `Company-Name` judges `company_name` too.
    #[must_use]
    pub fn for_fields<S: Into<String>>(fields: impl IntoIterator<Item = S>) -> Self {
        Self {
            name: None,
            fields: fields.into_iter().map(Into::into).collect(),
            scope: Scope::default(),
            asked: Vec::new(),
            charsets: vec![Charset::Windows1252],
            decode_markup: false,
            form: None,
            max_octets: None,
        }
    }

    /// Names the rule, for reports and logs. Without a name it is called by its number.
    #[must_use]
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }

    /// Restricts the rule to requests of this scope.
    #[must_use]
    pub fn within(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// Says nothing about these kinds: they are neither reported nor counted.
    #[must_use]
    pub fn allow(self, kinds: impl IntoIterator<Item = FindingKind>) -> Self {
        self.ask(Action::Allow, kinds)
    }

    /// Reports these kinds and lets the value through as it came.
    #[must_use]
    pub fn log(self, kinds: impl IntoIterator<Item = FindingKind>) -> Self {
        self.ask(Action::Log, kinds)
    }

    /// Repairs these kinds where that is safe.
    ///
    /// Where it is not, the value is rejected if this rule also lists the kind
    /// under [`reject`](Self::reject), or if it would be rejected without this
    /// rule, by those before it or the preset; it is reported otherwise. A value
    /// whose repair would make CR, LF, NUL or another control than HTAB is always
    /// rejected.
    ///
    /// Text in text (`char-ref`, `nested-encoding`, `double-encoded`) is decoded
    /// whole or not at all: a value that also holds a kind of it that is
    /// neither normalized nor allowed is not repaired.
    #[must_use]
    pub fn normalize(self, kinds: impl IntoIterator<Item = FindingKind>) -> Self {
        self.ask(Action::Normalize, kinds)
    }

    /// Refuses requests with these kinds.
    #[must_use]
    pub fn reject(self, kinds: impl IntoIterator<Item = FindingKind>) -> Self {
        self.ask(Action::Reject, kinds)
    }

    /// The charsets a repair may assume. Windows-1252 unless said otherwise.
    #[must_use]
    pub fn assume_charsets(self, charsets: impl IntoIterator<Item = Charset>) -> Self {
        Self {
            charsets: charsets.into_iter().collect(),
            ..self
        }
    }

    /// Lowers protection: also decodes references to ASCII other than `&`, `'`
    /// and SP, and to full-width forms of it, which could carry markup, a path
    /// or an expression past a guard in front.
    #[must_use]
    pub fn decode_markup(self) -> Self {
        Self {
            decode_markup: true,
            ..self
        }
    }

    /// Passes text beyond ASCII on in this form, repaired or right as it came.
    /// UTF-8 unless said otherwise, and then what is right goes as it came.
    ///
    /// A value that is in the form already is no fault, unless this rule itself
    /// asks otherwise. One in which something else is found that is not
    /// repaired, or that the form cannot say, is not put into it. Nor is one of
    /// a field with a grammar of its own (`Referer`, `Content-Disposition`) that
    /// the rule only covers by a `*`, unless the form is Latin-1.
    #[must_use]
    pub fn forward_as(self, form: Form) -> Self {
        Self {
            form: Some(form),
            ..self
        }
    }

    /// Refuses values longer than this, in octets. A repair that would make a
    /// value longer than this is not made.
    #[must_use]
    pub fn max_octets(self, octets: usize) -> Self {
        Self {
            max_octets: Some(octets),
            ..self
        }
    }

    /// The name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The names of the fields it is for, as they were given.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// The requests it is for.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The kinds listed for `action`, as they were given.
    pub fn kinds(&self, action: Action) -> impl Iterator<Item = FindingKind> {
        self.asked
            .iter()
            .filter(move |(_, asked)| *asked == action)
            .map(|&(kind, _)| kind)
    }

    /// The charsets a repair may assume.
    #[must_use]
    pub fn charsets(&self) -> &[Charset] {
        &self.charsets
    }

    /// Whether [`decode_markup`](Self::decode_markup) was asked for.
    #[must_use]
    pub const fn decodes_markup(&self) -> bool {
        self.decode_markup
    }

    /// The form of what is passed on, as [`forward_as`](Self::forward_as) set it.
    #[must_use]
    pub const fn form(&self) -> Option<Form> {
        self.form
    }

    /// The greatest length of a value, as [`max_octets`](Self::max_octets) set it.
    #[must_use]
    pub const fn octet_limit(&self) -> Option<usize> {
        self.max_octets
    }

    fn ask(mut self, action: Action, kinds: impl IntoIterator<Item = FindingKind>) -> Self {
        self.asked
            .extend(kinds.into_iter().map(|kind| (kind, action)));
        self
    }

    pub(super) fn covers(&self, field: &str) -> bool {
        self.fields
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => fields::starts_with(field, prefix),
                None => fields::same_name(field, pattern),
            })
    }

    /// Whether the rule is for this very field, and not by a pattern.
    pub(super) fn names(&self, field: &str) -> bool {
        let mut fields = self.fields.iter();
        fields.any(|name| fields::same_name(field, name))
    }

    /// What the rule asks for `kind`, if it speaks of it: the greatest repair
    /// or milder action, and whether it also rejects.
    pub(super) fn asks(&self, kind: FindingKind) -> Option<Asked> {
        let actions = || {
            self.asked
                .iter()
                .filter(|(asked, _)| *asked == kind)
                .map(|&(_, action)| action)
        };
        let rejects = actions().any(|action| action == Action::Reject);
        match actions().filter(|&action| action != Action::Reject).max() {
            Some(action) => Some(Asked { action, rejects }),
            None if rejects => Some(Asked {
                action: Action::Reject,
                rejects,
            }),
            // Where a form is declared, a value in it is as it should be.
            None => {
                let own = self.form.is_some_and(|form| form.kind() == Some(kind));
                own.then_some(Asked {
                    action: Action::Allow,
                    rejects,
                })
            }
        }
    }
}

/// What one rule asks for one kind.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) action: Action,
    pub(super) rejects: bool,
}
