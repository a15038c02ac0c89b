//! The only maker of [`Normalized`]: a repaired value that may go upstream.
//!
//! A repair is a reading that passed a second look. What the second look
//! refuses is never made, whoever asks: controls, bidi controls and
//! noncharacters, an edge space that the next hop would trim or refuse
//! (RFC 9113 §8.2.1), a value over the limits, one that still holds what was
//! to be repaired.

use crate::char_ref;
use crate::characters;
use crate::charset::Charset;
use crate::classify::{Findings, is_edge_space};
use crate::fields::Grammar;
use crate::finding::{Confidence, Finding, FindingKind, Hazard, Kinds};
use crate::forms;
use crate::policy::Form;
use crate::reading::decode;
use crate::scan::scan;
use std::fmt;

/// A value as it should have been sent: well-formed UTF-8, without controls,
/// bidi controls, noncharacters or edge space, within the limits.
///
/// Holds the octets it replaces as well.
#[derive(Clone, PartialEq, Eq)]
pub struct Normalized<'v> {
    original: &'v [u8],
    text: String,
    /// The form it is passed on in, and its octets where that is not UTF-8.
    form: Form,
    formed: Option<Vec<u8>>,
}

impl<'v> Normalized<'v> {
    /// The repaired value as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The repaired value's octets, which go upstream: the text in UTF-8, or in
    /// the form that the rule declares.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.formed.as_deref().unwrap_or(self.text.as_bytes())
    }

    /// The form in which it goes upstream.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The octets that came.
    #[must_use]
    pub const fn original(&self) -> &'v [u8] {
        self.original
    }

    /// The repaired value as text, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }

    /// The octets that go upstream, owned.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.formed.unwrap_or_else(|| self.text.into_bytes())
    }
}

impl fmt::Debug for Normalized<'_> {
    /// Shows lengths only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Normalized")
            .field("from_octets", &self.original.len())
            .field("octets", &self.as_bytes().len())
            .finish()
    }
}

/// What a repair may do.
pub(crate) struct Allowance<'a> {
    /// The kinds to decode.
    pub(crate) kinds: Kinds,
    /// The kinds that are as they should be here.
    pub(crate) allowed: Kinds,
    /// Whether octets may be taken for this charset.
    pub(crate) charset: &'a dyn Fn(Charset, &[u8]) -> bool,
    pub(crate) decode_markup: bool,
    /// Whether signs in disguise may come out of any decoding, also of a charset.
    pub(crate) hidden_ascii: bool,
    pub(crate) max_octets: Option<usize>,
    /// Whether a value is refused for a finding of this kind.
    pub(crate) rejects: &'a dyn Fn(FindingKind) -> bool,
    /// How the text is passed on.
    pub(crate) form: Form,
}

/// Why a repair that a rule asked for was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// It holds a control, a bidi control or a noncharacter that is not the
    /// repair's doing; no such value is called normalized.
    AlreadyUnsafe,
    /// The rule does not list the charset the octets would have to be in.
    CharsetNotAssumed,
    /// It would make CR, LF, NUL or another control.
    Control,
    /// It would leave whitespace at an end of the value.
    EdgeSpace,
    /// It would make ASCII other than `&`, `'` and SP, or a full-width form of
    /// it, and the rule does not say `decode_markup`.
    Markup,
    /// The form that the rule declares cannot say the text, or not so that it
    /// could be read back.
    NotInForm,
    /// The field is never rewritten.
    Protected,
    /// The result would be refused itself: it has a full-width form, say, and
    /// the policy rejects these.
    Rejected,
    /// A signature that the message carries covers the field.
    Signed,
    /// The result would still hold what was to be repaired, or be decoded by half.
    StillEncoded,
    /// It would make an HTAB, which separates for some and is a space for others.
    Tab,
    /// The result would be longer than the field may be.
    TooLong,
    /// It would make a bidi control, a noncharacter, U+2028 or U+2029, or
    /// something invisible.
    UnsafeCharacter,
    /// Nobody can tell what the octets were meant to be.
    Unreadable,
}

impl Refusal {
    /// The reason, as a clause that follows "not repaired:".
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::AlreadyUnsafe => "the value holds another character that is not safe",
            Self::CharsetNotAssumed => "the rule does not let this charset be assumed",
            Self::Control => "decoding would make a control character",
            Self::EdgeSpace => "the repaired value would start or end with a space",
            Self::Markup => {
                "decoding would make an ASCII sign, letter or digit, and the rule does not allow that"
            }
            Self::NotInForm => "the form that the rule declares cannot say this text",
            Self::Protected => "this field is never rewritten",
            Self::Rejected => "the repaired value would be rejected itself",
            Self::Signed => "a signature of the message covers this field",
            Self::StillEncoded => "the repaired value would still be encoded",
            Self::Tab => "decoding would make a tab",
            Self::TooLong => "the repaired value would be too long",
            Self::UnsafeCharacter => "decoding would make a character that hides or reorders text",
            Self::Unreadable => "nobody can tell what was meant",
        }
    }
}

/// Repairs a value, whole or not at all.
pub(crate) fn normalize<'v>(
    found: &Findings<'v>,
    allowance: &Allowance<'_>,
) -> Result<Normalized<'v>, Refusal> {
    let value = found.value();
    let mut before = Before::default();
    let mut sure = true;
    let mut refused = None;
    // Text in text that is decoded, and such that is not.
    let (mut decoded, mut left) = (false, false);
    let mut quotes = Quotes::default();
    for finding in found.clone() {
        let kind = finding.kind();
        before.add(&finding);
        if allowance.allowed.contains(kind) || finding.is_in_place() {
            continue;
        }
        let chosen = allowance.kinds.contains(kind);
        // `#9&#10` only may be a reference: it is left.
        let sure_enough = finding.confidence() != Some(Confidence::Possible);
        match finding
            .hazard()
            .filter(|_| kind.is_repairable() && sure_enough)
        {
            Some(Hazard::Control) if is_tab(&finding, value) => {
                refused = refused.or(chosen.then_some(Refusal::Tab));
            }
            // Also where this reference is not to be decoded: a value that
            // holds one is not rewritten at all.
            Some(Hazard::Control) => return Err(Refusal::Control),
            // A value with one reference to markup is left whole, also when
            // others in it are harmless.
            Some(Hazard::Markup) if chosen && !allowance.decode_markup => {
                refused = refused.or(Some(Refusal::Markup));
            }
            _ => {}
        }
        if is_text_in_text(kind) {
            decoded |= chosen;
            left |= !chosen;
        }
        if !chosen {
            continue;
        }
        let octets = value.get(finding.span()).unwrap_or_default();
        if let Some((charset, octets)) = forms::guessed(&finding, octets)
            && !(allowance.charset)(charset, &octets)
        {
            refused = refused.or(Some(Refusal::CharsetNotAssumed));
        }
        // It would end the string it stands in, whoever lets signs be decoded.
        if finding.hazard() == Some(Hazard::Markup)
            && quotes.are_open_at(value, finding.span().start)
            && decode(&finding, octets).is_some_and(|text| text.contains(['"', '\\']))
        {
            refused = refused.or(Some(Refusal::Markup));
        }
        sure &= finding.confidence() > Some(Confidence::Possible);
    }
    if !allowance.kinds.contains(FindingKind::DoubleEncoded) {
        let as_it_stands = found.as_it_stands().into_iter().flatten();
        as_it_stands.for_each(|finding| before.add(&finding));
    }
    if let Some(refusal) = refused {
        return Err(refusal);
    }
    if decoded && left {
        return Err(Refusal::StillEncoded);
    }
    if !sure {
        return Err(Refusal::Unreadable);
    }
    let text = found
        .read(|finding| allowance.kinds.contains(finding.kind()) && !finding.is_in_place())
        .map_err(|_| Refusal::Unreadable)?
        .into_text();
    second_look(found.grammar(), &before, &text, allowance)?;
    if char_ref::hidden(text.as_bytes()) > char_ref::hidden(value) {
        return Err(Refusal::StillEncoded);
    }
    if !allowance.hidden_ascii && hides_ascii(value, &text) {
        return Err(Refusal::Markup);
    }
    form(found, &before, text, allowance)
}

/// Whether the text has signs in disguise (`＜`) that the value does not have.
/// Their full-width forms are how Chinese, Japanese and Korean are written, but
/// for those that open tags, strings, expressions and pipes.
fn hides_ascii(value: &[u8], text: &str) -> bool {
    let wide = text.contains(characters::is_wide);
    let hides = |character: &char| match character {
        '＂' | '＄' | '＜' | '＞' | '＼' | '｀' | '｛' | '｜' | '｝' => true,
        // Small and vertical forms of these: `﹤` is in GBK, and is in no name.
        '\u{fe37}' | '\u{fe38}' | '\u{fe5b}' | '\u{fe5c}' | '\u{fe64}' | '\u{fe65}' => true,
        '\u{fe68}' | '\u{fe69}' => true,
        '\u{2024}' | '\u{2025}' | '\u{fe10}'..='\u{ff5e}' => {
            !wide && char_ref::is_hidden_ascii(*character)
        }
        _ => char_ref::is_hidden_ascii(*character),
    };
    let goes = sorted(text.chars().filter(hides));
    if goes.is_empty() {
        return false;
    }
    let chunks = value.utf8_chunks();
    let valid = chunks.flat_map(|chunk| chunk.valid().chars());
    // Each has to have come: one sign in disguise is no excuse for another.
    let mut came = sorted(valid.filter(hides)).into_iter();
    !goes.iter().all(|sign| came.any(|known| known == *sign))
}

fn sorted(characters: impl Iterator<Item = char>) -> Vec<char> {
    let mut sorted: Vec<char> = characters.collect();
    sorted.sort_unstable();
    sorted
}

/// Puts right text, in which nothing is found but what is allowed, into the
/// form that is declared.
pub(crate) fn convert<'v>(
    found: &Findings<'v>,
    text: &str,
    allowance: &Allowance<'_>,
) -> Result<Normalized<'v>, Refusal> {
    let mut before = Before::default();
    found.clone().for_each(|finding| before.add(&finding));
    second_look(found.grammar(), &before, text, allowance)?;
    form(found, &before, text.to_owned(), allowance)
}

/// The text in its form, within the limits.
fn form<'v>(
    found: &Findings<'v>,
    before: &Before,
    text: String,
    allowance: &Allowance<'_>,
) -> Result<Normalized<'v>, Refusal> {
    let form = allowance.form;
    let (form, formed) = if form == Form::Utf8 || text.is_ascii() {
        (Form::Utf8, None)
    } else {
        // What is in its place in the value would not be in the form.
        let keeps_ascii = form == Form::Latin1;
        if !keeps_ascii && found.clone().any(|finding| finding.is_in_place()) {
            return Err(Refusal::NotInForm);
        }
        let octets = form.write(&text).ok_or(Refusal::NotInForm)?;
        if form.read(&octets).as_ref() != Some(&text) {
            return Err(Refusal::NotInForm);
        }
        // `%E9` beside letters beyond ASCII is nothing, and percent-encoded text
        // where these are references.
        let written = scan(&octets).with_grammar(found.grammar()).findings();
        let new = |kind| Some(kind) != form.kind() && !before.kinds.contains(kind);
        if written
            .filter(|one| !one.is_in_place())
            .any(|one| new(one.kind()))
            && form != Form::Latin1
        {
            return Err(Refusal::NotInForm);
        }
        (form, Some(octets))
    };
    let normalized = Normalized {
        original: found.value(),
        text,
        form,
        formed,
    };
    let octets = normalized.as_bytes().len();
    if allowance.max_octets.is_some_and(|limit| octets > limit) {
        return Err(Refusal::TooLong);
    }
    Ok(normalized)
}

/// Kinds of text that was encoded as other text: of several in one value all
/// are decoded or none, since half a decoding is another text than either.
pub(crate) const fn is_text_in_text(kind: FindingKind) -> bool {
    matches!(
        kind,
        FindingKind::CharRef
            | FindingKind::DisplayString
            | FindingKind::DoubleEncoded
            | FindingKind::EncodedWord
            | FindingKind::ExtValue
            | FindingKind::NestedEncoding
            | FindingKind::PercentEncoded
            | FindingKind::UnicodeEscape
    )
}

/// Whether the reference stands for HTAB, the one control that HTTP allows in a
/// value (RFC 9110 §5.5).
fn is_tab(finding: &Finding, value: &[u8]) -> bool {
    let octets = value.get(finding.span()).unwrap_or_default();
    decode(finding, octets).as_deref() == Some("\t")
}

/// Whether a place is inside a quoted-string (RFC 9110 §5.6.4); to be asked of
/// places in their order.
#[derive(Default)]
struct Quotes {
    at: usize,
    open: bool,
}

impl Quotes {
    fn are_open_at(&mut self, value: &[u8], place: usize) -> bool {
        while let Some(octet) = value.get(self.at).filter(|_| self.at < place) {
            self.at += match octet {
                b'\\' if self.open => 2,
                b'"' => {
                    self.open = !self.open;
                    1
                }
                _ => 1,
            };
        }
        self.open
    }
}

/// What was found in a value before its repair.
#[derive(Default)]
struct Before {
    kinds: Kinds,
    /// How many of each kind that no repaired value may hold, or more of.
    unsafes: [usize; 5],
}

impl Before {
    /// What is in its place is none: it is to stay there.
    fn add(&mut self, finding: &Finding) {
        if finding.is_in_place() {
            return;
        }
        let kind = finding.kind();
        self.kinds.insert(kind);
        if let Some(count) = count_of(&mut self.unsafes, kind) {
            *count += 1;
        }
    }
}

/// The count of this kind, if it is one that no repair may make.
const fn count_of(counts: &mut [usize; 5], kind: FindingKind) -> Option<&mut usize> {
    let [
        controls,
        bidi_controls,
        noncharacters,
        invisibles,
        replacements,
    ] = counts;
    match kind {
        FindingKind::Invisible => Some(invisibles),
        FindingKind::ReplacementChar => Some(replacements),
        FindingKind::Control => Some(controls),
        FindingKind::BidiControl => Some(bidi_controls),
        FindingKind::Noncharacter => Some(noncharacters),
        _ => None,
    }
}

/// Judges the result as if it had just come in.
fn second_look(
    grammar: Grammar,
    before: &Before,
    text: &str,
    allowance: &Allowance<'_>,
) -> Result<(), Refusal> {
    if text.starts_with(is_edge_space) || text.ends_with(is_edge_space) {
        return Err(Refusal::EdgeSpace);
    }
    let mut old = before.unsafes;
    let mut already = None;
    let found = scan(text.as_bytes()).with_grammar(grammar).findings();
    // Double-encoded text that was not to be undone may hold C1 controls.
    let mut as_it_stands = found.as_it_stands().into_iter().flatten();
    if as_it_stands.any(|finding| finding.kind() == FindingKind::Control) {
        already = Some(Refusal::AlreadyUnsafe);
    }
    for finding in found.filter(|finding| !finding.is_in_place()) {
        let kind = finding.kind();
        if let Some(left) = count_of(&mut old, kind) {
            // More than there were: the repair made one.
            *left = left.checked_sub(1).ok_or(match kind {
                FindingKind::Control => Refusal::Control,
                _ => Refusal::UnsafeCharacter,
            })?;
            if !matches!(kind, FindingKind::Invisible | FindingKind::ReplacementChar) {
                already = Some(Refusal::AlreadyUnsafe);
            }
            continue;
        }
        match kind {
            // What was there before is not the repair's doing; a new one is.
            _ if before.kinds.contains(kind) && !allowance.kinds.contains(kind) => {}
            // The text that was meant, in whatever form it was written, unless
            // nobody may send it so.
            FindingKind::Fullwidth | FindingKind::LossyMark | FindingKind::NotNfc => {
                if (allowance.rejects)(kind) {
                    return Err(Refusal::Rejected);
                }
            }
            _ => return Err(Refusal::StillEncoded),
        }
    }
    // Among right-to-left letters they are no finding; a repair makes none.
    if already.is_none() && text.contains(characters::is_direction_mark) {
        already = Some(Refusal::UnsafeCharacter);
    }
    already.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repair(value: &[u8]) -> Result<String, Refusal> {
        let allowance = Allowance {
            kinds: FindingKind::ALL
                .iter()
                .copied()
                .filter(|kind| kind.is_repairable())
                .collect(),
            allowed: Kinds::default(),
            charset: &|_, _| true,
            decode_markup: false,
            hidden_ascii: false,
            max_octets: Some(64),
            rejects: &|_| false,
            form: Form::Utf8,
        };
        normalize(&scan(value).findings(), &allowance).map(Normalized::into_string)
    }

    #[test]
    fn a_repair_passes_a_second_look_or_is_not_made() {
        for (value, expected) in [
            (&b"T\xE9l&eacute;bec"[..], Ok("Télébec")),
            (b"a&#13;&#10;X-Evil: 1", Err(Refusal::Control)),
            (b"a&#0;", Err(Refusal::Control)),
            (b"a&NewLine;b", Err(Refusal::Control)),
            (b"a&#8232;b", Err(Refusal::Control)),
            (b"a&#9;b", Err(Refusal::Tab)),
            (b"a&Tab;b&#10;", Err(Refusal::Control)),
            (b"a&#9;b &eacute;", Err(Refusal::Tab)),
            (b"\x01&eacute;", Err(Refusal::AlreadyUnsafe)),
            ("\u{2028}&eacute;".as_bytes(), Err(Refusal::AlreadyUnsafe)),
            ("\u{202e}&eacute;".as_bytes(), Err(Refusal::AlreadyUnsafe)),
            ("\u{202e}&#8238;".as_bytes(), Err(Refusal::UnsafeCharacter)),
            (b"\x01&#8238;", Err(Refusal::UnsafeCharacter)),
            (b"a&#8238;b", Err(Refusal::UnsafeCharacter)),
            (b"a&#xFFFE;b", Err(Refusal::UnsafeCharacter)),
            (b"a&#8203;b", Err(Refusal::UnsafeCharacter)),
            (b"a&#xFFFD;b", Err(Refusal::UnsafeCharacter)),
            (b"a&nbsp;", Err(Refusal::EdgeSpace)),
            (b"&#32;a", Err(Refusal::EdgeSpace)),
            (b"&lt;script&gt; &eacute;", Err(Refusal::Markup)),
            (b"&#65;&eacute;", Err(Refusal::Markup)),
            (b"&#36;&#123;jndi:x&#125;", Err(Refusal::Markup)),
            (b"&percnt;0d", Err(Refusal::Markup)),
            (b"&#65308;b", Err(Refusal::Markup)),
            (b"&amp;&#35;233;", Err(Refusal::Markup)),
            (b"&amp;e&eacute;", Ok("&eé")),
            (b"&amp;#60b&eacute;", Err(Refusal::StillEncoded)),
            (b"AT&amp;lt &eacute;", Err(Refusal::StillEncoded)),
            (b"=?utf-8?q?=26lt_=C3=A9?=", Err(Refusal::StillEncoded)),
            (b"%=?utf-8?q?0D?=%=?utf-8?q?0A?=X", Err(Refusal::Markup)),
            (b"<=?utf-8?q?script?=>", Err(Refusal::Markup)),
            (b"<scr=?utf-8?q?ip?=t>", Err(Refusal::Markup)),
            (b"${=?utf-8?q?jndi?=:x}", Err(Refusal::Markup)),
            (b"<UTF-8''script%20x>", Err(Refusal::Markup)),
            (b"%u0073cript %u00e9", Err(Refusal::Markup)),
            (b"%C3%A9%2E%2E", Err(Refusal::Markup)),
            (b"=?utf-8?q?Caf=C3=A9_(A)?=, b", Ok("Café (A), b")),
            (b"a=\"=?utf-8?q?b=C3=A9?=.pdf\"", Ok("a=\"bé.pdf\"")),
            (
                b"\x93\x8C\x8B\x9E\x81\x69\x8A\x94\x81\x6A",
                Ok("東京（株）"),
            ),
            (
                b"\x93\x8C\x8B\x9E\x81\x83\x8A\x94\x81\x84",
                Err(Refusal::Markup),
            ),
            (
                "\u{200b}a&#8203;b".as_bytes(),
                Err(Refusal::UnsafeCharacter),
            ),
            (b"O&#39;Brien &amp;&#32;Co", Ok("O'Brien & Co")),
            (b"&#xD800;", Err(Refusal::Unreadable)),
            (b"Bon\xE8", Err(Refusal::Unreadable)),
            (b"Ba\xFEak", Ok("Başak")),
            (
                b"\x81\x69\x8A\x94\x81\x6A\x8E\x52\x93\x63\x8F\xA4\x93\x58",
                Ok("（株）山田商店"),
            ),
            (
                b"\x81\x83\x8E\x52\x93\x63\x8F\xA4\x93\x58\x81\x84",
                Err(Refusal::Markup),
            ),
        ] {
            assert_eq!(
                repair(value),
                expected.map(str::to_owned),
                "{}",
                crate::preview::Preview::new(value)
            );
        }
    }

    #[test]
    fn no_quoted_string_is_left_by_what_is_decoded_in_it() {
        let repair = |value: &[u8]| {
            let allowance = Allowance {
                kinds: [FindingKind::CharRef, FindingKind::EncodedWord]
                    .into_iter()
                    .collect(),
                allowed: Kinds::default(),
                charset: &|_, _| true,
                decode_markup: true,
                hidden_ascii: true,
                max_octets: None,
                rejects: &|_| false,
                form: Form::Utf8,
            };
            normalize(&scan(value).findings(), &allowance).map(Normalized::into_string)
        };
        assert_eq!(repair(b"&quot;&eacute;&quot;"), Ok("\"é\"".to_owned()));
        assert_eq!(repair(b"a=\"b\"&quot;"), Ok("a=\"b\"\"".to_owned()));
        assert_eq!(repair(b"a=\"&lt;&eacute;\""), Ok("a=\"<é\"".to_owned()));
        assert_eq!(repair(b"a=\"&quot;; b=c\""), Err(Refusal::Markup));
        assert_eq!(repair(b"a=\"\\\"&quot;\""), Err(Refusal::Markup));
        assert_eq!(repair(b"a=\"=?utf-8?q?=5C?=\""), Err(Refusal::Markup));
    }

    #[test]
    fn limits_hold_for_the_result() {
        assert_eq!(
            repair(&[b"T\xE9l".as_slice(), &[b'a'; 61]].concat()),
            Err(Refusal::TooLong)
        );
        assert!(repair(&[b"T\xE9l".as_slice(), &[b'a'; 60]].concat()).is_ok());
    }
}
