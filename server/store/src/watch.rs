//! Wake files: a few bytes per run, rewritten after each commit, so that other
//! processes learn of it without watching the database. Watched through the
//! system where it can, polled where it cannot; nothing is done while nobody
//! is subscribed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use fermata_engine::{RunId, Seq};
use notify::Watcher as _;

use crate::home::Home;
use crate::private::private_file;
use crate::wake::WakeHub;

/// Wake file of the list of runs and start requests.
const LIST: &str = "_runs";
/// Pause between looks when the system cannot watch, and when it can (in case it loses something).
const POLL: Duration = Duration::from_millis(100);
const SAFETY: Duration = Duration::from_secs(1);

/// Tells other processes that a run, and perhaps the list, has changed. A hint: failures are no failures.
pub(crate) fn announce(home: &Home, run: Option<(&RunId, Seq)>, listed: bool) {
    if let Some((run, seq)) = run {
        put(&home.wakes().join(run.as_str()), &format!("{seq:020}\n"));
    }
    if listed {
        // Never the same twice, so that a poll sees it.
        put(
            &home.wakes().join(LIST),
            &format!("{}\n", crate::ulid::new_id(0)),
        );
    }
}

/// Overwrites in place: texts are of one length, and truncating first makes some file systems (ext4) flush at close,
/// which costs as much as a sync.
fn put(path: &Path, text: &str) {
    let mut options = private_file();
    options.write(true).create(true).truncate(false);
    if let Ok(mut file) = options.open(path) {
        let _ = std::io::Write::write_all(&mut file, text.as_bytes());
    }
}

/// Watches the wake files of a home for as long as it lives.
pub(crate) struct Watch {
    stop: Arc<(AtomicBool, Mutex<()>, Condvar)>,
    _system: Option<notify::RecommendedWatcher>,
}

impl Watch {
    pub(crate) fn begin(home: &Home, hub: &Arc<WakeHub>) -> Self {
        let folder = home.wakes();
        let system = watch(&folder, Arc::clone(hub));
        let stop = Arc::new((AtomicBool::new(false), Mutex::new(()), Condvar::new()));
        let pause = if system.is_some() { SAFETY } else { POLL };
        // What is there now is known; only later changes wake.
        let seen = look(&folder, hub, &BTreeMap::new());
        let (stopping, hub) = (Arc::clone(&stop), Arc::clone(hub));
        let spawned = std::thread::Builder::new()
            .name("fermata-wake".to_owned())
            .spawn(move || poll(&folder, &hub, seen, pause, &stopping));
        drop(spawned);
        Self {
            stop,
            _system: system,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::SeqCst);
        self.stop.2.notify_all();
    }
}

fn watch(folder: &Path, hub: Arc<WakeHub>) -> Option<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else {
            hub.wake_all();
            return;
        };
        if event.need_rescan() {
            hub.wake_all();
        }
        if !matches!(
            event.kind,
            notify::EventKind::Modify(_) | notify::EventKind::Create(_) | notify::EventKind::Any
        ) {
            return;
        }
        for path in &event.paths {
            wake_named(&hub, path);
        }
    })
    .ok()?;
    watcher
        .watch(folder, notify::RecursiveMode::NonRecursive)
        .ok()?;
    Some(watcher)
}

fn wake_named(hub: &WakeHub, path: &Path) {
    match path.file_name().and_then(|name| name.to_str()) {
        Some(LIST) => hub.wake(None, true),
        Some(run) => hub.wake(Some(&RunId::from(run)), false),
        None => {}
    }
}

fn poll(
    folder: &Path,
    hub: &WakeHub,
    mut seen: BTreeMap<PathBuf, String>,
    pause: Duration,
    stop: &(AtomicBool, Mutex<()>, Condvar),
) {
    loop {
        let guard = stop.1.lock().unwrap_or_else(PoisonError::into_inner);
        if stop.0.load(Ordering::SeqCst) {
            return;
        }
        let waited = stop.2.wait_timeout(guard, pause);
        drop(waited);
        if stop.0.load(Ordering::SeqCst) {
            return;
        }
        let now = look(folder, hub, &seen);
        for (path, text) in &now {
            if seen.get(path).is_some_and(|before| before != text) {
                wake_named(hub, path);
            }
        }
        seen = now;
    }
}

/// Content of the wake files that somebody waits for; a file that was not looked at before counts as unchanged when it
/// is met first, because its subscriber read the store after subscribing.
fn look(
    folder: &Path,
    hub: &WakeHub,
    seen: &BTreeMap<PathBuf, String>,
) -> BTreeMap<PathBuf, String> {
    hub.wanted()
        .into_iter()
        .map(|run| folder.join(run.as_ref().map_or(LIST, RunId::as_str)))
        .map(|path| {
            let text = fs::read_to_string(&path)
                .ok()
                // Between creation and the first writing the file is empty for a moment.
                .filter(|text| !text.is_empty())
                .or_else(|| seen.get(&path).cloned())
                .unwrap_or_default();
            (path, text)
        })
        .collect()
}
