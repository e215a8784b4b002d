//! What was played.

use serde::{Deserialize, Serialize};

use super::ReportError;
use crate::data::Outcome;

/// The part of a tournament that a match belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Matches that decide seeds, and eliminate nobody.
    Seeding,
    /// The matches themselves; in a double elimination those of who never lost.
    #[default]
    Main,
    /// Matches of who lost once, in a double elimination.
    Losers,
    /// The winners' best against the losers' best.
    GrandFinal,
    /// The grand final again, if who never lost before lost it.
    Reset,
}

/// Two items that meet. The one on the left is shown first, where an order matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// The number of the match in its tournament. It depends on results alone, and a match that needs
    /// the result of another has a higher number.
    pub id: u32,
    /// The sequential round, from 1.
    pub round: u32,
    /// The part of the tournament.
    pub stage: Stage,
    /// The item on the left.
    pub left: u32,
    /// The item on the right.
    pub right: u32,
}

/// What a judge says of a match.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MatchResult {
    /// Who won, seen from the left.
    pub outcome: Outcome,
    /// A score for the left item and one for the right: 1 and 0, or a half each, where the judge gave
    /// none.
    pub scores: [f64; 2],
}

impl MatchResult {
    /// The left item won; there are no scores.
    pub const LEFT: Self = Self { outcome: Outcome::Left, scores: [1.0, 0.0] };
    /// The right item won; there are no scores.
    pub const RIGHT: Self = Self { outcome: Outcome::Right, scores: [0.0, 1.0] };
    /// Neither won; there are no scores.
    pub const TIE: Self = Self { outcome: Outcome::Tie, scores: [0.5, 0.5] };

    /// The higher score wins; scores that differ by no more than `margin` are a tie.
    pub fn from_scores(left: f64, right: f64, margin: f64) -> Self {
        let outcome = if left - right > margin {
            Outcome::Left
        } else if right - left > margin {
            Outcome::Right
        } else {
            Outcome::Tie
        };
        Self { outcome, scores: [left, right] }
    }

    /// Refuses what can't be a result; `id` is the number of the match.
    fn check(&self, id: u32) -> Result<(), ReportError> {
        if !self.scores.iter().all(|score| score.is_finite()) {
            return Err(ReportError::NotFinite { id });
        }
        if !(0.0..=1.0).contains(&self.outcome.share()) {
            return Err(ReportError::Share { id });
        }
        Ok(())
    }

    /// The same result with its sides exchanged.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self { outcome: self.outcome.mirrored(), scores: [self.scores[1], self.scores[0]] }
    }
}

/// A match with its result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Played {
    /// The match.
    pub game: Match,
    /// Its result.
    pub result: MatchResult,
    /// How much it counts: 1 in a tournament, and what the rows say in a log.
    pub weight: f64,
}

/// A round without an opponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bye {
    /// The round.
    pub round: u32,
    /// Who sat it out.
    pub item: u32,
}

#[derive(Debug, Clone, Copy, Default)]
enum Entry {
    /// There is no match of this number.
    #[default]
    Absent,
    Open(Match),
    Unanswered(Match),
    Played(Played),
}

/// What was played in a group, by number of the match, whatever decided the matches.
#[derive(Debug, Clone, Default)]
pub struct History {
    items: u32,
    entries: Vec<Entry>,
    byes: Vec<Bye>,
    withdrawn: Vec<bool>,
    open: usize,
}

impl History {
    /// A history without matches, of so many items.
    pub fn new(items: u32) -> Self {
        Self { items, withdrawn: vec![false; items as usize], ..Self::default() }
    }

    /// Forgets everything but its memory.
    pub(super) fn reset(&mut self, items: u32) {
        self.items = items;
        self.entries.clear();
        self.byes.clear();
        self.withdrawn.clear();
        self.withdrawn.resize(items as usize, false);
        self.open = 0;
    }

    /// Adds a match that was played elsewhere, such as a row of a log. Its number is the next one,
    /// whatever `played` says.
    ///
    /// # Errors
    /// If its items are not two of the history's, a score is not finite, the share is outside 0 to 1, or
    /// the weight is negative or not finite. Then the history is as it was.
    pub fn push(&mut self, mut played: Played) -> Result<(), ReportError> {
        let id = self.entries.len() as u32;
        let Match { left, right, .. } = played.game;
        if left == right || left.max(right) >= self.items {
            return Err(ReportError::Items { left, right, items: self.items });
        }
        if !(played.weight.is_finite() && played.weight >= 0.0) {
            return Err(ReportError::Weight { id });
        }
        played.result.check(id)?;
        played.game.id = id;
        self.entries.push(Entry::Played(played));
        Ok(())
    }

    /// How many items there are.
    pub fn items(&self) -> usize {
        self.items as usize
    }

    /// The matches with a result, by number.
    pub fn played(&self) -> impl Iterator<Item = Played> + Clone {
        self.entries.iter().filter_map(|entry| if let Entry::Played(played) = entry { Some(*played) } else { None })
    }

    /// The matches that nobody could answer, by number.
    pub fn unanswered(&self) -> impl Iterator<Item = Match> {
        self.entries.iter().filter_map(|entry| if let Entry::Unanswered(game) = entry { Some(*game) } else { None })
    }

    /// How many matches are given out and have no result yet.
    pub fn open(&self) -> usize {
        self.open
    }

    /// The rounds that items sat out, by round and item. Walkovers count: who meets a
    /// place that is empty sits out.
    pub fn byes(&self) -> &[Bye] {
        &self.byes
    }

    /// Whether the item lost its place by a match that nobody could answer, so that its standing is
    /// unknown.
    pub fn is_withdrawn(&self, item: u32) -> bool {
        self.withdrawn[item as usize]
    }

    pub(super) fn give(&mut self, game: Match) {
        let id = game.id as usize;
        if id < self.entries.len() {
            debug_assert!(matches!(self.entries[id], Entry::Absent), "match {id} is given out once");
            self.entries[id] = Entry::Open(game);
        } else {
            self.entries.resize(id, Entry::Absent);
            self.entries.push(Entry::Open(game));
        }
        self.open += 1;
    }

    pub(super) fn bye(&mut self, bye: Bye) {
        // Walkovers become known in the order of the reports, on which a history must not depend.
        let later = self.byes.iter().rev().take_while(|other| (other.round, other.item) > (bye.round, bye.item));
        let place = self.byes.len() - later.count();
        self.byes.insert(place, bye);
    }

    pub(super) fn withdraw(&mut self, item: u32) {
        self.withdrawn[item as usize] = true;
    }

    pub(super) fn report(&mut self, id: u32, result: Option<MatchResult>) -> Result<Match, ReportError> {
        let entry = self.entries.get_mut(id as usize).ok_or(ReportError::Unknown { id })?;
        let game = match *entry {
            Entry::Open(game) => game,
            Entry::Absent => return Err(ReportError::Unknown { id }),
            Entry::Unanswered(_) | Entry::Played(_) => return Err(ReportError::Twice { id }),
        };
        *entry = match result {
            Some(result) => {
                result.check(id)?;
                Entry::Played(Played { game, result, weight: 1.0 })
            }
            None => Entry::Unanswered(game),
        };
        self.open -= 1;
        Ok(game)
    }

    /// What was reported, by number of the match.
    pub(super) fn reports(&self) -> Vec<(u32, Option<MatchResult>)> {
        let reported = self.entries.iter().filter_map(|entry| match entry {
            Entry::Played(played) => Some((played.game.id, Some(played.result))),
            Entry::Unanswered(game) => Some((game.id, None)),
            Entry::Absent | Entry::Open(_) => None,
        });
        reported.collect()
    }
}
