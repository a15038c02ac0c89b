use std::time::Instant;
fn main() {
    for value in [
        &b"T\xE9l\xE9bec LP"[..],
        b"Kova\xE8",
        b"\xCA\xF3\xED\xF6\xE5\xE2\xEE",
        b"\xB0\xA1\xB1\xB8\xC5\xCD Ltd",
        b"attachment; filename=\"Bank Sp\xF3\xB3dzielczy w Siedlcach.pdf\"",
        &[b"T\xE9l\xE9bec LP ".as_slice(); 100].concat(),
        &[0xe9u8; 4096],
        &[b"T\xE9l\xE9bec LP ".as_slice(); 1000].concat(),
    ] {
        let n = if value.len() > 1000 { 300 } else { 20000 };
        let mut best = f64::MAX;
        for _ in 0..7 {
            let t = Instant::now();
            let mut c = 0;
            for _ in 0..n {
                c += headguard::scan(std::hint::black_box(value))
                    .findings()
                    .next()
                    .is_some() as usize;
            }
            std::hint::black_box(c);
            best = best.min(t.elapsed().as_secs_f64() / n as f64);
        }
        println!("{:6} octets {:8.2} us", value.len(), best * 1e6);
    }
}
