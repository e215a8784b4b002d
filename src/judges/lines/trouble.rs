//! What goes wrong with a judge at the end of a pipe without harm to the result.

use crate::structure::Note;

/// How often what went wrong.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    garbage: u64,
    first_garbage: String,
    pub(super) duplicates: u64,
    pub(super) unknown: u64,
    pub(super) restarts: u64,
}

impl Trouble {
    /// Counts a line that is no answer.
    pub(super) fn garbage(&mut self, line: &[u8]) {
        if self.garbage == 0 {
            let text = String::from_utf8_lossy(&line[..line.len().min(400)]);
            self.first_garbage = text.trim().chars().take(100).collect();
        }
        self.garbage += 1;
    }

    /// What there was, in words.
    pub(super) fn notes(&self) -> Vec<Note> {
        let Self { garbage, first_garbage, duplicates, unknown, restarts } = self;
        let mut notes = Vec::new();
        let mut note = |count: u64, code: &'static str, message: String| {
            if count > 0 {
                notes.push(Note::new(code, message));
            }
        };
        note(
            *garbage,
            "judge-garbage",
            format!(
                "{garbage} lines of the judge are no answers and were left out, the first: {first_garbage:?}; what is \
                 not for palio belongs on its stderr"
            ),
        );
        note(
            *duplicates,
            "judge-duplicates",
            format!("{duplicates} answers came to questions that had one already and were left out"),
        );
        note(
            *unknown,
            "judge-unknown",
            format!(
                "{unknown} answers have an id that no question has and were left out; an answer has the id of its \
                 question"
            ),
        );
        note(
            *restarts,
            "judge-restarts",
            format!("the judge ended or hung {restarts} times and was started again; what it had was asked again"),
        );
        notes
    }
}
