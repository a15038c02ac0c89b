//! Which charset octets that are not UTF-8 were in.
//!
//! Every charset that has characters for all octets gives a reading. What a
//! reading costs is the text's own cost in the language that it fits best, and
//! what it costs to suppose that language and that charset. Charsets that give
//! the same text give one reading, said to be in the likeliest of them. The
//! best is believed when the best *other* text costs clearly more, and when
//! noise would have cost more too.

use super::context::Context;
use super::cost::{Ascii, Beyond, TextCost, text_cost};
use super::glyph::{Glyph, upper};
use super::languages::{MULTI, Multi, SINGLE, languages, least_supposed, supposed};
use super::model::{Cost, Upper};
use super::{Charset, multi};
use crate::finding::Confidence;
use std::fmt;

/// How octets read best.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judgement {
    pub(crate) charset: Charset,
    pub(crate) confidence: Confidence,
    /// Whether the text is in Latin letters, or in none.
    pub(crate) is_latin: bool,
    /// How much less than noise the octets of 80–FF cost, in sixteenths of a
    /// nat.
    pub(crate) gain: i32,
}

/// How `value` reads best; `None` when it reads as no text.
pub(crate) fn judge(value: &[u8], context: Context) -> Option<Judgement> {
    let readings = Readings::of(value, context, CLEAR);
    let (best, margin) = readings.best()?;
    let gain = readings.noise - best.cost;
    // One strange word has nothing else that it could be: in a Western language
    // that is so at once, in others not where noise would do nearly as well.
    let is_alone = match best.charset {
        Charset::Windows1252 => margin >= ALONE,
        _ => margin >= FAR_ALONE && gain >= SOUND / 2,
    };
    let is_sound = gain >= SOUND || is_alone;
    (gain > 0).then(|| Judgement {
        charset: best.charset(value),
        confidence: if margin >= CLEAR && is_sound {
            Confidence::Likely
        } else {
            Confidence::Possible
        },
        is_latin: best.is_latin,
        gain,
    })
}

/// How much more the second text has to cost.
const CLEAR: Cost = 18;
/// How much more it has to cost where there is no other text to speak of.
const ALONE: Cost = 18;
/// The same for charsets that are not Western.
const FAR_ALONE: Cost = 40;
/// How much more noise has to cost.
const SOUND: Cost = 100;
/// What it costs to suppose that octets are no text, and what each of 80–FF
/// costs then: one in 128, and a little.
const NOISE: Cost = 200;
const NOISE_OCTET: Cost = 82;

/// What a value may have been, for a person to choose from.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alternative {
    /// The charset that the octets would be in; the likeliest, where the text
    /// is the same in several.
    pub charset: Charset,
    /// The text.
    pub text: String,
    /// What speaks for it, in a few words.
    pub reason: String,
}

impl fmt::Debug for Alternative {
    /// Shows the length, not the text: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alternative")
            .field("charset", &self.charset)
            .field("octets", &self.text.len())
            .field("reason", &self.reason)
            .finish()
    }
}

/// Everything that `value` reads as, the likeliest first.
pub(crate) fn ranking(value: &[u8], context: Context) -> Vec<Alternative> {
    let readings = Readings::of(value, context, Cost::MAX / 2);
    let clear = |candidate: &Candidate| candidate.cost + SOUND <= readings.noise;
    readings
        .ranked()
        .iter()
        .filter_map(|candidate| {
            let charset = candidate.charset(value);
            let language = candidate.language;
            let reason = match candidate.manner {
                Manner::Signs => "a sign where signs stand".to_owned(),
                _ if !clear(candidate) => format!("perhaps {language}"),
                Manner::Characters => format!("common {language} characters"),
                Manner::Letters => format!("letters as in {language} names"),
            };
            Some(Alternative {
                charset,
                text: charset.decode(value)?,
                reason,
            })
        })
        .collect()
}

/// How much more than noise a reading may cost that is still shown.
const WORTH_SHOWING: Cost = 40;

/// What a reading consists of beyond ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Characters,
    Letters,
    Signs,
}

/// One text, and the charset it is most likely in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    charset: Charset,
    pub(super) cost: Cost,
    language: &'static str,
    manner: Manner,
    is_latin: bool,
    text: u64,
}

impl Candidate {
    /// The charset; GB18030 where the value has what GBK has not.
    pub(super) fn charset(&self, value: &[u8]) -> Charset {
        match self.charset {
            Charset::Gbk if multi::has_four_octets(value) => Charset::Gb18030,
            charset => charset,
        }
    }
}

/// All readings of a value, without those that say the same.
pub(super) struct Readings {
    candidates: Vec<Candidate>,
    /// What the best of them costs.
    best: Cost,
    noise: Cost,
    /// How much more than the best a text may cost that is judged to its end.
    margin: Cost,
}

impl Readings {
    fn of(value: &[u8], context: Context, margin: Cost) -> Self {
        let judged = judged(value);
        let mut octets = [0; JUDGED];
        let (ascii, length) = Ascii::of(judged, &mut octets);
        let octets = octets.get(..length).unwrap_or_default();
        let mut readings = Readings {
            candidates: Vec::with_capacity(SINGLE.len()),
            best: Cost::MAX / 4,
            noise: NOISE + ascii.average + NOISE_OCTET * high(octets),
            margin: margin.saturating_add(context.most() + ALL_KANA),
        };
        readings.add_singles(value, octets, &ascii, context);
        // ASCII words that were taken out change nothing in what decodes.
        let rest = (judged.len() < value.len()).then_some(value);
        let mut text = Vec::with_capacity(octets.len());
        for found in &MULTI {
            if multi::decode(found.charset, octets, &mut text)
                && rest.is_none_or(|rest| multi::decodes(found.charset, rest))
            {
                readings.add_multi(found, &text, &ascii, context);
            }
        }
        readings
    }

    fn add_singles(&mut self, value: &[u8], octets: &[u8], ascii: &Ascii, context: Context) {
        let present = value
            .iter()
            .filter(|octet| !octet.is_ascii())
            .fold(0, |present, octet| present | 1u128 << (octet & 0x7f));
        // ASCII is the same in all of them.
        let mut text: Vec<Glyph> = octets
            .iter()
            .map(|&octet| Glyph::ascii(octet & 0x7f))
            .collect();
        let high = High::of(octets);
        // One text is judged once, also where it is the likelier charset's.
        let mut hashes = Vec::with_capacity(SINGLE.len());
        let mut costs: Vec<Option<TextCost>> = Vec::with_capacity(SINGLE.len());
        for (place, &charset) in SINGLE.iter().enumerate() {
            // The octets beyond what is judged have to have characters as well.
            let Some(upper) = upper(place).filter(|_| present & !Upper::defined(place) == 0) else {
                continue;
            };
            let hash = high.hash(upper);
            let known = hashes.iter().position(|&known| known == hash);
            let known = known.unwrap_or_else(|| {
                let mut beyond = Beyond::new(high.drawn_out);
                for (at, glyph) in high.glyphs(upper) {
                    if let Some(slot) = text.get_mut(at) {
                        *slot = glyph;
                    }
                    beyond.add(glyph);
                }
                hashes.push(hash);
                costs.push(text_cost(&text, beyond, ascii, None, self.most()));
                costs.len() - 1
            });
            if let Some(Some(cost)) = costs.get(known) {
                self.add_single((place, charset), hash, cost, context);
            }
        }
    }

    fn add_single(
        &mut self,
        (place, charset): (usize, Charset),
        text: u64,
        text_cost: &TextCost,
        context: Context,
    ) {
        let known = self.same(text).copied();
        // In the likeliest charset it mostly costs less than it can in another.
        let least = text_cost.base + text_cost.least + least_supposed(text_cost.family, place);
        if context == Context::NONE && known.is_some_and(|known| known.cost <= least) {
            return;
        }
        let Some((language, cost)) = best_language(text_cost, place, context) else {
            return;
        };
        let cost = cost + context.charset(charset);
        if known.is_none_or(|known| cost < known.cost) {
            self.put(Candidate {
                charset: named(charset, known),
                cost,
                language,
                manner: if text_cost.letters == 0 {
                    Manner::Signs
                } else {
                    Manner::Letters
                },
                is_latin: text_cost.is_latin,
                text,
            });
        }
    }

    fn add_multi(&mut self, found: &Multi, text: &[Glyph], ascii: &Ascii, context: Context) {
        let mut beyond = Beyond::new(drawn_out(text.iter().map(|glyph| glyph.character)));
        let beyond_ascii = text.iter().filter(|glyph| !glyph.is_ascii());
        beyond_ascii.for_each(|&glyph| beyond.add(glyph));
        let Some(cost) = text_cost(text, beyond, ascii, Some(found.used), self.most()) else {
            return;
        };
        let hash = hash(text);
        // Other scripts are in these charsets too, and rare there.
        let ideographs = cost.ideographs;
        let cost = cost.base + cost.least + if ideographs == 0 { NO_IDEOGRAPHS } else { 0 }
            - if is_kana(text) { ALL_KANA } else { 0 }
            + found.cost
            + context.language(found.code)
            + context.charset(found.charset);
        let known = self.same(hash).copied();
        if known.is_none_or(|known| cost < known.cost) {
            self.put(Candidate {
                charset: named(found.charset, known),
                cost,
                language: found.name,
                manner: if ideographs == 0 {
                    Manner::Signs
                } else {
                    Manner::Characters
                },
                is_latin: false,
                text: hash,
            });
        }
    }

    /// What a text may cost that matters.
    const fn most(&self) -> Cost {
        self.best.saturating_add(self.margin)
    }

    fn same(&self, hash: u64) -> Option<&Candidate> {
        self.candidates.iter().find(|known| known.text == hash)
    }

    /// Puts a candidate in the place of that of the same text, or adds it.
    fn put(&mut self, new: Candidate) {
        self.best = self.best.min(new.cost);
        let mut known = self.candidates.iter_mut();
        match known.find(|known| known.text == new.text) {
            Some(known) => *known = new,
            None => self.candidates.push(new),
        }
    }

    /// The best reading, and how much more the next costs.
    fn best(&self) -> Option<(Candidate, Cost)> {
        let mut candidates = self.candidates.iter();
        let mut best = *candidates.next()?;
        let mut second = Cost::MAX;
        for &candidate in candidates {
            if candidate.cost < best.cost {
                second = best.cost;
                best = candidate;
            } else {
                second = second.min(candidate.cost);
            }
        }
        Some((best, second.saturating_sub(best.cost)))
    }

    /// The readings that are not much worse than noise, the best first.
    fn ranked(&self) -> Vec<Candidate> {
        let mut ranked: Vec<_> = self
            .candidates
            .iter()
            .copied()
            .filter(|candidate| candidate.cost < self.noise + WORTH_SHOWING)
            .collect();
        ranked.sort_by_key(|candidate| candidate.cost);
        ranked
    }
}

/// Whether all of a text beyond ASCII is kana, as many Japanese names are and
/// nothing is by chance.
fn is_kana(text: &[Glyph]) -> bool {
    let mut beyond = text.iter().filter(|glyph| !glyph.is_ascii());
    beyond.clone().nth(1).is_some()
        && beyond.all(|glyph| matches!(glyph.character, '\u{3041}'..='\u{30ff}'))
}

/// What it is worth.
const ALL_KANA: Cost = 32;

/// Of the charsets in which a text is the same, windows-1252 is what one means.
fn named(charset: Charset, known: Option<Candidate>) -> Charset {
    match known {
        Some(known) if known.charset == Charset::Windows1252 => Charset::Windows1252,
        _ => charset,
    }
}

/// What it costs that there are signs in such a charset, and no ideographs.
const NO_IDEOGRAPHS: Cost = 240;

/// The language a text fits best in the charset of this place, and what it costs
/// then.
fn best_language(text: &TextCost, place: usize, context: Context) -> Option<(&'static str, Cost)> {
    if text.ideographs > 0 {
        return None;
    }
    let mut costs = text.lanes;
    for (cost, &supposed) in costs.0.iter_mut().zip(supposed(text.family, place)) {
        *cost = cost.saturating_add(supposed);
    }
    let languages = languages(text.family);
    if context != Context::NONE {
        for (cost, language) in costs.0.iter_mut().zip(languages) {
            let more = i16::try_from(context.language(language.code)).unwrap_or_default();
            *cost = cost.saturating_add(more);
        }
    }
    let least = costs.least();
    let first = costs.0.iter().position(|&cost| Cost::from(cost) == least)?;
    Some((languages.get(first)?.name, least + text.base))
}

/// The octets beyond ASCII of what is judged.
struct High {
    /// Where each is, and what its character counts for in the hash.
    octets: Vec<(usize, u8, u64)>,
    drawn_out: Cost,
}

impl High {
    fn of(octets: &[u8]) -> Self {
        let mut factor = FACTOR;
        let places = octets.iter().copied().enumerate();
        let high = places.filter(|(_, octet)| !octet.is_ascii());
        High {
            octets: high
                .map(|(at, octet)| {
                    factor = factor.wrapping_mul(FACTOR);
                    (at, octet, factor)
                })
                .collect(),
            drawn_out: drawn_out(octets.iter().copied()),
        }
    }

    fn glyphs(&self, upper: &[Glyph; 128]) -> impl Iterator<Item = (usize, Glyph)> {
        let glyph = |octet: u8| upper.get(usize::from(octet & 0x7f)).copied();
        let octets = self.octets.iter();
        octets.filter_map(move |&(at, octet, _)| Some((at, glyph(octet)?)))
    }

    /// Tells apart the texts that these octets are.
    fn hash(&self, upper: &[Glyph; 128]) -> u64 {
        let octets = self.octets.iter();
        octets.fold(0, |sum: u64, &(_, octet, factor)| {
            let glyph = upper.get(usize::from(octet & 0x7f));
            let code = glyph.map_or(0, |glyph| u64::from(u32::from(glyph.character)));
            sum.wrapping_add(code.wrapping_mul(factor))
        })
    }
}

/// Tells apart texts of characters of several octets.
fn hash(text: &[Glyph]) -> u64 {
    text.iter().fold(1, |hash: u64, glyph| {
        (hash ^ u64::from(u32::from(glyph.character))).wrapping_mul(FACTOR)
    })
}

/// Odd, and with many bits.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// How often something beyond ASCII comes after four of its sort.
fn drawn_out<T: Copy + PartialEq + Into<u32>>(text: impl Iterator<Item = T>) -> Cost {
    let (mut last, mut run, mut more) = (None, 0, 0);
    for one in text {
        run = if last == Some(one) { run + 1 } else { 1 };
        last = Some(one);
        more += Cost::from(run > 4 && one.into() >= 0x80);
    }
    more
}

/// How many octets are beyond ASCII.
fn high(octets: &[u8]) -> Cost {
    let high = octets.iter().filter(|octet| !octet.is_ascii()).count();
    Cost::try_from(high).unwrap_or(Cost::MAX / 1024)
}

/// How many octets are judged at most: more say no more, and take longer.
const JUDGED: usize = 256;

/// What of a value is judged: the quoted string that its octets of 80–FF are
/// in, or all of it, within the limit.
fn judged(value: &[u8]) -> &[u8] {
    let is_high = |octet: &u8| !octet.is_ascii();
    let first = value.iter().position(is_high).unwrap_or(0);
    let last = value.iter().rposition(is_high).unwrap_or(0);
    let open = value
        .get(..first)
        .unwrap_or_default()
        .windows(2)
        .rposition(|pair| pair == b"=\"");
    let close = value
        .get(last..)
        .unwrap_or_default()
        .iter()
        .position(|&octet| octet == b'"');
    let (start, end) = match (open, close) {
        (Some(open), Some(close)) => (open + 2, last + close),
        _ => (0, value.len()),
    };
    // Whole words before the first, and no character of several octets cut
    // through: none has an octet below 30.
    let start = if first > start + LEAD {
        let from = first - LEAD;
        let space = value.get(from..first).unwrap_or_default();
        space
            .iter()
            .position(|&octet| octet < 0x30)
            .map_or(first, |space| from + space)
    } else {
        start
    };
    let cut = value.get(start..end).unwrap_or_default();
    match cut.get(..JUDGED) {
        None => cut,
        Some(cut) => {
            let end = cut.iter().rposition(|&octet| octet < 0x30);
            cut.get(..end.unwrap_or(JUDGED)).unwrap_or(cut)
        }
    }
}

/// Octets of ASCII before the first of 80–FF that are judged with it.
const LEAD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(value: &[u8], context: Context) -> Option<(Charset, Confidence)> {
        judge(value, context).map(|judged| (judged.charset, judged.confidence))
    }

    #[test]
    fn context_tips_the_balance_and_no_more() {
        let context = |accept: &[u8]| Context::NONE.with_accept_language(accept);
        assert_eq!(
            reads(b"Per\xE8", Context::NONE).map(|(_, sure)| sure),
            Some(Confidence::Possible)
        );
        assert_eq!(
            reads(b"Per\xE8", context(b"it-IT,it;q=0.9")),
            Some((Charset::Windows1252, Confidence::Likely))
        );
        assert_eq!(
            reads(b"Per\xE8", context(b"sl")),
            Some((Charset::Windows1250, Confidence::Likely))
        );
        assert_eq!(
            reads(b"T\xE9l\xE9bec", context(b"ru, uk, bg, kk")),
            Some((Charset::Windows1252, Confidence::Likely))
        );
        assert_eq!(
            reads(
                b"\xCA\xF3\xED\xF6\xE5\xE2\xEE",
                Context::NONE.with_earlier(Charset::Windows1252)
            ),
            Some((Charset::Windows1251, Confidence::Likely))
        );
    }

    #[test]
    fn the_same_text_is_windows_1252() {
        let readings = ranking(b"T\xE9l\xE9bec", Context::NONE);
        let known: Vec<_> = readings
            .iter()
            .filter(|reading| reading.text == "Télébec")
            .collect();
        assert_eq!(known.len(), 1);
        assert_eq!(known[0].charset, Charset::Windows1252);
        assert!(known[0].reason.starts_with("letters as in"));
    }

    #[test]
    fn noise_is_no_text() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut likely = 0;
        for _ in 0..200 {
            let value: Vec<u8> = (0..24)
                .map(|_| {
                    seed ^= seed << 13;
                    seed ^= seed >> 7;
                    seed ^= seed << 17;
                    0x80 | seed.to_le_bytes()[3]
                })
                .collect();
            likely += usize::from(
                judge(&value, Context::NONE)
                    .is_some_and(|judged| judged.confidence == Confidence::Likely),
            );
        }
        assert!(likely < 4, "{likely} of 200");
    }

    #[test]
    fn every_octet_has_to_have_a_character_however_long_the_value_is() {
        let mut value = b"T\xE9l\xE9bec LP ".repeat(100);
        assert_eq!(
            reads(&value, Context::NONE),
            Some((Charset::Windows1252, Confidence::Likely))
        );
        value.push(0x81);
        assert_ne!(
            reads(&value, Context::NONE).map(|(charset, _)| charset),
            Some(Charset::Windows1252)
        );
    }
}
