//! Which fields a signature that the message carries covers.
//!
//! A covered field is not rewritten: whoever checks the signature would see
//! octets that nobody signed. What is looked at says which fields it covers,
//! and nothing here checks a signature:
//!
//! - `Signature-Input` (RFC 9421 §4.1): the names in its inner lists.
//! - `SignedHeaders=` in credentials: AWS Signature Version 4 and the schemes
//!   made like it.
//! - `headers="…"` in `Signature` and in credentials of that scheme (the drafts
//!   before RFC 9421, which `ActivityPub` still uses).
//! - `SharedKey` of Azure Storage and `AWS` of Signature Version 2, which cover
//!   every field of their prefix.

use crate::fields::{same_name, starts_with};

/// Whether a field of this name may hold a signature.
pub(crate) fn may_be_in(name: &str) -> bool {
    CARRIERS.iter().any(|carrier| same_name(carrier, name))
}

const CARRIERS: [&str; 4] = [
    "Authorization",
    "Proxy-Authorization",
    "Signature",
    "Signature-Input",
];

/// Whether the field line of this name and value holds a signature that covers
/// `field`. A signature whose cover cannot be read covers everything.
pub(crate) fn covers(name: &str, value: &[u8], field: &str) -> bool {
    if same_name(name, "Signature-Input") {
        return covers_component(value, field);
    }
    let credentials = same_name(name, "Authorization") || same_name(name, "Proxy-Authorization");
    if !credentials && !same_name(name, "Signature") {
        return false;
    }
    let scheme = value.split(|&octet| octet == b' ').next();
    let is_scheme =
        |known: &str| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(known.as_bytes()));
    let by_prefix = credentials
        && ((is_scheme("SharedKey") || is_scheme("SharedKeyLite")) && starts_with(field, "x-ms-")
            || is_scheme("AWS") && starts_with(field, "x-amz-"));
    let listed = parameter(value, b"SignedHeaders=").or_else(|| {
        parameter(value, b"headers=").filter(|_| !credentials || is_scheme("Signature"))
    });
    by_prefix || listed.is_some_and(|list| is_in_list(list, field))
}

/// Whether an inner list names `field` as a component (RFC 9421 §2, a
/// dictionary of inner lists of strings, RFC 9651 §3.2).
fn covers_component(value: &[u8], field: &str) -> bool {
    let mut rest = value;
    let mut inside = false;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match octet {
            b'(' => inside = true,
            b')' => inside = false,
            b'"' => {
                // No name needs an escape, and one with an escape is none.
                let Some(end) = after.iter().position(|&octet| octet == b'"') else {
                    return true;
                };
                let (string, after) = after.split_at(end);
                rest = after.get(1..).unwrap_or_default();
                if inside && is_name(string, field) {
                    return true;
                }
            }
            _ => {}
        }
    }
    inside
}

/// The value of a parameter of credentials, without its quotes.
fn parameter<'v>(value: &'v [u8], name: &[u8]) -> Option<&'v [u8]> {
    let start = value
        .windows(name.len())
        .position(|octets| octets.eq_ignore_ascii_case(name))?;
    let rest = value.get(start + name.len()..)?;
    let (rest, ends): (_, fn(u8) -> bool) = match rest.strip_prefix(b"\"") {
        Some(quoted) => (quoted, |octet| octet == b'"'),
        None => (rest, |octet| matches!(octet, b',' | b' ' | b'&')),
    };
    let end = rest.iter().position(|&octet| ends(octet));
    rest.get(..end.unwrap_or(rest.len()))
}

fn is_in_list(list: &[u8], field: &str) -> bool {
    list.split(|octet| matches!(octet, b';' | b' '))
        .any(|name| is_name(name, field))
}

fn is_name(octets: &[u8], field: &str) -> bool {
    std::str::from_utf8(octets).is_ok_and(|name| same_name(name, field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covered_fields() {
        let rfc9421 = r#"sig1=("@method" "company-name" "content-digest";req);created=1618884473;keyid="not (inside", sig2=()"#;
        let sigv4 = "AWS4-HMAC-SHA256 Credential=AKID/20261120/eu-west-1/s3/aws4_request, SignedHeaders=company-name;host;x-amz-date, Signature=00ff";
        let cavage = r#"keyId="k",algorithm="hs2019",headers="(request-target) date company-name",signature="AA=""#;
        let in_credentials = format!("Signature {cavage}");
        for (name, value, covered) in [
            ("Signature-Input", rfc9421, true),
            ("signature_input", rfc9421, true),
            (
                "Signature-Input",
                r#"sig1=("@method");keyid="company-name""#,
                false,
            ),
            ("Signature-Input", r#"sig1=("@method" "compa"#, true),
            ("Signature-Input", r#"sig1=("@method""#, true),
            ("Signature-Input", r#"sig1=()"#, false),
            ("Authorization", sigv4, true),
            (
                "Authorization",
                "AWS4-ECDSA-P256-SHA256 SignedHeaders=Company_Name",
                true,
            ),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 SignedHeaders=company-names;host",
                false,
            ),
            ("Signature", cavage, true),
            ("Authorization", in_credentials.as_str(), true),
            ("Authorization", r#"Digest headers="company-name""#, false),
            ("Signature", "sig1=:AAAA:", false),
            ("X-Other", sigv4, false),
            ("Authorization", "Bearer company-name", false),
        ] {
            assert_eq!(
                covers(name, value.as_bytes(), "Company-Name"),
                covered,
                "{name}: {value}"
            );
        }
        assert!(covers(
            "Authorization",
            b"SharedKey acc:AAA=",
            "x-ms-meta-name"
        ));
        assert!(!covers(
            "Authorization",
            b"SharedKey acc:AAA=",
            "Company-Name"
        ));
        assert!(covers("Authorization", b"AWS AKID:AAA=", "x-amz-meta-name"));
    }
}
