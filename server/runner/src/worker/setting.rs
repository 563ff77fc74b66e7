//! Where a run is set: the folders that its texts and processes see. Made
//! before the first step.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use fermata_engine::archon::Setting;
use fermata_engine::{Definition, RunState};

use super::Surroundings;

/// Finds and makes the folders of a run.
///
/// # Errors
/// What could not be made, in words.
pub(super) async fn prepare(
    state: &RunState,
    definition: &Definition,
    around: &Surroundings,
) -> Result<Setting, String> {
    let Some(project) = definition.archon() else {
        return Ok(Setting::default());
    };
    let run = state.run.clone().unwrap_or_default();
    let home = around.home.clone();
    let artifacts = home.join("artifacts").join(run.as_str());
    let kept = home
        .join("state")
        .join(project_folder(&state.request.scope));
    let logs = home.join("logs");
    for folder in [&artifacts, &kept, &logs] {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    }
    let base_branch = match project.base_branch() {
        Some(branch) => branch.to_owned(),
        None => {
            let remote = project.remote().unwrap_or("origin");
            base_branch(Path::new(&state.request.cwd), remote).await
        }
    };
    let shell = ["FERMATA_BASH", "ARCHON_BASH_PATH"]
        .iter()
        .find_map(|name| around.world.env(name))
        .filter(|path| !path.is_empty());
    Ok(Setting {
        artifacts: text(&artifacts),
        state: Some(text(&kept)),
        logs: text(&logs),
        base_branch,
        docs: project.docs().unwrap_or_default().to_owned(),
        bash: shell.unwrap_or_else(|| "bash".to_owned()),
        width: around.width,
    })
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A folder name for a project: its own name and something that tells it from its namesakes.
fn project_folder(scope: &str) -> PathBuf {
    let root = scope.split_once("//").map_or(scope, |(root, _)| root);
    let name = Path::new(root)
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_else(|| "project".to_owned());
    // FNV-1a: the same on every system and in every version.
    let hash = root.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    PathBuf::from(format!("{name}-{hash:016x}"))
}

/// The branch that work of the repository starts from: what the remote calls its own, else a branch with one of the
/// usual names, the remote's before the checkout's, else the one that is checked out; empty where there is none.
async fn base_branch(cwd: &Path, remote: &str) -> String {
    let head = format!("refs/remotes/{remote}/HEAD");
    if let Some(name) = git(cwd, &["symbolic-ref", "--short", &head]).await {
        let own = name.strip_prefix(&format!("{remote}/"));
        return own.unwrap_or(&name).to_owned();
    }
    let folders = [format!("refs/remotes/{remote}"), "refs/heads".to_owned()];
    for folder in &folders {
        for name in ["main", "master"] {
            let branch = format!("{folder}/{name}");
            if git(cwd, &["rev-parse", "--verify", "--quiet", &branch])
                .await
                .is_some()
            {
                return name.to_owned();
            }
        }
    }
    git(cwd, &["symbolic-ref", "--short", "HEAD"])
        .await
        .unwrap_or_default()
}

async fn git(cwd: &Path, words: &[&str]) -> Option<String> {
    let output = tokio::process::Command::new("git")
        .args(words)
        .current_dir(cwd)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .await
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(folder: &Path, words: &str) {
        let done = std::process::Command::new("git")
            .args(["-c", "user.name=ada", "-c", "user.email=ada@example.org"])
            .args(words.split(' '))
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(done.expect("git starts").success(), "git {words}");
    }

    #[tokio::test]
    async fn the_base_branch_is_the_remotes_own_then_a_usual_name_then_the_one_that_is_checked_out()
    {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        std::fs::create_dir(&one).expect("a folder");
        assert_eq!(base_branch(&one, "origin").await, "");
        sh(&one, "init -q -b trunk");
        sh(&one, "commit -q --allow-empty -m first");
        assert_eq!(base_branch(&one, "origin").await, "trunk");
        sh(folder.path(), "clone -q one two");
        sh(&two, "checkout -q -b main");
        assert_eq!(base_branch(&two, "origin").await, "trunk");
        sh(&two, "remote rename origin upstream");
        sh(&two, "remote set-head upstream -a");
        assert_eq!(base_branch(&two, "upstream").await, "trunk");
        sh(&two, "checkout -q -b feature");
        assert_eq!(base_branch(&two, "nowhere").await, "main");
    }
}
