//! What keeps the house standing: which way crates may depend on each other,
//! who may know LSP types, and which layers touch nothing outside.
//! Reads `cargo metadata` and sources; builds and runs nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// For each crate, every crate it may name: all that lie below it.
const BELOW: &[(&str, &[&str])] = &[
    ("syntax", &[]),
    ("expr", &["syntax"]),
    ("workflow", &["syntax", "expr"]),
    ("analysis", &["syntax", "expr", "workflow"]),
    ("ide", &["syntax", "expr", "workflow", "analysis"]),
    ("engine", &["syntax", "expr", "workflow"]),
    ("store", &["syntax", "expr", "workflow", "engine"]),
    (
        "control",
        &["syntax", "expr", "workflow", "engine", "store"],
    ),
    (
        "lsp",
        &[
            "syntax", "expr", "workflow", "analysis", "ide", "engine", "store", "control",
        ],
    ),
    (
        "serve",
        &["syntax", "expr", "workflow", "engine", "store", "control"],
    ),
    ("runner", &["syntax", "expr", "workflow", "engine", "store"]),
    (
        "agents",
        &["syntax", "expr", "workflow", "engine", "store", "runner"],
    ),
];

/// Crates with LSP types; `tower-lsp` is the name the real package goes by.
const LSP_PACKAGES: &[&str] = &[
    "lsp-types",
    "ls-types",
    "gen-lsp-types",
    "tower-lsp",
    "tower-lsp-server",
    "lsp-server",
    "async-lsp",
];

/// Layers that neither do I/O nor read a clock.
const PURE: &[&str] = &["syntax", "expr", "workflow", "analysis", "ide", "engine"];

/// What reaches outside, as it stands in source. `World` is the way instead.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env::",
    "use std::env",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "Timestamp::now",
    "Zoned::now",
    "thread_rng",
    "rand::rng",
    "rand::random",
    "tokio::",
];

/// Packages that have no business in a pure layer, whatever they are used for.
const EFFECTFUL_PACKAGES: &[&str] = &[
    "tokio",
    "rusqlite",
    "notify",
    "reqwest",
    "hyper",
    "axum",
    "ureq",
    "rand",
    "process-wrap",
];

struct Package {
    /// Name without the `fermata-` prefix.
    name: String,
    folder: PathBuf,
    /// Package names of normal and build dependencies.
    dependencies: BTreeSet<String>,
}

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ stands in the workspace root")
        .to_path_buf()
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .current_dir(workspace_root())
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let list = metadata["packages"].as_array().expect("packages is a list");
    list.iter()
        .map(|package| {
            let name = package["name"].as_str().expect("a package has a name");
            let manifest = package["manifest_path"].as_str().expect("and a manifest");
            let dependencies = package["dependencies"]
                .as_array()
                .expect("and a list of dependencies")
                .iter()
                .filter(|dependency| dependency["kind"] != "dev")
                .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned))
                .collect();
            Package {
                name: name.strip_prefix("fermata-").unwrap_or(name).to_owned(),
                folder: Path::new(manifest)
                    .parent()
                    .expect("a manifest stands in a folder")
                    .to_path_buf(),
                dependencies,
            }
        })
        .collect()
}

#[test]
fn crates_depend_only_on_those_below_them() {
    let below: BTreeMap<&str, &[&str]> = BELOW.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in packages() {
        // The binary and the end-to-end tests see everything; xtask sees nothing.
        if matches!(package.name.as_str(), "fermata" | "tests") {
            continue;
        }
        let allowed: &[&str] = match package.name.as_str() {
            "xtask" => &[],
            name => below.get(name).unwrap_or_else(|| {
                panic!("the crate {name} has no place in BELOW: say what it may depend on")
            }),
        };
        for dependency in &package.dependencies {
            let Some(dependency) = dependency.strip_prefix("fermata-") else {
                continue;
            };
            if !allowed.contains(&dependency) {
                wrong.push(format!("{} → {dependency}", package.name));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows point downward only (docs/architecture.md): {wrong:?}"
    );
}

#[test]
fn only_the_lsp_crate_knows_lsp_types() {
    let mut knowing = BTreeSet::new();
    for package in packages() {
        for name in LSP_PACKAGES {
            if package.dependencies.contains(*name) {
                knowing.insert(package.name.clone());
            }
        }
    }
    knowing.remove("lsp");
    assert!(knowing.is_empty(), "{knowing:?} depend on LSP types");
}

#[test]
fn layers_up_to_the_engine_do_no_io_and_read_no_clock() {
    let mut found = Vec::new();
    for package in packages() {
        if !PURE.contains(&package.name.as_str()) {
            continue;
        }
        for name in EFFECTFUL_PACKAGES {
            if package.dependencies.contains(*name) {
                found.push(format!("{} depends on {name}", package.name));
            }
        }
        for file in sources(&package.folder.join("src")) {
            let text = fs::read_to_string(&file).expect("a source file is UTF-8");
            for (number, line) in code_lines(&text) {
                for outside in OUTSIDE {
                    if line.contains(outside) {
                        found.push(format!("{}:{number}: {outside}", file.display()));
                    }
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "what these layers need comes through `World` or in an event:\n{}",
        found.join("\n")
    );
}

#[test]
fn only_the_binary_links_what_carries_out_steps() {
    for package in packages() {
        let carries_out = ["fermata-runner", "fermata-agents"]
            .iter()
            .any(|name| package.dependencies.contains(*name));
        let may = matches!(package.name.as_str(), "fermata" | "agents" | "tests");
        assert!(
            may || !carries_out,
            "{} links runner or agents; only the worker may",
            package.name
        );
    }
}

/// All `.rs` files below a folder but those that hold only tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("a folder can be listed").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if name != "tests" {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") && name != "tests.rs" && !name.ends_with("_tests.rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The numbered lines of a file without its comments, up to its tests (which
/// stand at a file's end).
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}
