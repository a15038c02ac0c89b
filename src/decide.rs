//! From a value to a verdict, by a policy. Pure: the same in, the same out.

use crate::charset::Context;
use crate::classify::Findings;
use crate::fields::Protection;
use crate::finding::{Finding, FindingKind, Kinds};
use crate::forms;
use crate::normalize::{self, Allowance, Normalized, Refusal, is_text_in_text, normalize};
use crate::policy::{Action, Form, Inclusion, Order, Policy, Target};
use crate::scan::{Facts, Scan, scan};
use crate::verdict::{Cause, Judged, Outcome, Rejection, Verdict};

impl Policy {
    /// Decides about one value of the named field, in a request nothing is
    /// known of: rules restricted to some methods, hosts or routes are left
    /// out. Use [`for_request`](Self::for_request) where the request is known.
    ///
    /// Allocates nothing for a value in which nothing is found.
    #[must_use]
    pub fn decide<'v>(&self, name: &str, value: &'v [u8]) -> Verdict<'v> {
        self.for_any_request().decide(name, value)
    }

    /// The policy as it stands for a request of which nothing is known: without
    /// the rules that are for some methods, hosts or routes only.
    #[must_use]
    pub const fn for_any_request(&self) -> RequestPolicy<'_> {
        RequestPolicy {
            policy: self,
            inclusions: Vec::new(),
            context: Context::NONE,
        }
    }

    /// The policy as it stands for one request.
    #[must_use]
    pub fn for_request(&self, target: Target<'_>) -> RequestPolicy<'_> {
        RequestPolicy {
            policy: self,
            inclusions: self.inclusions(&target),
            context: Context::NONE,
        }
    }
}

/// A policy as it stands for one request; see [`Policy::for_request`].
#[derive(Clone, Debug)]
pub struct RequestPolicy<'p> {
    policy: &'p Policy,
    /// Which rules are for the request: settled once, since it may take many
    /// readings of its path.
    inclusions: Vec<Inclusion>,
    context: Context,
}

impl RequestPolicy<'_> {
    /// The same, where something is known of the client: it helps to tell
    /// which legacy charset a value was in, and nothing else.
    #[must_use]
    pub fn in_context(self, context: Context) -> Self {
        Self { context, ..self }
    }

    /// What is known of the client.
    #[must_use]
    pub const fn context(&self) -> Context {
        self.context
    }

    /// Decides about one value of the named field.
    #[must_use]
    pub fn decide<'v>(&self, name: &str, value: &'v [u8]) -> Verdict<'v> {
        self.judge(name, || Protection::of(name), value, || self.context)
    }

    /// The same, with a context that is asked for only where it matters.
    #[cfg(feature = "http")]
    pub(crate) fn decide_in<'v>(
        &self,
        name: &str,
        value: &'v [u8],
        context: impl FnOnce() -> Context,
    ) -> Verdict<'v> {
        self.judge(name, || Protection::of(name), value, context)
    }

    /// Whether the request makes no difference to what is decided.
    #[cfg(feature = "proxy")]
    pub(crate) const fn is_of_any_request(&self) -> bool {
        self.inclusions.is_empty()
    }

    /// Whether nothing can be found in a value, whatever its field.
    #[cfg(feature = "http")]
    pub(crate) fn clears(&self, value: &[u8]) -> bool {
        !self.policy.limits_lengths() && self.is_done_with(&scan(value))
    }

    /// Decides about a value that somebody marked as a secret: it is treated
    /// like a credential, whatever its field.
    #[cfg(feature = "http")]
    pub(crate) fn decide_secret<'v>(
        &self,
        name: &str,
        value: &'v [u8],
        context: impl FnOnce() -> Context,
    ) -> Verdict<'v> {
        self.judge(name, || Some(Protection::Credentials), value, context)
    }

    fn judge<'v>(
        &self,
        name: &str,
        protection: impl FnOnce() -> Option<Protection>,
        value: &'v [u8],
        context: impl FnOnce() -> Context,
    ) -> Verdict<'v> {
        let scan = scan(value);
        let too_long = self.too_long(name, value);
        if too_long.is_none() && self.is_done_with(&scan) {
            return Verdict::clean(value);
        }
        // What the field's name says matters for text in text only.
        let scan = if scan.facts().intersects(forms::FACTS.with(Facts::AMPERSAND)) {
            scan.in_field(name)
        } else {
            scan
        };
        // It tells charsets apart, and nothing else.
        let context = match scan.facts().contains(Facts::MALFORMED) {
            true => context(),
            false => Context::NONE,
        };
        let found = scan.findings_in(context);
        let mut tally = self.tally(name, &found);
        let is_found = !tally.firsts.is_empty();
        // Most of what is looked at is right, and goes on as it is.
        let is_right = !is_found && found.as_it_stands().is_none();
        if too_long.is_none() && self.policy.forms_nothing() && is_right {
            return Verdict::clean(value);
        }
        let (outcome, refusal) = match too_long {
            Some(rejection) => (Outcome::Reject(rejection), None),
            None => {
                let (outcome, refusal) = self.weigh(name, protection, &found, &tally);
                let inside = match outcome {
                    Outcome::Reject(_) => None,
                    _ => self.left_inside(name, &found, &tally, refusal),
                };
                (inside.map_or(outcome, Outcome::Reject), refusal)
            }
        };
        let outcome = match outcome {
            // What was to be repaired is what the form makes of it.
            Outcome::Rewrite(same) if same.as_bytes() == value => {
                tally.forget_repairs();
                Outcome::Forward(value)
            }
            outcome => outcome,
        };
        let action = match &outcome {
            Outcome::Reject(_) => Action::Reject,
            Outcome::Rewrite(_) => Action::Normalize,
            Outcome::Forward(_) => tally.greatest().min(Action::Log),
        };
        let told = tally.firsts.iter().filter(|(_, order)| is_told(order));
        let heaviest = told.map(|(first, _)| first.kind()).min();
        #[cfg(feature = "http")]
        let repairable = tally
            .first(|order| order.action == Action::Normalize)
            .map(|(finding, order)| (judged(finding.clone(), order), order.otherwise));
        Verdict {
            outcome,
            #[cfg(feature = "http")]
            repairable,
            judged: tally.judged,
            found: tally.found,
            action,
            heaviest,
            refusal,
            findings: is_found.then(|| Box::new(found)),
        }
    }

    /// Whether there is nothing to find in a value and nothing to put into a
    /// form, whatever its field.
    fn is_done_with(&self, scan: &Scan<'_>) -> bool {
        let is_formed = scan.facts().contains(Facts::NON_ASCII) && !self.policy.forms_nothing();
        !is_formed && scan.is_plain()
    }

    #[cfg(feature = "http")]
    pub(crate) const fn head_octets(&self) -> Option<usize> {
        self.policy.head_octets()
    }

    #[cfg(feature = "http")]
    pub(crate) fn spelling<'n>(&'n self, field: &'n str) -> &'n str {
        self.policy.spelling(field)
    }

    /// The rejection of a value that is longer than its rule allows.
    fn too_long(&self, name: &str, value: &[u8]) -> Option<Rejection> {
        if !self.policy.limits_lengths() {
            return None;
        }
        let (limit, source) = self.policy.limit(&self.inclusions, name)?;
        let cause = Cause::TooLong {
            octets: value.len(),
            limit,
        };
        (value.len() > limit).then_some(Rejection { cause, source })
    }

    /// Counts what is found, asking the policy once a kind.
    fn tally(&self, name: &str, found: &Findings<'_>) -> Tally<'_> {
        let mut tally = Tally {
            judged: Vec::new(),
            found: 0,
            firsts: Vec::new(),
        };
        for finding in found.clone() {
            let kind = finding.kind();
            let known = tally.firsts.iter().position(|(first, _)| {
                first.kind() == kind && first.is_in_place() == finding.is_in_place()
            });
            let place = known.unwrap_or_else(|| {
                let mut order = self.policy.asked(&self.inclusions, name, kind);
                if finding.is_in_place() {
                    order = order.in_place();
                }
                tally.firsts.push((finding.clone(), order));
                tally.firsts.len() - 1
            });
            if let Some((_, order)) = tally.firsts.get(place)
                && is_told(order)
            {
                if tally.found < Verdict::MOST_JUDGED {
                    tally.judged.push(judged(finding, order));
                }
                tally.found += 1;
            }
        }
        tally
    }

    /// What becomes of a value by what is ordered for its findings.
    fn weigh<'v>(
        &self,
        name: &str,
        protection: impl FnOnce() -> Option<Protection>,
        found: &Findings<'v>,
        tally: &Tally<'_>,
    ) -> (Outcome<'v>, Option<Refusal>) {
        let forward = Outcome::Forward(found.value());
        match tally.greatest() {
            Action::Allow => (
                self.conversion(name, protection, found)
                    .map_or(forward, Outcome::Rewrite),
                None,
            ),
            Action::Log => (forward, None),
            Action::Reject => {
                let to_blame = tally.first(|order| order.action == Action::Reject);
                (
                    to_blame.map_or(forward, |(finding, order)| {
                        reject(Cause::Found(finding.clone()), order)
                    }),
                    None,
                )
            }
            Action::Normalize => match self.repair(name, protection, found, tally) {
                Ok(normalized) => (Outcome::Rewrite(normalized), None),
                Err(refusal) => {
                    let to_blame = tally.first(|order| {
                        order.action == Action::Normalize
                            && (refusal == Refusal::Control || order.otherwise == Action::Reject)
                    });
                    let outcome = to_blame.map_or(forward, |(finding, order)| {
                        reject(Cause::NotRepaired(finding.clone(), refusal), order)
                    });
                    (outcome, Some(refusal))
                }
            },
        }
    }

    /// What would go upstream inside double-encoded text that is not undone, or
    /// in octets of a legacy charset that stay, and must not: `АЇ` is `C0 AF` in
    /// windows-1251, which a lenient reader of UTF-8 takes for a `/`.
    fn left_inside(
        &self,
        name: &str,
        found: &Findings<'_>,
        tally: &Tally<'_>,
        refusal: Option<Refusal>,
    ) -> Option<Rejection> {
        let undone = refusal.is_none()
            && tally.firsts.iter().any(|(first, order)| {
                let hides = matches!(
                    first.kind(),
                    FindingKind::DoubleEncoded | FindingKind::Latin1 | FindingKind::LegacyCharset
                );
                hides && order.action == Action::Normalize
            });
        if undone {
            return None;
        }
        let asked_of = |kind| self.policy.asked(&self.inclusions, name, kind);
        // A walk of its own, for which few policies ask.
        let in_legacy = match asked_of(FindingKind::OverlongUtf8).action {
            Action::Reject => found.as_overlong(),
            _ => None,
        };
        let overlong = |finding: &Finding| finding.kind() == FindingKind::OverlongUtf8;
        let in_legacy = in_legacy.into_iter().flatten().filter(overlong);
        let mut asked = Kinds::default();
        for finding in found.as_it_stands().into_iter().flatten().chain(in_legacy) {
            let kind = finding.kind();
            if asked.contains(kind) {
                continue;
            }
            asked.insert(kind);
            let order = asked_of(kind);
            if order.action == Action::Reject {
                return Some(Rejection {
                    cause: Cause::Found(finding),
                    source: order.source.clone(),
                });
            }
        }
        None
    }

    fn repair<'v>(
        &self,
        name: &str,
        protection: impl FnOnce() -> Option<Protection>,
        found: &Findings<'v>,
        tally: &Tally<'_>,
    ) -> Result<Normalized<'v>, Refusal> {
        let ordered = |action| {
            let firsts = tally.firsts.iter();
            firsts.filter(move |(_, order)| order.action == action)
        };
        let wanted = || ordered(Action::Normalize);
        let repaired = normalize(
            found,
            &Allowance {
                kinds: wanted().map(|(first, _)| first.kind()).collect(),
                allowed: ordered(Action::Allow)
                    .filter(|(first, _)| !first.is_in_place())
                    .map(|(first, _)| first.kind())
                    .collect(),
                charset: &|charset, octets| {
                    wanted().all(|(first, order)| {
                        let guessed = forms::guessed(first, &[]).is_some();
                        !guessed || order.allows_charset(charset, octets)
                    })
                },
                decode_markup: wanted()
                    .filter(|(first, _)| {
                        is_text_in_text(first.kind()) && first.kind() != FindingKind::DoubleEncoded
                    })
                    .all(|(_, order)| order.decodes_markup()),
                hidden_ascii: wanted().all(|(_, order)| order.decodes_markup()),
                max_octets: self.max_octets(name),
                rejects: &|kind| {
                    let order = self.policy.asked(&self.inclusions, name, kind);
                    order.action == Action::Reject
                },
                form: self.policy.form(&self.inclusions, name),
            },
        );
        match repaired {
            // A control is a reason to refuse a protected field too.
            Err(Refusal::Control) => repaired,
            _ if protection().is_some() => Err(Refusal::Protected),
            _ => repaired,
        }
    }

    /// Right text beyond ASCII, in which nothing is found but what is allowed,
    /// in the form that a rule declares, if that is another than it has.
    fn conversion<'v>(
        &self,
        name: &str,
        protection: impl FnOnce() -> Option<Protection>,
        found: &Findings<'v>,
    ) -> Option<Normalized<'v>> {
        let form = self.policy.form(&self.inclusions, name);
        if form == Form::Utf8 || protection().is_some() {
            return None;
        }
        let text = std::str::from_utf8(found.value()).ok()?;
        // Where some of it is in a form already, nobody can tell which of it.
        if text.is_ascii() || found.clone().any(|one| is_text_in_text(one.kind())) {
            return None;
        }
        let allowance = Allowance {
            kinds: Kinds::default(),
            allowed: Kinds::default(),
            charset: &|_, _| false,
            decode_markup: false,
            hidden_ascii: false,
            max_octets: self.max_octets(name),
            rejects: &|_| false,
            form,
        };
        normalize::convert(found, text, &allowance).ok()
    }

    /// The length that no repair of the named field's value may exceed.
    fn max_octets(&self, name: &str) -> Option<usize> {
        let ruled = self.policy.limit(&self.inclusions, name);
        let ruled = ruled.map(|(limit, _)| limit);
        ruled.into_iter().chain(self.policy.field_octets()).min()
    }
}

/// What was found in one value, with the policy's order for each kind.
struct Tally<'p> {
    /// The first findings that are told, up to [`Verdict::MOST_JUDGED`].
    judged: Vec<Judged>,
    /// How many are told.
    found: usize,
    /// The first finding of each kind, also of those that are not told.
    firsts: Vec<(Finding, Order<'p>)>,
}

impl Tally<'_> {
    /// Leaves out what was to be repaired, since it is as it should be.
    fn forget_repairs(&mut self) {
        let was_to_be = |action| action == Action::Normalize;
        self.firsts.retain(|(_, order)| !was_to_be(order.action));
        self.judged.retain(|judged| !was_to_be(judged.action));
        self.found = self.judged.len();
    }

    fn greatest(&self) -> Action {
        self.firsts
            .iter()
            .map(|(_, order)| order.action)
            .max()
            .unwrap_or(Action::Allow)
    }

    /// The first finding in the value for which this is ordered.
    fn first(&self, ordered: impl Fn(&Order<'_>) -> bool) -> Option<(&Finding, &Order<'_>)> {
        let firsts = self.firsts.iter().filter(|(_, order)| ordered(order));
        firsts
            .min_by_key(|(first, _)| first.span().start)
            .map(|(first, order)| (first, order))
    }
}

/// Whether a finding is told at all: nothing is said of what is allowed.
fn is_told(order: &Order<'_>) -> bool {
    order.action > Action::Allow
}

fn judged(finding: Finding, order: &Order<'_>) -> Judged {
    Judged {
        finding,
        action: order.action,
        source: order.source.clone(),
    }
}

fn reject<'v>(cause: Cause, order: &Order<'_>) -> Outcome<'v> {
    Outcome::Reject(Rejection {
        cause,
        source: order.source.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::Charset;
    use crate::finding::FindingKind::{CharRef, Latin1};
    use crate::policy::{Mistake, Preset, Rule, Scope};

    fn policy(rules: impl IntoIterator<Item = Rule>) -> Policy {
        rules
            .into_iter()
            .fold(Policy::builder(), |builder, rule| builder.rule(rule))
            .build()
            .expect("right rules")
    }

    fn action(policy: &Policy, name: &str, value: &[u8]) -> Action {
        policy.decide(name, value).action()
    }

    #[test]
    fn later_rules_win_kind_by_kind() {
        let policy = policy([
            Rule::for_fields(["X-*"]).reject([Latin1, CharRef]),
            Rule::for_fields(["X-Name"]).normalize([Latin1]),
        ]);
        assert_eq!(action(&policy, "X-Name", b"T\xE9l"), Action::Normalize);
        assert_eq!(action(&policy, "X-Name", b"T&eacute;l"), Action::Reject);
        assert_eq!(action(&policy, "x_name", b"T\xE9l"), Action::Normalize);
        assert_eq!(action(&policy, "X-Other", b"T\xE9l"), Action::Reject);
        assert_eq!(action(&policy, "Other", b"T\xE9l"), Action::Log);
        assert_eq!(action(&policy, "Other", b"Tel"), Action::Allow);
    }

    #[test]
    fn the_greatest_action_wins() {
        let policy = policy([Rule::for_fields(["N"])
            .normalize([Latin1])
            .reject([CharRef])]);
        assert_eq!(action(&policy, "N", b"T\xE9l&eacute;"), Action::Reject);
    }

    #[test]
    fn what_cannot_be_repaired_is_logged_or_refused_as_the_rule_says() {
        let normalize = || Rule::for_fields(["N"]).normalize([Latin1, CharRef]);
        let mild = policy([normalize()]);
        let firm = policy([normalize().reject([Latin1, CharRef])]);
        let beneath = policy([Rule::for_fields(["*"]).reject([CharRef]), normalize()]);
        for markup in [&b"&lt;b&gt;"[..], b"&nbsp;a"] {
            assert_eq!(action(&mild, "N", markup), Action::Log);
            assert_eq!(action(&firm, "N", markup), Action::Reject);
            assert_eq!(action(&beneath, "N", markup), Action::Reject);
        }
        // Unless it is a line break: that is always refused.
        assert_eq!(action(&mild, "N", b"a&#13;&#10;X-Evil: 1"), Action::Reject);
        assert_eq!(
            action(&Policy::default(), "N", b"a&#13;&#10;X-Evil: 1"),
            Action::Log
        );
        assert_eq!(
            mild.decide("N", b"&lt;b&gt;").refusal(),
            Some(Refusal::Markup)
        );
    }

    #[test]
    fn a_charset_has_to_be_listed() {
        let only = |charset| {
            policy([Rule::for_fields(["N"])
                .normalize([Latin1])
                .assume_charsets([charset])])
        };
        assert_eq!(
            action(&only(Charset::Latin1), "N", b"T\xE9l"),
            Action::Normalize
        );
        assert_eq!(
            action(&only(Charset::Latin1), "N", b"\x93A\x94"),
            Action::Log
        );
        assert_eq!(
            action(&only(Charset::Windows1252), "N", b"\x93A\x94"),
            Action::Normalize
        );
    }

    #[test]
    fn protected_fields_are_never_rewritten() {
        let policy = policy([Rule::for_fields(["*"]).normalize([Latin1, CharRef])]);
        let verdict = policy.decide("Authorization", b"T\xE9l");
        assert_eq!(
            (verdict.action(), verdict.refusal()),
            (Action::Log, Some(Refusal::Protected))
        );
        assert_eq!(action(&policy, "Authorization", b"a&#10;b"), Action::Reject);
        assert_eq!(action(&policy, "CompanyName", b"T\xE9l"), Action::Normalize);
    }

    #[test]
    fn lengths() {
        let policy = policy([Rule::for_fields(["N"]).normalize([Latin1]).max_octets(4)]);
        assert_eq!(action(&policy, "N", b"abcd"), Action::Allow);
        assert_eq!(action(&policy, "N", b"abcde"), Action::Reject);
        assert_eq!(action(&policy, "N", b"a\xE9c"), Action::Normalize);
        assert_eq!(
            policy.decide("N", b"ab\xE9c").refusal(),
            Some(Refusal::TooLong)
        );
        assert_eq!(action(&policy, "Other", b"abcde"), Action::Allow);
    }

    #[test]
    fn nothing_is_said_of_what_is_allowed() {
        let policy = policy([Rule::for_fields(["N"]).allow([CharRef])]);
        let verdict = policy.decide("N", b"caf&eacute;");
        assert!(verdict.is_clean() && verdict.heaviest().is_none());
        assert_eq!(
            (verdict.action(), verdict.judged()),
            (Action::Allow, &[][..])
        );
        let verdict = policy.decide("N", b"T\xE9l caf&eacute;");
        assert_eq!((verdict.found(), verdict.judged().len()), (1, 1));
        assert_eq!(verdict.heaviest(), Some(Latin1));
        let value = [&b"&eacute;".repeat(200)[..], b"T\xE9l"].concat();
        assert_eq!(policy.decide("N", &value).judged().len(), 1);
    }

    #[test]
    fn scoped_rules_need_their_request() {
        let scope = Scope::default().routes(["/api/*"]);
        let policy = policy([Rule::for_fields(["N"]).reject([Latin1]).within(scope)]);
        let target = |path| Target::new("GET", "x", path);
        assert_eq!(
            policy
                .for_request(target("/api/a"))
                .decide("N", b"T\xE9l")
                .action(),
            Action::Reject
        );
        assert_eq!(
            policy
                .for_request(target("/other"))
                .decide("N", b"T\xE9l")
                .action(),
            Action::Log
        );
        assert_eq!(action(&policy, "N", b"T\xE9l"), Action::Log);
    }

    #[test]
    fn presets() {
        let preset = |preset| Policy::builder().preset(preset).build().expect("no rules");
        for (value, log, repair, strict) in [
            (
                &b"T\xE9l"[..],
                Action::Log,
                Action::Normalize,
                Action::Reject,
            ),
            (b"\xC0\xAF", Action::Log, Action::Reject, Action::Reject),
            (
                "a\u{200b}b".as_bytes(),
                Action::Log,
                Action::Log,
                Action::Reject,
            ),
            (b"AT&T", Action::Allow, Action::Allow, Action::Allow),
        ] {
            assert_eq!(action(&preset(Preset::Log), "N", value), log);
            assert_eq!(action(&preset(Preset::Repair), "N", value), repair);
            assert_eq!(action(&preset(Preset::Strict), "N", value), strict);
        }
        assert_eq!(
            action(&preset(Preset::Repair), "Cookie", b"T\xE9l"),
            Action::Log
        );
    }

    #[test]
    fn mistakes_are_all_reported() {
        let error = Policy::builder()
            .rule(
                Rule::for_fields(["Host", "X Y"])
                    .normalize([Latin1, FindingKind::Invisible])
                    .log([Latin1]),
            )
            .rule(Rule::for_fields(Vec::<String>::new()))
            .build()
            .expect_err("wrong rules");
        let found: Vec<_> = error
            .mistakes()
            .iter()
            .map(|(place, mistake)| (*place, mistake.clone()))
            .collect();
        assert_eq!(
            found,
            [
                (0, Mistake::Protected("Host".into(), Protection::Framing)),
                (0, Mistake::NotAFieldName("X Y".into())),
                (0, Mistake::NotRepairable(FindingKind::Invisible)),
                (
                    0,
                    Mistake::Contradiction(Latin1, Action::Normalize, Action::Log)
                ),
                (1, Mistake::NoFields),
                (1, Mistake::NothingAsked),
            ]
        );
    }
}
