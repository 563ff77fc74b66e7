//! Collects `docs/rules/*.md` into a table of (code, page), sorted by code.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .join("../../docs/rules")
        .canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages: Vec<_> = fs::read_dir(&folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.sort();
    let mut table = String::from("static PAGES: &[(&str, &str)] = &[\n");
    for page in &pages {
        let code = page
            .file_stem()
            .and_then(|s| s.to_str())
            .ok_or("a page's name is its code, in UTF-8")?;
        writeln!(
            table,
            "    ({code:?}, include_str!({:?})),",
            page.display().to_string()
        )?;
    }
    table.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("pages.rs"), table)?;
    Ok(())
}
