//! Cases of the conformance data: where they are and what they hold.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// One recorded case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) actions: Vec<Value>,
    /// Answers of the scripted agents by step.
    pub(crate) script: Value,
    pub(crate) expected: Value,
    /// Files of the checkout that are compared.
    pub(crate) watch: Vec<String>,
    /// Only the order within a step is fixed.
    pub(crate) parallel: bool,
    requires: Vec<String>,
}

impl Case {
    fn read(folder: &Path) -> Self {
        let args = json(&folder.join("args.json"));
        let words = |key: &str| -> Vec<String> {
            let list = args[key].as_array().cloned().unwrap_or_default();
            list.iter()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect()
        };
        Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            folder: folder.to_path_buf(),
            actions: args["actions"].as_array().unwrap().clone(),
            script: json(&folder.join("script.json"))["answers"].clone(),
            expected: json(&folder.join("expected.json")),
            watch: words("watch"),
            parallel: args["parallel"] == true,
            requires: words("requires"),
        }
    }

    /// A program that the case needs and that is not here.
    pub(crate) fn missing_program(&self) -> Option<&str> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let here = |name: &str| std::env::split_paths(&path).any(|p| p.join(name).is_file());
        self.requires
            .iter()
            .map(String::as_str)
            .find(|name| !here(name))
    }
}

fn json(path: &Path) -> Value {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap(),
        Err(_) => Value::Null,
    }
}

/// The cases of a set; says so where the data is absent.
pub(crate) fn all(set: &str) -> Option<Vec<Case>> {
    let root = std::env::var_os("FERMATA_CORPUS").map_or_else(
        || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .ancestors()
                .nth(2)
                .unwrap()
                .join("shared/corpus")
        },
        PathBuf::from,
    );
    let folder = root.join("archon").join(set);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no conformance data at {}", folder.display());
        return None;
    };
    let only = std::env::var("FERMATA_CASE").unwrap_or_default();
    let mut cases: Vec<Case> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("args.json").is_file())
        .map(|path| Case::read(&path))
        .filter(|case| case.name.contains(&only))
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Some(cases)
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
