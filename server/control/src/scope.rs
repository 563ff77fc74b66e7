//! Scopes: the workspace root, the workflow and the conversation in which an
//! earlier run is "the last run of this workflow".

use std::path::{Path, PathBuf};

/// A scope, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Canonical workspace root.
    pub root: PathBuf,
    /// The workflow file, relative to the root where it lies in it.
    pub workflow: PathBuf,
    /// Conversation, where the surface has one.
    pub conversation: Option<String>,
}

/// Files and folders that make a folder a workspace root.
const MARKS: &[&str] = &[".git", ".jj", ".hg", ".archon", ".fermata"];
const SEPARATOR: &str = "//";

impl Scope {
    /// The scope of a canonical workflow file: the nearest folder above with a repository in it, else its own folder.
    #[must_use]
    pub fn of(file: &Path, conversation: Option<&str>) -> Self {
        let root = root_of(file);
        let workflow = file.strip_prefix(&root).unwrap_or(file).to_path_buf();
        Self {
            root,
            workflow,
            conversation: conversation
                .map(str::trim)
                .filter(|id| !id.is_empty())
                .map(str::to_owned),
        }
    }

    /// The key in the store: `ROOT//WORKFLOW`, and `//@CONVERSATION` where there is one. As a path it lies in the root.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = format!(
            "{}{SEPARATOR}{}",
            folded(&self.root.display().to_string()),
            self.workflow.display()
        );
        if let Some(conversation) = &self.conversation {
            key.push_str(SEPARATOR);
            key.push('@');
            key.push_str(conversation);
        }
        key
    }

    /// The workspace root of a key.
    pub(crate) fn root_of_key(key: &str) -> &str {
        key.split_once(SEPARATOR).map_or(key, |(root, _)| root)
    }

    /// The conversation of a key, where it has one.
    #[must_use]
    pub fn conversation_of_key(key: &str) -> Option<&str> {
        let (_, behind) = key.split_once(SEPARATOR)?;
        let (_, conversation) = behind.split_once(SEPARATOR)?;
        conversation.strip_prefix('@')
    }
}

/// The workspace root of a canonical file or folder.
#[must_use]
pub fn root_of(path: &Path) -> PathBuf {
    let own = if path.is_dir() {
        Some(path)
    } else {
        path.parent()
    };
    path.ancestors()
        .filter(|folder| folder.is_dir())
        .find(|folder| MARKS.iter().any(|mark| folder.join(mark).exists()))
        .or(own)
        .unwrap_or(path)
        .to_path_buf()
}

/// Drive letters in one case, without the verbatim prefix that canonical paths of Windows carry.
fn folded(path: &str) -> String {
    let path = path.strip_prefix(r"\\?\").unwrap_or(path);
    let mut characters = path.chars();
    match (characters.next(), characters.next()) {
        (Some(drive), Some(':')) if drive.is_ascii_alphabetic() => {
            format!("{}{}", drive.to_ascii_uppercase(), &path[1..])
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lies_in_its_root_and_tells_workflow_and_conversation_apart() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join(".git")).unwrap();
        std::fs::create_dir_all(root.join("flows")).unwrap();
        let file = root.join("flows/a.yaml");
        std::fs::write(&file, "").unwrap();
        let plain = Scope::of(&file, None);
        assert_eq!(plain.root, root);
        assert!(Path::new(&plain.key()).starts_with(&root));
        assert_eq!(Scope::root_of_key(&plain.key()), root.display().to_string());
        let talk = Scope::of(&file, Some("c1//2")).key();
        assert_ne!(plain.key(), talk);
        assert_eq!(Scope::conversation_of_key(&talk), Some("c1//2"));
        assert_eq!(Scope::conversation_of_key(&plain.key()), None);
        assert_eq!(plain.key(), Scope::of(&file, Some("  ")).key());
        assert_eq!(folded(r"\\?\c:\x"), r"C:\x");
    }
}
