//! The grammar of a field's value: what in it is the field's own form, and what
//! is text that somebody encoded.

use super::{ends_with, ends_with_any, protection, registry, starts_with};

/// What a field's value is made of, as far as judging its encoding needs it.
///
/// A form such as `%C3%A9` is a fault in one field and the rule in another.
/// The methods say for each form which it is. A field that nobody registered is
/// [`FreeText`](Self::FreeText), where every form is looked for, cautiously.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grammar {
    /// Hosts, IP addresses and ports, one or a list.
    Address,
    /// Base64: keys, digests, and whatever gRPC carries in `*-bin`.
    Base64,
    /// `cookie-string`: opaque to everybody but who set it (RFC 6265 §4.2).
    Cookie,
    /// A scheme and what proves who is asking: a token, or parameters, among
    /// which `username*=` is an ext-value (RFC 9110 §11.4, RFC 7616 §3.4).
    Credentials,
    /// A date or a number of seconds.
    Date,
    /// Text, or unknown. Judged cautiously, since it may be anything.
    FreeText,
    /// JSON, in which `\u00e9` is an é like any other.
    Json,
    /// URI references between `<` and `>`, each with parameters (RFC 8288 §3).
    Links,
    /// Text that a store keeps for its user. S3 gives what is not ASCII back as
    /// encoded-words, so they are legitimate.
    Metadata,
    /// Numbers, one or a list.
    Number,
    /// Opaque to everybody but its origin, or compared octet by octet: entity
    /// tags and the conditions made of them (RFC 9110 §8.8.3, §13.1), trace
    /// contexts, the identity of a request.
    Opaque,
    /// Tokens or a quoted text with parameters, where `name*=` is an ext-value
    /// (RFC 9110 §5.6.6, RFC 8187).
    Parameters,
    /// Percent-encoded by the field's own specification.
    Percent,
    /// Products with versions and comments. Applications write their names
    /// percent-encoded in it, and nobody decodes them (RFC 9110 §10.1.5).
    Product,
    /// A structured field, in which `%"…"` is a Display String (RFC 9651).
    Structured,
    /// Tokens, one or a list, perhaps with weights.
    Token,
    /// A URI reference, or several: `&` separates, `%` escapes (RFC 3986).
    Uri,
}

impl Grammar {
    /// The grammar of the named field's value.
    #[must_use]
    pub fn of(name: &str) -> Grammar {
        if let Some(row) = registry::find(name) {
            return row.grammar();
        }
        if let Some((_, grammar)) = PREFIXES
            .iter()
            .find(|(prefix, _)| starts_with(name, prefix))
        {
            return *grammar;
        }
        if ends_with_any(name, URI_ENDINGS) {
            Grammar::Uri
        } else if ends_with(name, "-Bin") {
            Grammar::Base64
        } else if ends_with(name, "-User-Agent") {
            Grammar::Product
        } else {
            match protection::of_unregistered(name) {
                Some(protection::Protection::Credentials) => Grammar::Credentials,
                Some(_) => Grammar::Opaque,
                None => Grammar::FreeText,
            }
        }
    }

    /// Whether a character reference (`&eacute;`) is text that somebody
    /// escaped. Where it is not, `&` separates or belongs to a key.
    #[must_use]
    pub const fn escapes_references(self) -> bool {
        !matches!(self, Self::Cookie | Self::Opaque | Self::Uri)
    }

    /// Whether the value, or a parameter of it, is text for people: where it
    /// holds `%C3%A9`, `\u00e9`, an encoded-word or an ext-value, somebody
    /// encoded it, unless one of the other methods says that the form is at
    /// home here. In other grammars these forms are the field's own, or chance.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(
            self,
            Self::FreeText | Self::Links | Self::Metadata | Self::Parameters
        )
    }

    /// Whether the value as a whole is one text, none of whose signs means
    /// anything to a parser.
    #[must_use]
    pub(crate) const fn is_one_text(self) -> bool {
        matches!(self, Self::FreeText | Self::Metadata | Self::Percent)
    }

    /// Whether `name*=UTF-8''T%C3%A9l` in a parameter is an ext-value in its
    /// place (RFC 8187). A bare one, or one in quotes, is none anywhere.
    #[must_use]
    pub const fn holds_ext_values(self) -> bool {
        matches!(self, Self::Credentials | Self::Links | Self::Parameters)
    }

    /// Whether `%"T%c3%a9l"` is a Display String in its place (RFC 9651 §3.3.8).
    #[must_use]
    pub const fn holds_display_strings(self) -> bool {
        matches!(self, Self::Structured)
    }

    /// Whether an encoded-word is at home here (RFC 2047).
    #[must_use]
    pub const fn holds_encoded_words(self) -> bool {
        matches!(self, Self::Metadata)
    }

    /// Whether what stands between `<` and `>` is a URI, whatever the rest is.
    #[must_use]
    pub const fn holds_uris(self) -> bool {
        matches!(self, Self::Links | Self::Uri)
    }

    /// Whether a repair may be made though no rule asks for this very field.
    ///
    /// Not in links: what reads as a reference may stand in a URI, where
    /// `&amp;` is two parameters, or in a title, where it is an ampersand. It
    /// is reported, and a rule may say otherwise.
    #[must_use]
    pub(crate) const fn may_be_rewritten(self) -> bool {
        !matches!(
            self,
            Self::Base64
                | Self::Cookie
                | Self::Credentials
                | Self::Links
                | Self::Opaque
                | Self::Uri
        )
    }
}

/// Families of fields.
const PREFIXES: &[(&str, Grammar)] = &[
    ("Access-Control-", Grammar::Token),
    // CloudEvents, HTTP protocol binding, section 3.1.3.2.
    ("ce-", Grammar::Percent),
    // Compared with the body by the receiver.
    ("Mcp-Param-", Grammar::Opaque),
    ("Sec-CH-", Grammar::Structured),
    ("Sec-Fetch-", Grammar::Structured),
    // Jaeger and OpenTracing write baggage percent-encoded.
    ("ot-baggage-", Grammar::Percent),
    ("uberctx-", Grammar::Percent),
    ("X-Amz-Meta-", Grammar::Metadata),
    ("X-Goog-Meta-", Grammar::Metadata),
    ("X-MS-Meta-", Grammar::Metadata),
];

/// Endings that name a URI in fields nobody registered.
const URI_ENDINGS: &[&str] = &[
    "-Href",
    "-Location",
    "-Path",
    "-Query",
    "-Redirect",
    "-Referer",
    "-Referrer",
    "-URI",
    "-URL",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_fields() {
        for (name, grammar) in [
            ("Accept-Language", Grammar::Token),
            ("baggage", Grammar::Opaque),
            ("cache-control", Grammar::Parameters),
            ("CE_Subject", Grammar::Percent),
            ("CF-Connecting-IP", Grammar::Address),
            ("CF-Ray", Grammar::Opaque),
            ("Content-Disposition", Grammar::Parameters),
            ("Content-Length", Grammar::Number),
            ("Content-MD5", Grammar::Base64),
            ("Content-Security-Policy", Grammar::Uri),
            ("cookie", Grammar::Cookie),
            ("Date", Grammar::Date),
            ("Dropbox-API-Arg", Grammar::Json),
            ("Forwarded", Grammar::Parameters),
            ("From", Grammar::FreeText),
            ("grpc-message", Grammar::Percent),
            ("If_None_Match", Grammar::Opaque),
            ("Last-Event-ID", Grammar::FreeText),
            ("LINK", Grammar::Links),
            ("Mcp-Name", Grammar::Opaque),
            ("Origin", Grammar::Uri),
            ("Priority", Grammar::Structured),
            ("Proxy-Authorization", Grammar::Credentials),
            ("referer", Grammar::Uri),
            ("Sec-CH-UA", Grammar::Structured),
            ("Sec-WebSocket-Key", Grammar::Base64),
            ("Signature-Input", Grammar::Structured),
            ("Slug", Grammar::Percent),
            ("traceparent", Grammar::Opaque),
            ("User-Agent", Grammar::Product),
            ("Via", Grammar::Product),
            ("X-Amz-Copy-Source", Grammar::Uri),
            ("X-Amzn-Trace-Id", Grammar::Opaque),
            ("X-Forwarded-For", Grammar::Address),
            ("x_forwarded_proto", Grammar::Token),
            ("X-Forwarded-User", Grammar::FreeText),
            ("X-Hub-Signature-256", Grammar::Opaque),
            ("X-RateLimit-Remaining", Grammar::Number),
            ("X-Vercel-IP-City", Grammar::Percent),
        ] {
            assert_eq!(Grammar::of(name), grammar, "{name}");
        }
    }

    #[test]
    fn families_and_endings() {
        for (name, grammar) in [
            ("ce-comexampleextension", Grammar::Percent),
            ("Mcp-Param-City", Grammar::Opaque),
            ("Sec-CH-Something-New", Grammar::Structured),
            ("trace-proto-bin", Grammar::Base64),
            ("X-Amz-Meta-Company", Grammar::Metadata),
            ("X-Original-URL", Grammar::Uri),
            ("X_Next_Path", Grammar::Uri),
            ("X-Partner-Token", Grammar::Credentials),
            ("Acme-Signature", Grammar::Opaque),
            ("X-Browser-User-Agent", Grammar::Product),
            ("Path", Grammar::FreeText),
            ("CompanyName", Grammar::FreeText),
            ("ce", Grammar::FreeText),
            ("", Grammar::FreeText),
        ] {
            assert_eq!(Grammar::of(name), grammar, "{name}");
        }
    }
}
