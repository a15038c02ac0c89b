//! The table of the keys of a rule.

/// A key of a `[[policy.rule]]`.
pub(super) struct RuleKey {
    pub(super) name: &'static str,
    /// A value to show, as written in the file.
    pub(super) example: &'static str,
    pub(super) doc: &'static str,
}

/// Every key of a rule, in the order in which they are printed.
pub(super) const RULE_KEYS: &[RuleKey] = &[
    rule_key(
        "name",
        r#""company names are UTF-8""#,
        "What reports and logs call the rule.",
    ),
    rule_key(
        "fields",
        r#"["CompanyName", "X-Company-*"]"#,
        "The fields it is for; a trailing * stands for anything, _ and - are the same.",
    ),
    rule_key(
        "routes",
        r#"["/api/*"]"#,
        "Only requests with one of these paths; a trailing * stands for anything.",
    ),
    rule_key(
        "methods",
        r#"["POST"]"#,
        "Only requests with one of these methods.",
    ),
    rule_key(
        "hosts",
        r#"["*.example.com"]"#,
        "Only requests to one of these hosts, without a port; *. stands for any name below.",
    ),
    rule_key(
        "allow",
        r#"["percent-encoded"]"#,
        "Finding kinds that nothing is said about.",
    ),
    rule_key(
        "log",
        r#"["not-nfc"]"#,
        "Finding kinds that are reported, and the value passed on as it came.",
    ),
    rule_key(
        "normalize",
        r#"["latin1", "char-ref", "double-encoded"]"#,
        "Finding kinds that are repaired where that is safe.",
    ),
    rule_key(
        "reject",
        r#"["invalid-utf8", "control"]"#,
        "Finding kinds that the request is refused for.",
    ),
    rule_key(
        "charsets",
        r#"["windows-1252"]"#,
        "The charsets that a repair may assume, by their WHATWG names: windows-1252, iso-8859-2, shift_jis …",
    ),
    rule_key(
        "decode_markup",
        "false",
        "true lowers protection: references to <, >, \", letters and digits are decoded too.",
    ),
    rule_key(
        "max_octets",
        "200",
        "The longest value, in octets, before and after a repair.",
    ),
    rule_key(
        "forward_as",
        r#""utf-8""#,
        "The form in which text beyond ASCII is passed on: utf-8, latin1, percent, ext-value, display-string, char-ref.",
    ),
];

const fn rule_key(name: &'static str, example: &'static str, doc: &'static str) -> RuleKey {
    RuleKey { name, example, doc }
}
