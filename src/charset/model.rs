//! The tables of `tables/names.bin`: how often letters follow one another in
//! names, by language, and how common East Asian characters are.
//!
//! Costs are sixteenths of a nat: 11 for one chance in two, 37 for one in ten.
//! The file is taken apart by the compiler, so that one that is not whole does
//! not build. `tables/build.py` writes it.

/// Sixteenths of a nat.
pub(super) type Cost = i32;

/// The scripts whose letters are counted language by language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Latin,
    Cyrillic,
    Greek,
    Hebrew,
    Arabic,
    Thai,
}

impl Family {
    pub(super) const ALL: [Self; 6] = [
        Self::Latin,
        Self::Cyrillic,
        Self::Greek,
        Self::Hebrew,
        Self::Arabic,
        Self::Thai,
    ];

    /// Whether its letters have capitals.
    pub(super) const fn is_cased(self) -> bool {
        matches!(self, Self::Latin | Self::Cyrillic | Self::Greek)
    }

    pub(super) const fn pairs(self) -> &'static Pairs {
        let [latin, cyrillic, greek, hebrew, arabic, thai] = &MODEL.pairs;
        match self {
            Self::Latin => latin,
            Self::Cyrillic => cyrillic,
            Self::Greek => greek,
            Self::Hebrew => hebrew,
            Self::Arabic => arabic,
            Self::Thai => thai,
        }
    }
}

/// A letter of a family by its number; 0 is what stands around words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) family: Family,
    pub(super) number: u8,
    pub(super) is_capital: bool,
}

/// The letter `character` is, if it is one that is counted.
pub(super) fn letter(character: char) -> Option<Letter> {
    let code = u32::from(character);
    let (family, place) = match code {
        0x41..=0x5a => {
            return Some(Letter {
                family: Family::Latin,
                number: u8::try_from(code - 0x40).ok()?,
                is_capital: true,
            });
        }
        0x61..=0x7a => (Family::Latin, code - 0x61),
        0xa0..0x250 => (Family::Latin, 26 + code - 0xa0),
        0x300..0x330 => (Family::Latin, 458 + code - 0x300),
        0x370..0x400 => (Family::Greek, 506 + code - 0x370),
        0x400..0x500 => (Family::Cyrillic, 650 + code - 0x400),
        0x590..0x5f0 => (Family::Hebrew, 906 + code - 0x590),
        0x600..0x700 => (Family::Arabic, 1002 + code - 0x600),
        0xe00..0xe60 => (Family::Thai, 1258 + code - 0xe00),
        _ => return None,
    };
    let found = *MODEL.letters.get(usize::try_from(place).ok()?)?;
    (found & 0x7f != 0).then_some(Letter {
        family,
        number: found & 0x7f,
        is_capital: found & 0x80 != 0,
    })
}

/// Costs of one letter after another.
pub(super) struct Pairs {
    letters: usize,
    lanes: usize,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "a test compares it with `languages.rs`")
    )]
    languages: &'static [u8],
    index: &'static [u8],
    rows: &'static [u8],
}

impl Pairs {
    /// The two-letter codes of the languages, in the order of the lanes; lanes
    /// that fill up registers have none.
    #[cfg(test)]
    pub(super) fn languages(&self) -> impl Iterator<Item = &'static str> {
        self.languages
            .chunks(2)
            .filter(|code| *code != b"  ")
            .filter_map(|code| std::str::from_utf8(code).ok())
    }

    /// How many numbers letters have, 0 among them.
    pub(super) fn letters(&self) -> u8 {
        u8::try_from(self.letters).unwrap_or(u8::MAX)
    }

    /// What `after` costs behind `before`, in each language.
    pub(super) fn row(&self, before: u8, after: u8) -> &'static [u8] {
        let place = usize::from(before) * self.letters + usize::from(after);
        self.index
            .get(2 * place..2 * place + 2)
            .and_then(|entry| entry.first_chunk())
            .and_then(|entry| {
                let start = usize::from(u16::from_le_bytes(*entry)) * self.lanes;
                self.rows.get(start..start + self.lanes)
            })
            .unwrap_or_default()
    }
}

/// The charsets of one octet a character that are judged, by their place in the
/// tables.
pub(super) const SINGLE: usize = 24;

/// What the octets 80 to FF stand for in one of them.
#[derive(Clone, Copy)]
pub(super) struct Upper(&'static [u8]);

impl Upper {
    pub(super) fn of(place: usize) -> Self {
        Upper(
            MODEL
                .singles
                .get(256 * place..256 * place + 256)
                .unwrap_or_default(),
        )
    }

    /// The character; `None` where there is none.
    pub(super) fn char(self, octet: u8) -> Option<char> {
        if octet.is_ascii() {
            return Some(char::from(octet));
        }
        let place = 2 * usize::from(octet & 0x7f);
        let entry = self.0.get(place..place + 2)?.first_chunk()?;
        char::from_u32(u32::from(u16::from_le_bytes(*entry))).filter(|&character| character != '\0')
    }
}

/// Some of the charsets of single octets, each all ones or all zeros, to choose
/// with among costs.
#[derive(Clone, Copy)]
pub(super) struct Places(pub(super) [i16; SINGLE]);

impl Places {
    pub(super) const NONE: Self = Places([0; SINGLE]);

    /// Those that have no character for some octet of `value`.
    pub(super) fn undefined(value: &[u8]) -> Self {
        let mut without = Self::NONE;
        for octet in value.iter().filter(|octet| !octet.is_ascii()) {
            if let Some(more) = UNDEFINED.get(usize::from(octet & 0x7f)) {
                without.add(more);
            }
        }
        without
    }

    pub(super) fn add(&mut self, others: &Self) {
        for (place, other) in self.0.iter_mut().zip(others.0) {
            *place |= other;
        }
    }

    pub(super) fn has(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(|&place| place != 0)
    }
}

/// By octet.
static UNDEFINED: [Places; 128] = {
    let mut undefined = [Places::NONE; 128];
    let mut at = 0;
    while at < SINGLE * 128 {
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler alone")]
        if MODEL.singles[2 * at] == 0 && MODEL.singles[2 * at + 1] == 0 {
            undefined[at % 128].0[at / 128] = -1;
        }
        at += 1;
    }
    undefined
};

/// Where East Asian characters are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EastAsian {
    Simplified,
    Traditional,
    Japanese,
    Korean,
}

/// What an ideograph, a kana or a Hangul syllable costs; `None` for any other
/// character.
pub(super) fn east_asian(character: char, used: EastAsian) -> Option<Cost> {
    let code = u32::from(character);
    let (start, place) = match code {
        0x4e00..0xa000 => {
            let table = match used {
                EastAsian::Simplified | EastAsian::Korean => 0,
                EastAsian::Traditional => IDEOGRAPHS,
                EastAsian::Japanese => 2 * IDEOGRAPHS,
            };
            (table, code - 0x4e00)
        }
        0x3000..0x3100 => (3 * IDEOGRAPHS, code - 0x3000),
        0xac00..=0xd7a3 => (3 * IDEOGRAPHS + 128, code - 0xac00),
        _ => return None,
    };
    let place = usize::try_from(place).ok()?;
    let both = *MODEL.east_asian.get(start + place / 2)?;
    let nibble = if place.is_multiple_of(2) {
        both & 15
    } else {
        both >> 4
    };
    // Every East Asian charset has kana, and few of them for use.
    let foreign = match code {
        0x3040..0x3100 if used != EastAsian::Japanese => 48,
        0xac00..=0xd7a3 if used != EastAsian::Korean => 96,
        0x4e00..0xa000 if used == EastAsian::Korean => 48,
        _ => 0,
    };
    Some(LEAST_EAST_ASIAN + STEP * Cost::from(nibble) + foreign)
}

/// Octets of one table of ideographs.
const IDEOGRAPHS: usize = 0x5200 / 2;

/// The cost of nibble 0 and of each step: 3.4 and 0.65 nats.
pub(super) const LEAST_EAST_ASIAN: Cost = 54;
const STEP: Cost = 10;

struct Model {
    letters: &'static [u8],
    singles: &'static [u8],
    pairs: [Pairs; 6],
    east_asian: &'static [u8],
}

static MODEL: Model = Model::read(include_bytes!("tables/names.bin"));

#[allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "evaluated by the compiler alone: what is out of place does not build"
)]
impl Model {
    const fn read(file: &'static [u8]) -> Self {
        let (magic, rest) = file.split_at(16);
        let mut i = 0;
        while i < 16 {
            assert!(magic[i] == b"headguard names\x01"[i], "not names.bin");
            i += 1;
        }
        let (lengths, rest) = rest.split_at(4 * 9);
        let (letters, rest) = rest.split_at(long(lengths, 0));
        assert!(letters.len() == 1354, "blocks of letters");
        let (singles, rest) = rest.split_at(long(lengths, 4));
        assert!(singles.len() == 256 * SINGLE, "single-octet charsets");
        let (latin, rest) = rest.split_at(long(lengths, 8));
        let (cyrillic, rest) = rest.split_at(long(lengths, 12));
        let (greek, rest) = rest.split_at(long(lengths, 16));
        let (hebrew, rest) = rest.split_at(long(lengths, 20));
        let (arabic, rest) = rest.split_at(long(lengths, 24));
        let (thai, east_asian) = rest.split_at(long(lengths, 28));
        assert!(east_asian.len() == long(lengths, 32), "the end of the file");
        assert!(
            east_asian.len() == 3 * IDEOGRAPHS + 128 + 11172 / 2,
            "East Asian characters"
        );
        Model {
            letters,
            singles,
            pairs: [
                Pairs::read(latin),
                Pairs::read(cyrillic),
                Pairs::read(greek),
                Pairs::read(hebrew),
                Pairs::read(arabic),
                Pairs::read(thai),
            ],
            east_asian,
        }
    }
}

#[allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "evaluated by the compiler alone"
)]
impl Pairs {
    const fn read(section: &'static [u8]) -> Self {
        let letters = section[0] as usize;
        let lanes = section[1] as usize;
        assert!(
            letters < 128 && lanes <= LANES,
            "more than there is room for"
        );
        let (_, rest) = section.split_at(4);
        let (languages, rest) = rest.split_at(2 * lanes);
        let (index, rows) = rest.split_at(2 * letters * letters);
        let count = section[2] as usize + 256 * section[3] as usize;
        assert!(rows.len() == count * lanes, "rows of costs");
        Pairs {
            letters,
            lanes,
            languages,
            index,
            rows,
        }
    }
}

/// Room for the languages of one family, in whole registers.
pub(super) const LANES: usize = 40;

/// A little-endian number of four octets.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler alone")]
const fn long(octets: &[u8], at: usize) -> usize {
    octets[at] as usize
        | (octets[at + 1] as usize) << 8
        | (octets[at + 2] as usize) << 16
        | (octets[at + 3] as usize) << 24
}
