//! Judges, and the tournaments of groups that are played before them.
//!
//! [`play`] drives one tournament a group at the same time: it asks a [`Judge`] the calls of each match,
//! in one order or both, and gives the tournaments their results. Of both orders a match needs an answer
//! each: one alone would decide it by the side. What comes out depends on the answers
//! and never on when they came. With a [`Journal`] each answer is on disk before it counts, so that a run
//! that was killed is taken up again without asking anything twice.
//!
//! # The protocol
//! A judge that is a program ([`LineJudge`]) reads one JSON line a question:
//! ```json
//! {"id":"9c0f…","group":"prompt 7","round":1,"left":{"item":"a","text":"…"},"right":{"item":"b","text":"…"}}
//! ```
//! `left` and `right` are the records of the two items as they were given, or some columns of them; `left` is
//! to be shown first.
//! With repeats the second and later ones have `"repeat":1` and so on. It writes one JSON line an
//! answer, in any order, with the question's `id` and one of
//! * `"scores":[7.5,3]`: a score for left and one for right, neither beyond 1e100;
//! * `"grade":"A>>B"`: `A>>B`, `A>B`, `A=B`, `B>A`, `B>>A`, or `A++ A+ A=B B+ B++`, where a slight win counts half;
//! * `"winner":"left"`: `left`, `right`, `tie`, or else the item's name, or else a word of logs such as `model_a`;
//! * `"error":"why"`: it can't say; the question is asked again.
//!
//! If there are several, the first of them in this list counts, and an error before all. `"usage":{…}` and `"cost":0.01` are
//! added up. Many questions come at a time.
//!
//! # Late answers
//! A judge is expected to take up questions roughly in the order in which they came, one or many at a
//! time. The time of a question runs from when it was sent; while others that were sent before it had no
//! answer then, it runs from when the judge has given as many answers as there were such others: by then
//! it must have been taken up. A question is late when its time is over, and is asked again of a judge that still
//! may answer it. Waiting in a judge's own queue is thus never late, however long the queue. A judge
//! that has had a question for the time and given no answer to any for as long hangs: a program is then
//! started again.
//!
//! A program that ends is started again too. Questions that it had alone have had a try; if it had several,
//! each is asked alone, since any of them could be the cause. The program is given up only if it fails
//! again and again without any answer between, on questions of which several have no item in common,
//! or on all that there are: one item that it can't bear costs no more than its own matches.
//!
//! # Examples
//! A program that answers in `sh` and `jq`, by length:
//! ```sh
//! jq -c --unbuffered '{id, scores: [.left, .right | .text | length]}'
//! ```
//! and one in Python that asks a model, sixteen questions at a time:
//! ```python
//! import json, sys
//! from concurrent.futures import ThreadPoolExecutor
//! from threading import Lock
//!
//! lock = Lock()
//!
//! def ask(left, right):
//!     ...  # call the model with left shown first; return its two scores, from 0 to 10
//!
//! def judge(line):
//!     question = json.loads(line)
//!     try:
//!         answer = {"scores": ask(question["left"]["text"], question["right"]["text"])}
//!     except Exception as error:
//!         answer = {"error": str(error)}
//!     with lock:
//!         print(json.dumps({"id": question["id"], **answer}), flush=True)
//!
//! with ThreadPoolExecutor(16) as pool:
//!     for line in sys.stdin:
//!         pool.submit(judge, line)
//! ```

mod answer;
mod entrants;
mod functions;
mod journal;
mod lines;
mod play;
mod question;
mod report;

use std::fmt::Debug;
use std::io;
use std::time::Duration;

pub use self::answer::{Answer, Answered, Failure, Judgment};
pub use self::entrants::{Entrant, EntrantError, Entrants, entrants, numbers};
pub use self::functions::{LogJudge, ModelError, ModelJudge, are_constant};
pub use self::journal::{Journal, JournalError};
pub use self::lines::{LineJudge, LineSettings, kill_programs};
pub use self::play::{
    Cost, Ending, GroupOutcome, OnFailure, Orders, Outcomes, PlaySettings, Progress, TotalCost, cost, play,
};
pub use self::question::{Key, KeyError, KeyedBy, Question};
pub use self::report::{Estimate, JudgeReport};
use crate::structure::Note;
use crate::tournaments::TournamentError;

/// Who compares two items.
///
/// Questions are given as long as there is [`room`](Self::room), and answers come in any order. A
/// question that can't be answered is answered too, with what went wrong.
pub trait Judge: Debug {
    /// What journals know it by: another judge's answers are not its.
    fn identity(&self) -> &str;

    /// What a question's key is made of.
    fn keyed_by(&self) -> KeyedBy;

    /// How many more questions it takes now.
    fn room(&self) -> usize;

    /// How many questions it has.
    fn open(&self) -> usize;

    /// Takes a question whose key is that of none it has.
    fn ask(&mut self, question: &Question<'_>);

    /// Waits a short while, and appends the answers that came. Those that it appends count even if it
    /// fails: they came before.
    ///
    /// # Errors
    /// If no more answers will come although a question is open.
    fn wait(&mut self, answers: &mut Vec<Answered>) -> Result<(), JudgeError>;

    /// Asks nothing more, of what it was given neither; answers to what it has asked still come.
    fn stop(&mut self) {}

    /// How long an answer that is on its way is waited for at most when a run is stopped.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// Ends it, when nothing more is asked.
    fn finish(&mut self) {}

    /// What went wrong without harm to the result.
    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }
}

/// Why a run could not be ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// The tournaments can't be played.
    #[error(transparent)]
    Tournament(#[from] TournamentError),
    /// The journal can't be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The program could not be started.
    #[error("can't start the judge by `sh -c`: {error}")]
    Start {
        /// What the system said.
        error: io::Error,
    },
    /// The shell could not find or run the program.
    #[error(
        "the judge `{judge}` can't be run ({status}); what the shell said stands above: check the command, its path and its permissions"
    )]
    NotFound {
        /// The command.
        judge: String,
        /// How it ended.
        status: String,
    },
    /// It ends or hangs again and again.
    #[error(
        "the judge `{judge}` failed {times} times in a row, on {questions} different questions, without an answer between: {reason}; what it wrote to stderr stands above: try it by hand with one question"
    )]
    Dies {
        /// The judge.
        judge: String,
        /// How often it failed since its last answer.
        times: u32,
        /// How many questions it failed on that it had alone.
        questions: usize,
        /// What happened the last time.
        reason: String,
    },
    /// Who answers on stdin has closed it.
    #[error(
        "stdin was closed while {open} questions had no answer; with --journal the answers so far are kept, and only the others are asked again"
    )]
    Closed {
        /// How many questions were open.
        open: usize,
    },
    /// Who answers on stdin no longer reads the questions.
    #[error(
        "the questions can't be written to stdout ({reason}), and {open} have no answer; with --journal the answers so far are kept, and only the others are asked again"
    )]
    Unread {
        /// What the system said: in words, since a broken pipe of a result that nobody reads is no failure.
        reason: String,
        /// How many questions were open.
        open: usize,
    },
    /// Every question without an answer.
    #[error(
        "the judge answered none of {questions} questions; the first: {reason}; try the judge by hand with one question"
    )]
    Silent {
        /// How many there were.
        questions: u64,
        /// What went wrong with the first.
        reason: String,
    },
    /// A question without an answer.
    #[error(
        "no answer to {question} after {tries} tries: {reason}; with --journal the answers so far are kept; --on-failure mask or tie goes on without this one"
    )]
    Unanswered {
        /// The question, in words.
        question: String,
        /// What went wrong the last time.
        reason: String,
        /// How often it was asked.
        tries: u32,
    },
}
