//! Worlds: what checking and lowering see of the machine. [`OsWorld`] is the
//! system with open documents over it; [`PinnedWorld`] shows the files of a
//! run's definition as they were; [`Recorder`] notes what a load has read, so
//! that exactly this can be pinned.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fermata_engine::event::PinnedFile;
use fermata_workflow::World;
use fermata_workflow::memo::Memo;
use fermata_workflow::world::PathKind;

use crate::contract::Store;
use crate::error::Result;

/// The system, with open documents over the disk.
#[derive(Debug, Clone, Default)]
pub struct OsWorld {
    overlay: BTreeMap<PathBuf, Vec<u8>>,
    env: BTreeMap<String, String>,
    memo: Option<Arc<Memo>>,
}

impl OsWorld {
    /// The system as it is.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The system with these open documents: absolute path and bytes.
    #[must_use]
    pub fn with_overlay(documents: impl IntoIterator<Item = (PathBuf, Vec<u8>)>) -> Self {
        Self {
            overlay: documents.into_iter().collect(),
            env: BTreeMap::new(),
            memo: None,
        }
    }

    /// Keeps what was parsed of a project's files, for many loads from one project.
    #[must_use]
    pub fn remembering(mut self) -> Self {
        self.memo = Some(Arc::default());
        self
    }

    /// Adds variables that are used where the environment has none: a `.env` file's.
    #[must_use]
    pub fn with_env(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.env.extend(variables);
        self
    }

    /// The names in a folder of the disk, without open documents.
    pub(crate) fn list_disk(&self, folder: &Path) -> io::Result<Vec<String>> {
        Ok(std::fs::read_dir(folder)?
            .filter_map(std::result::Result::ok)
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect())
    }

    /// The names of open documents in a folder.
    pub(crate) fn open_in<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = String> + 'a {
        self.overlay
            .keys()
            .filter(move |path| path.parent() == Some(folder))
            .filter_map(|path| path.file_name())
            .map(|name| name.to_string_lossy().into_owned())
    }

    /// Whether the text of a file is an open document's.
    #[must_use]
    pub fn is_open(&self, path: &Path) -> bool {
        self.overlay.contains_key(path)
    }
}

/// The bytes of a file of the disk. What is no file is refused: a pipe would be waited for, a device never ends.
pub(crate) fn read_disk(path: &Path) -> io::Result<Vec<u8>> {
    let meta = std::fs::metadata(path)?;
    if !meta.is_file() {
        let message = format!("{} is not a file", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    std::fs::read(path)
}

impl World for OsWorld {
    fn memo(&self) -> Option<&Memo> {
        self.memo.as_deref()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.overlay.get(path) {
            Some(bytes) => Ok(bytes.clone()),
            None => read_disk(path),
        }
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        if self.overlay.contains_key(path) {
            return Ok(PathKind::File);
        }
        let meta = std::fs::metadata(path)?;
        Ok(if meta.is_file() {
            PathKind::File
        } else if meta.is_dir() {
            PathKind::Folder
        } else {
            PathKind::Other
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = self.list_disk(folder)?;
        // A new document that was never saved is in its folder too.
        names.extend(self.open_in(folder));
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        match path.canonicalize() {
            Err(_) if self.overlay.contains_key(path) => Ok(path.to_path_buf()),
            found => found,
        }
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name)
            .ok()
            .or_else(|| self.env.get(name).cloned())
    }

    fn home(&self) -> Option<PathBuf> {
        std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        let named = Path::new(name);
        if named.components().count() > 1 {
            return runnable(named).then(|| named.to_path_buf());
        }
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .flat_map(|folder| candidates(&folder, name))
            .find(|candidate| runnable(candidate))
    }
}

fn candidates(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = vec![folder.join(name)];
    if cfg!(windows) {
        let kinds = std::env::var("PATHEXT").unwrap_or_else(|_| ".EXE;.CMD;.BAT".to_owned());
        found.extend(
            kinds
                .split(';')
                .map(|kind| folder.join(format!("{name}{kind}"))),
        );
    }
    found
}

fn runnable(path: &Path) -> bool {
    let Ok(meta) = std::fs::metadata(path) else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        meta.is_file() && meta.permissions().mode() & 0o111 != 0
    }
    #[cfg(not(unix))]
    {
        meta.is_file()
    }
}

/// A world in which the files of a definition are as they were pinned. Everything else comes from the system, except
/// in the folders of an Archon project of which something is pinned: there nothing exists that was not pinned, so that a
/// file that came later cannot change what a run is.
#[derive(Debug, Clone, Default)]
pub struct PinnedWorld {
    files: BTreeMap<PathBuf, Vec<u8>>,
    whole: BTreeSet<PathBuf>,
    system: OsWorld,
}

/// Folders of a project whose content decides what a workflow of it is.
const WHOLE: [&str; 3] = ["workflows", "commands", "scripts"];

impl PinnedWorld {
    /// Reads the pinned files from the store.
    ///
    /// # Errors
    /// Those of [`Store::blob`]: a definition whose bytes are gone cannot be carried out.
    pub fn load(store: &dyn Store, files: &[PinnedFile]) -> Result<Self> {
        let files = files
            .iter()
            .map(|file| Ok((PathBuf::from(&file.path), store.blob(&file.blob)?)))
            .collect::<Result<BTreeMap<_, _>>>()?;
        let whole = files
            .keys()
            .flat_map(|file| file.ancestors())
            .filter(|folder| folder.file_name().is_some_and(|name| name == ".archon"))
            .flat_map(|folder| WHOLE.map(|inner| folder.join(inner)))
            .collect();
        Ok(Self {
            files,
            whole,
            system: OsWorld::new(),
        })
    }

    /// Whether only what was pinned exists there.
    fn is_whole(&self, path: &Path) -> bool {
        path.ancestors().any(|folder| self.whole.contains(folder))
    }

    /// Names of what was pinned in a folder, folders included.
    fn pinned_in(&self, folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(folder).ok())
            .filter_map(|inner| inner.components().next())
            .map(|name| name.as_os_str().to_string_lossy().into_owned())
            .collect();
        names.dedup();
        names
    }
}

fn never_pinned(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("{} was not there when the run was pinned", path.display()),
    )
}

impl World for PinnedWorld {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.files.get(path) {
            Some(bytes) => Ok(bytes.clone()),
            None if self.is_whole(path) => Err(never_pinned(path)),
            None => self.system.read(path),
        }
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        if self.files.contains_key(path) {
            return Ok(PathKind::File);
        }
        if self.is_whole(path) {
            return if self.pinned_in(path).is_empty() {
                Err(never_pinned(path))
            } else {
                Ok(PathKind::Folder)
            };
        }
        self.system.kind(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        if self.is_whole(folder) {
            return Ok(self.pinned_in(folder));
        }
        let pinned = self
            .files
            .keys()
            .filter(|path| path.parent() == Some(folder))
            .filter_map(|path| path.file_name())
            .map(|name| name.to_string_lossy().into_owned());
        let mut names = self.system.list(folder).unwrap_or_default();
        names.extend(pinned);
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        match self.system.canonical(path) {
            Err(_) if self.files.contains_key(path) => Ok(path.to_path_buf()),
            found => found,
        }
    }

    fn env(&self, name: &str) -> Option<String> {
        self.system.env(name)
    }

    fn home(&self) -> Option<PathBuf> {
        self.system.home()
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        self.system.program(name)
    }
}

/// What a load has drawn in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Files that were read, with their bytes.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// Variables that were asked for; `None` when unset.
    pub env: BTreeMap<String, Option<String>>,
}

/// Passes everything through and notes it.
pub struct Recorder<'a> {
    inner: &'a dyn World,
    drawn: Mutex<Drawn>,
}

impl<'a> Recorder<'a> {
    /// Around another world.
    #[must_use]
    pub fn new(inner: &'a dyn World) -> Self {
        Self {
            inner,
            drawn: Mutex::new(Drawn::default()),
        }
    }

    /// What was noted.
    #[must_use]
    pub fn drawn(self) -> Drawn {
        self.drawn
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, write: impl FnOnce(&mut Drawn)) {
        write(&mut self.drawn.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl World for Recorder<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.inner.read(path)?;
        self.note(|drawn| {
            drawn.files.insert(path.to_path_buf(), bytes.clone());
        });
        Ok(bytes)
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        self.inner.kind(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.inner.list(folder)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.inner.canonical(path)
    }

    fn env(&self, name: &str) -> Option<String> {
        let value = self.inner.env(name);
        self.note(|drawn| {
            drawn.env.insert(name.to_owned(), value.clone());
        });
        value
    }

    fn home(&self) -> Option<PathBuf> {
        self.inner.home()
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        self.inner.program(name)
    }
}
