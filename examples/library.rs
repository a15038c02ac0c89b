//! headguard as a library: octets in, verdict out. No features needed.
//!
//! ```text
//! cargo run --example library --no-default-features
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use headguard::policy::{Policy, PolicyError, Rule};
use headguard::preview::{Preview, hex};
use headguard::{FindingKind, Outcome, scan};

fn main() -> Result<(), PolicyError> {
    let value = b"T\xE9l\xE9bec LP";

    // Facts and findings, without any policy.
    println!("CompanyName: {}", Preview::new(value));
    for finding in scan(value).findings() {
        println!("  {} at {:?}", finding.kind(), finding.span());
    }
    if let Some(reading) = scan(value).reading() {
        println!(
            "  meant: {} ({})",
            reading.text(),
            reading.confidence().name()
        );
    }

    // What to do about it is the policy's business.
    let policy = Policy::builder()
        .rule(
            Rule::for_fields(["CompanyName", "X-Company-*"])
                .named("company names are UTF-8")
                .normalize([FindingKind::Latin1, FindingKind::CharRef])
                .reject([FindingKind::InvalidUtf8, FindingKind::Control]),
        )
        .build()?;

    for value in [
        &value[..],
        b"T&#233;l&#233;bec LP",
        "Télébec LP".as_bytes(),
        b"a&#13;&#10;X-Evil: 1",
    ] {
        print!("{:<24} ", Preview::new(value).to_string());
        match policy.decide("CompanyName", value).into_outcome() {
            Outcome::Forward(octets) => println!("as it came   {}", hex(octets, 64)),
            Outcome::Rewrite(repaired) => println!("repaired to  {}", hex(repaired.as_bytes(), 64)),
            Outcome::Reject(rejection) => {
                println!("refused      {rejection} ({})", rejection.source());
            }
        }
    }
    Ok(())
}
