//! Leaving: Ctrl-C makes this viewer go away, never the run. What a viewer
//! says when it goes is not said here.

use std::sync::atomic::{AtomicBool, Ordering};

static LEFT: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C is noticed instead of ending the program; a second one ends it at once.
pub(crate) fn watch() {
    // Refused when a handler is there already, which is this one.
    let _ = ctrlc::set_handler(|| {
        if LEFT.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
}

/// Whether the person has left.
pub(crate) fn left() -> bool {
    LEFT.load(Ordering::SeqCst)
}
