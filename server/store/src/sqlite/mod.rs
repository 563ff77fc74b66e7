//! The store on disk: one SQLite database in WAL mode under the home folder.
//! One connection writes, a few read; transactions are short, and synced when
//! what they hold must survive. What a transaction does is in `tables`.

mod doctor;
pub(crate) mod failure;
mod prune;
mod rows;
mod schema;
mod store;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub use doctor::{Finding, doctor};
pub use prune::{Pruned, Retention};

use self::rows::Rows;
use self::schema::Access;
use crate::error::{Result, StoreError};
use crate::home::Home;
use crate::record::Commits;
use crate::wake::WakeHub;
use crate::watch::Watch;

/// Frames after which the WAL is folded into the database, and the size it is cut back to.
const CHECKPOINT_PAGES: u32 = 1000;
const WAL_BYTES: u32 = 16 << 20;
/// How much further the WAL may grow before a writer tries again to fold it, when a reader has kept it from that.
const WAL_MORE: u64 = 8 << 20;
/// How long a writer waits for readers to let the WAL be folded, seconds.
const FOLDING: u64 = 1;
/// Readers kept open.
const READERS: usize = 3;

/// The store in `fermata.db` of a home folder.
pub struct SqliteStore {
    home: Home,
    path: PathBuf,
    access: Access,
    writer: Mutex<Writer>,
    readers: Mutex<Vec<Connection>>,
    hub: Arc<WakeHub>,
    watch: Mutex<Weak<Watch>>,
}

struct Writer {
    db: Connection,
    /// Whether the connection syncs at commit now.
    full: bool,
    commits: Commits,
    /// Bytes of the WAL when it could not be folded the last time.
    unfolded: u64,
}

impl SqliteStore {
    /// Opens the store of a home folder, making or upgrading it where needed.
    ///
    /// # Errors
    /// [`StoreError::Version`], [`StoreError::InUse`], [`StoreError::Corrupt`], and those of the file system.
    pub fn open(home: &Home) -> Result<Self> {
        let path = home.database();
        let mut db = connect(
            &path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        )?;
        private(&path)?;
        settle(&db, &path)?;
        let access = schema::prepare(&mut db, home, &path, schema::MIGRATIONS)?;
        Ok(Self::with(home, path, db, access))
    }

    /// Opens an existing store to look at it only: for a home that cannot be written.
    ///
    /// # Errors
    /// As for [`SqliteStore::open`]; [`StoreError::Io`] where there is none.
    pub fn open_to_read(home: &Home) -> Result<Self> {
        let path = home.database();
        let db = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let found = schema::version(&db, &path)?;
        let supported = schema::supported(schema::MIGRATIONS);
        if found != supported {
            return Err(StoreError::Version {
                found,
                supported,
                path: path.display().to_string(),
                binary: crate::error::this_binary(),
            });
        }
        Ok(Self::with(home, path, db, Access::Read))
    }

    fn with(home: &Home, path: PathBuf, db: Connection, access: Access) -> Self {
        Self {
            home: home.clone(),
            path,
            access,
            writer: Mutex::new(Writer {
                db,
                full: true,
                commits: Commits::default(),
                unfolded: 0,
            }),
            readers: Mutex::new(Vec::new()),
            hub: Arc::new(WakeHub::default()),
            watch: Mutex::new(Weak::new()),
        }
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Lets the database grow to so many pages of 4 KiB and no further: a full disk, for tests.
    ///
    /// # Errors
    /// Those of the database.
    #[doc(hidden)]
    pub fn limit_pages(&self, pages: u32) -> Result<()> {
        self.writer()
            .db
            .pragma_update(None, "max_page_count", pages)
            .map_err(|error| failure::of(&self.path, &error))
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One writing transaction; rolled back when `body` fails.
    fn write<T>(&self, durable: bool, body: impl FnOnce(&mut Rows<'_>) -> Result<T>) -> Result<T> {
        if self.access == Access::Read {
            return Err(StoreError::ReadOnly {
                path: self.path.display().to_string(),
            });
        }
        let sql = |error: rusqlite::Error| failure::of(&self.path, &error);
        let mut writer = self.writer();
        if writer.full != durable {
            let mode = if durable { "FULL" } else { "NORMAL" };
            writer
                .db
                .pragma_update(None, "synchronous", mode)
                .map_err(sql)?;
            writer.full = durable;
        }
        let step: Transaction<'_> = writer
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql)?;
        let done = body(&mut Rows {
            db: &step,
            path: &self.path,
        })?;
        step.commit().map_err(sql)?;
        if durable {
            writer.commits.synced += 1;
        } else {
            writer.commits.relaxed += 1;
        }
        self.fold_wal(&mut writer);
        Ok(done)
    }

    /// Folds a WAL that has grown large into the database. The database does that by itself when it can, but never while
    /// writers follow each other without a pause; so one of them makes the others wait for a moment. What is committed is
    /// committed, whatever comes of this.
    fn fold_wal(&self, writer: &mut Writer) {
        let mut wal = self.path.clone().into_os_string();
        wal.push("-wal");
        let size = std::fs::metadata(&wal).map_or(0, |file| file.len());
        if size < u64::from(WAL_BYTES).max(writer.unfolded + WAL_MORE) {
            if size < u64::from(WAL_BYTES) {
                writer.unfolded = 0;
            }
            return;
        }
        let folded = writer
            .db
            .busy_handler(Some(hasty))
            .and_then(|()| {
                let folding = "PRAGMA wal_checkpoint(TRUNCATE)";
                writer
                    .db
                    .query_row(folding, [], |row| row.get::<_, bool>(0))
            })
            .is_ok_and(|busy| !busy);
        let _ = writer.db.busy_handler(Some(patient));
        writer.unfolded = if folded { 0 } else { size };
    }

    /// One reading transaction: everything in it sees the same moment.
    fn look<T>(&self, body: impl FnOnce(&Rows<'_>) -> Result<T>) -> Result<T> {
        let sql = |error: rusqlite::Error| failure::of(&self.path, &error);
        let idle = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut db = match idle {
            Some(db) => db,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let step = db
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(sql)?;
        let found = body(&Rows {
            db: &step,
            path: &self.path,
        });
        drop(step);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(db);
        }
        found
    }

    /// The watcher of wake files, begun with the first subscriber and ended with the last.
    fn watch(&self) -> Arc<Watch> {
        let mut slot = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watch) = slot.upgrade() {
            return watch;
        }
        let watch = Arc::new(Watch::begin(&self.home, &self.hub));
        *slot = Arc::downgrade(&watch);
        watch
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let sql = |error: rusqlite::Error| failure::of(path, &error);
    let db =
        Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(sql)?;
    db.busy_handler(Some(patient)).map_err(sql)?;
    // Plans that do not depend on values: without this, SQLite prepares some statements again for every value.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(sql)?;
    Ok(db)
}

fn settle(db: &Connection, path: &Path) -> Result<()> {
    let sql = |error: rusqlite::Error| failure::of(path, &error);
    // The first switch to WAL needs the whole file, and SQLite does not ask the busy handler when two want that at once.
    let mut attempt = 0;
    while let Err(error) = db.pragma_update(None, "journal_mode", "WAL") {
        let busy = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
        if !busy || !patient(attempt) {
            return Err(sql(error));
        }
        attempt += 1;
    }
    db.pragma_update(None, "synchronous", "FULL").map_err(sql)?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)
        .map_err(sql)?;
    db.pragma_update(None, "journal_size_limit", WAL_BYTES)
        .map_err(sql)
}

/// Waits for another writer, in steps of uneven length so that two waiters do not meet again and again.
fn patient(attempt: i32) -> bool {
    wait_at_most(failure::PATIENCE, attempt)
}

/// As [`patient`], for what can be tried again later.
fn hasty(attempt: i32) -> bool {
    wait_at_most(FOLDING, attempt)
}

fn wait_at_most(seconds: u64, attempt: i32) -> bool {
    thread_local! {
        static SINCE: std::cell::Cell<Option<Instant>> = const { std::cell::Cell::new(None) };
    }
    let since = SINCE.with(|since| {
        if attempt == 0 {
            since.set(Some(Instant::now()));
        }
        since.get().unwrap_or_else(Instant::now)
    });
    if since.elapsed() > Duration::from_secs(seconds) {
        return false;
    }
    let mut jitter = [0_u8; 1];
    // Without randomness the steps are even, no more.
    let _ = getrandom::fill(&mut jitter);
    let step = u64::try_from(attempt.clamp(0, 20)).unwrap_or(0);
    std::thread::sleep(Duration::from_micros(
        200 + step * 500 + u64::from(jitter[0]) * 20,
    ));
    true
}

/// Makes a file readable by its user only.
fn private(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            .map_err(|error| StoreError::io(path, &error))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
