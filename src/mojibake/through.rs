//! The charsets that UTF-8 is misread in, backwards: characters to octets.

use crate::charset::Charset;
use crate::lanes;
use crate::octet::{continuations, is_continuation};
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
    /// Any other charset than those of [`ORDER`] is taken for windows-1252.
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

/// The commonest first.
pub(super) const ORDER: [Charset; 7] = [
    Charset::Windows1252,
    Charset::Windows1250,
    Charset::Windows1251,
    Charset::Windows1254,
    Charset::Iso8859_2,
    Charset::Windows1257,
    Charset::Macintosh,
];

/// Some of the charsets of [`ORDER`], a bit each.
#[derive(Clone, Copy)]
pub(super) struct Which(u8);

impl Which {
    /// Those that have the first two characters of `text` beyond ASCII as a lead
    /// octet of UTF-8 and a continuation.
    pub(super) fn of(text: &str) -> Which {
        let start = lanes::places(text.as_bytes(), |octet| !octet.is_ascii()).next();
        let mut characters = start
            .and_then(|start| text.get(start..))
            .unwrap_or_default()
            .chars();
        let pair = (characters.next(), characters.next());
        let (Some(first), Some(second @ '\u{80}'..)) = pair else {
            return Which(0);
        };
        let places = Place::of(first).zip(Place::of(second));
        let both = places.map(|(Place(first), Place(second))| {
            let roles = &*ROLES;
            let lead = roles.get(first).map_or(0, |role| role.lead);
            lead & roles.get(second).map_or(0, |role| role.continuation)
        });
        Which(both.unwrap_or_default())
    }

    pub(super) const fn is_none(self) -> bool {
        self.0 == 0
    }

    pub(super) fn charsets(self) -> impl Iterator<Item = Through> {
        let places = ORDER.into_iter().enumerate();
        let chosen = places.filter(move |(place, _)| self.0 >> place & 1 == 1);
        chosen.map(|(_, charset)| Through::of(charset))
    }
}

/// In which charsets a character is which octet of UTF-8.
#[derive(Clone, Copy, Default)]
struct Role {
    lead: u8,
    continuation: u8,
}

impl Role {
    fn of(character: char) -> Role {
        let mut role = Role::default();
        for (place, charset) in ORDER.into_iter().enumerate() {
            match Through::of(charset).octet(character) {
                Some(octet) if is_continuation(octet) => role.continuation |= 1 << place,
                Some(octet) if continuations(octet).is_some() => role.lead |= 1 << place,
                _ => {}
            }
        }
        role
    }
}

/// Where in [`ROLES`] a character is.
struct Place(usize);

impl Place {
    /// All charsets have their letters and signs in these two ranges, but for
    /// `\u{f8ff}`, `ﬁ` and `ﬂ` of Mac Roman, which start nothing anybody wrote.
    const fn of(character: char) -> Option<Place> {
        let code = character as usize;
        match code {
            0x80..LETTERS_END => Some(Place(code - 0x80)),
            0x2000..SIGNS_END => Some(Place(code - 0x2000 + (LETTERS_END - 0x80))),
            _ => None,
        }
    }
}

/// After the last of `ґ`, and of the geometric shapes.
const LETTERS_END: usize = 0x492;
const SIGNS_END: usize = 0x2600;

/// Made once, of what `charset` knows.
static ROLES: LazyLock<Vec<Role>> = LazyLock::new(|| {
    let characters = ('\u{80}'..='\u{25ff}').filter(|c| Place::of(*c).is_some());
    characters.map(Role::of).collect()
});

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
