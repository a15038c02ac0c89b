//! Enums whose variants have a name: the same word in configuration, logs,
//! JSON and messages, and a way back from the word to the variant.

use std::fmt;

/// The error of parsing a name that nothing of its sort has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// The sort, as a noun phrase: `action`, `finding kind`.
    pub(crate) sort: &'static str,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {}", self.sort)
    }
}

impl std::error::Error for UnknownName {}

/// Gives an enum its names: `ALL`, `name()`, `Display` and `FromStr`.
///
/// The list names every variant in the order of declaration; both are checked
/// when this is compiled.
macro_rules! named {
    ($type:ident, $sort:literal, { $($variant:ident $name:literal,)* }) => {
        impl $type {
            /// Every one, in order of declaration.
            pub const ALL: &'static [$type] = &[$($type::$variant,)*];

            /// Their names, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The name, as in the configuration.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($type::$variant => $name,)* }
            }
        }

        const _: () = {
            let mut at = 0;
            while at < $type::ALL.len() {
                #[expect(clippy::indexing_slicing, reason = "in bounds, or this does not compile")]
                let here = $type::ALL[at];
                assert!(here as usize == at, "not in order of declaration");
                at += 1;
            }
        };

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::named::UnknownName;

            fn from_str(name: &str) -> Result<Self, $crate::named::UnknownName> {
                let known = Self::ALL.iter().copied().find(|one| one.name() == name);
                known.ok_or($crate::named::UnknownName { sort: $sort })
            }
        }
    };
}

pub(crate) use named;
