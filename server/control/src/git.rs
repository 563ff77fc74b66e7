//! Git as a program: what it says about a checkout, and what it does to one.
//! Never asks anybody anything, never touches the user's index.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder that git is asked about.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    folder: PathBuf,
    /// Another index than the checkout's own.
    index: Option<PathBuf>,
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

impl Git {
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            index: None,
        }
    }

    /// The same folder with an index of its own.
    pub(crate) fn with_index(&self, index: &Path) -> Self {
        Self {
            folder: self.folder.clone(),
            index: Some(index.to_path_buf()),
        }
    }

    /// What git prints.
    ///
    /// # Errors
    /// What git said, or that it could not be started.
    pub(crate) fn call(&self, args: &[&str]) -> Result<Vec<u8>, String> {
        self.call_with(args, &[])
    }

    /// What git prints, given this on its standard input.
    ///
    /// # Errors
    /// As for [`Git::call`].
    pub(crate) fn call_with(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.folder)
            .args(args)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in ELSEWHERE {
            command.env_remove(name);
        }
        if let Some(index) = &self.index {
            command.env("GIT_INDEX_FILE", index);
        }
        let mut child = command
            .spawn()
            .map_err(|error| format!("git could not be started: {error}"))?;
        let pipe = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                if let Some(mut pipe) = pipe {
                    // A git that does not read says itself why.
                    let _ = pipe.write_all(input);
                }
            });
            child.wait_with_output()
        })
        .map_err(|error| format!("git could not be waited for: {error}"))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(if said.is_empty() {
            format!("git {} failed without a word", args.first().unwrap_or(&""))
        } else {
            said
        })
    }

    /// The one line that git prints.
    ///
    /// # Errors
    /// As for [`Git::call`].
    pub(crate) fn line(&self, args: &[&str]) -> Result<String, String> {
        let printed = self.call(args)?;
        Ok(String::from_utf8_lossy(&printed).trim_end().to_owned())
    }

    /// Tracked files that differ from the last commit.
    ///
    /// # Errors
    /// As for [`Git::call`].
    pub(crate) fn changed(&self) -> Result<Vec<String>, String> {
        let printed = self.call(&[
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=no",
            "--ignore-submodules",
        ])?;
        let text = String::from_utf8_lossy(&printed).into_owned();
        let mut entries = text.split('\0');
        let mut files = Vec::new();
        while let Some(entry) = entries.next() {
            let Some((state, file)) = entry.split_at_checked(3) else {
                continue;
            };
            files.push(file.to_owned());
            // A renamed file is followed by the name it had.
            if state.starts_with(['R', 'C']) {
                entries.next();
            }
        }
        Ok(files)
    }
}
