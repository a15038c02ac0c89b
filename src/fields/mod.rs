//! What is known of fields by their name: the grammar of their value, and
//! which of them nobody may rewrite.
//!
//! Names are compared without case, and with `_` as `-`: a CGI or WSGI origin
//! cannot tell `Company_Name` from `Company-Name`, so neither may a guard.

mod grammar;
mod protection;
mod registry;

pub use grammar::Grammar;
pub use protection::Protection;

/// Whether the named field's value is text that may be repaired though nobody
/// asked for this very field.
pub(crate) fn is_free_text(name: &str) -> bool {
    Grammar::of(name).may_be_rewritten() && Protection::of(name).is_none()
}

/// Whether two field names are one: case-blind, and `_` is `-`.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    // Most names that are one have no `_` in them.
    one.len() == other.len() && (one.eq_ignore_ascii_case(other) || folded(one).eq(folded(other)))
}

/// Whether `name` starts with `prefix`, compared as [`same_name`] does.
pub(crate) fn starts_with(name: &str, prefix: &str) -> bool {
    name.len() >= prefix.len() && folded(name).zip(folded(prefix)).all(|(a, b)| a == b)
}

fn ends_with(name: &str, ending: &str) -> bool {
    name.len() >= ending.len()
        && folded(name)
            .rev()
            .zip(folded(ending).rev())
            .all(|(a, b)| a == b)
}

fn ends_with_any(name: &str, endings: &[&str]) -> bool {
    // Most names end in no letter that any of them ends in.
    let last = |name: &str| name.bytes().next_back().map(fold);
    let wanted = last(name);
    let mut likely = endings.iter().filter(|ending| last(ending) == wanted);
    likely.any(|ending| ends_with(name, ending))
}

/// The octets of a name as names are compared.
fn folded(name: &str) -> impl DoubleEndedIterator<Item = u8> {
    name.bytes().map(fold)
}

const fn fold(octet: u8) -> u8 {
    match octet {
        b'_' => b'-',
        octet => octet.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name() {
        assert!(same_name("Company-Name", "company_name"));
        assert!(!same_name("Company-Name", "CompanyName"));
        assert!(starts_with("X_Company_Name", "x-company-"));
        assert!(!starts_with("X-Comp", "X-Company-"));
    }

    #[test]
    fn what_may_be_repaired_unasked() {
        for name in ["CompanyName", "From", "Content-Disposition", "User-Agent"] {
            assert!(is_free_text(name), "{name}");
        }
        for name in ["Link", "Cookie", "ETag", "Referer", "Host", "Authorization"] {
            assert!(!is_free_text(name), "{name}");
        }
    }
}
