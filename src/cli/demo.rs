//! `headguard demo`: the incident, on loopback, in one command.
//!
//! Starts an origin and a proxy, sends the company's name through in three
//! spellings and by three policies, and prints what the origin received. What
//! is printed is what happened: the requests go over real sockets.

use super::{Failure, origin, proxy, write_stderr, write_stdout};
use anstyle::{AnsiColor, Style};
use clap::Args;
use headguard::config::{self, Config, Key, Listen, Origin, Setting, Source};
use headguard::explain::{Explanation, reproduce};
use headguard::preview::Preview;
use headguard::proxy::Proxy;
use headguard::{Policy, scan};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// See the incident diagnosed, repaired and refused, on this machine only.
///
/// Starts an origin that says what it received and a proxy in front of it,
/// sends one company's name through in three spellings, and stays up, so that
/// the printed curl lines can be tried from another terminal.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Stop after the demonstration
    #[arg(long)]
    once: bool,

    /// Where the proxy listens; another port is taken when this one is in use
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Print the demo's configuration file and stop
    #[arg(long)]
    print_config: bool,
}

const CONFIG: &str = include_str!("demo.toml");

/// The incident's value, as three clients sent it.
const SPELLINGS: [(&str, &[u8]); 3] = [
    ("Latin-1", b"T\xE9l\xE9bec LP"),
    ("UTF-8", "Télébec LP".as_bytes()),
    ("character references", b"T&#233;l&#233;bec LP"),
];

/// The paths, each under a policy of its own.
const PATHS: [&str; 3] = ["/log", "/normalize", "/reject"];

const HEADING: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    if args.print_config {
        return write_stdout(CONFIG);
    }
    proxy::runtime()?.block_on(demonstrate(args))
}

async fn demonstrate(args: &DemoArgs) -> Result<(), Failure> {
    let origin = origin::start()
        .await
        .map_err(|error| Failure::io("the demo's origin", &error))?;
    let proxy = bind(args.listen, origin).await?;
    let address = match proxy.addresses().first() {
        Some(Listen::Tcp(address)) => *address,
        _ => args.listen,
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(proxy.run(async {
        // Told to stop or left alone by the demo, the proxy stops.
        let _ = stopped.await;
    }));

    write_stdout(&format!(
        "{HEADING}headguard demo{HEADING:#}   proxy http://{address}   origin http://{origin}\n\n\
         One company, three spellings, three policies: {}.\n",
        PATHS.join(", ")
    ))?;
    for (spelling, value) in SPELLINGS {
        write_stdout(&show(address, spelling, value).await?)?;
    }
    if !args.once {
        write_stdout(&invitation(address))?;
        write_stdout(&format!("\n{DIM}Ctrl-C stops it.{DIM:#}\n"))?;
        proxy::Signals::watch().told(1).await;
    }
    drop(stop);
    // The requests above were answered; what is left is closing sockets.
    let _ = running.await;
    Ok(())
}

/// Binds the proxy, on another port when the wanted one is in use.
async fn bind(listen: SocketAddr, origin: SocketAddr) -> Result<Proxy, Failure> {
    let taken = match Proxy::bind(configured(listen, origin)?).await {
        Ok(proxy) => return Ok(proxy),
        Err(error) => proxy::cannot_start(&error),
    };
    let anywhere = SocketAddr::new(listen.ip(), 0);
    // Where no port of that address can be had, the first reason is the one to tell.
    let proxy = Proxy::bind(configured(anywhere, origin)?)
        .await
        .map_err(|_| taken)?;
    write_stderr(&format!(
        "{listen} cannot be had: the demo takes another port\n"
    ));
    Ok(proxy)
}

/// The demo's configuration, between these addresses.
fn configured(listen: SocketAddr, origin: SocketAddr) -> Result<Config, Failure> {
    let settings: Vec<Setting> = [
        ("listen", listen.to_string()),
        ("upstream", format!("http://{origin}")),
        ("log", "off".to_owned()),
    ]
    .into_iter()
    .filter_map(|(path, value)| {
        Some(Setting {
            key: Key::find(path)?,
            value,
            origin: Origin::Flag,
        })
    })
    .collect();
    let source = Source {
        name: "demo.toml",
        text: CONFIG,
    };
    config::read(Some(source), &settings).map_err(|mistakes| Failure::config(&mistakes.to_string()))
}

/// Sends one spelling by every path and says what came of it.
async fn show(address: SocketAddr, spelling: &str, value: &[u8]) -> Result<String, Failure> {
    let verdict = Policy::default().decide("CompanyName", value);
    let explanation = Explanation::new("CompanyName", 1, value, &verdict);
    let mut text = format!(
        "\n{HEADING}{spelling}{HEADING:#}   CompanyName: {}\n  {:<11} {}\n",
        Preview::new(value),
        "sent",
        spaced(value),
    );
    let mut label = "found";
    for one in explanation.findings() {
        text += &format!(
            "  {label:<11} {BAD}{}{BAD:#} {}\n",
            one.finding().kind(),
            one.detail()
        );
        label = "";
    }
    if scan(value).is_clean() {
        text += &format!("  {label:<11} {GOOD}nothing wrong{GOOD:#}\n");
    }
    for path in PATHS {
        let answer = send(address, path, value)
            .await
            .map_err(|error| Failure::io("the demo's request", &error))?;
        text += &format!("  {path:<11} {}\n", told(&answer, value));
    }
    Ok(text)
}

/// One line about an answer: what the origin received, or why it received nothing.
fn told(answer: &Answer, sent: &[u8]) -> String {
    let Some(received) = answer.received() else {
        return format!("{BAD}{}{BAD:#} {}", answer.status, answer.body.trim_end());
    };
    let came = if received == spaced(sent) {
        "as it came"
    } else {
        "repaired"
    };
    format!(
        "{GOOD}{}{GOOD:#} origin received {received}  {DIM}{came}{DIM:#}",
        answer.status
    )
}

/// What came back from the proxy.
struct Answer {
    status: String,
    body: String,
}

impl Answer {
    /// The octets of `CompanyName` that the origin says it received.
    fn received(&self) -> Option<&str> {
        let mut lines = self
            .body
            .lines()
            .skip_while(|line| !line.to_ascii_lowercase().contains("companyname:"));
        lines.nth(1)?.trim().strip_prefix("= ")
    }
}

/// Sends a request as octets: HTTP clients refuse, or re-encode, what we need to send.
async fn send(address: SocketAddr, path: &str, value: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/plain\r\nConnection: close\r\nCompanyName: ").into_bytes();
    request.extend_from_slice(value);
    request.extend_from_slice(b"\r\n\r\n");
    stream.write_all(&request).await?;
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).await?;
    // Our own answers and the origin's are UTF-8.
    let text = std::str::from_utf8(&octets).map_err(io::Error::other)?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split(' ').nth(1).unwrap_or("no answer").to_owned();
    // The first line repeats the status, the last ones are for looking things up.
    let told = body.lines().filter(|line| {
        !line.starts_with("400 ") && !line.starts_with("See ") && !line.starts_with("Request: ")
    });
    Ok(Answer {
        status,
        body: told.collect::<Vec<_>>().join("\n"),
    })
}

/// Commands to try from another terminal.
fn invitation(address: SocketAddr) -> String {
    let mut text = format!("\n{HEADING}Try it{HEADING:#} from another terminal:\n");
    for (path, (_, value)) in PATHS
        .iter()
        .rev()
        .zip([SPELLINGS[0], SPELLINGS[0], SPELLINGS[2]])
    {
        let command = reproduce("CompanyName", value)
            .replace("http://127.0.0.1:8080/", &format!("http://{address}{path}"));
        text += &format!("  {command}\n");
    }
    // As it was called: from a build directory, `headguard` is no command yet.
    let program = std::env::args_os()
        .next()
        .map_or_else(|| "headguard".into(), PathBuf::from);
    text += &format!(
        "  {} explain '{}'\n",
        program.display(),
        r"CompanyName: T\xE9l\xE9bec LP"
    );
    text
}

fn spaced(octets: &[u8]) -> String {
    let octets: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    octets.join(" ")
}
