//! The octet classes of a field value (RFC 9110 §5.5).
//!
//! ```text
//! field-value   = *field-content
//! field-content = field-vchar [ 1*( SP / HTAB / field-vchar ) field-vchar ]
//! field-vchar   = VCHAR / obs-text
//! obs-text      = %x80-FF
//! ```
//!
//! This room names octets. What a run of them means is for the rooms below.

/// Whether `octet` is a control that a field value may not hold: CTL without HTAB.
///
/// RFC 9110 §5.5 makes CR, LF and NUL a must-reject and calls the others
/// invalid; HTAB is whitespace there and legal.
#[must_use]
pub const fn is_ctl(octet: u8) -> bool {
    (octet < 0x20 && octet != b'\t') || octet == 0x7f
}

/// Whether `octet` is obs-text, 80–FF: the octets whose charset HTTP never said.
#[must_use]
pub const fn is_obs_text(octet: u8) -> bool {
    octet >= 0x80
}

/// Whether `octet` is SP or HTAB, the whitespace around a field value (RFC 9110 §5.6.3).
#[must_use]
pub const fn is_whitespace(octet: u8) -> bool {
    octet == b' ' || octet == b'\t'
}

/// Whether `octet` may stand in a field name or another token (RFC 9110 §5.6.2).
#[must_use]
#[expect(clippy::indexing_slicing, reason = "an octet is within 256")]
pub const fn is_token(octet: u8) -> bool {
    TOKEN[octet as usize]
}

#[expect(clippy::indexing_slicing, reason = "an octet is within 256")]
static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0u8;
    loop {
        table[octet as usize] = octet.is_ascii_alphanumeric()
            || matches!(
                octet,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        if octet == 0xff {
            break table;
        }
        octet += 1;
    }
};

/// The number of UTF-8 continuation octets a lead octet asks for, or `None`
/// when no well-formed sequence starts with it (Unicode, table 3-7).
#[must_use]
pub const fn continuations(lead: u8) -> Option<usize> {
    match lead {
        0x00..=0x7f => Some(0),
        0xc2..=0xdf => Some(1),
        0xe0..=0xef => Some(2),
        0xf0..=0xf4 => Some(3),
        _ => None,
    }
}

/// Whether `octet` is a UTF-8 continuation, 80–BF.
#[must_use]
pub const fn is_continuation(octet: u8) -> bool {
    octet & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_falls_where_the_grammar_puts_it() {
        for octet in 0..=255u8 {
            let vchar = (0x21..=0x7e).contains(&octet);
            let classes = [
                is_ctl(octet),
                is_obs_text(octet),
                is_whitespace(octet),
                vchar,
            ];
            assert_eq!(
                classes.iter().filter(|&&c| c).count(),
                1,
                "octet {octet:02x}"
            );
            assert!(!is_token(octet) || vchar, "octet {octet:02x}");
        }
    }

    #[test]
    fn tokens_are_vchar_without_delimiters() {
        let delimiters = br#"(),/:;<=>?@[\]{}""#;
        for octet in 0x21..=0x7eu8 {
            assert_eq!(
                is_token(octet),
                !delimiters.contains(&octet),
                "{}",
                octet as char
            );
        }
    }
}
