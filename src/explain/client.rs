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
            code: format!("curl -H {} URL", printf(field, text.as_bytes())),
        },
        ClientFix {
            client: "java",
            code: format!(
                "((HttpURLConnection) url.openConnection()).setRequestProperty({name}, {value})"
            ),
        },
    ]
}

/// A curl command that sends exactly these octets in this field.
#[must_use]
pub fn curl(field: &str, value: &[u8]) -> String {
    format!("curl -i -H {} http://127.0.0.1:8080/", printf(field, value))
}

/// A shell word whose expansion is `field: value`, octet for octet.
fn printf(field: &str, value: &[u8]) -> String {
    let mut word = String::from("\"$(printf '");
    for &octet in field.as_bytes().iter().chain(b": ").chain(value) {
        match octet {
            // Neither the shell nor printf has a use for these.
            b'0'..=b'9'
            | b'A'..=b'Z'
            | b'a'..=b'z'
            | b' '
            | b','
            | b'-'
            | b'.'
            | b'/'
            | b':'
            | b'='
            | b'_'
            | b'&'
            | b';'
            | b'#'
            | b'@'
            | b'+' => {
                word.push(char::from(octet));
            }
            // Writing to a String cannot fail.
            _ => drop(write!(word, "\\{octet:03o}")),
        }
    }
    word.push_str("')\"");
    word
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
            printf("N", nasty.as_bytes()),
            r#""$(printf 'N: a\047b\042c\140d\044\050e\051\045s\134f\041')""#
        );
        assert_eq!(quoted(nasty), r#""a'b\"c`d$(e)%s\\f!""#);
    }

    #[test]
    fn octets_are_octal() {
        assert_eq!(
            curl("CompanyName", b"T\xE9l\xE9bec LP"),
            r#"curl -i -H "$(printf 'CompanyName: T\351l\351bec LP')" http://127.0.0.1:8080/"#
        );
    }
}
