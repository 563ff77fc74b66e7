//! Files that only their user can read.

use std::fs::OpenOptions;

/// How to open such a file; says nothing yet about reading, writing or creating.
#[must_use]
pub fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}
