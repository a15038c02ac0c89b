//! What is known about a value before looking at it.

use super::Charset;
use super::model::Cost;

/// What speaks for a charset besides the octets: the languages the client
/// accepts, and the charset that an earlier value of the same client was in.
///
/// It shifts the balance between readings that are nearly as good; it never
/// makes a reading of what reads as nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    languages: [[u8; 2]; 4],
    earlier: Option<Charset>,
    is_western: bool,
}

impl Context {
    /// Nothing is known.
    pub const NONE: Context = Context {
        languages: [[0; 2]; 4],
        earlier: None,
        is_western: false,
    };

    /// The octets are of a kind that is Latin-1 far more often than not: those
    /// that escapes stand for, or that UTF-8 is mixed with.
    pub(crate) const WESTERN: Context = Context {
        is_western: true,
        ..Context::NONE
    };

    /// Takes the first four languages of an `Accept-Language` value.
    ///
    /// Only the primary language of two letters counts; what is refused with
    /// `q=0` and what cannot be read is passed by.
    #[must_use]
    pub fn with_accept_language(mut self, value: &[u8]) -> Self {
        let mut free = 0;
        for range in value.split(|&octet| octet == b',') {
            let range = range.trim_ascii();
            let refused = range
                .split(|&octet| octet == b';')
                .skip(1)
                .any(|weight| matches!(weight.trim_ascii(), b"q=0" | b"q=0.0"));
            let code = match range {
                [first, second] | [first, second, b'-' | b';' | b' ', ..] => {
                    [first.to_ascii_lowercase(), second.to_ascii_lowercase()]
                }
                _ => continue,
            };
            if refused || !code.iter().all(u8::is_ascii_lowercase) || self.languages.contains(&code)
            {
                continue;
            }
            let Some(slot) = self.languages.get_mut(free) else {
                break;
            };
            *slot = code;
            free += 1;
        }
        self
    }

    /// Says which charset an earlier value of the same client was in.
    #[must_use]
    pub const fn with_earlier(mut self, charset: Charset) -> Self {
        self.earlier = Some(charset);
        self
    }

    /// Whether it makes any language cost less: mostly it does not, and each
    /// would be asked about a thousand times.
    pub(super) fn knows_languages(self) -> bool {
        self.languages != Self::NONE.languages
    }

    /// What it costs less to suppose this language.
    pub(super) fn language(self, code: &str) -> Cost {
        if !self.knows_languages() {
            return 0;
        }
        let alike = match code {
            "hr" => &["hr", "bs", "sr"][..],
            "nb" => &["nb", "no", "nn"],
            "he" => &["he", "iw"],
            "id" => &["id", "ms"],
            _ => &[],
        };
        let accepts = |code: &str| {
            self.languages
                .iter()
                .any(|accepted| accepted.as_slice() == code.as_bytes())
        };
        // Everybody accepts English, wherever they are.
        if code != "en" && (accepts(code) || alike.iter().any(|&code| accepts(code))) {
            -ACCEPTED
        } else {
            0
        }
    }

    /// The most that it makes anything cost less.
    pub(super) fn most(self) -> Cost {
        ACCEPTED * Cost::from(self.knows_languages())
            + EARLIER * Cost::from(self.earlier.is_some())
            + WESTERN * Cost::from(self.is_western)
    }

    /// What it costs less to suppose this charset.
    pub(super) fn charset(self, charset: Charset) -> Cost {
        let is_earlier = match self.earlier {
            Some(Charset::Gb18030) => charset == Charset::Gbk,
            Some(Charset::Latin1) => charset == Charset::Windows1252,
            earlier => earlier == Some(charset),
        };
        let is_western = self.is_western && charset == Charset::Windows1252;
        -(EARLIER * Cost::from(is_earlier) + WESTERN * Cost::from(is_western))
    }
}

/// Two nats and a half: twelve to one.
const ACCEPTED: Cost = 40;
const EARLIER: Cost = 40;
/// Five nats: a hundred and fifty to one.
const WESTERN: Cost = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_read_from_accept_language() {
        let context =
            Context::default().with_accept_language(b"pl-PL, pl;q=0.9,en;q=0.8, de;q=0, x-y, *");
        assert!(context.language("pl") < 0);
        assert_eq!(context.language("de"), 0);
        assert_eq!(context.language("en"), 0);
        assert_eq!(context.languages, [*b"pl", *b"en", [0; 2], [0; 2]]);
    }
}
