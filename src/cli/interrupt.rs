//! Ctrl-C and the signals that end a program: long work stops at the next good place and tells what it has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::INTERRUPTED;

static ASKED: AtomicBool = AtomicBool::new(false);

/// How long a second Ctrl-C leaves to tell what is kept, once the judge is gone that was waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// From here on Ctrl-C asks for an end; a second one ends at once, with all that was started.
pub(super) fn listen() {
    // Where no handler can be set, Ctrl-C ends the program as it always does.
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            if palio::judges::kill_programs() {
                std::thread::sleep(LAST_WORDS);
            }
            std::process::exit(INTERRUPTED.into());
        }
    });
}

/// Whether an end was asked for.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
