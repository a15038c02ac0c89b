//! The policy on the wire (points 23–26): nothing passes it by, and it makes
//! nothing that was not sent.

use super::get;
use super::support::{Guard, Log, Message, OK, Origin};
use std::time::{Duration, Instant};

const RULE: &str = "[[policy.rule]]\nfields = [\"Company-Name\"]\n";

fn rule(action: &str) -> String {
    let rest = "reject = [\"invalid-utf8\", \"truncated-utf8\", \"control\"]\n";
    match action {
        "reject" => format!("{RULE}{}", rest.replace('[', "[\"latin1\", \"char-ref\", ")),
        action => format!("{RULE}{action} = [\"latin1\", \"char-ref\"]\n{rest}"),
    }
}

fn with(lines: &[&[u8]]) -> Vec<u8> {
    let mut request = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    for line in lines {
        request.extend_from_slice(line);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

#[tokio::test]
async fn point_23_nothing_passes_the_policy_by() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, &rule("reject")).await;
    let long = [b"Company-Name: ".as_slice(), &b"x".repeat(15_000), b"\xE9"].concat();
    for lines in [
        &[b"Company-Name: T\xE9l".as_slice()][..],
        &[b"COMPANY-NAME:T\xE9l"],
        &[b"company_name: T\xE9l"],
        &[b"Company_Name:\t T\xE9l \t"],
        &[b"Company-Name: \xE9"],
        &[b"Company-Name: ok", b"Company-Name: T\xE9l"],
        &[b"Company-Name: T\xE9l", b"Company-Name: ok"],
        &[b"Company-Name: ok", b"X: 1", b"company_name: T\xE9l"],
        &[b"Company-Name: T\xE9l", b"Connection: Company-Name"],
        &[b"Company-Name: T\xE9l", b"Connection: company_name, close"],
        &[b"Company-Name: T&#233;l"],
        &[&long],
    ] {
        let answer = proxy.ask(with(lines)).await;
        let lines = lines.concat();
        assert_eq!(
            answer.status(),
            400,
            "{}",
            lines[..lines.len().min(80)].escape_ascii()
        );
        assert!(
            answer.value("headguard").starts_with("rejected;"),
            "{answer:?}"
        );
    }
    for (line, reason) in [
        (b"Company-Name: a\r\n T\xE9l".as_slice(), "obs-fold"),
        (b"Company-Name : T\xE9l", "field-name"),
        (b"Company-Name\0: T\xE9l", "field-name"),
        (b"Company-Name: T\xE9l\nX: 1", "control"),
    ] {
        let answer = proxy.ask(with(&[line])).await;
        assert_eq!(answer.status(), 400);
        let why = super::reason(&answer);
        assert!(
            why == reason || why == "bare-lf",
            "{why} for {}",
            line.escape_ascii()
        );
    }
    // In a trailer section, and behind another request.
    let chunked =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n";
    for name in ["Company-Name", "COMPANY_NAME"] {
        let trailer = [chunked.as_bytes(), name.as_bytes(), b": T\xE9l\r\n\r\n"].concat();
        assert_eq!(proxy.ask(trailer).await.status(), 400);
    }
    let mut client = proxy.connect().await;
    client
        .send([with(&[]), with(&[b"Company-Name: T\xE9l"])].concat())
        .await;
    for status in [200, 400] {
        assert_eq!(client.message().await.expect("an answer").status(), status);
    }
    assert!(!origin.received().await.has("company-name"));
    assert!(origin.is_idle());
}

#[tokio::test]
async fn point_23_policy_follows_framing() {
    // Both are wrong: it is the framing that is told of.
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, &rule("reject")).await;
    for (line, reason) in [
        (b"Transfer-Encoding: x".as_slice(), "transfer-encoding"),
        (b"Content-Length: +1", "content-length"),
        (b"Host: b", "host-repeated"),
        (b"X: \x01", "control"),
    ] {
        let answer = proxy.ask(with(&[b"Company-Name: T\xE9l", line])).await;
        super::assert_answered(&answer, 400, reason);
    }
    assert!(origin.is_idle());
}

#[tokio::test]
async fn point_24_no_mode_makes_a_field_or_a_control() {
    let values: &[&[u8]] = &[
        b"a&#13;&#10;X-Evil: 1",
        b"a&#x0D;&#x0A;X-Evil: 1",
        b"a&#0013;&#0010;X-Evil: 1",
        b"a&NewLine;X-Evil: 1",
        b"a&#10X-Evil: 1",
        b"a%0d%0aX-Evil: 1",
        b"a%0D%0AX-Evil: 1",
        b"a%u000d%u000aX-Evil: 1",
        b"a\\u000d\\u000aX-Evil: 1",
        b"=?UTF-8?Q?=0D=0AX-Evil:_1?=",
        b"=?UTF-8?B?DQpYLUV2aWw6IDE=?=",
        b"UTF-8''%0d%0aX-Evil:%201",
        b"a\xC0\x8D\xC0\x8AX-Evil: 1",
        b"a\xE0\x80\x8D\xE0\x80\x8AX-Evil: 1",
        b"a\xE5\x98\x8D\xE5\x98\x8AX-Evil: 1",
        b"a\xC4\x8D\xC4\x8AX-Evil: 1",
        b"a\xC2\x85X-Evil: 1",
        b"a\xE2\x80\xA8X-Evil: 1",
        b"\xE9&#13;&#10;X-Evil: 1",
        b"\xE9&#0;",
        b"\xE9&#127;",
        b"\xE9&#x1b;[31m",
    ];
    for settings in [
        "",
        "[policy]\npreset = \"repair\"\n",
        "[policy]\npreset = \"strict\"\n",
        "dry_run = true\n[policy]\npreset = \"strict\"\n",
        &rule("normalize"),
        &format!(
            "{RULE}normalize = [\"latin1\", \"char-ref\", \"double-encoded\"]\ndecode_markup = true\n"
        ),
    ] {
        let mut origin = Origin::answering(OK).await;
        let proxy = Guard::before(origin.address, settings).await;
        for value in values {
            let request = with(&[&[b"Company-Name: ".as_slice(), value].concat()]);
            let answer = proxy.ask(request).await;
            let shown = value.escape_ascii();
            if answer.status() == 400 {
                assert!(answer.value("headguard").starts_with("rejected"), "{shown}");
                continue;
            }
            assert_eq!(answer.status(), 200, "{shown}");
            let received = origin.received().await;
            assert!(!received.has("x-evil"), "{settings}: {shown}");
            assert_eq!(received.values("company-name").len(), 1, "{shown}");
            let lines = received.head.split(|&octet| octet == b'\n').count();
            // Host, the value, Via and three X-Forwarded-*.
            assert_eq!(lines, 1 + 6 + 2, "{shown}");
            let emitted = &received.values("company-name")[0];
            let makes =
                |control: &u8| (*control < b' ' || *control == 0x7f) && !value.contains(control);
            assert!(!emitted.iter().any(makes), "{shown}");
            if settings.is_empty() || settings.contains("dry_run") {
                assert_eq!(&emitted[..], *value, "{shown}");
            }
        }
        assert!(origin.is_idle());
    }
}

#[tokio::test]
async fn point_25_references_cost_time_in_proportion() {
    let settings = "[limits]\nfield = 1000000\nhead = 1000000\n".to_owned() + &rule("normalize");
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, &settings).await;
    let mut client = proxy.connect().await;
    for unit in [
        &b"&#233;"[..],
        b"&eacute;",
        b"&amp;",
        b"&&&&&",
        b"&#",
        b"\xE9&#233;",
    ] {
        let mut ask = async |octets: usize| {
            let value = unit.repeat(octets / unit.len());
            let request = with(&[&[b"Company-Name: ".as_slice(), &value].concat()]);
            let mut best = Duration::MAX;
            for _ in 0..3 {
                let start = Instant::now();
                let answer = client.ask(&request).await;
                best = best.min(start.elapsed());
                assert!(matches!(answer.status(), 200 | 400), "{answer:?}");
                if answer.status() == 200 {
                    origin.received().await;
                }
            }
            best
        };
        let small = ask(4_000).await;
        let large = ask(64_000).await;
        // Sixteen times the octets; were it quadratic, 256 times the time.
        let bound = small.max(Duration::from_millis(5)) * 64;
        assert!(
            large < bound,
            "{small:?} and {large:?} for {}",
            unit.escape_ascii()
        );
    }
}

#[tokio::test]
async fn point_26_neither_log_nor_page_can_be_injected() {
    let nasty: &[&[u8]] = &[
        b"\"},{\"x\":\"",
        b"\\\"\\u0022</script><script>alert(1)</script>",
        b"\xE2\x80\xA8\xE2\x80\xAE\xC2\x9B31m\xE9",
        b"&#27;[2J\xE9%1b",
        b"\xFF\xFE\x80",
    ];
    let targets: &[&[u8]] = &[
        b"/\"},{",
        b"/%1b[2J",
        "/\u{202e}\u{2028}".as_bytes(),
        b"/\\\"<b>",
    ];
    for settings in [
        "log_values = true\n[policy]\npreset = \"strict\"\n",
        "log_values = true\n",
        "detail_level = \"brief\"\n[policy]\npreset = \"strict\"\n",
    ] {
        let (log, _capturing) = Log::json();
        let origin = Origin::answering(OK).await;
        let proxy = Guard::before(origin.address, settings).await;
        let mut asked = 0;
        for value in nasty {
            for target in targets {
                let request = [
                    b"GET ",
                    *target,
                    b" HTTP/1.1\r\nHost: a\r\nX-Request-Id: \"},{\r\nUser-Agent: ",
                    value,
                    b"\r\nX-Company: ",
                    value,
                    b"\r\n\r\n",
                ]
                .concat();
                let answer = proxy.ask(request).await;
                asked += 1;
                if answer.status() == 400 {
                    is_harmless(&answer);
                }
            }
        }
        // What is refused before it is a request.
        for raw in [
            &b"GET / HTTP/1.1\r\nHost: a\r\nX\"},{\"\x1b: 1\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\nHost: a\r\nX: \x1b]0;owned\x07\r\n\r\n",
            b"GET /\x1b[2J HTTP/1.1\r\nHost: a\r\n\r\n",
            b"\x1b[2J\"},{ / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nNo colon\xE2\x80\xAE\r\n\r\n",
        ] {
            is_harmless(&proxy.ask(raw).await);
        }
        let events = log.requests(asked).await;
        assert_eq!(events.len(), asked);
        for line in log.contents().lines() {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON");
            assert!(!line.contains(is_obeyed), "{line}");
        }
    }
}

/// What a terminal, a reader of lines or a person is steered by.
fn is_obeyed(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}')
}

#[track_caller]
fn is_harmless(answer: &Message) {
    let page = answer.json();
    assert_eq!(page["status"], answer.status());
    let text = std::str::from_utf8(&answer.body).expect("UTF-8");
    assert!(!text.trim_end().contains(is_obeyed), "{text}");
    assert_eq!(answer.value("content-type"), "application/problem+json");
    let head = answer.head.strip_suffix(b"\r\n\r\n").expect("a head");
    for line in head.split(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(
            line.iter().all(|octet| matches!(octet, b' '..=b'~')),
            "{line:?}"
        );
    }
}

#[tokio::test]
async fn point_26_credentials_are_never_told() {
    let (log, _capturing) = Log::json();
    let origin = Origin::answering(OK).await;
    let settings = "log_values = true\n[policy]\npreset = \"strict\"\n";
    let proxy = Guard::before(origin.address, settings).await;
    for name in [
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "X-Api-Key",
        "X_Auth_Token",
    ] {
        let line = [name.as_bytes(), b": Basic s\xE9cretword"].concat();
        let answer = proxy.ask(with(&[&line])).await;
        let told = String::from_utf8(answer.body).expect("UTF-8");
        for part in ["cretword", "73e963", "73c3a963"] {
            assert!(!told.contains(part), "{name}: {told}");
        }
    }
    // Also not where the head cannot be read at all.
    let broken = b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic secretword\0\r\n\r\n";
    let answer = proxy.ask(broken).await;
    assert!(!answer.body.windows(8).any(|part| part == b"cretword"));
    log.requests(5).await;
    for part in ["cretword", "73e963", "73c3a963"] {
        assert!(!log.contents().contains(part), "{}", log.contents());
    }
}

#[tokio::test]
async fn point_26_the_log_is_bounded_and_says_so() {
    let (log, _capturing) = Log::json();
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    // One request's event is bounded, however much is wrong with it.
    let lines: Vec<Vec<u8>> = (0..90)
        .map(|number| format!("X-{number}: ").into_bytes())
        .map(|start| [start, b"\xE9&#233;".repeat(60)].concat())
        .collect();
    let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    assert_eq!(proxy.ask(with(&lines)).await.status(), 200);
    log.requests(1).await;
    let length = log.contents().lines().map(str::len).max();
    assert!(length < Some(1 << 20), "{length:?}");
    assert_eq!(proxy.ask(get("")).await.status(), 200);
}
