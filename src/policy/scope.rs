//! Which requests a rule is for: methods, hosts and routes.

use std::borrow::Cow;

/// What of a request decides which rules apply.
#[derive(Clone, Copy, Debug)]
pub struct Target<'r> {
    /// The method, as sent (RFC 9110 §9: case counts).
    pub method: &'r str,
    /// The host, without its port.
    pub host: &'r str,
    /// The path, without its query.
    pub path: &'r str,
}

/// The requests a rule is for. Empty lists stand for "any".
///
/// Routes are compared with the path as an origin resolves it: percent-encoded
/// unreserved characters decoded, dot segments removed, empty segments dropped,
/// so that `/x/../%61pi//orders` does not slip past `/api/*`.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Methods, compared exactly.
    pub methods: Vec<String>,
    /// Hosts, compared without case; `*.example.com` stands for every name below.
    pub hosts: Vec<String>,
    /// Paths; a trailing `*` stands for any further characters.
    pub routes: Vec<String>,
}

impl Scope {
    /// Whether the scope leaves nothing out.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.methods.is_empty() && self.hosts.is_empty() && self.routes.is_empty()
    }

    /// Whether a request is in the scope. An unknown request is in no scope
    /// that leaves something out.
    #[must_use]
    pub fn includes(&self, target: Option<&Target<'_>>) -> bool {
        let Some(target) = target else {
            return self.is_any();
        };
        let any = |list: &[String], test: &dyn Fn(&str) -> bool| {
            list.is_empty() || list.iter().any(|item| test(item))
        };
        any(&self.methods, &|method| method == target.method)
            && any(&self.hosts, &|host| is_host(host, target.host))
            && (self.routes.is_empty() || {
                let path = resolved(target.path);
                self.routes.iter().any(|route| is_route(route, &path))
            })
    }
}

fn is_host(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        // `.example.com` must leave something before it.
        Some(ending) => {
            host.len() > ending.len()
                && host
                    .as_bytes()
                    .get(host.len() - ending.len()..)
                    .is_some_and(|end| end.eq_ignore_ascii_case(ending.as_bytes()))
        }
        None => pattern.eq_ignore_ascii_case(host),
    }
}

fn is_route(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => {
            path.starts_with(prefix) || prefix.strip_suffix('/').is_some_and(|whole| path == whole)
        }
        None => path == pattern,
    }
}

/// The path as an origin resolves it (RFC 3986 §6.2.2, §5.2.4).
fn resolved(path: &str) -> Cow<'_, str> {
    let plain = !path.contains('%') && !path.contains("//") && !path.contains("/.");
    if plain {
        return Cow::Borrowed(path);
    }
    let decoded = decode_unreserved(path);
    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let directory =
        ["/", "/.", "/.."].iter().any(|end| decoded.ends_with(end)) && !segments.is_empty();
    Cow::Owned(format!(
        "/{}{}",
        segments.join("/"),
        if directory { "/" } else { "" }
    ))
}

/// Decodes `%41`-like escapes of unreserved characters; others mean something
/// else when decoded and stay.
fn decode_unreserved(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, escape)) = rest.split_once('%') {
        decoded.push_str(before);
        let octet = escape
            .get(..2)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|octet| {
                octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
            });
        match octet {
            Some(octet) => {
                decoded.push(char::from(octet));
                rest = escape.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push('%');
                rest = escape;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(route: &str, path: &str) -> bool {
        let scope = Scope {
            routes: vec![route.to_owned()],
            ..Scope::default()
        };
        scope.includes(Some(&Target {
            method: "GET",
            host: "x",
            path,
        }))
    }

    #[test]
    fn routes_match_the_path_an_origin_resolves() {
        for path in [
            "/api/orders",
            "/api/",
            "/api",
            "/x/../api/a",
            "//api//a",
            "/%61pi/a",
            "/./api/a",
            "/%2e%2e/api/a",
        ] {
            assert!(routes("/api/*", path), "{path}");
        }
        for path in [
            "/",
            "/apis",
            "/ap%69s/",
            "/api/../x",
            "/x/api/",
            "/%2561pi/a",
        ] {
            assert!(!routes("/api/*", path), "{path}");
        }
        assert!(routes("/api", "/api") && !routes("/api", "/api/a"));
    }

    #[test]
    fn hosts_and_methods() {
        let scope = Scope {
            hosts: vec!["*.example.com".into()],
            methods: vec!["POST".into()],
            ..Scope::default()
        };
        let includes = |method, host| {
            scope.includes(Some(&Target {
                method,
                host,
                path: "/",
            }))
        };
        assert!(includes("POST", "API.example.com"));
        assert!(!includes("POST", "example.com"));
        assert!(!includes("POST", "badexample.com"));
        assert!(!includes("GET", "api.example.com"));
        assert!(!scope.includes(None));
        assert!(Scope::default().includes(None));
    }
}
