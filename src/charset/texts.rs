//! The texts that octets are in the charsets, told apart, and priced once each.

use super::cost::{Ascii, Beyond, TextCost, text_cost};
use super::glyph::{Glyph, upper};
use super::model::{Cost, Places};

/// The texts that octets are in charsets of single octets.
pub(super) struct Singles<'a> {
    ascii: &'a Ascii,
    /// One of the texts. ASCII is the same in all of them.
    text: Vec<Glyph>,
    /// Where the octets beyond ASCII are, and what their characters count for in
    /// the hash that tells texts apart.
    high: Vec<(usize, u8, u64)>,
    drawn_out: Cost,
    /// What is known of texts: one text is priced once.
    priced: Vec<(u64, Option<TextCost>)>,
    /// The text in windows-1252, if it has one.
    pub(super) western: Option<u64>,
}

impl<'a> Singles<'a> {
    pub(super) fn of(octets: &[u8], ascii: &'a Ascii, undefined: &Places) -> Self {
        let mut factor = FACTOR;
        let places = octets.iter().copied().enumerate();
        let high = places.filter(|(_, octet)| !octet.is_ascii());
        let mut singles = Singles {
            ascii,
            text: octets
                .iter()
                .map(|&octet| Glyph::ascii(octet & 0x7f))
                .collect(),
            high: Vec::with_capacity(octets.len()),
            drawn_out: drawn_out(octets.iter().copied()),
            priced: Vec::with_capacity(8),
            western: None,
        };
        singles.high.extend(high.map(|(at, octet)| {
            factor = factor.wrapping_mul(FACTOR);
            (at, octet, factor)
        }));
        let western = upper(WESTERN).filter(|_| !undefined.has(WESTERN));
        singles.western = western.map(|upper| singles.hash(upper));
        singles
    }

    /// The text in the charset of this place, as its hash, and what it costs;
    /// `None` where that is plainly more than `most`.
    pub(super) fn price(&mut self, place: usize, most: Cost) -> Option<(u64, &TextCost)> {
        let upper = upper(place)?;
        let hash = self.hash(upper);
        let known = self.priced.iter().position(|(known, _)| *known == hash);
        let at = known.unwrap_or_else(|| {
            let mut beyond = Beyond::new(self.drawn_out);
            for &(at, octet, _) in &self.high {
                if let (Some(slot), Some(&glyph)) = (self.text.get_mut(at), glyph(upper, octet)) {
                    *slot = glyph;
                    beyond.add(glyph);
                }
            }
            let cost = text_cost(&self.text, beyond, self.ascii, None, most);
            self.priced.push((hash, cost));
            self.priced.len() - 1
        });
        let (_, cost) = self.priced.get(at)?;
        Some((hash, cost.as_ref()?))
    }

    /// Tells apart the texts that these octets are.
    fn hash(&self, upper: &[Glyph; 128]) -> u64 {
        self.high.iter().fold(0, |sum: u64, &(_, octet, factor)| {
            let character = glyph(upper, octet).map_or('\0', |glyph| glyph.character);
            sum.wrapping_add(u64::from(u32::from(character)).wrapping_mul(factor))
        })
    }
}

fn glyph(upper: &[Glyph; 128], octet: u8) -> Option<&Glyph> {
    upper.get(usize::from(octet & 0x7f))
}

/// The place of windows-1252.
pub(super) const WESTERN: usize = 0;

/// Tells apart texts of characters of several octets.
pub(super) fn hash(text: &[Glyph]) -> u64 {
    text.iter().fold(1, |hash: u64, glyph| {
        (hash ^ u64::from(u32::from(glyph.character))).wrapping_mul(FACTOR)
    })
}

/// Odd, and with many bits.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// How often something beyond ASCII comes after four of its sort.
pub(super) fn drawn_out<T: Copy + PartialEq + Into<u32>>(text: impl Iterator<Item = T>) -> Cost {
    let (mut last, mut run, mut more) = (None, 0, 0);
    for one in text {
        run = if last == Some(one) { run + 1 } else { 1 };
        last = Some(one);
        more += Cost::from(run > 4 && one.into() >= 0x80);
    }
    more
}
