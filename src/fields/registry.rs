//! The fields that are known by name: those of the IANA HTTP Field Name
//! Registry that occur, and those that clients, clouds and proxies send.
//!
//! A line a field: its name in lower case, the grammar of its value, why it is
//! never rewritten, and who defined it, where somebody did. A new line goes
//! where the alphabet puts it; a test says so. A name that people also use for
//! text of their own (`Title`, `Topic`, `Position`) is left out: it is free
//! text, and stays so.

use super::Grammar::{
    self, Address, Base64, Cookie, Credentials, Date, FreeText, Json, Links, Number, Opaque,
    Parameters, Percent, Product, Structured, Token, Uri,
};
use super::Protection::{self, Credentials as Secret, Framing, Integrity};
use super::{fold, folded};

/// What is known of one field.
#[derive(Clone, Copy)]
pub(super) struct Row(&'static str, Grammar, Option<Protection>);

impl Row {
    #[cfg(test)]
    pub(super) const fn name(self) -> &'static str {
        self.0
    }

    pub(super) const fn grammar(self) -> Grammar {
        self.1
    }

    pub(super) const fn protection(self) -> Option<Protection> {
        self.2
    }
}

/// The row of the named field, if it is known. Asked only of fields whose value
/// is not plain, which in most requests are one or two.
pub(super) fn find(name: &str) -> Option<Row> {
    let mut slot = slot(name.as_bytes());
    loop {
        let place = SLOTS.get(slot)?.checked_sub(1)?;
        let row = FIELDS.get(usize::from(place))?;
        if row.0.len() == name.len() && folded(name).eq(row.0.bytes()) {
            return Some(*row);
        }
        slot = (slot + 1) % SLOTS.len();
    }
}

/// Where the search for a name starts.
const fn slot(name: &[u8]) -> usize {
    let mut hash = 0x811c_9dc5_u32;
    let mut at = 0;
    while at < name.len() {
        #[expect(clippy::indexing_slicing, reason = "in bounds, and const")]
        let octet = fold(name[at]);
        hash = (hash ^ octet as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ (hash >> 15)) as usize % SLOT_COUNT
}

/// The places of the rows, from 1, by the hash of their names; 0 is free. Less
/// than half are taken, so that a search is short and ends.
static SLOTS: [u16; SLOT_COUNT] = {
    let mut slots = [0; SLOT_COUNT];
    let mut at = 0;
    while at < FIELDS.len() {
        #[expect(
            clippy::indexing_slicing,
            reason = "in bounds, or this does not compile"
        )]
        {
            let mut slot = slot(FIELDS[at].0.as_bytes());
            while slots[slot] != 0 {
                slot = (slot + 1) % SLOT_COUNT;
            }
            #[expect(clippy::cast_possible_truncation, reason = "fewer than the slots")]
            {
                slots[slot] = at as u16 + 1;
            }
        }
        at += 1;
    }
    slots
};

const SLOT_COUNT: usize = 2048;
const _: () = assert!(FIELDS.len() < SLOT_COUNT / 2);

#[cfg(test)]
pub(super) fn rows() -> impl Iterator<Item = Row> {
    FIELDS.iter().copied()
}

#[rustfmt::skip]
static FIELDS: &[Row] = &[
    Row("a-im", Token, None), // RFC 3229
    Row("accept", Token, None), // RFC 9110
    Row("accept-ch", Structured, None), // RFC 8942
    Row("accept-charset", Token, None), // RFC 9110
    Row("accept-datetime", Date, None), // RFC 7089
    Row("accept-encoding", Token, None), // RFC 9110
    Row("accept-features", Token, None), // RFC 2295
    Row("accept-language", Token, None), // RFC 9110
    Row("accept-patch", Token, None), // RFC 5789
    Row("accept-post", Token, None), // Linked Data Platform
    Row("accept-query", Structured, None), // HTTP QUERY method
    Row("accept-ranges", Token, None), // RFC 9110
    Row("accept-signature", Structured, Some(Integrity)), // RFC 9421
    Row("access-control-allow-credentials", Token, None), // Fetch
    Row("access-control-allow-headers", Token, None), // Fetch
    Row("access-control-allow-methods", Token, None), // Fetch
    Row("access-control-allow-origin", Uri, None), // Fetch
    Row("access-control-allow-private-network", Token, None), // Private Network Access
    Row("access-control-expose-headers", Token, None), // Fetch
    Row("access-control-max-age", Number, None), // Fetch
    Row("access-control-request-headers", Token, None), // Fetch
    Row("access-control-request-method", Token, None), // Fetch
    Row("access-control-request-private-network", Token, None), // Private Network Access
    Row("activate-storage-access", Structured, None), // Storage Access
    Row("activityid", Opaque, None), // Azure
    Row("age", Number, None), // RFC 9111
    Row("akamai-bot", FreeText, None), // Akamai
    Row("akamai-client-ip", Address, None), // Akamai
    Row("akamai-edgescape", Address, None), // Akamai
    Row("akamai-grn", Opaque, None), // Akamai
    Row("akamai-origin-hop", Number, None), // Akamai
    Row("allow", Token, None), // RFC 9110
    Row("alt-svc", Parameters, None), // RFC 7838
    Row("alt-used", Address, None), // RFC 7838
    Row("alternates", Parameters, None), // RFC 2295
    Row("amz-sdk-invocation-id", Opaque, None), // AWS
    Row("amz-sdk-request", Parameters, None), // AWS
    Row("anthropic-beta", Token, None), // OpenAI, Anthropic
    Row("anthropic-dangerous-direct-browser-access", Token, None), // OpenAI, Anthropic
    Row("anthropic-version", Token, None), // OpenAI, Anthropic
    Row("api-key", Credentials, Some(Secret)),
    Row("apikey", Credentials, Some(Secret)),
    Row("apply-to-redirect-ref", Token, None), // RFC 4437
    Row("attribution-reporting-eligible", Structured, None), // Attribution Reporting
    Row("attribution-reporting-register-source", Json, None), // Attribution Reporting
    Row("attribution-reporting-register-trigger", Json, None), // Attribution Reporting
    Row("attribution-reporting-support", Structured, None), // Attribution Reporting
    Row("audit-id", Opaque, None), // Kubernetes
    Row("authentication-control", Parameters, None), // RFC 8053
    Row("authentication-info", Credentials, Some(Secret)), // RFC 9110
    Row("authorization", Credentials, Some(Secret)), // RFC 9110
    Row("available-dictionary", Structured, None), // RFC 9842
    Row("b3", Opaque, None), // B3
    Row("baggage", Opaque, None), // Baggage
    Row("cache-control", Parameters, None), // RFC 9111
    Row("cache-group-invalidation", Structured, None), // RFC 9875
    Row("cache-groups", Structured, None), // RFC 9875
    Row("cache-status", Structured, None), // RFC 9211
    Row("cache-tag", Opaque, None), // Akamai
    Row("cal-managed-id", Opaque, None), // RFC 8607
    Row("caldav-timezones", Token, None), // RFC 7809
    Row("capsule-protocol", Structured, None), // RFC 9298
    Row("cdn-cache-control", Structured, None), // RFC 9213
    Row("cdn-loop", Product, None), // RFC 8586
    Row("ce-dataschema", Uri, None), // CloudEvents
    Row("ce-id", Percent, None), // CloudEvents
    Row("ce-source", Percent, None), // CloudEvents
    Row("ce-specversion", Token, None), // CloudEvents
    Row("ce-subject", Percent, None), // CloudEvents
    Row("ce-time", Date, None), // CloudEvents
    Row("ce-type", Percent, None), // CloudEvents
    Row("cf-access-authenticated-user-email", FreeText, None), // Cloudflare
    Row("cf-access-jwt-assertion", Credentials, None),
    Row("cf-bot-score", Number, None), // Cloudflare
    Row("cf-cache-status", Token, None), // Cloudflare
    Row("cf-challenge", Opaque, None), // Cloudflare
    Row("cf-connecting-ip", Address, None), // Cloudflare
    Row("cf-connecting-ipv6", Address, None), // Cloudflare
    Row("cf-ew-via", Token, None), // Cloudflare
    Row("cf-ipcity", FreeText, None), // Cloudflare
    Row("cf-ipcontinent", Token, None), // Cloudflare
    Row("cf-ipcountry", Token, None), // Cloudflare
    Row("cf-iplatitude", Number, None), // Cloudflare
    Row("cf-iplongitude", Number, None), // Cloudflare
    Row("cf-ja3-hash", Opaque, None), // Cloudflare
    Row("cf-ja4", Opaque, None), // Cloudflare
    Row("cf-metro-code", Number, None), // Cloudflare
    Row("cf-mitigated", Token, None), // Cloudflare
    Row("cf-postal-code", Token, None), // Cloudflare
    Row("cf-pseudo-ipv4", Address, None), // Cloudflare
    Row("cf-ray", Opaque, None), // Cloudflare
    Row("cf-region", FreeText, None), // Cloudflare
    Row("cf-region-code", Token, None), // Cloudflare
    Row("cf-timezone", Token, None), // Cloudflare
    Row("cf-verified-bot", Token, None), // Cloudflare
    Row("cf-visitor", Json, None), // Cloudflare
    Row("cf-worker", Address, None), // Cloudflare
    Row("clear-site-data", Token, None), // Clear Site Data
    Row("client-cert", Structured, Some(Integrity)), // RFC 9440
    Row("client-cert-chain", Structured, Some(Integrity)), // RFC 9440
    Row("client-ip", Address, None),
    Row("cloudflare-cdn-cache-control", Structured, None), // RFC 9213
    Row("cloudfront-forwarded-proto", Token, None), // CloudFront
    Row("cloudfront-is-android-viewer", Token, None), // CloudFront
    Row("cloudfront-is-desktop-viewer", Token, None), // CloudFront
    Row("cloudfront-is-ios-viewer", Token, None), // CloudFront
    Row("cloudfront-is-mobile-viewer", Token, None), // CloudFront
    Row("cloudfront-is-smarttv-viewer", Token, None), // CloudFront
    Row("cloudfront-is-tablet-viewer", Token, None), // CloudFront
    Row("cloudfront-viewer-address", Address, None), // CloudFront
    Row("cloudfront-viewer-asn", Number, None), // CloudFront
    Row("cloudfront-viewer-city", FreeText, None), // CloudFront
    Row("cloudfront-viewer-country", Token, None), // CloudFront
    Row("cloudfront-viewer-country-name", FreeText, None), // CloudFront
    Row("cloudfront-viewer-country-region", Token, None), // CloudFront
    Row("cloudfront-viewer-country-region-name", FreeText, None), // CloudFront
    Row("cloudfront-viewer-header-count", Number, None), // CloudFront
    Row("cloudfront-viewer-header-order", Token, None), // CloudFront
    Row("cloudfront-viewer-http-version", Token, None), // CloudFront
    Row("cloudfront-viewer-ja3-fingerprint", Opaque, None), // CloudFront
    Row("cloudfront-viewer-ja4-fingerprint", Opaque, None), // CloudFront
    Row("cloudfront-viewer-latitude", Number, None), // CloudFront
    Row("cloudfront-viewer-longitude", Number, None), // CloudFront
    Row("cloudfront-viewer-metro-code", Number, None), // CloudFront
    Row("cloudfront-viewer-postal-code", Token, None), // CloudFront
    Row("cloudfront-viewer-time-zone", Token, None), // CloudFront
    Row("cloudfront-viewer-tls", Token, None), // CloudFront
    Row("configuration-context", Uri, None), // OSLC
    Row("connect-accept-encoding", Token, None), // Connect
    Row("connect-content-encoding", Token, None), // Connect
    Row("connect-protocol-version", Token, None), // Connect
    Row("connect-timeout-ms", Number, None), // Connect
    Row("connection", Token, Some(Framing)), // RFC 9110
    Row("content-base", Uri, None), // RFC 4229
    Row("content-digest", Structured, Some(Integrity)), // RFC 9530
    Row("content-disposition", Parameters, None), // RFC 6266
    Row("content-dpr", Number, None), // Client Hints
    Row("content-encoding", Token, Some(Framing)), // RFC 9110
    Row("content-id", Opaque, None), // RFC 4229
    Row("content-language", Token, None), // RFC 9110
    Row("content-length", Number, Some(Framing)), // RFC 9110
    Row("content-location", Uri, None), // RFC 9110
    Row("content-md5", Base64, Some(Integrity)), // RFC 1864
    Row("content-range", Token, Some(Framing)), // RFC 9110
    Row("content-script-type", Token, None), // RFC 4229
    Row("content-security-policy", Uri, None), // Content Security Policy
    Row("content-security-policy-report-only", Uri, None), // Content Security Policy
    Row("content-style-type", Token, None), // RFC 4229
    Row("content-transfer-encoding", Token, None), // RFC 4229
    Row("content-type", Parameters, None), // RFC 9110
    Row("content-version", Token, None), // RFC 4229
    Row("cookie", Cookie, Some(Secret)), // RFC 6265
    Row("cookie2", Cookie, Some(Secret)), // RFC 2965
    Row("correlation-id", Opaque, None),
    Row("critical-ch", Structured, None), // RFC 8942
    Row("cross-origin-embedder-policy", Structured, None), // HTML
    Row("cross-origin-embedder-policy-report-only", Structured, None), // HTML
    Row("cross-origin-opener-policy", Structured, None), // HTML
    Row("cross-origin-opener-policy-report-only", Structured, None), // HTML
    Row("cross-origin-resource-policy", Token, None), // Fetch
    Row("crypto-key", Parameters, None), // RFC 8188 drafts
    Row("dasl", Token, None), // RFC 5323
    Row("date", Date, None), // RFC 9110
    Row("dav", Token, None), // RFC 4918
    Row("delta-base", Opaque, None), // RFC 3229
    Row("deprecation", Structured, None), // RFC 9745
    Row("depth", Token, None), // RFC 4918
    Row("destination", Uri, None), // RFC 4918
    Row("device-memory", Number, None), // Client Hints
    Row("dictionary-id", Structured, None), // RFC 9842
    Row("digest", Opaque, Some(Integrity)), // RFC 3230
    Row("dnt", Token, None), // Global Privacy Control
    Row("document-policy", Structured, None), // Document Policy
    Row("document-policy-report-only", Structured, None), // Document Policy
    Row("downlink", Number, None), // Network Information
    Row("dpop", Credentials, Some(Integrity)), // RFC 9449
    Row("dpop-nonce", Opaque, None), // RFC 9449
    Row("dpr", Number, None), // Client Hints
    Row("dropbox-api-arg", Json, None), // Dropbox
    Row("dropbox-api-path-root", Json, None), // Dropbox
    Row("dropbox-api-result", Json, None), // Dropbox
    Row("dropbox-api-select-user", Opaque, None), // Dropbox
    Row("early-data", Number, None), // RFC 8470
    Row("ect", Token, None), // Network Information
    Row("edge-cache-tag", Opaque, None), // Akamai
    Row("edge-control", Parameters, None), // Akamai
    Row("elastic-apm-traceparent", Opaque, None), // tracing
    Row("encryption", Parameters, None), // RFC 8188 drafts
    Row("etag", Opaque, None), // RFC 9110
    Row("expect", Token, Some(Framing)), // RFC 9110
    Row("expect-ct", Parameters, None), // RFC 9163
    Row("expires", Date, None), // RFC 9111
    Row("fastly-client", Token, None), // Fastly
    Row("fastly-client-ip", Address, None), // Fastly
    Row("fastly-debug", Token, None), // Fastly
    Row("fastly-ff", Opaque, None), // Fastly
    Row("fastly-orig-accept-encoding", Token, None), // Fastly
    Row("fastly-soft-purge", Number, None), // Fastly
    Row("fastly-ssl", Token, None), // Fastly
    Row("fastly-temp-xff", Address, None), // Fastly
    Row("feature-policy", Uri, None), // Permissions Policy
    Row("fly-client-ip", Address, None), // hosting
    Row("fly-forwarded-proto", Token, None), // hosting
    Row("fly-region", Token, None), // hosting
    Row("fly-request-id", Opaque, None), // hosting
    Row("forwarded", Parameters, None), // RFC 7239
    Row("from", FreeText, None), // RFC 9110
    Row("front-end-https", Token, None),
    Row("grpc-accept-encoding", Token, None), // gRPC
    Row("grpc-encoding", Token, None), // gRPC
    Row("grpc-message", Percent, None), // gRPC
    Row("grpc-previous-rpc-attempts", Number, None), // gRPC
    Row("grpc-retry-pushback-ms", Number, None), // gRPC
    Row("grpc-status", Number, None), // gRPC
    Row("grpc-status-details-bin", Base64, None), // gRPC
    Row("grpc-tags-bin", Base64, None), // gRPC
    Row("grpc-timeout", Token, None), // gRPC
    Row("grpc-trace-bin", Base64, None), // gRPC
    Row("hobareg", Parameters, None), // RFC 7486
    Row("host", Address, Some(Framing)), // RFC 9110
    Row("http-referer", Uri, None),
    Row("http2-settings", Token, Some(Framing)), // RFC 7540
    Row("hx-boosted", Token, None), // htmx
    Row("hx-current-url", Uri, None), // htmx
    Row("hx-location", Json, None), // htmx
    Row("hx-prompt", FreeText, None), // htmx
    Row("hx-push-url", Uri, None), // htmx
    Row("hx-redirect", Uri, None), // htmx
    Row("hx-replace-url", Uri, None), // htmx
    Row("hx-request", Token, None), // htmx
    Row("hx-reswap", FreeText, None), // htmx
    Row("hx-target", Token, None), // htmx
    Row("hx-trigger", Json, None), // htmx
    Row("hx-trigger-after-settle", Json, None), // htmx
    Row("hx-trigger-after-swap", Json, None), // htmx
    Row("hx-trigger-name", FreeText, None), // htmx
    Row("idempotency-key", Structured, Some(Integrity)), // draft-ietf-httpapi-idempotency-key-header
    Row("if", Links, None), // RFC 4918
    Row("if-match", Opaque, None), // RFC 9110
    Row("if-modified-since", Date, None), // RFC 9110
    Row("if-none-match", Opaque, None), // RFC 9110
    Row("if-range", Opaque, None), // RFC 9110
    Row("if-schedule-tag-match", Opaque, None), // RFC 6638
    Row("if-unmodified-since", Date, None), // RFC 9110
    Row("im", Token, None), // RFC 3229
    Row("impersonate-group", FreeText, None), // Kubernetes
    Row("impersonate-uid", Opaque, None), // Kubernetes
    Row("impersonate-user", FreeText, None), // Kubernetes
    Row("include-referred-token-binding-id", Structured, None), // RFC 8473
    Row("integrity-policy", Structured, None), // Subresource Integrity
    Row("integrity-policy-report-only", Structured, None), // Subresource Integrity
    Row("job-token", Credentials, Some(Secret)),
    Row("keep-alive", Parameters, Some(Framing)), // RFC 2068
    Row("kubectl-command", FreeText, None), // Kubernetes
    Row("kubectl-session", Opaque, Some(Secret)), // Kubernetes
    Row("l5d-client-id", Opaque, None), // Envoy, Istio
    Row("l5d-dst-canonical", Address, None), // Envoy, Istio
    Row("l5d-dst-override", Address, None), // Envoy, Istio
    Row("last-event-id", FreeText, None), // Server-Sent Events
    Row("last-modified", Date, None), // RFC 9110
    Row("linear-signature", Opaque, Some(Integrity)), // Webhooks
    Row("link", Links, None), // RFC 8288
    Row("link-template", Links, None), // RFC 9264
    Row("location", Uri, None), // RFC 9110
    Row("lock-token", Uri, Some(Secret)), // RFC 4918
    Row("max-forwards", Number, Some(Framing)), // RFC 9110
    Row("mcp-method", Token, None), // MCP
    Row("mcp-name", Opaque, None), // MCP
    Row("mcp-protocol-version", Token, None), // MCP
    Row("mcp-session-id", Opaque, Some(Secret)), // MCP
    Row("memento-datetime", Date, None), // RFC 7089
    Row("mime-version", Token, None), // RFC 4229
    Row("negotiate", Token, None), // RFC 2295
    Row("nel", Json, None), // Reporting
    Row("newrelic", Base64, None), // tracing
    Row("next-action", Opaque, None), // Next.js
    Row("next-router-prefetch", Token, None), // Next.js
    Row("next-router-segment-prefetch", Uri, None), // Next.js
    Row("next-router-state-tree", Percent, None), // Next.js
    Row("next-url", Uri, None), // Next.js
    Row("no-vary-search", Structured, None), // Speculation Rules
    Row("observe-browsing-topics", Structured, None), // Topics
    Row("ocp-apim-subscription-key", Credentials, Some(Secret)),
    Row("odata-entityid", Uri, None), // OData
    Row("odata-error", FreeText, None), // OData
    Row("odata-isolation", Token, None), // OData
    Row("odata-maxversion", Token, None), // OData
    Row("odata-version", Token, None), // OData
    Row("openai-beta", Token, None), // OpenAI, Anthropic
    Row("openai-organization", Opaque, None), // OpenAI, Anthropic
    Row("openai-processing-ms", Number, None), // OpenAI, Anthropic
    Row("openai-project", Opaque, None), // OpenAI, Anthropic
    Row("optional-www-authenticate", Credentials, None), // RFC 8053
    Row("ordering-type", Uri, None), // RFC 3648
    Row("origin", Uri, None), // RFC 6454
    Row("origin-agent-cluster", Structured, None), // HTML
    Row("oslc-core-version", Token, None), // OSLC
    Row("overwrite", Token, None), // RFC 4918
    Row("password", Credentials, Some(Secret)),
    Row("paypal-cert-url", Uri, None), // Webhooks
    Row("paypal-transmission-id", Opaque, None), // Webhooks
    Row("paypal-transmission-sig", Opaque, None), // Webhooks
    Row("permissions-policy", Structured, None), // Permissions Policy
    Row("permissions-policy-report-only", Structured, None), // Permissions Policy
    Row("ping-from", Uri, None), // HTML
    Row("ping-to", Uri, None), // HTML
    Row("pragma", Parameters, None), // RFC 9111
    Row("prefer", Parameters, None), // RFC 7240
    Row("preference-applied", Parameters, None), // RFC 7240
    Row("priority", Structured, None), // RFC 9218
    Row("private-network-access-id", Opaque, None), // Private Network Access
    Row("private-network-access-name", FreeText, None), // Private Network Access
    Row("private-token", Credentials, Some(Secret)),
    Row("proxy-authenticate", Credentials, Some(Secret)), // RFC 9110
    Row("proxy-authentication-info", Credentials, Some(Secret)), // RFC 9110
    Row("proxy-authorization", Credentials, Some(Secret)), // RFC 9110
    Row("proxy-connection", Token, Some(Framing)),
    Row("proxy-status", Structured, None), // RFC 9209
    Row("public-key-pins", Parameters, None), // RFC 7469
    Row("public-key-pins-report-only", Parameters, None), // RFC 7469
    Row("purpose", Token, None), // Fetch
    Row("range", Token, Some(Framing)), // RFC 9110
    Row("ratelimit", Structured, None), // draft-ietf-httpapi-ratelimit-headers
    Row("ratelimit-limit", Parameters, None), // draft-ietf-httpapi-ratelimit-headers
    Row("ratelimit-policy", Structured, None), // draft-ietf-httpapi-ratelimit-headers
    Row("ratelimit-remaining", Number, None), // draft-ietf-httpapi-ratelimit-headers
    Row("ratelimit-reset", Number, None), // draft-ietf-httpapi-ratelimit-headers
    Row("redirect-ref", Uri, None), // RFC 4437
    Row("referer", Uri, None), // RFC 9110
    Row("referrer", Uri, None),
    Row("referrer-policy", Token, None), // Referrer Policy
    Row("refresh", Uri, None),
    Row("remote-email", FreeText, None),
    Row("remote-groups", FreeText, None),
    Row("remote-name", FreeText, None),
    Row("remote-user", FreeText, None),
    Row("replay-nonce", Opaque, None), // RFC 8555
    Row("report-to", Json, None), // Reporting
    Row("reporting-endpoints", Structured, None), // Reporting
    Row("repr-digest", Structured, Some(Integrity)), // RFC 9530
    Row("request-context", Parameters, None),
    Row("request-id", Opaque, None),
    Row("request-uri", Uri, None),
    Row("require-document-policy", Structured, None), // Document Policy
    Row("retry-after", Date, None), // RFC 9110
    Row("retry-after-ms", Number, None),
    Row("rsc", Token, None), // Next.js
    Row("rtt", Number, None), // Network Information
    Row("save-data", Token, None), // Network Information
    Row("schedule-reply", Token, None), // RFC 6638
    Row("schedule-tag", Opaque, None), // RFC 6638
    Row("sec-browsing-topics", Structured, None), // Topics
    Row("sec-ch-device-memory", Number, None), // Client Hints
    Row("sec-ch-dpr", Number, None), // Client Hints
    Row("sec-ch-forced-colors", Structured, None), // User Preference Media Features
    Row("sec-ch-prefers-color-scheme", Structured, None), // User Preference Media Features
    Row("sec-ch-prefers-contrast", Structured, None), // User Preference Media Features
    Row("sec-ch-prefers-reduced-data", Structured, None), // User Preference Media Features
    Row("sec-ch-prefers-reduced-motion", Structured, None), // User Preference Media Features
    Row("sec-ch-prefers-reduced-transparency", Structured, None), // User Preference Media Features
    Row("sec-ch-ua", Structured, None), // UA Client Hints
    Row("sec-ch-ua-arch", Structured, None), // UA Client Hints
    Row("sec-ch-ua-bitness", Structured, None), // UA Client Hints
    Row("sec-ch-ua-form-factors", Structured, None), // UA Client Hints
    Row("sec-ch-ua-full-version", Structured, None), // UA Client Hints
    Row("sec-ch-ua-full-version-list", Structured, None), // UA Client Hints
    Row("sec-ch-ua-mobile", Structured, None), // UA Client Hints
    Row("sec-ch-ua-model", Structured, None), // UA Client Hints
    Row("sec-ch-ua-platform", Structured, None), // UA Client Hints
    Row("sec-ch-ua-platform-version", Structured, None), // UA Client Hints
    Row("sec-ch-ua-wow64", Structured, None), // UA Client Hints
    Row("sec-ch-viewport-height", Number, None), // Client Hints
    Row("sec-ch-viewport-width", Number, None), // Client Hints
    Row("sec-ch-width", Number, None), // Client Hints
    Row("sec-fetch-dest", Structured, None), // Fetch Metadata
    Row("sec-fetch-mode", Structured, None), // Fetch Metadata
    Row("sec-fetch-site", Structured, None), // Fetch Metadata
    Row("sec-fetch-storage-access", Structured, None), // Fetch Metadata
    Row("sec-fetch-user", Structured, None), // Fetch Metadata
    Row("sec-gpc", Structured, None), // Global Privacy Control
    Row("sec-private-state-token", Structured, Some(Secret)), // Private State Tokens
    Row("sec-private-state-token-crypto-version", Structured, None), // Private State Tokens
    Row("sec-private-state-token-lifetime", Structured, None), // Private State Tokens
    Row("sec-purpose", Structured, None), // Fetch
    Row("sec-redemption-record", Structured, None), // Private State Tokens
    Row("sec-required-document-policy", Structured, None), // Document Policy
    Row("sec-shared-storage-writable", Structured, None), // Shared Storage
    Row("sec-speculation-tags", Structured, None), // Speculation Rules
    Row("sec-token-binding", Parameters, None), // RFC 8473
    Row("sec-websocket-accept", Base64, None), // RFC 6455
    Row("sec-websocket-extensions", Parameters, Some(Framing)), // RFC 6455
    Row("sec-websocket-key", Base64, Some(Framing)), // RFC 6455
    Row("sec-websocket-protocol", Token, Some(Framing)), // RFC 6455
    Row("sec-websocket-version", Token, Some(Framing)), // RFC 6455
    Row("sentry-trace", Opaque, None), // tracing
    Row("server", Product, None), // RFC 9110
    Row("server-timing", Parameters, None), // Server Timing
    Row("service-worker", Token, None), // Service Workers
    Row("service-worker-allowed", Uri, None), // Service Workers
    Row("service-worker-navigation-preload", Opaque, None), // Service Workers
    Row("set-cookie", Cookie, Some(Secret)), // RFC 6265
    Row("set-cookie2", Cookie, Some(Secret)), // RFC 2965
    Row("set-login", Structured, None), // FedCM
    Row("shared-storage-write", Structured, None), // Shared Storage
    Row("signature", Structured, Some(Integrity)), // RFC 9421
    Row("signature-input", Structured, Some(Integrity)), // RFC 9421
    Row("slug", Percent, None), // RFC 5023
    Row("soapaction", Uri, None), // SOAP 1.1
    Row("sourcemap", Uri, None), // Source Map
    Row("speculation-rules", Structured, None), // Speculation Rules
    Row("ssl-client-cert", Percent, None),
    Row("ssl-client-issuer-dn", FreeText, None),
    Row("ssl-client-subject-dn", FreeText, None),
    Row("status-uri", Links, None), // RFC 4918
    Row("strict-transport-security", Parameters, None), // RFC 6797
    Row("stripe-account", Opaque, None), // Webhooks
    Row("stripe-signature", Opaque, Some(Integrity)), // Webhooks
    Row("stripe-version", Token, None), // Webhooks
    Row("sunset", Date, None), // RFC 8594
    Row("supports-loading-mode", Structured, None), // Speculation Rules
    Row("surrogate-capability", Parameters, None), // Fastly
    Row("surrogate-control", Parameters, None), // RFC 9213
    Row("surrogate-key", Opaque, None), // Fastly
    Row("svix-id", Opaque, None), // Webhooks
    Row("svix-signature", Opaque, Some(Integrity)), // Webhooks
    Row("svix-timestamp", Number, None), // Webhooks
    Row("sw8", Opaque, None), // tracing
    Row("tcn", Token, None), // RFC 2295
    Row("te", Token, Some(Framing)), // RFC 9110
    Row("timeout", Token, None), // RFC 4918
    Row("timing-allow-origin", Uri, None), // Fetch
    Row("tk", Token, None), // Global Privacy Control
    Row("token", Credentials, Some(Secret)),
    Row("topic", Opaque, None), // RFC 8030
    Row("trace-id", Opaque, None),
    Row("traceparent", Opaque, None), // Trace Context
    Row("traceresponse", Opaque, None), // Trace Context
    Row("tracestate", Opaque, None), // Trace Context
    Row("trailer", Token, Some(Framing)), // RFC 9110
    Row("transfer-encoding", Token, Some(Framing)), // RFC 9112
    Row("true-client-ip", Address, None),
    Row("ttl", Number, None), // RFC 8030
    Row("tus-checksum-algorithm", Token, None), // tus
    Row("tus-extension", Token, None), // tus
    Row("tus-max-size", Number, None), // tus
    Row("tus-resumable", Token, None), // tus
    Row("tus-version", Token, None), // tus
    Row("uber-trace-id", Opaque, None), // tracing
    Row("upgrade", Token, Some(Framing)), // RFC 9110
    Row("upgrade-insecure-requests", Token, None), // Upgrade Insecure Requests
    Row("upload-checksum", Base64, None), // tus
    Row("upload-complete", Structured, None), // draft-ietf-httpbis-resumable-upload
    Row("upload-concat", Uri, None), // tus
    Row("upload-defer-length", Number, None), // tus
    Row("upload-draft-interop-version", Structured, None), // draft-ietf-httpbis-resumable-upload
    Row("upload-expires", Date, None), // tus
    Row("upload-length", Number, None), // tus
    Row("upload-limit", Structured, None), // draft-ietf-httpbis-resumable-upload
    Row("upload-metadata", Base64, None), // tus
    Row("upload-offset", Structured, None), // draft-ietf-httpbis-resumable-upload
    Row("urgency", Token, None), // RFC 8030
    Row("use-as-dictionary", Structured, None), // RFC 9842
    Row("user-agent", Product, None), // RFC 9110
    Row("variant-vary", Token, None), // RFC 2295
    Row("vary", Token, None), // RFC 9110
    Row("via", Product, None), // RFC 9110
    Row("viewport-width", Number, None), // Client Hints
    Row("want-content-digest", Structured, Some(Integrity)), // RFC 9530
    Row("want-digest", Opaque, Some(Integrity)), // RFC 3230
    Row("want-repr-digest", Structured, Some(Integrity)), // RFC 9530
    Row("warning", FreeText, None), // RFC 7234
    Row("webhook-id", Opaque, None), // Webhooks
    Row("webhook-signature", Opaque, Some(Integrity)), // Webhooks
    Row("webhook-timestamp", Number, None), // Webhooks
    Row("width", Number, None), // Client Hints
    Row("www-authenticate", Credentials, Some(Secret)), // RFC 9110
    Row("x-accel-buffering", Token, None),
    Row("x-accel-expires", Token, None),
    Row("x-accel-redirect", Uri, None),
    Row("x-accepted-github-permissions", Parameters, None), // GitHub
    Row("x-accepted-oauth-scopes", Token, None), // GitHub
    Row("x-access-token", Credentials, Some(Secret)),
    Row("x-akamai-config-log-detail", Token, None), // Akamai
    Row("x-akamai-device-characteristics", Parameters, None), // Akamai
    Row("x-akamai-edgescape", Address, None), // Akamai
    Row("x-akamai-request-id", Opaque, None), // Akamai
    Row("x-akamai-transformed", FreeText, None), // Akamai
    Row("x-amz-acl", Token, None), // AWS
    Row("x-amz-algorithm", Token, None), // AWS
    Row("x-amz-apigw-id", Opaque, None), // AWS
    Row("x-amz-bucket-region", Token, None), // AWS
    Row("x-amz-cf-id", Opaque, None), // AWS
    Row("x-amz-cf-pop", Opaque, None), // AWS
    Row("x-amz-checksum-crc32", Base64, None), // AWS
    Row("x-amz-checksum-crc32c", Base64, None), // AWS
    Row("x-amz-checksum-crc64nvme", Base64, None), // AWS
    Row("x-amz-checksum-sha1", Base64, None), // AWS
    Row("x-amz-checksum-sha256", Base64, None), // AWS
    Row("x-amz-client-context", Base64, None), // AWS
    Row("x-amz-content-sha256", Opaque, Some(Integrity)), // AWS
    Row("x-amz-copy-source", Uri, None), // AWS
    Row("x-amz-date", Date, None), // AWS
    Row("x-amz-decoded-content-length", Number, None), // AWS
    Row("x-amz-expiration", Parameters, None), // AWS
    Row("x-amz-firehose-common-attributes", Json, None), // AWS
    Row("x-amz-function-error", Token, None), // AWS
    Row("x-amz-grant-full-control", Parameters, None), // AWS
    Row("x-amz-grant-read", Parameters, None), // AWS
    Row("x-amz-grant-write", Parameters, None), // AWS
    Row("x-amz-id-2", Opaque, None), // AWS
    Row("x-amz-invocation-type", Token, None), // AWS
    Row("x-amz-log-result", Base64, None), // AWS
    Row("x-amz-log-type", Token, None), // AWS
    Row("x-amz-mfa", Credentials, None), // AWS
    Row("x-amz-request-id", Opaque, None), // AWS
    Row("x-amz-restore", Parameters, None), // AWS
    Row("x-amz-sdk-checksum-algorithm", Token, None), // AWS
    Row("x-amz-security-token", Credentials, Some(Secret)),
    Row("x-amz-server-side-encryption", Token, None), // AWS
    Row("x-amz-server-side-encryption-aws-kms-key-id", Opaque, None), // AWS
    Row("x-amz-server-side-encryption-context", Base64, None), // AWS
    Row("x-amz-sns-message-id", Opaque, None), // AWS
    Row("x-amz-sns-message-type", Token, None), // AWS
    Row("x-amz-sns-topic-arn", Opaque, None), // AWS
    Row("x-amz-storage-class", Token, None), // AWS
    Row("x-amz-tagging", Uri, None), // AWS
    Row("x-amz-target", Token, None), // AWS
    Row("x-amz-user-agent", Product, None), // AWS
    Row("x-amz-version-id", Opaque, None), // AWS
    Row("x-amz-website-redirect-location", Uri, None), // AWS
    Row("x-amzn-errortype", FreeText, None), // AWS
    Row("x-amzn-mtls-clientcert", Percent, None), // AWS
    Row("x-amzn-mtls-clientcert-issuer", FreeText, None), // AWS
    Row("x-amzn-mtls-clientcert-leaf", Percent, None), // AWS
    Row("x-amzn-mtls-clientcert-serial-number", Token, None), // AWS
    Row("x-amzn-mtls-clientcert-subject", FreeText, None), // AWS
    Row("x-amzn-mtls-clientcert-validity", Parameters, None), // AWS
    Row("x-amzn-oidc-accesstoken", Credentials, None),
    Row("x-amzn-oidc-data", Credentials, None),
    Row("x-amzn-oidc-identity", FreeText, None), // AWS
    Row("x-amzn-requestid", Opaque, None), // AWS
    Row("x-amzn-tls-cipher-suite", Token, None), // AWS
    Row("x-amzn-tls-version", Token, None), // AWS
    Row("x-amzn-trace-id", Opaque, None), // AWS
    Row("x-amzn-waf-action", Token, None), // AWS
    Row("x-api-key", Credentials, Some(Secret)),
    Row("x-appengine-city", FreeText, None), // Google Cloud
    Row("x-appengine-citylatlong", Number, None), // Google Cloud
    Row("x-appengine-country", Token, None), // Google Cloud
    Row("x-appengine-queuename", Token, None), // Google Cloud
    Row("x-appengine-region", Token, None), // Google Cloud
    Row("x-appengine-taskname", Token, None), // Google Cloud
    Row("x-appengine-user-ip", Address, None), // Google Cloud
    Row("x-arr-clientcert", Base64, None),
    Row("x-arr-log-id", Opaque, None), // Azure
    Row("x-arr-ssl", FreeText, None), // Azure
    Row("x-aspnet-version", Token, None),
    Row("x-aspnetmvc-version", Token, None),
    Row("x-att-deviceid", Opaque, None),
    Row("x-auth", Credentials, None),
    Row("x-auth-request-email", FreeText, None),
    Row("x-auth-request-groups", FreeText, None),
    Row("x-auth-request-preferred-username", FreeText, None),
    Row("x-auth-request-redirect", Uri, None),
    Row("x-auth-request-user", FreeText, None),
    Row("x-auth-token", Credentials, Some(Secret)),
    Row("x-authentik-email", FreeText, None),
    Row("x-authentik-groups", FreeText, None),
    Row("x-authentik-name", FreeText, None),
    Row("x-authentik-username", FreeText, None),
    Row("x-azure-clientip", Address, None), // Azure
    Row("x-azure-fdid", Opaque, None), // Azure
    Row("x-azure-ref", Opaque, None), // Azure
    Row("x-azure-requestchain", Parameters, None), // Azure
    Row("x-azure-socketip", Address, None), // Azure
    Row("x-b3-flags", Opaque, None), // B3
    Row("x-b3-parentspanid", Opaque, None), // B3
    Row("x-b3-sampled", Opaque, None), // B3
    Row("x-b3-spanid", Opaque, None), // B3
    Row("x-b3-traceid", Opaque, None), // B3
    Row("x-cache", Token, None),
    Row("x-cache-hits", Token, None),
    Row("x-cache-lookup", FreeText, None),
    Row("x-cache-status", Token, None),
    Row("x-cacheable", Token, None),
    Row("x-client-cert", Percent, None),
    Row("x-client-data", Base64, None), // Google Cloud
    Row("x-client-geo-location", FreeText, None), // Google Cloud
    Row("x-client-ip", Address, None),
    Row("x-client-request-id", Opaque, None),
    Row("x-client-verify", FreeText, None),
    Row("x-cloud-trace-context", Opaque, None), // Google Cloud
    Row("x-cloudscheduler-jobname", Token, None), // Google Cloud
    Row("x-cloudtasks-queuename", Token, None), // Google Cloud
    Row("x-cloudtasks-taskname", Token, None), // Google Cloud
    Row("x-cluster-client-ip", Address, None),
    Row("x-content-security-policy", Uri, None), // Content Security Policy
    Row("x-content-type-options", Token, None), // Fetch
    Row("x-correlation-id", Opaque, None),
    Row("x-csrf-token", Credentials, Some(Secret)),
    Row("x-csrftoken", Credentials, None),
    Row("x-datadog-origin", Token, None), // Datadog
    Row("x-datadog-parent-id", Opaque, None), // Datadog
    Row("x-datadog-sampling-priority", Number, None), // Datadog
    Row("x-datadog-tags", Opaque, None), // Datadog
    Row("x-datadog-trace-id", Opaque, None), // Datadog
    Row("x-device-user-agent", Product, None),
    Row("x-dns-prefetch-control", Token, None), // HTML
    Row("x-download-options", Token, None), // HTML
    Row("x-drupal-cache", Token, None),
    Row("x-dynatrace", Opaque, None), // tracing
    Row("x-envoy-attempt-count", Number, None), // Envoy, Istio
    Row("x-envoy-decorator-operation", Uri, None), // Envoy, Istio
    Row("x-envoy-expected-rq-timeout-ms", Number, None), // Envoy, Istio
    Row("x-envoy-external-address", Address, None),
    Row("x-envoy-internal", Token, None), // Envoy, Istio
    Row("x-envoy-max-retries", Number, None), // Envoy, Istio
    Row("x-envoy-original-path", Uri, None),
    Row("x-envoy-peer-metadata", Base64, None), // Envoy, Istio
    Row("x-envoy-peer-metadata-id", Opaque, None), // Envoy, Istio
    Row("x-envoy-retry-on", Token, None), // Envoy, Istio
    Row("x-envoy-upstream-rq-timeout-ms", Number, None), // Envoy, Istio
    Row("x-envoy-upstream-service-time", Number, None), // Envoy, Istio
    Row("x-event-key", Token, None), // Webhooks
    Row("x-fd-healthprobe", Number, None), // Azure
    Row("x-figma-token", Credentials, Some(Secret)),
    Row("x-forwarded", Address, None),
    Row("x-forwarded-access-token", Credentials, Some(Secret)),
    Row("x-forwarded-by", Address, None),
    Row("x-forwarded-client-cert", Parameters, None),
    Row("x-forwarded-email", FreeText, None),
    Row("x-forwarded-for", Address, None),
    Row("x-forwarded-groups", FreeText, None),
    Row("x-forwarded-host", Address, None),
    Row("x-forwarded-method", Token, None),
    Row("x-forwarded-path", Uri, None),
    Row("x-forwarded-port", Number, None),
    Row("x-forwarded-preferred-username", FreeText, None),
    Row("x-forwarded-prefix", Uri, None),
    Row("x-forwarded-proto", Token, None),
    Row("x-forwarded-protocol", Token, None),
    Row("x-forwarded-query", Uri, None),
    Row("x-forwarded-scheme", Token, None),
    Row("x-forwarded-server", Address, None),
    Row("x-forwarded-ssl", Token, None),
    Row("x-forwarded-uri", Uri, None),
    Row("x-forwarded-user", FreeText, None),
    Row("x-frame-options", Token, None), // RFC 7034
    Row("x-generator", Product, None),
    Row("x-github-api-version", Token, None), // GitHub
    Row("x-github-api-version-selected", Token, None), // GitHub
    Row("x-github-delivery", Opaque, None), // GitHub
    Row("x-github-event", Token, None), // GitHub
    Row("x-github-hook-id", Number, None), // GitHub
    Row("x-github-hook-installation-target-id", Number, None), // GitHub
    Row("x-github-hook-installation-target-type", Token, None), // GitHub
    Row("x-github-media-type", Parameters, None), // GitHub
    Row("x-github-otp", Parameters, None), // GitHub
    Row("x-github-request-id", Opaque, None), // GitHub
    Row("x-github-sso", Uri, None), // GitHub
    Row("x-gitlab-event", FreeText, None), // Webhooks
    Row("x-gitlab-event-uuid", Opaque, None), // Webhooks
    Row("x-gitlab-token", Credentials, Some(Secret)),
    Row("x-goog-api-client", Product, None),
    Row("x-goog-api-key", Credentials, Some(Secret)),
    Row("x-goog-authenticated-user-email", FreeText, None), // Google Cloud
    Row("x-goog-authenticated-user-id", Opaque, None), // Google Cloud
    Row("x-goog-channel-id", Opaque, None), // Google Cloud
    Row("x-goog-channel-token", Opaque, Some(Secret)), // Google Cloud
    Row("x-goog-copy-source", Uri, None), // Google Cloud
    Row("x-goog-generation", Number, None), // Google Cloud
    Row("x-goog-hash", Base64, None), // Google Cloud
    Row("x-goog-iap-jwt-assertion", Credentials, None),
    Row("x-goog-metageneration", Number, None), // Google Cloud
    Row("x-goog-request-params", Uri, None), // Google Cloud
    Row("x-goog-resource-state", Token, None), // Google Cloud
    Row("x-goog-resource-uri", Uri, None), // Google Cloud
    Row("x-goog-storage-class", Token, None), // Google Cloud
    Row("x-goog-stored-content-encoding", Token, None), // Google Cloud
    Row("x-goog-stored-content-length", Number, None), // Google Cloud
    Row("x-goog-upload-url", Uri, None), // Google Cloud
    Row("x-goog-user-project", Token, None), // Google Cloud
    Row("x-grpc-web", Token, None), // gRPC
    Row("x-guploader-uploadid", Opaque, None), // Google Cloud
    Row("x-hook-uuid", Opaque, None), // Webhooks
    Row("x-host", Address, None),
    Row("x-http-method", Token, None),
    Row("x-http-method-override", Token, None),
    Row("x-hub-signature", Opaque, Some(Integrity)), // GitHub
    Row("x-hub-signature-256", Opaque, Some(Integrity)), // GitHub
    Row("x-inertia", Token, None), // Inertia
    Row("x-inertia-location", Uri, None), // Inertia
    Row("x-inertia-partial-component", Uri, None), // Inertia
    Row("x-inertia-partial-data", Token, None), // Inertia
    Row("x-inertia-version", Opaque, None), // Inertia
    Row("x-instana-l", Opaque, None), // tracing
    Row("x-instana-s", Opaque, None), // tracing
    Row("x-instana-t", Opaque, None), // tracing
    Row("x-kubernetes-pf-flowschema-uid", Opaque, None), // Kubernetes
    Row("x-kubernetes-pf-prioritylevel-uid", Opaque, None), // Kubernetes
    Row("x-line-signature", Opaque, Some(Integrity)), // Webhooks
    Row("x-method-override", Token, None),
    Row("x-moz", Token, None),
    Row("x-ms-blob-content-disposition", Parameters, None), // Azure
    Row("x-ms-blob-content-md5", Base64, None), // Azure
    Row("x-ms-blob-content-type", Parameters, None), // Azure
    Row("x-ms-blob-type", Token, None), // Azure
    Row("x-ms-client-principal", Base64, None),
    Row("x-ms-client-principal-id", Opaque, None), // Azure
    Row("x-ms-client-principal-idp", Token, None), // Azure
    Row("x-ms-client-principal-name", FreeText, None), // Azure
    Row("x-ms-client-request-id", Opaque, None), // Azure
    Row("x-ms-continuation", Opaque, None), // Azure
    Row("x-ms-copy-source", Uri, None), // Azure
    Row("x-ms-correlation-request-id", Opaque, None), // Azure
    Row("x-ms-date", Date, None), // Azure
    Row("x-ms-documentdb-partitionkey", Json, None), // Azure
    Row("x-ms-lease-id", Opaque, None), // Azure
    Row("x-ms-lease-state", Token, None), // Azure
    Row("x-ms-lease-status", Token, None), // Azure
    Row("x-ms-properties", Base64, None), // Azure
    Row("x-ms-rename-source", Uri, None), // Azure
    Row("x-ms-request-id", Opaque, None), // Azure
    Row("x-ms-routing-request-id", Opaque, None), // Azure
    Row("x-ms-tags", Uri, None), // Azure
    Row("x-ms-token-aad-access-token", Credentials, Some(Secret)),
    Row("x-ms-token-aad-id-token", Credentials, Some(Secret)),
    Row("x-ms-version", Token, None), // Azure
    Row("x-msedge-ref", FreeText, None), // Azure
    Row("x-newrelic-id", Base64, None), // tracing
    Row("x-newrelic-transaction", Base64, None), // tracing
    Row("x-nf-client-connection-ip", Address, None), // hosting
    Row("x-nf-geo", Base64, None), // hosting
    Row("x-nf-request-id", Opaque, None), // hosting
    Row("x-no-cache", Token, None),
    Row("x-oauth-scopes", Token, None), // GitHub
    Row("x-operamini-phone-ua", Product, None),
    Row("x-original-for", Address, None),
    Row("x-original-forwarded-for", Address, None),
    Row("x-original-host", Address, None),
    Row("x-original-method", Token, None),
    Row("x-original-path", Uri, None),
    Row("x-original-proto", Token, None),
    Row("x-original-query", Uri, None),
    Row("x-original-uri", Uri, None),
    Row("x-original-url", Uri, None),
    Row("x-original-user-agent", Product, None),
    Row("x-originating-ip", Address, None),
    Row("x-ot-span-context", Opaque, None), // tracing
    Row("x-page", Number, None),
    Row("x-per-page", Number, None),
    Row("x-permitted-cross-domain-policies", Token, None), // HTML
    Row("x-pingback", Uri, None),
    Row("x-plex-token", Credentials, Some(Secret)),
    Row("x-powered-by", Product, None),
    Row("x-proxy-cache", Token, None),
    Row("x-proxyuser-ip", Address, None),
    Row("x-purpose", Token, None),
    Row("x-queue-start", Parameters, None),
    Row("x-rate-limit-limit", Parameters, None),
    Row("x-rate-limit-remaining", Number, None),
    Row("x-rate-limit-reset", Number, None),
    Row("x-ratelimit-limit", Parameters, None),
    Row("x-ratelimit-remaining", Number, None),
    Row("x-ratelimit-reset", Number, None),
    Row("x-ratelimit-resource", Token, None),
    Row("x-ratelimit-used", Number, None),
    Row("x-real-ip", Address, None),
    Row("x-redirect-by", FreeText, None),
    Row("x-refresh-token", Credentials, Some(Secret)),
    Row("x-remote-addr", Address, None),
    Row("x-remote-group", FreeText, None), // Kubernetes
    Row("x-remote-ip", Address, None),
    Row("x-remote-name", FreeText, None),
    Row("x-remote-user", FreeText, None), // Kubernetes
    Row("x-reproxy-url", Uri, None),
    Row("x-request-id", Opaque, None),
    Row("x-request-start", Parameters, None),
    Row("x-requested-with", Token, None),
    Row("x-response-time", FreeText, None),
    Row("x-rewrite-url", Uri, None),
    Row("x-robots", Token, None),
    Row("x-robots-tag", Token, None), // HTML
    Row("x-runtime", Number, None),
    Row("x-ruxit-forwarded-for", Address, None), // tracing
    Row("x-scheme", Token, None),
    Row("x-script-name", Uri, None),
    Row("x-sendfile", Uri, None),
    Row("x-sentry-auth", Parameters, None), // tracing
    Row("x-sentry-rate-limits", Token, None), // tracing
    Row("x-served-by", Token, None),
    Row("x-serverless-authorization", Credentials, Some(Secret)), // Google Cloud
    Row("x-session-affinity", Opaque, None),
    Row("x-session-token", Credentials, Some(Secret)),
    Row("x-shopify-access-token", Credentials, Some(Secret)),
    Row("x-shopify-hmac-sha256", Opaque, Some(Integrity)), // Webhooks
    Row("x-shopify-shop-domain", Address, None), // Webhooks
    Row("x-shopify-topic", Token, None), // Webhooks
    Row("x-signature", Opaque, Some(Integrity)), // Webhooks
    Row("x-signature-ed25519", Opaque, None), // Webhooks
    Row("x-signature-timestamp", Number, None), // Webhooks
    Row("x-site-deployment-id", Opaque, None), // Azure
    Row("x-slack-request-timestamp", Number, None), // Webhooks
    Row("x-slack-retry-num", Number, None), // Webhooks
    Row("x-slack-retry-reason", Token, None), // Webhooks
    Row("x-slack-signature", Opaque, Some(Integrity)), // Webhooks
    Row("x-sourcemap", Uri, None), // Source Map
    Row("x-ssl-cert", Percent, None),
    Row("x-ssl-client-cert", Percent, None),
    Row("x-ssl-client-s-dn", FreeText, None),
    Row("x-ssl-client-verify", FreeText, None),
    Row("x-stainless-arch", Token, None), // OpenAI, Anthropic
    Row("x-stainless-lang", Token, None), // OpenAI, Anthropic
    Row("x-stainless-os", Product, None), // OpenAI, Anthropic
    Row("x-stainless-package-version", Token, None), // OpenAI, Anthropic
    Row("x-stainless-retry-count", Number, None), // OpenAI, Anthropic
    Row("x-stainless-runtime", Token, None), // OpenAI, Anthropic
    Row("x-stainless-runtime-version", Token, None), // OpenAI, Anthropic
    Row("x-stainless-timeout", Number, None), // OpenAI, Anthropic
    Row("x-stream-protocol-version", Token, None), // Kubernetes
    Row("x-telegram-bot-api-secret-token", Credentials, Some(Secret)),
    Row("x-timer", Token, None),
    Row("x-total-count", Number, None),
    Row("x-trace-id", Opaque, None),
    Row("x-transaction-id", Opaque, None),
    Row("x-true-client-ip", Address, None),
    Row("x-turbolinks-location", Uri, None),
    Row("x-twilio-signature", Opaque, Some(Integrity)), // Webhooks
    Row("x-ua-compatible", Token, None), // HTML
    Row("x-ucbrowser-device-ua", Product, None),
    Row("x-uidh", Opaque, None),
    Row("x-unique-id", Opaque, None),
    Row("x-url-scheme", Token, None),
    Row("x-user-agent", Product, None),
    Row("x-varnish", Token, None),
    Row("x-vault-token", Credentials, Some(Secret)),
    Row("x-vercel-cache", Token, None), // Vercel
    Row("x-vercel-deployment-url", Uri, None), // Vercel
    Row("x-vercel-forwarded-for", Address, None), // Vercel
    Row("x-vercel-id", Opaque, None), // Vercel
    Row("x-vercel-ip-city", Percent, None), // Vercel
    Row("x-vercel-ip-continent", Token, None), // Vercel
    Row("x-vercel-ip-country", Token, None), // Vercel
    Row("x-vercel-ip-country-region", Token, None), // Vercel
    Row("x-vercel-ip-latitude", Number, None), // Vercel
    Row("x-vercel-ip-longitude", Number, None), // Vercel
    Row("x-vercel-ip-timezone", Token, None), // Vercel
    Row("x-waf-uuid", Opaque, None),
    Row("x-wap-profile", Uri, None),
    Row("x-waws-unencoded-url", Uri, None), // Azure
    Row("x-webauth-name", FreeText, None),
    Row("x-webauth-user", FreeText, None),
    Row("x-webkit-csp", Uri, None), // Content Security Policy
    Row("x-webkit-csp-report-only", Uri, None),
    Row("x-xsrf-token", Credentials, Some(Secret)),
    Row("x-xss-protection", Parameters, None), // HTML
    Row("x-zm-request-timestamp", Number, None), // Webhooks
    Row("x-zm-signature", Opaque, Some(Integrity)), // Webhooks
    Row("x-zumo-auth", Credentials, None),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::same_name;

    #[test]
    fn names_are_lower_case_tokens_in_order() {
        for row in FIELDS {
            let ok =
                |octet: u8| octet == b'-' || octet.is_ascii_digit() || octet.is_ascii_lowercase();
            assert!(!row.0.is_empty() && row.0.bytes().all(ok), "{}", row.0);
        }
        for pair in FIELDS.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} before {}", pair[0].0, pair[1].0);
        }
    }

    /// The obvious twin: one name after the other.
    #[test]
    fn found_as_by_a_walk_over_all() {
        let walk = |name: &str| {
            FIELDS
                .iter()
                .find(|row| same_name(row.0, name))
                .map(|row| row.0)
        };
        for row in FIELDS {
            let name = row.0;
            for spelling in [
                name.to_owned(),
                name.to_uppercase(),
                name.replace('-', "_"),
                format!("{name}-"),
                format!("x{name}"),
                name.get(1..).unwrap_or_default().to_owned(),
                name.replacen('-', "", 1),
            ] {
                let found = find(&spelling).map(|row| row.0);
                assert_eq!(found, walk(&spelling), "{spelling}");
            }
            assert_eq!(find(name).map(|row| row.0), Some(name));
        }
        for name in ["", "-", "a", "zzz", "é", "x-\u{fffd}"] {
            assert_eq!(find(name).map(|row| row.0), None, "{name}");
        }
    }
}
