//! From the file's tree to the draft: sections, keys, and what is neither.

use super::document::{Spanned, Table, Value};
use super::draft::Draft;
use super::key::{Key, Setting};
use super::keys::KEYS;
use super::nearest::nearest;
use super::report::{At, Complaint, Report};
use super::rule_keys::RULE_KEYS;
use super::rules;
use super::value::{Given, mismatch, shown};

/// The paths of the rules, the only keys that are not in [`KEYS`].
const RULES: &[&str] = &["policy.rule", "policy.response.rule"];

/// Reads a section, `""` being the top of the file.
pub(super) fn section(path: &str, table: &Table, draft: &mut Draft, report: &mut Report<'_>) {
    for (name, written) in table {
        let full = join(path, &name.value);
        // `"limits.head" = 1` is not `limits.head = 1`.
        let known = !name.value.contains('.');
        if let Some(key) = Key::find(&full).filter(|_| known) {
            set(key, written, draft, report);
        } else if known && RULES.contains(&full.as_str()) {
            let rules = match path {
                "policy" => &mut draft.requests,
                _ => &mut draft.responses,
            };
            rules::read(&full, written, rules, report);
        } else if known && is_section(&full) {
            match &written.value {
                Value::Table(table) => section(&full, table, draft, report),
                other => report.add(
                    At::File(written.span.clone()),
                    format!("{full}: {}", mismatch("a section", other).message),
                    Some(format!(
                        "write [{full}] on a line of its own, its keys below"
                    )),
                ),
            }
        } else {
            report.add(
                At::File(name.span.clone()),
                format!("unknown key {}", shown(&full)),
                report.has_room().then(|| suggestion(path, &name.value)),
            );
        }
    }
}

fn set(key: &'static Key, written: &Spanned<Value>, draft: &mut Draft, report: &mut Report<'_>) {
    let at = At::File(written.span.clone());
    let done = (key.slot.set)(draft, Given::File(written));
    draft.note(key, at.clone(), done.is_ok());
    for complaint in done.err().unwrap_or_default() {
        let at = complaint.span.clone().map_or_else(|| at.clone(), At::File);
        let help = complaint
            .help
            .unwrap_or_else(|| write_such_as(key, key.example));
        report.add(
            at,
            format!("{}: {}", key.path, complaint.message),
            Some(help),
        );
    }
}

/// Reads a flag or a variable.
pub(super) fn setting(setting: &Setting, draft: &mut Draft, report: &mut Report<'_>) {
    let (key, at) = (setting.key, At::Setting(setting.name()));
    let done = (key.slot.set)(draft, Given::Setting(&setting.value));
    draft.note(key, at.clone(), done.is_ok());
    for Complaint { message, help, .. } in done.err().unwrap_or_default() {
        let help = help.unwrap_or_else(|| write_such_as(key, &key.bare_example()));
        report.add(at.clone(), message, Some(help));
    }
}

fn write_such_as(key: &Key, example: &str) -> String {
    format!("write {}, for example {example}", key.form.noun())
}

fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| {
        let below = key.path.strip_prefix(path);
        !path.is_empty() && below.is_some_and(|below| below.starts_with('.'))
    })
}

/// What an unknown `name` in the section `path` may have been meant to be.
fn suggestion(path: &str, name: &str) -> String {
    let homes: Vec<&str> = KEYS
        .iter()
        .map(Key::place)
        .filter(|&(_, known)| known == name)
        .map(|(home, _)| home)
        .collect();
    if homes.contains(&"") {
        return format!("{name} stands at the top of the file, before the first [section]");
    }
    if !homes.is_empty() {
        return format!("{name} stands under [{}]", homes.join("] or ["));
    }
    if RULE_KEYS.iter().any(|key| key.name == name) {
        return format!("{name} stands under [[policy.rule]]");
    }
    if Key::find(name).is_some() {
        return format!("write {name} without the quotes");
    }
    let here = names(path);
    let paths = KEYS.iter().map(|key| key.path);
    // Also a flag's spelling, such as `limits-head`.
    match nearest(name, here.iter().copied()).or_else(|| nearest(name, paths)) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("the keys here are {}", here.join(", ")),
    }
}

/// Everything that can stand in a section.
fn names(path: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    let paths = KEYS.iter().map(|key| key.path);
    for full in paths.chain(RULES.iter().copied()) {
        let below = match path {
            "" => Some(full),
            _ => full
                .strip_prefix(path)
                .and_then(|rest| rest.strip_prefix('.')),
        };
        let Some(below) = below else { continue };
        let name = below.split_once('.').map_or(below, |(name, _)| name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions() {
        for (path, name, remedy) in [
            ("", "lisen", "did you mean listen?"),
            ("", "limit", "did you mean limits?"),
            ("", "limits-head", "did you mean limits.head?"),
            ("", "field", "field stands under [limits]"),
            ("", "head", "head stands under [limits] or [timeouts]"),
            (
                "",
                "preset",
                "preset stands under [policy] or [policy.response]",
            ),
            ("", "admn", "did you mean admin?"),
            (
                "",
                "certificate",
                "certificate stands under [tls] or [upstream_tls]",
            ),
            ("policy", "respons", "did you mean response?"),
            ("policy.response", "rules", "did you mean rule?"),
            (
                "limits",
                "log",
                "log stands at the top of the file, before the first [section]",
            ),
            (
                "policy",
                "normalize",
                "normalize stands under [[policy.rule]]",
            ),
            ("policy", "rules", "did you mean rule?"),
            ("policy", "zzz", "the keys here are preset, response, rule"),
            ("limits", "hed", "did you mean head?"),
        ] {
            assert_eq!(suggestion(path, name), remedy, "{path} {name}");
        }
    }
}
