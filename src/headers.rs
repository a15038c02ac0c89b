//! A policy over an `http::HeaderMap`: all or nothing.
//!
//! Every value is decided before any is changed, so a refused request's
//! headers are as they came. Octets go in and out as octets: `HeaderValue`'s
//! string functions refuse valid UTF-8 and are not used.

pub(crate) mod lines;

use crate::decide::RequestPolicy;
use crate::explain::{DetailLevel, Explanation, Problem};
use crate::policy::{Action, Policy, Target};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use std::fmt;

impl Policy {
    /// Applies the policy to headers of a request nothing else is known of; see
    /// [`RequestPolicy::enforce`].
    ///
    /// # Errors
    ///
    /// [`Rejected`] when a value is to be rejected. The headers are untouched then.
    ///
    /// # Example
    ///
    /// ```
    /// use headguard::{FindingKind, Policy, policy::Rule};
    /// use http::{HeaderMap, HeaderValue};
    ///
    /// let policy = Policy::builder()
    ///     .rule(Rule::for_fields(["CompanyName"]).normalize([FindingKind::Latin1]))
    ///     .build()?;
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("companyname", HeaderValue::from_bytes(b"T\xE9l\xE9bec LP")?);
    /// let report = policy.enforce(&mut headers)?;
    ///
    /// assert_eq!(headers["companyname"].as_bytes(), "Télébec LP".as_bytes());
    /// assert_eq!(report.rewritten(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn enforce(&self, headers: &mut HeaderMap) -> Result<Report, Rejected> {
        self.for_any_request().enforce(headers)
    }

    /// The policy as it stands for this request.
    #[must_use]
    pub fn for_http_request<B>(&self, request: &Request<B>) -> RequestPolicy<'_> {
        self.for_request(Target::new(
            request.method().as_str(),
            host(request),
            request.uri().path(),
        ))
    }
}

impl RequestPolicy<'_> {
    /// Applies the policy to a request's headers, or to its trailers.
    ///
    /// Decides about every value first. If none is rejected, values to be
    /// normalized are replaced, at their place among fields of the same name.
    ///
    /// # Errors
    ///
    /// [`Rejected`] when a value is to be rejected, or when repairs would make
    /// the head larger than the policy allows. The headers are untouched then.
    pub fn enforce(&self, headers: &mut HeaderMap) -> Result<Report, Rejected> {
        let enforcement = self.inspect(headers)?;
        enforcement.apply(headers)
    }

    /// Decides without changing anything: what [`enforce`](Self::enforce) would do.
    ///
    /// # Errors
    ///
    /// As [`enforce`](Self::enforce).
    pub fn inspect(&self, headers: &HeaderMap) -> Result<Enforcement, Rejected> {
        let judgement = self.inspect_lines(|| headers.iter())?;
        let mut names = headers.iter().map(|(name, _)| name).enumerate();
        let rewrites = judgement.repairs.into_iter().filter_map(|repair| {
            let (_, name) = names.find(|(at, _)| *at == repair.line)?;
            Some(Rewrite {
                name: name.clone(),
                place: repair.occurrence - 1,
                octets: repair.octets,
                explanation: repair.explanation,
            })
        });
        Ok(Enforcement {
            rewrites: rewrites.collect(),
            report: judgement.report,
        })
    }
}

/// What is to be done to headers that were not refused.
#[must_use = "until it is applied, the headers are as they came"]
pub struct Enforcement {
    report: Report,
    /// By name, and by place within each name.
    rewrites: Vec<Rewrite>,
}

/// One value's repair.
struct Rewrite {
    name: HeaderName,
    /// Which of the fields of this name, from 0.
    place: usize,
    octets: Vec<u8>,
    /// Which of the report's explanations is about it.
    explanation: usize,
}

impl Enforcement {
    /// What was found.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Leaves the headers as they are, for a dry run.
    #[must_use]
    pub fn into_report(self) -> Report {
        self.report
    }

    /// Makes the repairs in the headers that were inspected.
    ///
    /// # Errors
    ///
    /// [`Rejected`] for the repaired values that have no place in these
    /// headers. The headers are untouched then.
    pub fn apply(self, headers: &mut HeaderMap) -> Result<Report, Rejected> {
        let Self { report, rewrites } = self;
        let mut values = Vec::with_capacity(rewrites.len());
        let mut misplaced = Vec::new();
        for of_one_name in rewrites.chunk_by(|one, next| one.name == next.name) {
            let places = of_one_name.first().map_or(0, |first| {
                let places = headers.get_all(&first.name);
                places.iter().count()
            });
            for Rewrite {
                name,
                place,
                octets,
                explanation,
            } in of_one_name
            {
                // `Normalized` holds no octet that a HeaderValue refuses; if that
                // were ever wrong, refusing is what is left.
                match HeaderValue::from_bytes(octets) {
                    Ok(value) if *place < places => values.push((name, *place, value)),
                    _ => misplaced.push(*explanation),
                }
            }
        }
        if !misplaced.is_empty() {
            return Err(report.refusing(&misplaced));
        }
        let mut values = values.into_iter().peekable();
        while let Some(&(name, ..)) = values.peek() {
            let http::header::Entry::Occupied(mut entry) = headers.entry(name) else {
                // It was there a moment ago.
                values.next();
                continue;
            };
            // One walk over the values of a name, however many of them change.
            for (place, old) in entry.iter_mut().enumerate() {
                if let Some((.., mut new)) =
                    values.next_if(|(of, at, _)| (*of, *at) == (name, place))
                {
                    new.set_sensitive(old.is_sensitive());
                    *old = new;
                }
            }
        }
        Ok(report)
    }
}

impl fmt::Debug for Enforcement {
    /// Shows names and counts: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rewrites = self.rewrites.iter().map(|one| (&one.name, one.place));
        f.debug_struct("Enforcement")
            .field("report", &self.report)
            .field("rewrites", &rewrites.collect::<Vec<_>>())
            .finish()
    }
}

/// What was found in headers that may go on.
#[derive(Clone, Default)]
pub struct Report {
    explanations: Vec<Explanation>,
}

impl Report {
    /// One explanation a value in which something was found.
    #[must_use]
    pub fn explanations(&self) -> &[Explanation] {
        &self.explanations
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.explanations.is_empty()
    }

    /// How many values were rewritten.
    #[must_use]
    pub fn rewritten(&self) -> usize {
        self.explanations
            .iter()
            .filter(|one| one.action() == Action::Normalize)
            .count()
    }
}

impl Report {
    /// The refusal for the explanations at these places, in order; the others
    /// are what else was found.
    fn refusing(self, places: &[usize]) -> Rejected {
        let mut places = places.iter().peekable();
        let mut refused = Vec::new();
        let mut report = Self::default();
        for (place, explanation) in self.explanations.into_iter().enumerate() {
            match places.next_if(|refused| **refused == place) {
                Some(_) => refused.push(explanation),
                None => report.explanations.push(explanation),
            }
        }
        Rejected { refused, report }
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Report")
            .field(&Named(&self.explanations))
            .finish()
    }
}

/// Explanations for debugging: fields and kinds, since values may be secrets.
struct Named<'e>(&'e [Explanation]);

impl fmt::Debug for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.0.iter().map(|one| (one.field(), one.class()));
        f.debug_list().entries(named).finish()
    }
}

/// The error of a request that is refused.
#[derive(Clone)]
pub struct Rejected {
    refused: Vec<Explanation>,
    report: Report,
}

impl Rejected {
    /// The values the request is refused for; at least one.
    #[must_use]
    pub fn refused(&self) -> &[Explanation] {
        &self.refused
    }

    /// What else was found.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// The answer to the client: 400 with problem details, or with plain text
    /// where the request's `Accept` prefers that.
    pub fn to_response<B: From<String>>(
        &self,
        request: &HeaderMap,
        instance: Option<&str>,
        level: DetailLevel,
    ) -> Response<B> {
        let problem = self.problem(instance, level);
        let accept = request.get_all(ACCEPT).iter().map(HeaderValue::as_bytes);
        let (media_type, body) = problem.told(prefers_text(accept));
        let mut response = Response::new(B::from(body));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(HEADGUARD, self.headguard(level));
        response
    }

    pub(crate) const fn problem<'r>(
        &'r self,
        instance: Option<&'r str>,
        level: DetailLevel,
    ) -> Problem<'r> {
        Problem {
            refused: self.refused.as_slice(),
            instance,
            level,
        }
    }

    fn headguard(&self, level: DetailLevel) -> HeaderValue {
        HeaderValue::try_from(self.item(level)).unwrap_or(HeaderValue::from_static("rejected"))
    }

    /// `rejected;kind=latin1;field="companyname"`, an sf-item (RFC 9651 §3.3).
    pub(crate) fn item(&self, level: DetailLevel) -> String {
        let told = self.refused.first().filter(|_| level != DetailLevel::Id);
        match told.map(|first| (first.field(), first.kind())) {
            // A field name is a token: it needs no escapes in an sf-string.
            Some((field, Some(kind))) => format!("rejected;kind={kind};field=\"{field}\""),
            Some((field, None)) => format!("rejected;field=\"{field}\""),
            None => "rejected".to_owned(),
        }
    }
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("refused", &Named(&self.refused))
            .field("report", &self.report)
            .finish()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("request refused:")?;
        for (at, one) in self.refused.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma} {} in {}", one.class(), one.field())?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejected {}

/// The response field by which headguard says that it answered itself.
pub const HEADGUARD: HeaderName = HeaderName::from_static("headguard");

/// Whether `Accept` ranks plain text above JSON (RFC 9110 §12.5.1).
pub(crate) fn prefers_text<'a>(accept: impl Iterator<Item = &'a [u8]>) -> bool {
    let (mut for_text, mut for_json) = (0f32, 0f32);
    let octets = accept.flat_map(|value| value.split(|&octet| octet == b','));
    for range in octets.filter_map(|range| std::str::from_utf8(range).ok()) {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let is_any_of = |known: &[&str]| known.iter().any(|one| media.eq_ignore_ascii_case(one));
        let text = is_any_of(&["text/plain", "text/*"]);
        let json = is_any_of(&[
            "application/problem+json",
            "application/json",
            "application/*",
            "*/*",
        ]);
        if !text && !json {
            continue;
        }
        let weight = parts
            .find_map(|parameter| parameter.strip_prefix("q=")?.parse::<f32>().ok())
            .map_or(1.0, |quality| quality.clamp(0.0, 1.0));
        let best = if text { &mut for_text } else { &mut for_json };
        *best = best.max(weight);
    }
    for_text > for_json
}

/// The request's host without its port, from its target or its `Host` field.
fn host<B>(request: &Request<B>) -> &str {
    if let Some(host) = request.uri().host() {
        return host;
    }
    let field = request
        .headers()
        .get(HOST)
        .and_then(|host| std::str::from_utf8(host.as_bytes()).ok())
        .unwrap_or_default();
    match field.rsplit_once(':') {
        // The colons of an IPv6 address are inside brackets.
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FindingKind::{CharRef, InvalidUtf8, Latin1};
    use crate::normalize::Refusal;
    use crate::policy::{Form, Rule};

    fn headers(fields: &[(&'static str, &[u8])]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(
                *name,
                HeaderValue::from_bytes(value).expect("a value http takes"),
            );
        }
        map
    }

    fn policy() -> Policy {
        let rule = Rule::for_fields(["CompanyName"])
            .normalize([Latin1, CharRef])
            .reject([InvalidUtf8]);
        Policy::builder().rule(rule).build().expect("a right rule")
    }

    #[test]
    fn values_are_replaced_in_their_places() {
        let mut map = headers(&[
            ("companyname", b"first"),
            ("x-other", b"T\xE9l"),
            ("companyname", b"T\xE9l"),
            ("companyname", b"&eacute;"),
        ]);
        let report = policy().enforce(&mut map).expect("nothing to refuse");
        let values: Vec<_> = map
            .get_all("companyname")
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        assert_eq!(
            values,
            [b"first".as_slice(), "Tél".as_bytes(), "é".as_bytes()]
        );
        assert_eq!(map["x-other"].as_bytes(), b"T\xE9l");
        assert_eq!((report.rewritten(), report.explanations().len()), (2, 3));
    }

    #[test]
    fn a_refused_request_is_left_as_it_came() {
        let before = headers(&[("companyname", b"T\xE9l"), ("companyname", b"\xC3\xA9\x80")]);
        let mut map = before.clone();
        let rejected = policy().enforce(&mut map).expect_err("one value is broken");
        assert_eq!(map, before);
        assert_eq!(rejected.refused().len(), 1);
        assert_eq!(rejected.refused()[0].occurrence(), 2);
        assert_eq!(
            rejected.to_string(),
            "request refused: invalid-utf8 in CompanyName"
        );
    }

    #[test]
    fn what_is_signed_is_left_as_it_came() {
        let signed = [
            (
                "signature-input",
                &br#"sig1=("@method" "companyname");created=1"#[..],
            ),
            ("companyname", b"T\xE9l"),
        ];
        let mut map = headers(&signed);
        let report = policy().enforce(&mut map).expect("nothing to refuse");
        assert_eq!(map, headers(&signed));
        let [told] = report.explanations() else {
            panic!("{report:?}")
        };
        assert_eq!(told.action(), Action::Log);
        assert_eq!(told.not_repaired(), Some(Refusal::Signed.reason()));

        let rule = Rule::for_fields(["CompanyName"])
            .normalize([Latin1])
            .reject([Latin1]);
        let strict = Policy::builder().rule(rule).build().expect("a right rule");
        let rejected = strict.enforce(&mut map).expect_err("it cannot be repaired");
        assert_eq!(
            rejected.refused()[0].not_repaired(),
            Some(Refusal::Signed.reason())
        );

        // What the signature does not cover is repaired.
        let mut map = headers(&[
            (
                "signature-input",
                br#"sig1=("@method" "x-other");created=1"#,
            ),
            ("companyname", b"T\xE9l"),
        ]);
        policy().enforce(&mut map).expect("nothing to refuse");
        assert_eq!(map["companyname"].as_bytes(), "Tél".as_bytes());
    }

    #[test]
    fn text_goes_on_in_its_form() {
        let rule = Rule::for_fields(["CompanyName"])
            .normalize([CharRef])
            .forward_as(Form::Latin1);
        let policy = Policy::builder().rule(rule).build().expect("a right rule");
        for came in [&b"T\xE9l"[..], "Tél".as_bytes(), b"T&#233;l"] {
            let mut map = headers(&[("companyname", came)]);
            policy.enforce(&mut map).expect("nothing to refuse");
            assert_eq!(map["companyname"].as_bytes(), b"T\xE9l");
        }
        // Nobody refuses right text for a signature, or for its length.
        let signed = [
            (
                "authorization",
                &b"AWS4-HMAC-SHA256 SignedHeaders=companyname"[..],
            ),
            ("companyname", "Tél".as_bytes()),
        ];
        let mut map = headers(&signed);
        policy.enforce(&mut map).expect("nothing to refuse");
        assert_eq!(map, headers(&signed));
    }

    #[test]
    fn many_values_of_one_name_take_one_walk() {
        let mut map = HeaderMap::new();
        for at in 0..20_000 {
            let value: &[u8] = if at % 2 == 0 { b"T\xE9l" } else { b"first" };
            map.append(
                "companyname",
                HeaderValue::from_bytes(value).expect("a value"),
            );
        }
        let report = policy().enforce(&mut map).expect("nothing to refuse");
        assert_eq!(report.rewritten(), 10_000);
        let mut values = map.get_all("companyname").iter().map(HeaderValue::as_bytes);
        assert!(values.all(|value| value == "T\u{e9}l".as_bytes() || value == b"first"));
        assert_eq!(map.len(), 20_000);
    }

    #[test]
    fn only_what_has_no_place_is_refused() {
        let map = headers(&[
            ("companyname", b"T\xE9l"),
            ("companyname", b"T\xE9l"),
            ("x-other", b"T\xE9l"),
        ]);
        let policy = policy();
        let enforcement = policy.for_any_request().inspect(&map).expect("no refusal");
        let mut other = headers(&[("companyname", b"T\xE9l")]);
        let before = other.clone();
        let rejected = enforcement.apply(&mut other).expect_err("one is missing");
        assert_eq!(other, before);
        let [refused] = rejected.refused() else {
            panic!("{rejected:?}")
        };
        assert_eq!((refused.field(), refused.occurrence()), ("CompanyName", 2));
        assert_eq!(rejected.report().explanations().len(), 2);
    }

    #[test]
    fn sensitive_values_are_masked_and_left() {
        let mut secret = HeaderValue::from_bytes(b"T\xE9l").expect("a value");
        secret.set_sensitive(true);
        let mut map = headers(&[("companyname", b"T\xE9l")]);
        map.append("companyname", secret);
        let report = policy().enforce(&mut map).expect("nothing to refuse");
        let values: Vec<_> = map.get_all("companyname").iter().collect();
        assert_eq!(values[0].as_bytes(), "T\u{e9}l".as_bytes());
        assert_eq!(values[1].as_bytes(), b"T\xE9l");
        assert!(!values[0].is_sensitive() && values[1].is_sensitive());
        let [shown, masked] = report.explanations() else {
            panic!("{report:?}")
        };
        assert!(shown.value().is_some() && shown.reading().is_some());
        assert_eq!(
            (masked.value(), masked.reading(), masked.forward()),
            (None, None, None)
        );
        assert_eq!(masked.not_repaired(), Some(Refusal::Protected.reason()));
        assert!(!masked.to_json().contains("e96c") && !masked.sentence().contains("E9"));
    }

    #[test]
    fn debug_shows_no_octets() {
        let map = headers(&[
            ("companyname", b"T\xE9l\xE9bec"),
            ("companyname", b"T\xC3\xA9l\x80"),
        ]);
        let rejected = policy()
            .for_any_request()
            .inspect(&map)
            .expect_err("broken");
        let fine = headers(&[("companyname", b"T\xE9l\xE9bec")]);
        let policy = policy();
        let enforcement = policy.for_any_request().inspect(&fine).expect("repaired");
        assert_eq!(
            format!("{enforcement:?}"),
            r#"Enforcement { report: Report([("CompanyName", "latin1")]), rewrites: [("companyname", 0)] }"#
        );
        let shown = format!("{rejected:?} {:?}", rejected.report());
        assert!(!shown.contains("bec") && !shown.contains("84"), "{shown}");
    }

    #[test]
    fn repairs_may_not_outgrow_the_head() {
        let rule = Rule::for_fields(["n"]).normalize([Latin1]);
        let policy = Policy::builder()
            .rule(rule)
            .head_octets(9)
            .build()
            .expect("a right rule");
        assert!(policy.enforce(&mut headers(&[("n", b"a\xE9l")])).is_ok());
        let mut map = headers(&[("n", b"ab\xE9l")]);
        assert!(policy.enforce(&mut map).is_err());
        assert_eq!(map["n"].as_bytes(), b"ab\xE9l");
    }

    #[test]
    fn the_limit_of_the_head_holds_wherever_the_repair_is() {
        let rule = Rule::for_fields(["n"]).normalize([CharRef]);
        let policy = Policy::builder().rule(rule).head_octets(460);
        let policy = policy.build().expect("a right rule");
        // Two characters, of three octets each.
        let value = "\u{200b}".repeat(150) + "&nGt;";
        let rejected = policy.enforce(&mut headers(&[("n", value.as_bytes())]));
        let rejected = rejected.expect_err("it is one octet more than it was");
        assert_eq!(
            rejected.refused()[0].not_repaired(),
            Some(Refusal::TooLong.reason())
        );
    }

    #[test]
    fn a_head_over_the_limit_may_be_repaired_to_less() {
        let rule = Rule::for_fields(["n"]).normalize([Latin1, CharRef]);
        let policy = Policy::builder().rule(rule).head_octets(9);
        let policy = policy.build().expect("a right rule");
        let mut map = headers(&[("n", b"caf&eacute;"), ("n", b"T\xE9l")]);
        assert_eq!(policy.enforce(&mut map).expect("it shrinks").rewritten(), 2);
    }

    #[test]
    fn accept_decides_the_form_of_a_refusal() {
        for (accept, text) in [
            ("*/*", false),
            ("text/plain", true),
            ("text/plain, */*;q=0.5", true),
            ("text/plain;q=0.5, application/json", false),
            ("application/problem+json", false),
            ("text/html,application/xhtml+xml,*/*;q=0.8", false),
        ] {
            assert_eq!(
                prefers_text([accept.as_bytes()].into_iter()),
                text,
                "{accept}"
            );
        }
        assert!(!prefers_text(std::iter::empty()));
    }

    #[test]
    fn hosts_lose_their_ports() {
        let host_of = |value: &str| {
            let request = Request::builder()
                .header("host", value)
                .body(())
                .expect("a request");
            host(&request).to_owned()
        };
        assert_eq!(host_of("api.example.com:8080"), "api.example.com");
        assert_eq!(host_of("[::1]:8080"), "[::1]");
        assert_eq!(host_of("[::1]"), "[::1]");
    }
}
