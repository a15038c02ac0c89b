//! A policy over an `http::HeaderMap`, all or nothing. Needs the feature `http`.
//!
//! ```text
//! cargo run --example headers --no-default-features --features http
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use headguard::explain::DetailLevel;
use headguard::policy::{Policy, Preset};
use headguard::preview::Preview;
use http::{HeaderMap, HeaderValue, Response};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let policy = Policy::builder().preset(Preset::Repair).build()?;

    let mut headers = HeaderMap::new();
    headers.append("companyname", HeaderValue::from_bytes(b"T\xE9l\xE9bec LP")?);
    headers.append(
        "companyname",
        HeaderValue::from_bytes("Télébec LP".as_bytes())?,
    );

    let report = policy.enforce(&mut headers)?;
    println!("{} of the values rewritten:", report.rewritten());
    for value in headers.get_all("companyname") {
        println!("  companyname: {}", Preview::new(value.as_bytes()));
    }

    // A value that nobody can repair refuses the whole request.
    headers.append("x-city", HeaderValue::from_bytes(b"Qu\xC0\xAFbec")?);
    if let Err(rejected) = policy.enforce(&mut headers) {
        let answer: Response<String> = rejected.to_response(&headers, None, DetailLevel::Full);
        println!("\n{} {}", answer.status(), answer.body());
    }
    Ok(())
}
