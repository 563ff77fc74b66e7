//! What a session keeps of the disk, with the system's watches and without them.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use fermata_store::{Index, IndexedWorld};
use fermata_workflow::World as _;
use tempfile::TempDir;

/// Far above what it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with one file, an index without watches, and what it tells.
fn unwatched() -> (TempDir, PathBuf, Index, Receiver<Vec<PathBuf>>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("command.md");
    std::fs::write(&file, "before").unwrap();
    let (tell, told) = channel();
    let index = Index::unwatched(move |paths| drop(tell.send(paths)));
    (folder, file, index, told)
}

fn read(index: &Index, file: &Path) -> Option<Vec<u8>> {
    IndexedWorld::new(index, []).read(file).ok()
}

#[test]
fn a_file_that_the_system_cannot_watch_is_told_of_when_it_changes_and_never_read_stale() {
    let (_folder, file, index, told) = unwatched();
    assert_eq!(read(&index, &file).unwrap(), b"before");
    std::fs::write(&file, "after that").unwrap();
    assert_eq!(read(&index, &file).unwrap(), b"after that");
    let said = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(said, std::slice::from_ref(&file));
    // Read again because it was told of, it is looked at again.
    read(&index, &file);
    std::fs::remove_file(&file).unwrap();
    let said = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(said, std::slice::from_ref(&file));
    assert_eq!(read(&index, &file), None);
    std::fs::write(&file, "once more").unwrap();
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), [file]);
}

#[test]
fn a_folder_that_the_system_cannot_watch_is_told_of_when_something_comes() {
    let (folder, _, index, told) = unwatched();
    let listed = || IndexedWorld::new(&index, []).list(folder.path()).unwrap();
    assert_eq!(listed(), ["command.md"]);
    std::fs::write(folder.path().join("another.md"), "").unwrap();
    assert_eq!(listed(), ["another.md", "command.md"]);
    let said = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(said, [folder.path().to_path_buf()]);
}
