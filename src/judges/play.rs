//! Playing the tournaments of many groups against one judge.

mod budget;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use self::table::{Settled, Table};
use super::answer::{Answer, Answered, Failure, Judgment, combine};
use super::entrants::Entrants;
use super::journal::Journal;
use super::question::{Key, Question};
use super::report::JudgeReport;
use super::{Judge, JudgeError};
use crate::settings::Settings;
use crate::tournaments::{History, Match, Rules, TournamentError};

pub use self::budget::{Cost, TotalCost, cost};

/// In which order the items of a match are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orders {
    /// Each match is asked both ways.
    #[default]
    Both,
    /// Each match is asked one way, which the seed draws.
    One,
}

/// What becomes of a match that the judge can't answer: no call of it has an answer, or none of one of the
/// two orders in which it is asked. (Under [`Rules::ArenaRl`] one order decides, as in the published code.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It has no result; who needs it has no standing.
    #[default]
    Mask,
    /// It is a tie.
    Tie,
    /// The run ends.
    Abort,
}

/// How groups are played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaySettings {
    /// The topology's name.
    pub topology: String,
    /// The topology's settings.
    pub settings: Settings,
    /// The seed of all draws.
    pub seed: u64,
    /// In which order items are shown.
    pub orders: Orders,
    /// How often each order is asked.
    pub repeats: u32,
    /// Scores of a match that differ by no more than this are a tie.
    pub margin: f64,
    /// How many matches may be played in all.
    pub max_matches: Option<u64>,
    /// What becomes of a match without an answer.
    pub on_failure: OnFailure,
}

impl PlaySettings {
    /// The usual settings of a topology.
    pub fn new(topology: &str) -> Self {
        Self {
            topology: topology.to_owned(),
            settings: Settings::default(),
            seed: 0,
            orders: Orders::default(),
            repeats: 1,
            margin: 0.0,
            max_matches: None,
            on_failure: OnFailure::default(),
        }
    }

    /// How many calls a match has.
    pub fn calls_per_match(&self) -> u64 {
        u64::from(self.repeats) * if self.orders == Orders::Both { 2 } else { 1 }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Matches that have a result, or never will.
    pub matches: u64,
    /// Answers that came from the judge in this run.
    pub asked: u64,
    /// Answers that the journal had.
    pub from_journal: u64,
}

/// How a run ended.
#[derive(Debug)]
pub enum Ending {
    /// Every tournament is over.
    Over(Box<Outcomes>),
    /// It was stopped before.
    Stopped(Progress),
}

/// What was played.
#[derive(Debug)]
pub struct Outcomes {
    /// For each group, in the order given.
    pub groups: Vec<GroupOutcome>,
    /// How the judge did.
    pub judge: JudgeReport,
    /// What the run itself did, which differs when a run is taken up again.
    pub progress: Progress,
}

/// The tournament of one group when it is over.
#[derive(Debug)]
pub struct GroupOutcome {
    /// What was played.
    pub history: History,
    /// Matches that were due and that the budget had no room for.
    pub over_budget: u64,
    /// Matches that the judge couldn't answer, whatever became of them.
    pub unanswered: u64,
    /// Matches of which the judge told a winner or a grade and no scores: theirs are shares of the win.
    pub without_scores: u64,
}

/// Plays one tournament a group. The result depends on the answers alone, and not on when they come.
///
/// Each answer is in the journal before it counts, and what the journal has is not asked. A question that
/// comes up twice is asked once. `progress` is told how far the run is several times a second, and says
/// whether it goes on. Memory is O(matches).
///
/// # Errors
/// If the topology can't be played, the journal not be written, the judge not be reached; if a question
/// stays without an answer and [`OnFailure::Abort`] is asked for, or if every question does.
pub fn play(
    groups: &[Entrants],
    settings: &PlaySettings,
    judge: &mut dyn Judge,
    journal: Option<&mut Journal>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Ending, JudgeError> {
    let allotted = budget::allotted(groups, settings)?;
    let mut player = Player {
        settings,
        rules: Rules::of(&settings.settings).map_err(TournamentError::from)?,
        groups,
        allotted,
        tables: Vec::with_capacity(groups.len()),
        identity: judge.identity().to_owned(),
        keyed_by: judge.keyed_by(),
        journal,
        queue: VecDeque::new(),
        waiting: HashMap::new(),
        answers: HashMap::new(),
        progress: Progress::default(),
        aborted: None,
    };
    let mut answers = Vec::new();
    let mut stopped_at = None;
    loop {
        let goes_on = progress(player.progress) && player.aborted.is_none();
        if stopped_at.is_none() && !goes_on {
            stopped_at = Some(Instant::now());
            judge.stop();
        }
        if let Some(stopped) = stopped_at {
            // Answers that are on their way are paid for; without a journal they serve nobody.
            if player.journal.is_none() || judge.open() == 0 || stopped.elapsed() > judge.patience() {
                return player.stopped();
            }
        } else {
            player.ask(judge)?;
            if judge.open() == 0 && player.queue.is_empty() && player.tables.len() == groups.len() {
                break;
            }
        }
        answers.clear();
        let waited = judge.wait(&mut answers);
        // What came before a failure is paid for as well.
        player.take(&mut answers)?;
        match waited {
            Err(_) if stopped_at.is_some() || player.aborted.is_some() => return player.stopped(),
            waited => waited?,
        }
    }
    judge.finish();
    let outcomes = player.outcomes();
    match outcomes.judge.silence() {
        Some(silence) => Err(silence),
        None => Ok(Ending::Over(Box::new(outcomes))),
    }
}

/// A question that is to be asked.
#[derive(Debug, Clone, Copy)]
struct Queued {
    key: Key,
    table: usize,
    round: u32,
    repeat: u32,
    shown: [u32; 2],
}

struct Player<'a> {
    settings: &'a PlaySettings,
    rules: Rules,
    groups: &'a [Entrants],
    /// How many matches each group may have.
    allotted: Vec<budget::Allotted>,
    /// The tournaments that have begun.
    tables: Vec<Table<'a>>,
    identity: String,
    keyed_by: super::KeyedBy,
    journal: Option<&'a mut Journal>,
    queue: VecDeque<Queued>,
    /// The matches, by table and number, that need the answer.
    waiting: HashMap<Key, Vec<(usize, u32)>>,
    answers: HashMap<Key, Result<Answer, Failure>>,
    progress: Progress,
    /// The failure that ends the run.
    aborted: Option<JudgeError>,
}

impl Player<'_> {
    /// Gives the judge what it has room for; begins tournaments while there are too few questions.
    fn ask(&mut self, judge: &mut dyn Judge) -> Result<(), JudgeError> {
        while self.queue.len() < judge.room() && self.tables.len() < self.groups.len() {
            let group = self.tables.len();
            self.tables.push(Table::new(&self.groups[group], self.settings, self.allotted[group], self.keyed_by)?);
            self.advance(group)?;
        }
        while judge.room() > 0 {
            let Some(next) = self.queue.pop_front() else { break };
            judge.ask(&self.question(next));
        }
        Ok(())
    }

    fn question(&self, queued: Queued) -> Question<'_> {
        let group = &self.groups[queued.table];
        let [left, right] = queued.shown.map(|item| group.shown(item, self.keyed_by));
        Question { key: queued.key, group: &group.group, round: queued.round, repeat: queued.repeat, left, right }
    }

    /// Writes answers to the journal, then lets the matches have them.
    fn take(&mut self, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        if let Some(journal) = &mut self.journal {
            let given = answers.iter().filter_map(|it| Some((it.key, it.answer.as_ref().ok()?)));
            journal.append(given)?;
        }
        for Answered { key, answer } in answers.drain(..) {
            self.progress.asked += u64::from(answer.is_ok());
            // An answer that comes after its question was given up is for the next run.
            let Some(matches) = self.waiting.remove(&key) else { continue };
            if let (Err(failure), OnFailure::Abort) = (&answer, self.settings.on_failure) {
                let first = self.aborted.take();
                self.aborted = first.or_else(|| Some(self.unanswered(key, &matches, failure)));
            }
            self.answers.insert(key, answer);
            for (table, id) in matches {
                if self.tables[table].answered(id) {
                    self.settle(table, id);
                    self.advance(table)?;
                }
            }
        }
        Ok(())
    }

    /// The end of a run that is not over.
    fn stopped(self) -> Result<Ending, JudgeError> {
        self.aborted.map_or(Ok(Ending::Stopped(self.progress)), Err)
    }

    fn unanswered(&self, key: Key, matches: &[(usize, u32)], failure: &Failure) -> JudgeError {
        let named = matches.first().and_then(|&(table, id)| {
            let table = &self.tables[table];
            let call = table.calls(id).iter().find(|call| call.key == key)?;
            let [left, right] = call.shown.map(|item| &table.entrants.items[item as usize].name);
            Some(format!("{left:?} against {right:?} in group {:?}", table.entrants.group))
        });
        JudgeError::Unanswered {
            question: named.unwrap_or_else(|| key.to_string()),
            reason: failure.reason.clone(),
            tries: failure.tries,
        }
    }

    /// Reports what is settled and gives out what can be played now, as long as there is any.
    fn advance(&mut self, table: usize) -> Result<(), JudgeError> {
        loop {
            let settled = self.tables[table].report()?;
            self.progress.matches += settled;
            let matches = self.tables[table].next_matches();
            if matches.is_empty() {
                return Ok(());
            }
            for game in matches {
                self.begin(table, game);
            }
        }
    }

    /// Settles a match that needs no call, or asks its questions.
    fn begin(&mut self, index: usize, game: Match) {
        let table = &mut self.tables[index];
        if !table.has_budget() {
            return table.settle(game.id, Settled::OverBudget);
        }
        if table.is_of_twins(game) {
            return table.settle(game.id, Settled::Twins);
        }
        let calls = table.begin(game, self.settings, &self.identity);
        let mut missing = 0;
        for call in calls {
            if self.is_known(call.key) {
                continue;
            }
            missing += 1;
            let waiting = self.waiting.entry(call.key).or_default();
            if waiting.is_empty() {
                let Match { round, .. } = game;
                self.queue.push_back(Queued {
                    key: call.key,
                    table: index,
                    round,
                    repeat: call.repeat,
                    shown: call.shown,
                });
            }
            waiting.push((index, game.id));
        }
        if missing == 0 {
            self.settle(index, game.id);
        } else {
            self.tables[index].wait_for(game.id, missing);
        }
    }

    /// Whether there is an answer, or none will come; those of the journal are taken from it.
    fn is_known(&mut self, key: Key) -> bool {
        if self.answers.contains_key(&key) {
            return true;
        }
        let Some(answer) = self.journal.as_ref().and_then(|journal| journal.known(key)) else { return false };
        self.progress.from_journal += 1;
        self.answers.insert(key, Ok(answer.clone()));
        true
    }

    /// Makes the result of a match whose questions are all answered or given up.
    fn settle(&mut self, table: usize, id: u32) {
        let table = &mut self.tables[table];
        let orders = if self.settings.orders == Orders::Both { 2 } else { 1 };
        let mut judgments: Vec<Vec<Judgment>> = vec![Vec::new(); orders];
        for call in table.calls(id) {
            if let Some(Ok(answer)) = self.answers.get(&call.key) {
                let seen = if call.swapped { answer.judgment.mirrored() } else { answer.judgment };
                judgments[usize::from(call.swapped && orders == 2)].push(seen);
            }
        }
        let combined = combine(&judgments, self.settings.margin, self.rules);
        table.settle(id, combined.map_or(Settled::Unanswered, Settled::Result));
    }

    fn outcomes(self) -> Outcomes {
        let calls = self.tables.iter().flat_map(Table::all_calls);
        let judge = JudgeReport::of(calls, &self.answers);
        let groups = self.tables.into_iter().map(Table::finish).collect();
        Outcomes { groups, judge, progress: self.progress }
    }
}
