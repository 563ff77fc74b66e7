//! Where the script lies from which the scripted agent answers for a workflow.
//! Reads nothing but whether it is there.

use std::path::{Path, PathBuf};

/// `NAME.script.yaml` beside `NAME.yaml`, where it exists. For a workflow in
/// `.archon/workflows/` the one in `.archon/` comes first: Archon takes every
/// YAML file below `workflows/` for a workflow and would report a script there.
#[must_use]
pub fn script_of(workflow: &Path) -> Option<PathBuf> {
    let beside = workflow.with_extension("script.yaml");
    [script_place(workflow), beside]
        .into_iter()
        .find(|script| script.is_file())
}

/// Where that script belongs, whether or not it is there.
pub(crate) fn script_place(workflow: &Path) -> PathBuf {
    let beside = workflow.with_extension("script.yaml");
    archon_folder(workflow)
        .and_then(|folder| Some(folder.join(beside.file_name()?)))
        .unwrap_or(beside)
}

/// The `.archon` folder of a file below its `workflows/`.
fn archon_folder(file: &Path) -> Option<&Path> {
    file.ancestors()
        .skip(1)
        .filter(|folder| folder.file_name().is_some_and(|name| name == "workflows"))
        .filter_map(Path::parent)
        .find(|folder| folder.file_name().is_some_and(|name| name == ".archon"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_lies_beside_its_workflow_or_sooner_where_archon_would_not_take_it_for_one() {
        let folder = tempfile::tempdir().expect("a folder");
        for (workflow, script) in [
            ("a.yaml", "a.script.yaml"),
            (".archon/workflows/b.yaml", ".archon/b.script.yaml"),
            (".archon/workflows/pack/c/c.yml", ".archon/c.script.yaml"),
        ] {
            let (workflow, script) = (folder.path().join(workflow), folder.path().join(script));
            assert_eq!(script_of(&workflow), None);
            std::fs::create_dir_all(script.parent().expect("a folder")).expect("made");
            std::fs::write(&script, "").expect("written");
            assert_eq!(script_of(&workflow), Some(script));
        }
        let workflow = folder.path().join(".archon/workflows/d.yaml");
        let (beside, apart) = (".archon/workflows/d.script.yaml", ".archon/d.script.yaml");
        for script in [beside, apart].map(|name| folder.path().join(name)) {
            std::fs::create_dir_all(script.parent().expect("a folder")).expect("made");
            std::fs::write(&script, "").expect("written");
            assert_eq!(script_of(&workflow), Some(script));
        }
    }
}
