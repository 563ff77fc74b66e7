//! The home folder: where everything that outlives a process lies, with modes
//! that keep it the user's own. Paths only; what is in the files is not known here.

use std::path::{Path, PathBuf};

use fermata_engine::RunId;

use crate::error::{Result, StoreError};

/// `$FERMATA_HOME`, else the platform's state folder with `/fermata`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

/// File systems on which file locks are another machine's promise.
const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb2",
    "smb3",
    "smbfs",
    "afs",
    "ncpfs",
    "ceph",
    "glusterfs",
    "lustre",
    "gfs2",
    "ocfs2",
    "afpfs",
    "webdav",
    "davfs",
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.davfs2",
    "fuse.s3fs",
    "fuse.glusterfs",
];

impl Home {
    /// The folder for a `--home` flag and the variables `FERMATA_HOME`, `XDG_STATE_HOME`, `HOME` and (Windows) `LOCALAPPDATA`.
    ///
    /// # Errors
    /// [`StoreError::Io`] when none of them says anything.
    pub fn locate(
        flag: Option<&Path>,
        env: impl Fn(&str) -> Option<std::ffi::OsString>,
    ) -> Result<PathBuf> {
        let set = |name: &str| {
            env(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        if let Some(flag) = flag {
            return Ok(flag.to_path_buf());
        }
        if let Some(home) = set("FERMATA_HOME") {
            return Ok(home);
        }
        // A relative XDG folder is to be ignored, says its specification.
        if let Some(state) = set("XDG_STATE_HOME").filter(|path| path.is_absolute()) {
            return Ok(state.join("fermata"));
        }
        if cfg!(windows)
            && let Some(local) = set("LOCALAPPDATA")
        {
            return Ok(local.join("fermata"));
        }
        let Some(home) = set("HOME") else {
            return Err(StoreError::Io {
                path: "home folder".to_owned(),
                message: "expected FERMATA_HOME, XDG_STATE_HOME or HOME to be set, none is: set FERMATA_HOME to a folder of your own".to_owned(),
            });
        };
        Ok(if cfg!(target_os = "macos") {
            home.join("Library/Application Support/fermata")
        } else {
            home.join(".local/state/fermata")
        })
    }

    /// Opens the folder, making what is missing (mode 0700).
    ///
    /// # Errors
    /// [`StoreError::NetworkHome`], and [`StoreError::Io`] and its kin.
    pub fn open(root: &Path) -> Result<Self> {
        Self::open_on(root, &system_mounts())
    }

    /// As [`Home::open`], on a machine whose mounts are these: lines of `mountinfo` of Linux.
    ///
    /// # Errors
    /// As for [`Home::open`].
    #[doc(hidden)]
    pub fn open_on(root: &Path, mountinfo: &str) -> Result<Self> {
        make(root).map_err(|error| unusable(root, &error))?;
        let root = root
            .canonicalize()
            .map_err(|error| StoreError::io(root, &error))?;
        if let Some(kind) = network_kind(&root, mountinfo) {
            return Err(StoreError::NetworkHome {
                path: root.display().to_string(),
                kind,
            });
        }
        let home = Self { root };
        for folder in [home.locks(), home.wakes(), home.blobs(), home.logs()] {
            make(&folder).map_err(|error| unusable(&home.root, &error))?;
        }
        Ok(home)
    }

    /// Opens a folder that must exist already and is only looked at.
    ///
    /// # Errors
    /// [`StoreError::Io`] when it does not exist.
    pub fn look_at(root: &Path) -> Result<Self> {
        let root = root
            .canonicalize()
            .map_err(|error| StoreError::io(root, &error))?;
        Ok(Self { root })
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("fermata.db")
    }

    /// Folder of the run locks.
    #[must_use]
    pub fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    /// Folder of the wake files.
    #[must_use]
    pub fn wakes(&self) -> PathBuf {
        self.root.join("wake")
    }

    /// Folder of the blobs.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// Folder of the workers' output.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// What a run's worker wrote to its standard output and error.
    #[must_use]
    pub fn log(&self, run: &RunId) -> PathBuf {
        self.logs().join(format!("{run}.log"))
    }

    /// Worktree of a run.
    #[must_use]
    pub fn worktree(&self, run: &RunId) -> PathBuf {
        self.root.join("worktrees").join(run.as_str())
    }

    /// Whether a canonical folder is, or lies in, the worktree of some run.
    #[must_use]
    pub fn is_worktree(&self, folder: &Path) -> bool {
        folder.starts_with(self.root.join("worktrees"))
    }

    /// Artifacts of a run.
    #[must_use]
    pub fn artifacts(&self, run: &RunId) -> PathBuf {
        self.root.join("artifacts").join(run.as_str())
    }

    /// The blob with a content hash; `None` when that is no hash.
    #[must_use]
    pub fn blob(&self, hash: &str) -> Option<PathBuf> {
        let hex = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| self.blobs().join(&hash[..2]).join(hash))
    }
}

/// That a folder cannot be the home, and what to do.
fn unusable(root: &Path, error: &StoreError) -> StoreError {
    let why = match error {
        StoreError::Io { message, .. } => message.clone(),
        other => other.to_string(),
    };
    StoreError::Io {
        path: root.display().to_string(),
        message: format!(
            "expected a folder to keep runs in, or a place to make one, found none ({why}): set FERMATA_HOME or --home to a folder that you can write to"
        ),
    }
}

/// Makes a folder that only the user can enter.
pub(crate) fn make(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
        .create(folder)
        .map_err(|error| StoreError::io(folder, &error))
}

/// Type of the network file system that a canonical path lies on, by the longest mount point that holds it.
fn network_kind(path: &Path, mountinfo: &str) -> Option<String> {
    if path.to_str().is_some_and(|text| {
        text.starts_with(r"\\") && !text.starts_with(r"\\?\") && !text.starts_with(r"\\.\")
            || text.starts_with(r"\\?\UNC\")
    }) {
        return Some("a network share".to_owned());
    }
    let mut best: Option<(usize, &str)> = None;
    for line in mountinfo.lines() {
        let mut halves = line.splitn(2, " - ");
        let (Some(left), Some(right)) = (halves.next(), halves.next()) else {
            continue;
        };
        let (Some(point), Some(kind)) = (left.split(' ').nth(4), right.split(' ').next()) else {
            continue;
        };
        // The kernel writes blanks in mount points as octal.
        let point = point.replace("\\040", " ").replace("\\011", "\t");
        // A later mount on the same point hides the earlier one.
        if path.starts_with(&point) && best.is_none_or(|(length, _)| point.len() >= length) {
            best = Some((point.len(), kind));
        }
    }
    best.map(|(_, kind)| kind)
        .filter(|kind| NETWORK.contains(kind))
        .map(str::to_owned)
}

/// The mounts of this machine in the form of Linux; empty where they cannot be told.
fn system_mounts() -> String {
    if cfg!(target_os = "linux") {
        return std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    }
    if cfg!(target_os = "macos") {
        let listed = std::process::Command::new("/sbin/mount").output();
        let text = listed.map_or_else(
            |_| String::new(),
            |output| String::from_utf8_lossy(&output.stdout).into_owned(),
        );
        // `server:/x on /Volumes/x (nfs, …)`
        return text
            .lines()
            .filter_map(|line| {
                let (_, rest) = line.split_once(" on ")?;
                let (point, options) = rest.rsplit_once(" (")?;
                let kind = options.split([',', ')']).next()?;
                Some(format!(
                    "0 0 0 / {} - {kind} x",
                    point.replace(' ', "\\040")
                ))
            })
            .collect::<Vec<_>>()
            .join("\n");
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_wins_over_the_variables_and_a_relative_state_folder_is_ignored() {
        let env = |name: &str| match name {
            "FERMATA_HOME" => Some("/f".into()),
            _ => None,
        };
        assert_eq!(
            Home::locate(Some(Path::new("/x")), env).unwrap(),
            Path::new("/x")
        );
        assert_eq!(Home::locate(None, env).unwrap(), Path::new("/f"));
        let relative = |name: &str| match name {
            "XDG_STATE_HOME" => Some("state".into()),
            "HOME" => Some("/home/u".into()),
            _ => None,
        };
        let found = Home::locate(None, relative).unwrap();
        assert!(found.starts_with("/home/u"), "{found:?}");
        assert!(Home::locate(None, |_| None).is_err());
    }

    #[test]
    fn a_home_on_a_network_file_system_is_refused_and_a_local_mount_on_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let remote = format!(
            "1 0 0:1 / / rw - ext4 /dev/a rw\n2 1 0:2 / {} rw - nfs4 host:/x rw\n",
            root.display()
        );
        let error = Home::open_on(&root.join("h"), &remote).unwrap_err();
        assert!(
            matches!(&error, StoreError::NetworkHome { kind, .. } if kind == "nfs4"),
            "{error}"
        );
        assert!(error.to_string().contains("FERMATA_HOME"));
        let local = format!(
            "{remote}3 2 0:3 / {} rw - tmpfs t rw\n",
            root.join("h").display()
        );
        assert!(Home::open_on(&root.join("h"), &local).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn folders_are_the_users_own() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open_on(&folder.path().join("h"), "").unwrap();
        for path in [
            home.root().to_path_buf(),
            home.locks(),
            home.wakes(),
            home.blobs(),
            home.logs(),
        ] {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o700, "{path:?}");
        }
    }
}
