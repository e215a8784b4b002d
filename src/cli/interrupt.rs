//! Ctrl-C: long work stops at the next good place and tells what it has.

use std::sync::atomic::{AtomicBool, Ordering};

use super::INTERRUPTED;

static ASKED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C asks for an end; a second one ends at once.
pub(super) fn listen() {
    // Where no handler can be set, Ctrl-C ends the program as it always does.
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    });
}

/// Whether an end was asked for.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
