//! Reading a configuration never panics, and what it prints reads back as the
//! same configuration.

#![no_main]

use headguard::config::{Source, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match read(
        Some(Source {
            name: "headguard.toml",
            text,
        }),
        &[],
    ) {
        Ok(config) => {
            let printed = config.print();
            let source = Source {
                name: "printed.toml",
                text: &printed,
            };
            let again = read(Some(source), &[]).expect("what is printed reads back");
            assert_eq!(again.print(), printed);
        }
        Err(mistakes) => assert!(!mistakes.to_string().is_empty()),
    }
});
