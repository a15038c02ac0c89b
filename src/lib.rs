#![doc = include_str!("lib.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

// In the order of design: a room uses only what stands above it.
mod lanes;
mod named;
pub mod octet;

pub mod utf8;

pub mod charset;
pub mod fields;
mod mojibake;

mod finding;
mod scan;

mod char_ref;
mod characters;

mod legacy;
mod mixed;

mod forms;

mod classify;
mod reading;

pub mod policy;

mod normalize;
mod verdict;

mod decide;

#[cfg(feature = "http")]
mod signature;

pub mod preview;

pub mod explain;

#[cfg(feature = "http")]
pub mod headers;

#[cfg(feature = "tower")]
pub mod tower;

#[cfg(feature = "proxy")]
pub mod config;

#[cfg(feature = "proxy")]
mod wire;

#[cfg(feature = "proxy")]
pub mod proxy;

pub use classify::Findings;
pub use decide::RequestPolicy;
pub use finding::{Confidence, Finding, FindingKind, Hazard};
pub use named::UnknownName;
pub use normalize::{Normalized, Refusal};
pub use policy::{Action, Policy, PolicyBuilder};
pub use reading::Reading;
pub use scan::{Facts, Scan, scan};
pub use verdict::{Cause, Judged, Outcome, Rejection, Verdict};

/// The README's Rust example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
