//! Where a run works: in a worktree of its own or in the checkout, which it
//! may hold. Only decides; the worker makes the worktree.

use std::path::{Path, PathBuf};

use fermata_engine::RunId;
use fermata_store::{Home, Place};
use fermata_workflow::{Dialect, Workflow};

use crate::config::IsolationConfig;
use crate::control::shown;
use crate::request::Isolation;

/// A place, and the folder in it that scripts and agents run in.
pub(crate) struct Chosen {
    pub(crate) place: Place,
    pub(crate) cwd: PathBuf,
}

pub(crate) struct Asked<'a> {
    pub(crate) home: &'a Home,
    pub(crate) config: &'a IsolationConfig,
    pub(crate) isolation: Isolation,
    pub(crate) dialect: Dialect,
    pub(crate) workflow: Option<&'a Workflow>,
    pub(crate) name: &'a str,
    pub(crate) root: &'a Path,
    pub(crate) cwd: &'a Path,
    pub(crate) run: &'a RunId,
    pub(crate) dry_run: bool,
    /// Whether uncommitted changes go along, where that is decided.
    pub(crate) with_changes: Option<bool>,
}

pub(crate) fn choose(asked: &Asked<'_>) -> Chosen {
    let repository = asked.root.join(".git").exists();
    let archon = asked.workflow.and_then(|workflow| workflow.archon.as_ref());
    let mutates = match asked.dialect {
        Dialect::Archon => archon.is_none_or(|settings| settings.mutates_checkout),
        Dialect::Conductor => false,
    };
    let wanted = match asked.isolation {
        Isolation::Worktree => true,
        Isolation::NoWorktree | Isolation::ShareCheckout => false,
        Isolation::Default => match asked.dialect {
            Dialect::Archon => archon
                .and_then(|settings| settings.worktree)
                .unwrap_or(mutates),
            Dialect::Conductor => asked.config.conductor_worktree,
        },
    };
    if asked.dry_run {
        return Chosen {
            place: Place::default(),
            cwd: asked.cwd.to_path_buf(),
        };
    }
    if wanted && repository {
        let tree = asked.home.worktree(asked.run);
        let below = asked.cwd.strip_prefix(asked.root).unwrap_or(Path::new(""));
        return Chosen {
            cwd: if below.as_os_str().is_empty() {
                tree.clone()
            } else {
                tree.join(below)
            },
            place: Place {
                // Whoever wants to run in there meanwhile is refused.
                checkout: Some(shown(&tree)),
                worktree: Some(shown(&tree)),
                branch: Some(format!(
                    "fermata/{}-{}",
                    slug(asked.name),
                    asked.run.short()
                )),
                repository: Some(shown(asked.root)),
                with_changes: asked.with_changes.unwrap_or(false),
            },
        };
    }
    let holds = asked.isolation != Isolation::ShareCheckout
        && match asked.dialect {
            Dialect::Archon => mutates,
            // One live run per worktree, whatever it does.
            Dialect::Conductor => {
                asked.config.conductor_holds_checkout || asked.home.is_worktree(asked.root)
            }
        };
    Chosen {
        place: Place {
            checkout: holds.then(|| shown(asked.root)),
            ..Place::default()
        },
        cwd: asked.cwd.to_path_buf(),
    }
}

/// A workflow's name as a part of a branch name.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() == 40 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "workflow".to_owned()
    } else {
        slug.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn branch_names_take_any_workflow_name() {
        assert_eq!(slug("Fix: the   Bug!"), "fix-the-bug");
        assert_eq!(slug("…"), "workflow");
        assert_eq!(slug("../../x"), "x");
    }
}
