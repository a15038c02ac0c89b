//! placeholder
mod char_ref;
mod characters;
pub mod charset;
mod classify;
pub mod fields;
pub mod finding;
mod mojibake;
pub mod octet;
pub mod preview;
pub mod reading;
pub mod scan;
pub mod utf8;
pub use finding::*;
pub use scan::{Facts, Scan, scan};
