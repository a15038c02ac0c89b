//! What is to be done about which finding, in which field.
//!
//! A [`Policy`] is a [`Preset`] and a list of [`Rule`]s. For one finding the
//! last rule that covers the field and speaks of the kind decides, and the
//! preset where none does.
//!
//! A value that is longer than the rule that limits its field allows
//! ([`Rule::max_octets`]) is rejected, whatever else is in it. Any other goes on
//! as it came exactly when one of these holds:
//!
//! 1. Nothing is found in it.
//! 2. Every finding's action is `allow` or `log`.
//! 3. Some finding's action is `normalize` and none is `reject`, but the repair
//!    cannot be made: it is not safe, or the field is protected
//!    ([`Protection`](crate::fields::Protection)). And nothing refuses the value then: it holds no
//!    reference to a control that is more than allowed, its repair would not
//!    make a control, and none of the kinds to be normalized is also listed
//!    under `reject` by its rule, or would be rejected without that rule.
//!
//! Otherwise it is rejected where some finding's action is `reject` or the third
//! point refuses it, and rewritten where the repair is made.
//!
//! Where a rule declares another form than UTF-8 ([`Rule::forward_as`]), right
//! text beyond ASCII is put into that form too, unless the field is protected.

mod action;
mod builder;
mod form;
mod preset;
mod route;
mod rule;
mod scope;

pub use action::Action;
pub use builder::{Mistake, PolicyBuilder, PolicyError};
pub use form::Form;
pub use preset::Preset;
pub(crate) use route::Inclusion;
pub use rule::Rule;
pub(crate) use scope::Unmatchable;
pub use scope::{Scope, Target};

use crate::charset::Charset;
use crate::fields::Grammar;
use crate::finding::FindingKind;
use route::Route;
use std::fmt;
use std::sync::Arc;

/// What is to be done about which finding. Built by [`Policy::builder`].
///
/// ```
/// use headguard::policy::{Policy, Preset, Rule};
/// use headguard::{FindingKind, Outcome};
///
/// let policy = Policy::builder()
///     .preset(Preset::Log)
///     .rule(Rule::for_fields(["CompanyName"]).normalize([FindingKind::Latin1]))
///     .build()?;
///
/// match policy.decide("CompanyName", b"T\xE9l\xE9bec LP").into_outcome() {
///     Outcome::Rewrite(value) => assert_eq!(value.as_str(), "Télébec LP"),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), headguard::policy::PolicyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Policy {
    preset: Preset,
    rules: Vec<Rule>,
    /// Those of each rule's scope; empty when no rule has a scope.
    routes: Vec<Vec<Route>>,
    field_octets: Option<usize>,
    head_octets: Option<usize>,
}

impl Policy {
    /// Starts a policy with the `log` preset and no rules.
    #[must_use]
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::new()
    }

    /// The preset.
    #[must_use]
    pub const fn preset(&self) -> Preset {
        self.preset
    }

    /// The rules, in the order in which they were given.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether no rule is restricted to some methods, hosts or routes.
    pub(crate) const fn is_for_every_request(&self) -> bool {
        self.routes.is_empty()
    }

    /// Which rules are for a request of `target`, in their order. Empty where
    /// that is plain from the rules.
    pub(crate) fn inclusions(&self, target: &Target<'_>) -> Vec<Inclusion> {
        if self.is_for_every_request() {
            return Vec::new();
        }
        let mut included = route::inclusions(self.routes.iter().map(Vec::as_slice), target.path);
        for (included, rule) in included.iter_mut().zip(&self.rules) {
            if !rule.scope.is_for(target) {
                *included = Inclusion::Never;
            }
        }
        included
    }

    /// What is to be done about `kind` in `field`, by the rules included.
    ///
    /// A rule that is only perhaps for the request counts where it orders more
    /// than those beneath it. If what is ordered is a repair, it is also asked
    /// whether the value would be rejected without it: a rule beneath that
    /// repairs refuses only what it also lists under `reject`, and else leaves
    /// the answer to the next.
    pub(crate) fn asked(
        &self,
        inclusions: &[Inclusion],
        field: &str,
        kind: FindingKind,
    ) -> Order<'_> {
        let mut chosen: Option<(Action, usize, &Rule)> = None;
        let mut settled = false;
        let mut rejects = false;
        let mut asked_all = true;
        for (number, rule, certain) in self.applying(inclusions, field).rev() {
            let Some(asked) = rule.asks(kind) else {
                continue;
            };
            if !settled && chosen.is_none_or(|(action, ..)| asked.action > action) {
                chosen = Some((asked.action, number, rule));
            }
            settled |= certain;
            rejects |= asked.rejects;
            let repairs = asked.action == Action::Normalize;
            if (certain && !repairs) || (settled && rejects) {
                asked_all = false;
                break;
            }
        }
        let preset = self.preset.action(field, kind);
        rejects |= asked_all && preset == Action::Reject;
        let chosen = chosen.filter(|&(action, ..)| settled || action >= preset);
        Order {
            action: chosen.map_or(preset, |(action, ..)| action),
            otherwise: match rejects {
                true => Action::Reject,
                false => Action::Log,
            },
            source: match chosen {
                Some((_, number, rule)) => Source::rule(number, rule),
                None => Source::Preset(self.preset),
            },
            rule: chosen.map(|(.., rule)| rule),
        }
    }

    /// A field's name as a rule spells it. Header maps keep names in lower
    /// case; people read them as they were written.
    #[cfg(feature = "http")]
    pub(crate) fn spelling<'n>(&'n self, field: &'n str) -> &'n str {
        let named = self.rules.iter().flat_map(|rule| &rule.fields);
        named
            .map(String::as_str)
            .find(|name| name.eq_ignore_ascii_case(field))
            .unwrap_or(field)
    }

    /// The greatest length the rules allow a value of `field`, and who says so:
    /// the last that limits it, unless one that is perhaps for the request
    /// allows less.
    pub(crate) fn limit(&self, inclusions: &[Inclusion], field: &str) -> Option<(usize, Source)> {
        let mut least: Option<(usize, Source)> = None;
        for (number, rule, certain) in self.applying(inclusions, field).rev() {
            let Some(limit) = rule.max_octets else {
                continue;
            };
            if least.as_ref().is_none_or(|(least, _)| limit < *least) {
                least = Some((limit, Source::rule(number, rule)));
            }
            if certain {
                break;
            }
        }
        least
    }

    /// Whether no rule declares a form, so that right text goes as it came.
    pub(crate) fn forms_nothing(&self) -> bool {
        self.rules.iter().all(|rule| rule.form.is_none())
    }

    /// The form in which the rules pass the text of `field` on: that of the last
    /// which names one and is certainly for the request.
    ///
    /// Most forms are for a whole value that is text: in a field with signs of
    /// its own (`:` in a URI, `;` before a parameter) they would be escaped too.
    /// A rule with a `*` does not mean that; one that names the field does.
    pub(crate) fn form(&self, inclusions: &[Inclusion], field: &str) -> Form {
        let certain = self.applying(inclusions, field).rev();
        let (form, rule) = certain
            .filter(|(.., certain)| *certain)
            .find_map(|(_, rule, _)| Some((rule.form?, rule)))
            .unzip();
        let form = form.unwrap_or_default();
        let fits = matches!(form, Form::Utf8 | Form::Latin1)
            || Grammar::of(field).is_one_text()
            || rule.is_some_and(|rule: &Rule| rule.names(field));
        if fits { form } else { Form::Utf8 }
    }

    /// Whether some rule names `field`, for whatever requests.
    #[cfg(feature = "proxy")]
    pub(crate) fn names(&self, field: &str) -> bool {
        self.rules.iter().any(|rule| rule.covers(field))
    }

    /// Whether some rule limits lengths, so that right values need a look too.
    pub(crate) fn limits_lengths(&self) -> bool {
        self.rules.iter().any(|rule| rule.max_octets.is_some())
    }

    /// The length no repaired value may exceed, whatever the rules.
    pub(crate) const fn field_octets(&self) -> Option<usize> {
        self.field_octets
    }

    /// The size no repaired head may exceed: names, values and four octets a field.
    #[cfg(feature = "http")]
    pub(crate) const fn head_octets(&self) -> Option<usize> {
        self.head_octets
    }

    /// The rules for `field`, with their places, and whether each is certainly
    /// for the request.
    fn applying<'p>(
        &'p self,
        inclusions: &[Inclusion],
        field: &str,
    ) -> impl DoubleEndedIterator<Item = (usize, &'p Rule, bool)> {
        self.rules
            .iter()
            .enumerate()
            .filter(move |(_, rule)| rule.covers(field))
            .filter_map(move |(number, rule)| {
                // Of a request nothing is known of, none can be said to be in a scope.
                let included = inclusions
                    .get(number)
                    .map_or(rule.scope.is_any().into(), |&included| included);
                match included {
                    Inclusion::Always => Some((number, rule, true)),
                    Inclusion::Perhaps => Some((number, rule, false)),
                    Inclusion::Never => None,
                }
            })
    }
}

/// What a policy orders for one finding.
#[derive(Clone, Debug)]
pub(crate) struct Order<'p> {
    pub(crate) action: Action,
    /// What is done when the action is to normalize and that is not safe.
    pub(crate) otherwise: Action,
    pub(crate) source: Source,
    rule: Option<&'p Rule>,
}

impl Order<'_> {
    /// Whether a repair may assume that `octets` are in `charset`.
    pub(crate) fn allows_charset(&self, charset: Charset, octets: &[u8]) -> bool {
        let listed = self
            .rule
            .map_or(&[Charset::Windows1252][..], |rule| &rule.charsets);
        if listed.contains(&charset) {
            return true;
        }
        // Octets that Latin-1 and windows-1252 read alike are in both; what
        // neither can read is in none.
        let meant = charset.decode(octets);
        meant.is_some() && listed.iter().any(|assumed| assumed.decode(octets) == meant)
    }

    /// The same for a form that is in its place: allowed, unless a rule asks to
    /// know or to reject. There is nothing to repair.
    pub(crate) fn in_place(self) -> Self {
        let asked = self.rule.is_some() && self.action != Action::Normalize;
        Order {
            action: if asked { self.action } else { Action::Allow },
            ..self
        }
    }

    pub(crate) fn decodes_markup(&self) -> bool {
        self.rule.is_some_and(|rule| rule.decode_markup)
    }
}

/// Who ordered an action: a rule, by name or number, or the preset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The preset.
    Preset(Preset),
    /// A rule without a name; the first has number 1.
    Rule(usize),
    /// A rule with a name.
    Named(Arc<str>),
}

impl Source {
    fn rule(index: usize, rule: &Rule) -> Self {
        rule.name.clone().map_or(Self::Rule(index + 1), Self::Named)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preset(preset) => write!(f, "preset {preset}"),
            Self::Rule(number) => write!(f, "rule {number}"),
            Self::Named(name) => write!(f, "rule \"{name}\""),
        }
    }
}
