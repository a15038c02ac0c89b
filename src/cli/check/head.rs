//! Captured lines, put together: which fields are of one request.

use super::super::input::{Field, UNNAMED};
use super::super::policy::Known;
use headguard::explain::is_field_name;

/// Lines on their way to being judged: the head of one request, or one line
/// after another where there was no request line.
#[derive(Default)]
pub(super) struct Head {
    /// The request, once its first line was seen.
    pub(super) known: Option<Known>,
    in_body: bool,
    /// The name of the last field, which a folded line goes on with.
    previous: Option<String>,
    pub(super) fields: Vec<(usize, Field)>,
}

impl Head {
    /// Takes a line; gives the head that it ends, if it ends one.
    pub(super) fn take(&mut self, line: &[u8], number: usize, unnamed: &str) -> Option<Head> {
        if let Some(known) = start_line(line) {
            return Some(std::mem::replace(
                self,
                Head {
                    known: Some(known),
                    ..Head::default()
                },
            ));
        }
        if line.is_empty() {
            let after = Head {
                in_body: self.known.is_some(),
                known: self.known.clone(),
                ..Head::default()
            };
            return Some(std::mem::replace(self, after));
        }
        if self.in_body {
            return None;
        }
        let mut field = Field::from_octets(line, None);
        match (line, &self.previous) {
            // RFC 9112 §5.2; not HTTP any more, but captured.
            ([b' ' | b'\t', ..], Some(previous)) => {
                field = Field {
                    name: previous.clone(),
                    value: line.trim_ascii().to_vec(),
                };
            }
            _ if field.name == UNNAMED => unnamed.clone_into(&mut field.name),
            _ => {}
        }
        self.previous = Some(field.name.clone());
        if let Some(known) = &mut self.known
            && field.name.eq_ignore_ascii_case("accept-language")
        {
            known.accept_language = Some(field.value.clone());
        }
        if let Some(known) = &mut self.known
            && field.name.eq_ignore_ascii_case("host")
        {
            let host = std::str::from_utf8(&field.value).unwrap_or_default();
            let port = host
                .rsplit_once(':')
                .filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
            known.host = Some(port.map_or(host, |(name, _)| name).to_owned());
        }
        self.fields.push((number, field));
        // Without a request around it a line has nothing to wait for.
        let alone = self.known.is_none();
        alone.then(|| Head {
            fields: std::mem::take(&mut self.fields),
            ..Head::default()
        })
    }
}

/// The request that a line starts: `GET /path HTTP/1.1`. A response's first
/// line starts a head of which no request is known.
fn start_line(line: &[u8]) -> Option<Known> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split(' ');
    let (first, second, third) = (words.next()?, words.next()?, words.next());
    if first.starts_with("HTTP/1.")
        && second.len() == 3
        && second.bytes().all(|digit| digit.is_ascii_digit())
    {
        return Some(Known::default());
    }
    third.filter(|version| matches!(*version, "HTTP/1.1" | "HTTP/1.0"))?;
    let is_request = is_field_name(first.as_bytes()) && words.next().is_none();
    let target = second.split_once("://").map_or(second, |(_, rest)| {
        rest.split_at(rest.find('/').unwrap_or(rest.len())).1
    });
    let path = target.split('?').next().unwrap_or_default();
    is_request.then(|| Known {
        method: Some(first.to_owned()),
        path: Some(path.to_owned()),
        ..Known::default()
    })
}
