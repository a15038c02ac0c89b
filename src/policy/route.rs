//! Whether a path is on a route, as origins read paths.
//!
//! Origins differ in what of a path is syntax: `%2F` and `\` separate segments
//! for some, `;` starts parameters that are dropped, `..` is resolved before or
//! after any of that, or never. So a path is taken in every way in which an
//! origin may take it; where they agree it has one reading. It is *perhaps* on
//! a route that only some of its readings are on.

/// Whether a request is in a rule's scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inclusion {
    /// However its path is read.
    Always,
    /// By some readings of its path.
    Perhaps,
    /// By none.
    Never,
}

impl From<bool> for Inclusion {
    fn from(included: bool) -> Self {
        if included { Self::Always } else { Self::Never }
    }
}

/// A route, read once.
#[derive(Clone, Debug)]
pub(super) struct Route {
    octets: Vec<Octet>,
    /// It ended in `*`.
    open: bool,
}

impl Route {
    pub(super) fn new(text: &str) -> Self {
        let prefix = text.strip_suffix('*');
        Self {
            octets: decode(prefix.unwrap_or(text)),
            open: prefix.is_some(),
        }
    }

    fn leads_to(&self, path: &[u8], way: Way) -> bool {
        let route = read(&self.octets, way, self.open);
        let whole = || route.strip_suffix(b"/").unwrap_or(&route) == path;
        whole() || (self.open && path.starts_with(&route))
    }
}

/// For each list of routes whether `path` is on one of them; on an empty list
/// every path is.
pub(super) fn inclusions<'r>(
    lists: impl Iterator<Item = &'r [Route]> + Clone,
    path: &str,
) -> Vec<Inclusion> {
    let path = decode(path);
    let routes = lists.clone().flatten();
    let ways = routes.fold(Way::that_matter(&path), |ways, route| {
        ways | Way::that_matter(&route.octets)
    });
    if ways != 0 && path.len() << ways.count_ones() > MOST_STEPS {
        let inclusion = |list: &[Route]| match list {
            [] => Inclusion::Always,
            _ => Inclusion::Perhaps,
        };
        return lists.map(inclusion).collect();
    }
    let mut found: Vec<Option<Inclusion>> = lists.clone().map(|_| None).collect();
    for way in subsets(ways).map(Way).filter(|way| way.makes_sense()) {
        let path = read(&path, way, false);
        let path = path.strip_suffix(b"/").unwrap_or(&path);
        for (list, found) in lists.clone().zip(&mut found) {
            let any = list.iter().any(|route| route.leads_to(path, way));
            let on = Inclusion::from(list.is_empty() || any);
            *found = match *found {
                Some(other) if other != on => Some(Inclusion::Perhaps),
                _ => Some(on),
            };
        }
    }
    let found = found.into_iter();
    found
        .map(|found| found.unwrap_or(Inclusion::Always))
        .collect()
}

/// The octets that reading a path may take, over all its readings. A path with
/// more has no business being that strange: it is perhaps on every route.
const MOST_STEPS: usize = 1 << 17;

/// An octet of a path, and whether it came as `%XX`.
#[derive(Clone, Copy, Debug)]
struct Octet {
    octet: u8,
    encoded: bool,
}

impl Octet {
    /// Whether some origin takes it for the end of a segment.
    const fn may_separate(self) -> bool {
        matches!(self.octet, b'/' | b'\\')
    }
}

/// Percent-decodes once. A `%` that escapes nothing stays.
fn decode(text: &str) -> Vec<Octet> {
    let digit = |octet: &u8| char::from(*octet).to_digit(16);
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match after {
            [high, low, ..] if *first == b'%' => digit(high).zip(digit(low)),
            _ => None,
        };
        let escaped = escaped.and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
        octets.push(Octet {
            octet: escaped.unwrap_or(*first),
            encoded: escaped.is_some(),
        });
        rest = match escaped {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
    }
    octets
}

/// What an origin takes for syntax in a path.
#[derive(Clone, Copy)]
struct Way(u8);

impl Way {
    /// `%2F` separates.
    const ENCODED_SLASH: u8 = 1;
    /// `\` separates.
    const BACKSLASH: u8 = 1 << 1;
    /// From `;` on a segment is dropped (RFC 3986 §3.3).
    const PARAMETERS: u8 = 1 << 2;
    /// `%3B` does the same.
    const ENCODED_PARAMETERS: u8 = 1 << 3;
    /// `.` and `..` are resolved (RFC 3986 §5.2.4).
    const DOTS: u8 = 1 << 4;
    /// Those written with `%2E` too.
    const ENCODED_DOTS: u8 = 1 << 5;
    /// Empty segments are dropped, before `..` could take one back.
    const MERGED: u8 = 1 << 6;

    /// What makes a difference for these octets.
    fn that_matter(octets: &[Octet]) -> u8 {
        let mut ways = 0;
        let mut starts_segment = false;
        for &it in octets {
            ways |= match (it.octet, it.encoded) {
                (b'/', true) => Self::ENCODED_SLASH,
                (b'\\', _) => Self::BACKSLASH,
                (b';', false) => Self::PARAMETERS,
                (b';', true) => Self::PARAMETERS | Self::ENCODED_PARAMETERS,
                (b'.', false) if starts_segment => Self::DOTS,
                (b'.', true) => Self::DOTS | Self::ENCODED_DOTS,
                _ => 0,
            };
            if starts_segment && (it.may_separate() || it.octet == b';') {
                ways |= Self::MERGED;
            }
            starts_segment = it.may_separate();
        }
        ways
    }

    const fn has(self, what: u8) -> bool {
        self.0 & what != 0
    }

    /// Whether no other way is the same.
    const fn makes_sense(self) -> bool {
        (self.has(Self::PARAMETERS) || !self.has(Self::ENCODED_PARAMETERS))
            && (self.has(Self::DOTS) || !self.has(Self::ENCODED_DOTS))
    }

    fn separates(self, it: Octet) -> bool {
        match it.octet {
            b'/' => !it.encoded || self.has(Self::ENCODED_SLASH),
            b'\\' => self.has(Self::BACKSLASH),
            _ => false,
        }
    }

    /// Whether parameters start here.
    fn drops_from(self, it: Octet) -> bool {
        it.octet == b';'
            && self.has(match it.encoded {
                true => Self::ENCODED_PARAMETERS,
                false => Self::PARAMETERS,
            })
    }

    /// How many dots the segment is, if it is a dot segment.
    fn dots(self, segment: &[Octet]) -> Option<usize> {
        let resolves = |it: &Octet| {
            it.octet == b'.'
                && self.has(match it.encoded {
                    true => Self::ENCODED_DOTS,
                    false => Self::DOTS,
                })
        };
        let dots = matches!(segment.len(), 1 | 2) && segment.iter().all(resolves);
        dots.then_some(segment.len())
    }
}

/// Every set of the bits that are in `bits`.
fn subsets(bits: u8) -> impl Iterator<Item = u8> {
    (0..=bits).filter(move |set| set & !bits == 0)
}

/// The path as an origin takes it. The last segment of an `open` route may
/// have any end, so that it cannot be said what it is.
fn read(octets: &[Octet], way: Way, open: bool) -> Vec<u8> {
    let mut segments: Vec<&[Octet]> = Vec::new();
    let mut rest = octets.split(|&it| way.separates(it)).peekable();
    // What stands before the first `/`: nothing, in any path but `*`.
    let mut text = Vec::with_capacity(octets.len());
    write(&mut text, rest.next().unwrap_or_default());
    while let Some(whole) = rest.next() {
        if open && rest.peek().is_none() {
            segments.push(whole);
            break;
        }
        let name = whole.split(|&it| way.drops_from(it)).next();
        let name = name.unwrap_or_default();
        match way.dots(name) {
            Some(1) => {}
            Some(_) => {
                segments.pop();
            }
            None if name.is_empty() && way.has(Way::MERGED) => {}
            None => segments.push(name),
        }
    }
    for segment in segments {
        text.push(b'/');
        write(&mut text, segment);
    }
    text
}

fn write(text: &mut Vec<u8>, segment: &[Octet]) {
    for it in segment {
        match (it.octet, it.encoded) {
            // Not to be taken for one that separates.
            (b'/', true) => text.extend_from_slice(b"%2F"),
            (octet, _) => text.push(octet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Inclusion::{Always, Never, Perhaps};
    use super::*;

    fn on(route: &str, path: &str) -> Inclusion {
        let routes = [Route::new(route)];
        inclusions(std::iter::once(&routes[..]), path)[0]
    }

    #[test]
    fn plain_paths_have_one_reading() {
        for (route, path, inclusion) in [
            ("/api/*", "/api/orders", Always),
            ("/api/*", "/api/", Always),
            ("/api/*", "/api", Always),
            ("/api/*", "/", Never),
            ("/api/*", "/apis", Never),
            ("/api/*", "/API/orders", Never),
            ("/api/*", "/x/api/", Never),
            ("/api/*", "*", Never),
            ("/api*", "/apis", Always),
            ("/api", "/api", Always),
            ("/api", "/api/", Always),
            ("/api/", "/api", Always),
            ("/api", "/api/a", Never),
            ("/*", "/", Always),
            ("/*", "/a", Always),
            ("/*", "", Always),
            ("/", "/", Always),
            ("/", "/a", Never),
            ("/.*", "/.git", Always),
            ("/.*", "/a", Never),
        ] {
            assert_eq!(on(route, path), inclusion, "{route} {path}");
        }
    }

    #[test]
    fn escapes_are_decoded_once_on_both_sides() {
        for (route, path, inclusion) in [
            ("/api/*", "/%61pi/a", Always),
            ("/api/*", "/ap%69s/", Never),
            ("/api/*", "/%2561pi/a", Never),
            ("/caf\u{e9}/*", "/caf%C3%A9/x", Always),
            ("/caf%c3%a9/*", "/caf%C3%A9/x", Always),
            ("/caf%C3%A9/*", "/caf\u{e9}/x", Always),
            ("/a b/*", "/a%20b/x", Always),
            ("/a%20b/*", "/a%20b/x", Always),
            ("/a%zz/*", "/a%zz/x", Always),
            ("/a;b/*", "/a%3Bb/x", Perhaps),
            ("/a;b/*", "/a;b/x", Always),
            ("/a;b/*", "/a;c/x", Perhaps),
            ("/a%*", "/a%4", Always),
        ] {
            assert_eq!(on(route, path), inclusion, "{route} {path}");
        }
    }

    #[test]
    fn where_origins_differ_some_reading_is_found() {
        for (route, path) in [
            ("/api/*", "/api%2Forders"),
            ("/api/*", "/api;a=1/orders"),
            ("/api/*", "/api%3Ba=1/orders"),
            ("/api/*", "/x/..;/api/orders"),
            ("/api/*", "/;/api/orders"),
            ("/api/*", "\\api\\orders"),
            ("/api/*", "/x/../api/a"),
            ("/api/*", "/./api/a"),
            ("/api/*", "/%2e%2e/api/a"),
            ("/api/*", "/x/.%2E/api/a"),
            ("/api/*", "//api//a"),
            ("/api/*", "/api/../web"),
            ("/api/*", "/api%2F..%2Fapi/x"),
            ("/api/*", "/x\\y%2F..%2Fapi/orders"),
            ("/api/*", "/api/..%2F..%2Fx"),
            ("/a/*", "/a//../x"),
            ("/x", "/a//../../x"),
            ("/api/orders", "/api/orders/."),
            ("/api/orders", "/api/orders;x"),
            ("/api/orders", "/api/orders//"),
            ("/api/orders", "/api/..%3Bx/..;/orders"),
            ("/api/orders", "/api/orders/%2e%2e/.."),
            ("/a%2Fb/*", "/a/b/x"),
        ] {
            assert_eq!(on(route, path), Perhaps, "{route} {path}");
        }
    }

    #[test]
    fn a_very_strange_path_is_perhaps_on_every_route() {
        let path = "/;.%2e%2f%3b\\//..".repeat(400);
        assert_eq!(on("/api/*", &path), Perhaps);
        assert_eq!(on("/api/*", &"/orders".repeat(1000)), Never);
        assert_eq!(inclusions([&[][..]].into_iter(), &path), [Always]);
    }
}
