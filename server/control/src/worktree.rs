//! The worktree of a run: where it is, what the run has changed in it, bringing
//! that into the checkout, and cleaning up. Nothing here loses work: what
//! cannot be brought over stays where it is, and so does what nobody has kept.

use std::path::{Path, PathBuf};

use fermata_engine::{RunId, Status};
use fermata_store::{Pruned, RunFilter, RunRow, SqliteStore};

use crate::control::Control;
use crate::error::ControlError;
use crate::git::Git;

/// A run's worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worktree {
    /// The run.
    pub run: RunId,
    /// Its folder.
    pub path: PathBuf,
    /// Its branch.
    pub branch: String,
    /// The checkout that it was made from.
    pub repository: PathBuf,
}

/// What came of a wish about a worktree.
pub type Wish<T> = Result<T, WorktreeRefusal>;

/// Why nothing was done to or with a worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorktreeRefusal {
    /// For programs: `no_worktree`, `gone`, `live`, `resumable`, `dirty`, `conflict` or `git`.
    pub reason: &'static str,
    /// In one sentence: what was found, what to do.
    pub message: String,
}

/// What applying a run's changes came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// They stand in the checkout now, uncommitted.
    Now,
    /// They stood there already.
    Before,
    /// There are none.
    Nothing,
}

/// What removing a worktree came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Its branch, where that was kept because it has commits that the checkout's branch lacks.
    pub kept_branch: Option<String>,
}

impl Control {
    /// The worktree of a run.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn worktree(&self, run: &RunId) -> Result<Wish<Worktree>, ControlError> {
        Ok(standing(&self.store().run(run)?))
    }

    /// What a run has changed, as a patch that `git apply` takes: files it has added, changed and deleted, committed or not.
    /// Changes of the user's that went along are no part of it.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn worktree_diff(&self, run: &RunId) -> Result<Wish<Vec<u8>>, ControlError> {
        let row = self.store().run(run)?;
        Ok(standing(&row).and_then(|tree| tree.look().and_then(|look| look.diff())))
    }

    /// Brings what a run has changed into the checkout, whole or not at all. Nothing is committed there.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn worktree_apply(&self, run: &RunId) -> Result<Wish<Applied>, ControlError> {
        let row = self.store().run(run)?;
        if matches!(row.status, Status::Queued | Status::Running) {
            return Ok(Err(refused(
                "live",
                format!(
                    "run {} is {}: wait until it holds or is over, so that no half-made change is taken",
                    row.run.short(),
                    row.status.as_str()
                ),
            )));
        }
        Ok(standing(&row).and_then(|tree| tree.apply()))
    }

    /// Removes a worktree that holds nothing which is nowhere else, and whose run cannot go on.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn worktree_remove(&self, run: &RunId) -> Result<Wish<Removed>, ControlError> {
        let row = self.store().run(run)?;
        let tree = match standing(&row) {
            Ok(tree) => tree,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !row.status.is_final() {
            let reason = if row.status.is_live() {
                "live"
            } else {
                "resumable"
            };
            return Ok(Err(refused(
                reason,
                format!(
                    "run {} is {} and may need its worktree: abandon it first (`fermata abandon {}`)",
                    row.run.short(),
                    row.status.as_str(),
                    row.run.short()
                ),
            )));
        }
        if let Some(guest) = self.guest(&tree)? {
            return Ok(Err(refused(
                "live",
                format!(
                    "run {} works in {}: wait for it or stop it",
                    guest.short(),
                    tree.path.display()
                ),
            )));
        }
        Ok(tree.remove())
    }

    /// Deletes what is beyond retention. Worktrees that only stand in the way are cleaned up first, where nothing is lost.
    ///
    /// # Errors
    /// [`ControlError::Store`].
    pub fn prune(&self) -> Result<Pruned, ControlError> {
        let store = SqliteStore::open(self.home())?;
        let mut pruned = store.prune(self.config().keep())?;
        let mut freed = false;
        for run in &pruned.held_by_worktree {
            freed |= self.worktree_remove(run)?.is_ok();
        }
        if freed {
            let more = store.prune(self.config().keep())?;
            pruned.runs.extend(more.runs);
            pruned.blobs += more.blobs;
            pruned.sessions += more.sessions;
            pruned.held_by_worktree = more.held_by_worktree;
        }
        Ok(pruned)
    }

    /// Another live run that works in a worktree.
    fn guest(&self, tree: &Worktree) -> Result<Option<RunId>, ControlError> {
        let live = self.store().runs(&RunFilter {
            children: true,
            statuses: vec![Status::Queued, Status::Running, Status::Waiting],
            ..RunFilter::default()
        })?;
        Ok(live
            .into_iter()
            .find(|row| row.run != tree.run && Path::new(&row.cwd).starts_with(&tree.path))
            .map(|row| row.run))
    }
}

/// The worktree that a run was given, if it still stands.
fn standing(row: &RunRow) -> Wish<Worktree> {
    let place = &row.place;
    let (Some(path), Some(branch), Some(repository)) =
        (&place.worktree, &place.branch, &place.repository)
    else {
        return Err(refused(
            "no_worktree",
            format!(
                "run {} has no worktree of its own: it works in {}",
                row.run.short(),
                row.cwd
            ),
        ));
    };
    let tree = Worktree {
        run: row.run.clone(),
        path: PathBuf::from(path),
        branch: branch.clone(),
        repository: PathBuf::from(repository),
    };
    if tree.path.join(".git").exists() {
        return Ok(tree);
    }
    Err(refused(
        "gone",
        format!(
            "the worktree of run {}, {path}, does not exist{}",
            row.run.short(),
            if row.started.is_none() {
                " yet: its worker makes it"
            } else {
                " any more"
            }
        ),
    ))
}

/// A worktree as it is at one moment.
struct Look {
    git: Git,
    /// What it began from, the user's changes included where they went along.
    base: String,
    /// Its files now, as a tree; files that git ignores are no part of it.
    now: String,
}

impl Worktree {
    fn look(&self) -> Wish<Look> {
        let git = Git::of(&self.path);
        let base = self.base(&git)?;
        let place = git
            .line(&[
                "rev-parse",
                "--path-format=absolute",
                "--git-path",
                "fermata",
            ])
            .map_err(failed)?;
        // An index of its own, so that what somebody has staged here stays staged.
        let index = PathBuf::from(format!("{place}-{}", std::process::id()));
        let aside = git.with_index(&index);
        let written = aside
            .call(&["read-tree", "HEAD"])
            .and_then(|_| aside.call(&["add", "--all", "."]))
            .and_then(|_| aside.line(&["write-tree"]));
        let _ = std::fs::remove_file(&index);
        Ok(Look {
            git,
            base,
            now: written.map_err(failed)?,
        })
    }

    fn base(&self, git: &Git) -> Wish<String> {
        let noted = format!("refs/fermata/{}^{{tree}}", self.run);
        git.line(&["rev-parse", "--verify", "--quiet", &noted])
            .or_else(|_| {
                let checkout = Git::of(&self.repository);
                checkout.line(&["merge-base", "HEAD", &self.branch])
            })
            .map_err(failed)
    }

    fn apply(&self) -> Wish<Applied> {
        let patch = self.look()?.diff()?;
        if patch.is_empty() {
            return Ok(Applied::Nothing);
        }
        let checkout = Git::of(&self.repository);
        const APPLY: [&str; 2] = ["apply", "--whitespace=nowarn"];
        match checkout.call_with(&[APPLY[0], APPLY[1], "-"], &patch) {
            Ok(_) => Ok(Applied::Now),
            Err(_) if self.is_applied(&patch) => Ok(Applied::Before),
            Err(said) => Err(refused(
                "conflict",
                format!(
                    "the changes of run {} do not fit {} as it is, nothing was changed ({}): commit what is in {} and merge {} by hand",
                    self.run.short(),
                    self.repository.display(),
                    said.lines().next().unwrap_or_default(),
                    self.path.display(),
                    self.branch
                ),
            )),
        }
    }

    /// Whether the checkout has these changes already.
    fn is_applied(&self, patch: &[u8]) -> bool {
        Git::of(&self.repository)
            .call_with(&["apply", "--check", "--reverse", "-"], patch)
            .is_ok()
    }

    fn remove(&self) -> Wish<Removed> {
        let look = self.look()?;
        let kept = look.is("HEAD") || look.is(&look.base) || self.is_applied(&look.diff()?);
        if !kept {
            return Err(refused(
                "dirty",
                format!(
                    "the worktree of run {} has changes that are nowhere else: take them over with `fermata worktree {} --apply`, or commit them in {}",
                    self.run.short(),
                    self.run.short(),
                    self.path.display()
                ),
            ));
        }
        let checkout = Git::of(&self.repository);
        let path = self.path.display().to_string();
        checkout
            .call(&["worktree", "remove", "--force", &path])
            .map_err(failed)?;
        let noted = format!("refs/fermata/{}", self.run);
        // Only a note of where it began.
        let _ = checkout.call(&["update-ref", "-d", &noted]);
        let merged = checkout
            .call(&["merge-base", "--is-ancestor", &self.branch, "HEAD"])
            .is_ok();
        let deleted = merged
            && checkout
                .call(&["branch", "--quiet", "-D", &self.branch])
                .is_ok();
        Ok(Removed {
            kept_branch: (!deleted).then(|| self.branch.clone()),
        })
    }
}

impl Look {
    fn diff(&self) -> Wish<Vec<u8>> {
        self.git
            .call(&[
                "diff",
                "--binary",
                "--no-color",
                "--no-ext-diff",
                "--no-textconv",
                "--no-renames",
                &self.base,
                &self.now,
            ])
            .map_err(failed)
    }

    /// Whether its files are those of a commit.
    fn is(&self, commit: &str) -> bool {
        let tree = format!("{commit}^{{tree}}");
        self.git
            .line(&["rev-parse", &tree])
            .is_ok_and(|tree| tree == self.now)
    }
}

fn refused(reason: &'static str, message: String) -> WorktreeRefusal {
    WorktreeRefusal { reason, message }
}

fn failed(said: String) -> WorktreeRefusal {
    refused("git", said)
}
