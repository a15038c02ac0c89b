//! Which charset octets that are not UTF-8 were in.
//!
//! Every charset that has characters for all octets gives a reading. What a
//! reading costs is the text's own cost in the language that it fits best, and
//! what it costs to suppose that language and that charset. Charsets that give
//! the same text give one reading, said to be in the likeliest of them. The
//! best is believed when the best *other* text costs clearly more, and when
//! noise would have cost more too.

use super::bound::{Bounds, Place};
use super::context::Context;
use super::cost::{Ascii, Beyond, TextCost, text_cost};
use super::glyph::Glyph;
use super::languages::{Multi, SINGLE, languages, least_supposed, supposed};
use super::model::{Cost, Places};
use super::part::{JUDGED, judged};
use super::texts::{Singles, WESTERN, drawn_out, hash};
use super::{Charset, multi};
use crate::finding::Confidence;
use std::fmt;

/// How octets read best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Readings::of(value, context, Wanted::Best).judgement(value)
}

/// How much more the second text has to cost.
const CLEAR: Cost = 18;
/// How much more it has to cost where there is no other text to speak of.
const ALONE: Cost = 18;
/// The same for charsets that are not Western.
const FAR_ALONE: Cost = 40;
/// How much more the second text has to cost than one of so few letters of
/// another script that any such letters are a word: `ΔΕΗ` and `дег`.
const FEW_LETTERS: Cost = 60;
const FEW: Cost = 3;
/// How much more it has to cost than ideographs, whose surroundings say nothing.
const IDEOGRAPHS: Cost = 30;
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
    let readings = Readings::of(value, context, Wanted::All);
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

/// The readings of a value that matter, without those that say the same.
pub(super) struct Readings {
    candidates: Vec<Candidate>,
    best: Option<Best>,
    noise: Cost,
    /// How many octets are beyond ASCII, of those that are judged.
    beyond: Cost,
    wanted: Wanted,
    /// The most that the context makes anything cost less.
    discount: Cost,
}

/// What the best of the readings found so far asks of the others.
#[derive(Clone, Copy)]
struct Best {
    cost: Cost,
    is_western: bool,
    /// How much more the next has to cost.
    clear: Cost,
}

/// Which readings are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The best, and how much more the next costs where that matters.
    Best,
    All,
}

impl Readings {
    fn of(value: &[u8], context: Context, wanted: Wanted) -> Self {
        let judged = judged(value);
        let mut octets = [0; JUDGED];
        let (ascii, length) = Ascii::of(judged, &mut octets);
        let octets = octets.get(..length).unwrap_or_default();
        let beyond = high(octets);
        let mut readings = Readings {
            candidates: Vec::with_capacity(8),
            best: None,
            noise: NOISE + ascii.average + NOISE_OCTET * beyond,
            beyond,
            wanted,
            discount: context.most(),
        };
        let undefined = Places::undefined(value);
        let mut bounds = Bounds::of(octets, &ascii, &undefined);
        let mut singles = Singles::of(octets, &ascii, &undefined);
        let mut text = Vec::new();
        // Beside characters of several octets there is little ASCII. Where there is
        // more, these charsets are asked when it is known what they have to beat.
        let mut all_asked = 2 * beyond >= Cost::try_from(octets.len()).unwrap_or(Cost::MAX);
        if all_asked {
            bounds.add_multis(octets, &ascii, readings.worth_pricing());
        }
        loop {
            // The likeliest first: it spares most of the others.
            match bounds.take(readings.worth_pricing()) {
                Some(Place::Single(place)) => readings.add_single(place, &mut singles, context),
                Some(Place::Multi(found)) => {
                    // ASCII words that were taken out change nothing in what decodes.
                    let rest = (judged.len() < value.len()).then_some(value);
                    if multi::decode(found.charset, octets, &mut text)
                        && rest.is_none_or(|rest| multi::decodes(found.charset, rest))
                    {
                        readings.add_multi(found, &text, &ascii, context);
                    }
                }
                None if all_asked => return readings,
                None => {
                    all_asked = true;
                    bounds.add_multis(octets, &ascii, readings.worth_pricing());
                }
            }
        }
    }

    /// The best of them; `None` when it is no better than noise.
    fn judgement(&self, value: &[u8]) -> Option<Judgement> {
        let (best, margin) = self.best()?;
        let gain = self.noise - best.cost;
        // One strange word has nothing else that it could be: in a Western language
        // that is so at once, in others not where noise would do nearly as well.
        let is_alone = match best.charset {
            Charset::Windows1252 => margin >= ALONE,
            _ => margin >= FAR_ALONE && gain >= SOUND / 2,
        };
        let is_sound = gain >= SOUND || is_alone;
        (gain > 0).then(|| Judgement {
            charset: best.charset(value),
            confidence: if margin >= self.clear(&best) && is_sound {
                Confidence::Likely
            } else {
                Confidence::Possible
            },
            is_latin: best.is_latin,
            gain,
        })
    }

    fn add_single(&mut self, place: usize, singles: &mut Singles<'_>, context: Context) {
        let Some(&charset) = SINGLE.get(place) else {
            return;
        };
        let western = singles.western;
        let Some((text, text_cost)) = singles.price(place, self.most()) else {
            return;
        };
        let known = self.same(text).copied();
        // In the likeliest charset it mostly costs less than it can in another.
        let least = text_cost.base + text_cost.least + least_supposed(text_cost.family, place);
        if known.is_some_and(|known| known.cost <= least - self.discount) {
            return;
        }
        let Some((language, cost)) = best_language(text_cost, place, context) else {
            return;
        };
        let cost = cost + context.charset(charset);
        if known.is_none_or(|known| cost < known.cost) {
            // Of the charsets in which a text is the same, windows-1252 is what one
            // means, and the language that fits best in it.
            let (charset, language) = match Some(text) == western {
                true => (
                    Charset::Windows1252,
                    best_language(text_cost, WESTERN, context).map_or(language, |(name, _)| name),
                ),
                false => (charset, language),
            };
            self.put(Candidate {
                charset,
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
        let cost = cost.base
            + cost.least
            + if ideographs == 0 { NO_IDEOGRAPHS } else { 0 }
            + found.cost
            + context.language(found.code)
            + context.charset(found.charset);
        let known = self.same(hash).copied();
        if known.is_none_or(|known| cost < known.cost) {
            self.put(Candidate {
                charset: found.charset,
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

    /// How much more than this reading any other has to cost.
    fn clear(&self, reading: &Candidate) -> Cost {
        match reading.manner {
            Manner::Letters if !reading.is_latin && self.beyond <= FEW => FEW_LETTERS,
            Manner::Characters => IDEOGRAPHS,
            _ => CLEAR,
        }
    }

    /// What a text may cost at most that makes a difference to how sure the
    /// best of the readings is.
    fn worth_pricing(&self) -> Cost {
        match self.best {
            Some(best) if best.is_western || self.noise - best.cost >= SOUND => {
                self.within(best.clear.max(ALONE))
            }
            _ => self.most(),
        }
    }

    /// The same, whichever will be the best.
    fn most(&self) -> Cost {
        self.within(match self.beyond <= FEW {
            true => FEW_LETTERS,
            false => FAR_ALONE,
        })
    }

    /// What is no more than so much above the best.
    fn within(&self, margin: Cost) -> Cost {
        match (self.wanted, self.best) {
            (Wanted::Best, Some(best)) => best.cost + margin + self.discount,
            _ => Cost::MAX / 2,
        }
    }

    fn same(&self, hash: u64) -> Option<&Candidate> {
        self.candidates.iter().find(|known| known.text == hash)
    }

    /// Puts a candidate in the place of that of the same text, or adds it.
    fn put(&mut self, new: Candidate) {
        if self.best.is_none_or(|best| new.cost < best.cost) {
            self.best = Some(Best {
                cost: new.cost,
                is_western: new.charset == Charset::Windows1252,
                clear: self.clear(&new),
            });
        }
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
    if context.knows_languages() {
        for (cost, language) in costs.0.iter_mut().zip(languages) {
            let more = i16::try_from(context.language(language.code)).unwrap_or_default();
            *cost = cost.saturating_add(more);
        }
    }
    let least = costs.least();
    let first = costs.0.iter().position(|&cost| Cost::from(cost) == least)?;
    Some((languages.get(first)?.name, least + text.base))
}

/// How many octets are beyond ASCII.
fn high(octets: &[u8]) -> Cost {
    let high = octets.iter().filter(|octet| !octet.is_ascii()).count();
    Cost::try_from(high).unwrap_or(Cost::MAX / 1024)
}

#[cfg(test)]
mod tests {
    use super::super::languages::MULTI;
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

    /// Values of words, signs and octets beyond ASCII, some of them in pairs.
    fn values(count: usize) -> impl Iterator<Item = Vec<u8>> {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::from(u16::from_le_bytes([
                seed.to_le_bytes()[3],
                seed.to_le_bytes()[4],
            ])) % below
        };
        let one = |random: &mut dyn FnMut(usize) -> usize, from: &[u8]| from[random(from.len())];
        (0..count).map(move |_| {
            let beyond = random(101);
            let start = [0x80, 0xa0, 0xc0, 0xe0][random(4)];
            let mut value = Vec::new();
            for _ in 0..=random(16) {
                if random(100) < beyond {
                    value.push(start + u8::try_from(random(256 - usize::from(start))).unwrap());
                    continue;
                }
                let some: &[u8] = match random(8) {
                    0..4 => b"aeilmnrstoz",
                    4 => b"AELMNRSTO",
                    5 => b" -.,'\"",
                    6 => b"0129()&/",
                    _ => b"  ",
                };
                value.push(one(&mut random, some));
            }
            value.push(0xe9);
            value
        })
    }

    #[test]
    fn what_is_not_priced_would_change_nothing() {
        let contexts = [
            Context::NONE,
            Context::NONE.with_accept_language(b"pl, el"),
            Context::NONE.with_earlier(Charset::Gbk),
        ];
        for (value, context) in values(20_000).zip(contexts.into_iter().cycle()) {
            let all = Readings::of(&value, context, Wanted::All).judgement(&value);
            assert_eq!(judge(&value, context), all, "{value:02X?}");
        }
    }

    #[test]
    fn no_text_costs_less_than_its_bound() {
        for value in values(20_000) {
            let mut octets = [0; JUDGED];
            let (ascii, length) = Ascii::of(&value, &mut octets);
            let octets = &octets[..length];
            let undefined = Places::undefined(&value);
            let mut bounds = Bounds::of(octets, &ascii, &undefined);
            bounds.add_multis(octets, &ascii, Cost::MAX / 2);
            let mut readings = Readings::of(&value, Context::NONE, Wanted::All);
            for (place, charset) in SINGLE.iter().enumerate() {
                let mut singles = Singles::of(octets, &ascii, &undefined);
                readings.candidates.clear();
                readings.add_single(place, &mut singles, Context::NONE);
                if let [candidate] = readings.candidates[..] {
                    let bound = bounds.single(place);
                    assert!(
                        bound.is_none_or(|bound| bound <= candidate.cost),
                        "{value:02X?} in {charset}: {bound:?}, {}",
                        candidate.cost
                    );
                }
            }
            let mut text = Vec::new();
            for (place, found) in MULTI.iter().enumerate() {
                if !multi::decode(found.charset, octets, &mut text) {
                    continue;
                }
                readings.candidates.clear();
                readings.add_multi(found, &text, &ascii, Context::NONE);
                if let [candidate] = readings.candidates[..] {
                    let bound = bounds.multi(place);
                    assert!(
                        bound.is_some_and(|bound| bound <= candidate.cost),
                        "{value:02X?} in {}: {bound:?}, {}",
                        found.charset,
                        candidate.cost
                    );
                }
            }
        }
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
