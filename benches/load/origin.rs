//! An origin for measurements: answers every request alike, as fast as a
//! thread a connection can.
//!
//! `cargo run --release --example origin 127.0.0.1:3000`
//!
//! `GET /large` gives 100 MiB; what is sent to it is read and thrown away.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

const LARGE: usize = 100 << 20;

fn main() -> io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address)?;
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        thread::spawn(move || {
            // A client that goes away ends its connection, and nothing else.
            let _ = serve(&stream);
        });
    }
    Ok(())
}

fn serve(stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(64 << 10, stream);
    let mut writer = stream;
    loop {
        let Some(head) = head(&mut reader)? else {
            return Ok(());
        };
        io::copy(&mut (&mut reader).take(head.length), &mut io::sink())?;
        if !head.large {
            writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
            continue;
        }
        write!(writer, "HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n")?;
        let block = vec![b'x'; 1 << 20];
        for _ in 0..LARGE / block.len() {
            writer.write_all(&block)?;
        }
    }
}

struct Head {
    large: bool,
    length: u64,
}

/// Reads a head; none at the end.
fn head(reader: &mut impl BufRead) -> io::Result<Option<Head>> {
    let mut head = Head {
        large: false,
        length: 0,
    };
    let mut line = Vec::new();
    for number in 0.. {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let text = line.trim_ascii_end().to_ascii_lowercase();
        if text.is_empty() {
            break;
        }
        if number == 0 {
            head.large = text.starts_with(b"get /large");
        } else if let Some(length) = text.strip_prefix(b"content-length:") {
            let length = std::str::from_utf8(length.trim_ascii_start());
            head.length = length.ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        }
    }
    Ok(Some(head))
}
