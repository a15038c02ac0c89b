//! How to send a text as UTF-8 from the clients people use, and how to send
//! some octets again, whatever they are.

use std::fmt::Write as _;

/// A line or two of code that puts the right octets on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFix {
    /// The client: `requests`, `node`, `curl` or `java`.
    pub client: &'static str,
    /// The code.
    pub code: String,
}

/// How to send `text` in `field` as UTF-8. Each of these was seen to do so.
///
/// * requests encodes `str` as Latin-1, but sends `bytes` as they are.
/// * Node's `fetch` and `http` write each character as one octet, so they get
///   one character an octet.
/// * curl sends what the shell gives it.
/// * Java's `HttpClient` writes `?` for what is not ASCII, without an error;
///   `HttpURLConnection` writes UTF-8.
#[must_use]
pub fn client_fixes(field: &str, text: &str) -> [ClientFix; 4] {
    let (name, value) = (quoted(field), quoted(text));
    [
        ClientFix {
            client: "requests",
            code: format!("headers={{{name}: {value}.encode(\"utf-8\")}}"),
        },
        ClientFix {
            client: "node",
            code: format!(
                "headers: {{ {name}: Buffer.from({value}, \"utf8\").toString(\"latin1\") }}"
            ),
        },
        ClientFix {
            client: "curl",
            code: format!("curl -H {} URL", word(field, text.as_bytes())),
        },
        ClientFix {
            client: "java",
            code: format!(
                "((HttpURLConnection) url.openConnection()).setRequestProperty({name}, {value})"
            ),
        },
    ]
}

/// A shell command that sends exactly these octets in this field, to a proxy on
/// port 8080 of this machine: curl, or `nc` for the octets that neither a
/// shell's variable nor curl can hold.
#[must_use]
pub fn reproduce(field: &str, value: &[u8]) -> String {
    if value.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n')) {
        let mut head = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n".to_vec();
        head.extend_from_slice(&[field.as_bytes(), b": ", value, b"\r\n\r\n"].concat());
        return format!("printf '{}' | nc 127.0.0.1 8080", escaped(&head));
    }
    format!("curl -i -H {} http://127.0.0.1:8080/", word(field, value))
}

/// A shell word whose expansion is `field: value`, octet for octet.
fn word(field: &str, value: &[u8]) -> String {
    format!(
        "\"$(printf '{}')\"",
        escaped(&[field.as_bytes(), b": ", value].concat())
    )
}

/// Octets as the format of a `printf` between single quotes.
fn escaped(octets: &[u8]) -> String {
    let mut format = String::with_capacity(octets.len());
    for &octet in octets {
        match octet {
            b'\r' => format.push_str("\\r"),
            b'\n' => format.push_str("\\n"),
            // Neither the shell nor printf has a use for these.
            b' ' | b'#' | b'&' | b'+' | b',' | b'-' | b'.' | b'/' | b':' | b';' | b'=' | b'@'
            | b'_' => {
                format.push(char::from(octet));
            }
            _ if octet.is_ascii_alphanumeric() => format.push(char::from(octet)),
            // Writing to a String cannot fail.
            _ => drop(write!(format, "\\{octet:03o}")),
        }
    }
    format
}

/// A string literal that Python, JavaScript and Java read alike.
fn quoted(text: &str) -> String {
    let mut literal = String::new();
    super::json::write_string(&mut literal, text);
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes_the_quotes() {
        let nasty = "a'b\"c`d$(e)%s\\f!";
        assert_eq!(
            word("N", nasty.as_bytes()),
            r#""$(printf 'N: a\047b\042c\140d\044\050e\051\045s\134f\041')""#
        );
        assert_eq!(quoted(nasty), r#""a'b\"c`d$(e)%s\\f!""#);
    }

    #[test]
    fn octets_are_octal() {
        assert_eq!(
            reproduce("CompanyName", b"T\xE9l\xE9bec LP"),
            r#"curl -i -H "$(printf 'CompanyName: T\351l\351bec LP')" http://127.0.0.1:8080/"#
        );
    }

    #[test]
    fn what_curl_cannot_send_goes_through_nc() {
        assert_eq!(
            reproduce("N", b"a\r\n\0b"),
            r"printf 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nN: a\r\n\000b\r\n\r\n' | nc 127.0.0.1 8080"
        );
    }
}
