fn main() {
    let policy = headguard::Policy::default();
    for v in [
        &b"T\xE9l\xE9bec LP"[..],
        b"T&#233;l&eacute;bec LP",
        "J\u{e9}r\u{f4}me 🐳🚢📦 Petazzoni 👩🏽‍💻 🇨🇦 e\u{301} עברית 東京 \u{202e}x\x1b".as_bytes(),
        b"\xC0\xAF \x81 \xED\xA0\x80",
        b"abc",
    ] {
        let e = headguard::explain::Explanation::new(
            "CompanyName",
            1,
            v,
            &policy.decide("CompanyName", v),
        );
        anstream::println!("{}", headguard::explain::render(&e, 100));
        println!("--------");
    }
}
