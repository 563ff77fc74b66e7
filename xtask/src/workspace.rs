//! Where things are: the checkout, the build output, the cache of test
//! environments; and commands that start with a clean environment.
//! No verb's logic may be in here.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The checkout that this program was built from, and its folders.
pub(crate) struct Workspace {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's output folder; logs, screenshots and packages go below it.
    pub(crate) target: PathBuf,
    metadata: Value,
}

impl Workspace {
    /// Asks cargo for the layout.
    ///
    /// # Errors
    /// When cargo cannot be run or does not understand the workspace.
    pub(crate) fn discover() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask stands one folder below the workspace root")?
            .to_path_buf();
        let output = clean_command("cargo")
            .current_dir(&root)
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .output()
            .context("cargo could not be started")?;
        if !output.status.success() {
            bail!(
                "`cargo metadata` failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)
            .context("`cargo metadata` printed something that is not JSON")?;
        let target = metadata["target_directory"]
            .as_str()
            .context("`cargo metadata` names no target_directory")?
            .into();
        Ok(Self {
            root,
            target,
            metadata,
        })
    }

    /// A command that runs in the workspace root without the variables that
    /// `cargo run` adds for this program (they would make nested builds stale).
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = clean_command(program);
        command.current_dir(&self.root);
        command
    }

    /// `cargo`, in the workspace root.
    pub(crate) fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = self.command("cargo");
        command.args(arguments);
        command
    }

    /// The `fermata` binary of the profile that tests and the demo share.
    pub(crate) fn binary(&self) -> PathBuf {
        self.target
            .join("debug")
            .join(format!("fermata{}", env::consts::EXE_SUFFIX))
    }

    /// Where `dist` puts the extension package for `platform`.
    pub(crate) fn vsix(&self, platform: &str) -> PathBuf {
        self.target
            .join("dist")
            .join(format!("fermata-{platform}.vsix"))
    }

    /// The folder with editors and browsers, shared between checkouts:
    /// `FERMATA_TEST_CACHE`, else `fermata-tests` in the user's cache folder.
    pub(crate) fn cache(&self) -> PathBuf {
        if let Some(given) = env::var_os("FERMATA_TEST_CACHE") {
            return given.into();
        }
        env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
            .unwrap_or_else(env::temp_dir)
            .join("fermata-tests")
    }

    /// Names of all targets of one kind (`test`, `bench`), sorted, each once.
    pub(crate) fn targets(&self, kind: &str) -> Vec<String> {
        let mut names: Vec<String> = self.metadata["packages"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|package| package["targets"].as_array().into_iter().flatten())
            .filter(|target| {
                target["kind"]
                    .as_array()
                    .is_some_and(|kinds| kinds.iter().any(|k| k == kind))
            })
            .filter_map(|target| target["name"].as_str().map(str::to_owned))
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// A command without what `cargo run` set for this process alone.
fn clean_command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let ours = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        if ours || matches!(name, "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE") {
            command.env_remove(name);
        }
    }
    command
}

/// Finds a program on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}
