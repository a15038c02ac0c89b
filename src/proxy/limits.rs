//! How much of everything a request may have.

use crate::config::Limits;
use crate::preview::Preview;
use crate::wire::head::{Field, RequestLine};

/// A limit that a request exceeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exceeded {
    /// Which limit.
    pub(super) limit: Limit,
    /// How much was sent, as far as it was read.
    pub(super) sent: usize,
    /// How much may be sent.
    pub(super) allowed: usize,
    /// The field that is too long, or the longest where all together are.
    pub(super) field: Option<String>,
}

/// The limits, by their names in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Field,
    Fields,
    Head,
    Target,
}

impl Limit {
    /// The kebab-case name, for the log and for clients.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Field => "field-too-long",
            Self::Fields => "too-many-fields",
            Self::Head => "head-too-long",
            Self::Target => "target-too-long",
        }
    }

    const fn exceeded(self, sent: usize, allowed: usize, field: Option<String>) -> Exceeded {
        Exceeded {
            limit: self,
            sent,
            allowed,
            field,
        }
    }
}

/// Checks the lengths of a request's head.
pub(super) fn check(
    line: &RequestLine,
    head: &[u8],
    fields: &[Field],
    limits: &Limits,
) -> Result<(), Exceeded> {
    let target = line.target_octets();
    if target > limits.target {
        return Err(Limit::Target.exceeded(target, limits.target, None));
    }
    if fields.len() > limits.fields {
        return Err(Limit::Fields.exceeded(fields.len(), limits.fields, None));
    }
    if line.octets <= limits.field.min(limits.head) {
        return Ok(());
    }
    let octets = |field: &Field| field.line().len() - "\r\n".len();
    let Some(longest) = fields.iter().max_by_key(|field| octets(field)) else {
        return match line.octets > limits.head {
            true => Err(Limit::Head.exceeded(line.octets, limits.head, None)),
            false => Ok(()),
        };
    };
    // A name can be all of the length, and is told to people.
    let field = || Some(Preview::new(longest.name(head).as_bytes()).to_string());
    if octets(longest) > limits.field {
        return Err(Limit::Field.exceeded(octets(longest), limits.field, field()));
    }
    if line.octets > limits.head {
        return Err(Limit::Head.exceeded(line.octets, limits.head, field()));
    }
    Ok(())
}

/// Which limit a head exceeds that is too long and not yet at its end.
pub(super) fn of_unfinished(input: &[u8], limits: &Limits) -> Exceeded {
    let mut lines = input.split(|&octet| octet == b'\n');
    let first = lines.next().unwrap_or_default();
    if first.len() > limits.target {
        return Limit::Target.exceeded(first.len(), limits.target, None);
    }
    let longest = lines.max_by_key(|line| line.len()).unwrap_or_default();
    let name = longest.split(|&octet| octet == b':').next();
    let field = name.map(|name| Preview::new(name).up_to(80).to_string());
    if longest.len() > limits.field {
        return Limit::Field.exceeded(longest.len(), limits.field, field);
    }
    Limit::Head.exceeded(input.len(), limits.head, field)
}

/// That there are more field lines than are read, as far as they came.
pub(super) fn too_many_fields(input: &[u8], limits: &Limits) -> Exceeded {
    let head =
        crate::wire::head::end(input, 0).map_or(input, |end| input.get(..end).unwrap_or(input));
    let lines = head.split_inclusive(|&octet| octet == b'\n');
    // Without the request line and the empty one.
    let fields = lines.skip(1).filter(|line| line.len() > 2).count();
    Limit::Fields.exceeded(fields.max(limits.fields + 1), limits.fields, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::head::{self, Parsed};

    fn checked(head: &str, limits: &Limits) -> Option<(Limit, usize, Option<String>)> {
        let mut fields = Vec::new();
        let Ok(Parsed::Complete(line)) = head::request(head.as_bytes(), 128, &mut fields) else {
            panic!("{head} is no head");
        };
        let exceeded = check(&line, head.as_bytes(), &fields, limits).err()?;
        Some((exceeded.limit, exceeded.sent, exceeded.field))
    }

    #[test]
    fn each_limit_is_named() {
        let mut limits = Limits::default();
        (limits.head, limits.field, limits.fields, limits.target) = (64, 20, 2, 8);
        let head = |target: &str, fields: &str| format!("GET {target} HTTP/1.1\r\n{fields}\r\n");
        let line = |name: &str, length: usize| format!("{name}: {}\r\n", "v".repeat(length));
        assert_eq!(checked(&head("/1234567", &line("a", 17)), &limits), None);
        assert_eq!(
            checked(&head("/12345678", ""), &limits),
            Some((Limit::Target, 9, None))
        );
        assert_eq!(
            checked(&head("/", "a: 1\r\na: 1\r\nb: 1\r\n"), &limits),
            Some((Limit::Fields, 3, None))
        );
        let long = [line("a", 1), line("b", 18)].concat();
        assert_eq!(
            checked(&head("/", &long), &limits),
            Some((Limit::Field, 21, Some("b".into())))
        );
        // "GET / HTTP/1.1\r\n" + "a: …\r\n" + "b: …\r\n" + "\r\n"
        let both = [line("a", 17), line("b", 17)].concat();
        assert_eq!(checked(&head("/", &both), &limits), None);
        limits.head = 61;
        assert_eq!(
            checked(&head("/", &both), &limits).map(|(limit, sent, _)| (limit, sent)),
            Some((Limit::Head, 62))
        );
    }

    #[test]
    fn heads_without_an_end() {
        let mut limits = Limits::default();
        (limits.head, limits.field, limits.target) = (64, 20, 8);
        let of = |input: &str| {
            let exceeded = of_unfinished(input.as_bytes(), &limits);
            (exceeded.limit, exceeded.field)
        };
        assert_eq!(
            of(&format!("GET /{}", "x".repeat(70))),
            (Limit::Target, None)
        );
        assert_eq!(
            of(&format!("GET /\r\nLong: {}", "x".repeat(70))),
            (Limit::Field, Some("Long".into()))
        );
        assert_eq!(
            of(&format!("GET /\r\n{}", "a: b\r\n".repeat(12))).0,
            Limit::Head
        );
    }
}
