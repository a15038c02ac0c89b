//! Events as lines: JSON for machines, text for a terminal.
//!
//! Whatever the fields hold, a line of JSON is one line of valid JSON, and no
//! line can make a terminal do anything.

use super::text;
use crate::explain::json::Object;
use std::fmt;
use std::io::Write as _;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::{Context, Layer};

/// A `tracing` layer that writes events as lines.
#[derive(Debug)]
pub struct EventLayer<W> {
    form: Form,
    writer: W,
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
        let form = Form::Json;
        Self { form, writer }
    }

    /// A line a request and a line a finding, for a person.
    #[must_use]
    pub const fn text(writer: W) -> Self {
        let form = Form::Text(text::Style::Plain);
        Self { form, writer }
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
}

impl<S, W> Layer<S> for EventLayer<W>
where
    S: Subscriber,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let lines = match self.form {
            Form::Json => json(event, &fields),
            Form::Text(style) => text::lines(event.metadata(), &fields, &now(), style),
        };
        // There is nowhere to tell that telling failed.
        let _ = self.writer.make_writer().write_all(lines.as_bytes());
    }
}

fn json(event: &Event<'_>, fields: &Fields) -> String {
    let metadata = event.metadata();
    let mut object = Object::new()
        .string("timestamp", &now())
        .string("level", &metadata.level().as_str().to_ascii_lowercase())
        .string("target", metadata.target());
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
