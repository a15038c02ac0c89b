//! headguard in front of an axum application. Needs the feature `tower`.
//!
//! ```text
//! cargo run --example axum --no-default-features --features tower
//! curl -i -H "$(printf 'CompanyName: T\351l\351bec LP')" http://127.0.0.1:3000/
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use axum::Router;
use axum::extract::Extension;
use axum::http::HeaderMap;
use axum::routing::get;
use headguard::headers::Report;
use headguard::policy::{Policy, PolicyError, Rule};
use headguard::tower::GuardLayer;
use headguard::{FindingKind, policy::Preset};

/// An application that greets the company its client names.
pub(crate) fn app() -> Result<Router, PolicyError> {
    let policy = Policy::builder()
        .preset(Preset::Log)
        .rule(
            Rule::for_fields(["CompanyName"])
                .named("company names are UTF-8")
                .normalize([
                    FindingKind::Latin1,
                    FindingKind::CharRef,
                    FindingKind::DoubleEncoded,
                ])
                .reject([FindingKind::InvalidUtf8, FindingKind::TruncatedUtf8]),
        )
        .build()?;
    Ok(Router::new()
        .route("/", get(greet))
        .layer(GuardLayer::new(policy)))
}

async fn greet(Extension(report): Extension<Report>, headers: HeaderMap) -> String {
    // `HeaderValue::to_str` would refuse valid UTF-8; its octets are what to read.
    let company = headers
        .get("companyname")
        .and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    format!(
        "Hello, {}! Values repaired: {}\n",
        company.unwrap_or("stranger"),
        report.rewritten()
    )
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app()?).await?;
    Ok(())
}
