//! The charsets that UTF-8 is misread in, backwards: characters to octets.

use crate::charset::Charset;
use std::sync::LazyLock;

/// A charset that text may have gone through.
#[derive(Clone, Copy)]
pub(super) struct Through {
    pub(super) charset: Charset,
    pub(super) family: Family,
    /// `None` for windows-1252 and Latin-1, which are one in this.
    upper: Option<&'static Upper>,
}

/// What right text looks like among the characters of a charset, and so what
/// tells damage from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Central,
    Cyrillic,
    Macintosh,
    Western,
}

impl Through {
    /// All of them, the commonest first.
    pub(super) fn all() -> impl Iterator<Item = Through> {
        ORDER.into_iter().map(Self::of)
    }

    /// Any other charset than those of `all` is taken for windows-1252.
    pub(super) fn of(charset: Charset) -> Self {
        let place = ORDER.iter().position(|&known| known == charset);
        Self {
            charset,
            family: match charset {
                Charset::Iso8859_2 | Charset::Windows1250 | Charset::Windows1257 => Family::Central,
                Charset::Macintosh => Family::Macintosh,
                Charset::Windows1251 => Family::Cyrillic,
                _ => Family::Western,
            },
            upper: place
                .filter(|&place| place > 0)
                .and_then(|place| UPPERS.get(place)),
        }
    }

    /// The octet of 80–FF a character was read from. Octets that a charset
    /// leaves undefined are C1 controls of the same number, as decoders have it.
    pub(super) fn octet(self, character: char) -> Option<u8> {
        match self.upper {
            Some(Upper(known)) => {
                let place = known.binary_search_by_key(&character, |&(c, _)| c).ok()?;
                known.get(place).map(|&(_, octet)| octet)
            }
            // All C1 controls are taken for their own number: one value may
            // have been read by decoders of both charsets.
            None => match character {
                '\u{80}'..='\u{9f}' => u8::try_from(character).ok(),
                _ => Charset::Windows1252
                    .octet(character)
                    .filter(|octet| *octet >= 0x80),
            },
        }
    }
}

const ORDER: [Charset; 7] = [
    Charset::Windows1252,
    Charset::Windows1250,
    Charset::Windows1251,
    Charset::Windows1254,
    Charset::Iso8859_2,
    Charset::Windows1257,
    Charset::Macintosh,
];

/// The characters of the octets 80–FF, in order of character.
struct Upper(Vec<(char, u8)>);

/// Made once, of what `charset` knows: encoding a character at a time would
/// allocate each time.
static UPPERS: LazyLock<[Upper; 7]> = LazyLock::new(|| {
    ORDER.map(|charset| {
        let mut known: Vec<(char, u8)> = (0x80..=0xff)
            .filter_map(|octet| {
                let undefined = (octet < 0xa0).then_some(char::from(octet));
                Some((charset.char(octet).or(undefined)?, octet))
            })
            .collect();
        known.sort_unstable();
        Upper(known)
    })
});
