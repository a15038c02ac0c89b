//! The public types can be sent, shared and moved wherever a server needs them.

use headguard::charset::Charset;
use headguard::fields::{Grammar, Protection};
use headguard::policy::{Action, PolicyError, Preset, Rule, Scope, Source, Target};
use headguard::preview::Preview;
use headguard::utf8::{Errors, Malformation, Malformed};
use headguard::{
    Cause, Facts, Findings, Judged, Normalized, Outcome, Policy, PolicyBuilder, Reading, Refusal,
    Rejection, RequestPolicy, Scan, Verdict,
};
use headguard::{Confidence, Finding, FindingKind, Hazard};
use std::panic::{RefUnwindSafe, UnwindSafe};

fn pinned<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}

#[test]
fn public_types_are_send_sync_unpin() {
    pinned::<Action>();
    pinned::<Cause>();
    pinned::<Charset>();
    pinned::<Confidence>();
    pinned::<Errors<'_>>();
    pinned::<Facts>();
    pinned::<Finding>();
    pinned::<FindingKind>();
    pinned::<Findings<'_>>();
    pinned::<Grammar>();
    pinned::<Hazard>();
    pinned::<Judged>();
    pinned::<Malformation>();
    pinned::<Malformed>();
    pinned::<Normalized<'_>>();
    pinned::<Outcome<'_>>();
    pinned::<Policy>();
    pinned::<PolicyBuilder>();
    pinned::<PolicyError>();
    pinned::<Preset>();
    pinned::<Preview<'_>>();
    pinned::<Protection>();
    pinned::<Reading>();
    pinned::<Refusal>();
    pinned::<Rejection>();
    pinned::<RequestPolicy<'_>>();
    pinned::<Rule>();
    pinned::<Scan<'_>>();
    pinned::<Scope>();
    pinned::<Source>();
    pinned::<Target<'_>>();
    pinned::<Verdict<'_>>();
}

#[test]
fn errors_are_errors() {
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<PolicyError>();
    error::<Rejection>();
    error::<headguard::UnknownName>();
}
