//! A run's own checkout: made once, before the first step, and used again by
//! every later worker. Removing it is not the worker's.

use std::path::{Path, PathBuf};
use std::process::Stdio;

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
}

/// Makes the worktree that the run was promised, or finds it.
///
/// # Errors
/// What git said, and what to do.
pub(crate) async fn prepare(place: &Place) -> Result<Option<Moved>, String> {
    let (Some(worktree), Some(repository)) = (&place.worktree, &place.repository) else {
        return Ok(None);
    };
    let moved = Moved {
        from: PathBuf::from(repository),
        to: PathBuf::from(worktree),
    };
    if moved.to.join(".git").exists() {
        return Ok(Some(moved));
    }
    let mut args = vec!["worktree", "add", "--quiet"];
    if let Some(branch) = &place.branch {
        args.extend(["-b", branch.as_str()]);
    }
    args.extend([worktree.as_str(), "HEAD"]);
    let made = git(&moved.from, &args, None).await;
    if let Err(error) = made {
        return Err(format!(
            "the worktree {worktree} could not be made: {error}; start with --no-worktree to work in the checkout"
        ));
    }
    if place.with_changes {
        let diff = git(&moved.from, &["diff", "HEAD", "--binary"], None).await?;
        if !diff.is_empty() {
            git(
                &moved.to,
                &["apply", "--whitespace=nowarn", "-"],
                Some(diff),
            )
            .await
            .map_err(|error| format!("your changes could not be taken into {worktree}: {error}"))?;
        }
    }
    Ok(Some(moved))
}

async fn git(folder: &Path, args: &[&str], stdin: Option<Vec<u8>>) -> Result<Vec<u8>, String> {
    let mut child = Command::new("git")
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
