//! What a session has read of the disk, kept until it changes: files, folders and what is not there. Changes are told
//! by the system, and by whoever else knows of one. Where the system cannot tell (other programs may have used up what
//! it has of watchers), what is kept is looked at again and again.

mod stamp;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fermata_workflow::World;
use fermata_workflow::memo::Memo;
use fermata_workflow::world::PathKind;
use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use self::stamp::Stamp;
use crate::world::{OsWorld, read_disk};

/// Pause between two looks at what the system does not tell of.
const POLL: Duration = Duration::from_millis(500);

/// Reads the disk once. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Index {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Mutex<Changed>,
    watcher: Mutex<Option<RecommendedWatcher>>,
    memo: Memo,
    reads: AtomicU64,
}

/// Called with paths at which something has changed.
type Changed = Box<dyn Fn(Vec<PathBuf>) + Send>;

#[derive(Default)]
struct State {
    /// `None`: it could not be read.
    files: HashMap<PathBuf, Option<Arc<Vec<u8>>>>,
    kinds: HashMap<PathBuf, Option<PathKind>>,
    lists: HashMap<PathBuf, Option<Vec<String>>>,
    watched: HashSet<PathBuf>,
    /// What is kept and the system does not tell of, as it was before it was read; `None` until there is something.
    polled: Option<HashMap<PathBuf, Stamp>>,
    /// Goes up with every change, so that what was read before one is not kept after it.
    changes: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Index {
    /// An empty index; `changed` is called, on a thread of its own, with paths at which something has changed.
    #[must_use]
    pub fn start(changed: impl Fn(Vec<PathBuf>) + Send + 'static) -> Self {
        let index = Self::untold(changed);
        let told = Arc::downgrade(&index.shared);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let (Ok(event), Some(shared)) = (event, told.upgrade()) else {
                return;
            };
            let matters = match event.kind {
                EventKind::Access(_) => false,
                // The time of reading is no change.
                EventKind::Modify(ModifyKind::Metadata(kind)) => {
                    kind != notify::event::MetadataKind::AccessTime
                }
                _ => true,
            };
            if matters && !event.paths.is_empty() {
                shared.tell(event.paths);
            }
        });
        if let Ok(watcher) = watcher {
            *lock(&index.shared.watcher) = Some(watcher);
        }
        index
    }

    /// One that the system tells nothing.
    fn untold(changed: impl Fn(Vec<PathBuf>) + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Mutex::new(Box::new(changed)),
            watcher: Mutex::new(None),
            memo: Memo::default(),
            reads: AtomicU64::new(0),
        });
        Self { shared }
    }

    /// Says that something has changed at these paths.
    pub fn touch(&self, paths: &[PathBuf]) {
        self.shared.forget(paths);
    }

    /// How often the disk was asked for a file or a folder.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.shared.reads.load(Ordering::Relaxed)
    }

    /// How many files of a project were parsed.
    #[must_use]
    pub fn parses(&self) -> u64 {
        self.shared.memo.parses()
    }
}

/// What was asked of the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Files and folders: what they are, or what is in a file.
    paths: BTreeSet<PathBuf>,
    /// Folders: what is in them.
    lists: BTreeSet<PathBuf>,
}

impl Asked {
    /// Whether something has another answer since a path has changed.
    #[must_use]
    pub fn concerns(&self, changed: &Path) -> bool {
        self.paths.contains(changed)
            || changed
                .parent()
                .is_some_and(|folder| self.lists.contains(folder))
            || self
                .paths
                .range(changed.to_path_buf()..)
                .next()
                .is_some_and(|path| path.starts_with(changed))
    }
}

impl Shared {
    fn tell(&self, paths: Vec<PathBuf>) {
        self.forget(&paths);
        lock(&self.changed)(paths);
    }

    fn forget(&self, paths: &[PathBuf]) {
        let mut state = lock(&self.state);
        state.changes += 1;
        for path in paths {
            let below = |known: &PathBuf| known.starts_with(path);
            state.files.retain(|known, _| !below(known));
            state.kinds.retain(|known, _| !below(known));
            state.lists.retain(|known, _| !below(known));
            // A folder that went away is watched no more, even if it comes back.
            state.watched.retain(|known| !below(known));
            if let Some(folder) = path.parent() {
                state.lists.remove(folder);
            }
            // What nothing is kept of any more is read before it is kept again.
            if let Some(polled) = &mut state.polled {
                polled.retain(|known, _| !below(known));
            }
        }
    }

    /// Whether changes at a path are told: its folder is watched, or the nearest one above that exists.
    fn watch(&self, folder: &Path) -> bool {
        for folder in folder.ancestors().take_while(|f| f.parent().is_some()) {
            if lock(&self.state).watched.contains(folder) {
                return true;
            }
            let mut watcher = lock(&self.watcher);
            let Some(watcher) = watcher.as_mut() else {
                return false;
            };
            if watcher.watch(folder, RecursiveMode::NonRecursive).is_ok() {
                lock(&self.state).watched.insert(folder.to_path_buf());
                return true;
            }
            if folder.exists() {
                return false;
            }
        }
        false
    }

    /// Looks at a path again and again from now on: it is another one when it no longer has this stamp.
    fn poll(self: &Arc<Self>, state: &mut State, path: &Path, stamp: Stamp) {
        if let Some(polled) = &mut state.polled {
            // The first answer that is kept has the oldest stamp.
            polled.entry(path.to_path_buf()).or_insert(stamp);
            return;
        }
        state.polled = Some(HashMap::from([(path.to_path_buf(), stamp)]));
        let polled = Arc::downgrade(self);
        let spawned = std::thread::Builder::new()
            .name("fermata-poll".to_owned())
            .spawn(move || {
                while let Some(shared) = polled.upgrade() {
                    let known = lock(&shared.state).polled.clone().unwrap_or_default();
                    let other = |(path, stamp): (PathBuf, Stamp)| {
                        (Stamp::of(&path) != stamp).then_some(path)
                    };
                    let changed: Vec<PathBuf> = known.into_iter().filter_map(other).collect();
                    if !changed.is_empty() {
                        shared.tell(changed);
                    }
                    drop(shared);
                    std::thread::sleep(POLL);
                }
            });
        drop(spawned);
    }

    /// The kept answer, else the disk's.
    fn ask<T: Clone>(
        self: &Arc<Self>,
        path: &Path,
        kept: impl Fn(&mut State) -> &mut HashMap<PathBuf, T>,
        disk: impl FnOnce() -> T,
    ) -> T {
        if let Some(answer) = kept(&mut lock(&self.state)).get(path) {
            return answer.clone();
        }
        let told = self.watch(path.parent().unwrap_or(path)) && self.watch(path);
        // The root of the file system and what is in it is not watched, and too rarely asked about to be looked at.
        let deep = path.ancestors().nth(2).is_some();
        let stamp = (!told && deep).then(|| Stamp::of(path));
        let before = lock(&self.state).changes;
        self.reads.fetch_add(1, Ordering::Relaxed);
        let answer = disk();
        let mut state = lock(&self.state);
        if (told || deep) && state.changes == before {
            kept(&mut state).insert(path.to_path_buf(), answer.clone());
            if let Some(stamp) = stamp {
                self.poll(&mut state, path, stamp);
            }
        }
        answer
    }
}

/// The system with open documents over it, through an index; notes what was asked.
pub struct IndexedWorld {
    index: Index,
    system: OsWorld,
    asked: Mutex<Asked>,
}

impl IndexedWorld {
    /// The index's system with these open documents.
    #[must_use]
    pub fn new(index: &Index, documents: impl IntoIterator<Item = (PathBuf, Vec<u8>)>) -> Self {
        Self {
            index: index.clone(),
            system: OsWorld::with_overlay(documents),
            asked: Mutex::default(),
        }
    }

    /// Everything that was asked.
    #[must_use]
    pub fn asked(self) -> Asked {
        self.asked
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, path: &Path) {
        lock(&self.asked).paths.insert(path.to_path_buf());
    }
}

fn gone(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("there is nothing to read at {}", path.display()),
    )
}

impl World for IndexedWorld {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.note(path);
        if self.system.is_open(path) {
            return self.system.read(path);
        }
        let mut why = None;
        let answer = self.index.shared.ask(
            path,
            |state| &mut state.files,
            || match read_disk(path) {
                Ok(bytes) => Some(Arc::new(bytes)),
                Err(error) => {
                    why = Some(error);
                    None
                }
            },
        );
        match (answer, why) {
            (Some(bytes), _) => Ok(bytes.as_ref().clone()),
            (None, Some(error)) => Err(error),
            // Why it could not be read is asked again: that is rare, and the reason is shown.
            (None, None) => Err(read_disk(path).err().unwrap_or_else(|| gone(path))),
        }
    }

    fn kind(&self, path: &Path) -> io::Result<PathKind> {
        self.note(path);
        if self.system.is_open(path) {
            return self.system.kind(path);
        }
        let disk = || self.system.kind(path).ok();
        let answer = self.index.shared.ask(path, |state| &mut state.kinds, disk);
        answer.ok_or_else(|| gone(path))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.note(folder);
        lock(&self.asked).lists.insert(folder.to_path_buf());
        let disk = || self.system.list_disk(folder).ok();
        let answer = self
            .index
            .shared
            .ask(folder, |state| &mut state.lists, disk);
        let mut names = answer.ok_or_else(|| gone(folder))?;
        names.extend(self.system.open_in(folder));
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.system.canonical(path)
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

    fn memo(&self) -> Option<&Memo> {
        Some(&self.index.shared.memo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_watchers_of_the_system_changes_are_found_all_the_same_and_nothing_is_read_twice() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        let (send, told) = std::sync::mpsc::channel();
        let index = Index::untold(move |paths| {
            let _ = send.send(paths);
        });
        let world = || IndexedWorld::new(&index, []);
        let until_told = |path: &Path| {
            let long = Duration::from_secs(60);
            while !told
                .recv_timeout(long)
                .unwrap()
                .iter()
                .any(|told| path.starts_with(told))
            {}
        };
        assert!(world().read(&file).is_err());
        assert_eq!(world().list(folder.path()).unwrap(), [""; 0]);
        std::fs::write(&file, "one").unwrap();
        until_told(&file);
        assert_eq!(world().read(&file).unwrap(), b"one");
        assert_eq!(world().list(folder.path()).unwrap(), ["a.yaml"]);
        // Once both have been seen as they are now, what is kept is not read.
        loop {
            let reads = index.reads();
            assert_eq!(world().read(&file).unwrap(), b"one");
            assert_eq!(world().list(folder.path()).unwrap(), ["a.yaml"]);
            if index.reads() == reads {
                break;
            }
        }
        std::fs::write(&file, "another").unwrap();
        until_told(&file);
        assert_eq!(world().read(&file).unwrap(), b"another");
        std::fs::remove_file(&file).unwrap();
        until_told(&file);
        assert!(world().read(&file).is_err());
        assert_eq!(world().kind(folder.path()).unwrap(), PathKind::Folder);
    }
}
