//! Refusals that were written before: a broken client, or an attack, sends the
//! same value again and again, and gets the same words.
//!
//! Only what depends on nothing but the settings, the field and its value is
//! kept, and only a few of each worker's last.

use super::reply;
use crate::explain::DetailLevel;
use crate::headers::Rejected;
use crate::wire::head::{Field, Known};
use http::StatusCode;
use std::cell::RefCell;
use std::rc::Rc;

/// The last refusals of a worker.
#[derive(Debug, Default)]
pub(super) struct Memo(RefCell<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    settings: u64,
    accept: Option<Box<[u8]>>,
    languages: Option<Box<[u8]>>,
    field: Box<str>,
    occurrence: usize,
    value: Box<[u8]>,
    refusal: Rc<Refusal>,
}

/// What of a request its refusal depends on, beside the value refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'h> {
    /// The settings it is judged under.
    settings: u64,
    /// What the client says of media types, and of its languages.
    accept: Option<&'h [u8]>,
    languages: Option<&'h [u8]>,
}

impl<'h> Asking<'h> {
    /// `None` for a client that says more than is kept.
    pub(super) fn of(settings: u64, head: &'h [u8], fields: &[Field]) -> Option<Self> {
        let mut asking = Asking {
            settings,
            accept: None,
            languages: None,
        };
        for field in fields {
            match field.known {
                Known::Accept => {
                    let other = asking.accept.replace(field.value(head));
                    other.is_none().then_some(())?;
                }
                Known::AcceptLanguage => {
                    asking.languages.get_or_insert(field.value(head));
                }
                _ => {}
            }
        }
        Some(asking)
    }
}

/// The value that a request is refused for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused<'h> {
    pub(super) field: &'h str,
    pub(super) occurrence: usize,
    pub(super) value: &'h [u8],
}

/// A refusal, but for the request's identifier.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The value of `Headguard`.
    pub(super) item: String,
    /// The response's head, as far as `Content-Length: `.
    pub(super) head: String,
    /// The body, and where the identifier goes.
    body: String,
    place: usize,
}

impl Refusal {
    pub(super) fn new(rejected: &Rejected, level: DetailLevel, as_text: bool) -> Self {
        let problem = rejected.problem(Some(""), level);
        let (media_type, body) = problem.told(as_text);
        // The identifier is the last that is told.
        let ending = match as_text {
            true => "\n".len(),
            false => "\"}\n".len(),
        };
        let item = rejected.item(level);
        Self {
            head: reply::head(StatusCode::BAD_REQUEST, media_type, &item),
            item,
            place: body.len().saturating_sub(ending),
            body,
        }
    }

    /// The body before and after the identifier.
    pub(super) fn body(&self) -> (&str, &str) {
        let parts = self.body.split_at_checked(self.place);
        parts.unwrap_or((&self.body, ""))
    }
}

/// How many refusals are kept, and how long a value is at most.
const MOST_KEPT: usize = 8;
const MOST_OCTETS: usize = 256;

impl Memo {
    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The refusal of this value, if it was written lately.
    pub(super) fn recall(&self, asking: Asking<'_>, refused: Refused<'_>) -> Option<Rc<Refusal>> {
        let entries = self.0.borrow();
        let same = |entry: &&Entry| {
            entry.settings == asking.settings
                && *entry.value == *refused.value
                && entry.occurrence == refused.occurrence
                && entry.accept.as_deref() == asking.accept
                && entry.languages.as_deref() == asking.languages
                && *entry.field == *refused.field
        };
        entries
            .iter()
            .find(same)
            .map(|entry| Rc::clone(&entry.refusal))
    }

    /// Keeps a refusal for the next time, if it is one that can be kept.
    pub(super) fn keep(&self, asking: Asking<'_>, rejected: &Rejected, refusal: &Rc<Refusal>) {
        let ([refused], true) = (rejected.refused(), rejected.report().is_clean()) else {
            return;
        };
        // These depend on the other fields: a signature, the size of the head.
        let others = [crate::Refusal::Signed, crate::Refusal::TooLong];
        if others
            .map(crate::Refusal::reason)
            .map(Some)
            .contains(&refused.not_repaired())
        {
            return;
        }
        let Some(value) = refused.value().filter(|value| value.len() <= MOST_OCTETS) else {
            return;
        };
        let mut entries = self.0.borrow_mut();
        entries.truncate(MOST_KEPT - 1);
        entries.insert(
            0,
            Entry {
                settings: asking.settings,
                accept: asking.accept.map(Into::into),
                languages: asking.languages.map(Into::into),
                field: refused.field().into(),
                occurrence: refused.occurrence(),
                value: value.into(),
                refusal: Rc::clone(refusal),
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::lines::Line;
    use crate::policy::{Policy, Preset};
    use crate::wire::head;

    #[derive(Clone)]
    struct One(&'static str, &'static [u8]);

    impl Line<'static> for One {
        fn name(&self) -> &'static str {
            self.0
        }

        fn value(&self) -> &'static [u8] {
            self.1
        }

        fn is_secret(&self) -> bool {
            false
        }
    }

    fn rejected(value: &'static [u8]) -> Rejected {
        let policy = Policy::builder().preset(Preset::Strict).build();
        let policy = policy.expect("no rules");
        let lines = || [One("N", value)].into_iter();
        match policy.for_any_request().inspect_lines(lines) {
            Err(rejected) => rejected,
            Ok(_) => panic!("it is refused"),
        }
    }

    #[test]
    fn what_other_fields_decide_is_not_kept() {
        let rule = crate::policy::Rule::for_fields(["N"])
            .normalize([crate::FindingKind::Latin1])
            .reject([crate::FindingKind::Latin1]);
        let policy = Policy::builder().rule(rule).build().expect("a right rule");
        let signed = One("Signature-Input", b"sig=(\"n\");created=1");
        let lines = || [signed.clone(), One("N", b"T\xE9l\xE9bec")].into_iter();
        let Err(rejected) = policy.for_any_request().inspect_lines(lines) else {
            panic!("a signature covers it");
        };
        let memo = Memo::default();
        keep(&memo, &rejected, DetailLevel::Full, false);
        assert!(memo.is_empty());
    }

    const ASKING: Asking<'static> = Asking {
        settings: 1,
        accept: None,
        languages: None,
    };

    fn keep(memo: &Memo, rejected: &Rejected, level: DetailLevel, as_text: bool) {
        let refusal = Rc::new(Refusal::new(rejected, level, as_text));
        memo.keep(ASKING, rejected, &refusal);
    }

    fn of(value: &[u8]) -> Refused<'_> {
        Refused {
            field: "N",
            occurrence: 1,
            value,
        }
    }

    #[test]
    fn what_is_recalled_is_what_would_be_written() {
        let values: [&[u8]; 3] = [b"T\xE9l", b"\xE9 \"}\n", b"urn:headguard:request:\xE9"];
        for value in values {
            for level in DetailLevel::ALL {
                for as_text in [false, true] {
                    let (memo, rejected) = (Memo::default(), rejected(value));
                    keep(&memo, &rejected, *level, as_text);
                    let refusal = memo.recall(ASKING, of(value)).expect("kept");
                    assert_eq!(refusal.item, rejected.item(*level));
                    let instance = "urn:headguard:request:abc";
                    let (media_type, body) = rejected.problem(Some(instance), *level).told(as_text);
                    let (before, after) = refusal.body();
                    assert_eq!([before, instance, after].concat(), body);
                    assert!(refusal.head.contains(media_type));
                }
            }
        }
    }

    #[test]
    fn other_values_clients_and_settings_are_not_recalled() {
        let memo = Memo::default();
        let (sent, other) = (b"T\xE9l", b"T\xE8l");
        keep(&memo, &rejected(sent), DetailLevel::Full, false);
        assert!(memo.recall(ASKING, of(sent)).is_some());
        #[rustfmt::skip]
        let others = [
            Refused { occurrence: 2, ..of(sent) },
            Refused { field: "n", ..of(sent) },
            of(other),
        ];
        for refused in others {
            assert!(memo.recall(ASKING, refused).is_none(), "{refused:?}");
        }
        #[rustfmt::skip]
        let others = [
            Asking { settings: 2, ..ASKING },
            Asking { accept: Some(b"text/plain"), ..ASKING },
            Asking { languages: Some(b"pl"), ..ASKING },
        ];
        for asking in others {
            assert!(memo.recall(asking, of(sent)).is_none(), "{asking:?}");
        }
        for _ in 0..MOST_KEPT {
            keep(&memo, &rejected(other), DetailLevel::Full, false);
        }
        assert!(
            memo.recall(ASKING, of(sent)).is_none(),
            "the last ones only"
        );
    }

    #[test]
    fn of_a_client_is_known_what_it_says_once() {
        let of = |lines: &str| {
            let head = format!("GET / HTTP/1.1\r\n{lines}\r\n");
            let mut fields = Vec::new();
            head::request(head.as_bytes(), 8, &mut fields).expect("a right head");
            let asking = Asking::of(1, head.as_bytes(), &fields)?;
            let owned = |said: Option<&[u8]>| said.map(<[u8]>::to_vec);
            Some((owned(asking.accept), owned(asking.languages)))
        };
        let some = |said: &str| Some(said.as_bytes().to_vec());
        assert_eq!(of("Host: h\r\n"), Some((None, None)));
        assert_eq!(
            of("ACCEPT: a/b\r\nAccept-Language: pl\r\nAccept-Language: fr\r\n"),
            Some((some("a/b"), some("pl")))
        );
        assert_eq!(of("Accept: a/b\r\nAccept: c/d\r\n"), None);
    }
}
