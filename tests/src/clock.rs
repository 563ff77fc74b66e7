//! Another clock for the binary: a small library in front of the system's says
//! what time it is. It is made here with the C compiler that links these tests.
//! Only the time of day is another one; timers go on as they did, as they do
//! while a machine sleeps.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::{Lab, Said};

/// How far one [`Clock::back`] or [`Clock::forward`] puts the clock, in seconds.
pub const STEP: u64 = 10_000;

/// The time of day is put forward and back by so many steps as two files have bytes.
const LIBRARY: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static time_t steps(const char *name) {
  const char *file = getenv(name);
  struct stat found;
  return file && stat(file, &found) == 0 ? (time_t)found.st_size : 0;
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  int said = (int)syscall(SYS_clock_gettime, clock, now);
  if (clock == CLOCK_REALTIME)
    now->tv_sec += (steps("CLOCK_FORWARD") - steps("CLOCK_BACK")) * 10000;
  return said;
}
"#;

/// A clock that can be put forward and back while processes look at it.
pub struct Clock {
    folder: tempfile::TempDir,
}

impl Clock {
    /// A clock that is right; `None`, said loudly, where none can be made.
    ///
    /// # Panics
    /// When there is no place for it.
    #[must_use]
    pub fn made() -> Option<Self> {
        // Not in the lab: the system's loader splits names at blanks, of which the lab's has one.
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Self { folder };
        fs::write(clock.file("clock.c"), LIBRARY).expect("a file");
        let made = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([clock.file("clock.so"), clock.file("clock.c")])
            .status();
        if made.is_ok_and(|status| status.success()) {
            return Some(clock);
        }
        eprintln!("SKIPPED: there is no C compiler to make another clock with");
        None
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts the clock back, by so many steps in all.
    ///
    /// # Panics
    /// When that cannot be noted.
    pub fn back(&self, steps: usize) {
        fs::write(self.file("back"), vec![b'.'; steps]).expect("a file");
    }

    /// Puts the clock forward, by so many steps in all.
    ///
    /// # Panics
    /// When that cannot be noted.
    pub fn forward(&self, steps: usize) {
        fs::write(self.file("forward"), vec![b'.'; steps]).expect("a file");
    }

    /// Calls the binary, and what it starts, with this clock, and waits for its end.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn call(&self, lab: &Lab, words: &[&str]) -> Said {
        let output = lab
            .command(words)
            .env("LD_PRELOAD", self.file("clock.so"))
            .env("CLOCK_BACK", self.file("back"))
            .env("CLOCK_FORWARD", self.file("forward"))
            .output()
            .expect("the binary starts");
        Said::from(output)
    }
}
