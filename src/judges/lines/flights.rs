//! Questions on their way, and what is late of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::xxh3_64;

use super::super::question::{Key, Question};

/// A question on its way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) line: String,
    pub(super) names: [String; 2],
    /// Hashes of the two records.
    records: [u64; 2],
    /// How often it was tried without success.
    pub(super) tries: u32,
    /// The judge ended while it had this question and others: it is asked alone.
    suspect: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// Not before then.
    Waits(Instant),
    /// The judge has had it since then.
    Asked { sent: Instant, clock: Clock },
}

/// From when on a question's time runs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Clock {
    /// From when so many replies have come since the start.
    After(u64),
    Since(Instant),
}

/// Questions that a judge has or will have. All but [`Self::alone`] take O(log n).
#[derive(Debug, Default)]
pub(super) struct Flights {
    all: BTreeMap<Key, Flight>,
    suspects: usize,
    /// How many replies came to questions that were asked.
    replies: u64,
    last_reply: Option<Instant>,
    waiting: BTreeSet<(Instant, Key)>,
    asked: BTreeSet<(Instant, Key)>,
    /// Asked ones whose time doesn't run yet, by the number of replies from which on it does.
    queued: BTreeSet<(u64, Key)>,
    /// Asked ones whose time runs.
    running: BTreeSet<(Instant, Key)>,
}

impl Flight {
    pub(super) fn new(question: &Question<'_>, now: Instant) -> Self {
        Self {
            line: question.to_line(),
            names: [question.left, question.right].map(|entrant| entrant.name.clone()),
            records: [question.left, question.right].map(|entrant| xxh3_64(entrant.json.as_bytes())),
            tries: 0,
            suspect: false,
            state: State::Waits(now),
        }
    }

    /// Whether the judge is thought to have it.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self.state, State::Asked { .. })
    }
}

impl Flights {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.len()
    }

    /// Whether there is a question that is asked alone.
    pub(super) fn has_suspects(&self) -> bool {
        self.suspects > 0
    }

    pub(super) fn replies(&self) -> u64 {
        self.replies
    }

    pub(super) fn get(&self, key: Key) -> Option<&Flight> {
        self.all.get(&key)
    }

    pub(super) fn insert(&mut self, key: Key, flight: Flight) {
        self.remove(key);
        self.all.insert(key, flight);
        self.enter(key);
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Flight> {
        self.leave(key);
        let flight = self.all.remove(&key)?;
        self.suspects -= usize::from(flight.suspect);
        Some(flight)
    }

    /// The judge gets it. Its time runs when what the judge has already can be answered.
    pub(super) fn send(&mut self, key: Key, now: Instant) {
        let ahead = self.asked.len() as u64;
        let clock = if ahead == 0 { Clock::Since(now) } else { Clock::After(self.replies + ahead) };
        self.set(key, State::Asked { sent: now, clock });
    }

    /// It is to be asked, not before `then`.
    pub(super) fn wait(&mut self, key: Key, then: Instant) {
        self.set(key, State::Waits(then));
    }

    /// Counts a failed try, and says how many there were.
    pub(super) fn fail(&mut self, key: Key) -> Option<u32> {
        let flight = self.all.get_mut(&key)?;
        flight.tries += 1;
        Some(flight.tries)
    }

    pub(super) fn suspect(&mut self, key: Key) {
        if let Some(flight) = self.all.get_mut(&key) {
            self.suspects += usize::from(!flight.suspect);
            flight.suspect = true;
        }
    }

    /// The judge has said something of a question.
    pub(super) fn reply(&mut self, now: Instant) {
        self.replies += 1;
        self.last_reply = Some(now);
        while let Some(&(replies, key)) = self.queued.first().filter(|(replies, _)| *replies <= self.replies) {
            self.queued.remove(&(replies, key));
            self.running.insert((now, key));
            if let Some(Flight { state: State::Asked { clock, .. }, .. }) = self.all.get_mut(&key) {
                *clock = Clock::Since(now);
            }
        }
    }

    /// All that the judge has.
    pub(super) fn had(&self) -> Vec<Key> {
        self.asked.iter().map(|&(_, key)| key).collect()
    }

    /// When the first of those that wait may be asked.
    pub(super) fn first_waiting(&self) -> Option<(Instant, Key)> {
        self.waiting.first().copied()
    }

    /// The question to ask alone: one with other records than `failed` if there is one, so that it tells
    /// whether the judge fails at all; then those that may have done harm, in turn. O(n).
    pub(super) fn alone(&self, now: Instant, failed: &[[u64; 2]]) -> Option<Key> {
        let due = self.waiting.iter().take_while(|(then, _)| *then <= now);
        let rank = |&&(_, key): &&(Instant, Key)| {
            let flight = &self.all[&key];
            (failed.iter().any(|other| meet(*other, flight.records)), !flight.suspect, flight.tries)
        };
        due.min_by_key(rank).map(|&(_, key)| key)
    }

    /// The records of a question.
    pub(super) fn records(&self, key: Key) -> Option<[u64; 2]> {
        self.all.get(&key).map(|flight| flight.records)
    }

    /// Whether every question there is was tried.
    pub(super) fn all_failed(&self) -> bool {
        self.all.values().all(|flight| flight.tries > 0)
    }

    /// When the judge hangs unless it says something: it has had a question for the time, and for as long
    /// told nothing of any.
    pub(super) fn hangs_at(&self, timeout: Duration) -> Option<Instant> {
        let &(sent, _) = self.asked.first()?;
        Some(self.last_reply.map_or(sent, |last| last.max(sent)) + timeout)
    }

    /// Questions whose time is over.
    pub(super) fn late(&self, now: Instant, timeout: Duration) -> Vec<Key> {
        self.running.iter().take_while(|(since, _)| *since + timeout <= now).map(|&(_, key)| key).collect()
    }

    /// Questions that were sent so long ago that their time is over if the judge is silent.
    pub(super) fn sent_before(&self, now: Instant, timeout: Duration) -> Vec<Key> {
        self.asked.iter().take_while(|(sent, _)| *sent + timeout <= now).map(|&(_, key)| key).collect()
    }

    fn set(&mut self, key: Key, state: State) {
        self.leave(key);
        if let Some(flight) = self.all.get_mut(&key) {
            flight.state = state;
        }
        self.enter(key);
    }

    fn enter(&mut self, key: Key) {
        match self.all.get(&key).map(|flight| flight.state) {
            None => {}
            Some(State::Waits(then)) => drop(self.waiting.insert((then, key))),
            Some(State::Asked { sent, clock }) => {
                self.asked.insert((sent, key));
                match clock {
                    Clock::After(replies) => self.queued.insert((replies, key)),
                    Clock::Since(since) => self.running.insert((since, key)),
                };
            }
        }
    }

    fn leave(&mut self, key: Key) {
        match self.all.get(&key).map(|flight| flight.state) {
            None => {}
            Some(State::Waits(then)) => drop(self.waiting.remove(&(then, key))),
            Some(State::Asked { sent, clock }) => {
                self.asked.remove(&(sent, key));
                match clock {
                    Clock::After(replies) => self.queued.remove(&(replies, key)),
                    Clock::Since(since) => self.running.remove(&(since, key)),
                };
            }
        }
    }
}

/// Whether two questions have a record in common.
pub(super) fn meet(one: [u64; 2], other: [u64; 2]) -> bool {
    one.iter().any(|record| other.contains(record))
}

#[cfg(test)]
mod tests {
    use super::super::super::entrants::Entrant;
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(2);

    fn key(number: u32) -> Key {
        Key::new("test", [0, 0], number)
    }

    /// Flights of questions that are all sent at once.
    fn sent(numbers: std::ops::Range<u32>, now: Instant) -> Flights {
        let mut flights = Flights::default();
        for number in numbers {
            add(&mut flights, number, now);
            flights.send(key(number), now);
        }
        flights
    }

    fn add(flights: &mut Flights, number: u32, now: Instant) {
        let entrant = Entrant { name: number.to_string(), json: format!("{{\"item\":{number}}}").into(), twin: 0 };
        let key = key(number);
        let question = Question { key, group: "g", round: 1, repeat: 0, left: &entrant, right: &entrant };
        flights.insert(key, Flight::new(&question, now));
    }

    fn answer(flights: &mut Flights, number: u32, now: Instant) {
        flights.reply(now);
        flights.remove(key(number));
    }

    #[test]
    fn a_judge_of_one_question_at_a_time_is_never_late() {
        let start = Instant::now();
        let mut flights = sent(0..32, start);
        // Each answer takes nine tenths of the time, and another question comes for each.
        for number in 0..500 {
            let now = start + TIMEOUT * (number + 1) * 9 / 10;
            assert!(flights.late(now, TIMEOUT).is_empty(), "{number}");
            assert!(flights.hangs_at(TIMEOUT) > Some(now));
            answer(&mut flights, number, now);
            add(&mut flights, number + 32, now);
            flights.send(key(number + 32), now);
        }
    }

    #[test]
    fn a_question_that_others_pass_is_late() {
        let start = Instant::now();
        let mut flights = sent(0..32, start);
        for number in (0..40).filter(|&number| number != 7) {
            let now = start + TIMEOUT / 10 * (number + 1);
            answer(&mut flights, number, now);
            add(&mut flights, number + 32, now);
            flights.send(key(number + 32), now);
            // Seven were sent before it, and its time ran from the seventh answer.
            let expected: &[Key] = if number >= 16 { &[key(7)] } else { &[] };
            let late = flights.late(now + TIMEOUT / 20, TIMEOUT);
            assert_eq!(late.iter().filter(|&&late| late == key(7)).count(), expected.len(), "{number}");
            assert!(late.len() <= 1);
        }
    }

    #[test]
    fn a_silent_judge_hangs_and_one_that_answers_does_not() {
        let start = Instant::now();
        let mut flights = sent(0..3, start);
        assert_eq!(flights.hangs_at(TIMEOUT), Some(start + TIMEOUT));
        answer(&mut flights, 2, start + TIMEOUT / 2);
        assert_eq!(flights.hangs_at(TIMEOUT), Some(start + TIMEOUT / 2 + TIMEOUT));
        answer(&mut flights, 0, start + TIMEOUT / 2);
        answer(&mut flights, 1, start + TIMEOUT / 2);
        assert_eq!(flights.hangs_at(TIMEOUT), None);
    }

    #[test]
    fn counts_agree_with_what_is_there_whatever_happens() {
        let start = Instant::now();
        let mut flights = sent(0..20, start);
        flights.suspect(key(3));
        flights.suspect(key(3));
        flights.wait(key(3), start);
        assert_eq!((flights.asked(), flights.len(), flights.has_suspects()), (19, 20, true));
        assert_eq!(flights.alone(start, &[]), Some(key(3)));
        flights.reply(start);
        flights.remove(key(3));
        flights.remove(key(3));
        assert_eq!((flights.asked(), flights.len(), flights.has_suspects()), (19, 19, false));
        for number in 0..20 {
            flights.wait(key(number), start);
            flights.remove(key(number));
        }
        assert!(flights.is_empty() && flights.queued.is_empty() && flights.running.is_empty());
        assert!(flights.waiting.is_empty() && flights.asked.is_empty());
    }
}
