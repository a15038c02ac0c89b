//! Refusals that were written before: a broken client, or an attack, sends the
//! same value again and again, and gets the same words.
//!
//! Only what depends on nothing but the settings, the field and its value is
//! kept, and only a few of each worker's last.

use crate::explain::DetailLevel;
use crate::headers::Rejected;
use std::cell::RefCell;
use std::rc::Rc;

/// The last refusals of a worker.
#[derive(Debug, Default)]
pub(super) struct Memo(RefCell<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    /// The settings it was made under.
    settings: u64,
    as_text: bool,
    languages: Option<Box<[u8]>>,
    field: Box<str>,
    occurrence: usize,
    value: Box<[u8]>,
    refusal: Rc<Refusal>,
}

/// What a refusal depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused<'h> {
    pub(super) settings: u64,
    /// The client prefers plain text.
    pub(super) as_text: bool,
    /// What the client says of its languages.
    pub(super) languages: Option<&'h [u8]>,
    pub(super) field: &'h str,
    pub(super) occurrence: usize,
    pub(super) value: &'h [u8],
}

/// A refusal, but for the request's identifier.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The value of `Headguard`.
    pub(super) item: String,
    media_type: &'static str,
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
        Self {
            item: rejected.item(level),
            media_type,
            place: body.len().saturating_sub(ending),
            body,
        }
    }

    /// The media type, and the body in its three parts.
    pub(super) fn told<'r>(&'r self, instance: &'r str) -> (&'static str, [&'r str; 3]) {
        let parts = self.body.split_at_checked(self.place);
        let (before, after) = parts.unwrap_or((&self.body, ""));
        (self.media_type, [before, instance, after])
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
    pub(super) fn recall(&self, refused: Refused<'_>) -> Option<Rc<Refusal>> {
        let entries = self.0.borrow();
        let same = |entry: &&Entry| {
            entry.settings == refused.settings
                && entry.as_text == refused.as_text
                && entry.occurrence == refused.occurrence
                && *entry.value == *refused.value
                && entry.languages.as_deref() == refused.languages
                && *entry.field == *refused.field
        };
        entries
            .iter()
            .find(same)
            .map(|entry| Rc::clone(&entry.refusal))
    }

    /// Keeps a refusal for the next time, if it is one that can be kept.
    pub(super) fn keep(
        &self,
        settings: u64,
        as_text: bool,
        languages: Option<&[u8]>,
        rejected: &Rejected,
        refusal: &Rc<Refusal>,
    ) {
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
                settings,
                as_text,
                languages: languages.map(Into::into),
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
    use crate::headers::Line;
    use crate::policy::{Policy, Preset};

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

    fn keep(memo: &Memo, rejected: &Rejected, level: DetailLevel, as_text: bool) {
        let refusal = Rc::new(Refusal::new(rejected, level, as_text));
        memo.keep(1, as_text, None, rejected, &refusal);
    }

    fn of(value: &[u8]) -> Refused<'_> {
        Refused {
            settings: 1,
            as_text: false,
            languages: None,
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
                    let refused = Refused {
                        as_text,
                        ..of(value)
                    };
                    let refusal = memo.recall(refused).expect("kept");
                    assert_eq!(refusal.item, rejected.item(*level));
                    let instance = "urn:headguard:request:abc";
                    let written = rejected.problem(Some(instance), *level).told(as_text);
                    let (media_type, parts) = refusal.told(instance);
                    assert_eq!((media_type, parts.concat()), written);
                }
            }
        }
    }

    #[test]
    fn other_values_and_settings_are_not_recalled() {
        let memo = Memo::default();
        let (sent, other) = (b"T\xE9l", b"T\xE8l");
        keep(&memo, &rejected(sent), DetailLevel::Full, false);
        assert!(memo.recall(of(sent)).is_some());
        #[rustfmt::skip]
        let others = [
            Refused { settings: 2, ..of(sent) },
            Refused { as_text: true, ..of(sent) },
            Refused { occurrence: 2, ..of(sent) },
            Refused { field: "n", ..of(sent) },
            Refused { languages: Some(b"pl"), ..of(sent) },
            of(other),
        ];
        for refused in others {
            assert!(memo.recall(refused).is_none(), "{refused:?}");
        }
        for _ in 0..MOST_KEPT {
            keep(&memo, &rejected(other), DetailLevel::Full, false);
        }
        assert!(memo.recall(of(sent)).is_none(), "the last ones only");
    }
}
