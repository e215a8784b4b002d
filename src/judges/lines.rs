//! A judge at the other end of a pipe: one JSON line a question, one JSON line an answer, in any order.

mod flights;
mod peer;
mod trouble;

use std::collections::{BTreeMap, HashSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use self::flights::{Flight, Flights, meet};
pub use self::peer::kill_programs;
use self::peer::{Event, Peer};
use self::trouble::Trouble;
use super::answer::{Answer, Answered, Failure, Said};
use super::question::{Key, KeyedBy, Question};
use super::{Judge, JudgeError};
use crate::structure::Note;

/// How a judge at the end of a pipe is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct LineSettings {
    /// How many questions it has at a time.
    pub concurrency: usize,
    /// How long it may take for one, not counted while it must answer others first.
    pub timeout: Duration,
    /// How often a question is asked again.
    pub retries: u32,
    /// How many questions it gets a minute at most, evenly spaced.
    pub per_minute: Option<f64>,
    /// The pause before a question is asked again, which doubles each time up to 30 seconds. A judge
    /// that is asked too much says so for a while.
    pub pause: Duration,
}

impl Default for LineSettings {
    fn default() -> Self {
        let pause = Duration::from_secs(1);
        Self { concurrency: 32, timeout: Duration::from_secs(60), retries: 3, per_minute: None, pause }
    }
}

/// How long a wait lasts at most, so that its caller can stop.
const SHORT: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Failures in a row, without an answer between them, after which a judge may be given up.
const DEATHS: u32 = 10;
/// Failures on so many questions of which no two have an item in common are not the work of one item.
const APART: usize = 5;
/// So many questions are taken to find one that a failing judge can bear.
const LOOK_AHEAD: usize = 1024;
/// How long answers are waited for of somebody who has closed the pipe of the questions.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// A judge that reads and writes lines.
#[derive(Debug)]
pub struct LineJudge {
    identity: String,
    settings: LineSettings,
    peer: Peer,
    events: Receiver<Event>,
    /// Questions that it has or will have, by key.
    flights: Flights,
    answered: HashSet<Key>,
    given_up: BTreeMap<Key, [String; 2]>,
    /// When anything came from it last.
    heard: Option<Instant>,
    /// When the last question was sent.
    sent: Option<Instant>,
    streak: Streak,
    not_before: Option<Instant>,
    /// The end of the connection that can't be opened again.
    closed: bool,
    /// Why no question can be written to it, and since when.
    unread: Option<(String, Instant)>,
    trouble: Trouble,
    /// Nothing more is to be asked.
    stopping: bool,
}

/// Ends and hangs of a program since its last answer.
#[derive(Debug, Default)]
struct Streak {
    deaths: u32,
    /// Deaths since a question was given up, too: then it is another one's turn.
    of_these: u32,
    /// Questions that it had alone then.
    questions: HashSet<Key>,
    /// The records of some of them, none of which is in two.
    apart: Vec<[u64; 2]>,
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
            flights: Flights::default(),
            answered: HashSet::new(),
            given_up: BTreeMap::new(),
            heard: None,
            sent: None,
            streak: Streak::default(),
            not_before: None,
            closed: false,
            unread: None,
            trouble: Trouble::default(),
            stopping: false,
        }
    }

    /// Sends what may be sent now.
    fn send_due(&mut self, now: Instant) -> Result<(), JudgeError> {
        while let Some(key) = self.due(now) {
            let Some(line) = self.flights.get(key).map(|flight| flight.line.clone()) else { return Ok(()) };
            self.flights.send(key, now);
            self.sent = Some(now);
            self.peer.send(line).map_err(|error| JudgeError::Start { error })?;
        }
        Ok(())
    }

    /// The question to send next, if one may be sent now.
    fn due(&self, now: Instant) -> Option<Key> {
        if self.stopping
            || self.unread.is_some()
            || self.not_before.is_some_and(|then| now < then)
            || self.next_by_rate().is_some_and(|then| now < then)
        {
            return None;
        }
        if self.flights.has_suspects() || self.is_failing() {
            return if self.flights.asked() > 0 { None } else { self.flights.alone(now, &self.streak.apart) };
        }
        let (then, key) = self.flights.first_waiting()?;
        (then <= now && self.flights.asked() < self.settings.concurrency).then_some(key)
    }

    /// Whether the judge has just ended or hung over one question.
    fn is_failing(&self) -> bool {
        !self.streak.questions.is_empty()
    }

    /// When the rate allows the next question; of a rate so low that no clock reaches it, never.
    fn next_by_rate(&self) -> Option<Instant> {
        let (gap, sent) = (60.0 / self.settings.per_minute?, self.sent?);
        let far = sent + Duration::from_secs(1 << 32);
        Some(Duration::try_from_secs_f64(gap).ok().and_then(|gap| sent.checked_add(gap)).unwrap_or(far))
    }

    /// How long nothing is to be done unless something comes.
    fn patience_now(&self, now: Instant) -> Duration {
        let waits = self.flights.first_waiting().map(|(then, _)| then);
        let times = [self.not_before, self.next_by_rate(), waits, self.flights.hangs_at(self.settings.timeout)];
        let left = times.into_iter().flatten().filter(|&then| then > now).map(|then| then - now);
        left.min().unwrap_or(SHORT).min(SHORT)
    }

    fn take(&mut self, event: Event, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        match event {
            Event::Closed(connection) if self.peer.is_end_of_current(connection) => return self.take_end(answers),
            // A program's end is told by its output.
            Event::Unread(reason) if !self.peer.can_restart() => self.unread = Some((reason, Instant::now())),
            Event::Closed(_) | Event::Unread(_) => {}
            Event::LongLine => self.garbage(b"(a very long line)"),
            Event::Line(line) => self.take_line(&line, answers),
        }
        Ok(())
    }

    fn garbage(&mut self, line: &[u8]) {
        self.heard = Some(Instant::now());
        self.trouble.garbage(line);
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
        if let Some(flight) = self.flights.get(key) {
            let (names, tries, is_asked) = (flight.names.clone(), flight.tries + 1, flight.is_asked());
            self.replied();
            match Answer::read(&object, names.each_ref().map(String::as_str)) {
                Ok(answer) => {
                    self.flights.remove(key);
                    self.answered.insert(key);
                    answers.push(Answered { key, answer: Ok(Answer { tries, ..answer }) });
                }
                // Of a question that is to be asked again, only an answer counts.
                Err(_) if !is_asked => {}
                Err(reason) => self.try_again(key, reason, answers),
            }
        } else if let Some(names) = self.given_up.remove(&key) {
            self.replied();
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

    /// The judge lives and says something of what it was asked.
    fn replied(&mut self) {
        self.streak = Streak::default();
        self.flights.reply(Instant::now());
        if let Some((_, since)) = &mut self.unread {
            *since = Instant::now();
        }
    }

    /// Counts a try, and asks again after a pause or gives up.
    fn try_again(&mut self, key: Key, reason: String, answers: &mut Vec<Answered>) {
        let Some(tries) = self.flights.fail(key) else { return };
        if tries <= self.settings.retries {
            let pause = self.settings.pause.saturating_mul(1 << (tries - 1).min(10)).min(LONGEST_PAUSE);
            self.flights.wait(key, Instant::now() + pause);
        } else {
            self.give_up(key, Failure { reason, tries }, answers);
        }
    }

    fn give_up(&mut self, key: Key, failure: Failure, answers: &mut Vec<Answered>) {
        if let Some(flight) = self.flights.remove(key) {
            self.given_up.insert(key, flight.names);
            self.streak.of_these = 0;
            answers.push(Answered { key, answer: Err(failure) });
        }
    }

    /// The judge ended by itself.
    fn take_end(&mut self, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        if !self.peer.can_restart() {
            self.closed = true;
            return Ok(());
        }
        let status = self.peer.reap();
        let status = status.map_or_else(|| "an unknown status".to_owned(), |status| status.to_string());
        // What a shell says that can't find or run the program.
        let never_ran = self.heard.is_none() && (status.ends_with(" 127") || status.ends_with(" 126"));
        if never_ran {
            return Err(JudgeError::NotFound { judge: self.identity.clone(), status });
        }
        self.restart(&format!("it ended with {status}"), answers)
    }

    /// Asks again what a judge had that is gone. A question that it had alone has had its try; of several
    /// nobody knows which it was, so each is asked alone.
    fn restart(&mut self, reason: &str, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        let now = Instant::now();
        let had = self.flights.had();
        for &key in &had {
            self.flights.wait(key, now);
            self.flights.suspect(key);
        }
        self.streak.deaths += 1;
        self.streak.of_these += 1;
        self.trouble.restarts += u64::from(!self.flights.is_empty());
        if let [key] = *had.as_slice() {
            self.count_failure(key);
            // The program's new start is pause enough.
            match self.flights.fail(key) {
                Some(tries) if tries > self.settings.retries => {
                    let reason = format!("the judge had it alone, and {reason}");
                    self.give_up(key, Failure { reason, tries }, answers);
                }
                _ => {}
            }
        }
        if self.is_lost() {
            return Err(JudgeError::Dies {
                judge: self.identity.clone(),
                times: self.streak.deaths,
                questions: self.streak.questions.len(),
                reason: reason.to_owned(),
            });
        }
        let pause = Duration::from_millis(10 << self.streak.of_these.min(5));
        self.not_before = Some(now + pause.min(self.settings.pause));
        Ok(())
    }

    fn count_failure(&mut self, key: Key) {
        self.streak.questions.insert(key);
        let is_apart = |records: &[u64; 2]| !self.streak.apart.iter().any(|other| meet(*other, *records));
        let records = self.flights.records(key).filter(is_apart);
        self.streak.apart.extend(records);
    }

    /// Whether the judge fails whatever it is asked, and not for one item that it can't bear: it failed on
    /// questions without an item in common, or it never answered and failed on all that there are.
    fn is_lost(&self) -> bool {
        let of_all = || self.flights.replies() == 0 && self.room() > 0 && self.flights.all_failed();
        self.streak.deaths >= DEATHS && (self.streak.apart.len() >= APART || of_all())
    }

    /// Asks again what took too long. A judge that tells nothing of anything hangs.
    fn check_time(&mut self, now: Instant, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        let timeout = self.settings.timeout;
        let reason = format!("no answer within {} s", timeout.as_secs_f64());
        if self.flights.hangs_at(timeout).is_some_and(|then| then <= now) {
            let reason =
                format!("{reason}, nor to any other question: does it flush each line? --timeout gives it longer");
            if self.peer.can_restart() {
                self.peer.kill();
                return self.restart(&reason, answers);
            }
            for key in self.flights.sent_before(now, timeout) {
                self.try_again(key, reason.clone(), answers);
            }
        }
        for key in self.flights.late(now, timeout) {
            self.try_again(key, format!("{reason}, while others were answered"), answers);
        }
        Ok(())
    }

    /// Whether answers can still come through a connection that can't be opened again.
    fn check_connection(&self) -> Result<(), JudgeError> {
        let open = self.flights.len();
        match &self.unread {
            _ if open == 0 => Ok(()),
            Some((reason, since)) if self.closed || since.elapsed() > LAST_ANSWERS.min(self.settings.timeout) => {
                Err(JudgeError::Unread { reason: reason.clone(), open })
            }
            None if self.closed => Err(JudgeError::Closed { open }),
            _ => Ok(()),
        }
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
        let room = if self.is_failing() {
            self.settings.concurrency.max(LOOK_AHEAD)
        } else if self.flights.has_suspects() {
            0
        } else {
            self.settings.concurrency
        };
        room.saturating_sub(self.flights.len())
    }

    fn open(&self) -> usize {
        if self.stopping { self.flights.asked() } else { self.flights.len() }
    }

    fn stop(&mut self) {
        self.stopping = true;
    }

    fn patience(&self) -> Duration {
        self.settings.timeout
    }

    fn ask(&mut self, question: &Question<'_>) {
        self.flights.insert(question.key, Flight::new(question, Instant::now()));
    }

    fn wait(&mut self, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        self.check_connection()?;
        let now = Instant::now();
        self.send_due(now)?;
        match self.events.recv_timeout(self.patience_now(now)) {
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
        self.trouble.notes()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_no_clock_reaches_is_waited_for_and_harms_nothing() {
        for rate in [4e-18, f64::MIN_POSITIVE, 1e-300, 0.5] {
            let settings = LineSettings { per_minute: Some(rate), ..LineSettings::default() };
            let mut judge = LineJudge::command("true", None, settings);
            let now = Instant::now();
            judge.sent = Some(now);
            assert!(judge.next_by_rate() >= Some(now + Duration::from_secs(120)), "{rate}");
            assert!(judge.patience_now(now) <= SHORT);
        }
    }
}
