//! Time, size and load (points 8 and 16–18).

use super::support::{Guard, Log, Message, OK, Origin, Peer};
use super::{answered, assert_answered, get};
use std::time::{Duration, Instant};
use tokio::task::yield_now;
use tokio::time::sleep;

/// So much may pass between a time and its end: two ticks, and a slow machine.
const LATE: Duration = Duration::from_millis(1500);

/// That what began at `start` took so long, or not much longer.
#[track_caller]
fn assert_took(start: Instant, limit: u64) {
    let (took, limit) = (start.elapsed(), Duration::from_millis(limit));
    assert!(
        took >= limit && took < limit + LATE,
        "{took:?} for {limit:?}"
    );
}

#[tokio::test]
async fn point_16_a_head_has_an_end_however_it_drips() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "[timeouts]\nhead = \"300ms\"\n").await;

    let start = Instant::now();
    let mut silent = proxy.connect().await;
    assert!(silent.is_closed().await, "who says nothing is told nothing");
    assert_took(start, 300);

    // The time is for the whole head, and octets do not start it anew.
    let start = Instant::now();
    let mut slow = proxy.connect().await;
    let dripping = async {
        for octet in get(&format!("X: {}\r\n", "x".repeat(1000))).bytes() {
            if slow.try_send([octet]).await.is_err() {
                break;
            }
            let waited = tokio::time::timeout(Duration::from_millis(20), slow.fill()).await;
            if waited.is_ok() {
                break;
            }
        }
    };
    dripping.await;
    assert_answered(&answered(&mut slow).await, 408, "head-stalled");
    assert_took(start, 300);

    // Also empty lines, which may come before a head.
    let start = Instant::now();
    let mut empty = proxy.connect().await;
    while start.elapsed() < Duration::from_millis(800) {
        if empty.try_send("\r\n").await.is_err() {
            break;
        }
        if tokio::time::timeout(Duration::from_millis(20), empty.fill())
            .await
            .is_ok()
        {
            break;
        }
    }
    assert_took(start, 300);

    // And in a later request of the connection.
    let mut again = proxy.connect().await;
    assert_eq!(again.ask(get("")).await.status(), 200);
    let start = Instant::now();
    again.send("GET / HTTP/1.1\r\nHost: a").await;
    assert_answered(&answered(&mut again).await, 408, "head-stalled");
    assert_took(start, 300);
    assert!(again.is_closed().await);
    origin.received().await;
    assert!(origin.is_idle());
}

#[tokio::test]
async fn point_16_an_idle_connection_is_closed_without_a_word() {
    let origin = Origin::answering(OK).await;
    let settings = "[timeouts]\nidle = \"200ms\"\nhead = \"60s\"\n";
    let proxy = Guard::before(origin.address, settings).await;
    let mut client = proxy.connect().await;
    assert_eq!(client.ask(get("")).await.status(), 200);
    let start = Instant::now();
    assert!(client.is_closed().await);
    assert_took(start, 200);
}

#[tokio::test]
async fn point_16_a_body_may_not_pause() {
    for body in ["part", ""] {
        let origin = Origin::scripted(|mut connection| async move {
            connection.peer.rest().await;
        })
        .await;
        let proxy = Guard::before(origin.address, "[timeouts]\nbody = \"300ms\"\n").await;
        let mut client = proxy.connect().await;
        let start = Instant::now();
        client
            .send(format!(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{body}"
            ))
            .await;
        assert_answered(&answered(&mut client).await, 408, "body-stalled");
        assert_took(start, 300);
        assert!(client.is_closed().await);
    }
}

#[tokio::test]
async fn point_16_a_body_that_drips_is_too_slow() {
    let origin = Origin::scripted(|mut connection| async move {
        connection.peer.rest().await;
    })
    .await;
    let settings = "[timeouts]\nbody = \"300ms\"\n[limits]\nbody_rate = 1000\n";
    let proxy = Guard::before(origin.address, settings).await;
    let mut client = proxy.connect().await;
    let start = Instant::now();
    client
        .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n")
        .await;
    while start.elapsed() < Duration::from_secs(5) {
        if client.try_send("x").await.is_err() {
            break;
        }
        if tokio::time::timeout(Duration::from_millis(20), client.fill())
            .await
            .is_ok()
        {
            break;
        }
    }
    assert_answered(&answered(&mut client).await, 408, "body-too-slow");
    assert!(start.elapsed() < Duration::from_millis(600) + LATE);
}

#[tokio::test]
async fn point_16_a_slow_upstream_is_not_the_clients_fault() {
    // It takes its time to read, and the client cannot send meanwhile.
    let mut origin = Origin::scripted(|mut connection| async move {
        let mut head = connection.peer.head().await.expect("a head");
        sleep(Duration::from_millis(700)).await;
        connection.peer.body(&mut head).await;
        connection.tell(head);
        connection.send(OK).await;
    })
    .await;
    let settings = "[timeouts]\nbody = \"300ms\"\n[limits]\nbody_rate = 1000000\n";
    let proxy = Guard::before(origin.address, settings).await;
    let mut client = proxy.connect().await;
    let body = vec![b'x'; 16 << 20];
    let head = format!(
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    client.send(head).await;
    client.send(&body).await;
    assert_eq!(answered(&mut client).await.status(), 200);
    assert_eq!(origin.received().await.body.len(), body.len());
}

#[tokio::test]
async fn point_16_a_response_starts_in_time_however_slow_its_head() {
    for says in ["", "HTTP/1.1 200 OK\r\n"] {
        let origin = Origin::scripted(move |mut connection| async move {
            connection.request().await;
            connection.send(says).await;
            connection.peer.rest().await;
        })
        .await;
        let proxy = Guard::before(origin.address, "[timeouts]\nresponse = \"300ms\"\n").await;
        let start = Instant::now();
        let mut client = proxy.connect().await;
        assert_answered(&client.ask(get("")).await, 504, "upstream-response-timeout");
        assert_took(start, 300);
        // What was asked is over, and the connection goes on.
        assert_answered(&client.ask(get("")).await, 504, "upstream-response-timeout");
    }
}

#[tokio::test]
async fn point_16_an_unused_upstream_connection_is_closed() {
    let mut origin = Origin::scripted(|mut connection| async move {
        while connection.request().await.is_some() {
            connection.send(OK).await;
        }
        connection.tell(Message::default());
    })
    .await;
    let proxy = Guard::before(origin.address, "[timeouts]\npool_idle = \"200ms\"\n").await;
    let mut client = proxy.connect().await;
    assert_eq!(client.ask(get("")).await.status(), 200);
    origin.received().await;
    let start = Instant::now();
    assert!(origin.received().await.head.is_empty(), "the end");
    assert!(start.elapsed() < Duration::from_millis(200) + LATE);
    assert_eq!(client.ask(get("")).await.status(), 200);
}

#[tokio::test]
async fn point_16_a_silent_tunnel_is_closed() {
    let origin = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection
            .send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
            .await;
        connection.peer.rest().await;
    })
    .await;
    let proxy = Guard::before(origin.address, "[timeouts]\ntunnel = \"300ms\"\n").await;
    let mut client = proxy.connect().await;
    client
        .send(get("Connection: upgrade\r\nUpgrade: x\r\n"))
        .await;
    assert_eq!(client.head().await.expect("a head").status(), 101);
    for _ in 0..4 {
        sleep(Duration::from_millis(150)).await;
        client.send("still here").await;
    }
    let start = Instant::now();
    assert!(client.is_closed().await);
    assert_took(start, 300);
}

#[tokio::test]
async fn point_17_every_limit_has_its_status() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let long = |octets: usize| "x".repeat(octets);
    let fields = |octets: usize, count: usize| format!("X: {}\r\n", long(octets)).repeat(count);
    for (request, status, reason) in [
        (
            format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(8191)),
            200,
            "",
        ),
        (
            format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(8192)),
            414,
            "target-too-long",
        ),
        (get(&fields(16_381, 1)), 200, ""),
        (get(&fields(16_382, 1)), 431, "field-too-long"),
        (get(&fields(1, 99)), 200, ""),
        (get(&fields(1, 100)), 431, "too-many-fields"),
        (get(&fields(16_000, 4)), 200, ""),
        (get(&fields(16_381, 4)), 431, "head-too-long"),
        (get(&fields(16_381, 5)), 431, "head-too-long"),
        (get(&fields(1, 5000)), 431, "too-many-fields"),
        (format!("GET /{}", long(100_000)), 414, "target-too-long"),
        (
            format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", long(100_000)),
            431,
            "field-too-long",
        ),
        (
            format!("GET / HTTP/1.1\r\nHost: a\r\n{}", fields(8_000, 12)),
            431,
            "head-too-long",
        ),
    ] {
        let mut client = proxy.connect().await;
        let _ = client.try_send(&request).await;
        let answer = answered(&mut client).await;
        let start: String = request.chars().take(30).collect();
        assert_eq!(answer.status(), status, "{start} of {}", request.len());
        if status == 200 {
            origin.received().await;
        } else {
            assert_eq!(
                super::reason(&answer),
                reason,
                "{start} of {}",
                request.len()
            );
        }
    }
    assert!(origin.is_idle());
}

#[tokio::test]
async fn point_17_a_repair_that_breaks_a_limit_is_refused_and_never_cut() {
    let rule = "[limits]\nfield = 2000\nhead = 3000\n[[policy.rule]]\nfields = [\"CompanyName\"]\n\
                normalize = [\"latin1\"]\n";
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, rule).await;
    let company = |octets: usize| {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\nCompanyName: ".to_vec();
        // Words, as a name has them: each grows by an octet.
        let value = b"T\xE9l ".repeat(octets / 4);
        [head, value.trim_ascii().to_vec(), b"\r\n\r\n".to_vec()].concat()
    };
    let answer = proxy.ask(company(1200)).await;
    assert_eq!(answer.status(), 200);
    let received = origin.received().await;
    assert_eq!(received.values("CompanyName")[0].len(), 1200 - 1 + 300);
    // Too long as a field: it is not repaired, and goes on as it was sent.
    let sent = company(1960);
    assert_eq!(proxy.ask(&sent).await.status(), 200);
    let received = origin.received().await;
    let value = received.values("CompanyName").remove(0);
    assert!(sent.windows(value.len()).any(|part| part == value));
    // Too long together with others: refused.
    let line = [
        b"CompanyName: ".as_slice(),
        b"T\xE9l ".repeat(350).trim_ascii(),
        b"\r\n",
    ]
    .concat();
    let head = [
        b"GET / HTTP/1.1\r\nHost: a\r\n".as_slice(),
        &line,
        &line,
        b"\r\n",
    ]
    .concat();
    assert!(head.len() < 3000);
    let answer = proxy.ask(head).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.value("headguard").starts_with("rejected;"));
    assert!(origin.is_idle());
}

#[tokio::test]
async fn point_17_requests_beyond_the_limit_get_503_and_retry_after() {
    let (release, released) = tokio::sync::watch::channel(false);
    let mut origin = Origin::scripted(move |mut connection| {
        let mut released = released.clone();
        async move {
            while connection.request().await.is_some() {
                if released.wait_for(|go| *go).await.is_ok() {
                    connection.send(OK).await;
                }
            }
        }
    })
    .await;
    let proxy = Guard::before(origin.address, "[limits]\nrequests = 2\n").await;
    let mut busy = [proxy.connect().await, proxy.connect().await];
    for client in &mut busy {
        client.send(get("")).await;
        origin.received().await;
    }
    let mut third = proxy.connect().await;
    let answer = third.ask(get("")).await;
    assert_answered(&answer, 503, "too-many-requests");
    assert_eq!(answer.value("retry-after"), "1");
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_answered(&third.ask(post).await, 503, "too-many-requests");
    release.send(true).expect("the origin listens");
    for client in &mut busy {
        assert_eq!(answered(client).await.status(), 200);
    }
    assert_eq!(third.ask(get("")).await.status(), 200);
    origin.received().await;
    assert!(origin.is_idle());
}

#[tokio::test]
async fn point_17_connections_beyond_the_limit_get_503_and_retry_after() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "[limits]\nconnections = 2\n").await;
    let mut one = proxy.connect().await;
    let mut two = proxy.connect().await;
    for client in [&mut one, &mut two] {
        assert_eq!(client.ask(get("")).await.status(), 200);
    }
    let mut third = proxy.connect().await;
    let answer = answered(&mut third).await;
    assert_eq!((answer.status(), &*answer.value("retry-after")), (503, "1"));
    assert!(third.is_closed().await);
    drop(one);
    let mut tries = 0;
    loop {
        let mut fourth = proxy.connect().await;
        let _ = fourth.try_send(get("")).await;
        if fourth
            .message()
            .await
            .is_some_and(|answer| answer.status() == 200)
        {
            break;
        }
        tries += 1;
        assert!(tries < 1000);
    }
    assert_eq!(two.ask(get("")).await.status(), 200);
}

#[tokio::test]
async fn point_18_a_reader_that_stops_stops_the_writer() {
    const TOO_MUCH: usize = 64 << 20;
    let (log, _capturing) = Log::json();
    let mut origin = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection
            .send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            .await;
        let block = vec![b'x'; 1 << 16];
        let mut sent = 0usize;
        // Until it has been unable to send for a while.
        let mut stuck = Instant::now();
        while stuck.elapsed() < Duration::from_millis(150) && sent < TOO_MUCH {
            match connection.peer.stream.try_write(&block) {
                Ok(octets) => {
                    sent += octets;
                    stuck = Instant::now();
                }
                Err(_) => yield_now().await,
            }
        }
        connection.tell(Message {
            body: sent.to_string().into_bytes(),
            ..Message::default()
        });
        connection.peer.rest().await;
    })
    .await;
    let proxy = Guard::before(origin.address, "[timeouts]\nbody = \"400ms\"\n").await;
    let mut client = proxy.connect().await;
    client.send(get("")).await;
    origin.received().await;
    let sent = String::from_utf8(origin.received().await.body).expect("a number");
    assert!(
        sent.parse::<usize>().expect("a number") < TOO_MUCH,
        "{sent}"
    );
    // In the end it is given up.
    assert_eq!(log.requests(1).await[0]["ended"], "client-gone");
}

#[tokio::test]
async fn point_16_a_client_that_never_reads_is_given_up() {
    // Answers of our own, too: pipelined refusals that nobody reads.
    let origin = Origin::answering(OK).await;
    let settings = "[timeouts]\nbody = \"300ms\"\nidle = \"300ms\"\nhead = \"300ms\"\n";
    let proxy = Guard::before(origin.address, settings).await;
    let client = proxy.connect().await;
    let many = "GET * HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000);
    let start = Instant::now();
    let mut stuck = Instant::now();
    loop {
        match client.stream.try_write(many.as_bytes()) {
            Ok(_) => stuck = Instant::now(),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                sleep(Duration::from_millis(5)).await;
            }
            Err(_) => break,
        }
        assert!(
            stuck.elapsed() < Duration::from_secs(5),
            "it is never given up"
        );
        assert!(
            start.elapsed() < Duration::from_secs(14),
            "it reads without end"
        );
    }
}

// Clients that misbehave.

#[tokio::test]
async fn point_15_clients_that_break_off_leave_nothing_behind() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for sent in [
        "",
        "G",
        "GET / HT",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\npart",
        chunked,
        &format!("{chunked}4\r\npart\r\n"),
        &format!("{chunked}4\r\npart\r\n0\r\n"),
        &format!("{chunked}4\r\npart\r\n0\r\nX: 1\r\n"),
    ] {
        for how in 0..3 {
            let mut client = proxy.connect().await;
            client.send(sent).await;
            match how {
                0 => drop(client),
                1 => {
                    client.stream.set_zero_linger().expect("set");
                    drop(client);
                }
                _ => {
                    tokio::io::AsyncWriteExt::shutdown(&mut client.stream)
                        .await
                        .expect("shut down");
                    let rest = client.rest().await;
                    assert!(!rest.starts_with(b"HTTP/1.1 2"), "{sent}");
                }
            }
        }
        assert_eq!(proxy.ask(get("")).await.status(), 200);
        assert_eq!(origin.received().await.line(), "GET / HTTP/1.1", "{sent}");
    }
    assert!(origin.is_idle(), "no part of a request was taken for one");
}

#[tokio::test]
async fn point_08_what_was_not_read_is_never_the_next_request() {
    let rule = "[policy]\npreset = \"strict\"\n";
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, rule).await;
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    // A refused request's body: small, in parts, chunked, and too large.
    for (framing, body, keeps) in [
        (
            format!("Content-Length: {}", smuggled.len()),
            smuggled.to_owned(),
            true,
        ),
        (
            "Transfer-Encoding: chunked".to_owned(),
            format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len()),
            true,
        ),
        (
            "Transfer-Encoding: chunked".to_owned(),
            format!("x\r\n{smuggled}"),
            false,
        ),
        (
            format!("Content-Length: {}", smuggled.len() * 10_000),
            smuggled.repeat(10_000),
            false,
        ),
    ] {
        let mut client: Peer = proxy.connect().await;
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n");
        client
            .send([head.as_bytes(), b"X: T\xE9l\r\n\r\n"].concat())
            .await;
        yield_now().await;
        let _ = client.try_send(&body).await;
        let refused = answered(&mut client).await;
        assert_eq!(
            (refused.status(), refused.has("connection")),
            (400, !keeps),
            "{framing}"
        );
        if keeps {
            assert_eq!(client.ask(get("")).await.status(), 200);
            assert_eq!(origin.received().await.line(), "GET / HTTP/1.1");
        } else {
            assert!(client.is_closed().await);
        }
    }
    assert!(origin.is_idle());
}
