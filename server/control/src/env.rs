//! The environment of runs: that of whoever asks, without an editor's
//! internals, plus `.env` at the workspace root where the user allows it.

use std::path::Path;
use std::process::Command;

use fermata_store::OsWorld;

use crate::control::Control;
use crate::scope::Scope;

/// Beginnings of variables that belong to an editor and not to a run.
const EDITORS: &[&str] = &["VSCODE_", "ELECTRON_", "NVIM"];

/// Takes an editor's own variables out of a command's environment.
pub(crate) fn leave_out_internals(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_internal) {
            command.env_remove(&name);
        }
    }
}

/// Whether a variable is an editor's own.
fn is_internal(name: &str) -> bool {
    EDITORS.iter().any(|prefix| name.starts_with(prefix))
}

/// Variables of `.env` at a workspace root that the environment does not set.
pub(crate) fn added(root: &Path) -> Vec<(String, String)> {
    read(&root.join(".env"))
        .into_iter()
        .filter(|(name, _)| std::env::var_os(name).is_none())
        .collect()
}

impl Control {
    /// The machine as a run of this scope finds it.
    pub(crate) fn machine(&self, scope: &str) -> OsWorld {
        let world = OsWorld::new();
        if self.config().env_file {
            world.with_env(added(Path::new(Scope::root_of_key(scope))))
        } else {
            world
        }
    }
}

/// `NAME=VALUE` lines; comments, `export` and quotes as shells have them, nothing expanded.
fn read(path: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let line = line.strip_prefix("export ").unwrap_or(line);
            let (name, value) = line.split_once('=')?;
            let value = value.trim();
            let quoted = value.len() >= 2
                && (value.starts_with('"') && value.ends_with('"')
                    || value.starts_with('\'') && value.ends_with('\''));
            let value = if quoted {
                &value[1..value.len() - 1]
            } else {
                value
            };
            Some((name.trim().to_owned(), value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_env_file_is_read_as_shells_write_it() {
        let folder = tempfile::tempdir().unwrap();
        let text = "# c\nA=1\nexport FERMATA_B = \"two words\"\nC='x'\nbroken\n";
        std::fs::write(folder.path().join(".env"), text).unwrap();
        let pairs = read(&folder.path().join(".env"));
        let wanted = [("A", "1"), ("FERMATA_B", "two words"), ("C", "x")];
        assert_eq!(
            pairs,
            wanted.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        std::fs::write(folder.path().join(".env"), "PATH=/never\n").unwrap();
        assert!(added(folder.path()).is_empty(), "what is set wins");
    }

    #[test]
    fn variables_of_editors_are_told_from_those_of_people() {
        for name in [
            "VSCODE_IPC_HOOK",
            "ELECTRON_RUN_AS_NODE",
            "NVIM",
            "NVIM_LISTEN_ADDRESS",
        ] {
            assert!(is_internal(name), "{name}");
        }
        for name in ["PATH", "MY_NVIM", "EDITOR"] {
            assert!(!is_internal(name), "{name}");
        }
    }
}
