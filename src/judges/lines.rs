//! A judge at the other end of a pipe: one JSON line a question, one JSON line an answer, in any order.

mod peer;

use std::collections::{BTreeMap, HashSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use self::peer::{Event, Peer};
use super::answer::{Answer, Answered, Failure, Said};
use super::question::{Key, KeyedBy, Question};
use super::{Judge, JudgeError};
use crate::structure::Note;

/// How a judge at the end of a pipe is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct LineSettings {
    /// How many questions it has at a time.
    pub concurrency: usize,
    /// How long it may take for one.
    pub timeout: Duration,
    /// How often a question is asked again.
    pub retries: u32,
    /// How many questions it gets a minute at most, evenly spaced.
    pub per_minute: Option<f64>,
    /// The pause before a question is asked again, which doubles each time up to ten seconds.
    pub pause: Duration,
}

impl Default for LineSettings {
    fn default() -> Self {
        let pause = Duration::from_millis(200);
        Self { concurrency: 32, timeout: Duration::from_secs(60), retries: 3, per_minute: None, pause }
    }
}

/// How long a wait lasts at most, so that its caller can stop.
const SHORT: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Deaths in a row, without an answer between them, after which a judge is given up. Fewer could all be
/// the work of a few questions that it can't bear.
const DEATHS: u32 = 10;

/// A judge that reads and writes lines.
#[derive(Debug)]
pub struct LineJudge {
    identity: String,
    settings: LineSettings,
    peer: Peer,
    events: Receiver<Event>,
    /// Questions that it has or will have, by key.
    flights: BTreeMap<Key, Flight>,
    answered: HashSet<Key>,
    given_up: BTreeMap<Key, [String; 2]>,
    /// When anything came from it last.
    heard: Option<Instant>,
    /// When the last question was sent.
    sent: Option<Instant>,
    /// Ends without an answer since the last one.
    deaths: u32,
    not_before: Option<Instant>,
    trouble: Trouble,
    /// Nothing more is to be asked.
    stopping: bool,
}

/// A question on its way.
#[derive(Debug)]
struct Flight {
    line: String,
    names: [String; 2],
    /// How often it was tried without success.
    tries: u32,
    /// The judge ended while it had this question and others: it is asked alone.
    suspect: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// Not before then.
    Waits(Instant),
    /// The judge has had it since then.
    Asked(Instant),
}

/// What went wrong without harm to the result.
#[derive(Debug, Default)]
struct Trouble {
    garbage: u64,
    first_garbage: String,
    duplicates: u64,
    unknown: u64,
    restarts: u64,
}

impl LineJudge {
    /// The program that `sh -c` makes of `command`. It is started with the first question, and again when
    /// it ends or hangs. What it writes to stderr goes to palio's.
    pub fn command(command: &str, identity: Option<&str>, settings: LineSettings) -> Self {
        let (peer, events) = Peer::command(command.to_owned());
        Self::new(identity.unwrap_or(command), peer, events, settings)
    }

    /// Who is at the other end of palio's own stdout and stdin.
    pub fn stdio(identity: Option<&str>, settings: LineSettings) -> Self {
        let (peer, events) = Peer::stdio();
        Self::new(identity.unwrap_or("stdio"), peer, events, settings)
    }

    fn new(identity: &str, peer: Peer, events: Receiver<Event>, settings: LineSettings) -> Self {
        Self {
            identity: identity.to_owned(),
            settings,
            peer,
            events,
            flights: BTreeMap::new(),
            answered: HashSet::new(),
            given_up: BTreeMap::new(),
            heard: None,
            sent: None,
            deaths: 0,
            not_before: None,
            trouble: Trouble::default(),
            stopping: false,
        }
    }

    /// Sends what may be sent now.
    fn send_due(&mut self, now: Instant) -> Result<(), JudgeError> {
        while let Some(key) = self.due(now) {
            let Some(flight) = self.flights.get_mut(&key) else { return Ok(()) };
            flight.state = State::Asked(now);
            let line = flight.line.clone();
            self.sent = Some(now);
            self.peer.send(line).map_err(|source| JudgeError::Start { source })?;
        }
        Ok(())
    }

    /// The question to send next, if one may be sent now.
    fn due(&self, now: Instant) -> Option<Key> {
        if self.stopping
            || self.not_before.is_some_and(|then| now < then)
            || self.next_by_rate().is_some_and(|then| now < then)
        {
            return None;
        }
        let is_due = |flight: &Flight| matches!(flight.state, State::Waits(then) if then <= now);
        if self.flights.values().any(|flight| flight.suspect) {
            if self.asked() > 0 {
                return None;
            }
            // In turn, so that those that do no harm are answered between those that may.
            let suspects = self.flights.iter().filter(|(_, flight)| flight.suspect && is_due(flight));
            return suspects.min_by_key(|(_, flight)| flight.tries).map(|(&key, _)| key);
        }
        self.flights.iter().find(|(_, flight)| is_due(flight)).map(|(&key, _)| key)
    }

    fn next_by_rate(&self) -> Option<Instant> {
        let gap = Duration::try_from_secs_f64(60.0 / self.settings.per_minute?).ok()?;
        Some(self.sent? + gap)
    }

    fn asked(&self) -> usize {
        self.flights.values().filter(|flight| matches!(flight.state, State::Asked(_))).count()
    }

    /// How long nothing is to be done unless something comes.
    fn patience(&self, now: Instant) -> Duration {
        let starts = self.not_before.into_iter().chain(self.next_by_rate());
        let flights = self.flights.values().map(|flight| match flight.state {
            State::Waits(then) => then,
            State::Asked(then) => then + self.settings.timeout,
        });
        let times = starts.chain(flights).filter(|&then| then > now).map(|then| then - now);
        times.min().unwrap_or(SHORT).min(SHORT)
    }

    fn take(&mut self, event: Event, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        match event {
            Event::Closed(connection) if self.peer.is_end_of_current(connection) => self.take_end(answers),
            Event::Closed(_) => Ok(()),
            Event::LongLine => {
                self.garbage(b"(a very long line)");
                Ok(())
            }
            Event::Line(line) => {
                self.take_line(&line, answers);
                Ok(())
            }
        }
    }

    fn garbage(&mut self, line: &[u8]) {
        self.heard = Some(Instant::now());
        if self.trouble.garbage == 0 {
            let text = String::from_utf8_lossy(&line[..line.len().min(400)]);
            self.trouble.first_garbage = text.trim().chars().take(100).collect();
        }
        self.trouble.garbage += 1;
    }

    fn take_line(&mut self, line: &[u8], answers: &mut Vec<Answered>) {
        self.heard = Some(Instant::now());
        let (id, object) = match Said::read(line) {
            None => return,
            Some(Said::Garbage) => return self.garbage(line),
            Some(Said::Answer(id, object)) => (id, object),
        };
        let Ok(key) = id.parse::<Key>() else {
            self.trouble.unknown += 1;
            return;
        };
        if let Some(flight) = self.flights.get(&key) {
            self.deaths = 0;
            match Answer::read(&object, flight.names.each_ref().map(String::as_str)) {
                Ok(answer) => {
                    let tries = flight.tries + 1;
                    self.flights.remove(&key);
                    self.answered.insert(key);
                    answers.push(Answered { key, answer: Ok(Answer { tries, ..answer }) });
                }
                // Of a question that is to be asked again, only an answer counts.
                Err(_) if matches!(flight.state, State::Waits(_)) => {}
                Err(reason) => self.try_again(key, reason, answers),
            }
        } else if let Some(names) = self.given_up.remove(&key) {
            // Too late for this run; a journal keeps it for the next.
            if let Ok(answer) = Answer::read(&object, names.each_ref().map(String::as_str)) {
                self.answered.insert(key);
                answers.push(Answered { key, answer: Ok(Answer { tries: self.settings.retries + 2, ..answer }) });
            } else {
                self.given_up.insert(key, names);
            }
        } else if self.answered.contains(&key) {
            self.trouble.duplicates += 1;
        } else {
            self.trouble.unknown += 1;
        }
    }

    /// Counts a try, and asks again after a pause or gives up.
    fn try_again(&mut self, key: Key, reason: String, answers: &mut Vec<Answered>) {
        let Some(flight) = self.flights.get_mut(&key) else { return };
        flight.tries += 1;
        let tries = flight.tries;
        if tries <= self.settings.retries {
            let pause = self.settings.pause.saturating_mul(1 << (tries - 1).min(10)).min(LONGEST_PAUSE);
            flight.state = State::Waits(Instant::now() + pause);
        } else if let Some(flight) = self.flights.remove(&key) {
            self.given_up.insert(key, flight.names);
            answers.push(Answered { key, answer: Err(Failure { reason, tries }) });
        }
    }

    /// The judge ended by itself.
    fn take_end(&mut self, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        if !self.peer.can_restart() {
            return Err(JudgeError::Closed { open: self.flights.len() });
        }
        let status = self.peer.reap();
        let status = status.map_or_else(|| "an unknown status".to_owned(), |status| status.to_string());
        // What a shell says that can't find or run the program.
        let never_ran = self.heard.is_none() && (status.ends_with(" 127") || status.ends_with(" 126"));
        if never_ran {
            return Err(JudgeError::NotFound { judge: self.identity.clone(), status });
        }
        self.restart(&format!("the judge ended with {status}"), answers)
    }

    /// Asks again what a judge had that is gone. A question that it had alone has had its try; of several
    /// nobody knows which it was, so each is asked alone.
    fn restart(&mut self, reason: &str, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        let now = Instant::now();
        let asked = |flight: &Flight| matches!(flight.state, State::Asked(_));
        let had: Vec<Key> = self.flights.iter().filter(|(_, flight)| asked(flight)).map(|(&key, _)| key).collect();
        for key in &had {
            if let Some(flight) = self.flights.get_mut(key) {
                flight.state = State::Waits(now);
                flight.suspect = true;
            }
        }
        if let [key] = *had.as_slice() {
            self.try_again(key, reason.to_owned(), answers);
        }
        self.deaths += 1;
        self.trouble.restarts += u64::from(!self.flights.is_empty());
        if self.deaths >= DEATHS.max(self.settings.retries + 2) && !self.flights.is_empty() {
            return Err(JudgeError::Dies {
                judge: self.identity.clone(),
                times: self.deaths,
                reason: reason.to_owned(),
            });
        }
        self.not_before = Some(now + Duration::from_millis(10 << self.deaths.min(5)));
        Ok(())
    }

    /// Asks again what took too long. If nothing came since it was asked, the judge hangs.
    fn check_time(&mut self, now: Instant, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        let timeout = self.settings.timeout;
        let late = |flight: &Flight| matches!(flight.state, State::Asked(then) if then + timeout <= now);
        let late: Vec<Key> = self.flights.iter().filter(|(_, flight)| late(flight)).map(|(&key, _)| key).collect();
        let reason = format!("no answer within {} s", timeout.as_secs_f64());
        let silent = |key: &Key| match self.flights[key].state {
            State::Asked(then) => self.heard.is_none_or(|heard| heard < then),
            State::Waits(_) => false,
        };
        if self.peer.can_restart() && late.iter().any(silent) {
            self.peer.kill();
            return self.restart(&format!("{reason}, nor anything else from the judge"), answers);
        }
        for key in late {
            self.try_again(key, reason.clone(), answers);
        }
        Ok(())
    }
}

impl Judge for LineJudge {
    fn identity(&self) -> &str {
        &self.identity
    }

    fn keyed_by(&self) -> KeyedBy {
        KeyedBy::Records
    }

    fn room(&self) -> usize {
        if self.flights.values().any(|flight| flight.suspect) {
            return 0;
        }
        self.settings.concurrency.saturating_sub(self.flights.len())
    }

    fn open(&self) -> usize {
        if self.stopping { self.asked() } else { self.flights.len() }
    }

    fn stop(&mut self) {
        self.stopping = true;
    }

    fn ask(&mut self, question: &Question<'_>) {
        let names = [question.left, question.right].map(|entrant| entrant.name.clone());
        let state = State::Waits(Instant::now());
        let flight = Flight { line: question.to_line(), names, tries: 0, suspect: false, state };
        self.flights.insert(question.key, flight);
    }

    fn wait(&mut self, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        let now = Instant::now();
        self.send_due(now)?;
        match self.events.recv_timeout(self.patience(now)) {
            Ok(event) => self.take(event, answers)?,
            // The peer itself holds a sender.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        while let Ok(event) = self.events.try_recv() {
            self.take(event, answers)?;
        }
        self.check_time(Instant::now(), answers)
    }

    fn finish(&mut self) {
        self.peer.finish(&self.events);
    }

    fn notes(&self) -> Vec<Note> {
        let trouble = &self.trouble;
        let mut notes = Vec::new();
        let mut note = |count: u64, code: &'static str, message: String| {
            if count > 0 {
                notes.push(Note::new(code, message));
            }
        };
        let Trouble { garbage, first_garbage, duplicates, unknown, restarts } = trouble;
        let first = format!("{first_garbage:?}");
        note(
            *garbage,
            "judge-garbage",
            format!("lines of the judge that are no answer: {garbage}, of which the first: {first}"),
        );
        note(*duplicates, "judge-duplicates", format!("answers to answered questions, left out: {duplicates}"));
        note(*unknown, "judge-unknown", format!("answers to questions that were not asked, left out: {unknown}"));
        note(*restarts, "judge-restarts", format!("the judge ended or hung and was started again: {restarts}"));
        notes
    }
}

impl JudgeError {
    /// Whether the system or the judge failed, rather than what was asked for being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Tournament(_) => false,
            Self::Journal(error) => matches!(error, super::JournalError::Io { .. }),
            _ => true,
        }
    }
}
