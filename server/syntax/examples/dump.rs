fn main() {
    for p in std::env::args().skip(1) {
        let t = std::fs::read_to_string(&p).unwrap();
        let tree = fermata_syntax::parse(&t);
        for p in tree.problems() {
            println!(
                "{:?} {:?} {:?}",
                p,
                tree.line_index()
                    .position(p.span.start(), fermata_syntax::Encoding::Utf8),
                tree.slice(p.span)
            );
        }
        for r in tree.broken_regions() {
            println!("broken {:?} {:?}", r, tree.slice(*r));
        }
        let mut h = t.clone();
        for r in tree.broken_regions() {
            let s = tree.slice(*r);
            let b: String = s
                .bytes()
                .map(|c| {
                    if c == b'\n' || c == b'\r' {
                        c as char
                    } else {
                        '~'
                    }
                })
                .collect();
            h.replace_range(std::ops::Range::<usize>::from(*r), &b);
        }
        println!("{h}");
    }
}
