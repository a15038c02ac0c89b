//! The demo's origin: an HTTP server that says which octets it received.

use headguard::explain::is_field_name;
use headguard::preview::Preview;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Listens on loopback, on a port of its own, until the runtime ends.
pub(crate) async fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        // An accept that fails says that this machine is out of something; the
        // demo ends then, as nothing would answer any more.
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let answer = service_fn(async |request| Ok::<_, Infallible>(answer(&request)));
                // A connection that breaks is its client's matter.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
    Ok(address)
}

/// Names the octets of every field that a client is likely to have set itself.
fn answer(request: &Request<Incoming>) -> Response<String> {
    let mut text = String::from("The origin received:\n");
    for (name, value) in request.headers() {
        let routine = matches!(
            name.as_str(),
            "host" | "user-agent" | "accept" | "connection" | "content-length"
        );
        if routine || !is_field_name(name.as_str().as_bytes()) {
            continue;
        }
        text += &format!(
            "  {name}: {}\n  = {}\n",
            Preview::new(value.as_bytes()),
            spaced(value.as_bytes())
        );
    }
    Response::new(text)
}

fn spaced(octets: &[u8]) -> String {
    let octets: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    octets.join(" ")
}
