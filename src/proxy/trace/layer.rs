//! Events as lines: JSON for machines, text for a terminal.
//!
//! Whatever the fields hold, a line of JSON is one line of valid JSON, and no
//! line can make a terminal do anything.

use super::rate::{Admission, Rate};
use super::{PROXY, text};
use crate::explain::json::Object;
use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::{Context, Layer};

/// A `tracing` layer that writes events as lines.
#[derive(Debug)]
pub struct EventLayer<W> {
    form: Form,
    writer: W,
    rate: Option<Arc<Rate>>,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Json,
    Text(text::Style),
}

impl<W> EventLayer<W> {
    /// One JSON object a line.
    #[must_use]
    pub const fn json(writer: W) -> Self {
        Self::of(Form::Json, writer)
    }

    /// A line a request and a line a finding, for a person.
    #[must_use]
    pub const fn text(writer: W) -> Self {
        Self::of(Form::Text(text::Style::Plain), writer)
    }

    const fn of(form: Form, writer: W) -> Self {
        let rate = None;
        Self { form, writer, rate }
    }

    /// The same; text in colour.
    #[must_use]
    pub fn with_color(self) -> Self {
        let form = match self.form {
            Form::Json => Form::Json,
            Form::Text(_) => Form::Text(text::Style::Color),
        };
        Self { form, ..self }
    }

    /// The same; of what traffic causes, so many events a second at most, where
    /// 0 is no bound. How many were not written is said before the next that is.
    ///
    /// What the proxy says of itself is always written.
    #[must_use]
    pub fn with_rate(self, most: u32) -> Self {
        self.bounded_by(Arc::new(Rate::new(most, Instant::now())))
    }

    pub(super) fn bounded_by(self, rate: Arc<Rate>) -> Self {
        let rate = Some(rate);
        Self { rate, ..self }
    }

    /// Whether the event of this target is written, and how many were not.
    fn admit(&self, target: &str) -> Admission {
        match &self.rate {
            Some(rate) if target != PROXY => rate.admit(Instant::now),
            _ => Admission::Written { unwritten: 0 },
        }
    }

    fn lines(&self, level: Level, target: &str, fields: &Fields) -> String {
        match self.form {
            Form::Json => json(level, target, fields),
            Form::Text(style) => text::lines(level, target, fields, &now(), style),
        }
    }

    /// The line that says how many were not written.
    fn unwritten(&self, unwritten: u64) -> String {
        let most = self.rate.as_ref().map_or(0, |rate| rate.most());
        let fields = Fields(vec![
            ("message", Value::Text(UNWRITTEN.to_owned())),
            ("unwritten", Value::Plain(unwritten.to_string())),
            ("log_rate", Value::Plain(most.to_string())),
        ]);
        self.lines(Level::WARN, PROXY, &fields)
    }
}

/// What is said where events were above the rate.
pub(super) const UNWRITTEN: &str = "more events came than are written";

impl<S, W> Layer<S> for EventLayer<W>
where
    S: Subscriber,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        // Asked before anything is made of the event: a flood costs little.
        let Admission::Written { unwritten } = self.admit(metadata.target()) else {
            return;
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut writer = self.writer.make_writer();
        // There is nowhere to tell that telling failed.
        if unwritten > 0 {
            let _ = writer.write_all(self.unwritten(unwritten).as_bytes());
        }
        let lines = self.lines(*metadata.level(), metadata.target(), &fields);
        let _ = writer.write_all(lines.as_bytes());
    }
}

fn json(level: Level, target: &str, fields: &Fields) -> String {
    let mut object = Object::new()
        .string("timestamp", &now())
        .string("level", &level.as_str().to_ascii_lowercase())
        .string("target", target);
    for (name, value) in &fields.0 {
        object = match value {
            Value::Plain(json) => object.raw(name, json),
            Value::Text(text) if EMBEDDED.contains(name) && is_json_line(text) => {
                object.raw(name, text)
            }
            Value::Text(text) => object.string(name, text),
        };
    }
    object.finish() + "\n"
}

/// The fields that are JSON already.
const EMBEDDED: [&str; 2] = ["refused", "values"];

/// Whether `text` can stand in a line of JSON as it is.
fn is_json_line(text: &str) -> bool {
    !text.contains(char::is_control) && serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// RFC 3339, in UTC.
fn now() -> String {
    let mut now = String::new();
    // Writing to a String cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut now));
    now
}

/// The fields of one event, in their order.
#[derive(Default)]
pub(super) struct Fields(pub(super) Vec<(&'static str, Value)>);

pub(super) enum Value {
    /// A number or a truth value, as in JSON.
    Plain(String),
    Text(String),
}

impl Fields {
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| *known == name)?;
        match value {
            Value::Plain(text) | Value::Text(text) => Some(text),
        }
    }

    fn plain(&mut self, field: &Field, value: impl ToString) {
        self.0.push((field.name(), Value::Plain(value.to_string())));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), Value::Text(value.to_owned())));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .push((field.name(), Value::Text(format!("{value:?}"))));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.plain(field, value);
        } else {
            // JSON has no number for it.
            self.record_debug(field, &value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CONNECTION, REQUEST};
    use super::*;
    use std::io;
    use std::sync::Mutex;
    use std::time::Duration;
    use tracing::{info, subscriber};
    use tracing_subscriber::layer::SubscriberExt as _;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("whole").write(octets)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that are written while `tell` runs, without their time.
    fn told(
        layer: impl Fn(Box<dyn Fn() -> Sink + Send + Sync>) -> Written,
        tell: impl FnOnce(),
    ) -> Vec<String> {
        let sink = Sink::default();
        let written = sink.clone();
        let layer = layer(Box::new(move || sink.clone()));
        let subscriber = tracing_subscriber::registry().with(layer);
        subscriber::with_default(subscriber, tell);
        let octets = written.0.lock().expect("whole").clone();
        let text = String::from_utf8(octets).expect("text");
        let timeless = |line: &str| match line.split_once(r#","level""#) {
            Some((_, rest)) => format!(r#"{{"level"{rest}"#),
            None => line.split_once(' ').expect("a time").1.to_owned(),
        };
        text.lines().map(timeless).collect()
    }

    type Written = EventLayer<Box<dyn Fn() -> Sink + Send + Sync>>;

    /// A second that does not end.
    fn long_second(most: u32) -> Arc<Rate> {
        Arc::new(Rate::new(most, Instant::now() + Duration::from_secs(3600)))
    }

    /// It is not to be looked at.
    struct Unseen;

    impl fmt::Debug for Unseen {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("formatted")
        }
    }

    #[test]
    fn what_is_above_the_rate_is_not_even_formatted() {
        let lines = told(
            |writer| EventLayer::json(writer).bounded_by(long_second(2)),
            || {
                info!(target: REQUEST, status = 1);
                info!(target: CONNECTION, "two");
                info!(target: REQUEST, status = 3, value = ?Unseen);
                info!(target: CONNECTION, "four {:?}", Unseen);
                info!(target: "elsewhere", "five {:?}", Unseen);
                info!(target: PROXY, "stopping");
            },
        );
        assert_eq!(
            lines,
            [
                r#"{"level":"info","target":"headguard::request","status":1}"#,
                r#"{"level":"info","target":"headguard::connection","message":"two"}"#,
                r#"{"level":"info","target":"headguard::proxy","message":"stopping"}"#,
            ]
        );
    }

    #[test]
    fn the_next_line_says_how_many_were_not_written() {
        let flooded = || {
            let start = Instant::now();
            let start = start.checked_sub(Duration::from_secs(60)).expect("a time");
            let rate = Rate::new(3, start);
            for _ in 0..10 {
                rate.admit(|| start);
            }
            Arc::new(rate)
        };
        let tell = || {
            info!(target: PROXY, "listening");
            info!(target: CONNECTION, "one");
            info!(target: CONNECTION, "two");
        };
        assert_eq!(
            told(
                |writer| EventLayer::json(writer).bounded_by(flooded()),
                tell
            ),
            [
                r#"{"level":"info","target":"headguard::proxy","message":"listening"}"#,
                r#"{"level":"warn","target":"headguard::proxy","message":"more events came than are written","unwritten":7,"log_rate":3}"#,
                r#"{"level":"info","target":"headguard::connection","message":"one"}"#,
                r#"{"level":"info","target":"headguard::connection","message":"two"}"#,
            ]
        );
        assert_eq!(
            told(
                |writer| EventLayer::text(writer).bounded_by(flooded()),
                tell
            ),
            [
                "INFO listening",
                "WARN more events came than are written unwritten=7 log_rate=3",
                "INFO one",
                "INFO two",
            ]
        );
    }

    #[test]
    fn without_a_rate_everything_is_written() {
        let tell = || (0..1000).for_each(|count| info!(target: REQUEST, count));
        let unbounded = told(EventLayer::json, tell);
        let zero = told(|writer| EventLayer::json(writer).with_rate(0), tell);
        assert_eq!([unbounded.len(), zero.len()], [1000, 1000]);
    }
}
