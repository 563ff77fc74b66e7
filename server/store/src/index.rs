//! What a session has read of the disk, kept until it changes: files, folders and what is not there. Changes are told
//! by the system, and by whoever else knows of one. What cannot be watched is not kept, and is looked at from time to
//! time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fermata_workflow::World;
use fermata_workflow::memo::Memo;
use fermata_workflow::world::PathKind;
use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::stamps::Stamps;
use crate::world::{OsWorld, read_disk};

/// Pause between two looks at what cannot be watched.
const LOOK: Duration = Duration::from_secs(1);

/// Reads the disk once. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Index {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    watcher: Mutex<Option<RecommendedWatcher>>,
    unwatched: Stamps,
    /// Whether a thread looks at `unwatched`.
    looking: AtomicBool,
    changed: Box<dyn Fn(Vec<PathBuf>) + Send + Sync>,
    memo: Memo,
    reads: AtomicU64,
}

#[derive(Default)]
struct State {
    /// `None`: it could not be read.
    files: HashMap<PathBuf, Option<Arc<Vec<u8>>>>,
    kinds: HashMap<PathBuf, Option<PathKind>>,
    lists: HashMap<PathBuf, Option<Vec<String>>>,
    watched: HashSet<PathBuf>,
    /// Goes up with every change, so that what was read before one is not kept after it.
    changes: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Index {
    /// An empty index; `changed` is called, on a thread of its own, with paths at or below which something has changed.
    #[must_use]
    pub fn start(changed: impl Fn(Vec<PathBuf>) + Send + Sync + 'static) -> Self {
        let index = Self::unwatched(changed);
        let told = Arc::downgrade(&index.shared);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Some(shared) = told.upgrade() else {
                return;
            };
            let Some(event) = event.ok().filter(|event| !event.need_rescan()) else {
                // More has happened than the system could tell.
                shared.tell(shared.roots());
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

    /// As [`Self::start`] where the system has no watches left.
    #[doc(hidden)]
    #[must_use]
    pub fn unwatched(changed: impl Fn(Vec<PathBuf>) + Send + Sync + 'static) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                watcher: Mutex::new(None),
                unwatched: Stamps::default(),
                looking: AtomicBool::new(false),
                changed: Box::new(changed),
                memo: Memo::default(),
                reads: AtomicU64::new(0),
            }),
        }
    }

    /// Says that something has changed at these paths.
    pub fn touch(&self, paths: &[PathBuf]) {
        self.shared.forget(paths);
    }

    /// Whether the system tells of changes. Where it cannot, what was read is not kept.
    #[must_use]
    pub fn is_told(&self) -> bool {
        lock(&self.shared.watcher).is_some()
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
        (self.changed)(paths);
    }

    /// What everything that is kept lies below.
    fn roots(&self) -> Vec<PathBuf> {
        let state = lock(&self.state);
        let roots: BTreeSet<&Path> = state
            .watched
            .iter()
            .filter_map(|folder| folder.ancestors().last())
            .collect();
        roots.into_iter().map(Path::to_path_buf).collect()
    }

    /// Has a path looked at from time to time, for as long as the index lives.
    fn look_at(self: &Arc<Self>, path: &Path) {
        self.unwatched.note(path);
        if self.looking.swap(true, Ordering::Relaxed) {
            return;
        }
        let looked = Arc::downgrade(self);
        let thread = std::thread::Builder::new()
            .name("fermata-look".to_owned())
            .spawn(move || {
                loop {
                    std::thread::sleep(LOOK);
                    let Some(shared) = looked.upgrade() else {
                        return;
                    };
                    let changed = shared.unwatched.changed();
                    if !changed.is_empty() {
                        shared.tell(changed);
                    }
                }
            });
        // The next path that is asked for tries again.
        self.looking.store(thread.is_ok(), Ordering::Relaxed);
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

    /// The kept answer, else the disk's, kept where changes are told.
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
        if !told {
            self.look_at(path);
        }
        let before = lock(&self.state).changes;
        self.reads.fetch_add(1, Ordering::Relaxed);
        let answer = disk();
        let mut state = lock(&self.state);
        if told && state.changes == before {
            kept(&mut state).insert(path.to_path_buf(), answer.clone());
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
