//! A run's own checkout: made once, before the first step, and used again by
//! every later worker. Removing it is not the worker's.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use fermata_engine::RunId;
use fermata_store::Place;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A checkout elsewhere: paths of the repository are looked up there.
#[derive(Debug, Clone)]
pub(crate) struct Moved {
    from: PathBuf,
    to: PathBuf,
}

impl Moved {
    /// Where a path of the repository is in the worktree; others stay.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.from) {
            Ok(rest) => self.to.join(rest),
            Err(_) => path.to_path_buf(),
        }
    }

    /// Where a path of the worktree is in the repository that it was made of; `None` for others.
    pub(crate) fn origin(&self, path: &Path) -> Option<PathBuf> {
        let rest = path.strip_prefix(&self.to).ok()?;
        Some(self.from.join(rest))
    }
}

/// Makes the worktree that the run was promised, or finds it. `begun` says that steps have run in it, so that it is
/// taken as it is; before that, one whose making was cut short is made anew.
///
/// # Errors
/// What git said, and what to do.
pub(crate) async fn prepare(
    run: &RunId,
    place: &Place,
    begun: bool,
) -> Result<Option<Moved>, String> {
    let (Some(worktree), Some(repository)) = (&place.worktree, &place.repository) else {
        return Ok(None);
    };
    let moved = Moved {
        from: PathBuf::from(repository),
        to: PathBuf::from(worktree),
    };
    let noted = format!("refs/fermata/{run}");
    if moved.to.join(".git").exists() {
        let look = ["rev-parse", "--verify", "--quiet", noted.as_str()];
        if begun || git(&moved.from, &look, None).await.is_ok() {
            return Ok(Some(moved));
        }
    }
    make(place, &moved, &noted).await.map_err(|error| {
        format!(
            "the worktree {worktree} could not be made: {error}; start with --no-worktree to work in the checkout"
        )
    })?;
    Ok(Some(moved))
}

async fn make(place: &Place, moved: &Moved, noted: &str) -> Result<(), String> {
    let path = moved.to.display().to_string();
    // What an earlier worker left half made. Nothing has run in it, so nothing in it is anybody's.
    let _ = git(&moved.from, &["worktree", "remove", "--force", &path], None).await;
    let mut args = vec!["worktree", "add", "--quiet"];
    if let Some(branch) = &place.branch {
        args.extend(["-B", branch.as_str()]);
    }
    args.extend([path.as_str(), "HEAD"]);
    git(&moved.from, &args, None).await?;
    if place.with_changes {
        let diff = git(&moved.from, &["diff", "HEAD", "--binary"], None).await?;
        if !diff.is_empty() {
            git(
                &moved.to,
                &["apply", "--index", "--whitespace=nowarn", "-"],
                Some(diff),
            )
            .await
            .map_err(|error| format!("your changes could not be taken along: {error}"))?;
        }
    }
    // What it begins with, those changes included: by this, what the run does is told apart from them.
    let base = git(&moved.to, &["write-tree"], None).await?;
    git(&moved.to, &["reset", "--quiet"], None).await?;
    // Last, so that where it stands the worktree is whole.
    let base = String::from_utf8_lossy(&base);
    git(&moved.from, &["update-ref", noted, base.trim()], None).await?;
    Ok(())
}

/// Variables by which a hook or an editor points git at a repository; these calls name theirs.
const ELSEWHERE: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
];

async fn git(folder: &Path, args: &[&str], stdin: Option<Vec<u8>>) -> Result<Vec<u8>, String> {
    let mut command = Command::new("git");
    for name in ELSEWHERE {
        command.env_remove(name);
    }
    let mut child = command
        .arg("-C")
        .arg(folder)
        .args(args)
        .stdin(if stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("git could not be started: {error}"))?;
    if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), stdin) {
        pipe.write_all(&bytes)
            .await
            .map_err(|error| error.to_string())?;
    }
    let output = child
        .wait_with_output()
        .await
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
