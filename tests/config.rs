//! The configuration as who writes one meets it: what is read, what goes
//! before what, and what is said about mistakes.

#![cfg(feature = "proxy")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

use headguard::config::{Config, Key, LogFormat, Mistakes, Origin, Setting, Source};
use headguard::config::{Form, HostHeader, KEYS, Listen, Scheme, read};
use headguard::explain::DetailLevel;
use headguard::policy::{Action, Preset};
use headguard::{FindingKind, Outcome};
use insta::assert_snapshot;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

fn from_file(text: &str) -> Result<Config, Mistakes> {
    let name = "headguard.toml";
    read(Some(Source { name, text }), &[])
}

/// What is said about `text`, which must be wrong.
fn mistakes(text: &str) -> String {
    match from_file(text) {
        Ok(config) => panic!("accepted: {config:?}"),
        Err(mistakes) => mistakes.to_string(),
    }
}

fn setting(origin: Origin, path: &str, value: &str) -> Setting {
    Setting {
        key: Key::find(path).unwrap_or_else(|| panic!("no key {path}")),
        value: value.to_owned(),
        origin,
    }
}

const FULL: &str = r#"
listen = ["127.0.0.1:8080", "[::1]:8080", "unix:/run/headguard.sock"]
proxy_protocol = true
upstream = "h2://api.internal"
host_header = "api.example.com:8443"
workers = 4
dry_run = true
log = "json"
log_clean = 100
log_values = true
log_rate = 0
detail_level = "brief"

[tls]
listen = "0.0.0.0:8443"
certificate = "/etc/headguard/é \\ \".crt"
key = "tls.key"

[upstream_tls]
ca = "ca.crt"
certificate = "client.crt"
key = "client.key"
server_name = "api.example.com"

[forwarded]
x_forwarded = false
forwarded = true
via = false
trust = ["10.0.0.0/8", "192.0.2.1", "fd00::/8"]

[admin]
listen = "127.0.0.1:9180"

[limits]
head = 32_768
field = 0x1000
fields = 50
target = 4096
connections = 1000
requests = 100
body_rate = 0

[timeouts]
head = "5s"
body = "1m"
idle = "2m"
connect = "250ms"
response = "1h"
tunnel = "24h"
pool_idle = "3s"
resolve = "5s"
drain = "0s"
drain_delay = "5s"

[policy]
preset = "strict"

[[policy.rule]]
name = "company \"names\" \\ are UTF-8 é"
fields = ["CompanyName", "X-Company-*"]
routes = ["/api/*"]
methods = ["POST", "PUT"]
hosts = ["*.example.com"]
allow = ["percent-encoded"]
log = ["not-nfc"]
normalize = ["latin1", "char-ref", "double-encoded"]
reject = ["invalid-utf8", "control", "latin1"]
charsets = ["windows-1252", "latin1"]
decode_markup = true
max_octets = 200
forward_as = "utf-8"

[[policy.rule]]
fields = ["*"]
charsets = []
reject = ["control"]

[policy.response]
preset = "repair"

[[policy.response.rule]]
name = "titles"
fields = ["X-Title"]
routes = ["/api/*"]
methods = ["GET"]
normalize = ["latin1"]
"#;

#[test]
fn an_empty_file_is_the_default() {
    for text in ["", "\u{feff}", "\n# nothing\n", "[limits]\n[policy]\n"] {
        let config = from_file(text).unwrap();
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
    }
    let config = read(None, &[]).unwrap();
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
}

#[test]
fn every_key_arrives() {
    let config = from_file(FULL).unwrap();
    let listen: Vec<_> = config.listen.iter().map(ToString::to_string).collect();
    assert_eq!(
        listen,
        ["127.0.0.1:8080", "[::1]:8080", "unix:/run/headguard.sock"]
    );
    assert!(config.proxy_protocol);
    let upstream = &config.upstream;
    assert_eq!(
        (upstream.scheme(), upstream.host(), upstream.port()),
        (Scheme::H2, "api.internal", 443)
    );
    assert_eq!(upstream.authority(), "api.internal");
    assert_eq!(
        config.host_header,
        HostHeader::Value("api.example.com:8443".to_owned())
    );
    let tls = config.tls.as_ref().unwrap();
    assert_eq!(
        tls.listen,
        ["0.0.0.0:8443".parse().map(Listen::Tcp).unwrap()]
    );
    assert_eq!(tls.certificate, Path::new("/etc/headguard/é \\ \".crt"));
    assert_eq!(tls.key, Path::new("tls.key"));
    let shown = &config.upstream_tls;
    assert_eq!(shown.ca.as_deref(), Some(Path::new("ca.crt")));
    assert_eq!(shown.certificate.as_deref(), Some(Path::new("client.crt")));
    assert_eq!(shown.key.as_deref(), Some(Path::new("client.key")));
    assert_eq!(shown.server_name.as_deref(), Some("api.example.com"));
    let told = &config.forwarded;
    assert_eq!(
        [told.x_forwarded, told.forwarded, told.via],
        [false, true, false]
    );
    let trust: Vec<_> = told.trust.iter().map(ToString::to_string).collect();
    assert_eq!(trust, ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"]);
    assert!(told.trust[0].contains("::ffff:10.1.2.3".parse().unwrap()));
    let admin = config.admin.as_ref().map(ToString::to_string);
    assert_eq!(admin.as_deref(), Some("127.0.0.1:9180"));
    assert_eq!((config.workers, config.dry_run), (4, true));
    assert_eq!(
        (config.log, config.log_clean, config.log_values),
        (LogFormat::Json, 100, true)
    );
    assert_eq!(config.log_rate, 0);
    assert_eq!(config.detail_level, DetailLevel::Brief);
    let limits = &config.limits;
    assert_eq!(
        [limits.head, limits.field, limits.fields, limits.target],
        [32768, 4096, 50, 4096]
    );
    assert_eq!(
        [limits.connections, limits.requests, limits.body_rate],
        [1000, 100, 0]
    );
    let times = &config.timeouts;
    assert_eq!(
        [
            times.head,
            times.body,
            times.idle,
            times.connect,
            times.response,
            times.tunnel,
            times.pool_idle,
            times.resolve,
            times.drain,
            times.drain_delay
        ],
        [
            5_000, 60_000, 120_000, 250, 3_600_000, 86_400_000, 3_000, 5_000, 0, 5_000
        ]
        .map(Duration::from_millis)
    );
    assert_eq!(config.policy.preset(), Preset::Strict);
    let [named, numbered] = config.policy.rules() else {
        panic!()
    };
    assert_eq!(named.name(), Some("company \"names\" \\ are UTF-8 é"));
    assert_eq!(named.fields(), ["CompanyName", "X-Company-*"]);
    assert_eq!(named.scope().routes, ["/api/*"]);
    assert_eq!(named.scope().methods, ["POST", "PUT"]);
    assert_eq!(named.scope().hosts, ["*.example.com"]);
    let kinds = |action| {
        named
            .kinds(action)
            .map(FindingKind::name)
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(Action::Allow), ["percent-encoded"]);
    assert_eq!(kinds(Action::Log), ["not-nfc"]);
    assert_eq!(
        kinds(Action::Normalize),
        ["latin1", "char-ref", "double-encoded"]
    );
    assert_eq!(kinds(Action::Reject), ["invalid-utf8", "control", "latin1"]);
    assert_eq!(named.charsets().len(), 2);
    assert!(named.decodes_markup());
    assert_eq!(named.octet_limit(), Some(200));
    assert_eq!(numbered.name(), None);
    assert!(numbered.charsets().is_empty() && numbered.scope().is_any());
    let responses = config.response_policy.unwrap();
    assert_eq!(responses.preset(), Preset::Repair);
    let [titles] = responses.rules() else {
        panic!()
    };
    assert_eq!(titles.name(), Some("titles"));
    assert_eq!(titles.scope().methods, ["GET"]);
}

#[test]
fn a_rule_of_the_file_decides() {
    let config = from_file(
        "[[policy.rule]]\nfields = [\"CompanyName\"]\nnormalize = [\"latin1\"]\nmax_octets = 20\n",
    )
    .unwrap();
    match config
        .policy
        .decide("CompanyName", b"T\xE9l\xE9bec LP")
        .into_outcome()
    {
        Outcome::Rewrite(value) => assert_eq!(value.as_str(), "Télébec LP"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn flags_go_before_variables_before_the_file() {
    let file = Source {
        name: "x",
        text: "workers = 1\nlog_clean = 1\ndry_run = false\n[limits]\nfields = 1\n",
    };
    let config = read(
        Some(file),
        &[
            setting(Origin::Flag, "workers", "3"),
            setting(Origin::Variable, "workers", "2"),
            setting(Origin::Variable, "log_clean", "2"),
            setting(Origin::Flag, "dry_run", "true"),
            setting(Origin::Flag, "listen", "127.0.0.1:1, [::1]:2"),
            setting(Origin::Flag, "timeouts.head", "250ms"),
            setting(Origin::Flag, "policy.preset", "repair"),
            setting(Origin::Flag, "limits.field", "100"),
            setting(Origin::Flag, "detail_level", "id"),
            setting(Origin::Flag, "detail_level", "brief"),
        ],
    )
    .unwrap();
    assert_eq!((config.workers, config.log_clean), (3, 2));
    assert_eq!((config.limits.fields, config.dry_run), (1, true));
    assert_eq!(config.listen.len(), 2);
    assert_eq!(config.timeouts.head, Duration::from_millis(250));
    assert_eq!(config.policy.preset(), Preset::Repair);
    assert_eq!(config.detail_level, DetailLevel::Brief);
}

#[test]
fn one_name_in_three_spellings() {
    for key in KEYS {
        let short = key.path().strip_prefix("policy.").unwrap_or(key.path());
        let flag = format!("--{}", short.replace(['.', '_'], "-"));
        let variable = format!("HEADGUARD_{}", short.replace('.', "_").to_uppercase());
        assert_eq!((key.flag(), key.variable()), (&*flag, &*variable));
        assert_eq!(Some(key.long()), flag.strip_prefix("--"));
        assert!(!key.doc().is_empty() && key.doc().len() < 90, "{key:?}");
        let more = key.more().lines();
        assert!(more.map(str::len).all(|octets| octets < 90), "{key:?}");
    }
}

#[test]
fn every_default_is_what_the_table_says() {
    let printed = Config::default().print();
    for key in KEYS {
        let (_, name) = key.path().rsplit_once('.').unwrap_or(("", key.path()));
        let (Some(default), Some(bare)) = (key.default(), key.bare_default()) else {
            assert!(printed.contains(&format!("\n# {name} = \"")), "{key:?}");
            continue;
        };
        let line = format!("\n{name} = {default}\n");
        assert!(printed.contains(&line), "{line}");
        let bare = setting(Origin::Flag, key.path(), &bare);
        let config = read(None, &[bare]).unwrap();
        assert_eq!(config.print(), printed, "{key:?}");
        if let Form::Choice(choices) = key.form() {
            for choice in choices {
                read(None, &[setting(Origin::Flag, key.path(), choice)]).unwrap();
            }
        }
    }
}

#[test]
fn print_of_the_default() {
    assert_snapshot!(Config::default().print());
}

#[test]
fn print_of_everything() {
    assert_snapshot!(from_file(FULL).unwrap().print());
}

#[test]
fn the_example_of_the_printed_default_is_a_rule() {
    let printed = Config::default().print();
    let (head, example) = printed.split_once("# For example:\n").unwrap();
    let uncommented: String = example
        .lines()
        .map(|line| line.trim_start_matches('#').trim_start_matches(' '))
        .fold(String::new(), |mut text, line| {
            let is_key = line.starts_with('[') || line.contains(" = ");
            let _ = writeln!(text, "{}{line}", if is_key { "" } else { "# " });
            text
        });
    let config = from_file(&format!("{head}{uncommented}")).unwrap();
    assert_eq!(config.policy.rules().len(), 1);
}

#[test]
fn many_mistakes_at_once() {
    assert_snapshot!(mistakes(
        r#"lisen = "127.0.0.1:8080"
listen = ["example.com:80", 8080, "8081"]
upstream = "https://api.example.com"
log = "jsno"
detail_level = "all"

[limits]
head = 100
fields = 0
target = -1
field = 99999999999999999999999999999999999999999999
haed = 1

[timeouts]
head = 10
body = "soon"
idle = "0s"
connect = "1.5s"
drain = "48h"

[policy]
preset = "strickt"

[[policy.rule]]
name = ""
fields = ["CompanyName", "Company Name", "Host", "X-*"]
routes = ["api", "/a?b"]
methods = ["post"]
hosts = ["example.com:80"]
normalize = ["latin-1", "control", "char-ref"]
log = ["char-ref"]
charsets = ["ebcdic"]
max_octets = 0
forward_as = "percent"
reject_all = true

[[policy.rule]]
name = "nothing"
"#
    ));
}

#[test]
fn wrong_types() {
    assert_snapshot!(mistakes(
        r#"listen = 8080
upstream = ["http://127.0.0.1:3000"]
workers = "4"
dry_run = "true"
log = true
log_clean = 1.5
log_values = 1
limits = 3

[timeouts]
head = 2026-11-20
idle = { s = 1 }

[policy]
rule = ["CompanyName"]
"#
    ));
    assert_snapshot!(mistakes(
        r#"[policy.rule]
fields = "CompanyName"
normalize = ["latin1", 3]
decode_markup = "yes"
"#
    ));
}

#[test]
fn what_is_not_toml() {
    assert_snapshot!(mistakes(
        "listen = 127.0.0.1:8080
log = json
dry_run
workers =
workers = 1
workers = 2
[limits
head = 1
[timeouts]
head = \"1s
idle = \"60\"
"
    ));
}

#[test]
fn a_list_without_end() {
    assert_snapshot!(mistakes(
        "[[policy.rule]]\nfields = [\"CompanyName\", \"Host\"\nnormalize = [\"latin1\"]\n"
    ));
}

#[test]
fn unknown_keys() {
    assert_snapshot!(mistakes(
        r#"limits-head = 65536
preset = "log"
field = 1
"limits.head" = 65536
zebra = 1
[limits]
dry_run = true
log = "text"
[limit]
head = 1
[policy]
rules = []
normalize = ["latin1"]
"#
    ));
}

#[test]
fn fields_that_nobody_may_rewrite() {
    let text = r#"[[policy.rule]]
fields = ["CompanyName", "Host"]
normalize = ["latin1"]

[[policy.rule]]
fields = [
    "X-Name",       # Ünicode before
    "authorization", "Content_Length",
]
normalize = ["char-ref"]
reject = ["control"]
"#;
    assert_snapshot!(mistakes(text));
    let mistakes = from_file(text).unwrap_err();
    let places: Vec<_> = mistakes
        .iter()
        .map(|mistake| (mistake.line(), mistake.column()))
        .collect();
    assert_eq!(
        places,
        [(Some(2), Some(26)), (Some(8), Some(5)), (Some(8), Some(22))]
    );
}

#[test]
fn forms_of_later_versions() {
    assert_snapshot!(mistakes(
        r#"[[policy.rule]]
fields = ["CompanyName"]
normalize = ["latin1"]
forward_as = "ext-value"
"#
    ));
}

#[test]
fn addresses_of_all_sorts() {
    assert_snapshot!(mistakes(
        r#"listen = ["unix:headguard.sock", "unix:", "/run/headguard.sock", "unix:/run/"]
upstream = "wss://api.example.com"
host_header = "https://api.example.com"

[upstream_tls]
server_name = "api.example.com:443"
ca = ""

[forwarded]
trust = ["10.0.0.1/8", "proxy.internal", "10.0.0.0/64", 3]
via = "yes"

[admin]
listen = ["127.0.0.1:9180", "127.0.0.1:9181"]

[limits]
head = 1023
connections = 0
body_rate = -1

[timeouts]
tunnel = "0s"
resolve = "2d"
"#
    ));
}

#[test]
fn keys_that_need_others() {
    assert_snapshot!(mistakes(
        "[tls]\nlisten = \"0.0.0.0:8443\"\nkey = \"tls.key\"\n\n[upstream_tls]\nkey = \"client.key\"\nca = \"ca.crt\"\n"
    ));
    assert_snapshot!(mistakes(
        "upstream = \"https://api\"\n[tls]\nkey = \"tls.key\"\n[upstream_tls]\ncertificate = \"client.crt\"\n"
    ));
    let said = |settings: &[Setting]| read(None, settings).unwrap_err().to_string();
    assert_snapshot!(said(&[
        setting(Origin::Flag, "tls.listen", "0.0.0.0:8443"),
        setting(Origin::Variable, "upstream", "https://api"),
        setting(Origin::Variable, "upstream_tls.key", "client.key"),
    ]));
    assert_snapshot!(said(&[setting(Origin::Flag, "listen", "off")]));
}

#[test]
fn what_is_turned_off_needs_nothing() {
    let file = Source {
        name: "headguard.toml",
        text: "[tls]\nlisten = \"0.0.0.0:8443\"\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n[admin]\nlisten = \"127.0.0.1:1\"\n[forwarded]\ntrust = \"10.0.0.0/8\"\n",
    };
    let config = read(
        Some(file),
        &[
            setting(Origin::Flag, "tls.listen", "off"),
            setting(Origin::Flag, "admin.listen", "off"),
            setting(Origin::Flag, "forwarded.trust", "none"),
        ],
    )
    .unwrap();
    assert!(config.tls.is_none() && config.admin.is_none());
    assert!(config.forwarded.trust.is_empty());
    assert_round_trip(&config);
    for off in ["\"off\"", "[]"] {
        let text = format!("listen = {off}\n{}", file.text);
        let config = from_file(&text).unwrap();
        assert!(config.listen.is_empty() && config.tls.is_some());
        assert_round_trip(&config);
        let lines: Vec<_> = text.lines().take(1).collect();
        let said = mistakes(&lines.join("\n"));
        assert!(said.contains("there is no address to listen on"), "{said}");
    }
}

#[test]
fn one_socket_for_two_things() {
    assert_snapshot!(mistakes(
        r#"listen = ["127.0.0.1:8080", "0.0.0.0:9180", "127.0.0.1:8080", "unix:/run/x", "127.0.0.1:0"]
upstream = "unix:/run/x"

[tls]
listen = ["127.0.0.1:8080", "127.0.0.1:0"]
certificate = "tls.crt"
key = "tls.key"

[admin]
listen = "127.0.0.1:9180"
"#
    ));
    let flag = setting(Origin::Flag, "admin.listen", "127.0.0.1:8080");
    assert_snapshot!(read(None, &[flag]).unwrap_err().to_string());
    // Whether every interface and one of them go together is the system's to say.
    from_file("listen = [\"0.0.0.0:8080\", \"127.0.0.1:8080\", \"[::]:8080\"]\n").unwrap();
}

#[test]
fn an_upstream_that_could_not_be_read_is_no_loop() {
    let said = mistakes("listen = \"127.0.0.1:3000\"\nupstream = \"127.0.0.1\"\n");
    assert!(said.ends_with("\n1 mistake"), "{said}");
    let said = mistakes("listen = \"x\"\nupstream = \"http://127.0.0.1:8080\"\n");
    assert!(said.ends_with("\n1 mistake"), "{said}");
    let said = mistakes(
        "upstream = \"x\"\ntls.listen = \"x\"\ntls.key = \"k\"\nupstream_tls.ca = \"c\"\n",
    );
    assert!(said.ends_with("\n2 mistakes"), "{said}");
}

#[test]
fn responses_are_judged_where_that_is_asked() {
    assert!(
        from_file("[policy.response]\n")
            .unwrap()
            .response_policy
            .is_none()
    );
    let config =
        from_file("[[policy.response.rule]]\nfields = [\"X-Title\"]\nreject = [\"latin1\"]\n")
            .unwrap();
    assert_round_trip(&config);
    let policy = config.response_policy.unwrap();
    assert_eq!(policy.preset(), Preset::Off);
    let verdict = policy.decide("X-Title", b"T\xE9l");
    assert!(matches!(verdict.outcome(), Outcome::Reject(_)));
    for (field, value) in [("X-Title", &b"a\x01"[..]), ("X-Other", b"T\xE9l")] {
        let verdict = policy.decide(field, value);
        assert_eq!(verdict.action(), Action::Allow);
        assert_eq!(verdict.outcome(), &Outcome::Forward(value));
    }
    let flag = setting(Origin::Flag, "policy.response.preset", "log");
    assert_eq!(flag.name(), "--response-preset");
    let policy = read(None, &[flag]).unwrap().response_policy.unwrap();
    assert_eq!(policy.preset(), Preset::Log);
}

#[test]
fn mistakes_in_rules_for_responses() {
    assert_snapshot!(mistakes(
        r#"policy.preset = "off"

[policy.response]
preset = "of"
rules = []

[[policy.response.rule]]
fields = ["Set-Cookie", "X-Title"]
normalize = ["latin1", "control"]
feilds = []
"#
    ));
    assert_snapshot!(mistakes("[policy.response]\nrule = 3\n"));
    let flag = setting(Origin::Flag, "policy.preset", "off");
    assert_snapshot!(read(None, &[flag]).unwrap_err().to_string());
}

#[test]
fn what_only_counts_at_a_start() {
    let old = Config::default();
    assert!(old.restart_needed(&old.clone()).is_empty());
    let new = from_file(FULL).unwrap();
    let paths = [
        "listen",
        "proxy_protocol",
        "workers",
        "log",
        "tls.listen",
        "admin.listen",
    ];
    assert_eq!(old.restart_needed(&new), paths);
    assert_eq!(new.restart_needed(&old), paths);
    let keys: Vec<_> = KEYS
        .iter()
        .filter(|key| key.counts_at_start())
        .map(Key::path)
        .collect();
    assert_eq!(keys, paths);
}

#[test]
fn settings_are_named_as_they_were_given() {
    let file = Source {
        name: "headguard.toml",
        text: "workers = \"many\"\n",
    };
    let mistakes = read(
        Some(file),
        &[
            setting(Origin::Flag, "limits.head", "64k"),
            setting(Origin::Variable, "limits.head", "1"),
            setting(Origin::Variable, "dry_run", "yes"),
            setting(Origin::Flag, "timeouts.pool_idle", "4"),
            setting(Origin::Flag, "policy.preset", "repare"),
            setting(Origin::Flag, "listen", "8080"),
            setting(Origin::Variable, "upstream", "127.0.0.1:3000"),
            setting(Origin::Flag, "detail_level", ""),
        ],
    )
    .unwrap_err();
    assert_eq!(mistakes.count(), 9);
    let named: Vec<_> = mistakes.iter().filter_map(|one| one.setting()).collect();
    assert_eq!(named.first(), Some(&"HEADGUARD_LIMITS_HEAD"));
    assert_eq!(named.get(3), Some(&"--limits-head"));
    assert_snapshot!(mistakes.to_string());
}

#[test]
fn a_proxy_that_is_its_own_upstream() {
    let file = Source {
        name: "headguard.toml",
        text: "listen = \"0.0.0.0:3000\"\n",
    };
    assert_snapshot!(mistakes(file.text));
    let flag = setting(Origin::Flag, "upstream", "http://localhost:3000");
    let mistakes = read(Some(file), &[flag]).unwrap_err();
    assert_eq!(
        mistakes.iter().next().unwrap().setting(),
        Some("--upstream")
    );
}

#[test]
fn nothing_of_the_file_reaches_the_terminal_raw() {
    let said =
        mistakes("a = \"\u{1b}[2J\u{202e}\"\n\"\u{1b}]0;x\\u0007\" = 1\nlog = \"\\u001b[31m\"\n");
    assert!(
        said.chars()
            .all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')),
        "{said}"
    );
}

#[test]
fn long_lines_and_many_mistakes_are_bounded() {
    let long = format!("{} = 1\nlog = \"{}\"\n", "k".repeat(9000), "v".repeat(9000));
    assert!(mistakes(&long).len() < 2000);
    let many: String = (0..5000).map(|n| format!("key{n} = 1\n")).collect();
    let error = from_file(&many).unwrap_err();
    assert_eq!((error.count(), error.iter().count()), (5000, 100));
    assert!(
        error
            .to_string()
            .ends_with("5000 mistakes, the first 100 shown")
    );
    let error = from_file(&"#".repeat((1 << 20) + 1)).unwrap_err();
    assert_snapshot!(error.to_string());
}

#[test]
fn a_file_that_is_not_utf8_is_the_products_own_case() {
    let octets = b"[[policy.rule]]\nname = \"T\xE9l\xE9bec\"\n";
    let error = Source::from_octets("headguard.toml", octets).unwrap_err();
    assert_snapshot!(error.to_string());
}

#[test]
fn many_mistakes_on_one_line_take_no_time() {
    let hosts = "\"Host\",".repeat(50_000);
    let rule = format!("[[policy.rule]]\nnormalize = [\"latin1\"]\nfields = [{hosts}]");
    assert_eq!(from_file(&rule).unwrap_err().count(), 50_000);
    let entries: Vec<_> = (0..100_000).map(|n| format!("k{n}=1")).collect();
    let text = format!("limits = {{{}}}", entries.join(","));
    assert_eq!(from_file(&text).unwrap_err().count(), 100_000);
}

/// What is printed reads back to the same, and prints the same again.
fn assert_round_trip(config: &Config) {
    let printed = config.print();
    let again = from_file(&printed).unwrap_or_else(|mistakes| panic!("{printed}\n{mistakes}"));
    assert_eq!(format!("{config:?}"), format!("{again:?}"));
    assert_eq!(again.print(), printed);
}

#[test]
fn print_reads_back() {
    assert_round_trip(&Config::default());
    assert_round_trip(&from_file(FULL).unwrap());
}

fn names() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[A-Za-z][A-Za-z0-9-]{0,8}\\*?", 1..4)
}

fn rule() -> impl Strategy<Value = String> {
    let kinds = prop::sample::subsequence(FindingKind::ALL.to_vec(), 1..6);
    (
        "[^\\x00-\\x1f\\x7f-\\x9f]{1,12}",
        names(),
        kinds,
        prop::option::of(1u32..9999),
        any::<bool>(),
    )
        .prop_map(|(name, fields, kinds, most, markup)| {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            let mut text = format!("[[policy.rule]]\nname = \"{name}\"\nfields = {fields:?}\n");
            let lists = [Action::Allow, Action::Log, Action::Reject].map(Action::name);
            for (place, list) in lists.iter().enumerate() {
                let mine = kinds.iter().enumerate().filter(|(at, _)| at % 3 == place);
                let mine: Vec<_> = mine.map(|(_, kind)| kind.name()).collect();
                let _ = writeln!(text, "{list} = {mine:?}");
            }
            if let Some(most) = most {
                let _ = writeln!(text, "max_octets = {most}");
            }
            let _ = writeln!(text, "decode_markup = {markup}");
            text
        })
}

/// Replaces, removes or doubles a piece of a right configuration.
fn mutated() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "",
        "\"",
        "[",
        "]",
        "[[",
        "{",
        "}",
        "=",
        "\n",
        "\r",
        "#",
        ",",
        ".",
        "'",
        "\"\"\"",
        "-",
        "0",
        "é",
        "\u{feff}",
        "\0",
        "policy.rule",
        "x = 1",
        "[limits]",
        "[[limits]]",
        "[policy]",
    ]);
    let edit = (any::<prop::sample::Index>(), 0usize..12, piece);
    prop::collection::vec(edit, 1..6).prop_map(|edits| {
        let mut text: Vec<char> = FULL.chars().collect();
        for (at, length, piece) in edits {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

/// Reading never panics, and a mistake always has a place and a text.
fn assert_answers(text: &str) {
    if let Err(mistakes) = from_file(text) {
        assert!(mistakes.count() > 0);
        for mistake in &mistakes {
            assert!(mistake.line().is_some_and(|line| line >= 1), "{mistake}");
            assert!(mistake.column().is_some_and(|column| column >= 1));
            assert!(!mistake.message().is_empty() && mistake.help().is_some());
        }
        let said = mistakes.to_string();
        assert!(
            said.chars().all(|c| c == '\n' || !c.is_control()),
            "{said:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_configuration_prints_and_reads_back(
        rules in prop::collection::vec(rule(), 0..4),
        responses in prop::collection::vec(rule(), 0..2),
        head in 1024u32..99_999,
        milliseconds in 1u64..86_400_000,
        preset in prop::sample::select(vec![Preset::Log, Preset::Repair, Preset::Strict]),
        response in prop::sample::select(Preset::ALL),
        upstream in "((http|https|h2c|h2)://[a-z]{1,8}(:[1-9][0-9]{0,3})?|unix:/[a-z\u{e9} '/]{0,8}[a-z])",
        trust in prop::collection::vec(any::<std::net::IpAddr>(), 0..3),
        log in prop::sample::select(LogFormat::ALL),
        ports in prop::collection::vec(any::<u16>(), 1..4),
        clean: u32,
    ) {
        let trust: Vec<_> = trust.iter().map(ToString::to_string).collect();
        let listen: Vec<_> = ports.iter().map(|port| format!("127.0.0.2:{port}")).collect();
        let text = format!(
            "listen = {listen:?}\nlog = \"{log}\"\nlog_clean = {clean}\n\
             limits.head = {head}\ntimeouts.idle = \"{milliseconds}ms\"\n\
             policy.preset = \"{preset}\"\npolicy.response.preset = \"{response}\"\n\
             upstream = \"{upstream}\"\nforwarded.trust = {trust:?}\n{}{}",
            rules.concat(),
            responses.concat().replace("[[policy.rule]]", "[[policy.response.rule]]"),
        );
        // A rule with nothing to say is a mistake; those are not printed.
        if let Ok(config) = from_file(&text) {
            assert_round_trip(&config);
        }
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        assert_answers(&text);
    }

    #[test]
    fn any_toml_like_text_is_answered(text in "[\\[\\]{}=\"'#,.\\n\\r a-c0-9_\\\\é-]{0,60}") {
        assert_answers(&text);
    }

    #[test]
    fn any_damaged_configuration_is_answered(text in mutated()) {
        assert_answers(&text);
    }

    #[test]
    fn any_setting_is_answered(value in any::<String>(), place in 0..KEYS.len()) {
        let key = &KEYS[place];
        let name = key.flag();
        let setting = Setting { key, value, origin: Origin::Flag };
        if let Err(mistakes) = read(None, &[setting]) {
            prop_assert!(mistakes.iter().all(|mistake| mistake.setting() == Some(name)));
            let start = format!("error: {name}: ");
            prop_assert!(mistakes.to_string().starts_with(&start));
        }
    }

    #[test]
    fn any_octets_are_answered(octets in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Err(mistakes) = Source::from_octets("x", &octets) {
            prop_assert!(mistakes.count() > 0);
        }
    }
}
