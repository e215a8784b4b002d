//! The tournament of one group while it is played.

use std::collections::BTreeMap;

use rand::RngExt;
use xxhash_rust::xxh3::xxh3_64;

use super::super::answer::Combined;
use super::super::entrants::Entrants;
use super::super::question::{Key, KeyedBy, digest};
use super::super::report::Call;
use super::budget::Allotted;
use super::{GroupOutcome, OnFailure, Orders, PlaySettings};
use crate::judges::JudgeError;
use crate::tournaments::{Draw, Field, Match, MatchResult, ReportError, Tournament};

/// Draws of sides are kept apart from those that topologies make, which count from 0.
const SIDES: u32 = 1 << 31;

/// What became of a match.
#[derive(Debug, Clone, Copy)]
pub(super) enum Settled {
    Result(Combined),
    /// A tie without a call.
    Twins,
    /// Nobody could answer.
    Unanswered,
    /// There was no room for it.
    OverBudget,
}

#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) entrants: &'a Entrants,
    draw: Draw,
    digests: Vec<u128>,
    tournament: Tournament,
    /// How many more matches may be played.
    left: u64,
    on_failure: OnFailure,
    over_budget: u64,
    unanswered: u64,
    without_scores: u64,
    /// Whether all matches that were given out are reported together, by number: what depends on their
    /// number or on other matches of the round then doesn't depend on when answers come.
    in_waves: bool,
    /// How many answers each match waits for.
    missing: BTreeMap<u32, usize>,
    settled: Vec<(u32, Settled)>,
    calls: BTreeMap<u32, Vec<Call>>,
    /// The sum of the judge's scores, and how many there are.
    scores: (f64, f64),
}

impl<'a> Table<'a> {
    pub(super) fn new(
        entrants: &'a Entrants,
        settings: &PlaySettings,
        allotted: Allotted,
        keyed_by: KeyedBy,
    ) -> Result<Self, JudgeError> {
        let draw = Draw::Seeded { seed: settings.seed, group: xxh3_64(entrants.group.as_bytes()) };
        let field = Field { scores: entrants.scores.clone(), ..Field::new(entrants.items.len() as u32, draw) };
        let shown = (0..).zip(&entrants.items).map(|(item, _)| entrants.shown(item, keyed_by));
        let digests = shown.map(|item| match keyed_by {
            KeyedBy::Records => digest(&[&item.json]),
            KeyedBy::Names => digest(&[&item.json, &entrants.group, &item.name]),
        });
        Ok(Self {
            draw,
            digests: digests.collect(),
            tournament: Tournament::new(&settings.topology, &settings.settings, field)?,
            left: allotted.matches,
            on_failure: settings.on_failure,
            over_budget: 0,
            unanswered: 0,
            without_scores: 0,
            in_waves: allotted.in_part || entrants.has_twins() || settings.on_failure == OnFailure::Tie,
            missing: BTreeMap::new(),
            settled: Vec::new(),
            calls: BTreeMap::new(),
            scores: (0.0, 0.0),
            entrants,
        })
    }

    /// The matches to play now. In waves there are none while others are open.
    pub(super) fn next_matches(&mut self) -> Vec<Match> {
        if self.in_waves && !self.missing.is_empty() {
            return Vec::new();
        }
        self.tournament.next_matches()
    }

    /// Takes one match from the budget, if there is room.
    pub(super) fn has_budget(&mut self) -> bool {
        let room = self.left > 0;
        self.left -= u64::from(room);
        room
    }

    /// Whether the two are taken for the same item.
    pub(super) fn is_of_twins(&self, game: Match) -> bool {
        let [left, right] = [game.left, game.right].map(|item| self.entrants.items[item as usize].twin);
        left == right
    }

    /// The calls of a match that begins.
    pub(super) fn begin(&mut self, game: Match, settings: &PlaySettings, judge: &str) -> Vec<Call> {
        let swapped = match settings.orders {
            Orders::Both => vec![false, true],
            Orders::One => vec![self.draw.rng(SIDES | game.id).is_some_and(|mut rng| rng.random())],
        };
        let call = |swapped: bool, repeat: u32| {
            let shown = if swapped { [game.right, game.left] } else { [game.left, game.right] };
            let key = Key::new(judge, shown.map(|item| self.digests[item as usize]), repeat);
            Call { key, shown, swapped, repeat }
        };
        let calls: Vec<Call> = (0..settings.repeats)
            .flat_map(|repeat| swapped.iter().map(move |&it| (it, repeat)))
            .map(|(it, repeat)| call(it, repeat))
            .collect();
        self.calls.insert(game.id, calls.clone());
        calls
    }

    pub(super) fn calls(&self, id: u32) -> &[Call] {
        self.calls.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The calls of each match, by number.
    pub(super) fn all_calls(&self) -> impl Iterator<Item = &[Call]> {
        self.calls.values().map(Vec::as_slice)
    }

    pub(super) fn wait_for(&mut self, id: u32, missing: usize) {
        self.missing.insert(id, missing);
    }

    /// Counts an answer; says whether it was the last one that the match needs.
    pub(super) fn answered(&mut self, id: u32) -> bool {
        let Some(missing) = self.missing.get_mut(&id) else { return false };
        *missing -= 1;
        let last = *missing == 0;
        if last {
            self.missing.remove(&id);
        }
        last
    }

    pub(super) fn settle(&mut self, id: u32, settled: Settled) {
        self.settled.push((id, settled));
    }

    /// Reports what is settled, and says how many matches it was. In waves nothing is reported before all
    /// is settled.
    pub(super) fn report(&mut self) -> Result<u64, JudgeError> {
        if self.in_waves && !self.missing.is_empty() {
            return Ok(0);
        }
        let mut settled = std::mem::take(&mut self.settled);
        settled.sort_unstable_by_key(|&(id, _)| id);
        for (_, settled) in &settled {
            match settled {
                Settled::Result(Combined { result, scored: true }) => {
                    self.scores = (self.scores.0 + result.scores[0] + result.scores[1], self.scores.1 + 2.0);
                }
                Settled::Result(_) => self.without_scores += 1,
                Settled::Twins | Settled::Unanswered | Settled::OverBudget => {}
            }
        }
        for &(id, settled) in &settled {
            let result = match settled {
                Settled::Result(combined) => Some(combined.result),
                Settled::Twins => Some(self.neutral()),
                Settled::Unanswered => {
                    self.unanswered += 1;
                    (self.on_failure == OnFailure::Tie).then(|| self.neutral())
                }
                Settled::OverBudget => {
                    self.over_budget += 1;
                    None
                }
            };
            self.tournament.report(id, result).map_err(refused)?;
        }
        Ok(settled.len() as u64)
    }

    /// A tie on the scale of the judge's scores so far: it moves neither item by a change of scale.
    fn neutral(&self) -> MatchResult {
        let (sum, count) = self.scores;
        if count > 0.0 { MatchResult::from_scores(sum / count, sum / count, 0.0) } else { MatchResult::TIE }
    }

    pub(super) fn finish(self) -> GroupOutcome {
        GroupOutcome {
            history: self.tournament.history().clone(),
            over_budget: self.over_budget,
            unanswered: self.unanswered,
            without_scores: self.without_scores,
        }
    }
}

fn refused(error: ReportError) -> JudgeError {
    JudgeError::Tournament(error.into())
}
