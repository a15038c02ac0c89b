//! Which requests a rule is for: methods, hosts and routes.

use super::route::{self, Inclusion, Route};
use crate::octet;
use std::borrow::Cow;

/// What of a request decides which rules apply.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Target<'r> {
    /// The method, as sent (RFC 9110 §9: case counts).
    pub method: &'r str,
    /// The host, without its port.
    pub host: &'r str,
    /// The path, as sent, without its query.
    pub path: &'r str,
}

impl<'r> Target<'r> {
    /// A request of this method, host without port, and path without query.
    #[must_use]
    pub const fn new(method: &'r str, host: &'r str, path: &'r str) -> Self {
        Self { method, host, path }
    }
}

/// The requests a rule is for. Empty lists stand for "any".
///
/// Origins do not agree on what a path means: some take `%2F` and `\` for `/`,
/// drop `;parameters`, merge `//`, resolve `..`, and some do not. A path is
/// compared in each of these ways, percent-decoded once, so that
/// `/x/..;/%61pi%2Forders` does not slip past a rule for `/api/*`. Case counts,
/// and a `/` at the end does not.
///
/// Where the ways disagree on whether the request is in the scope, the stricter
/// answer is taken: the rule counts where it orders more than would be ordered
/// without it, and does not where it orders less. A rule that rejects or
/// normalizes may so be used for a request that the origin takes for another
/// one; that is the safe side to err on.
///
/// ```
/// use headguard::policy::Scope;
///
/// let scope = Scope::default().methods(["POST"]).routes(["/api/*"]);
/// assert!(!scope.is_any());
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Scope {
    /// Methods, compared exactly.
    pub methods: Vec<String>,
    /// Hosts, compared without case and without a dot at the end;
    /// `*.example.com` stands for every name below.
    pub hosts: Vec<String>,
    /// Paths, in which case counts; a trailing `*` stands for any further
    /// characters. Escapes may be written or not: `/caf%C3%A9` is `/café`.
    pub routes: Vec<String>,
}

impl Scope {
    /// Restricts the scope to these methods.
    #[must_use]
    pub fn methods<S: Into<String>>(mut self, methods: impl IntoIterator<Item = S>) -> Self {
        self.methods = methods.into_iter().map(Into::into).collect();
        self
    }

    /// Restricts the scope to these hosts.
    #[must_use]
    pub fn hosts<S: Into<String>>(mut self, hosts: impl IntoIterator<Item = S>) -> Self {
        self.hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// Restricts the scope to these routes.
    #[must_use]
    pub fn routes<S: Into<String>>(mut self, routes: impl IntoIterator<Item = S>) -> Self {
        self.routes = routes.into_iter().map(Into::into).collect();
        self
    }

    /// Whether the scope leaves nothing out.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.methods.is_empty() && self.hosts.is_empty() && self.routes.is_empty()
    }

    /// Whether a request is in the scope, in some way of reading its path. An
    /// unknown request is in no scope that leaves something out.
    #[must_use]
    pub fn includes(&self, target: Option<&Target<'_>>) -> bool {
        let Some(target) = target else {
            return self.is_any();
        };
        let routes = self.compiled_routes();
        let on = route::inclusions(std::iter::once(&routes[..]), target.path);
        self.is_for(target) && on.first() != Some(&Inclusion::Never)
    }

    /// Whether the method and the host are in the scope.
    pub(super) fn is_for(&self, target: &Target<'_>) -> bool {
        let any = |list: &[String], test: &dyn Fn(&str) -> bool| {
            list.is_empty() || list.iter().any(|item| test(item))
        };
        any(&self.methods, &|method| method == target.method)
            && any(&self.hosts, &|host| is_host(host, target.host))
    }

    pub(super) fn compiled_routes(&self) -> Vec<Route> {
        self.routes.iter().map(|route| Route::new(route)).collect()
    }
}

fn is_host(pattern: &str, host: &str) -> bool {
    // `api.example.com.` is the same name, written to its root (RFC 3986 §3.2.2).
    let pattern = pattern.trim_end_matches('.');
    let host = host.trim_end_matches('.');
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

/// Why a word of a scope matches no request. A rule that is never used looks
/// like a rule that finds nothing.
pub(crate) struct Unmatchable {
    /// What follows the word: "has a port".
    pub(crate) reason: &'static str,
    #[cfg_attr(
        not(feature = "proxy"),
        expect(dead_code, reason = "it is the configuration that gives advice")
    )]
    pub(crate) help: Cow<'static, str>,
}

impl Unmatchable {
    const fn because(reason: &'static str, help: &'static str) -> Option<Self> {
        Some(Self {
            reason,
            help: Cow::Borrowed(help),
        })
    }

    /// Methods are compared exactly (RFC 9110 §9.1).
    pub(crate) fn method(text: &str) -> Option<Self> {
        if text.is_empty() || !text.bytes().all(octet::is_token) {
            return Self::because(
                "is not a method",
                "write a method as requests do, such as \"POST\"",
            );
        }
        let upper = text.to_ascii_uppercase();
        (upper != text && METHODS.contains(&upper.as_str())).then(|| Self {
            reason: "is sent by no client: case counts",
            help: format!("write \"{upper}\"").into(),
        })
    }

    /// A path, or the start of one with a `*`.
    pub(crate) fn route(text: &str) -> Option<Self> {
        let path = text.strip_suffix('*').unwrap_or(text);
        if path.contains('*') {
            return Self::because(
                "has a * that is not at its end",
                "write for example \"/api/*\"",
            );
        }
        if path.contains(['?', '#']) {
            return Self::because(
                "has more than a path",
                "write the path only: queries are not compared",
            );
        }
        if !path.starts_with('/') {
            return Self::because("does not start with /", "write for example \"/api/*\"");
        }
        // The last segment of `/.*` is not yet a whole one.
        let whole = match text.ends_with('*') {
            true => path.rsplit_once('/').map_or("", |(before, _)| before),
            false => path,
        };
        if path.contains("//") || whole.split('/').any(|name| matches!(name, "." | "..")) {
            return Self::because(
                "matches nothing: empty and dot segments are resolved before comparing",
                "write the path without them",
            );
        }
        None
    }

    /// A host without its port, or `*.` and what the host is below.
    pub(crate) fn host(text: &str) -> Option<Self> {
        let name = text.strip_prefix("*.").unwrap_or(text);
        if name.contains('*') {
            return Self::because(
                "has a * that is not a first label",
                "write for example \"*.example.com\"",
            );
        }
        if name.contains('/') {
            return Self::because(
                "has more than a host",
                "write for example \"api.example.com\"",
            );
        }
        let port = match name.rsplit_once(']') {
            Some((_, after)) => !after.is_empty(),
            None => name.contains(':'),
        };
        if port {
            return Self::because("has a port", "write the host only: ports are not compared");
        }
        if name.trim_matches('.').is_empty() || !name.bytes().all(|octet| octet.is_ascii_graphic())
        {
            return Self::because(
                "is none",
                "write for example \"api.example.com\"; other scripts in their xn-- form",
            );
        }
        None
    }
}

const METHODS: &[&str] = &[
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_methods() {
        let scope = Scope::default()
            .hosts(["*.example.com", "b.example."])
            .methods(["POST"]);
        let includes = |method, host| scope.includes(Some(&Target::new(method, host, "/")));
        assert!(includes("POST", "API.example.com"));
        assert!(includes("POST", "api.example.com."));
        assert!(includes("POST", "b.example"));
        assert!(includes("POST", "B.example."));
        assert!(!includes("POST", "example.com"));
        assert!(!includes("POST", "example.com."));
        assert!(!includes("POST", "badexample.com"));
        assert!(!includes("GET", "api.example.com"));
        assert!(!scope.includes(None));
        assert!(Scope::default().includes(None));
    }

    #[test]
    fn routes_include_what_some_origin_takes_for_them() {
        let scope = Scope::default().routes(["/api/*"]);
        let includes = |path| scope.includes(Some(&Target::new("GET", "x", path)));
        assert!(includes("/api/orders") && includes("/x/..;/api/orders"));
        assert!(!includes("/web"));
    }

    #[test]
    fn words_that_match_no_request_are_told() {
        for text in [
            "/", "/api", "/api/*", "/*", "/a.b/..c", "/%41", "/.*", "/a;b",
        ] {
            assert!(Unmatchable::route(text).is_none(), "{text}");
        }
        for text in [
            "", "*", "api", "/a*b", "/a?b", "/a#b", "/a//b", "/a/../b", "/./*", "/..",
        ] {
            assert!(Unmatchable::route(text).is_some(), "{text}");
        }
        for text in [
            "example.com",
            "example.com.",
            "*.example.com",
            "localhost",
            "127.0.0.1",
            "[::1]",
        ] {
            assert!(Unmatchable::host(text).is_none(), "{text}");
        }
        for text in [
            "",
            "*",
            "*.",
            ".",
            "a.*.b",
            "api.*",
            "example.com:80",
            "[::1]:80",
            "http://a",
            "a/b",
            "a b",
            "b\u{fc}cher.example",
        ] {
            assert!(Unmatchable::host(text).is_some(), "{text}");
        }
        for text in ["GET", "PROPFIND", "purge"] {
            assert!(Unmatchable::method(text).is_none(), "{text}");
        }
        for text in ["", "get", "Post", "A B", "G\u{c9}T"] {
            assert!(Unmatchable::method(text).is_some(), "{text}");
        }
    }
}
