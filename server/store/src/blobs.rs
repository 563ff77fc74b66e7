//! Blobs on disk: written beside their place, synced, then moved there, so
//! that a blob under its name is always whole.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::error::{Miss, Result, StoreError};
use crate::home::{Home, make};
use crate::private::private_file;
use crate::rules;

pub(crate) fn put(home: &Home, bytes: &[u8]) -> Result<String> {
    let hash = blake3::hash(bytes).to_hex().to_string();
    let path = home
        .blob(&hash)
        .expect("a hash in hex always has a place among the blobs");
    if intact(&path, &hash) {
        // Young again, so that pruning does not take it from whoever is about to name it.
        if let Ok(file) = File::open(&path) {
            let _ = file.set_modified(std::time::SystemTime::now());
        }
        return Ok(hash);
    }
    let folder = path.parent().expect("a blob lies in a folder");
    make(folder)?;
    let beside = folder.join(format!(".{}", crate::ulid::new_id(0)));
    let written = write(&beside, bytes).and_then(|()| fs::rename(&beside, &path));
    if let Err(error) = written {
        let _ = fs::remove_file(&beside);
        return Err(StoreError::io(&path, &error));
    }
    if let Ok(folder) = File::open(folder) {
        // Folders cannot be synced everywhere; the row's own sync comes later.
        let _ = folder.sync_all();
    }
    Ok(hash)
}

pub(crate) fn get(home: &Home, hash: &str) -> Result<Vec<u8>> {
    let missing = || Miss::NotFound(format!("blob {hash}"));
    let path = home.blob(hash).ok_or_else(missing)?;
    match fs::read(&path) {
        Ok(bytes) => rules::intact(hash, bytes, &path.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing().into()),
        Err(error) => Err(StoreError::io(&path, &error)),
    }
}

fn intact(path: &Path, hash: &str) -> bool {
    fs::read(path).is_ok_and(|bytes| blake3::hash(&bytes).to_hex().as_str() == hash)
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = private_file().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
