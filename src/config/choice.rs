//! Settings that are one of a few words.

use std::fmt;

/// Writes an enum of words with what the configuration needs of it.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            /// Every choice.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// Their names, as in the configuration.
            pub(super) const NAMES: &'static [&'static str] = &[$($word,)*];

            /// The lower-case name, as in the configuration.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

choice! {
    /// How events are written to standard error.
    LogFormat {
        /// Text on a terminal, JSON elsewhere.
        #[default]
        Auto "auto",
        /// A line for a person.
        Text "text",
        /// A JSON object a line.
        Json "json",
        /// Not at all.
        Off "off",
    }
}

choice! {
    /// How much a refusal tells the client.
    DetailLevel {
        /// Field, offset, octets, what they look like and what to send instead.
        #[default]
        Full "full",
        /// The kinds of finding and the names of the fields.
        Brief "brief",
        /// The request's id only.
        Id "id",
    }
}
