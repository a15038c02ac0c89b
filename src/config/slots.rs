//! How the table of keys is written: a key, and the usual slots for its value.
//!
//! The macros name what is in scope where the table is.

/// One key. `at_start` says that it only counts at a start, `as` gives a shorter
/// path for its flag and variable. After the form comes the default, with what
/// else to show for an example; `unset` where there is no default.
macro_rules! key {
    (at_start $($rest:tt)*) => { Key { at_start: true, ..key!($($rest)*) } };
    ($path:literal, $($rest:tt)*) => { key!(@ $path, $path, $($rest)*) };
    ($path:literal as $short:literal, $($rest:tt)*) => { key!(@ $path, $short, $($rest)*) };
    (@ $path:literal, $name:literal, $form:expr, unset $example:literal, $($rest:tt)*) => {
        Key { default: None, ..key!(@ $path, $name, $form, $example, $($rest)*) }
    };
    (@ $path:literal, $name:literal, $form:expr, $default:literal or $example:literal, $($rest:tt)*) => {
        Key { example: $example, ..key!(@ $path, $name, $form, $default, $($rest)*) }
    };
    (@ $path:literal, $name:literal, $form:expr, $default:literal, $doc:literal, $more:literal, $slot:expr) => {
        Key {
            path: $path,
            flag: spelled!(flag_of, 2, $name),
            variable: spelled!(variable_of, PREFIX.len(), $name),
            form: $form,
            default: Some($default),
            example: $default,
            at_start: false,
            doc: $doc,
            more: $more,
            slot: $slot,
        }
    };
}

/// Spells a path by one of the two rules, with so many octets more.
macro_rules! spelled {
    ($rule:ident, $more:expr, $path:literal) => {{
        const OCTETS: [u8; $path.len() + $more] = $rule($path);
        match str::from_utf8(&OCTETS) {
            Ok(text) => text,
            // Paths are ASCII; one that is not would not compile.
            Err(_) => panic!(),
        }
    }};
}

macro_rules! boolean {
    ($($field:ident).+) => {
        Slot {
            set: |draft, given| {
                draft.config.$($field).+ = value::boolean(given)?;
                Ok(())
            },
            show: |config| Some(config.$($field).+.to_string()),
        }
    };
}

macro_rules! choice {
    ($field:ident, $of:ident) => {
        Slot {
            set: |draft, given| {
                draft.config.$field = value::choice(given, $of::ALL, $of::name)?;
                Ok(())
            },
            show: |config| Some(quoted(config.$field.name())),
        }
    };
}

macro_rules! duration {
    ($section:ident.$field:ident, $zero:expr) => {
        Slot {
            set: |draft, given| {
                draft.config.$section.$field = value::duration(given, $zero)?;
                Ok(())
            },
            show: |config| Some(quoted(&value::spell_duration(config.$section.$field))),
        }
    };
}

/// The path of a file, which there need not be.
macro_rules! file {
    ($section:ident.$field:ident) => {
        Slot {
            set: |draft, given| {
                draft.config.$section.$field = Some(value::text(given, value::file)?);
                Ok(())
            },
            show: |config| config.$section.$field.as_deref().map(path),
        }
    };
}

macro_rules! number {
    ($($field:ident).+, $range:expr) => {
        Slot {
            set: |draft, given| {
                draft.config.$($field).+ = value::number(given, $range)? as _;
                Ok(())
            },
            show: |config| Some(config.$($field).+.to_string()),
        }
    };
}

pub(super) use {boolean, choice, duration, file, key, number, spelled};
