//! Takes the panel's bundle into the binary. The bundle is made by
//! `npm run build` in `editors/panel` (`cargo xtask dist` does it first);
//! without one the page says so, and everything else works.

use std::path::Path;
use std::{env, fs};

const FILES: [&str; 3] = ["index.html", "panel.js", "panel.css"];

const MISSING: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Fermata</title></head><body><p>This binary was built without the panel. Run <code>npm ci &amp;&amp; npm run build</code> in <code>editors/panel</code> and build it again; every other verb works as it is.</p></body></html>\n";

fn main() {
    let here = env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the crate's folder");
    let out = env::var_os("OUT_DIR").expect("cargo names the output folder");
    let (bundle, out) = (
        Path::new(&here).join("../../editors/panel/dist"),
        Path::new(&out),
    );
    let files: Vec<_> = FILES.iter().map(|name| bundle.join(name)).collect();
    let whole = files.iter().all(|file| file.is_file());
    if whole {
        for file in &files {
            println!("cargo::rerun-if-changed={}", file.display());
        }
    } else {
        // A folder that is there can be watched for what comes into it; a missing one would mean a build each time.
        let _ = fs::create_dir_all(&bundle);
        println!("cargo::rerun-if-changed={}", bundle.display());
    }
    for (name, file) in FILES.iter().zip(&files) {
        let bytes = if whole {
            fs::read(file).expect("a file of the panel's bundle can be read")
        } else if *name == "index.html" {
            MISSING.as_bytes().to_vec()
        } else {
            Vec::new()
        };
        fs::write(out.join(name), bytes).expect("the output folder can be written");
    }
}
